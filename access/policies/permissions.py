"""The permissions policies: what a session of a grant's role may do."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from access.environment import Environment
from access.grant import Grant, Place, logical_name
from access.policies.document import (
    Conditions,
    Document,
    Statement,
    allow,
    document,
    from_addresses,
    merged,
    one_or_many,
    until_expiry,
)
from access.s3_actions import limits_by_prefix, resource_types
from crossrole.iam.names import DISABLED, REVOCATION_POLICY
from crossrole.iam.policy import instant

PERMISSIONS_POLICY = "CrossAccountS3Access"

_OBJECT_ACTIONS = {
    "read": ("ReadObjects", ["s3:GetObject"]),
    # A multipart upload needs PutObject, and these two to be resumed or given up.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
    "write": ("WriteObjects", ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]),
    "delete": ("DeleteObjects", ["s3:DeleteObject"]),
}


def inline_policies(grant: Grant, prod: Environment, keys: Mapping[str, str]) -> dict[str, Document]:
    """Return the role's inline policies by name; `keys` are the ARNs of customer keys by the buckets that have one."""
    policies = {PERMISSIONS_POLICY: document(_statements(grant, prod, keys))}
    if grant.revoked_before:
        issued_before = {"DateLessThan": {"aws:TokenIssueTime": instant(grant.revoked_before)}}
        policies[REVOCATION_POLICY] = document([_deny_everything("DenyOlderSessions", issued_before)])
    if grant.disabled:
        policies[DISABLED] = document([_deny_everything(DISABLED, {})])
    return policies


def key_statements(grant: Grant, prod: Environment, keys: Mapping[str, str]) -> list[Statement]:
    """Return the statements that let a grant's sessions use the buckets' keys through S3 alone; none if they need not.

    A put needs a data key; a multipart upload must also read back the parts' data keys.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#require-sse-kms
    """
    conditions = merged({"StringEquals": {"kms:ViaService": prod.s3_service}}, until_expiry(grant))
    asked: dict[str, dict[str, None]] = {}
    for place in grant.all_places:
        if key := keys.get(place.bucket):
            actions = ["kms:Decrypt"] if place.reads or place.writes else []
            actions += ["kms:GenerateDataKey"] if place.writes else []
            asked.setdefault(key, {}).update(dict.fromkeys(actions))
    return _written(
        _Part("UseBucketKey", sorted(actions), [key], conditions) for key, actions in asked.items() if actions
    )


def key_policy_statements(grant: Grant, bucket: str, prod: Environment) -> list[Statement]:
    """Return the statements of a bucket's key policy that match `key_statements`.

    The role is named by `aws:PrincipalArn`, since the role's own policy already names the key: as a Principal
    each would have to exist before the other.
    """
    only_role = {"ArnEquals": {"aws:PrincipalArn": prod.role_arn(grant.path_and_name)}}
    return [
        statement
        | {
            "Sid": f"UseBucketKeyAs{logical_name(grant.name)}",
            "Principal": {"AWS": prod.root_arn},
            "Condition": merged(statement["Condition"], only_role),
        }
        for statement in key_statements(grant, prod, {bucket: "*"})
    ]


class _Part(NamedTuple):
    """What a statement is made of; parts that differ in their resources alone become one statement."""

    sid: str
    actions: list[str]
    resources: list[str]
    conditions: Conditions


def _statements(grant: Grant, prod: Environment, keys: Mapping[str, str]) -> list[Statement]:
    always = merged(until_expiry(grant), from_addresses(grant))
    parts = [*_full(grant, prod, always), *_on_objects(grant, prod, always), *_on_buckets(grant, prod, always)]
    if grant.list_buckets:
        # AWS offers no narrower resource for it.
        parts.append(_Part("ListAllMyBuckets", ["s3:ListAllMyBuckets"], ["*"], always))
    return [*_written(sorted(parts, key=lambda part: _ORDER.index(part.sid))), *key_statements(grant, prod, keys)]


