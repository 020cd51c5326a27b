"""The results of `doctor`, one line a check, as text and as JSON."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crossrole.printing import wrapped


class Status(StrEnum):
    """What became of a check."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "not checkable"


@dataclass(frozen=True)
class Line:
    """The result of one check; `fix` says what to do where it failed, `details` explain it."""

    check: str
    status: Status
    text: str
    fix: str | None = None
    details: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the line for `--json`."""
        return {
            "check": self.check,
            "status": self.status.value,
            "text": self.text,
            "fix": self.fix,
            "details": list(self.details),
        }


def ok(check: str, text: str, *details: str) -> Line:
    """Return a line for a check that is ok."""
    return Line(check, Status.OK, text, details=details)


def failed(check: str, text: str, *details: str, fix: str) -> Line:
    """Return a line for a check that failed."""
    return Line(check, Status.FAILED, text, fix, details)


def unknown(check: str, why: str, *details: str) -> Line:
    """Return a line for a check that can't be made from here."""
    return Line(check, Status.UNKNOWN, why, details=details)


def first_to_fix(lines: Sequence[Line]) -> Line | None:
    """Return the first failure: the checks follow the chain, so later failures may only follow from it."""
    return next((each for each in lines if each.status is Status.FAILED), None)


_STATUS, _CHECK = 14, 11
MARKS = re.compile(
    r"^(?:(?P<ok>ok(?= {2})|nothing failed$)|(?P<denied>failed(?= {2})|[0-9]+ failed)|(?P<unknown>not checkable(?= ))"
    r"|(?: {14}(?P<heading>fix(?= {2}))))",
    re.MULTILINE,
)
"""How the text is coloured."""


def lines_text(lines: Sequence[Line], width: int | None = None) -> list[str]:
    """Return the lines aligned, with the first fix at their end; each fix is printed once.

    They are as wide as the terminal, if there is one.
    """
    first = first_to_fix(lines)
    rows: list[str] = []
    printed = {first.fix if first else None}
    for each in lines:
        rows += _rows(each, width, with_fix=each.fix not in printed)
        printed.add(each.fix)
    return [*rows, "", *_summary(lines, width)]


def _rows(line: Line, width: int | None, *, with_fix: bool) -> list[str]:
    rows = _row(f"{line.status.value:<{_STATUS}}{line.check:<{_CHECK}}", line.text, width)
    for detail in line.details:
        rows += _row(" " * (_STATUS + _CHECK + 2), detail, width)
    if line.fix and with_fix:
        rows += _row(f"{'':<{_STATUS}}{'fix':<{_CHECK}}", line.fix, width)
    return rows


def _row(head: str, text: str, width: int | None) -> list[str]:
    # What goes on at the very left could pass for a line of its own.
    return wrapped(head, text, width, indent=len(head) or 2)


def _summary(lines: Sequence[Line], width: int | None) -> list[str]:
    first = first_to_fix(lines)
    failures = sum(each.status is Status.FAILED for each in lines)
    unknowns = sum(each.status is Status.UNKNOWN for each in lines)
    left = f", {unknowns} not checkable" if unknowns else ""
    untried = _untried(lines)
    if first is None and untried:
        return _row("", f"nothing failed{left}; no session was tried: {untried.text}", width)
    if first is None:
        return [f"nothing failed{left}"]
    return _row("", f"{failures} failed{left}; first {first.check}: {first.fix}", width)


def _untried(lines: Sequence[Line]) -> Line | None:
    """Return why AWS was not asked for a session; None where it was."""
    return next((each for each in lines if each.check == "assume" and each.status is Status.UNKNOWN), None)


def lines_json(grant: str, probes: Sequence[str], lines: Sequence[Line]) -> dict[str, Any]:
    """Return all that was found for `--json`; `probes` are the requests that were listed before they were sent."""
    first = first_to_fix(lines)
    return {
        "grant": grant,
        # Nobody knows that before a session was tried.
        "healthy": None if first is None and _untried(lines) else first is None,
        "checks": [each.as_json() for each in lines],
        "probes": list(probes),
        "first": first.as_json() if first else None,
    }
