"""How a live session's answers are read, from a small real server that answers as S3 does."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import boto3
import pytest
from botocore.config import Config

from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.live.s3_probes import probe_of
from crossrole.revoke.live_check import IN_A_ROW, CheckedSession, settled
from tests.command_line import quick_time
from tests.fakes.server import Answer, Call, Fake, serving

ANSWERS = {
    "NoSuchUpload": 404,
    "AccessDenied": 403,
    "PermanentRedirect": 400,
}


@dataclass
class S3(Fake):
    """Gives its answers one after another, the last one again and again."""

    answers: list[str] = field(default_factory=list)
    asked: int = 0

    def answer(self, _call: Call) -> Answer:
        """Answer with an error in XML, as S3 does."""
        code = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return Answer(ANSWERS[code], f"<Error><Code>{code}</Code><Message>words</Message></Error>")


@pytest.fixture
def server() -> Iterator[S3]:
    """Serve it."""
    with serving(S3()) as one:
        yield one


@pytest.fixture
def checked(server: S3) -> CheckedSession:
    """Return a session that asks that server."""
    s3 = boto3.Session("AKIAEXAMPLE", "example", "token", region_name="eu-west-1").client(
        "s3",
        endpoint_url=server.url,
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
