"""What of the templates may give or take access and is not evaluated."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crossrole.iam.policy import Statement, texts
from crossrole.iam.wildcards import overlap
from crossrole.templates.fleets import STACK_SET, fleet_of
from crossrole.templates.intrinsics import Template
from crossrole.templates.inventory import Unread


@dataclass(frozen=True)
class Coverage:
    """What of a type of resource is evaluated, and what is harmless. All else may give or take access."""

    evaluated: frozenset[str] = frozenset()
    """The properties that are part of each decision, and that `diff` compares by what they allow."""
    harmless: frozenset[str] = frozenset()
    """The properties that give and take no access, whatever their value."""
    why: str = ""
    """Why a resource of the type decides no request by itself; empty for a type that is evaluated."""
    appears: bool = False
    """Whether it gives access by being there, whatever its properties."""
    only_gives: bool = False
    """Whether it can take no access by being there, so that none is given where it goes."""

    def judges(self, name: str) -> bool:
        """Return whether a change of a property is compared, or gives nobody access."""
        return name in self.evaluated or name in self.harmless or self.harmless == EVERY_PROPERTY


EVERY_PROPERTY: Final = frozenset({"*"})
"""Stands for all properties of a type."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Whether a request to S3, KMS, STS or IAM is allowed is decided by the policies of these services, of organizations and
# of the principals. Of all other services a resource decides about that service's own actions alone: a table of
# DynamoDB about those of DynamoDB. A name is evaluated as what it is part of: another name is another resource. Tags
# are compared where a policy tests tags of resources.
COVERAGE: Final[Mapping[str, Coverage]] = {
    # --- evaluated
    "AWS::IAM::Group": Coverage(_names("GroupName Path Policies")),
    "AWS::IAM::GroupPolicy": Coverage(_names("GroupName PolicyDocument PolicyName")),
    "AWS::IAM::ManagedPolicy": Coverage(
        _names("Groups ManagedPolicyName Path PolicyDocument Roles Users"), _names("Description Tags")
    ),
    "AWS::IAM::Policy": Coverage(_names("Groups PolicyDocument PolicyName Roles Users")),
    "AWS::IAM::Role": Coverage(
        _names(
            "AssumeRolePolicyDocument ManagedPolicyArns MaxSessionDuration Path PermissionsBoundary Policies RoleName "
            "Tags"
        ),
        _names("Description"),
    ),
    "AWS::IAM::RolePolicy": Coverage(_names("PolicyDocument PolicyName RoleName")),
    "AWS::IAM::User": Coverage(
        _names("Groups ManagedPolicyArns Path PermissionsBoundary Policies Tags UserName"),
    ),
    "AWS::IAM::UserPolicy": Coverage(_names("PolicyDocument PolicyName UserName")),
    "AWS::IAM::UserToGroupAddition": Coverage(_names("GroupName Users")),
    # The name that an alias stands for is compared on its own.
    "AWS::KMS::Alias": Coverage(_names("AliasName")),
    "AWS::KMS::Key": Coverage(
        _names("Enabled KeyPolicy Tags"),
        # How a key is made, rotated and deleted; its policy decides who may use it.
        _names(
            "BypassPolicyLockoutSafetyCheck Description EnableKeyRotation KeySpec KeyUsage PendingWindowInDays "
            "RotationPeriodInDays"
        ),
    ),
    "AWS::Lambda::Permission": Coverage(
        _names(
            "Action EventSourceToken FunctionName FunctionUrlAuthType Principal PrincipalOrgID SourceAccount SourceArn"
        )
    ),
    # It bounds whole accounts: `can` and `diff` take it into each decision; a change of one is not proved.
    "AWS::Organizations::Policy": Coverage(harmless=_names("Description Tags")),
    "AWS::S3::AccessPoint": Coverage(_names("Policy"), _names("Tags"), appears=True, only_gives=True),
    "AWS::S3::Bucket": Coverage(
        _names("BucketEncryption BucketName Tags"),
        # Where objects are stored and how long; who may read a log is decided by the bucket that it is written to.
        _names(
            "AccelerateConfiguration IntelligentTieringConfigurations LifecycleConfiguration LoggingConfiguration "
            "MetricsConfigurations VersioningConfiguration"
        ),
    ),
    "AWS::S3::BucketPolicy": Coverage(_names("Bucket PolicyDocument")),
    "AWS::SNS::TopicInlinePolicy": Coverage(_names("PolicyDocument TopicArn")),
    "AWS::SNS::TopicPolicy": Coverage(_names("PolicyDocument Topics")),
    "AWS::SQS::QueueInlinePolicy": Coverage(_names("PolicyDocument Queue")),
    "AWS::SQS::QueuePolicy": Coverage(_names("PolicyDocument Queues")),
    "AWS::SecretsManager::ResourcePolicy": Coverage(
        # The check only warns of public policies at the deployment.
        _names("ResourcePolicy SecretId"),
        _names("BlockPublicPolicy"),
    ),
    # --- decide no request by themselves, and give nobody access
    "AWS::CDK::Metadata": Coverage(harmless=EVERY_PROPERTY, why="says which constructs an app is made of"),
    "AWS::CloudFormation::WaitCondition": Coverage(harmless=EVERY_PROPERTY, why="waits"),
    "AWS::CloudFormation::WaitConditionHandle": Coverage(harmless=EVERY_PROPERTY, why="is a URL to wait for"),
    "AWS::CloudWatch::Alarm": Coverage(harmless=EVERY_PROPERTY, why="watches a metric"),
    "AWS::Lambda::Alias": Coverage(
        harmless=EVERY_PROPERTY, why="has permissions of its own only by AWS::Lambda::Permission"
    ),
    "AWS::Lambda::EventInvokeConfig": Coverage(harmless=EVERY_PROPERTY, why="says how often a function is tried again"),
    "AWS::Lambda::Version": Coverage(
        harmless=EVERY_PROPERTY, why="has permissions of its own only by AWS::Lambda::Permission"
    ),
    "AWS::S3::StorageLensGroup": Coverage(harmless=EVERY_PROPERTY, why="measures"),
    # --- decide no request by themselves, but a change of theirs may give access
    "AWS::CloudFormation::Stack": Coverage(
        # The nested template is read with the parameters that it is given.
        _names("Parameters"),
        _names("Tags TemplateURL TimeoutInMinutes"),
        why="its template is read; where it is not there, that is said",
    ),
    STACK_SET: Coverage(
        # Of a StackSet that `fleets.py` reads; every other may give access.
        _names("AutoDeployment PermissionModel StackInstancesGroup TemplateBody"),
        _names("CallAs Capabilities Description ManagedExecution OperationPreferences StackSetName Tags"),
        why="its template is read as one for every account of the units",
    ),
    "AWS::IAM::AccessKey": Coverage(
        why="gives a user keys, and no one an access that the user lacks", appears=True, only_gives=True
    ),
    "AWS::IAM::InstanceProfile": Coverage(
        why="names the role of instances, and changes nothing of what the role may do", appears=True, only_gives=True
    ),
    "AWS::IAM::OIDCProvider": Coverage(
        harmless=_names("Tags"),
        why="is trusted only where a role's trust policy says so",
        appears=True,
        only_gives=True,
    ),
    "AWS::IAM::SAMLProvider": Coverage(
        harmless=_names("Tags"),
        why="is trusted only where a role's trust policy says so",
        appears=True,
        only_gives=True,
    ),
    "AWS::IAM::ServerCertificate": Coverage(why="is a certificate", appears=True, only_gives=True),
    "AWS::IAM::ServiceLinkedRole": Coverage(
        why="is a role that its service alone may assume", appears=True, only_gives=True
    ),
    "AWS::IAM::VirtualMFADevice": Coverage(why="is a device that makes codes", appears=True, only_gives=True),
    "AWS::Lambda::EventSourceMapping": Coverage(
        # Not its event source: a principal that may send to it makes the function act.
        harmless=_names(
            "BatchSize BisectBatchOnFunctionError Enabled FunctionResponseTypes MaximumBatchingWindowInSeconds "
            "MaximumRetryAttempts ParallelizationFactor ScalingConfig Tags"
        ),
        why="lets a function read with its own role",
        only_gives=True,
    ),
    "AWS::Lambda::Function": Coverage(
        # What code does is not judged: it acts with the function's role.
        harmless=_names(
            "Architectures Code Description Environment EphemeralStorage FunctionName Handler KmsKeyArn LoggingConfig "
            "MemorySize ReservedConcurrentExecutions Runtime SnapStart Tags Timeout TracingConfig"
        ),
        why="acts with its role, and is called by whom its permissions allow",
        only_gives=True,
    ),
    "AWS::Lambda::LayerVersion": Coverage(why="is code", appears=True, only_gives=True),
    "AWS::Lambda::Url": Coverage(
        why="is called by whom the function's permissions allow", appears=True, only_gives=True
    ),
    "AWS::Logs::LogGroup": Coverage(
        harmless=_names("KmsKeyId LogGroupClass LogGroupName RetentionInDays Tags"),
        why="is opened to others only by AWS::Logs::ResourcePolicy",
    ),
    "AWS::S3::StorageLens": Coverage(why="measures", appears=True, only_gives=True),
    "AWS::SNS::Subscription": Coverage(
        why="receives from a topic, and is allowed by the topic's policy", appears=True, only_gives=True
    ),
    "AWS::SNS::Topic": Coverage(
        # Not its key: without one, whoever may subscribe needs no right to it.
        harmless=_names("DisplayName FifoTopic Tags TopicName"),
        why="is decided by its policy",
    ),
    "AWS::SQS::Queue": Coverage(
        # SQS itself moves messages to a queue for dead letters: whoever may read those is decided there.
        harmless=_names(
            "ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue FifoThroughputLimit "
            "KmsDataKeyReusePeriodSeconds MaximumMessageSize MessageRetentionPeriod QueueName "
            "ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy SqsManagedSseEnabled Tags VisibilityTimeout"
        ),
        why="is decided by its policy",
    ),
    "AWS::SecretsManager::RotationSchedule": Coverage(
        why="makes a function change a secret", appears=True, only_gives=True
    ),
    "AWS::SecretsManager::Secret": Coverage(
        harmless=_names("Description GenerateSecretString Name SecretString Tags"), why="is decided by its policy"
    ),
    "AWS::SecretsManager::SecretTargetAttachment": Coverage(
        why="adds an address to a secret", appears=True, only_gives=True
    ),
}
"""Every type that is known: any other may give or take access, and so may each property that is not named here."""
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


