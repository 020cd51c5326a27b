"""The ids of keys that a template makes: only the deployment knows them."""

import json
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from crossrole.doctor.case import Case
from crossrole.iam.policy import Policy
from crossrole.live.sessions import DENIED, as_command_error, client, code_of
from crossrole.templates.inventory import Identity
from crossrole.unknown import has_unknowns


def as_deployed(case: Case) -> tuple[Case, str | None]:
    """Return the case with the ids of the grant's keys; or a text that says what is needed to read them."""
    made = _made_keys(case)
    if not made or case.prod is None:
        return case, None
    case.tell(f"asking CloudFormation for the key that {case.stack} made")
    cloudformation: Any = client(case.prod, "cloudformation", region_name=case.grant.role.region)
    with as_command_error(case.prod_profile):
        for placeholder, policy in made.items():
            try:
                resource = cloudformation.describe_stack_resource(
                    StackName=policy.template, LogicalResourceId=policy.logical_id
                )["StackResourceDetail"]
            except ClientError as error:
                if code_of(error) in DENIED:
                    return case, f"{case.prod_profile} needs cloudformation:DescribeStackResource on {policy.template}"
                if code_of(error) != "ValidationError":
                    raise
                return case, f"{policy.template} is not deployed, or has no {policy.logical_id}"
            case = _renamed(case, placeholder, f"{placeholder.rpartition('/')[0]}/{resource['PhysicalResourceId']}")
    return case, None


def _made_keys(case: Case) -> dict[str, Policy]:
    """Return the keys of the grant whose ids only deployment knows, each with its policy, which names its resource."""
    own = json.dumps([each.document for each in case.grant.role.policies], ensure_ascii=False)
    return {
        arn: case.inventory.resource_policies[arn]
        for arn in case.inventory.keys
        if has_unknowns(arn) and arn in own and arn in case.inventory.resource_policies
    }


def _renamed(case: Case, placeholder: str, arn: str) -> Case:
    def policy(each: Policy) -> Policy:
        return replace(
            each, document=json.loads(json.dumps(each.document, ensure_ascii=False).replace(placeholder, arn))
        )

    def role(each: Identity) -> Identity:
        return replace(each, policies=tuple(map(policy, each.policies)))

    inventory = replace(
        case.inventory,
        roles={name: role(each) for name, each in case.inventory.roles.items()},
        buckets={
            name: replace(each, key=arn if each.key == placeholder else each.key)
            for name, each in case.inventory.buckets.items()
        },
        keys={arn if name == placeholder else name: each for name, each in case.inventory.keys.items()},
        resource_policies={
            arn if name == placeholder else name: each for name, each in case.inventory.resource_policies.items()
        },
    )
    return replace(case, inventory=inventory, grant=replace(case.grant, role=role(case.grant.role)))
