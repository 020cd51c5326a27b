"""Permissions that are everything, or that lead to everything."""

from typing import Any

import pytest

from tests.crossrole.lint.policies import ACCOUNT, document, found, holder, permission, role, rules

EVERY_OBJECT = "arn:aws:s3:::*/*"
BACK = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}


def allow(action: Any, resource: Any = "*", **changes: Any) -> dict[str, Any]:
    """Return a statement that allows actions on resources."""
    return permission(Action=action, Resource=resource, **changes)


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    """Return the change that gives a statement a condition."""
    return {"Condition": {operator: {key: value}}}


WIDE: dict[str, tuple[dict[str, Any], str]] = {
    "everything": (allow("*"), "administrator"),
    "everything of every service": (allow("*:*"), "administrator"),
    "everything among others": (allow(["s3:GetObject", "*"], ["*"]), "administrator"),
    "everything of IAM": (allow("IAM:*"), "administrator"),
    "everything on every role": (allow("*", "arn:aws:iam::*:role/*"), "administrator"),
    "writing in IAM": (allow("iam:Put*"), "administrator"),
    "policies of IAM": (allow("iam:*Policy"), "administrator"),
    "everything with a code": (allow("*", **when("Bool", "aws:MultiFactorAuthPresent", "true")), "administrator"),
    "everything of S3": (allow("s3:*"), "all-of-s3"),
    "everything of S3 in another case": (allow("S3:*"), "all-of-s3"),
    "everything of S3 on every bucket": (allow("s3:*", ["arn:aws:s3:::*"]), "all-of-s3"),
    "everything of S3 on every bucket and object": (
        allow("s3:*", ["arn:aws:s3:::*", EVERY_OBJECT]),
        "all-of-s3",
    ),
    "everything of S3 in every partition": (allow("s3:*", "arn:*:s3:::*"), "all-of-s3"),
    "everything of objects": (allow("s3:*Object*", EVERY_OBJECT), "all-of-s3"),
    "reading, changing and deleting": (allow(["s3:Get*", "s3:Put*", "s3:Delete*"]), "all-of-s3"),
    "everything of S3 of the own account": (
        allow("s3:*", **when("StringEquals", "aws:ResourceAccount", ACCOUNT)),
        "all-of-s3",
    ),
    "everything of S3 until a day": (
        allow("s3:*", **when("DateLessThan", "aws:CurrentTime", "2027-01-01T00:00:00Z")),
        "all-of-s3",
    ),
    "any role": (allow("sts:AssumeRole"), "assume-any-role"),
    "any role by its ARN": (allow("sts:AssumeRole", "arn:aws:iam::*:role/*"), "assume-any-role"),
    "any role among others": (
        allow(["sts:AssumeRole", "sts:TagSession"], ["arn:aws:iam::111111111111:role/App", "*"]),
        "assume-any-role",
    ),
    "everything of STS": (allow("sts:*"), "assume-any-role"),
    "handing over any role": (allow("iam:PassRole"), "escalation"),
    "handing over any role of the account": (allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/*"), "escalation"),
    "handing over any role, in another case": (allow(["IAM:passrole"], ["arn:aws:iam::*:role/*"]), "escalation"),
    "handing over any role to any service": (
        allow("iam:PassRole", **when("StringLike", "iam:PassedToService", "*")),
        "escalation",
    ),
    "the keys of any directory": (allow("iam:UpdateSAMLProvider"), "escalation"),
    "writing into any role": (allow("iam:PutRolePolicy"), "escalation"),
    "writing into any role of the account": (allow("iam:PutRolePolicy", "arn:aws:iam::*:role/*"), "escalation"),
    "attaching to any role": (allow("iam:AttachRolePolicy"), "escalation"),
    "attaching to any user": (allow("iam:AttachUserPolicy"), "escalation"),
    "attaching to any group": (allow("iam:AttachGroupPolicy", "arn:aws:iam::*:group/*"), "escalation"),
    "writing into any user": (allow("iam:PutUserPolicy"), "escalation"),
    "writing into any group": (allow("iam:PutGroupPolicy"), "escalation"),
    "joining any group": (allow("iam:AddUserToGroup"), "escalation"),
    "rewriting any policy": (allow("iam:CreatePolicyVersion"), "escalation"),
    "bringing back any version": (allow("iam:SetDefaultPolicyVersion"), "escalation"),
    "keys of any user": (allow("iam:CreateAccessKey", "arn:aws:iam::*:user/*"), "escalation"),
    "a password of any user": (allow("iam:CreateLoginProfile"), "escalation"),
    "another password of any user": (allow("iam:UpdateLoginProfile"), "escalation"),
    "the trust of any role": (allow("iam:UpdateAssumeRolePolicy"), "escalation"),
    "no boundary for any role": (allow("iam:DeleteRolePermissionsBoundary"), "escalation"),
    "a key of any user, with a tag of one's own": (
        allow("iam:CreateAccessKey", **when("StringEquals", "aws:PrincipalTag/team", "platform")),
        "escalation",
    ),
    "everything but some": (
        permission(Action=None, NotAction="iam:*", Resource="*"),
        "allow-not-action",
    ),
    "everywhere but there": (
        permission(Resource=None, NotResource="arn:aws:s3:::secret/*"),
        "allow-not-resource",
    ),
}
NARROW: dict[str, dict[str, Any]] = {
    "everything of a bucket": allow("s3:*", ["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"]),
    "everything of buckets of a name": allow("s3:*", ["arn:aws:s3:::acme-*", "arn:aws:s3:::acme-*/*"]),
    "everything on a bucket's objects": allow("*", "arn:aws:s3:::reports/*"),
    "reading every object": allow(["s3:Get*", "s3:List*"]),
    "everything of S3 through a service": allow("s3:*", **when("ForAnyValue:StringEquals", "aws:CalledVia", "x.y")),
    "everything of S3 on tagged objects": allow("s3:*", **when("StringEquals", "s3:ExistingObjectTag/a", "b")),
    "one role": allow("sts:AssumeRole", "arn:aws:iam::111111111111:role/App"),
    "one name in every account": allow("sts:AssumeRole", "arn:aws:iam::*:role/Audit"),
    "every role of one account": allow("sts:AssumeRole", "arn:aws:iam::111111111111:role/*"),
    "any role with an external ID": allow("sts:AssumeRole", **when("StringEquals", "sts:ExternalId", "x")),
    "handing over one role": allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/tasks/*"),
    "handing over any role to one service": allow(
        "iam:PassRole", **when("StringEquals", "iam:PassedToService", "ecs-tasks.amazonaws.com")
    ),
    "attaching one policy": allow(
        "iam:AttachRolePolicy", **when("ArnEquals", "iam:PolicyARN", "arn:aws:iam::aws:policy/ReadOnlyAccess")
    ),
    "writing under a boundary": allow(
        "iam:PutRolePolicy", **when("ArnEquals", "iam:PermissionsBoundary", "arn:aws:iam::222222222222:policy/b")
    ),
    "one's own keys": allow("iam:CreateAccessKey", "arn:aws:iam::*:user/${aws:username}"),
    "roles of a path": allow("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/apps/*"),
    "denying everything": allow("*", Effect="Deny"),
    "denying escalation": allow(["iam:PassRole", "iam:Put*"], Effect="Deny"),
    "reading IAM": allow(["iam:Get*", "iam:List*"]),
}


@pytest.mark.parametrize("wide", WIDE)
def test_a_wide_permission_is_found(wide: str) -> None:
    """It is found in an inline policy, a managed one and one that is attached to a user, as one finding."""
    statement, rule = WIDE[wide]
    managed = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document(statement)}}
    of_user = {"Type": "AWS::IAM::UserPolicy", "Properties": {"UserName": "a", "PolicyDocument": document(statement)}}

    assert [rule] == rules(holder(statement))
    assert [rule] == rules(managed)
    assert [rule] == rules(of_user)


@pytest.mark.parametrize("narrow", NARROW)
def test_a_narrow_permission_is_right(narrow: str) -> None:
    """What is limited to some resources, or by a condition on them, is what a policy is for."""
    assert [] == rules(holder(NARROW[narrow]))


def test_what_the_document_denies_itself_is_not_given() -> None:
    """An unconditional Deny beside it takes it back; one with a condition, or of less, does not."""
    everything, all_of_s3 = allow("*"), allow("s3:*")

    assert [] == rules(holder(everything, BACK))
    assert [] == rules(holder(all_of_s3, allow("s3:Delete*", Effect="Deny")))
    assert [] == rules(holder(allow("iam:PassRole"), allow("iam:Pass*", Effect="Deny")))
    assert ["administrator"] == rules(holder(everything, {**BACK, "Action": "iam:Put*"}))
    assert ["administrator"] == rules(holder(everything, BACK | when("Bool", "aws:SecureTransport", "false")))
    assert ["administrator"] == rules(holder(everything, {**BACK, "Resource": f"arn:aws:iam::{ACCOUNT}:role/a"}))


OWN: dict[str, tuple[dict[str, Any], list[str]]] = {
    "its own role": (allow("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/apps/Job"), ["escalation"]),
    "roles, its own among them": (allow("iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/apps/*"), ["escalation"]),
    "another role": (allow("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/apps/Other"), []),
    "handing over its own role": (allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/apps/Job"), []),
}


@pytest.mark.parametrize(("statement", "expected"), OWN.values(), ids=OWN)
def test_changing_ones_own_role_is_found(statement: dict[str, Any], expected: list[str]) -> None:
    """A role that may write its own policies has every permission, wherever the policy that says so stands."""
    named = {"RoleName": "Job", "Path": "/apps/"}
    attached = {"PolicyName": "p", "Roles": [{"Ref": "job"}], "PolicyDocument": document(statement)}

    assert expected == rules(holder(statement, **named))
    assert expected == rules(job=role(**named), own={"Type": "AWS::IAM::Policy", "Properties": attached})


def test_changing_ones_own_user_is_found() -> None:
    """The variable stands for the user who asks."""
    own = allow("iam:PutUserPolicy", f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}")
    user = {"Type": "AWS::IAM::User", "Properties": {"Policies": [{"PolicyDocument": document(own)}]}}

    assert ["escalation"] == rules(user)


ATTACHED: dict[str, tuple[Any, list[str]]] = {
    "an administrator's": (["arn:aws:iam::aws:policy/AdministratorAccess"], ["wide-managed-policy"]),
    "all of S3 among others": (
        ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/AmazonS3FullAccess"],
        ["wide-managed-policy"],
    ),
    "all of IAM": (["arn:aws:iam::aws:policy/IAMFullAccess"], ["wide-managed-policy"]),
    "all but IAM": (["arn:aws:iam::aws:policy/PowerUserAccess"], ["wide-managed-policy"]),
    "a name": (["ReadOnlyAccess"], ["not-a-policy-arn"]),
    "a role": (["arn:aws:iam::222222222222:role/Job"], ["not-a-policy-arn"]),
    "a job function's": (["arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"], []),
    "one of the account of that name": (["arn:aws:iam::222222222222:policy/AdministratorAccess"], []),
}


@pytest.mark.parametrize(("arns", "expected"), ATTACHED.values(), ids=ATTACHED)
def test_a_wide_policy_of_aws_is_found(arns: list[str], expected: list[str]) -> None:
    """A policy that is attached by its ARN counts as what it says, for a role, a user and a group."""
    user = {"Type": "AWS::IAM::User", "Properties": {"ManagedPolicyArns": arns}}
    group = {"Type": "AWS::IAM::Group", "Properties": {"ManagedPolicyArns": arns}}

    assert expected == rules(role(ManagedPolicyArns=arns))
    assert expected == rules(user)
    assert expected == rules(group)


def test_a_bucket_policy_gives_only_its_own_bucket() -> None:
    """There, "s3:*" on "*" is not every bucket."""
    own = allow("s3:*", "*", Principal={"AWS": "arn:aws:iam::111111111111:role/Caller"})
    policy = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "reports", "PolicyDocument": document(own)}}

    assert [] == rules(policy)


def test_a_policy_of_an_organization_gives_nothing() -> None:
    """AWS attaches one with Allow * to everything."""
    content = {"Type": "AWS::Organizations::Policy", "Properties": {"Content": document(allow("*"))}}

    assert [] == rules(content)


def test_the_text_says_what_it_lets_its_holder_do() -> None:
    """Beside how to fix it."""
    ((_, text),) = found(holder(allow("iam:PassRole")))

    assert (
        'iam:PassRole on "*" lets its holder hand any role, an administrator\'s too, to a service that then acts for '
        "it; name those that it needs under Resource, or the services under iam:PassedToService"
    ) == text
