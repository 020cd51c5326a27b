"""The form of a document: what AWS would not save is found, whoever holds it and however it is written."""

import json
from typing import Any

import pytest

from tests.crossrole.lint.policies import (
    CALLER,
    OBJECTS,
    bucket_policy,
    document,
    found,
    holder,
    permission,
    role,
    rules,
    trust,
)

KEY = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root"}, "Action": "kms:*", "Resource": "*"}


def managed(body: Any) -> dict[str, Any]:
    """Return a managed policy."""
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": body}}


def key(*statements: Any) -> dict[str, Any]:
    """Return a key with these statements in its policy."""
    return {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": document(*statements)}}


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a policy that is a number": (managed(7), "not-a-policy"),
    "a policy that is a list": (managed([permission()]), "not-a-policy"),
    "text that is not JSON": (managed('{"Version": "2012-10-17", "Statement": [}'), "not-a-policy"),
    "no statements": (managed({"Version": "2012-10-17"}), "not-a-policy"),
    "an empty list of statements": (managed(document()), "not-a-policy"),
    "a statement that is text": (managed(document("Allow")), "not-a-policy"),
    "a version that there is not": (managed({"Version": "2012-10-18", "Statement": permission()}), "version"),
    "the old version": (managed({"Version": "2008-10-17", "Statement": permission()}), "version"),
    "no version": (managed({"Statement": permission()}), "version"),
    "an element of no policy": (managed({**document(permission()), "Statements": []}), "unknown-policy-element"),
    "an element of no statement": (managed(document(permission(Condtion={}))), "unknown-element"),
    "an effect in lower case": (managed(document(permission(Effect="allow"))), "effect"),
    "an effect in a list": (managed(document(permission(Effect=["Allow"]))), "effect"),
    "no action": (holder(permission(Action=None)), "missing-element"),
    "an empty action": (holder(permission(Action=[])), "missing-element"),
    "no resource": (holder(permission(Resource=None)), "missing-element"),
    "an empty resource": (holder(permission(Resource=[])), "missing-element"),
    "no resource of a bucket policy": (
        bucket_policy(permission(Resource=None, Principal={"AWS": CALLER})),
        "missing-element",
    ),
    "no principal of a bucket policy": (
        bucket_policy(permission(Resource="arn:aws:s3:::reports/*")),
        "missing-element",
    ),
    "no principal of a trust policy": (role(trust(Principal=None)), "missing-element"),
    "no principal of a key policy": (key({**KEY, "Principal": {}}), "missing-element"),
    "a principal of a role's policy": (holder(permission(Principal={"AWS": CALLER})), "misplaced-element"),
    "a principal of a denial": (holder(permission(Effect="Deny", NotPrincipal={"AWS": "1" * 12})), "misplaced-element"),
    "a resource of a trust policy": (role(trust(Resource="*")), "misplaced-element"),
    "all resources but some of a trust policy": (role(trust(NotResource=["*"])), "misplaced-element"),
    "Action and NotAction": (holder(permission(Effect="Deny", NotAction="s3:PutObject")), "exclusive-elements"),
    "Resource and NotResource": (
        holder(permission(Effect="Deny", NotResource="arn:aws:s3:::reports/x")),
        "exclusive-elements",
    ),
    "an action that is a number": (holder(permission(Action=["s3:GetObject", 7])), "malformed-element"),
    "a resource that is null": (holder(permission(Resource=[None, OBJECTS])), "malformed-element"),
    "a Sid that is a list": (holder(permission(Sid=["A"])), "malformed-element"),
    "a principal that is text": (role(trust(Principal=CALLER)), "malformed-element"),
    "a principal that is a list": (role(trust(Principal=[CALLER])), "malformed-element"),
    "a principal's name that is an object": (
        role(trust(Principal={"AWS": {"Ref": "No", "x": 1}})),
        "malformed-element",
    ),
    "a condition that is a list": (holder(permission(Condition=[])), "malformed-element"),
    "a condition without a key": (holder(permission(Condition={"Bool": "true"})), "malformed-element"),
    "a condition with no value": (
        holder(permission(Condition={"StringEquals": {"aws:ResourceAccount": []}})),
        "malformed-element",
    ),
    "a condition with null": (
        holder(permission(Condition={"StringEquals": {"aws:ResourceAccount": None}})),
        "malformed-element",
    ),
    "a key twice, in other cases": (
        holder(permission(Condition={"StringEquals": {"aws:PrincipalTag/a": "x", "AWS:principaltag/A": "y"}})),
        "malformed-element",
    ),
    "a Sid twice": (holder(permission(Sid="Read"), permission(Sid="Read", Action="s3:PutObject")), "sid"),
    "a Sid twice in a trust policy": (role(trust(Sid="In"), trust(Sid="In")), "sid"),
    "a Sid with a space": (holder(permission(Sid="Read it")), "sid"),
}

RIGHT: dict[str, dict[str, Any]] = {
    "one statement alone": managed({"Version": "2012-10-17", "Statement": permission()}),
    "JSON text": managed(json.dumps(document(permission()))),
    "an Id": managed({**document(permission()), "Id": "any"}),
    "an empty Sid, twice": holder(permission(Sid=""), permission(Sid="", Action="s3:PutObject")),
    "a key's Sid with spaces, twice": key({**KEY, "Sid": "Enable IAM User Permissions"}, {**KEY, "Sid": "a b"}),
    "a bucket's Sid twice": bucket_policy(
        *[permission(Sid="Read it", Principal={"AWS": CALLER}, Resource="arn:aws:s3:::reports/*")] * 2
    ),
    "values that are no texts": holder(
        permission(Condition={"Bool": {"aws:SecureTransport": True}, "NumericLessThan": {"s3:TlsVersion": [1.2]}})
    ),
    "a function's permission without a resource": {
        "Type": "AWS::Lambda::Permission",
        "Properties": {"FunctionName": "f", "Action": "lambda:InvokeFunction", "Principal": CALLER},
    },
    "a repository's policy without a resource": {
        "Type": "AWS::ECR::Repository",
        "Properties": {
            "RepositoryPolicyText": document(
                {"Effect": "Allow", "Principal": {"AWS": CALLER}, "Action": "ecr:BatchGetImage"}
            )
        },
    },
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_aws_would_not_save_is_found(fault: str) -> None:
    """One fault is one finding, of its own rule."""
    resource, rule = FAULTS[fault]

    assert [rule] == rules(resource)


@pytest.mark.parametrize("right", RIGHT)
def test_what_aws_saves_is_right(right: str) -> None:
    """What is unusual and yet taken by AWS makes no finding."""
    assert [] == rules(RIGHT[right])


def test_a_fault_in_text_is_found_as_in_an_object() -> None:
    """CloudFormation takes a policy as JSON text too."""
    faulty = document({"Effect": "Allow", "Action": "*", "Resource": "*"})

    assert [] != found(managed(faulty))
    assert found(managed(faulty)) == found(managed(json.dumps(faulty)))
    assert found(managed(faulty)) == found(managed({"Fn::Sub": json.dumps(faulty)}))
    assert found(managed(faulty)) == found(managed({"Fn::Join": ["", [json.dumps(faulty)]]}))
    assert found(managed(faulty)) == found(managed({"Fn::ToJsonString": faulty}))


@pytest.mark.parametrize("written", [{"Type": "AWS::IAM::Role", "Properties": []}, {"Type": 5}, {"Properties": {}}])
def test_what_is_no_resource_is_found(written: dict[str, Any]) -> None:
    """Nothing of it is read, so that its policies are not in order for that."""
    assert ["not-a-resource"] == rules(written)
