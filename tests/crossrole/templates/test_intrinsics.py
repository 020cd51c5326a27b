"""What a template's intrinsic functions become, and which are errors because they can't be evaluated."""

from typing import Any

import pytest

from crossrole.errors import CommandError
from crossrole.iam.policy import policy_of
from crossrole.templates.intrinsics import Template

DEV = "111111111111"
HERE = "Here"
RESOURCES: dict[str, Any] = {
    "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "Writer", "Path": "/team/"}},
    "Nameless": {"Type": "AWS::IAM::Role"},
    "User": {"Type": "AWS::IAM::User", "Properties": {"UserName": "alice"}},
    "Managed": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": "Boundary"}},
    "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "reports-${AWS::AccountId}"}}},
    "Key": {"Type": "AWS::KMS::Key", "Properties": {}},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "failures"}},
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "alarms"}},
    "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/writer"}},
    "Function": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "writer"}},
    "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "table"}},
}


def template(*, partition: str = "aws", region: str = "eu-west-1") -> Template:
    """Return a template with a resource of each type."""
    return Template("Stack", DEV, region, partition, {"Resources": RESOURCES})


def resolve(value: Any) -> Any:
    """Return what a value becomes in it."""
    return template().resolve(value, at=HERE)


RESOLVED: list[tuple[Any, Any]] = [
    ("text", "text"),
    (1.2, 1.2),
    (True, True),
    (None, None),
    ({"a": [1, {"b": "c"}]}, {"a": [1, {"b": "c"}]}),
    ({"Ref": "Role"}, "Writer"),
    ({"Ref": "Nameless"}, "Nameless"),
    ({"Ref": "User"}, "alice"),
    ({"Ref": "Bucket"}, f"reports-{DEV}"),
    ({"Ref": "Key"}, "Key"),
    ({"Ref": "Managed"}, f"arn:aws:iam::{DEV}:policy/Boundary"),
    ({"Ref": "Topic"}, f"arn:aws:sns:eu-west-1:{DEV}:alarms"),
    ({"Fn::GetAtt": ["Role", "Arn"]}, f"arn:aws:iam::{DEV}:role/team/Writer"),
    ({"Fn::GetAtt": "Role.Arn"}, f"arn:aws:iam::{DEV}:role/team/Writer"),
    ({"Fn::GetAtt": ["Nameless", "Arn"]}, f"arn:aws:iam::{DEV}:role/Nameless"),
    ({"Fn::GetAtt": ["User", "Arn"]}, f"arn:aws:iam::{DEV}:user/alice"),
    ({"Fn::GetAtt": ["Bucket", "Arn"]}, f"arn:aws:s3:::reports-{DEV}"),
    ({"Fn::GetAtt": ["Key", "Arn"]}, f"arn:aws:kms:eu-west-1:{DEV}:key/Key"),
    ({"Fn::GetAtt": ["Queue", "Arn"]}, f"arn:aws:sqs:eu-west-1:{DEV}:failures"),
    ({"Fn::GetAtt": ["Log", "Arn"]}, f"arn:aws:logs:eu-west-1:{DEV}:log-group:/aws/lambda/writer:*"),
    ({"Fn::GetAtt": ["Function", "Arn"]}, f"arn:aws:lambda:eu-west-1:{DEV}:function:writer"),
    ({"Fn::Join": ["", ["a", {"Ref": "Role"}, "/*"]]}, "aWriter/*"),
    ({"Fn::Join": [":", ["a", {"Ref": "AWS::NoValue"}, "b"]]}, "a:b"),
    ({"Fn::Sub": "${Role} in ${AWS::AccountId}: ${Role.Arn}"}, f"Writer in {DEV}: arn:aws:iam::{DEV}:role/team/Writer"),
    ({"Fn::Sub": "${!Literal}-${Role}"}, "${Literal}-Writer"),
    ({"Fn::Sub": "home/${!aws:username}/*"}, "home/${aws:username}/*"),
    ({"Fn::Sub": ["${Given}/${Role}", {"Given": {"Ref": "Bucket"}}]}, f"reports-{DEV}/Writer"),
    ({"Fn::Sub": ["${Role}", {"Role": "given first"}]}, "given first"),
    ({"Ref": "AWS::AccountId"}, DEV),
    ({"Ref": "AWS::Region"}, "eu-west-1"),
    ({"Ref": "AWS::Partition"}, "aws"),
    ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
    ({"Ref": "AWS::StackName"}, "Stack"),
    ({"a": {"Ref": "AWS::NoValue"}, "b": 1}, {"b": 1}),
    (["a", {"Ref": "AWS::NoValue"}, "b"], ["a", "b"]),
    # One member of that name alone is a function; a policy's Condition is a mapping.
    (
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    ),
    ({"Ref": "Role", "Other": 1}, {"Ref": "Role", "Other": 1}),
]


