"""What access.toml holds, as a whole."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from access.environment import Environment
from access.fleet import Fleet
from access.grant import Grant
from access.principal import PrincipalKind
from access.values import (
    BucketKey,
    BucketName,
    Concurrency,
    ExternalId,
    RoleName,
    RolePathAndName,
    StackNumber,
    TagKey,
    TagValue,
    TopicArn,
)

_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)


def stack_name(stack: str, number: int) -> str:
    """Return a stack's name: the first of its kind has no number, so that a second one renames nothing."""
    return stack if number == 1 else f"{stack}{number}"


class Bucket(BaseModel):
    """One `[[buckets]]` entry: a bucket that grants reach."""

    model_config = _STRICT

    name: BucketName = Field(description="The bucket's name.")
    create: bool = Field(
        default=False, description="Make it in ProdAccessStack, hardened; otherwise it exists already."
    )
    kms_key: BucketKey | None = Field(
        None,
        description='Encrypt with a customer key: its ARN, or `"new"` to make one; left out: S3\'s own key.',
    )
    stack: StackNumber = Field(1, description="The stack that makes it, as for a grant.")
    log_bucket: BucketName | None = Field(
        None, description="The existing bucket that gets the access log; it must let S3's log delivery write."
    )


class Writer(BaseModel):
    """The `[writer]` table: the Lambda function in dev."""

    model_config = _STRICT

    grant: RoleName = Field(description="The name of the grant that the function uses.")
    role: RolePathAndName = Field(description="The function's own role in dev, its path before its name.")
    external_id: ExternalId | None = Field(
        None, description="The external ID that the function sends: the grant's, where it has one."
    )
    alarm_topic: TopicArn | None = Field(
        None, description="The ARN of the SNS topic that receives the function's alarms."
    )
    memory_size: int = Field(
        512, ge=128, le=10240, description="The function's memory in MB, and its share of a processor with it."
    )
    timeout: int = Field(60, ge=1, le=900, description="How many seconds one invocation may take.")
    reserved_concurrency: Concurrency | None = Field(
        None, description="How many may run at once, reserved: the account's other functions can't use these."
    )
    snap_start: bool = Field(
        default=False,
        description="Start from a snapshot of the function, which AWS charges for; the synth says how much.",
    )
    queue: bool = Field(
        default=False, description="Make an SQS queue whose messages the function takes, and its dead-letter queue."
    )

    @property
    def role_name(self) -> str:
        """The role's name without its path."""
        return self.role.rpartition("/")[2]

    @property
    def role_path(self) -> str:
        """The role's path, with both slashes."""
        return f"/{self.role.rpartition('/')[0]}/".replace("//", "/")


class Access(BaseModel):
    """The whole of access.toml."""

    model_config = _STRICT | ConfigDict(title="access.toml")

    prod: Environment = Field(description="The production account.")
    dev: Environment = Field(description="The dev account.")
    grants: Annotated[tuple[Grant, ...], Field(strict=False, min_length=1)] = Field(
        description="One role in production each."
    )
    buckets: Annotated[tuple[Bucket, ...], Field(strict=False)] = Field(
        (), description="Buckets that the stack makes; one that exists already needs no entry."
    )
    writer: Writer | None = Field(None, description="The Lambda function; left out: no DevLambdaStack.")
    fleet: Fleet | None = Field(
        None, description="The organization's units whose accounts get the caller's half; left out: no FleetStack."
    )
    tags: dict[TagKey, TagValue] = Field({}, description="Tags on every resource that takes tags.")

    @property
    def stacks(self) -> list[int]:
        """The numbers of production's stacks: those that something is made in."""
        made = [bucket.stack for bucket in self.buckets if bucket.create]
        return sorted({*made, *(grant.stack for grant in self.grants)})

    def bucket(self, name: str) -> Bucket | None:
        """Return the `[[buckets]]` entry of that name, if there is one."""
        return next((bucket for bucket in self.buckets if bucket.name == name), None)

    def grant(self, name: str) -> Grant | None:
        """Return the grant of that name, if there is one."""
        return next((grant for grant in self.grants if grant.name == name), None)

    def dev_users(self, grant: Grant) -> list[str]:
        """Return the names of the dev account's IAM users that the grant lists."""
        users = grant.of_kind(PrincipalKind.USER)
        return list(dict.fromkeys(str(user.name) for user in users if user.account == self.dev.account))

    def writer_grants(self, writer: Writer) -> list[Grant]:
        """Return the grants that the function's role may assume: its own first, then others that list the role."""
        role = self.dev.role_arn(writer.role)
        listed = [grant for grant in self.grants if any(principal.text == role for principal in grant.principals)]
        own = [grant for grant in self.grants if grant.name == writer.grant]
        return [*own, *(grant for grant in listed if grant not in own)]

    @property
    def all_tags(self) -> dict[str, str]:
        """The tags of every stack; the file's own win."""
        own = {"application": "crossrole"}
        named = {key.lower() for key in self.tags}
        return {key: value for key, value in own.items() if key not in named} | self.tags


@dataclass(frozen=True)
class Parts:
    """The entries of access.toml that are valid by themselves.

    `grant_names` also has the names of grants that are not; `doubts` has the grants' keys whose values are wrong, so
    that nothing is said of what they leave open.
    """

    prod: Environment | None
    dev: Environment | None
    grants: list[Grant]
    doubts: set[tuple[str, str]]
    buckets: list[Bucket]
    writer: Writer | None
    grant_names: list[str]
    tags: dict[str, str]
    fleet: Fleet | None = None
