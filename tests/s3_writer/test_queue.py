"""Messages of an SQS queue: each is one event, and only those that were not done come back."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from s3_writer.errors import AssumeRoleFailed, InvalidEvent
from tests.fakes.aws import ErrorAnswer, FakeAws

Write = Callable[..., dict[str, Any]]
Logged = Callable[[], list[dict[str, Any]]]
BUCKET = "/reports-222222222222"


def record(message_id: str, body: object, *, received: int = 1) -> dict[str, Any]:
    """Return one message as Lambda hands it over; a body that is not text yet is written as JSON."""
    return {
        "messageId": message_id,
        "receiptHandle": f"receipt-{message_id}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": str(received), "SentTimestamp": "1764000000000"},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:111111111111:queue",
        "awsRegion": "eu-west-1",
    }


def failed(answer: dict[str, Any]) -> list[str]:
    """Return the ids of the messages that the answer lets come back."""
    assert ["batchItemFailures"] == list(answer)
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def test_given_sound_messages_when_taken_then_none_comes_back(aws: FakeAws, write: Write) -> None:
    """Each message is an object or a batch of them, all by one session."""
    one = record("m1", {"key": "dev/a", "body": "1"})
    many = record("m2", {"objects": [{"key": "dev/b", "body": "2"}, {"body": "3"}]})

    answer = write({"Records": [one, many]})

    assert [] == failed(answer)
    assert {f"{BUCKET}/dev/a": b"1", f"{BUCKET}/dev/b": b"2", f"{BUCKET}/dev/m2-1": b"3"} == aws.objects
    assert 1 == len(aws.assume_roles)


def test_given_a_message_again_when_taken_then_its_object_is_not_doubled(aws: FakeAws, write: Write) -> None:
    """A key that nobody gave is the message's id, whichever request brings it."""
    for request_id in ("first", "second"):
        write({"Records": [record("m1", {"body": "x"})]}, request_id=request_id)

    assert {f"{BUCKET}/dev/m1": b"x"} == aws.objects
    assert 2 == aws.counts["PutObject"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"key": "prod/a", "body": "x"}, "key: got 'prod/a', expected a key that begins with 'dev/'"),
        ({"objects": []}, "objects: got 0 objects, expected 1 to 1000"),
        ("secret, not JSON", "message: got text that is not JSON, expected one event as JSON"),
        ("[" * 100_000, "message: got text that is not JSON, expected one event as JSON"),
        ('"text"', "event: got a string, expected an object with a 'body'"),
    ],
)
def test_given_a_message_that_can_never_work_when_taken_then_it_alone_comes_back(
    aws: FakeAws, write: Write, logged: Logged, body: object, said: str
) -> None:
    """The others are done; after its receives SQS moves it to the dead-letter queue. Its text is in no log."""
    bad, good = record("bad", body, received=4), record("good", {"body": "x"})

    answer = write({"Records": [bad, good]}, request_id="request")

    assert ["bad"] == failed(answer)
    assert {f"{BUCKET}/dev/good": b"x"} == aws.objects
    error, written, back = logged()
    assert ("ERROR", "InvalidEvent", "bad", said) == tuple(
        error[name] for name in ("level", "error", "messageId", "message")
    )
    assert ("INFO", "object written", "dev/good") == (written["level"], written["message"], written["key"])
    assert ("INFO", "bad", 4, "request") == tuple(
        back[name] for name in ("level", "messageId", "receiveCount", "requestId")
    )
    assert "secret" not in json.dumps([error, written, back])


def test_given_one_object_that_fails_when_taken_then_its_whole_message_comes_back(
    aws: FakeAws, write: Write, logged: Logged
) -> None:
    """A message is done or not done; what of it was written is written again under the same keys."""
    half = record("half", {"objects": [{"key": "dev/a", "body": "1"}, {"key": "prod/b", "body": "2"}]})

    answer = write({"Records": [half, record("whole", {"key": "dev/c", "body": "3"})]})

    assert ["half"] == failed(answer)
    assert {f"{BUCKET}/dev/a": b"1", f"{BUCKET}/dev/c": b"3"} == aws.objects
    lines = logged()
    assert 2 == sum(line["message"] == "object written" for line in lines)
    assert 1 == sum(line["level"] == "ERROR" for line in lines)


def test_given_s3_denies_one_object_when_taken_then_its_whole_message_comes_back(aws: FakeAws, write: Write) -> None:
    """The objects of a message that are written never hide the one that is not."""
    aws.faults["PutObject"] = [ErrorAnswer(403, "AccessDenied")]
    objects = [{"key": f"dev/{number}", "body": "x"} for number in range(10)]

    answer = write({"Records": [record("nearly", {"objects": objects})]})

    assert ["nearly"] == failed(answer)
    assert 9 == len(aws.objects)


def test_given_s3_denies_when_taken_then_every_message_comes_back_and_each_object_has_its_line(
    aws: FakeAws, write: Write, logged: Logged
) -> None:
    """The invocation itself succeeds: an error would only say less."""
    aws.errors["PutObject"] = ErrorAnswer(403, "AccessDenied")

    answer = write({"Records": [record("m1", {"body": "x"}), record("m2", {"body": "x"})]})

    assert ["m1", "m2"] == failed(answer)
    errors = [line for line in logged() if line["level"] == "ERROR"]
    assert {"dev/m1", "dev/m2"} == {line["key"] for line in errors}


def test_given_no_session_when_taken_then_it_is_raised(aws: FakeAws, write: Write, logged: Logged) -> None:
    """What concerns every message is an error of the function, which its alarm counts; all messages come back."""
    aws.errors["AssumeRole"] = ErrorAnswer(403, "AccessDenied")

    with pytest.raises(AssumeRoleFailed):
        write({"Records": [record("m1", {"body": "x"}), record("m2", {"body": "x"})]})

    assert ["AssumeRoleFailed"] == [line["error"] for line in logged()]


def test_given_only_invalid_messages_when_taken_then_sts_is_not_asked(aws: FakeAws, write: Write) -> None:
    """Nothing is to be written, so no session is needed."""
    assert ["m1"] == failed(write({"Records": [record("m1", "x")]}))
    assert 0 == aws.counts["AssumeRole"]


@pytest.mark.parametrize(
    "event",
    [
        {"Records": []},
        {"Records": "x"},
        {"Records": [1]},
        {"Records": [{"eventSource": "aws:s3", "body": "{}"}]},
        {"Records": [record("m1", {"body": "x"}), {"eventSource": "aws:kinesis"}]},
    ],
)
def test_given_records_of_another_source_when_taken_then_they_are_invalid(write: Write, event: object) -> None:
    """An answer that nobody reads as a partial one would lose what failed: only SQS gets it."""
    with pytest.raises(InvalidEvent, match="Records"):
        write(event)
