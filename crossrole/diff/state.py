"""One state of the templates: its policies taken apart, and as the prover's sides."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from crossrole.diff.callers import Owner, about, account_of_callers, in_session, is_public, is_session, layer
from crossrole.diff.guardrails import bounds_of
from crossrole.diff.parts import Part, allowing, as_policy, by_type, names_in, taken_apart
from crossrole.diff.provable import provable, tags_of
from crossrole.engines.prover import Bounds, Side
from crossrole.evaluation.assumptions import allowing as allowing_all, delegating
from crossrole.iam.actions import ASSUME
from crossrole.iam.arn import account_of, is_role, name_of, partition_of
from crossrole.iam.globs import meet
from crossrole.iam.policy import Policy, Statement, texts
from crossrole.templates.inventory import Identity, Inventory

OTHERS = "other policies of"
"""How what a role or user outside the templates has beside their policies is called."""
TAG, NAME_SOURCE = "sts:TagSession", "sts:SetSourceIdentity"
BEGIN = (ASSUME, "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")
OF_A_TRUST = (*BEGIN, TAG, NAME_SOURCE, "sts:SetContext")
"""All that a trust policy can allow.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""


class State:
    """What the templates say, and what follows from it for a comparison."""

    def __init__(self, inventory: Inventory, other: Inventory) -> None:
        """`inventory` is what the templates say, `other` what they say in the other state."""
        self.given = with_those_outside(inventory, other)
        self.inventory = _as_enabled(provable(self.given), other)
        self._other = other
        # A bucket belongs to the same account where its own state does not make it.
        self._buckets = {**other.buckets, **inventory.buckets}
        self._parts: dict[str, tuple[Part, ...]] = {}

    @cached_property
    def identities(self) -> Mapping[str, Identity]:
        """The roles and users by ARN."""
        return {each.arn: each for each in self.inventory.identities}

    @cached_property
    def given_identities(self) -> Mapping[str, Identity]:
        """The roles and users by ARN, with their policies as the templates have them."""
        return {each.arn: each for each in self.given.identities}

    @cached_property
    def made_groups(self) -> frozenset[str]:
        """The groups that a template makes."""
        return groups_made(self.given)

    @cached_property
    def resources(self) -> list[str]:
        """The resources that have a policy and are no roles."""
        return [each for each in self.inventory.resource_policies if not is_role(each)]

    def parts_of(self, arn: str) -> tuple[Part, ...]:
        """Return the parts of a role's or user's permissions policies."""
        identity = self.identities.get(arn)
        return self._taken_apart(arn, identity.policies if identity else ())

    def boundary_of(self, arn: str) -> tuple[Part, ...]:
        """Return the parts of the permissions boundary."""
        identity = self.identities.get(arn)
        return taken_apart([identity.boundary]) if identity else ()

    def attached_to(self, resource: str) -> tuple[Part, ...]:
        """Return the parts of a resource's policy, or of a role's trust policy."""
        return self._taken_apart(f"attached to {resource}", self.policies_of(resource))

    def _taken_apart(self, name: str, policies: Sequence[Policy]) -> tuple[Part, ...]:
        if name not in self._parts:
            self._parts[name] = taken_apart(policies)
        return self._parts[name]

    def policies_of(self, resource: str) -> list[Policy]:
        """Return what a resource's own policy says, and what holds for its account's principals without it."""
        policy = self.inventory.resource_policies.get(resource)
        if policy and is_role(resource):
            policy = _of_a_trust(policy)
        elif policy and self.keeps_the_public_out(resource) and not _keeps_the_public_out(self._other, resource):
            policy = _restricted(policy, self.owner(resource))
        return [*([policy] if policy else []), self.owner(resource).delegation]

    def keeps_the_public_out(self, resource: str) -> bool:
        """Return whether a bucket's Block Public Access leaves of a public policy only what its account may do."""
        return _keeps_the_public_out(self.inventory, resource)

    def owner(self, resource: str) -> Owner:
        """Return the account that a resource belongs to."""
        bucket = self._buckets.get(resource.partition("/")[0])
        accounts = list(self.inventory.partitions)
        account = bucket.account if bucket else account_of(resource) or (accounts[0] if len(accounts) == 1 else "")
        required = service_of(resource) in {"iam", "kms"}
        return Owner(partition_of(resource), account, required=required, roles=self._known_roles)

    @cached_property
    def _known_roles(self) -> tuple[str, ...]:
        """The roles of both states, and those that a policy of a resource names."""
        both = (self.inventory, self._other)
        made = [each.arn for state in both for each in (*state.roles.values(), *state.others.values())]
        policies = [each for state in both for each in state.resource_policies.values()]
        statements = [each for policy in policies for each in policy.statements]
        named = [name for each in statements for kind, name in names_in(each.get("Principal")) if kind == "AWS"]
        return tuple(sorted({*made, *(each for each in named if is_role(each))}))

    def whole_of(self, resource: str) -> str:
        """Return the resource with a policy and tags that a resource is or lies in, such as an object's bucket."""
        if resource in self.inventory.resource_policies or resource in self.tags or service_of(resource) != "s3":
            return resource
        # arn:…:accesspoint/NAME/object/KEY
        return "/".join(resource.split("/")[: 2 if ":accesspoint/" in resource else 1])

    def makes(self, resource: str) -> bool:
        """Return whether the templates make a bucket or a key."""
        return resource in self.inventory.buckets or service_of(resource) == "kms"

    def assuming(self, caller: str, role: str) -> Side:
        """Return the policies that decide whether a caller of the templates may assume a role of theirs.

        Where it has policies that are outside them, one of those is assumed to allow it.
        """
        side = self._of(caller)
        identity = self.identities.get(caller)
        trust = self.inventory.resource_policies.get(role)
        others = [allowing_all("sts:*", role)] if identity and identity.elsewhere else []
        return replace(
            side,
            account=account_of(role),
            identity=(*side.identity, *others),
            resource_policy=trust and _one_by_session(_of_a_trust(trust)),
            required=True,
            resource_tags=self.tags_of(role),
            bounds=self._bounds(account_of(caller), account_of(role), "sts:*", role, caller),
        )

    def using(self, actor: str, action: str, resource: str) -> Side:
        """Return the policies that decide whether a role or user may do the action on a resource, or a pattern."""
        whole = self.whole_of(resource)
        attached = None if is_role(whole) else self.inventory.resource_policies.get(whole)
        keyed = action.lower().startswith("kms:") and resource.startswith("arn:")
        if keyed and attached is None:
            attached = delegating(self.inventory, resource)
        side = self._of(actor)
        return replace(
            side,
            # A resource without a policy here is evaluated by the identity's own policies: as one of its account.
            account=self.owner(whole).account or account_of(actor) if attached else account_of(actor),
            resource_policy=attached and _one_by_session(attached),
            required=keyed,
            resource_tags=self.tags_of(whole),
            bounds=self._bounds(side.account, self._surely_of(whole), action, resource, actor),
        )

    def letting_in(self, resource: str, part: Part, place: str, allowed: Part | None = None) -> Side:
        """Return what a resource's policy allows the callers of a part, at a place of the resource.

        With `allowed`, this part alone allows anything.
        """
        caller, owner = account_of_callers(part), self.owner(resource)
        bounds = self._bounds(caller, self._surely_of(resource), part.action, place, part.whole)
        return layer(about(self.policies_of(resource), part, owner), owner, allowed, bounds=bounds)

    def holding(self, policy: Policy, owner: Owner, part: Part) -> Side:
        """Return what a policy allows whoever of an account has it."""
        bounds = self._bounds(owner.account, "", part.action, part.resource, [part.whole, policy.document])
        return layer([policy], owner, bounds=bounds)

    def _bounds(self, caller: str, owner: str, action: str, resource: str, names: object) -> Bounds:
        """Return the control policies of the accounts that are known to be in an organization of ours."""
        tags = [self.tags_of(names) if isinstance(names, str) else {}, self.tags_of(resource)]
        accounts = [each if self._has_guardrails(each) else "" for each in (caller, owner)]
        return bounds_of(
            self.given.guardrails,
            caller=accounts[0],
            owner=accounts[1],
            action=action,
            resource=resource,
            names=[names, tags],
        )

    def _has_guardrails(self, account: str) -> bool:
        guardrails, deployed = self.given.guardrails, {*self.given.partitions, *self._other.partitions}
        return account in {*deployed, *guardrails.scps, *guardrails.rcps}

    def _surely_of(self, resource: str) -> str:
        """Return the account of a resource; an empty text where it is only assumed."""
        bucket = self._buckets.get(resource.partition("/")[0])
        return bucket.account if bucket else account_of(resource)

    def _of(self, actor: str) -> Side:
        identity = self.identities.get(actor)
        if identity is None:
            return Side(actor, account_of(actor))
        # What a session's caller may tag it with, nobody knows before.
        tagged = any(TAG in each.statement["Action"] for each in allowing(self.attached_to(actor)))
        return Side(
            actor,
            identity.account,
            identity.policies,
            identity.boundary,
            tags={} if is_role(actor) and tagged else identity.tags,
        )

    def tags_of(self, resource: str) -> Mapping[str, str]:
        """Return the tags of a resource, as far as the templates know them."""
        return self.tags.get(resource, {})

    @cached_property
    def tags(self) -> Mapping[str, Mapping[str, str]]:
        """The tags of every role, user and other resource, by ARN."""
        return tags_of(self.inventory)

    @cached_property
    def tests_source_identities(self) -> bool:
        """Whether a policy tests the source identity of a session or of the request that begins one."""
        every = [
            *self.inventory.resource_policies.values(),
            *(p for each in self.identities.values() for p in each.policies),
        ]
        return any("sourceidentity" in str(each.get("Condition", "")).lower() for p in every for each in p.statements)


