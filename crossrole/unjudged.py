"""What changed that no proof of `diff` is about: it is told, so that nobody takes silence for "nothing changed"."""

from collections.abc import Iterator, Mapping

from crossrole.change import UNPROVED, Change
from crossrole.landscape import Landscape
from crossrole.policy import Policy, Statement
from crossrole.sides import canonical, texts

_PLAIN_OPERATORS = {"ArnEquals", "ArnLike", "StringEquals", "StringLike"}
# Whom these describe, every caller that is asked about has the same of it, or they are asked about by name.
_JUDGED_KEYS = {"aws:principalorgid", "aws:principalorgpaths"}


def unjudged_changes(base: Landscape, head: Landscape, *, gained: bool) -> Iterator[Change]:
    """Yield a change for each resource or statement that was added, changed or taken away and can't be judged."""
    for place in sorted({*base.unjudged, *head.unjudged}):
        if base.unjudged.get(place) != head.unjudged.get(place):
            yield Change(gained, f"{place} was changed, which may give access", (f"{UNPROVED}: look at it yourself",))
    for resource in sorted({*base.resource_policies, *head.resource_policies}):
        old, new = (_statements(state.resource_policies.get(resource)) for state in (base, head))
        for key in sorted(old.keys() ^ new.keys()):
            statement = old.get(key) or new[key]
            if not _judged(statement, is_trust=":role/" in resource):
                name = statement.get("Sid", "a statement without a Sid")
                text = f"{name} in the policy of {resource} was changed, and names callers in a way of its own"
                yield Change(gained, text, (f"{UNPROVED}: look at it yourself",))


def _statements(policy: Policy | None) -> dict[str, Statement]:
    return {canonical(each): each for each in (policy.statements if policy else [])}


def _judged(statement: Statement, *, is_trust: bool) -> bool:
    """Return whether the callers that are asked about stand for everyone whom the statement means."""
    denies = statement["Effect"] == "Deny"
    principal = statement.get("Principal")
    named = texts(principal.get("AWS")) if isinstance(principal, Mapping) else texts(principal)
    others = isinstance(principal, Mapping) and set(principal) != {"AWS"}
    if others and is_trust:
        return True  # services and federations that a role trusts are told by name
    if others or (denies and named != ["*"]):
        return False
    if is_trust and any(action.lower() != "sts:assumerole" for action in texts(statement.get("Action", "*"))):
        return False
    keys = [(op, key.lower()) for op, block in statement.get("Condition", {}).items() for key in block]
    about_callers = [(op, key) for op, key in keys if key.startswith(("aws:principal", "aws:user"))]
    if denies:
        return not about_callers
    return all(
        key in _JUDGED_KEYS
        or (key == "aws:principalarn" and op in _PLAIN_OPERATORS)
        or (key == "aws:principalaccount" and op == "StringNotEquals")
        for op, key in about_callers
    )
