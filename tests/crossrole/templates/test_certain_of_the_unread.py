"""No certain answer rests on what a template leaves open: each row would be certain if that were taken as it looks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import crossrole
from tests.templates import (
    PROD,
    allow,
    bucket,
    bucket_policy,
    deny,
    document,
    nested_stack,
    role,
    write_alone,
    write_assembly,
)

READ, OBJECT = "s3:GetObject", "arn:aws:s3:::data-b/x"
ALLOWED, DENIED, UNKNOWN = 0, 1, 2
ANYONE: dict[str, Any] = {"Principal": "*"}
P = {"Ref": "P"}
PARAMETERS: Mapping[str, Any] = {"P": {"Type": "String"}, "L": {"Type": "CommaDelimitedList"}}


def arn(kind_and_name: str) -> str:
    """Return the ARN of a role or user of production."""
    return f"arn:aws:iam::{PROD}:{kind_and_name}"


def asked(place: Path, *words: str) -> int:
    """Return the exit status of a command about templates."""
    return crossrole(*words, "--template-dir", str(place), "--account", PROD, "--region", "eu-west-1").returncode


def of_assembly(folder: Path, resources: Mapping[str, Any], *words: str, **sections: Any) -> int:
    """Return the exit status of a command about an assembly of one stack."""
    return asked(write_assembly(folder, {"Prod": {"B": bucket("data-b"), **resources}}, **sections), *words)


# --- who holds a policy


def policy(name: Any, *statements: Any, **holders: Any) -> dict[str, Any]:
    """Return an inline policy that names its holders."""
    properties = {"PolicyName": name, "PolicyDocument": document(*statements), **holders}
    return {"Type": "AWS::IAM::Policy", "Properties": properties}


def managed(name: Any, *statements: Any) -> dict[str, Any]:
    """Return a managed policy."""
    properties = {"ManagedPolicyName": name, "PolicyDocument": document(*statements)}
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}


def user(*statements: Any, **properties: Any) -> dict[str, Any]:
    """Return the user ada."""
    own = [{"PolicyName": "own", "PolicyDocument": document(*statements)}]
    return {"Type": "AWS::IAM::User", "Properties": {"UserName": "ada", "Policies": own, **properties}}


def group(name: Any, *statements: Any) -> dict[str, Any]:
    """Return a group."""
    own = [{"PolicyName": "own", "PolicyDocument": document(*statements)}]
    return {"Type": "AWS::IAM::Group", "Properties": {"GroupName": name, "Policies": own}}


def addition(users: Any, name: Any) -> dict[str, Any]:
    """Put users into a group."""
    return {"Type": "AWS::IAM::UserToGroupAddition", "Properties": {"GroupName": name, "Users": users}}


PROD_ROLE = arn("role/prod-role")
MAY = policy("may", allow(READ), Roles=["prod-role"])
HOLDERS: dict[str, tuple[dict[str, Any], str, int]] = {
    "a role of any name may be the one that a policy is attached to": (
        {"R": role(None, deny(READ), RoleName=P), "May": MAY},
        PROD_ROLE,
        UNKNOWN,
    ),
    "so may its boundary bound it": (
        {"R": role(None, allow("ec2:*"), RoleName=P, PermissionsBoundary=arn("policy/b")), "May": MAY},
        PROD_ROLE,
        UNKNOWN,
    ),
    "a role of another name is not": (
        {"R": role(None, deny(READ), RoleName={"Fn::Sub": "${P}-dev"}), "May": MAY},
        PROD_ROLE,
        ALLOWED,
    ),
    "a group of any name may be the template's": (
        {"U": user(allow(READ), Groups={"Ref": "L"}), "G": group("locked", deny(READ))},
        "ada",
        UNKNOWN,
    ),
    "and gives what the template's gives": (
        {"U": user(allow("ec2:*"), Groups=[P]), "G": group("open", allow(READ))},
        "ada",
        UNKNOWN,
    ),
    "a template's group of any name may be the user's": (
        {"U": user(allow(READ), Groups=["locked"]), "G": group(P, deny(READ))},
        "ada",
        UNKNOWN,
    ),
    "a group that only gives takes nothing": (
        {"U": user(allow(READ), Groups=[P]), "G": group("open", allow(READ))},
        "ada",
        ALLOWED,
    ),
    "a user of any name may be put into a group": (
        {"U": user(allow(READ)), "G": group("locked", deny(READ)), "A": addition([P], "locked")},
        "ada",
        UNKNOWN,
    ),
    "a user may be put into a group of any name": (
        {"U": user(allow(READ)), "G": group("locked", deny(READ)), "A": addition(["ada"], P)},
        "ada",
        UNKNOWN,
    ),
    "a managed policy of any name may be the one that is attached": (
        {"R": role("R", allow(READ), ManagedPolicyArns=[arn("policy/m")]), "M": managed(P, deny(READ))},
        "R",
        UNKNOWN,
    ),
    "and the boundary": (
        {"R": role("R", allow(READ), PermissionsBoundary=arn("policy/m")), "M": managed(P, allow("ec2:*"))},
        "R",
        UNKNOWN,
    ),
    "two inline policies of one name: one replaces the other": (
        {"R": role("R", deny(READ)), "May": policy("Own", allow(READ), Roles=["R"])},
        "R",
        UNKNOWN,
    ),
    "two that are attached": (
        {
            "R": role("R"),
            "May": policy("one", allow(READ), Roles=["R"]),
            "Other": policy("one", allow("s3:PutObject"), Roles=["R"]),
        },
        "R",
        UNKNOWN,
    ),
    "of a group": (
        {
            "U": user(deny("ec2:*"), Groups=["g"]),
            "G": group("g", deny(READ)),
            "May": policy("own", allow(READ), Groups=["g"]),
        },
        "ada",
        UNKNOWN,
    ),
    "a name that is not known may be the other's": (
        {"R": role("R", deny(READ)), "May": policy(P, allow(READ), Roles=["R"])},
        "R",
        UNKNOWN,
    ),
    "two names that differ in what is known": (
        {
            "R": role("R"),
            "May": policy({"Fn::Sub": "${P}-a"}, allow(READ), Roles=["R"]),
            "Other": policy({"Fn::Sub": "${P}-b"}, allow("s3:PutObject"), Roles=["R"]),
        },
        "R",
        ALLOWED,
    ),
    "two that say the same": (
        {"R": role("R", allow(READ)), "May": policy("Own", allow(READ), Roles=["R"])},
        "R",
        ALLOWED,
    ),
}


@pytest.mark.parametrize("fact", HOLDERS)
def test_who_holds_a_policy(fact: str, tmp_path: Path) -> None:
    """A name that is not known may be the one that was asked about."""
    resources, caller, expected = HOLDERS[fact]

    assert expected == of_assembly(tmp_path, resources, "can", caller, READ, OBJECT, Parameters=PARAMETERS)


def test_who_says_that_a_role_may_be_one_of_another_name(tmp_path: Path) -> None:
    """Whether it can depends on whether it is the one to which a policy is attached."""
    resources = {"R": role(None, allow(READ), RoleName=P), "No": policy("no", deny(READ), Roles=["prod-role"])}

    assert UNKNOWN == of_assembly(tmp_path, resources, "who", READ, OBJECT, Parameters=PARAMETERS)


def test_a_bucket_of_any_name_may_be_one_that_a_policy_names(tmp_path: Path) -> None:
    """The name is a person's choice, and not the deployment's."""
    resources = {"R": role("R", allow(READ, "arn:aws:s3:::named/*")), "N": bucket(None, BucketName=P)}
    words = ("can", "R", READ, "arn:aws:s3:::named/x")

    assert UNKNOWN == of_assembly(tmp_path, resources, *words, Parameters=PARAMETERS)


# --- stacks: their names, their conditions and their tags

READER, CLOSED = role("R", allow(READ)), bucket_policy({"Ref": "N"}, deny(READ, "*", **ANYONE))


@pytest.mark.parametrize("name", ["payroll-prod-n-1abcdefgh", "alone-n-1abcdefgh"])
def test_a_template_alone_does_not_say_its_stacks_name(name: str, tmp_path: Path) -> None:
    """So the bucket that it makes may have any name."""
    file = write_alone(tmp_path / "alone.json", {"R": READER, "N": bucket(None), "Policy": CLOSED})

    assert UNKNOWN == asked(file, "can", "R", READ, f"arn:aws:s3:::{name}/x")


def test_what_a_template_alone_names_after_its_stack_is_not_known(tmp_path: Path) -> None:
    """The file's name is not the stack's."""
    file = write_alone(tmp_path / "alone.json", {"N": role(None, allow(READ), RoleName={"Ref": "AWS::StackName"})})

    assert UNKNOWN == asked(file, "who", "sts:AssumeRole", arn("role/alone"))
    assert ALLOWED == asked(file, "can", "N", READ, OBJECT)


@pytest.mark.parametrize(("name", "expected"), [("prod-inner-1abcdefgh-n-xyz", UNKNOWN), ("dev-n-xyz", ALLOWED)])
def test_the_names_of_a_nested_stack_begin_as_its_parents(name: str, expected: int, tmp_path: Path) -> None:
    """CloudFormation names it PARENT-LOGICALID-RANDOM."""
    inner = nested_stack(tmp_path, "Inner", {"N": bucket(None), "Policy": CLOSED})

    assert expected == of_assembly(tmp_path, {"R": READER, "Inner": inner}, "can", "R", READ, f"arn:aws:s3:::{name}/x")


def test_what_is_in_a_stack_that_may_not_be_made_may_not_be_made(tmp_path: Path) -> None:
    """Of more conditions than are taken both ways, the last stays open."""
    conditions = {f"C{number}": {"Fn::Equals": [P, str(number)]} for number in range(4)}
    inner = nested_stack(tmp_path, "Inner", {"Policy": bucket_policy("data-b", deny(READ, "*", **ANYONE))})
    deeper = nested_stack(tmp_path, "Deeper", {"Inner": inner})
    resources = {"R": READER, "Deeper": {**deeper, "Condition": "C3"}}
    sections = {"Parameters": PARAMETERS, "Conditions": conditions}

    assert UNKNOWN == of_assembly(tmp_path, resources, "can", "R", READ, OBJECT, **sections)


BLUE = allow(READ, Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}})
RED_TAG, BLUE_TAG = ({"Key": "team", "Value": each} for each in ("red", "blue"))
ENTRY = {"Fn::FindInMap": ["Tags", P, "one"]}


@pytest.mark.parametrize(
    ("of_stack", "of_role", "expected"),
    [
        ([BLUE_TAG], [], ALLOWED),
        ([RED_TAG], [], DENIED),
        ([RED_TAG], [BLUE_TAG], ALLOWED),
        ([], [], DENIED),
        ([{"Key": "team", "Value": P}], [], UNKNOWN),
        ([{"Key": P, "Value": "blue"}], [], UNKNOWN),
        (ENTRY, [], UNKNOWN),
        ([ENTRY], [BLUE_TAG], ALLOWED),
    ],
)
def test_a_nested_stacks_tags_are_those_of_its_resources(
    of_stack: Any, of_role: Any, expected: int, tmp_path: Path
) -> None:
    """CloudFormation puts them on each; a resource's own go before."""
    deeper = nested_stack(tmp_path, "Deeper", {"R": role("R", BLUE, Tags=of_role)})
    resources = {"Inner": nested_stack(tmp_path, "Inner", {"Deeper": deeper}, Tags=of_stack)}

    assert expected == of_assembly(tmp_path, resources, "can", "R", READ, OBJECT, Parameters=PARAMETERS)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [(ENTRY, UNKNOWN), ([ENTRY], UNKNOWN), ([ENTRY, BLUE_TAG], ALLOWED), ([ENTRY, RED_TAG], DENIED), ("x", UNKNOWN)],
)
def test_tags_that_are_not_known_may_be_any(tags: Any, expected: int, tmp_path: Path) -> None:
    """They are not taken for tags that the role lacks."""
    resources = {"R": role("R", BLUE, Tags=tags)}

    assert expected == of_assembly(tmp_path, resources, "can", "R", READ, OBJECT, Parameters=PARAMETERS)


