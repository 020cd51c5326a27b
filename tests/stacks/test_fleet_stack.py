"""FleetStack: the StackSet of the administrator, and the template that it carries."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from access.file import read_access
from access.policies.fleet import template_body
from tests.synthesis import ROOT, Assembly, synthesize

FLEET = ROOT / "tests" / "fleet.toml"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Return what the example makes, looked through by cdk-nag."""
    return synthesize(FLEET, tmp_path_factory.mktemp("fleet"), nag=True)


def stack_set(assembly: Assembly) -> dict[str, Any]:
    """Return the one StackSet."""
    (made,) = assembly.resources("FleetStack", "AWS::CloudFormation::StackSet").values()
    return made


def test_the_stack_is_of_the_administrator(fleet: Assembly) -> None:
    """It is deployed to the account and region of the table, and holds the StackSet alone."""
    assert "aws://444444444444/eu-west-1" == fleet.manifest["FleetStack"]["environment"]
    assert ["AWS::CloudFormation::StackSet"] == [
        each["Type"] for each in fleet.template("FleetStack")["Resources"].values()
    ]


def test_the_stack_set(fleet: Assembly) -> None:
    """It deploys to the units by itself, once in each account, and takes the policy away where an account leaves."""
    properties = dict(stack_set(fleet)["Properties"])
    access = read_access(FLEET)
    assert access.fleet
    expected = {
        "StackSetName": "crossrole-callers",
        "Description": "crossrole: the policies by which callers in these units assume their roles",
        "PermissionModel": "SERVICE_MANAGED",
        "CallAs": "DELEGATED_ADMIN",
        "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
        "ManagedExecution": {"Active": True},
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "OperationPreferences": {
            "MaxConcurrentPercentage": 10,
            "FailureTolerancePercentage": 5,
            "ConcurrencyMode": "STRICT_FAILURE_TOLERANCE",
            "RegionOrder": ["eu-west-1"],
        },
        "StackInstancesGroup": [
            {"DeploymentTargets": {"OrganizationalUnitIds": ["ou-ab12-11111111"]}, "Regions": ["eu-west-1"]}
        ],
        "Tags": [{"Key": "application", "Value": "crossrole"}],
        "TemplateBody": template_body(access.fleet.chosen(list(access.grants)), access.prod),
    }

    assert expected == properties


def test_the_metadata_says_where_the_units_are(fleet: Assembly) -> None:
    """StackSets takes ids; what reads the template needs the units above them, too."""
    assert ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111"] == stack_set(fleet)["Metadata"]["crossrole:Units"]


def test_the_inner_template_is_the_same_in_every_account(fleet: Assembly) -> None:
    """It has no parameter, no function and no transform, which StackSets does not take."""
    body = stack_set(fleet)["Properties"]["TemplateBody"]

    assert {"Description", "Resources"} == json.loads(body).keys()
    assert not any(each in body for each in ("Ref", "Fn::", "Transform", "\n"))


def test_the_preferences_and_the_management_account(tmp_path: Path) -> None:
    """The table's own figures, and the caller that StackSets wants in the management account."""
    access = tomllib.loads(FLEET.read_text())
    access["fleet"] |= {
        "management_account": True,
        "max_concurrent_percentage": 25,
        "failure_tolerance_percentage": 20,
        "name": "callers-of-prod",
        "units": ["r-ab12"],
        "grants": ["Audit"],
    }
    made = stack_set(synthesize(access, tmp_path))
    properties = made["Properties"]

    assert "SELF" == properties["CallAs"]
    assert "callers-of-prod" == properties["StackSetName"]
    assert 25 == properties["OperationPreferences"]["MaxConcurrentPercentage"]
    assert 20 == properties["OperationPreferences"]["FailureTolerancePercentage"]
    assert ["r-ab12"] == properties["StackInstancesGroup"][0]["DeploymentTargets"]["OrganizationalUnitIds"]
    assert "Metadata" not in made


def test_without_the_table_there_is_no_stack(default: Assembly) -> None:
    """The committed file has no fleet."""
    assert "FleetStack" not in default.manifest


def test_the_synth_warns_of_a_policy_that_roles_can_not_use(tmp_path: Path) -> None:
    """A grant that asks for MFA lets in people with access keys alone."""
    access = tomllib.loads(FLEET.read_text())
    access["grants"][0]["mfa_max_age"] = 3600

    said = (
        "DataTeam asks for MFA, which no session of a role or permission set carries: "
        "only IAM users of the units' accounts can use Assume-DataTeam"
    )
    assert [said] == synthesize(access, tmp_path).warnings("FleetStack")
