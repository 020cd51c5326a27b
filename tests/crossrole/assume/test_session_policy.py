"""What a session policy leaves of a grant: never more than the grant, and of that only what was asked for."""

import json
from typing import Any

import pytest

from crossrole.assume.session_policy import narrowed
from crossrole.errors import CommandError
from crossrole.templates.grant import Grant, grant_of
from crossrole.templates.inventory import Inventory

BUCKET = "arn:aws:s3:::kinds-222222222222"


def statements(grant: Grant, *only: str, prefix: str | None = None) -> list[dict[str, Any]]:
    """Return the statements of the session policy."""
    policy = narrowed(grant, only=only, prefix=prefix)
    assert policy
    document = json.loads(policy)
    assert "2012-10-17" == document["Version"]
    return list(document["Statement"])


def allow(actions: list[str], *resources: str, prefix: str | None = None) -> dict[str, Any]:
    """Return a statement as it should be."""
    under = {"Condition": {"StringLike": {"s3:prefix": prefix}}} if prefix else {}
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources), **under}


def test_nothing_asked_is_no_policy(kinds_inventory: Inventory) -> None:
    """A session without one may do all that the grant gives."""
    assert narrowed(grant_of(kinds_inventory, "OneUser"), only=[], prefix=None) is None


READ = ["s3:GetObject"]
WRITE = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
CASES = {
    "one action": ("OneUser", ["s3:GetObject"], None, [allow(READ, f"{BUCKET}/user/*")]),
    "an action in another case": ("OneUser", ["s3:getobject"], None, [allow(READ, f"{BUCKET}/user/*")]),
    "one action under a prefix": ("OneUser", ["s3:GetObject"], "user/a/", [allow(READ, f"{BUCKET}/user/a/*")]),
    "a prefix": (
        "OneUser",
        [],
        "user/2026/",
        [
            allow(READ, f"{BUCKET}/user/2026/*"),
            allow(["s3:ListBucket"], BUCKET, prefix="user/2026/*"),
            allow(["s3:ListAllMyBuckets"], "*"),
        ],
    ),
    "a prefix that is the grant's own": ("ServiceRole", [], "service/", [allow(WRITE, f"{BUCKET}/service/*")]),
    "a listing that is an exact action": (
        "ExactActions",
        ["s3:ListBucketVersions"],
        "exact/x/",
        [allow(["s3:ListBucketVersions"], BUCKET, prefix="exact/x/*")],
    ),
    "an action on the bucket": (
        "ExactActions",
        ["s3:GetBucketLocation"],
        "exact/x/",
        [allow(["s3:GetBucketLocation"], BUCKET)],
    ),
    "one action of s3:*": ("FullBucket", ["s3:GetObject"], None, [allow(READ, BUCKET, f"{BUCKET}/*")]),
    "one action of s3:* under a prefix": ("FullBucket", ["s3:GetObject"], "x/", [allow(READ, f"{BUCKET}/x/*")]),
    "a listing of s3:* under a prefix": (
        "FullBucket",
        ["s3:ListBucket"],
        "x/",
        [allow(["s3:ListBucket"], BUCKET, prefix="x/*")],
    ),
    "s3:* under a prefix": (
        "FullBucket",
        [],
        "x/",
        [
            allow(["s3:*"], f"{BUCKET}/x/*"),
            allow(["s3:ListBucket", "s3:ListBucketVersions"], BUCKET, prefix="x/*"),
        ],
    ),
    "one action of s3:* on every bucket": ("SeedExample", ["s3:GetObject"], None, [allow(READ, "*")]),
}


@pytest.mark.parametrize(("grant", "only", "prefix", "expected"), CASES.values(), ids=CASES)
def test_what_is_left(
    grant: str, only: list[str], prefix: str | None, expected: list[dict[str, Any]], kinds_inventory: Inventory
) -> None:
    """Actions that were not asked for are gone, and what is left reaches no further than the prefix."""
    assert expected == statements(grant_of(kinds_inventory, grant), *only, prefix=prefix)


def test_the_buckets_key_stays(kinds_inventory: Inventory) -> None:
    """Without it the objects could not be read or written."""
    kept = statements(grant_of(kinds_inventory, "ExistingKey"), "s3:GetObject", prefix="existing/2026/")
    key = "arn:aws:kms:eu-west-1:222222222222:key/66666666-7777-8888-9999-000000000000"

    assert [
        allow(READ, "arn:aws:s3:::kinds-existing/existing/2026/*"),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], key),
    ] == kept


FAULTS = {
    "an action that is none": ("OneUser", ["s3:GetObjct"], None, "did you mean s3:GetObject"),
    "a call that is no action": ("OneUser", ["s3:HeadObject"], None, "its permission is s3:GetObject"),
    "an action that is not given": ("OneUser", ["s3:PutObject"], None, "OneUser does not give it"),
    "an action of another service": ("ExistingKey", ["kms:Decrypt"], None, "ExistingKey does not give it"),
    "many actions": ("OneUser", ["s3:*"], None, "stands for many actions"),
    "a prefix beside the grant's": ("OneUser", [], "users/", 'is outside of "user/"'),
    "a prefix above the grant's": ("OneUser", [], "use", 'is outside of "user/"'),
    "a pattern for a prefix": ("OneUser", [], "user/*/x", "is not a key prefix"),
    "a variable for a prefix": ("OneUser", [], "user/${aws:username}/", "is not a key prefix"),
    "an empty prefix": ("OneUser", [], "", "is not a key prefix"),
    "a prefix of every bucket": ("EveryBucket", [], "x/", "IAM's \\* crosses slashes"),
    "a policy that is too long": ("OneUser", [], f"user/{'x' * 1000}/", "STS takes 2048"),
}


@pytest.mark.parametrize(("grant", "only", "prefix", "expected"), FAULTS.values(), ids=FAULTS)
def test_what_can_not_be_left(
    grant: str, only: list[str], prefix: str | None, expected: str, kinds_inventory: Inventory
) -> None:
    """What a session can't be narrowed to is reported with what it could be."""
    with pytest.raises(CommandError, match=expected):
        narrowed(grant_of(kinds_inventory, grant), only=only, prefix=prefix)
