"""What keeps a command from answering."""

from collections.abc import Iterable
from difflib import get_close_matches


class CommandError(Exception):
    """The question or the templates can't be used; its text is one line that says how to fix it. Exit status 2."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` with the nearest known words, or an empty text where none is near."""
    by_fold = {candidate.lower(): candidate for candidate in known}
    near = get_close_matches(word.lower(), by_fold, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(by_fold[match] for match in near)}?" if near else ""
