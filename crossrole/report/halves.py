"""The callers' own policies: the half of an access across accounts that the caller's account gives."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crossrole.iam.actions import ASSUME
from crossrole.iam.policy import Policy, Statement
from crossrole.report.callers import WIDE, Caller
from crossrole.report.patterns import is_pattern, may_match, surely_matches
from crossrole.report.words import Name, Names, Words
from crossrole.templates.grant import Grant
from crossrole.templates.inventory import Identity, Inventory


@dataclass(frozen=True)
class Half:
    """A caller, the grants that trust it, and whether its own account lets it assume their roles."""

    caller: Words
    kind: str
    named: bool
    """Whether it is one role, user or permission set."""
    account: Words
    """Empty where it is not of one account."""
    may: tuple[str, ...]
    """The ARNs of the grants for which a template holds the caller's own policy."""
    elsewhere: tuple[str, ...]
    """Those for which the caller's own account must add its policy, outside the templates."""
    missing: tuple[str, ...]
    """Those that its policies in the templates do not let it assume."""


def halves_of(
    inventory: Inventory, trusted: Sequence[tuple[Grant, Sequence[Caller]]], names: Names
) -> tuple[Half, ...]:
    """Return every caller of another account that the grants trust, in the order of the grants."""
    found: dict[tuple[str, Words], dict[str, list[str]]] = {}
    callers: dict[tuple[str, Words], Caller] = {}
    for grant, of_grant in trusted:
        for caller in of_grant:
            if caller.is_outside(grant.account) and caller.kind != "identity provider":
                key = caller.principal, caller.words
                callers[key] = caller
                found.setdefault(key, {}).setdefault(_group(inventory, caller, grant), []).append(grant.arn)
    return tuple(
        Half(
            caller.words if caller.kind in WIDE else (Name(caller.name),),
            caller.kind,
            caller.kind not in WIDE,
            names.account(caller.account) if caller.account else (),
            *(tuple(dict.fromkeys(found[key].get(group, []))) for group in ("may", "elsewhere", "missing")),
        )
        for key, caller in callers.items()
    )


def _group(inventory: Inventory, caller: Caller, grant: Grant) -> str:
    """Return whether the caller's policies in the templates let it assume the role, as far as they decide it alone."""
    is_one = caller.kind in {"role", "user"} and not is_pattern(caller.principal)
    identity = inventory.identity(caller.principal) if is_one else None
    if identity is None:
        return "elsewhere"
    denied = any(surely_matches(each, ASSUME, grant.arn) for each in _statements(identity.policies, "Deny"))
    if denied or (identity.boundary and not _may(_statements([identity.boundary], "Allow"), grant)):
        return "missing"
    if _surely_allow(identity, grant):
        return "may"
    return "elsewhere" if identity.elsewhere or _may(_statements(identity.policies, "Allow"), grant) else "missing"


def _surely_allow(identity: Identity, grant: Grant) -> bool:
    """Return whether the identity's policies let it assume the role, under whichever conditions they name."""
    limits = [identity.policies, *([[identity.boundary]] if identity.boundary else [])]
    known = identity.boundary is not None or identity.boundary_arn is None
    return known and all(
        any(surely_matches({**each, "Condition": {}}, ASSUME, grant.arn) for each in _statements(policies, "Allow"))
        for policies in limits
    )


def _may(statements: Iterable[Statement], grant: Grant) -> bool:
    return any(may_match(each, ASSUME, grant.arn) for each in statements)


def _statements(policies: Iterable[Policy], effect: str) -> list[Statement]:
    return [each for policy in policies for each in policy.statements if each["Effect"] == effect]
