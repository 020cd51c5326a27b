"""What the production account gives: a role for each grant, and the buckets that are made here."""

from aws_cdk import Environment as CdkEnvironment, Stack, aws_iam as iam
from constructs import Construct

from access.grant import Grant
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
        providers = self._make_identity_providers(access) if number == access.stacks[0] else []
        scope_of_roles = Construct(self, "Grants")
        self.roles: list[GrantRole] = []
        for grant in (each for each in access.grants if each.stack == number):
            made = {name: key_arn for name, bucket in buckets.items() if (key_arn := bucket.key_arn)}
            role = GrantRole(
                scope_of_roles, grant.name, grant=grant, access=access, keys=access.keys(grant) | _of(grant, made)
            )
            # IAM takes a trust in a provider that does not exist for a mistake.
            role.node.add_dependency(*providers)
            self.roles.append(role)
            for name in dict.fromkeys(place.bucket for place in grant.all_places):
                if name in buckets:
                    buckets[name].allow_key_use(key_policy_statements(grant, name, access.prod))

    def _make_identity_providers(self, access: Access) -> list[iam.CfnOIDCProvider]:
        scope = Construct(self, "IdentityProviders")
        return [
            iam.CfnOIDCProvider(
                scope, provider.name, url=provider.url, client_id_list=[provider.signed_audience(access.prod)]
            )
            for provider in access.identity_providers
            if provider.create
        ]

    def _make_buckets(self, access: Access, number: int) -> dict[str, HardenedBucket]:
        scope = Construct(self, "Buckets")
        return {
            bucket.name: HardenedBucket(
                scope,
                bucket.name,
                name=bucket.name,
                namespace=bucket.namespace,
                kms_key=bucket.kms_key,
                log_bucket=bucket.log_bucket,
            )
            for bucket in access.buckets
            if bucket.create and bucket.stack == number
        }


def _of(grant: Grant, keys: dict[str, str]) -> dict[str, str]:
    """Return the keys of the grant's buckets alone."""
    return {place.bucket: keys[place.bucket] for place in grant.all_places if place.bucket in keys}
