"""Reads what the templates of all accounts say about access."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from crossrole.errors import CommandError
from crossrole.iam.arn import account_of, account_root_arn, bucket_arn, name_of
from crossrole.iam.policy import VERSION, Kind, Policy, canonical, read_policy, trusted
from crossrole.templates.coverage import not_evaluated, unread_of
from crossrole.templates.fleets import fleets_of
from crossrole.templates.guardrails import NO_GUARDRAILS, Guardrails
from crossrole.templates.identity_providers import identity_providers
from crossrole.templates.intrinsics import Template
from crossrole.templates.inventory import OWNS_ALL, Bucket, FleetCaller, Identity, Inventory, Key, Unread
from crossrole.templates.resource_types import key_of_aws
from crossrole.templates.spellings import arns_of, function_arn
from crossrole.templates.tags import tags_in
from crossrole.unknown import Unknown, has_unknowns, is_unknown, may_be_the_same, token, unknowns_in, worded


def read_inventory(templates: list[Template], guardrails: Guardrails = NO_GUARDRAILS) -> Inventory:
    """Return what the templates say about access; what they do not say is in it as unknown.

    Raises `CommandError` for what is of another shape than any CloudFormation template.
    """
    try:
        return _inventory(templates, guardrails)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise CommandError(f"the templates are not valid CloudFormation ({error!r}); make them anew") from error


def _inventory(templates: list[Template], guardrails: Guardrails) -> Inventory:
    reader = _Reader(templates, guardrails)
    return Inventory(
        roles=reader.roles(),
        users=reader.users(),
        buckets=reader.buckets(),
        resource_policies=reader.resource_policies(),
        partitions={template.account: template.partition for template in templates},
        regions={template.account: template.region for template in reversed(templates)},
        keys=reader.keys(),
        aliases=reader.aliases(),
        tags=reader.tags(),
        access_points=reader.access_points(),
        owners=reader.owners(),
        others=reader.other_roles(),
        fleets=reader.fleets(),
        managed=reader.managed(),
        groups=reader.groups(),
        templates=tuple(templates),
        guardrails=reader.guardrails(),
        unread=(*unread_of(templates), *reader.unread()),
        unevaluated=not_evaluated(templates),
        identity_providers=identity_providers(
            templates, [each.trust for each in reader.roles().values() if each.trust]
        ),
    )


@dataclass(frozen=True)
class _Resource:
    template: Template
    logical_id: str
    kind: str

    @property
    def place(self) -> str:
        return f"{self.template.stack}/{self.logical_id}"

    @property
    def arn(self) -> str:
        return self.template.arn(self.logical_id)

    @property
    def unmade(self) -> str | None:
        """The condition that decides whether it is made; None where it is made."""
        return self.template.undecided(self.logical_id)

    def get(self, name: str, default: Any = None) -> Any:
        return self.template.property(self.logical_id, name, default)

    @property
    def inline_name(self) -> str:
        """Its PolicyName; one that is not known where that is not a text."""
        name = self.get("PolicyName")
        return name if isinstance(name, str) else token(Unknown(f"the PolicyName of {self.place}"))

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; one that is not known where it is no such list."""
        value = self.get(name, [])
        if is_unknown(value):
            return [value]
        listed = value if isinstance(value, list) else [value]
        return [
            each if isinstance(each, str) else token(Unknown(f"{name} of {self.place}, which is not a text"))
            for each in listed
        ]

    def objects(self, name: str) -> list[Any]:
        """Return a list of objects; a text that is not known stands for what is none."""
        value = self.get(name, [])
        if is_unknown(value):
            return [value]
        listed = value if isinstance(value, list) else [value]
        return [
            each
            if isinstance(each, Mapping) or is_unknown(each)
            else token(Unknown(f"{name} of {self.place}, which is not a list of objects"))
            for each in listed
        ]

    def policy(self, name: str, document: Any, kind: Kind, *, shown: str | None = None) -> Policy:
        made = read_policy(
            template=self.template.stack,
            logical_id=self.logical_id,
            name=shown or name,
            document=document,
            kind=kind,
        )
        return _only_if(made, self.unmade) if self.unmade else made


