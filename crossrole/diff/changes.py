"""The access that changed between two states of the templates, decided by proof and not by their text."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from crossrole.diff.callers import INTERNET, Label, Owner, is_direct, label, may_be
from crossrole.diff.cells import attached_cell, may_allow, of_assuming, of_callers, of_holders, of_identity
from crossrole.diff.comparison import Cell, Gain, gains
from crossrole.diff.narrowing import is_narrower
from crossrole.diff.not_proved import unjudged_changes
from crossrole.diff.parts import Part, allowing, denying, taken_apart
from crossrole.diff.provable import open_unknowns
from crossrole.diff.retained import Retained, retained, with_retained
from crossrole.diff.sentences import EVERYTHING, UNPROVED, Change, doing, publicly, what, who
from crossrole.diff.state import BEGIN, NAME_SOURCE, OTHERS, TAG, State, with_those_outside
from crossrole.engines.prover import Inquiry, Prover, Verdict
from crossrole.iam.actions import ASSUME, gives_nothing
from crossrole.iam.arn import account_of, is_role, name_of, partition_of
from crossrole.iam.policy import Policy, texts
from crossrole.templates.inventory import Bucket, Identity, Inventory
from crossrole.unknown import Unknown

OWN_POLICIES = ", where its own policies allow it"
_EXTRAS = {
    TAG: "set session tags when it assumes",
    NAME_SOURCE: "set a source identity, which a policy tests, when it assumes",
    "sts:SetContext": "set a context when it assumes",
}


def changes(base: Inventory, head: Inventory, prover: Prover) -> list[Change]:
    """Return the access that was gained and lost from base to head, each once."""
    kept = retained(base, head)
    head = with_retained(base, with_those_outside(head, base), kept)
    before, now = State(base, head), State(head, base)
    found = [
        *_Comparison(before, now, prover, gained=True, kept=kept).changes(),
        *_Comparison(now, before, prover, gained=False, kept=kept).changes(),
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
    kept: Retained
    """What of the earlier state stays deployed."""

    def changes(self) -> Iterator[Change]:
        told: set[str] = set()
        for role in self.new.inventory.roles.values():
            began = self._assuming(role)
            told.update(caller for caller, *_ in began)
            yield from (change for _, _, change in began)
            yield from self._pinned(role)
            used = list(self._use(role, {caller for caller, loosened, _ in began if not loosened}))
            told.update([who(role.arn)] if used else [])
            yield from used
            yield from self._limits(role)
        inventory = self.new.inventory
        for other in [*inventory.users.values(), *inventory.others.values(), *inventory.fleets.values()]:
            used = list(self._use(other, set()))
            told.update([who(other.arn)] if used else [])
            yield from used
            yield from self._limits(other)
        for resource in self._widened:
            yield from self._attached(resource)
        yield from self._held(told)
        for bucket in self.new.inventory.buckets.values():
            yield from self._encrypted(bucket)
        if self.gained:
            yield from unjudged_changes(self.old.given, self.new.given, self.kept)
            yield from self._unknown()

    # --- what differs at all

    @cached_property
    def _widened(self) -> Mapping[str, list[tuple[Label, Cell, Gain]]]:
        """What the policies of resources allow more to callers whose own policies allow it, by resource."""
        every = dict.fromkeys([*self.new.resources, *self.old.resources])
        gone = {
            each
            for each in every
            if self.old.makes(each) and not self.new.makes(each) and each not in self.new.inventory.resource_policies
        }
        changed = [each for each in every if each not in gone and self._differs(each)]
        asked = [(each, *of_caller) for each in changed for of_caller in of_callers(self.old, self.new, each)]
        found: dict[str, list[tuple[Label, Cell, Gain]]] = {}
        for (resource, label_, cell), gain in zip(asked, self._gains([cell for *_, cell in asked]), strict=True):
            if gain and not gives_nothing(cell.action, cell.resource):
                found.setdefault(resource, []).append((label_, cell, gain))
        return found

    @cached_property
    def _retagged_resources(self) -> list[str]:
        """The resources of both states that have other tags now."""
        before, now = self.old.tags, self.new.tags
        both = [*(before.keys() & now.keys()), *(self.old.inventory.made.keys() & self.new.inventory.made.keys())]
        return [each for each in dict.fromkeys(both) if before.get(each) != now.get(each) and each.startswith("arn:")]

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
        retagged = self._retagged_resources
        if not self._widened and actor.arn not in self._changed_identities and not retagged:
            return
        cells = [
            each
            for each in of_identity(self.old, self.new, actor.arn, list(self._widened), retagged)
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
                side = self.new.letting_in(actor.arn, part, actor.arn, part)
                inquiries.append((label_.text, Inquiry(side, part.action, actor.arn)))
        proofs = self.prover.prove([inquiry for _, inquiry in inquiries])
        able = [name for (name, _), proof in zip(inquiries, proofs, strict=True) if proof.verdict is not Verdict.DENIED]
        return list(dict.fromkeys(able))

    def _limits(self, actor: Identity) -> Iterator[Change]:
        """Yield what is not in the policies of the templates: policies outside them, and how long sessions last."""
        before = self.old.identities.get(actor.arn)
        name = who(actor.arn)
        for policy in sorted({*actor.elsewhere} - {*(before.elsewhere if before else ())}):
            # That a role outside the templates has policies there too is nothing new.
            if not policy.startswith(OTHERS):
                has = "now has" if self.gained else "no longer has"
                yield Change(self.gained, f"{name} {has} {policy}, which is outside the templates")
        if before is None:
            return
        for policy in sorted({*before.elsewhere} - {*actor.elsewhere}) if self.gained else ():
            text = f"{name} no longer has {policy}, which may give access"
            yield Change(self.gained, text, (f"{UNPROVED}: it is outside the templates, and may deny something",))
        if (actor.max_session or 0) > (before.max_session or 0):
            longer, shorter = f"{actor.max_session} s", f"{before.max_session} s"
            now, then = (longer, shorter) if self.gained else (shorter, longer)
            yield Change(self.gained, f"sessions of {name} may last {now}, before {then}")
        if before.boundary_arn and before.boundary_arn != actor.boundary_arn:
            within = "is no longer within" if self.gained else "is now within"
            yield Change(self.gained, f"{name} {within} the permissions boundary {before.boundary_arn}")

    # --- policies that anyone may have

    def _held(self, told: Collection[str]) -> Iterator[Change]:
        """Yield what managed policies and groups allow more, to whoever has them or is in them outside the templates.

        A policy whose holder in the templates gained something, with its name among `told`, is told by that already.
        """
        before, now = (state.inventory.managed for state in (self.old, self.new))
        for arn in now if self._has_another_policy else ():
            holders = {
                who(each.arn) for each in self.new.inventory.identities if now[arn] in (*each.policies, each.boundary)
            }
            if arn in before and not holders & {*told}:
                name = f"whoever has the managed policy {name_of(arn)} of {account_of(arn)}"
                yield from self._of_holders(arn, name, [before[arn]], [now[arn]])
        groups = self.old.inventory.groups
        for arn, policies in self.new.inventory.groups.items():
            # Who is in a group that no template makes is not known.
            if arn in groups or arn not in self.new.made_groups:
                name = f"whoever is in the group {name_of(arn)} of {account_of(arn)}"
                yield from self._of_holders(arn, name, groups.get(arn, ()), policies)

    @property
    def _has_another_policy(self) -> bool:
        return self.old.inventory.managed != self.new.inventory.managed

    def _of_holders(self, arn: str, name: str, before: Sequence[Policy], now: Sequence[Policy]) -> Iterator[Change]:
        parts = [taken_apart(each) for each in (before, now)]
        if {*parts[0]} == {*parts[1]}:
            return
        owner = Owner(partition_of(arn), account_of(arn), required=True)
        cells = [
            each
            for each in of_holders(self.old, self.new, parts[0], parts[1], owner)
            if not gives_nothing(each.action, each.resource)
        ]
        found: dict[tuple[str, Gain, str], list[str]] = {}
        for cell, gain in zip(cells, self._gains(cells), strict=True):
            if gain:
                place = _resource_words(cell.part, cell.resource)
                found.setdefault((place, gain, cell.where), []).append(_action_words(cell.part, cell.action))
        for (place, gain, where), actions in found.items():
            yield self._sentence(name, doing(actions, place), gain, where)

    # --- policies of buckets, keys and the like, for everyone

    def _attached(self, resource: str) -> Iterator[Change]:
        known = {arn: bool(each.elsewhere) for arn, each in self.new.identities.items()}
        # Of the templates' own roles and users, their own policies are known too; what these allow is told by `_use`.
        widened = [
            each
            for each in self._widened[resource]
            if each[0].arn not in known or (known[each[0].arn] and not is_direct(each[1].part))
        ]
        own = [each for each in self._widened[resource] if each[0].arn in known and is_direct(each[1].part)]
        cells = [
            attached_cell(self.old, self.new, str(each.arn), cell.part, resource, of=cell) for each, cell, _ in own
        ]
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

    # --- the key of a bucket

    def _encrypted(self, bucket: Bucket) -> Iterator[Change]:
        """Yield that S3 asks for no right to a bucket's key any more, and the roles and users that lacked one."""
        before = self.old.inventory.buckets.get(bucket.arn)
        if before is None or before.key == bucket.key:
            return
        place = what(bucket.arn)
        if unknown := open_unknowns([before.key, bucket.key]):
            if self.gained:
                yield Change(self.gained, f"the key of {place} was changed, which may give access", _reason(unknown))
            return
        if before.key is None:
            return
        if bucket.key:
            if self.gained:
                text = f"whoever reads or writes objects of {place} needs a right to {bucket.key} now, before to"
                yield Change(self.gained, f"{text} {before.key}")
            return
        needs = "needs no right" if self.gained else "needs a right"
        yield Change(self.gained, f"whoever reads or writes objects of {place} {needs} to {before.key} now")
        objects = f"{bucket.arn}/*"
        asked = [
            (arn, action, of_key)
            for arn in self.new.identities
            for action, of_key in _OF_KEYS.items()
            if any(each.is_about(action, objects) for each in allowing(self.new.parts_of(arn)))
        ]
        proofs = iter(
            self.prover.prove(
                [
                    inquiry
                    for arn, action, of_key in asked
                    for inquiry in (
                        Inquiry(self.new.using(arn, action, objects), action, objects),
                        Inquiry(self.old.using(arn, of_key, before.key), of_key, before.key),
                    )
                ]
            )
        )
        for arn, action, _ in asked:
            allowed, with_key = next(proofs), next(proofs)
            if allowed.verdict is Verdict.ALLOWED and with_key.verdict is Verdict.DENIED:
                can = "can now" if self.gained else "can no longer"
                yield Change(self.gained, f"{who(arn)} {can} {action} on {what(objects)}: it has no right to the key")

    # --- what is not known

    def _unknown(self) -> Iterator[Change]:
        """Yield who and what changed beside something that is not known, so that the proofs may not hold."""
        resources = [each for each in dict.fromkeys([*self.new.resources, *self.old.resources]) if self._differs(each)]
        wider: list[str] = []
        for resource in [*resources, *(each for each in self.new.inventory.roles if self._differs(each))]:
            attached = [state.given.resource_policies.get(resource) for state in (self.old, self.new)]
            parts = [state.attached_to(resource) for state in (self.old, self.new)]
            same = _open_statements(attached[:1]) == _open_statements(attached[1:])
            if same and is_narrower(*parts):
                continue
            wider.append(resource)
            yield from self._of_all_but(resource, *parts)
            if depends := _depends(attached):
                yield Change(
                    self.gained, f"the policy of {_named(resource)} was changed, which may give access", depends
                )
        resources = [each for each in resources if each in wider]
        some = [each for each in self.new.identities if resources or each in self._changed_identities]
        for arn in some:
            both = [state.given_identities.get(arn) for state in (self.old, self.new)]
            policies = [(*each.policies, each.boundary) if each else () for each in both]
            depends = _depends(policy for each in policies for policy in each)
            if depends and arn in self._changed_identities:
                parts = [state.parts_of(arn) for state in (self.old, self.new)]
                same = {*self.old.boundary_of(arn)} == {*self.new.boundary_of(arn)} and not self._retagged(arn)
                same = same and _open_statements(policies[0]) == _open_statements(policies[1])
                if not (same and is_narrower(*parts)):
                    yield Change(
                        self.gained, f"the policies of {who(arn)} were changed, which may give access", depends
                    )
            elif depends and resources:
                may = f"{who(arn)} may have more access to {', '.join(map(_named, resources))}"
                yield Change(self.gained, may, depends)

    def _of_all_but(self, resource: str, before: Sequence[Part], now: Sequence[Part]) -> Iterator[Change]:
        """Yield that a NotPrincipal is another one now: whom it spares, AWS decides by account, role and session.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        """
        lifted = [each for each in denying(before) if each not in now]
        spared = [each for each in allowing(before) if "Principal" in each.but]
        # The first one that allows is told by what it allows surely.
        added = [each for each in allowing(now) if each not in before] if spared else []
        if any("Principal" in each.but for each in (*lifted, *added)):
            reason = f"{UNPROVED}: whom NotPrincipal spares depends on its account, its role and its session"
            yield Change(self.gained, f"the policy of {_named(resource)} was changed, which may give access", (reason,))


_OF_KEYS = {"s3:GetObject": "kms:Decrypt", "s3:PutObject": "kms:GenerateDataKey"}
"""What S3 asks of the bucket's key.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""


def _depends(policies: Iterable[Policy | None]) -> tuple[str, ...]:
    unknown = open_unknowns([each.document for each in policies if each])
    return _reason(unknown) if unknown else ()


def _reason(unknown: Iterable[Unknown]) -> tuple[str]:
    return (f"{UNPROVED}: depends on {'; '.join(each.text for each in unknown)}",)


def _open_statements(policies: Iterable[Policy | None]) -> set[str]:
    """Return the statements of which it is not known whether they allow or deny, each by what is not known."""
    effects = {str(statement.get("Effect")) for policy in policies if policy for statement in policy.statements}
    return effects - {"Allow", "Deny"}


def _named(resource: str) -> str:
    return who(resource) if is_role(resource) else what(resource)


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
