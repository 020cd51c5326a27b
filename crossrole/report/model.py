"""The content of the report as data: HTML, Markdown and the drawings are written from it alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from crossrole.escaping import command
from crossrole.report.access import Access
from crossrole.report.allowed import accesses, allowances, keys_of, never
from crossrole.report.buckets import BucketFacts, buckets_of
from crossrole.report.callers import Caller, callers_of, denials_of
from crossrole.report.denied_examples import Surroundings, denied_of
from crossrole.report.halves import Half, halves_of
from crossrole.report.history import Change, History
from crossrole.report.openings import Opening, openings_of
from crossrole.report.quota import Quota, Sizes, quotas_of, sizes_of
from crossrole.report.state import State, session_of, state_of
from crossrole.report.warnings import KINDS, Kind, Warned, warning_of, warnings_of
from crossrole.report.words import Name, Names, Prose, Words, begun, bucket_of, listed, may_within
from crossrole.templates.grant import Grant
from crossrole.templates.guardrails import NO_GUARDRAILS, Guardrails
from crossrole.templates.intrinsics import Template, account_names
from crossrole.templates.inventory import Inventory
from crossrole.templates.reader import read_inventory
from crossrole.unknown import unknowns_in

GUARDED: Words = (
    (
        "Control policies (SCPs or RCPs) or VPC endpoint policies were given, or stand in the templates. Whatever this "
        "report says that someone may do, can use or reaches holds only as far as these guardrails allow."
    ),
)
"""What stands before all else where guardrails may deny something."""


@dataclass(frozen=True)
class GrantFacts:
    """The facts of one grant."""

    anchor: str
    role: str
    """The ARN of its role as the templates have it, which tells it from every other grant."""
    name: Name
    arn: Name
    account: str
    description: Prose
    who: Words
    callers: tuple[Caller, ...]
    accesses: tuple[Access, ...]
    keys: tuple[str, ...]
    """The ARNs of the keys that its sessions may use."""
    allows: Words
    never: tuple[Words, ...]
    """What Deny statements take away again, each after a "do"."""
    conditions: tuple[Words, ...]
    """The conditions of every caller, each as the end of a sentence that begins with "only if the caller"."""
    boundary: Name | None
    session: Words
    state: State
    denied: tuple[Words, ...]
    quotas: tuple[Quota, ...]
    warnings: tuple[Warned, ...]
    change: Change | None
    uncommitted: bool
    revoke: str
    """The command that ends the live sessions."""
    may: str
    """The words between who may and what."""

    @property
    def sentence(self) -> Words:
        """Who may do what."""
        return (*begun(self.who), self.may, *self.allows, ".")

    @property
    def changed(self) -> Words:
        """When its entry last changed, as git has it."""
        if self.change is None:
            return ("not committed yet",) if self.uncommitted else ("not in git",)
        commit = (
            Name(self.change.commit),
            f" of {self.change.date} by ",
            Prose(self.change.author),
            ": ",
            Prose(self.change.subject),
        )
        return (*commit, "; changed since, and not committed yet") if self.uncommitted else commit

    @property
    def grave(self) -> bool:
        """Whether it has a serious warning."""
        return any(each.kind.serious for each in self.warnings)

    @property
    def tags(self) -> list[Kind]:
        """The kinds of its warnings."""
        return list(dict.fromkeys(each.kind for each in self.warnings))


@dataclass(frozen=True)
class Inner:
    """A role that only principals of its own account may assume."""

    name: Name
    sentence: Words


@dataclass(frozen=True)
class Subject:
    """What a warning is about: a grant, or a resource with a policy of its own."""

    name: Words
    anchor: str
    """Where on the page it is told of; empty where it has no place of its own."""


@dataclass(frozen=True)
class Report:
    """The content of the page."""

    now: datetime
    names: Names
    grants: tuple[GrantFacts, ...]
    """The roles that someone outside their account may assume."""
    inner: tuple[Inner, ...]
    halves: tuple[Half, ...]
    buckets: tuple[BucketFacts, ...]
    openings: tuple[tuple[Opening, Warned], ...]
    """What policies of resources open by themselves, each with its warning."""
    unevaluated: tuple[Words, ...]
    guarded: Words
    """That guardrails may deny what is allowed; nothing where there are none that may."""
    knows_guardrails: bool
    """Whether a person gave all of them."""

    @property
    def not_known(self) -> Words:
        """What no template holds."""
        guardrails = "the organizations' control policies (SCPs and RCPs), VPC endpoint policies, or "
        return (
            (
                f"The templates do not hold {'' if self.knows_guardrails else guardrails}callers' policies made "
                "elsewhere: these can deny more than this report says. A policy of a bucket, key, queue or secret that "
                "no template makes can allow more. Each account's administrators can change what is deployed: "
            ),
            Name("python -m crossrole doctor"),
            " compares a deployed role with its template.",
        )

    @cached_property
    def warnings(self) -> list[tuple[Kind, list[tuple[Subject, Words]]]]:
        """Every kind of warning that was found, the gravest first, with what it is about and details."""
        places = {bucket.name: bucket.anchor for bucket in self.buckets}
        every = [(Subject((grant.name,), grant.anchor), each) for grant in self.grants for each in grant.warnings]
        every += [
            (Subject(opening.name, places.get(Name(bucket_of(opening.resource)), "")), warned)
            for opening, warned in self.openings
        ]
        by_kind = [(kind, [(subject, each.words) for subject, each in every if each.kind is kind]) for kind in KINDS]
        return [(kind, found) for kind, found in by_kind if found]

    @property
    def grave(self) -> int:
        """How many grants have a serious warning."""
        return sum(grant.grave for grant in self.grants)

    @property
    def usable(self) -> int:
        """How many grants someone can use now."""
        return sum(grant.state.usable for grant in self.grants)

    @property
    def opened(self) -> int:
        """How many resources let in others by policies of their own."""
        return len({opening.resource for opening, _ in self.openings})

    @cached_property
    def by_arn(self) -> Mapping[str, GrantFacts]:
        """The grants by the ARN of their roles: two accounts may have roles of one name."""
        return {grant.role: grant for grant in self.grants}


def report_of(
    templates: Sequence[Template], history: History, now: datetime, guardrails: Guardrails = NO_GUARDRAILS
) -> Report:
    """Return the report at a moment; raises `CommandError` for templates that can't be read."""
    inventory = read_inventory(list(templates), guardrails)
    may = may_within(inventory)
    owners = _owners(templates, inventory)
    names = Names(account_names(templates), _key_names(inventory))
    unevaluated = _unevaluated(inventory, templates)
    around = Surroundings(inventory, owners, _open_accounts(unevaluated), names, now)
    roles = [Grant(role, role.trust, role.region) for role in inventory.roles.values() if role.trust]
    trusted = [(role, callers) for role in roles for callers in [callers_of(role, names)] if callers]
    outside = [each for each in trusted if any(caller.is_outside(each[0].account) for caller in each[1])]
    grants = [grant for grant, _ in outside]
    openings = openings_of(templates, inventory, owners, names)
    accounts = {template.account for template in templates}
    sizes = sizes_of(templates)
    once = Counter(role.name for role in inventory.roles.values())
    return Report(
        now=now.astimezone(UTC),
        names=names,
        grants=tuple(
            _facts(grant, callers, around, sizes, history, number=number, is_only_one=once[grant.name] == 1)
            for number, (grant, callers) in enumerate(outside, start=1)
        ),
        inner=tuple(
            Inner(Name(role.name), (*begun(_who(callers)), may, *_allows(role, names), "."))
            for role, callers in trusted
            if not any(caller.is_outside(role.account) for caller in callers)
        ),
        halves=halves_of(inventory, outside, names),
        buckets=buckets_of(templates, inventory, grants, openings, names),
        openings=tuple((each, warning_of(each, accounts)) for each in openings),
        unevaluated=(
            *((Name(place), ", ", Name(kind), _PUBLIC.get(kind, "")) for place, kind, _ in unevaluated),
            *((Name(text),) for text in _unreadable(inventory)),
        ),
        guarded=GUARDED if inventory.has_guardrails else (),
        knows_guardrails=inventory.guardrails.complete,
    )


