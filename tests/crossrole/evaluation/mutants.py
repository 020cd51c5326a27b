"""Widens or breaks a policy in every way that a slip of the hand could: one small change for each mutant."""

import copy
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from crossrole.iam.policy import Policy
from crossrole.templates.inventory import Inventory

Statement = dict[str, Any]
KILLED = pytest.StashKey[Counter[str]]()
"""How many mutants were noticed in a run, and by what."""

_STRANGER = "arn:aws:iam::999999999999:root"


@dataclass(frozen=True)
class Mutant:
    """A policy with one change; `equivalent` says why AWS would evaluate it as before, where it would."""

    does: str
    policy: Policy
    equivalent: str | None = None


def mutants_of(policy: Policy) -> Iterator[Mutant]:
    """Yield every mutant of a policy."""
    for number, statement in enumerate(policy.statements):
        name = statement.get("Sid", f"statement {number + 1}")
        others = [each for each in policy.statements if each is not statement]
        shut = _SHUT if any(each["Effect"] == "Deny" and "Condition" not in each for each in others) else None
        if str(name).startswith("UseBucketKeyAs"):
            shut = _DELEGATED
        yield Mutant(f"drop {name}", _with(policy, number, None), shut)
        for does, changed, equivalent in _changes(dict(statement)):
            yield Mutant(f"{name}: {does}", _with(policy, number, changed), equivalent or shut)


def in_inventory(inventory: Inventory, old: Policy, new: Policy) -> Inventory:
    """Return the inventory with one policy in place of another, wherever it stands."""

    def swapped(policy: Policy | None) -> Policy | None:
        return new if policy and policy.place == old.place else policy

    def of(identity: Any) -> Any:
        policies = tuple(new if each.place == old.place else each for each in identity.policies)
        return replace(identity, policies=policies, trust=swapped(identity.trust))

    return replace(
        inventory,
        roles={arn: of(each) for arn, each in inventory.roles.items()},
        users={key: of(each) for key, each in inventory.users.items()},
        resource_policies={
            arn: new if each.place == old.place else each for arn, each in inventory.resource_policies.items()
        },
    )


def _with(policy: Policy, number: int, statement: Statement | None) -> Policy:
    statements: list[Any] = copy.deepcopy(policy.statements)
    statements[number : number + 1] = [statement] if statement else []
    return replace(policy, document={**policy.document, "Statement": statements})


_Change = tuple[str, Statement, str | None]


def _changes(statement: Statement) -> Iterator[_Change]:
    yield "turn its effect", statement | {"Effect": "Deny" if statement["Effect"] == "Allow" else "Allow"}, None
    yield from _actions(statement)
    yield from _resources(statement)
    yield from _principals(statement)
    for operator, keys in statement.get("Condition", {}).items():
        for key, value in keys.items():
            for does, block, equivalent in _conditions(operator, key, value):
                others = {k: v for k, v in keys.items() if k != key}
                rest = {op: ks for op, ks in statement["Condition"].items() if op != operator}
                kept = rest | ({operator: others} if others else {})
                for op, ks in block.items():
                    kept = kept | {op: kept.get(op, {}) | ks}
                yield f"{does} {operator} {key}", statement | {"Condition": kept}, equivalent


def _actions(statement: Statement) -> Iterator[_Change]:
    actions = _list(statement["Action"])
    for action in actions:
        service, _, _ = action.partition(":")
        if action != "*" and not action.endswith(":*"):
            wider = [f"{service}:*" if each == action else each for each in actions]
            denied = _NOWHERE_ALLOWED if statement["Effect"] == "Deny" and "Condition" not in statement else None
            yield f"star {action}", statement | {"Action": wider}, denied
        if len(actions) > 1:
            yield f"leave out {action}", statement | {"Action": [each for each in actions if each != action]}, None


def _resources(statement: Statement) -> Iterator[_Change]:
    resources = _list(statement.get("Resource", []))
    for resource in resources:
        others = [each for each in resources if each != resource]
        # A resource's own policy is about that resource, whatever else it names.
        for does, wider in [] if "Principal" in statement else _wider(resource):
            yield f"{does} {resource}", statement | {"Resource": [*others, wider]}, None
        if others:
            yield f"leave out {resource}", statement | {"Resource": others}, None


def _wider(resource: str) -> Iterator[tuple[str, str]]:
    if resource != "*":
        yield "star", "*"
    if resource.endswith("/*") and resource.count("/") > 1:
        yield "lose the slash of", f"{resource[:-2]}*"
        yield "lose the prefix of", f"{resource.partition('/')[0]}/*"
    elif resource.endswith("/*"):
        yield "lose the slash of", f"{resource[:-2]}*"
    elif not resource.endswith("*"):
        yield "go on after", f"{resource}*"


