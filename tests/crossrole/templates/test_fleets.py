"""A StackSet's template, read as what it is: policies that are in every account of its units."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossrole.templates.assembly import read_assembly
from crossrole.templates.fleets import with_inner_templates
from crossrole.templates.inventory import FleetCaller, Inventory
from crossrole.templates.reader import read_inventory
from crossrole.unknown import unknowns_in, worded
from tests.templates import PROD, allow, deny, document, role, trust, write_assembly

PATH = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111"
UNIT, OTHER = "ou-ab12-11111111", "ou-ab12-22222222"
TEAM = f"arn:aws:iam::{PROD}:role/Team"
OPEN_TO_UNIT = trust(
    {"AWS": "*"},
    Condition={
        "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{PATH}/*"},
        "StringNotEquals": {"aws:PrincipalAccount": PROD},
    },
)
Edit = Callable[[dict[str, Any]], object]


def policy(name: str, *statements: Any) -> dict[str, Any]:
    """Return a managed policy."""
    properties = {"ManagedPolicyName": name, "PolicyDocument": document(*statements)}
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}


def inner() -> dict[str, Any]:
    """Return the template that a StackSet carries."""
    return {"Resources": {"AssumeTeam": policy("Assume-Team", allow("sts:AssumeRole", TEAM))}}


def stack_set(body: dict[str, Any], *, units: tuple[str, ...] = (UNIT,)) -> dict[str, Any]:
    """Return a StackSet with service-managed permissions that is read."""
    targets = {"DeploymentTargets": {"OrganizationalUnitIds": list(units)}, "Regions": ["eu-west-1"]}
    return {
        "Type": "AWS::CloudFormation::StackSet",
        "Metadata": {"crossrole:Units": [PATH]},
        "Properties": {
            "StackSetName": "callers",
            "PermissionModel": "SERVICE_MANAGED",
            "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "StackInstancesGroup": [targets],
            "TemplateBody": json.dumps(body),
        },
    }


def read(folder: Path, made: dict[str, Any], **sections: Any) -> Inventory:
    """Return what an assembly with this StackSet, and a role that its units may assume, says."""
    stacks = {"Prod": {"Team": role("Team", allow("s3:GetObject"), trusts=[OPEN_TO_UNIT])}, "Fleet": {"Set": made}}
    return read_inventory(read_assembly(write_assembly(folder, stacks, **sections)))


def test_a_caller_in_each_unit(tmp_path: Path) -> None:
    """Who has the policies there, with the account and the name unknown, and where the unit is if that is said."""
    inventory = read(tmp_path, stack_set(inner(), units=(UNIT, OTHER)))
    one, other = inventory.fleets.values()

    assert (UNIT, PATH, "Fleet/Set", ("Assume-Team",)) == (one.unit, one.path, one.stack_set, one.names)
    assert (OTHER, None, {}) == (other.unit, other.path, other.context)
    assert "o-a1b2c3d4e5" == one.context["aws:PrincipalOrgID"]
    assert str(one.context["aws:PrincipalOrgPaths"]).startswith(f"['{PATH}/")
    assert f"an account of {UNIT} other than {PROD}" in worded(one.arn)
    assert one.arn != other.arn
    assert [one.arn, other.arn] == [each.arn for each in inventory.identities if isinstance(each, FleetCaller)]
    assert inventory.identity(one.arn) is one
    assert not {one.arn, other.arn} & set(inventory.named_principals())
    assert () == inventory.unread


def test_the_account_is_none_of_the_grants_own(tmp_path: Path) -> None:
    """A unit may hold production too, whose own principals the grants never trust."""
    (caller,) = read(tmp_path, stack_set(inner())).fleets.values()
    account, _ = unknowns_in(caller.arn)

    assert account.shape == f"(?!(?:{PROD})(?![0-9]))[0-9]{{12}}"


def of(**properties: Any) -> Edit:
    """Return what changes a StackSet's properties."""
    return lambda made: made["Properties"].update(properties)


def with_body(edit: Edit) -> Edit:
    """Return what changes the inner template."""

    def change(made: dict[str, Any]) -> None:
        body = inner()
        edit(body)
        made["Properties"]["TemplateBody"] = json.dumps(body)

    return change


def in_policy(**properties: Any) -> Edit:
    """Return what changes the properties of the inner policy."""
    return with_body(lambda body: body["Resources"]["AssumeTeam"]["Properties"].update(properties))


def targeting(**targets: Any) -> Edit:
    """Return what changes where a StackSet deploys."""
    return of(StackInstancesGroup=[{"DeploymentTargets": targets, "Regions": ["eu-west-1"]}])


