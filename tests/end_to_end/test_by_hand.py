"""A grant that is made by the lines of `crossrole policies` is the grant that `cdk deploy` makes."""

import json
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

# The AWS CLI's own entry point, many commands in one process: each of its own would take a third of a second.
AWS_CLI = """
import json, sys
from awscli.clidriver import create_clidriver
driver = create_clidriver()
sys.exit(any(driver.main(words[1:]) for words in json.load(sys.stdin)))
"""
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def aws(shell: Any, commands: list[list[str]]) -> None:
    """Run commands of the AWS CLI."""
    done = subprocess.run(
        [sys.executable, "-c", AWS_CLI],
        input=json.dumps(commands),
        env=shell.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr


def lines(shell: Any, grant: str, folder: Path, *words: str) -> list[list[str]]:
    """Return the commands that `policies` prints."""
    done = shell.crossrole("policies", grant, "--out", str(folder), *words)
    assert 0 == done.returncode, done.stderr
    return [shlex.split(line) for line in done.stdout.splitlines() if line.startswith("aws ")]


def described(iam: Any, role: str) -> dict[str, Any]:
    """Return all that a role is made of, its policies as IAM stores them."""
    found = iam.get_role(RoleName=role)["Role"]
    kept = {key: found.get(key) for key in ("Path", "RoleName", "Description", "MaxSessionDuration")}
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    inline = {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
    # As text: the order of what is in a document counts too.
    return {
        **kept,
        "trust": json.dumps(found["AssumeRolePolicyDocument"]),
        "policies": {name: json.dumps(document) for name, document in sorted(inline.items())},
        "attached": iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"],
    }


def test_a_role_made_by_hand_is_the_one_that_is_deployed(world: Any, shell: Any, tmp_path: Path) -> None:
    """Every grant but the one with a key of the stack, made in a third account: document for document the same."""
    deployed, made = (world.accounts.session(profile).client("iam") for profile in ("prod", "other"))
    grants = [grant["name"] for grant in tomllib.loads(world.access.read_text())["grants"] if grant["name"] != "NewKey"]
    # A boundary is of the role's own account, and must exist.
    boundary = made.create_policy(PolicyName="Boundary", PolicyDocument=json.dumps(ANYTHING))["Policy"]["Arn"]
    commands = [
        [word.replace("arn:aws:iam::222222222222:policy/Boundary", boundary) for word in words]
        for grant in grants
        for words in lines(shell, grant, tmp_path / grant, "--prod-profile", "other")
        if words[-1] == "other"
    ]
    aws(shell, commands)
    try:
        for grant in grants:
            assert described(deployed, grant) == described(made, grant)
    finally:
        for grant in grants:
            for name in made.list_role_policies(RoleName=grant)["PolicyNames"]:
                made.delete_role_policy(RoleName=grant, PolicyName=name)
            made.delete_role(RoleName=grant)
        made.delete_policy(PolicyArn=boundary)


@pytest.mark.parametrize("grant", ["OneUser", "RecentMfa", "AllConditions"])
def test_a_users_half_is_the_one_that_is_deployed(world: Any, shell: Any, tmp_path: Path, grant: str) -> None:
    """The caller's policy is the managed policy that DevCallersStack made, under the name that the lines give it."""
    create, attach = (
        lines(shell, grant, tmp_path)[-2:] if grant != "RecentMfa" else lines(shell, grant, tmp_path)[-3:-1]
    )
    iam = world.accounts.session("dev").client("iam")
    arn = attach[attach.index("--policy-arn") + 1]
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]

    assert arn.endswith(f"/{create[create.index('--policy-name') + 1]}")
    assert json.dumps(document) == json.dumps(json.loads((tmp_path / "assume-role-policy.json").read_text()))


def test_a_roles_half_opens_the_way(world: Any, shell: Any, tmp_path: Path) -> None:
    """A role without a policy of its own is denied; with the lines run, each of the two ways, it is let in."""
    world.add_role("by hand", "dev", "WriterByHand")
    iam = world.accounts.session("dev").client("iam")
    iam.delete_role_policy(RoleName="WriterByHand", PolicyName="Assume")
    commands = lines(shell, "SeedExample", tmp_path)[-1:]
    arn = "arn:aws:iam::111111111111:policy/Assume-SeedExample"
    attach = [*("aws", "iam", "attach-role-policy", "--role-name", "WriterByHand", "--policy-arn", arn)]
    with pytest.raises(ClientError, match="AccessDenied"):
        world.assume("SeedExample", "by hand")

    aws(shell, [*commands, [*attach, "--profile", "dev"]])

    assert world.assume("SeedExample", "by hand")
    iam.detach_role_policy(RoleName="WriterByHand", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    iam.delete_role(RoleName="WriterByHand")
