"""What the templates of all accounts say about access: roles, users, buckets and keys, each with its policies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from crossrole.errors import CommandError, nearest
from crossrole.iam.arn import account_of, is_role, name_of
from crossrole.iam.policy import Policy, principals_of, texts, trusted
from crossrole.templates.guardrails import NO_GUARDRAILS, Guardrails
from crossrole.templates.identity_providers import IdentityProvider, federated
from crossrole.templates.intrinsics import Template
from crossrole.templates.resource_types import RESOURCE_TYPES
from crossrole.unknown import may_be, worded


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
    place: str = ""
    """The stack and the logical id; none for what no template makes."""
    unmade: str | None = None
    """The condition that decides whether it is made; None where it is made."""

    @property
    def name(self) -> str:
        """Its name without the path."""
        return name_of(self.arn)

    @property
    def account(self) -> str:
        """The account that it is in."""
        return account_of(self.arn)

    @cached_property
    def is_grant(self) -> bool:
        """Whether IAM principals, or the tokens of identity providers, are trusted to assume it."""
        statements = self.trust.statements if self.trust else []
        named = any(principals_of(statement) for statement in statements if statement["Effect"] != "Deny")
        return named or bool(self.trust and federated(self.trust))


@dataclass(frozen=True)
class FleetCaller(Identity):
    """Someone in an account of an organization's unit who has the managed policies that a StackSet makes there.

    Which accounts are in the unit no template says: the account and the name in the ARN are not known.
    """

    unit: str = ""
    """The unit's id."""
    path: str | None = None
    """The unit with all that are above it, as the template says in its metadata."""
    stack_set: str = ""
    """The StackSet's stack and logical id."""
    names: tuple[str, ...] = ()
    """The names of the policies, in the order of `policies`."""
    context: Mapping[str, str | list[str]] = field(default_factory=dict, hash=False)
    """The condition keys that its requests carry because of where its account is."""

    def assumed(self, names: Sequence[str]) -> str:
        """Return what has to be so for it to be someone who is there, with the policies of these names."""
        where = f", which is {self.path}" if self.path else ""
        attached = f", and has {' or '.join(names)} attached, which {self.stack_set} made there" if names else ""
        return f"the caller is in an account of {self.unit}{where}{attached}"


OWNS_ALL = "BucketOwnerEnforced"
"""What S3 makes of ObjectOwnership where nothing is said: every object is the bucket's owner's.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
"""