def coverage_of(template: Template, logical_id: str) -> Coverage | None:
    """Return what of a resource is evaluated; None for one that is not read and may give or take access."""
    kind = template.resources[logical_id].get("Type")
    if kind == STACK_SET and fleet_of(template, logical_id) is None:
        return None
    return COVERAGE.get(kind) if isinstance(kind, str) else None


_TAGS_ARE_COMPARED: Final = frozenset(
    {
        "AWS::IAM::Role",
        "AWS::KMS::Key",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::SecretsManager::Secret",
    }
)
"""The types whose tags `diff` proves about: for them a change of tags is what it lets requests do."""
_TESTS_TAGS: Final = re.compile("resourcetag/|buckettag/", re.IGNORECASE)


def may_decide_by_tags(kind: str, statements: Iterable[Statement]) -> bool:
    """Return whether a statement may test the tags of a type's resources, of which there is no proof.

    `Tags` are harmless only where none does.
    """
    known = COVERAGE.get(kind, Coverage())
    if kind in _TAGS_ARE_COMPARED or "Tags" not in known.harmless | known.evaluated:
        return False
    actions = f"{_service_of(kind)}:*"
    return any(
        _TESTS_TAGS.search(str(each))
        and ("NotAction" in each or any(overlap(one, actions) for one in texts(each.get("Action"))))
        for each in statements
    )


