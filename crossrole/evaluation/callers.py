"""The callers that a policy's principals stand for, each with one ARN to ask about."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from crossrole.evaluation.bounds import may_match
from crossrole.iam.arn import account_of, role_arn
from crossrole.iam.policy import Policy, texts
from crossrole.templates.inventory import FleetCaller, Identity

EVERYONE = "everyone in AWS"
SOMEWHERE = "000000000000"


@dataclass(frozen=True)
class Candidate:
    """Someone to ask about: `arn` stands for all that `label` names."""

    label: str
    arn: str
    via: Identity | None


def representative(name: str, via: Identity | None, partition: str) -> Candidate:
    """Return a caller that a policy's principal stands for, in the policy's partition."""
    if name == "*":
        return Candidate(EVERYONE, role_arn(partition, SOMEWHERE, "anyone"), via)
    if name.isdigit() or name.endswith(":root"):
        return everyone_in(name if name.isdigit() else account_of(name), via, partition)
    return Candidate(name, re.sub(r"[?*]", "x", name), via)


def everyone_in(account: str, via: Identity | None, partition: str) -> Candidate:
    """Return someone who stands for all roles and users of an account."""
    return Candidate(f"everyone in {account}", role_arn(partition, account, "anyone"), via)


def may_allow(policies: Iterable[Policy], action: str, resource: str) -> bool:
    """Return whether a statement of a principal's policies might allow a request, whatever is unknown of it."""
    return any(
        statement["Effect"] != "Deny"
        and may_match(texts(statement.get("Action", "*")), action, folded=True)
        and may_match(texts(statement.get("Resource", "*")), resource)
        for policy in policies
        for statement in policy.statements
    )


def those_that_may_allow(caller: FleetCaller, action: str, resource: str) -> list[str]:
    """Return the names of the policies of a unit's accounts that might allow a request."""
    named = zip(caller.names, caller.policies, strict=True)
    return [name for name, policy in named if may_allow([policy], action, resource)]