@pytest.mark.parametrize(("tags", "expected"), [([], UNKNOWN), ([{"Key": "team", "Value": "blue"}], ALLOWED)])
def test_the_tags_of_a_template_alone_are_chosen_at_the_deployment(tags: Any, expected: int, tmp_path: Path) -> None:
    """All but those that a resource has of its own."""
    file = write_alone(tmp_path / "alone.json", {"B": bucket("data-b"), "R": role("R", BLUE, Tags=tags)})

    assert expected == asked(file, "can", "R", READ, OBJECT)


# --- the resource that a policy names

SECRET, QUEUE = f"arn:aws:secretsmanager:eu-west-1:{PROD}:secret:", f"arn:aws:sqs:eu-west-1:{PROD}:q"
FUNCTION = f"arn:aws:lambda:eu-west-1:{PROD}:function:f"
OTHER_ACCOUNT = "arn:aws:iam::111111111111:role/X"


def closed(kind: str, named: str, name: Any, document_in: str, action: str) -> dict[str, Any]:
    """Return a resource's policy that denies all."""
    statement = {"Effect": "Deny", "Action": action, "Resource": "*", "Principal": "*"}
    return {"Type": kind, "Properties": {named: name, document_in: document(statement)}}


def of_secret(name: str) -> dict[str, Any]:
    """Return a secret's policy that denies all."""
    return closed("AWS::SecretsManager::ResourcePolicy", "SecretId", name, "ResourcePolicy", "secretsmanager:*")


