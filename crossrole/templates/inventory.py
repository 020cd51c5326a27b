"""What the templates of all accounts say about access: roles, users, buckets and keys, each with its policies."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crossrole.errors import CommandError, nearest
from crossrole.iam.arn import account_of, is_role, name_of
from crossrole.iam.policy import Policy, principals_of, trusted


@dataclass(frozen=True)
class Identity:
    """A role or a user with the policies that the templates give it."""

    arn: str
    policies: tuple[Policy, ...]
    boundary_arn: str | None = None
    boundary: Policy | None = None
    trust: Policy | None = None
    max_session: int | None = None
    """Seconds that a role's session may last, as IAM enforces it."""
    asked_session: int | None = None
    """Seconds that a role's session should last, where that is less than IAM can enforce."""
    region: str = ""
    """The region of the stack that makes it."""
    description: str = ""
    elsewhere: tuple[str, ...] = ()
    """The other policies that decide what it may do, and that no template contains."""
    managed_elsewhere: tuple[str, ...] = ()
    """The ARNs of the managed policies among these."""
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Its own tags and the stack's, which its requests carry as aws:PrincipalTag.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principaltag
    """

    @property
    def name(self) -> str:
        """Its name without the path."""
        return name_of(self.arn)

    @property
    def account(self) -> str:
        """The account that it is in."""
        return account_of(self.arn)

    @property
    def is_grant(self) -> bool:
        """Whether principals of other accounts, or their accounts, are trusted to assume it."""
        statements = self.trust.statements if self.trust else []
        return any(principals_of(statement) for statement in statements if statement["Effect"] == "Allow")


@dataclass(frozen=True)
class Bucket:
    """A bucket of a template: its account and region, and its customer key if it has one."""

    arn: str
    account: str
    region: str
    key: str | None
    public_access_block: dict[str, bool] = field(default_factory=dict)
    """Which of the four settings of Block Public Access it has on, by their names."""


@dataclass(frozen=True)
class Inventory:
    """All that the templates say; users are known by account and name, since a template gives no path of theirs."""

    roles: Mapping[str, Identity]
    users: Mapping[tuple[str, str], Identity]
    buckets: Mapping[str, Bucket]
    resource_policies: Mapping[str, Policy]
    """Bucket, key and queue policies and trust policies, by the ARN of what they are of."""
    partitions: Mapping[str, str] = field(default_factory=dict)
    unevaluated: Mapping[str, str] = field(default_factory=dict)
    """The properties that may give access and are not evaluated, as text by place."""
    unevaluated_changing: Mapping[str, str] = field(default_factory=dict)
    """The properties that are not evaluated and are reported only where they change, as text by place."""

    @property
    def partition(self) -> str:
        """The partition of all accounts, such as `aws` or `aws-cn`: no access crosses partitions."""
        return next(iter(self.partitions.values()), "aws")

    @property
    def grants(self) -> list[Identity]:
        """The roles that someone in another account may assume."""
        return [role for role in self.roles.values() if role.is_grant]

    @property
    def identities(self) -> list[Identity]:
        """Every role and user that has policies in a template."""
        return [*self.roles.values(), *self.users.values()]

    def grant(self, name: str) -> Identity:
        """Return the role that a grant made; raises `CommandError` with the nearest names where there is none."""
        found = [role for role in self.grants if name in {role.name, role.arn}]
        if len(found) == 1:
            return found[0]
        if found:
            raise CommandError(f'{len(found)} roles are named "{name}"; give the ARN of one')
        names = [role.name for role in self.grants]
        known = nearest(name, names) or (f"; the grants are {', '.join(names)}" if names else "; there are no grants")
        raise CommandError(f'there is no grant "{name}" in the templates{known}')

    def named_principals(self) -> list[str]:
        """Return every role and user that the templates make or that a trust policy names, by ARN."""
        made = [identity.arn for identity in self.identities]
        named = [each for role in self.grants if role.trust for each in trusted(role.trust)]
        return list(dict.fromkeys([*made, *(each for each in named if ":role/" in each or ":user/" in each)]))

    def identity(self, arn: str) -> Identity | None:
        """Return the role or user of the templates; None where they do not make it."""
        if is_role(arn):
            return self.roles.get(arn)
        return self.users.get((account_of(arn), name_of(arn)))

    def bucket_of(self, resource: str) -> Bucket | None:
        """Return the template's bucket that an S3 ARN names or lies in."""
        return self.buckets.get(resource.partition("/")[0])

    def resource_policy(self, resource: str) -> Policy | None:
        """Return the policy that is attached to a resource, or to the bucket that an object lies in."""
        return self.resource_policies.get(resource) or self.resource_policies.get(resource.partition("/")[0])
