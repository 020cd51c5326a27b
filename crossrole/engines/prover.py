"""The second engine's interface: proofs about every possible request, by `engines/prove.py`."""

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Final

from crossrole.engines.process import Worker
from crossrole.engines.simulator import Request, named
from crossrole.iam.arn import account_of
from crossrole.iam.condition_keys import GLOBAL_KEYS
from crossrole.iam.globs import meet
from crossrole.iam.policy import VERSION, Policy, Statement, texts


class Verdict(StrEnum):
    """The proved result: some request is allowed, no request is allowed, or neither could be proved."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Proof:
    """A verdict; for an allowed one the request that shows it, with its `action`, `resource` and `context`."""

    verdict: Verdict
    example: Mapping[str, Any] | None
    reasons: tuple[str, ...]


Tags = Mapping[str, str | None]
"""Tags' values by key, None for a tag that is surely absent; what is said of other tags holds whatever they are."""


@dataclass(frozen=True)
class Bounds:
    """Control policies, as far as it is known what they deny."""

    levels: tuple[Policy, ...] = ()
    """Each level of them as one policy: each must allow a request."""
    may_be_denied: bool = False
    """Whether control policies that are not among these may deny a request too."""

    def map(self, change: Callable[[Policy], Policy]) -> "Bounds":
        """Return the same with each policy changed."""
        return replace(self, levels=tuple(map(change, self.levels)))


UNBOUND: Final = Bounds()


@dataclass(frozen=True)
class Side:
    """All policies that decide what one principal may do to the resources of one account."""

    principal: str
    account: str
    """The account that owns the resources."""
    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    resource_policy: Policy | None = None
    required: bool = False
    """Whether the resource's policy must allow even within its account, as a role's or a key's must."""
    tags: "Tags" = field(default_factory=dict, hash=False)
    """The principal's tags."""
    resource_tags: "Tags" = field(default_factory=dict, hash=False)
    """The tags of the resource."""
    bounds: "Bounds" = field(default_factory=lambda: UNBOUND)
    """The control policies, which bound what all the others allow."""

    def untagged_as(self, other: "Side") -> "Side":
        """Return the side where the tags that only the other has are surely absent."""
        return replace(
            self,
            tags={**dict.fromkeys(other.tags), **self.tags},
            resource_tags={**dict.fromkeys(other.resource_tags), **self.resource_tags},
        )


@dataclass(frozen=True)
class Inquiry:
    """Is any request of these kinds allowed? Keys that the context lacks may have any value."""

    side: Side
    action: str = "*"
    resource: str = "*"
    context: Mapping[str, str | list[str] | None] | None = None
    """The keys that a request carries; None as a value stands for a key that it does not carry."""
    free: bool = True
    only: tuple[Mapping[str, Any], ...] = ()
    """The proof covers only requests that all of these documents allow."""

    def as_json(self) -> dict[str, Any]:
        """Return what the engine reads."""
        side, context = _about(self.side, self.action, self.resource), dict(self.context or {})
        for family, tags in ((PRINCIPAL_TAG, side.tags), (RESOURCE_TAG, side.resource_tags)):
            side, values = _told(side, family, tags)
            context |= values
        return {
            "principal": side.principal,
            "action": self.action,
            # A policy variable stands for any text.
            "resource": re.sub(r"\$\{[^}]*\}", "*", self.resource),
            "account": side.account,
            "context": context,
            "identity": [named(policy) for policy in side.identity],
            "boundary": named(side.boundary) if side.boundary else None,
            "resourcePolicy": side.resource_policy.document if side.resource_policy else None,
            "required": side.required,
            "tags": {},
            "free": self.free,
            "only": [*self.only, *(each.document for each in side.bounds.levels)],
            "carried": _OF_SESSIONS,
        }


_OF_SESSIONS: Final = [each.lower() for each in GLOBAL_KEYS if not each.startswith("aws:")]
"""The keys that are named after a service, and that a session which it began carries in requests to all services."""
PRINCIPAL_TAG, RESOURCE_TAG = "aws:PrincipalTag/", "aws:ResourceTag/"
# Keys of our own, as the prover would take a principal to have no other tags than it is told of.
_OWN_NAME = {PRINCIPAL_TAG: "aws:TagOfPrincipal/", RESOURCE_TAG: "aws:TagOfResource/"}
_EARLIER = "Earlier"


def _about(side: Side, action: str, resource: str) -> Side:
    """Return what a side's statements say of requests of these kinds: the fewer patterns, the faster the proof."""

    def about(policy: Policy) -> Policy:
        kept = [each for statement in policy.statements if (each := elements_about(statement, action, resource))]
        return replace(policy, document={**policy.document, "Statement": kept})

    return replace(
        side,
        identity=tuple(map(about, side.identity)),
        boundary=side.boundary and about(side.boundary),
        resource_policy=side.resource_policy and about(side.resource_policy),
        bounds=side.bounds.map(about),
    )


