"""Changes that `diff` can't prove: it reports them, so that no output means no change."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crossrole.diff.narrowing import OF_OTHERS, PICKS, SECTIONS, Written, narrows, only_allows, said_by
from crossrole.diff.provable import mentions, open_unknowns, policies_of, tags_of
from crossrole.diff.retained import Retained
from crossrole.diff.sentences import UNPROVED, Change
from crossrole.iam.arn import name_of
from crossrole.iam.policy import Kind
from crossrole.templates.coverage import EVERY_PROPERTY, Coverage, coverage_of, may_decide_by_tags, transforms
from crossrole.templates.intrinsics import Template
from crossrole.templates.inventory import Inventory
from crossrole.templates.resource_types import RESOURCE_TYPES
from crossrole.templates.tags import tags_in
from crossrole.unknown import Unknown, has_unknowns, worded

_LOOK = f"{UNPROVED}: look at it yourself"
_INTRINSICS = ('"Ref"', '"Fn::', '"Condition": "', "{{resolve:")
_OF_OBJECT_LOCK = ("ObjectLockConfiguration", "ObjectLockEnabled")
_BLOCK, _AS_BLOCKED = "PublicAccessBlockConfiguration", "true"


@dataclass(frozen=True)
class _Resource:
    """A resource as one state of the templates has it."""

    template: Template
    logical_id: str
    kind: str
    is_twin: bool
    """Whether another resource has the same ARN, so that it is not known which of them is deployed."""
    of_its_policies: tuple[Unknown, ...]
    """What is not known of its policies, such as the meaning of a statement that IAM would not save."""

    @property
    def place(self) -> str:
        return f"{self.template.stack}/{self.logical_id}"

    @property
    def as_written(self) -> Written:
        return Written(self.template, self.logical_id)

    @property
    def raw(self) -> Mapping[str, Any]:
        """The resource as it stands in its template."""
        return self.template.resources[self.logical_id]

    @cached_property
    def written(self) -> str:
        """The same as a text."""
        return json.dumps(self.raw, sort_keys=True)

    @cached_property
    def coverage(self) -> Coverage:
        known = coverage_of(self.template, self.logical_id)
        if known is None or transforms(self.raw):
            return Coverage(appears=True)
        return Coverage(harmless=known.harmless, appears=True) if self.is_twin else known

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """The properties that are not harmless, resolved; with the condition under which it is made."""
        if self.coverage.harmless == EVERY_PROPERTY:
            return {}
        names = [each for each in self.template.properties(self.logical_id) if not self._is_harmless(each)]
        resolved = {each: self.template.property(self.logical_id, each) for each in names}
        made = {"Condition": self._made} if self.template.is_made(self.raw) is None else {}
        return {**made, **{key: value for key, value in resolved.items() if value is not None}}

    def _is_harmless(self, name: str) -> bool:
        return self.coverage.judges(name) and name not in self.coverage.evaluated

    @property
    def _made(self) -> str:
        return f"{self.raw.get('Condition')}: {json.dumps(self.template.body.get('Conditions'), sort_keys=True)}"

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Each property as a text that differs where the property may become another value."""
        return {name: self._text(name, value) for name, value in self.properties.items()}

    def _text(self, name: str, value: Any) -> str:
        of = _CONTROLS.get(str(self.properties.get("Type"))) if self.kind == "AWS::Organizations::Policy" else None
        if of and name == "Content" and (said := said_by(value, of)):
            return said
        if of and name == "TargetIds" and isinstance(value, list):
            value = sorted(value, key=str)
        text = json.dumps(_plain(value), sort_keys=True)
        if not has_unknowns(value):
            return text
        raw = json.dumps(self.template.properties(self.logical_id).get(name), sort_keys=True)
        if open_unknowns(value) or any(each in raw for each in PICKS):
            # What is not known may be made of anything that stands here.
            text += raw + json.dumps([self.template.body.get(each) for each in SECTIONS], sort_keys=True)
            if any(each in raw for each in OF_OTHERS):
                every = self.template.assembly.templates
                text += json.dumps([each.body.get("Outputs") for each in every], sort_keys=True)
        return text

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags, its stack's among them."""
        return {**self.template.tags, **tags_in(self.template.property(self.logical_id, "Tags", []))}

    @property
    def unknowns(self) -> tuple[str, ...]:
        """What is not known of the properties that are evaluated."""
        evaluated = [value for name, value in self.properties.items() if name in self.coverage.evaluated]
        return tuple(dict.fromkeys(each.text for each in (*open_unknowns(evaluated), *self.of_its_policies)))

    @cached_property
    def fingerprint(self) -> str:
        """The text of all that is not harmless, without its place."""
        where = [self.kind, self.template.account, self.template.region, self.is_twin]
        raw = self.raw if transforms(self.raw) else None
        return json.dumps([where, dict(self.texts), raw], sort_keys=True)

    def is_as(self, other: "_Resource") -> bool:
        """Return whether it is the same as another; what is written out need not be resolved for that."""
        if (
            self.written == other.written
            and self.is_twin == other.is_twin
            and (self.template.account, self.template.region) == (other.template.account, other.template.region)
            and not any(each in self.written for each in _INTRINSICS)
        ):
            return True
        return self.fingerprint == other.fingerprint

    @cached_property
    def words(self) -> str:
        """The resource in words, with the role or user that it is for."""
        article = "an" if self.kind[:1] in "AEIOU" else "a"
        return f"{self.place}, {article} {self.kind}{''.join(self._for())}"

    def _for(self) -> Iterator[str]:
        user = self.properties.get("UserName")
        if self.kind != "AWS::IAM::User" and isinstance(user, str):
            yield f" of the user {user}"
        for name, value in self.properties.items():
            if name.endswith(("Role", "RoleArn", "Roles")) and self.kind not in _WITH_POLICIES:
                roles = [value] if isinstance(value, str) else value if isinstance(value, list) else []
                named = [name_of(each) for each in roles if isinstance(each, str)]
                yield f" with the role {' and '.join(named)}" if named else ""


