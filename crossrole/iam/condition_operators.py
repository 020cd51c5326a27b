"""The operators of conditions: their names, the keys that each can compare, and with which values.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

from crossrole.errors import nearest

FOR_ANY_VALUE, FOR_ALL_VALUES = "ForAnyValue:", "ForAllValues:"
_QUANTIFIERS = (FOR_ANY_VALUE, FOR_ALL_VALUES)
_ORDERED = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_OF_KIND = {
    "String": ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"),
    "Numeric": _ORDERED,
    "Date": _ORDERED,
    "Arn": ("Equals", "NotEquals", "Like", "NotLike"),
}
_KINDS = {f"{kind}{name}": kind for kind, names in _OF_KIND.items() for name in names} | {
    "Bool": "Bool",
    "BinaryEquals": "Binary",
    "IpAddress": "IpAddress",
    "NotIpAddress": "IpAddress",
    "Null": "Null",
}
# The kinds that can compare a key of each type, the fittest first. An ARN is a text too, and the reference calls some
# keys texts that hold ARNs.
_FITTING = {
    "String": ("String", "Arn"),
    "ARN": ("Arn", "String"),
    "Numeric": ("Numeric",),
    "Date": ("Date",),
    "Bool": ("Bool",),
    "IPAddress": ("IpAddress",),
}
_EXAMPLES = {"String": "StringEquals", "Arn": "ArnLike", "Numeric": "NumericLessThan", "Date": "DateLessThan"}


@dataclass(frozen=True)
class Operator:
    """An operator taken apart: `ForAnyValue:StringLikeIfExists` compares with `StringLike`."""

    quantifier: str
    comparison: str
    if_exists: bool

    @property
    def kind(self) -> str:
        """What it compares: `String`, `Date`, …; an empty text for an unknown operator."""
        return "" if self.if_exists and self.comparison == "Null" else _KINDS.get(self.comparison, "")

    @property
    def negates(self) -> bool:
        """Whether it holds where the key differs from every value: `StringNotLike`, `NotIpAddress`."""
        return "Not" in self.comparison

    @property
    def demands(self) -> bool:
        """Whether it holds only for a request that carries the key."""
        return not self.if_exists and not self.negates and self.quantifier != FOR_ALL_VALUES

    @property
    def unquantified(self) -> str:
        """The operator for a key that holds one value."""
        return f"{self.comparison}IfExists" if self.if_exists else self.comparison


def operator_of(text: str) -> Operator:
    """Return an operator taken apart; the `kind` of an unknown one is empty."""
    quantifier = next((each for each in _QUANTIFIERS if text.startswith(each)), "")
    comparison = text.removeprefix(quantifier)
    return Operator(quantifier, comparison.removesuffix("IfExists"), comparison.endswith("IfExists"))


def operator_problem(text: str) -> str | None:
    """Return what is wrong with an operator's name."""
    operator = operator_of(text)
    if operator.kind:
        return None
    if operator.comparison == "Null":
        return f'there is no operator "{text}"; Null itself asks whether the key exists'
    quantifier, _, comparison = text.rpartition(":")
    if f"{quantifier}:" not in {":", *_QUANTIFIERS}:
        return f'there is no operator "{text}"{nearest(f"{quantifier}:", _QUANTIFIERS)}'
    return f'there is no operator "{text}"{nearest(comparison.removesuffix("IfExists"), _KINDS)}'


def type_problem(text: str, key: str, key_type: str) -> str | None:
    """Return that an operator can't compare a key of a type, such as `String` or `ArrayOfString`."""
    of_one = key_type.removeprefix("ArrayOf")
    fitting = _FITTING.get(of_one, ())
    if key.lower() == "aws:epochtime":
        # "This key also accepts the number of seconds since January 1, 1970."
        fitting = ("Date", "Numeric")
    if not fitting or operator_of(text).kind in {*fitting, "Null"}:
        return None
    write = _EXAMPLES.get(fitting[0], fitting[0])
    return f"{text} can't compare {key}, which is of type {of_one}; write an operator such as {write}"


def missing_quantifier_problem(text: str, key: str, key_type: str) -> str | None:
    """Return that a key that holds several values is compared as if it held one."""
    operator = operator_of(text)
    if not key_type.startswith("ArrayOf") or operator.quantifier or operator.kind == "Null":
        return None
    choice = " or ".join(f"{quantifier}{text}" for quantifier in _QUANTIFIERS)
    return f"{key} holds several values, which {text} can't compare; write {choice}"


def needless_quantifier_problem(text: str, key: str, key_type: str) -> str | None:
    """Return that a key that holds one value is compared as if it held several."""
    operator = operator_of(text)
    if key_type.startswith("ArrayOf") or not operator.quantifier:
        return None
    absent = ", and holds where it is absent" if operator.quantifier == FOR_ALL_VALUES else ""
    return f"{key} holds one value, but {operator.quantifier} is for several{absent}; write {operator.unquantified}"


def value_problem(text: str, key: str, value: str) -> str | None:
    """Return that an operator can't compare with a value."""
    is_valid, wanted = _VALUES.get(operator_of(text).kind, (lambda _: True, ""))
    return None if is_valid(value) else f'{text} {key} compares with "{value}"; write {wanted}'


def _is_date(value: str) -> bool:
    # W3C's profile of ISO 8601, or seconds since 1970: fewer than nine digits are a mistake.
    # https://www.w3.org/TR/NOTE-datetime
    if re.fullmatch(r"\d{9,}", value):
        return True
    if not re.fullmatch(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?)?", value):
        return False
    whole = value if "T" in value else f"{value}-01-01"[: len("2026-01-01")]
    try:
        datetime.fromisoformat(whole)
    except ValueError:
        return False
    return True


def _is_range(value: str) -> bool:
    try:
        ip_network(value, strict=False)
    except ValueError:
        return False
    # Python reads masks such as 10.0.0.0/255.0.0.0 as well.
    return "." not in value.partition("/")[2]


def _is_truth(value: str) -> bool:
    return value.lower() in {"true", "false"}


_VALUES: dict[str, tuple[Callable[[str], bool], str]] = {
    "Numeric": (lambda value: re.fullmatch(r"[+-]?\d+(\.\d+)?", value) is not None, "a number"),
    "Date": (_is_date, "a date such as 2026-11-23T21:00:00Z"),
    # Of these kinds, Bool and Arn alone take policy variables.
    "Bool": (lambda value: _is_truth(value) or value.startswith("${"), '"true" or "false"'),
    "Null": (_is_truth, '"true" or "false"'),
    "IpAddress": (_is_range, "an address range such as 203.0.113.0/24"),
    "Arn": (lambda value: value.startswith(("arn:", "*", "?", "${")), "an ARN"),
}