@dataclass(frozen=True)
class Bucket:
    """A bucket of a template: its account and region, and the key that it encrypts with, if it has one."""

    arn: str
    account: str
    region: str
    key: str | None
    """The ARN of its key in KMS; a text that is not known where the template does not say it."""
    public_access_block: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The settings of Block Public Access that it has, by their names: `true`, `false`, or not known."""
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    place: str = ""
    """The stack and the logical id."""
    has_bucket_key: str = "false"
    """Whether S3 uses one data key for the whole bucket: `true`, `false`, or not known."""
    object_ownership: str = OWNS_ALL
    """Whose an object is that another account writes: ObjectOwnership, or not known."""


@dataclass(frozen=True)
class Key:
    """A KMS key of a template."""

    arn: str
    enabled: str
    """`true`, `false`, or not known."""
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    place: str = ""


@dataclass(frozen=True)
class Unread:
    """A resource, or a part of one, that may give or take access and that is not evaluated."""

    what: str
    """What it is, as the end of "it depends on"."""
    account: str | None
    """The account whose access it may change; None for all."""
    services: frozenset[str] | None = None
    """The services whose actions it may change access to, such as `s3`; None for all."""
    only_gives: bool = False
    """Whether it can take no access: what is allowed stays so."""
    resource: str | None = None
    """The only resource, or the only role or user, that it is about; None where it may be about any."""

    def touches(self, *, action: str, resource: str, accounts: frozenset[str], principal: str) -> bool:
        """Return whether it may decide a request between these accounts."""
        return (
            (self.account is None or any(may_be(each, self.account) for each in accounts))
            and (self.services is None or action.partition(":")[0] in self.services)
            and (self.resource is None or self.resource in {resource, resource.partition("/")[0], principal})
        )


@dataclass(frozen=True)
class Inventory:
    """All that the templates say; users are known by account and name, since a template gives no path of theirs."""

    roles: Mapping[str, Identity]
    users: Mapping[tuple[str, str], Identity]
    buckets: Mapping[str, Bucket]
    resource_policies: Mapping[str, Policy]
    """The policies of buckets, access points, keys, queues, topics, secrets, functions and roles, by ARN."""
    partitions: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, Key] = field(default_factory=dict)
    """The KMS keys that the templates make, by ARN."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """The ARN of the key that an alias stands for, by the alias's ARN."""
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The tags of every resource of the templates that has an ARN, by ARN."""
    access_points: Mapping[str, str] = field(default_factory=dict)
    """The ARN of the bucket behind an access point of the templates, by the access point's ARN."""
    owners: Mapping[str, str] = field(default_factory=dict)
    """The accounts of the buckets that have their policy in a template, by the bucket's ARN."""
    others: Mapping[tuple[str, str], Identity] = field(default_factory=dict)
    """The roles outside the templates that a template attaches policies to, by account and name."""
    fleets: Mapping[str, FleetCaller] = field(default_factory=dict)
    """Those who have what a StackSet makes in every account of a unit, by ARN."""
    managed: Mapping[str, Policy] = field(default_factory=dict)
    """Every managed policy of the templates, by ARN, whoever holds it."""
    groups: Mapping[str, tuple[Policy, ...]] = field(default_factory=dict)
    """The policies of every group that a template makes or attaches policies to, by ARN, whoever is in it."""
    templates: tuple[Template, ...] = field(default=(), repr=False, compare=False)
    """The templates that were read."""
    guardrails: Guardrails = NO_GUARDRAILS
    unread: tuple[Unread, ...] = ()
    """What may give or take access and is not evaluated."""
    unevaluated: Mapping[str, str] = field(default_factory=dict)
    """The properties that may give access and are not evaluated, as text by place."""
    identity_providers: Mapping[str, IdentityProvider] = field(default_factory=dict)
    """Whose tokens the roles trust, by what access.toml calls them, else by their issuer."""
    regions: Mapping[str, str] = field(default_factory=dict)
    """The region of an account's first stack, by account."""

    @cached_property
    def made(self) -> Mapping[str, str]:
        """The places of the buckets and keys that the templates make, and of all resources with a policy, by ARN."""
        policies = {arn: each.place.rpartition("/")[0] for arn, each in self.resource_policies.items()}
        buckets = {arn: each.place for arn, each in self.buckets.items()}
        return policies | buckets | {arn: each.place for arn, each in self.keys.items()}

    @cached_property
    def arns(self) -> frozenset[str]:
        """The ARNs of what the templates make for certain: what has no policy in them has none."""
        return frozenset(
            template.arn(name)
            for template in self.templates
            for name, resource in template.resources.items()
            if str(resource.get("Type")) in RESOURCE_TYPES and template.is_made(resource)
        )

    @cached_property
    def has_access_file(self) -> bool:
        """Whether an access.toml made the templates: another app's can't be changed by one."""
        return any(str(each.body.get("Description", "")).startswith("crossrole:") for each in self.templates)

    @cached_property
    def has_guardrails(self) -> bool:
        """Whether guardrails may deny something: of whatever account, unit or organization they are."""
        kinds = {resource.get("Type") for template in self.templates for resource in template.resources.values()}
        return self.guardrails.may_deny or "AWS::Organizations::Policy" in kinds

    @cached_property
    def named_resources(self) -> frozenset[str]:
        """The resources that the policies of roles and users name, as they stand there."""
        return frozenset(
            resource
            for identity in self.identities
            for policy in identity.policies
            for statement in policy.statements
            for resource in texts(statement.get("Resource"))
        )

    def region_of(self, account: str) -> str:
        """Return the region that an account's stacks are in; any of the templates' for another account."""
        return self.regions.get(account) or next(iter(self.regions.values()), "us-east-1")

    @property
    def partition(self) -> str:
        """The partition of all accounts, such as `aws` or `aws-cn`: no access crosses partitions."""
        return next(iter(self.partitions.values()), "aws")

    @cached_property
    def grants(self) -> list[Identity]:
        """The roles that someone in another account may assume."""
        return [role for role in self.roles.values() if role.is_grant]

    @cached_property
    def identities(self) -> list[Identity]:
        """Every role and user that has policies in a template."""
        return [*self.roles.values(), *self.users.values(), *self.others.values(), *self.fleets.values()]

    def provider_of(self, arn: str) -> IdentityProvider | None:
        """Return the identity provider of an ARN, by what access.toml calls it where it has a name there."""
        found = [each for each in self.identity_providers.values() if each.arn == arn]
        return found[-1] if found else None

    def grant(self, name: str) -> Identity:
        """Return the role that a grant made; raises `CommandError` with the nearest names where there is none."""
        found = [role for role in self.grants if name in {role.name, role.arn}]
        if len(found) == 1:
            return found[0]
        if found:
            raise CommandError(f'{len(found)} roles are named "{name}"; give the ARN of one')
        names = [worded(role.name) for role in self.grants]
        known = nearest(name, names) or (f"; the grants are {', '.join(names)}" if names else "; there are no grants")
        raise CommandError(f'there is no grant "{name}" in the templates{known}')

    @cached_property
    def named(self) -> frozenset[str]:
        """The resources that the templates make, give a policy, or encrypt a bucket with, by ARN."""
        keys = {bucket.key for bucket in self.buckets.values() if bucket.key}
        return frozenset({*self.made, *self.roles, *self.resource_policies, *keys})

    def named_principals(self) -> list[str]:
        """Return every role and user that the templates make or that a trust policy names, by ARN."""
        return list(self._named_principals)

    @cached_property
    def _named_principals(self) -> list[str]:
        made = [identity.arn for identity in self.identities if identity.arn not in self.fleets]
        named = [each for role in self.grants if role.trust for each in trusted(role.trust)]
        return list(dict.fromkeys([*made, *(each for each in named if ":role/" in each or ":user/" in each)]))

    def identity(self, arn: str) -> Identity | None:
        """Return the role or user of the templates; None where they do not make it."""
        if is_role(arn):
            return self.roles.get(arn) or self.others.get((account_of(arn), name_of(arn))) or self.fleets.get(arn)
        return self.users.get((account_of(arn), name_of(arn)))

    def bucket_of(self, resource: str) -> Bucket | None:
        """Return the template's bucket that an S3 ARN names or lies in."""
        return self.buckets.get(resource.partition("/")[0])

    def resource_policy(self, resource: str) -> Policy | None:
        """Return the policy that is attached to a resource, or to the bucket that an object lies in."""
        found = self.resource_policies.get(resource)
        if found is None and ":accesspoint/" in resource:
            # arn:…:accesspoint/NAME/object/KEY
            return self.resource_policies.get("/".join(resource.split("/")[:2]))
        return found or self.resource_policies.get(resource.partition("/")[0])