def _only_if(policy: Policy, what: str) -> Policy:
    """Return a policy whose statements may be there or not."""
    unknown = token(Unknown(what))
    statements = [
        each
        if is_unknown(each.get("Effect"))
        else {**each, "Condition": {**each.get("Condition", {}), unknown: {unknown: unknown}}}
        for each in policy.statements
    ]
    return replace(policy, document={**policy.document, "Statement": statements})


_INLINE = {"AWS::IAM::RolePolicy": "RoleName", "AWS::IAM::UserPolicy": "UserName", "AWS::IAM::GroupPolicy": "GroupName"}
_HOLDERS = {"Roles": "role", "Users": "user", "Groups": "group"}
_OF_NAME = {"RoleName": "role", "UserName": "user", "GroupName": "group"}
_Holder = tuple[str, str, str]
"""The account, `role`, `user` or `group`, and the name."""


@dataclass(frozen=True)
class _Held:
    """A policy that a role, user or group holds; with its name among the inline ones, if it is one of them."""

    policy: Policy
    inline: str | None


@dataclass(frozen=True)
class _Group:
    arn: str
    policies: tuple[Policy, ...]
    elsewhere: tuple[str, ...] = ()
    """The ARNs of its managed policies that no template makes."""
    is_made: bool = True
    """Whether a template makes it; else one only attaches policies to it."""


@dataclass(frozen=True)
class _Membership:
    account: str
    user: str
    group: str
    unmade: str | None
    """The condition that decides whether the user is put into the group; None where it is."""


def _unless_replaced(held: _Held, every: Sequence[_Held], holder: str) -> Policy:
    """Return a policy that its holder has; one that may be replaced by another inline policy of its name may be gone.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
    """
    same = [
        each.policy
        for each in every
        if held.inline is not None
        and each.inline is not None
        and may_be_the_same(held.inline, each.inline)
        and canonical(each.policy) != canonical(held.policy)
    ]
    if not same:
        return held.policy
    places = " and ".join(sorted(each.place for each in (held.policy, *same)))
    return _only_if(
        held.policy, f"which of {places} is deployed last: {worded(holder)} has one inline policy of a name"
    )


