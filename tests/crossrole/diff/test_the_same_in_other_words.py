"""What means the same, in whatever words and wherever it stands, is no change of access."""

import json
from pathlib import Path
from typing import Any

import pytest

from crossrole.diff.sentences import changes_text
from crossrole.engines.prover import Prover
from tests.crossrole.diff.one_of_each import BLOCKED, VAULT, Edit, Stacks, add, att, compared, of, of_template, put
from tests.templates import PROD, allow, bucket, document


def renamed(old: str, new: str) -> Edit:
    """Return the change of a logical id, with all that names it."""

    def edit(stacks: Stacks) -> None:
        text = json.dumps(stacks["Prod"])
        for form in ('"{}": {{"Type"', '{{"Ref": "{}"}}', '["{}", "Arn"]'):
            text = text.replace(form.format(old), form.format(new))
        stacks["Prod"] = json.loads(text)

    return edit


def moved(*logical_ids: str) -> Edit:
    """Return the change that moves resources to another stack of the account."""

    def edit(stacks: Stacks) -> None:
        taken = {each: stacks["Prod"]["Resources"].pop(each) for each in logical_ids}
        stacks["Prod2"] = {"Resources": taken}

    return edit


def reversed_statements(stacks: Stacks) -> None:
    """Reverse the statements of every policy."""

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for name, each in value.items():
                if name == "Statement":
                    each.reverse()
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk(stacks["Prod"]["Resources"])


def reordered(stacks: Stacks) -> None:
    """Reverse the resources of every stack."""
    for stack in stacks.values():
        stack["Resources"] = dict(reversed(list(stack["Resources"].items())))


OBJECTS = f"{VAULT}/dev/*"
SAME: dict[str, Edit] = {
    "other logical ids": lambda stacks: [
        renamed(each, f"Renamed{each}")(stacks)
        for each in ("Archive", "Low", "High", "Team", "Attached", "Own", "Ops", "Members", "VaultPolicy", "Function")
    ],
    "another stack": moved("Attached", "Own", "OfExisting", "Imports"),
    "statements in another order": reversed_statements,
    "resources in another order": reordered,
    "a control policy's values as lists": lambda stacks: (
        put("Scp.Content.Statement.0.Action", ["*"])(stacks),
        put("Scp.Content.Statement.1.Action", ["s3:DELETEbucket"])(stacks),
    ),
    "a control policy as a text": lambda stacks: put(
        "Scp.Content", json.dumps(stacks["Prod"]["Resources"]["Scp"]["Properties"]["Content"])
    )(stacks),
    "a Sid": put("Archive.Policies.0.PolicyDocument.Statement.0.Sid", "Writes"),
    "the name of an inline policy": put("Archive.Policies.0.PolicyName", "Another"),
    "one statement as two": lambda stacks: (
        put("Archive.Policies.0.PolicyDocument.Statement.0.Action", "s3:PutObject")(stacks),
        put("Archive.Policies.0.PolicyDocument.Statement.+", allow("s3:GetObject", OBJECTS))(stacks),
    ),
    "an inline policy as one of its own": lambda stacks: (
        stacks["Prod"]["Resources"]["Low"]["Properties"].pop("Policies"),
        add(
            of(
                "AWS::IAM::RolePolicy",
                RoleName={"Ref": "Low"},
                PolicyName="Own",
                PolicyDocument=document(allow("s3:GetObject", f"{VAULT}/low/*")),
            )
        )(stacks),
    ),
    "a value by Fn::Sub": put(
        "Archive.Policies.0.PolicyDocument.Statement.0.Resource",
        {"Fn::Sub": "arn:${AWS::Partition}:s3:::${Vault}/dev/*"},
    ),
    "a value by Fn::Join": put(
        "Archive.Policies.0.PolicyDocument.Statement.0.Resource", {"Fn::Join": ["", [att("Vault"), "/dev/*"]]}
    ),
    "a role by its ARN": put("Function.Role", f"arn:aws:iam::{PROD}:role/Low"),
    "a flag as text": put("Vault.PublicAccessBlockConfiguration.RestrictPublicBuckets", "true"),
    "an unrelated bucket": add(bucket("unrelated", PublicAccessBlockConfiguration=BLOCKED)),
    "an unrelated queue": add(of("AWS::SQS::Queue", QueueName="unrelated")),
    "a description": put("Low.Description", "Reads"),
    "a function's memory": put("Function.MemorySize", 512),
    "the tags of a queue": put("Queue.Tags", [{"Key": "cost", "Value": "a"}]),
    "a description of the template": of_template(Description="Production"),
    "a parameter with the default that was written": put(
        "Imports.Policies.0.PolicyDocument.Statement.0.Resource", f"{VAULT}/a/*"
    ),
    "an export that nobody imports": lambda stacks: stacks["Prod"]["Outputs"].update(Other={"Value": "*"}),
    "a condition that is always met": lambda stacks: (
        stacks["Prod"]["Conditions"].update(Always={"Fn::Equals": ["a", "a"]}),
        stacks["Prod"]["Resources"]["Low"].update(Condition="Always"),
    ),
}


@pytest.mark.parametrize("edit", SAME.values(), ids=SAME)
def test_the_same_in_other_words_is_no_change(edit: Edit, prover: Prover, tmp_path: Path) -> None:
    """What means the same is no change of access, and needs no look."""
    assert "no change of access" == changes_text(compared(prover, tmp_path, edit))


CHANGED_SCPS: dict[str, Edit] = {
    "a statement is gone": put("Scp.Content.Statement.1", None),
    "a Deny of less": put("Scp.Content.Statement.1.Resource", "arn:aws:s3:::vault"),
    "a Deny under a condition": put("Scp.Content.Statement.1.Condition", {"Bool": {"aws:SecureTransport": "false"}}),
    "a Deny that is an Allow": put("Scp.Content.Statement.1.Effect", "Allow"),
    "another type": put("Scp.Type", "RESOURCE_CONTROL_POLICY"),
    "another account": put("Scp.TargetIds", ["333333333333"]),
    "a statement that is not known": put("Scp.Content.Statement.1", {"Ref": "Nope"}),
    "no policy document": put("Scp.Content", "{"),
}


@pytest.mark.parametrize("edit", CHANGED_SCPS.values(), ids=CHANGED_SCPS)
def test_a_control_policy_that_says_something_else_is_told(edit: Edit, prover: Prover, tmp_path: Path) -> None:
    """A control policy that is changed is not proved."""
    assert "AWS::Organizations::Policy" in changes_text(compared(prover, tmp_path, edit))
