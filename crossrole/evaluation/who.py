"""`crossrole who ACTION RESOURCE`: every caller in the templates that can, and through which grant."""

import re
from collections import deque
from collections.abc import Iterator, Sequence, Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from crossrole.engines.simulator import Decision, Request, Simulator
from crossrole.evaluation.assumptions import Assumption
from crossrole.evaluation.bounds import may_match, open_reasons
from crossrole.evaluation.callers import (
    EVERYONE,
    OF_AWS,
    OF_THE_CALLER,
    SOMEWHERE,
    Candidate,
    everyone_in,
    let_in,
    may_allow,
    members,
    representative,
    tells_callers_apart,
    those_that_may_allow,
)
from crossrole.evaluation.question import Question, known_resource
from crossrole.evaluation.requests import CERTAIN, Link, free, links_of
from crossrole.evaluation.strangers import ANYONE, SOME_SERVICE, asked_by, of_no_service, strangers_in
from crossrole.iam.actions import ASSUME
from crossrole.iam.arn import account_of, account_root_arn, partition_of
from crossrole.iam.condition_words import of_expression, of_statement
from crossrole.iam.policy import Policy, overlap, principals_of, texts
from crossrole.templates.identity_providers import federated
from crossrole.templates.inventory import FleetCaller, Identity, Inventory
from crossrole.unknown import has_unknowns, worded


@dataclass(frozen=True)
class Way:
    """A caller that can: directly, or through a grant; and what the requests must carry for it."""

    caller: str
    via: str | None
    conditions: tuple[str, ...]
    assumptions: tuple[Assumption, ...]
    is_a_guess: bool = False
    """Whether it rests on policies outside the templates that may allow it."""

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
    asked = _Asked(inventory, simulator, action, resource, now)
    ways: list[Way] = []
    guesses: list[Way] = []
    open_sets: list[str] = []
    for candidate, outcome in asked.outcomes(list(_candidates(inventory, simulator, action, resource, now))):
        if isinstance(outcome, str):
            open_sets.append(outcome)
        elif outcome:
            ways.append(outcome)
            if outcome.is_a_guess and not _names_managed_policies(inventory, candidate):
                guesses.append(outcome)
    ways += _by_token(inventory, action, resource)
    ways = _with_strangers(ways, list(asked.strangers()))
    ways = [*ways, *_further(inventory, simulator, ways, now)]
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
        tuple(way for way in dict.fromkeys(ways) if way not in listed_already),
        tuple(dict.fromkeys([*open_sets, *depends])),
    )


