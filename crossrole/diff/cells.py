"""What to ask the prover about: the parts of the new state that may allow more, for each caller there is."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crossrole.diff.callers import Label, Owner, is_direct, label, may_be, narrower, only_callers
from crossrole.diff.comparison import Cell
from crossrole.diff.parts import Part, allowing, as_policy, denying, taken_apart
from crossrole.diff.state import BEGIN, NAME_SOURCE, TAG, State, only_with, service_of
from crossrole.engines.prover import PRINCIPAL_TAG, RESOURCE_TAG, Side
from crossrole.evaluation.assumptions import allowing as allowing_policy
from crossrole.iam.actions import ASSUME
from crossrole.iam.arn import account_of, is_role
from crossrole.iam.globs import covers, covers_arn, meet
from crossrole.templates.inventory import FleetCaller

OTHER_POLICIES = ", where its other policies allow it"


def of_identity(old: State, new: State, arn: str, changed: Sequence[str], others: Sequence[str] = ()) -> Iterator[Cell]:
    """Yield the cells of a role's or user's own policies.

    `changed` are the resources whose policies changed, and `others` those that have other tags now.
    """
    before, now = old.parts_of(arn), new.parts_of(arn)
    bound_before, bound = old.boundary_of(arn), new.boundary_of(arn)
    lifted = [*_lifted(before, now), *_lifted(bound_before, bound)]
    rebound = {*allowing(bound_before)} != {*allowing(bound)} or bool(bound_before) != bool(bound)
    retagged = _tags(old, arn) != _tags(new, arn)
    asked = [*changed, *(each for each in new.resources if retagged and _any_tests_tags(new.attached_to(each)))]
    asked += [each for each in others if _any_tests(RESOURCE_TAG, [*now, *before])]
    for part in allowing(now):
        if _begins_a_session(part, new):
            continue
        added = part not in before and not any(each.covers(part) for each in allowing(before))
        if added or rebound or _falls_under(part, lifted) or (retagged and _any_tests_tags([part])):
            yield _own(old, new, arn, part, action=part.action, resource=part.resource)
        else:
            yield from _own_on(old, new, arn, part, asked)
    if lifted or rebound:
        yield from _direct(old, new, arn, None if rebound else lifted)
    yield from _elsewhere(old, new, arn, lifted)


def _own(old: State, new: State, arn: str, part: Part, *, action: str, resource: str) -> Cell:
    return Cell(
        part,
        action,
        resource,
        old.using(arn, action, resource),
        only_with(new.using(arn, action, resource), part),
        _deciding(old, resource, arn),
        _deciding(new, resource, arn),
    )


def _deciding(state: State, resource: str, arn: str) -> tuple[Part, ...]:
    """Return all parts that decide what a role or user may do on a resource."""
    whole = state.whole_of(resource)
    known = whole in state.inventory.resource_policies and not is_role(whole)
    about = (each for each in state.attached_to(whole) if may_be(each, arn)) if known else ()
    return (*state.parts_of(arn), *about)


def _own_on(old: State, new: State, arn: str, part: Part, resources: Iterable[str]) -> Iterator[Cell]:
    """Yield the cells of a part that is as it was, on resources whose policies are not."""
    for resource in dict.fromkeys(resources):
        for on in _within(resource):
            action = _narrowed(part.action, f"{service_of(resource)}:*")
            if part.is_about(action, on) and meet(part.action.lower(), f"{service_of(resource)}:*"):
                place = on if "Resource" in part.but or covers_arn(part.resource, on) else part.resource
                yield _own(old, new, arn, part, action=action, resource=place)


def _direct(old: State, new: State, arn: str, lifted: Sequence[Part] | None) -> Iterator[Cell]:
    """Yield the cells of resources' policies that let it in directly, where its own policies no longer deny that."""
    for resource in new.resources:
        if new.owner(resource).account == account_of(arn):
            for part in allowing(new.attached_to(resource)):
                if is_direct(part) and may_be(part, arn) and (lifted is None or _falls_under(part, lifted)):
                    yield attached_cell(old, new, arn, part, resource)


