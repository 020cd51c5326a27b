"""The caller's half as DevCallersStack attaches it: to roles and users, in dev and in another account."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.configuration import SandboxError

DEV, PARTNER = "111111111111", "444444444444"
TEAM, STAGE = {"Key": "team", "Value": "orders"}, {"Key": "stage", "Value": "live"}

ATTACHED = [
    ("Several", "first", True),
    ("Several", "second", True),
    ("Several", "partner's bob", True),
    ("Several", "bob", False),  # of the same name and path, in dev
    ("Several", "importer", False),
    ("Places", "importer", True),  # under /jobs/
    ("Places", "first", False),
    ("SessionTags", "importer", True),
    ("SessionTags", "alice", True),
    ("SessionTags", "first", False),
]


@pytest.mark.parametrize(("grant", "caller", "allowed"), ATTACHED)
def test_who_has_its_half(world: Any, grant: str, caller: str, allowed: bool) -> None:
    """The principals that a grant names can assume its role without another policy, and no other caller can."""
    if allowed:
        assert world.assume(grant, caller)
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            world.assume(grant, caller)


HALVES = [
    ("dev", "Several", {"RoleName": "First"}, "first"),
    ("dev", "Places", {"RoleName": "Importer"}, "importer"),
    ("partner", "Several", {"RoleName": "Second"}, "second"),
    ("partner", "Several", {"UserName": "bob"}, "partner's bob"),
]


@pytest.mark.parametrize(("profile", "grant", "whose", "caller"), HALVES)
def test_the_policy_is_the_half(world: Any, profile: str, grant: str, whose: dict[str, str], caller: str) -> None:
    """Without it the trust policy alone lets nobody in."""
    iam = world.accounts.session(profile).client("iam")
    account = world.accounts.by_profile[profile].id
    policy = {"PolicyArn": f"arn:aws:iam::{account}:policy/Assume-{grant}", **whose}
    kind = "role" if "RoleName" in whose else "user"
    getattr(iam, f"detach_{kind}_policy")(**policy)
    try:
        with pytest.raises(ClientError, match="AccessDenied"):
            world.assume(grant, caller)
    finally:
        getattr(iam, f"attach_{kind}_policy")(**policy)
    assert world.assume(grant, caller)


def test_an_account_has_its_own_callers_alone(world: Any) -> None:
    """The same policy's name in two accounts is attached to each account's own."""
    attached = {
        profile: world.accounts.session(profile)
        .client("iam")
        .list_entities_for_policy(PolicyArn=f"arn:aws:iam::{account}:policy/Assume-Several")
        for profile, account in (("dev", DEV), ("partner", PARTNER))
    }

    assert ["First"] == [each["RoleName"] for each in attached["dev"]["PolicyRoles"]]
    assert [] == attached["dev"]["PolicyUsers"]
    assert ["Second"] == [each["RoleName"] for each in attached["partner"]["PolicyRoles"]]
    assert ["bob"] == [each["UserName"] for each in attached["partner"]["PolicyUsers"]]


# --- tags of the session


def test_a_session_is_tagged_with_the_grants_keys_alone(world: Any) -> None:
    """None, one or all of them; no other, and no more."""
    namespace = {"Key": "kubernetes-namespace", "Value": "shop"}
    for caller in ("importer", "alice"):
        for tags in ([], [TEAM], [TEAM, namespace]):
            assert world.assume("SessionTags", caller, Tags=tags)
        for tags in ([STAGE], [TEAM, STAGE]):
            with pytest.raises(ClientError, match="not authorized to perform: sts:TagSession"):
                world.assume("SessionTags", caller, Tags=tags)


def test_a_grant_without_session_tags_is_denied_to_who_tags(world: Any) -> None:
    """As whoever tags every session finds out: the role's trust says nothing of tags."""
    with pytest.raises(ClientError, match="not authorized to perform: sts:TagSession"):
        world.assume("Places", "importer", Tags=[TEAM])


def test_a_callers_half_without_tagging_is_not_enough(world: Any) -> None:
    """The trust alone does not let a caller tag: its own policy must too."""
    iam = world.accounts.session("dev").client("iam")
    arn = f"arn:aws:iam::{DEV}:policy/Assume-SessionTags"
    iam.detach_role_policy(RoleName="Importer", PolicyArn=arn)
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": world.outputs["SessionTagsRoleArn"]}
    half = {"Version": "2012-10-17", "Statement": [assume]}
    iam.put_role_policy(RoleName="Importer", PolicyName="Half", PolicyDocument=json.dumps(half))
    try:
        assert world.assume("SessionTags", "importer")
        with pytest.raises(ClientError, match="not authorized to perform: sts:TagSession"):
            world.assume("SessionTags", "importer", Tags=[TEAM])
    finally:
        iam.delete_role_policy(RoleName="Importer", PolicyName="Half")
        iam.attach_role_policy(RoleName="Importer", PolicyArn=arn)


