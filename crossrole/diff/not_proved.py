"""Changes that `diff` can't prove: it reports them, so that no output means no change."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from crossrole.diff.sentences import UNPROVED, Change
from crossrole.evaluation.context import PRINCIPAL_TAG
from crossrole.iam.policy import Policy, Statement, canonical, overlap, texts
from crossrole.templates.inventory import Identity, Inventory

_PLAIN_OPERATORS = {"ArnEquals", "ArnLike", "StringEquals", "StringLike"}
# These keys are the same for all callers that are asked about, or those callers are asked about by name.
_EVALUATED_KEYS = {"aws:principalorgid", "aws:principalorgpaths"}


def unevaluated_changes(base: Inventory, head: Inventory, *, gained: bool) -> Iterator[Change]:
    """Yield a change for each resource or statement that was added, changed or removed and can't be evaluated."""
    before, now = ([state.unevaluated, state.unevaluated_changing] for state in (base, head))
    for place in sorted({place for each in [*before, *now] for place in each}):
        if [each.get(place) for each in before] != [each.get(place) for each in now]:
            yield Change(gained, f"{place} was changed, which may give access", (f"{UNPROVED}: look at it yourself",))
    yield from _principal_tags(base, head, gained=gained)
    for resource in sorted({*base.resource_policies, *head.resource_policies}):
        old, new = (_statements(state.resource_policies.get(resource)) for state in (base, head))
        for key in sorted(old.keys() ^ new.keys()):
            statement = old.get(key) or new[key]
            if not _evaluated(statement, is_trust=":role/" in resource):
                name = statement.get("Sid", "a statement without a Sid")
                text = (
                    f"{name} in the policy of {resource} was changed, and names callers in a way that is not evaluated"
                )
                yield Change(gained, text, (f"{UNPROVED}: look at it yourself",))


def _principal_tags(base: Inventory, head: Inventory, *, gained: bool) -> Iterator[Change]:
    """Yield changes of statements that test their principal's tags, and of the tags that are tested.

    The engines know only the tags that a template gives, not those of a session. AWS compares a tag's key without
    regard to case, and the engines do not agree on that.
    """
    old, new = ({each.arn: each for each in state.identities} for state in (base, head))
    tested = any(_tests_tags(policy.document) for state in (base, head) for policy in _policies(state))
    for arn in sorted({*old, *new}):
        before, now = old.get(arn), new.get(arn)
        statements = [_own_statements(each) for each in (before, now)]
        for key in sorted(statements[0].keys() ^ statements[1].keys()):
            statement = statements[0].get(key) or statements[1][key]
            if _tests_tags(statement) and not all(_tags_are_known(statement, each) for each in (before, now) if each):
                name = statement.get("Sid", "a statement without a Sid")
                text = f"{name} in the policies of {arn} was changed, and tests its principal's tags"
                yield Change(gained, text, (f"{UNPROVED}: look at it yourself",))
        if tested and before and now and before.tags != now.tags:
            text = f"the tags of {arn} were changed, and a policy tests aws:PrincipalTag"
            yield Change(gained, text, (f"{UNPROVED}: look at it yourself",))


def _policies(state: Inventory) -> Iterator[Policy]:
    yield from state.resource_policies.values()
    for each in state.identities:
        yield from [*each.policies, *([each.boundary] if each.boundary else [])]


def _own_statements(identity: Identity | None) -> dict[str, Statement]:
    policies = [*identity.policies, *([identity.boundary] if identity.boundary else [])] if identity else []
    return {key: each for policy in policies for key, each in _statements(policy).items()}


_TAG_OPERATORS = {"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "Null"}


def _tests_tags(part: Mapping[str, Any]) -> bool:
    return PRINCIPAL_TAG.lower() in json.dumps(part).lower()


def _tags_are_known(statement: Statement, identity: Identity) -> bool:
    """Return whether the statement tests only tags that a template gives, in ways that both engines evaluate alike."""
    if identity.trust and any(_allows_session_tags(each) for each in identity.trust.statements):
        return False
    known = {f"{PRINCIPAL_TAG}{key}" for key in identity.tags}
    plain = {
        operator: {key: values for key, values in block.items() if key not in known}
        if operator in _TAG_OPERATORS
        else block
        for operator, block in statement.get("Condition", {}).items()
    }
    values = [value for block in statement.get("Condition", {}).values() for value in block.values()]
    return not _tests_tags({**statement, "Condition": plain}) and not _tests_tags({"values": values})


def _allows_session_tags(statement: Statement) -> bool:
    actions = texts(statement.get("Action", "*"))
    return statement["Effect"] == "Allow" and any(overlap(each, "sts:TagSession") for each in actions)


def _statements(policy: Policy | None) -> dict[str, Statement]:
    return {canonical(each): each for each in (policy.statements if policy else [])}


def _evaluated(statement: Statement, *, is_trust: bool) -> bool:
    """Return whether the callers that are asked about represent every caller that the statement names."""
    denies = statement["Effect"] == "Deny"
    principal = statement.get("Principal")
    named = texts(principal.get("AWS")) if isinstance(principal, Mapping) else texts(principal)
    others = isinstance(principal, Mapping) and set(principal) != {"AWS"}
    if others and is_trust:
        return True  # services and federations that a role trusts are reported by name
    if others or (denies and named != ["*"]):
        return False
    if is_trust and any(action.lower() != "sts:assumerole" for action in texts(statement.get("Action", "*"))):
        return False
    keys = [(op, key.lower()) for op, block in statement.get("Condition", {}).items() for key in block]
    about_callers = [(op, key) for op, key in keys if key.startswith(("aws:principal", "aws:user"))]
    if denies:
        return not about_callers
    return all(
        key in _EVALUATED_KEYS
        or (key == "aws:principalarn" and op in _PLAIN_OPERATORS)
        or (key == "aws:principalaccount" and op == "StringNotEquals")
        for op, key in about_callers
    )
