"""What the synth says aloud of the file as a whole, stack by stack."""

from collections.abc import Iterator

from cross_account.grant import Grant
from cross_account.grant_notices import grant_notices
from cross_account.nearest import did_you_mean
from cross_account.principal import PrincipalKind
from cross_account.problem import Notice
from stacks.access import Access, Writer


def prod_notices(access: Access, number: int) -> list[Notice]:
    """Return what a reviewer should hear of production's stack of this number; of the whole file in its first."""
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
                "If not, say so by a [[buckets]] entry of its name",
            )
    for grant in access.grants:
        made = [bucket.name for bucket in access.buckets if bucket.kms_key]
        if grant.bucket == "*" and made:
            yield Notice("KeyNotGiven", f"{grant.name} may not use the keys of {', '.join(made)}: grant those by name")
    for bucket in access.buckets:
        if bucket.create and not used & {bucket.name, "*"}:
            yield Notice("BucketNotUsed", f"the bucket {bucket.name} is made, but no grant names it")


def dev_notices(access: Access, writer: Writer, grant: Grant) -> list[Notice]:
    """Return what a reviewer should hear of DevLambdaStack."""
    notices = []
    if grant.source_ips:
        notices.append(
            Notice(
                "FunctionAddresses",
                f"{grant.name} has source_ips, but a function's address is one of AWS's unless it runs in a VPC "
                "behind a NAT gateway: it will be refused",
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
            f"{grant.name} trusts {user.text}, whose account no stack here is deployed to: "
            "give the user sts:AssumeRole on "
            f"{access.prod.role_arn(grant.path_and_name)} there",
        )
        for user in grant.of_kind(PrincipalKind.USER)
        if user.account != access.dev.account
    ]
