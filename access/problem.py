"""What can be wrong with access.toml, and what a reader of the synth should know."""

from collections.abc import Iterable
from dataclasses import dataclass

from crossrole.errors import near_words


@dataclass(frozen=True)
class Problem:
    """An error in access.toml: where it is, what is there, what was expected, and how to fix it."""

    where: str
    got: str
    expected: str
    fix: str


@dataclass(frozen=True)
class Notice:
    """A warning of the synth about a file that is valid; `name` distinguishes warnings of one kind."""

    name: str
    text: str


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean "…"?` with the nearest known word, or an empty text where none is near."""
    near = near_words(word, known, most=1)
    return f'did you mean "{near[0]}"?' if near else ""
