"""A grant: one role in production, who may assume it, and what it may do in S3."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from access.principal import Principal, PrincipalField, PrincipalKind
from access.s3_actions import S3Action
from access.values import (
    BucketNameOrAny,
    Cidr,
    Description,
    ExternalId,
    KeyArn,
    Moment,
    OrganizationId,
    PolicyArn,
    Prefix,
    RoleName,
    RolePath,
    StackNumber,
)
from crossrole.iam.quotas import LEAST_MAX_SESSION, LONGEST_SESSION, ROLE_CHAINING_LIMIT, SHORTEST_SESSION

Access = Literal["read", "write", "list", "delete", "full"]


# What makes S3 decrypt an object: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
_READS = {"s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"}


class Grant(BaseModel):
    """One `[[grants]]` entry. Its fields are checked one by one here, and together in `grant_rules`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: RoleName = Field(description="The name of the role that appears in the production account.")
    description: Description = Field("", description="Why it exists; the role's description.")
    principals: Annotated[tuple[PrincipalField, ...], Field(min_length=1, strict=False)] = Field(
        description=(
            "Who may assume the role: account ids, ARNs of IAM users and roles, Identity Center roles "
            "(`…/AWSReservedSSO_NAME_*`), organizations (`o-…`), organizational units (`o-…/r-…/ou-…`)."
        )
    )
    bucket: BucketNameOrAny = Field(description='The bucket, in the production account; `"*"` for every bucket.')
    prefix: Prefix = Field("", description='The keys it reaches, such as `"dev/"`; left out: every key.')
    access: Annotated[tuple[Access, ...], Field(strict=False)] = Field(
        (),
        description=(
            "`read` (GetObject), `write` (PutObject and multipart), `list` (ListBucket under the prefix), "
            "`delete` (DeleteObject; older versions stay), `full` (`s3:*`)."
        ),
    )
    actions: Annotated[tuple[S3Action, ...], Field(strict=False)] = Field(
        (), description='Exact S3 actions beside `access`, such as `"s3:PutObjectTagging"`.'
    )
    list_buckets: bool = Field(
        default=False,
        description="Whether a bare `aws s3 ls` works: the names of all buckets of the account.",
    )
    pin: bool = Field(
        default=False,
        description=(
            "Trust the users' and roles' ARNs themselves, which IAM turns into unique ids: each must exist before "
            "the grant is deployed, and one that is deleted and made again is no longer trusted."
        ),
    )
    external_id: ExternalId | None = Field(None, description="The external ID that a caller must send.")
    mfa_max_age: Annotated[int, Field(ge=60, le=129600)] | None = Field(
        None, description="Seconds since the caller's MFA; for people, not for roles."
    )
    organization: OrganizationId | None = Field(
        None, description="The organization that a caller's account must belong to."
    )
    source_identity: bool = Field(
        default=False,
        description=(
            "Whether a caller may set a source identity, which CloudTrail records for everything that the session "
            "does; `crossrole assume` sets it to the caller's name."
        ),
    )
    expires: Moment | None = Field(
        None, description="From this moment nobody can assume the role and its live sessions can do nothing."
    )
    source_ips: Annotated[tuple[Cidr, ...], Field(strict=False)] = Field(
        (), description="CIDR ranges that the role can be assumed and used from."
    )
    max_session: Annotated[int, Field(ge=SHORTEST_SESSION, le=LONGEST_SESSION)] = Field(
        ROLE_CHAINING_LIMIT,
        description=(
            f"The longest a session may last, in seconds: {SHORTEST_SESSION} to {LONGEST_SESSION}. IAM itself enforces "
            f"{LEAST_MAX_SESSION} or more; below that, the function and the printed command ask for no more than this."
        ),
    )
    permissions_boundary: PolicyArn | None = Field(
        None, description="The ARN of the managed policy that bounds the role."
    )
    path: RolePath = Field("/", description="The role's path.")
    stack: StackNumber = Field(
        1,
        description=(
            "The stack that makes the role: `2` is ProdAccessStack2, and so on, for when ProdAccessStack is full. "
            "A role that is deployed stays in its stack: another stack can't make it while it exists."
        ),
    )
    kms_key: KeyArn | None = Field(None, description="The ARN of the customer key of a bucket that exists already.")
    revoked_before: Moment | None = Field(
        None, description="Sessions issued before this moment can do nothing; new sessions still can."
    )
    disabled: bool = Field(
        default=False, description="Nobody can assume the role and its live sessions can do nothing."
    )

    @property
    def path_and_name(self) -> str:
        """The role's path, without its first slash, and name, as an ARN has them after `role/`."""
        return f"{self.path}{self.name}".removeprefix("/")

    def of_kind(self, *kinds: PrincipalKind) -> list[Principal]:
        """Return the principals of these kinds, in the order of the file."""
        return [principal for principal in self.principals if principal.kind in kinds]

    @property
    def writes(self) -> bool:
        """Whether the role may put objects."""
        return bool({"write", "full"} & set(self.access)) or "s3:PutObject" in self.actions

    @property
    def reads(self) -> bool:
        """Whether the role may get objects."""
        return bool({"read", "full"} & set(self.access)) or any(action in _READS for action in self.actions)


def logical_name(name: str) -> str:
    """Return a role name as CloudFormation's logical ids and output keys can have it: letters and digits alone."""
    return "".join(character for character in name if character.isalnum())
