"""Where policies stand in templates: as objects, as text, as properties, of every kind of resource."""

import json
from typing import Any

import pytest

from crossrole.iam.quotas import INLINE_POLICIES, INLINE_POLICIES_OF_USER, MANAGED_POLICY, TRUST_POLICY
from crossrole.lint.documents import documents_of, resources_of
from crossrole.lint.findings import findings_of
from tests.crossrole.lint.policies import (
    ACCOUNT,
    CALLER,
    bucket_policy,
    document,
    found,
    holder,
    permission,
    role,
    rules,
    stack,
    trust,
)

EVERYTHING = document({"Effect": "Allow", "Action": "*", "Resource": "*"})


def places(properties: dict[str, Any], kind: str = "Custom::Any") -> list[str]:
    """Return where documents stand in a resource."""
    (resource,) = resources_of(stack({"Any": {"Type": kind, "Properties": properties}}))
    return [each.path for each in documents_of(resource)]


def test_a_document_is_found_wherever_it_stands() -> None:
    """Trust policies, inline, key and endpoint policies, and what a custom resource hands over."""
    right = document(permission())
    properties = {
        "AssumeRolePolicyDocument": right,
        "Policies": [{"PolicyName": "First", "PolicyDocument": right}, {"PolicyDocument": json.dumps(right)}],
        "KeyPolicy": right,
        "Given": {"Deeply": [[right]]},
        "Call": json.dumps({"parameters": {"Policy": json.dumps(right)}}),
        "Description": "Statement",
    }

    assert [
        "AssumeRolePolicyDocument",
        "Policies[0].PolicyDocument",
        "Policies[1].PolicyDocument",
        "KeyPolicy",
        "Given.Deeply[0][0]",
        "Call.parameters.Policy",
    ] == places(properties)


def test_what_only_has_a_statement_is_not_a_policy() -> None:
    """A firewall's rule, a policy in another language, a query."""
    rule = {"Name": "r", "Action": {"Block": {}}, "Statement": {"GeoMatchStatement": {"CountryCodes": ["XX"]}}}

    assert [] == places({"Rules": [rule]}, "AWS::WAFv2::WebACL")
    assert [] == places(
        {"Definition": {"Static": {"Statement": "permit(principal, action, resource);"}}},
        "AWS::VerifiedPermissions::Policy",
    )
    assert [] == places({"Text": "{Statement"})


def test_each_branch_of_an_if_is_looked_at() -> None:
    """Either may be deployed."""
    either = {"Fn::If": ["Condition", EVERYTHING, document(permission())]}

    assert ["administrator"] == rules(role(Policies=[{"PolicyName": "p", "PolicyDocument": either}]))


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::IAM::ManagedPolicy", {"PolicyDocument": EVERYTHING}),
        ("AWS::IAM::Policy", {"PolicyName": "p", "Groups": ["g"], "PolicyDocument": EVERYTHING}),
        ("AWS::IAM::RolePolicy", {"PolicyName": "p", "RoleName": "r", "PolicyDocument": EVERYTHING}),
        ("AWS::IAM::GroupPolicy", {"PolicyName": "p", "GroupName": "g", "PolicyDocument": EVERYTHING}),
        ("AWS::IAM::Group", {"Policies": [{"PolicyName": "p", "PolicyDocument": EVERYTHING}]}),
        ("AWS::SSO::PermissionSet", {"InlinePolicy": json.dumps(EVERYTHING)}),
        ("Custom::Any", {"Policy": json.dumps(EVERYTHING)}),
        ("Custom::Any", {"Policy": {"Fn::Sub": json.dumps(EVERYTHING)}}),
    ],
)
def test_a_policy_is_looked_at_whoever_holds_it(kind: str, properties: dict[str, Any]) -> None:
    """The same fault is found in each."""
    assert ["administrator"] == rules({"Type": kind, "Properties": properties})


def test_a_document_is_resolved_before_it_is_evaluated() -> None:
    """Intrinsic functions are evaluated by what they become at deployment."""
    action = {"Fn::Join": ["", ["s3:", "GetObjekt"]]}

    assert found(holder(permission(Action="s3:GetObjekt"))) == found(holder(permission(Action=action)))


