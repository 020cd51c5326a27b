"""Tags are harmless only where no policy tests them."""

from pathlib import Path
from typing import Any

import pytest

from tests.command_line import crossrole
from tests.templates import allow, nested_stack, role, write_assembly

WITH_TAGS = [
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::OIDCProvider",
    "AWS::IAM::Role",
    "AWS::IAM::SAMLProvider",
    "AWS::IAM::User",
    "AWS::KMS::Key",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::S3::AccessPoint",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
]
PROPERTIES: dict[str, dict[str, Any]] = {
    "AWS::IAM::ManagedPolicy": {"PolicyDocument": {"Version": "2012-10-17", "Statement": [allow("ec2:*")]}},
    "AWS::IAM::Role": role("Other")["Properties"],
}
GAINED, SAME = 1, 0


def tags(value: str) -> list[dict[str, str]]:
    """Return a list of one tag."""
    return [{"Key": "team", "Value": value}]


def compared(folder: Path, resources: list[dict[str, Any]]) -> int:
    """Return the exit status of `diff` for two states of one stack's resources."""
    folders = [str(write_assembly(folder / str(at), {"Prod": each})) for at, each in enumerate(resources)]
    return crossrole("diff", *folders, "--fail-on-widening").returncode


def reader(kind: str, key: str) -> dict[str, Any]:
    """Return a role that may do everything of a type's service on what has a tag."""
    return role("Reader", allow(f"{kind.split('::')[1].lower()}:*", Condition={"StringEquals": {key: "red"}}))


@pytest.mark.parametrize(("key", "expected"), [("aws:ResourceTag/team", GAINED), ("aws:RequestTag/team", SAME)])
@pytest.mark.parametrize("kind", WITH_TAGS)
def test_a_tag_that_a_policy_tests_is_reported(kind: str, key: str, expected: int, tmp_path: Path) -> None:
    """Of every type that has tags; where no policy tests those of resources, they are harmless."""
    sides = [
        {
            "Reader": reader(kind, key),
            "Tagged": {"Type": kind, "Properties": {**PROPERTIES.get(kind, {}), "Tags": tags(value)}},
        }
        for value in ("blue", "red")
    ]

    assert expected == compared(tmp_path, sides)


@pytest.mark.parametrize("kind", ["AWS::IAM::OIDCProvider", "AWS::SQS::Queue"])
def test_a_tag_of_a_nested_stack_is_one_of_its_resources(kind: str, tmp_path: Path) -> None:
    """CloudFormation puts it on each of them."""
    sides = []
    for at, value in enumerate(("blue", "red")):
        inner = nested_stack(tmp_path / str(at), "Inner", {"Tagged": {"Type": kind}}, Tags=tags(value))
        sides.append({"Reader": reader(kind, "aws:ResourceTag/team"), "Inner": inner})

    assert GAINED == compared(tmp_path, sides)
