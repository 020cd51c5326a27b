"""The writer's failures, a type each: Lambda reports the class name as `errorType`, to be counted by."""

import json
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from s3_writer.checks import check_for

# STS answers these by quoting the request, security token or Authorization header included.
_QUOTES_THE_REQUEST = frozenset({"SignatureDoesNotMatch", "IncompleteSignature"})
_LONGEST_QUOTE = 400


class WriterError(Exception):
    """Any failure that the writer foresees.

    `summary` says what happened; `check` says what to look at. `field` is set when the event is at fault;
    `operation`, `code` and `request_id` are AWS's own, set when a call failed.
    """

    field: str | None = None
    operation: str | None = None
    code: str | None = None
    request_id: str | None = None

    def __init__(self, summary: str, check: str) -> None:
        super().__init__(summary)
        self.summary = summary
        self.check = check

    def answer(self) -> dict[str, str]:
        """Return this failure as a batch reports it for one object."""
        details = {"field": self.field, "code": self.code, "request_id": self.request_id}
        known = {name: value for name, value in details.items() if value is not None}
        return {"type": type(self).__name__, "message": str(self), **known}


class InvalidEvent(WriterError):  # noqa: N818 - the name is what Lambda reports and alarms count
    """The event, or one object in it, is not one that the writer takes; nothing was written for it."""

    def __init__(self, field: str, got: str, expected: str) -> None:
        super().__init__(
            f"{field}: got {got}, expected {expected}",
            "what the caller sends: the same event fails on every retry",
        )
        self.field = field


class Misconfigured(WriterError):  # noqa: N818 - the name is what Lambda reports and alarms count
    """The function's environment is not the one that the stack sets."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(
            "environment variables: " + "; ".join(faults),
            "the function's configuration for a change by hand, then deploy the stack again",
        )


class _CallError(WriterError):
    """A call to AWS that failed: answered with an error (`ClientError`) or not answered (`BotoCoreError`)."""

    _operation: str

    def __init__(self, target: str, cause: ClientError | BotoCoreError) -> None:
        self.operation = self._operation
        said = str(cause)
        self.code = type(cause).__name__
        if isinstance(cause, ClientError):
            error = cause.response.get("Error", {})
            self.code = error.get("Code", "Unknown")
            said = error.get("Message", "no message")
            self.request_id = cause.response.get("ResponseMetadata", {}).get("RequestId")
        if self.code in _QUOTES_THE_REQUEST:
            said = "message withheld: it quotes the signed request"
        # The first line only: what follows it in AWS's messages is the request again.
        said = said.partition("\n")[0][:_LONGEST_QUOTE]
        super().__init__(
            f"{self.operation} on {target}: got {self.code} ({said}), expected success",
            check_for(self.operation, self.code),
        )

    def __str__(self) -> str:
        """Say what to look at too: the caller of a function sees this text and not its log."""
        return f"{self.summary}; check {self.check}"


class AssumeRoleFailed(_CallError):  # noqa: N818 - the name is what Lambda reports and alarms count
    """No credentials for the grant's role, so nothing was written."""

    _operation = "AssumeRole"


class PutFailed(_CallError):  # noqa: N818 - the name is what Lambda reports and alarms count
    """S3 did not confirm the object. After a timeout it may still be there: the same put again is safe."""

    _operation = "PutObject"


class BatchFailed(WriterError):  # noqa: N818 - the name is what Lambda reports and alarms count
    """At least one object of a batch failed.

    The text is one JSON document, `{"objects": [...]}`, in the order of the event: for each object the answer
    of its put, or `{"error": {...}}`.
    """

    def __init__(self, results: Sequence[dict[str, object]]) -> None:
        super().__init__(json.dumps({"objects": results}), "each object's own error")
