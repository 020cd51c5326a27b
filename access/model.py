"""What access.toml holds, as a whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from access.environment import Environment
from access.fleet import Fleet
from access.grant import Grant
from access.identity_provider import IdentityProvider
from access.principal import Principal, PrincipalKind
from access.values import (
    AccountName,
    BucketKey,
    BucketName,
    Concurrency,
    RoleName,
    RolePathAndName,
    StackNumber,
    TagKey,
    TagValue,
    TopicArn,
)
from crossrole.iam.quotas import TRUST_POLICY

_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)


def stack_name(stack: str, number: int) -> str:
    """Return a stack's name: the first of its kind has no number, so that a second one renames nothing."""
    return stack if number == 1 else f"{stack}{number}"


def callers_stack_name(account: str, number: int) -> str:
    """Return the name of an account's stack of callers: `[dev]`'s has no name of its own."""
    stack = stack_name("DevCallersStack", number)
    return stack if account == DEV else f"{stack}-{account}"


DEV = "dev"
"""What output calls the account of `[dev]`."""


class Production(Environment):
    """The `[prod]` table."""

    trust_policy_quota: Annotated[int, Field(ge=TRUST_POLICY, le=8192)] = Field(
        TRUST_POLICY,
        description="The characters that a trust policy may have, where AWS has raised the account's quota.",
    )


class Account(Environment):
    """One `[[accounts]]` entry: an account whose users and roles call."""

    name: AccountName = Field(description="What outputs, reports and messages call it, and its stack's ending.")


class Bucket(BaseModel):
    """One `[[buckets]]` entry: a bucket that grants reach."""

    model_config = _STRICT

    name: BucketName = Field(description="The bucket's name.")
    create: bool = Field(
        default=False, description="Make it in ProdAccessStack, hardened; otherwise it exists already."
    )
    namespace: Literal["global", "account"] = Field(
        "global",
        description=(
            "`account` makes it in the account's regional namespace of S3, where nobody else can take its name after "
            "a deletion; the name then ends in `-ACCOUNT-REGION-an`."
        ),
    )
    kms_key: BucketKey | None = Field(
        None,
        description=(
            'The customer key that encrypts it: its ARN, or `"new"` to make one with a bucket that is made; '
            "left out: S3's own key."
        ),
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


def attached_to(grant: Grant, accounts: Iterable[Environment], writer_role: str | None) -> list[Principal]:
    """Return the grant's users and roles of some accounts to which DevCallersStack attaches their half, each once.

    Not to the function's own role, which has it from DevLambdaStack, nor to a service's own, which nobody can change.
    """
    numbers = {account.account for account in accounts}
    named = dict.fromkeys(grant.of_kind(PrincipalKind.USER, PrincipalKind.ROLE)) if grant.attach else {}
    others = [each for each in named if each.account in numbers and each.text != writer_role]
    return [each for each in others if ":role/aws-service-role/" not in each.text]


class Access(BaseModel):
    """The whole of access.toml."""

    model_config = _STRICT | ConfigDict(title="access.toml")

    prod: Production = Field(description="The production account.")
    dev: Environment = Field(description="The dev account.")
    accounts: Annotated[tuple[Account, ...], Field(strict=False)] = Field(
        (), description="More accounts whose users and roles call."
    )
    grants: Annotated[tuple[Grant, ...], Field(strict=False, min_length=1)] = Field(
        description="One role in production each."
    )
    buckets: Annotated[tuple[Bucket, ...], Field(strict=False)] = Field(
        (), description="Buckets that the stack makes; one that exists already needs an entry only for its key."
    )
    identity_providers: Annotated[tuple[IdentityProvider, ...], Field(strict=False)] = Field(
        (), description="Who signs the tokens of callers outside AWS, such as CI jobs and clusters."
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

    @property
    def caller_accounts(self) -> dict[str, Environment]:
        """The accounts that callers get their half in, by what output calls them."""
        return {DEV: self.dev, **{account.name: account for account in self.accounts}}

    def callers(self, grant: Grant, account: Environment) -> tuple[list[str], list[str]]:
        """Return the names of the account's users and roles that the grant gives their half, without paths.

        The function's own role is not among them: DevLambdaStack gives it its half.
        """
        named = attached_to(grant, [account], self.writer_role)
        users = [str(each.name) for each in named if each.kind is PrincipalKind.USER]
        roles = [str(each.name) for each in named if each.kind is PrincipalKind.ROLE]
        return list(dict.fromkeys(users)), list(dict.fromkeys(roles))

    def given_their_half(self, grant: Grant) -> list[Principal]:
        """Return the grant's principals that a stack here lets assume its role."""
        attached = attached_to(grant, self.caller_accounts.values(), self.writer_role)
        return [each for each in grant.principals if each in attached or each.text == self.writer_role]

    @property
    def writer_role(self) -> str | None:
        """The ARN of the function's role, where there is a function."""
        return self.dev.role_arn(self.writer.role) if self.writer else None

    def keys(self, grant: Grant) -> dict[str, str]:
        """Return the customer keys of the grant's buckets by the buckets' names: an ARN, or `new`."""
        found = {place.bucket: self.bucket(place.bucket) for place in grant.all_places}
        return {name: bucket.kms_key for name, bucket in found.items() if bucket and bucket.kms_key}

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

    prod: Production | None
    dev: Environment | None
    accounts: list[Account]
    providers: list[IdentityProvider]
    grants: list[Grant]
    doubts: set[tuple[str, str]]
    buckets: list[Bucket]
    writer: Writer | None
    grant_names: list[str]
    tags: dict[str, str]
    fleet: Fleet | None = None

    @property
    def writer_role(self) -> str | None:
        """The ARN of the function's role, where there is a function."""
        return self.dev.role_arn(self.writer.role) if self.dev and self.writer else None

    def attached_to(self, grant: Grant) -> list[Principal]:
        """Return the grant's principals to which DevCallersStack attaches their half, in any account."""
        return attached_to(grant, [*([self.dev] if self.dev else []), *self.accounts], self.writer_role)
