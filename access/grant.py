"""A grant: one role in production, who may assume it, and what it may do in S3."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from access.principal import Principal, PrincipalField, PrincipalKind
from access.s3_actions import S3Action
from access.values import (
    BucketNameOrAny,
    Cidr,
    Description,
    ExternalId,
    Moment,
    OrganizationId,
    PolicyArn,
    Prefix,
    RoleName,
    RolePath,
    StackNumber,
    TagKey,
    TagValue,
)
from crossrole.iam.quotas import LEAST_MAX_SESSION, LONGEST_SESSION, ROLE_CHAINING_LIMIT, SHORTEST_SESSION

Access = Literal["read", "write", "list", "delete", "full"]


# What makes S3 decrypt an object: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
_READS = {"s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"}


_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)

_ACCESS = Field(
    (),
    description=(
        "`read` (GetObject), `write` (PutObject and multipart), `list` (ListBucket under the prefix), "
        "`delete` (DeleteObject; older versions stay), `full` (`s3:*`)."
    ),
)
_ACTIONS = Field((), description='Exact S3 actions beside `access`, such as `"s3:PutObjectTagging"`.')
_PREFIX = Field("", description='The keys it reaches, such as `"dev/"`; left out: every key.')


class Place(BaseModel):
    """One `[[grants.places]]` entry: a bucket, the keys under a prefix, and what the role may do there."""

    model_config = _STRICT

    bucket: BucketNameOrAny = Field(description='The bucket, in the production account; `"*"` for every bucket.')
    prefix: Prefix = _PREFIX
    access: Annotated[tuple[Access, ...], Field(strict=False)] = _ACCESS
    actions: Annotated[tuple[S3Action, ...], Field(strict=False)] = _ACTIONS

    @property
    def writes(self) -> bool:
        """Whether the role may put objects here."""
        return bool({"write", "full"} & set(self.access)) or "s3:PutObject" in self.actions

    @property
    def reads(self) -> bool:
        """Whether the role may get objects here."""
        return bool({"read", "full"} & set(self.access)) or any(action in _READS for action in self.actions)

    @property
    def keys(self) -> str:
        """The keys it reaches, in words."""
        return f"the keys under {self.prefix}" if self.prefix else "every key"


class Grant(BaseModel):
    """One `[[grants]]` entry. Its fields are checked one by one here, and together in `grant_rules`."""

    model_config = _STRICT

    name: RoleName = Field(description="The name of the role that appears in the production account.")
    description: Description = Field("", description="Why it exists; the role's description.")
    principals: Annotated[tuple[PrincipalField, ...], Field(min_length=1, strict=False)] = Field(
        description=(
            "Who may assume the role: account ids, ARNs of IAM users and roles, Identity Center roles "
            "(`…/AWSReservedSSO_NAME_*`), organizations (`o-…`), organizational units (`o-…/r-…/ou-…`), and "
            "`PROVIDER:SUBJECT` for the tokens of an `[[identity_providers]]` entry."
        )
    )
    bucket: BucketNameOrAny | None = Field(
        None, description='The bucket, in the production account; `"*"` for every bucket. Several: `[[grants.places]]`.'
    )
    prefix: Prefix = _PREFIX
    access: Annotated[tuple[Access, ...], Field(strict=False)] = _ACCESS
    actions: Annotated[tuple[S3Action, ...], Field(strict=False)] = _ACTIONS
    places: Annotated[tuple[Place, ...], Field(strict=False)] = Field(
        (),
        description=(
            "`[[grants.places]]` entries, each with `bucket`, `prefix`, `access` and `actions` of its own, in place of "
            "these four keys."
        ),
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
    attach: bool = Field(
        default=True,
        description=(
            "Attach the permission to assume the role to the users and roles of `[dev]` and `[[accounts]]`; `false` "
            "leaves that to their administrator."
        ),
    )
    external_id: ExternalId | None = Field(None, description="The external ID that a caller must send.")
    mfa_max_age: Annotated[int, Field(ge=60, le=129600)] | None = Field(
        None, description="Seconds since the caller's MFA; for people, not for roles."
    )
    organization: OrganizationId | None = Field(
        None, description="The organization that a caller's account must belong to."
    )
    session_tags: Annotated[tuple[TagKey, ...], Field(strict=False)] = Field(
        (), description="The keys that callers may tag their sessions with, as EKS Pod Identity and some tools do."
    )
    caller_tags: dict[TagKey, TagValue] = Field(
        {}, description="Tags that a caller must bear: as an IAM user or role, or as a tagged session."
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

    @cached_property
    def all_places(self) -> tuple[Place, ...]:
        """Where it reaches: the `[[grants.places]]` entries, or the one place that stands in the grant itself."""
        if self.bucket is None:
            return self.places
        # Its fields are checked already.
        own = Place.model_construct(bucket=self.bucket, prefix=self.prefix, access=self.access, actions=self.actions)
        return (own, *self.places)


def logical_name(name: str) -> str:
    """Return a role name as CloudFormation's logical ids and output keys can have it: letters and digits alone."""
    return "".join(character for character in name if character.isalnum())
