"""What happens to a deployed grant: a diff, an update, and the end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

BUCKET = "kinds-222222222222"


def test_a_deployed_grant_is_updated_and_destroyed(own_world: Any) -> None:
    """One story in one pair of accounts of its own, since the end of it leaves nothing that another test could use."""
    _no_difference_after_a_deploy(own_world)
    _an_update_moves_revokes_and_disables(own_world)
    for stack, profile in (("DevCallersStack", "dev"), ("DevLambdaStack", "dev"), ("ProdAccessStack", "prod")):
        _destroy_takes_the_stack(own_world, stack, profile)
    with pytest.raises(ClientError, match=r"AccessDenied|NoSuchEntity"):
        own_world.assume("ServiceRole", "exporter")
    # The buckets and what is in them stay.
    assert own_world.accounts.session("prod").client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] > 0


def _no_difference_after_a_deploy(world: Any) -> None:
    """`cdk diff` finds nothing to do right after a deploy."""
    assert "There were no differences" in _diff(world)


def _an_update_moves_revokes_and_disables(world: Any) -> None:
    """After the file is changed and deployed again, the service's answers are the new file's.

    A changed prefix opens the new keys and shuts the old; `revoked_before` ends the session that is held, not a new
    one; `disabled` ends both.
    """
    revoked, disabled = (world.assume(grant, "exporter").client("s3") for grant in ("Revoked", "Expiring"))
    revoked.put_object(Bucket=BUCKET, Key="revoked/before", Body=b"")
    disabled.put_object(Bucket=BUCKET, Key="expiring/before", Body=b"")
    # IAM compares whole seconds: a session of the present one is older than the next.
    moment = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = world.access.read_text().replace('prefix = "service/"', 'prefix = "moved/"')
    text = text.replace("revoked_before = 2026-01-01T00:00:00Z", f"revoked_before = {moment}")
    world.access.write_text(text.replace('name = "Expiring"\n', 'name = "Expiring"\ndisabled = true\n'))
    world.synthesize()

    difference = _diff(world)
    assert "moved/*" in difference
    assert moment in difference
    assert "DenyWhileDisabled" in difference

    world.deploy("ProdAccessStack", "prod")
    moved = world.assume("ServiceRole", "exporter").client("s3")
    moved.put_object(Bucket=BUCKET, Key="moved/a", Body=b"a")
    with pytest.raises(ClientError, match="AccessDenied"):
        moved.put_object(Bucket=BUCKET, Key="service/a", Body=b"a")
    for session, key in ((revoked, "revoked/after"), (disabled, "expiring/after")):
        with pytest.raises(ClientError, match="explicit deny"):
            session.put_object(Bucket=BUCKET, Key=key, Body=b"")
    world.assume("Revoked", "exporter").client("s3").put_object(Bucket=BUCKET, Key="revoked/new", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        world.assume("Expiring", "exporter")


def _diff(world: Any) -> str:
    words = ("cdk", "diff", "ProdAccessStack", "--profile", "prod", "--app", str(world.templates))
    return str(world.accounts.run(*words, log="diff"))


def _destroy_takes_the_stack(world: Any, stack: str, profile: Any) -> None:
    """Each stack goes by itself."""
    words = ("cdk", "destroy", stack, "--force", "--profile", profile, "--app", str(world.templates))
    world.accounts.run(*words, log=f"destroy-{stack}")
    summaries = world.accounts.session(profile).client("cloudformation").list_stacks()["StackSummaries"]

    assert {"DELETE_COMPLETE"} == {each["StackStatus"] for each in summaries if each["StackName"] == stack}