def of_queue(url: str) -> dict[str, Any]:
    """Return a queue's policy that denies all."""
    return closed("AWS::SQS::QueuePolicy", "Queues", [url], "PolicyDocument", "sqs:*")


SPELLINGS: list[tuple[dict[str, Any], str, str, int]] = [
    (of_secret("db"), "secretsmanager:GetSecretValue", f"{SECRET}db-AbCdEf", UNKNOWN),
    (of_secret(f"{SECRET}db"), "secretsmanager:GetSecretValue", f"{SECRET}db-AbCdEf", UNKNOWN),
    (of_secret(f"{SECRET}db-AbCdEf"), "secretsmanager:GetSecretValue", f"{SECRET}db-AbCdEf", DENIED),
    (of_secret(f"{SECRET}my-secret"), "secretsmanager:GetSecretValue", f"{SECRET}my-secret-AbCdEf", UNKNOWN),
    (of_secret(f"{SECRET}db"), "secretsmanager:GetSecretValue", f"{SECRET}other-AbCdEf", ALLOWED),
    (of_queue(f"https://sqs.eu-west-1.amazonaws.com/{PROD}/q"), "sqs:SendMessage", QUEUE, DENIED),
    (of_queue(f"https://eu-west-1.queue.amazonaws.com/{PROD}/q"), "sqs:SendMessage", QUEUE, DENIED),
    (of_queue(f"https://sqs.eu-west-1.api.aws/{PROD}/q"), "sqs:SendMessage", QUEUE, DENIED),
    (of_queue(f"https://queue.amazonaws.com/{PROD}/q"), "sqs:SendMessage", QUEUE, UNKNOWN),
    (of_queue(f"https://queues.example.com/{PROD}/q"), "sqs:SendMessage", QUEUE, UNKNOWN),
    (of_queue("q"), "sqs:SendMessage", QUEUE, UNKNOWN),
]


