"""The second engine's interface: proofs about every possible request, by `engines/prove.py`."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from crossrole.engines.process import Worker
from crossrole.engines.simulator import Context, Request, named
from crossrole.iam.arn import account_of
from crossrole.iam.policy import VERSION, Policy, Statement


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
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The principal's tags."""


@dataclass(frozen=True)
class Inquiry:
    """Is any request of these kinds allowed? Keys that the context lacks may have any value."""

    side: Side
    action: str = "*"
    resource: str = "*"
    context: Context | None = None
    free: bool = True
    only: tuple[Mapping[str, Any], ...] = ()
    """The proof covers only requests that all of these documents allow."""

    def as_json(self) -> dict[str, Any]:
        """Return what the engine reads."""
        side = self.side
        return {
            "principal": side.principal,
            "action": self.action,
            "resource": self.resource,
            "account": side.account,
            "context": dict(self.context or {}),
            "identity": [named(policy) for policy in side.identity],
            "boundary": named(side.boundary) if side.boundary else None,
            "resourcePolicy": side.resource_policy.document if side.resource_policy else None,
            "required": side.required,
            "tags": dict(side.tags),
            "free": self.free,
            "only": list(self.only),
        }


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
        unknown = None
        for proof in self.prove(list(_beyond(base, head, action, resource))):
            if proof.verdict is Verdict.ALLOWED:
                return proof
            unknown = proof if proof.verdict is Verdict.UNKNOWN else unknown
        return unknown or Proof(Verdict.DENIED, None, ())


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


def _beyond(base: Side, head: Side, action: str, resource: str) -> list[Inquiry]:
    """Return inquiries of which one is allowed exactly where head allows a request that base does not.

    Base denies where one of its statements denies, or where a policy that must allow does not. To take away all that
    a policy allows, its Allow statements become Deny statements of head's; to look only where one of base's statements
    denies, that statement becomes the Allow of a control policy.
    """
    allows = _statements(base.identity, "Allow")
    bound = _statements([base.boundary] if base.boundary else [], "Allow")
    attached = _statements(_attached_to(base), "Allow")
    by_account = [each for each in attached if _names_account(each)]
    directly = [each for each in attached if not _names_account(each)]
    within = [allows, *([bound] if base.boundary else [])]
    if base.account != head.account:
        # It belongs to another account now: base allowed nothing there.
        base = Side(base.principal, head.account, tags=base.tags)
    if account_of(base.principal) != base.account:
        denied = [*([each, []] for each in within), [[], attached]]
    elif base.required:
        denied = [*([each, directly] for each in within), [[], [*directly, *by_account]]]
    else:
        denied = [[each, directly] for each in within]
    inquiries = [
        _asking(_without(head, own, given), action, resource) for own, given in denied if _leaves(head, own, given)
    ]
    denies = [
        *_statements([*base.identity, *([base.boundary] if base.boundary else [])], "Deny"),
        *_statements(_attached_to(base), "Deny"),
    ]
    kept = [*_statements(head.identity, "Deny"), *_statements(_attached_to(head), "Deny")]
    # What head denies by the same statement needs no proof.
    lifted = [each for each in denies if each not in kept and _is_about(each, head)]
    return [*inquiries, *(_asking(head, action, resource, _as_allow(each)) for each in lifted)]


def _attached_to(side: Side) -> list[Policy]:
    return [side.resource_policy] if side.resource_policy else []


def _leaves(head: Side, own: Sequence[Statement], given: Sequence[Statement]) -> bool:
    """Return whether anything is left to ask about: not where all that must allow is taken away word for word."""
    across = account_of(head.principal) != head.account
    left = [each for each in _statements(head.identity, "Allow") if each not in own]
    left_there = [each for each in _statements(_attached_to(head), "Allow") if each not in given]
    return bool(left and left_there) if across else bool(left or left_there)


def _asking(side: Side, action: str, resource: str, *only: Mapping[str, Any]) -> Inquiry:
    return Inquiry(side, action, resource, only=only)


def _statements(policies: Sequence[Policy], effect: str) -> list[Statement]:
    return [each for policy in policies for each in policy.statements if each["Effect"] == effect]


def _without(side: Side, own: Sequence[Statement], given: Sequence[Statement]) -> Side:
    identity = (*side.identity, *([_document([{**each, "Effect": "Deny"} for each in own])] if own else []))
    before = side.resource_policy.statements if side.resource_policy else []
    attached = _document([*before, *({**each, "Effect": "Deny"} for each in given)]) if given else side.resource_policy
    return replace(side, identity=identity, resource_policy=attached)


def _document(statements: Sequence[Statement]) -> Policy:
    return Policy("subtracted", "", "", {"Version": VERSION, "Statement": list(statements)})


def _as_allow(statement: Statement) -> Mapping[str, Any]:
    bare = {key: value for key, value in statement.items() if key not in {"Principal", "NotPrincipal", "Sid"}}
    return {"Version": VERSION, "Statement": [{**bare, "Effect": "Allow"}]}


def _names_account(statement: Statement) -> bool:
    principal = statement.get("Principal")
    named = principal.get("AWS", []) if isinstance(principal, Mapping) else []
    texts = [named] if isinstance(named, str) else named
    return bool(texts) and all(text.endswith(":root") or text.isdigit() for text in texts)


def _is_about(statement: Statement, side: Side) -> bool:
    """Return whether a Deny applies to the principal: one of its own always does, another only if it names it."""
    principal = statement.get("Principal")
    if principal is None or principal == "*":
        return True
    named = principal.get("AWS", [])
    texts = [named] if isinstance(named, str) else named
    account = account_of(side.principal)
    return any(text in {"*", side.principal, account} or text.endswith(f"::{account}:root") for text in texts)
