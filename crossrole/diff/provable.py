"""The policies of an inventory as the prover takes them: what a statement does not say is a free fact of the request.

The same unknown is the same fact in both states, so that a statement which is as it was allows nothing more.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from crossrole.iam.condition_operators import operator_of
from crossrole.iam.policy import Policy, Statement, canonical
from crossrole.templates.inventory import Identity, Inventory
from crossrole.unknown import Unknown, has_unknowns, token, unknowns_in, worded

_ANY_TEXT = "(?s:.+)"


def open_unknowns(value: Any) -> tuple[Unknown, ...]:
    """Return what is not known of a value and may be anything: not the names that the deployment chooses."""
    return tuple(each for each in unknowns_in(value) if each.shape in {None, _ANY_TEXT})


def provable(inventory: Inventory) -> Inventory:
    """Return the inventory with policies that the prover takes.

    A statement whose Effect is not known is left out: `not_proved` reports it where it changes.
    """
    return replace(
        inventory,
        roles={arn: _identity(each) for arn, each in inventory.roles.items()},
        users={place: _identity(each) for place, each in inventory.users.items()},
        others={place: _identity(each) for place, each in inventory.others.items()},
        # What a unit's callers have beside a StackSet's policies may allow anything, in both states.
        fleets={arn: replace(_identity(each), elsewhere=()) for arn, each in inventory.fleets.items()},
        resource_policies={arn: _policy(each) for arn, each in inventory.resource_policies.items()},
        managed={arn: _policy(each) for arn, each in inventory.managed.items()},
        groups={arn: tuple(map(_policy, each)) for arn, each in inventory.groups.items()},
    )


_Some = TypeVar("_Some", bound=Identity)


def _identity(identity: _Some) -> _Some:
    every = [*identity.policies, *([identity.boundary] if identity.boundary else [])]
    if not any(has_unknowns(each.document) for each in every):
        return identity
    return replace(
        identity,
        policies=tuple(map(_policy, identity.policies)),
        boundary=_policy(identity.boundary) if identity.boundary else None,
    )


def _policy(policy: Policy) -> Policy:
    if not has_unknowns(policy.document):
        return policy
    known = [_statement(each) for each in policy.statements if each.get("Effect") in {"Allow", "Deny"}]
    return replace(policy, document={**policy.document, "Statement": known})


def _statement(statement: Statement) -> Statement:
    if not has_unknowns(statement.get("Condition", {})):
        return statement
    made: dict[str, dict[str, Any]] = {}
    for operator, keys in statement["Condition"].items():
        for key, values in keys.items():
            if _is_comparable(operator, key, values):
                made.setdefault(operator, {})[key] = values
            else:
                made.setdefault("StringEquals", {})[_fact(operator, key, values)] = "true"
    return {**statement, "Condition": made}


def _is_comparable(operator: str, key: str, values: Any) -> bool:
    """Return whether the prover compares a condition as it stands: a token is a text like any other."""
    return not has_unknowns([operator, key]) and (operator_of(operator).kind == "String" or not has_unknowns(values))


def _fact(operator: str, key: str, values: Any) -> str:
    """Return the key of a fact that only the deployment knows: the prover takes any key of AWS's own as free."""
    if operator == key:  # the whole condition is one unknown
        return f"aws:{key}"
    said = Unknown(worded(f"{operator} {key} {canonical({'': values})}"))
    return f"aws:{token(said)}"


def mentions(inventory: Inventory, pattern: re.Pattern[str]) -> bool:
    """Return whether any policy of the templates holds a text."""
    return any(pattern.search(str(policy.document)) for policy in policies_of(inventory))


def policies_of(inventory: Inventory) -> Iterable[Policy]:
    """Yield every policy of the templates."""
    for identity in inventory.identities:
        yield from identity.policies
        if identity.boundary:
            yield identity.boundary
    yield from inventory.resource_policies.values()
    yield from inventory.managed.values()
    for policies in inventory.groups.values():
        yield from policies


def tags_of(inventory: Inventory) -> Mapping[str, Mapping[str, str]]:
    """Return the tags of the resources, roles and users among them, by ARN."""
    of_identities = {each.arn: each.tags for each in inventory.identities}
    return {**inventory.tags, **{arn: each.tags for arn, each in inventory.keys.items()}, **of_identities}
