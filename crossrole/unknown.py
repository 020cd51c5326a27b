"""A value that no template says: a text stands for it wherever it is used, and says what it is.

What is not known before the deployment (the name that CloudFormation chooses for a resource, a parameter without a
value, a dynamic reference) is neither left out nor guessed. A *token* stands for it, alone or inside a longer text such
as an ARN. Equal tokens stand for the same value.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

OPENS: Final = "\ue000"
CLOSES: Final = "\ue001"
"""Characters for private use: `clean` keeps them out of all that is read, so that only `token` writes them."""
TOKEN: Final = re.compile(f"{OPENS}([0-9a-f]{{12}}){CLOSES}")
"""A token in a text."""


@dataclass(frozen=True)
class Unknown:
    """What is not known: `text` says it, so that "it depends on" can stand before it."""

    text: str
    shape: str | None = None
    """For a name that only the deployment chooses, and that no other resource bears: the pattern of such names."""
    may_be_absent: bool = False
    """Whether there may be no value at all: a list that holds it is then one item shorter."""
    written: str = ""
    """How a template writes it, where two values of the same text may differ."""


_known: Final[dict[str, Unknown]] = {}


def token(unknown: Unknown) -> str:
    """Return the text that stands for a value; the same for the same value, in every process."""
    parts = [str(unknown.shape), unknown.text, unknown.written, *(["absent"] if unknown.may_be_absent else [])]
    digest = sha256("\n".join(filter(None, parts)).encode(errors="replace")).hexdigest()[:12]
    _known[digest] = unknown
    return f"{OPENS}{digest}{CLOSES}"


def is_unknown(value: Any) -> bool:
    """Return whether a value is a token and nothing else."""
    return isinstance(value, str) and TOKEN.fullmatch(value) is not None


def unknowns_in(value: Any) -> tuple[Unknown, ...]:
    """Return what is not known of a value of any depth, each once."""
    return tuple(dict.fromkeys(_known[digest] for text in _texts(value) for digest in TOKEN.findall(text)))


def has_unknowns(value: Any) -> bool:
    """Return whether anything of a value of any depth is not known."""
    return any(OPENS in text for text in _texts(value))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def worded(text: str) -> str:
    """Return a text for a person: `<the name that deployment gives to Prod/Key>` in the place of a token."""
    return TOKEN.sub(lambda match: f"<{_known[match[1]].text}>", text) if OPENS in text else text


def all_worded(value: Any) -> Any:
    """Return a value of any depth with its texts, and its keys, for a person."""
    if isinstance(value, str):
        return worded(value)
    if isinstance(value, Mapping):
        return {worded(str(key)): all_worded(item) for key, item in value.items()}
    return [all_worded(item) for item in value] if isinstance(value, list | tuple) else value


def without_unknowns(text: str) -> str:
    """Return what is known of a text."""
    return TOKEN.sub("", text)


def pattern_of(text: str) -> str:
    """Return the regular expression of all that a text with tokens may turn out to be."""
    parts = TOKEN.split(text)
    # Every second part is a token's digest.
    return "".join(
        f"(?:{_known[part].shape or '(?s:.*)'})" if number % 2 else re.escape(part) for number, part in enumerate(parts)
    )


def may_be(text: str, other: str) -> bool:
    """Return whether a text with tokens may turn out to be another text."""
    if OPENS not in text or text == other:
        return text == other
    return re.fullmatch(pattern_of(text), other) is not None


def may_hold(value: Any, text: str) -> bool:
    """Return whether what is not known of a value may hold any character of a text: never too strict."""
    return any(each.shape is None or _may_hold(each.shape, text) for each in unknowns_in(value))


_CLASS: Final = re.compile(r"\[[^]]*\]|(?<!\\)\.")
_FLAGS: Final = re.compile(r"\(\?[a-z]*:")


def _may_hold(shape: str, text: str) -> bool:
    classes = _CLASS.findall(shape)
    letters = _FLAGS.sub("", _CLASS.sub("", shape)).lower()
    return any(each.lower() in letters or any(re.fullmatch(one, each, re.DOTALL) for one in classes) for each in text)


def may_be_the_same(one: str, other: str) -> bool:
    """Return whether two texts, each with tokens or not, may turn out to be one: never too strict."""
    if one == other:
        return True
    left, right = _parts(one), _parts(other)
    # What both begin or end with is the same, whatever it turns out to be.
    while left and right and left[0] == right[0]:
        left, right = left[1:], right[1:]
    while left and right and left[-1] == right[-1]:
        left, right = left[:-1], right[:-1]
    rest, others = "".join(left), "".join(right)
    if OPENS in rest and OPENS in others:
        return True
    return may_be(rest, others) if OPENS in rest else may_be(others, rest)


def _parts(text: str) -> list[str]:
    """Return a text's characters and tokens."""
    return [match[0] for match in re.finditer(f"{TOKEN.pattern}|.", text, re.DOTALL)]


def clean(text: str) -> str:
    """Return a text that was read, without the characters that tokens are made of."""
    return text.replace(OPENS, "\N{REPLACEMENT CHARACTER}").replace(CLOSES, "\N{REPLACEMENT CHARACTER}")


def to_engine(line: str) -> str:
    """Return a line for an engine, which takes a token as a name like any other."""
    return line.replace(OPENS, "unknown-").replace(CLOSES, "")


def from_engine(line: str) -> str:
    """Return an engine's line with the tokens in it as they were."""
    return _OF_ENGINE.sub(lambda match: f"{OPENS}{match[1]}{CLOSES}" if match[1] in _known else match[0], line)


_OF_ENGINE: Final = re.compile(r"unknown-([0-9a-f]{12})")


def is_known(value: Any) -> bool:
    """Return whether a value is no text with an unknown part."""
    return not (isinstance(value, str) and OPENS in value)


# `${aws:username}`, also with a default: `${aws:username, 'nobody'}`.
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_ESCAPES: Final = {"*", "?", "$"}
# An unknown part may begin or end a variable: here it is "\0".
_HALF_A_VARIABLE: Final = re.compile(r"\$\{[^}\0]*\0[^}]*(?:\}|$)|\0[^{}]*\}")


def as_pattern(text: str) -> str:
    """Return a text of a policy with "*" in the place of all that may become anything: what is unknown, and variables.

    The escapes `${*}`, `${?}` and `${$}` stand for one character, so "?" takes their place.
    """
    marked = _HALF_A_VARIABLE.sub("*", TOKEN.sub("\0", text))
    return _VARIABLE.sub(lambda match: "?" if match[1] in _ESCAPES else "*", marked).replace("\0", "*")


def legible(text: str) -> str:
    """Return a text as one line that can be shown: what is unknown as …, and what can't be printed as an escape."""
    shown = TOKEN.sub("…", text)
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in shown)
