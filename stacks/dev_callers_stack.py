"""What the callers of an account need: permission to assume the roles that trust them."""

from aws_cdk import Environment as CdkEnvironment, Stack
from constructs import Construct

from access.environment import Environment
from access.model import Access
from cross_account.caller_policy import CallerPolicy


class DevCallersStack(Stack):
    """A managed policy for each grant of this number that names users or roles of the account, attached to them."""

    def __init__(
        self, scope: Construct, construct_id: str, *, access: Access, account: Environment, number: int
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=CdkEnvironment(account=account.account, region=account.region),
            description=f"crossrole: lets users and roles of this account assume their roles in {access.prod.account}",
            tags=access.all_tags,
        )
        for grant in (each for each in access.grants if each.stack == number):
            users, roles = access.callers(grant, account)
            if users or roles:
                CallerPolicy(self, grant.name, grant=grant, prod=access.prod, users=users, roles=roles)