@dataclass(frozen=True)
class _Reader:
    templates: list[Template]
    given: Guardrails

    @cached_property
    def _by_type(self) -> Mapping[str, list[_Resource]]:
        found: dict[str, list[_Resource]] = defaultdict(list)
        for template in self.templates:
            for logical_id, resource in template.resources.items():
                kind = resource.get("Type")
                if isinstance(kind, str):
                    found[kind].append(_Resource(template, logical_id, kind))
        return found

    def _of(self, *kinds: str) -> Iterator[_Resource]:
        for kind in kinds:
            yield from self._by_type.get(kind, [])

    # --- roles, users and groups

    def roles(self) -> dict[str, Identity]:
        return self._roles

    @cached_property
    def _roles(self) -> dict[str, Identity]:
        return {
            resource.arn: self._identity(
                resource,
                "role",
                trust=resource.policy("AssumeRolePolicyDocument", resource.get("AssumeRolePolicyDocument"), Kind.TRUST),
            )
            for resource in self._of("AWS::IAM::Role")
        }

    def users(self) -> dict[tuple[str, str], Identity]:
        return self._users

    @cached_property
    def _users(self) -> dict[tuple[str, str], Identity]:
        return self._made_users | self._others("user", {name for _, name in self._made_users})

    @cached_property
    def _made_users(self) -> dict[tuple[str, str], Identity]:
        return {
            (resource.template.account, name_of(resource.arn)): self._identity(resource, "user")
            for resource in self._of("AWS::IAM::User")
        }

    def other_roles(self) -> dict[tuple[str, str], Identity]:
        return self._others("role", {name_of(resource.arn) for resource in self._of("AWS::IAM::Role")})

    def _others(self, kind: str, made: set[str]) -> dict[tuple[str, str], Identity]:
        """Return the roles or users outside the templates that have policies of a template, or a place in a group."""
        partitions = {template.account: template.partition for template in self.templates}
        holders = {(account, name) for account, of, name in self._attached if of == kind}
        holders |= {(each.account, each.user) for each in self._memberships if kind == "user"}
        found = {}
        for account, name in sorted(holders):
            if name not in made and not _is_anyone(name):
                of_groups, of_other_groups = self._of_groups(account, kind, name, [])
                found[account, name] = Identity(
                    self._paths.get((account, kind, name), f"arn:{partitions[account]}:iam::{account}:{kind}/{name}"),
                    (*self._held(account, kind, name), *of_groups),
                    elsewhere=(f"other policies of the {kind} {name} in {account}", *of_other_groups),
                )
        return found

    @cached_property
    def _paths(self) -> dict[_Holder, str]:
        """Return the ARNs by which trust policies name roles and users: policies are attached by the name alone.

        Names are unique in an account, whatever the path.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names
        """
        found: dict[_Holder, set[str]] = defaultdict(set)
        for role in self._roles.values():
            for arn in trusted(role.trust) if role.trust else []:
                kind = arn.rpartition(":")[2].partition("/")[0]
                whole = arn.startswith("arn:") and not set(arn) & set("*?") and not has_unknowns(arn)
                if whole and kind in {"role", "user"}:
                    found[account_of(arn), kind, name_of(arn)].add(arn)
        return {holder: next(iter(arns)) for holder, arns in found.items() if len(arns) == 1}

    def fleets(self) -> dict[str, FleetCaller]:
        """Return who has what a StackSet makes in a unit's accounts: never of an account with grants, its own."""
        of_grants = {role.account for role in self._roles.values() if role.is_grant}
        return {each.arn: each for fleet in fleets_of(self.templates) for each in fleet.callers(but=of_grants)}

    def _identity(self, resource: _Resource, kind: str, *, trust: Policy | None = None) -> Identity:
        template, name = resource.template, name_of(resource.arn)
        inline, managed, elsewhere = self._own_policies(resource)
        of_groups, of_other_groups = self._of_groups(
            template.account, kind, name, resource.texts("Groups") if kind == "user" else []
        )
        boundary = resource.get("PermissionsBoundary")
        if boundary is not None and not isinstance(boundary, str):
            boundary = token(Unknown(f"the PermissionsBoundary of {resource.place}"))
        metadata = template.resources[resource.logical_id].get("Metadata")
        max_session = resource.get("MaxSessionDuration")
        return Identity(
            arn=resource.arn,
            policies=(*self._held(template.account, kind, name, inline), *managed, *of_groups),
            boundary_arn=boundary,
            boundary=self._managed.get(boundary) if boundary else None,
            trust=trust,
            max_session=_number(max_session),
            asked_session=_number(metadata.get("crossrole:MaxSession")) if isinstance(metadata, Mapping) else None,
            region=template.region,
            description=worded(str(resource.get("Description", ""))),
            elsewhere=(*(f"the managed policy {worded(each)}" for each in elsewhere), *of_other_groups),
            managed_elsewhere=elsewhere,
            tags=_tags(resource),
            place=resource.place,
            unmade=resource.unmade,
        )

    def _own_policies(self, resource: _Resource) -> tuple[list[_Held], list[Policy], tuple[str, ...]]:
        """Return the inline policies, the managed ones of the templates, and the ARNs of all other managed ones."""
        inline = []
        for number, each in enumerate(resource.objects("Policies")):
            document = each if is_unknown(each) else each.get("PolicyDocument")
            name = "Policies" if is_unknown(each) else str(each.get("PolicyName", f"Policies[{number}]"))
            policy = resource.policy("PolicyDocument", document, Kind.IDENTITY, shown=name)
            inline.append(_Held(policy, None if is_unknown(each) else name))
        arns = sorted(set(resource.texts("ManagedPolicyArns")))
        return (
            inline,
            [self._managed[each] for each in arns if each in self._managed],
            tuple(each for each in arns if each not in self._managed),
        )

    def _held(self, account: str, kind: str, name: str, inline: Sequence[_Held] = ()) -> list[Policy]:
        """Return the inline policies of a role, user or group, and the managed ones that name it."""
        every = [*inline, *self._attached.get((account, kind, name), [])]
        return [_unless_replaced(each, every, name) for each in every]

    def _of_groups(self, account: str, kind: str, name: str, named: list[str]) -> tuple[list[Policy], list[str]]:
        """Return the policies that a user has from groups, and where these are outside the templates."""
        if kind != "user":
            return [], []
        policies: list[Policy] = []
        elsewhere: list[str] = []
        for group, why in self._joined(account, name, named):
            known = (account, group) in self._groups
            for each, held in self._groups.items():
                if each[0] == account and _may_be(group, each[1]):
                    whether = None if known else f"whether the group {worded(group)} of {name} is {worded(each[1])}"
                    reasons = " and ".join(filter(None, (why, whether)))
                    policies += [_only_if(policy, reasons) if reasons else policy for policy in held.policies]
                    elsewhere += [f"the managed policy {worded(arn)}" for arn in held.elsewhere]
            if not known or not self._groups[account, group].is_made:
                elsewhere.append(f"the policy of the group {worded(group)} of the user")
        return policies, elsewhere

    def _joined(self, account: str, user: str, named: list[str]) -> Iterator[tuple[str, str | None]]:
        """Yield the groups of a user, those it names itself first, each with what decides whether it is in it."""
        yield from ((each, None) for each in named)
        for each in self._memberships:
            if each.account == account and _may_be(each.user, user):
                whether = None if each.user == user else f"whether the user {worded(each.user)} is {worded(user)}"
                yield each.group, " and ".join(filter(None, (each.unmade, whether))) or None

    @cached_property
    def _groups(self) -> dict[tuple[str, str], _Group]:
        """The groups that a template makes or attaches policies to, by account and name."""
        partitions = {template.account: template.partition for template in self.templates}
        groups = {}
        for resource in self._of("AWS::IAM::Group"):
            account, name = resource.template.account, name_of(resource.arn)
            inline, managed, elsewhere = self._own_policies(resource)
            own = (*self._held(account, "group", name, inline), *managed)
            groups[account, name] = _Group(resource.arn, own, elsewhere)
        for account, kind, name in sorted(self._attached):
            if kind == "group" and (account, name) not in groups:
                arn = f"arn:{partitions[account]}:iam::{account}:group/{name}"
                groups[account, name] = _Group(arn, tuple(self._held(account, kind, name)), is_made=False)
        return groups

    def groups(self) -> dict[str, tuple[Policy, ...]]:
        """Return the policies of every group that a template makes or attaches policies to, by ARN."""
        return {each.arn: each.policies for each in self._groups.values()}

    @cached_property
    def _memberships(self) -> list[_Membership]:
        """The users that are added to groups."""
        return [
            _Membership(resource.template.account, user, group, resource.unmade)
            for resource in self._of("AWS::IAM::UserToGroupAddition")
            for group in resource.texts("GroupName")
            for user in resource.texts("Users")
        ]

    @cached_property
    def _attached(self) -> Mapping[_Holder, list[_Held]]:
        found: dict[_Holder, list[_Held]] = defaultdict(list)
        for resource in self._of("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            policy = resource.policy("PolicyDocument", resource.get("PolicyDocument"), Kind.IDENTITY)
            inline = resource.inline_name if resource.kind == "AWS::IAM::Policy" else None
            for key, kind in _HOLDERS.items():
                for name in resource.texts(key):
                    found[resource.template.account, kind, name].append(_Held(policy, inline))
        for each, key in _INLINE.items():
            for resource in self._of(each):
                policy = resource.policy("PolicyDocument", resource.get("PolicyDocument"), Kind.IDENTITY)
                for name in resource.texts(key):
                    held = _Held(policy, resource.inline_name)
                    found[resource.template.account, _OF_NAME[key], name].append(held)
        return found

    def managed(self) -> dict[str, Policy]:
        return self._managed

    @cached_property
    def _managed(self) -> dict[str, Policy]:
        found: dict[str, list[Policy]] = defaultdict(list)
        for resource in self._of("AWS::IAM::ManagedPolicy"):
            policy = resource.policy("PolicyDocument", resource.get("PolicyDocument"), Kind.IDENTITY)
            found[resource.arn].append(policy)
        return {arn: _one_of(each, arn) for arn, each in found.items()}

    # --- buckets and keys

    def buckets(self) -> dict[str, Bucket]:
        return {
            resource.arn: Bucket(
                resource.arn,
                resource.template.account,
                resource.template.region,
                self._bucket_key(resource),
                _settings(resource.get("PublicAccessBlockConfiguration", {})),
                _tags(resource),
                resource.place,
                _bucket_key_of(resource),
                _object_ownership_of(resource),
            )
            for resource in self._of("AWS::S3::Bucket")
        }

    def _bucket_key(self, resource: _Resource) -> str | None:
        encryption = resource.get("BucketEncryption", {})
        unknown = token(Unknown(f"BucketEncryption of {resource.place}"))
        rules = encryption.get("ServerSideEncryptionConfiguration", []) if isinstance(encryption, Mapping) else unknown
        for rule in rules if isinstance(rules, list) else [unknown]:
            default = rule.get("ServerSideEncryptionByDefault", {}) if isinstance(rule, Mapping) else unknown
            if not isinstance(default, Mapping):
                return unknown
            key, algorithm = default.get("KMSMasterKeyID"), default.get("SSEAlgorithm")
            if algorithm is not None and (not isinstance(algorithm, str) or is_unknown(algorithm)):
                return unknown
            if key is None and str(algorithm).startswith("aws:kms"):
                # Without a key's name S3 takes AWS's own key of the account.
                return key_of_aws(resource.template.partition, resource.template.region, resource.template.account)
            if key is not None:
                return self.key_arn(key, resource.template) if isinstance(key, str) else unknown
        return None

    def key_arn(self, key: str, template: Template) -> str:
        """Return the ARN of a key that is named by its ARN, its id or an alias."""
        if key.endswith("alias/aws/s3"):
            return key_of_aws(template.partition, template.region, template.account)
        if not key.startswith("arn:") and not is_unknown(key):
            named = key if key.startswith("alias/") else f"key/{key}"
            key = f"arn:{template.partition}:kms:{template.region}:{template.account}:{named}"
        elif is_unknown(key) and (
            id_of := f"arn:{template.partition}:kms:{template.region}:{template.account}:key/{key}"
        ):
            key = id_of if id_of in self.keys() else key
        if ":alias/" in key and key not in self.aliases():
            return token(Unknown(f"the key that {worded(key)} stands for, an alias that no template makes"))
        return self.aliases().get(key, key)

    def keys(self) -> dict[str, Key]:
        return self._keys

    @cached_property
    def _keys(self) -> dict[str, Key]:
        return {
            resource.arn: Key(resource.arn, _flag(resource.get("Enabled", True)), _tags(resource), resource.place)
            for resource in self._of("AWS::KMS::Key")
        }

    def aliases(self) -> dict[str, str]:
        return self._aliases

    @cached_property
    def _aliases(self) -> dict[str, str]:
        found = {}
        for resource in self._of("AWS::KMS::Alias"):
            target = resource.get("TargetKeyId")
            if isinstance(target, str):
                template = resource.template
                stem = f"arn:{template.partition}:kms:{template.region}:{template.account}:"
                found[resource.arn] = target if target.startswith("arn:") else f"{stem}key/{target}"
        return found

    # --- policies of resources

    def resource_policies(self) -> dict[str, Policy]:
        found: dict[str, list[Policy]] = defaultdict(list)
        for resource, arn, document, name in self._policies_of_resources():
            found[arn].append(resource.policy(name, document, Kind.RESOURCE))
        trusts = {arn: each.trust for arn, each in self._roles.items() if each.trust}
        return trusts | {arn: _one_of(each, arn) for arn, each in found.items()} | self._permissions()

    def _policies_of_resources(self) -> Iterator[tuple[_Resource, str, Any, str]]:
        """Yield each policy of a resource: what holds it, the resource's ARN, the document and the property."""
        for resource in self._of("AWS::KMS::Key"):
            yield resource, resource.arn, resource.get("KeyPolicy", _default_key_policy(resource.template)), "KeyPolicy"
        for resource in self._of("AWS::S3::AccessPoint"):
            if "Policy" in resource.template.properties(resource.logical_id):
                yield resource, resource.arn, resource.get("Policy"), "Policy"
        for kind, (document, *places) in _POLICIES_OF.items():
            for resource in self._of(kind):
                for named in (each for place in places for each in resource.texts(place)):
                    for arn in arns_of(kind, named, resource.template):
                        yield resource, arn, resource.get(document), document

    def _permissions(self) -> dict[str, Policy]:
        """Return the policies of functions, which Lambda makes of their permissions."""
        found: dict[str, list[Policy]] = defaultdict(list)
        for resource, arn in self._permitted():
            document = {"Version": VERSION, "Statement": [_permission(resource, arn)]}
            found[arn].append(resource.policy("Permission", document, Kind.RESOURCE))
        return {
            arn: replace(
                each[0], document={**each[0].document, "Statement": [one for p in each for one in p.statements]}
            )
            for arn, each in found.items()
        }

    def _permitted(self) -> Iterator[tuple[_Resource, str]]:
        """Yield the permissions, each with the ARN of its function."""
        for resource in self._of("AWS::Lambda::Permission"):
            for function in resource.texts("FunctionName"):
                yield resource, function_arn(function, resource.template)

    def access_points(self) -> dict[str, str]:
        return {
            resource.arn: bucket_arn(resource.template.partition, bucket)
            for resource in self._of("AWS::S3::AccessPoint")
            for bucket in resource.texts("Bucket")
        }

    def owners(self) -> dict[str, str]:
        return {
            bucket_arn(resource.template.partition, bucket): resource.template.account
            for resource in self._of("AWS::S3::BucketPolicy")
            for bucket in resource.texts("Bucket")
        }

    def tags(self) -> dict[str, Mapping[str, str]]:
        return {
            resource.arn: tags
            for kind, resources in self._by_type.items()
            for resource in resources
            if (tags := _tags(resource)) and not is_unknown(resource.arn) and kind != "AWS::S3::Bucket"
        }

    def guardrails(self) -> Guardrails:
        """Return the control policies that were given, and those that the templates attach to an account."""
        found = self.given
        for resource in self._of("AWS::Organizations::Policy"):
            kind = _CONTROLS.get(str(resource.get("Type")))
            targets = resource.texts("TargetIds")
            for account in targets if kind else []:
                if account.isdigit():
                    of = Kind.IDENTITY if kind == "scp" else Kind.RESOURCE
                    found = found.with_more(str(kind), account, resource.policy("Content", resource.get("Content"), of))
        return found

    # --- what can't be told to which it belongs

    def unread(self) -> Iterator[Unread]:
        """Yield policies whose role, user, bucket or account is not known, and names that two resources bear."""
        for (account, kind, name), held in self._attached.items():
            if _is_anyone(name):
                place = held[0].policy.place.rpartition("/")[0]
                yield Unread(f"{place}, a policy of a {kind} that is not known ({worded(name)})", account)
        for resource, arn, _, _ in self._policies_of_resources():
            if _is_anyone(arn):
                what = f"{resource.place}, the policy of a resource that is not known ({worded(arn)})"
                yield Unread(what, resource.template.account, frozenset({_SERVICE_OF_POLICY[resource.kind]}))
        for identity in [*self.roles().values(), *self.users().values()]:
            for arn in filter(_is_anyone, identity.managed_elsewhere):
                what = f"the managed policy {worded(arn)} of {worded(identity.arn)}"
                yield Unread(what, identity.account, resource=identity.arn)
        for resource, arn in self._permitted():
            if _is_anyone(arn):
                what = f"{resource.place}, the permission of a function that is not known ({worded(arn)})"
                yield Unread(what, resource.template.account, frozenset({"lambda"}), only_gives=True)
        yield from self._same()
        yield from self._controls_of_others()
        yield from self._twice()

    def _same(self) -> Iterator[Unread]:
        """Yield what of the templates may be a role, user or policy that is taken to be outside them."""
        for made, others in ((self._roles, self.other_roles()), (self._made_users, self._users)):
            for other in others.values():
                for each in made.values() if not other.place else ():
                    if each.account == other.account and _is_anyone(each.name) and _may_be(each.name, other.name):
                        yield Unread(f"whether {worded(other.arn)} is {each.place}", each.account, resource=other.arn)
        for identity in [*self._roles.values(), *self._users.values()]:
            for arn in (*identity.managed_elsewhere, identity.boundary_arn):
                for managed, policy in self._managed.items() if arn and arn not in self._managed else ():
                    if _is_anyone(managed) and may_be_the_same(managed, str(arn)):
                        what = f"whether {worded(str(arn))} is {policy.place.rpartition('/')[0]}"
                        yield Unread(what, identity.account, resource=identity.arn)

    def _controls_of_others(self) -> Iterator[Unread]:
        for resource in self._of("AWS::Organizations::Policy"):
            others = [each for each in resource.texts("TargetIds") if not each.isdigit()]
            if str(resource.get("Type")) not in _CONTROLS or others:
                to = f", of {worded(', '.join(others))}" if others else ""
                yield Unread(f"{resource.place}, a policy of an organization{to}", None)

    def _twice(self) -> Iterator[Unread]:
        seen: dict[str, str] = {}
        for resource in self._of("AWS::IAM::Role", "AWS::IAM::User", "AWS::S3::Bucket", "AWS::KMS::Key"):
            if (other := seen.setdefault(resource.arn, resource.place)) != resource.place:
                what = f"which of {other} and {resource.place} is deployed: both are {worded(resource.arn)}"
                yield Unread(what, None, resource=resource.arn)


_CONTROLS = {"SERVICE_CONTROL_POLICY": "scp", "RESOURCE_CONTROL_POLICY": "rcp"}
_SERVICE_OF_POLICY = {
    "AWS::KMS::Key": "kms",
    "AWS::S3::BucketPolicy": "s3",
    "AWS::S3::AccessPoint": "s3",
    "AWS::SQS::QueuePolicy": "sqs",
    "AWS::SQS::QueueInlinePolicy": "sqs",
    "AWS::SNS::TopicPolicy": "sns",
    "AWS::SNS::TopicInlinePolicy": "sns",
    "AWS::SecretsManager::ResourcePolicy": "secretsmanager",
}


_POLICIES_OF = {
    "AWS::S3::BucketPolicy": ("PolicyDocument", "Bucket"),
    "AWS::SQS::QueuePolicy": ("PolicyDocument", "Queues"),
    "AWS::SQS::QueueInlinePolicy": ("PolicyDocument", "Queue"),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", "Topics"),
    "AWS::SNS::TopicInlinePolicy": ("PolicyDocument", "TopicArn"),
    "AWS::SecretsManager::ResourcePolicy": ("ResourcePolicy", "SecretId"),
}
"""The types that give a resource its policy: the property that holds it, and the one that names the resource."""


def _default_key_policy(template: Template) -> Mapping[str, Any]:
    """Return the policy of a key without one.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
    """
    root = account_root_arn(template.partition, template.account)
    statement = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    return {"Version": VERSION, "Statement": [statement]}


def _is_anyone(name: str) -> bool:
    """Return whether a name may be that of a resource that bears a name of its own in a template or in AWS."""
    return any(each.shape is None for each in unknowns_in(name))


def _may_be(named: str, name: str) -> bool:
    """Return whether a name that a template writes may be that of a holder: none but its own is one that AWS chose."""
    return named == name or ((_is_anyone(named) or _is_anyone(name)) and may_be_the_same(named, name))


def _one_of(policies: list[Policy], arn: str) -> Policy:
    """Return the one policy of a resource; of several, the one that is deployed last stays."""
    if len(policies) == 1:
        return policies[0]
    places = " and ".join(policy.place.rpartition("/")[0] for policy in policies)
    what = f"which of the policies {places} is deployed last: {worded(arn)} has only one"
    statements = [each for policy in policies for each in _only_if(policy, what).statements]
    return replace(policies[0], document={"Version": VERSION, "Statement": statements})


def _permission(resource: _Resource, function: str) -> Mapping[str, Any]:
    """Return the statement that Lambda makes of a permission.

    https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
    """
    principal = resource.get("Principal", "*")
    conditions: dict[str, dict[str, Any]] = {}
    for name, operator, key in (
        ("SourceArn", "ArnLike", "aws:SourceArn"),
        ("SourceAccount", "StringEquals", "aws:SourceAccount"),
        ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
        ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
        ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ):
        if (value := resource.get(name)) is not None:
            conditions.setdefault(operator, {})[key] = value
    service = isinstance(principal, str) and principal.endswith((".com", ".com.cn", ".com.au"))
    return {
        "Effect": "Allow",
        "Principal": "*" if principal == "*" else {"Service" if service else "AWS": principal},
        "Action": resource.get("Action", "lambda:InvokeFunction"),
        "Resource": function,
        **({"Condition": conditions} if conditions else {}),
    }


def _bucket_key_of(resource: _Resource) -> str:
    encryption = resource.get("BucketEncryption", {})
    rules = encryption.get("ServerSideEncryptionConfiguration", []) if isinstance(encryption, Mapping) else []
    listed = rules if isinstance(rules, list) else []
    settings = [rule.get("BucketKeyEnabled", False) for rule in listed if isinstance(rule, Mapping)]
    return _flag(settings[0]) if settings else "false"


def _object_ownership_of(resource: _Resource) -> str:
    controls = resource.get("OwnershipControls")
    rules = controls.get("Rules") if isinstance(controls, Mapping) else controls
    if controls is None:
        return OWNS_ALL
    (rule,) = rules if isinstance(rules, list) and len(rules) == 1 else [None]
    said = rule.get("ObjectOwnership") if isinstance(rule, Mapping) else None
    return said if isinstance(said, str) else token(Unknown(f"OwnershipControls of {resource.place}"))


def _tags(resource: _Resource) -> Mapping[str, str]:
    """Return a resource's tags, its stack's among them."""
    return {**resource.template.tags, **tags_in(resource.get("Tags", []))}


def _settings(value: Any) -> Mapping[str, str]:
    if isinstance(value, Mapping):
        return {key: _flag(each) for key, each in value.items()}
    return dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), str(value)
    )


def _flag(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) or str(value).lower() in {"true", "false"} else str(value)


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else None