_CONTROLS = {"SERVICE_CONTROL_POLICY": Kind.IDENTITY, "RESOURCE_CONTROL_POLICY": Kind.RESOURCE}
_WITH_POLICIES = {"AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy"}


def unjudged_changes(base: Inventory, head: Inventory, kept: Retained) -> Iterator[Change]:
    """Yield a change for each resource, property or template that differs and that no proof is about.

    `kept` is what of base stays deployed, although head does not have it.
    """
    before, now = _resources(base), _resources(head)
    differing = [
        each
        for each in dict.fromkeys([*before, *now])
        if each not in before or each not in now or not before[each].is_as(now[each])
    ]
    # What is the same in another place, or under another name in the template, is no change.
    left, came = (Counter(side[each].fingerprint for each in differing if each in side) for side in (before, now))
    moved = left & came
    still, again = Counter(moved), Counter(moved)
    added = {*head.roles} - {*base.roles}
    told: set[str] = set()
    for place in differing:
        old, new = _unless_moved(before.get(place), still), _unless_moved(now.get(place), again)
        if old and place in kept.places:
            told.add(place)
            yield _stays(old, kept)
        if not (old and new is None and place in kept.places):
            for change in _of_resource(old, new, added) if old or new else ():
                told.add(place)
                yield change
    yield from _of_templates(base, head, (before, now), told)
    yield from _of_accounts(base, head)
    yield from _of_conditions(base, head)
    yield from _of_tags(base, head, before, now)


def _stays(resource: _Resource, kept: Retained) -> Change:
    gone = "replaced" if kept.attributes[resource.place] == "UpdateReplacePolicy" else "removed"
    if attribute := kept.surely.get(resource.place):
        reason = f"it stays deployed, as its {attribute} says, and what it allows and denies stays"
        return Change(
            gained=False, text=f"{resource.words}, was {gone} in the templates alone", notes=(f"{UNPROVED}: {reason}",)
        )
    reason = f"whether it stays deployed depends on its {kept.perhaps[resource.place]}"
    text = f"{resource.words}, was {gone}, which may give access"
    return Change(gained=True, text=text, notes=(f"{UNPROVED}: {reason}",))


def _resources(inventory: Inventory) -> dict[str, _Resource]:
    found: dict[str, _Resource] = {}
    arns: Counter[str] = Counter()
    for template in inventory.templates:
        for logical_id, resource in template.resources.items():
            arns.update(_claims(template, logical_id, str(resource.get("Type"))))
    unknown: dict[str, tuple[Unknown, ...]] = {}
    for policy in policies_of(inventory):
        if has_unknowns(policy.document):
            place = policy.place.rpartition("/")[0]
            unknown[place] = (*unknown.get(place, ()), *open_unknowns(policy.document))
    for template in inventory.templates:
        for logical_id, resource in template.resources.items():
            kind = str(resource.get("Type"))
            is_twin = any(arns[each] > 1 for each in _claims(template, logical_id, kind))
            of_its_policies = unknown.get(f"{template.stack}/{logical_id}", ())
            made = _Resource(template, logical_id, kind, is_twin, of_its_policies)
            found[made.place] = made
    return found


