"""What a template's intrinsic functions become, and which values stay unknown."""

from typing import Any

import pytest

from crossrole.errors import CommandError
from crossrole.iam.policy import policy_of, read_policy
from crossrole.templates.intrinsics import Assembly, Template
from crossrole.unknown import all_worded, is_unknown, may_be, unknowns_in

DEV = "111111111111"
HERE = "Here"
RESOURCES: dict[str, Any] = {
    "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "Writer", "Path": "/team/"}},
    "Nameless": {"Type": "AWS::IAM::Role"},
    "User": {"Type": "AWS::IAM::User", "Properties": {"UserName": "alice"}},
    "Group": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": "readers"}},
    "Managed": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": "Boundary"}},
    "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "reports-${AWS::AccountId}"}}},
    "Key": {"Type": "AWS::KMS::Key", "Properties": {}},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "failures"}},
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "alarms"}},
    "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/writer"}},
    "Function": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "writer"}},
    "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "table"}},
    "Trail": {"Type": "AWS::CloudTrail::Trail", "Properties": {"TrailName": "trail"}},
    "Never": {"Type": "AWS::S3::Bucket", "Condition": "IsFalse"},
}
BODY: dict[str, Any] = {
    "Resources": RESOURCES,
    "Parameters": {
        "Default": {"Type": "String", "Default": "given"},
        "Numbered": {"Type": "Number", "Default": 7},
        "List": {"Type": "CommaDelimitedList", "Default": "a,b"},
        "Bare": {"Type": "String"},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/some/place"},
    },
    "Mappings": {"Regions": {"eu-west-1": {"Name": "here", "Names": ["a", "b"]}}},
    "Conditions": {
        "IsTrue": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
        "IsFalse": {"Fn::Not": [{"Condition": "IsTrue"}]},
        "Both": {"Fn::And": [{"Condition": "IsTrue"}, {"Fn::Equals": ["a", "a"]}]},
        "Neither": {"Fn::Or": [{"Condition": "IsFalse"}, {"Fn::Equals": ["a", "b"]}]},
        "Given": {"Fn::Equals": [{"Ref": "Bare"}, "x"]},
        "FalseAnyhow": {"Fn::And": [{"Condition": "Given"}, {"Condition": "IsFalse"}]},
        "TrueAnyhow": {"Fn::Or": [{"Condition": "Given"}, {"Condition": "IsTrue"}]},
        "Itself": {"Condition": "Itself"},
    },
    "Outputs": {"Out": {"Value": {"Ref": "Bucket"}, "Export": {"Name": "Stack:Bucket"}}},
}


def template(*, partition: str = "aws", region: str = "eu-west-1", **parameters: str) -> Template:
    """Return a template with a resource of each type."""
    assembly = Assembly(parameters={("Stack", name): value for name, value in parameters.items()})
    made = Template("Stack", DEV, region, partition, BODY, assembly=assembly)
    assembly.templates.append(made)
    return made


def resolve(value: Any, **parameters: str) -> Any:
    """Return what a value becomes in it."""
    return template(**parameters).resolve(value, at=HERE)


