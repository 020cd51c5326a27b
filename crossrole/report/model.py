"""The content of the report as data: HTML, Markdown and the drawings are written from it alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from crossrole.engines.simulator import Simulator
from crossrole.report.allowed import Access, accesses, allowances, keys_of
from crossrole.report.callers import Caller, callers_of
from crossrole.report.callers_and_buckets import BucketFacts, Half, buckets_of, halves_of
from crossrole.report.denied_examples import denied_of
from crossrole.report.history import Change, History
from crossrole.report.quota import Quota, quotas_of, sizes_of
from crossrole.report.state import State, session_of, state_of
from crossrole.report.warnings import KINDS, Kind, Warned, warnings_of
from crossrole.report.words import Name, Prose, Words, begun, listed
from crossrole.templates.grant import Grant, grants_of
from crossrole.templates.intrinsics import Template
from crossrole.templates.inventory import Inventory
from crossrole.templates.reader import read_inventory

NOT_KNOWN: Words = (
    (
        "The templates do not hold the organizations' control policies (SCPs and RCPs), VPC endpoint policies, or "
        "callers' policies made elsewhere: these can deny more than this report says. Each account's administrators "
        "can change what is deployed: "
    ),
    Name("python -m crossrole doctor"),
    " compares a deployed role with its template.",
)


@dataclass(frozen=True)
class GrantFacts:
    """The facts of one grant."""

    anchor: str
    name: Name
    arn: Name
    account: Name
    description: Prose
    who: Words
    callers: tuple[Caller, ...]
    accesses: tuple[Access, ...]
    keys: tuple[str, ...]
    """The ARNs of the keys that its sessions may use."""
    allows: Words
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

    @property
    def sentence(self) -> Words:
        """Who may do what."""
        return (*begun(self.who), " may ", *self.allows, ".")

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
class Report:
    """The content of the page."""

    now: datetime
    grants: tuple[GrantFacts, ...]
    halves: tuple[Half, ...]
    buckets: tuple[BucketFacts, ...]
    unevaluated: tuple[Words, ...]

    @property
    def warnings(self) -> list[tuple[Kind, list[tuple[GrantFacts, Words]]]]:
        """Every kind of warning that was found, the gravest first, with its grants and details."""
        by_kind = [
            (kind, [(grant, each.words) for grant in self.grants for each in grant.warnings if each.kind is kind])
            for kind in KINDS
        ]
        return [(kind, found) for kind, found in by_kind if found]

    @property
    def grave(self) -> int:
        """How many grants have a serious warning."""
        return sum(grant.grave for grant in self.grants)

    @property
    def usable(self) -> int:
        """How many grants someone can use now."""
        return sum(grant.state.usable for grant in self.grants)


def report_of(templates: list[Template], simulator: Simulator, history: History, now: datetime) -> Report:
    """Return the report at a moment; raises `CommandError` for templates that can't be read or evaluated."""
    inventory = read_inventory(templates)
    grants = grants_of(inventory)
    sizes = sizes_of(templates)
    denied = denied_of(inventory, simulator, grants, now)
    return Report(
        now.astimezone(UTC),
        tuple(
            GrantFacts(
                anchor=f"grant-{number}",
                name=Name(grant.name),
                arn=Name(grant.arn),
                account=Name(grant.account),
                description=Prose(grant.role.description),
                who=listed(each.words for each in callers_of(grant)) or ("nobody",),
                callers=tuple(callers_of(grant)),
                accesses=tuple(accesses(grant)),
                keys=tuple(keys_of(grant)),
                allows=listed(allowances(grant)) or ("do nothing",),
                conditions=tuple(_conditions(grant)),
                boundary=Name(grant.role.boundary_arn) if grant.role.boundary_arn else None,
                session=session_of(grant),
                state=state_of(grant, now),
                denied=tuple(words),
                quotas=quotas_of(grant, sizes),
                warnings=tuple(warnings_of(grant, now)),
                change=history.changes.get(grant.name),
                uncommitted=grant.name in history.uncommitted,
                revoke=f"python -m crossrole revoke {Name(grant.name)} --profile prod",
            )
            for number, (grant, words) in enumerate(zip(grants, denied, strict=True), start=1)
        ),
        halves_of(inventory, simulator, grants, now),
        buckets_of(templates, inventory, grants),
        tuple(_unevaluated(inventory, templates)),
    )


def _conditions(grant: Grant) -> Sequence[Words]:
    """Return the conditions of every caller, and those of single callers with the callers' names."""
    callers = callers_of(grant)
    everyone = [
        each for each in (callers[0].conditions if callers else ()) if all(each in one.conditions for one in callers)
    ]
    single = [
        (*caller.words, " ", *words) for caller in callers for words in caller.conditions if words not in everyone
    ]
    pinned = any(caller.pinned for caller in callers)
    return [
        *everyone,
        *single,
        *([("is exactly the role or user that existed at the deployment (pinned)",)] if pinned else []),
    ]


def _unevaluated(inventory: Inventory, templates: list[Template]) -> list[Words]:
    kinds = {
        f"{template.stack}/{logical_id}": str(resource.get("Type"))
        for template in templates
        for logical_id, resource in template.resources.items()
    }
    public = {"AWS::S3::Bucket": ", its ACL and Block Public Access"}
    # A transform of the whole template is of no resource.
    places = [(place, kinds.get(place, "which CloudFormation runs at deployment")) for place in inventory.unevaluated]
    return [(Name(place), f", {kind}{public.get(kind, '')}") for place, kind in sorted(places)]
