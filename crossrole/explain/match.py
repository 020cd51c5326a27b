"""Finds the known troubles in an error text, the root of a chain first."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from crossrole.explain.catalogue import CATALOGUE, access_denied, writer
from crossrole.explain.catalogue.model import Trouble
from crossrole.explain.error_text import ErrorText
from crossrole.explain.facts import Facts, completed, facts_of

_VAGUE = {each.name for each in (*access_denied.VAGUE, *writer.CALLS[:-1])}
"""Troubles that are dropped where another one of the same text says it better."""
# The function's own advice names troubles that it does not have.
_ADVICE = re.compile(r"\"check\": ?\"[^\"]{0,2000}\"|(?<=expected success); check [^\"]{0,2000}")
_EVENTS_MESSAGE = re.compile(
    r"^(An error occurred \([\w.]{0,80}\) when calling the \w{1,60} operation: )\{.{0,60000}?"
    r"\"errorMessage\": ?\"(.{1,2000}?)\"(?=, ?\"|\s?\})"
)
_MOST = 5
_LONGEST_QUOTE = 160


@dataclass(frozen=True)
class Found:
    """A known trouble, its facts in the text, and the words that it was recognised by."""

    trouble: Trouble
    facts: Facts
    seen: str


def recognised(text: ErrorText) -> list[Found]:
    """Return the troubles in the text, each once, the innermost first and at most five."""
    found = list(_found(text))
    clear = [each for each in found if each.trouble.name not in _VAGUE] or found
    if len(clear) == 1:
        clear = [replace(clear[0], facts=completed(clear[0].facts, text.whole))]
    return clear[:_MOST]


def _found(text: ErrorText) -> Iterator[Found]:
    known: set[tuple[str | None, ...]] = set()
    # A message that was split by pasting may be complete in the whole text.
    joined = [] if text.skipped else [" ".join(text.errors)]
    for number, error in enumerate([*text.errors, *joined]):
        if number == len(text.errors) and known:
            return
        said = _as_called(_ADVICE.sub("", error))
        for trouble in CATALOGUE:
            match = trouble.pattern.search(said)
            if match and (trouble.beside is None or trouble.beside.search(text.whole)):
                facts = facts_of(said)
                key = (trouble.name, facts.caller, facts.action, facts.resource)
                if key not in known:
                    known.add(key)
                    yield Found(trouble, facts, _quote(*_as_told(said, match.start())))
                break


def _as_called(error: str) -> str:
    """Return an event of CloudTrail with the error message of the caller before it."""
    if '"eventName"' not in error or '"errorCode"' not in error:
        return error
    facts = facts_of(error)
    return f"An error occurred ({facts.code}) when calling the {facts.operation} operation: {error}"


def _as_told(said: str, at: int) -> tuple[str, int]:
    """Return an event of CloudTrail as the message in it, other errors as they are; and where to begin."""
    message = _EVENTS_MESSAGE.search(said)
    return (f"{message[1]}{message[2]}", 0) if message else (said, at)


def _quote(error: str, at: int) -> str:
    """Return the words around the place that was recognised."""
    start = max(0, at - _LONGEST_QUOTE // 4)
    start = error.find(" ", start) + 1 if start else 0
    quote = error[start : start + _LONGEST_QUOTE]
    if start + _LONGEST_QUOTE < len(error):
        quote = f"{quote.rpartition(' ')[0] or quote} …"
    return f"… {quote}" if start else quote
