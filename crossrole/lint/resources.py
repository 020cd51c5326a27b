"""Rules about the resources of statements: what is no ARN, what no resource has, and what is another's."""

from collections.abc import Iterator

from crossrole.iam.arn import bucket_arn
from crossrole.iam.partitions import is_region, partition_ids
from crossrole.iam.policy import listed
from crossrole.iam.resource_arns import SEGMENTS, example, exists
from crossrole.iam.wildcards import has_wildcard, overlap
from crossrole.lint.documents import Resource, Statement
from crossrole.lint.kinds import API, BUCKET, DEVICES, ENDPOINT, KEY, QUEUE, SECRET, TOPIC
from crossrole.lint.rule import GUIDE, IF_AWS_CHANGED, Rule
from crossrole.unknown import as_pattern, is_known, may_be_the_same, unknowns_in

# These take other texts as well: API Gateway "execute-api:/stage/…", SQS "/111122223333/queue".
_OTHER_FORMS = (API, QUEUE, ENDPOINT)
_DIGITS = 12


def _resources(statement: Statement) -> list[str]:
    return statement.texts("Resource") + statement.texts("NotResource")


def _not_an_arn(statement: Statement) -> Iterator[str]:
    for resource in _resources(statement) if statement.document.kind not in _OTHER_FORMS else ():
        pattern = as_pattern(resource)
        if not pattern.startswith(("arn:", "*")):
            yield f'"{resource}" is not an ARN, so AWS rejects the policy; write "*" or an ARN: arn:aws:s3:::BUCKET/*'
        elif pattern.count(":") < SEGMENTS - 1 and not has_wildcard(pattern):
            yield f'"{resource}" is not a whole ARN, so AWS rejects the policy; write one such as arn:aws:s3:::BUCKET/*'


def _impossible_arn(statement: Statement) -> Iterator[str]:
    partition = statement.document.resource.template.partition
    for resource in _resources(statement):
        parts = as_pattern(resource).split(":", SEGMENTS - 1)
        if parts[0] != "arn" or len(parts) < SEGMENTS:
            continue
        if problem := _part_problem(parts, partition):
            yield f'no resource has the ARN "{resource}": {problem}'
        elif not has_wildcard(parts[2]) and statement.document.kind != DEVICES and not exists(resource):
            write = example(as_pattern(resource), partition=partition)
            yield f'no resource has the ARN "{resource}", so the statement never matches; write one such as {write}'


def _part_problem(parts: list[str], partition: str) -> str | None:
    of_arn, _, region, account = parts[1:5]
    if not has_wildcard(of_arn) and of_arn not in partition_ids():
        return f'AWS has no partition "{of_arn}"; write {partition}'
    if is_known(partition) and not overlap(of_arn, partition):
        return f"the template is of the partition {partition}, and no access crosses partitions; write {partition}"
    if region and not has_wildcard(region) and not is_region(region):
        return f'AWS has no region "{region}"; write one such as eu-west-1'
    if account.isdigit() and len(account) != _DIGITS:
        return f'"{account}" is not an account id; write its 12 digits'
    return None


def _of_another_resource(statement: Statement) -> Iterator[str]:
    own, partition = list(_own_patterns(statement)), statement.document.resource.template.partition
    for resource in statement.texts("Resource") if own else ():
        pattern = as_pattern(resource)
        parts = pattern.split(":", SEGMENTS - 1)
        whole = parts[0] == "arn" and len(parts) == SEGMENTS and not _part_problem(parts, partition)
        another = not any(overlap(pattern, each) for each in own) or _is_another_key(statement, resource)
        if whole and another:
            yield (
                f'{statement.document.kind.words} is only about its own resource, so "{resource}" never matches in it; '
                f"write {_shown(own[0])}"
            )


def _is_another_key(statement: Statement, resource: str) -> bool:
    """Return whether it is the ARN of a key, and surely not that of the key that has the policy."""
    of_policy = statement.document.resource
    if statement.document.kind != KEY or of_policy.type != "AWS::KMS::Key" or set(resource) & set("*?$"):
        return False
    own, unknown = of_policy.template.arn(of_policy.logical_id), unknowns_in(resource)
    # Every key has an id of its own.
    of_another = bool(unknown) and all(each.shape for each in unknown) and resource != own
    return of_another or not may_be_the_same(resource, own)


def _own_patterns(statement: Statement) -> Iterator[str]:
    """Yield the ARNs of what a policy is attached to, as far as the template says."""
    resource = statement.document.resource
    partition, kind = resource.template.partition, statement.document.kind
    if kind == BUCKET:
        for name in _names(resource, "Bucket"):
            yield as_pattern(bucket_arn(partition, name))
            yield as_pattern(bucket_arn(partition, f"{name}/*"))
    elif kind == KEY:
        yield f"arn:{as_pattern(partition)}:kms:*:key/*"
    elif kind == QUEUE:
        # Of a queue, the template has the URL: https://sqs.eu-west-1.amazonaws.com/222222222222/NAME.
        for name in [*_names(resource, "Queues"), *_names(resource, "Queue")]:
            yield f"arn:{as_pattern(partition)}:sqs:*:{as_pattern(name.rpartition('/')[2])}"
    elif kind == TOPIC:
        for name in [*_names(resource, "Topics"), *_names(resource, "TopicArn")]:
            yield as_pattern(name) if name.startswith("arn:") else f"arn:{as_pattern(partition)}:sns:*"
    elif kind == SECRET:
        yield f"arn:{as_pattern(partition)}:secretsmanager:*:secret:*"


def _names(resource: Resource, name: str) -> list[str]:
    return [each for each in listed(resource.property(name)) if isinstance(each, str) and each]


def _shown(pattern: str) -> str:
    return f'"*", or an ARN of the form {pattern}' if has_wildcard(pattern) else pattern


_PAGE = f"{GUIDE}/reference_policies_elements_resource.html"

OF_STATEMENTS = (
    Rule(
        "not-an-arn",
        _PAGE,
        "A resource is neither an ARN nor *.",
        IF_AWS_CHANGED,
        _not_an_arn,
    ),
    Rule(
        "impossible-arn",
        f"{GUIDE}/reference-arns.html",
        "No resource of AWS can have such an ARN.",
        "The resource is newer than the reference that this version of crossrole has.",
        _impossible_arn,
    ),
    Rule(
        "another-resource",
        f"{GUIDE}/access_policies_identity-vs-resource.html",
        "A policy of a resource names another resource than its own.",
        IF_AWS_CHANGED,
        _of_another_resource,
    ),
)
