"""One JSON line per event on stdout."""

import json
import sys
from datetime import UTC, datetime
from typing import Literal

from s3_writer.errors import WriterError


def log(level: Literal["INFO", "ERROR"], message: str, **fields: object) -> None:
    """Write one JSON line.

    Lambda's JSON log format leaves a line that is JSON as it is, and reads `level` and an RFC 3339
    `timestamp` from it for its log-level filter (Lambda developer guide, "Log-level filtering").
    """
    line = {"timestamp": datetime.now(UTC).isoformat(), "level": level, "message": message, **fields}
    sys.stdout.write(json.dumps(line) + "\n")  # in one write, so that threads never share a line


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
