"""The roles, users and groups of the templates: their names, and the policies that are written into each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crossrole.iam.policy import listed
from crossrole.lint.documents import Document, Resource
from crossrole.lint.kinds import IDENTITY
from crossrole.unknown import is_known

_TYPES = {"AWS::IAM::Role": "role", "AWS::IAM::User": "user", "AWS::IAM::Group": "group"}
_NAMES = {"role": "RoleName", "user": "UserName", "group": "GroupName"}
# The properties of a policy resource that say whom it is attached to.
_ATTACHED_TO = {"Roles": "role", "Users": "user", "Groups": "group"} | {name: kind for kind, name in _NAMES.items()}


@dataclass(frozen=True)
class Holder:
    """A role, user or group: by account and name or, where only deployment names it, by stack and logical id."""

    kind: str
    """`role`, `user` or `group`."""
    place: str
    name: str


@dataclass(frozen=True)
class Holders:
    """What the templates say about all of them."""

    resources: Sequence[Resource]
    documents: Sequence[Document]

    @cached_property
    def _made(self) -> Mapping[Holder, Resource]:
        return {_holder_made_by(each): each for each in self.resources if each.type in _TYPES}

    @cached_property
    def arns(self) -> Mapping[Holder, str]:
        """The ARN of each that the templates make and name."""
        return {
            holder: f"arn:{each.template.partition}:iam::{each.template.account}:{holder.kind}{path}{holder.name}"
            for holder, each in self._made.items()
            if holder.place == each.template.account and is_known(path := str(each.property("Path") or "/"))
        }

    def named(self, account: str, name: str) -> Mapping[str, str]:
        """Return the ARNs of the role, the user and the group of a name that the templates make, by their kinds."""
        return {holder.kind: arn for holder, arn in self.arns.items() if (holder.place, holder.name) == (account, name)}

    def of(self, document: Document) -> Iterator[Holder]:
        """Yield whom a policy is written into or attached to."""
        resource = document.resource
        if resource.type in _TYPES:
            yield _holder_made_by(resource)
        elif resource.type.startswith("AWS::IAM::"):
            for name, kind in _ATTACHED_TO.items():
                for value in listed(resource.properties.get(name, [])):
                    yield self._holder_named(resource, kind, value)

    @cached_property
    def inline(self) -> Mapping[Holder, Sequence[Document]]:
        """The inline policies of each."""
        found: dict[Holder, list[Document]] = {}
        for document in self.documents:
            if document.kind == IDENTITY:
                for holder in self.of(document):
                    found.setdefault(holder, []).append(document)
        return found

    def _holder_named(self, resource: Resource, kind: str, value: Any) -> Holder:
        template = resource.template
        if isinstance(value, Mapping) and (made := self._by_place.get((template.stack, str(value.get("Ref"))))):
            return _holder_made_by(made)
        return Holder(kind, template.account, str(resource.known(value)))

    @cached_property
    def _by_place(self) -> Mapping[tuple[str, str], Resource]:
        return {(each.template.stack, each.logical_id): each for each in self._made.values()}


def _holder_made_by(resource: Resource) -> Holder:
    kind = _TYPES[resource.type]
    name = resource.property(_NAMES[kind])
    if isinstance(name, str) and is_known(name):
        return Holder(kind, resource.template.account, name)
    return Holder(kind, resource.template.stack, resource.logical_id)
