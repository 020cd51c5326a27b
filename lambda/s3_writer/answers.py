"""Answers that AWS would not give."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError
from botocore.parsers import ResponseParserError


class UnusableAnswer(BotoCoreError):  # noqa: N818 - the name is the code that is reported
    """An answer outside AWS's API. Its text is never quoted: it may hold credentials."""

    fmt = "{fault}"


@contextmanager
def readable() -> Iterator[None]:
    """Raise `UnusableAnswer` where an answer can't be read, or lacks what is read in it."""
    try:
        yield
    except (ResponseParserError, KeyError, ValueError):
        raise UnusableAnswer(fault="an answer that can't be read") from None
