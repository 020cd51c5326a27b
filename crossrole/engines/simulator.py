"""The narrow interface to the engine that evaluates requests: `simulator.mjs`, a Node process of its own."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crossrole.engines.process import Worker, node_command
from crossrole.errors import CommandError
from crossrole.iam.arn import is_role, session_arn
from crossrole.iam.policy import Policy, Statement

Context = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Request:
    """One request and every policy that helps to decide it; `principal` is a role's or user's ARN."""

    principal: str
    action: str
    resource: str
    account: str
    """The account that owns the resource."""
    context: Context
    identity: tuple[Policy, ...]
    boundary: Policy | None = None
    resource_policy: Policy | None = None
    scps: tuple[tuple[Policy, ...], ...] = ()
    """The levels of the principal's service control policies: each must allow the request."""
    rcps: tuple[tuple[Policy, ...], ...] = ()
    """The levels of resource control policies of the account that owns the resource."""
    endpoint: tuple[Policy, ...] = ()
    """The policies of the VPC endpoint that the request goes through."""
    session_policy: Policy | None = None
    free: bool = False
    """Whether keys that the context lacks may have any value; the answer then says which values they need."""
    session: str | None = None
    """The name of the role's session, where it is known."""
    anything: frozenset[str] = frozenset()
    """Keys in small letters, or families such as `aws:principaltag/`, that the request carries with any value."""
    named: bool = False
    """Whether the templates name the resource, so that it is none of those that only the deployment names."""
    restricts_public: str = "false"
    """Whether RestrictPublicBuckets is on for the bucket: `true`, `false`, or not known."""

    @property
    def session_name(self) -> str:
        """The name of the session for an engine, which needs one."""
        return self.session or "crossrole"

    def with_context(self, context: Context) -> "Request":
        """Return the same request with more in its context."""
        return replace(self, context={**self.context, **context})

    def as_json(self) -> dict[str, Any]:
        """Return what the engines read."""
        return {
            # A role acts through a session, whose ARN is another one.
            "principal": session_arn(self.principal, self.session_name) if is_role(self.principal) else self.principal,
            "action": self.action,
            "resource": self.resource,
            "account": self.account,
            "context": self.context,
            "identity": [_numbered(policy, number) for number, policy in enumerate(self.identity)],
            "boundary": _numbered(self.boundary, 0) if self.boundary else None,
            "resourcePolicy": _numbered(self.resource_policy, 0)["policy"] if self.resource_policy else None,
            "scps": [_level(level) for level in self.scps],
            "rcps": [_level(level) for level in self.rcps],
            "endpoint": _level(self.endpoint),
            "session": _numbered(self.session_policy, 0)["policy"] if self.session_policy else None,
            "restrictsPublic": self.restricts_public == "true",
            "free": self.free,
        }


@dataclass(frozen=True)
class FailedCondition:
    """A condition that did not hold; `given` is None where the request carries no such key."""

    operator: str
    key: str
    wanted: tuple[str, ...]
    given: str | None


@dataclass(frozen=True)
class Evaluated:
    """The engine's result for one statement."""

    policy: Policy
    number: int
    """The statement's place among the policy's."""
    statement: Statement
    matches: bool
    action: bool
    resource: bool
    principal: bool
    failed: tuple[FailedCondition, ...]


@dataclass(frozen=True)
class Layer:
    """The result of one kind of policy: `identity`, `boundary`, `resource`, `session`, `scp`, `rcp` or `endpoint`."""

    name: str
    result: str
    statements: tuple[Evaluated, ...]

    def deciding(self, effect: str) -> list[Evaluated]:
        """Return the statements of one effect that match the request."""
        return [each for each in self.statements if each.matches and each.statement["Effect"] == effect]


@dataclass(frozen=True)
class Decision:
    """Whether the request is allowed, and the result of each kind of policy."""

    allowed: bool
    layers: tuple[Layer, ...]
    conditions: Mapping[str, Any] | None = None
    """For a free request that is allowed: what its context must be, as the engine words it."""