@dataclass(frozen=True)
class _Asked:
    """One question of `who`, asked for one candidate after the other in few batches."""

    inventory: Inventory
    simulator: Simulator
    action: str
    resource: str
    now: datetime

    def links(self, arn: str, via: Identity | None) -> list[Link]:
        """Return the requests of one caller, without what only a service's own request may meet."""
        return [replace(each, request=of_no_service(each.request)) for each in self._links(arn, via)]

    def _links(self, arn: str, via: Identity | None) -> list[Link]:
        token = self.inventory.provider_of(arn)
        return links_of(self.inventory, Question(arn, via, self.action, self.resource, {}, self.now, token=token))

    def outcomes(self, candidates: Sequence[Candidate]) -> Iterator[tuple[Candidate, "Way | str | None"]]:
        """Yield for each candidate its way, nothing where it can't, or what it depends on whether any of a set can."""
        chains = [self.links(each.arn, each.via) for each in candidates]
        apart = [
            bool(each.pattern) and tells_callers_apart(_let_in_by(links)) for each, links in _zip(candidates, chains)
        ]
        certain = [(each, links) for (each, links), is_apart in _zip(_zip(candidates, chains), apart) if not is_apart]
        ways = iter(self._ways([(each, links, _certain(self.inventory, each)) for each, links in certain]))
        for (candidate, links), is_apart in _zip(_zip(candidates, chains), apart):
            yield candidate, self._of_a_set(candidate, links) if is_apart else next(ways)

    def _ways(self, asked: Sequence[tuple[Candidate, list[Link], AbstractSet[str]]]) -> list["Way | None"]:
        """Return the way of each candidate that can at this moment, with what must hold at any time."""
        of_links = [(link, keys) for _, links, keys in asked for link in links]
        now_decided = _decided(
            self.simulator, [(link, free(link, keys | {"aws:CurrentTime"})) for link, keys in of_links]
        )
        # What they depend on is asked for at any time: only then an end in the future is among the conditions.
        tests_time = [number for number, (link, _) in enumerate(of_links) if _tests_time(link.request)]
        at_any_time = [(link, free(link, keys)) for link, keys in (of_links[number] for number in tests_time)]
        ever = dict(enumerate(now_decided)) | dict(_zip(tests_time, _decided(self.simulator, at_any_time)))
        at_this_moment, at_some_time = iter(now_decided), iter(ever.values())
        ways: list[Way | None] = []
        for candidate, links, _ in asked:
            decided, later = [next(at_this_moment) for _ in links], [next(at_some_time) for _ in links]
            open_ = [_allowed_there(link) for link, (_, unless) in _zip(links, decided) if unless]
            can = all(each.allowed for each, _ in decided)
            ways.append(self._way(candidate, links, [each for each, _ in later], open_) if can else None)
        return ways

    def _of_a_set(self, candidate: Candidate, links: list[Link]) -> "Way | str | None":
        """Return the way of a set of callers that policies tell apart: all of them, some, or none.

        One of the set is asked for each way in which they are told apart. Where none of these can, and the set can with
        the caller's ARN left free, it is not known whether any can.
        """
        let_in_by, partition = _let_in_by(links), self.inventory.partition
        every = [replace(candidate, arn=arn) for arn in members(candidate, let_in_by, partition)]
        asked = [(each, self.links(each.arn, each.via), _certain(self.inventory, each)) for each in every]
        found = self._ways(asked)
        able = [way for way in found if way]
        if len(able) == len(every):
            return found[0]
        if not able and len(every) == len(members(candidate, [], partition)):
            # No policy names any of them: all roles are alike, and all users.
            return None
        keys = _certain(self.inventory, candidate) - {each for each in CERTAIN if each.lower() in OF_THE_CALLER}
        (open_way,) = self._ways([(candidate, [_sparing(each) for each in links], keys)])
        if not able:
            whom = f"which of {candidate.label} the policies let do {self.action}"
            return f"{whom}: {'; '.join(open_way.conditions)}" if open_way else None
        conditions = (*(open_way.conditions if open_way else ()), *able[0].conditions)
        if not any(key in each.lower() for key in OF_THE_CALLER for each in conditions):
            conditions = (*conditions, f"it is one like {every[found.index(able[0])].arn}")
        return replace(able[0], caller=candidate.some, conditions=tuple(dict.fromkeys(conditions)))

    def _way(
        self, candidate: Candidate, links: list[Link], decisions: list[Decision], open_: list[Assumption]
    ) -> "Way":
        assumptions = [
            replace(each, text=each.text.removeprefix(f"{candidate.arn} is outside the templates: "))
            for link in links
            for each in link.assumptions
            if not (_needs_no_policy_of_its_own(link) and "own policies allow" in each.text)
        ]
        via = candidate.via.name if candidate.via else None
        conditions = _conditions(links, decisions)
        return Way(candidate.label, via, conditions, tuple(dict.fromkeys([*open_, *assumptions])), bool(open_))

    def strangers(self) -> Iterator["Way"]:
        """Yield the ways of those whom the resource's policy lets in and that are neither a role nor a user."""
        policy = self.inventory.resource_policy(self.resource)
        asked = list(strangers_in(policy, self.action, self.resource)) if policy else []
        # With a token a role is assumed as its statement says.
        asked = [each for each in asked if each.kind != "Federated" or not self.action.startswith("sts:")]
        if not asked:
            return
        links = self._links(representative("*", None, self.inventory.partition).arn, None)
        for stranger in asked:
            if stranger.is_anonymous and len(links) > 1:
                continue  # KMS takes no request that is not signed
            decisions = self.simulator.decide([asked_by(stranger, link) for link in links])
            if all(each.allowed for each in decisions):
                kept = [each for link in links for each in link.assumptions if "own policies" not in each.text]
                yield Way(stranger.label, None, _conditions(links, decisions), tuple(dict.fromkeys(kept)))


