"""The policies that decide what a principal may do in one state of the templates: the prover's input."""

from collections.abc import Sequence
from typing import Any

from crossrole.engines.prover import Side
from crossrole.evaluation.assumptions import allowing, delegating
from crossrole.evaluation.callers import Candidate, representative
from crossrole.iam.actions import ASSUME
from crossrole.iam.arn import account_of, partition_of
from crossrole.iam.policy import canonical, trusted
from crossrole.templates.inventory import Identity, Inventory


def assuming(state: Inventory, caller: str, role: Identity, *, templated: bool) -> Side:
    """Return the policies that decide whether the caller may assume the role.

    A caller that is in no template is assumed to have a policy that allows it.
    """
    identity = state.identity(caller)
    assumed = () if templated else (allowing(ASSUME, role.arn),)
    return Side(
        principal=caller,
        account=role.account,
        identity=identity.policies if identity else assumed,
        boundary=identity.boundary if identity else None,
        resource_policy=state.resource_policies.get(role.arn),
        required=True,
        tags=identity.tags if identity else {},
    )


def using(state: Inventory, actor: str, action: str, resource: str) -> Side:
    """Return the policies that decide whether a role or user may do the action on a resource, or a pattern."""
    identity = state.identity(actor)
    attached = state.resource_policy(resource)
    keyed = action.startswith("kms:") and resource.startswith("arn:")
    if keyed and attached is None:
        attached = delegating(state, resource)
    return Side(
        principal=actor,
        # A resource without a policy here is evaluated by the identity's own policies, so as one of its own account.
        account=owner(state, resource) if attached else account_of(actor),
        identity=identity.policies if identity else (),
        boundary=identity.boundary if identity else None,
        resource_policy=attached,
        required=keyed,
        tags=identity.tags if identity else {},
    )


def owner(state: Inventory, resource: str) -> str:
    """Return the account that a resource of the templates belongs to."""
    bucket = state.bucket_of(resource)
    return bucket.account if bucket else account_of(resource)


def callers(states: Sequence[Inventory], role: Identity) -> list[Candidate]:
    """Return every caller to ask about: those that either state trusts with the role, and those that either makes."""
    trusts = [state.resource_policies.get(role.arn) for state in states]
    partition = partition_of(role.arn)
    named = [representative(name, None, partition) for trust in trusts if trust for name in trusted(trust)]
    made = [Candidate(each.arn, each.arn, None) for state in states for each in state.identities]
    # A trust policy names a user with its path; a template gives no path with the policies of a user.
    known = {(account_of(each.arn), each.arn.rpartition("/")[2]) for each in named if ":user/" in each.arn}
    others = [
        each
        for each in made
        if ":user/" not in each.arn or (account_of(each.arn), each.arn.rpartition("/")[2]) not in known
    ]
    return list(dict.fromkeys([*named, *others]))


def same(old: Side, new: Side) -> bool:
    """Return whether two sides are the same text, so that no proof is needed."""

    def content(side: Side) -> list[Any]:
        policies = sorted(map(canonical, side.identity))
        return [policies, canonical(side.boundary), canonical(side.resource_policy), side.account]

    return content(old) == content(new)