class Simulator(Worker):
    """The engine's process."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        super().__init__("policy simulator")

    def command(self) -> list[str]:
        """Return the command that starts the engine."""
        return node_command(Path(__file__).with_name("simulator.mjs"))

    def decide(self, requests: Sequence[Request]) -> list[Decision]:
        """Return the decision on each request.

        Raises `CommandError` where the engine can't evaluate one, or would leave out a condition key that does not
        belong to the action: then a condition on that key would be evaluated as if it were absent.
        """
        outcomes = self.ask([request.as_json() for request in requests])
        return [_decision(request, outcome) for request, outcome in zip(requests, outcomes, strict=True)]


def named(policy: Policy) -> dict[str, Any]:
    """Return a policy as the engines read it, under a name that is unique."""
    return {"name": policy.place, "policy": policy.document}


def _numbered(policy: Policy, number: int) -> dict[str, Any]:
    """Return a policy whose statements have their numbers for Sids: those of a template may be empty, or repeat."""
    statements = [{**each, "Sid": f"n{index}"} for index, each in enumerate(policy.statements)]
    return {"name": f"p{number}", "policy": {**policy.document, "Statement": statements}}


def _level(policies: Sequence[Policy]) -> list[dict[str, Any]]:
    return [_numbered(policy, number) for number, policy in enumerate(policies)]


def _decision(request: Request, outcome: Mapping[str, Any]) -> Decision:
    if "error" in outcome:
        raise CommandError(_why_not(request, outcome))
    if outcome["ignored"]:
        keys = ", ".join(outcome["ignored"])
        raise CommandError(f"{keys}: no request of {request.action} on {request.resource} carries it")
    layers = tuple(
        Layer(each["name"], each["result"], tuple(_evaluated(request, each["name"], one) for one in each["statements"]))
        for each in outcome["layers"]
    )
    return Decision(outcome["result"] == "Allowed", layers, outcome.get("conditions"))


def _evaluated(request: Request, layer: str, said: Mapping[str, Any]) -> Evaluated:
    levels: Mapping[str, Sequence[Sequence[Policy | None]]] = {
        "identity": [request.identity],
        "boundary": [[request.boundary]],
        "resource": [[request.resource_policy]],
        "session": [[request.session_policy]],
        "scp": request.scps,
        "rcp": request.rcps,
        "endpoint": [request.endpoint],
    }
    named_ = re.fullmatch(r"p([0-9]+)", said["policy"] or "")
    # The engine has names of its own for the one policy of its kind.
    policy = levels[layer][said["level"]][int(named_[1]) if named_ else 0]
    number = int(said["identifier"][1:])
    if policy is None:
        raise CommandError(f"the policy simulator decided by a policy that it was not given: {json.dumps(said)}")
    return Evaluated(
        policy=policy,
        number=number,
        statement=policy.shown(number),
        matches=said["matches"],
        action=said["action"],
        resource=said["resource"],
        principal=said["principal"],
        failed=tuple(
            FailedCondition(each["operator"], each["key"], tuple(each["wanted"]), _one_text(each["given"]))
            for each in said["conditions"]
            if not each["matches"]
        ),
    )


def _one_text(given: Any) -> str | None:
    return ", ".join(given) if isinstance(given, list) else given


def _why_not(request: Request, outcome: Mapping[str, Any]) -> str:
    what = f"{request.action} on {request.resource}"
    known = {
        "no.resource.types": f"{request.action} does not work on {request.resource}",
        "multiple.resource.types": f"{request.resource} could be several kinds of resource for {request.action}",
        "must.use.wildcard": f'{request.action} works on no single resource; write "*"',
        "wildcard": f"{request.resource} stands for many resources; name one",
    }
    return known.get(
        outcome["error"], f"the policy simulator can't evaluate {what}: {json.dumps(outcome.get('details'))}"
    )
