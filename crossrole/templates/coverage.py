"""Properties of the templates that may give access but that crossrole does not evaluate."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossrole.templates.intrinsics import Template

_POLICIES = {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"}
_ALL: frozenset[str] = frozenset()
# For each type, the properties that are evaluated or give nobody access; an empty list stands for every property.
_KNOWN: Mapping[str, frozenset[str]] = {
    "AWS::CDK::Metadata": _ALL,
    "AWS::CloudWatch::Alarm": _ALL,
    "AWS::IAM::ManagedPolicy": _ALL,
    "AWS::IAM::Policy": _ALL,
    "AWS::IAM::Role": frozenset(
        {
            "AssumeRolePolicyDocument",
            "Description",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "Path",
            "PermissionsBoundary",
            "Policies",
            "RoleName",
            "Tags",
        }
    ),
    "AWS::IAM::RolePolicy": _ALL,
    "AWS::IAM::User": frozenset({"ManagedPolicyArns", "Path", "Policies", "Tags", "UserName"}),
    "AWS::KMS::Key": frozenset(
        {
            "BypassPolicyLockoutSafetyCheck",
            "Description",
            "EnableKeyRotation",
            "Enabled",
            "KeyPolicy",
            "KeySpec",
            "KeyUsage",
            "PendingWindowInDays",
            "RotationPeriodInDays",
            "Tags",
        }
    ),
    "AWS::Lambda::Alias": _ALL,
    "AWS::Lambda::EventInvokeConfig": _ALL,
    # Event sources are not among them: a principal that may send to one makes the function act.
    "AWS::Lambda::EventSourceMapping": frozenset(
        {
            "BatchSize",
            "Enabled",
            "FunctionResponseTypes",
            "MaximumBatchingWindowInSeconds",
            "ScalingConfig",
            "Tags",
        }
    ),
    "AWS::Lambda::Function": frozenset(
        {
            "Architectures",
            "Code",
            "Description",
            "Environment",
            "EphemeralStorage",
            "FunctionName",
            "Handler",
            "KmsKeyArn",
            "LoggingConfig",
            "MemorySize",
            "ReservedConcurrentExecutions",
            "Runtime",
            "SnapStart",
            "Tags",
            "Timeout",
            "TracingConfig",
        }
    ),
    "AWS::Lambda::Version": _ALL,
    "AWS::Logs::LogGroup": frozenset({"KmsKeyId", "LogGroupClass", "LogGroupName", "RetentionInDays", "Tags"}),
    "AWS::S3::Bucket": frozenset(
        {
            "BucketEncryption",
            "BucketName",
            "IntelligentTieringConfigurations",
            "LifecycleConfiguration",
            "LoggingConfiguration",
            "MetricsConfigurations",
            "ObjectLockConfiguration",
            "ObjectLockEnabled",
            "Tags",
            "VersioningConfiguration",
        }
    ),
    "AWS::S3::BucketPolicy": _ALL,
    "AWS::SNS::Topic": frozenset({"DisplayName", "FifoTopic", "KmsMasterKeyId", "Tags", "TopicName"}),
    "AWS::SQS::Queue": _ALL,
    "AWS::SQS::QueuePolicy": _ALL,
}
# The report always lists these; `diff` lists them only when they change.
_LISTED = {
    "AWS::IAM::User": {"Groups", "PermissionsBoundary"},
    "AWS::S3::Bucket": {"AccessControl", "PublicAccessBlockConfiguration"},
}


@dataclass(frozen=True)
class NotEvaluated:
    """The properties that are not evaluated, as text by place: some always may give access, some where they change."""

    always: Mapping[str, str]
    changing: Mapping[str, str]


def not_evaluated(templates: Sequence[Template], names: Collection[str]) -> NotEvaluated:
    """Return what is not evaluated; `names` are those of the roles and users that the templates make."""
    always, changing = {}, {}
    for template in templates:
        for key in ("Transform", "Fn::Transform"):
            if key in template.body:
                always[f"{template.stack}/{key}"] = _text(template.body[key])
        for logical_id, resource in template.resources.items():
            place, kind = f"{template.stack}/{logical_id}", resource.get("Type", "")
            properties = resource.get("Properties", {})
            known = _KNOWN.get(kind)
            listed = _LISTED.get(kind, set())
            others = {key: value for key, value in properties.items() if known and key not in {*known, *listed}}
            if (
                known is None
                or _transforms(resource)
                or (kind in _POLICIES and _strangers(template, logical_id, names))
            ):
                always[place] = _text(resource if _transforms(resource) else properties)
            elif listed & properties.keys():
                always[place] = _text({key: properties.get(key) for key in sorted(listed)})
            if kind == "AWS::Lambda::Function" and isinstance(others.get("Role"), Mapping):
                del others["Role"]  # a role of the templates; its trust is reported where a service gets it
            if others:
                changing[place] = _text(others)
    return NotEvaluated(always, changing)


def _strangers(template: Template, logical_id: str, names: Collection[str]) -> bool:
    """Return whether a policy is for a role or user outside the templates."""
    return any(template.resolve(each, at=logical_id) not in names for each in _holders(template.resources[logical_id]))


def _holders(resource: Mapping[str, Any]) -> Iterator[Any]:
    properties = resource.get("Properties", {})
    yield from [*properties.get("Roles", []), *properties.get("Groups", [])]
    if "RoleName" in properties:
        yield properties["RoleName"]


def _transforms(resource: Mapping[str, Any]) -> bool:
    """Return whether CloudFormation writes part of it only at deployment, so that its content is not known."""
    return '"Fn::Transform"' in json.dumps(resource)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
