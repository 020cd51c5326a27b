"""What `diff` says of a fleet: what its accounts' callers gained and lost, and what it can't prove."""

import json
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossrole.diff.changes import changes
from crossrole.engines.prover import Prover
from crossrole.templates.assembly import read_assembly
from crossrole.templates.inventory import Inventory
from crossrole.templates.reader import read_inventory
from crossrole.unknown import worded
from tests.synthesis import ROOT, synthesize

PATH = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111"
SECOND = "o-a1b2c3d4e5/r-ab12/ou-ab12-22222222"
Edit = Callable[[dict[str, Any]], object]
Diff = Callable[[Edit, Edit], list[str]]


def as_it_is(_: dict[str, Any]) -> None:
    """Change nothing."""


def without_fleet(access: dict[str, Any]) -> None:
    """Take the table out."""
    del access["fleet"]


def with_keys(**keys: Any) -> Edit:
    """Return what changes keys of the table."""
    return lambda access: access["fleet"].update(keys)


def with_second_unit(access: dict[str, Any]) -> None:
    """Trust a second unit, and carry the policies there."""
    access["grants"][0]["principals"].append(SECOND)
    access["fleet"]["units"].append(SECOND)


@pytest.fixture
def diff(tmp_path: Path, prover: Prover) -> Diff:
    """Return what compares the example as two edits leave it, and says each change in a line."""

    def made(edit: Edit, name: str) -> Inventory:
        access = tomllib.loads((ROOT / "tests" / "fleet.toml").read_text())
        edit(access)
        return read_inventory(read_assembly(synthesize(access, tmp_path / name).directory))

    def compared(base: Edit, head: Edit) -> list[str]:
        found = changes(made(base, "base"), made(head, "head"), prover)
        return [f"{'+' if each.gained else '-'} {worded(each.text)}; {worded(' '.join(each.notes))}" for each in found]

    return compared


def of_the_unit(lines: list[str], unit: str) -> list[str]:
    """Return the lines about the callers of a unit, without the words for them."""
    caller = (
        f"role <a caller with the policies of FleetStack/CallersStackSetA635CBB7> in <an account of {unit} other than "
        "222222222222> "
    )
    return [each.replace(caller, "") for each in lines if caller in each]


def test_a_new_fleet(diff: Diff) -> None:
    """The unit's callers gain each grant's role, and nothing is left that is not proved."""
    found = diff(without_fleet, as_it_is)

    assert ["DataTeam", "Audit"] == [each.split()[5] for each in of_the_unit(found, "ou-ab12-11111111")]
    assert len(found) == len(of_the_unit(found, "ou-ab12-11111111"))
    assert not any("not proved" in each for each in found)


def test_a_fleet_that_is_gone(diff: Diff) -> None:
    """They lose them again."""
    found = of_the_unit(diff(as_it_is, without_fleet), "ou-ab12-11111111")

    assert ["- can no longer assume role DataTeam", "- can no longer assume role Audit"] == [
        each.partition(" in 2222")[0] for each in found
    ]


def test_one_grant_more(diff: Diff) -> None:
    """The policy of one grant comes to the accounts: that is told, although their callers may have other policies."""
    found = of_the_unit(diff(with_keys(grants=["DataTeam"]), as_it_is), "ou-ab12-11111111")

    assert ["+ can now assume role Audit"] == [each.partition(" in 2222")[0] for each in found]


def test_one_unit_more(diff: Diff) -> None:
    """The accounts of the new unit gain, those of the other one nothing."""
    found = diff(as_it_is, with_second_unit)

    assert ["DataTeam", "Audit"] == [each.split()[5] for each in of_the_unit(found, "ou-ab12-22222222")]
    assert [] == of_the_unit(found, "ou-ab12-11111111")
    assert any(each.startswith(f"+ everyone in the organizational unit {SECOND}/*") for each in found)


def test_how_it_is_deployed_is_no_access(diff: Diff) -> None:
    """The pace, the administrator and the name change nothing of who may do what."""
    changed = with_keys(
        max_concurrent_percentage=50, failure_tolerance_percentage=50, management_account=True, name="others"
    )

    assert [] == diff(as_it_is, changed)


