"""The rules between the entries of access.toml."""

from collections import Counter
from collections.abc import Iterator

from access.environment import Environment
from access.fleet_rules import fleet_problems
from access.grant import Grant, logical_name
from access.grant_rules import at, grant_problems, placement_problems
from access.model import Bucket, Parts
from access.problem import Problem
from access.quota_rules import quota_problems
from access.writer_rules import writer_problems


def access_problems(parts: Parts) -> Iterator[Problem]:
    """Yield every problem between the entries."""
    yield from _names(parts)
    yield from _buckets(parts)
    yield from _key_stacks(parts)
    for grant in parts.grants:
        yield from grant_problems(grant)
        if parts.prod:
            yield from placement_problems(grant, parts.prod, _key_of(grant, parts.buckets, parts.prod))
    if parts.prod and parts.dev:
        yield from _environments(parts.prod, parts.dev, parts)
    if parts.writer and parts.dev:
        yield from writer_problems(parts.writer, parts.dev, parts)
    if parts.fleet:
        yield from fleet_problems(parts.fleet, parts)
    yield from quota_problems(parts)


def _key_of(grant: Grant, buckets: list[Bucket], prod: Environment) -> str | None:
    """Return the bucket's key; for one that is yet to be made, an ARN as long as its will be."""
    key = next((bucket.kms_key for bucket in buckets if bucket.name == grant.bucket), None) or grant.kms_key
    unknown = f"arn:{prod.partition}:kms:{prod.region}:{prod.account}:key/{'0' * 36}"
    return unknown if key == "new" else key


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
        for key in ("kms_key", "log_bucket"):
            if getattr(bucket, key) and not bucket.create:
                yield Problem(
                    f"{where}: {key}",
                    "a value, without create = true",
                    "nothing: a bucket that exists already keeps its own settings",
                    "remove it; an existing bucket's kms_key belongs in the grant",
                )
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
    made = {bucket.name for bucket in parts.buckets if bucket.create}
    for grant in parts.grants:
        if grant.kms_key and grant.bucket in made:
            yield Problem(
                at(grant, "kms_key"),
                "a key for a bucket that is made here",
                "the key in the bucket's own entry",
                f"move kms_key to [[buckets]] {grant.bucket}",
            )


def _key_stacks(parts: Parts) -> Iterator[Problem]:
    making = {bucket.name: bucket.stack for bucket in parts.buckets if bucket.create and bucket.kms_key == "new"}
    for grant in parts.grants:
        stack = making.get(grant.bucket, grant.stack)
        if grant.stack != stack:
            yield Problem(
                at(grant, "stack"),
                f"{grant.stack}, for a grant on {grant.bucket}",
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
