"""AWS's quotas, checked in the file before CDK or AWS fails on them."""

from collections import Counter
from collections.abc import Iterator
from itertools import count

from access.environment import Environment
from access.model import Parts, stack_name
from access.policies.caller import assume_role_statement
from access.policies.document import document, size
from access.policies.permissions import key_policy_statements
from access.problem import Problem
from crossrole.iam.quotas import INLINE_POLICIES, MANAGED_POLICIES_ATTACHED

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
STACK_RESOURCES_QUOTA = 500
STACK_OUTPUTS_QUOTA = 200
OUTPUTS_PER_GRANT = 2
# https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html#key-policy-limit
KEY_POLICY_QUOTA = 32768
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules
TAGS_QUOTA = 50


def quota_problems(parts: Parts) -> Iterator[Problem]:
    """Yield every quota of AWS that the entries together would exceed."""
    yield from _stack_size(parts)
    yield from _tags(parts.tags)
    if parts.prod:
        yield from _key_policies(parts, parts.prod)
    yield from _managed_policies(parts)
    if parts.prod and parts.dev and parts.writer:
        yield from _writer_policy(parts, parts.prod, parts.dev.role_arn(parts.writer.role))


def _stack_size(parts: Parts) -> Iterator[Problem]:
    grants = Counter(grant.stack for grant in parts.grants)
    resources = grants.copy()
    for bucket in parts.buckets:
        if bucket.create:
            # The bucket, its policy, and its key.
            resources[bucket.stack] += 3 if bucket.kms_key == "new" else 2
    if resources:
        resources[min(resources)] += sum(provider.create for provider in parts.providers)
    quotas = (
        (resources, 1, STACK_RESOURCES_QUOTA, "resources"),
        (grants, OUTPUTS_PER_GRANT, STACK_OUTPUTS_QUOTA, "outputs"),
    )
    room = next(number for number in count(1) if all(of[number] * each < quota for of, each, quota, _ in quotas))
    for number in sorted(resources):
        for of, each, quota, what in quotas:
            if of[number] * each > quota:
                yield Problem(
                    "grants",
                    f"{grants[number]} entries, which make {of[number] * each} {what} in "
                    + stack_name("ProdAccessStack", number),
                    f"at most {quota}, CloudFormation's quota for one stack",
                    f"add stack = {room} to those that are not deployed yet; what is deployed must stay in its stack",
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
            on_bucket = [grant for grant in parts.grants if any(p.bucket == bucket.name for p in grant.all_places)]
            statements = [each for grant in on_bucket for each in key_policy_statements(grant, bucket.name, prod)]
            length = size(document(statements))
            if length > KEY_POLICY_QUOTA - _ROOT_STATEMENT:
                yield Problem(
                    f"[[buckets]] {bucket.name}: kms_key",
                    f"a key policy of {length} characters for {len(on_bucket)} grants",
                    f"at most {KEY_POLICY_QUOTA}, KMS's quota",
                    "divide the grants between two buckets, or name a key of your own by its ARN",
                )


_ROOT_STATEMENT = 200  # characters, about, of what CDK puts first: the account's own IAM policies


def _managed_policies(parts: Parts) -> Iterator[Problem]:
    callers = Counter((caller.kind, caller.text) for grant in parts.grants for caller in parts.attached_to(grant))
    for (kind, caller), attached in callers.items():
        if attached > MANAGED_POLICIES_ATTACHED:
            yield Problem(
                "grants",
                f"{caller} in {attached} of them: each attaches a managed policy",
                f"at most {MANAGED_POLICIES_ATTACHED}, IAM's quota for one {kind}",
                f"let the {kind} assume one role for several of these ([[grants.places]]), or write attach = false in "
                "some and give it their permission in one policy",
            )


def _writer_policy(parts: Parts, prod: Environment, role: str) -> Iterator[Problem]:
    """Yield a problem where the function's role is in more grants than its own inline policies can name."""
    listed = [grant for grant in parts.grants if any(principal.text == role for principal in grant.principals)]
    length = size(document([assume_role_statement(prod, *listed)])) if listed else 0
    if length > INLINE_POLICIES - _OF_THE_FUNCTION:
        yield Problem(
            "[writer]: role",
            f"{role} among the principals of {len(listed)} grants, a policy of {length} characters",
            f"at most {INLINE_POLICIES - _OF_THE_FUNCTION}: IAM's quota for a role is {INLINE_POLICIES}, and the "
            f"function's other policies need up to {_OF_THE_FUNCTION}",
            "give the other grants a role of their own, or let one grant serve several of these",
        )


_OF_THE_FUNCTION = 1500  # characters, at most about, of its log, queues and traces