# What a key can't do while it is disabled.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html#key-state-table
_NOT_WHILE_DISABLED = [
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DeriveSharedSecret",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:GenerateMac",
    "kms:ReEncrypt*",
    "kms:Sign",
    "kms:Verify*",
]


def with_those_outside(inventory: Inventory, other: Inventory) -> Inventory:
    """Return the inventory with the roles, users and groups outside the templates that only the other state names.

    They are there in both states: what a template no longer attaches to them, they no longer have.
    """
    made = {(each.account, each.name) for each in inventory.roles.values()}
    outside = {place: each for place, each in other.users.items() if not each.place}
    roles = {place: each for place, each in other.others.items() if place not in made}
    made_groups = {name_of(arn) for state in (inventory, other) for arn in groups_made(state)}
    groups = {arn for arn in other.groups if name_of(arn) not in made_groups}
    return replace(
        inventory,
        others=_all_of(inventory.others, roles),
        users=_all_of(inventory.users, outside),
        groups={**dict.fromkeys(groups, ()), **inventory.groups},
    )


_Place = tuple[str, str]


def _all_of(own: Mapping[_Place, Identity], others: Mapping[_Place, Identity]) -> dict[_Place, Identity]:
    """Return identities with those outside the templates that only the other state names, each by one ARN in both.

    Where only one state has a policy that names it with its path, this is its ARN.
    """

    def named(place: _Place, identity: Identity) -> Identity:
        outside = not identity.place and place in others
        return replace(identity, arn=max(identity.arn, others[place].arn, key=len)) if outside else identity

    return {
        **{place: _bare(each) for place, each in others.items()},
        **{place: named(place, each) for place, each in own.items()},
    }


