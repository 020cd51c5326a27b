"""Whether policies only got narrower, for every value of what is not known of them.

Of two states the same thing that is not known has the same value. What is not known here is the same thing only where
it is written alike, and all within it that is known has the same value: two parts of one text are two things.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crossrole.diff.callers import is_public
from crossrole.diff.parts import Part, allowing, denying, taken_apart
from crossrole.diff.provable import open_unknowns
from crossrole.iam.policy import Kind, read_policy
from crossrole.templates.intrinsics import Template
from crossrole.unknown import Unknown, has_unknowns, is_unknown, token

_DOCUMENTS: Final = {
    "AssumeRolePolicyDocument": Kind.TRUST,
    "KeyPolicy": Kind.RESOURCE,
    "Policy": Kind.RESOURCE,
    "PolicyDocument": Kind.RESOURCE,
    "ResourcePolicy": Kind.RESOURCE,
}
_POLICIES: Final = "Policies"
_OF_A_BUCKET: Final = {"AWS::S3::AccessPoint", "AWS::S3::BucketPolicy"}
SECTIONS: Final = ("Conditions", "Mappings", "Parameters")
"""The sections of a template that decide what a function in it becomes."""
PICKS: Final = ('"Fn::Select"', '"Fn::Split"', '"Fn::Base64"')
"""The functions that make something else of what is not known."""
OF_OTHERS: Final = ('"Fn::ImportValue"', '"Fn::GetStackOutput"', "Outputs.")
"""The functions that name what other templates say."""


def is_narrower(before: Sequence[Part], now: Sequence[Part]) -> bool:
    """Return whether nothing can be gained, whatever is not known: nothing is allowed anew, and no Deny is gone."""
    return _all_covered(allowing(now), allowing(before)) and _all_covered(denying(before), denying(now))


def _all_covered(parts: Iterable[Part], by: Sequence[Part]) -> bool:
    some = {*by}
    return all(each in some or any(one.covers(each) for one in by) for each in parts)


@dataclass(frozen=True)
class Written:
    """A resource as a template writes it."""

    template: Template
    logical_id: str

    @property
    def kind(self) -> str:
        """Its type."""
        return str(self.template.resources[self.logical_id].get("Type"))

    def document(self, name: str) -> "_Document":
        """Return what the statements of a property say."""
        value = self._standing(self.template.properties(self.logical_id).get(name, []))
        if name != _POLICIES:
            is_of_a_principal = name == "PolicyDocument" and self.kind.startswith("AWS::IAM::")
            return _read([value] if value else [], Kind.IDENTITY if is_of_a_principal else _DOCUMENTS[name])
        listed = value if isinstance(value, list) else [value]
        return _read([each.get("PolicyDocument") if isinstance(each, dict) else each for each in listed], Kind.IDENTITY)

    def _standing(self, value: Any) -> Any:
        """Return the value as far as it is known, with a text of its own in the place of each thing that is not."""
        if isinstance(value, list):
            return [one for each in value for one in self._all_standing(each)]
        if not isinstance(value, dict):
            return self.template.resolve(value, at=self.logical_id)
        if not _is_intrinsic(value):
            return {key: one for key, each in value.items() for one in self._all_standing(each)}
        resolved = self._resolved(value)
        written = json.dumps(value, sort_keys=True)
        if not open_unknowns(resolved) and not (has_unknowns(resolved) and any(each in written for each in PICKS)):
            return resolved
        return token(Unknown(json.dumps(self._whole(value), sort_keys=True)))

    def _all_standing(self, value: Any) -> list[Any]:
        """Return the value in a list, which is empty where it is `AWS::NoValue`."""
        removed = not self.template.resolve([value], at=self.logical_id)
        return [] if removed else [self._standing(value)]

    def _resolved(self, value: Any) -> Any:
        return (self.template.resolve([value], at=self.logical_id) or [None])[0]

    def _whole(self, value: Any) -> Any:
        """Return the value as it is written, with what each function in it becomes."""
        if isinstance(value, list):
            return [self._whole(each) for each in value]
        if not isinstance(value, dict):
            return value
        within = {key: self._whole(each) for key, each in value.items()}
        return [within, self._resolved(value)] if _is_intrinsic(value) else within


def _is_intrinsic(value: dict[str, Any]) -> bool:
    return len(value) == 1 and any(key in {"Ref", "Condition"} or key.startswith("Fn::") for key in value)


@dataclass(frozen=True)
class _Document:
    parts: tuple[Part, ...]
    open: frozenset[str]
    """The statements of which it is not known whether they allow or deny, as they are written."""


def _read(documents: Iterable[Any], kind: Kind) -> _Document:
    parts: list[Part] = []
    opened: set[str] = set()
    for document in documents:
        for one in _one_by_one(document):
            policy = read_policy(template="", logical_id="", name="", document=one, kind=kind)
            if all(each.get("Effect") in {"Allow", "Deny"} for each in policy.statements):
                parts += taken_apart([policy])
            else:
                opened.add(json.dumps(one, sort_keys=True))
    return _Document(tuple(parts), frozenset(opened))


def _one_by_one(document: Any) -> Iterator[Any]:
    """Yield the document with one statement each."""
    statements = document.get("Statement") if isinstance(document, dict) else None
    if statements is None or is_unknown(statements):
        yield document
        return
    for each in statements if isinstance(statements, list) else [statements]:
        yield {**document, "Statement": [each]}


def said_by(content: Any, of: Kind) -> str | None:
    """Return a text that is the same for policies that say the same; None where it is not known what one says."""
    read = None if has_unknowns(content) else _read([content], of)
    if read is None or read.open:
        return None
    said = {
        json.dumps([each.effect, each.actions, each.resources, each.principals, sorted(each.but), each.condition])
        for each in read.parts
    }
    return json.dumps(sorted(said))


def narrows(old: Written, new: Written, names: Iterable[str]) -> bool:
    """Return whether a resource whose properties of these names differ surely allows nothing more than before."""
    if old.template.parent or new.template.parent or old.kind != new.kind:
        return False
    if any(old.template.body.get(each) != new.template.body.get(each) for each in SECTIONS):
        return False
    return all(_narrows(old, new, name) for name in names)


def _narrows(old: Written, new: Written, name: str) -> bool:
    if name not in _DOCUMENTS and name != _POLICIES:
        return False
    written = json.dumps([each.template.properties(each.logical_id).get(name) for each in (old, new)])
    if any(each in written for each in OF_OTHERS):
        return False
    before, now = old.document(name), new.document(name)
    if old.kind in _OF_A_BUCKET and _public(before.parts) != _public(now.parts):
        # While a policy is public, Block Public Access may keep others out too.
        return False
    return before.open == now.open and is_narrower(before.parts, now.parts)


def _public(parts: Iterable[Part]) -> set[Part]:
    """Return the parts that let everyone in, or may."""
    return {each for each in allowing(parts) if is_public(each) or has_unknowns(each.principals)}


def only_allows(old: Written) -> bool:
    """Return whether a resource surely denies nothing, so that nothing is gained where it goes."""
    names = [name for name in old.template.properties(old.logical_id) if name in _DOCUMENTS or name == _POLICIES]
    documents = [old.document(name) for name in names]
    return bool(names) and not any(each.open or denying(each.parts) for each in documents)
