"""What was tried, what should have come of it, and what the service answered."""

import shutil
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import ClientError

Outcome = Literal["allowed", "refused", "failed"]

# STS and S3 say AccessDenied; anything else is a failure, which must not pass for a refusal.
_REFUSALS = frozenset({"AccessDenied"})


class UnexpectedAnswerError(Exception):
    """The service let the call through, and what came back is not what should have."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One attempt: who did what, what should have come of it, what did, and the service's own answer."""

    who: str
    did: str
    expected: Outcome
    seen: Outcome
    answer: str

    @property
    def right(self) -> bool:
        """Whether it went as it should."""
        return self.expected == self.seen


def attempt(*, who: str, did: str, expected: Outcome, call: Callable[[], str]) -> Check:
    """Call the service and keep its answer, whichever it is; `call` answers what to show when it is let through."""
    seen: Outcome
    try:
        seen, answer = "allowed", call()
    except UnexpectedAnswerError as error:
        seen, answer = "failed", str(error)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        seen, answer = "refused" if code in _REFUSALS else "failed", f"{code}: {error.response['Error']['Message']}"
    return Check(who=who, did=did, expected=expected, seen=seen, answer=answer)


def table(checks: Sequence[Check]) -> str:
    """Return the checks as text, the answer folded into what is left of the terminal's width."""
    head = ("", "expected", "seen", "who", "did what", "the service's answer")
    rows = [
        ("ok" if check.right else "WRONG", check.expected, check.seen, check.who, check.did, check.answer)
        for check in checks
    ]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(5)]
    room = max(30, shutil.get_terminal_size((160, 24)).columns - sum(widths) - 2 * len(widths))
    lines = []
    for row in [head, *rows]:
        folded = textwrap.wrap(row[5], room, break_on_hyphens=False) or [""]
        for number, answer in enumerate(folded):
            cells = [(row[column] if number == 0 else "").ljust(widths[column]) for column in range(5)]
            lines.append("  ".join([*cells, answer]).rstrip())
    return "\n".join([lines[0], "-" * min(len(lines[0]) + 10, sum(widths) + 2 * len(widths) + room), *lines[1:]])
