"""The writer answers before Lambda ends it, and what it gave up does nothing later."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from s3_writer import client_options, deadline
from s3_writer.connection import Connection, connect
from s3_writer.errors import AssumeRoleFailed, BatchFailed, PutFailed
from s3_writer.put import put
from s3_writer.settings import Settings
from tests.fakes.aws import ErrorAnswer, FakeAws
from tests.fakes.server import Wire

Write = Callable[..., dict[str, Any]]
Logged = Callable[[], list[dict[str, Any]]]
SOON = 400  # milliseconds: far less than botocore waits for one answer


def test_given_s3_hangs_when_there_is_little_time_then_it_is_reported_in_time(
    aws: FakeAws, write: Write, logged: Logged
) -> None:
    """The function's own limit is reported as such, before botocore's would be; afterwards the same instance writes."""
    write({"body": "x"})
    logged()
    aws.errors["PutObject"] = Wire.HANG

    with pytest.raises(PutFailed) as caught:
        write({"key": "dev/a", "body": "x"}, remaining=SOON)

    assert "DeadlineExceeded" == caught.value.code
    assert str(caught.value).startswith(
        "PutObject on s3://reports-222222222222/dev/a: got DeadlineExceeded (not answered when the function's time was "
        "nearly over), expected success; check the function's timeout"
    )
    (line,) = logged()
    assert ("ERROR", "PutFailed", "DeadlineExceeded") == (line["level"], line["error"], line["code"])
    aws.errors.clear()
    assert "dev/b" == write({"key": "dev/b", "body": "x"}, remaining=SOON * 10)["key"]


def test_given_sts_hangs_when_there_is_little_time_then_it_is_reported_in_time(aws: FakeAws, write: Write) -> None:
    """An AssumeRole that isn't answered ends the invocation as one, for a single object and for a batch."""
    aws.errors["AssumeRole"] = Wire.HANG

    for event in ({"body": "x"}, {"objects": [{"body": "1"}, {"body": "2"}]}):
        with pytest.raises(AssumeRoleFailed) as caught:
            write(event, remaining=SOON)
        assert "DeadlineExceeded" == caught.value.code

    assert 0 == aws.attempts["PutObject"]


def test_given_a_slow_processor_when_the_clients_are_made_then_it_is_reported_in_time(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making the clients anew, in which nothing waits for AWS, is in the invocation's time too."""

    def slowly(settings: Settings, models: Any) -> Connection:
        threading.Event().wait(SOON / 1000)  # time.sleep doesn't, in these tests
        return connect(settings, models)

    monkeypatch.setattr("s3_writer.connection.connect", slowly)

    with pytest.raises(AssumeRoleFailed) as caught:
        write({"body": "x"}, remaining=SOON // 2)

    assert "DeadlineExceeded" == caught.value.code


def test_given_a_batch_larger_than_its_time_when_written_then_each_object_is_reported(
    aws: FakeAws, write: Write, logged: Logged
) -> None:
    """What was stored is confirmed, and the rest is distinguished: sent without an answer, or never begun."""
    write({"body": "x"})
    logged()
    done, hanging, waiting = 5, client_options.MAX_CONCURRENCY, 20
    aws.attempts.clear()
    aws.hang_after = done

    objects = [{"key": f"dev/{number}", "body": "x"} for number in range(done + hanging + waiting)]
    with pytest.raises(BatchFailed) as caught:
        write({"objects": objects}, remaining=SOON * 4)

    answers = json.loads(str(caught.value))["objects"]
    assert [each["key"] for each in objects] == [
        answer.get("key") or answer["error"]["message"].split(":")[1].removeprefix("//reports-222222222222/")
        for answer in answers
    ]
    errors = [answer["error"] for answer in answers if "error" in answer]
    assert {("PutFailed", "DeadlineExceeded")} == {(error["type"], error["code"]) for error in errors}
    assert (hanging, waiting) == (
        sum("(not answered when" in error["message"] for error in errors),
        sum("(not begun when" in error["message"] for error in errors),
    )
    assert len(objects) == len(logged())


def test_given_a_call_was_given_up_when_it_fails_later_then_it_is_not_tried_again(
    aws: FakeAws, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later attempt would be sent during another invocation, and could overwrite what that one writes."""
    aws.delay = 0.5
    write({"key": "dev/warm", "body": "x"})
    aws.attempts.clear()
    aws.errors["PutObject"] = ErrorAnswer(503, "SlowDown")
    ended = threading.Event()

    def watched(*arguments: Any) -> Any:
        try:
            return put(*arguments)
        finally:
            ended.set()

    monkeypatch.setattr("s3_writer.handler.put", watched)

    with pytest.raises(PutFailed):
        write({"key": "dev/a", "body": "x"}, remaining=200)
    assert ended.wait(10)

    assert {"PutObject": 1} == aws.attempts


def test_given_threads_that_hang_when_the_next_batch_comes_then_it_has_as_many_as_ever(
    aws: FakeAws, write: Write
) -> None:
    """What an earlier invocation left hanging takes nothing from a later one."""
    objects = [{"key": f"dev/{number}", "body": "x"} for number in range(client_options.MAX_CONCURRENCY)]
    aws.errors["PutObject"] = Wire.HANG
    with pytest.raises(BatchFailed):
        write({"objects": objects}, remaining=SOON * 2)

    aws.errors.clear()
    answers = write({"objects": objects}, remaining=SOON * 10)["objects"]

    assert [each["key"] for each in objects] == [answer["key"] for answer in answers]


@pytest.mark.parametrize(("remaining", "kept"), [(60_000, 1.0), (4_000, 1.0), (2_000, 0.5), (0, 0.0)])
def test_given_some_time_when_the_deadline_is_set_then_there_is_some_left_to_answer(
    monkeypatch: pytest.MonkeyPatch, remaining: int, kept: float
) -> None:
    """A second is kept for logging and answering, or a quarter of a shorter time."""
    monkeypatch.setattr("s3_writer.deadline.time.monotonic", lambda: 0.0)

    assert remaining / 1000 - kept == deadline.deadline(remaining)
