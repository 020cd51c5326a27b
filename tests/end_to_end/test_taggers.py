"""Who tags every session: pods of EKS Pod Identity, GitHub's configure-aws-credentials, and Identity Center.

Their calls are made as they make them: the same tags, handed on or not, the same parameters.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.end_to_end.deployment import Deployment, deployment

# https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
POD = {
    "eks-cluster-arn": "arn:aws:eks:eu-west-1:111111111111:cluster/shop",
    "eks-cluster-name": "shop",
    "kubernetes-namespace": "orders",
    "kubernetes-service-account": "exporter",
    "kubernetes-pod-name": "exporter-7d9f",
    "kubernetes-pod-uid": "5b0d6c1e-0000-0000-0000-000000000000",
}
# https://github.com/aws-actions/configure-aws-credentials#session-tagging-and-name
WORKFLOW = {
    "GitHub": "Actions",
    "Repository": "acme/orders",
    "Workflow": "release",
    "Action": "__run",
    "Actor": "ann",
    "Commit": "0a1b2c3d",
    "Branch": "main",
}
PERSON = {"CostCenter": "1234"}
PERMISSION_SET = "AWSReservedSSO_Dev_0123456789abcdef"
SSO_PATH = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
GRANTS = f"""
[[grants]]
name = "Pods"
principals = ["arn:aws:iam::111111111111:role/jobs/Exporter"]
external_id = "of-the-association"
session_tags = {json.dumps(list(POD))}
bucket = "orders"
prefix = "pods/"
access = ["write"]

[[grants]]
name = "Workflows"
principals = ["arn:aws:iam::111111111111:role/ci/Deployer"]
session_tags = {json.dumps(list(WORKFLOW))}
bucket = "orders"
prefix = "workflows/"
access = ["write"]

[[grants]]
name = "People"
principals = ["arn:aws:iam::111111111111:role{SSO_PATH}AWSReservedSSO_Dev_*"]
session_tags = ["CostCenter"]
bucket = "orders"
prefix = "people/"
access = ["write"]

[[grants]]
name = "Untagged"
principals = [
  "arn:aws:iam::111111111111:role/jobs/Exporter",
  "arn:aws:iam::111111111111:role/ci/Deployer",
  "arn:aws:iam::111111111111:role{SSO_PATH}AWSReservedSSO_Dev_*",
]
bucket = "orders"
prefix = "untagged/"
access = ["write"]
"""


def tags(bears: dict[str, str]) -> list[Any]:
    """Return tags as STS takes them."""
    return [{"Key": key, "Value": value} for key, value in bears.items()]


@dataclass(frozen=True)
class Dev:
    """The dev account, whose callers are tagged from the start or not."""

    deployed: Deployment

    def caller(self, role: str, handed_on: dict[str, str] | None = None) -> boto3.Session:
        """Return a session of a role, with tags that it hands on."""
        asked: dict[str, Any] = {"Tags": tags(handed_on), "TransitiveTagKeys": list(handed_on)} if handed_on else {}
        sts = self.deployed.accounts.session("dev").client("sts")
        role_arn = f"arn:aws:iam::111111111111:role{role}"
        return self.deployed.session_of(sts.assume_role(RoleArn=role_arn, RoleSessionName="caller", **asked))


def answer(caller: boto3.Session, grant: str, **asked: Any) -> str:
    """Return what STS answers to a caller."""
    role = f"arn:aws:iam::222222222222:role/{grant}"
    try:
        caller.client("sts").assume_role(RoleArn=role, RoleSessionName="session", **asked)
    except ClientError as error:
        return error.response["Error"]["Message"].partition(" is not authorized to perform: ")[2].partition(" on ")[0]
    return "allowed"


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """Return the dev account with the callers' half deployed, and production with the roles."""
    root = {"AWS": "arn:aws:iam::111111111111:root"}
    trusted = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": root}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    of_people = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*"}
    with deployment("taggers", GRANTS, tmp_path_factory.mktemp("taggers")) as deployed:
        iam = deployed.accounts.session("dev").client("iam")
        for path, name in (("/jobs/", "Exporter"), ("/ci/", "Deployer"), (SSO_PATH, PERMISSION_SET)):
            iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)
        # A permission set's half is its administrator's to give.
        half = json.dumps({"Version": "2012-10-17", "Statement": [of_people]})
        iam.put_role_policy(RoleName=PERMISSION_SET, PolicyName="Half", PolicyDocument=half)
        deployed.accounts.bootstrap()
        deployed.deploy("ProdAccessStack", "prod")
        deployed.deploy("DevCallersStack", "dev")
        yield Dev(deployed)


def test_a_pods_session_goes_on_to_its_target_role(dev: Dev) -> None:
    """The association's target role gets the external ID in the call, and the pod's tags from the pod's session."""
    pod = dev.caller("/jobs/Exporter", POD)

    assert "allowed" == answer(pod, "Pods", ExternalId="of-the-association")
    assert "sts:AssumeRole" == answer(pod, "Pods", ExternalId="of-another")
    assert "sts:AssumeRole" == answer(pod, "Pods")


def test_a_pods_tags_keep_it_out_of_a_role_without_them(dev: Dev) -> None:
    """Unless the association has `disableSessionTags`."""
    assert "sts:TagSession" == answer(dev.caller("/jobs/Exporter", POD), "Untagged")
    assert "allowed" == answer(dev.caller("/jobs/Exporter"), "Untagged")
    assert "allowed" == answer(dev.caller("/jobs/Exporter"), "Pods", ExternalId="of-the-association")


def test_a_pods_tag_that_the_grant_lacks_keeps_it_out(dev: Dev) -> None:
    """All that are handed on must be among the grant's."""
    pod = dev.caller("/jobs/Exporter", POD | {"kubernetes-node": "a"})

    assert "sts:TagSession" == answer(pod, "Pods", ExternalId="of-the-association")


def test_a_workflows_tags_are_the_grants(dev: Dev) -> None:
    """configure-aws-credentials tags each session that it begins with a role's keys."""
    workflow = dev.caller("/ci/Deployer")

    assert "allowed" == answer(workflow, "Workflows", Tags=tags(WORKFLOW))
    assert "sts:TagSession" == answer(workflow, "Untagged", Tags=tags(WORKFLOW))
    assert "sts:TagSession" == answer(workflow, "Workflows", Tags=tags(WORKFLOW | {"Job": "release"}))


def test_a_workflow_that_skips_the_tags_gets_in(dev: Dev) -> None:
    """With `role-skip-session-tagging: true`, into both."""
    workflow = dev.caller("/ci/Deployer")

    assert ["allowed"] * 2 == [answer(workflow, grant) for grant in ("Workflows", "Untagged")]


def test_a_persons_attributes_are_handed_on(dev: Dev) -> None:
    """Identity Center's attributes for access control are transitive tags of the permission set's session."""
    tagged, plain = dev.caller(f"{SSO_PATH}{PERMISSION_SET}", PERSON), dev.caller(f"{SSO_PATH}{PERMISSION_SET}")

    assert ["allowed", "sts:TagSession"] == [answer(tagged, grant) for grant in ("People", "Untagged")]
    assert ["allowed", "allowed"] == [answer(plain, grant) for grant in ("People", "Untagged")]