_ONE_POLICY = {
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::TopicInlinePolicy": "TopicArn",
    "AWS::SNS::TopicPolicy": "Topics",
    "AWS::SQS::QueueInlinePolicy": "Queue",
    "AWS::SQS::QueuePolicy": "Queues",
    "AWS::SecretsManager::ResourcePolicy": "SecretId",
}
"""The types that give a resource its one policy, and the property that names the resource."""


def _claims(template: Template, logical_id: str, kind: str) -> list[str]:
    """Return what only one resource can be or have: its ARN, or the one policy of another."""
    if kind in _ONE_POLICY:
        named = template.property(logical_id, _ONE_POLICY[kind], [])
        every = named if isinstance(named, list) else [named]
        return list({f"the policy of {template.account} {json.dumps(each)}" for each in every})
    of_arn = [template.arn(logical_id)] if kind in RESOURCE_TYPES else []
    return [*of_arn, *_inline_names(template, logical_id, kind)]


_HOLDERS = {
    "AWS::IAM::Group": "group",
    "AWS::IAM::Role": "role",
    "AWS::IAM::User": "user",
    "Groups": "group",
    "GroupName": "group",
    "RoleName": "role",
    "Roles": "role",
    "UserName": "user",
    "Users": "user",
}
_INLINE = {"AWS::IAM::GroupPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy"}


def _inline_names(template: Template, logical_id: str, kind: str) -> list[str]:
    """Return the inline policies that a resource gives, by holder and name: of one name, the last one replaces others.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
    """
    if kind in _INLINE:
        given = [(of, template.property(logical_id, key, [])) for key, of in _HOLDERS.items() if "::" not in key]
        holders = [(of, one) for of, each in given for one in (each if isinstance(each, list) else [each])]
        names = [template.property(logical_id, "PolicyName")]
    elif kind in _HOLDERS:
        holders = [(_HOLDERS[kind], name_of(template.arn(logical_id)))]
        policies = template.property(logical_id, "Policies", [])
        listed = policies if isinstance(policies, list) else []
        names = [each.get("PolicyName") for each in listed if isinstance(each, Mapping)]
    else:
        return []
    return [
        f"the policy {json.dumps(name)} of the {of} {holder} of {template.account}"
        for of, holder in holders
        for name in dict.fromkeys(map(str, names))
    ]


def _unless_moved(resource: _Resource | None, moved: Counter[str]) -> _Resource | None:
    if resource is None or not moved[resource.fingerprint]:
        return resource
    moved[resource.fingerprint] -= 1
    return None


def _of_resource(old: _Resource | None, new: _Resource | None, added: set[str]) -> Iterator[Change]:
    if old and new and old.kind == new.kind:
        places = {(each.template.account, each.template.region) for each in (old, new)}
        if len(places) > 1 and not (old.kind in RESOURCE_TYPES and new.coverage.evaluated):
            yield _changed(f"{new.words}, is in another account or region now")
            return
        names = dict.fromkeys([*old.texts, *new.texts])
        differing = [each for each in names if old.texts.get(each) != new.texts.get(each)]
        yield from _of_properties(old, new, differing)
        if not differing and (transforms(old.raw) or transforms(new.raw) or old.is_twin != new.is_twin):
            # What a transform makes of it, or which of two of one name is deployed, is not known.
            yield _changed(f"{new.words}, was changed")
        return
    if new and (new.coverage.appears or _unjudged(new, added)):
        yield _changed(f"{new.words}, was added")
    elif new and new.unknowns:
        yield _changed(f"{new.words}, was added", depends=new.unknowns)
    if old and (old.coverage.appears or _unjudged(old, set())):
        yield _changed(f"{old.words}, was removed", gained=not old.coverage.only_gives)
    elif old and old.unknowns and not only_allows(old.as_written):
        yield _changed(f"{old.words}, was removed", depends=old.unknowns)


