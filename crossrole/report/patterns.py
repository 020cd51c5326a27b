"""What a policy's statement may match, and what it surely matches, read from its patterns alone.

"May" takes in too much rather than too little, and "surely" too little, so that what is said to be denied is denied
for every request. A policy variable, and a value that only deployment knows, may be any text.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from crossrole.iam.policy import Statement, texts
from crossrole.unknown import TOKEN

_ANY_TEXT = re.compile(rf"\$\{{[^}}]*\}}|{TOKEN.pattern}")


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    signs = {"*": ".*", "?": "."}
    return re.compile("".join(signs.get(each) or re.escape(each) for each in pattern), re.DOTALL)


def is_pattern(text: str) -> bool:
    """Return whether a wildcard is in it."""
    return bool({"*", "?"} & set(text))


def fits(text: str, pattern: str) -> bool:
    """Return whether a text fits a pattern, whose `*` stands for any text and whose `?` for any one character."""
    return bool(_regex(pattern).fullmatch(text))


def covers(pattern: str, other: str) -> bool:
    """Return whether all that fits the other pattern surely fits this one."""
    # A wildcard of the other is a character like any other here: only a `*` takes in all that it stands for.
    return pattern == other or fits(other, pattern if not is_pattern(other) else pattern.replace("?", "\0"))


@lru_cache(maxsize=65536)
def overlap(pattern: str, other: str) -> bool:
    """Return whether some text fits both patterns."""
    one, two = _head(pattern), _head(other)
    if not (one.startswith(two) or two.startswith(one)):
        return False
    if one == pattern or two == other:
        return fits(other, pattern) if two == other else fits(pattern, other)
    # Which ends of the other pattern are left to fit after each beginning of this one.
    left = _after_stars({0}, other)
    for sign in pattern:
        if sign == "*":
            left = set(range(min(left), len(other) + 1)) if left else left
        else:
            left = {at if other[at] == "*" else at + 1 for at in left if at < len(other) and _meet(sign, other[at])}
            left = _after_stars(left, other)
    return len(other) in left


def _head(pattern: str) -> str:
    return re.split(r"[*?]", pattern, maxsplit=1)[0]


def _meet(sign: str, other: str) -> bool:
    return sign == other or "?" in {sign, other} or other == "*"


def _after_stars(places: set[int], pattern: str) -> set[int]:
    """Return the places with those behind a `*` that stands for nothing more."""
    found = set(places)
    for place in sorted(places):
        at = place
        while at < len(pattern) and pattern[at] == "*":
            at += 1
            found.add(at)
    return found


def may_match(statement: Statement, action: str, resource: str) -> bool:
    """Return whether some request of the action, or of a pattern of actions, on a resource may match a statement."""
    return _may(statement, "Action", action.lower(), folded=True) and _may(
        statement, "Resource", resource, folded=False
    )


def surely_matches(statement: Statement, action: str, resource: str) -> bool:
    """Return whether every such request matches it, whatever else the request carries."""
    whole = _surely(statement, "Action", action.lower(), folded=True) and _surely(
        statement, "Resource", resource, folded=False
    )
    return whole and not statement.get("Condition")


def widened(pattern: str) -> str:
    """Return a pattern in which what may be any text is a `*`."""
    return _ANY_TEXT.sub("*", pattern)


def _may(statement: Mapping[str, Any], element: str, wanted: str, *, folded: bool) -> bool:
    if f"Not{element}" in statement:
        return not any(covers(each, wanted) for each in _patterns(statement, f"Not{element}", folded=folded))
    # A statement of a resource's policy may leave out the resource.
    return element not in statement or any(
        overlap(widened(each), widened(wanted)) for each in _patterns(statement, element, folded=folded)
    )


def _surely(statement: Mapping[str, Any], element: str, wanted: str, *, folded: bool) -> bool:
    if f"Not{element}" in statement:
        return not any(
            overlap(widened(each), widened(wanted)) for each in _patterns(statement, f"Not{element}", folded=folded)
        )
    return any(covers(each, wanted) for each in _patterns(statement, element, folded=folded))


def _patterns(statement: Mapping[str, Any], element: str, *, folded: bool) -> list[str]:
    given = texts(statement.get(element))
    return [each.lower() for each in given] if folded else given
