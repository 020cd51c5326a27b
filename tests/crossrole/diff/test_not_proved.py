"""Changes that can't be proved are reported too: no output of `diff` means that nothing changed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossrole.diff.changes import changes
from crossrole.diff.sentences import Change
from crossrole.engines.prover import Prover
from crossrole.templates.assembly import read_assembly
from crossrole.templates.coverage import COVERAGE
from crossrole.templates.inventory import Inventory
from crossrole.templates.reader import read_inventory
from tests.crossrole.by_hand import Resources, edited_by_hand
from tests.synthesis import Assembly

GRANT, BUCKET = "GrantsDevAccountAccessS3Role0E97A82A", "Bucketsreports222222222222BucketF37527D0"
BUCKET_POLICY, WRITER = "Bucketsreports222222222222BucketPolicyC4D7730A", "WriterRole7A2A3899"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
PROD, DEV = "ProdAccessStack", "DevLambdaStack"
Told = Callable[[str, Callable[[Resources], object]], list[Change]]
INTERN = "arn:aws:iam::111111111111:role/Intern"


def edited(assembly: Assembly, folder: Path, stack: str, edit: Callable[[Resources], object]) -> Inventory:
    """Return what the templates say after a change by hand."""
    return read_inventory(read_assembly(edited_by_hand(assembly, folder, stack, edit)))


@pytest.fixture
def told(default: Assembly, default_inventory: Inventory, prover: Prover, tmp_path: Path) -> Told:
    """Return a function that reports what a change by hand of one stack opens and takes away."""
    return lambda stack, edit: changes(default_inventory, edited(default, tmp_path, stack, edit), prover)


def trust(resources: Resources, **statement: Any) -> None:
    """Add a statement to the grant's trust policy."""
    root = {"AWS": "arn:aws:iam::111111111111:root"}
    made = {"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"} | statement
    resources[GRANT]["Properties"]["AssumeRolePolicyDocument"]["Statement"].append(made)


