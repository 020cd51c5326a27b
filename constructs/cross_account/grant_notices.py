"""What the synth says aloud of one grant: what it gives away, and what its author may not expect."""

from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network

from cross_account.environment import Environment
from cross_account.grant import Grant
from cross_account.policy import instant
from cross_account.principal import PrincipalKind
from cross_account.problem import Notice
from cross_account.s3_actions import limits_by_prefix, manages_permissions, resource_types


def grant_notices(grant: Grant, prod: Environment, foreign_key: str | None) -> Iterator[Notice]:
    """Yield what a reviewer of the synth should hear about the grant.

    `foreign_key` is the ARN of the bucket's customer key where that key is made elsewhere.
    """
    yield from _width(grant, prod)
    yield from _who(grant)
    yield from _when(grant)
    yield from _where_from(grant)
    yield from _key(grant, prod, foreign_key)


def _width(grant: Grant, prod: Environment) -> Iterator[Notice]:
    everywhere = "every bucket" if grant.bucket == "*" else f"the bucket {grant.bucket}"
    if "full" in grant.access:
        yield Notice(
            "FullAccess",
            f"{grant.name} gives s3:* on {everywhere} of {prod.account}: reading and deleting every object, "
            "changing the bucket's policy and deleting the bucket",
        )
    elif grant.bucket == "*":
        yield Notice("EveryBucket", f"{grant.name} reaches every bucket of {prod.account}, also those made later")
    elif not grant.prefix and (grant.access or grant.actions):
        yield Notice("WholeBucket", f"{grant.name} has no prefix and reaches every key of {everywhere}")
    for action in grant.actions:
        if manages_permissions(action):
            yield Notice(
                "ManagesPermissions",
                f"{grant.name} gives {action}, with which access can be given on to others",
            )
        elif "object" not in resource_types(action) and not limits_by_prefix(action):
            yield Notice("WholeBucket", f"{grant.name} gives {action}, which acts on the whole bucket")


def _who(grant: Grant) -> Iterator[Notice]:
    wide = grant.of_kind(PrincipalKind.ACCOUNT, PrincipalKind.ORGANIZATION, PrincipalKind.ORGANIZATIONAL_UNIT)
    conditions = {
        "external_id": grant.external_id,
        "mfa_max_age": grant.mfa_max_age,
        "organization": grant.organization,
        "source_ips": grant.source_ips,
    }
    named = ", ".join(key for key, value in conditions.items() if value)
    narrowed = f", narrowed by {named}" if named else ""
    for principal in wide:
        yield Notice(
            "WholeAccount" if principal.kind is PrincipalKind.ACCOUNT else "WholeOrganization",
            f"{grant.name} trusts everyone in {principal.kind} {principal.text} whose own policies allow it{narrowed}",
        )
    if grant.pin:
        names = ", ".join(principal.text for principal in grant.principals if principal.is_arn)
        yield Notice(
            "PinnedPrincipals",
            f"{grant.name} names {names} in its trust policy: they must exist before ProdAccessStack is deployed "
            "(deploy DevLambdaStack first where one is the function's role), and again after one is made anew",
        )


def _when(grant: Grant) -> Iterator[Notice]:
    now = datetime.now(UTC)
    if grant.expires and grant.expires <= now:
        yield Notice("Expired", f"{grant.name} expired at {instant(grant.expires)}: nobody can use it")
    if grant.revoked_before and grant.revoked_before > now:
        yield Notice(
            "RevokedBeforeFuture",
            f"{grant.name} has revoked_before in the future: until {instant(grant.revoked_before)} "
            "even new sessions can do nothing",
        )
    if grant.disabled:
        yield Notice("Disabled", f"{grant.name} is disabled: nobody can use it")


def _where_from(grant: Grant) -> Iterator[Notice]:
    for text in grant.source_ips:
        if ip_network(text).is_private:
            yield Notice(
                "PrivateAddresses",
                f"{grant.name} has {text} in source_ips, which is not public: AWS sees public addresses alone, "
                "so no request will ever match it",
            )


def _key(grant: Grant, prod: Environment, foreign_key: str | None) -> Iterator[Notice]:
    if foreign_key and (grant.reads or grant.writes):
        in_prod = foreign_key.split(":")[4] == prod.account
        default = ", or leave that to IAM policies (AWS's default)" if in_prod else ""
        yield Notice(
            "ForeignKeyPolicy",
            f"{grant.name} uses {foreign_key}, whose key policy no stack here owns: it must let "
            f"{prod.role_arn(grant.path_and_name)} use the key{default}",
        )
