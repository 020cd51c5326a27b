"""The operators of conditions: their names, the keys that each can compare, and with which values.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

from crossrole.errors import nearest

_QUANTIFIERS = ("ForAnyValue:", "ForAllValues:")
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


def comparison_problems(text: str, key: str, key_type: str | None, values: list[str]) -> Iterator[str]:
    """Yield what is wrong with comparing a key of a type, None for one that is not known, with values."""
    operator = operator_of(text)
    if key_type:
        yield from _type_problems(text, operator, key, key_type)
    is_valid, wanted = _VALUES.get(operator.kind, (lambda _: True, ""))
    for value in values:
        if not is_valid(value):
            yield f'{text} {key} compares with "{value}"; write {wanted}'


def _type_problems(text: str, operator: Operator, key: str, key_type: str) -> Iterator[str]:
    of_one = key_type.removeprefix("ArrayOf")
    fitting = _FITTING.get(of_one, ())
    if key.lower() == "aws:epochtime":
        # "This key also accepts the number of seconds since January 1, 1970."
        fitting = ("Date", "Numeric")
    if fitting and operator.kind not in {*fitting, "Null"}:
        write = _EXAMPLES.get(fitting[0], fitting[0])
        yield f"{text} can't compare {key}, which is of type {of_one}; write an operator such as {write}"
    if key_type != of_one and not operator.quantifier and operator.kind != "Null":
        choice = " or ".join(f"{quantifier}{text}" for quantifier in _QUANTIFIERS)
        yield f"{key} holds several values, which {text} can't compare; write {choice}"
    if key_type == of_one and operator.quantifier:
        yield f"{key} holds one value, but {operator.quantifier} is for several; write {operator.unquantified}"


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
