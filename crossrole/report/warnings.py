"""What a reviewer should look at first: grants that give wide access, or that will end."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from crossrole.report.access import EVERY
from crossrole.report.allowed import accesses, allows_of, becomes, everything_but, gives_on, outside_s3, revoked_before
from crossrole.report.callers import WIDE, Caller, expiry_of
from crossrole.report.openings import Opening
from crossrole.report.patterns import is_pattern
from crossrole.report.words import Name, Words, counted, listed, moment
from crossrole.templates.grant import Grant

SOON = timedelta(days=30)


@dataclass(frozen=True)
class Kind:
    """One kind of warning; `serious` ones come first."""

    title: str
    meaning: str
    serious: bool = False


PUBLIC = Kind(
    "Public",
    "Its own policy or ACL lets in everyone, unless Block Public Access of the bucket or its account keeps them out.",
    serious=True,
)
STRANGERS = Kind(
    "Open to other accounts",
    "Its own policy lets in, without a grant, principals of accounts that the templates do not deploy to.",
    serious=True,
)
FULL = Kind(
    "Full access",
    "Reads, overwrites and deletes every object, and can change or delete the bucket itself.",
    serious=True,
)
EVERY_ACTION = Kind("Every action on objects", "Has every action of S3 on objects, also those that AWS adds later.")
EVERYONE = Kind("Everyone in AWS", "Trusts every AWS account.", serious=True)
BECOMES = Kind(
    "Can become other roles",
    "Has an action with which it becomes other roles, or hands them to a service: it may do what those may.",
    serious=True,
)
NO_CONDITION = Kind(
    "No condition",
    "Trusts a whole account or organization, and requires no external id, MFA, organization or address.",
    serious=True,
)
GIVES_ON = Kind("Can give access to others", "Has an action that can give access to others.", serious=True)
IN_NO_TEMPLATE = Kind(
    "Policy outside the templates",
    "Has a policy outside the templates: it may allow more than this report shows.",
    serious=True,
)
SERVICE = Kind("An AWS service", "Trusts an AWS service, which acts for everyone who may use it.", serious=True)
FEDERATION = Kind("Every user of a provider", "Trusts a provider outside AWS, whoever its token is for.", serious=True)
ALL_BUT = Kind("Everything but", "Allows everything that it does not name, also what AWS adds later.", serious=True)
ENDS = Kind("Expires within 30 days", "Stops working by itself soon: renew it, or let it end.", serious=True)
ENDED = Kind("Expired", "Nobody can use it any more: remove the entry.")
ANY_BUCKET = Kind("Every bucket", "Reaches every bucket, also those made later.")
SOME_BUCKETS = Kind("A pattern of buckets", "Reaches every bucket whose name fits, also those made later.")
BEYOND = Kind("Outside S3", "Has actions of other services.")
BESIDE = Kind("Open beside the grants", "Its own policy lets in, without a grant, who is not of its account.")
ACCOUNT = Kind("Whole account", "Trusts every principal in an account whose own policy allows it.")
ORGANIZATION = Kind(
    "Whole organization",
    "Trusts every principal in an organization, or in one of its units, whose own policy allows it.",
)
WHOLE = Kind("Whole bucket", "Has no prefix, or an action that acts on the bucket itself.")
PINNED = Kind(
    "Pinned",
    "Trusts exactly the role or user that exists now: made again, it is denied until the next deployment.",
)
FUTURE = Kind("Revoked ahead", "Denies even new sessions until a time in the future.")
KINDS = (
    PUBLIC,
    STRANGERS,
    FULL,
    EVERYONE,
    BECOMES,
    IN_NO_TEMPLATE,
    NO_CONDITION,
    SERVICE,
    FEDERATION,
    ALL_BUT,
    GIVES_ON,
    ENDS,
    ANY_BUCKET,
    SOME_BUCKETS,
    EVERY_ACTION,
    BEYOND,
    BESIDE,
    ACCOUNT,
    ORGANIZATION,
    WHOLE,
    PINNED,
    FUTURE,
    ENDED,
)


@dataclass(frozen=True)
class Warned:
    """A warning of one grant or resource, and what in it the warning is about."""

    kind: Kind
    words: Words


def warnings_of(grant: Grant, callers: Iterable[Caller], now: datetime) -> list[Warned]:
    """Return the grant's warnings, the gravest first."""
    found = [*_width(grant), *_who(grant, callers), *_when(grant, now)]
    return sorted(dict.fromkeys(found), key=lambda each: KINDS.index(each.kind))


def warning_of(opening: Opening, accounts: Collection[str]) -> Warned:
    """Return the warning of what a resource's own policy opens; `accounts` are those that templates are deployed to."""
    if opening.is_public and not opening.is_blocked:
        return Warned(PUBLIC, opening.words)
    known = opening.caller.account in accounts or opening.is_blocked
    return Warned(BESIDE if known else STRANGERS, opening.words)


def _width(grant: Grant) -> Iterator[Warned]:
    for access in accesses(grant):
        everything = "everything" in access.verbs
        if everything and access.whole and access.objects and access.itself:
            yield Warned(FULL, access.words)
        elif everything:
            yield Warned(EVERY_ACTION, access.words)
        if access.bucket == EVERY:
            yield Warned(ANY_BUCKET, access.words)
        elif is_pattern(access.bucket):
            yield Warned(SOME_BUCKETS, access.words)
        elif access.whole and not everything:
            yield Warned(WHOLE, access.words)
    for kind, found in (
        (GIVES_ON, gives_on(grant)),
        (BECOMES, becomes(grant)),
        (ALL_BUT, everything_but(grant)),
        (BEYOND, outside_s3(allows_of(grant))),
    ):
        if found:
            yield Warned(kind, listed(map(Name, found)))
    for policy in grant.role.managed_elsewhere:
        yield Warned(IN_NO_TEMPLATE, (Name(policy),))


def _who(grant: Grant, callers: Iterable[Caller]) -> Iterator[Warned]:
    for caller in (each for each in callers if each.is_outside(grant.account)):
        if caller.kind in WIDE:
            kind = {"account": ACCOUNT, "everyone": EVERYONE}.get(caller.kind, ORGANIZATION)
            yield Warned(kind, caller.words)
            if not caller.narrowed:
                yield Warned(NO_CONDITION, caller.words)
        if caller.kind == "identity provider" and not caller.narrowed:
            yield Warned(FEDERATION, caller.words)
        if caller.pinned:
            yield Warned(PINNED, caller.words)
    yield from (Warned(SERVICE, (Name(each),)) for each in grant.services)


def _when(grant: Grant, now: datetime) -> Iterator[Warned]:
    expires = expiry_of(grant)
    if expires and expires <= now:
        yield Warned(ENDED, (f"since {moment(expires)}",))
    elif expires and expires - now <= SOON:
        yield Warned(ENDS, (f"in {counted((expires - now).days, 'day')}, at {moment(expires)}",))
    before = revoked_before(grant)
    if before and before > now:
        yield Warned(FUTURE, (f"until {moment(before)}",))
