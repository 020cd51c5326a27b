"""The template that a StackSet deploys into each account of a fleet: the caller's half of some grants."""

import json
from collections.abc import Sequence
from typing import Any

from access.environment import Environment
from access.grant import Grant, logical_name
from access.policies.caller import caller_statements
from access.policies.document import document
from crossrole.iam.names import caller_policy


def fleet_template(grants: Sequence[Grant], prod: Environment) -> dict[str, Any]:
    """Return the template: a managed policy for each grant, by a fixed name and attached to nobody.

    It needs no parameters and no CDK: it must be the same in every account, and StackSets takes no transforms.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    """
    return {
        "Description": f"crossrole: what callers need to assume roles in {prod.account}; a StackSet deploys it",
        "Resources": {f"Assume{logical_name(grant.name)}": _policy(grant, prod) for grant in grants},
    }


def template_body(grants: Sequence[Grant], prod: Environment) -> str:
    """Return the template as a StackSet takes it, without white space: its bytes count."""
    return json.dumps(fleet_template(grants, prod), separators=(",", ":"), ensure_ascii=False)


def _policy(grant: Grant, prod: Environment) -> dict[str, Any]:
    # Whoever takes the policy up may be a role, which has no aws:username.
    statements = caller_statements(prod, grant, users=False, roles=True)
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "ManagedPolicyName": caller_policy(grant.name),
            "Description": f"Lets a caller assume {grant.name} in {prod.account}",
            "PolicyDocument": document(statements),
        },
    }
