"""The caller's own policy for IAM users, in the dev account."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from access.environment import Environment
from access.grant import Grant
from access.policies.caller import assume_role_statement, source_identity_statement
from access.policies.document import document
from crossrole.iam.names import caller_policy


class CallerPolicy(Construct):
    """A managed policy that lets these users assume exactly one grant's role, attached to them."""

    def __init__(
        self, scope: Construct, construct_id: str, *, grant: Grant, prod: Environment, user_names: list[str]
    ) -> None:
        super().__init__(scope, construct_id)
        statements = [assume_role_statement(prod, grant)]
        if grant.source_identity:
            statements.append(source_identity_statement(prod, grant, of_users=True))
        self.policy = iam.CfnManagedPolicy(
            self,
            "Policy",
            managed_policy_name=caller_policy(grant.name),
            description=f"Lets users assume {grant.name} in {prod.account}",
            policy_document=document(statements),
            users=user_names,
        )
