"""What the dev account's IAM users need: permission to assume the roles that trust them."""

from aws_cdk import Environment as CdkEnvironment, Stack
from constructs import Construct

from access.model import Access
from cross_account.caller_policy import CallerPolicy


class DevUsersStack(Stack):
    """A managed policy for each grant of this number that names users of the dev account, attached to them."""

    def __init__(self, scope: Construct, construct_id: str, *, access: Access, number: int) -> None:
        super().__init__(
            scope,
            construct_id,
            env=CdkEnvironment(account=access.dev.account, region=access.dev.region),
            description=f"crossrole: lets IAM users assume their roles in {access.prod.account}",
            tags=access.all_tags,
        )
        for grant in (each for each in access.grants if each.stack == number):
            if names := access.dev_users(grant):
                CallerPolicy(self, grant.name, grant=grant, prod=access.prod, user_names=names)
