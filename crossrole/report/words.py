"""Sentences that keep texts of a template or of git apart from the report's own words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from crossrole.escaping import visible
from crossrole.templates.inventory import Inventory

Words = tuple[str, ...]
"""A sentence in parts: a `Name` among them is always quoted, so that it can't be markup."""

DAY, HOUR, MINUTE = 86400, 3600, 60


class Name(str):
    """A text that is not the report's own: an ARN, a bucket, a description, a commit's subject."""

    __slots__ = ()

    def __new__(cls, text: object) -> Self:
        """Take the text on one line, with an escape for each character that does not print or turns the reading."""
        return super().__new__(cls, visible(str(text)))


class Prose(Name):
    """A text that someone wrote to be read, such as a description: quoted as such, not as a name."""

    __slots__ = ()


@dataclass(frozen=True)
class Names:
    """What a reader knows accounts and keys by, as far as the templates say it."""

    accounts: Mapping[str, str]
    """The name of an account by its number."""
    keys: Mapping[str, Words]
    """What a key encrypts or which stack makes it, by its ARN: its id is known only once it is deployed."""

    def account(self, number: str) -> Words:
        """Return an account in a sentence: its name, where it has one, and its number."""
        name = self.accounts.get(number)
        return (Name(name), " ", Name(number)) if name else (Name(number),)

    def key(self, arn: str) -> Words:
        """Return a key in a sentence."""
        return ("the key ", *self.keys.get(arn, (Name(arn),)))


def bucket_of(arn: str) -> str:
    """Return the bucket of an ARN, whatever its name holds."""
    return arn.split(":", 5)[-1]


def plain(words: Words) -> str:
    """Return a sentence as plain text."""
    return "".join(words)


def begun(words: Words) -> Words:
    """Return a sentence with a capital letter, where it does not begin with a name."""
    first, *rest = words
    return (first, *rest) if isinstance(first, Name) else (f"{first[:1].upper()}{first[1:]}", *rest)


def listed(items: Iterable[str | Words], last: str = "and") -> Words:
    """Return things as a list in a sentence: `a, b and c`."""
    each: Sequence[Words] = [(item,) if isinstance(item, str) else item for item in items]
    between = [*[", "] * (len(each) - 2), f" {last} "] if len(each) > 1 else []
    return tuple(word for item, after in zip(each, [*between, ""], strict=False) for word in (*item, after) if word)


def duration(seconds: int) -> str:
    """Return seconds in the largest unit that holds them whole: `1 hour`, `90 minutes`."""
    for size, unit in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second")):
        if seconds % size == 0 and seconds >= size:
            return counted(seconds // size, unit)
    return "0 seconds"


def counted(number: int, thing: str) -> str:
    """Return a number of things: `1 day`, `2 days`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def moment(when: datetime) -> str:
    """Return a moment in UTC, to the second where it has any."""
    return when.astimezone(UTC).strftime(f"%Y-%m-%d %H:%M{':%S' if when.second else ''} UTC")


MAY = " may "


def may_within(inventory: Inventory) -> str:
    """Return the words between who may and what: what guardrails deny is not said piece by piece."""
    return " may, as far as guardrails allow, " if inventory.has_guardrails else MAY