@pytest.mark.parametrize(("value", "expected"), RESOLVED, ids=lambda each: str(each)[:50])
def test_resolved(value: Any, expected: Any) -> None:
    """Each known function becomes what CloudFormation makes of it; all else stays as it is."""
    actual = resolve(value)

    assert expected == actual
    assert type(expected) is type(actual)


@pytest.mark.parametrize(
    ("partition", "region", "suffix"),
    [
        ("aws", "eu-west-1", "amazonaws.com"),
        ("aws-cn", "cn-north-1", "amazonaws.com.cn"),
        ("aws-us-gov", "us-gov-west-1", "amazonaws.com"),
    ],
)
def test_partitions(partition: str, region: str, suffix: str) -> None:
    """Partition, region and DNS suffix are those of the template's environment, in ARNs too."""
    of_it = template(partition=partition, region=region)
    text = {"Fn::Sub": "${AWS::Partition} ${AWS::Region} ${AWS::URLSuffix} ${Bucket.Arn} ${Key.Arn}"}
    expected = (
        f"{partition} {region} {suffix} arn:{partition}:s3:::reports-{DEV} arn:{partition}:kms:{region}:{DEV}:key/Key"
    )

    assert expected == of_it.resolve(text, at=HERE)


UNKNOWN: list[tuple[Any, str]] = [
    ({"Fn::ImportValue": "Other-Export"}, "the intrinsic function Fn::ImportValue"),
    ({"Fn::If": ["Condition", "a", "b"]}, "the intrinsic function Fn::If"),
    ({"Fn::Select": [0, ["a"]]}, "the intrinsic function Fn::Select"),
    ({"Fn::Split": [",", "a,b"]}, "the intrinsic function Fn::Split"),
    ({"Fn::FindInMap": ["Map", "a", "b"]}, "the intrinsic function Fn::FindInMap"),
    ({"Fn::Transform": {"Name": "AWS::Include"}}, "the intrinsic function Fn::Transform"),
    ({"Fn::GetAZs": ""}, "the intrinsic function Fn::GetAZs"),
    ({"Fn::Base64": "a"}, "the intrinsic function Fn::Base64"),
    ({"Condition": "IsProd"}, "the intrinsic function Condition"),
    ({"Ref": "Nowhere"}, "Ref Nowhere"),
    ({"Ref": "AWS::StackId"}, "Ref AWS::StackId"),
    ({"Ref": "Table"}, "Ref of AWS::DynamoDB::Table"),
    ({"Fn::GetAtt": ["Nowhere", "Arn"]}, "Fn::GetAtt Nowhere.Arn"),
    ({"Fn::GetAtt": "Nowhere.Arn"}, "Fn::GetAtt Nowhere.Arn"),
    ({"Fn::GetAtt": ["Role", "RoleId"]}, "Fn::GetAtt RoleId of AWS::IAM::Role"),
    ({"Fn::GetAtt": ["Table", "Arn"]}, "Fn::GetAtt Arn of AWS::DynamoDB::Table"),
    ({"Fn::Sub": "${Nowhere}"}, "Ref Nowhere"),
    ({"Fn::Sub": "${Role.RoleId}"}, "Fn::GetAtt RoleId of AWS::IAM::Role"),
    ({"Fn::Sub": ["${Given}", {"Given": {"Fn::ImportValue": "x"}}]}, "the intrinsic function Fn::ImportValue"),
    ({"Fn::Join": ["", ["a", {"Fn::GetAZs": ""}]]}, "the intrinsic function Fn::GetAZs"),
    ({"Fn::Join": ["", ["a", 1]]}, "Fn::Join of anything but texts"),
    ({"Fn::Join": ["", {"Ref": "Role"}]}, "Fn::Join of anything but texts"),
]


@pytest.mark.parametrize(("value", "named"), UNKNOWN, ids=lambda each: str(each)[:50])
@pytest.mark.parametrize("wrapped", [lambda value: value, lambda value: {"Statement": [{"Resource": [value]}]}])
def test_unknown(value: Any, named: str, wrapped: Any) -> None:
    """An unknown function is an error with its name and place: a policy read in part is another policy."""
    expected = f"Stack.template.json, Here: {named} can't be resolved here, so what it makes can't be evaluated"
    with pytest.raises(CommandError) as caught:
        resolve(wrapped(value))

    assert expected == str(caught.value)


# --- policy documents


def policy(document: Any) -> Any:
    """Return the resolved document as both engines get it."""
    return policy_of(template="Stack", logical_id="Role", name="Policy", document=document).document


