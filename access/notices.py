"""What the synth warns about, stack by stack."""

from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network

from access.environment import Environment
from access.grant import Grant
from access.model import Access, Writer
from access.principal import PrincipalKind
from access.problem import Notice, did_you_mean
from access.s3_actions import limits_by_prefix, manages_permissions, resource_types
from crossrole.iam.arn import account_of
from crossrole.iam.policy import instant


def prod_notices(access: Access, number: int) -> list[Notice]:
    """Return the warnings of production's stack of this number; its first stack also has those of the whole file."""
    notices: list[Notice] = []
    for grant in (each for each in access.grants if each.stack == number):
        bucket = access.bucket(grant.bucket)
        key = bucket.kms_key if bucket and bucket.create else grant.kms_key
        notices += grant_notices(grant, access.prod, key if key != "new" else None)
        notices += _foreign_users(access, grant)
    whole = [*_accounts(access), *_buckets(access)] if number == access.stacks[0] else []
    return [*whole, *notices]


def _accounts(access: Access) -> Iterator[Notice]:
    if access.prod.account == access.dev.account:
        yield Notice("OneAccount", f"[prod] and [dev] are both {access.prod.account}: nothing here crosses accounts")


def _buckets(access: Access) -> Iterator[Notice]:
    declared = [bucket.name for bucket in access.buckets]
    used = {grant.bucket for grant in access.grants}
    for grant in access.grants:
        if grant.bucket not in declared and (near := did_you_mean(grant.bucket, declared)):
            yield Notice(
                "BucketNotDeclared",
                f"{grant.name} names the bucket {grant.bucket}, which must exist already; {near} "
                "If it is another bucket, add a [[buckets]] entry of its name",
            )
    for grant in access.grants:
        made = [bucket.name for bucket in access.buckets if bucket.kms_key]
        if grant.bucket == "*" and made:
            yield Notice("KeyNotGiven", f"{grant.name} may not use the keys of {', '.join(made)}: grant those by name")
    for bucket in access.buckets:
        if bucket.create and not used & {bucket.name, "*"}:
            yield Notice("BucketNotUsed", f"the bucket {bucket.name} is made, but no grant names it")


def dev_notices(access: Access, writer: Writer, grant: Grant) -> list[Notice]:
    """Return the warnings of DevLambdaStack."""
    notices = []
    if grant.source_ips:
        notices.append(
            Notice(
                "FunctionAddresses",
                f"{grant.name} has source_ips, but a function has an address of AWS unless it runs in a VPC "
                "behind a NAT gateway: it will be denied",
            )
        )
    if writer.snap_start:
        notices.append(_snapshot(writer.memory_size))
    listed = {principal.text for principal in grant.principals}
    if not listed & {access.dev.account, access.dev.role_arn(writer.role)}:
        notices.append(
            Notice(
                "TrustedThroughOrganization",
                f"{grant.name} trusts the function only if {access.dev.account} belongs to the organization it names",
            )
        )
    return notices


# USD in us-east-1, for Python: of a snapshot, for each GB and second that its version exists, at least three hours; and
# for each GB that is restored. https://aws.amazon.com/lambda/pricing/
_KEPT, _RESTORED = 0.0000015046, 0.0001397998


def _snapshot(memory_size: int) -> Notice:
    size = memory_size / 1024
    month = 30 * 24 * 3600
    return Notice(
        "SnapStartCosts",
        f"snap_start: AWS charges for keeping the snapshot of {memory_size} MB (about {size * _KEPT * month:.2f} USD "
        f"for 30 days in us-east-1) and for each start from it ({size * 1000 * _RESTORED:.2f} USD for a thousand), "
        "beside the function's own time",
    )


def _foreign_users(access: Access, grant: Grant) -> list[Notice]:
    return [
        Notice(
            "UserElsewhere",
            f"{grant.name} trusts {user.text}, but no stack here is deployed to that account: "
            "give the user sts:AssumeRole on "
            f"{access.prod.role_arn(grant.path_and_name)} there",
        )
        for user in grant.of_kind(PrincipalKind.USER)
        if user.account != access.dev.account
    ]


def grant_notices(grant: Grant, prod: Environment, foreign_key: str | None) -> Iterator[Notice]:
    """Yield the warnings about the grant.

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
                f"{grant.name} gives {action}, which can give access to others",
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
            f"{grant.name} trusts every principal in {principal.kind} {principal.text} whose own policies allow it"
            f"{narrowed}",
        )
    if grant.pin:
        names = ", ".join(principal.text for principal in grant.principals if principal.is_arn)
        yield Notice(
            "PinnedPrincipals",
            f"{grant.name} names {names} in its trust policy: they must exist before ProdAccessStack is deployed "
            "(deploy DevLambdaStack first where one is the function's role), and again after one was made anew",
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
                f"{grant.name} has {text} in source_ips, which is not public: AWS sees only public addresses, "
                "so no request matches it",
            )


def _key(grant: Grant, prod: Environment, foreign_key: str | None) -> Iterator[Notice]:
    if foreign_key and (grant.reads or grant.writes):
        in_prod = account_of(foreign_key) == prod.account
        default = ", or leave that to IAM policies (AWS's default)" if in_prod else ""
        yield Notice(
            "ForeignKeyPolicy",
            f"{grant.name} uses {foreign_key}, but no stack here makes its key policy: that policy must let "
            f"{prod.role_arn(grant.path_and_name)} use the key{default}",
        )
