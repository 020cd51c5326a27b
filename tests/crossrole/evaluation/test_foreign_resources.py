"""A resource whose policy no template holds: in another account its policy decides, in one's own it says nothing."""

from pathlib import Path
from typing import Any

import pytest

from crossrole.engines.simulator import Simulator
from crossrole.evaluation.can import Answer, ask
from crossrole.evaluation.question import question_of
from crossrole.iam.actions import has_resource_policies
from crossrole.templates.assembly import read_assembly
from crossrole.templates.reader import read_inventory
from tests.crossrole.evaluation.test_table import NOW
from tests.templates import allow, bucket, deny, document, key, role, trust, write_assembly

OWN, OTHER = "222222222222", "333333333333"
NO, YES, UNKNOWN = 1, 0, 2
RESOURCES = {
    "sqs:SendMessage": "arn:aws:sqs:eu-west-1:{}:q",
    "sns:Publish": "arn:aws:sns:eu-west-1:{}:t",
    "dynamodb:GetItem": "arn:aws:dynamodb:eu-west-1:{}:table/t",
    "secretsmanager:GetSecretValue": "arn:aws:secretsmanager:eu-west-1:{}:secret:s-AbCdEf",
    "kms:Decrypt": "arn:aws:kms:eu-west-1:{}:key/11111111-2222-3333-4444-555555555555",
    "lambda:InvokeFunction": "arn:aws:lambda:eu-west-1:{}:function:f",
    "ecr:BatchGetImage": "arn:aws:ecr:eu-west-1:{}:repository/r",
    "events:PutEvents": "arn:aws:events:eu-west-1:{}:event-bus/b",
    "kinesis:PutRecord": "arn:aws:kinesis:eu-west-1:{}:stream/s",
    "logs:PutLogEvents": "arn:aws:logs:eu-west-1:{}:log-group:g:log-stream:s",
    "glue:GetTable": "arn:aws:glue:eu-west-1:{}:table/d/t",
    "execute-api:Invoke": "arn:aws:execute-api:eu-west-1:{}:abc/prod/GET/x",
    "backup:StartCopyJob": "arn:aws:backup:eu-west-1:{}:recovery-point:r",
    "ssm:GetParameter": "arn:aws:ssm:eu-west-1:{}:parameter/p",
}


def answer(folder: Path, simulator: Simulator, action: str, resource: str, *statements: Any, **others: Any) -> Answer:
    """Return the answer for a role with these statements, in its account and beside other stacks."""
    made = write_assembly(folder, {"Prod": {"R": role("R", *statements), **others}})
    inventory = read_inventory(read_assembly(made))
    question = question_of(inventory, caller="R", via=None, action=action, resource=resource, given={}, now=NOW)
    return ask(inventory, simulator, question)


@pytest.mark.parametrize(("action", "arn"), RESOURCES.items(), ids=RESOURCES)
def test_a_policy_in_another_account_may_allow_what_the_caller_may(
    action: str, arn: str, tmp_path: Path, simulator: Simulator
) -> None:
    """What the caller's own policies allow there depends on the other policy; what they do not is denied."""
    there = arn.format(OTHER)
    allowed = answer(tmp_path / "a", simulator, action, there, allow(action))
    silent = answer(tmp_path / "b", simulator, action, there, allow("s3:*"))
    denied = answer(tmp_path / "c", simulator, action, there, allow(action), deny("*", there))

    assert (UNKNOWN, f"the policy of {there} in {OTHER} allows it") == (allowed.exit_status, allowed.unless)
    assert (NO, NO) == (silent.exit_status, denied.exit_status)


@pytest.mark.parametrize(("action", "arn"), RESOURCES.items(), ids=RESOURCES)
def test_a_policy_in_ones_own_account_is_assumed_to_say_nothing(
    action: str, arn: str, tmp_path: Path, simulator: Simulator
) -> None:
    """The answer is that of the caller's own policies, and says what it assumes of the other one."""
    here = arn.format(OWN)
    allowed = answer(tmp_path / "a", simulator, action, here, allow(action))
    silent = answer(tmp_path / "b", simulator, action, here, allow("s3:*"))

    assert (YES, NO) == (allowed.exit_status, silent.exit_status)
    assert all(
        any(f"{here} is outside the templates: its policy" in each.text for each in one.assumptions)
        for one in (allowed, silent)
    )


WITHOUT_POLICIES = {
    "ec2:TerminateInstances": f"arn:aws:ec2:eu-west-1:{OWN}:instance/i-0123456789abcdef0",
    "iam:GetRole": f"arn:aws:iam::{OWN}:role/Other",
    "rds:DeleteDBInstance": f"arn:aws:rds:eu-west-1:{OWN}:db:d",
}


