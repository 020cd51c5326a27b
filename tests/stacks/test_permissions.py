"""The permissions of each kind of access, exactly as they are synthesized."""

from pathlib import Path
from typing import Any

import pytest

from tests.synthesis import Assembly, synthesize

OWNED = {"StringEquals": {"aws:ResourceAccount": "222222222222"}}
BUCKET = "arn:aws:s3:::kinds-222222222222"
WRITE = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
BOUND = {
    "DateLessThan": {"aws:CurrentTime": "2099-12-31T00:00:00Z"},
    "IpAddress": {"aws:SourceIp": "127.0.0.0/8"},
}
THROUGH_S3 = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}


def allow(sid: str, action: str | list[str], resource: str | list[str], condition: Any = OWNED) -> dict[str, Any]:
    """Return the statement that a permissions policy should hold."""
    statement = {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def listing(prefix: str) -> dict[str, Any]:
    """Return the conditions of a listing under a prefix."""
    return {"StringLike": {"s3:prefix": f"{prefix}*"}} | OWNED


EXPECTED = {
    "WholeAccount": [
        allow("ReadObjects", "s3:GetObject", f"{BUCKET}/account/*"),
        allow("WriteObjects", WRITE, f"{BUCKET}/account/*"),
        allow("DeleteObjects", "s3:DeleteObject", f"{BUCKET}/account/*"),
        allow("ListBucket", "s3:ListBucket", BUCKET, listing("account/")),
    ],
    "OneUser": [
        allow("ReadObjects", "s3:GetObject", f"{BUCKET}/user/*"),
        allow("ListBucket", "s3:ListBucket", BUCKET, listing("user/")),
        allow("ListAllMyBuckets", "s3:ListAllMyBuckets", "*", None),
    ],
    "Expiring": [
        allow(
            "WriteObjects",
            WRITE,
            f"{BUCKET}/expiring/*",
            OWNED | {"DateLessThan": {"aws:CurrentTime": "2099-12-31T22:59:59Z"}},
        )
    ],
    "FromElsewhere": [
        allow("WriteObjects", WRITE, f"{BUCKET}/elsewhere/*", OWNED | {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
    ],
    "ExactActions": [
        allow("ExactObjectActions", ["s3:PutObjectAcl", "s3:PutObjectTagging"], f"{BUCKET}/exact/*"),
        allow("ExactListActions", "s3:ListBucketVersions", BUCKET, listing("exact/")),
        allow("ExactBucketActions", "s3:GetBucketLocation", BUCKET),
    ],
    "NewKey": [
        allow("WriteObjects", WRITE, "arn:aws:s3:::kinds-new-key/*"),
        allow(
            "UseBucketKey",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            {"Fn::GetAtt": ["BucketskindsnewkeyKeyB4948195", "Arn"]},  # type: ignore[arg-type]
            {"StringEquals": THROUGH_S3},
        ),
    ],
    "GivenKey": [
        allow(
            sid,
            action,
            resource,
            {"StringEquals": equals, "DateLessThan": {"aws:CurrentTime": "2099-12-31T23:59:59Z"}},
        )
        for sid, action, resource, equals in (
            ("ReadObjects", "s3:GetObject", "arn:aws:s3:::kinds-given-key/*", OWNED["StringEquals"]),
            ("ListBucket", "s3:ListBucket", "arn:aws:s3:::kinds-given-key", OWNED["StringEquals"]),
            (
                "UseBucketKey",
                "kms:Decrypt",
                "arn:aws:kms:eu-west-1:222222222222:key/11111111-2222-3333-4444-555555555555",
                THROUGH_S3,
            ),
        )
    ],
    "ExistingKey": [
        allow("ReadObjects", "s3:GetObject", "arn:aws:s3:::kinds-existing/existing/*"),
        allow("WriteObjects", WRITE, "arn:aws:s3:::kinds-existing/existing/*"),
        allow(
            "UseBucketKey",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            "arn:aws:kms:eu-west-1:222222222222:key/66666666-7777-8888-9999-000000000000",
            {"StringEquals": THROUGH_S3},
        ),
    ],
    "EveryBucket": [allow("ReadObjects", "s3:GetObject", "arn:aws:s3:::*/*")],
    "AllConditions": [
        allow("ReadObjects", "s3:GetObject", f"{BUCKET}/all/*", OWNED | BOUND),
        allow("ListBucket", "s3:ListBucket", BUCKET, listing("all/") | BOUND),
        allow("ExactBucketActions", "s3:GetBucketLocation", BUCKET, OWNED | BOUND),
        allow("ListAllMyBuckets", "s3:ListAllMyBuckets", "*", BOUND),
    ],
    "SeedExample": [allow("FullAccess", "s3:*", "*", None)],
    "FullBucket": [allow("FullAccess", "s3:*", [BUCKET, f"{BUCKET}/*"])],
}


@pytest.mark.parametrize("grant", EXPECTED)
def test_permissions_policy(kinds: Assembly, grant: str) -> None:
    """A grant's role may do exactly what the grant says, and carries no other inline policy."""
    assert {"CrossAccountS3Access": EXPECTED[grant]} == kinds.permissions(grant)


def test_revoked_sessions_are_denied_everything(kinds: Assembly) -> None:
    """`revoked_before` is the policy that AWS's console writes, under its name."""
    expected = {
        "Sid": "DenyOlderSessions",
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}},
    }

    assert [expected] == kinds.permissions("Revoked")["AWSRevokeOlderSessions"]


def test_revoked_and_disabled_stand_side_by_side(kinds: Assembly) -> None:
    """One does not take the other's place."""
    assert {"CrossAccountS3Access", "AWSRevokeOlderSessions", "DenyWhileDisabled"} == set(kinds.permissions("Shut"))


def test_full_access_expires_too(access: dict[str, Any], tmp_path: Path) -> None:
    """The widest statement has the grant's conditions like any other."""
    access["grants"][0] |= {"bucket": "*", "access": ["full"], "source_ips": ["198.51.100.0/24"]}
    statement = synthesize(access, tmp_path).permissions("Grant")["CrossAccountS3Access"][0]

    assert {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}} == statement["Condition"]


