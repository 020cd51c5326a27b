"""The access that changed between two states of the templates, decided by proof and not by their text."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from crossrole.diff.comparison import Difference, Direction
from crossrole.diff.not_proved import unevaluated_changes
from crossrole.diff.policy_sets import assuming, callers, owner, using
from crossrole.diff.sentences import CONDITION_LOOSENED, PRINCIPAL_ADDED, Change, what, who
from crossrole.engines.prover import Prover, Side
from crossrole.engines.simulator import Simulator
from crossrole.evaluation.assumptions import allowing
from crossrole.evaluation.callers import Candidate, everyone_in, representative
from crossrole.iam.actions import ASSUME
from crossrole.iam.arn import partition_of
from crossrole.iam.condition_words import of_statement
from crossrole.iam.policy import Policy, atoms, canonical, texts, trusted
from crossrole.templates.inventory import Identity, Inventory


def changes(base: Inventory, head: Inventory, simulator: Simulator, prover: Prover) -> list[Change]:
    """Return the access that was gained and lost from base to head, each once."""
    gained = _changes(Direction(base, head, simulator, prover, gained=True))
    lost = _changes(Direction(head, base, simulator, prover, gained=False))
    return list(dict.fromkeys([*gained, *lost]))


def _changes(direction: Direction) -> Iterator[Change]:
    for role in direction.new.roles.values():
        if role.is_grant:
            newcomers = {}
            for caller in callers((direction.old, direction.new), role):
                difference = _assume_difference(direction, caller, role)
                if difference:
                    newcomers[caller] = difference
            for caller, difference in newcomers.items():
                yield _assume_change(direction, caller, role, difference)
            new = {caller for caller, difference in newcomers.items() if not difference.loosened}
            yield from _use(direction, role, (each for each in _able(direction, role) if each not in new))
        else:
            yield from _use(direction, role, [Candidate(role.arn, role.arn, None)])
        yield from _other_principals(direction, role)
        yield from _limits(direction, role)
        yield from _from_elsewhere(direction, role)
    for user in direction.new.users.values():
        yield from _use(direction, user, [Candidate(user.arn, user.arn, None)])
        yield from _from_elsewhere(direction, user)
    yield from _attached(direction)
    if direction.gained:
        yield from unevaluated_changes(direction.old, direction.new, gained=True)


# --- who may assume a role


def _side(direction: Direction, state: Inventory, caller: Candidate, role: Identity) -> Side:
    templated = direction.old.identity(caller.arn) or direction.new.identity(caller.arn)
    return assuming(state, caller.arn, role, templated=templated is not None)


def _assume_difference(direction: Direction, caller: Candidate, role: Identity) -> Difference | None:
    old, new = (_side(direction, state, caller, role) for state in (direction.old, direction.new))
    return direction.difference(old, new, ASSUME, role.arn)


def _assume_change(direction: Direction, caller: Candidate, role: Identity, difference: Difference) -> Change:
    notes = list(difference.notes)
    if not difference.loosened:
        before = direction.old.resource_policies.get(role.arn)
        named = before is not None and caller.arn in {
            representative(each, None, partition_of(role.arn)).arn for each in trusted(before)
        }
        notes += () if named else direction.flag(PRINCIPAL_ADDED)
        needs = direction.needs(_side(direction, direction.new, caller, role), ASSUME, role.arn)
        notes += [f"only if {' and '.join(needs)}"] if needs else []
        notes += _opened(direction, role)
    do = f"assume role {role.name} in {role.account}"
    return direction.sentence(who(caller.label), do, Difference(difference.loosened, tuple(notes)))


def _opened(direction: Direction, role: Identity) -> list[str]:
    """Return what the role's sessions may do, with the conditions of the statements that allow it."""
    opened: dict[str, list[str]] = {}
    for policy in role.policies:
        for statement in policy.statements:
            asked = [each for each in of_statement(statement) if not each.startswith("aws:ResourceAccount")]
            under = f", only if {' and '.join(asked)}" if asked else ""
            for action, on in atoms([replace(policy, document={**policy.document, "Statement": [statement]})]):
                if direction.allows(using(direction.new, role.arn, action, on), action, on):
                    opened.setdefault(f"{what(on)}{under}", []).append(action)
    return [f"through it: {', '.join(dict.fromkeys(actions))} on {on}" for on, actions in opened.items()]


def _able(direction: Direction, role: Identity) -> Iterator[Candidate]:
    """Yield everyone who may assume the role: they gain what its sessions gain.

    Each proof is made only when the next one is asked for.
    """
    for each in callers((direction.old, direction.new), role):
        if direction.allows(_side(direction, direction.new, each, role), ASSUME, role.arn):
            yield each


def _other_principals(direction: Direction, role: Identity) -> Iterator[Change]:
    """Yield services and federations, which are not proved, and principals that are no longer pinned."""
    before, now = direction.old.resource_policies.get(role.arn), role.trust
    for kind, name, _ in sorted(_not_of_aws(now) - _not_of_aws(before)):
        added = Difference(loosened=False, notes=direction.flag(PRINCIPAL_ADDED))
        do = f"assume role {role.name} in {role.account}"
        yield direction.sentence(f"{kind.lower()} {name}", do, added)
    if direction.gained and now:
        for arn in sorted((_pinned(before) - _pinned(now)) & set(trusted(now))):
            again = f"assume role {role.name} in {role.account} also when it is deleted and made again"
            text = f"{who(arn)} can now {again}: it was pinned"
            yield Change(direction.gained, text, (CONDITION_LOOSENED,))


