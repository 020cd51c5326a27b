"""The bucket that grants reach, in the production account."""

from typing import cast

from aws_cdk import Duration, RemovalPolicy, aws_iam as iam, aws_kms as kms, aws_s3 as s3
from constructs import Construct

from access.policies.document import Statement
from cross_account.acknowledge import acknowledge


class HardenedBucket(Construct):
    """A private, versioned, encrypted bucket that only TLS 1.2 and better reaches and that outlives its stack.

    `kms_key` is the ARN of a key, `"new"` to make one, or None for S3's own key. `key_arn` is the customer key's
    ARN, None without one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        namespace: str,
        kms_key: str | None,
        log_bucket: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.new_key = self._make_key(name) if kms_key == "new" else None
        key = self.new_key or (kms.Key.from_key_arn(self, "Key", kms_key) if kms_key else None)
        self.key_arn = key.key_arn if key else None
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=name,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            bucket_key_enabled=True if key else None,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            lifecycle_rules=[
                s3.LifecycleRule(id="AbortIncompleteUploads", abort_incomplete_multipart_upload_after=Duration.days(7))
            ],
            server_access_logs_bucket=s3.Bucket.from_bucket_name(self, "LogBucket", log_bucket) if log_bucket else None,
            server_access_logs_prefix=f"{name}/" if log_bucket else None,
            removal_policy=RemovalPolicy.RETAIN,
        )
        if namespace == "account":
            # CDK takes a prefix for it alone, and would know no name; CloudFormation takes the whole name too.
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
            made = cast("s3.CfnBucket", self.bucket.node.default_child)
            made.bucket_namespace = "account-regional"
        if not log_bucket:
            acknowledge(
                self.bucket,
                "AwsSolutions-S1",
                reason=f"no log_bucket is named for {name}; CloudTrail data events can record the same requests",
            )

    def allow_key_use(self, statements: list[Statement]) -> None:
        """Add a grant's statements to the policy of the key that this construct made, if it made one."""
        if self.new_key:
            for statement in statements:
                self.new_key.add_to_resource_policy(iam.PolicyStatement.from_json(statement))

    def _make_key(self, name: str) -> kms.Key:
        return kms.Key(
            self,
            "Key",
            description=f"Encrypts the bucket {name}",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