def attached_cell(old: State, new: State, arn: str, part: Part, resource: str, *, of: Cell | None = None) -> Cell:
    """Return the cell of a part of a resource's policy, for one role or user of the templates.

    `of` is the cell of the same part about the callers that it names, where the part is asked about for a Deny alone.
    """
    action, on = (of.action, of.resource) if of else (part.action, place_of(part, resource))
    whole = new.using(arn, action, on)
    return Cell(
        part,
        action,
        on,
        old.using(arn, action, on),
        only_with(whole, part, attached=True),
        _deciding(old, resource, arn),
        _deciding(new, resource, arn),
    )


def _elsewhere(old: State, new: State, arn: str, lifted: Sequence[Part]) -> Iterator[Cell]:
    """Yield the cells of what is no longer denied, for policies outside the templates that may allow it."""
    identity = new.identities[arn]
    for part in lifted if identity.elsewhere and arn in old.identities else []:
        (allow,) = taken_apart([allowing_policy(part.action, part.resource)])
        cell = _own(old, new, arn, allow, action=part.action, resource=part.resource)
        assumed = replace(cell.old, identity=(*cell.old.identity, allowing_policy(part.action, part.resource)))
        yield replace(cell, old=assumed, where=OTHER_POLICIES)


def of_callers(old: State, new: State, resource: str) -> Iterator[tuple[Label, Cell]]:
    """Yield the cells of a resource's policy or a role's trust, with the callers that each is about."""
    before, now = old.attached_to(resource), new.attached_to(resource)
    owner, trust = new.owner(resource), is_role(resource)
    lifted = _lifted(before, now)
    for part in allowing(now):
        if part.action == NAME_SOURCE and not new.tests_source_identities:
            continue
        denials = [each for each in lifted if part.meets(each)]
        if part not in before and not any(each.covers(part) for each in allowing(before)):
            place = place_of(part, resource)
            whole, alone = (
                old.letting_in(resource, part, place),
                new.letting_in(resource, part, place, part),
            )
            cell = Cell(part, part.action, place, whole, alone, before, now)
            yield label(part, owner, trust=trust), cell
        for denial in denials:
            fewer, place = narrower(part, denial), place_of(part, resource, denial)
            # Who it is about may be named by the Deny alone; whether it needs policies of its own, the Allow says.
            by_allow = label(part, owner, trust=trust).own_policies
            yield (
                replace(label(fewer, owner, trust=trust), own_policies=by_allow),
                Cell(
                    part,
                    _narrowed(_narrowed(part.action, f"{service_of(resource)}:*"), denial.action),
                    place,
                    old.letting_in(resource, part, place),
                    new.letting_in(resource, part, place, part),
                    before,
                    now,
                    (only_callers(fewer, owner),),
                ),
            )


def of_holders(old: State, new: State, before: Sequence[Part], now: Sequence[Part], owner: Owner) -> Iterator[Cell]:
    """Yield the cells of a policy for whoever has it attached, with the caller's ARN left free.

    What is no longer denied is asked about as if another policy of the holder's allowed it.
    """

    def side(state: State, parts: Iterable[Part], part: Part) -> Side:
        return state.holding(as_policy({**each.statement, "Principal": "*"} for each in parts), owner, part)

    for part in allowing(now):
        if part not in before and not any(each.covers(part) for each in allowing(before)):
            sides = side(old, before, part), side(new, now, part)
            yield Cell(part, part.action, part.resource, *sides, tuple(before), tuple(now))
    for denial in _lifted(before, now):
        (allow,) = taken_apart([allowing_policy(denial.action, denial.resource)])
        sides = side(old, [allow, *denying(before)], allow), side(new, [allow, *denying(now)], allow)
        decided = (allow, *denying(before)), (allow, *denying(now))
        yield Cell(allow, denial.action, denial.resource, *sides, *decided, where=OTHER_POLICIES)


