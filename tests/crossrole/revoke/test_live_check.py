"""How a live session's answers are read, from a small real server that answers as S3 does."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from botocore.config import Config

from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.live.s3_probes import probe_of
from crossrole.revoke.live_check import IN_A_ROW, CheckedSession, settled
from tests.command_line import quick_time

ANSWERS = {
    "NoSuchUpload": 404,
    "AccessDenied": 403,
    "PermanentRedirect": 400,
}


class S3(ThreadingHTTPServer):
    """A server that gives its answers one after another, the last one again and again."""

    daemon_threads = True
    answers: list[str]
    asked = 0


class Handler(BaseHTTPRequestHandler):
    """Answers every request with the server's next code."""

    server: S3

    def do_GET(self) -> None:
        """Answer with an error in XML, as S3 does."""
        code = self.server.answers[min(self.server.asked, len(self.server.answers) - 1)]
        self.server.asked += 1
        body = f"<Error><Code>{code}</Code><Message>words</Message></Error>".encode()
        self.send_response(ANSWERS[code])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[S3]:
    """Run the server."""
    one = S3(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=one.serve_forever, args=(0.05,))
    thread.start()
    yield one
    one.shutdown()
    thread.join()
    one.server_close()


@pytest.fixture
def checked(server: S3) -> CheckedSession:
    """Return a session that asks that server."""
    s3 = boto3.Session("AKIAEXAMPLE", "example", "token", region_name="eu-west-1").client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, proxies={}),
    )
    probe = probe_of("s3:ListMultipartUploadParts", "bucket", "", "key", partition="aws")
    assert probe
    return CheckedSession("name", datetime.now(UTC), s3, probe)


@pytest.mark.parametrize(("code", "expected"), [("NoSuchUpload", True), ("AccessDenied", False)])
def test_what_an_answer_means(server: S3, checked: CheckedSession, code: str, expected: bool) -> None:
    """S3 answers NoSuchUpload only where it allows the request; AccessDenied is a denial."""
    server.answers = [code]

    assert expected is checked.is_allowed()


def test_any_other_answer_means_nothing(server: S3, checked: CheckedSession) -> None:
    """What is neither is raised, so that nothing is taken as verified."""
    server.answers = ["PermanentRedirect"]

    with pytest.raises(CommandError, match="PermanentRedirect"):
        checked.is_allowed()


def test_a_change_that_arrives_late(server: S3, checked: CheckedSession) -> None:
    """IAM is eventually consistent: only denials in a row are taken for the end of it."""
    server.answers = ["NoSuchUpload", "AccessDenied", "NoSuchUpload", "AccessDenied"]

    assert settled(checked.is_allowed, expected=False, seconds=60, environment=Environment(**quick_time())) is not None
    assert 3 + IN_A_ROW == server.asked


def test_a_change_that_does_not_arrive(server: S3, checked: CheckedSession) -> None:
    """It is asked for in growing pauses, and then given up."""
    server.answers = ["NoSuchUpload"]

    assert settled(checked.is_allowed, expected=False, seconds=2, environment=Environment(**quick_time())) is None
    assert server.asked > IN_A_ROW
