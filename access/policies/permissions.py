"""The permissions policies: what a session of a grant's role may do."""

from access.environment import Environment
from access.grant import Grant, logical_name
from access.policies.document import (
    Conditions,
    Document,
    Statement,
    allow,
    document,
    from_addresses,
    merged,
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


def inline_policies(grant: Grant, prod: Environment, key_arn: str | None) -> dict[str, Document]:
    """Return the role's inline policies by name; `key_arn` is the bucket's customer key, where it has one."""
    policies = {PERMISSIONS_POLICY: document(_statements(grant, prod, key_arn))}
    if grant.revoked_before:
        issued_before = {"DateLessThan": {"aws:TokenIssueTime": instant(grant.revoked_before)}}
        policies[REVOCATION_POLICY] = document([_deny_everything("DenyOlderSessions", issued_before)])
    if grant.disabled:
        policies[DISABLED] = document([_deny_everything(DISABLED, {})])
    return policies


def key_statements(grant: Grant, prod: Environment, *, key_arn: str) -> list[Statement]:
    """Return the statement that lets a grant's sessions use a bucket's key through S3 alone; none if they need not.

    A put needs a data key; a multipart upload must also read back the parts' data keys.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#require-sse-kms
    """
    actions = ["kms:Decrypt"] if grant.reads or grant.writes else []
    actions += ["kms:GenerateDataKey"] if grant.writes else []
    conditions = merged({"StringEquals": {"kms:ViaService": prod.s3_service}}, until_expiry(grant))
    return [allow("UseBucketKey", action=actions, resource=[key_arn], conditions=conditions)] if actions else []


def key_policy_statements(grant: Grant, prod: Environment) -> list[Statement]:
    """Return the statements of the key policy that match `key_statements`.

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
        for statement in key_statements(grant, prod, key_arn="*")
    ]


def _statements(grant: Grant, prod: Environment, key_arn: str | None) -> list[Statement]:
    bucket = prod.bucket_arn(grant.bucket)
    objects = f"{bucket}/{grant.prefix}*"
    always = merged(until_expiry(grant), from_addresses(grant))
    # A bucket name that is given up can be taken by another account: the grant is for this account's bucket.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    owned = merged({"StringEquals": {"aws:ResourceAccount": prod.account}}, always)
    under_prefix: Conditions = {"StringLike": {"s3:prefix": f"{grant.prefix}*"}} if grant.prefix else {}
    listed = merged(under_prefix, owned)

    exact = sorted(set(grant.actions))
    on_objects = [action for action in exact if "object" in resource_types(action)]
    listing = [action for action in exact if action not in on_objects and limits_by_prefix(action)]
    on_bucket = [action for action in exact if action not in on_objects and action not in listing]
    candidates: list[tuple[str, list[str], list[str], Conditions]] = [
        *[
            (sid, actions, [objects], owned)
            for access, (sid, actions) in _OBJECT_ACTIONS.items()
            if access in grant.access
        ],
        ("ListBucket", ["s3:ListBucket"] if "list" in grant.access else [], [bucket], listed),
        ("ExactObjectActions", on_objects, [objects], owned),
        ("ExactListActions", listing, [bucket], listed),
        ("ExactBucketActions", on_bucket, [bucket], owned),
        # AWS offers no narrower resource for it.
        ("ListAllMyBuckets", ["s3:ListAllMyBuckets"] if grant.list_buckets else [], ["*"], always),
    ]
    if "full" in grant.access:
        # s3:* on "*" takes in account-wide actions, whose requests carry no aws:ResourceAccount.
        everywhere = grant.bucket == "*"
        full = (
            "FullAccess",
            ["s3:*"],
            ["*"] if everywhere else [bucket, objects],
            always if everywhere else owned,
        )
        candidates.insert(0, full)
    return [
        *[
            allow(sid, action=actions, resource=on, conditions=conditions)
            for sid, actions, on, conditions in candidates
            if actions
        ],
        *(key_statements(grant, prod, key_arn=key_arn) if key_arn else []),
    ]


def _deny_everything(sid: str, conditions: Conditions) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": "Deny", "Action": "*", "Resource": "*"}
    return statement | ({"Condition": conditions} if conditions else {})
