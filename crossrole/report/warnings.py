"""What a reviewer should look at first: grants that give wide access, or that will end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from crossrole.report.allowed import EVERY_BUCKET, accesses, everything_but, gives_on
from crossrole.report.callers import WIDE, callers_of
from crossrole.report.words import Name, Words, counted, listed, moment
from crossrole.templates.grant import Grant

SOON = timedelta(days=30)


@dataclass(frozen=True)
class Kind:
    """One kind of warning; `serious` ones come first."""

    title: str
    meaning: str
    serious: bool = False


FULL = Kind(
    "Full access",
    "Reads, overwrites and deletes every object, and can change or delete the bucket itself.",
    serious=True,
)
EVERYONE = Kind("Everyone in AWS", "Trusts every AWS account.", serious=True)
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
FEDERATION = Kind("An identity provider", "Trusts the users of a provider outside AWS.", serious=True)
ALL_BUT = Kind("Everything but", "Allows everything that it does not name, also what AWS adds later.", serious=True)
ENDS = Kind("Expires within 30 days", "Stops working by itself soon: renew it, or let it end.", serious=True)
ENDED = Kind("Expired", "Nobody can use it any more: remove the entry.")
EVERY = Kind("Every bucket", "Reaches every bucket of the account, also those made later.")
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
    FULL,
    EVERYONE,
    IN_NO_TEMPLATE,
    NO_CONDITION,
    SERVICE,
    FEDERATION,
    ALL_BUT,
    GIVES_ON,
    ENDS,
    EVERY,
    ACCOUNT,
    ORGANIZATION,
    WHOLE,
    PINNED,
    FUTURE,
    ENDED,
)


@dataclass(frozen=True)
class Warned:
    """A warning of one grant, and what in the grant it is about."""

    kind: Kind
    words: Words


def warnings_of(grant: Grant, now: datetime) -> list[Warned]:
    """Return the grant's warnings, the gravest first."""
    found = [*_width(grant), *_who(grant), *_others(grant), *_when(grant, now)]
    return sorted(dict.fromkeys(found), key=lambda each: KINDS.index(each.kind))


def _width(grant: Grant) -> Iterator[Warned]:
    for access in accesses(grant):
        if "everything" in access.verbs:
            yield Warned(FULL, access.words)
        if access.bucket == EVERY_BUCKET:
            yield Warned(EVERY, access.words)
        elif access.whole and "everything" not in access.verbs:
            yield Warned(WHOLE, access.words)
    if actions := gives_on(grant):
        yield Warned(GIVES_ON, listed(map(Name, actions)))
    if left_out := everything_but(grant):
        yield Warned(ALL_BUT, listed(map(Name, left_out)))
    for policy in grant.role.managed_elsewhere:
        yield Warned(IN_NO_TEMPLATE, (Name(policy),))


def _who(grant: Grant) -> Iterator[Warned]:
    for caller in callers_of(grant):
        if caller.kind in WIDE:
            kind = {"account": ACCOUNT, "everyone": EVERYONE}.get(caller.kind, ORGANIZATION)
            yield Warned(kind, caller.words)
            if not caller.narrowed:
                yield Warned(NO_CONDITION, caller.words)
        if caller.pinned:
            yield Warned(PINNED, caller.words)


def _others(grant: Grant) -> Iterator[Warned]:
    yield from (Warned(SERVICE, (Name(each),)) for each in grant.services)
    yield from (Warned(FEDERATION, (Name(each),)) for each in grant.federations)


def _when(grant: Grant, now: datetime) -> Iterator[Warned]:
    if grant.expires and grant.expires <= now:
        yield Warned(ENDED, (f"since {moment(grant.expires)}",))
    elif grant.expires and grant.expires - now <= SOON:
        yield Warned(ENDS, (f"in {counted((grant.expires - now).days, 'day')}, at {moment(grant.expires)}",))
    if grant.revoked_before and grant.revoked_before > now:
        yield Warned(FUTURE, (f"until {moment(grant.revoked_before)}",))
