"""Where Lambda enters: `s3_writer.handler.handler`."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Protocol

from s3_writer.client_options import MAX_CONCURRENCY
from s3_writer.connection import Connection, ConnectionCache
from s3_writer.errors import BatchFailed, InvalidEvent, PutFailed, WriterError
from s3_writer.event import read_event
from s3_writer.log import log, log_failure
from s3_writer.put import Written, put
from s3_writer.queue import Message, partial_response, read_messages
from s3_writer.request import PutRequest
from s3_writer.settings import Settings

# S3's answers to a session that was revoked (by a Deny, so AccessDenied is one) or is no longer known.
_STALE_SESSION = frozenset({"AccessDenied", "ExpiredToken", "InvalidToken", "InvalidAccessKeyId"})

_connections = ConnectionCache()
_connections.prepare(os.environ)


class Invocation(Protocol):
    """What the writer needs of Lambda's context object."""

    @property
    def aws_request_id(self) -> str:
        """The id of the request: the same when Lambda retries an asynchronous event."""


def handler(event: object, context: Invocation) -> dict[str, object]:
    """Write the event's object, or objects, to the bucket.

    Returns the receipt of the one object, or `{"objects": [receipt, ...]}`. Raises a `WriterError` for any
    failure, so that Lambda retries it, counts it and sends it on; each is logged as exactly one line first.

    For messages of an SQS queue it returns which of them have to come back, and raises only what concerns them all.
    """
    request_id = context.aws_request_id
    try:
        settings = Settings.from_environment(os.environ)
        if (messages := read_messages(event, prefix=settings.prefix)) is not None:
            return _put_messages(settings, messages, request_id)
        work = read_event(event, prefix=settings.prefix, request_id=request_id)
        if isinstance(work, PutRequest):
            return asdict(_put(_connections.get(settings), work, request_id))
        return _put_each(settings, work, request_id)
    except BatchFailed:
        raise  # its failures are logged, one line each
    except WriterError as error:
        log_failure(error, request_id)
        raise


def _put(connection: Connection, request: PutRequest, request_id: str) -> Written:
    try:
        written = put(connection, request)
    except PutFailed as error:
        if error.code in _STALE_SESSION:
            # A warm instance would otherwise fail until the credentials expire; Lambda's retry starts afresh.
            _connections.drop(connection)
        raise
    log("INFO", "object written", requestId=request_id, operation="PutObject", **asdict(written))
    return written


def _put_each(settings: Settings, work: Sequence[PutRequest | InvalidEvent], request_id: str) -> dict[str, object]:
    """Attempt every object; raise `BatchFailed` with all results if any failed."""
    for item in work:
        if isinstance(item, InvalidEvent):
            log_failure(item, request_id)
    results = iter(_attempt_all(settings, [item for item in work if isinstance(item, PutRequest)], request_id))
    answers = [item if isinstance(item, InvalidEvent) else next(results) for item in work]
    if any(isinstance(answer, WriterError) for answer in answers):
        raise BatchFailed([_answer(answer) for answer in answers])
    return {"objects": [_answer(answer) for answer in answers]}


def _put_messages(settings: Settings, messages: Sequence[Message], request_id: str) -> dict[str, object]:
    """Attempt every object of every message; a message of which any failed has to come back."""
    for message in messages:
        for item in message.work:
            if isinstance(item, InvalidEvent):
                log_failure(item, request_id, messageId=message.id)
    work = [(message, item) for message in messages for item in message.work]
    results = iter(_attempt_all(settings, [item for _, item in work if isinstance(item, PutRequest)], request_id))
    faulty = {
        message.id
        for message, item in work
        if isinstance(item if isinstance(item, InvalidEvent) else next(results), WriterError)
    }
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


def _attempt_all(settings: Settings, requests: Sequence[PutRequest], request_id: str) -> list[Written | WriterError]:
    """Attempt every put, some at a time, and return each one's result."""
    if not requests:
        return []
    connection = _connections.get(settings)
    with ThreadPoolExecutor(min(MAX_CONCURRENCY, len(requests))) as threads:
        return list(threads.map(lambda request: _attempt(connection, request, request_id), requests))


def _attempt(connection: Connection, request: PutRequest, request_id: str) -> Written | WriterError:
    try:
        return _put(connection, request, request_id)
    except WriterError as error:
        log_failure(error, request_id, key=request.key)
        return error


def _answer(result: Written | WriterError) -> dict[str, object]:
    return {"error": result.answer()} if isinstance(result, WriterError) else asdict(result)
