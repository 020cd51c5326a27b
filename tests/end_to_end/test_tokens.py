"""Tokens of identity providers, tried both ways on a grant for each kind of subject, which the real CDK CLI deploys."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.configuration import SandboxError
from tests.end_to_end.deployment import Deployment, deployment
from tests.sandbox.tokens import token

GITHUB = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.com"
CLUSTER = "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
ANOTHER_CLUSTER = "https://oidc.eks.eu-west-1.amazonaws.com/id/ANOTHER539D4633E53DE1B71EXAMPLE"
ABSENT = "https://token.issuer.example"
BUCKET = "builds-222222222222-eu-west-1-an"
MAIN = "repo:acme/orders:ref:refs/heads/main"
NUMBERED = "repo:acme@123456/orders@456789:ref:refs/heads/main"
PROJECT = "project_path:acme/orders:ref_type:branch:ref:main"
POD = "system:serviceaccount:shop:orders"
PROVIDERS = f"""
[[buckets]]
name = "{BUCKET}"
create = true
namespace = "account"

[[identity_providers]]
name = "github"
url = "{GITHUB}"
create = true

[[identity_providers]]
name = "gitlab"
url = "{GITLAB}"
audience = "https://gitlab.com/acme"
create = true

[[identity_providers]]
name = "cluster"
url = "{CLUSTER}"
create = true

