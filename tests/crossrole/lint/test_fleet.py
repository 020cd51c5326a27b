"""The template that a StackSet deploys is looked through as any other."""

import json
from pathlib import Path
from typing import Any

from crossrole.lint.findings import findings_of
from crossrole.templates.assembly import read_assembly
from tests.synthesis import ROOT, synthesize
from tests.templates import allow, document, write_assembly


def stack_set(body: Any) -> dict[str, Any]:
    """Return a StackSet with a template."""
    properties = {"StackSetName": "set", "PermissionModel": "SELF_MANAGED", "TemplateBody": body}
    return {"Type": "AWS::CloudFormation::StackSet", "Properties": properties}


def policy(name: str, *statements: Any) -> dict[str, Any]:
    """Return a managed policy."""
    properties = {"ManagedPolicyName": name, "PolicyDocument": document(*statements)}
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}


def found(folder: Path, made: dict[str, Any]) -> list[str]:
    """Return the findings' places and rules."""
    findings = findings_of(read_assembly(write_assembly(folder, {"Fleet": {"Set": made}})))
    return [f"{each.template} {each.logical_id} {each.policy} {each.rule.id}" for each in findings.open]


def test_a_fault_in_the_inner_template(tmp_path: Path) -> None:
    """It has its place there, and is told once, as a managed policy's."""
    body = json.dumps({"Resources": {"All": policy("All", allow("sts:AssumeRole"))}})

    assert ["Fleet/Set All PolicyDocument assume-any-role"] == [
        each for each in found(tmp_path, stack_set(body)) if "assume" in each
    ]


def test_what_only_a_managed_policy_is_asked(tmp_path: Path) -> None:
    """The quota of a managed policy holds in an account of the units too."""
    roles = [f"arn:aws:iam::222222222222:role/Role{number:03}" for number in range(200)]
    body = json.dumps({"Resources": {"Many": policy("Many", allow("sts:AssumeRole", roles))}})

    assert ["Fleet/Set Many PolicyDocument too-long"] == found(tmp_path, stack_set(body))


def test_a_template_that_can_not_be_read_is_looked_through_as_text(tmp_path: Path) -> None:
    """A policy in it is still one."""
    body = json.dumps([policy("All", allow("s3:GetObjct", "arn:aws:s3:::a/*"))])

    assert any("TemplateBody" in each and "unknown-action" in each for each in found(tmp_path, stack_set(body)))


def test_a_fleet_is_in_order(tmp_path: Path) -> None:
    """Nothing is found in what the app makes, and nothing is allowed."""
    findings = findings_of(read_assembly(synthesize(ROOT / "tests" / "fleet.toml", tmp_path).directory))

    assert ([], []) == (list(findings.open), list(findings.allowed))
