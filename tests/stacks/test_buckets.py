"""The buckets and keys that ProdAccessStack makes."""

from pathlib import Path
from typing import Any

from tests.synthesis import Assembly, synthesize

STACK = "ProdAccessStack"


def buckets(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """Return the synthesized buckets by their names."""
    found = assembly.resources(STACK, "AWS::S3::Bucket").values()
    return {bucket["Properties"]["BucketName"]: bucket for bucket in found}


def test_only_buckets_that_say_create_are_made(kinds: Assembly) -> None:
    """An entry without create = true, and a bucket without an entry, are taken as existing."""
    assert {"kinds-222222222222", "kinds-new-key", "kinds-given-key"} == set(buckets(kinds))


def test_a_made_bucket_is_hardened(default: Assembly) -> None:
    """Public access is blocked, ACLs are off, versions are kept, uploads are tidied, encryption is S3's."""
    expected = {
        "BucketName": "reports-222222222222",
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                    "Id": "AbortIncompleteUploads",
                    "Status": "Enabled",
                }
            ]
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "VersioningConfiguration": {"Status": "Enabled"},
    }

    assert expected == buckets(default)["reports-222222222222"]["Properties"]


def test_buckets_and_keys_outlive_their_stack(kinds: Assembly) -> None:
    """Deleting the stack, or replacing the resource, keeps what holds data."""
    kept = [*buckets(kinds).values(), *kinds.resources(STACK, "AWS::KMS::Key").values()]

    assert len(kept) == 4
    assert {("Retain", "Retain")} == {(each["DeletionPolicy"], each["UpdateReplacePolicy"]) for each in kept}


def test_a_made_bucket_denies_weak_transport(default: Assembly) -> None:
    """Every principal and every action is denied without TLS, or with a version below 1.2."""
    (policy,) = default.resources(STACK, "AWS::S3::BucketPolicy").values()
    bucket = {"Fn::GetAtt": ["Bucketsreports222222222222BucketF37527D0", "Arn"]}
    expected = [
        {
            "Action": "s3:*",
            "Condition": condition,
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Resource": [bucket, {"Fn::Join": ["", [bucket, "/*"]]}],
        }
        for condition in (
            {"Bool": {"aws:SecureTransport": "false"}},
            {"NumericLessThan": {"s3:TlsVersion": 1.2}},
        )
    ]

    assert expected == policy["Properties"]["PolicyDocument"]["Statement"]


def test_access_logging_goes_to_the_named_bucket(kinds: Assembly) -> None:
    """`log_bucket` gets the access log under the bucket's own name."""
    expected = {"DestinationBucketName": "access-logs-222222222222", "LogFilePrefix": "kinds-222222222222/"}

    assert expected == buckets(kinds)["kinds-222222222222"]["Properties"]["LoggingConfiguration"]


def encryption(assembly: Assembly, bucket: str) -> dict[str, Any]:
    """Return a bucket's default encryption."""
    configuration = buckets(assembly)[bucket]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    return dict(configuration[0])


def test_a_new_key_encrypts_the_bucket(kinds: Assembly) -> None:
    """`kms_key = "new"` makes a rotating key and lets S3 use it sparingly."""
    expected = {
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {
            "KMSMasterKeyID": {"Fn::GetAtt": ["BucketskindsnewkeyKeyB4948195", "Arn"]},
            "SSEAlgorithm": "aws:kms",
        },
    }
    (key,) = kinds.resources(STACK, "AWS::KMS::Key").values()

    assert expected == encryption(kinds, "kinds-new-key")
    assert key["Properties"]["EnableKeyRotation"] is True


def test_a_given_key_encrypts_the_bucket(kinds: Assembly) -> None:
    """A key's ARN is used as it stands."""
    arn = "arn:aws:kms:eu-west-1:222222222222:key/11111111-2222-3333-4444-555555555555"

    assert arn == encryption(kinds, "kinds-given-key")["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]


def test_a_new_keys_policy_lets_the_grants_role_put_through_s3_alone(kinds: Assembly) -> None:
    """Beside the account's own IAM policies, the key names the role, for what a put needs, through S3."""
    (key,) = kinds.resources(STACK, "AWS::KMS::Key").values()
    root = {"AWS": "arn:aws:iam::222222222222:root"}
    expected = [
        {"Action": "kms:*", "Effect": "Allow", "Principal": root, "Resource": "*"},
        {
            "Sid": "UseBucketKeyAsNewKey",
            "Effect": "Allow",
            "Principal": root,
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {
                "StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"},
                "ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::222222222222:role/NewKey"},
            },
        },
    ]

    assert expected == key["Properties"]["KeyPolicy"]["Statement"]


def test_a_bucket_of_the_accounts_own_namespace_keeps_its_whole_name(access: dict[str, Any], tmp_path: Path) -> None:
    """CloudFormation takes the name as the file has it, so what reads the template knows it."""
    name = "reports-222222222222-eu-west-1-an"
    access["grants"][0]["bucket"] = name
    access["buckets"] = [{"name": name, "create": True, "namespace": "account"}]
    (bucket,) = synthesize(access, tmp_path).resources("ProdAccessStack", "AWS::S3::Bucket").values()

    assert (name, "account-regional") == (
        bucket["Properties"]["BucketName"],
        bucket["Properties"]["BucketNamespace"],
    )