@pytest.mark.parametrize(
    ("keys", "actions"),
    [
        ({"access": ["list"]}, []),
        ({"access": ["read"]}, "kms:Decrypt"),
        ({"access": ["full"]}, ["kms:Decrypt", "kms:GenerateDataKey"]),
        ({"actions": ["s3:GetObjectVersion"], "access": []}, "kms:Decrypt"),
        ({"actions": ["s3:PutObject"], "access": []}, ["kms:Decrypt", "kms:GenerateDataKey"]),
    ],
)
def test_the_key_is_given_for_what_needs_it(
    access: dict[str, Any], tmp_path: Path, keys: dict[str, Any], actions: Any
) -> None:
    """Reading decrypts, writing needs a data key and multipart reads it back; listing needs neither."""
    access["grants"][0] |= keys
    access["buckets"] = [{"name": "reports", "create": True, "kms_key": "new"}]
    assembly = synthesize(access, tmp_path)
    (key,) = assembly.resources("ProdAccessStack", "AWS::KMS::Key").values()
    by_role = assembly.permissions("Grant")["CrossAccountS3Access"]
    by_key = key["Properties"]["KeyPolicy"]["Statement"]

    given = [statement["Action"] for statement in by_role if statement["Sid"] == "UseBucketKey"]
    allowed = [statement["Action"] for statement in by_key if statement.get("Sid") == "UseBucketKeyAsGrant"]
    assert ([actions] if actions else []) == given == allowed


def test_another_partition_is_named_throughout(access: dict[str, Any], tmp_path: Path) -> None:
    """In China every ARN and the service's name are of China's partition."""
    access |= {
        "prod": {"account": "222222222222", "region": "cn-north-1"},
        "dev": {"account": "111111111111", "region": "cn-northwest-1"},
        "buckets": [{"name": "reports", "create": True, "kms_key": "new"}],
    }
    access["grants"][0]["principals"] = ["111111111111", "arn:aws-cn:iam::333333333333:role/App"]
    assembly = synthesize(access, tmp_path)
    grants = assembly.resources("ProdAccessStack", "AWS::IAM::Role")

    assert "arn:aws:" not in str(grants)
    assert "arn:aws-cn:iam::111111111111:root" in str(grants)
    assert "s3.cn-north-1.amazonaws.com.cn" in str(grants)


def test_a_disabled_grant_denies_its_live_sessions_everything(kinds: Assembly) -> None:
    """`disabled` stops sessions that exist, not just new ones."""
    expected = {"Sid": "DenyWhileDisabled", "Effect": "Deny", "Action": "*", "Resource": "*"}

    assert [expected] == kinds.permissions("Disabled")["DenyWhileDisabled"]


@pytest.mark.parametrize("bucket", ["reports", "*"])
def test_full_access_may_list_the_buckets_too(access: dict[str, Any], tmp_path: Path, bucket: str) -> None:
    """What the grant asks for is acknowledged, whichever of its keys asks."""
    access["grants"][0] |= {"bucket": bucket, "access": ["full"], "list_buckets": True}
    statements = synthesize(access, tmp_path, nag=True).permissions("Grant")["CrossAccountS3Access"]

    assert ["FullAccess", "ListAllMyBuckets"] == [statement["Sid"] for statement in statements]


def test_a_default_put_needs_one_statement(default: Assembly) -> None:
    """The committed grant writes under its prefix and does nothing else."""
    expected = {"CrossAccountS3Access": [allow("WriteObjects", WRITE, "arn:aws:s3:::reports-222222222222/dev/*")]}

    assert expected == default.permissions("DevAccountAccessS3Role")
