"""What of the templates may give or take access and is not evaluated."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crossrole.templates.intrinsics import Template
from crossrole.templates.inventory import Unread

_POLICIES = {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"}

# Whether a request to S3, KMS, STS or IAM is allowed is decided by the policies of these services, of organizations and
# of the principals. Of all other services a resource decides about that service's own actions alone: a table of
# DynamoDB about those of DynamoDB.
_READ: Final = frozenset(
    {
        "AWS::IAM::Group",
        "AWS::IAM::GroupPolicy",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::IAM::RolePolicy",
        "AWS::IAM::User",
        "AWS::IAM::UserPolicy",
        "AWS::IAM::UserToGroupAddition",
        "AWS::KMS::Alias",
        "AWS::KMS::Key",
        "AWS::Lambda::Permission",
        "AWS::Organizations::Policy",
        "AWS::S3::AccessPoint",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicInlinePolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueueInlinePolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::SecretsManager::ResourcePolicy",
    }
)
_HARMLESS: Final[Mapping[str, str]] = {
    "AWS::CDK::Metadata": "says which constructs an app is made of",
    "AWS::CloudFormation::Stack": "its template is read; where it is not there, that is said",
    "AWS::CloudFormation::WaitCondition": "waits",
    "AWS::CloudFormation::WaitConditionHandle": "is a URL to wait for",
    "AWS::IAM::AccessKey": "gives a user keys, and no one an access that the user lacks",
    "AWS::IAM::InstanceProfile": "names the role of instances, and changes nothing of what the role may do",
    "AWS::IAM::OIDCProvider": "is trusted only where a role's trust policy says so",
    "AWS::IAM::SAMLProvider": "is trusted only where a role's trust policy says so",
    "AWS::IAM::ServerCertificate": "is a certificate",
    "AWS::IAM::ServiceLinkedRole": "is a role that its service alone may assume",
    "AWS::IAM::VirtualMFADevice": "is a device that makes codes",
    "AWS::Lambda::Alias": "has permissions of its own only by AWS::Lambda::Permission",
    "AWS::Lambda::EventInvokeConfig": "says how often a function is tried again",
    "AWS::Lambda::EventSourceMapping": "lets a function read with its own role",
    "AWS::Lambda::Function": "acts with its role, and is called by whom its permissions allow",
    "AWS::Lambda::LayerVersion": "is code",
    "AWS::Lambda::Url": "is called by whom the function's permissions allow",
    "AWS::Lambda::Version": "has permissions of its own only by AWS::Lambda::Permission",
    "AWS::Logs::LogGroup": "is opened to others only by AWS::Logs::ResourcePolicy",
    "AWS::S3::StorageLens": "measures",
    "AWS::S3::StorageLensGroup": "measures",
    "AWS::SNS::Subscription": "receives from a topic, and is allowed by the topic's policy",
    "AWS::SNS::Topic": "is decided by its policy",
    "AWS::SQS::Queue": "is decided by its policy",
    "AWS::SecretsManager::RotationSchedule": "makes a function change a secret",
    "AWS::SecretsManager::Secret": "is decided by its policy",
    "AWS::SecretsManager::SecretTargetAttachment": "adds an address to a secret",
}
"""Types that give and take no access by themselves, each with the reason."""
# They can do whatever their code or their service lets them, in any service.
_ABOUT_EVERYTHING: Final = frozenset(
    {"CloudFormation", "IAM", "Organizations", "RAM", "RolesAnywhere", "SSO", "ControlTower"}
)
_OF_S3: Final = frozenset({"S3", "S3Express", "S3ObjectLambda", "S3Outposts", "S3Tables", "S3Vectors", "LakeFormation"})
_PREFIXES: Final[Mapping[str, str]] = {
    "ApiGateway": "execute-api",
    "ApiGatewayV2": "execute-api",
    "Cognito": "cognito-idp",
    "ElasticLoadBalancingV2": "elasticloadbalancing",
    "MSK": "kafka",
    "OpenSearchService": "es",
    "StepFunctions": "states",
}
"""The service's prefix in actions, where it is not the name in CloudFormation in small letters."""
_PRIVATE_ACLS: Final = frozenset(
    {"Private", "BucketOwnerFullControl", "BucketOwnerRead", "LogDeliveryWrite", "AwsExecRead"}
)


def unread_of(templates: Sequence[Template]) -> Iterator[Unread]:
    """Yield the resources that may give or take access and are not evaluated."""
    for place, what in templates[0].assembly.missing.items() if templates else []:
        yield Unread(f"{what} ({place})" if place not in what else what, None)
    for template in templates:
        for key in ("Transform", "Fn::Transform"):
            if key in template.body:
                yield Unread(f"{template.stack}, whose template a transform changes at the deployment", None)
        for logical_id, resource in template.resources.items():
            yield from _unread(template, logical_id, resource)
        resources = template.body.get("Resources", {})
        for logical_id, resource in resources.items() if isinstance(resources, Mapping) else []:
            if not isinstance(resource, Mapping):
                yield Unread(f"{template.stack}/{logical_id}, which is not a resource", None)


def _unread(template: Template, logical_id: str, resource: Mapping[str, Any]) -> Iterator[Unread]:
    place, kind = f"{template.stack}/{logical_id}", resource.get("Type")
    account: str | None = template.account
    if not isinstance(kind, str) or not isinstance(resource.get("Properties", {}), Mapping):
        yield Unread(f"{place}, which is not a resource with a Type and Properties", None)
        return
    if _transforms(resource):
        yield Unread(f"{place}, of which a transform writes a part at the deployment", None)
    if kind in _READ:
        acl = template.property(logical_id, "AccessControl", "Private") if kind == "AWS::S3::Bucket" else "Private"
        if str(acl) not in _PRIVATE_ACLS:
            yield Unread(
                f"{place}, whose AccessControl is {acl}",
                account,
                frozenset({"s3"}),
                only_gives=True,
                resource=template.arn(logical_id),
            )
        return
    if kind in _HARMLESS:
        return
    vendor, _, rest = kind.partition("::")
    service = rest.partition("::")[0]
    what = f"{place} ({kind}), which crossrole does not read"
    if vendor != "AWS" or service in _ABOUT_EVERYTHING:
        yield Unread(what, None if service in {"Organizations", "RAM", "SSO", "ControlTower"} else account)
    elif service in _OF_S3:
        yield Unread(what, account, frozenset({"s3"}))
    else:
        yield Unread(what, account, frozenset({_PREFIXES.get(service, service.lower())}))


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
            place, kind = f"{template.stack}/{logical_id}", str(resource.get("Type", ""))
            properties = template.properties(logical_id)
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
    return any(
        str(template.resolve(each, at=logical_id)) not in names for each in _holders(template.resources[logical_id])
    )


def _holders(resource: Mapping[str, Any]) -> Iterator[Any]:
    properties = resource.get("Properties")
    properties = properties if isinstance(properties, Mapping) else {}
    for key in ("Roles", "Groups"):
        listed = properties.get(key, [])
        yield from listed if isinstance(listed, list) else [listed]
    if "RoleName" in properties:
        yield properties["RoleName"]


def _transforms(resource: Mapping[str, Any]) -> bool:
    """Return whether CloudFormation writes part of it only at deployment, so that its content is not known."""
    return '"Fn::Transform"' in json.dumps(resource)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
