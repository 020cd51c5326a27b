"""The role of a grant, in the production account."""

from aws_cdk import CfnOutput, aws_iam as iam
from constructs import Construct

from cross_account.acknowledge import acknowledge_wildcards
from cross_account.caller import assume_role_command
from cross_account.environment import Environment
from cross_account.grant import Grant, logical_name
from cross_account.permissions import PERMISSIONS_POLICY, inline_policies
from cross_account.trust import trust_policy

MINIMUM_MAX_SESSION = 3600
"""Seconds: the least that IAM takes as a role's maximum session duration.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
"""


class GrantRole(Construct):
    """One role, its trust policy and its inline policies, exactly as `trust` and `permissions` write them.

    An L1 role: `iam.Role` would merge and reorder statements, and drop their Sids.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, grant: Grant, prod: Environment, key_arn: str | None
    ) -> None:
        super().__init__(scope, construct_id)
        policies = inline_policies(grant, prod, key_arn)
        self.role = iam.CfnRole(
            self,
            "Role",
            role_name=grant.name,
            path=grant.path,
            description=grant.description or None,
            assume_role_policy_document=trust_policy(grant, prod),
            max_session_duration=max(grant.max_session, MINIMUM_MAX_SESSION),
            permissions_boundary=grant.permissions_boundary,
            policies=[
                iam.CfnRole.PolicyProperty(policy_name=name, policy_document=policy)
                for name, policy in policies.items()
            ],
        )
        acknowledge_wildcards(self.role, policies[PERMISSIONS_POLICY]["Statement"], reasons=_reasons(grant))
        self._output("RoleArn", self.role.attr_arn, f"The role of {grant.name}")
        command = assume_role_command(grant, prod)
        self._output("AssumeRoleCommand", command, f"How a principal of {grant.name} assumes it by hand")

    def _output(self, output: str, value: str, description: str) -> None:
        # A key without CDK's hash, so that a person can ask for it by name.
        CfnOutput(self, output, value=value, description=description).override_logical_id(
            f"{logical_name(self.node.id)}{output}"
        )


def _reasons(grant: Grant) -> dict[str, str]:
    keys = f"the keys under {grant.prefix}" if grant.prefix else "every key"
    bucket = "every bucket" if grant.bucket == "*" else f"the bucket {grant.bucket}"
    objects = f"{grant.name} is given {keys} of {bucket}: objects that are yet to be written have no other name"
    asked = f"access.toml asks for it by name in {grant.name}, and the synth warns of what that gives away"
    return {
        "FullAccess": asked,
        "ListAllMyBuckets": "list_buckets = true asks for it, and s3:ListAllMyBuckets takes no narrower resource",
        **dict.fromkeys(["ReadObjects", "WriteObjects", "DeleteObjects", "ExactObjectActions"], objects),
        **dict.fromkeys(["ListBucket", "ExactListActions", "ExactBucketActions"], asked),
    }
