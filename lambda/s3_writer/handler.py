"""Where Lambda enters: `s3_writer.handler.handler`."""

import functools
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol

from s3_writer.connection import Connection, ConnectionCache
from s3_writer.deadline import DeadlineExceeded, Workers, deadline
from s3_writer.errors import AssumeRoleFailed, BatchFailed, InvalidEvent, PutFailed, WriterError
from s3_writer.event import read_event
from s3_writer.log import log, log_failure
from s3_writer.put import Written, put, target
from s3_writer.queue import Message, partial_response, read_messages
from s3_writer.request import PutRequest
from s3_writer.settings import Settings

if TYPE_CHECKING:
    from concurrent.futures import Future

# S3's answers to a session that was revoked (by a Deny, so AccessDenied is one) or is not known any more.
_STALE_SESSION = frozenset({"AccessDenied", "ExpiredToken", "InvalidToken", "InvalidAccessKeyId"})

_workers = Workers()
_connections = ConnectionCache()
_connections.prepare(os.environ)


class Invocation(Protocol):
    """What the writer needs of Lambda's context object."""

    @property
    def aws_request_id(self) -> str:
        """The id of the request: the same when Lambda retries an asynchronous event."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""


def handler(event: object, context: Invocation) -> dict[str, object]:
    """Write the event's object, or objects, to the bucket.

    Returns the receipt of the one object, or `{"objects": [receipt, ...]}`. Raises a `WriterError` for any
    failure, so that Lambda retries it, counts it and sends it on; each is logged as exactly one line first.

    For messages of an SQS queue it returns which of them have to come back, and raises only what concerns them all.
    """
    request_id = context.aws_request_id
    until = deadline(context.get_remaining_time_in_millis())
    try:
        settings = Settings.from_environment(os.environ)
        if (messages := read_messages(event, prefix=settings.prefix)) is not None:
            return _put_messages(settings, messages, request_id, until)
        work = read_event(event, prefix=settings.prefix, request_id=request_id)
        if isinstance(work, PutRequest):
            ((_, result),) = _put_all(settings, [work], until)
            if isinstance(result, WriterError):
                raise result
            return _receipt(result, request_id)
        return _put_each(settings, work, request_id, until)
    except BatchFailed:
        raise  # its failures are logged, one line each
    except WriterError as error:
        log_failure(error, request_id)
        raise


def _put_each(
    settings: Settings, work: Sequence[PutRequest | InvalidEvent], request_id: str, until: float
) -> dict[str, object]:
    """Attempt every object, some at a time; raise `BatchFailed` with all results if any failed."""
    answers = {place: _answer(item, request_id) for place, item in enumerate(work) if isinstance(item, InvalidEvent)}
    requests = {place: item for place, item in enumerate(work) if isinstance(item, PutRequest)}
    places = list(requests)
    for number, result in _put_all(settings, list(requests.values()), until):
        place = places[number]
        answers[place] = _answer(result, request_id, key=requests[place].key)
    in_order = [answers[place] for place in range(len(work))]
    if any("error" in answer for answer in in_order):
        raise BatchFailed(in_order)
    return {"objects": in_order}


def _put_messages(settings: Settings, messages: Sequence[Message], request_id: str, until: float) -> dict[str, object]:
    """Attempt every object of every message; a message of which any failed has to come back."""
    faulty = set()
    puts: list[tuple[Message, PutRequest]] = []
    for message, item in [(each, item) for each in messages for item in each.work]:
        if isinstance(item, PutRequest):
            puts.append((message, item))
        else:
            faulty.add(message.id)
            _answer(item, request_id, messageId=message.id)
    for place, result in _put_all(settings, [request for _, request in puts], until):
        message, request = puts[place]
        if "error" in _answer(result, request_id, key=request.key):
            faulty.add(message.id)
    failed = [message for message in messages if message.id in faulty]
    for message in failed:
        log(
            "INFO",
            "message not done, so it comes back",
            requestId=request_id,
            messageId=message.id,
            receiveCount=message.receive_count,
        )
    return partial_response(failed)


def _answer(result: Written | WriterError, request_id: str, **where: object) -> dict[str, object]:
    """Log one object's result, and return what a batch says of it."""
    if isinstance(result, Written):
        return _receipt(result, request_id)
    log_failure(result, request_id, **where)
    return {"error": result.answer()}


def _receipt(written: Written, request_id: str) -> dict[str, object]:
    receipt = asdict(written)
    message = "object was there already" if written.existing else "object written"
    log("INFO", message, requestId=request_id, operation="PutObject", **receipt)
    return receipt


def _put_all(
    settings: Settings, requests: Sequence[PutRequest], until: float
) -> Iterator[tuple[int, Written | WriterError]]:
    """Put each object, and yield its place and its result as it comes; raises `AssumeRoleFailed` before any put."""
    if not requests:
        return
    connection = _connected(settings, until)
    for place, future in _workers.run([functools.partial(put, connection, request) for request in requests], until):
        yield place, _result(future, connection, requests[place])


def _result(future: "Future[Written]", connection: Connection, request: PutRequest) -> Written | WriterError:
    try:
        return future.result()
    except DeadlineExceeded as late:
        return PutFailed(target(connection.settings, request), late)
    except WriterError as error:
        if isinstance(error, PutFailed) and error.code in _STALE_SESSION:
            # A warm instance would otherwise fail until the credentials expire; Lambda's retry starts afresh.
            _connections.drop(connection)
        return error


def _connected(settings: Settings, until: float) -> Connection:
    """Return the connection; one that has to be made, or to assume the role first, is waited for until the deadline."""
    if connection := _connections.ready():
        return connection
    ((_, future),) = _workers.run([functools.partial(_connections.get, settings)], until)
    try:
        return future.result()
    except DeadlineExceeded as late:
        raise AssumeRoleFailed(settings.role_arn, late) from None
