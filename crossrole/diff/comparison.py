"""What a state allows that another does not, asked of the prover cell by cell, with what to say beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossrole.diff.callers import CALLER, is_session, regardless_of_name
from crossrole.diff.parts import Part, allowing, denying
from crossrole.diff.sentences import HIDDEN, UNPROVED, what, who
from crossrole.engines.prover import Inquiry, Pair, Proof, Prover, Side, Verdict
from crossrole.iam.globs import covers_arn


@dataclass(frozen=True)
class Cell:
    """What one part allows, of an action and on a resource, in two states."""

    part: Part
    action: str
    resource: str
    old: Side
    new: Side
    """The part alone allows here; what the state denies is denied."""
    before: tuple[Part, ...]
    """All that decided in the old state, to say what changed."""
    now: tuple[Part, ...]
    only: tuple[Mapping[str, Any], ...] = ()
    """Only requests that these documents allow are asked about."""
    where: str = ""
    """What must be so beside it, as the end of a sentence."""


@dataclass(frozen=True)
class Gain:
    """More that the new state allows; with `loosened`, the old one allows some of it, under other conditions."""

    loosened: bool
    notes: tuple[str, ...]


def gains(cells: Sequence[Cell], prover: Prover, *, gained: bool) -> list[Gain | None]:
    """Return of each cell what the new state allows more, also where the contrary can't be proved; None for nothing.

    With `gained` False the new state is the earlier one, and what it allows more was lost.
    """
    alike: dict[object, int] = {}
    firsts: list[Cell] = []
    places = []
    for cell in cells:
        key = _alike(cell) or len(firsts)
        if key not in alike:
            alike[key] = len(firsts)
            firsts.append(cell)
        places.append(alike[key])
    found = _gains(firsts, prover, gained=gained)
    return [found[place] for place in places]


def _alike(cell: Cell) -> object:
    """Return what is the same for a cell about another caller of whom the same holds; None where there is none."""
    said = [regardless_of_name(side, cell.part) for side in (cell.old, cell.new)]
    if None in said or cell.only:
        return None
    return (*said, cell.action, cell.resource, cell.before, cell.now, cell.where, cell.new.bounds.may_be_denied)


def _gains(cells: Sequence[Cell], prover: Prover, *, gained: bool) -> list[Gain | None]:
    proofs = prover.more_of_each([Pair(each.old, each.new, each.action, each.resource, each.only) for each in cells])
    more = [proof.verdict is not Verdict.DENIED for proof in proofs]
    asked = [
        _in_the_old_state(*each) for each, is_more in zip(zip(cells, proofs, strict=True), more, strict=True) if is_more
    ]
    before = iter(prover.prove(asked))
    return [
        _gain(cell, proof, loosened=next(before).verdict is not Verdict.DENIED, gained=gained) if is_more else None
        for cell, proof, is_more in zip(cells, proofs, more, strict=True)
    ]


def _in_the_old_state(cell: Cell, proof: Proof) -> Inquiry:
    """Return whether the caller of the example could do the same before, whatever else the request carries."""
    example = proof.example or {"action": cell.action, "resource": cell.resource, "context": {}}
    caller = {key: value for key, value in example["context"].items() if key.lower() == CALLER.lower()}
    return Inquiry(cell.old.untagged_as(cell.new), example["action"], example["resource"], caller)


def _gain(cell: Cell, proof: Proof, *, loosened: bool, gained: bool) -> Gain:
    if proof.verdict is Verdict.UNKNOWN:
        return Gain(loosened=False, notes=(f"{UNPROVED}: {'; '.join(proof.reasons)}",))
    if cell.new.bounds.may_be_denied:
        return Gain(
            loosened=False, notes=(f"{UNPROVED}: a control policy may deny it: that depends on what is not known",)
        )
    notes = _differences(cell, gained=gained) if loosened else _denied_within(cell, gained=gained)
    return Gain(loosened, tuple(notes))


def _denied_within(cell: Cell, *, gained: bool) -> Iterable[str]:
    """Yield where a part of it was denied before, or is denied now."""
    for each in denying(cell.before):
        within = "Resource" not in each.but and not covers_arn(each.resource, cell.resource)
        if each not in cell.now and within and each.is_about(cell.action, cell.resource):
            yield f"{'before' if gained else 'now'}: denied on {what(each.resource)}"
    for each in denying(cell.now) if gained else ():
        if each.principal and is_session(each.principal[1]) and each.is_about(cell.action, cell.resource):
            yield f"now: denied to {who(each.principal[1])}"


def _differences(cell: Cell, *, gained: bool) -> Iterable[str]:
    """Yield the conditions that differ between the two states, and a flag for a widening that is easily overlooked."""
    before, now = (
        [each for each in side if each.is_about(cell.action, cell.resource)] for side in (cell.before, cell.now)
    )
    gone, came = [each for each in before if each not in now], [each for each in now if each not in before]
    conditioned = [each for each in allowing(before) if each.conditions]
    hidden = not allowing(gone) and bool(allowing(came)) and bool(conditioned)
    earlier = conditioned if hidden else allowing(gone)
    every = [*earlier, *allowing(came)]
    shared = set.intersection(*(set(each.conditions) for each in every)) if earlier and allowing(came) else set()
    of_old = [*_only_if(earlier, shared), *_denied_if(gone)]
    of_new = [*_only_if(allowing(came), shared), *_denied_if(came)]
    was, is_ = (of_old, of_new) if gained else (of_new, of_old)
    yield from (f"before: {each}" for each in was)
    yield from (f"now: {each}" for each in is_)
    if gained and hidden:
        yield f"{HIDDEN}: {_names(conditioned)} keeps its conditions, but {_names(allowing(came))} beside it has fewer"


def _only_if(parts: Sequence[Part], shared: set[str]) -> list[str]:
    ways = list(dict.fromkeys(" and ".join(each for each in part.conditions if each not in shared) for part in parts))
    return [f"only if {', or if '.join(ways)}"] if ways and all(ways) else []


def _denied_if(parts: Sequence[Part]) -> list[str]:
    ways = dict.fromkeys(" and ".join(part.conditions) for part in denying(parts))
    return [f"denied if {each}" if each else "denied" for each in ways]


def _names(parts: Sequence[Part]) -> str:
    return ", ".join(dict.fromkeys(each.sid for each in parts))