_zip = partial(zip, strict=True)


def _certain(inventory: Inventory, candidate: Candidate) -> AbstractSet[str]:
    """Return the keys whose values are certain for a caller: of a unit's, where its account is."""
    if account_of(candidate.arn) == SOMEWHERE:
        return CERTAIN - {"aws:PrincipalAccount"}
    caller = inventory.fleets.get(candidate.arn)
    return CERTAIN | caller.context.keys() if caller else CERTAIN


def _let_in_by(links: Sequence[Link]) -> list[Policy]:
    """Return the policies that decide whether a caller is let in: those beside its own."""
    request = links[0].request
    rcps = [policy for level in request.rcps for policy in level]
    return [*([request.resource_policy] if request.resource_policy else []), *rcps, *request.endpoint]


def _sparing(link: Link) -> Link:
    """Return a request where each Deny by NotPrincipal spares its caller: it may be one of those that it names."""
    policy = link.request.resource_policy
    if policy is None:
        return link
    kept = [each for each in policy.statements if each["Effect"] != "Deny" or "NotPrincipal" not in each]
    spared = replace(policy, document={**policy.document, "Statement": kept})
    return replace(link, request=replace(link.request, resource_policy=spared))


def _needs_no_policy_of_its_own(link: Link) -> bool:
    """Return whether the resource's policy names the caller itself, in its own account, or one that is in none."""
    request = link.request
    statements = request.resource_policy.statements if request.resource_policy else []
    names = [name for each in statements if each["Effect"] == "Allow" for name in principals_of(each)]
    is_named = request.principal in names
    return is_named and account_of(request.principal) in {request.account, "cloudfront"}


def _with_strangers(ways: Sequence[Way], strangers: Sequence[Way]) -> list[Way]:
    """Return the ways with those of strangers: whoever can without credentials is not listed with them again."""
    anyone = next((way for way in strangers if way.caller == ANYONE), None)

    def is_one(way: Way) -> bool:
        direct = way.via is None and way.caller in {*OF_AWS, SOME_SERVICE}
        return anyone is not None and direct and set(anyone.conditions) <= set(way.conditions)

    others = [way for way in [*ways, *strangers] if way is not anyone and not is_one(way)]
    return [*([anyone] if anyone else []), *others]


def _further(inventory: Inventory, simulator: Simulator, ways: Sequence[Way], now: datetime) -> Iterator[Way]:
    """Yield the ways of those who assume a role first that assumes the next: chains of more than one grant."""
    hops = {grant.arn: grant for grant in inventory.grants}
    waiting = deque(ways)
    while waiting:
        way = waiting.popleft()
        # Each role is followed once, by its shortest chain: roles that assume each other are a circle.
        hop = hops.pop(way.caller, None) if way.via else None
        for first in who_can(inventory, simulator, ASSUME, hop.arn, now=now).ways if hop else ():
            via = f"{hop.name}, then {way.via}" if hop else way.via
            conditions = tuple(dict.fromkeys([*first.conditions, *way.conditions]))
            further = Way(first.caller, via, conditions, tuple(dict.fromkeys([*first.assumptions, *way.assumptions])))
            waiting.append(further)
            yield further


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
    own = [each for each in inventory.identities if action == ASSUME or not each.is_grant]
    owner = _owner_that_lets_nobody_in(inventory, resource)
    own = [each for each in own if owner is None or has_unknowns(each.account) or each.account == owner]
    yield from (
        Candidate(_label(each, action, resource), each.arn, None)
        for each in own
        if each.arn != resource and (each.arn not in inventory.fleets or may_allow(each.policies, action, resource))
    )
    names = let_in(attached) if attached else []
    yield from (representative(name, None, inventory.partition) for name in names)
    bucket = inventory.bucket_of(resource)
    if "*" in names and bucket and bucket.public_access_block.get("RestrictPublicBuckets", "false") != "false":
        # A public policy then still lets in those of the bucket's own account.
        yield everyone_in(bucket.account, None, inventory.partition)
    if action == ASSUME:
        return
    # Of the grants only those lead on to another whose policies may allow it.
    callers = [each for each in inventory.identities if not each.is_grant or _may_assume_any(each)]
    for grant in _able(inventory, simulator, action, resource, now):
        named = let_in(grant.trust) if grant.trust else []
        yield from (representative(name, grant, inventory.partition) for name in named)
        providers = [inventory.provider_of(arn) for arn in federated(grant.trust)] if grant.trust else []
        yield from (Candidate(f"a token of {each.name}", each.arn, grant) for each in providers if each)
        yield from (
            Candidate(_label(each, ASSUME, grant.arn), each.arn, grant)
            for each in callers
            if each.arn != grant.arn
            and each.arn not in named
            and _may_be_let_in(each, named)
            and _may_assume(each, grant)
        )