def elements_about(statement: Statement, action: str, resource: str) -> Statement | None:
    """Return a statement with the patterns that are about requests of these kinds; None where it is about none."""
    some = dict(statement)
    if "Action" in statement:
        some["Action"] = [each for each in texts(statement["Action"]) if meet(each.lower(), action.lower())]
    if "Resource" in statement:
        some["Resource"] = [each for each in texts(statement["Resource"]) if meet(each, resource)]
    return some if some.get("Action", True) and some.get("Resource", True) else None


def _told(side: Side, family: str, tags: Tags, *, others: Tags | None = None) -> tuple[Side, dict[str, str | None]]:
    """Return the side with keys of our own for tags, and the values of those that are known.

    With `others`, these are the tags in another state: where one has another value there, its key is another one too.
    IAM compares tags' keys in conditions without regard to case.
    """
    known, elsewhere = ({key.lower(): value for key, value in (each or {}).items()} for each in (tags, others))
    values: dict[str, str | None] = {}

    def named(match: re.Match[str]) -> str:
        key = match[1].lower()
        differs = others is not None and known.get(key) != elsewhere.get(key)
        name = f"{_OWN_NAME[family]}{_EARLIER if differs else ''}{match[1]}"
        if key in known or key in elsewhere:
            values[name] = known.get(key)
        return name

    def renamed(policy: Policy) -> Policy:
        text = re.sub(rf"{re.escape(family)}([^\"',}}]+)", named, json.dumps(policy.document), flags=re.IGNORECASE)
        return replace(policy, document=json.loads(text))

    told = replace(
        side,
        identity=tuple(map(renamed, side.identity)),
        boundary=side.boundary and renamed(side.boundary),
        resource_policy=side.resource_policy and renamed(side.resource_policy),
        bounds=side.bounds.map(renamed),
    )
    return told, values


class Prover(Worker):
    """The second engine's process."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        super().__init__("prover")

    def command(self) -> list[str]:
        """Return the command that starts the engine."""
        return [sys.executable, str(Path(__file__).with_name("prover_process.py"))]

    def prove(self, inquiries: Sequence[Inquiry]) -> list[Proof]:
        """Return the proved result of each inquiry."""
        outcomes = self.ask([inquiry.as_json() for inquiry in inquiries])
        return [Proof(Verdict(each["verdict"]), each["example"], tuple(each["reasons"])) for each in outcomes]

    def more(self, base: Side, head: Side, *, action: str = "*", resource: str = "*") -> Proof:
        """Return whether `head` allows any request that `base` does not, with such a request.

        Unknown counts as more where the contrary must be proved.
        """
        return self.more_of_each([Pair(base, head, action, resource)])[0]

    def more_of_each(self, pairs: Sequence["Pair"]) -> list[Proof]:
        """Return the same of many pairs of policies, which are asked about together."""
        inquiries = [pair.beyond() for pair in pairs]
        proofs = iter(self.prove([each for of_pair in inquiries for each in of_pair]))
        return [_any_of(list(islice(proofs, len(of_pair)))) for of_pair in inquiries]


def _any_of(proofs: Sequence[Proof]) -> Proof:
    for verdict in (Verdict.ALLOWED, Verdict.UNKNOWN):
        if found := next((each for each in proofs if each.verdict is verdict), None):
            return found
    return Proof(Verdict.DENIED, None, ())


def inquiry_of(request: Request) -> Inquiry:
    """Return a request for the second engine; the principal is the role's ARN, the context is all there is."""
    return Inquiry(
        Side(
            principal=request.principal,
            account=request.account,
            identity=request.identity,
            boundary=request.boundary,
            resource_policy=request.resource_policy,
            required=request.action.startswith(("sts:", "kms:")),
        ),
        request.action,
        request.resource,
        request.context,
        free=False,
    )


@dataclass(frozen=True)
class Pair:
    """The policies of one principal in two states, to find what `head` allows and `base` does not.

    Head's control policies bound both: what they deny is not looked for.
    """

    base: Side
    head: Side
    action: str = "*"
    resource: str = "*"
    only: tuple[Mapping[str, Any], ...] = ()
    """Only requests that these documents allow are asked about."""

    def beyond(self) -> list[Inquiry]:
        """Return inquiries of which one is allowed exactly where head allows a request that base does not.

        Base denies where one of its statements denies, or where a policy that must allow does not. To take away all
        that a policy allows, its Allow statements become Deny statements of head's; to look only where one of base's
        statements denies, that statement becomes the Allow of a control policy.
        """
        base, head, context = _with_own_tags(
            *(_about(each, self.action, self.resource) for each in (self.base, self.head))
        )
        if base.account != head.account:
            # It belongs to another account now: base allowed nothing there.
            base = Side(base.principal, head.account)
        sides = [_without(head, own, given) for own, given in _ways_to_be_denied(base)]
        denies = [*_statements(_own(base), "Deny"), *_statements(_attached_to(base), "Deny")]
        kept = [*_statements(_own(head), "Deny"), *_statements(_attached_to(head), "Deny")]
        # What head denies by the same statement needs no proof.
        lifted = [each for each in denies if each not in kept and _is_about(each, head)] if _may_allow(head) else []
        return [
            *(self._asking(side, context) for side in sides if _may_allow(side)),
            *(self._asking(head, context, _as_allow(each)) for each in lifted),
        ]

    def _asking(self, side: Side, context: Mapping[str, str | None], *only: Mapping[str, Any]) -> Inquiry:
        return Inquiry(side, self.action, self.resource, context, only=(*self.only, *only))