def test_what_is_not_a_document_may_be_unresolvable() -> None:
    """A bucket's name, a rule's ARN or a policy's holder of another stack takes nothing from what can be said."""
    shared = {"Fn::ImportValue": "Shared"}
    own = bucket_policy(permission(Principal="*", Resource="arn:aws:s3:::reports/*"))
    attached = {"PolicyName": "p", "Roles": [shared], "PolicyDocument": EVERYTHING}

    own["Properties"]["Bucket"] = shared
    assert ["open-to-everyone"] == rules(own)
    assert ["administrator"] == rules({"Type": "AWS::IAM::Policy", "Properties": attached})
    assert ["administrator"] == rules(
        holder({**EVERYTHING["Statement"][0]}, RoleName=shared, ManagedPolicyArns=[shared])
    )
    assert [] == rules(call("events.amazonaws.com", SourceArn=shared))
    assert ["unknown-service"] == rules(call("lamda.amazonaws.com", FunctionName=shared, SourceArn=shared))


def call(principal: str, *, action: str = "lambda:InvokeFunction", **more: Any) -> dict[str, Any]:
    """Return a permission of a function."""
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {"FunctionName": "resize", "Action": action, "Principal": principal, **more},
    }


RULE = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/nightly"
FUNCTIONS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "everyone": (call("*"), ["open-to-everyone"]),
    "everyone by a URL": (
        call("*", action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE"),
        ["open-to-everyone"],
    ),
    "everyone in an organization": (call("*", PrincipalOrgID="o-a1b2c3d4e5"), []),
    "a service for anyone": (call("events.amazonaws.com"), ["service-without-source"]),
    "a service for a rule": (call("events.amazonaws.com", SourceArn=RULE), []),
    "a service for an account": (call("config.amazonaws.com", SourceAccount=ACCOUNT), []),
    "S3 for a bucket of whoever has it": (
        call("s3.amazonaws.com", SourceArn="arn:aws:s3:::reports"),
        ["service-without-source"],
    ),
    "S3 for a bucket of an account": (
        call("s3.amazonaws.com", SourceArn="arn:aws:s3:::reports", SourceAccount=ACCOUNT),
        [],
    ),
    "a skill": (call("alexa-appkit.amazon.com", EventSourceToken="amzn1.ask.skill.1"), []),
    "a misspelt service": (call("lamda.amazonaws.com", SourceAccount=ACCOUNT), ["unknown-service"]),
    "a misspelt action": (call(CALLER, action="lambda:InvokeFuncton"), ["unknown-action"]),
    "an action without its service": (call(CALLER, action="InvokeFunction"), ["unknown-action"]),
    "another service's action": (call(CALLER, action="s3:GetObject"), ["action-of-another-service"]),
    "a role": (call(CALLER), []),
    "an account": (call("111111111111"), []),
    "a role by a wildcard": (call("arn:aws:iam::111111111111:role/*"), ["impossible-principal"]),
    "a layer for everyone": (
        {
            "Type": "AWS::Lambda::LayerVersionPermission",
            "Properties": {"LayerVersionArn": "l", "Action": "lambda:GetLayerVersion", "Principal": "*"},
        },
        ["open-to-everyone"],
    ),
    "a layer for an organization": (
        {
            "Type": "AWS::Lambda::LayerVersionPermission",
            "Properties": {
                "LayerVersionArn": "l",
                "Action": "lambda:GetLayerVersion",
                "Principal": "*",
                "OrganizationId": "o-a1b2c3d4e5",
            },
        },
        [],
    ),
    "a bus for everyone": (
        {
            "Type": "AWS::Events::EventBusPolicy",
            "Properties": {"StatementId": "s", "Action": "events:PutEvents", "Principal": "*"},
        },
        ["open-to-everyone"],
    ),
    "a bus for an organization": (
        {
            "Type": "AWS::Events::EventBusPolicy",
            "Properties": {
                "StatementId": "s",
                "Action": "events:PutEvents",
                "Principal": "*",
                "Condition": {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-a1b2c3d4e5"},
            },
        },
        [],
    ),
    "a bus for everyone by a statement": (
        {
            "Type": "AWS::Events::EventBusPolicy",
            "Properties": {
                "StatementId": "s",
                "Statement": {"Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": "*"},
            },
        },
        ["open-to-everyone"],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_permission_of_properties_is_a_policy_too(resource: dict[str, Any], expected: list[str]) -> None:
    """Lambda and EventBridge write a statement out of them."""
    assert expected == rules(resource)


def bucket(**properties: Any) -> dict[str, Any]:
    """Return a bucket."""
    return {"Type": "AWS::S3::Bucket", "Properties": properties}


ACLS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "for everyone to list": (bucket(AccessControl="PublicRead"), ["public-acl"]),
    "for everyone to write": (bucket(AccessControl="PublicReadWrite"), ["public-acl"]),
    "for every user of AWS": (bucket(AccessControl="AuthenticatedRead"), ["public-acl"]),
    "where the block is off": (
        bucket(AccessControl="PublicRead", PublicAccessBlockConfiguration={"IgnorePublicAcls": False}),
        ["public-acl"],
    ),
    "where the block ignores it": (
        bucket(AccessControl="PublicRead", PublicAccessBlockConfiguration={"IgnorePublicAcls": True}),
        [],
    ),
    "where the block rejects it": (
        bucket(AccessControl="PublicRead", PublicAccessBlockConfiguration={"BlockPublicAcls": "true"}),
        [],
    ),
    "for logs": (bucket(AccessControl="LogDeliveryWrite"), []),
    "for its owner": (bucket(AccessControl="Private"), []),
    "none": (bucket(BucketName="b"), []),
}


@pytest.mark.parametrize(("resource", "expected"), ACLS.values(), ids=ACLS)
def test_an_acl_that_opens_a_bucket_is_found(resource: dict[str, Any], expected: list[str]) -> None:
    """Unless Block Public Access takes it back."""
    assert expected == rules(resource)


def padded(statement: dict[str, Any], characters: int) -> dict[str, Any]:
    """Return a document with this statement that has just so many characters, white space not counted."""
    rest = characters - len(json.dumps(document({**statement, "Sid": ""}), separators=(",", ":")))
    return document({**statement, "Sid": "a" * rest})


def inline(*documents: Any) -> list[dict[str, Any]]:
    """Return inline policies."""
    return [{"PolicyName": f"p{number}", "PolicyDocument": each} for number, each in enumerate(documents)]


def test_a_policy_over_its_quota_is_found() -> None:
    """One character more than AWS saves, in a trust policy and a managed one."""
    for kind, quota, statement in (
        ("AWS::IAM::Role", TRUST_POLICY, trust()),
        ("AWS::IAM::ManagedPolicy", MANAGED_POLICY, permission()),
    ):
        name = "AssumeRolePolicyDocument" if kind == "AWS::IAM::Role" else "PolicyDocument"
        fits, exceeds = padded(statement, quota), padded(statement, quota + 1)

        assert [] == rules({"Type": kind, "Properties": {name: fits}})
        assert ["too-long"] == rules({"Type": kind, "Properties": {name: exceeds}})


def test_the_inline_policies_of_a_role_share_a_quota() -> None:
    """Those in the role and those attached to it; the finding stands at the last."""
    half = INLINE_POLICIES // 2
    fits, exceeds = padded(permission(), half), padded(permission(), half + 1)
    own = role(RoleName="Job", Policies=inline(fits))

    def attached(body: Any, holder: Any) -> dict[str, Any]:
        return {
            "Type": "AWS::IAM::Policy",
            "Properties": {"PolicyName": "q", "Roles": [holder], "PolicyDocument": body},
        }

    assert [] == rules(job=own, more=attached(fits, {"Ref": "job"}))
    assert ["too-long-together"] == rules(job=own, more=attached(exceeds, {"Ref": "job"}))
    assert ["too-long-together"] == rules(job=own, more=attached(exceeds, "Job"))
    assert [] == rules(job=own, more=attached(exceeds, "Other"))
    assert ["too-long-together"] == rules(role(Policies=inline(fits, exceeds)))


def test_the_inline_policies_of_users_and_groups_have_less() -> None:
    """2,048 characters for a user."""
    exceeds = padded(permission(), INLINE_POLICIES_OF_USER + 1)

    assert ["too-long-together"] == rules({"Type": "AWS::IAM::User", "Properties": {"Policies": inline(exceeds)}})
    assert [] == rules({"Type": "AWS::IAM::Group", "Properties": {"Policies": inline(exceeds)}})
    assert [] == rules(role(Policies=inline(exceeds)))


def test_unnamed_roles_of_two_stacks_are_two() -> None:
    """A logical id stands for one resource in its own stack only."""
    half = role(Policies=inline(padded(permission(), INLINE_POLICIES // 2 + 1)))

    assert [] == findings_of([stack({"Job": half}, name="One"), stack({"Job": half}, name="Two")]).open


def test_a_bucket_that_its_stack_makes_is_its_policys_own() -> None:
    """By its logical id as by its name."""
    made = {"Type": "AWS::S3::Bucket", "Properties": {}}
    own = bucket_policy(
        permission(Principal={"AWS": CALLER}, Resource={"Fn::Join": ["", [{"Fn::GetAtt": ["made", "Arn"]}, "/*"]]})
    )
    own["Properties"]["Bucket"] = {"Ref": "made"}

    assert [] == rules(made=made, own=own)
