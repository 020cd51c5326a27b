"""The caller's own policy for IAM users and roles, in their account."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from access.environment import Environment
from access.grant import Grant
from access.policies.caller import caller_statements
from access.policies.document import document
from crossrole.iam.names import caller_policy


class CallerPolicy(Construct):
    """A managed policy that lets these users and roles assume exactly one grant's role, attached to them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        grant: Grant,
        prod: Environment,
        users: list[str],
        roles: list[str],
    ) -> None:
        super().__init__(scope, construct_id)
        statements = caller_statements(prod, grant, users=bool(users), roles=bool(roles))
        self.policy = iam.CfnManagedPolicy(
            self,
            "Policy",
            managed_policy_name=caller_policy(grant.name),
            description=f"Lets the callers of this account assume {grant.name} in {prod.account}",
            policy_document=document(statements),
            users=users or None,
            roles=roles or None,
        )
