"""What the entries of access.toml must be together, so that both hands of each grant meet."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from cross_account.environment import Environment
from cross_account.grant import Grant, logical_name
from cross_account.grant_rules import at, grant_problems, placement_problems
from cross_account.nearest import did_you_mean
from cross_account.permissions import key_policy_statements
from cross_account.policy import document, size
from cross_account.principal import PrincipalKind
from cross_account.problem import Problem
from stacks.access import Bucket, Writer

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
STACK_RESOURCES_QUOTA = 500
STACK_OUTPUTS_QUOTA = 200
OUTPUTS_PER_GRANT = 2
# https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html#key-policy-limit
KEY_POLICY_QUOTA = 32768
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
USER_MANAGED_POLICIES_QUOTA = 10
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules
TAGS_QUOTA = 50


@dataclass(frozen=True)
class Parts:
    """What of access.toml is right by itself.

    `grant_names` also has the names of grants that are not; `doubts` has the grants' keys whose values are wrong, so
    that nothing is said of what they leave open.
    """

    prod: Environment | None
    dev: Environment | None
    grants: list[Grant]
    doubts: set[tuple[str, str]]
    buckets: list[Bucket]
    writer: Writer | None
    grant_names: list[str]
    tags: dict[str, str]


def access_problems(parts: Parts) -> Iterator[Problem]:
    """Yield every reason to refuse what the entries say together."""
    yield from _names(parts)
    yield from _buckets(parts)
    for grant in parts.grants:
        yield from grant_problems(grant)
        if parts.prod:
            yield from placement_problems(grant, parts.prod, _key_of(grant, parts.buckets, parts.prod))
    if parts.prod and parts.dev:
        yield from _environments(parts.prod, parts.dev, parts)
    if parts.writer and parts.dev:
        yield from _writer(parts.writer, parts.dev, parts)
    yield from _stack_size(parts)
    yield from _tags(parts.tags)
    if parts.prod:
        yield from _key_policies(parts, parts.prod)
    if parts.dev:
        yield from _user_policies(parts, parts.dev)


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
                    "remove it; say an existing bucket's kms_key in the grant",
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


def _environments(prod: Environment, dev: Environment, parts: Parts) -> Iterator[Problem]:
    writer = parts.writer
    if writer and prod.account == dev.account and writer.role_name in {grant.name for grant in parts.grants}:
        yield Problem(
            "[writer]: role",
            f'"{writer.role_name}", the name of a grant too, in one account {prod.account}',
            "a name of its own: a role name stands once in an account",
            "rename one, or put the accounts right",
        )
    if prod.partition != dev.partition:
        yield Problem(
            "[dev]: region",
            f"{dev.region}, of the partition {dev.partition}",
            f"a region of {prod.partition}, as [prod] has: no role is assumed across partitions",
            "put both accounts into one partition",
        )


def _writer(writer: Writer, dev: Environment, parts: Parts) -> Iterator[Problem]:
    if parts.grant_names and writer.grant not in parts.grant_names:
        yield Problem(
            "[writer]: grant",
            f'"{writer.grant}"',
            "the name of a [[grants]] entry",
            did_you_mean(writer.grant, parts.grant_names) or f"one of {', '.join(parts.grant_names)}",
        )
    yield from _topic(writer, dev)
    for grant in parts.grants:
        if grant.name == writer.grant:
            yield from _handshake(writer, dev, grant, {key for name, key in parts.doubts if name == grant.name})


def _topic(writer: Writer, dev: Environment) -> Iterator[Problem]:
    if writer.alarm_topic:
        _, partition, _, region, *_ = writer.alarm_topic.split(":")
        if (partition, region) != (dev.partition, dev.region):
            yield Problem(
                "[writer]: alarm_topic",
                f"a topic in {region}",
                f"a topic in {dev.region}, where the function and its alarms are",
                "name a topic of that region",
            )


def _handshake(writer: Writer, dev: Environment, grant: Grant, doubts: set[str]) -> Iterator[Problem]:
    role_arn = dev.role_arn(writer.role)
    if not any(_trusts(principal.kind, principal.text, role_arn, dev.account) for principal in grant.principals):
        yield Problem(
            "[writer]: role",
            f"{role_arn}, which {grant.name} does not trust",
            f"a role that is among the principals of [[grants]] {grant.name}",
            f'add "{role_arn}" to its principals',
        )
    if writer.external_id != grant.external_id and "external_id" not in doubts:
        sends = f'"{writer.external_id}"' if writer.external_id else "nothing"
        wants = f'"{grant.external_id}"' if grant.external_id else "nothing"
        mend = f"external_id = {wants}" if grant.external_id else "remove it, or give the grant the same external_id"
        yield Problem(
            "[writer]: external_id",
            f"{sends} to send",
            f"{wants}, as [[grants]] {grant.name} has external_id",
            mend,
        )
    if grant.bucket == "*":
        yield Problem(
            "[writer]: grant",
            f"{grant.name}, on every bucket",
            "a grant on one bucket: the function writes to it",
            "give the function a grant of its own",
        )
    if not grant.writes and not doubts & {"access", "actions"}:
        yield Problem(
            "[writer]: grant",
            f"{grant.name}, which may not put objects",
            "a grant that writes",
            f'add "write" to the access of {grant.name}',
        )
    if grant.mfa_max_age is not None:
        yield Problem(
            "[writer]: grant",
            f"{grant.name}, which asks for MFA",
            "a grant without mfa_max_age: a function has no MFA device",
            "give the function a grant of its own",
        )


def _trusts(kind: PrincipalKind, text: str, role_arn: str, account: str) -> bool:
    """Return whether a principal takes in the function's role, as far as the file can tell."""
    # Whether the dev account belongs to an organization is not in the file; the synth says so.
    in_organization = kind in {PrincipalKind.ORGANIZATION, PrincipalKind.ORGANIZATIONAL_UNIT}
    return in_organization or text in {role_arn, account}


