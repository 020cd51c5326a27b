"""Two local accounts for the whole session, with one grant of each kind deployed into them by the real CDK CLI."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.accounts import Accounts
from sandbox.configuration import CHECKOUT, Profile, read_access

KINDS = CHECKOUT / "tests" / "kinds.toml"
ASSUME_ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}],
}
SSO_PATH = "/aws-reserved/sso.amazonaws.com/eu-west-1/"


@dataclass
class World:
    """The accounts, and the callers in them: each may assume any role as far as its own policy goes."""

    accounts: Accounts
    access: Path
    outputs: dict[str, str] = field(default_factory=dict)
    callers: dict[str, boto3.Session] = field(default_factory=dict)

    def deploy(self, stack: str, profile: Profile) -> None:
        """Deploy a stack as a person would, and keep its outputs."""
        command = ("cdk", "deploy", stack, "--profile", profile, "-c", f"access={self.access}")
        self.accounts.run(*command, log=f"deploy-{stack}")
        stacks = self.accounts.session(profile).client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        self.outputs |= {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}

    def assume(self, grant: str, caller: str, **request: Any) -> boto3.Session:
        """Return a session of a grant's role for a caller; raises what STS answers."""
        sts = self.callers[caller].client("sts")
        role = self.outputs[f"{grant}RoleArn"]
        given = sts.assume_role(RoleArn=role, RoleSessionName="test", **request)["Credentials"]
        return self.accounts.session_with(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region="eu-west-1"
        )

    def add_role(self, caller: str, profile: Profile, name: str, *, path: str = "/") -> None:
        """Make a role that may assume anything, and keep a session of it."""
        account = self.accounts.by_profile[profile]
        administrator = self.accounts.session(profile)
        iam = administrator.client("iam")
        root = {"AWS": f"arn:aws:iam::{account.id}:root"}
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": root}],
        }
        arn = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="Assume", PolicyDocument=json.dumps(ASSUME_ANYTHING))
        given = administrator.client("sts").assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]
        self.callers[caller] = self.accounts.session_with(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region=account.region
        )

    def add_user(self, name: str, *, path: str = "/") -> None:
        """Make a user in dev with an access key and no policy: DevUsersStack gives what the user needs."""
        iam = self.accounts.session("dev").client("iam")
        iam.create_user(UserName=name, Path=path)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self.callers[name] = self.accounts.session_with(key["AccessKeyId"], key["SecretAccessKey"], region="eu-west-1")


def _join_organization(world: World) -> str:
    """Make dev an account of an organization and return access.toml's text with that organization's ids."""
    organizations = world.accounts.session("dev").client("organizations")
    # The emulator makes an account the head of an organization of its own as soon as it asks for one.
    organization = organizations.describe_organization()["Organization"]["Id"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="dev")["OrganizationalUnit"]["Id"]
    organizations.move_account(AccountId="111111111111", SourceParentId=root, DestinationParentId=unit)
    text = KINDS.read_text()
    return text.replace("r-ab12/ou-ab12-11111111", f"{root}/{unit}").replace("o-a1b2c3d4e5", organization)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return the accounts with every stack of `kinds.toml` deployed."""
    access = read_access(KINDS)
    file = tmp_path_factory.mktemp("access") / "kinds.toml"
    with Accounts(state=CHECKOUT / ".sandbox" / "test", dev=access.dev, prod=access.prod) as accounts:
        world = World(accounts=accounts, access=file)
        file.write_text(_join_organization(world))
        world.add_user("alice")
        world.add_user("bob", path="/team/")
        world.add_role("exporter", "dev", "Exporter", path="/service-role/")
        world.add_role("bystander", "dev", "Bystander")
        world.add_role("stranger", "other", "Exporter", path="/service-role/")
        world.add_role("permission set", "dev", "AWSReservedSSO_Dev_0123456789abcdef", path=SSO_PATH)
        world.add_role("longer permission set", "dev", "AWSReservedSSO_Dev_Admin_0123456789abcdef", path=SSO_PATH)
        accounts.bootstrap()
        world.deploy("ProdAccessStack", "prod")
        world.deploy("DevLambdaStack", "dev")
        world.deploy("DevUsersStack", "dev")
        yield world


@pytest.fixture
def refused() -> Callable[..., str]:
    """Return a function that calls AWS and returns the code with which it refuses."""

    def call(operation: Callable[..., Any], **request: Any) -> str:
        with pytest.raises(ClientError) as caught:
            operation(**request)
        return str(caught.value.response["Error"]["Code"])

    return call
