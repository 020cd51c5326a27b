"""The function's queue, deployed: Lambda takes the messages, and what fails comes back alone."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

BUCKET = "kinds-222222222222"
PATIENCE = 60


@pytest.fixture(scope="module")
def sqs(world: Any) -> Iterator[Any]:
    """Return SQS in dev, with a queue whose messages come back after a second and not after three minutes."""
    client = world.accounts.session("dev").client("sqs")
    attributes = {"QueueUrl": world.outputs["QueueUrl"]}
    client.set_queue_attributes(**attributes, Attributes={"VisibilityTimeout": "1"})
    yield client
    client.set_queue_attributes(**attributes, Attributes={"VisibilityTimeout": "180"})


def send(world: Any, sqs: Any, *bodies: object) -> list[str]:
    """Send messages together and return their ids."""
    entries = [{"Id": str(number), "MessageBody": json.dumps(body)} for number, body in enumerate(bodies)]
    sent = sqs.send_message_batch(QueueUrl=world.outputs["QueueUrl"], Entries=entries)["Successful"]
    return [each["MessageId"] for each in sorted(sent, key=lambda each: int(each["Id"]))]


def eventually(look: Callable[[], Any]) -> Any:
    """Look until there is something to see."""
    deadline = time.monotonic() + PATIENCE
    while not (seen := look()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return seen


def keys(world: Any, prefix: str) -> set[str]:
    """Return the keys of the objects under a prefix."""
    s3 = world.accounts.session("prod").client("s3")
    return {each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])}


def versions(world: Any, key: str) -> int:
    """Return how often an object was written."""
    s3 = world.accounts.session("prod").client("s3")
    return len(s3.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"])


def dead(world: Any, sqs: Any) -> list[Any]:
    """Take what there is out of the dead-letter queue."""
    url = world.outputs["DeadLetterQueueUrl"]
    taken = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
    for message in taken:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return list(taken)


def log_lines(world: Any, message_id: str) -> list[dict[str, Any]]:
    """Return the lines of the function's log that are about a message."""
    logs = world.accounts.session("dev").client("logs")
    events = logs.filter_log_events(logGroupName=world.outputs["LogGroupName"])["events"]
    lines = [json.loads(event["message"]) for event in events if event["message"].lstrip().startswith("{")]
    return [line for line in lines if line.get("messageId") == message_id]


def test_messages_become_objects(world: Any, sqs: Any) -> None:
    """One object, many, and one without a key, which gets the message's id."""
    one = {"key": "external/queue/one", "body": "1"}
    many = {"objects": [{"key": f"external/queue/many-{number}", "body": "x"} for number in range(3)]}
    *_, nameless = send(world, sqs, one, many, {"body": "3"})
    expected = {"external/queue/one", *(f"external/queue/many-{number}" for number in range(3))}

    assert eventually(lambda: expected <= keys(world, "external/queue/"))
    assert eventually(lambda: f"external/{nameless}" in keys(world, "external/"))


def test_a_message_that_can_never_work_ends_in_the_dead_letter_queue(world: Any, sqs: Any) -> None:
    """It alone is delivered again, five times in all; the one beside it was done by the first."""
    good, bad = send(
        world, sqs, {"key": "external/beside", "body": "good"}, {"key": "elsewhere/bad", "body": "sentinel-body"}
    )

    (message,) = eventually(lambda: dead(world, sqs))

    assert (bad, "elsewhere/bad") == (message["MessageId"], json.loads(message["Body"])["key"])
    assert 1 == versions(world, "external/beside")
    lines = log_lines(world, bad)
    assert 5 * ["InvalidEvent"] == [line["error"] for line in lines if line["level"] == "ERROR"]
    # The log shows lines of one moment in any order.
    assert [1, 2, 3, 4, 5] == sorted(line["receiveCount"] for line in lines if line["level"] == "INFO")
    assert "sentinel-body" not in json.dumps(lines)
    assert [] == log_lines(world, good)
    attributes = sqs.get_queue_attributes(QueueUrl=world.outputs["QueueUrl"], AttributeNames=["All"])["Attributes"]
    assert "0" == attributes["ApproximateNumberOfMessages"] == attributes["ApproximateNumberOfMessagesNotVisible"]
