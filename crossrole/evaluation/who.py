"""`crossrole who ACTION RESOURCE`: every caller in the templates that can, and through which grant."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crossrole.engines.simulator import Decision, Request, Simulator
from crossrole.evaluation.assumptions import Assumption
from crossrole.evaluation.callers import EVERYONE, Candidate, representative
from crossrole.evaluation.question import Question, known_resource
from crossrole.evaluation.requests import CERTAIN, Link, free, links_of, otherwise
from crossrole.iam.actions import ASSUME
from crossrole.iam.arn import account_of
from crossrole.iam.condition_words import of_expression
from crossrole.iam.policy import trusted
from crossrole.templates.inventory import Inventory


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


def who_can(inventory: Inventory, simulator: Simulator, action: str, resource: str, *, now: datetime) -> list[Way]:
    """Return every caller in the templates that can do the action on the resource at this moment.

    Raises `CommandError` for an action or a resource that can't be asked about.
    """
    action, resource = known_resource(inventory, action, resource)
    candidates = list(_candidates(inventory, action, resource))
    chains = [links_of(inventory, Question(each.arn, each.via, action, resource, {}, now)) for each in candidates]
    certain = [CERTAIN - {"aws:PrincipalAccount"} if each.label == EVERYONE else CERTAIN for each in candidates]
    of_links = [(link, keys) for links, keys in zip(chains, certain, strict=True) for link in links]
    at_this_moment = [free(link, keys | {"aws:CurrentTime"}) for link, keys in of_links]
    at_any_time = [free(link, keys) for link, keys in of_links]
    now_decided = iter(_decided(simulator, [link for link, _ in of_links], at_this_moment))
    ever_decided = iter(_decided(simulator, [link for link, _ in of_links], at_any_time))
    ways: list[Way] = []
    guesses: list[Way] = []
    for candidate, links in zip(candidates, chains, strict=True):
        decided = [next(now_decided) for _ in links]
        ever = [next(ever_decided) for _ in links]
        if all(each.allowed for each, _ in decided):
            open_ = [_allowed_there(link) for link, (_, unless) in zip(links, decided, strict=True) if unless]
            ways.append(_way(candidate, links, [each for each, _ in ever], open_))
            if open_ and not _names_managed_policies(inventory, candidate):
                guesses.append(ways[-1])
    found = {(way.caller, way.via) for way in ways}
    # A user's other policies are among what is listed for everyone in the account already.
    listed_already = [
        way for way in guesses if {(f"everyone in {account_of(way.caller)}", way.via), (EVERYONE, way.via)} & found
    ]
    return [way for way in dict.fromkeys(ways) if way not in listed_already]


def _decided(simulator: Simulator, links: list[Link], requests: list[Request]) -> list[tuple[Decision, bool]]:
    """Return the decision on each request, and whether it rests on what is outside the templates but may allow it."""
    decisions = simulator.decide(requests)
    open_ = [number for number, link in enumerate(links) if link.elsewhere and not decisions[number].allowed]
    others = dict(zip(open_, simulator.decide([otherwise(requests[number]) for number in open_]), strict=True))
    return [(others.get(number, each), number in others) for number, each in enumerate(decisions)]


def _names_managed_policies(inventory: Inventory, candidate: Candidate) -> bool:
    """Return whether a template attaches to the caller, or to the role in between, a policy that is outside them."""
    every = [inventory.identity(candidate.arn), candidate.via]
    return any(each.managed_elsewhere for each in every if each)


def _allowed_there(link: Link) -> Assumption:
    where = " or ".join(link.elsewhere)
    return Assumption(
        f"{where}, outside the templates, allows {link.request.action} on {link.request.resource}", needed=True
    )


def _candidates(inventory: Inventory, action: str, resource: str) -> Iterator[Candidate]:
    attached = inventory.resource_policy(resource)
    own = [each for each in inventory.identities if action == ASSUME or not each.is_grant]
    yield from (Candidate(each.arn, each.arn, None) for each in own if each.arn != resource)
    yield from (representative(name, None, inventory.partition) for name in (trusted(attached) if attached else []))
    if action == ASSUME:
        return
    for grant in inventory.grants:
        named = trusted(grant.trust) if grant.trust else []
        yield from (representative(name, grant, inventory.partition) for name in named)
        yield from (
            Candidate(each.arn, each.arn, grant)
            for each in inventory.identities
            if not each.is_grant and each.arn not in named
        )


def _way(candidate: Candidate, links: list[Link], decisions: list[Decision], open_: list[Assumption]) -> Way:
    conditions = [text for decision in decisions for text in of_expression(decision.conditions)]
    assumptions = [
        replace(each, text=each.text.removeprefix(f"{candidate.arn} is outside the templates: "))
        for link in links
        for each in link.assumptions
    ]
    return Way(
        candidate.label,
        candidate.via.name if candidate.via else None,
        tuple(dict.fromkeys(filter(None, conditions))),
        tuple(dict.fromkeys([*open_, *assumptions])),
    )