@pytest.mark.parametrize(("resource", "action", "named", "expected"), SPELLINGS, ids=lambda each: str(each)[-60:])
def test_a_policy_is_that_of_the_resource_in_whatever_way_it_is_named(
    resource: Mapping[str, Any], action: str, named: str, expected: int, tmp_path: Path
) -> None:
    """In a way that is not known, it may be that of any resource of the service."""
    resources = {"R": role("R", allow("*")), "Policy": resource}

    assert expected == of_assembly(tmp_path, resources, "can", "R", action, named)


@pytest.mark.parametrize(
    ("function", "named", "expected"),
    [
        ("f", FUNCTION, ALLOWED),
        (f"{PROD}:function:f", FUNCTION, ALLOWED),
        (f"{PROD}:f", FUNCTION, ALLOWED),
        ("function:f", FUNCTION, ALLOWED),
        (FUNCTION, FUNCTION, ALLOWED),
        (f"{PROD}:function:f:live", f"{FUNCTION}:live", ALLOWED),
        # The policy of a function that no template makes, in another account, is not known.
        (f"{PROD}:function:f:live", FUNCTION, UNKNOWN),
        ("g", FUNCTION, UNKNOWN),
        (P, FUNCTION, UNKNOWN),
        ("a b", FUNCTION, UNKNOWN),
    ],
)
def test_a_permission_is_that_of_the_function(function: Any, named: str, expected: int, tmp_path: Path) -> None:
    """Lambda takes a name, an ARN or a part of one; what is not known may give access to any function."""
    properties = {"FunctionName": function, "Action": "lambda:InvokeFunction", "Principal": "111111111111"}
    resources = {"Permission": {"Type": "AWS::Lambda::Permission", "Properties": properties}}
    words = ("can", OTHER_ACCOUNT, "lambda:InvokeFunction", named)

    assert expected == of_assembly(tmp_path, resources, *words, Parameters=PARAMETERS)


@pytest.mark.parametrize("key", ["alias/x", f"arn:aws:kms:eu-west-1:{PROD}:alias/x", {"Fn::Sub": "alias/${P}"}])
def test_an_alias_that_no_template_makes_stands_for_a_key_that_is_not_known(key: Any, tmp_path: Path) -> None:
    """The answer says so."""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    encrypted = {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": default}]}
    resources = {"B": bucket("data-b", BucketEncryption=encrypted), "R": role("R", allow("*"))}
    folder = write_assembly(tmp_path, {"Prod": resources}, Parameters=PARAMETERS)
    done = crossrole("can", "R", READ, OBJECT, "--template-dir", str(folder))

    assert UNKNOWN == done.returncode
    assert "an alias that no template makes" in done.stdout
