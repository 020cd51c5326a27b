"""An AWS account and region, and the names that follow from them."""

from pydantic import BaseModel, ConfigDict, Field

from cross_account.fields import AccountId
from cross_account.regions import Region, partitions


class Environment(BaseModel):
    """One account and the region that its stacks are deployed to."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    account: AccountId = Field(description="The account's id: 12 digits in quotes.")
    region: Region = Field(description="The region that its stacks are deployed to.")

    @property
    def partition(self) -> str:
        """The ARN partition, such as `aws` or `aws-cn`."""
        return partitions()[self.region][0]

    @property
    def s3_service(self) -> str:
        """S3's name in `kms:ViaService`."""
        return f"s3.{self.region}.{partitions()[self.region][1]}"

    @property
    def root_arn(self) -> str:
        """The ARN that stands for the whole account in a trust policy."""
        return account_root_arn(self.partition, self.account)

    def role_arn(self, path_and_name: str) -> str:
        """Return the ARN of a role of this account, its path (without the first slash) before its name."""
        return f"arn:{self.partition}:iam::{self.account}:role/{path_and_name}"

    def bucket_arn(self, bucket: str) -> str:
        """Return the ARN of a bucket; bucket ARNs name neither account nor region."""
        return f"arn:{self.partition}:s3:::{bucket}"


def account_root_arn(partition: str, account: str) -> str:
    """Return the ARN that stands for a whole account in a trust policy."""
    return f"arn:{partition}:iam::{account}:root"
