"""What the production account gives: a role for each grant, and the buckets that are made here."""

from aws_cdk import Environment as CdkEnvironment, Stack
from constructs import Construct

from access.model import Access
from access.policies.permissions import key_policy_statements
from cross_account.grant_role import GrantRole
from cross_account.hardened_bucket import HardenedBucket


class ProdAccessStack(Stack):
    """The roles of this stack's number that other accounts may assume."""

    def __init__(self, scope: Construct, construct_id: str, *, access: Access, number: int) -> None:
        super().__init__(
            scope,
            construct_id,
            env=CdkEnvironment(account=access.prod.account, region=access.prod.region),
            description="crossrole: roles that principals of other accounts assume to reach S3 here",
            tags=access.all_tags,
        )
        buckets = self._make_buckets(access, number)
        scope_of_roles = Construct(self, "Grants")
        self.roles: list[GrantRole] = []
        for grant in (each for each in access.grants if each.stack == number):
            bucket = buckets.get(grant.bucket)
            key_arn = bucket.key_arn if bucket else grant.kms_key
            self.roles.append(GrantRole(scope_of_roles, grant.name, grant=grant, prod=access.prod, key_arn=key_arn))
            if bucket:
                bucket.allow_key_use(key_policy_statements(grant, access.prod))

    def _make_buckets(self, access: Access, number: int) -> dict[str, HardenedBucket]:
        scope = Construct(self, "Buckets")
        return {
            bucket.name: HardenedBucket(
                scope, bucket.name, name=bucket.name, kms_key=bucket.kms_key, log_bucket=bucket.log_bucket
            )
            for bucket in access.buckets
            if bucket.create and bucket.stack == number
        }