def _bare(identity: Identity) -> Identity:
    others = tuple(each for each in identity.elsewhere if each.startswith(OTHERS))
    return replace(identity, policies=(), elsewhere=others)


def groups_made(inventory: Inventory) -> frozenset[str]:
    """Return the groups that a template makes."""
    return frozenset(
        template.arn(logical_id)
        for template in inventory.templates
        for logical_id, resource in template.resources.items()
        if resource.get("Type") == "AWS::IAM::Group"
    )


def _as_enabled(inventory: Inventory, other: Inventory) -> Inventory:
    """Return the inventory with a Deny in the policy of each key that is disabled here, and not in the other state.

    A key that is disabled in both may be enabled by hand, so its policy is compared as that of any other.
    """
    disabled = [
        arn
        for arn, key in inventory.keys.items()
        if key.enabled == "false" and arn in other.keys and other.keys[arn].enabled == "true"
    ]
    deny = {"Effect": "Deny", "Principal": "*", "Action": _NOT_WHILE_DISABLED, "Resource": "*"}
    policies = {
        arn: as_policy([*inventory.resource_policies[arn].statements, deny])
        for arn in disabled
        if arn in inventory.resource_policies
    }
    return replace(inventory, resource_policies={**inventory.resource_policies, **policies}) if policies else inventory