def _stack_size(parts: Parts) -> Iterator[Problem]:
    per_bucket = sum(2 + (2 if bucket.kms_key == "new" else 0) for bucket in parts.buckets if bucket.create)
    resources = len(parts.grants) + per_bucket
    for count, quota, what in (
        (resources, STACK_RESOURCES_QUOTA, "resources"),
        (len(parts.grants) * OUTPUTS_PER_GRANT, STACK_OUTPUTS_QUOTA, "outputs"),
    ):
        if count > quota:
            yield Problem(
                "grants",
                f"{len(parts.grants)} entries, which make {count} {what} in ProdAccessStack",
                f"at most {quota}, CloudFormation's quota for one stack",
                "split the file in two and deploy each with -c access=FILE from a checkout of its own",
            )


def _tags(tags: dict[str, str]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for key in tags:
        if (other := seen.setdefault(key.lower(), key)) != key:
            yield Problem(f"[tags]: {key}", f"{key} beside {other}", "keys that differ by more than case", "remove one")
    if len(tags) >= TAGS_QUOTA:
        yield Problem("[tags]", f"{len(tags)} tags", f"at most {TAGS_QUOTA - 1} beside crossrole's own", "remove some")


def _key_policies(parts: Parts, prod: Environment) -> Iterator[Problem]:
    for bucket in parts.buckets:
        if bucket.kms_key == "new":
            on_bucket = [grant for grant in parts.grants if grant.bucket == bucket.name]
            length = size(document([each for grant in on_bucket for each in key_policy_statements(grant, prod)]))
            if length > KEY_POLICY_QUOTA - _ROOT_STATEMENT:
                yield Problem(
                    f"[[buckets]] {bucket.name}: kms_key",
                    f"a key policy of {length} characters for {len(on_bucket)} grants",
                    f"at most {KEY_POLICY_QUOTA}, KMS's quota",
                    "share the grants out over two buckets, or give a key of your own by its ARN",
                )


_ROOT_STATEMENT = 200  # characters, about, of what CDK puts first: the account's own IAM policies


def _user_policies(parts: Parts, dev: Environment) -> Iterator[Problem]:
    users = Counter(
        user.text
        for grant in parts.grants
        for user in dict.fromkeys(grant.of_kind(PrincipalKind.USER))
        if user.account == dev.account
    )
    for user, count in users.items():
        if count > USER_MANAGED_POLICIES_QUOTA:
            yield Problem(
                "grants",
                f"{user} in {count} of them, each of which attaches a policy",
                f"at most {USER_MANAGED_POLICIES_QUOTA}, IAM's quota for one user",
                "let the user assume one role for several of these, or use Identity Center",
            )