def _facts(
    grant: Grant,
    callers: Sequence[Caller],
    around: Surroundings,
    sizes: Sizes,
    history: History,
    *,
    number: int,
    is_only_one: bool,
) -> GrantFacts:
    names, now = around.names, around.now
    return GrantFacts(
        anchor=f"grant-{number}",
        role=grant.arn,
        name=Name(grant.name),
        arn=Name(grant.arn),
        account=grant.account,
        description=Prose(grant.role.description),
        who=_who(callers),
        callers=tuple(callers),
        accesses=tuple(accesses(grant)),
        keys=tuple(keys_of(grant)),
        allows=_allows(grant, names),
        never=tuple(never(grant)),
        conditions=tuple(_conditions(grant, callers)),
        boundary=Name(grant.role.boundary_arn) if grant.role.boundary_arn else None,
        session=session_of(grant),
        state=state_of(grant, now),
        denied=tuple(denied_of(grant, callers, around)),
        quotas=quotas_of(grant, sizes),
        warnings=tuple(warnings_of(grant, callers, now)),
        change=history.changes.get(grant.name),
        uncommitted=grant.name in history.uncommitted,
        revoke=command("python -m crossrole revoke", grant.name if is_only_one else grant.arn, profile="prod"),
        may=may_within(around.inventory),
    )


