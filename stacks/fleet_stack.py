"""What the administrator of StackSets deploys: the caller's half for every account of the fleet's units."""

from aws_cdk import CfnOutput, Environment as CdkEnvironment, Stack
from constructs import Construct

from access.fleet import Fleet
from access.model import Access
from access.policies.fleet import template_body
from cross_account.caller_stack_set import CallerStackSet


class FleetStack(Stack):
    """The StackSet, in the administrator's account. It makes nothing else there."""

    def __init__(self, scope: Construct, construct_id: str, *, access: Access, fleet: Fleet) -> None:
        super().__init__(
            scope,
            construct_id,
            env=CdkEnvironment(account=fleet.account, region=fleet.region),
            description=f"crossrole: lets callers in an organization's units assume roles in {access.prod.account}",
            tags=access.all_tags,
        )
        made = CallerStackSet(
            self,
            "Callers",
            fleet=fleet,
            body=template_body(fleet.chosen(list(access.grants)), access.prod),
            tags=access.all_tags,
        )
        CfnOutput(self, "StackSetId", value=made.stack_set.ref)
