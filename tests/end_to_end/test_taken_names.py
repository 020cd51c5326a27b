"""What somebody made by hand under a name of the file's: the deploy fails over it, and leaves it as it is."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.configuration import SandboxError
from tests.end_to_end.deployment import Deployment, deployment

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
NOTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
ISSUER = "https://token.actions.githubusercontent.com"
GRANTS = f"""
[[identity_providers]]
name = "github"
url = "{ISSUER}"
create = true

[[grants]]
name = "Uploads"
principals = ["arn:aws:iam::111111111111:role/jobs/Uploader", "github:repo:acme/orders:ref:refs/heads/main"]
bucket = "uploads"
prefix = "a/"
access = ["write"]

[[grants]]
name = "Writing"
principals = ["arn:aws:iam::111111111111:role/jobs/Writer"]
bucket = "uploads"
prefix = "b/"
access = ["write"]

[writer]
grant = "Writing"
role = "jobs/Writer"
"""


@dataclass(frozen=True)
class Site(Deployment):
    """Two bootstrapped accounts, and what the file makes in them."""

    def iam(self, profile: str) -> Any:
        """Return an account's IAM."""
        return self.accounts.session(profile).client("iam")

    def status(self, stack: str, profile: str) -> str:
        """Return how a stack's deploy ended."""
        stacks = self.accounts.session(profile).client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return str(stacks[0]["StackStatus"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return accounts in which nothing is deployed."""
    with deployment("taken", GRANTS, tmp_path_factory.mktemp("taken")) as made:
        made.accounts.bootstrap()
        yield Site(made.accounts, made.templates)


TAKEN = [
    ("ProdAccessStack", "prod", "Uploads", "/team/"),  # IAM's names differ in more than the path
    ("DevLambdaStack", "dev", "Writer", "/"),
]


@pytest.mark.parametrize(("stack", "profile", "name", "path"), TAKEN)
def test_a_role_that_exists_is_not_taken_over(site: Site, stack: str, profile: str, name: str, path: str) -> None:
    """A grant's role and the function's: the deploy fails, and the role stays as it is."""
    own = site.iam(profile)
    own.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(TRUST))
    own.put_role_policy(RoleName=name, PolicyName="Own", PolicyDocument=json.dumps(NOTHING))
    try:
        with pytest.raises(SandboxError, match=r"AWS::IAM::Role.{1,400}already exists"):
            site.deploy(stack, profile)

        kept = own.get_role(RoleName=name)["Role"]
        assert (TRUST, path) == (kept["AssumeRolePolicyDocument"], kept["Path"])
        assert ["Own"] == own.list_role_policies(RoleName=name)["PolicyNames"]
        assert "ROLLBACK_COMPLETE" == site.status(stack, profile)
    finally:
        own.delete_role_policy(RoleName=name, PolicyName="Own")
        own.delete_role(RoleName=name)


def test_a_policy_that_exists_is_not_taken_over(site: Site) -> None:
    """The caller's half that somebody made by hand, under the name that the stack gives it."""
    own = site.iam("dev")
    own.create_role(RoleName="Uploader", Path="/jobs/", AssumeRolePolicyDocument=json.dumps(TRUST))
    arn = own.create_policy(PolicyName="Assume-Uploads", PolicyDocument=json.dumps(NOTHING))["Policy"]["Arn"]
    try:
        with pytest.raises(SandboxError, match="A policy called Assume-Uploads already exists"):
            site.deploy("DevCallersStack", "dev")

        assert [] == own.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]
        own.delete_policy(PolicyArn=arn)
        site.deploy("DevCallersStack", "dev")
        assert ["Uploader"] == [each["RoleName"] for each in own.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]]
    finally:
        for each in own.list_attached_role_policies(RoleName="Uploader")["AttachedPolicies"]:
            own.detach_role_policy(RoleName="Uploader", PolicyArn=each["PolicyArn"])
        own.delete_role(RoleName="Uploader")


def test_a_provider_that_exists_is_not_taken_over(site: Site) -> None:
    """`create = true` where the account has the provider: the deploy fails; without that provider it works."""
    own = site.iam("prod")
    made = own.create_open_id_connect_provider(Url=ISSUER, ClientIDList=["another"])["OpenIDConnectProviderArn"]
    with pytest.raises(SandboxError, match=f"Provider with url {ISSUER} already exists"):
        site.deploy("ProdAccessStack", "prod")
    assert ["another"] == own.get_open_id_connect_provider(OpenIDConnectProviderArn=made)["ClientIDList"]

    own.delete_open_id_connect_provider(OpenIDConnectProviderArn=made)
    site.deploy("ProdAccessStack", "prod")
    assert ["sts.amazonaws.com"] == own.get_open_id_connect_provider(OpenIDConnectProviderArn=made)["ClientIDList"]