def _who(callers: Sequence[Caller]) -> Words:
    return listed(dict.fromkeys(each.words for each in callers))


def _allows(grant: Grant, names: Names) -> Words:
    return listed(allowances(grant, names)) or ("do nothing",)


def _conditions(grant: Grant, callers: Sequence[Caller]) -> Sequence[Words]:
    """Return the conditions of every caller, and those of single callers with the callers' names."""
    everyone = [
        each for each in (callers[0].conditions if callers else ()) if all(each in one.conditions for one in callers)
    ]
    single = [
        (*caller.words, " ", *words) for caller in callers for words in caller.conditions if words not in everyone
    ]
    exactly = "is exactly the role or user that existed at the deployment (pinned)"
    pinned: list[Words] = [(*caller.words, f" {exactly}") for caller in callers if caller.pinned]
    if callers and len(pinned) == len(callers):
        pinned = [(exactly,)]
    return [*everyone, *single, *pinned, *denials_of(grant)]


def _owners(templates: Sequence[Template], inventory: Inventory) -> Mapping[str, str]:
    """Return the account of each bucket that a template makes or has a policy for, by its ARN, which names none."""
    stacks = {template.stack: template.account for template in templates}
    of_policies = {arn: stacks.get(policy.template, "") for arn, policy in inventory.resource_policies.items()}
    return {**of_policies, **{arn: bucket.account for arn, bucket in inventory.buckets.items()}}


def _key_names(inventory: Inventory) -> Mapping[str, Words]:
    """Return for each key that a template makes the bucket that it encrypts, or the stack that makes it."""
    buckets = {bucket.key: bucket_of(bucket.arn) for bucket in reversed(list(inventory.buckets.values())) if bucket.key}
    return {
        arn: ("of the bucket ", Name(buckets[arn]))
        if arn in buckets
        else (Name(policy.logical_id), " of the stack ", Name(policy.template))
        for arn, policy in inventory.resource_policies.items()
        if arn.split(":")[2:3] == ["kms"]
    }


_PUBLIC = {"AWS::S3::Bucket": ", its ACL and Block Public Access"}


def _unreadable(inventory: Inventory) -> list[str]:
    """Return why statements can't be read, each once."""
    policies = [*inventory.resource_policies.values(), *(each for one in inventory.identities for each in one.policies)]
    effects = [statement["Effect"] for policy in policies for statement in policy.statements]
    return [each.text for each in unknowns_in(effects)]


def _unevaluated(inventory: Inventory, templates: Sequence[Template]) -> list[tuple[str, str, str]]:
    """Return each place that is not evaluated, its type, and its account."""
    kinds = {
        f"{template.stack}/{logical_id}": (str(resource.get("Type")), template.account)
        for template in templates
        for logical_id, resource in template.resources.items()
    }
    accounts = {template.stack: template.account for template in templates}
    # A transform of the whole template is of no resource.
    return [
        (
            place,
            *kinds.get(
                place,
                ("a transform, which CloudFormation runs at deployment", accounts.get(place.partition("/")[0], "")),
            ),
        )
        for place in sorted(inventory.unevaluated)
    ]


def _open_accounts(unevaluated: Sequence[tuple[str, str, str]]) -> set[str]:
    return {account for _, kind, account in unevaluated if kind not in _PUBLIC}
