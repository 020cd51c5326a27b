"""The access that changed between two states of the templates, decided by proof and not by their text."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from crossrole.diff.callers import INTERNET, Label, label, layer, may_be
from crossrole.diff.cells import attached_cell, may_allow, of_assuming, of_callers, of_identity
from crossrole.diff.comparison import Cell, Gain, gains
from crossrole.diff.not_proved import unevaluated_changes
from crossrole.diff.parts import Part, allowing
from crossrole.diff.sentences import EVERYTHING, Change, doing, publicly, what, who
from crossrole.diff.state import BEGIN, NAME_SOURCE, TAG, State
from crossrole.engines.prover import Inquiry, Prover, Verdict
from crossrole.iam.actions import ASSUME, gives_nothing
from crossrole.iam.policy import texts
from crossrole.templates.inventory import Identity, Inventory

OWN_POLICIES = ", where its own policies allow it"
_EXTRAS = {
    TAG: "set session tags when it assumes",
    NAME_SOURCE: "set a source identity, which a policy tests, when it assumes",
    "sts:SetContext": "set a context when it assumes",
}


def changes(base: Inventory, head: Inventory, prover: Prover) -> list[Change]:
    """Return the access that was gained and lost from base to head, each once."""
    before, now = State(base, head), State(head, base)
    found = [
        *_Comparison(before, now, prover, gained=True).changes(),
        *_Comparison(now, before, prover, gained=False).changes(),
    ]
    once: dict[tuple[bool, str], Change] = {}
    for each in found:
        once.setdefault((each.gained, each.text), each)
    return list(once.values())


@dataclass(frozen=True)
class _Comparison:
    """Two states, to find what `new` allows and `old` does not; for what was lost, `new` is the earlier one."""

    old: State
    new: State
    prover: Prover
    gained: bool

    def changes(self) -> Iterator[Change]:
        for role in self.new.inventory.roles.values():
            began = self._assuming(role)
            yield from (change for _, _, change in began)
            yield from self._pinned(role)
            yield from self._use(role, {caller for caller, loosened, _ in began if not loosened})
            yield from self._limits(role)
        for user in self.new.inventory.users.values():
            yield from self._use(user, set())
            yield from self._limits(user)
        for resource in self._widened:
            yield from self._attached(resource)
        if self.gained:
            yield from unevaluated_changes(self.old.inventory, self.new.inventory)

    # --- what differs at all

    @cached_property
    def _widened(self) -> Mapping[str, list[tuple[Label, Cell, Gain]]]:
        """What the policies of resources allow more to callers whose own policies allow it, by resource."""
        every = dict.fromkeys([*self.new.resources, *self.old.resources])
        gone = {each for each in every if self.old.makes(each) and not self.new.makes(each)}
        changed = [each for each in every if each not in gone and self._differs(each)]
        asked = [(each, *of_caller) for each in changed for of_caller in of_callers(self.old, self.new, each)]
        found: dict[str, list[tuple[Label, Cell, Gain]]] = {}
        for (resource, label_, cell), gain in zip(asked, self._gains([cell for *_, cell in asked]), strict=True):
            if gain and not gives_nothing(cell.action, cell.resource):
                found.setdefault(resource, []).append((label_, cell, gain))
        return found

    def _differs(self, resource: str) -> bool:
        policies = [state.inventory.resource_policies.get(resource) for state in (self.old, self.new)]
        if policies[0] == policies[1]:
            return False
        return {*self.old.attached_to(resource)} != {*self.new.attached_to(resource)}

    @cached_property
    def _changed_identities(self) -> set[str]:
        return {arn for arn in self.new.identities if self._is_another(arn)}

    def _is_another(self, arn: str) -> bool:
        before, now = self.old.identities.get(arn), self.new.identities[arn]
        if before == now:
            return False
        return (
            before is None
            or before.tags != now.tags
            or before.elsewhere != now.elsewhere
            or {*self.old.parts_of(arn)} != {*self.new.parts_of(arn)}
            or {*self.old.boundary_of(arn)} != {*self.new.boundary_of(arn)}
        )

    def _retagged(self, arn: str) -> bool:
        before = self.old.identities.get(arn)
        return before is not None and before.tags != self.new.identities[arn].tags

    def _gains(self, cells: Sequence[Cell]) -> list[Gain | None]:
        return gains(cells, self.prover, gained=self.gained)

    def _sentence(self, who_: str, do: str, gain: Gain, end: str = "", notes: Iterable[str] = ()) -> Change:
        """Return the change as a sentence: `role A can now do B on C under wider conditions, through D`."""
        if not gain.loosened:
            text = f"{who_} can now {do}" if self.gained else f"{who_} can no longer {do}"
        elif self.gained:
            text = f"{who_} can now {do} under wider conditions"
        else:
            text = f"{who_} can {do} only under narrower conditions now"
        return Change(self.gained, text + end, (*gain.notes, *notes))

    # --- who may assume a role

    def _assuming(self, role: Identity) -> list[tuple[str, bool, Change]]:
        """Return who gained the right to assume a role, whether some of it was there before, and the sentence."""
        differs = self._differs(role.arn)
        callers = self.new.identities if differs or self._retagged(role.arn) else self._changed_identities
        cells = [
            (Label(who(caller), caller), cell)
            for caller in callers
            if caller != role.arn  # its sessions would only begin another of the same
            for cell in of_assuming(self.old, self.new, caller, role.arn)
        ]
        of_others = of_callers(self.old, self.new, role.arn) if differs else ()
        cells += [(label_, cell) for label_, cell in of_others if label_.arn not in self.new.identities]
        by_caller: dict[str, list[tuple[Label, Cell, Gain]]] = {}
        for (label_, cell), gain in zip(cells, self._gains([cell for _, cell in cells]), strict=True):
            if gain:
                by_caller.setdefault(label_.text, []).append((label_, cell, gain))
        return [change for found in by_caller.values() for change in self._assume_changes(role, found)]

    def _assume_changes(
        self, role: Identity, found: Sequence[tuple[Label, Cell, Gain]]
    ) -> Iterator[tuple[str, bool, Change]]:
        """Yield the changes of one caller: that it may assume the role, or else what it may do as it assumes it."""
        name = f"role {role.name} in {role.account}"
        began = [each for each in found if each[1].action in BEGIN]
        for label_, cell, gain in began[:1]:
            extras = [f"and {_EXTRAS[each.action]} it" for _, each, _ in found if each.action in _EXTRAS]
            notes = [*extras, *([] if gain.loosened else [*_only_if(cell.part), *self._opened(role)])]
            yield label_.text, gain.loosened, self._sentence(label_.text, f"assume {name}", gain, notes=notes)
        for label_, cell, gain in [] if began else found:
            do = f"{_EXTRAS[cell.action]} {name}"
            yield label_.text, True, self._sentence(label_.text, do, gain, notes=_only_if(cell.part))

    def _opened(self, role: Identity) -> list[str]:
        """Return what the role's sessions may do, with the conditions of the statements that allow it."""
        parts = allowing(self.new.parts_of(role.arn))
        sides = [self.new.using(role.arn, each.action, each.resource) for each in parts]
        proofs = self.prover.prove(
            [Inquiry(side, part.action, part.resource) for side, part in zip(sides, parts, strict=True)]
        )
        opened: dict[str, list[str]] = {}
        for part, proof in zip(parts, proofs, strict=True):
            if proof.verdict is not Verdict.DENIED:
                asked = [each for each in part.conditions if not each.startswith(_ALWAYS_SO)]
                under = f", only if {' and '.join(asked)}" if asked else ""
                opened.setdefault(f"{_resource_words(part, part.resource)}{under}", []).append(_action_words(part))
        return [f"through it: {doing(actions, on)}" for on, actions in opened.items()]

    def _pinned(self, role: Identity) -> Iterator[Change]:
        """Yield the principals that were named themselves and are named by a condition now.

        A name in Principal stands for the one role or user that has it, until that is deleted.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
        """
        before, now = ([*_allowed_by(state.attached_to(role.arn))] for state in (self.old, self.new))
        by_name = {each.principal[1] for each in now if each.principal}
        owner = self.new.owner(role.arn)
        by_condition = {label(each, owner, trust=True).arn for each in now} - by_name
        for name in dict.fromkeys(each.principal[1] for each in before if each.principal) if self.gained else []:
            if name in by_condition:
                again = f"assume role {role.name} in {role.account} also when it is deleted and made again"
                yield Change(self.gained, f"{who(name)} can now {again}: it was pinned")

    # --- what a role or user may do

    def _use(self, actor: Identity, newcomers: Collection[str]) -> Iterator[Change]:
        """Yield what an actor gained, by those who act through it; the sentence of a newcomer says it already."""
        if not self._widened and actor.arn not in self._changed_identities:
            return
        cells = [
            each
            for each in of_identity(self.old, self.new, actor.arn, list(self._widened))
            if not gives_nothing(each.action, each.resource)
        ]
        found: dict[tuple[str, Gain, tuple[str, ...], str], list[str]] = {}
        for cell, gain in zip(cells, self._gains(cells), strict=True):
            if gain:
                new = [*_only_if(cell.part), *self._where_else(actor, cell.part)]
                key = (_resource_words(cell.part, cell.resource), gain, () if gain.loosened else tuple(new), cell.where)
                found.setdefault(key, []).append(_action_words(cell.part, cell.action))
        if not found:
            return
        speakers = self._speakers(actor)
        told = [(each, f", through {actor.name}") for each in speakers if each not in newcomers]
        for speaker, through in told if speakers else [(who(actor.arn), "")]:
            for (place, gain, notes, where), actions in found.items():
                yield self._sentence(speaker, doing(actions, place), gain, f"{through}{where}", notes)

    def _where_else(self, actor: Identity, part: Part) -> list[str]:
        """Return the resources on which the old state allows the action, as a note."""
        others = {
            what(each.resource)
            for each in allowing(self.old.parts_of(actor.arn))
            if "Action" not in part.but and each.allows_action(part.action) and each.resource != part.resource
        }
        return [f"{'before' if self.gained else 'now'}: on {', '.join(sorted(others))}"] if others else []

    def _speakers(self, actor: Identity) -> list[str]:
        """Return everyone who may assume a role: they gain what its sessions gain."""
        parts = [each for each in allowing(self.new.attached_to(actor.arn)) if each.action in BEGIN]
        inquiries = []
        for caller in self.new.identities:
            trusting = [each for each in parts if each.action == ASSUME and may_be(each, caller)]
            if trusting and may_allow(self.new, caller, ASSUME, actor.arn, trusting):
                inquiries.append((who(caller), Inquiry(self.new.assuming(caller, actor.arn), ASSUME, actor.arn)))
        owner = self.new.owner(actor.arn)
        for part in parts:
            label_ = label(part, owner, trust=True)
            if label_.arn not in self.new.identities and not _is_service(part):
                side = layer(self.new.policies_of(actor.arn), owner, part)
                inquiries.append((label_.text, Inquiry(side, part.action, actor.arn)))
        proofs = self.prover.prove([inquiry for _, inquiry in inquiries])
        able = [name for (name, _), proof in zip(inquiries, proofs, strict=True) if proof.verdict is not Verdict.DENIED]
        return list(dict.fromkeys(able))

    def _limits(self, actor: Identity) -> Iterator[Change]:
        """Yield what is not in the policies of the templates: policies outside them, and how long sessions last."""
        before = self.old.identities.get(actor.arn)
        name = who(actor.arn)
        for policy in sorted({*actor.managed_elsewhere} - {*(before.managed_elsewhere if before else ())}):
            has = "now has" if self.gained else "no longer has"
            text = f"{name} {has} the managed policy {policy}, which is outside the templates"
            yield Change(self.gained, text)
        if before is None:
            return
        if (actor.max_session or 0) > (before.max_session or 0):
            longer, shorter = f"{actor.max_session} s", f"{before.max_session} s"
            now, then = (longer, shorter) if self.gained else (shorter, longer)
            yield Change(self.gained, f"sessions of {name} may last {now}, before {then}")
        if before.boundary_arn and before.boundary_arn != actor.boundary_arn:
            within = "is no longer within" if self.gained else "is now within"
            yield Change(self.gained, f"{name} {within} the permissions boundary {before.boundary_arn}")

    # --- policies of buckets, keys and the like, for everyone

    def _attached(self, resource: str) -> Iterator[Change]:
        widened = [each for each in self._widened[resource] if each[0].arn not in self.new.identities]
        # Of the templates' own roles and users, their own policies are known too.
        own = [each for each in self._widened[resource] if each[0].arn in self.new.identities]
        cells = [attached_cell(self.old, self.new, str(each.arn), cell.part, resource) for each, cell, _ in own]
        widened += [
            (replace(label_, own_policies=False), cell, gain)
            for (label_, _, _), cell, gain in zip(own, cells, self._gains(cells), strict=True)
            if gain
        ]
        found: dict[tuple[Label, str, Gain, tuple[str, ...]], list[str]] = {}
        for label_, cell, gain in widened:
            notes = () if gain.loosened else tuple(_only_if(cell.part))
            key = (label_, _resource_words(cell.part, cell.resource), gain, notes)
            found.setdefault(key, []).append(_action_words(cell.part, cell.action))
        for (label_, place, gain, notes), actions in found.items():
            end = OWN_POLICIES if label_.own_policies else ""
            public = self.gained and label_.text.startswith(INTERNET)
            kept_out = public and self.new.keeps_the_public_out(resource)
            blocked = [KEPT_OUT.format(account=self.new.owner(resource).account)] if kept_out else []
            change = self._sentence(label_.text, doing(actions, place), gain, end, [*notes, *blocked])
            yield replace(change, public=publicly(actions, place) if public and not kept_out else None)


KEPT_OUT = "until the bucket's Block Public Access (RestrictPublicBuckets) is off, only principals of {account} can"
# The app's own policies say this everywhere: whose account a resource is in.
_ALWAYS_SO = "aws:ResourceAccount"


def _only_if(part: Part) -> list[str]:
    asked = [each for each in part.conditions if not each.startswith(_ALWAYS_SO)]
    return [f"only if {' and '.join(asked)}"] if asked else []


def _allowed_by(parts: Iterable[Part]) -> Iterator[Part]:
    yield from (each for each in allowing(parts) if each.action == ASSUME)


def _is_service(part: Part) -> bool:
    return part.principal is not None and part.principal[0] == "Service"


def _action_words(part: Part, action: str | None = None) -> str:
    if (action or "*") == part.action == "*":
        others = texts(part.statement.get("NotAction"))
        return f"{EVERYTHING} but {' and '.join(others)}" if others else EVERYTHING
    return action or part.action


def _resource_words(part: Part, resource: str) -> str:
    if "Resource" in part.but and resource == "*":
        return f"{EVERYTHING} but {' and '.join(map(what, part.resources))}"
    return what(resource)