def _service_of(kind: str) -> str:
    """Return the prefix of the actions of a type's service."""
    service = kind.split("::")[1]
    return _PREFIXES.get(service, service.lower())


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
    if transforms(resource):
        yield Unread(f"{place}, of which a transform writes a part at the deployment", None)
    if coverage_of(template, logical_id):
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
    vendor, _, rest = kind.partition("::")
    service = rest.partition("::")[0]
    what = f"{place} ({kind}), which crossrole does not read"
    if vendor != "AWS" or service in _ABOUT_EVERYTHING:
        of_any = service in {"Organizations", "RAM", "SSO", "ControlTower"} or kind == STACK_SET
        yield Unread(what, None if of_any else account)
    elif service in _OF_S3:
        yield Unread(what, account, frozenset({"s3"}))
    else:
        yield Unread(what, account, frozenset({_service_of(kind)}))


# The report lists these of every bucket.
_OF_BUCKETS: Final = {"AccessControl", "PublicAccessBlockConfiguration"}


def not_evaluated(templates: Sequence[Template]) -> dict[str, str]:
    """Return what always may give access and is not evaluated, as text by place."""
    found = {}
    for template in templates:
        for key in ("Transform", "Fn::Transform"):
            if key in template.body:
                found[f"{template.stack}/{key}"] = _text(template.body[key])
        for logical_id, resource in template.resources.items():
            place, properties = f"{template.stack}/{logical_id}", template.properties(logical_id)
            coverage = coverage_of(template, logical_id)
            if coverage is None or coverage.appears or transforms(resource):
                found[place] = _text(resource)
            elif resource.get("Type") == "AWS::S3::Bucket" and _OF_BUCKETS & properties.keys():
                found[place] = _text({key: properties.get(key) for key in sorted(_OF_BUCKETS)})
    return found


def transforms(resource: Mapping[str, Any]) -> bool:
    """Return whether CloudFormation writes part of it only at deployment, so that its content is not known."""
    return '"Fn::Transform"' in json.dumps(resource)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