@pytest.mark.parametrize("before", [with_keys(grants=["Audit"]), without_fleet], ids=["another place", "no fleet"])
def test_a_place_that_is_new_hides_nothing(before: Edit, tmp_path: Path, prover: Prover) -> None:
    """Where a unit is, the metadata only claims: with another claim, the callers' requests come from anywhere."""
    access = tomllib.loads((ROOT / "tests" / "fleet.toml").read_text())
    synthesize(access, tmp_path / "head")
    before(access)
    synthesize(access, tmp_path / "base")
    file = tmp_path / "head" / "FleetStack.template.json"
    file.write_text(file.read_text().replace(PATH, "o-a1b2c3d4e5/r-ab12/ou-ab12-99999999/ou-ab12-11111111"))
    read = [read_inventory(read_assembly(tmp_path / each)) for each in ("base", "head")]
    told = [worded(each.text) for each in changes(read[0], read[1], prover) if each.gained]

    assert any("can now assume role DataTeam" in each for each in told), told


def made_in(template: dict[str, Any]) -> dict[str, Any]:
    """Return the StackSet of a template."""
    made: list[dict[str, Any]] = [
        each for each in template["Resources"].values() if each["Type"] == "AWS::CloudFormation::StackSet"
    ]
    return made[0]


OTHER_VALUES: dict[str, Edit] = {
    "a model": lambda properties: properties.update(PermissionModel="SELF_MANAGED"),
    "a unit": lambda properties: properties["StackInstancesGroup"][0]["DeploymentTargets"].update(
        OrganizationalUnitIds=["ou-ab12-33333333"]
    ),
    "some accounts only": lambda properties: properties["StackInstancesGroup"][0]["DeploymentTargets"].update(
        Accounts=["333333333333"], AccountFilterType="INTERSECTION"
    ),
    "stacks that stay": lambda properties: properties["AutoDeployment"].update(RetainStacksOnAccountRemoval=True),
    "no automatic deployment": lambda properties: properties["AutoDeployment"].update(Enabled=False),
    "a template elsewhere": lambda properties: properties.update(TemplateURL="https://a.s3.amazonaws.com/b"),
    "no template that is read": lambda properties: properties.update(TemplateBody="Resources: {}"),
    "a role inside": lambda properties: properties.update(
        TemplateBody=properties["TemplateBody"].replace("AWS::IAM::ManagedPolicy", "AWS::IAM::Role", 1)
    ),
    "another role to assume": lambda properties: properties.update(
        TemplateBody=properties["TemplateBody"].replace(":role/Audit", ":role/*")
    ),
    "a condition": lambda properties: properties.update(
        TemplateBody=properties["TemplateBody"].replace(
            '"Resource":"arn:aws:iam::222222222222:role/DataTeam"',
            '"Resource":"arn:aws:iam::222222222222:role/DataTeam","Condition":{"StringEquals":{"aws:PrincipalTag/a":"b"}}',
        )
    ),
    "a parameter": lambda properties: properties.update(Parameters=[{"ParameterKey": "A", "ParameterValue": "b"}]),
}


@pytest.mark.parametrize("edit", OTHER_VALUES.values(), ids=OTHER_VALUES)
def test_no_other_value_of_a_stack_set_is_silent(edit: Edit, tmp_path: Path, prover: Prover) -> None:
    """Whatever decides who has which policy is compared, or reported as not proved."""
    base = synthesize(ROOT / "tests" / "fleet.toml", tmp_path / "base")
    shutil.copytree(tmp_path / "base", tmp_path / "head")
    template = base.template("FleetStack")
    before = json.dumps(template)
    edit(made_in(template)["Properties"])
    (tmp_path / "head" / "FleetStack.template.json").write_text(json.dumps(template))

    assert before != json.dumps(template)
    read = [read_inventory(read_assembly(tmp_path / each)) for each in ("base", "head")]
    assert changes(read[0], read[1], prover)
