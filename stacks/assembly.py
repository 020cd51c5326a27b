"""Which stacks an access.toml makes, and what the synth says aloud of them."""

from aws_cdk import Annotations, App, Stack

from cross_account.problem import Notice
from stacks.access import Access
from stacks.access_notices import dev_notices, prod_notices
from stacks.dev_lambda_stack import DevLambdaStack
from stacks.dev_users_stack import DevUsersStack
from stacks.prod_access_stack import ProdAccessStack


def add_stacks(app: App, *, access: Access) -> None:
    """Add the stacks to the app: production's always, the others where the file has a use for them."""
    prod = ProdAccessStack(app, "ProdAccessStack", access=access)
    _say(prod, prod_notices(access))
    grant = access.grant(access.writer.grant) if access.writer else None
    if access.writer and grant:
        dev = DevLambdaStack(app, "DevLambdaStack", access=access, writer=access.writer, grant=grant)
        _say(dev, dev_notices(access, access.writer, grant))
    if any(access.dev_users(grant) for grant in access.grants):
        DevUsersStack(app, "DevUsersStack", access=access)


def _say(stack: Stack, notices: list[Notice]) -> None:
    for notice in notices:
        # As warnings: the CDK CLI shows no infos where it shows its validation report.
        Annotations.of(stack).add_warning_v2(f"crossrole:{notice.name}", notice.text)
