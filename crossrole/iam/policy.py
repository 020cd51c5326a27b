"""One resolved policy document, and its place in the templates."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from crossrole.errors import CommandError

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
        """Its place, unique among all templates: it also names the policy in the engines."""
        return f"{self.template}/{self.logical_id}/{self.name}"

    @property
    def statements(self) -> list[Statement]:
        """The statements, in order."""
        return list(self.document["Statement"])


def policy_of(*, template: str, logical_id: str, name: str, document: Any) -> Policy:
    """Return a policy from a resolved document, in the form that both engines evaluate as AWS does.

    Numbers and booleans among a condition's values become text, as IAM compares them. Raises `CommandError` for what an
    engine evaluates otherwise than AWS: a document without `Version` 2012-10-17, whose policy variables would
    be replaced all the same; dates as epoch seconds; a policy variable in an ARN condition.
    """
    place = f"{template}, {logical_id}: {name}"
    if not (place.isprintable() and _is_printable(document)):
        raise CommandError(
            f"{place!r} holds a character that can't be printed, such as a line break; IAM allows none there"
        )
    if not isinstance(document, Mapping) or not isinstance(document.get("Statement"), list | Mapping):
        raise CommandError(f"{place} is not a policy document: it has no Statement")
    if document.get("Version") != VERSION:
        raise CommandError(f'{place} has Version {document.get("Version")!r}; only "{VERSION}" can be evaluated')
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
        raise CommandError(f"{place} holds a statement without Effect Allow or Deny")
    conditions: dict[str, dict[str, str | list[str]]] = {}
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            texts = [_text(value) for value in values] if isinstance(values, list) else _text(values)
            _evaluated_as_aws_does(operator, key, texts, place)
            conditions.setdefault(operator, {})[key] = texts
    return {**statement, **({"Condition": conditions} if conditions else {})}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _evaluated_as_aws_does(operator: str, key: str, values: str | list[str], place: str) -> None:
    for value in [values] if isinstance(values, str) else values:
        dated = "Date" in operator
        if key.lower() == "aws:epochtime" or (dated and not value[:5].endswith("-")):
            raise CommandError(
                f"{place} compares a date with {value!r}; only ISO 8601 and aws:CurrentTime can be evaluated"
            )
        if "Arn" in operator and "${" in value:
            raise CommandError(f"{place} has a policy variable in {operator} {key}, which can't be evaluated")


def listed(value: Any) -> list[Any]:
    """Return what may stand alone or in a list as a list."""
    return value if isinstance(value, list) else [value]


def atoms(policies: Sequence[Policy]) -> list[tuple[str, str]]:
    """Return each action with each resource that statements allow; NotAction and NotResource count as everything."""
    return list(
        dict.fromkeys(
            (action, resource)
            for policy in policies
            for statement in policy.statements
            if statement["Effect"] == "Allow"
            for action in texts(statement.get("Action", "*"))
            for resource in texts(statement.get("Resource", "*"))
        )
    )


def overlap(pattern: str, action: str) -> bool:
    """Return whether an action, or another pattern of actions, falls under a pattern such as `s3:*`."""
    folded, wanted = pattern.lower(), action.lower()
    return folded in {"*", wanted} or (folded.endswith("*") and wanted.startswith(folded[:-1]))


def texts(value: Any) -> list[str]:
    """Return one text or many as a list."""
    if value is None:
        return []
    return [str(each) for each in listed(value)]


def canonical(value: Policy | Statement | None) -> str:
    """Return a document as text that is the same for the same content, however it is written."""
    if isinstance(value, Policy):
        return json.dumps(sorted({canonical(each) for each in value.statements}))
    return json.dumps(_plain({k: v for k, v in value.items() if k != "Sid"}), sort_keys=True) if value else ""


def _plain(value: Any) -> Any:
    """Return one value as a list of one, and lists in one order: IAM makes no difference."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return sorted(map(str, value)) if isinstance(value, list) else [str(value)]


def trusted(trust: Policy) -> list[str]:
    """Return the principals that a trust policy trusts, as it names them: ARNs and ARN patterns, account ids, or "*".

    Where a statement names an account's root and then `aws:PrincipalArn`, the latter names the principals.
    """
    names: list[str] = []
    for statement in trust.statements:
        if statement["Effect"] == "Allow":
            conditions = statement.get("Condition", {})
            named = [
                value
                for operator in ("ArnEquals", "ArnLike", "StringEquals", "StringLike")
                for key, values in conditions.get(operator, {}).items()
                if key.lower() == "aws:principalarn"
                for value in ([values] if isinstance(values, str) else values)
            ]
            names += named or principals_of(statement)
    return list(dict.fromkeys(names))


def principals_of(statement: Mapping[str, Any]) -> list[str]:
    """Return the AWS principals that a resource policy's statement names: ARNs, account ids or "*".

    A NotPrincipal counts as "*" too.
    """
    if "NotPrincipal" in statement:
        return ["*"]
    principal = statement.get("Principal", {})
    named = principal if isinstance(principal, str) else principal.get("AWS", [])
    return [named] if isinstance(named, str) else list(named)


def instant(moment: datetime) -> str:
    """Return a moment as IAM's date conditions and access.toml take it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
