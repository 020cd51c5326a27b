"""The template that a fleet's StackSet carries, deployed for itself into an account of the unit and into another."""

import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from tests.synthesis import synthesize

DEV, OTHER = "111111111111", "333333333333"
BUCKET = "kinds-222222222222"
STACK = "StackSet-crossrole-callers"
Denied = Callable[..., str]


@pytest.fixture(scope="module")
def body(world: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the template of the StackSet for the local organization's unit."""
    access = tomllib.loads(world.access.read_text())
    unit = next(each for each in access["grants"] if each["name"] == "OrganizationalUnit")["principals"][0]
    access["fleet"] = {
        "account": "444444444444",
        "region": "eu-west-1",
        "units": [unit],
        "grants": ["OrganizationalUnit", "Organization"],
    }
    made = synthesize(access, tmp_path_factory.mktemp("fleet"))
    (stack_set,) = made.resources("FleetStack", "AWS::CloudFormation::StackSet").values()
    return str(stack_set["Properties"]["TemplateBody"])


@contextmanager
def deployed(world: Any, profile: str, body: str) -> Iterator[None]:
    """Have the template in an account, as StackSets would deploy it."""
    cloudformation = world.accounts.session(profile).client("cloudformation")
    cloudformation.create_stack(StackName=STACK, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    try:
        yield
    finally:
        cloudformation.delete_stack(StackName=STACK)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})


@contextmanager
def analyst(world: Any, profile: str, policies: Sequence[str]) -> Iterator[boto3.Session]:
    """Have a role that takes up managed policies of its account by their names, and yield a session of it."""
    account = {"dev": DEV, "other": OTHER}[profile]
    administrator = world.accounts.session(profile)
    iam = administrator.client("iam")
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": root}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = iam.create_role(RoleName="Analyst", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    attached = [f"arn:aws:iam::{account}:policy/{name}" for name in policies]
    for each in attached:
        iam.attach_role_policy(RoleName="Analyst", PolicyArn=each)
    given = administrator.client("sts").assume_role(RoleArn=arn, RoleSessionName="analyst")["Credentials"]
    try:
        yield world.accounts.session_with(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region="eu-west-1"
        )
    finally:
        for each in attached:
            iam.detach_role_policy(RoleName="Analyst", PolicyArn=each)
        iam.delete_role(RoleName="Analyst")


def assume(world: Any, session: boto3.Session, grant: str) -> Callable[[], Any]:
    """Return what assumes a grant's role."""
    role = world.outputs[f"{grant}RoleArn"]
    return lambda: session.client("sts").assume_role(RoleArn=role, RoleSessionName="analyst")


def test_a_role_of_the_unit_takes_the_policy_up_by_name(world: Any, denied: Denied, body: str) -> None:
    """With the policy it assumes the role of that grant, and of no other; without it, of none."""
    with deployed(world, "dev", body):
        with analyst(world, "dev", ["Assume-OrganizationalUnit"]) as session:
            given = assume(world, session, "OrganizationalUnit")()["Credentials"]
            s3 = world.accounts.session_with(
                given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region="eu-west-1"
            ).client("s3")

            assert s3.put_object(Bucket=BUCKET, Key="unit/fleet", Body=b"a")["ETag"]
            assert "AccessDenied" == denied(s3.put_object, Bucket=BUCKET, Key="sso/fleet", Body=b"a")
            assert "AccessDenied" == denied(assume(world, session, "Organization"))
        with analyst(world, "dev", []) as session:
            assert "AccessDenied" == denied(assume(world, session, "OrganizationalUnit"))
    world.accounts.session("prod").client("s3").delete_object(Bucket=BUCKET, Key="unit/fleet")


def test_an_account_outside_the_unit_has_nothing_of_the_policy(world: Any, denied: Denied, body: str) -> None:
    """The same template in an account of no such unit: its role is denied by the grant's trust policy."""
    with deployed(world, "other", body), analyst(world, "other", ["Assume-OrganizationalUnit"]) as session:
        assert "AccessDenied" == denied(assume(world, session, "OrganizationalUnit"))


def test_the_policies_go_with_the_stack(world: Any, body: str) -> None:
    """As where an account leaves the unit: StackSets deletes its stack."""
    iam = world.accounts.session("dev").client("iam")

    def names() -> set[str]:
        return {each["PolicyName"] for each in iam.list_policies(Scope="Local")["Policies"]}

    before = names()
    with deployed(world, "dev", body):
        assert {"Assume-OrganizationalUnit", "Assume-Organization"} == names() - before
    assert before == names()
