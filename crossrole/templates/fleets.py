"""StackSets that carry managed policies into every account of an organization's units: one template for all of them.

Read is a StackSet with service-managed permissions and automatic deployment whose template stands in the property
itself and makes managed policies alone, attached to nobody, that allow and deny nothing else. Which accounts are in a
unit no template says, so a caller there is a role of an account that is not known. Every other StackSet may give
access anywhere, and is not read.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from crossrole.iam.arn import role_arn
from crossrole.iam.names import UNITS
from crossrole.iam.policy import Kind, Policy, read_policy, texts
from crossrole.templates.intrinsics import Template
from crossrole.templates.inventory import FleetCaller
from crossrole.unknown import Unknown, clean, token

STACK_SET: Final = "AWS::CloudFormation::StackSet"
_UNIT: Final = r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32}"
_PATH: Final = rf"o-[a-z0-9]{{10,32}}(/(?:{_UNIT}))+"
_KNOWN_PROPERTIES: Final = frozenset(
    {
        "AutoDeployment",
        "CallAs",
        "Capabilities",
        "Description",
        "ManagedExecution",
        "OperationPreferences",
        "PermissionModel",
        "StackInstancesGroup",
        "StackSetName",
        "Tags",
        "TemplateBody",
    }
)
_KNOWN_SECTIONS: Final = frozenset({"AWSTemplateFormatVersion", "Description", "Metadata", "Resources"})
_OF_A_POLICY: Final = frozenset({"Description", "ManagedPolicyName", "Path", "PolicyDocument", "Tags"})
_INTRINSICS: Final = ('"Ref"', '"Fn::', '"Condition":"', "{{resolve:")
# Accounts stay in their units, and lose the policies when they leave: the units say where the policies are.
_KEPT_IN_THE_UNITS: Final = {"Enabled": "true", "RetainStacksOnAccountRemoval": "false"}


@dataclass(frozen=True)
class Fleet:
    """The managed policies that a StackSet makes in every account of its units."""

    template: Template
    logical_id: str
    units: tuple[str, ...]
    """Their ids."""
    policies: Mapping[str, Policy]
    """By name."""

    @property
    def place(self) -> str:
        """The stack and the logical id."""
        return f"{self.template.stack}/{self.logical_id}"

    def callers(self, *, but: Collection[str]) -> Iterator[FleetCaller]:
        """Yield, unit by unit, a caller that has the policies, in an account that is none of `but`."""
        metadata = self.template.resources[self.logical_id].get("Metadata")
        named = metadata.get(UNITS) if isinstance(metadata, Mapping) else None
        paths = {
            each.rpartition("/")[2]: each
            for each in (named if isinstance(named, list) else [])
            if isinstance(each, str) and re.fullmatch(_PATH, each)
        }
        others = "|".join(sorted(but))
        none_of_them = f"(?!(?:{others})(?![0-9]))" if but else ""
        other_than = f" other than {' and '.join(sorted(but))}" if but else ""
        for unit in self.units:
            account = token(Unknown(f"an account of {unit}{other_than}", f"{none_of_them}[0-9]{{12}}"))
            holder = token(Unknown(f"a caller with the policies of {self.place}", r"(?:[\w+=,.@-]+/)*[\w+=,.@-]{1,64}"))
            path = paths.get(unit)
            below = token(Unknown(f"the units below {unit} that the account is in", rf"(?:(?:{_UNIT})/)*"))
            yield FleetCaller(
                role_arn(self.template.partition, account, holder),
                tuple(self.policies.values()),
                region=self.template.region,
                elsewhere=(f"other policies of a caller in {unit}",),
                unit=unit,
                path=path,
                stack_set=self.place,
                names=tuple(self.policies),
                context={
                    "aws:PrincipalOrgID": path.partition("/")[0],
                    "aws:PrincipalOrgPaths": [f"{path}/{below}"],
                }
                if path
                else {},
            )


def fleets_of(templates: Sequence[Template]) -> Iterator[Fleet]:
    """Yield the StackSets that are read."""
    for template in templates:
        for logical_id, resource in template.resources.items():
            if resource.get("Type") == STACK_SET and (fleet := fleet_of(template, logical_id)):
                yield fleet


def fleet_of(template: Template, logical_id: str) -> Fleet | None:
    """Return what a StackSet makes in its units' accounts; None for one that is not read."""
    if template.is_made(template.resources[logical_id]) is not True:
        return None
    properties = template.properties(logical_id)
    if not isinstance(template.resources[logical_id].get("Properties"), Mapping) or not properties.keys() <= (
        _KNOWN_PROPERTIES
    ):
        return None
    model, deployment = (template.property(logical_id, each) for each in ("PermissionModel", "AutoDeployment"))
    kept = {str(key): str(value).lower() for key, value in deployment.items()} if _is_mapping(deployment) else {}
    if model != "SERVICE_MANAGED" or {"RetainStacksOnAccountRemoval": "false", **kept} != _KEPT_IN_THE_UNITS:
        return None
    units = _units(template.property(logical_id, "StackInstancesGroup"))
    policies = _policies(template, logical_id)
    return Fleet(template, logical_id, units, policies) if units and policies else None


