"""The callers that a policy's principals stand for: one, or a set of which some may be let in and others not."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from crossrole.evaluation.bounds import may_match
from crossrole.iam.arn import account_of, role_arn
from crossrole.iam.globs import common
from crossrole.iam.policy import Policy, Statement, principals_of, texts
from crossrole.templates.inventory import FleetCaller, Identity
from crossrole.unknown import has_unknowns

EVERYONE = "everyone in AWS"
SOMEWHERE = "000000000000"
OF_AWS = (EVERYONE, "some in AWS")
OF_THE_CALLER = ("aws:principalarn", "aws:principaltype", "aws:username")
"""The keys that say who of a set asks."""


@dataclass(frozen=True)
class Candidate:
    """Someone to ask about: `arn` stands for all that `label` names."""

    label: str
    arn: str
    via: Identity | None
    pattern: str | None = None
    """Where it stands for many: the pattern of their ARNs."""

    @property
    def some(self) -> str:
        """What a part of them is called."""
        return self.label.replace("everyone in", "some in") if self.label.startswith("everyone in") else self.label


def representative(name: str, via: Identity | None, partition: str) -> Candidate:
    """Return a caller that a policy's principal stands for, in the policy's partition."""
    if name == "*":
        return Candidate(EVERYONE, role_arn(partition, SOMEWHERE, "anyone"), via, f"arn:{partition}:iam::*")
    if name.isdigit() or name.endswith(":root"):
        return everyone_in(name if name.isdigit() else account_of(name), via, partition)
    return Candidate(name, re.sub(r"[?*]", "x", name), via, name if set(name) & set("*?") else None)


def everyone_in(account: str, via: Identity | None, partition: str) -> Candidate:
    """Return someone who stands for all roles and users of an account."""
    everyone = f"arn:{partition}:iam::{account}:*"
    return Candidate(f"everyone in {account}", role_arn(partition, account, "anyone"), via, everyone)


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


def let_in(policy: Policy) -> list[str]:
    """Return the principals that a policy lets in, as it names them: ARNs and ARN patterns, account ids, or "*".

    Where a statement names an account's root and then in `aws:PrincipalArn` whole ARNs, the latter are the principals.
    """
    return list(dict.fromkeys(name for each in policy.statements if each["Effect"] != "Deny" for name in _let_in(each)))


def _let_in(statement: Statement) -> Sequence[str]:
    named = [
        value
        for operator in ("ArnEquals", "ArnLike", "StringEquals", "StringLike")
        for key, values in statement.get("Condition", {}).get(operator, {}).items()
        if key.lower() == "aws:principalarn"
        for value in texts(values)
    ]
    whole = named and all(has_unknowns(each) or _IN_AN_ACCOUNT.match(each) for each in named)
    return named if whole else principals_of(statement)


_IN_AN_ACCOUNT = re.compile(r"arn:[^:*?$]+:iam::[0-9]{12}:[^$]+")


# --- who of a set


def tells_callers_apart(policies: Sequence[Policy]) -> bool:
    """Return whether policies may let in some of an account and not others."""
    return any(
        ("NotPrincipal" in each and each["Effect"] == "Deny") or any(key in OF_THE_CALLER for key, _ in _tested(each))
        for policy in policies
        for each in policy.statements
    )


def members(candidate: Candidate, policies: Sequence[Policy], partition: str) -> list[str]:
    """Return ARNs of a set of callers, one for each way in which policies may tell them apart."""
    named = [value for policy in policies for each in policy.statements for value in _named(each, partition)]
    patterns = list(dict.fromkeys(each for each in named if not has_unknowns(each)))[:_MOST]
    accounts = [SOMEWHERE, *(account_of(each) for each in patterns if _IN_AN_ACCOUNT.match(each))]
    if candidate.pattern != f"arn:{partition}:iam::*":
        accounts = ["*"]
    pairs = [()] + [(each,) for each in patterns] + list(combinations(patterns, 2))
    found = [
        common(str(candidate.pattern), f"arn:{partition}:iam::{account}:{kind}/?*", *pair)
        for account in dict.fromkeys(accounts)
        for kind in ("role", "user")
        for pair in pairs
    ]
    return list(dict.fromkeys([candidate.arn, *(each for each in found if each and _IS_ONE.fullmatch(each))]))


_MOST = 12
_IS_ONE = re.compile(r"arn:[^:]+:iam::[^:]+:(?:role|user)/[\w+=,.@/-]*[\w+=,.@-]")


def _named(statement: Statement, partition: str) -> Iterator[str]:
    for key, values in _tested(statement):
        if key == "aws:principalarn":
            yield from (re.sub(r"\$\{[^}]*\}", "*", each) for each in values)
        if key == "aws:username":
            yield from (f"arn:{partition}:iam::*:user/{each}" for each in values)
    for element in ("Principal", "NotPrincipal"):
        principal = statement.get(element)
        named = texts(principal.get("AWS")) if isinstance(principal, Mapping) and statement["Effect"] == "Deny" else []
        yield from (each for each in named if _IN_AN_ACCOUNT.match(each) and not each.endswith(":root"))


def _tested(statement: Statement) -> Iterator[tuple[str, list[str]]]:
    conditions: Mapping[str, Mapping[str, Any]] = statement.get("Condition", {})
    yield from ((key.lower(), texts(values)) for keys in conditions.values() for key, values in keys.items())
