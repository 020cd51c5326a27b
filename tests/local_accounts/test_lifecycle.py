"""What happens to a deployed grant: a diff, an update, and the end."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

BUCKET = "kinds-222222222222"


# In this order, and last in the session: pytest runs files and tests as they are written.
def test_a_deployed_stack_has_no_difference(world: Any) -> None:
    """`cdk diff` finds nothing to do right after a deploy."""
    output = world.accounts.run(
        "cdk", "diff", "ProdAccessStack", "--profile", "prod", "-c", f"access={world.access}", log="diff"
    )

    assert "There were no differences" in output


def test_an_update_moves_the_grant(world: Any) -> None:
    """A changed prefix shows in the diff, and after a deploy the new one is open and the old one shut."""
    world.access.write_text(world.access.read_text().replace('prefix = "service/"', 'prefix = "moved/"'))
    output = world.accounts.run(
        "cdk", "diff", "ProdAccessStack", "--profile", "prod", "-c", f"access={world.access}", log="diff-update"
    )
    assert "moved/*" in output
    world.deploy("ProdAccessStack", "prod")
    s3 = world.assume("ServiceRole", "exporter").client("s3")

    assert s3.put_object(Bucket=BUCKET, Key="moved/a", Body=b"a")["ETag"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=BUCKET, Key="service/a", Body=b"a")


@pytest.mark.parametrize(
    ("stack", "profile"), [("DevUsersStack", "dev"), ("DevLambdaStack", "dev"), ("ProdAccessStack", "prod")]
)
def test_destroy_takes_the_access_and_leaves_the_data(world: Any, stack: str, profile: Any) -> None:
    """Each stack goes by itself; the buckets and what is in them stay."""
    world.accounts.run(
        "cdk", "destroy", stack, "--force", "--profile", profile, "-c", f"access={world.access}", log=f"destroy-{stack}"
    )
    summaries = world.accounts.session(profile).client("cloudformation").list_stacks()["StackSummaries"]

    assert {"DELETE_COMPLETE"} == {each["StackStatus"] for each in summaries if each["StackName"] == stack}
    if stack == "ProdAccessStack":
        with pytest.raises(ClientError, match=r"AccessDenied|NoSuchEntity"):
            world.assume("ServiceRole", "exporter")
        assert world.accounts.session("prod").client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] > 0
