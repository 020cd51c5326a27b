"""The checks of every synth beside CDK's own: both cdk-nag packs, and what is acknowledged of the grants' roles."""

import os

from aws_cdk import App, Validations

from stacks.prod_access_stack import ProdAccessStack

NOT_CHECKED = "CDK_VALIDATION=false: neither CDK's validation nor cdk-nag has looked at these templates"


def checks_are_on() -> bool:
    """Return whether CDK validates; only this variable makes the CDK CLI switch that off."""
    return os.environ.get("CDK_VALIDATION") != "false"


def add_checks(app: App, stacks: list[ProdAccessStack]) -> None:
    """Make every finding that is not acknowledged fail the synth."""
    # It takes as long to load as CDK itself.
    from cdk_nag import AwsSolutionsChecks, ServerlessChecks  # noqa: PLC0415

    for stack in stacks:
        for role in stack.roles:
            role.acknowledge_wildcards()
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
