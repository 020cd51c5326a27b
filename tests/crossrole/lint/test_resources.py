"""Resources and policy variables: ARNs that never match, and variables that stand for nothing."""

from typing import Any

import pytest

from tests.crossrole.lint.policies import ACCOUNT, CALLER, bucket_policy, document, found, holder, permission, rules


def on(action: Any, *resources: str, **changes: Any) -> dict[str, Any]:
    """Return a role with a statement about resources."""
    return holder(permission(Action=action, Resource=list(resources), **changes))


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no prefix": (on("s3:GetObject", "aws:s3:::vault/*"), "not-an-arn"),
    "a bucket's name": (on("s3:GetObject", "vault/*"), "not-an-arn"),
    "an address": (on("s3:GetObject", "s3://vault/*"), "not-an-arn"),
    "a name that is denied": (on("s3:GetObject", "vault/*", Effect="Deny"), "not-an-arn"),
    "half an ARN": (on("s3:GetObject", "arn:aws:s3:vault"), "not-an-arn"),
    "an account in a bucket's ARN": (on("s3:GetObject", f"arn:aws:s3::{ACCOUNT}:vault/*"), "impossible-arn"),
    "a region in a bucket's ARN": (on("s3:GetObject", "arn:aws:s3:eu-west-1::vault/*"), "impossible-arn"),
    "a bucket with a slash and no object": (on("s3:GetObject", "arn:aws:s3:::/vault"), "impossible-arn"),
    "a region in a role's ARN": (on("iam:GetRole", f"arn:aws:iam:eu-west-1:{ACCOUNT}:role/a"), "impossible-arn"),
    "no account in a role's ARN": (on("iam:GetRole", "arn:aws:iam:::role/a"), "impossible-arn"),
    "no region in a queue's ARN": (on("sqs:SendMessage", f"arn:aws:sqs::{ACCOUNT}:a"), "impossible-arn"),
    "a kind that there is not": (
        on("dynamodb:GetItem", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:tabel/a"),
        "impossible-arn",
    ),
    "an account of eleven digits": (on("sqs:SendMessage", "arn:aws:sqs:eu-west-1:22222222222:a"), "impossible-arn"),
    "a misspelt region": (on("sqs:SendMessage", f"arn:aws:sqs:eu-wset-1:{ACCOUNT}:a"), "impossible-arn"),
    "a misspelt partition": (on("s3:GetObject", "arn:awz:s3:::vault/*"), "impossible-arn"),
    "another partition": (on("s3:GetObject", "arn:aws-cn:s3:::vault/*"), "impossible-arn"),
    "an impossible one among others": (
        on("s3:GetObject", "arn:aws:s3:::vault/*", f"arn:aws:s3::{ACCOUNT}:vault/*"),
        "impossible-arn",
    ),
    "an impossible one that is left out": (
        holder(permission(Effect="Deny", Resource=None, NotResource=f"arn:aws:s3::{ACCOUNT}:vault/*")),
        "impossible-arn",
    ),
    "a key's alias": (on("kms:Decrypt", f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/a"), "action-without-resource"),
    "a user to assume": (on("sts:AssumeRole", "arn:aws:iam::111111111111:user/a"), "action-without-resource"),
    "a session to assume": (
        on("sts:AssumeRole", "arn:aws:iam::111111111111:instance-profile/a"),
        "action-without-resource",
    ),
    "a topic for a queue's action": (
        on("sqs:SendMessage", f"arn:aws:sns:eu-west-1:{ACCOUNT}:a"),
        "action-without-resource",
    ),
    "a log group for its table's action": (
        on("dynamodb:Put*", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:a"),
        "action-without-resource",
    ),
    "a bucket's wildcard for objects' actions": (on("s3:*Object", "arn:aws:s3:::vault"), "action-without-resource"),
    "a variable that is not closed": (on("s3:GetObject", "arn:aws:s3:::vault/${aws:username/*"), "malformed-variable"),
    "a variable without a name": (on("s3:GetObject", "arn:aws:s3:::vault/${}/*"), "malformed-variable"),
    "a variable with spaces": (on("s3:GetObject", "arn:aws:s3:::vault/${ aws:username }/*"), "malformed-variable"),
    "a default without quotes": (
        on("s3:GetObject", "arn:aws:s3:::vault/${aws:PrincipalTag/team, none}/*"),
        "malformed-variable",
    ),
    "a variable that is not closed in a condition": (
        on("s3:ListBucket", "arn:aws:s3:::vault", Condition={"StringLike": {"s3:prefix": ["a/*", "${aws:username/*"]}}),
        "malformed-variable",
    ),
    "a misspelt variable": (on("s3:GetObject", "arn:aws:s3:::vault/${aws:PrincipalName}/*"), "unknown-variable"),
    "a misspelt variable with a default": (
        on("s3:GetObject", "arn:aws:s3:::vault/${aws:usernam, 'x'}/*"),
        "unknown-variable",
    ),
    "a misspelt variable of a service": (on("s3:GetObject", "arn:aws:s3:::vault/${s3:prefx}/*"), "unknown-variable"),
    "a tag without its name": (on("s3:GetObject", "arn:aws:s3:::vault/${aws:PrincipalTag}/*"), "unknown-variable"),
    "a parameter that is not filled in": (on("s3:GetObject", "arn:aws:s3:::${BucketName}/*"), "unknown-variable"),
    "an account that is not filled in": (on("s3:GetObject", "arn:aws:s3:::v-${AWS::AccountId}/*"), "unknown-variable"),
    "a misspelt variable in a condition": (
        on("s3:ListBucket", "arn:aws:s3:::vault", Condition={"StringLike": {"s3:prefix": "${aws:user}/*"}}),
        "unknown-variable",
    ),
}

RIGHT: dict[str, dict[str, Any]] = {
    "an access point's objects": on("s3:GetObject", f"arn:aws:s3:eu-west-1:{ACCOUNT}:accesspoint/a/object/*"),
    "objects of an access point of many regions": on(
        "s3:GetObject", f"arn:aws:s3::{ACCOUNT}:accesspoint/mfzwi23gnjvgw.mrap/object/*"
    ),
    "an access point of many regions": on("s3:ListBucket", f"arn:aws:s3::{ACCOUNT}:accesspoint/mfzwi23gnjvgw.mrap"),
    "everything": on("s3:GetObject", "*"),
    "everything of a service": on("s3:GetObject", "arn:aws:s3:::*"),
    "any partition": on("s3:GetObject", "arn:*:s3:::vault/*"),
    "any region and account": on("sqs:SendMessage", "arn:aws:sqs:*:*:jobs"),
    "any resource": on("logs:CreateLogStream", "arn:aws:logs:*:*:*"),
    "AWS's own policy": on("iam:GetPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    "an image of anyone": on("ec2:RunInstances", "arn:aws:ec2:eu-west-1::image/ami-1"),
    "a bucket by a wildcard": on("s3:PutObject", "arn:aws:s3:::reports*"),
    "a bucket by a variable": on("s3:ListBucket", "arn:aws:s3:::${aws:PrincipalTag/bucket}"),
    "a role under a path": on("sts:AssumeRole", "arn:aws:iam::111111111111:role/a/b/c"),
    "a log group with its streams": on("logs:PutLogEvents", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/a/b:*"),
    "an index and its table": on(
        "dynamodb:Query",
        f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/a",
        f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/a/index/*",
    ),
    "a new region": on("sqs:SendMessage", f"arn:aws:sqs:eu-west-9:{ACCOUNT}:a"),
    "a service that the reference does not know": on(
        "s3:GetObject", "arn:aws:s3:::vault/*", f"arn:aws:brandnew:eu-west-1:{ACCOUNT}:a"
    ),
    "actions that need another resource each": on(
        ["s3:ListBucket", "s3:GetObject", "kms:Decrypt"],
        "arn:aws:s3:::vault",
        "arn:aws:s3:::vault/*",
        f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/a",
    ),
    "an action on what the reference does not list": on(
        "logs:DescribeLogGroups", f"arn:aws:logs:*:{ACCOUNT}:log-group:a"
    ),
    "variables": on(
        "s3:GetObject",
        "arn:aws:s3:::vault/${aws:username}/${aws:PrincipalTag/team}/${aws:userid}/*",
        "arn:aws:s3:::vault/${cognito-identity.amazonaws.com:sub}/*",
        "arn:aws:s3:::vault/${saml:sub}/*",
        "arn:aws:s3:::${transfer:HomeBucket}/*",
    ),
    "a variable with a default": on("s3:GetObject", "arn:aws:s3:::vault/${aws:PrincipalTag/team, 'none'}/*"),
    "characters that are escaped": on("s3:GetObject", "arn:aws:s3:::vault/${*}/${?}/${$}"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_resource_that_never_matches_is_found(fault: str) -> None:
    """One fault is one finding, of its own rule."""
    resource, rule = FAULTS[fault]

    assert [rule] == rules(resource)


@pytest.mark.parametrize("right", RIGHT)
def test_a_resource_that_can_match_is_right(right: str) -> None:
    """Each service has forms of its own, and wildcards may stand in every part."""
    assert [] == rules(RIGHT[right])


def attached(kind: str, name: str, properties: dict[str, Any], action: str, resource: Any) -> dict[str, Any]:
    """Return a resource with a policy that gives a role an action."""
    allow = {"Effect": "Allow", "Principal": {"AWS": CALLER}, "Action": action, "Resource": resource}
    return {"Type": kind, "Properties": {**properties, name: document(allow)}}


QUEUE = {"Queues": ["https://sqs.eu-west-1.amazonaws.com/222222222222/jobs"]}
TOPIC = {"Topics": [f"arn:aws:sns:eu-west-1:{ACCOUNT}:news"]}
KEYS, KEY_ID = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key", "1234abcd-12ab-34cd-56ef-1234567890ab"


def allowing(action: Any, **changes: Any) -> dict[str, Any]:
    """Return a statement of a key's policy."""
    return permission(**{"Action": action, "Resource": "*", "Principal": {"AWS": CALLER}} | changes)


OWN: dict[str, tuple[dict[str, Any], list[str]]] = {
    "its objects": (bucket_policy(permission(Principal={"AWS": CALLER}, Resource="arn:aws:s3:::reports/*")), []),
    "another bucket's objects": (
        bucket_policy(permission(Principal={"AWS": CALLER}, Resource="arn:aws:s3:::annex/*")),
        ["another-resource"],
    ),
    "another bucket's objects beside its own": (
        bucket_policy(
            permission(Principal={"AWS": CALLER}, Resource=["arn:aws:s3:::reports/*", "arn:aws:s3:::reports-2/*"])
        ),
        ["another-resource"],
    ),
    "denying another bucket's objects": (
        bucket_policy(permission(Effect="Deny", Principal="*", Resource="arn:aws:s3:::annex/*")),
        ["another-resource"],
    ),
    "buckets of a name": (
        bucket_policy(permission(Principal={"AWS": CALLER}, Resource="arn:aws:s3:::rep*/*")),
        [],
    ),
    "a queue's action in a bucket policy": (
        bucket_policy(permission(Principal={"AWS": CALLER}, Action="sqs:SendMessage", Resource="*")),
        ["action-of-another-service"],
    ),
    "a queue": (
        attached("AWS::SQS::QueuePolicy", "PolicyDocument", QUEUE, "sqs:SendMessage", f"arn:aws:sqs:*:{ACCOUNT}:jobs"),
        [],
    ),
    "another queue": (
        attached("AWS::SQS::QueuePolicy", "PolicyDocument", QUEUE, "sqs:SendMessage", f"arn:aws:sqs:*:{ACCOUNT}:other"),
        ["another-resource"],
    ),
    "a topic": (
        attached("AWS::SNS::TopicPolicy", "PolicyDocument", TOPIC, "sns:Publish", TOPIC["Topics"]),
        [],
    ),
    "another topic": (
        attached("AWS::SNS::TopicPolicy", "PolicyDocument", TOPIC, "sns:Publish", f"arn:aws:sns:eu-west-1:{ACCOUNT}:x"),
        ["another-resource"],
    ),
    "a topic's action on a queue": (
        attached("AWS::SQS::QueuePolicy", "PolicyDocument", QUEUE, "sns:Publish", "*"),
        ["action-of-another-service"],
    ),
    "a key": (attached("AWS::KMS::Key", "KeyPolicy", {}, "kms:*", "*"), []),
    "a key by its ARN": (attached("AWS::KMS::Key", "KeyPolicy", {}, "kms:*", f"{KEYS}/{KEY_ID}"), []),
    "keys of the account": (attached("AWS::KMS::Key", "KeyPolicy", {}, "kms:*", f"{KEYS}/*"), []),
    "a key by a name": (attached("AWS::KMS::Key", "KeyPolicy", {}, "kms:*", f"{KEYS}/other"), ["another-resource"]),
    "a key of another account": (
        attached("AWS::KMS::Key", "KeyPolicy", {}, "kms:*", f"arn:aws:kms:eu-west-1:111111111111:key/{KEY_ID}"),
        ["another-resource"],
    ),
    "a key that nobody administers": (
        attached("AWS::KMS::Key", "KeyPolicy", {}, "kms:Decrypt", "*"),
        ["key-without-administrator"],
    ),
    "a bucket in a key policy": (
        attached("AWS::KMS::Key", "KeyPolicy", {}, "kms:*", "arn:aws:s3:::reports"),
        ["another-resource"],
    ),
    "a bucket's action in a key policy": (
        attached("AWS::KMS::Key", "KeyPolicy", {}, "s3:GetObject", "*"),
        ["key-without-administrator", "action-of-another-service"],
    ),
    "a secret": (
        attached(
            "AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", {"SecretId": "a"}, "secretsmanager:Get*", "*"
        ),
        [],
    ),
    "a parameter's action on a secret": (
        attached("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", {"SecretId": "a"}, "ssm:GetParameter", "*"),
        ["action-of-another-service"],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), OWN.values(), ids=OWN)