def service_of(arn: str) -> str:
    """Return the service of an ARN; an empty text for what is not known to be one."""
    return arn.split(":")[2] if arn.count(":") > 1 else ""


def _keeps_the_public_out(inventory: Inventory, resource: str) -> bool:
    bucket = inventory.buckets.get(resource)
    return bucket is not None and str(bucket.public_access_block.get("RestrictPublicBuckets")).lower() == "true"


def _restricted(policy: Policy, owner: Owner) -> Policy:
    """Return what a bucket's policy means where its Block Public Access restricts public policies.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-options
    """
    return as_policy(
        {**each.statement, "Principal": {"AWS": owner.root}} if is_public(each) else each.whole
        for each in taken_apart([policy])
    )


def only_with(side: Side, part: Part, *, attached: bool = False) -> Side:
    """Return the side where this part alone allows anything, of its own policies or of the resource's.

    Of the others, the Deny statements are left, and with a part of its own the resource's policy as it is.
    """
    denied = _denied(side.identity)
    if not attached:
        return replace(side, identity=(as_policy([*denied, part.whole]),))
    policies = [side.resource_policy] if side.resource_policy else []
    return replace(side, resource_policy=as_policy([*_denied(policies), part.whole]))


def _denied(policies: Iterable[Policy]) -> list[Statement]:
    return [each for policy in policies for each in policy.statements if each["Effect"] == "Deny"]


def _of_a_trust(policy: Policy) -> Policy:
    """Return a trust policy with each action by name that its patterns stand for: others have no meaning there."""
    return as_policy(
        {**{key: value for key, value in _with_types(each).items() if key != "NotAction"}, "Action": actions}
        for each in policy.statements
        if (actions := _actions_of(each))
    )


def _actions_of(statement: Statement) -> list[str]:
    if "NotAction" in statement:
        return [each for each in OF_A_TRUST if not _matches(texts(statement["NotAction"]), each)]
    return [each for each in OF_A_TRUST if _matches(texts(statement.get("Action", "*")), each)]


def _matches(patterns: Iterable[str], action: str) -> bool:
    return any(meet(each.lower(), action.lower()) for each in patterns)


def _one_by_session(policy: Policy) -> Policy:
    """Return a policy in which each session that is named has statements of its own: it is not all of its role."""
    return as_policy(one for each in policy.statements for one in _named_in(each))


def _named_in(statement: Statement) -> Iterator[Statement]:
    """Yield the statement with its principals by type, and for each session that it names one about this session."""
    typed = _with_types(statement)
    named = typed.get("Principal", {}).get("AWS", [])
    sessions = [each for each in named if is_session(each)]
    if not sessions:
        yield typed
        return
    others = {**typed["Principal"], "AWS": [each for each in named if each not in sessions]}
    if any(others.values()):
        yield {**typed, "Principal": {kind: names for kind, names in others.items() if names}}
    for each in sessions:
        yield {**typed, "Principal": {"AWS": [each]}, "Condition": in_session(each, typed.get("Condition", {}))}


def _with_types(statement: Statement) -> Statement:
    """Return a statement in which each principal stands with its type."""
    named = {key: by_type(names_in(statement[key])) for key in ("Principal", "NotPrincipal") if key in statement}
    return {**statement, **named}
