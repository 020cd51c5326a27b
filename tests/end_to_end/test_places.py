"""A grant of several places, by the service's own answers: each is allowed exactly what it says."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.configuration import SandboxError

BUCKET, EXISTING = "kinds-222222222222", "kinds-existing"
Denied = Callable[..., str]


@pytest.fixture(scope="module")
def prod(world: Any) -> Iterator[Any]:
    """Return production's S3, with an object in each place, and the bucket that exists without the stack."""
    s3 = world.accounts.session("prod").client("s3")
    s3.create_bucket(Bucket=EXISTING, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    objects = [(BUCKET, "incoming/a"), (BUCKET, "settings/a"), (BUCKET, "mfa/a"), (EXISTING, "any/a")]
    for bucket, key in objects:
        s3.put_object(Bucket=bucket, Key=key, Body=b"a")
    yield s3
    for bucket, key in objects:
        s3.delete_object(Bucket=bucket, Key=key)
    s3.delete_bucket(Bucket=EXISTING)


@pytest.fixture(scope="module")
def s3(world: Any, prod: Any) -> Any:
    """Return what a session of the grant's role sees of S3."""
    assert prod
    return world.assume("Places", "importer").client("s3")


PUT = [
    ((BUCKET, "incoming/b"), True),
    ((BUCKET, "settings/b"), False),
    ((BUCKET, "b"), False),
    ((BUCKET, "incoming"), False),
    ((BUCKET, "incomings/b"), False),
    ((BUCKET, "mfa/b"), False),
    ((BUCKET, "archive/b"), False),  # another bucket's prefix
    (("kinds-given-key", "archive/b"), True),
    (("kinds-given-key", "incoming/b"), False),
    ((EXISTING, "b"), False),
]


@pytest.mark.parametrize(("to", "allowed"), PUT)
def test_where_a_put_is_allowed(s3: Any, prod: Any, denied: Denied, to: tuple[str, str], allowed: bool) -> None:
    """In the two places that are written, and nowhere else."""
    bucket, key = to
    if allowed:
        assert s3.put_object(Bucket=bucket, Key=key, Body=b"b")["ETag"]
        prod.delete_object(Bucket=bucket, Key=key)
    else:
        assert "AccessDenied" == denied(s3.put_object, Bucket=bucket, Key=key, Body=b"b")


GET = [
    ((BUCKET, "settings/a"), True),
    ((EXISTING, "any/a"), True),
    ((BUCKET, "incoming/a"), False),  # what is written there is not read
    ((BUCKET, "mfa/a"), False),
]


@pytest.mark.parametrize(("of", "allowed"), GET)
def test_where_a_get_is_allowed(s3: Any, denied: Denied, of: tuple[str, str], allowed: bool) -> None:
    """In the two places that are read, and nowhere else."""
    bucket, key = of
    if allowed:
        assert b"a" == s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    else:
        assert "AccessDenied" == denied(s3.get_object, Bucket=bucket, Key=key)


LISTED = [
    (BUCKET, "incoming/", ["incoming/a"]),
    (BUCKET, "settings/", ["settings/a"]),
    (BUCKET, "settings/a", ["settings/a"]),
    (EXISTING, "", ["any/a"]),
    (BUCKET, "", None),
    (BUCKET, "mfa/", None),
    (BUCKET, "in", None),
    (BUCKET, "archive/", None),
    ("kinds-given-key", "archive/", None),  # the place is written, and not listed
]


@pytest.mark.parametrize(("bucket", "prefix", "found"), LISTED)
def test_where_a_listing_is_allowed(s3: Any, denied: Denied, bucket: str, prefix: str, found: list[str] | None) -> None:
    """Under each prefix that is listed, each in its own bucket."""
    if found is None:
        assert "AccessDenied" == denied(s3.list_objects_v2, Bucket=bucket, Prefix=prefix)
    else:
        assert found == [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]


def test_exact_actions_are_of_their_own_place(s3: Any, prod: Any, denied: Denied) -> None:
    """Tagging was asked for in the archive alone."""
    tags = {"TagSet": [{"Key": "k", "Value": "v"}]}
    s3.put_object(Bucket="kinds-given-key", Key="archive/tagged", Body=b"b")

    s3.put_object_tagging(Bucket="kinds-given-key", Key="archive/tagged", Tagging=tags)
    assert "AccessDenied" == denied(s3.put_object_tagging, Bucket=BUCKET, Key="incoming/a", Tagging=tags)
    prod.delete_object(Bucket="kinds-given-key", Key="archive/tagged")


def test_nothing_is_deleted_anywhere(s3: Any, denied: Denied) -> None:
    """No place asks for it."""
    for bucket, key in ((BUCKET, "incoming/a"), (BUCKET, "settings/a"), (EXISTING, "any/a")):
        assert "AccessDenied" == denied(s3.delete_object, Bucket=bucket, Key=key)


def test_the_aws_cli_copies_from_place_to_place(world: Any, prod: Any, shell: Any) -> None:
    """From where the grant reads to where it writes, and not the other way."""
    config = shell.home / ".aws" / "config"
    text = config.read_text()
    reach = text.partition("[default]")[2].partition("[")[0].strip()
    role = f"role_arn = {world.outputs['PlacesRoleArn']}\nsource_profile = importer\nregion = eu-west-1"
    config.write_text(f"{text}\n[profile places]\n{reach}\n{role}\n")
    # A home of its own: the CLI keeps the sessions of roles there.
    environment = {"AWS_CONFIG_FILE": str(config), "HOME": str(shell.home)}

    def copy(source: str, target: str) -> None:
        world.accounts.run("aws", "s3", "cp", "--profile", "places", source, target, log="copy", **environment)

    copy(f"s3://{EXISTING}/any/a", f"s3://{BUCKET}/incoming/copied")
    assert b"a" == prod.get_object(Bucket=BUCKET, Key="incoming/copied")["Body"].read()
    with pytest.raises(SandboxError, match=r"Forbidden|AccessDenied"):
        copy(f"s3://{BUCKET}/incoming/copied", f"s3://{BUCKET}/incoming/again")
    with pytest.raises(SandboxError, match=r"Forbidden|AccessDenied"):
        copy(f"s3://{EXISTING}/any/a", f"s3://{BUCKET}/settings/a")
    prod.delete_object(Bucket=BUCKET, Key="incoming/copied")
