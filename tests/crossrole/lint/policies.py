"""Templates with the policies that the linter's tests look through, and what it finds in them."""

from collections.abc import Mapping
from typing import Any

from crossrole.lint.findings import findings_of
from crossrole.templates.intrinsics import Template

ACCOUNT = "222222222222"
BUCKET = "arn:aws:s3:::reports"
OBJECTS = f"{BUCKET}/dev/*"
CALLER = "arn:aws:iam::111111111111:role/Caller"


def stack(resources: Mapping[str, Any], *, name: str = "Stack", account: str = ACCOUNT) -> Template:
    """Return a template with these resources."""
    return Template(name, account, "eu-west-1", "aws", {"Resources": resources})


def document(*statements: Any) -> dict[str, Any]:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def without(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Return a statement without the elements that are None."""
    return {name: value for name, value in statement.items() if value is not None}


def permission(**changes: Any) -> dict[str, Any]:
    """Return a right statement of a role's policy with changes; None takes an element out."""
    return without({"Effect": "Allow", "Action": "s3:GetObject", "Resource": OBJECTS} | changes)


def trust(**changes: Any) -> dict[str, Any]:
    """Return a right statement of a trust policy with changes; None takes an element out."""
    return without({"Effect": "Allow", "Principal": {"AWS": CALLER}, "Action": "sts:AssumeRole"} | changes)


def role(*statements: Any, **properties: Any) -> dict[str, Any]:
    """Return a role with these statements in its trust policy."""
    document_of_trust = document(*(statements or [trust()]))
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document_of_trust, **properties}}


def holder(*statements: Any, **properties: Any) -> dict[str, Any]:
    """Return a role with these statements in its one inline policy."""
    return role(Policies=[{"PolicyName": "Own", "PolicyDocument": document(*statements)}], **properties)


def bucket_policy(*statements: Any, bucket: str = "reports") -> dict[str, Any]:
    """Return a bucket's policy with these statements."""
    properties = {"Bucket": bucket, "PolicyDocument": document(*statements)}
    return {"Type": "AWS::S3::BucketPolicy", "Properties": properties}


def found(*resources: Mapping[str, Any], **named: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the rule and the text of each finding that is not allowed."""
    made = {f"Resource{number}": resource for number, resource in enumerate(resources)} | named
    return [(each.rule.id, each.text) for each in findings_of([stack(made)]).open]


def rules(*resources: Mapping[str, Any], **named: Mapping[str, Any]) -> list[str]:
    """Return the rule of each finding that is not allowed."""
    return [rule for rule, _ in found(*resources, **named)]
