"""A small STS and IAM's ListMFADevices on a socket of this machine, for answers that the local accounts never give."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

USER = "arn:aws:iam::111111111111:user/team/bob"
SESSION = "arn:aws:sts::111111111111:assumed-role/WriterRole/nightly"
SECRETS = {"AccessKeyId": "ASIAGIVENKEY", "SecretAccessKey": "given/secret'key", "SessionToken": "given+token=="}


def identity(arn: str = USER) -> tuple[int, str]:
    """Return GetCallerIdentity's answer."""
    body = f"<Arn>{arn}</Arn><UserId>AIDA</UserId><Account>{arn.split(':')[4]}</Account>"
    return 200, _answer("GetCallerIdentity", body)


def session(arn: str = "arn:aws:sts::222222222222:assumed-role/Role/name") -> tuple[int, str]:
    """Return AssumeRole's answer."""
    who = f"<AssumedRoleUser><AssumedRoleId>AROA:name</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser>"
    return 200, _answer("AssumeRole", _credentials() + who)


def users_session() -> tuple[int, str]:
    """Return GetSessionToken's answer."""
    return 200, _answer("GetSessionToken", _credentials())


def devices(*serials: str) -> tuple[int, str]:
    """Return ListMFADevices's answer."""
    listed = "".join(f"<member><SerialNumber>{each}</SerialNumber></member>" for each in serials)
    return 200, _answer("ListMFADevices", f"<MFADevices>{listed}</MFADevices><IsTruncated>false</IsTruncated>")


def _credentials() -> str:
    keys = "".join(f"<{name}>{value}</{name}>" for name, value in SECRETS.items())
    return f"<Credentials>{keys}<Expiration>2099-01-02T03:04:05Z</Expiration></Credentials>"


def error(status: int, code: str, message: str = "no") -> tuple[int, str]:
    """Return an error as STS writes it."""
    return status, (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )


def _answer(action: str, body: str) -> str:
    return (
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{body}</{action}Result>'
        f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
    )


@dataclass
class Server:
    """Where it listens, and what it was asked."""

    url: str
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def assumed(self) -> list[dict[str, str]]:
        """The parameters of each AssumeRole."""
        return self.of("AssumeRole")

    def of(self, action: str) -> list[dict[str, str]]:
        """Return the parameters of each request for an action."""
        return [each for each in self.asked if each["Action"] == action]


@contextmanager
def sts(answers: Mapping[str, Sequence[tuple[int, str]]]) -> Iterator[Server]:
    """Serve, to each action, its answers in turn, the last one again and again; deny an action that has none."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            with lock:
                before = sum(each["Action"] == request["Action"] for each in server.asked)
                server.asked.append(request)
            mine = answers.get(request["Action"], [error(403, "AccessDenied")])
            status, body = mine[min(before, len(mine) - 1)]
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 its name there
            """Say nothing."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{listener.server_port}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
