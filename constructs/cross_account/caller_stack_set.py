"""The StackSet that carries the caller's half into every account of an organization's units."""

from collections.abc import Mapping

from aws_cdk import CfnStackSet, CfnTag
from constructs import Construct

from access.fleet import Fleet
from crossrole.iam.names import UNITS


class CallerStackSet(Construct):
    """A StackSet with service-managed permissions that deploys one template, and keeps doing so as accounts come."""

    def __init__(
        self, scope: Construct, construct_id: str, *, fleet: Fleet, body: str, tags: Mapping[str, str]
    ) -> None:
        super().__init__(scope, construct_id)
        targets = CfnStackSet.DeploymentTargetsProperty(organizational_unit_ids=fleet.unit_ids)
        self.stack_set = CfnStackSet(
            self,
            "StackSet",
            stack_set_name=fleet.name,
            description="crossrole: the policies by which callers in these units assume their roles",
            permission_model="SERVICE_MANAGED",
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html
            call_as="SELF" if fleet.management_account else "DELEGATED_ADMIN",
            # An account that leaves the units loses the policy with the trust.
            auto_deployment=CfnStackSet.AutoDeploymentProperty(enabled=True, retain_stacks_on_account_removal=False),
            # Operations that do not conflict run at the same time: an account that joins waits for no update.
            managed_execution={"Active": True},
            capabilities=["CAPABILITY_NAMED_IAM"],
            operation_preferences=CfnStackSet.OperationPreferencesProperty(
                max_concurrent_percentage=fleet.max_concurrent_percentage,
                failure_tolerance_percentage=fleet.failure_tolerance_percentage,
                concurrency_mode="STRICT_FAILURE_TOLERANCE",
                region_order=[fleet.region],
            ),
            # One region: a policy of IAM is there for all, and a second stack would find its name taken.
            stack_instances_group=[
                CfnStackSet.StackInstancesProperty(deployment_targets=targets, regions=[fleet.region])
            ],
            template_body=body,
            tags=[CfnTag(key=key, value=value) for key, value in tags.items()],
        )
        if fleet.unit_paths:
            # StackSets takes ids alone; what reads the template needs to know where the units are.
            self.stack_set.add_metadata(UNITS, fleet.unit_paths)
