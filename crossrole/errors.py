"""The error of a command that can't answer."""

from collections.abc import Iterable
from difflib import get_close_matches


class CommandError(Exception):
    """The question or the templates are invalid; its text is one line that says how to fix it. Exit status 2."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` with the nearest known words, or an empty text where none is near."""
    near = near_words(word, known, most=3)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def near_words(word: str, known: Iterable[str], *, most: int, cutoff: float = 0.6) -> list[str]:
    """Return the known words that are written much like a word, the nearest first; upper and lower case are alike.

    `cutoff` is how alike they must be: 1 for the same.
    """
    by_fold = {candidate.lower(): candidate for candidate in known}
    return [by_fold[match] for match in get_close_matches(word.lower(), by_fold, n=most, cutoff=cutoff)]
