"""Which stacks an access.toml makes, and what the synth says aloud of them."""

from aws_cdk import Annotations, App, Stack

from cross_account.problem import Notice
from stacks.access import Access, stack_name
from stacks.access_notices import dev_notices, prod_notices
from stacks.dev_lambda_stack import DevLambdaStack
from stacks.dev_users_stack import DevUsersStack
from stacks.prod_access_stack import ProdAccessStack


def add_stacks(app: App, *, access: Access) -> None:
    """Add the stacks to the app: production's always, the others where the file has a use for them."""
    for number in access.stacks:
        prod = ProdAccessStack(app, stack_name("ProdAccessStack", number), access=access, number=number)
        _say(prod, prod_notices(access, number))
    grant = access.grant(access.writer.grant) if access.writer else None
    if access.writer and grant:
        dev = DevLambdaStack(app, "DevLambdaStack", access=access, writer=access.writer, grant=grant)
        _say(dev, dev_notices(access, access.writer, grant))
    for number in sorted({grant.stack for grant in access.grants if access.dev_users(grant)}):
        DevUsersStack(app, stack_name("DevUsersStack", number), access=access, number=number)


def _say(stack: Stack, notices: list[Notice]) -> None:
    for notice in notices:
        # As warnings: the CDK CLI shows no infos where it shows its validation report.
        Annotations.of(stack).add_warning_v2(f"crossrole:{notice.name}", notice.text)
