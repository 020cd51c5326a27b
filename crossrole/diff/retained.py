"""What stays deployed although the templates no longer have it: its DeletionPolicy or UpdateReplacePolicy says Retain.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from crossrole.iam.arn import account_of, name_of
from crossrole.iam.policy import Policy
from crossrole.templates.intrinsics import Template
from crossrole.templates.inventory import Identity, Inventory
from crossrole.templates.resource_types import RESOURCE_TYPES

_STAYS: Final = {"Retain", "RetainExceptOnCreate"}
_GONE: Final = {None, "Delete", "Snapshot"}
_ATTACHED: Final = {"Roles": "role", "Users": "user", "Groups": "group"}
_ADDITION: Final = "AWS::IAM::UserToGroupAddition"


@dataclass(frozen=True)
class Retained:
    """The resources of the earlier state that stay deployed in the later one, by place."""

    surely: Mapping[str, str] = field(default_factory=dict)
    """Each with the attribute that says so."""
    perhaps: Mapping[str, str] = field(default_factory=dict)
    """Those of which it is not certain, each with the attribute."""

    @property
    def attributes(self) -> dict[str, str]:
        """All of them, each with the attribute."""
        return {**self.surely, **self.perhaps}

    @property
    def places(self) -> set[str]:
        """All of them."""
        return {*self.surely, *self.perhaps}


def retained(base: Inventory, head: Inventory) -> Retained:
    """Return what stays deployed of the resources that are removed, or replaced by others of another name."""
    now = {f"{each.stack}/{logical_id}": (each, logical_id) for each in head.templates for logical_id in each.resources}
    surely: dict[str, str] = {}
    perhaps: dict[str, str] = {}
    for template in base.templates:
        for logical_id, resource in template.resources.items():
            place = f"{template.stack}/{logical_id}"
            if place not in now:
                policies = {_text(resource.get("DeletionPolicy"))}
                name = "DeletionPolicy"
            elif _is_replaced((template, logical_id), now[place]):
                other, other_id = now[place]
                name = "UpdateReplacePolicy"
                policies = {_text(each.get(name)) for each in (resource, other.resources[other_id])}
            else:
                continue
            if policies <= _STAYS:
                surely[place] = name
            elif not policies <= _GONE:
                perhaps[place] = name
    return Retained(surely, perhaps)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _is_replaced(old: tuple[Template, str], new: tuple[Template, str]) -> bool:
    kinds = [str(template.resources[logical_id].get("Type")) for template, logical_id in (old, new)]
    if kinds[0] != kinds[1]:
        return True
    if kinds[0] in RESOURCE_TYPES:
        return old[0].arn(old[1]) != new[0].arn(new[1])
    names = _NAMING.get(kinds[0], ())
    return any(old[0].property(old[1], each) != new[0].property(new[1], each) for each in names)


_NAMING: Final = {
    "AWS::IAM::GroupPolicy": ("PolicyName", "GroupName"),
    "AWS::IAM::Policy": ("PolicyName",),
    "AWS::IAM::RolePolicy": ("PolicyName", "RoleName"),
    "AWS::IAM::UserPolicy": ("PolicyName", "UserName"),
    "AWS::S3::BucketPolicy": ("Bucket",),
    "AWS::SecretsManager::ResourcePolicy": ("SecretId",),
    _ADDITION: ("GroupName",),
}
"""The properties by which CloudFormation tells a resource from another, where another value replaces it."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def with_retained(base: Inventory, head: Inventory, kept: Retained) -> Inventory:
    """Return the later state with what stays deployed of the earlier one, as it is."""
    places = kept.places
    if not places:
        return head
    roles = {arn: each for arn, each in base.roles.items() if each.place in places}
    users = {at: each for at, each in base.users.items() if each.place in places}
    policies = {arn: each for arn, each in base.resource_policies.items() if _place(each) in places}
    # A deployment deletes no stack. One that is gone from the templates has its buckets and their policies, or neither.
    stacks = {each.stack for each in head.templates}
    in_stacks = {each for each in places if each.rpartition("/")[0] in stacks}
    buckets = {arn: each for arn, each in base.buckets.items() if each.place in in_stacks}
    keys = {arn: each for arn, each in base.keys.items() if each.place in in_stacks}
    managed = {arn: each for arn, each in base.managed.items() if _place(each) in places}
    stay = {*roles, *buckets, *keys, *policies, *(each.arn for each in users.values())}
    attached = _attached(base, places)

    def with_its_own(identity: Identity) -> Identity:
        kind = "user" if ":user/" in identity.arn else "role"
        more = attached.get((identity.account, kind, identity.name), ())
        return replace(
            identity, policies=(*identity.policies, *(each for each in more if each not in identity.policies))
        )

    def others(given: Mapping[_Key, Identity]) -> dict[_Key, Identity]:
        return {at: with_its_own(each) for at, each in given.items()}

    groups = {
        arn: (*head.groups.get(arn, ()), *attached.get((account_of(arn), "group", name_of(arn)), ()))
        for arn in {*head.groups, *(arn for arn in base.groups if (account_of(arn), "group", name_of(arn)) in attached)}
    }
    return replace(
        head,
        roles=others(_first(head.roles, roles)),
        users=others(_first(head.users, users)),
        others=others(head.others),
        groups=groups,
        buckets=_first(head.buckets, buckets),
        keys=_first(head.keys, keys),
        managed=_first(head.managed, managed),
        resource_policies=_first(head.resource_policies, policies),
        owners=_first(head.owners, {arn: each for arn, each in base.owners.items() if arn in stay}),
        access_points=_first(head.access_points, {arn: at for arn, at in base.access_points.items() if arn in stay}),
        tags=_first(head.tags, {arn: each for arn, each in base.tags.items() if arn in stay}),
    )


