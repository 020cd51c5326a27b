"""What a session of each kind of grant may do in S3, by the service's own answer, both ways."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

BUCKET = "kinds-222222222222"
Denied = Callable[..., str]


def test_write_is_under_the_prefix_alone(world: Any, denied: Denied) -> None:
    """A put under the prefix works; beside it, above it, and with a longer name it does not."""
    s3 = world.assume("ServiceRole", "exporter").client("s3")

    s3.put_object(Bucket=BUCKET, Key="service/a", Body=b"a")
    for key in ("a", "service", "services/a", "account/a"):
        assert "AccessDenied" == denied(s3.put_object, Bucket=BUCKET, Key=key, Body=b"a")


def test_write_is_not_read_delete_or_list(world: Any, denied: Denied) -> None:
    """A grant that writes does nothing else."""
    s3 = world.assume("ServiceRole", "exporter").client("s3")
    s3.put_object(Bucket=BUCKET, Key="service/b", Body=b"b")

    assert "AccessDenied" == denied(s3.get_object, Bucket=BUCKET, Key="service/b")
    assert "AccessDenied" == denied(s3.delete_object, Bucket=BUCKET, Key="service/b")
    assert "AccessDenied" == denied(s3.list_objects_v2, Bucket=BUCKET, Prefix="service/")
    assert "AccessDenied" == denied(s3.list_buckets)


def test_write_takes_in_multipart_uploads(world: Any) -> None:
    """An upload in parts can be made, looked at, finished and given up."""
    s3 = world.assume("ServiceRole", "exporter").client("s3")
    target = {"Bucket": BUCKET, "Key": "service/parts"}
    upload = s3.create_multipart_upload(**target)["UploadId"]
    part = s3.upload_part(**target, UploadId=upload, PartNumber=1, Body=b"part")
    s3.list_parts(**target, UploadId=upload)
    s3.complete_multipart_upload(
        **target, UploadId=upload, MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    )
    s3.abort_multipart_upload(**target, UploadId=s3.create_multipart_upload(**target)["UploadId"])

    stored = world.accounts.session("prod").client("s3").get_object(**target)["Body"].read()
    assert b"part" == stored


def test_all_four_kinds_of_access(world: Any, denied: Denied) -> None:
    """read, write, list and delete work together under the prefix, and a listing must name it."""
    s3 = world.assume("WholeAccount", "stranger").client("s3")
    s3.put_object(Bucket=BUCKET, Key="account/a", Body=b"a")

    assert b"a" == s3.get_object(Bucket=BUCKET, Key="account/a")["Body"].read()
    assert ["account/a"] == [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET, Prefix="account/")["Contents"]]
    s3.delete_object(Bucket=BUCKET, Key="account/a")
    assert "AccessDenied" == denied(s3.list_objects_v2, Bucket=BUCKET)
    assert "AccessDenied" == denied(s3.list_objects_v2, Bucket=BUCKET, Prefix="accoun")


def test_a_bare_ls_needs_list_buckets(world: Any) -> None:
    """`aws s3 ls` without a bucket works where the grant says so."""
    s3 = world.assume("OneUser", "alice").client("s3")

    assert BUCKET in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def test_exact_actions_are_exact(world: Any, denied: Denied) -> None:
    """Tagging under the prefix works, and writing, which was not asked for, does not."""
    world.accounts.session("prod").client("s3").put_object(Bucket=BUCKET, Key="exact/a", Body=b"a")
    s3 = world.assume("ExactActions", "exporter").client("s3")
    tags = {"TagSet": [{"Key": "k", "Value": "v"}]}

    s3.put_object_tagging(Bucket=BUCKET, Key="exact/a", Tagging=tags)
    s3.get_bucket_location(Bucket=BUCKET)
    assert "AccessDenied" == denied(s3.put_object, Bucket=BUCKET, Key="exact/b", Body=b"b")
    assert "AccessDenied" == denied(s3.put_object_tagging, Bucket=BUCKET, Key="other/a", Tagging=tags)


def test_every_bucket_is_every_bucket(world: Any, denied: Denied) -> None:
    """`bucket = "*"` reads in each bucket of the account, and does nothing else there."""
    prod = world.accounts.session("prod").client("s3")
    for bucket in (BUCKET, "kinds-new-key"):
        prod.put_object(Bucket=bucket, Key="shared/a", Body=b"a")
        s3 = world.assume("EveryBucket", "exporter").client("s3")
        assert b"a" == s3.get_object(Bucket=bucket, Key="shared/a")["Body"].read()
        assert "AccessDenied" == denied(s3.put_object, Bucket=bucket, Key="shared/a", Body=b"b")


def test_a_grant_ends_at_its_account(world: Any, denied: Denied) -> None:
    """A bucket of another account is out of reach, even by a name that the policy's resource would match."""
    world.accounts.session("other").client("s3").create_bucket(
        Bucket="foreign", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    s3 = world.assume("EveryBucket", "exporter").client("s3")

    assert "AccessDenied" == denied(s3.get_object, Bucket="foreign", Key="shared/a")


def test_the_seed_examples_access_can_be_said(world: Any) -> None:
    """`access = ["full"]` on `bucket = "*"` does everything, as it says."""
    s3 = world.assume("SeedExample", "bystander").client("s3")

    s3.create_bucket(Bucket="seed", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.delete_bucket(Bucket="seed")


def test_a_put_to_a_bucket_with_its_own_key(world: Any) -> None:
    """The role's and the key's policies let a put through; the emulator itself enforces no KMS."""
    s3 = world.assume("NewKey", "exporter").client("s3")

    assert s3.put_object(Bucket="kinds-new-key", Key="a", Body=b"a")["ETag"]


@pytest.mark.parametrize("grant", ["Expiring", "FromHere", "Bounded", "Revoked", "Pinned", "OfOrganization"])
def test_a_condition_that_holds_lets_the_put_through(world: Any, grant: str) -> None:
    """What the permissions ask for beside the trust policy holds for a session that meets it."""
    prefix = {"OfOrganization": "of-organization", "FromHere": "here"}.get(grant, grant.lower())
    s3 = world.assume(grant, "exporter").client("s3")

    assert s3.put_object(Bucket=BUCKET, Key=f"{prefix}/a", Body=b"a")["ETag"]


def test_a_wrong_owner_is_noticed(world: Any) -> None:
    """`ExpectedBucketOwner` denies a bucket that another account owns."""
    s3 = world.accounts.session("prod").client("s3")

    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=BUCKET, Key="service/a", Body=b"a", ExpectedBucketOwner="333333333333")