def allowing(**conditions: Any) -> dict[str, Any]:
    """Return a document with these conditions."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": conditions}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (1.2, "1.2"),
        (3600, "3600"),
        (True, "true"),
        (False, "false"),
        ("True", "True"),
        ([1.2, "x", False], ["1.2", "x", "false"]),
        ([], []),
    ],
    ids=str,
)
def test_values_become_text(given: Any, expected: Any) -> None:
    """A condition's numbers and booleans become the text that IAM compares."""
    document = policy(allowing(StringEquals={"aws:PrincipalTag/a": given}, Bool={"aws:SecureTransport": given}))
    both = {"StringEquals": {"aws:PrincipalTag/a": expected}, "Bool": {"aws:SecureTransport": expected}}

    assert both == document["Statement"][0]["Condition"]


def test_one_statement() -> None:
    """A statement that stands alone is the same as a list of one."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    expected = {"Version": "2012-10-17", "Statement": [statement]}

    assert expected == policy({"Version": "2012-10-17", "Statement": statement})


def test_place() -> None:
    """A policy knows the place in the templates that it stands at."""
    made = policy_of(template="Stack", logical_id="Role", name="Policy", document=allowing())

    assert "Stack/Role/Policy" == made.place


PLACE = "Stack, Role: Policy"
STATEMENT = {"Effect": "Allow", "Action": "*", "Resource": "*"}
EPOCH = f"{PLACE} compares a date with {{}}; only ISO 8601 and aws:CurrentTime can be evaluated"
VARIABLE = f"{PLACE} has a policy variable in {{}}, which can't be evaluated"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (None, f"{PLACE} is not a policy document: it has no Statement"),
        ([], f"{PLACE} is not a policy document: it has no Statement"),
        ({"Version": "2012-10-17"}, f"{PLACE} is not a policy document: it has no Statement"),
        ({"Version": "2012-10-17", "Statement": "x"}, f"{PLACE} is not a policy document: it has no Statement"),
        ({"Statement": [STATEMENT]}, f'{PLACE} has Version None; only "2012-10-17" can be evaluated'),
        (
            {"Version": "2008-10-17", "Statement": [STATEMENT]},
            f"{PLACE} has Version '2008-10-17'; only \"2012-10-17\" can be evaluated",
        ),
        (
            {"Version": "2012-10-17", "Statement": [{**STATEMENT, "Effect": "allow"}]},
            f"{PLACE} holds a statement without Effect Allow or Deny",
        ),
        (
            {"Version": "2012-10-17", "Statement": [STATEMENT, "x"]},
            f"{PLACE} holds a statement without Effect Allow or Deny",
        ),
        (allowing(DateLessThan={"aws:CurrentTime": 1893456000}), EPOCH.format("'1893456000'")),
        (
            allowing(DateLessThan={"aws:CurrentTime": ["2030-01-01T00:00:00Z", "1893456000"]}),
            EPOCH.format("'1893456000'"),
        ),
        (allowing(DateGreaterThanIfExists={"aws:TokenIssueTime": "1893456000"}), EPOCH.format("'1893456000'")),
        (allowing(NumericLessThan={"aws:EpochTime": 1893456000}), EPOCH.format("'1893456000'")),
        (allowing(DateLessThan={"AWS:epochtime": "2030-01-01T00:00:00Z"}), EPOCH.format("'2030-01-01T00:00:00Z'")),
        (
            allowing(ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:user/${aws:username}"}),
            VARIABLE.format("ArnLike aws:PrincipalArn"),
        ),
        (
            allowing(ArnNotEqualsIfExists={"aws:SourceArn": ["arn:aws:s3:::a", "arn:aws:s3:::${aws:username}"]}),
            VARIABLE.format("ArnNotEqualsIfExists aws:SourceArn"),
        ),
    ],
)
def test_unresolvable_templates(document: Any, expected: str) -> None:
    """A policy that an engine would evaluate differently than AWS is an error with its place."""
    with pytest.raises(CommandError) as caught:
        policy(document)

    assert expected == str(caught.value)


@pytest.mark.parametrize(
    "conditions",
    [
        {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}},
        {"DateLessThan": {"aws:CurrentTime": "2030-01-01"}},
        {"StringLike": {"s3:prefix": "home/${aws:username}/*"}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/alice"}},
    ],
    ids=["moment", "day", "variable in a text", "plain ARN"],
)
def test_evaluated(conditions: dict[str, Any]) -> None:
    """What both engines evaluate as AWS does stays as it is written."""
    assert conditions == policy(allowing(**conditions))["Statement"][0]["Condition"]