def _not_of_aws(trust: Policy | None) -> set[tuple[str, str, str]]:
    return {
        (kind, name, json.dumps(statement.get("Condition", {}), sort_keys=True))
        for statement in (trust.statements if trust else [])
        if statement["Effect"] == "Allow" and isinstance(statement.get("Principal"), Mapping)
        for kind, names in statement["Principal"].items()
        if kind != "AWS"
        for name in texts(names)
    }


def _pinned(trust: Policy | None) -> set[str]:
    principals = [each.get("Principal") for each in (trust.statements if trust else [])]
    named = [name for each in principals if isinstance(each, Mapping) for name in texts(each.get("AWS"))]
    return {each for each in named if ":role/" in each or ":user/" in each}


# --- what a role or user may do


def _use(direction: Direction, actor: Identity, speakers: Iterable[Candidate]) -> Iterator[Change]:
    found: dict[tuple[str, Difference], list[str]] = {}
    for action, resource in atoms(actor.policies):
        if action == ASSUME and resource in direction.new.roles:
            continue  # reported with the role's trust policy
        old, new = (using(state, actor.arn, action, resource) for state in (direction.old, direction.new))
        difference = direction.difference(old, new, action, resource)
        if difference:
            elsewhere = () if difference.loosened else direction.where_else(old, action)
            reported = Difference(difference.loosened, (*difference.notes, *elsewhere))
            found.setdefault((resource, reported), []).append(action)
    for speaker in speakers if found else []:
        through = f", through {actor.name}" if actor.is_grant else ""
        for (resource, difference), actions in found.items():
            do = f"{', '.join(actions)} on {what(resource)}"
            yield direction.sentence(who(speaker.label), do, difference, through)


def _from_elsewhere(direction: Direction, actor: Identity) -> Iterator[Change]:
    before = direction.old.identity(actor.arn)
    for what_else in sorted(set(actor.elsewhere) - set(before.elsewhere if before else ())):
        if what_else.startswith("the managed policy"):
            has = "now has" if direction.gained else "no longer has"
            yield Change(direction.gained, f"{who(actor.arn)} {has} {what_else}, which is outside the templates")


def _limits(direction: Direction, role: Identity) -> Iterator[Change]:
    before = direction.old.roles.get(role.arn)
    if before is None:
        return
    name = f"role {role.name} in {role.account}"
    if (role.max_session or 0) > (before.max_session or 0):
        longer, shorter = f"{role.max_session} s", f"{before.max_session} s"
        now, then = (longer, shorter) if direction.gained else (shorter, longer)
        yield Change(direction.gained, f"sessions of {name} may last {now}, before {then}")
    if before.boundary_arn and before.boundary_arn != role.boundary_arn:
        within = "is no longer within" if direction.gained else "is now within"
        text = f"{name} {within} the permissions boundary {before.boundary_arn}"
        yield Change(direction.gained, text, direction.flag(CONDITION_LOOSENED))


# --- policies of buckets and keys, for everyone else


def _attached(direction: Direction) -> Iterator[Change]:
    every = [*direction.new.resource_policies, *direction.old.resource_policies]
    roles = {*direction.new.roles, *direction.old.roles}
    for resource in dict.fromkeys(each for each in every if each not in roles):
        before, policy = (state.resource_policies.get(resource) for state in (direction.old, direction.new))
        if canonical(before) == canonical(policy):
            continue
        account, partition = owner(direction.new, resource), partition_of(resource)
        named = [name for each in (before, policy) if each for name in trusted(each)]
        everyone = [representative(name, None, partition) for name in dict.fromkeys(named)]
        if before and resource in {*direction.new.buckets, *direction.new.resource_policies}:
            everyone.append(everyone_in(account, None, partition))
        for caller in dict.fromkeys(everyone):
            yield from _reach(direction, caller, resource, before, policy)


def _reach(
    direction: Direction, caller: Candidate, resource: str, before: Policy | None, policy: Policy | None
) -> Iterator[Change]:
    required = resource.split(":")[2] == "kms"
    account = owner(direction.new, resource)
    old, new = (Side(caller.arn, account, (allowing("*", "*"),), None, each, required) for each in (before, policy))
    for action in _changed_actions(before, policy):
        for on in [resource] if required else [resource, f"{resource}/*"]:
            difference = direction.difference(old, new, action, on)
            if difference:
                do = f"{action} on {what(on)}"
                yield direction.sentence(who(caller.label), do, difference, ", where its own policies allow it")


def _changed_actions(before: Policy | None, policy: Policy | None) -> list[str]:
    old, new = ({canonical(each): each for each in (side.statements if side else [])} for side in (before, policy))
    changed = [each for key, each in [*old.items(), *new.items()] if key not in old or key not in new]
    return sorted({action for each in changed for action in texts(each.get("Action", "*"))})
