"""Texts of which a part is known only at deployment: it stands between two characters of the private-use area."""

import re
from collections.abc import Mapping
from typing import Any

UNKNOWN = "\ue000\ue001"
"""A whole value that only deployment knows."""
_UNKNOWN = re.compile("\ue000[^\ue001]*\ue001")
# `${aws:username}`, also with a default: `${aws:username, 'nobody'}`.
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_ESCAPES = {"*", "?", "$"}
# An unknown part may begin or end a variable: here it is "\0".
_HALF_A_VARIABLE = re.compile(r"\$\{[^}\0]*\0[^}]*(?:\}|$)|\0[^{}]*\}")


def is_known(value: Any) -> bool:
    """Return whether a value is no text with a part that only deployment knows."""
    return not (isinstance(value, str) and "\ue000" in value)


def is_whole(value: Any) -> bool:
    """Return whether no text in a value, however deep, has a part that only deployment knows."""
    if isinstance(value, Mapping):
        return all(map(is_known, value)) and all(map(is_whole, value.values()))
    return all(map(is_whole, value)) if isinstance(value, list) else is_known(value)


def as_pattern(text: str) -> str:
    """Return a text of a policy with "*" in the place of all that may become anything: what is unknown, and variables.

    The escapes `${*}`, `${?}` and `${$}` stand for one character, so "?" takes their place.
    """
    marked = _HALF_A_VARIABLE.sub("*", _UNKNOWN.sub("\0", text))
    return _VARIABLE.sub(lambda match: "?" if match[1] in _ESCAPES else "*", marked).replace("\0", "*")


def without_unknown(text: str) -> str:
    """Return the parts of a text that are known."""
    return _UNKNOWN.sub("", text)


def legible(text: str) -> str:
    """Return a text as one line that can be shown: what is unknown as …, and what can't be printed as an escape."""
    shown = _UNKNOWN.sub("…", text)
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in shown)