_ORDER = (
    "FullAccess",
    "ReadObjects",
    "WriteObjects",
    "DeleteObjects",
    "ListBucket",
    "ExactObjectActions",
    "ExactListActions",
    "ExactBucketActions",
    "ListAllMyBuckets",
)


def _written(parts: Iterable[_Part]) -> list[Statement]:
    """Return a statement for each of the parts that differ in more than their resources, with a Sid of its own."""
    joined: dict[str, _Part] = {}
    for part in parts:
        what = json.dumps([part.sid, part.actions, part.conditions])
        known = joined.get(what, part._replace(resources=[]))
        joined[what] = known._replace(resources=list(dict.fromkeys([*known.resources, *part.resources])))
    sids: dict[str, int] = {}
    statements = []
    for sid, actions, resources, conditions in joined.values():
        sids[sid] = sids.get(sid, 0) + 1
        name = sid if sids[sid] == 1 else f"{sid}{sids[sid]}"
        statements.append(allow(name, action=actions, resource=resources, conditions=conditions))
    return statements


def _owned(prod: Environment, always: Conditions) -> Conditions:
    """Return the conditions of what is done to a bucket of this account.

    A bucket name that is given up can be taken by another account: the grant is for this account's bucket.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    return merged({"StringEquals": {"aws:ResourceAccount": prod.account}}, always)


def _objects(place: Place, prod: Environment) -> str:
    return f"{prod.bucket_arn(place.bucket)}/{place.prefix}*"


def _full(grant: Grant, prod: Environment, always: Conditions) -> Iterator[_Part]:
    for place in grant.all_places:
        if "full" in place.access:
            # s3:* on "*" takes in account-wide actions, whose requests carry no aws:ResourceAccount.
            everywhere = place.bucket == "*"
            resources = ["*"] if everywhere else [prod.bucket_arn(place.bucket), _objects(place, prod)]
            yield _Part("FullAccess", ["s3:*"], resources, always if everywhere else _owned(prod, always))


def _on_objects(grant: Grant, prod: Environment, always: Conditions) -> Iterator[_Part]:
    owned = _owned(prod, always)
    for access, (sid, actions) in _OBJECT_ACTIONS.items():
        for place in grant.all_places:
            if access in place.access:
                yield _Part(sid, actions, [_objects(place, prod)], owned)
    for place in grant.all_places:
        if exact := [action for action in _exact(place) if _acts_on_objects(action)]:
            yield _Part("ExactObjectActions", exact, [_objects(place, prod)], owned)


def _on_buckets(grant: Grant, prod: Environment, always: Conditions) -> Iterator[_Part]:
    """Yield what is done to buckets: listings each under the prefixes of its own bucket alone, the rest as a whole."""
    owned = _owned(prod, always)
    listings: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
    for place in grant.all_places:
        exact = [action for action in _exact(place) if limits_by_prefix(action) and not _acts_on_objects(action)]
        asked = [("ListBucket", ["s3:ListBucket"] if "list" in place.access else []), ("ExactListActions", exact)]
        for sid, actions in asked:
            if actions:
                listings.setdefault((sid, tuple(actions), place.bucket), []).append(place.prefix)
    for (sid, together, bucket), prefixes in listings.items():
        patterns = one_or_many([f"{prefix}*" for prefix in dict.fromkeys(prefixes)])
        under: Conditions = {} if "" in prefixes else {"StringLike": {"s3:prefix": patterns}}
        yield _Part(sid, list(together), [prod.bucket_arn(bucket)], merged(under, owned))
    for place in grant.all_places:
        exact = [action for action in _exact(place) if not limits_by_prefix(action) and not _acts_on_objects(action)]
        if exact:
            yield _Part("ExactBucketActions", exact, [prod.bucket_arn(place.bucket)], owned)


def _exact(place: Place) -> list[str]:
    return sorted(set(place.actions))


def _acts_on_objects(action: str) -> bool:
    return "object" in resource_types(action)


def _deny_everything(sid: str, conditions: Conditions) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": "Deny", "Action": "*", "Resource": "*"}
    return statement | ({"Condition": conditions} if conditions else {})