def bucket(resources: Resources, **statement: Any) -> None:
    """Add a statement to the bucket's policy."""
    made = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports-222222222222/*"}
    resources[BUCKET_POLICY]["Properties"]["PolicyDocument"]["Statement"].append(made | statement)


def named(operator: str, key: str, value: str) -> dict[str, Any]:
    """Return a statement's condition."""
    return {"Condition": {operator: {key: value}}}


def session(resources: Resources, **statement: Any) -> None:
    """Add a statement to the grant's permissions policy."""
    made = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    resources[GRANT]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].append(made | statement)


def of_type(kind: str) -> Callable[[Resources], object]:
    """Return what adds a resource of a type."""
    return lambda resources: resources.update(X={"Type": kind, "Properties": {}})


def of_the_bucket(key: str) -> Callable[[Resources], object]:
    """Return what sets a property of the bucket."""
    return lambda resources: resources[BUCKET]["Properties"].update({key: {"Rules": []}})


ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
WIDENED: dict[str, tuple[str, Callable[[Resources], object]]] = {
    "a managed policy of AWS": (PROD, lambda r: r[GRANT]["Properties"].update(ManagedPolicyArns=[ADMINISTRATOR])),
    "the same for the function": (DEV, lambda r: r[WRITER]["Properties"].update(ManagedPolicyArns=[ADMINISTRATOR])),
    "a policy for a role that exists already": (
        PROD,
        lambda r: r.update(
            P={"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": EVERYTHING, "Roles": ["ExistingRole"]}}
        ),
    ),
    "an access point": (PROD, lambda r: r.update(A={"Type": "AWS::S3::AccessPoint", "Properties": {}})),
    "a function that others may call": (
        DEV,
        lambda r: r.update(
            L={
                "Type": "AWS::Lambda::Permission",
                "Properties": {
                    "FunctionName": "writer",
                    "Action": "lambda:InvokeFunction",
                    "Principal": "333333333333",
                },
            }
        ),
    ),
    **{
        f"a resource of type {kind}": (PROD, of_type(kind))
        for kind in (
            "AWS::IAM::AccessKey",
            "AWS::IAM::InstanceProfile",
            "AWS::IAM::OIDCProvider",
            "AWS::KMS::ReplicaKey",
            "AWS::Lambda::LayerVersionPermission",
            "AWS::RAM::ResourceShare",
            "AWS::RolesAnywhere::Profile",
            "AWS::S3::AccessGrant",
            "AWS::S3::MultiRegionAccessPointPolicy",
            "AWS::S3ObjectLambda::AccessPointPolicy",
            "AWS::SSO::Assignment",
            "Custom::Anything",
        )
    },
    **{
        f"{key} of the bucket": (PROD, of_the_bucket(key))
        for key in (
            "CorsConfiguration",
            "InventoryConfigurations",
            "NotificationConfiguration",
            "OwnershipControls",
            "ReplicationConfiguration",
            "WebsiteConfiguration",
        )
    },
    "a policy of its own for a role that exists already": (
        PROD,
        lambda r: r.update(
            P={"Type": "AWS::IAM::RolePolicy", "Properties": {"PolicyDocument": EVERYTHING, "RoleName": "Existing"}}
        ),
    ),
    "a macro in a resource": (
        PROD,
        lambda r: r[BUCKET]["Properties"].update(Tags={"Fn::Transform": {"Name": "M", "Parameters": {}}}),
    ),
    "a macro among the resources": (PROD, lambda r: r.update({"Fn::Transform": {"Name": "M", "Parameters": {}}})),
    "another role for the function": (
        DEV,
        lambda r: next(each for each in r.values() if each["Type"] == "AWS::Lambda::Function")["Properties"].update(
            Role="arn:aws:iam::111111111111:role/Administrator"
        ),
    ),
    "a layer of the function": (
        DEV,
        lambda r: next(each for each in r.values() if each["Type"] == "AWS::Lambda::Function")["Properties"].update(
            Layers=["arn:aws:lambda:eu-west-1:333333333333:layer:x:1"]
        ),
    ),
    "no block of public access": (PROD, lambda r: r[BUCKET]["Properties"].pop("PublicAccessBlockConfiguration")),
    "a service that has the function's role": (
        DEV,
        lambda r: r[WRITER]["Properties"]["AssumeRolePolicyDocument"]["Statement"].append(
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ),
    ),
    "a caller without regard to case": (
        PROD,
        lambda r: trust(r, **named("StringEqualsIgnoreCase", "aws:PrincipalArn", INTERN)),
    ),
    "a caller by name": (PROD, lambda r: trust(r, **named("StringEquals", "aws:username", "alice"))),
    "callers by type": (PROD, lambda r: trust(r, **named("StringEquals", "aws:PrincipalType", "User"))),
    "an account in a condition": (
        PROD,
        lambda r: trust(r, Principal="*", **named("StringEquals", "aws:PrincipalAccount", "333333333333")),
    ),
    "the stack's tag": (
        PROD,
        lambda r: session(r, **named("StringEquals", "aws:PrincipalTag/application", "crossrole")),
    ),
    "a tag by its presence": (PROD, lambda r: session(r, **named("Null", "aws:PrincipalTag/application", "false"))),
    "a tag by a pattern": (PROD, lambda r: session(r, **named("StringLike", "aws:PrincipalTag/application", "*"))),
    "a tag that no template gives": (
        PROD,
        lambda r: session(r, **named("StringEquals", "aws:PrincipalTag/team", "platform")),
    ),
    "a tag without regard to case": (
        PROD,
        lambda r: session(r, **named("StringEqualsIgnoreCase", "aws:principaltag/Application", "CROSSROLE")),
    ),
    "a tag in the resource": (
        PROD,
        lambda r: session(r, Resource="arn:aws:s3:::${aws:PrincipalTag/application}-bucket/*"),
    ),
    "session tags": (PROD, lambda r: trust(r, Action=["sts:AssumeRole", "sts:TagSession"])),
    "the same of the bucket": (
        PROD,
        lambda r: bucket(r, Principal="*", **named("StringEquals", "aws:PrincipalAccount", "333333333333")),
    ),
    "a service that reads the bucket": (
        PROD,
        lambda r: bucket(r, Principal={"Service": "cloudfront.amazonaws.com"}),
    ),
}


@pytest.mark.parametrize(("stack", "edit"), WIDENED.values(), ids=WIDENED)
def test_a_widening_is_never_silent(stack: str, edit: Callable[[Resources], object], told: Told) -> None:
    """A change that is not evaluated is reported as gained, so that `--fail-on-widening` stops it."""
    assert any(each.gained for each in told(stack, edit))


def test_a_tag_of_the_stack_is_proved(
    default: Assembly, default_inventory: Inventory, prover: Prover, tmp_path: Path
) -> None:
    """What a tag opens that the template gives the role is reported by what it opens; another value opens nothing."""
    (tmp_path / "has").mkdir()
    (tmp_path / "has not").mkdir()
    has = named("StringEquals", "aws:PrincipalTag/application", "crossrole")
    has_not = named("StringEquals", "aws:PrincipalTag/application", "another")
    with_it = edited(default, tmp_path / "has", PROD, lambda r: session(r, **has))
    without = edited(default, tmp_path / "has not", PROD, lambda r: session(r, **has_not))

    assert "role DevLambdaRole in 111111111111 can now s3:* on *, through DevAccountAccessS3Role" in [
        each.text for each in changes(default_inventory, with_it, prover)
    ]
    assert [] == changes(default_inventory, without, prover)


def test_a_tag_that_meets_a_condition_is_reported(default: Assembly, prover: Prover, tmp_path: Path) -> None:
    """A role that gets the tag which one of its statements asks for has more access, by no change of a policy."""

    def asks(resources: Resources) -> None:
        session(resources, **named("StringEquals", "aws:PrincipalTag/team", "platform"))

    def has(resources: Resources) -> None:
        asks(resources)
        resources[GRANT]["Properties"]["Tags"] = [{"Key": "team", "Value": "platform"}]

    for name in ("asks", "has"):
        (tmp_path / name).mkdir()
    base, head = edited(default, tmp_path / "asks", PROD, asks), edited(default, tmp_path / "has", PROD, has)

    assert ["role DevLambdaRole in 111111111111 can now s3:* on *, through DevAccountAccessS3Role"] == [
        each.text for each in changes(base, head, prover) if each.gained
    ]


@pytest.mark.parametrize("principal", [{"AWS": "arn:aws:iam::222222222222:user/bob"}, {"AWS": "*"}])
def test_a_deny_of_some_callers_taken_out_is_reported(
    principal: dict[str, str],
    default: Assembly,
    default_inventory: Inventory,
    prover: Prover,
    tmp_path: Path,
) -> None:
    """A Deny for some callers may have denied a caller that no template names."""
    own_intern = "arn:aws:iam::222222222222:role/Intern"
    condition = {} if principal["AWS"] != "*" else named("ArnEquals", "aws:PrincipalArn", own_intern)
    base = edited(default, tmp_path, PROD, lambda r: bucket(r, Effect="Deny", Principal=principal, **condition))

    assert any(each.gained for each in changes(base, default_inventory, prover))


def test_a_macro_of_the_whole_template_is_reported(
    default: Assembly, default_inventory: Inventory, prover: Prover, tmp_path: Path
) -> None:
    """What a macro makes of a template at deployment, nobody can prove before."""
    edited(default, tmp_path, PROD, lambda _: None)
    path = tmp_path / f"{PROD}.template.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "Transform": ["Macro"]}))
    found = changes(default_inventory, read_inventory(read_assembly(tmp_path)), prover)

    assert [
        "ProdAccessStack, of which a Transform writes a part at the deployment, was changed, which may give access"
    ] == [each.text for each in found]


HARMLESS: dict[str, tuple[str, Callable[[Resources], object]]] = {
    "tags": (PROD, lambda r: r[BUCKET]["Properties"].update(Tags=[{"Key": "a", "Value": "b"}])),
    "a rule that deletes": (PROD, lambda r: r[BUCKET]["Properties"].update(LifecycleConfiguration={"Rules": []})),
    "an alarm": (DEV, lambda r: r.update(A={"Type": "AWS::CloudWatch::Alarm", "Properties": {}})),
    "new code": (
        DEV,
        lambda r: next(each for each in r.values() if each["Type"] == "AWS::Lambda::Function")["Properties"].update(
            Code={"S3Bucket": "x", "S3Key": "y"}, Timeout=3
        ),
    ),
}


@pytest.mark.parametrize(("stack", "edit"), HARMLESS.values(), ids=HARMLESS)
def test_what_gives_nobody_access_is_silent(stack: str, edit: Callable[[Resources], object], told: Told) -> None:
    """A change of what is known to give nobody access is not a change of access."""
    assert [] == told(stack, edit)


def test_the_templates_of_every_kind_hold_nothing_unknown(kinds_inventory: Inventory) -> None:
    """Of what the app makes, only public access to its buckets and its function's event sources are reported."""
    of_types = {
        (str(resource["Type"]), name)
        for template in kinds_inventory.templates
        for logical_id, resource in template.resources.items()
        for name in template.properties(logical_id)
        if not COVERAGE[resource["Type"]].judges(name)
    }
    assert {
        ("AWS::Lambda::EventSourceMapping", "EventSourceArn"),
        ("AWS::Lambda::EventSourceMapping", "FunctionName"),
        ("AWS::Lambda::Function", "Role"),
        ("AWS::S3::Bucket", "OwnershipControls"),
        ("AWS::S3::Bucket", "PublicAccessBlockConfiguration"),
    } == of_types


def test_a_stack_that_is_gone_is_lost(default: Assembly, default_inventory: Inventory, prover: Prover) -> None:
    """With production's stack its grants go, and nothing is gained."""
    dev = read_inventory([each for each in read_assembly(default.directory) if each.stack == DEV])
    found = changes(default_inventory, dev, prover)

    assert found
    assert not any(each.gained for each in found)
