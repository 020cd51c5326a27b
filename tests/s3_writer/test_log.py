"""What is logged, and what never is."""

import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from s3_writer.connection import ConnectionCache
from s3_writer.errors import AssumeRoleFailed, InvalidEvent, Misconfigured, PutFailed, WriterError
from s3_writer.settings import Settings
from tests.fakes.aws import ErrorAnswer, FakeAws, Fault

Write = Callable[..., dict[str, Any]]
Logged = Callable[[], list[dict[str, Any]]]


def test_given_a_success_when_logged_then_it_is_one_line_with_the_receipt(write: Write, logged: Logged) -> None:
    """A success is one INFO line: the receipt and the request id, never the body."""
    answer = write({"key": "dev/a", "body": "the body"})

    (line,) = logged()
    assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() is not None
    assert {
        "level": "INFO",
        "message": "object written",
        "requestId": "request-1",
        "operation": "PutObject",
        **answer,
    } == line


@pytest.mark.parametrize(("operation", "error"), [("AssumeRole", AssumeRoleFailed), ("PutObject", PutFailed)])
def test_given_aws_denies_when_logged_then_it_is_one_line_with_what_to_check(
    aws: FakeAws, write: Write, logged: Logged, operation: str, error: type[WriterError]
) -> None:
    """A denial is one ERROR line with both request ids, AWS's code, and what to look at."""
    aws.errors[operation] = ErrorAnswer(403, "AccessDenied", "User: x is not authorized")

    with pytest.raises(error) as caught:
        write({"key": "dev/a", "body": "x"})

    (line,) = logged()
    del line["timestamp"]
    assert {
        "level": "ERROR",
        "message": caught.value.summary,
        "requestId": "request-1",
        "error": error.__name__,
        "operation": operation,
        "code": "AccessDenied",
        "awsRequestId": {"AssumeRole": "sts-1", "PutObject": "s3-1"}[operation],
        "check": caught.value.check,
    } == line
    assert "(User: x is not authorized)" in line["message"]


def test_given_a_renewal_fails_when_logged_then_botocore_warns_only_of_one_that_is_not_raised(
    aws: FakeAws, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure that is raised is the writer's one line; one that stops nothing yet is a warning."""
    aws.lifetime = 200  # in the first window, not in the last
    write({"body": "x"})
    aws.errors["AssumeRole"] = ErrorAnswer(403, "AccessDenied")
    write({"body": "x"})
    warned = [record.getMessage() for record in caplog.records]
    aws.lifetime = 100
    aws.errors.clear()
    write({"body": "x"})
    aws.errors["AssumeRole"] = ErrorAnswer(403, "AccessDenied")
    with pytest.raises(AssumeRoleFailed):
        write({"body": "x"})

    assert {"Refreshing temporary credentials failed during advisory refresh period."} == set(warned)
    assert warned == [record.getMessage() for record in caplog.records]


def test_given_an_invalid_event_when_logged_then_it_is_one_line_with_the_field(write: Write, logged: Logged) -> None:
    """An invalid event is one ERROR line that names the field."""
    with pytest.raises(InvalidEvent):
        write({"key": "prod/a", "body": "x"})

    (line,) = logged()
    assert ("ERROR", "InvalidEvent", "key") == (line["level"], line["error"], line["field"])


def test_given_a_bad_environment_when_logged_then_it_is_one_line(
    write: Write, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misconfigured function is one ERROR line."""
    monkeypatch.delenv("BUCKET")
    with pytest.raises(Misconfigured):
        write({"body": "x"})

    (line,) = logged()
    assert ("ERROR", "Misconfigured") == (line["level"], line["error"])


def test_given_many_threads_when_they_log_then_each_line_is_whole() -> None:
    """Stdout in a pipe, as on Lambda: Python itself mixes up what several threads write to it at once."""
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from s3_writer.log import log\n"
        "with ThreadPoolExecutor(32) as threads:\n"
        "    list(threads.map(lambda number: log('INFO', 'x' * 200, number=number), range(20_000)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, check=True
    )

    assert set(range(20_000)) == {json.loads(line)["number"] for line in done.stdout.splitlines()}


SECRETS = (
    "function-secret",
    "function-token",
    "assumed-secret",
    "assumed-token",
    "the-external-id",
    "the-body",
)
QUOTED = "x-amz-security-token:function-token"


@pytest.fixture
def shown(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Read all that was shown so far: stdout, stderr, and what any library logged."""
    caplog.set_level(logging.INFO)

    def read() -> str:
        captured = capfd.readouterr()
        return captured.out + captured.err + caplog.text

    return read


@pytest.mark.parametrize(
    "errors",
    [
        {},
        {"AssumeRole": ErrorAnswer(403, "AccessDenied")},
        {"AssumeRole": ErrorAnswer(403, "SignatureDoesNotMatch", f"The canonical string: {QUOTED}")},
        {"AssumeRole": ErrorAnswer(403, "IncompleteSignature", f"not a valid key=value pair: {QUOTED}")},
        {"AssumeRole": ErrorAnswer(400, "SomethingElse", f"no\n{QUOTED}")},
        {"PutObject": ErrorAnswer(403, "AccessDenied")},
        {"PutObject": ErrorAnswer(400, "InvalidToken", "no", "<Token-0>assumed-token-1</Token-0>")},
        {"PutObject": ErrorAnswer(403, "SignatureDoesNotMatch", QUOTED, f"<StringToSign>{QUOTED}</StringToSign>")},
    ],
    ids=lambda errors: " ".join(f"{name} {error.code}" for name, error in errors.items()) or "none",
)
def test_given_secrets_when_anything_happens_then_none_is_shown(
    aws: FakeAws,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    shown: Callable[[], str],
    errors: dict[str, Fault],
) -> None:
    """No credential, external ID or body is in any output, exception or environment variable."""
    monkeypatch.setenv("EXTERNAL_ID", "the-external-id")
    before = dict(os.environ)
    aws.errors = errors
    event = {"key": "dev/a", "body": "the-body"}
    events = [event, {**event, "encoding": "base64"}, {**event, "content_type": 1}, {"body": ["the-body"]}]
    told = ""
    for each in [*events, *({"objects": [each]} for each in events)]:
        try:
            told += repr(write(each))
        except WriterError as error:
            told += "".join(traceback.format_exception(error)) + repr(error) + str(error.__dict__)

    everything = told + shown()
    assert [] == [secret for secret in SECRETS if secret in everything]
    assert before == dict(os.environ)
    assert '"requestId": "request-1"' in everything


def test_given_a_connection_when_shown_then_no_secret_is_in_it(
    aws: FakeAws, connections: ConnectionCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The objects that hold secrets don't show them when printed."""
    monkeypatch.setenv("EXTERNAL_ID", "the-external-id")
    connection = connections.get(Settings.from_environment(os.environ))

    assert len(aws.assume_roles) == 1
    assert [] == [secret for secret in SECRETS if secret in repr(connection)]