def _of_properties(old: _Resource, new: _Resource, differing: list[str]) -> Iterator[Change]:
    for name in differing:
        if name in new.coverage.evaluated and name in old.coverage.evaluated | new.coverage.evaluated:
            continue
        if (name, new.kind) == (_BLOCK, "AWS::S3::Bucket"):
            yield _changed(f"{name} of {new.words}, was changed", gained=not _blocks_all_of(old, new))
        elif (name, new.kind) == ("TargetKeyId", "AWS::KMS::Alias"):
            yield _changed(f"{new.words}, stands for another key now")
        else:
            yield _changed(f"{name} of {new.words}, was changed")
    unknown = tuple(dict.fromkeys([*old.unknowns, *new.unknowns]))
    evaluated = [name for name in differing if name in new.coverage.evaluated]
    if unknown and evaluated and not narrows(old.as_written, new.as_written, evaluated):
        yield _changed(f"{new.words}, was changed", depends=unknown)


def _unjudged(resource: _Resource, added: set[str]) -> list[str]:
    """Return the properties of a resource that is there in one state alone, which no proof is about."""
    names = [each for each in resource.properties if not resource.coverage.judges(each)]
    match resource.kind:
        case "AWS::S3::Bucket":
            # A new bucket blocks all public access, unless it says otherwise.
            names = [each for each in names if each != _BLOCK or not _blocks_all(resource)]
            return [each for each in names if each not in {"OwnershipControls", *_OF_OBJECT_LOCK}]
        case "AWS::Lambda::Function":
            # What a new role may do is reported with who gets it.
            return [each for each in names if each != "Role" or resource.properties[each] not in added]
        case "AWS::KMS::Alias":
            return []  # nothing could be named by it before
        case _:
            return names


def _settings(resource: _Resource | None) -> Mapping[str, str]:
    value = resource.properties.get(_BLOCK) if resource else None
    return {key: str(each).lower() for key, each in value.items()} if isinstance(value, Mapping) else {}


def _blocks_all(resource: _Resource) -> bool:
    settings = _settings(resource)
    return bool(settings) and all(each == _AS_BLOCKED for each in settings.values())


def _blocks_all_of(old: _Resource, new: _Resource) -> bool:
    """Return whether all is blocked that was blocked before."""
    now = _settings(new)
    return all(now.get(key) == _AS_BLOCKED for key, value in _settings(old).items() if value != "false")


def _changed(what: str, *, gained: bool = True, depends: Iterable[str] = ()) -> Change:
    reason = f"{UNPROVED}: depends on {'; '.join(depends)}" if depends else _LOOK
    return Change(gained, f"{what}, which may {'give access' if gained else 'take access away'}", (reason,))


def _of_templates(
    base: Inventory, head: Inventory, resources: tuple[Mapping[str, _Resource], ...], told: Collection[str]
) -> Iterator[Change]:
    """Yield what is not read, and the templates of which something is written only at the deployment.

    Not what is about one of the places of which something is told.
    """
    missing = [state.templates[0].assembly.missing if state.templates else {} for state in (base, head)]
    known = {each.what for each in base.unread} | {f"{what} ({place})" for place, what in missing[1].items()}
    known |= {*missing[1].values()}
    known |= {f"{each.stack}, whose template a transform changes at the deployment" for each in head.templates}
    for each in head.unread:
        is_told = any(each.what.startswith((f"{place} ", f"{place},")) for place in told)
        if each.what not in known and not is_told:
            yield _changed(worded(each.what))
    for place, what in (missing[0] | missing[1]).items():
        stacks = [each.get(place) for each in resources]
        # A nested stack whose template has the same address is the same.
        if not (stacks[0] and stacks[1] and stacks[0].written == stacks[1].written):
            yield Change(gained=True, text=f"{what}: what it gives is not known", notes=(_LOOK,))
    sides = [{each.stack: each.body for each in state.templates} for state in (base, head)]
    for stack in sides[0] | sides[1]:
        bodies = [each.get(stack, {}) for each in sides]
        transform = any(key in body for body in bodies for key in ("Transform", "Fn::Transform"))
        if transform and _without_texts(bodies[0]) != _without_texts(bodies[1]):
            yield _changed(f"{stack}, of which a Transform writes a part at the deployment, was changed")
        elif _no_resources(bodies[0]) != _no_resources(bodies[1]):
            yield _changed(f"what of {stack} is not a resource was changed")


def _without_texts(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in body.items() if key not in {"Description", "Metadata"}}


def _no_resources(body: Mapping[str, Any]) -> Any:
    resources = body.get("Resources", {})
    if not isinstance(resources, Mapping):
        return resources
    return {key: value for key, value in resources.items() if not isinstance(value, Mapping)}