def _owner_that_lets_nobody_in(inventory: Inventory, resource: str) -> str | None:
    """Return the account of a resource whose policy is known and allows nothing: no caller of another can be let in.

    None where the policy is not known, or may let callers of other accounts in.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
    """
    bucket, attached = inventory.bucket_of(resource), inventory.resource_policy(resource)
    owner = bucket.account if bucket else account_of(resource)
    is_known = owner and not has_unknowns(owner) and (bucket or attached)
    return None if not is_known or _opens(attached) else owner


def _opens(policy: Policy | None) -> bool:
    """Return whether a resource's policy may allow anything."""
    return policy is not None and any(each["Effect"] != "Deny" for each in policy.statements)


def _able(inventory: Inventory, simulator: Simulator, action: str, resource: str, now: datetime) -> Iterator[Identity]:
    """Yield the grants whose sessions may do it: only of these the callers matter."""
    # A resource's own policy may allow what a role's does not; else a role without any fitting Allow can't.
    opens = _opens(inventory.resource_policy(resource))
    grants = [
        each for each in inventory.grants if opens or each.elsewhere or may_allow(each.policies, action, resource)
    ]
    links = [links_of(inventory, Question(grant.arn, None, action, resource, {}, now))[0] for grant in grants]
    decided = _decided(simulator, [(link, free(link)) for link in links])
    yield from (grant for grant, (decision, _) in zip(grants, decided, strict=True) if decision.allowed)


def _may_be_let_in(caller: Identity, named: Sequence[str]) -> bool:
    """Return whether a caller may be one of those that a trust policy lets in, which does not name it."""
    root = account_root_arn(partition_of(caller.arn), caller.account)
    return has_unknowns(caller.arn) or any(
        has_unknowns(name)
        or name in {"*", caller.account, root}
        or (set(name) & set("*?$") and overlap(re.sub(r"\$\{[^}]*\}", "*", name), caller.arn))
        for name in named
    )


def _may_assume(caller: Identity, grant: Identity) -> bool:
    """Return whether a caller might assume a role: from another account it takes an Allow of the caller's own."""
    if caller.is_grant and not may_allow(caller.policies, ASSUME, grant.arn):
        return False
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


def _may_assume_any(caller: Identity) -> bool:
    """Return whether a statement of a role's might allow it to assume some role."""
    statements = [each for policy in caller.policies for each in policy.statements if each["Effect"] != "Deny"]
    return any(may_match(texts(each.get("Action", "*")), ASSUME, folded=True) for each in statements)


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


def _conditions(links: Sequence[Link], decisions: Sequence[Decision]) -> tuple[str, ...]:
    conditions = [text for decision in decisions for text in of_expression(decision.conditions)]
    conditions += [worded(text) for decision in decisions for text in open_reasons(decision)]
    conditions += [text for link in links for text in link.depends]
    return tuple(dict.fromkeys(filter(None, conditions)))
