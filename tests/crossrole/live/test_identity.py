"""How the policies of a role or user are read from IAM, and what becomes of those that may not be read."""

from copy import deepcopy
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from crossrole.errors import CommandError
from crossrole.live.identity import Unreadable, live_identity

ALICE = "arn:aws:iam::111111111111:user/team/alice"
MANAGED = "arn:aws:iam::111111111111:policy/Managed"


def document(action: str) -> str:
    """Return a policy that allows one action, as IAM's wire has it."""
    statement = f'{{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}'
    return f'{{"Version": "2012-10-17", "Statement": {statement}}}'


ANY: dict[str, Any] = {"Path": "/team/", "CreateDate": "2026-11-24"}
USER = {"User": {**ANY, "Arn": ALICE, "UserName": "alice", "UserId": "A" * 16, "Tags": [{"Key": "team", "Value": "x"}]}}
GROUP = {**ANY, "Arn": "arn:aws:iam::111111111111:group/Writers", "GroupName": "Writers", "GroupId": "A" * 16}
VERSION = {"PolicyVersion": {"Document": document("s3:GetObject"), "VersionId": "v2", "IsDefaultVersion": True}}
ANSWERS: list[tuple[str, dict[str, Any]]] = [
    ("get_user", USER),
    ("list_user_policies", {"PolicyNames": ["Own"]}),
    ("get_user_policy", {"UserName": "alice", "PolicyName": "Own", "PolicyDocument": document("s3:PutObject")}),
    ("list_attached_user_policies", {"AttachedPolicies": [{"PolicyName": "Managed", "PolicyArn": MANAGED}]}),
    ("get_policy", {"Policy": {"DefaultVersionId": "v2"}}),
    ("get_policy_version", VERSION),
    ("list_groups_for_user", {"Groups": [GROUP]}),
    ("list_group_policies", {"PolicyNames": []}),
    ("list_attached_group_policies", {"AttachedPolicies": []}),
]


def answering(answers: list[tuple[str, dict[str, Any]]], **errors: str) -> Any:
    """Return an IAM client that gives these answers, and an error of that code in place of an operation's."""
    iam: Any = boto3.Session("AKIAEXAMPLE", "example", region_name="eu-west-1").client("iam")
    stub = Stubber(iam)
    for operation, answer in answers:
        code = errors.get(operation) or (None if answer else "NoSuchEntity")
        if code:
            stub.add_client_error(operation, code)
        else:
            stub.add_response(operation, deepcopy(answer))  # botocore decodes the policies in place
    stub.activate()
    return iam


def test_a_user_is_read_with_its_groups() -> None:
    """Own, managed and the groups' policies are read."""
    found = live_identity(answering(ANSWERS), ALICE)

    assert (ALICE, {"team": "x"}) == (found.arn, found.tags)
    assert ["Own", MANAGED] == [each.name for each in found.policies]


def test_all_that_may_not_be_read_is_named_at_once() -> None:
    """Every permission that is missing is reported, as IAM names them."""
    left = [each for each in ANSWERS if each[0] not in {"get_user_policy", "get_policy_version"}]
    denied = dict.fromkeys(["list_user_policies", "get_policy"], "AccessDenied")

    with pytest.raises(Unreadable) as raised:
        live_identity(answering(left, **denied), ALICE)

    assert ("iam:ListUserPolicies", "iam:GetPolicy") == raised.value.permissions


@pytest.mark.parametrize("operation", ["get_user_policy", "get_policy", "get_policy_version"])
def test_a_policy_that_is_listed_and_not_there_is_not_left_out(operation: str) -> None:
    """It may deny what the others allow, so nothing is said without it."""
    gone = [each for each in ANSWERS if operation != "get_policy" or each[0] != "get_policy_version"]

    with pytest.raises(CommandError, match="IAM lists a policy of alice and does not have it"):
        live_identity(answering(gone, **{operation: "NoSuchEntity"}), ALICE)


def test_a_user_that_is_not_there_is_no_denial() -> None:
    """IAM's answer is raised, so that the caller says what it means."""
    with pytest.raises(ClientError, match="NoSuchEntity"):
        live_identity(answering(ANSWERS, get_user="NoSuchEntity"), ALICE)