def _first(own: Mapping[_Key, _Value], others: Mapping[_Key, _Value]) -> dict[_Key, _Value]:
    return {**others, **own}


def _place(policy: Policy) -> str:
    return f"{policy.template}/{policy.logical_id}"


_Holder = tuple[str, str, str]


def _attached(base: Inventory, places: set[str]) -> dict[_Holder, tuple[Policy, ...]]:
    """Return what roles, users and groups have by the resources at these places, by account, kind and name."""
    found: dict[_Holder, tuple[Policy, ...]] = {}
    by_place: dict[str, list[Policy]] = {}
    for policy in _policies_of_principals(base):
        if _place(policy) in places and policy not in by_place.get(_place(policy), []):
            by_place.setdefault(_place(policy), []).append(policy)
    for template in base.templates:
        for logical_id, resource in template.resources.items():
            place = f"{template.stack}/{logical_id}"
            if place in places:
                kind = str(resource.get("Type"))
                policies = tuple(by_place.get(place, ()))
                if kind == _ADDITION:
                    policies = _of_group(base, template, logical_id)
                for holder in _holders(template, logical_id, kind):
                    found[holder] = (*found.get(holder, ()), *policies)
    return found


def _policies_of_principals(inventory: Inventory) -> Iterator[Policy]:
    for identity in inventory.identities:
        yield from identity.policies
    yield from inventory.managed.values()
    for policies in inventory.groups.values():
        yield from policies


def _of_group(base: Inventory, template: Template, logical_id: str) -> tuple[Policy, ...]:
    named = str(template.property(logical_id, "GroupName", ""))
    groups = [arn for arn in base.groups if (account_of(arn), name_of(arn)) == (template.account, named)]
    return tuple(policy for arn in groups for policy in base.groups[arn])


def _holders(template: Template, logical_id: str, kind: str) -> Iterator[_Holder]:
    if kind == "AWS::IAM::Group":
        yield template.account, "group", name_of(template.arn(logical_id))
    for key, of in _HOLDERS_OF.get(kind, {}).items():
        named = template.property(logical_id, key, [])
        for each in named if isinstance(named, list) else [named]:
            yield template.account, of, str(each)


_HOLDERS_OF: Final = {
    "AWS::IAM::ManagedPolicy": _ATTACHED,
    "AWS::IAM::Policy": _ATTACHED,
    _ADDITION: {"Users": "user"},
    "AWS::IAM::GroupPolicy": {"GroupName": "group"},
    "AWS::IAM::RolePolicy": {"RoleName": "role"},
    "AWS::IAM::UserPolicy": {"UserName": "user"},
}