[[identity_providers]]
name = "absent"
url = "{ABSENT}"
"""
GRANTS = {
    "Workflow": f"github:{MAIN}",
    "NumberedWorkflow": f"github:{NUMBERED}",
    "AnyWorkflow": "github:repo:acme/orders:*",
    "Disabled": f"github:{MAIN}",
    "Expired": f"github:{MAIN}",
    "FromHere": f"github:{MAIN}",
    "FromElsewhere": f"github:{MAIN}",
    "Job": f"gitlab:{PROJECT}",
    "AnyBranch": "gitlab:project_path:acme/orders:ref_type:branch:ref:*",
    "Pod": f"cluster:{POD}",
    "AnyPod": "cluster:system:serviceaccount:shop:*",
    "Absent": f"absent:{MAIN}",
}
MORE = {
    "Disabled": "disabled = true",
    "Expired": "expires = 2026-01-01T00:00:00Z",
    "FromHere": 'source_ips = ["127.0.0.0/8"]',
    "FromElsewhere": 'source_ips = ["203.0.113.0/24"]',
}


@dataclass(frozen=True)
class Issued:
    """A token: who issued it, for what subject, and for whom."""

    issuer: str
    subject: str
    audience: str = "sts.amazonaws.com"


def github(subject: str) -> Issued:
    """Return a token of a workflow."""
    return Issued(GITHUB, subject)


def gitlab(subject: str) -> Issued:
    """Return a token of a job."""
    return Issued(GITLAB, subject, "https://gitlab.com/acme")


def pod(subject: str) -> Issued:
    """Return a token of a pod."""
    return Issued(CLUSTER, subject)


TRIED: list[tuple[str, Issued, bool]] = [
    ("Workflow", github(MAIN), True),
    ("Workflow", github("repo:acme/orders:ref:refs/heads/dev"), False),  # another branch
    ("Workflow", github("repo:acme/orders:ref:refs/heads/main2"), False),
    ("Workflow", github("repo:acme/orders:ref:refs/tags/main"), False),
    ("Workflow", github("repo:acme/orders:pull_request"), False),
    ("Workflow", github("repo:acme/orders:environment:main"), False),
    ("Workflow", github("repo:mallory/orders:ref:refs/heads/main"), False),  # a fork
    ("Workflow", github("repo:Acme/Orders:ref:refs/heads/main"), False),  # the case counts
    ("Workflow", github(NUMBERED), False),  # the form of newer repositories
    ("Workflow", Issued(GITHUB, MAIN, "https://github.com/acme"), False),  # another audience
    ("Workflow", Issued(GITHUB, MAIN, "STS.amazonaws.com"), False),
    ("Workflow", Issued(GITLAB, MAIN, "https://gitlab.com/acme"), False),  # another provider
    ("Workflow", Issued(f"{GITHUB}/acme", MAIN), False),
    ("Workflow", Issued(CLUSTER, MAIN), False),
    ("NumberedWorkflow", github(NUMBERED), True),
    ("NumberedWorkflow", github("repo:acme@123456/orders@456780:ref:refs/heads/main"), False),  # made again
    ("NumberedWorkflow", github("repo:acme@123457/orders@456789:ref:refs/heads/main"), False),  # of another owner
    ("NumberedWorkflow", github(MAIN), False),
    ("AnyWorkflow", github(MAIN), True),
    ("AnyWorkflow", github("repo:acme/orders:environment:production"), True),
    ("AnyWorkflow", github("repo:acme/orders:pull_request"), True),
    ("AnyWorkflow", github("repo:acme/orders2:ref:refs/heads/main"), False),
    ("AnyWorkflow", github("repo:acme/orders"), False),
    ("AnyWorkflow", github("repo:mallory/orders:ref:refs/heads/main"), False),
    ("AnyWorkflow", github("repo:mallory/x:repo:acme/orders:ref:refs/heads/main"), False),
    ("AnyWorkflow", github("repo:ACME/orders:ref:refs/heads/main"), False),
    ("AnyWorkflow", Issued(GITHUB, MAIN, "https://github.com/acme"), False),
    ("Disabled", github(MAIN), False),
    ("Expired", github(MAIN), False),
    ("FromHere", github(MAIN), True),
    ("FromElsewhere", github(MAIN), False),
    ("Job", gitlab(PROJECT), True),
    ("Job", gitlab("project_path:acme/orders:ref_type:branch:ref:dev"), False),
    ("Job", gitlab("project_path:acme/orders:ref_type:tag:ref:main"), False),
    ("Job", gitlab("project_path:mallory/orders:ref_type:branch:ref:main"), False),
    ("Job", gitlab("project_path:acme/orders/sub:ref_type:branch:ref:main"), False),
    ("Job", Issued(GITLAB, PROJECT), False),  # sts.amazonaws.com is another audience
    ("Job", Issued(GITLAB, PROJECT, "https://gitlab.com"), False),
    ("AnyBranch", gitlab("project_path:acme/orders:ref_type:branch:ref:feature/x"), True),
    ("AnyBranch", gitlab("project_path:acme/orders:ref_type:tag:ref:v1"), False),
    ("AnyBranch", gitlab("project_path:acme/other:ref_type:branch:ref:main"), False),
    ("Pod", pod(POD), True),
    ("Pod", pod("system:serviceaccount:shop:Orders"), False),
    ("Pod", pod("system:serviceaccount:shop:orders-admin"), False),
    ("Pod", pod("system:serviceaccount:other:orders"), False),
    ("Pod", Issued(CLUSTER, POD, "https://kubernetes.default.svc"), False),
    ("Pod", Issued(ANOTHER_CLUSTER, POD), False),
    ("AnyPod", pod(POD), True),
    ("AnyPod", pod("system:serviceaccount:shop:billing"), True),
    ("AnyPod", pod("system:serviceaccount:shopping:orders"), False),
    ("AnyPod", pod("system:serviceaccount:other:shop:orders"), False),
    ("Absent", Issued(ABSENT, MAIN), False),  # the account has no such provider
    ("Absent", github(MAIN), False),
]


@dataclass(frozen=True)
class Prod:
    """The production account, with the grants of this module."""

    deployed: Deployment

    def bring(self, grant: str, issued: Issued) -> boto3.Session:
        """Return the session that a token begins; raises what STS answers."""
        sts = self.deployed.accounts.session("prod").client("sts", config=Config(signature_version=UNSIGNED))
        answer = sts.assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::222222222222:role/{grant}",
            RoleSessionName="test",
            WebIdentityToken=token(issuer=issued.issuer, subject=issued.subject, audience=issued.audience),
        )
        return self.deployed.session_of(answer)


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prod]:
    """Return a production account in which ProdAccessStack made the roles and three of the four providers."""
    entries = [
        f'[[grants]]\nname = "{name}"\nprincipals = ["{principal}"]\nbucket = "{BUCKET}"\n'
        f'prefix = "{name}/"\naccess = ["write"]\n{MORE.get(name, "")}\n'
        for name, principal in GRANTS.items()
    ]
    with deployment("tokens", "\n".join([PROVIDERS, *entries]), tmp_path_factory.mktemp("tokens")) as deployed:
        deployed.accounts.bootstrap(profiles=("prod",))
        deployed.deploy("ProdAccessStack", "prod")
        yield Prod(deployed)


@pytest.mark.parametrize(("grant", "issued", "allowed"), TRIED)
def test_whose_token_is_trusted(prod: Prod, grant: str, issued: Issued, allowed: bool) -> None:
    """Of the grant's provider, for the grant's audience, of a subject that the grant names; every other is denied."""
    if allowed:
        session = prod.bring(grant, issued)
        assert session.client("s3").put_object(Bucket=BUCKET, Key=f"{grant}/a", Body=b"a")["ETag"]
    else:
        with pytest.raises(ClientError, match=r"AccessDenied|InvalidIdentityToken"):
            prod.bring(grant, issued)


def test_a_tokens_session_is_the_grants_and_no_more(prod: Prod, denied: Callable[..., str]) -> None:
    """It writes below its grant's prefix."""
    s3 = prod.bring("Workflow", github(MAIN)).client("s3")

    assert "AccessDenied" == denied(s3.put_object, Bucket=BUCKET, Key="Job/a", Body=b"a")
    assert "AccessDenied" == denied(s3.get_object, Bucket=BUCKET, Key="Workflow/a")


