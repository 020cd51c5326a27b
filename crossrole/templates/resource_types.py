"""What CloudFormation makes of a resource's Ref and attributes, type by type: its name and its ARN.

A type or attribute that is not here is unknown. Each entry is from the type's page of "Return values":
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from crossrole.unknown import Unknown, token


@dataclass(frozen=True)
class ResourceType:
    """How a type's resources are named."""

    name: str | None
    """The property that holds the name; None where every resource of the type gets its name at the deployment."""
    arn: str
    """The ARN, with the places {partition}, {region}, {account}, {path} and {name}."""
    ref: str = "name"
    """What Ref gives: `name`, `arn`, or another text with the ARN's places and {suffix}."""
    attributes: Mapping[str, str] | None = None
    """What Fn::GetAtt gives, as `ref` says it; `Arn` alone where it is None."""
    valid: str = r"[^*?$]+"
    """The pattern of the names that AWS takes."""
    shape: str = r"[^:/*?]+"
    """The pattern of the names that the deployment chooses; {stack} stands for what they begin with of the stack's."""


_IAM_NAME: Final = r"[\w+=,.@-]{1,128}"
_NAMED: Final = r"{stack}[\w.-]*"
_UUID: Final = r"(?:mrk-[0-9a-f]+|[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})"

RESOURCE_TYPES: Final[Mapping[str, ResourceType]] = {
    "AWS::IAM::Role": ResourceType(
        "RoleName", "arn:{partition}:iam::{account}:role{path}{name}", valid=_IAM_NAME, shape=_NAMED
    ),
    "AWS::IAM::User": ResourceType(
        "UserName", "arn:{partition}:iam::{account}:user{path}{name}", valid=_IAM_NAME, shape=_NAMED
    ),
    "AWS::IAM::Group": ResourceType(
        "GroupName", "arn:{partition}:iam::{account}:group{path}{name}", valid=_IAM_NAME, shape=_NAMED
    ),
    "AWS::IAM::ManagedPolicy": ResourceType(
        "ManagedPolicyName",
        "arn:{partition}:iam::{account}:policy{path}{name}",
        ref="arn",
        attributes={"PolicyArn": "arn"},
        shape=_NAMED,
    ),
    "AWS::IAM::InstanceProfile": ResourceType(
        "InstanceProfileName", "arn:{partition}:iam::{account}:instance-profile{path}{name}", shape=_NAMED
    ),
    "AWS::IAM::OIDCProvider": ResourceType(None, "arn:{partition}:iam::{account}:oidc-provider/{name}", ref="arn"),
    "AWS::S3::Bucket": ResourceType(
        "BucketName",
        "arn:{partition}:s3:::{name}",
        attributes={
            "Arn": "arn",
            "DomainName": "{name}.s3.{suffix}",
            "RegionalDomainName": "{name}.s3.{region}.{suffix}",
        },
        valid=r"[A-Za-z0-9._-]{3,255}",
        shape=r"{stack}[a-z0-9.-]*",
    ),
    "AWS::S3::AccessPoint": ResourceType(
        "Name",
        "arn:{partition}:s3:{region}:{account}:accesspoint/{name}",
        attributes={"Arn": "arn", "Name": "name"},
        shape=r"[a-z0-9-]+",
    ),
    "AWS::KMS::Key": ResourceType(
        None,
        "arn:{partition}:kms:{region}:{account}:key/{name}",
        attributes={"Arn": "arn", "KeyId": "name"},
        shape=_UUID,
    ),
    "AWS::KMS::Alias": ResourceType("AliasName", "arn:{partition}:kms:{region}:{account}:{name}", attributes={}),
    "AWS::SQS::Queue": ResourceType(
        "QueueName",
        "arn:{partition}:sqs:{region}:{account}:{name}",
        ref="https://sqs.{region}.{suffix}/{account}/{name}",
        attributes={
            "Arn": "arn",
            "QueueName": "name",
            "QueueUrl": "https://sqs.{region}.{suffix}/{account}/{name}",
        },
        shape=_NAMED,
    ),
    "AWS::SNS::Topic": ResourceType(
        "TopicName",
        "arn:{partition}:sns:{region}:{account}:{name}",
        ref="arn",
        attributes={"TopicArn": "arn", "Arn": "arn", "TopicName": "name"},
        shape=_NAMED,
    ),
    "AWS::SecretsManager::Secret": ResourceType(
        None, "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}", ref="arn", attributes={"Id": "arn"}
    ),
    "AWS::Logs::LogGroup": ResourceType(
        "LogGroupName", "arn:{partition}:logs:{region}:{account}:log-group:{name}:*", shape=r"{stack}[^:*]*"
    ),
    "AWS::Lambda::Function": ResourceType(
        "FunctionName", "arn:{partition}:lambda:{region}:{account}:function:{name}", shape=_NAMED
    ),
    "AWS::DynamoDB::Table": ResourceType(
        "TableName", "arn:{partition}:dynamodb:{region}:{account}:table/{name}", shape=_NAMED
    ),
    "AWS::StepFunctions::StateMachine": ResourceType(
        "StateMachineName",
        "arn:{partition}:states:{region}:{account}:stateMachine:{name}",
        ref="arn",
        attributes={"Arn": "arn", "Name": "name"},
    ),
    "AWS::Events::Rule": ResourceType(
        "Name", "arn:{partition}:events:{region}:{account}:rule/{name}", attributes={"Arn": "arn"}, shape=r"[^:*?]+"
    ),
    "AWS::Events::EventBus": ResourceType(
        "Name", "arn:{partition}:events:{region}:{account}:event-bus/{name}", attributes={"Arn": "arn", "Name": "name"}
    ),
    "AWS::Kinesis::Stream": ResourceType(
        "Name", "arn:{partition}:kinesis:{region}:{account}:stream/{name}", shape=_NAMED
    ),
    "AWS::ECR::Repository": ResourceType(
        "RepositoryName", "arn:{partition}:ecr:{region}:{account}:repository/{name}", shape=r"[^:*?]+"
    ),
    "AWS::CodeBuild::Project": ResourceType("Name", "arn:{partition}:codebuild:{region}:{account}:project/{name}"),
}


def key_of_aws(partition: str, region: str, account: str) -> str:
    """Return the ARN of AWS's own key for S3 in an account: it has an alias, and an id that no template says."""
    unknown = Unknown(f"the id of AWS's own key aws/s3 of {account} in {region}", _UUID.format())
    return f"arn:{partition}:kms:{region}:{account}:key/{token(unknown)}"
