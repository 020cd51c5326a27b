"""An AWS account and region, and the names that follow from them."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from access.problem import did_you_mean
from access.values import AccountId, invalid
from crossrole.iam.arn import account_root_arn, bucket_arn, role_arn
from crossrole.iam.partitions import dns_suffix, partition_of_region, regions


def _known_region(value: str) -> str:
    if value not in regions():
        near = did_you_mean(value, regions())
        raise invalid(
            "the code of an AWS region, such as eu-west-1",
            near or "look the code up in AWS's list; a region newer than the pinned boto3 needs a newer boto3",
        )
    return value


Region = Annotated[str, AfterValidator(_known_region)]


class Environment(BaseModel):
    """One account and the region that its stacks are deployed to."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    account: AccountId = Field(description="The account's id: 12 digits in quotes.")
    region: Region = Field(description="The region that its stacks are deployed to.")

    @property
    def partition(self) -> str:
        """The ARN partition, such as `aws` or `aws-cn`."""
        return partition_of_region(self.region)

    @property
    def s3_service(self) -> str:
        """S3's name in `kms:ViaService`."""
        return f"s3.{self.region}.{dns_suffix(self.region)}"

    @property
    def root_arn(self) -> str:
        """The ARN that stands for the whole account in a trust policy."""
        return account_root_arn(self.partition, self.account)

    def role_arn(self, path_and_name: str) -> str:
        """Return the ARN of a role of this account, its path (without the first slash) before its name."""
        return role_arn(self.partition, self.account, path_and_name)

    def bucket_arn(self, bucket: str) -> str:
        """Return the ARN of a bucket; bucket ARNs name neither account nor region."""
        return bucket_arn(self.partition, bucket)