def of_assuming(old: State, new: State, caller: str, role: str) -> Iterator[Cell]:
    """Yield the cells of what a role or user of the templates may do with a role's trust: assume it, tag a session."""
    for action in (ASSUME, TAG, NAME_SOURCE):
        parts = [each for each in allowing(new.attached_to(role)) if each.action == action and may_be(each, caller)]
        if not parts or (action == NAME_SOURCE and not new.tests_source_identities):
            continue
        if may_allow(new, caller, action, role, parts):
            yield Cell(
                parts[0],
                action,
                role,
                old.assuming(caller, role),
                new.assuming(caller, role),
                (*_trusting(old, caller, role), *old.parts_of(caller)),
                (*_trusting(new, caller, role), *new.parts_of(caller)),
                _from_its_unit(old, new, caller),
            )


def _from_its_unit(old: State, new: State, caller: str) -> tuple[Mapping[str, Any], ...]:
    """Return the document that allows the requests of a unit's accounts, for a caller that is in one of them.

    Where the unit is, a template only claims: it counts where both states say the same, so that it hides no change.
    """
    both = [state.identities.get(caller) for state in (old, new)]
    paths = [each.path for each in both if isinstance(each, FleetCaller) and each.path]
    if len(paths) != len(both) or len({*paths}) > 1:
        return ()
    path = paths[0]
    # An account is in one place only, although the key may have several values.
    places = {"aws:PrincipalOrgPaths": f"{path}/*"}
    condition = {"ForAnyValue:StringLike": places, "ForAllValues:StringLike": places}
    return (as_policy([{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}]).document,)


def may_allow(state: State, caller: str, action: str, role: str, trusting: Iterable[Part]) -> bool:
    """Return whether anything may let a caller do an action with a role that its trust policy may let it do."""
    direct = account_of(caller) == account_of(role) and any(map(is_direct, trusting))
    identity = state.identities[caller]
    own = any(each.is_about(action, role) for each in allowing(state.parts_of(caller)))
    return direct or own or bool(identity.elsewhere)


def _trusting(state: State, caller: str, role: str) -> Iterator[Part]:
    yield from (each for each in state.attached_to(role) if may_be(each, caller))


def _lifted(before: Iterable[Part], now: Sequence[Part]) -> list[Part]:
    return [each for each in denying(before) if each not in now]


def _falls_under(part: Part, denials: Iterable[Part]) -> bool:
    return any(part.meets(each) for each in denials)


def _tags(state: State, arn: str) -> object:
    identity = state.identities.get(arn)
    return identity and identity.tags


def _any_tests_tags(parts: Iterable[Part]) -> bool:
    return _any_tests(PRINCIPAL_TAG, parts)


def _any_tests(family: str, parts: Iterable[Part]) -> bool:
    return any(family.lower() in json.dumps(each.statement).lower() for each in parts)


def _begins_a_session(part: Part, state: State) -> bool:
    """Return whether a part lets a role of the templates be assumed: that is reported with the role's trust policy."""
    return part.action in {*BEGIN, TAG, NAME_SOURCE} and part.resource in state.inventory.roles


def _within(resource: str) -> list[str]:
    return [resource, f"{resource}/*"] if service_of(resource) == "s3" else [resource]


def _narrowed(action: str, other: str) -> str:
    return other if covers(action.lower(), other.lower()) else action


def place_of(part: Part, resource: str, denial: Part | None = None) -> str:
    """Return the resource of a part as its policy's own resource knows it, or of a Deny statement within it."""
    place = resource if part.resource == "*" and "Resource" not in part.but else part.resource
    if denial and "Resource" not in denial.but and covers_arn(part.resource, denial.resource):
        place = denial.resource
    return resource if place == "*" else place
