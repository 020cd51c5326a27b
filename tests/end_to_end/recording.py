"""A real HTTP server between a command and the local accounts: it passes every request on, and remembers it."""

import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from sandbox.emulator import CA_BUNDLE
from sandbox.folder import RUN
from tests.end_to_end.conftest import World

Seen = Callable[[str], None]
Heard = Callable[[bytes], None]


@contextmanager
def recording(
    world: World, *, after: Seen = lambda _: None, heard: Heard = lambda _: None
) -> Iterator[tuple[str, list[str]]]:
    """Return the server's URL and the S3 calls that it passed on, such as `GetObject /bucket/key`.

    `after` is called with each of them when the accounts have answered and the caller does not know it yet, `heard`
    with the content of every answer.
    """
    calls: list[str] = []
    target = urlsplit(world.accounts.endpoint_url)
    trusted = ssl.create_default_context(cafile=str(world.accounts.state / RUN / CA_BUNDLE))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            beyond = http.client.HTTPSConnection(str(target.hostname), int(target.port or 0), context=trusted)
            with closing(beyond):
                # The signature is over the Host that the caller sent.
                beyond.request(self.command, self.path, body=body, headers=dict(self.headers))
                answer = beyond.getresponse()
                content = answer.read()
            heard(content)
            call = _call(self.command, self.path, self.headers.get("Authorization", ""))
            if call:
                calls.append(call)
                after(call)
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"transfer-encoding", "content-length", "connection", "date", "server"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            # A caller that was interrupted is not there any more.
            with suppress(ConnectionError):
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass_on  # noqa: N815 http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", calls
        finally:
            server.shutdown()
            thread.join()


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


def _call(method: str, target: str, signed: str) -> str | None:
    """Return an S3 call by its name and path; None for another service's."""
    if "/s3/aws4_request" not in signed:
        return None
    url = urlsplit(target)
    queries = parse_qs(url.query, keep_blank_values=True)
    for (wanted, query), name in _BY_QUERY.items():
        if method == wanted and query in queries:
            return f"{name} {url.path}/{''.join(queries.get('prefix', []))}"
    on_object = "/" in url.path.strip("/")
    names = {"GET": "GetObject" if on_object else "ListBuckets", "HEAD": "HeadBucket", "PUT": "PutObject"}
    return f"{names.get(method, 'DeleteObject')} {url.path}"