def inner_template(template: Template, logical_id: str) -> Template | None:
    """Return the template that a StackSet deploys, for an account that is not known; None where it can't be read."""
    body = _body(template, logical_id)
    if body is None:
        return None
    place = f"{template.stack}/{logical_id}"
    account = token(Unknown(f"an account that {place} deploys to", "[0-9]{12}"))
    return Template(place, account, template.region, template.partition, body, assembly=template.assembly)


def with_inner_templates(templates: Sequence[Template]) -> list[Template]:
    """Return templates, each followed by those that its StackSets deploy."""
    found: list[Template] = []
    for template in templates:
        found.append(template)
        for logical_id, resource in template.resources.items():
            if resource.get("Type") == STACK_SET and (inner := inner_template(template, logical_id)):
                found.append(inner)
    return found


def _body(template: Template, logical_id: str) -> Mapping[str, Any] | None:
    text = template.property(logical_id, "TemplateBody")
    if not isinstance(text, str):
        return None
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, Mapping) and isinstance(body.get("Resources"), Mapping) else None


def _units(group: Any) -> tuple[str, ...]:
    """Return the ids of all units that a StackSet deploys to; none where anything else decides where it does."""
    found: list[str] = []
    for instances in group if isinstance(group, list) and group else [None]:
        targets = instances.get("DeploymentTargets") if _is_mapping(instances) else None
        units = targets.get("OrganizationalUnitIds") if _is_mapping(targets) and len(targets) == 1 else None
        if not _is_mapping(instances) or instances.keys() != {"DeploymentTargets", "Regions"} or not units:
            return ()
        found += [each if isinstance(each, str) else "" for each in (units if isinstance(units, list) else [""])]
    return tuple(dict.fromkeys(found)) if all(re.fullmatch(_UNIT, each) for each in found) else ()


def _policies(template: Template, logical_id: str) -> Mapping[str, Policy]:
    """Return the managed policies of the inner template by name; none where it holds anything else."""
    body = _body(template, logical_id)
    if body is None or not body.keys() <= _KNOWN_SECTIONS:
        return {}
    written = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    if any(each in written for each in _INTRINSICS) or clean(written) != written:
        return {}
    found: dict[str, Policy] = {}
    for inner_id, resource in body["Resources"].items():
        properties = resource.get("Properties") if _is_mapping(resource) else None
        if not _is_mapping(properties) or resource.get("Type") != "AWS::IAM::ManagedPolicy":
            return {}
        name = properties.get("ManagedPolicyName")
        if not isinstance(name, str) or name in found or not properties.keys() <= _OF_A_POLICY:
            return {}
        policy = read_policy(
            template=f"{template.stack}/{logical_id}",
            logical_id=inner_id,
            name="PolicyDocument",
            document=properties.get("PolicyDocument"),
            kind=Kind.IDENTITY,
        )
        # Whoever has only some of the policies lacks what the others deny; so only those that deny nothing are read.
        if not policy.statements or any(texts(each.get("Effect")) != ["Allow"] for each in policy.statements):
            return {}
        found[name] = policy
    return found


def _is_mapping(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)
