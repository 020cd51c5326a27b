"""The STS and S3 that the writer calls: they count requests, answer errors where S3 and STS would, and fail."""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import inf
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from tests.fakes.server import Answer, Call, Fake, Wire

_OPERATIONS = {"POST": "AssumeRole", "PUT": "PutObject"}


class ErrorAnswer(NamedTuple):
    """An error to answer with; `more` goes into the Error element, and `headers` into the answer, as they are."""

    status: int
    code: str
    message: str = "Access Denied"
    more: str = ""
    headers: Mapping[str, str] = MappingProxyType({})


Fault = ErrorAnswer | Wire | Answer
"""What goes wrong; an `Answer` is given whatever was asked, and nothing is carried out."""


@dataclass
class FakeAws(Fake):
    """What was asked, and what is to be answered."""

    delay: float = 0
    keep: bool = True  # the calls and the objects; the counts are kept in any case
    assume_roles: list[Call] = field(default_factory=list)
    puts: list[Call] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    versions: Counter[str] = field(default_factory=Counter)  # how often each object was stored
    counts: Counter[str] = field(default_factory=Counter)
    attempts: Counter[str] = field(default_factory=Counter)  # by operation: every request whose head came
    errors: dict[str, Fault] = field(default_factory=dict)  # by operation, until taken out again
    faults: dict[str, list[Fault]] = field(default_factory=dict)  # by operation, the next first, each of them once
    hang_after: float = inf  # puts that are answered before all others hang
    bucket: str = "reports-222222222222"
    owner: str = "222222222222"
    lifetime: float | None = None  # seconds that credentials last, where not as long as they were asked for
    version_id: str | None = None
    _numbers: dict[int, int] = field(default_factory=dict)  # of the connections, as this AWS met them
    _ends: dict[str, datetime] = field(default_factory=dict)

    def at_head(self, method: str, path: str) -> Fault | None:
        """Return what is to go wrong with a request, when its head has come."""
        operation = _OPERATIONS.get(method, path)
        self.attempts[operation] += 1
        if operation == "PutObject" and self.attempts[operation] > self.hang_after:
            return Wire.HANG
        if waiting := self.faults.get(operation):
            return waiting.pop(0)
        return self.errors.get(operation)

    def answer(self, call: Call) -> Answer:
        """Count the call and return the whole answer to it."""
        if call.path == "/counts":
            return Answer(200, json.dumps(self.counts))
        call = replace(call, connection=self._numbers.setdefault(call.connection, len(self._numbers) + 1))
        self.counts["connections"] = len(self._numbers)
        if call.method == "HEAD":
            return Answer(403, "")  # HeadBucket, which botocore asks for the bucket's region after a wrong one
        operation = _OPERATIONS[call.method]
        self.counts[operation] += 1
        self.counts[f"{operation} signed by {call.access_key}"] += 1
        self.counts["Expect"] += "expect" in call.headers
        if self.keep:
            {"AssumeRole": self.assume_roles, "PutObject": self.puts}[operation].append(call)
        number = self.counts[operation]
        if isinstance(call.fault, Answer):
            return call.fault
        error = call.fault if isinstance(call.fault, ErrorAnswer) else None
        if operation == "AssumeRole":
            return self._assume_role(call, number, error)
        if call.fault is Wire.DAMAGE:
            call = replace(call, body=b"\0" + call.body[1:])
        return self._put_object(call, number, error)

    def end_sessions(self) -> None:
        """End every session that was given, as S3 sees it."""
        self._ends = dict.fromkeys(self._ends, datetime.now(UTC))

    def _assume_role(self, call: Call, number: int, answer: ErrorAnswer | None) -> Answer:
        if answer:
            error = f"<Error><Code>{answer.code}</Code><Message>{escape(answer.message)}</Message></Error>"
            request_id = f"<RequestId>sts-{number}</RequestId>"
            return Answer(answer.status, f"<ErrorResponse>{error}{request_id}</ErrorResponse>")
        seconds = self.lifetime or int(call.parameters.get("DurationSeconds", "3600"))
        key = f"ASIAASSUMED{number}"
        self._ends[key] = datetime.now(UTC) + timedelta(seconds=seconds)
        return Answer(
            200,
            "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
            f"<AccessKeyId>{key}</AccessKeyId>"
            f"<SecretAccessKey>assumed-secret-{number}</SecretAccessKey>"
            f"<SessionToken>assumed-token-{number}</SessionToken>"
            f"<Expiration>{self._ends[key].isoformat()}</Expiration></Credentials></AssumeRoleResult>"
            "</AssumeRoleResponse>",
        )

    def _put_object(self, call: Call, number: int, answer: ErrorAnswer | None) -> Answer:
        headers = {"x-amz-request-id": f"s3-{number}"}
        path = unquote(urlsplit(call.path).path)
        if answer := answer or next(self._errors(call, path), None):
            error = f"<Code>{answer.code}</Code><Message>{escape(answer.message)}</Message>{answer.more}"
            return Answer(answer.status, f"<Error>{error}</Error>", {**headers, **answer.headers})
        if self.keep:
            self.objects[path] = call.body
            self.versions[path] += 1
        if self.version_id is not None:
            headers["x-amz-version-id"] = self.version_id
        return Answer(200, "", {**headers, "ETag": f'"etag-{number}"'})

    def _errors(self, call: Call, path: str) -> Iterator[ErrorAnswer]:
        """Yield S3's own errors for an invalid put."""
        if call.unsigned:
            yield ErrorAnswer(403, "AccessDenied", "There were headers present in the request which were not signed")
        ends = self._ends.get(call.access_key)
        if ends is not None and ends < datetime.now(UTC):
            yield ErrorAnswer(400, "ExpiredToken", "The provided token has expired.")
        claimed = call.headers.get("x-amz-checksum-sha256")
        if claimed is not None and claimed != base64.b64encode(hashlib.sha256(call.body).digest()).decode():
            yield ErrorAnswer(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
        if not path.startswith(f"/{self.bucket}/"):
            yield ErrorAnswer(404, "NoSuchBucket", "The specified bucket does not exist")
        if call.headers.get("x-amz-expected-bucket-owner", self.owner) != self.owner:
            yield ErrorAnswer(403, "AccessDenied")
        if call.headers.get("if-none-match") == "*" and path in self.objects:
            message = "At least one of the pre-conditions you specified did not hold"
            yield ErrorAnswer(412, "PreconditionFailed", message, "<Condition>If-None-Match</Condition>")