def test_a_resource_policy_is_about_its_own_resource(resource: dict[str, Any], expected: list[str]) -> None:
    """AWS rejects another's, or it never matches; the same holds for another service's actions."""
    assert expected == rules(resource)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allowing("kms:put*")], []),
        ([allowing(["kms:Decrypt"]), allowing("KMS:*")], []),
        ([allowing(None, NotAction="kms:Decrypt")], ["allow-not-action"]),
        ([allowing(None, NotAction="kms:Put*")], ["key-without-administrator", "allow-not-action"]),
        ([allowing("kms:*", Effect="Deny"), allowing("kms:Decrypt")], ["key-without-administrator"]),
        ([allowing("kms:Decrypt"), {"Ref": "Parameter"}], []),
    ],
)
def test_someone_administers_a_key(statements: list[Any], expected: list[str]) -> None:
    """KMS rejects a policy that lets nobody change it; what is known only at the deployment may let someone."""
    assert expected == rules({"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": document(*statements)}})


def test_another_key_of_the_template_is_another_resource() -> None:
    """Each has an id of its own, although both are known only at the deployment."""
    keys = {
        name: {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": document(allowing("kms:*", Resource=resource))}}
        for name, resource in (("One", "*"), ("Other", {"Fn::GetAtt": ["One", "Arn"]}))
    }

    assert ["another-resource"] == rules(**keys)


def test_the_form_that_was_meant_is_in_the_text() -> None:
    """The nearest one that the reference has, with names in capitals."""
    ((_, text),) = found(on("iam:GetRole", f"arn:aws:iam:eu-west-1:{ACCOUNT}:role/a"))

    assert text.endswith("write one such as arn:aws:iam::ACCOUNT:role/ROLE")