def _of_accounts(base: Inventory, head: Inventory) -> Iterator[Change]:
    """Yield the buckets that are in another account: their own account's principals need no policy of theirs."""
    accounts = [
        {**state.owners, **{arn: bucket.account for arn, bucket in state.buckets.items()}} for state in (base, head)
    ]
    for arn in accounts[0].keys() & accounts[1].keys():
        old, new = (each[arn] for each in accounts)
        if old != new:
            yield _changed(f"the bucket {arn} is in {new} now, before in {old}")


_OWN_TAGS = re.compile(r"(?<!aws:)(?:resource|bucket)tag/", re.IGNORECASE)
_ANY_TAGS = re.compile(r"(?:principal|resource|bucket)tag/", re.IGNORECASE)
_OF_RESOURCES = re.compile(r"resourcetag/", re.IGNORECASE)
_ALIASES = re.compile(r"kms:(?:requestalias|resourcealiases)", re.IGNORECASE)
_CONTEXT = re.compile(r"kms:encryptioncontext", re.IGNORECASE)


def _of_conditions(base: Inventory, head: Inventory) -> Iterator[Change]:
    """Yield what a policy may test and no proof is about: some services' own tags, aliases, and S3's data key."""

    def tested(pattern: re.Pattern[str]) -> bool:
        return mentions(base, pattern) or mentions(head, pattern)

    before, now = tags_of(base), tags_of(head)
    retagged = [arn for arn in before.keys() & now.keys() if before[arn] != now[arn]]
    retagged += [arn for arn in base.made.keys() & head.made.keys() if (arn in before) != (arn in now)]
    of_buckets = {arn for arn in base.buckets.keys() & head.buckets.keys() if _tags_differ(base, head, arn)}
    for arn in sorted({*retagged, *of_buckets}):
        policies = [state.resource_policies[arn] for state in (base, head) if arn in state.resource_policies]
        own = any(_OF_RESOURCES.search(str(each.document)) for each in policies)
        bounds = any(
            _ANY_TAGS.search(str(each.document)) for state in (base, head) for each in state.guardrails.controls
        )
        if own or bounds or tested(_OWN_TAGS) or (arn in of_buckets and tested(_OF_RESOURCES)):
            yield _changed(f"the tags of {arn}, which a policy tests, were changed")
    for place in sorted(_tags_of_others(base, head)) if tested(_ANY_TAGS) else ():
        yield _changed(f"the tags of {place}, which a policy may test, were changed")
    if base.aliases != head.aliases and tested(_ALIASES):
        yield _changed("the aliases of keys, which a policy tests, were changed")
    for arn in base.buckets.keys() & head.buckets.keys():
        old, new = base.buckets[arn], head.buckets[arn]
        if old.has_bucket_key != new.has_bucket_key and new.key and tested(_CONTEXT):
            yield _changed(f"BucketKeyEnabled of {arn} was changed: S3 sends its key another encryption context")


def _of_tags(
    base: Inventory, head: Inventory, before: Mapping[str, _Resource], now: Mapping[str, _Resource]
) -> Iterator[Change]:
    """Yield the resources with other tags, of which no proof is about, where a policy may test them."""
    statements = [each for state in (base, head) for policy in policies_of(state) for each in policy.statements]
    for place in sorted(before.keys() & now.keys()):
        old, new = before[place], now[place]
        if old.kind == new.kind and old.tags != new.tags and may_decide_by_tags(new.kind, statements):
            yield _changed(f"the tags of {new.words}, which a policy tests, were changed")


def _tags_of_others(base: Inventory, head: Inventory) -> Iterator[str]:
    """Yield the places of resources with other tags now whose ARNs are not known, so that no proof is about them."""
    known = {*tags_of(base), *tags_of(head), *base.made, *head.made}
    before, now = (
        {f"{t.stack}/{id_}": (t, id_) for t in state.templates for id_ in t.resources} for state in (base, head)
    )
    for place in before.keys() & now.keys():
        both = [(template.tags, template.properties(id_).get("Tags")) for template, id_ in (before[place], now[place])]
        arns = {template.arn(id_) for template, id_ in (before[place], now[place])}
        if _plain(both[0]) != _plain(both[1]) and not arns <= known:
            yield place


def _tags_differ(base: Inventory, head: Inventory, bucket: str) -> bool:
    return base.buckets[bucket].tags != head.buckets[bucket].tags


def _plain(value: Any) -> Any:
    """Return a value as CloudFormation takes it: it makes no difference between true and "true", or 1 and "1"."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return str(value).lower() if isinstance(value, bool) or str(value).lower() in {"true", "false"} else str(value)
