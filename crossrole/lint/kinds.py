"""The kinds of policy documents, and which property of which resource type holds each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from crossrole.iam.quotas import BUCKET_POLICY, KEY_POLICY, MANAGED_POLICY, TRUST_POLICY


@dataclass(frozen=True)
class Kind:
    """What AWS takes in a kind of document; None where it takes both, or where it is not known."""

    words: str
    """Such as "a trust policy"."""
    principals: bool | None = None
    """Whether each statement must name principals (true), or none may (false)."""
    resources: bool | None = None
    """The same of resources."""
    services: frozenset[str] = frozenset()
    """The services whose actions it can give; empty for those of all."""
    by_iam: bool = False
    """Whether IAM itself stores it, which checks more than other services do."""
    limits: bool = False
    """Whether it only limits what other policies allow, as the policies of VPC endpoints and organizations do."""
    quota: int | None = None
    """How many characters it may have, white space not counted."""


IDENTITY = Kind("a policy of a role, user or group", principals=False, resources=True, by_iam=True)
MANAGED = Kind("a managed policy", principals=False, resources=True, by_iam=True, quota=MANAGED_POLICY)
TRUST = Kind(
    "a trust policy",
    principals=True,
    resources=False,
    services=frozenset({"sts"}),
    by_iam=True,
    quota=TRUST_POLICY,
)
BUCKET = Kind("a bucket policy", principals=True, resources=True, services=frozenset({"s3"}), quota=BUCKET_POLICY)
ACCESS_POINT = Kind(
    "an access point's policy", principals=True, resources=True, services=frozenset({"s3", "s3-object-lambda"})
)
KEY = Kind("a key policy", principals=True, resources=True, services=frozenset({"kms"}), quota=KEY_POLICY)
QUEUE = Kind("a queue policy", principals=True, resources=True, services=frozenset({"sqs"}))
TOPIC = Kind("a topic policy", principals=True, resources=True, services=frozenset({"sns"}))
SECRET = Kind("a secret's policy", principals=True, resources=True, services=frozenset({"secretsmanager"}))
FUNCTION = Kind("a permission of a function", principals=True, services=frozenset({"lambda"}))
API = Kind("an API's policy", principals=True, services=frozenset({"execute-api"}))
RESOURCE = Kind("a policy of a resource")
ENDPOINT = Kind("a VPC endpoint's policy", limits=True)
ORGANIZATION = Kind("a policy of an organization", resources=True, limits=True)
DEVICES = Kind("a policy of IoT devices", principals=False, services=frozenset({"iot"}))
UNKNOWN = Kind("a policy")

_PLACES: Mapping[str, Mapping[str, Kind]] = {
    "AWS::ApiGateway::RestApi": {"Policy": API},
    "AWS::Backup::BackupVault": {"AccessPolicy": RESOURCE},
    "AWS::CodeArtifact::Domain": {"PermissionsPolicyDocument": RESOURCE},
    "AWS::CodeArtifact::Repository": {"PermissionsPolicyDocument": RESOURCE},
    "AWS::DynamoDB::GlobalTable": {"Replicas.ResourcePolicy.PolicyDocument": RESOURCE},
    "AWS::DynamoDB::Table": {"ResourcePolicy.PolicyDocument": RESOURCE},
    "AWS::EC2::VPCEndpoint": {"PolicyDocument": ENDPOINT},
    "AWS::ECR::PublicRepository": {"RepositoryPolicyText": RESOURCE},
    "AWS::ECR::RegistryPolicy": {"PolicyText": RESOURCE},
    "AWS::ECR::Repository": {"RepositoryPolicyText": RESOURCE},
    "AWS::EFS::FileSystem": {"FileSystemPolicy": RESOURCE},
    "AWS::Elasticsearch::Domain": {"AccessPolicies": RESOURCE},
    "AWS::Events::EventBus": {"Policy": RESOURCE},
    "AWS::IAM::Group": {"Policies.PolicyDocument": IDENTITY},
    "AWS::IAM::GroupPolicy": {"PolicyDocument": IDENTITY},
    "AWS::IAM::ManagedPolicy": {"PolicyDocument": MANAGED},
    "AWS::IAM::Policy": {"PolicyDocument": IDENTITY},
    "AWS::IAM::Role": {"AssumeRolePolicyDocument": TRUST, "Policies.PolicyDocument": IDENTITY},
    "AWS::IAM::RolePolicy": {"PolicyDocument": IDENTITY},
    "AWS::IAM::User": {"Policies.PolicyDocument": IDENTITY},
    "AWS::IAM::UserPolicy": {"PolicyDocument": IDENTITY},
    "AWS::IoT::Policy": {"PolicyDocument": DEVICES},
    "AWS::KMS::Key": {"KeyPolicy": KEY},
    "AWS::KMS::ReplicaKey": {"KeyPolicy": KEY},
    "AWS::Kinesis::ResourcePolicy": {"ResourcePolicy": RESOURCE},
    "AWS::Logs::Destination": {"DestinationPolicy": RESOURCE},
    "AWS::Logs::ResourcePolicy": {"PolicyDocument": RESOURCE},
    "AWS::OpenSearchService::Domain": {"AccessPolicies": RESOURCE},
    "AWS::Organizations::Policy": {"Content": ORGANIZATION},
    "AWS::S3::AccessPoint": {"Policy": ACCESS_POINT},
    "AWS::S3::BucketPolicy": {"PolicyDocument": BUCKET},
    "AWS::S3::MultiRegionAccessPointPolicy": {"Policy": ACCESS_POINT},
    "AWS::S3Express::BucketPolicy": {"PolicyDocument": RESOURCE},
    "AWS::S3ObjectLambda::AccessPointPolicy": {"PolicyDocument": ACCESS_POINT},
    "AWS::SNS::TopicInlinePolicy": {"PolicyDocument": TOPIC},
    "AWS::SNS::TopicPolicy": {"PolicyDocument": TOPIC},
    "AWS::SQS::QueueInlinePolicy": {"PolicyDocument": QUEUE},
    "AWS::SQS::QueuePolicy": {"PolicyDocument": QUEUE},
    "AWS::SSO::PermissionSet": {"InlinePolicy": IDENTITY},
    "AWS::SecretsManager::ResourcePolicy": {"ResourcePolicy": SECRET},
    "AWS::VpcLattice::AuthPolicy": {"Policy": RESOURCE},
    "AWS::VpcLattice::ResourcePolicy": {"Policy": RESOURCE},
}
# What stands between the properties: the number of an entry, and a function whose branches hold the same.
_BETWEEN = re.compile(r"\[\d+\]|\.Fn::\w+")


def kind_at(resource_type: str, path: str) -> Kind | None:
    """Return the kind of document that a property holds, such as `Policies[0].PolicyDocument`; None for no document."""
    return _PLACES.get(resource_type, {}).get(_BETWEEN.sub("", path))