RESOLVED: list[tuple[Any, Any]] = [
    ("text", "text"),
    (1.2, 1.2),
    (True, True),
    (None, None),
    ({"a": [1, {"b": "c"}]}, {"a": [1, {"b": "c"}]}),
    ({"Ref": "Role"}, "Writer"),
    ({"Ref": "User"}, "alice"),
    ({"Ref": "Group"}, "readers"),
    ({"Ref": "Bucket"}, f"reports-{DEV}"),
    ({"Ref": "Queue"}, f"https://sqs.eu-west-1.amazonaws.com/{DEV}/failures"),
    ({"Ref": "Managed"}, f"arn:aws:iam::{DEV}:policy/Boundary"),
    ({"Ref": "Topic"}, f"arn:aws:sns:eu-west-1:{DEV}:alarms"),
    ({"Fn::GetAtt": ["Role", "Arn"]}, f"arn:aws:iam::{DEV}:role/team/Writer"),
    ({"Fn::GetAtt": "Role.Arn"}, f"arn:aws:iam::{DEV}:role/team/Writer"),
    ({"Fn::GetAtt": ["User", "Arn"]}, f"arn:aws:iam::{DEV}:user/alice"),
    ({"Fn::GetAtt": ["Bucket", "Arn"]}, f"arn:aws:s3:::reports-{DEV}"),
    ({"Fn::GetAtt": ["Bucket", "DomainName"]}, f"reports-{DEV}.s3.amazonaws.com"),
    ({"Fn::GetAtt": ["Queue", "Arn"]}, f"arn:aws:sqs:eu-west-1:{DEV}:failures"),
    ({"Fn::GetAtt": ["Queue", "QueueName"]}, "failures"),
    ({"Fn::GetAtt": ["Topic", "TopicArn"]}, f"arn:aws:sns:eu-west-1:{DEV}:alarms"),
    ({"Fn::GetAtt": ["Log", "Arn"]}, f"arn:aws:logs:eu-west-1:{DEV}:log-group:/aws/lambda/writer:*"),
    ({"Fn::GetAtt": ["Function", "Arn"]}, f"arn:aws:lambda:eu-west-1:{DEV}:function:writer"),
    ({"Fn::GetAtt": ["Table", "Arn"]}, f"arn:aws:dynamodb:eu-west-1:{DEV}:table/table"),
    ({"Fn::Join": ["", ["a", {"Ref": "Role"}, "/*"]]}, "aWriter/*"),
    ({"Fn::Join": ["", ["a", 1, True]]}, "a1true"),
    ({"Fn::Join": [":", ["a", {"Ref": "AWS::NoValue"}, "b"]]}, "a:b"),
    ({"Fn::Join": ["-", {"Fn::Split": [",", "a,b"]}]}, "a-b"),
    ({"Fn::Sub": "${Role} in ${AWS::AccountId}: ${Role.Arn}"}, f"Writer in {DEV}: arn:aws:iam::{DEV}:role/team/Writer"),
    ({"Fn::Sub": "${!Literal}-${Role}"}, "${Literal}-Writer"),
    ({"Fn::Sub": "home/${!aws:username}/*"}, "home/${aws:username}/*"),
    ({"Fn::Sub": ["${Given}/${Role}", {"Given": {"Ref": "Bucket"}}]}, f"reports-{DEV}/Writer"),
    ({"Fn::Sub": ["${Role}", {"Role": "given first"}]}, "given first"),
    ({"Fn::Select": [1, ["a", "b"]]}, "b"),
    ({"Fn::Select": ["1", {"Fn::Split": ["|", "a|b|c"]}]}, "b"),
    ({"Fn::Split": [",", "a,b"]}, ["a", "b"]),
    ({"Fn::FindInMap": ["Regions", {"Ref": "AWS::Region"}, "Name"]}, "here"),
    ({"Fn::FindInMap": ["Regions", "eu-west-1", "Names"]}, ["a", "b"]),
    ({"Fn::FindInMap": ["Regions", "nowhere", "Name", {"DefaultValue": "default"}]}, "default"),
    ({"Fn::If": ["IsTrue", "yes", "no"]}, "yes"),
    ({"Fn::If": ["IsFalse", "yes", "no"]}, "no"),
    ({"Fn::If": ["Both", "yes", "no"]}, "yes"),
    ({"Fn::If": ["Neither", "yes", "no"]}, "no"),
    ({"Fn::If": ["FalseAnyhow", "yes", "no"]}, "no"),
    ({"Fn::If": ["TrueAnyhow", "yes", "no"]}, "yes"),
    ({"Fn::If": ["Given", "same", "same"]}, "same"),
    (["a", {"Fn::If": ["IsFalse", "b", {"Ref": "AWS::NoValue"}]}], ["a"]),
    ({"Fn::ImportValue": "Stack:Bucket"}, f"reports-{DEV}"),
    ({"Fn::ImportValue": {"Fn::Sub": "${AWS::StackName}:Bucket"}}, f"reports-{DEV}"),
    ({"Fn::GetStackOutput": {"StackName": "Stack", "OutputName": "Out"}}, f"reports-{DEV}"),
    ({"Fn::ToJsonString": {"a": [{"Ref": "Role"}]}}, '{"a": ["Writer"]}'),
    ({"Fn::Base64": "a"}, "YQ=="),
    ({"Ref": "Default"}, "given"),
    ({"Ref": "Numbered"}, "7"),
    ({"Ref": "List"}, ["a", "b"]),
    ({"Fn::Sub": "${Default}/${Numbered}"}, "given/7"),
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


def test_a_parameter_has_the_value_that_is_given() -> None:
    """It goes before the Default, and stands where there is none."""
    assert ["one", "two"] == [resolve({"Ref": name}, Default="one", Bare="two") for name in ("Default", "Bare")]


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
    text = {"Fn::Sub": "${AWS::Partition} ${AWS::Region} ${AWS::URLSuffix} ${Bucket.Arn} ${Topic}"}
    expected = (
        f"{partition} {region} {suffix} arn:{partition}:s3:::reports-{DEV} arn:{partition}:sns:{region}:{DEV}:alarms"
    )

    assert expected == of_it.resolve(text, at=HERE)


REJECTED = "{}, which is given what it does not take, so that CloudFormation rejects it in Stack/Here"
UNKNOWN: list[tuple[Any, str]] = [
    ({"Ref": "Bare"}, "the parameter Stack.Bare"),
    ({"Ref": "Stored"}, "the parameter Stack.Stored"),
    ({"Ref": "Nowhere"}, "Ref Nowhere in Stack/Here"),
    ({"Ref": "Never"}, "Ref Never in Stack/Here"),
    ({"Ref": "AWS::StackId"}, "Ref AWS::StackId in Stack/Here"),
    ({"Ref": "Trail"}, "Ref of Stack/Trail (AWS::CloudTrail::Trail), which only the deployment knows"),
    ({"Fn::GetAtt": ["Trail", "Arn"]}, "Arn of Stack/Trail (AWS::CloudTrail::Trail), which only the deployment knows"),
    ({"Fn::GetAtt": ["Role", "RoleId"]}, "RoleId of Stack/Role (AWS::IAM::Role), which only the deployment knows"),
    ({"Fn::GetAtt": ["Nowhere", "Arn"]}, "Fn::GetAtt Nowhere.Arn in Stack/Here"),
    ({"Fn::GetAtt": "Nowhere.Arn"}, "Fn::GetAtt Nowhere.Arn in Stack/Here"),
    ({"Fn::ImportValue": "Other"}, "the value that is exported as Other by no stack of the assembly in Stack/Here"),
    (
        {"Fn::If": ["Given", "a", "b"]},
        "Fn::If on the condition Given, which depends on what is not known, in Stack/Here",
    ),
    (
        {"Fn::If": ["Itself", "a", "b"]},
        "Fn::If on the condition Itself, which depends on what is not known, in Stack/Here",
    ),
    (
        {"Fn::If": ["Nowhere", "a", "b"]},
        "Fn::If on the condition Nowhere, which depends on what is not known, in Stack/Here",
    ),
    ({"Fn::FindInMap": ["Regions", "x", "y"]}, "the entry x, y of the map Regions in Stack/Here"),
    ({"Fn::Transform": {"Name": "AWS::Include"}}, "the value of Fn::Transform in Stack/Here"),
    ({"Fn::GetAZs": ""}, "the value of Fn::GetAZs in Stack/Here"),
    ({"Condition": "IsProd"}, "the value of Condition in Stack/Here"),
    ({"Fn::Join": ["", {"Ref": "Role"}]}, REJECTED.format("Fn::Join")),
    ({"Fn::Join": "text"}, REJECTED.format("Fn::Join")),
    ({"Fn::Join": ["", ["a", {"b": "c"}]]}, REJECTED.format("Fn::Join")),
    ({"Fn::GetAtt": [1, 2, 3]}, "Fn::GetAtt 1.2 in Stack/Here"),
    ({"Fn::GetAtt": {}}, REJECTED.format("Fn::GetAtt")),
    ({"Fn::Select": [7, ["a"]]}, REJECTED.format("Fn::Select")),
    ({"Fn::Split": "a"}, REJECTED.format("Fn::Split")),
    ({"Fn::If": []}, REJECTED.format("Fn::If")),
    ({"Ref": ["a"]}, REJECTED.format("Ref")),
    ({"Fn::Sub": 7}, REJECTED.format("Fn::Sub")),
    ("{{resolve:ssm:/a}}", "the value of the dynamic reference {{resolve:ssm:/a}}"),
]


@pytest.mark.parametrize(("value", "expected"), UNKNOWN, ids=lambda each: str(each)[:50])
@pytest.mark.parametrize("wrapped", [lambda value: value, lambda value: {"Statement": [{"Resource": [value]}]}])
def test_unknown(value: Any, expected: str, wrapped: Any) -> None:
    """What the template does not say is an unknown value, which says what it is; all else is read on."""
    assert [expected] == [each.text for each in unknowns_in(resolve(wrapped(value)))]


PARTS: list[tuple[Any, str]] = [
    ({"Fn::Sub": "a/${Bare}/b"}, "a/<the parameter Stack.Bare>/b"),
    ({"Fn::Join": ["/", ["a", {"Ref": "Bare"}]]}, "a/<the parameter Stack.Bare>"),
    ("arn/{{resolve:ssm:/a}}/*", "arn/<the value of the dynamic reference {{resolve:ssm:/a}}>/*"),
    ({"Fn::Sub": ["${A}x", {"A": {"Fn::GetAZs": ""}}]}, "<the value of Fn::GetAZs in Stack/Here>x"),
]


@pytest.mark.parametrize(("value", "expected"), PARTS, ids=lambda each: str(each)[:50])
def test_a_part_of_a_text_is_unknown(value: Any, expected: str) -> None:
    """The rest of the text is kept."""
    actual = resolve(value)

    assert expected == all_worded(actual)
    assert not is_unknown(actual)


CHOSEN: list[tuple[Any, Any, list[str], list[str]]] = [
    ({"Ref": "Nameless"}, {"Fn::Sub": "${Nameless}"}, ["Stack-Nameless-1A2B"], ["Writer", "a/b"]),
    (
        {"Fn::GetAtt": ["Nameless", "Arn"]},
        {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/${Nameless}"},
        [f"arn:aws:iam::{DEV}:role/Stack-Nameless-1A2B"],
        [f"arn:aws:iam::{DEV}:role/Writer", f"arn:aws:iam::{DEV}:user/Stack-Nameless"],
    ),
    (
        {"Fn::GetAtt": "Key.Arn"},
        {"Fn::Sub": "arn:aws:kms:eu-west-1:${AWS::AccountId}:key/${Key}"},
        [f"arn:aws:kms:eu-west-1:{DEV}:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
        [
            f"arn:aws:kms:eu-west-1:{DEV}:key/Key",
            f"arn:aws:kms:eu-west-2:{DEV}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ],
    ),
]


@pytest.mark.parametrize(("value", "otherwise", "names", "others"), CHOSEN, ids=lambda each: str(each)[:40])
def test_a_name_that_the_deployment_chooses(value: Any, otherwise: Any, names: list[str], others: list[str]) -> None:
    """It is unknown, the same however it is written, and may be only what the deployment could choose."""
    actual = resolve(value)

    assert actual == resolve(otherwise)
    assert [True] * len(names) == [may_be(actual, each) for each in names]
    assert [False] * len(others) == [may_be(actual, each) for each in others]


def test_the_names_of_two_stacks_differ() -> None:
    """A resource is known by its stack and its logical id."""
    other = Template("Other", DEV, "eu-west-1", "aws", BODY)

    assert resolve({"Ref": "Key"}) != other.resolve({"Ref": "Key"}, at=HERE)


def test_a_text_of_a_template_is_no_token() -> None:
    """The characters of tokens are taken out of what is read."""
    forged = resolve({"Ref": "Bare"})

    assert () == unknowns_in(resolve([forged, {forged: forged}]))


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
NO_PRINCIPAL = 'its Principal is neither "*" nor an object such as {"AWS": "arn:…"}'
EPOCH = f"{PLACE} compares {{}} with {{}}"
VARIABLE = f"{PLACE} has a policy variable in {{}}"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (None, f"{PLACE} is not a policy document: it has no Statement"),
        ([], f"{PLACE} is not a policy document: it has no Statement"),
        ({"Version": "2012-10-17"}, f"{PLACE} is not a policy document: it has no Statement"),
        ({"Version": "2012-10-17", "Statement": "x"}, f"{PLACE} holds a statement without Effect Allow or Deny"),
        (
            {"Statement": [{**STATEMENT, "Resource": "arn:aws:s3:::home/${aws:username}"}]},
            f'{PLACE} has policy variables and Version None; only "2012-10-17" can be evaluated',
        ),
        (
            {"Version": "2020-10-17", "Statement": [STATEMENT]},
            f"{PLACE} has Version '2020-10-17'; only \"2012-10-17\" can be evaluated",
        ),
        (
            {"Version": "2012-10-17", "Statement": [{**STATEMENT, "Principal": "arn:aws:iam::111111111111:role/ci"}]},
            f"{PLACE} holds a statement that IAM does not save: {NO_PRINCIPAL}",
        ),
        (
            {"Version": "2012-10-17", "Statement": [{**STATEMENT, "Resource": "bucket/*"}]},
            f'{PLACE} holds a statement that IAM does not save: its Resource "bucket/*" is neither an ARN nor "*"',
        ),
        (
            {"Version": "2012-10-17", "Statement": [{**STATEMENT, "NotAction": "s3:*"}]},
            f"{PLACE} holds a statement that IAM does not save: it has Action and NotAction",
        ),
        (
            {"Version": "2012-10-17", "Statement": [{**STATEMENT, "Actions": "s3:*"}]},
            f"{PLACE} holds a statement that IAM does not save: there is no element Actions",
        ),
        (
            {"Version": "2012-10-17", "Statement": [{**STATEMENT, "Effect": "allow"}]},
            f"{PLACE} holds a statement without Effect Allow or Deny",
        ),
        (
            {"Version": "2012-10-17", "Statement": [STATEMENT, "x"]},
            f"{PLACE} holds a statement without Effect Allow or Deny",
        ),
        (allowing(NumericLessThan={"aws:EpochTime": 1893456000}), EPOCH.format("aws:EpochTime", "'1893456000'")),
        (
            allowing(DateLessThan={"AWS:epochtime": "2030-01-01T00:00:00Z"}),
            EPOCH.format("AWS:epochtime", "'2030-01-01T00:00:00Z'"),
        ),
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
    statements = read_policy(template="Stack", logical_id="Role", name="Policy", document=document).statements
    assert [expected] == [each.text for each in unknowns_in(statements)]


@pytest.mark.parametrize("epoch", [1893456000, "1893456000", 1893456000000])
def test_dates_become_iso_8601(epoch: Any) -> None:
    """A date in seconds or milliseconds since 1970 is the same date as a text, which both engines compare."""
    expected = {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}

    assert expected == policy(allowing(DateLessThan={"aws:CurrentTime": epoch}))["Statement"][0]["Condition"]


@pytest.mark.parametrize("version", [{}, {"Version": "2008-10-17"}])
def test_an_older_version_without_variables(version: dict[str, str]) -> None:
    """Without policy variables it says the same in every Version."""
    expected = {"Version": "2012-10-17", "Statement": [STATEMENT]}

    assert expected == policy({**version, "Statement": [STATEMENT]})


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
