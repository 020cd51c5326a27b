"""The stacks that an access.toml makes, and the synth's warnings about them."""

from pathlib import Path

from aws_cdk import Annotations, App, Stack

from access.file import AccessFileError
from access.fleet_rules import fleet_notices
from access.model import DEV, Access, callers_stack_name, stack_name
from access.notices import dev_notices, prod_notices
from access.problem import Notice, Problem
from crossrole.iam.names import ACCOUNT_NAME, IDENTITY_PROVIDERS
from stacks.dev_callers_stack import DevCallersStack
from stacks.dev_lambda_stack import DevLambdaStack
from stacks.fleet_stack import FleetStack
from stacks.prod_access_stack import ProdAccessStack

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
TEMPLATE_BODY_QUOTA = 1_000_000


def add_stacks(app: App, *, access: Access) -> list[ProdAccessStack]:
    """Add production's stacks to the app, and the dev account's where the file needs them; return production's."""
    prod = [
        ProdAccessStack(app, stack_name("ProdAccessStack", number), access=access, number=number)
        for number in access.stacks
    ]
    for stack, number in zip(prod, access.stacks, strict=True):
        stack.add_metadata(ACCOUNT_NAME, "prod")
        if stack is not prod[0] and any(provider.create for provider in access.identity_providers):
            # The first makes the providers that the others' roles trust.
            stack.add_stack_dependency(prod[0])
        if access.identity_providers:
            stack.add_metadata(IDENTITY_PROVIDERS, _providers(access))
        _say(stack, prod_notices(access, number))
    grant = access.grant(access.writer.grant) if access.writer else None
    if access.writer and grant:
        dev = DevLambdaStack(app, "DevLambdaStack", access=access, writer=access.writer, grant=grant)
        dev.add_metadata(ACCOUNT_NAME, DEV)
        _say(dev, dev_notices(access, access.writer, grant))
    for name, account in access.caller_accounts.items():
        for number in sorted({grant.stack for grant in access.grants if any(access.callers(grant, account))}):
            stack_id = callers_stack_name(name, number)
            callers = DevCallersStack(app, stack_id, access=access, account=account, number=number)
            callers.add_metadata(ACCOUNT_NAME, name)
    if access.fleet:
        fleet = FleetStack(app, "FleetStack", access=access, fleet=access.fleet)
        fleet.add_metadata(ACCOUNT_NAME, "fleet")
        _say(fleet, fleet_notices(access.fleet, access.grants))
    return prod


def _providers(access: Access) -> dict[str, dict[str, str]]:
    return {
        each.name: {"arn": each.arn(access.prod), "audience": each.signed_audience(access.prod)}
        for each in access.identity_providers
    }


def check_template_sizes(folder: Path, *, access: Access, path: str) -> None:
    """Raise `AccessFileError` for a template over CloudFormation's quota; its size is known only once it is written."""
    sizes = {
        stack: (folder / f"{stack}.template.json").stat().st_size
        for stack in (stack_name("ProdAccessStack", number) for number in access.stacks)
    }
    problems = [
        Problem(
            "grants",
            f"a template of {size} bytes for {stack}",
            f"at most {TEMPLATE_BODY_QUOTA}, CloudFormation's quota",
            "add another stack to those that are not deployed yet; what is deployed must stay in its stack",
        )
        for stack, size in sizes.items()
        if size > TEMPLATE_BODY_QUOTA
    ]
    if problems:
        raise AccessFileError(path, problems)


def _say(stack: Stack, notices: list[Notice]) -> None:
    for notice in notices:
        # As warnings: the CDK CLI shows no infos where it shows its validation report.
        Annotations.of(stack).add_warning_v2(f"crossrole:{notice.name}", notice.text)
