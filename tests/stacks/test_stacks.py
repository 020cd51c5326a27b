"""What holds for the stacks as wholes: environments, independence, outputs, and names that must not move."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.synthesis import Assembly, synthesize


def test_a_file_makes_the_stacks_it_has_a_use_for(default: Assembly, kinds: Assembly) -> None:
    """DevCallersStack stands only where a grant names users or roles of the dev account beside the function's."""
    assert {"ProdAccessStack", "DevLambdaStack"} == set(default.manifest)
    callers = {"DevCallersStack", "DevCallersStack-partner"}
    assert {"ProdAccessStack", "DevLambdaStack", *callers} == set(kinds.manifest)


def test_without_a_writer_there_is_no_function(access: dict[str, Any], tmp_path: Path) -> None:
    """A file for callers that exist already makes their stack, and no function."""
    assert {"ProdAccessStack", "DevCallersStack"} == set(synthesize(access, tmp_path).manifest)


def test_each_stack_has_its_own_account_and_region(kinds: Assembly) -> None:
    """An explicit environment keeps a deploy with the wrong profile from landing in the wrong account."""
    environments = {name: stack["environment"] for name, stack in kinds.manifest.items()}

    assert environments == {
        "ProdAccessStack": "aws://222222222222/eu-west-1",
        "DevLambdaStack": "aws://111111111111/eu-central-1",
        "DevCallersStack": "aws://111111111111/eu-central-1",
        "DevCallersStack-partner": "aws://444444444444/eu-west-1",
    }


def test_each_stack_has_tags_and_a_description(kinds: Assembly) -> None:
    """CloudFormation puts a stack's tags on every resource that takes tags."""
    for name, stack in kinds.manifest.items():
        assert stack["properties"]["tags"] == {"application": "crossrole", "team": "platform"}
        assert kinds.template(name)["Description"].startswith("crossrole: ")


def test_the_files_own_tag_wins(access: dict[str, Any], tmp_path: Path) -> None:
    """IAM knows no two tag keys that differ by case alone."""
    access["tags"] = {"Application": "reports"}

    assert {"Application": "reports"} == synthesize(access, tmp_path).manifest["ProdAccessStack"]["properties"]["tags"]


def test_no_stack_depends_on_another(kinds: Assembly) -> None:
    """Each deploys alone and in any order: no dependency, no export, no import."""
    for name, stack in kinds.manifest.items():
        assert [f"{name}.assets"] == stack["dependencies"]
        template = json.dumps(kinds.template(name))
        assert "Fn::ImportValue" not in template
        assert '"Export"' not in template


def test_production_outputs_the_role_and_the_line_that_assumes_it(default: Assembly, kinds: Assembly) -> None:
    """The output keys are the grant's name and what they hold, without a hash."""
    outputs = default.template("ProdAccessStack")["Outputs"]

    assert {"DevAccountAccessS3RoleRoleArn", "DevAccountAccessS3RoleAssumeRoleCommand"} == set(outputs)
    assert outputs["DevAccountAccessS3RoleRoleArn"]["Value"] == {
        "Fn::GetAtt": ["GrantsDevAccountAccessS3Role0E97A82A", "Arn"]
    }
    assert (
        kinds.template("ProdAccessStack")["Outputs"]["BoundedAssumeRoleCommand"]["Value"]
        == "aws sts assume-role --role-arn arn:aws:iam::222222222222:role/crossrole/dev/Bounded "
        '--role-session-name "${USER:-crossrole}" --duration-seconds 900'
    )


@pytest.mark.parametrize(
    ("grant", "words"),
    [
        ("ExternalId", "--external-id export:2026/nightly"),
        ("RecentMfa", '--serial-number "$MFA_SERIAL" --token-code "$MFA_CODE"'),
        ("OneUser", "--duration-seconds 43200"),
    ],
)
def test_the_line_says_what_the_grant_asks_for(kinds: Assembly, grant: str, words: str) -> None:
    """What the trust policy demands, the ready line sends."""
    assert words in kinds.template("ProdAccessStack")["Outputs"][f"{grant}AssumeRoleCommand"]["Value"]


def test_dev_outputs(default: Assembly) -> None:
    """What a person or a script needs to find the function and what it left behind."""
    expected = {"FunctionName", "FunctionArn", "FunctionRoleArn", "LogGroupName", "FailureQueueUrl"}

    assert expected == set(default.template("DevLambdaStack")["Outputs"])


def test_the_logical_ids_of_what_must_not_be_replaced(default: Assembly, kinds: Assembly) -> None:
    """A changed logical id makes CloudFormation replace the role, the bucket or the key."""
    assert list(default.resources("ProdAccessStack", "AWS::IAM::Role")) == ["GrantsDevAccountAccessS3Role0E97A82A"]
    assert list(default.resources("ProdAccessStack", "AWS::S3::Bucket")) == ["Bucketsreports222222222222BucketF37527D0"]
    assert list(default.resources("DevLambdaStack", "AWS::IAM::Role")) == ["WriterRole7A2A3899"]
    assert list(kinds.resources("ProdAccessStack", "AWS::KMS::Key")) == ["BucketskindsnewkeyKeyB4948195"]


def test_no_template_holds_credentials(kinds: Assembly) -> None:
    """Nothing that looks like an access key stands in a template."""
    for name in kinds.manifest:
        assert "AKIA" not in json.dumps(kinds.template(name))
        assert "SecretAccessKey" not in json.dumps(kinds.template(name))
