"""The rules between the entries of access.toml."""

from collections import Counter
from collections.abc import Iterator

from access.environment import Environment
from access.fleet_rules import fleet_problems
from access.grant import Grant, logical_name
from access.grant_rules import at, grant_problems, placement_problems
from access.identity_provider import provider_problems
from access.model import Account, Bucket, Parts
from access.problem import Problem
from access.quota_rules import quota_problems
from access.writer_rules import writer_problems


def access_problems(parts: Parts) -> Iterator[Problem]:
    """Yield every problem between the entries."""
    yield from _names(parts)
    yield from _buckets(parts)
    yield from _key_stacks(parts)
    if parts.prod:
        yield from provider_problems(parts.providers, parts.prod)
    for grant in parts.grants:
        # Where its places are wrong themselves, nothing is said of the grant without them.
        unsure = {key for name, key in parts.doubts if name == grant.name} & {"bucket", "places"}
        yield from (each for each in grant_problems(grant) if each.where != at(grant, "bucket") or not unsure)
        if parts.prod:
            keys = _keys_of(grant, parts.buckets, parts.prod)
            yield from placement_problems(grant, parts.prod, keys, parts.providers)
    if parts.prod and parts.dev:
        yield from _environments(parts.prod, parts.dev, parts)
        yield from _accounts(parts.prod, parts.dev, parts.accounts)
    if parts.writer and parts.dev:
        yield from writer_problems(parts.writer, parts.dev, parts)
    if parts.fleet:
        yield from fleet_problems(parts.fleet, parts)
    yield from quota_problems(parts)


def _keys_of(grant: Grant, buckets: list[Bucket], prod: Environment) -> dict[str, str]:
    """Return the keys of the grant's buckets; for one that is yet to be made, an ARN as long as its will be."""
    unknown = f"arn:{prod.partition}:kms:{prod.region}:{prod.account}:key/{'0' * 36}"
    names = {place.bucket for place in grant.all_places}
    keys = {bucket.name: bucket.kms_key for bucket in buckets if bucket.name in names and bucket.kms_key}
    return {name: unknown if key == "new" else key for name, key in keys.items()}


def _names(parts: Parts) -> Iterator[Problem]:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names
    alike: dict[str, list[str]] = {}
    for name in parts.grant_names:
        alike.setdefault(logical_name(name).lower(), []).append(name)
    for names in alike.values():
        if len(names) > 1:
            yield Problem(
                f"[[grants]] {names[1]}: name",
                f"{len(names)} grants named alike: {', '.join(names)}",
                "names that differ in their letters or digits, by more than case, whatever their path",
                "rename one, or join them",
            )
    for name, count in Counter(bucket.name for bucket in parts.buckets).items():
        if count > 1:
            yield Problem(f"[[buckets]] {name}: name", f"{count} entries", "one entry for each bucket", "remove one")


def _buckets(parts: Parts) -> Iterator[Problem]:
    for bucket in parts.buckets:
        where = f"[[buckets]] {bucket.name}"
        settings = {
            "log_bucket": bucket.log_bucket is not None,
            "namespace": bucket.namespace != "global",
            "kms_key": bucket.kms_key == "new",
        }
        for key, is_set in settings.items():
            if is_set and not bucket.create:
                yield Problem(
                    f"{where}: {key}",
                    f'"{getattr(bucket, key)}", without create = true',
                    "nothing: a bucket that exists already keeps its own settings",
                    "name the bucket's own key by its ARN" if key == "kms_key" else "remove it",
                )
        if parts.prod and bucket.create:
            yield from _namespace(bucket, parts.prod)
        if bucket.log_bucket == bucket.name:
            yield Problem(
                f"{where}: log_bucket",
                "the bucket itself",
                "another bucket",
                "a log of its own log never ends",
            )
        if bucket.kms_key not in {None, "new"} and parts.prod:
            _, partition, _, region, *_ = str(bucket.kms_key).split(":")
            if (partition, region) != (parts.prod.partition, parts.prod.region):
                yield Problem(
                    f"{where}: kms_key",
                    f"a key in {region}",
                    f"a key in {parts.prod.region}, where the bucket is: S3 uses keys of the bucket's region only",
                    "name a key of that region",
                )


def _namespace(bucket: Bucket, prod: Environment) -> Iterator[Problem]:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
    ending = f"-{prod.account}-{prod.region}-an"
    if bucket.namespace == "account" and not bucket.name.endswith(ending):
        yield Problem(
            f"[[buckets]] {bucket.name}: namespace",
            f'"account", for a name that does not end in {ending}',
            "a name with that ending, which S3 asks of buckets in the account's regional namespace",
            f'name = "{bucket.name[: _LONGEST_NAME - len(ending)].rstrip("-.")}{ending}", here and in the grants',
        )
    if bucket.namespace == "global" and bucket.name.endswith("-an"):
        yield Problem(
            f"[[buckets]] {bucket.name}: name",
            "a name that ends in -an",
            "another ending: S3 keeps it for buckets in an account's regional namespace",
            'add namespace = "account", or rename it',
        )


_LONGEST_NAME = 63


def _accounts(prod: Environment, dev: Environment, accounts: list[Account]) -> Iterator[Problem]:
    names = {prod.account: "[prod]", dev.account: "[dev]"}
    alike: set[str] = set()
    for account in accounts:
        where = f"[[accounts]] {account.name}"
        if account.account in names:
            yield Problem(
                f"{where}: account",
                f"{account.account}, which is {names[account.account]}",
                "each account once",
                "remove this entry: its callers are given their half already"
                if names[account.account] != "[prod]"
                else "correct the number: what is in production's own account is not reached across accounts",
            )
        if account.name.lower() in alike:
            yield Problem(f"{where}: name", "the name of another entry too", "a name for each", "rename one")
        if account.partition != prod.partition:
            yield Problem(
                f"{where}: region",
                f"{account.region}, of the partition {account.partition}",
                f"a region of {prod.partition}, as [prod] has: no role is assumed across partitions",
                "choose two regions of one partition",
            )
        names[account.account] = where
        alike.add(account.name.lower())


def _key_stacks(parts: Parts) -> Iterator[Problem]:
    making = {bucket.name: bucket.stack for bucket in parts.buckets if bucket.create and bucket.kms_key == "new"}
    for grant in parts.grants:
        for bucket in dict.fromkeys(place.bucket for place in grant.all_places):
            stack = making.get(bucket, grant.stack)
            if grant.stack != stack:
                yield Problem(
                    at(grant, "stack"),
                    f"{grant.stack}, for a grant on {bucket}",
                    f"{stack}, where the bucket's key is made: no other stack knows the key's ARN",
                    f"stack = {stack}",
                )


def _environments(prod: Environment, dev: Environment, parts: Parts) -> Iterator[Problem]:
    writer = parts.writer
    if writer and prod.account == dev.account and writer.role_name in {grant.name for grant in parts.grants}:
        yield Problem(
            "[writer]: role",
            f'"{writer.role_name}", the name of a grant too, in one account {prod.account}',
            "a name of its own: an account has each role name once",
            "rename one, or correct the accounts",
        )
    if prod.partition != dev.partition:
        yield Problem(
            "[dev]: region",
            f"{dev.region}, of the partition {dev.partition}",
            f"a region of {prod.partition}, as [prod] has: no role is assumed across partitions",
            "choose two regions of one partition",
        )
