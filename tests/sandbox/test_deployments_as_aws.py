"""CloudFormation makes of IAM what AWS's makes, and fails where AWS's fails."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.cast import DEV, Cast, make_role

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": DEV}, "Action": "sts:AssumeRole"}],
}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}
ISSUER = "https://token.issuer.example/path"
ARN = f"arn:aws:iam::{DEV}:oidc-provider/token.issuer.example/path"


@pytest.fixture(scope="module")
def cloudformation(cast: Cast) -> Any:
    """Return dev's CloudFormation."""
    return cast.accounts.session("dev").client("cloudformation")


@pytest.fixture(scope="module")
def iam(cast: Cast) -> Iterator[Any]:
    """Return dev's IAM, with a role and a policy that somebody made by hand."""
    iam = cast.accounts.session("dev").client("iam")
    make_role(cast.accounts, "dev", "Mine", trust=TRUST, policy=POLICY, path="/jobs/")
    policy = iam.create_policy(PolicyName="Assume-Mine", PolicyDocument=json.dumps(POLICY))["Policy"]["Arn"]
    yield iam
    iam.delete_policy(PolicyArn=policy)
    iam.delete_role_policy(RoleName="Mine", PolicyName="policy")
    iam.delete_role(RoleName="Mine")


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """Return a resource of IAM."""
    return {"Type": f"AWS::IAM::{kind}", "Properties": properties}


def attached(**to: list[str]) -> dict[str, Any]:
    """Return a policy that is attached to these."""
    return resource("ManagedPolicy", ManagedPolicyName="Attached", PolicyDocument=POLICY, **to)


def deployed(cloudformation: Any, one: dict[str, Any], *, update: bool = False) -> str:
    """Deploy a stack of one resource and return its status, and why the resource failed."""
    step = cloudformation.update_stack if update else cloudformation.create_stack
    template = json.dumps({"Resources": {"One": one}})
    step(StackName="Tried", TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])
    stack = {"StackStatus": "IN_PROGRESS"}
    while stack["StackStatus"].endswith("IN_PROGRESS"):
        (stack,) = cloudformation.describe_stacks(StackName="Tried")["Stacks"]
    events = cloudformation.describe_stack_events(StackName="Tried")["StackEvents"]
    reasons = [
        each["ResourceStatusReason"]
        for each in events
        if each["LogicalResourceId"] == "One" and each["ResourceStatus"].endswith("_FAILED")
    ]
    return ": ".join([stack["StackStatus"], *reasons[-1:]])


@pytest.fixture(autouse=True)
def nothing_left(cloudformation: Any) -> Iterator[None]:
    """Delete what a test deployed."""
    yield
    cloudformation.delete_stack(StackName="Tried")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="Tried", WaiterConfig={"Delay": 1})


@pytest.mark.parametrize("name", ["Mine", "mine"])
def test_a_role_of_a_name_that_is_taken_fails(cloudformation: Any, iam: Any, name: str) -> None:
    """It is not taken over, whatever its path and the case of its letters, and not deleted with the stack."""
    before = iam.get_role(RoleName="Mine")["Role"]

    status = deployed(cloudformation, resource("Role", RoleName=name, AssumeRolePolicyDocument=TRUST))

    assert status.startswith("ROLLBACK_COMPLETE: ")
    assert f"Resource of type 'AWS::IAM::Role' with identifier '{name}' already exists." in status
    cloudformation.delete_stack(StackName="Tried")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="Tried", WaiterConfig={"Delay": 1})
    assert before == iam.get_role(RoleName="Mine")["Role"]
    assert ["policy"] == iam.list_role_policies(RoleName="Mine")["PolicyNames"]


def test_a_policy_of_a_name_that_is_taken_fails(cloudformation: Any, iam: Any) -> None:
    """So it is with a managed policy."""
    made = resource("ManagedPolicy", ManagedPolicyName="Assume-Mine", PolicyDocument=POLICY | {"Statement": []})

    assert "A policy called Assume-Mine already exists." in deployed(cloudformation, made)
    assert iam.get_policy(PolicyArn=f"arn:aws:iam::{DEV}:policy/Assume-Mine")


@pytest.mark.parametrize(("to", "kind"), [("Roles", "role"), ("Users", "user"), ("Groups", "group")])
def test_a_policy_for_somebody_who_does_not_exist_fails(cloudformation: Any, iam: Any, to: str, kind: str) -> None:
    """Nothing is left of it."""
    status = deployed(cloudformation, attached(**{to: ["Nobody"]}))

    assert status.startswith("ROLLBACK_COMPLETE: ")
    assert f"The {kind} with name Nobody cannot be found." in status
    assert "Attached" not in [each["PolicyName"] for each in iam.list_policies(Scope="Local")["Policies"]]


def test_an_update_for_somebody_who_does_not_exist_fails(cloudformation: Any, iam: Any) -> None:
    """What was attached stays attached."""
    assert "CREATE_COMPLETE" == deployed(cloudformation, attached(Roles=["Mine"]))

    status = deployed(cloudformation, attached(Roles=["Mine", "Nobody"]), update=True)

    assert status.startswith("UPDATE_ROLLBACK_COMPLETE: ")
    assert "The role with name Nobody cannot be found." in status
    assert ["Attached"] == [
        each["PolicyName"] for each in iam.list_attached_role_policies(RoleName="Mine")["AttachedPolicies"]
    ]


def test_a_provider_of_tokens_is_made_changed_and_deleted(cloudformation: Any, iam: Any) -> None:
    """AWS::IAM::OIDCProvider is the provider that IAM answers."""

    def audiences() -> list[str]:
        found: list[str] = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=ARN)["ClientIDList"]
        return found

    assert "CREATE_COMPLETE" == deployed(cloudformation, resource("OIDCProvider", Url=ISSUER, ClientIdList=["a"]))
    assert ["a"] == audiences()
    changed = resource("OIDCProvider", Url=ISSUER, ClientIdList=["a", "b"])
    assert "UPDATE_COMPLETE" == deployed(cloudformation, changed, update=True)
    assert ["a", "b"] == audiences()
    cloudformation.delete_stack(StackName="Tried")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="Tried", WaiterConfig={"Delay": 1})
    assert [] == iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]


def test_a_provider_that_exists_fails(cloudformation: Any, iam: Any) -> None:
    """An account has one for each address."""
    iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=["a"])
    try:
        status = deployed(cloudformation, resource("OIDCProvider", Url=ISSUER, ClientIdList=["b"]))

        assert f"Provider with url {ISSUER} already exists." in status
        assert ["a"] == iam.get_open_id_connect_provider(OpenIDConnectProviderArn=ARN)["ClientIDList"]
    finally:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=ARN)
