"""The role of a grant, in the production account."""

from collections.abc import Iterator, Mapping

from aws_cdk import CfnOutput, aws_iam as iam
from constructs import Construct

from access.environment import Environment
from access.grant import Grant, Place, logical_name
from access.model import Access
from access.policies.caller import assume_role_command
from access.policies.permissions import inline_policies
from access.policies.trust import trust_policy
from access.principal import PrincipalKind
from access.s3_actions import resource_types
from cross_account.acknowledge import acknowledge_all
from crossrole.iam.names import ALLOWED_FINDINGS
from crossrole.iam.quotas import LEAST_MAX_SESSION


class GrantRole(Construct):
    """One role, its trust policy and its inline policies, exactly as `trust` and `permissions` write them.

    `keys` are the ARNs of customer keys by the buckets that have one.
    An L1 role: `iam.Role` would merge and reorder statements, and drop their Sids.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, grant: Grant, access: Access, keys: Mapping[str, str]
    ) -> None:
        super().__init__(scope, construct_id)
        prod = access.prod
        self.wildcards = list(_wildcards(grant, prod))
        policies = inline_policies(grant, prod, keys)
        self.role = iam.CfnRole(
            self,
            "Role",
            role_name=grant.name,
            path=grant.path,
            description=grant.description or None,
            assume_role_policy_document=trust_policy(grant, prod, access.identity_providers),
            max_session_duration=max(grant.max_session, LEAST_MAX_SESSION),
            permissions_boundary=grant.permissions_boundary,
            policies=[
                iam.CfnRole.PolicyProperty(policy_name=name, policy_document=policy)
                for name, policy in policies.items()
            ],
        )
        if grant.max_session < LEAST_MAX_SESSION:
            # Where IAM can't hold it, what reads the template still finds it.
            self.role.add_metadata("crossrole:MaxSession", grant.max_session)
        if allowed := dict(_allowed_findings(grant)):
            self.role.add_metadata(ALLOWED_FINDINGS, allowed)
        command = assume_role_command(grant, prod)
        for output, value, description in (
            ("RoleArn", self.role.attr_arn, f"The role of {grant.name}"),
            ("AssumeRoleCommand", command, f"How a principal of {grant.name} assumes it by hand"),
        ):
            # A key without CDK's hash, so that a person can ask for it by name.
            CfnOutput(self, output, key=f"{logical_name(grant.name)}{output}", value=value, description=description)

    def acknowledge_wildcards(self) -> None:
        """Acknowledge the wildcards that the grant asks for, where there are checks that find them."""
        if self.wildcards:
            acknowledge_all(self.role, [(f"AwsSolutions-IAM5[{each}]", reason) for each, reason in self.wildcards])


def _allowed_findings(grant: Grant) -> Iterator[tuple[str, str]]:
    """Yield the rules of `crossrole lint` whose findings the grant asks for, and why."""
    accounts = [each.text for each in grant.of_kind(PrincipalKind.ACCOUNT)]
    narrowed = grant.external_id or grant.mfa_max_age is not None or grant.source_ips or grant.caller_tags
    if accounts and not narrowed:
        yield (
            "whole-account",
            f"the principals of {grant.name} in access.toml are all of {' and '.join(accounts)}",
        )
    for place in grant.all_places:
        everything = {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"} <= set(place.actions)
        if place.bucket == "*" and ("full" in place.access or everything):
            yield "all-of-s3", f'{grant.name} in access.toml asks for bucket = "*"'


def _wildcards(grant: Grant, prod: Environment) -> Iterator[tuple[str, str]]:
    """Yield the wildcards that the grant asks for, and why; any other that a policy held would fail the synth.

    They come from the grant, not read out of the policies: those are what cdk-nag is to check.
    """
    for place in grant.all_places:
        yield from _wildcards_of(place, grant.name, prod)
    if grant.list_buckets:
        yield "Resource::*", f"{grant.name} asks for list_buckets, and s3:ListAllMyBuckets takes no narrower resource"


def _wildcards_of(place: Place, grant: str, prod: Environment) -> Iterator[tuple[str, str]]:
    on_objects = any("object" in resource_types(action) for action in place.actions)
    if set(place.access) - {"list"} or on_objects:
        bucket = "every bucket" if place.bucket == "*" else f"the bucket {place.bucket}"
        yield (
            f"Resource::{prod.bucket_arn(place.bucket)}/{place.prefix}*",
            f"{grant} is given {place.keys} of {bucket}: objects that are yet to be written have no other name",
        )
    if place.bucket == "*":
        asked = f'{grant} asks for bucket = "*", and the synth warns of what that gives away'
        yield f"Resource::{prod.bucket_arn('*')}", asked
    if "full" in place.access:
        asked = f'{grant} asks for access = ["full"], and the synth warns of what that gives away'
        yield "Action::s3:*", asked
        if place.bucket == "*":
            yield "Resource::*", asked