def test_nobody_gets_in_with_keys(prod: Prod) -> None:
    """What trusts tokens trusts no caller of an account, not even the account's own administrator's roles."""
    sts = prod.deployed.accounts.session("dev").client("sts")

    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn="arn:aws:iam::222222222222:role/Workflow", RoleSessionName="test")


def test_the_stack_makes_the_providers_that_it_is_to_create(prod: Prod) -> None:
    """With the audience of each, and without the one that says nothing of `create`."""
    iam = prod.deployed.accounts.session("prod").client("iam")
    made = {
        each["Arn"].partition("/")[2]: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=each["Arn"])
        for each in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    }

    assert {
        GITHUB.removeprefix("https://"): ["sts.amazonaws.com"],
        GITLAB.removeprefix("https://"): ["https://gitlab.com/acme"],
        CLUSTER.removeprefix("https://"): ["sts.amazonaws.com"],
    } == {address: provider["ClientIDList"] for address, provider in made.items()}


def test_a_provider_that_is_added_later_lets_its_tokens_in(prod: Prod) -> None:
    """Nothing is deployed again: the role's trust names the provider already."""
    iam = prod.deployed.accounts.session("prod").client("iam")
    with pytest.raises(ClientError, match=f"No OpenIDConnect provider found in your account for {ABSENT}"):
        prod.bring("Absent", Issued(ABSENT, MAIN))
    made = iam.create_open_id_connect_provider(Url=ABSENT, ClientIDList=["sts.amazonaws.com", "another"])
    try:
        assert prod.bring("Absent", Issued(ABSENT, MAIN))
        with pytest.raises(ClientError, match="AccessDenied"):
            prod.bring("Absent", Issued(ABSENT, MAIN, "another"))
    finally:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=made["OpenIDConnectProviderArn"])


@pytest.mark.parametrize(("grant", "issued"), [("Workflow", github(MAIN)), ("Pod", pod(POD))])
def test_the_aws_cli_brings_a_token_from_a_file(prod: Prod, tmp_path: Path, grant: str, issued: Issued) -> None:
    """As in a pod or a workflow: the CLI assumes the role by itself, from what the environment says."""
    file, body = tmp_path / "token", tmp_path / "body"
    file.write_text(token(issuer=issued.issuer, subject=issued.subject))
    run: Any = prod.deployed.accounts.run
    body.write_text("built")
    environment = {
        "AWS_ROLE_ARN": f"arn:aws:iam::222222222222:role/{grant}",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": prod.deployed.accounts.endpoint_url,
        "AWS_CA_BUNDLE": str(prod.deployed.accounts.ca_bundle),
        "AWS_CONFIG_FILE": os.devnull,
        "HOME": str(tmp_path),  # where the CLI keeps the sessions of roles
    }

    def copy(name: str) -> str:
        target = f"s3://{BUCKET}/{grant}/{name}"
        return str(run("aws", "s3", "cp", str(body), target, log=f"copy-{name}", **environment))

    copy("built")
    stored = prod.deployed.accounts.session("prod").client("s3").get_object(Bucket=BUCKET, Key=f"{grant}/built")
    assert b"built" == stored["Body"].read()

    file.write_text(token(issuer=issued.issuer, subject=f"{issued.subject}x"))
    with pytest.raises(SandboxError, match="AccessDenied"):
        copy("denied")
