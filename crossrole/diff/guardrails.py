"""Control policies as the bounds of each proof: what those of both states deny is access that nobody gains.

A bound may allow more than the control policies do, and never less. A statement of which it is not certain whether it
is about a request is left out of that request's bounds, and the bounds say so. The policies of VPC endpoints are left
out too: a caller may take another way.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from crossrole.diff.parts import as_policy
from crossrole.engines.prover import Bounds, elements_about
from crossrole.iam.globs import covers_arn, meet
from crossrole.iam.policy import Policy, Statement, texts
from crossrole.templates.guardrails import UNDER_RCPS, Guardrails
from crossrole.unknown import as_pattern, has_unknowns

_EVERYTHING: Final[Statement] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_OF_NAMES: Final = re.compile(
    r"[\w-]+:(?:\w*arn$|user|principal(?!account|isaws|org|type)|\w*resource(?!account|org)|\w*tag/|caller|via)",
    re.IGNORECASE,
)
"""The keys whose values are made of the names and tags of principals and resources."""


def bounds_of(
    guardrails: Guardrails, *, caller: str, owner: str, action: str, resource: str, names: Any = ()
) -> Bounds:
    """Return what bounds the requests of principals of the account `caller` to resources of the account `owner`.

    An account is empty where it is not known: then nothing bounds it for certain. `names` are the names and tags of the
    principal and the resource, of which something may not be known.
    """
    of_caller = guardrails.levels("scp", caller) if caller else ()
    of_owner = guardrails.levels("rcp", owner) if owner else ()
    levels = [[each for policy in level for each in policy.statements] for level in of_caller]
    levels += [[_EVERYTHING, *(each for policy in level for each in _by_service(policy))] for level in of_owner]
    named = not has_unknowns([names, resource])
    found: list[Policy] = []
    unsure = False
    for level in levels:
        statements = [about for each in level if (about := _about(each, action, resource))]
        certain = [each for each in statements if _is_certain(each, resource, named=named)]
        unsure = unsure or len(certain) < len(statements)
        if any(each not in certain and each["Effect"] != "Deny" for each in statements):
            certain.append(_EVERYTHING)
        if any(each["Effect"] == "Deny" for each in certain) or not any(map(_allows_everything, certain)):
            found.append(as_policy(certain))
    return Bounds(tuple(found), may_be_denied=unsure)


def _about(statement: Statement, action: str, resource: str) -> Statement | None:
    return statement if has_unknowns(statement) else elements_about(statement, action, as_pattern(resource))


def _is_certain(statement: Statement, resource: str, *, named: bool) -> bool:
    """Return whether the prover's decision on a statement holds for every value of what is not known."""
    if has_unknowns(statement) or {"Principal", "NotPrincipal"} & statement.keys():
        return False
    tests = [key for keys in statement.get("Condition", {}).values() for key in keys]
    if not named and any(_OF_NAMES.match(key) for key in tests):
        return False
    if not has_unknowns(resource):
        return True
    return "NotResource" not in statement and all(covers_arn(each, resource) for each in texts(statement["Resource"]))


def _allows_everything(statement: Statement) -> bool:
    everything = "*" in texts(statement.get("Action")) and "*" in texts(statement.get("Resource"))
    return statement["Effect"] == "Allow" and everything and "Condition" not in statement


def _by_service(policy: Policy) -> Iterator[Statement]:
    """Yield a resource control policy's statements with the actions of the services that such a policy holds for.

    What is not of the form that Organizations takes stays as it is, with its principals, and is certain of nothing.
    """
    for statement in policy.statements:
        actions = [_of_services(each) for each in texts(statement.get("Action"))]
        if has_unknowns(statement) or not actions or None in actions or statement.get("Principal") not in _ANYONE:
            yield {"Principal": "*", **statement}
            continue
        rest = {key: value for key, value in statement.items() if key != "Principal"}
        yield {**rest, "Action": [one for each in actions if each for one in each]}


_ANYONE: Final = ("*", {"AWS": "*"}, {"AWS": ["*"]})


def _of_services(pattern: str) -> list[str] | None:
    """Return an action, or a pattern, for each service that it is of; None where that can't be told."""
    service, colon, name = pattern.lower().partition(":")
    if colon:
        return [f"{each}{name}" for each in UNDER_RCPS if meet(f"{service}:", each)]
    beginning = service.removesuffix("*")
    if beginning == service or {"*", "?"} & set(beginning):
        return None
    return [f"{each}*" for each in UNDER_RCPS if each.startswith(beginning)]