@pytest.mark.parametrize(("action", "arn"), WITHOUT_POLICIES.items(), ids=WITHOUT_POLICIES)
def test_nothing_is_assumed_of_what_has_no_policy(action: str, arn: str, tmp_path: Path, simulator: Simulator) -> None:
    """Of a service without resource policies the caller's own decide alone."""
    found = answer(tmp_path, simulator, action, arn, allow(action))

    assert YES == found.exit_status
    assert not any("its policy" in each.text for each in found.assumptions)
    assert not has_resource_policies(action.partition(":")[0])


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_policy_that_a_template_holds_decides(effect: str, tmp_path: Path, simulator: Simulator) -> None:
    """Whatever the policy turns out to say, the answer without it has not said the contrary."""
    queue = f"arn:aws:sqs:eu-west-1:{OWN}:q"
    says = {"Effect": effect, "Principal": "*", "Action": "sqs:*", "Resource": queue}
    policy = {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {"Queues": [f"https://sqs.eu-west-1.amazonaws.com/{OWN}/q"], "PolicyDocument": document(says)},
    }
    folder = write_assembly(tmp_path, {"DevRoles": {"R": role("R", allow("sqs:*"))}, "Prod": {"Policy": policy}})
    inventory = read_inventory(read_assembly(folder))
    question = question_of(inventory, caller="R", via=None, action="sqs:SendMessage", resource=queue, given={}, now=NOW)

    assert (YES if effect == "Allow" else NO) == ask(inventory, simulator, question).exit_status


def test_a_template_s_resource_without_a_policy_allows_nobody_elsewhere(tmp_path: Path, simulator: Simulator) -> None:
    """A queue that a template makes has the policy that a template gives it: none."""
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}}
    folder = write_assembly(tmp_path, {"DevRoles": {"R": role("R", allow("sqs:*"))}, "Prod": {"Queue": queue}})
    inventory = read_inventory(read_assembly(folder))
    question = question_of(
        inventory,
        caller="R",
        via=None,
        action="sqs:SendMessage",
        resource=f"arn:aws:sqs:eu-west-1:{OWN}:q",
        given={},
        now=NOW,
    )

    assert NO == ask(inventory, simulator, question).exit_status


def test_a_bucket_s_key_in_another_account_has_to_allow_it(tmp_path: Path, simulator: Simulator) -> None:
    """The key of a bucket of the templates may be another account's, and its policy is there."""
    arn = f"arn:aws:kms:eu-west-1:{OTHER}:key/11111111-2222-3333-4444-555555555555"
    rule = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}}
    data = bucket("data", BucketEncryption={"ServerSideEncryptionConfiguration": [rule]})
    asked = ("s3:GetObject", "arn:aws:s3:::data/x")
    with_key = answer(tmp_path / "a", simulator, *asked, allow(["s3:*", "kms:*"]), Data=data)
    without = answer(tmp_path / "b", simulator, *asked, allow("s3:*"), Data=data)

    assert (UNKNOWN, f"the policy of {arn} in {OTHER} allows it") == (with_key.exit_status, with_key.unless)
    assert NO == without.exit_status


def test_a_foreign_bucket_s_policy_has_to_allow_it(tmp_path: Path, simulator: Simulator) -> None:
    """A bucket that no template makes is taken to be in the account of the grants: for others it is foreign."""
    grant = role("Grant", allow("s3:GetObject"), trusts=[trust({"AWS": "arn:aws:iam::111111111111:root"})])
    folder = write_assembly(tmp_path, {"DevRoles": {"R": role("R", allow("s3:*"))}, "Prod": {"G": grant, "K": key()}})
    inventory = read_inventory(read_assembly(folder))
    question = question_of(
        inventory, caller="R", via=None, action="s3:GetObject", resource="arn:aws:s3:::elsewhere/x", given={}, now=NOW
    )
    found = ask(inventory, simulator, question)

    assert (UNKNOWN, "the policy of arn:aws:s3:::elsewhere in 222222222222 allows it") == (
        found.exit_status,
        found.unless,
    )


def owned(rules: Any) -> dict[str, Any]:
    """Return a bucket with these rules of who owns its objects."""
    return bucket("data", OwnershipControls={"Rules": rules})


OWNERS: dict[str, tuple[dict[str, Any], str, bool]] = {
    "nothing said": (bucket("data"), "s3:GetObject", False),
    "the bucket's owner owns all": (owned([{"ObjectOwnership": "BucketOwnerEnforced"}]), "s3:GetObject", False),
    "the writer owns": (owned([{"ObjectOwnership": "ObjectWriter"}]), "s3:GetObject", True),
    "the writer may own": (owned([{"ObjectOwnership": "BucketOwnerPreferred"}]), "s3:GetObjectVersion", True),
    "what the deployment says": (owned([{"ObjectOwnership": {"Ref": "Whose"}}]), "s3:GetObject", True),
    "no rule that AWS takes": (owned([]), "s3:GetObject", True),
    "to write is the bucket's": (owned([{"ObjectOwnership": "ObjectWriter"}]), "s3:PutObject", False),
}


@pytest.mark.parametrize("case", OWNERS)
def test_an_object_that_another_account_may_own_is_assumed_to_be_the_buckets(
    case: str, tmp_path: Path, simulator: Simulator
) -> None:
    """No policy of the bucket's account decides about an object that its writer owns."""
    made, action, told = OWNERS[case]
    resource = "arn:aws:s3:::data/x"

    found = answer(tmp_path, simulator, action, resource, allow(action, "arn:aws:s3:::data/*"), B=made)

    assert YES == found.exit_status
    assert told is any("ObjectOwnership" in each.text and each.needed for each in found.assumptions)
