"""Says in words what a request's context must be, from the engine's expression or a statement's own conditions."""

from collections.abc import Iterator, Mapping
from typing import Any

_WORDS = {
    "StringEquals": "is",
    "ArnEquals": "is",
    "StringLike": "is like",
    "ArnLike": "is like",
    "StringNotEquals": "is not",
    "StringNotLike": "is not like",
    "ArnNotEquals": "is not",
    "ArnNotLike": "is not like",
    "DateLessThan": "is before",
    "DateLessThanEquals": "is not after",
    "DateGreaterThan": "is after",
    "DateGreaterThanEquals": "is not before",
    "NumericLessThan": "is below",
    "NumericLessThanEquals": "is at most",
    "NumericGreaterThan": "is above",
    "NumericGreaterThanEquals": "is at least",
    "IpAddress": "is in",
    "NotIpAddress": "is not in",
    "Bool": "is",
}


def phrase(operator: str, key: str, values: list[str]) -> str:
    """Return one condition as words: `sts:ExternalId is abc`."""
    quantifier, _, base = operator.rpartition(":")
    optional = base.endswith("IfExists")
    base = base.removesuffix("IfExists")
    if base == "Null":
        return f"{key} is {'absent' if values == ['true'] else 'present'}"
    words = _WORDS.get(base, base)
    subject = f"{'some' if quantifier == 'ForAnyValue' else 'every'} {key}" if quantifier else key
    return f"{subject} {words} {' or '.join(sorted(values))}" + (" (if given)" if optional else "")


def of_statement(statement: Mapping[str, Any]) -> list[str]:
    """Return a statement's conditions in words, in a stable order."""
    return sorted(
        phrase(operator, key, [values] if isinstance(values, str) else list(values))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def of_expression(expression: Mapping[str, Any] | None) -> list[str]:
    """Return what must hold by the engine's expression: all of the texts, each of which may hold an "or"."""
    return list(dict.fromkeys(_all_of(expression))) if expression else []


def _all_of(expression: Mapping[str, Any]) -> Iterator[str]:
    if expression["conditionType"] == "group" and expression["operator"] == "and":
        for each in expression["conditions"]:
            yield from _all_of(each)
    elif expression["conditionType"] == "group":
        ways = [" and ".join(_all_of(each)) for each in expression["conditions"]]
        yield f"either {' or '.join(ways)}" if all(ways) else ""
    elif expression["conditionType"] == "condition":
        yield phrase(expression["op"], expression["key"], list(expression["values"]))