def _without(head: Side, own: Sequence[Statement], given: Sequence[Statement]) -> Side:
    """Return head without what these statements of base allow; what head allows by the same is left out at once."""
    identity = [_less(each, own) for each in head.identity]
    attached = head.resource_policy and _less(head.resource_policy, given)
    if own:
        identity.append(_document(_as_deny(own)))
    if given:
        attached = _document([*(attached.statements if attached else []), *_as_deny(given)])
    return replace(head, identity=tuple(identity), resource_policy=attached)


def _with_own_tags(base: Side, head: Side) -> tuple[Side, Side, dict[str, str | None]]:
    """Return the sides with keys of our own for tags, others for those that differ, and the values of these keys."""
    context: dict[str, str | None] = {}
    for family, before, now in (
        (PRINCIPAL_TAG, base.tags, head.tags),
        (RESOURCE_TAG, base.resource_tags, head.resource_tags),
    ):
        base, of_base = _told(base, family, before, others=now)
        head, of_head = _told(head, family, {**dict.fromkeys(before), **now})
        context |= of_base | of_head
    return base, head, context


def _ways_to_be_denied(base: Side) -> list[tuple[list[Statement], list[Statement]]]:
    """Return of which statements no one must allow a request for it to be denied, of its own and of the resource's."""
    allows = _statements(base.identity, "Allow")
    bound = _statements([base.boundary] if base.boundary else [], "Allow")
    attached = _statements(_attached_to(base), "Allow")
    directly = [each for statement in attached for each in _directly(statement)]
    within = [allows, *([bound] if base.boundary else [])]
    if account_of(base.principal) != base.account:
        return [*((each, []) for each in within), ([], attached)]
    ways = [(each, directly) for each in within]
    return [*ways, ([], attached)] if base.required else ways


def _own(side: Side) -> list[Policy]:
    return [*side.identity, *([side.boundary] if side.boundary else [])]


def _attached_to(side: Side) -> list[Policy]:
    return [side.resource_policy] if side.resource_policy else []


def _may_allow(side: Side) -> bool:
    """Return whether there is any statement that allows where one must: in its own account, an account delegates."""
    allows, attached = (_statements(each, "Allow") for each in (side.identity, _attached_to(side)))
    if account_of(side.principal) != side.account:
        return bool(allows and attached)
    direct = any(_directly(each) for each in attached)
    return direct or bool(allows and (attached or not side.required))


def _statements(policies: Sequence[Policy], effect: str) -> list[Statement]:
    return [each for policy in policies for each in policy.statements if each["Effect"] == effect]


def _less(policy: Policy, allowed: Sequence[Statement]) -> Policy:
    left = [each for each in policy.statements if each["Effect"] == "Deny" or each not in allowed]
    return replace(policy, document={**policy.document, "Statement": left})


def _document(statements: Sequence[Statement]) -> Policy:
    return Policy("subtracted", "", "", {"Version": VERSION, "Statement": list(statements)})


def _as_deny(statements: Sequence[Statement]) -> list[Statement]:
    return [{**each, "Effect": "Deny"} for each in statements]


def _as_allow(statement: Statement) -> Mapping[str, Any]:
    bare = {key: value for key, value in statement.items() if key not in {"Principal", "NotPrincipal", "Sid"}}
    return {"Version": VERSION, "Statement": [{**bare, "Effect": "Allow"}]}


_ACCOUNT = re.compile(r"arn:[^:]*:iam::[0-9]{12}:root|[0-9]{12}")


def _directly(statement: Statement) -> list[Statement]:
    """Return the statement without the accounts that it names: these leave it to their own policies."""
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping):
        return [statement]
    names = [each for each in texts(principal.get("AWS")) if not _ACCOUNT.fullmatch(each)]
    return [{**statement, "Principal": {"AWS": names}}] if names else []


def _is_about(statement: Statement, side: Side) -> bool:
    """Return whether a Deny may apply to the principal: one of its own always does, another where it may name it."""
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping):
        return True
    account = account_of(side.principal)
    # Of one account, a name may be that of a session, or stand for the account.
    return any(
        name in {"*", side.principal} or (account in name and not _OTHER_PRINCIPAL.fullmatch(name))
        for name in texts(principal.get("AWS"))
    )


_OTHER_PRINCIPAL = re.compile(r"arn:[^:]*:iam::[0-9]{12}:(?:role|user)/[^*?]+")
