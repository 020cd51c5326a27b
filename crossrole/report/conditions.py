"""What the conditions of one statement require, key by key."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network

from crossrole.iam.policy import Statement, texts

_TEXT = ("stringequals", "stringlike", "stringequalsignorecase", "arnequals", "arnlike")
"""Operators that name the values that are let in."""
_UNTIL = ("datelessthan", "datelessthanequals")
_AT_MOST = ("numericlessthan", "numericlessthanequals", "numericequals")


@dataclass(frozen=True)
class Condition:
    """One key with its operator and values, as the statement writes them."""

    operator: str
    key: str
    values: tuple[str, ...]

    @property
    def folded(self) -> tuple[str, str]:
        """Operator and key in lower case, as IAM compares them; without the one quantifier that requires a value."""
        return self.operator.lower().removeprefix("foranyvalue:"), self.key.lower()

    @property
    def as_compared(self) -> "Condition":
        """The same condition as IAM compares it."""
        return Condition(*self.folded, self.values)


def conditions_of(statement: Statement) -> Iterator[Condition]:
    """Yield the statement's conditions in their order."""
    for operator, keys in (statement.get("Condition") or {}).items():
        yield from (Condition(operator, key, tuple(texts(values))) for key, values in keys.items())


def named(statement: Statement, key: str) -> Condition | None:
    """Return the condition that names the values of a key, one of which a request must carry; None without one."""
    found = (each for each in conditions_of(statement) if each.folded[1] == key and each.folded[0] in _TEXT)
    return next((each for each in found if each.values and set(each.values) != {"*"}), None)


def until(statement: Statement) -> datetime | None:
    """Return the moment from which the statement holds for nobody."""
    moments = [
        moment
        for each in conditions_of(statement)
        if each.folded[1] == "aws:currenttime" and each.folded[0] in _UNTIL
        for moment in [max(filter(None, map(moment_of, each.values)), default=None)]
        if moment and all(map(moment_of, each.values))
    ]
    return min(moments, default=None)


def moment_of(text: str) -> datetime | None:
    """Return a moment, in UTC where it names no offset; None for what is not a moment."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def addresses(statement: Statement) -> list[IPv4Network | IPv6Network] | None:
    """Return the ranges that a request must come from; None where it may come from anywhere, or they are not ranges."""
    for each in conditions_of(statement):
        if each.folded == ("ipaddress", "aws:sourceip"):
            try:
                ranges = [ip_network(value, strict=False) for value in each.values]
            except ValueError:
                return None
            return ranges if ranges and all(one.prefixlen for one in ranges) else None
    return None


def mfa_age(statement: Statement) -> int | None:
    """Return the seconds since the MFA code that are allowed at most; None where none are named."""
    ages = [
        int(value)
        for each in conditions_of(statement)
        if each.folded[1] == "aws:multifactorauthage" and each.folded[0] in _AT_MOST
        for value in each.values
        if value.isascii() and value.isdigit()
    ]
    return max(ages, default=None)


def asks_mfa(statement: Statement) -> bool:
    """Return whether a caller must have signed in with MFA."""
    true = any(
        each.folded == ("bool", "aws:multifactorauthpresent") and each.values == ("true",)
        for each in conditions_of(statement)
    )
    return true or mfa_age(statement) is not None
