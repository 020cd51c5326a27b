"""What can be wrong with access.toml, and what a reader of the synth should know."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A reason to refuse: where it stands, what is there, what was expected, and how to mend it."""

    where: str
    got: str
    expected: str
    mend: str


@dataclass(frozen=True)
class Notice:
    """Something that the synth says aloud without refusing; `name` tells notices of one kind apart."""

    name: str
    text: str
