"""An event of an SQS queue: its messages, each of which is one event of the writer's own.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from s3_writer.errors import InvalidEvent
from s3_writer.event import read_event
from s3_writer.request import PutRequest

_SOURCE = "aws:sqs"


@dataclass(frozen=True, slots=True)
class Message:
    """One message: each object that it asks for, or its error."""

    id: str
    receive_count: int
    work: tuple[PutRequest | InvalidEvent, ...]

    @classmethod
    def read(cls, record: Mapping[str, Any], *, prefix: str) -> "Message":
        """Read one record of the event.

        An object without a key gets one from the message's id, which stays the same when SQS delivers the message
        again, so that it overwrites instead of writing a second object.
        """
        try:
            work = read_event(_json(record["body"]), prefix=prefix, request_id=record["messageId"])
        except InvalidEvent as fault:
            work = (fault,)
        count = int(record["attributes"]["ApproximateReceiveCount"])
        return cls(record["messageId"], count, work if isinstance(work, tuple) else (work,))


def read_messages(event: object, *, prefix: str) -> list[Message] | None:
    """Return the messages of what Lambda takes out of an SQS queue, or None where `event` is not that."""
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not records:
        return None
    if not all(isinstance(record, dict) and record.get("eventSource") == _SOURCE for record in records):
        return None
    return [Message.read(record, prefix=prefix) for record in records]


def partial_response(failed: Iterable[Message]) -> dict[str, object]:
    """Return the answer with which only these messages come back; Lambda deletes the others from the queue.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
    """
    return {"batchItemFailures": [{"itemIdentifier": message.id} for message in failed]}


def _json(body: str) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        # Without the parser's words: they quote the body.
        raise InvalidEvent("message", "text that is not JSON", "one event as JSON") from None
