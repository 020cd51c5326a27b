"""`crossrole who ACTION RESOURCE`: every caller in the templates that can, and through which grant."""

from collections.abc import Iterator, Sequence, Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crossrole.engines.simulator import Decision, Request, Simulator
from crossrole.evaluation.assumptions import Assumption
from crossrole.evaluation.bounds import open_reasons
from crossrole.evaluation.callers import (
    EVERYONE,
    SOMEWHERE,
    Candidate,
    may_allow,
    representative,
    those_that_may_allow,
)
from crossrole.evaluation.question import Question, known_resource
from crossrole.evaluation.requests import CERTAIN, Link, free, links_of
from crossrole.iam.actions import ASSUME
from crossrole.iam.arn import account_of, name_of
from crossrole.iam.condition_words import of_expression, of_statement
from crossrole.iam.policy import overlap, texts, trusted
from crossrole.templates.inventory import FleetCaller, Identity, Inventory
from crossrole.unknown import has_unknowns, worded

ANYONE = "anyone on the internet, without credentials"
# Keys that a request without credentials does not carry.
_OF_CREDENTIALS = ("aws:principal", "aws:userid", "aws:username", "aws:tokenissuetime", "aws:multifactor", "aws:source")


@dataclass(frozen=True)
class Way:
    """A caller that can: directly, or through a grant; and what the requests must carry for it."""

    caller: str
    via: str | None
    conditions: tuple[str, ...]
    assumptions: tuple[Assumption, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the way for `--json`."""
        return {
            "caller": self.caller,
            "via": self.via,
            "conditions": list(self.conditions),
            "assumptions": [{"text": each.text, "needed": each.needed} for each in self.assumptions],
        }


@dataclass(frozen=True)
class Callers:
    """Everyone in the templates that can; and what is not evaluated and may let others, or keep these from it."""

    ways: tuple[Way, ...]
    depends: tuple[str, ...]

    @property
    def exit_status(self) -> int:
        """0 where someone can, 1 where nobody in the templates can, 2 where that is not known."""
        return 2 if self.depends else 0 if self.ways else 1


def who_can(inventory: Inventory, simulator: Simulator, action: str, resource: str, *, now: datetime) -> Callers:
    """Return every caller in the templates that can do the action on the resource at this moment.

    Raises `CommandError` for an action or a resource that can't be asked about.
    """
    action, resource = known_resource(inventory, action, resource)
    candidates = list(_candidates(inventory, simulator, action, resource, now))
    chains = [links_of(inventory, Question(each.arn, each.via, action, resource, {}, now)) for each in candidates]
    certain = [_certain(inventory, each) for each in candidates]
    of_links = [(link, keys) for links, keys in zip(chains, certain, strict=True) for link in links]
    now_decided = _decided(simulator, [(link, free(link, keys | {"aws:CurrentTime"})) for link, keys in of_links])
    # What they depend on is asked for at any time: only then an end in the future is among the conditions.
    tests_time = [number for number, (link, _) in enumerate(of_links) if _tests_time(link.request)]
    at_any_time = [(link, free(link, keys)) for link, keys in (of_links[number] for number in tests_time)]
    ever_decided = dict(enumerate(now_decided)) | dict(zip(tests_time, _decided(simulator, at_any_time), strict=True))
    at_this_moment, at_some_time = iter(now_decided), iter(ever_decided.values())
    ways: list[Way] = []
    guesses: list[Way] = []
    for candidate, links in zip(candidates, chains, strict=True):
        decided = [next(at_this_moment) for _ in links]
        ever = [next(at_some_time) for _ in links]
        if all(each.allowed for each, _ in decided):
            open_ = [_allowed_there(link) for link, (_, unless) in zip(links, decided, strict=True) if unless]
            ways.append(_way(candidate, links, [each for each, _ in ever], open_))
            if open_ and not _names_managed_policies(inventory, candidate):
                guesses.append(ways[-1])
    ways += _by_token(inventory, action, resource)
    found = {(way.caller, way.via) for way in ways}
    # A user's other policies are among what is listed for everyone in the account already.
    listed_already = [
        way for way in guesses if {(f"everyone in {account_of(way.caller)}", way.via), (EVERYONE, way.via)} & found
    ]
    accounts = frozenset({*inventory.partitions, account_of(resource)})
    depends = [
        each.what
        for each in inventory.unread
        if each.touches(action=action, resource=resource, accounts=accounts, principal=each.resource or "")
    ]
    return Callers(
        tuple(way for way in dict.fromkeys(ways) if way not in listed_already), tuple(dict.fromkeys(depends))
    )


def _certain(inventory: Inventory, candidate: Candidate) -> AbstractSet[str]:
    """Return the keys whose values are certain for a caller: of a unit's, where its account is."""
    if candidate.label == EVERYONE:
        return CERTAIN - {"aws:PrincipalAccount"}
    caller = inventory.fleets.get(candidate.arn)
    return CERTAIN | caller.context.keys() if caller else CERTAIN


def _decided(simulator: Simulator, asked: Sequence[tuple[Link, Request]]) -> list[tuple[Decision, bool]]:
    """Return the decision on each request, and whether it rests on what is outside the templates but may allow it."""
    requests = [request for _, request in asked]
    decisions = simulator.decide(requests)
    open_ = [number for number, (link, _) in enumerate(asked) if link.outside and not decisions[number].allowed]
    others = dict(
        zip(open_, simulator.decide([asked[number][0].otherwise_of(requests[number]) for number in open_]), strict=True)
    )
    return [(others.get(number, each), number in others) for number, each in enumerate(decisions)]


def _names_managed_policies(inventory: Inventory, candidate: Candidate) -> bool:
    """Return whether a template attaches to the caller, or to the role in between, a policy that is outside them."""
    every = [inventory.identity(candidate.arn), candidate.via]
    return any(each.managed_elsewhere for each in every if each)


def _allowed_there(link: Link) -> Assumption:
    where = " or ".join(link.outside)
    return Assumption(
        f"{where}, outside the templates, allows {link.request.action} on {link.request.resource}", needed=True
    )


def _candidates(
    inventory: Inventory, simulator: Simulator, action: str, resource: str, now: datetime
) -> Iterator[Candidate]:
    attached = inventory.resource_policy(resource)
    own = [each for each in inventory.identities if action == ASSUME or not each.is_grant or _only_by_token(each)]
    yield from (
        Candidate(_label(each, action, resource), each.arn, None)
        for each in own
        if each.arn != resource and (each.arn not in inventory.fleets or may_allow(each.policies, action, resource))
    )
    yield from (representative(name, None, inventory.partition) for name in (trusted(attached) if attached else []))
    if action == ASSUME:
        return
    for grant in _able(inventory, simulator, action, resource, now):
        named = trusted(grant.trust) if grant.trust else []
        yield from (representative(name, grant, inventory.partition) for name in named)
        yield from (
            Candidate(_label(each, ASSUME, grant.arn), each.arn, grant)
            for each in inventory.identities
            if not each.is_grant and each.arn not in named and _may_assume(each, grant)
        )


def _able(inventory: Inventory, simulator: Simulator, action: str, resource: str, now: datetime) -> Iterator[Identity]:
    """Yield the grants whose sessions may do it: only of these the callers matter."""
    attached = inventory.resource_policy(resource)
    # A resource's own policy may allow what a role's does not; else a role without any fitting Allow can't.
    opens = attached is not None and any(each["Effect"] != "Deny" for each in attached.statements)
    grants = [
        each for each in inventory.grants if opens or each.elsewhere or may_allow(each.policies, action, resource)
    ]
    links = [links_of(inventory, Question(grant.arn, None, action, resource, {}, now))[0] for grant in grants]
    decided = _decided(simulator, [(link, free(link)) for link in links])
    yield from (grant for grant, (decision, _) in zip(grants, decided, strict=True) if decision.allowed)


def _may_assume(caller: Identity, grant: Identity) -> bool:
    """Return whether a caller might assume a role: from another account it takes an Allow of the caller's own."""
    accounts = [caller.account, grant.account]
    same = caller.account == grant.account or has_unknowns(accounts)
    # Of a unit's callers only what they have of its StackSet is known, and everyone there may have more.
    others = not isinstance(caller, FleetCaller) and (same or bool(caller.elsewhere))
    return others or may_allow(caller.policies, ASSUME, grant.arn)


def _label(caller: Identity, action: str, resource: str) -> str:
    """Return what a caller is called: its ARN, or whoever has the policies of a unit's accounts that may allow it."""
    if not isinstance(caller, FleetCaller):
        return caller.arn
    able = those_that_may_allow(caller, action, resource)
    return f"whoever has {' or '.join(able)} in any account of {caller.unit}"


def _only_by_token(role: Identity) -> bool:
    """Return whether only identity providers' tokens assume a role, so that it stands for them."""
    return role.is_grant and not (role.trust and trusted(role.trust))


def _tests_time(request: Request) -> bool:
    """Return whether a policy may decide the request by when it is made."""
    every = [*request.identity, request.boundary, request.resource_policy, request.session_policy, *request.endpoint]
    every += [policy for level in [*request.scps, *request.rcps] for policy in level]
    return any("aws:currenttime" in str(policy.document).lower() for policy in every if policy)


def _by_token(inventory: Inventory, action: str, resource: str) -> Iterator[Way]:
    """Yield those who assume a role with a token of an identity provider, statement by statement."""
    role = inventory.roles.get(resource)
    for statement in role.trust.statements if role and role.trust else []:
        principal = statement.get("Principal")
        names = texts(principal.get("Federated")) if isinstance(principal, dict) else []
        if statement["Effect"] == "Allow" and any(overlap(each, action) for each in texts(statement.get("Action"))):
            for name in names:
                yield Way(
                    f"a token of {name.partition(':oidc-provider/')[2] or name}",
                    None,
                    tuple(of_statement(statement)),
                    (),
                )


def _way(candidate: Candidate, links: list[Link], decisions: list[Decision], open_: list[Assumption]) -> Way:
    conditions = [text for decision in decisions for text in of_expression(decision.conditions)]
    conditions += [worded(text) for decision in decisions for text in open_reasons(decision)]
    conditions += [text for link in links for text in link.depends]
    assumptions = [
        replace(each, text=each.text.removeprefix(f"{candidate.arn} is outside the templates: "))
        for link in links
        for each in link.assumptions
    ]
    label = candidate.label
    if _is_public(candidate, links, conditions):
        label = ANYONE
        assumptions = [
            each for each in assumptions if f":{SOMEWHERE}:" not in each.text and "own policies" not in each.text
        ]
    return Way(
        label,
        candidate.via.name if candidate.via else None,
        tuple(dict.fromkeys(filter(None, conditions))),
        tuple(dict.fromkeys([*open_, *assumptions])),
    )


def _is_public(candidate: Candidate, links: Sequence[Link], conditions: Sequence[str]) -> bool:
    """Return whether a bucket's policy allows it to everyone, on no condition that takes credentials."""
    direct = candidate.label == EVERYONE and candidate.via is None and len(links) == 1
    asks = any(each.lower().startswith(_OF_CREDENTIALS) for each in conditions)
    return direct and links[0].request.action.startswith("s3:") and not asks and name_of(candidate.arn) == "anyone"
