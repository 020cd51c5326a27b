"""One resolved policy document, and where in the templates it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crossrole.unusable import Unusable

VERSION = "2012-10-17"

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Policy:
    """A policy document: `template` and `logical_id` say which resource holds it, `name` which one of that resource."""

    template: str
    logical_id: str
    name: str
    document: Mapping[str, Any] = field(repr=False)

    @property
    def place(self) -> str:
        """Where it stands, unique among all templates: it names the policy to the engines too."""
        return f"{self.template}/{self.logical_id}/{self.name}"

    @property
    def statements(self) -> list[Statement]:
        """The statements, in order."""
        return list(self.document["Statement"])


def policy_of(*, template: str, logical_id: str, name: str, document: Any) -> Policy:
    """Return a policy from a resolved document, in the form that both engines judge as AWS does.

    Numbers and booleans among a condition's values become text, as IAM compares them. Raises `Unusable` for what an
    engine is known to judge otherwise than AWS: a document without `Version` 2012-10-17, whose policy variables would
    be replaced all the same; dates as epoch seconds; a policy variable in an ARN condition.
    """
    place = f"{template}, {logical_id}: {name}"
    if not (place.isprintable() and _is_printable(document)):
        raise Unusable(
            f"{place!r} holds a character that is not printed, such as a line break, which IAM takes in none"
        )
    if not isinstance(document, Mapping) or not isinstance(document.get("Statement"), list | Mapping):
        raise Unusable(f"{place} is no policy document: it has no Statement")
    if document.get("Version") != VERSION:
        raise Unusable(f'{place} has Version {document.get("Version")!r}; only "{VERSION}" can be judged')
    given = document["Statement"]
    statements = [_as_compared(each, place) for each in (given if isinstance(given, list) else [given])]
    return Policy(template, logical_id, name, {"Version": VERSION, "Statement": statements})


def _is_printable(value: Any) -> bool:
    """Return whether every text can be shown, and pasted, as the one line that it is."""
    if isinstance(value, Mapping):
        return all(_is_printable(each) for pair in value.items() for each in pair)
    return all(map(_is_printable, value)) if isinstance(value, list) else str(value).isprintable()


def _as_compared(statement: Any, place: str) -> Statement:
    if not isinstance(statement, Mapping) or statement.get("Effect") not in {"Allow", "Deny"}:
        raise Unusable(f"{place} holds a statement without Effect Allow or Deny")
    conditions: dict[str, dict[str, str | list[str]]] = {}
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            texts = [_text(value) for value in values] if isinstance(values, list) else _text(values)
            _judged_as_aws_does(operator, key, texts, place)
            conditions.setdefault(operator, {})[key] = texts
    return {**statement, **({"Condition": conditions} if conditions else {})}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _judged_as_aws_does(operator: str, key: str, values: str | list[str], place: str) -> None:
    for value in [values] if isinstance(values, str) else values:
        dated = "Date" in operator
        if key.lower() == "aws:epochtime" or (dated and not value[:5].endswith("-")):
            raise Unusable(f"{place} compares a date with {value!r}; only ISO 8601 and aws:CurrentTime can be judged")
        if "Arn" in operator and "${" in value:
            raise Unusable(f"{place} has a policy variable in {operator} {key}, which can't be judged")