UNREAD: dict[str, Edit] = {
    "self-managed": of(PermissionModel="SELF_MANAGED"),
    "a template elsewhere": of(TemplateURL="https://bucket.s3.amazonaws.com/template.json"),
    "no template": lambda made: made["Properties"].pop("TemplateBody"),
    "YAML": of(TemplateBody="Resources:\n  A:\n    Type: AWS::IAM::ManagedPolicy\n"),
    "a template that is a list": of(TemplateBody="[]"),
    "a template of a parameter": of(TemplateBody={"Ref": "AWS::NoValue"}),
    "parameters": of(Parameters=[{"ParameterKey": "A", "ParameterValue": "b"}]),
    "roles of its own": of(AdministrationRoleARN=f"arn:aws:iam::{PROD}:role/Admin"),
    "a property that is not known": of(Whatever=1),
    "no automatic deployment": of(AutoDeployment={"Enabled": False}),
    "stacks that stay where an account leaves": of(
        AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": True}
    ),
    "a deployment after another": of(AutoDeployment={"Enabled": True, "DependsOn": ["arn"]}),
    "no units": targeting(OrganizationalUnitIds=[]),
    "no targets": lambda made: made["Properties"].pop("StackInstancesGroup"),
    "accounts": targeting(Accounts=["333333333333"]),
    "some accounts of a unit": targeting(
        OrganizationalUnitIds=[UNIT], Accounts=["333333333333"], AccountFilterType="INTERSECTION"
    ),
    "a unit that is not known": targeting(OrganizationalUnitIds=[{"Fn::ImportValue": "Unit"}]),
    "parameters in a unit": lambda made: made["Properties"]["StackInstancesGroup"][0].update(ParameterOverrides=[]),
    "a parameter inside": with_body(lambda body: body.update(Parameters={"A": {"Type": "String"}})),
    "a transform inside": with_body(lambda body: body.update(Transform="AWS::Serverless-2016-10-31")),
    "a function inside": in_policy(Description={"Fn::Sub": "${AWS::AccountId}"}),
    "a condition inside": with_body(lambda body: body["Resources"]["AssumeTeam"].update(Condition="Here")),
    "a dynamic reference inside": in_policy(Description="{{resolve:ssm:/a}}"),
    "a role inside": with_body(lambda body: body["Resources"].update(R=role("R", allow("s3:*")))),
    "no resources inside": with_body(lambda body: body.update(Resources={})),
    "no resource inside": with_body(lambda body: body["Resources"].update(A="b")),
    "a policy that is attached": in_policy(Roles=["Admin"]),
    "a policy without a name": with_body(
        lambda body: body["Resources"]["AssumeTeam"]["Properties"].pop("ManagedPolicyName")
    ),
    "a policy that denies": in_policy(PolicyDocument=document(allow("s3:*"), deny("s3:*"))),
    "a policy that is no policy": in_policy(PolicyDocument="x"),
    "two policies of one name": with_body(
        lambda body: body["Resources"].update(Again=policy("Assume-Team", allow("s3:*")))
    ),
}


@pytest.mark.parametrize("edit", UNREAD.values(), ids=UNREAD)
def test_any_other_stack_set_may_give_access_anywhere(edit: Edit, tmp_path: Path) -> None:
    """It is not read, and an answer about any account says so."""
    made = stack_set(inner())
    edit(made)
    inventory = read(tmp_path, made)

    assert {} == inventory.fleets
    (unread,) = inventory.unread
    assert "Fleet/Set (AWS::CloudFormation::StackSet), which crossrole does not read" == unread.what
    assert unread.touches(
        action="s3:GetObject", resource="arn:aws:s3:::b/x", accounts=frozenset({"999999999999"}), principal="p"
    )
    assert "Fleet/Set" in inventory.unevaluated


def test_a_stack_set_under_a_condition_is_not_read(tmp_path: Path) -> None:
    """Whether it is made decides whether anyone has the policies."""
    made = stack_set(inner()) | {"Condition": "Here"}
    sections = {
        "Parameters": {"Stage": {"Type": "String"}},
        "Conditions": {"Here": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
    }
    inventory = read(tmp_path, made, **sections)

    assert {} == inventory.fleets
    assert any("Fleet/Set" in each.what for each in inventory.unread)


@pytest.mark.parametrize(
    "metadata", [None, {}, {"crossrole:Units": "x"}, {"crossrole:Units": [1, "a/ou-ab12-11111111"]}]
)
def test_where_the_units_are_may_be_unknown(metadata: Any, tmp_path: Path) -> None:
    """Then the requests of their accounts carry any place."""
    made = stack_set(inner()) | {"Metadata": metadata}
    (caller,) = read(tmp_path, made).fleets.values()

    assert (None, {}) == (caller.path, caller.context)


def test_the_inner_template_stands_behind_its_own(tmp_path: Path) -> None:
    """What looks through templates looks through it too, whoever manages the StackSet."""
    made = stack_set(inner())
    made["Properties"]["PermissionModel"] = "SELF_MANAGED"
    templates = read_assembly(write_assembly(tmp_path, {"Fleet": {"Set": made}, "Prod": {}}))

    assert ["Fleet", "Fleet/Set", "Prod"] == [each.stack for each in with_inner_templates(templates)]
    assert ["AssumeTeam"] == list(with_inner_templates(templates)[1].resources)