def _principals(statement: Statement) -> Iterator[_Change]:
    principal = statement.get("Principal")
    if not isinstance(principal, dict):
        return
    named = _list(principal.get("AWS", []))
    pinned = _NAMES_CALLERS if _names_callers(statement) else None
    if "*" not in named:
        yield "add a stranger", statement | {"Principal": principal | {"AWS": [*named, _STRANGER]}}, pinned
        yield "let everyone in", statement | {"Principal": {**principal, "AWS": "*"}}, None
    for each in named if len(named) > 1 else []:
        kept = [other for other in named if other != each]
        yield f"leave out {each}", statement | {"Principal": {**principal, "AWS": kept}}, None


def _conditions(operator: str, key: str, value: Any) -> Iterator[tuple[str, dict[str, dict[str, Any]], str | None]]:
    yield "drop", {}, None
    always = key in {"aws:PrincipalArn", "aws:PrincipalAccount", "aws:CurrentTime", "aws:ResourceAccount"}
    yield "make optional", {f"{operator}IfExists": {key: value}}, _ALWAYS_THERE if always else None
    for other, why in _OTHER_OPERATORS.get(operator, ()):
        caseless = other.endswith("IgnoreCase") and not re.search("[A-Za-z]", "".join(_list(value)))
        yield f"say {other} for", {other: {key: value}}, _NO_LETTERS if caseless else why
    for pattern, change in _OTHER_VALUES:
        if re.search(pattern, key, re.IGNORECASE):
            why = _NAMED_ACCOUNT if key == "aws:PrincipalArn" else None
            yield "widen", {operator: {key: [change(each) for each in _list(value)]}}, why
    if "Equals" in operator and not operator.startswith("Numeric"):
        yield "add a value to", {operator: {key: [*_list(value), _ANOTHER.get(key, "another")]}}, None


_SHUT = "another statement of the policy denies everyone"
_DELEGATED = "another statement of the key's policy leaves it to production's own policies"
_NOWHERE_ALLOWED = "what it denies beside is nowhere allowed"
_NAMES_CALLERS = "a condition names the callers' ARNs, and with them their accounts"
_NAMED_ACCOUNT = "the statement's Principal names the account"
_ALWAYS_THERE = "every such request of an IAM principal carries it"


def _names_callers(statement: Statement) -> bool:
    conditions = statement.get("Condition", {})
    return any("aws:PrincipalArn" in conditions.get(operator, {}) for operator in ("ArnEquals", "ArnLike"))


_NO_LETTERS = "no value holds a letter"
_NO_WILDCARDS = "no value holds a wildcard"
_OTHER_OPERATORS: dict[str, tuple[tuple[str, str | None], ...]] = {
    "StringEquals": (("StringLike", _NO_WILDCARDS), ("StringEqualsIgnoreCase", None), ("StringNotEquals", None)),
    "StringNotEquals": (("StringEquals", None),),
    "ArnEquals": (("ArnLike", "AWS evaluates both alike"), ("StringEquals", _NO_WILDCARDS), ("ArnNotEquals", None)),
    "ArnLike": (("ArnNotLike", None),),
    "DateLessThan": (("DateGreaterThan", None), ("DateLessThanEquals", None)),
    "NumericLessThan": (("NumericLessThanEquals", None), ("NumericGreaterThan", None)),
    "NumericLessThanEquals": (("NumericLessThan", None), ("NumericGreaterThan", None)),
    "IpAddress": (("NotIpAddress", None),),
}


def _another_year(text: str) -> str:
    return f"{int(text[:4]) + 1}{text[4:]}"


_OTHER_VALUES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("time$", _another_year),
    ("age$", lambda text: str(int(text) + 1)),
    ("tlsversion$", lambda _: "1.1"),
    ("sourceip$", lambda text: f"{text.partition('/')[0]}/{'7' if '.' in text else '31'}"),
    ("^s3:prefix$", lambda text: f"{text.removesuffix('/*')}*"),
    ("principalorgpaths$", lambda text: f"{text.removesuffix('/*')}*"),
    ("principalarn$", lambda text: re.sub(r"::[0-9]{12}:", "::*:", text)),
    ("resourceaccount$", lambda _: "*"),
    ("viaservice$", lambda text: text.replace("eu-west-1", "eu-west-2")),
    ("present$|securetransport$", lambda text: "false" if text == "true" else "true"),
)
_ANOTHER = {
    "aws:PrincipalArn": "arn:aws:iam::111111111111:role/Another",
    "aws:ResourceAccount": "999999999999",
    "aws:PrincipalAccount": "999999999999",
    "aws:PrincipalOrgID": "o-zzzzzzzzzz",
    "kms:ViaService": "dynamodb.eu-west-1.amazonaws.com",
}


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
