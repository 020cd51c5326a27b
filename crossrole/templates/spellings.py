"""The ARN of the resource that a property names, in each spelling that its service takes.

What is written in another way is not known: the policy may be that of any resource of the service.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from crossrole.iam.arn import bucket_arn
from crossrole.iam.partitions import is_region
from crossrole.templates.intrinsics import Template
from crossrole.unknown import CLOSES, OPENS, Unknown, has_unknowns, is_unknown, token, worded


def arns_of(kind: str, named: str, template: Template) -> Iterable[str]:
    """Return the ARNs that a name may stand for, which a policy of a type of resource names."""
    if is_unknown(named):
        return [named] if kind != "AWS::S3::BucketPolicy" else _bucket(named, template)
    return _OF_KIND[kind](named, template) or [_not_known(kind, named, template)]


def _not_known(kind: str, named: str, template: Template) -> str:
    return token(Unknown(f"the resource that an {kind} of {template.stack} names {worded(named)}"))


def _bucket(name: str, template: Template) -> list[str]:
    valid = has_unknowns(name) or re.fullmatch(r"[A-Za-z0-9._-]+", name)
    return [bucket_arn(template.partition, name)] if valid else []


def _topic(arn: str, template: Template) -> list[str]:
    return [arn] if arn.startswith(f"arn:{template.partition}:sns:") else []


# https://sqs.eu-west-1.amazonaws.com/ACCOUNT/NAME, and of old https://eu-west-1.queue.amazonaws.com/ACCOUNT/NAME or
# https://queue.amazonaws.com/ACCOUNT/NAME: https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
_QUEUE_URL: Final = re.compile(r"https?://([^/]+)/([^/]+)/([^/]+)")
_OLDEST_HOST, _ITS_REGION = "queue.amazonaws.com", "us-east-1"


def _queue(url: str, template: Template) -> list[str]:
    if not (match := _QUEUE_URL.fullmatch(url)):
        return [url] if url.startswith("arn:") else []
    host, account, name = match.groups()
    named = [each for each in host.split(".") if is_region(each)] or ([_ITS_REGION] if host == _OLDEST_HOST else [])
    # A stack reaches the queues of its own region alone.
    return [f"arn:{template.partition}:sqs:{template.region}:{account}:{name}"] if named == [template.region] else []


_SUFFIX: Final = re.compile(r"-[A-Za-z0-9]{6}")


def _secret(secret: str, template: Template) -> list[str]:
    """Return the ARNs of a secret that is named by its name, its ARN, or its ARN without what AWS adds to the name.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
    """
    named = secret.startswith("arn:")
    stem = f"arn:{template.partition}:secretsmanager:{template.region}:{template.account}:secret:"
    arn = secret if named else f"{stem}{secret}"
    text = f"the six characters that Secrets Manager adds to the name {worded(arn.rpartition(':secret:')[2])}"
    partial = f"{arn}-{token(Unknown(text, '[A-Za-z0-9]{6}'))}"
    if not named:
        return [partial]
    if arn.endswith(CLOSES):
        return [arn]
    # A name may end as a whole ARN does: "my-secret" has six letters behind its hyphen.
    return [arn, partial] if _SUFFIX.fullmatch(arn[-7:]) else [partial]


_OF_KIND: Final[Mapping[str, Callable[[str, Template], list[str]]]] = {
    "AWS::S3::BucketPolicy": _bucket,
    "AWS::SQS::QueuePolicy": _queue,
    "AWS::SQS::QueueInlinePolicy": _queue,
    "AWS::SNS::TopicPolicy": _topic,
    "AWS::SNS::TopicInlinePolicy": _topic,
    "AWS::SecretsManager::ResourcePolicy": _secret,
}

# https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html: a name, an ARN, or a part of an ARN; each may
# have a version or an alias behind it.
_NAME: Final = f"[{OPENS}{CLOSES}\\w$-]+"
_FUNCTION: Final = re.compile(
    r"(?:arn:(?P<partition>[^:]+):lambda:)?(?:(?P<region>[a-z]+(?:-[a-z]+)+-[0-9]):)?(?:(?P<account>[0-9]{12}):)?"
    rf"(?:function:)?(?P<name>{_NAME}(?::{_NAME})?)"
)


def function_arn(function: str, template: Template) -> str:
    """Return the ARN of a function, or of its version or alias."""
    for logical_id, resource in template.resources.items() if is_unknown(function) else ():
        if resource.get("Type") == "AWS::Lambda::Function" and template.physical_name(logical_id) == function:
            return template.arn(logical_id)
    match = None if is_unknown(function) else _FUNCTION.fullmatch(function)
    if match is None or (function.startswith("arn:") and ":function:" not in function):
        return function if has_unknowns(function) else _not_known("AWS::Lambda::Permission", function, template)
    parts = match.groupdict()
    region, account = parts["region"] or template.region, parts["account"] or template.account
    return f"arn:{parts['partition'] or template.partition}:lambda:{region}:{account}:function:{parts['name']}"
