"""Patterns of IAM, in which `*` stands for any text and `?` for any one character, as the sets of texts that match.

A policy variable in a pattern stands for any text here: what is said of the pattern then holds whatever its value is.
"""

import re
from collections import deque
from functools import cache
from itertools import product

from crossrole.unknown import CLOSES, OPENS, TOKEN

_VARIABLE = re.compile(r"\$\{[^}]*\}")
_PARTS_OF_AN_ARN = 6


@cache
def meet(one: str, other: str) -> bool:
    """Return whether there may be a text that matches both patterns, whatever the parts of an ARN are."""
    one, other = (_VARIABLE.sub("*", each) for each in (one, other))
    # The places in `other` that texts which match the beginning of `one` can lead to.
    places = _behind_stars(other, {0})
    for letter in one:
        if letter == "*":
            places = set(range(min(places), len(other) + 1)) if places else places
            continue
        ahead = {at + 1 for at in places if at < len(other) and (letter == "?" or other[at] in {letter, "?"})}
        stays = {at for at in places if at < len(other) and other[at] == "*"}
        places = _behind_stars(other, ahead | stays)
    return len(other) in places


def _behind_stars(pattern: str, places: set[int]) -> set[int]:
    reached = set(places)
    for at in places:
        end = at
        while end < len(pattern) and pattern[end] == "*":
            end += 1
            reached.add(end)
    return reached


def common(*patterns: str) -> str | None:
    """Return a short text that matches all of these patterns, with "x" where any letter fits; None where none does."""
    start = tuple(0 for _ in patterns)
    found: dict[tuple[int, ...], str] = {start: ""}
    waiting = deque([start])
    while waiting:
        places = waiting.popleft()
        reached = [_behind_stars(pattern, {at}) for pattern, at in zip(patterns, places, strict=True)]
        if all(len(pattern) in ends for pattern, ends in zip(patterns, reached, strict=True)):
            return found[places]
        for each in product(*reached):
            wanted = {pattern[at] for pattern, at in zip(patterns, each, strict=True) if at < len(pattern)} - {"*", "?"}
            if len(wanted) > 1 or any(at == len(pattern) for pattern, at in zip(patterns, each, strict=True)):
                continue
            after = tuple(at + (pattern[at] != "*") for pattern, at in zip(patterns, each, strict=True))
            if after not in found:
                found[after] = found[places] + (wanted.pop() if wanted else "x")
                waiting.append(after)
    return None


@cache
def covers(pattern: str, other: str) -> bool:
    """Return whether every text that matches the other pattern surely matches this one, as one text."""
    if pattern in {"*", other}:
        return True
    if "${" in pattern:
        return False
    return _as_regex(pattern).fullmatch(_VARIABLE.sub("*", other)) is not None


# What is not known may be any text: it is covered as a whole, by "*" or by itself.
_ONE = f"[^*{OPENS}{CLOSES}]"
_KNOWN = f"[^{OPENS}{CLOSES}]*"
_ANY = f"{_KNOWN}(?:{TOKEN.pattern}{_KNOWN})*"


@cache
def covers_arn(pattern: str, other: str) -> bool:
    """Return the same of ARNs: a wildcard in one of the first five parts matches nothing beyond that part."""
    if pattern in {"*", other}:
        return True
    own, others = pattern.split(":", _PARTS_OF_AN_ARN - 1), other.split(":", _PARTS_OF_AN_ARN - 1)
    if len(own) != len(others) or len(own) != _PARTS_OF_AN_ARN or not all(map(covers, own, others)):
        return False
    # What is not known may hold a ":", with which all parts behind it are others.
    return not any(OPENS in each for each in others[:-1]) or own[:-1] == others[:-1]


@cache
def _as_regex(pattern: str) -> re.Pattern[str]:
    # Of another pattern's text, `?` is matched by `*` and `?` alone, and `*` by `*` alone.
    wanted = {"*": _ANY, "?": _ONE}
    return re.compile("".join(wanted.get(each, re.escape(each)) for each in pattern), re.DOTALL)
