"""One JSON line per event on stdout."""

import json
import sys
import threading
from datetime import UTC, datetime
from typing import Literal

from s3_writer.errors import WriterError

_writing = threading.Lock()


def log(level: Literal["INFO", "ERROR"], message: str, **fields: object) -> None:
    """Write one JSON line.

    Lambda's JSON log format leaves a line that is JSON as it is, and reads `level` and an RFC 3339
    `timestamp` from it for its log-level filter (Lambda developer guide, "Log-level filtering").
    """
    line = {"timestamp": datetime.now(UTC).isoformat(), "level": level, "message": message, **fields}
    text = json.dumps(line) + "\n"
    # Unlocked, threads that write at once lose lines, and even write out memory that was never theirs to show.
    # https://github.com/python/cpython/issues/118138
    with _writing:
        sys.stdout.write(text)


def log_failure(error: WriterError, request_id: str, **where: object) -> None:
    """Write the one line for a failure.

    The type goes under `error`, not `errorType`: Lambda logs `errorType` itself for the exception that leaves
    the handler, so a metric filter on `$.error` counts each failure once.
    """
    details = {
        "field": error.field,
        "operation": error.operation,
        "code": error.code,
        "awsRequestId": error.request_id,
    }
    log(
        "ERROR",
        error.summary,
        requestId=request_id,
        error=type(error).__name__,
        **where,
        **{name: value for name, value in details.items() if value is not None},
        check=error.check,
    )
