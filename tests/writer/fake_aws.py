"""An STS and an S3 on this machine, which count what they are asked and refuse what they are told to."""

import re
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Call(NamedTuple):
    """One request as it came over the wire: who signed it, for which region, and what it carried."""

    access_key: str
    region: str
    headers: dict[str, str]
    body: bytes

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of a call to STS."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


class Refusal(NamedTuple):
    """An error to answer with; `more` goes into the Error element as it is."""

    status: int
    code: str
    message: str = "Access Denied"
    more: str = ""


@dataclass
class FakeAws:
    """What the server was asked, and what it is to answer."""

    assume_roles: list[Call] = field(default_factory=list)
    puts: list[Call] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    refusals: dict[str, Refusal] = field(default_factory=dict)  # by operation, until taken out again
    lifetime: int | None = None  # seconds that credentials last, where not as long as they were asked for
    version_id: str | None = None


class FakeAwsServer(ThreadingHTTPServer):
    """Serves `aws`, which each test replaces."""

    aws: FakeAws
    counting = threading.Lock()
    request_queue_size = 64


class FakeAwsRequests(BaseHTTPRequestHandler):
    """POST is AssumeRole, PUT is PutObject."""

    protocol_version = "HTTP/1.1"
    server: FakeAwsServer

    def do_POST(self) -> None:
        """Answer as STS does, after a moment, so that callers who start together overlap."""
        aws = self.server.aws
        number, call = self._record(aws.assume_roles)
        time.sleep(0.02)
        if refusal := aws.refusals.get("AssumeRole"):
            error = f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message></Error>"
            self._answer(refusal.status, f"<ErrorResponse>{error}<RequestId>sts-{number}</RequestId></ErrorResponse>")
            return
        seconds = aws.lifetime or int(call.parameters["DurationSeconds"])
        ends = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        self._answer(
            200,
            "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
            f"<AccessKeyId>ASIAASSUMED{number}</AccessKeyId>"
            f"<SecretAccessKey>assumed-secret-{number}</SecretAccessKey>"
            f"<SessionToken>assumed-token-{number}</SessionToken>"
            f"<Expiration>{ends}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
        )

    def do_PUT(self) -> None:
        """Answer as S3 does, and keep the object."""
        aws = self.server.aws
        number, call = self._record(aws.puts)
        headers = {"x-amz-request-id": f"s3-{number}"}
        if refusal := aws.refusals.get("PutObject"):
            error = f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>{refusal.more}"
            self._answer(refusal.status, f"<Error>{error}</Error>", headers)
            return
        aws.objects[unquote(urlsplit(self.path).path)] = call.body
        if aws.version_id is not None:
            headers["x-amz-version-id"] = aws.version_id
        self._answer(200, "", {**headers, "ETag": f'"etag-{number}"'})

    def _record(self, calls: list[Call]) -> tuple[int, Call]:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        signed = re.search(r"Credential=(\w+)/\d+/([\w-]+)/", self.headers["Authorization"])
        assert signed is not None
        call = Call(signed[1], signed[2], {name.lower(): text for name, text in self.headers.items()}, body)
        with self.server.counting:
            calls.append(call)
            return len(calls), call

    def _answer(self, status: int, document: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(document.encode())))
        self.end_headers()
        self.wfile.write(document.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Keep stderr for the writer."""
