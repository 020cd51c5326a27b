"""Stands between a command and the local accounts: it passes requests on, keeps what passes, or ends it."""

import http.client
import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.fakes.server import Answer, Call, Fake
from tests.fakes.sts import error

WRITES = {"PutRolePolicy", "DeleteRolePolicy", "UpdateAssumeRolePolicy"}

CUT = "cut"
"""The connection ends without an answer, and the request never arrives."""
ANSWER_LOST = "answer lost"
"""The request arrives, and the connection ends without an answer."""

_BY_QUERY = {
    ("PUT", "partNumber"): "UploadPart",
    ("GET", "uploadId"): "ListParts",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("GET", "list-type"): "ListObjectsV2",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "versions"): "ListObjectVersions",
    ("GET", "versioning"): "GetBucketVersioning",
    ("GET", "object-lock"): "GetObjectLockConfiguration",
    ("GET", "encryption"): "GetBucketEncryption",
    ("DELETE", "versionId"): "DeleteObjectVersion",
}


@dataclass
class Proxy(Fake):
    """`fault` says, for each action of IAM or STS, what becomes of it.

    For None it is passed on; it is answered with an error of a `Code: message`, or cut.
    """

    endpoint: str
    ca_bundle: Path
    fault: Callable[[str], str | None] = lambda _: None
    after: Callable[[str], object] = lambda _: None
    """Called with each S3 call that the accounts have answered, when the caller does not know it yet."""
    replaced: dict[str, tuple[str, str]] = field(default_factory=dict)
    """For an action, a text in its answer and what stands there instead."""
    was_replaced: set[str] = field(default_factory=set)
    """The actions whose answers held the text."""
    date: str | None = None
    """The time that is answered, where it is not the real one."""
    actions: list[str] = field(default_factory=list)
    """Of IAM, STS and every other service that is asked so."""
    s3_calls: list[str] = field(default_factory=list)
    """By name and path, such as `GetObject /bucket/key`."""
    answers: list[bytes] = field(default_factory=list)
    """The content of every answer of the accounts."""

    @property
    def writes(self) -> list[str]:
        """The changes that were asked for."""
        return [each for each in self.actions if each in WRITES]

    @property
    def environment(self) -> dict[str, str]:
        """What leads a command's IAM, and nothing else of it, here."""
        return {"AWS_ENDPOINT_URL_IAM": self.url}

    def answer(self, call: Call) -> Answer | None:
        """Pass a call on, or do what its fault says."""
        if call.service == "s3":
            self.s3_calls.append(_s3_call(call))
            answer = self._passed_on(call)
            self.after(self.s3_calls[-1])
            return answer
        action = call.parameters.get("Action", call.path)
        self.actions.append(action)
        fault = self.fault(action)
        if fault == CUT:
            return None
        if fault and fault != ANSWER_LOST:
            code, _, message = fault.partition(": ")
            return error({"LimitExceeded": 409, "AccessDenied": 403}.get(code, 400), code, message)
        answer = self._passed_on(call, action)
        return None if fault else answer

    def _passed_on(self, call: Call, action: str = "") -> Answer:
        """Return the real answer; the signature is over the Host that the caller sent."""
        place = urlsplit(self.endpoint)
        context = ssl.create_default_context(cafile=self.ca_bundle)
        beyond = http.client.HTTPSConnection(str(place.hostname), place.port, context=context, timeout=30)
        with closing(beyond):
            beyond.request(call.method, call.path, call.body, dict(call.headers))
            answer = beyond.getresponse()
            content = answer.read()
        self.answers.append(content)
        if action in self.replaced:
            old, new = (text.encode() for text in self.replaced[action])
            if old in content:
                self.was_replaced.add(action)
            content = content.replace(old, new)
        left_out = {"transfer-encoding", "content-length", "connection", *(["date"] if self.date else [])}
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in left_out}
        if self.date:
            headers["Date"] = self.date
        return Answer(answer.status, content, headers)


def _s3_call(call: Call) -> str:
    url = urlsplit(call.path)
    queries = parse_qs(url.query, keep_blank_values=True)
    for (wanted, query), name in _BY_QUERY.items():
        if call.method == wanted and query in queries:
            return f"{name} {url.path}/{''.join(queries.get('prefix', []))}"
    on_object = "/" in url.path.strip("/")
    names = {"GET": "GetObject" if on_object else "ListBuckets", "HEAD": "HeadBucket", "PUT": "PutObject"}
    return f"{names.get(call.method, 'DeleteObject')} {url.path}"
