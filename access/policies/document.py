"""Policy documents as plain data: what is written here is what IAM gets."""

import json
from collections.abc import Iterable
from typing import Any

from access.grant import Grant
from crossrole.iam.policy import VERSION, instant

Conditions = dict[str, dict[str, Any]]
Statement = dict[str, Any]
Document = dict[str, Any]


def document(statements: Iterable[Statement]) -> Document:
    """Return a policy of the current version; older versions take `${…}` variables as text."""
    return {"Version": VERSION, "Statement": list(statements)}


def allow(
    sid: str,
    *,
    action: list[str],
    principal: dict[str, Any] | None = None,
    resource: list[str] | None = None,
    conditions: Conditions | None = None,
) -> Statement:
    """Return a statement that allows `action` to a principal, on a resource, or both."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        **({"Principal": principal} if principal else {}),
        "Action": one_or_many(action),
        **({"Resource": one_or_many(resource)} if resource else {}),
        **({"Condition": conditions} if conditions else {}),
    }


def one_or_many(values: list[str]) -> str | list[str]:
    """Return a single value alone, as IAM itself writes it; it also spares quota."""
    return values[0] if len(values) == 1 else values


def merged(*conditions: Conditions) -> Conditions:
    """Return conditions that must all hold: operators are joined, and keys under one operator too."""
    together: Conditions = {}
    for condition in conditions:
        for operator, keys in condition.items():
            together[operator] = together.get(operator, {}) | keys
    return together


def until_expiry(grant: Grant) -> Conditions:
    """Return the condition that holds until the grant expires."""
    return {"DateLessThan": {"aws:CurrentTime": instant(grant.expires)}} if grant.expires else {}


def from_addresses(grant: Grant) -> Conditions:
    """Return the condition that the request comes from one of the grant's addresses."""
    return {"IpAddress": {"aws:SourceIp": one_or_many(list(grant.source_ips))}} if grant.source_ips else {}


def recent_mfa(grant: Grant) -> Conditions:
    """Return the condition that the caller gave an MFA code, and not longer ago than the grant allows.

    Credentials without MFA have no age at all, and a condition on a missing key does not hold.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
    """
    if grant.mfa_max_age is None:
        return {}
    return {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThanEquals": {"aws:MultiFactorAuthAge": str(grant.mfa_max_age)},
    }


def tag_keys(grant: Grant) -> Conditions:
    """Return the condition that a session is tagged with the grant's keys alone.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
    """
    return {"ForAllValues:StringEquals": {"aws:TagKeys": one_or_many(list(grant.session_tags))}}


def size(policy: Document) -> int:
    """Return a policy's length as IAM counts it against its quota: characters, without white space."""
    return len(json.dumps(policy, separators=(",", ":"), ensure_ascii=False))
