"""One change in IAM, and what became of it when the answer says otherwise, or there is none."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from crossrole.live import code_of, message_of, told
from crossrole.unusable import Unusable


class NotWrittenError(Unusable):
    """IAM has not made the change; its text says why."""


class NotKnownError(Unusable):
    """IAM may have made the change or not: no answer came, and it could not be asked either."""


def write(profile: str, change: Callable[[], None], *, is_made: Callable[[], bool], full: str) -> None:
    """Make a change in IAM; `full` says what to do where a quota is in the way.

    Raises `NotWrittenError` or `NotKnownError`. An answer that was lost is no failure: the change is looked for.
    """
    try:
        with told(profile):
            _change(change, full)
    except Unusable as error:
        try:
            with told(profile):
                made = is_made()
        except Unusable:
            raise NotKnownError(f"{error}; whether IAM has made the change is not known") from None
        if not made:
            raise NotWrittenError(str(error)) from None


def _change(change: Callable[[], None], full: str) -> None:
    try:
        change()
    except ClientError as error:
        if code_of(error) != "LimitExceeded":
            raise
        raise Unusable(f"{error.operation_name} was refused: LimitExceeded: {message_of(error)}; {full}") from None
