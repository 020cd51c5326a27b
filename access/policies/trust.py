"""The trust policy: who may assume a grant's role."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from access.environment import Environment
from access.grant import Grant, logical_name
from access.identity_provider import IdentityProvider, is_pattern
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
    tag_keys,
    until_expiry,
)
from access.principal import Principal, PrincipalKind
from crossrole.iam.arn import account_root_arn
from crossrole.iam.names import DISABLED


def trust_policy(grant: Grant, prod: Environment, providers: Sequence[IdentityProvider]) -> Document:
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
        *[each for provider in providers for each in _tokens(grant, prod, provider)],
    ]
    trusted = [each for each in candidates if each]
    statements = [
        allow(
            each.sid,
            principal=each.principal,
            action=[each.action, *(_beside(grant) if each.is_federated else [])],
            conditions=merged(each.conditions, _common_conditions(grant, each)),
        )
        for each in trusted
    ]
    principals = [each for each in trusted if not each.is_federated]
    if grant.source_identity:
        statements += [_also(each, "SourceIdentityOf", _SET, {}) for each in principals]
    if grant.session_tags:
        statements += [_also(each, "SessionTagsOf", _TAG, tag_keys(grant)) for each in principals]
    return document([*statements, *([_deny_while_disabled(trusted)] if grant.disabled else [])])


_ASSUME, _SET, _TAG = "sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"


class _Trusted(NamedTuple):
    """Some principals, what they call to assume the role, and what must hold for them to be the ones meant."""

    sid: str
    principal: dict[str, Any]
    conditions: Conditions
    action: str = _ASSUME

    @property
    def is_federated(self) -> bool:
        """Whether they bring a token in place of credentials."""
        return self.action != _ASSUME


def _beside(grant: Grant) -> list[str]:
    """Return what a grant's callers may do beside assuming the role; with a token it is all in one statement."""
    return [*([_SET] if grant.source_identity else []), *([_TAG] if grant.session_tags else [])]


def _deny_while_disabled(trusted: list[_Trusted]) -> Statement:
    federated = any(each.is_federated for each in trusted)
    return {
        "Sid": DISABLED,
        "Effect": "Deny",
        # AWS does not document whether {"AWS": "*"} includes federated identities.
        "Principal": "*" if federated else {"AWS": "*"},
        "Action": one_or_many(list(dict.fromkeys([_ASSUME, *(each.action for each in trusted)]))),
    }


def _also(trusted: _Trusted, sid: str, action: str, conditions: Conditions) -> Statement:
    """Return what lets the same principals do more as they assume the role.

    Statements of their own, without the grant's conditions: a request's external ID belongs to its sts:AssumeRole
    alone, so that under its condition nobody could. It opens nothing, since sts:AssumeRole is asked too.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
    """
    return allow(
        trusted.sid.replace("Trust", sid, 1),
        principal=trusted.principal,
        action=[action],
        conditions=merged(trusted.conditions, conditions),
    )


def _accounts(grant: Grant, prod: Environment) -> _Trusted | None:
    accounts = [p.text for p in grant.of_kind(PrincipalKind.ACCOUNT)]
    roots = [account_root_arn(prod.partition, account) for account in accounts]
    return _Trusted("TrustWholeAccounts", _aws(roots), {}) if roots else None


def _pinned(named: list[Principal]) -> _Trusted | None:
    return _Trusted("TrustPinnedPrincipals", _aws([p.text for p in named]), {}) if named else None


def _named(sid: str, operator: str, principals: list[Principal]) -> _Trusted | None:
    if not principals:
        return None
    roots = dict.fromkeys(account_root_arn(str(p.partition), str(p.account)) for p in principals)
    arns = one_or_many([p.arn_pattern for p in principals])
    return _Trusted(sid, _aws(list(roots)), {operator: {"aws:PrincipalArn": arns}})


def _organizations(grant: Grant, prod: Environment) -> _Trusted | None:
    ids = [p.text for p in grant.of_kind(PrincipalKind.ORGANIZATION)]
    member = {"StringEquals": {"aws:PrincipalOrgID": one_or_many(ids)}} if ids else {}
    return _Trusted("TrustOrganizations", _aws(["*"]), merged(member, _from_elsewhere(prod))) if ids else None


def _organizational_units(grant: Grant, prod: Environment) -> _Trusted | None:
    # A path ends in "/" and names every unit on the way, so that "/*" also takes the units below.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    paths = [f"{p.text}/*" for p in grant.of_kind(PrincipalKind.ORGANIZATIONAL_UNIT)]
    member = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": one_or_many(paths)}} if paths else {}
    return _Trusted("TrustOrganizationalUnits", _aws(["*"]), merged(member, _from_elsewhere(prod))) if paths else None


def _from_elsewhere(prod: Environment) -> Conditions:
    # "*" in the same account lets everyone in without a policy of their own; across accounts it takes both.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
    return {"StringNotEquals": {"aws:PrincipalAccount": prod.account}}


def _aws(arns: list[str]) -> dict[str, Any]:
    return {"AWS": one_or_many(arns)}


def _tokens(grant: Grant, prod: Environment, provider: IdentityProvider) -> Iterator[_Trusted]:
    """Yield the tokens of one provider: those of exact subjects, and those whose subjects are like a pattern."""
    subjects = [str(p.subject) for p in grant.of_kind(PrincipalKind.FEDERATED) if p.provider == provider.name]
    principal = {"Federated": provider.arn(prod)}
    audience, name = provider.signed_audience(prod), logical_name(provider.name)
    if provider.saml:
        if subjects:
            saml: Conditions = {"StringEquals": {"SAML:aud": audience}}
            yield _Trusted(f"TrustSamlOf{name}", principal, saml, "sts:AssumeRoleWithSAML")
        return
    for sid, operator, some in (
        ("TrustTokensOf", "StringEquals", [each for each in subjects if not is_pattern(each)]),
        ("TrustTokensLike", "StringLike", [each for each in subjects if is_pattern(each)]),
    ):
        if some:
            signed: Conditions = {"StringEquals": {f"{provider.issuer}:aud": audience}}
            meant: Conditions = {operator: {f"{provider.issuer}:sub": one_or_many(some)}}
            yield _Trusted(f"{sid}{name}", principal, merged(signed, meant), "sts:AssumeRoleWithWebIdentity")


def _common_conditions(grant: Grant, trusted: _Trusted) -> Conditions:
    """Return what the grant asks of every request; a token's carries neither an external ID nor who the caller is."""
    always = merged(until_expiry(grant), from_addresses(grant))
    if trusted.is_federated:
        # A token without tags has no aws:TagKeys, and ForAllValues holds then.
        return merged(tag_keys(grant), always) if grant.session_tags else always
    equals: dict[str, Any] = {}
    if grant.external_id:
        equals["sts:ExternalId"] = grant.external_id
    if grant.organization:
        equals["aws:PrincipalOrgID"] = grant.organization
    equals |= {f"aws:PrincipalTag/{key}": value for key, value in grant.caller_tags.items()}
    return merged({"StringEquals": equals} if equals else {}, recent_mfa(grant), always)
