"""The rules between the fields of one grant."""

from collections.abc import Iterator

from access.environment import Environment
from access.grant import Grant
from access.policies.document import size
from access.policies.permissions import inline_policies
from access.policies.trust import trust_policy
from access.principal import PrincipalKind
from access.problem import Problem
from crossrole.iam.arn import account_of, partition_of
from crossrole.iam.quotas import INLINE_POLICIES, ROLE_CHAINING_LIMIT, TRUST_POLICY


def grant_problems(grant: Grant) -> Iterator[Problem]:
    """Yield every problem of the grant by itself, each with its key in access.toml."""
    for rule in (_gives_something, _people_only, _chaining, _pinning, _organization, _every_bucket, _full_access):
        yield from rule(grant)


def placement_problems(grant: Grant, prod: Environment, key_arn: str | None) -> Iterator[Problem]:
    """Yield every problem of the grant in `prod`; `key_arn` is the bucket's customer key, if any."""
    yield from _partition(grant, prod)
    yield from _boundary_owner(grant, prod)
    yield from _quotas(grant, prod, key_arn)


def at(grant: Grant, key: str) -> str:
    """Return where a grant's key stands in access.toml."""
    return f"[[grants]] {grant.name}: {key}"


def _gives_something(grant: Grant) -> Iterator[Problem]:
    if not (grant.access or grant.actions or grant.list_buckets):
        yield Problem(
            at(grant, "access"),
            "nothing",
            "something that the role may do",
            'add access = ["write"], or exact actions',
        )


def _people_only(grant: Grant) -> Iterator[Problem]:
    if grant.mfa_max_age is None:
        return
    for principal in grant.principals:
        if principal.only_chains:
            yield Problem(
                at(grant, "mfa_max_age"),
                f"an MFA condition on {principal.text}",
                "people only: a role's session carries no MFA, so the role could never be assumed",
                f"give the {principal.kind} a grant of its own without mfa_max_age",
            )


def _chaining(grant: Grant) -> Iterator[Problem]:
    if grant.max_session <= ROLE_CHAINING_LIMIT:
        return
    for principal in grant.principals:
        if principal.only_chains:
            yield Problem(
                at(grant, "max_session"),
                f"{grant.max_session} seconds, for {principal.text}",
                f"at most {ROLE_CHAINING_LIMIT}: a {principal.kind} assumes with a role's credentials, "
                "and AWS ends such a chained session after an hour",
                f"max_session = {ROLE_CHAINING_LIMIT}, or another grant for the principals that need longer",
            )


def _pinning(grant: Grant) -> Iterator[Problem]:
    if not grant.pin:
        return
    if not any(principal.is_arn for principal in grant.principals):
        yield Problem(at(grant, "pin"), "true", "a user or role to pin among the principals", "remove pin")
    for principal in grant.of_kind(PrincipalKind.PERMISSION_SET):
        yield Problem(
            at(grant, "pin"),
            f"true, with {principal.text}",
            "ARNs without a wildcard: IAM allows no wildcard in a Principal",
            "write the role's whole name, or give the permission set another grant without pin",
        )


def _organization(grant: Grant) -> Iterator[Problem]:
    listed = grant.of_kind(PrincipalKind.ORGANIZATION)
    if grant.organization and listed:
        yield Problem(
            at(grant, "organization"),
            f"{grant.organization} beside the principal {listed[0].text}",
            "an organization either as the principal or as a condition on other principals",
            "remove organization",
        )
    for unit in grant.of_kind(PrincipalKind.ORGANIZATIONAL_UNIT):
        if grant.organization and not unit.text.startswith(f"{grant.organization}/"):
            yield Problem(
                at(grant, "organization"),
                f"{grant.organization} beside the unit {unit.text}",
                "the unit's own organization: an account belongs to one only, so no caller could meet both",
                "remove organization",
            )


def _every_bucket(grant: Grant) -> Iterator[Problem]:
    if grant.bucket == "*" and grant.prefix:
        yield Problem(
            at(grant, "prefix"),
            f'"{grant.prefix}" with bucket = "*"',
            f"one bucket, or no prefix: IAM's * crosses slashes, so x/{grant.prefix}y would be open too",
            "name the bucket, or remove prefix",
        )


def _full_access(grant: Grant) -> Iterator[Problem]:
    if "full" in grant.access and grant.prefix:
        yield Problem(
            at(grant, "prefix"),
            f'"{grant.prefix}" with access = ["full"]',
            "no prefix: s3:* acts on the bucket as a whole, its policy and its deletion too",
            'remove prefix, or list what is needed: access = ["read", "write", "list", "delete"]',
        )


def _partition(grant: Grant, prod: Environment) -> Iterator[Problem]:
    arns = [(f"principals ({p.text})", p.partition) for p in grant.principals if p.partition]
    own = (("permissions_boundary", grant.permissions_boundary), ("kms_key", grant.kms_key))
    arns += [(key, partition_of(arn)) for key, arn in own if arn]
    for key, partition in arns:
        if partition != prod.partition:
            yield Problem(
                at(grant, key),
                f"an ARN of the partition {partition}",
                f"{prod.partition}, the partition of {prod.region}: no access crosses partitions",
                f"begin the ARN with arn:{prod.partition}:",
            )
    if grant.kms_key and grant.kms_key.split(":")[3] != prod.region:
        yield Problem(
            at(grant, "kms_key"),
            f"a key in {grant.kms_key.split(':')[3]}",
            f"a key in {prod.region}, where the bucket is: S3 uses keys of the bucket's region only",
            "name the key of the bucket's own region",
        )


def _boundary_owner(grant: Grant, prod: Environment) -> Iterator[Problem]:
    owner = account_of(grant.permissions_boundary) if grant.permissions_boundary else "aws"
    if owner not in {prod.account, "aws"}:
        yield Problem(
            at(grant, "permissions_boundary"),
            f"a policy of account {owner}",
            f"a managed policy of the production account {prod.account}, or of AWS",
            "make the boundary in the production account",
        )


def _quotas(grant: Grant, prod: Environment, key_arn: str | None) -> Iterator[Problem]:
    trust = size(trust_policy(grant, prod))
    if trust > TRUST_POLICY:
        yield Problem(
            at(grant, "principals"),
            f"a trust policy of {trust} characters",
            f"at most {TRUST_POLICY}, IAM's quota",
            "split the principals over two grants, or trust an account or organization with conditions",
        )
    inline = sum(size(policy) for policy in inline_policies(grant, prod, key_arn).values())
    if inline > INLINE_POLICIES:
        yield Problem(
            at(grant, "actions"),
            f"inline policies of {inline} characters",
            f"at most {INLINE_POLICIES} for one role, IAM's quota",
            "split the actions or the source_ips over two grants",
        )
