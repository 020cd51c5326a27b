"""The trust policy: who may assume a grant's role."""

from typing import Any

from access.environment import Environment
from access.grant import Grant
from access.policies.document import (
    Conditions,
    Document,
    Statement,
    allow,
    document,
    from_addresses,
    merged,
    one_or_many,
    recent_mfa,
    until_expiry,
)
from access.principal import Principal, PrincipalKind
from crossrole.iam.arn import account_root_arn
from crossrole.iam.names import DISABLED


def trust_policy(grant: Grant, prod: Environment) -> Document:
    """Return the policy that says who may assume the grant's role in `prod`.

    Users and roles are trusted through their account's root and `aws:PrincipalArn`, which for a role's session
    is the role's ARN: so the principal need not exist yet, and one that is deleted and made again still fits.
    With `pin` they are named themselves, which IAM stores as unique ids.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    named = grant.of_kind(PrincipalKind.USER, PrincipalKind.ROLE)
    candidates = [
        _accounts(grant, prod),
        _pinned(named) if grant.pin else _named("TrustNamedPrincipals", "ArnEquals", named),
        _named("TrustPermissionSets", "ArnLike", grant.of_kind(PrincipalKind.PERMISSION_SET)),
        _organizations(grant, prod),
        _organizational_units(grant, prod),
    ]
    trusted = [each for each in candidates if each]
    common = _common_conditions(grant)
    statements = [
        allow(sid, principal=principal, action=["sts:AssumeRole"], conditions=merged(conditions, common))
        for sid, principal, conditions in trusted
    ]
    statements += _source_identity(trusted) if grant.source_identity else []
    return document([*statements, *([_DENY_WHILE_DISABLED] if grant.disabled else [])])


_Trusted = tuple[str, dict[str, Any], Conditions]

_DENY_WHILE_DISABLED: Statement = {
    "Sid": DISABLED,
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "sts:AssumeRole",
}


def _source_identity(trusted: list[_Trusted]) -> list[Statement]:
    """Return what lets the same principals set a source identity.

    Statements of their own, without the grant's conditions: a request's external ID belongs to its sts:AssumeRole
    alone, so that under its condition nobody could set one. It opens nothing, since sts:AssumeRole is asked too.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
    """
    return [
        allow(
            sid.replace("Trust", "SourceIdentityOf", 1),
            principal=principal,
            action=["sts:SetSourceIdentity"],
            conditions=conditions,
        )
        for sid, principal, conditions in trusted
    ]


def _accounts(grant: Grant, prod: Environment) -> _Trusted | None:
    accounts = [p.text for p in grant.of_kind(PrincipalKind.ACCOUNT)]
    roots = [account_root_arn(prod.partition, account) for account in accounts]
    return ("TrustWholeAccounts", _aws(roots), {}) if roots else None


def _pinned(named: list[Principal]) -> _Trusted | None:
    return ("TrustPinnedPrincipals", _aws([p.text for p in named]), {}) if named else None


def _named(sid: str, operator: str, principals: list[Principal]) -> _Trusted | None:
    if not principals:
        return None
    roots = dict.fromkeys(account_root_arn(str(p.partition), str(p.account)) for p in principals)
    return (
        sid,
        _aws(list(roots)),
        {operator: {"aws:PrincipalArn": one_or_many([p.arn_pattern for p in principals])}},
    )


def _organizations(grant: Grant, prod: Environment) -> _Trusted | None:
    ids = [p.text for p in grant.of_kind(PrincipalKind.ORGANIZATION)]
    member = {"StringEquals": {"aws:PrincipalOrgID": one_or_many(ids)}} if ids else {}
    return ("TrustOrganizations", _aws(["*"]), merged(member, _from_elsewhere(prod))) if ids else None


def _organizational_units(grant: Grant, prod: Environment) -> _Trusted | None:
    # A path ends in "/" and names every unit on the way, so that "/*" also takes the units below.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    paths = [f"{p.text}/*" for p in grant.of_kind(PrincipalKind.ORGANIZATIONAL_UNIT)]
    member = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": one_or_many(paths)}} if paths else {}
    return ("TrustOrganizationalUnits", _aws(["*"]), merged(member, _from_elsewhere(prod))) if paths else None


def _from_elsewhere(prod: Environment) -> Conditions:
    # "*" in the same account lets everyone in without a policy of their own; across accounts it takes both.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
    return {"StringNotEquals": {"aws:PrincipalAccount": prod.account}}


def _aws(arns: list[str]) -> dict[str, Any]:
    return {"AWS": one_or_many(arns)}


def _common_conditions(grant: Grant) -> Conditions:
    equals: dict[str, Any] = {}
    if grant.external_id:
        equals["sts:ExternalId"] = grant.external_id
    if grant.organization:
        equals["aws:PrincipalOrgID"] = grant.organization
    return merged(
        {"StringEquals": equals} if equals else {},
        recent_mfa(grant),
        until_expiry(grant),
        from_addresses(grant),
    )
