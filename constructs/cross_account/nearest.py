"""The nearest known word to a misspelt one."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean "…"?` with the nearest known word, or an empty text where none is near."""
    by_fold = {candidate.lower(): candidate for candidate in known}
    near = get_close_matches(word.lower(), by_fold, n=1, cutoff=0.6)
    return f'did you mean "{by_fold[near[0]]}"?' if near else ""