def test_transitive_tags_of_the_caller_must_be_the_grants(world: Any) -> None:
    """A session whose tags are handed on, as a pod's is, gets in where the grant has those keys, and nowhere else."""
    given = (
        world.accounts.session("dev")
        .client("sts")
        .assume_role(
            RoleArn=f"arn:aws:iam::{DEV}:role/jobs/Importer",
            RoleSessionName="pod",
            Tags=[TEAM],
            TransitiveTagKeys=["team"],
        )["Credentials"]
    )
    world.callers["tagged importer"] = world.accounts.session_with(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region="eu-west-1"
    )
    try:
        assert world.assume("SessionTags", "tagged importer")
        with pytest.raises(ClientError, match="not authorized to perform: sts:TagSession"):
            world.assume("Places", "tagged importer")
    finally:
        world.callers.pop("tagged importer")


# --- tags of the caller


@pytest.fixture(scope="module")
def tagged(world: Any) -> Iterator[None]:
    """Make roles in dev that bear tags."""
    bearers = {
        "orders": {"team": "orders", "env": "live"},
        "half": {"team": "orders"},
        "wrong": {"team": "orders", "env": "Live"},
        "none": {},
    }
    for name, tags in bearers.items():
        world.add_role(name, "dev", f"Tagged-{name}", tags=tags)
    yield
    iam = world.accounts.session("dev").client("iam")
    for name in bearers:
        world.callers.pop(name)
        iam.delete_role_policy(RoleName=f"Tagged-{name}", PolicyName="Assume")
        iam.delete_role(RoleName=f"Tagged-{name}")


@pytest.mark.parametrize(("caller", "allowed"), [("orders", True), ("half", False), ("wrong", False), ("none", False)])
@pytest.mark.usefixtures("tagged")
def test_only_who_bears_all_tags_gets_in(world: Any, caller: str, allowed: bool) -> None:
    """Each tag, each with exactly its value."""
    if allowed:
        assert world.assume("CallerTags", caller)
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            world.assume("CallerTags", caller)


@pytest.mark.usefixtures("tagged")
def test_tags_of_the_session_count_as_the_callers(world: Any) -> None:
    """A session that bears the tags gets in, whose role does not; one that sets another value does not."""
    role, sts = f"arn:aws:iam::{DEV}:role/Tagged-half", world.accounts.session("dev").client("sts")
    answers: list[object] = []
    for value in ("live", "test"):
        tags = [{"Key": "env", "Value": value}]
        given = sts.assume_role(RoleArn=role, RoleSessionName="tagged", Tags=tags)["Credentials"]
        keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        world.callers["tagged session"] = world.accounts.session_with(*keys, region="eu-west-1")
        try:
            answers.append(bool(world.assume("CallerTags", "tagged session")))
        except ClientError as error:
            answers.append(error.response["Error"]["Code"])
    world.callers.pop("tagged session")

    assert [True, "AccessDenied"] == answers


# --- who does not exist


def test_a_caller_that_does_not_exist_fails_the_deploy(world: Any, tmp_path: Any) -> None:
    """The deploy names the missing role, and what was attached stays attached."""
    text = world.access.read_text()
    missing = text.replace(f"arn:aws:iam::{PARTNER}:role/Second", f"arn:aws:iam::{PARTNER}:role/Absent")
    file, output = tmp_path / "access.toml", tmp_path / "cdk.out"
    file.write_text(missing)
    stack, profile = "DevCallersStack-partner", "partner"
    deploy = ("cdk", "deploy", stack, "--profile", profile, "-c", f"access={file}", "--output", str(output))

    with pytest.raises(SandboxError, match="The role with name Absent cannot be found"):
        world.accounts.run(*deploy, log="deploy-missing", CDK_VALIDATION="false")

    assert world.assume("Several", "second")
    stacks = world.accounts.session(profile).client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    assert "UPDATE_ROLLBACK_COMPLETE" == stacks[0]["StackStatus"]
