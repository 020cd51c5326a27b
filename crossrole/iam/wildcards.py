"""Texts with AWS's wildcards "*" and "?": what two of them have in common, and whether one takes in all of another.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html#reference_policies_elements_resource_wildcards
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

WILDCARDS = frozenset("*?")


@dataclass(frozen=True)
class Place:
    """One place of a pattern: a character or, where `text` is empty, any character but the excluded ones."""

    text: str = ""
    excluded: str = ""
    repeats: bool = False
    """Whether any number of such characters may stand here, none too."""

    def meets(self, other: "Place") -> bool:
        """Return whether a character fits both places."""
        if self.text and other.text:
            return self.text == other.text
        if self.text or other.text:
            return (self.text or other.text) not in (other.excluded if self.text else self.excluded)
        return True


@cache
def places(pattern: str) -> tuple[Place, ...]:
    """Return the places of a pattern as it stands in a policy."""
    wild = {"*": Place(repeats=True), "?": Place()}
    return tuple(wild.get(each) or Place(each) for each in pattern)


def has_wildcard(text: str) -> bool:
    """Return whether a text has a wildcard."""
    return not WILDCARDS.isdisjoint(text)


@cache
def meet(one: Sequence[Place], other: Sequence[Place]) -> bool:
    """Return whether some text fits both patterns."""
    seen: set[tuple[int, int]] = set()
    left = [(0, 0)]
    while left:
        at = left.pop()
        if at in seen:
            continue
        seen.add(at)
        i, j = at
        a = one[i] if i < len(one) else None
        b = other[j] if j < len(other) else None
        if a is None and b is None:
            return True
        if a and a.repeats:
            left.append((i + 1, j))
        if b and b.repeats:
            left.append((i, j + 1))
        if a and b and a.meets(b):
            left.append((i if a.repeats else i + 1, j if b.repeats else j + 1))
    return False


def overlap(one: str, other: str) -> bool:
    """Return whether some text fits both patterns of policies."""
    return meet(places(one), places(other))


@cache
def covers(pattern: str, other: str) -> bool:
    """Return whether every text that fits `other` fits the pattern, as "arn:aws:s3:::*" covers "arn:aws:s3:::b/*"."""
    rest = {0}
    for each in other:
        rest = _stepped(pattern, rest, each)
    return len(pattern) in _through(pattern, rest)


def _stepped(pattern: str, at: set[int], character: str) -> set[int]:
    # A "*" of the other pattern may be any text, which only a "*" here takes in whole.
    after: set[int] = set()
    for place in _through(pattern, at):
        if place == len(pattern):
            continue
        if pattern[place] == "*":
            after.add(place)
        elif character != "*" and pattern[place] in {"?", character}:
            after.add(place + 1)
    return after


def _through(pattern: str, at: set[int]) -> set[int]:
    """Return the places, with those that are reached where a "*" is nothing."""
    reached = set(at)
    for place in at:
        end = place
        while end < len(pattern) and pattern[end] == "*":
            end += 1
            reached.add(end)
    return reached
