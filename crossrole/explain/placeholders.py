"""Fills the catalogue's texts with an error text's facts; a missing fact becomes a general word."""

from collections.abc import Mapping
from dataclasses import replace

from crossrole.escaping import quoted, visible
from crossrole.explain.catalogue.model import Cause
from crossrole.explain.facts import Facts
from crossrole.iam.arn import account_of, bucket_arn, name_of, partition_of
from crossrole.templates.grant import Grant

ADMINISTRATOR = "DEV_ADMIN"
"""Stands for the profile of an administrator of the callers' account."""

# In a command: what to put there. In a sentence: what it is.
_UNKNOWN = {
    "principal": ("CALLER_ARN", "the caller"),
    "principal_name": ("ROLE", "the caller"),
    "caller_name": ("NAME", "the caller"),
    "caller_account": ("ACCOUNT_ID", "its account"),
    "role": ("ROLE_ARN", "the role"),
    "role_name": ("ROLE", "the role"),
    "grant": ("GRANT", "the grant"),
    "action": ("ACTION", "this"),
    "resource": ("RESOURCE_ARN", "the resource"),
    "bucket": ("BUCKET", "the bucket"),
    "bucket_arn": ("BUCKET_ARN", "the bucket"),
    "key": ("KEY", "the key"),
    "kms_key": ("KEY_ARN", "the key"),
    "region": ("REGION", "the region"),
    "account": ("ACCOUNT_ID", "the account"),
    "policy": ("POLICY_ARN", ""),
    "profile": ("PROFILE", "the profile"),
    "operation": ("EVENT_NAME", "the call"),
    "caller_profile": ("CALLER", "CALLER"),
    "doctor_profile": ("CALLER", "CALLER"),
    "caller_stack": ("STACK", "the stack that gives it"),
    "user": ("NAME", "of that name"),
    "stack": ("STACK", "the stack"),
    "stack_profile": ("PROFILE", "the profile"),
    "unique_id": ("UNIQUE_ID", "a unique id (AROA…, AIDA…)"),
}


def words_of(facts: Facts, grant: Grant | None, caller_stack: str | None) -> dict[str, str]:
    """Return the values of the placeholders, as far as they are known."""
    role = facts.role or (grant.arn if grant else None)
    resource = facts.resource
    bucket = facts.bucket or _bucket_of(grant)
    partition = partition_of(resource) if resource and facts.bucket else grant.partition if grant else None
    known = {
        "principal": facts.principal,
        "principal_name": name_of(facts.principal) if facts.principal else None,
        "caller_name": name_of(facts.principal) if facts.principal else None,
        "caller_account": account_of(facts.principal) if facts.principal else None,
        "role": role,
        "role_name": name_of(role) if role else None,
        "grant": grant.name if grant else _grant_by_name(facts),
        "action": facts.action,
        "resource": resource,
        "bucket": bucket,
        "bucket_arn": bucket_arn(partition, bucket) if partition and bucket else None,
        "key": resource.partition("/")[2] or None if resource and facts.bucket else None,
        "kms_key": resource if resource and ":kms:" in resource else None,
        "region": facts.region or (grant.region if grant and facts.action else None),
        "account": facts.account or (grant.account if grant and facts.action else None),
        "policy": facts.policy,
        "profile": facts.profile,
        "operation": facts.operation,
        "unique_id": facts.unique_id,
        **_profiles(facts, grant),
        "caller_stack": caller_stack,
        "user": facts.user,
        "stack": facts.stack,
        "stack_profile": ("dev" if facts.stack.startswith("Dev") else "prod") if facts.stack else None,
    }
    return {name: value for name, value in known.items() if value}


def _profiles(facts: Facts, grant: Grant | None) -> dict[str, str | None]:
    """Return the caller's profile, and the profile for doctor.

    Nobody has a profile of a function's role: doctor checks it with an administrator's profile of its account.
    """
    called = facts.principal if facts.principal and not (grant and _is_of(facts.principal, grant)) else None
    callers = [called] if called else grant.principals if grant else []
    roles = bool(callers) and all(":role/" in each for each in callers)
    users = [name_of(each) for each in callers if ":user/" in each]
    caller = (facts.profile if called else None) or (users[0] if len(users) == len(callers) == 1 else None)
    return {
        "caller_profile": caller,
        "doctor_profile": caller or (ADMINISTRATOR if roles else None),
    }


def _is_of(principal: str, grant: Grant) -> bool:
    """Return whether it is the grant's role; a session's ARN leaves out the role's path."""
    return (name_of(principal), account_of(principal)) == (grant.name, grant.account) and ":role/" in principal


def filled(cause: Cause, words: Mapping[str, str]) -> Cause:
    """Return a cause with its placeholders filled; in commands each word is quoted for the shell."""
    said = {name: visible(words.get(name, sentence)) for name, (_, sentence) in _UNKNOWN.items()}
    pasted = {name: quoted(words[name]) if name in words else word for name, (word, _) in _UNKNOWN.items()}
    # Filled after it is taken apart: a backtick of the text's own begins no command.
    parts = tuple(each.format_map(pasted) for each in cause.fix.split("`"))
    return replace(
        cause,
        what=" ".join(cause.what.format_map(said).split()),
        check=cause.check.format_map(pasted),
        fix="`".join(parts),
        fix_parts=parts,
    )


def _grant_by_name(facts: Facts) -> str | None:
    """Return the role's name where no template says which grant it is: a grant's role has the grant's name."""
    if facts.resource and ":role/" in facts.resource:
        return name_of(facts.resource)
    in_s3 = (facts.action or "").startswith(("s3:", "kms:"))
    return name_of(facts.role) if in_s3 and facts.role else None


def _bucket_of(grant: Grant | None) -> str | None:
    buckets = {reach.bucket for reach in grant.reaches if reach.bucket != "*"} if grant else set()
    return buckets.pop() if len(buckets) == 1 else None
