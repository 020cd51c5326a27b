"""A small real server between a command and the accounts' IAM: it counts what passes, and stands in its way."""

import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

WRITES = {"PutRolePolicy", "DeleteRolePolicy", "UpdateAssumeRolePolicy"}

CUT = "cut"
"""The connection ends without an answer, and the request never arrives."""
ANSWER_LOST = "answer lost"
"""The request arrives, and the connection ends without an answer."""


@dataclass
class IamProxy:
    """`fault` says, for each action, what becomes of it: passed on for None, answered with an error code, or cut."""

    endpoint: str
    ca_bundle: str
    fault: Callable[[str], str | None] = lambda _: None
    replaced: dict[str, tuple[str, str]] = field(default_factory=dict)
    """For an action, a text in its answer and what stands there instead."""
    date: str | None = None
    """The time that IAM answers with, where it is not the real one."""
    actions: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def writes(self) -> list[str]:
        """The changes that were asked for."""
        return [each for each in self.actions if each in WRITES]

    @property
    def environment(self) -> dict[str, str]:
        """What leads a command's IAM, and nothing else of it, here."""
        return {"AWS_ENDPOINT_URL_IAM": self.url}

    def forward(self, body: bytes, headers: dict[str, str]) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return the real answer to a request."""
        place = urlsplit(self.endpoint)
        context = ssl.create_default_context(cafile=self.ca_bundle)
        connection = http.client.HTTPSConnection(str(place.hostname), place.port, context=context, timeout=30)
        try:
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


@contextmanager
def iam_proxy(endpoint: str, ca_bundle: str) -> Iterator[IamProxy]:
    """Run the server as long as the block lasts."""
    proxy = IamProxy(endpoint, ca_bundle)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            action = parse_qs(body.decode())["Action"][0]
            proxy.actions.append(action)
            fault = proxy.fault(action)
            if fault == ANSWER_LOST:
                proxy.forward(body, dict(self.headers.items()))
            if fault in {CUT, ANSWER_LOST}:
                self.close_connection = True
                return
            status, headers, answer = error_answer(fault) if fault else proxy.forward(body, dict(self.headers.items()))
            old, new = proxy.replaced.get(action, ("", ""))
            self._answer(status, headers, answer.replace(old.encode(), new.encode()) if old else answer)

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in {"transfer-encoding", "content-length", "connection"}:
                    self.send_header(name, proxy.date if proxy.date and name.lower() == "date" else value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the requests are signed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def error_answer(fault: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return IAM's error answer of a `Code: message`."""
    code, _, message = fault.partition(": ")
    status = {"LimitExceeded": 409, "AccessDenied": 403}.get(code, 400)
    body = (
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
    return status, [("Content-Type", "text/xml")], body.encode()
