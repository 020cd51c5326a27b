"""What was tried, what should have come of it, and what the service answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sandbox.console import folded, print_whole

Outcome = Literal["allowed", "denied", "failed"]

# STS and S3 say AccessDenied; anything else is a failure, which must not pass for a denial.
_DENIALS = frozenset({"AccessDenied"})


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
        seen, answer = "denied" if code in _DENIALS else "failed", f"{code}: {error.response['Error']['Message']}"
    return Check(who=who, did=did, expected=expected, seen=seen, answer=answer)


def print_checks(console: Console, checks: Sequence[Check]) -> None:
    """Print each check with the service's answer below it, indented so little that its ARNs fit into 80 columns."""
    console.print(_row("", "expected", "seen", "who: did what"), style="bold")
    print_whole(console, Text(f"{_INDENT}the service's answer", style="bold"))
    for check in checks:
        mark, colour = ("ok", "green") if check.right else ("WRONG", "red")
        console.print(_row(Text(mark, style=colour), check.expected, check.seen, f"{check.who}: {check.did}"))
        for line in folded(check.answer, console.width - len(_INDENT)):
            print_whole(console, f"{_INDENT}{line}")


_WIDTHS = [len(widest) for widest in ("WRONG", "expected", "allowed")]
_INDENT = " " * 4


def _row(*cells: str | Text) -> Table:
    row = Table.grid(padding=(0, 2, 0, 0))
    for width in _WIDTHS:
        row.add_column(width=width)
    row.add_column(overflow="fold")
    row.add_row(*(Text.assemble(cell) for cell in cells))
    return row
