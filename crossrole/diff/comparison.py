"""One direction of a comparison: the access that `new` allows and `old` does not, and its words."""

from dataclasses import dataclass

from crossrole.diff.policy_sets import same
from crossrole.diff.sentences import CONDITION_LOOSENED, EXPIRY_MOVED, HIDDEN, UNPROVED, Change, what
from crossrole.engines.prover import Inquiry, Proof, Prover, Side, Verdict
from crossrole.engines.simulator import Request, Simulator
from crossrole.evaluation.context import tag_keys
from crossrole.iam.arn import account_of
from crossrole.iam.condition_words import of_expression, of_statement
from crossrole.iam.policy import Statement, atoms, canonical, overlap, texts
from crossrole.templates.inventory import Inventory


@dataclass(frozen=True)
class Difference:
    """Access that `new` allows and `old` does not; with `loosened`, `old` allows some of it, under other conditions."""

    loosened: bool
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Direction:
    """Two states, to find what `new` allows and `old` does not.

    To find what was lost, the later state is `old` and `gained` is False.
    """

    old: Inventory
    new: Inventory
    simulator: Simulator
    prover: Prover
    gained: bool

    def sentence(self, who: str, do: str, difference: Difference, through: str = "") -> Change:
        """Return the change as a sentence: `role A can now do B on C under wider conditions, through D`."""
        if not difference.loosened:
            text = f"{who} can now {do}" if self.gained else f"{who} can no longer {do}"
        elif self.gained:
            text = f"{who} can now {do} under wider conditions"
        else:
            text = f"{who} can {do} only under narrower conditions now"
        return Change(self.gained, text + through, difference.notes)

    def flag(self, flag: str) -> tuple[str, ...]:
        """Return the flags of access that was gained; lost access has none."""
        return (flag,) if self.gained else ()

    def difference(self, old: Side, new: Side, action: str, resource: str) -> Difference | None:
        """Return the access that `new` allows beyond `old`; None where it is proved that there is none."""
        if same(old, new):
            return None
        more = self.prover.more(old, new, action=action, resource=resource)
        if more.verdict is Verdict.DENIED:
            return None
        if more.verdict is Verdict.UNKNOWN or more.example is None:
            return Difference(loosened=False, notes=(_unproved(more),))
        did, on = more.example["action"], more.example["resource"]
        if self.allows(old, did, on):
            return Difference(loosened=True, notes=self._conditions(old, new, did, on))
        return Difference(loosened=False, notes=())

    def where_else(self, old: Side, action: str) -> tuple[str, ...]:
        """Return the resources on which the smaller side allows the action, as a note; nothing where it allows none."""
        others = sorted({what(each) for acts, each in atoms(old.identity) if overlap(acts, action)})
        return (f"{'before' if self.gained else 'now'}: on {', '.join(others)}",) if others else ()

    def allows(self, side: Side, action: str, resource: str) -> bool:
        """Return whether a side allows any such request; a request that can't be proved counts as allowed."""
        (proof,) = self.prover.prove([Inquiry(side, action, resource)])
        return proof.verdict is not Verdict.DENIED

    def _conditions(self, old: Side, new: Side, action: str, resource: str) -> tuple[str, ...]:
        """Return the conditions that differ, and flags for changes that are easily overlooked."""
        needed, need = (self.needs(side, action, resource) for side in (old, new))
        dropped, added = [each for each in needed if each not in need], [each for each in need if each not in needed]
        before, now = (dropped, added) if self.gained else (added, dropped)
        notes = [f"before: {_if(before)}", f"now: {_if(now)}"]
        if self.gained:
            notes.append(EXPIRY_MOVED if any("aws:CurrentTime" in each for each in dropped) else CONDITION_LOOSENED)
            notes += _hidden(old, new, action)
        return tuple(notes)

    def needs(self, side: Side, action: str, resource: str) -> list[str]:
        """Return in words the conditions that a request must meet."""
        request = Request(
            principal=side.principal,
            action=action,
            resource=resource,
            account=side.account,
            context={
                "aws:PrincipalArn": side.principal,
                "aws:PrincipalAccount": account_of(side.principal),
                **tag_keys(side.tags),
            },
            identity=side.identity,
            boundary=side.boundary,
            resource_policy=side.resource_policy,
            free=True,
        )
        (decision,) = self.simulator.decide([request])
        return of_expression(decision.conditions)


def _if(conditions: list[str]) -> str:
    return f"only if {' and '.join(conditions)}" if conditions else "without that"


def _unproved(proof: Proof) -> str:
    return f"{UNPROVED}: {'; '.join(proof.reasons)}"


def _hidden(old: Side, new: Side, action: str) -> list[str]:
    """Return a flag for a statement with fewer conditions beside one that keeps them, which hides the widening."""
    conditioned = [each for each in _allowing(old, action) if of_statement(each)]
    kept = {canonical(each) for each in _allowing(new, action)}
    known = {canonical(each) for each in _allowing(old, action)}
    beside = [each for each in _allowing(new, action) if canonical(each) not in known]
    if not conditioned or not beside or any(canonical(each) not in kept for each in conditioned):
        return []
    return [f"{HIDDEN}: {_names(conditioned)} keeps its conditions, but {_names(beside)} beside it has fewer"]


def _allowing(side: Side, action: str) -> list[Statement]:
    policies = [*side.identity, *([side.resource_policy] if side.resource_policy else [])]
    return [
        each
        for policy in policies
        for each in policy.statements
        if each["Effect"] == "Allow" and any(overlap(name, action) for name in texts(each.get("Action", "*")))
    ]


def _names(statements: list[Statement]) -> str:
    return ", ".join(str(each.get("Sid", "a statement without a Sid")) for each in statements)
