"""`if_absent`: an object that is there already is left as it is, and the put that finds it is not a failure."""

from collections.abc import Callable
from typing import Any

import pytest

from s3_writer.errors import PutFailed
from tests.fakes.aws import ErrorAnswer, FakeAws
from tests.fakes.server import Wire

Write = Callable[..., dict[str, Any]]
Logged = Callable[[], list[dict[str, Any]]]
PATH = "/reports-222222222222/dev/a"
EXISTING = {
    "bucket": "reports-222222222222",
    "key": "dev/a",
    "etag": None,
    "version_id": None,
    "size": None,
    "existing": True,
}


def test_given_no_object_when_written_if_absent_then_it_is_written(aws: FakeAws, write: Write) -> None:
    """The put carries the condition, and the answer is that of any put."""
    answer = write({"key": "dev/a", "body": "x", "if_absent": True})

    assert ("etag-1", 1, False) == (answer["etag"], answer["size"], answer["existing"])
    assert ["*"] == [put.headers["if-none-match"] for put in aws.puts]


@pytest.mark.parametrize("fields", [{}, {"if_absent": False}])
def test_given_an_object_when_written_without_condition_then_it_is_overwritten(
    aws: FakeAws, write: Write, fields: dict[str, bool]
) -> None:
    """Nothing is asked of S3 but what the event asks for."""
    write({"key": "dev/a", "body": "x"})
    write({"key": "dev/a", "body": "y", **fields})

    assert {PATH: b"y"} == aws.objects
    assert all("if-none-match" not in put.headers for put in aws.puts)


def test_given_an_object_when_written_if_absent_then_it_stays_and_the_answer_says_so(
    aws: FakeAws, write: Write, logged: Logged
) -> None:
    """A second delivery succeeds, writes nothing, and is one line of the log that says it was there."""
    write({"key": "dev/a", "body": "first"})
    logged()

    answer = write({"key": "dev/a", "body": "second", "if_absent": True})

    assert EXISTING == answer
    assert ({PATH: b"first"}, 1) == (aws.objects, aws.versions[PATH])
    assert [("INFO", "object was there already", True)] == [
        (line["level"], line["message"], line["existing"]) for line in logged()
    ]


@pytest.mark.parametrize("fault", [Wire.RESET_AFTER_BODY, Wire.CUT])
def test_given_the_answer_was_lost_when_delivered_again_then_the_object_is_not_doubled(
    aws: FakeAws, write: Write, fault: Wire
) -> None:
    """A retry, by botocore at once or by Lambda later, finds the object that its own put stored."""
    event = {"key": "dev/a", "body": "x", "if_absent": True}
    aws.faults["PutObject"] = [fault]

    try:
        answer = write(event)
    except PutFailed:
        answer = write(event)

    assert EXISTING == answer
    assert ({PATH: b"x"}, 1) == (aws.objects, aws.versions[PATH])


def test_given_a_batch_when_delivered_twice_then_each_object_is_there_once(aws: FakeAws, write: Write) -> None:
    """Each object of a batch has its own condition."""
    objects = [{"key": "dev/a", "body": "1", "if_absent": True}, {"key": "dev/b", "body": "2"}]

    first, again = write({"objects": objects}), write({"objects": objects})

    assert [False, False] == [each["existing"] for each in first["objects"]]
    assert [True, False] == [each["existing"] for each in again["objects"]]
    assert {PATH: 1, "/reports-222222222222/dev/b": 2} == aws.versions


def test_given_a_precondition_nobody_asked_for_when_it_fails_then_it_is_a_failure(aws: FakeAws, write: Write) -> None:
    """Only the put that set the condition takes its failure for an answer."""
    aws.errors["PutObject"] = ErrorAnswer(412, "PreconditionFailed")

    with pytest.raises(PutFailed):
        write({"key": "dev/a", "body": "x"})
