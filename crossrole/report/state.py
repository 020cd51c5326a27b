"""Whether a grant can be used now, and how long its sessions last."""

from dataclasses import dataclass
from datetime import datetime

from crossrole.iam.arn import is_role
from crossrole.iam.quotas import LEAST_MAX_SESSION, ROLE_CHAINING_LIMIT
from crossrole.iam.session_denials import is_shut
from crossrole.report.allowed import revoked_before
from crossrole.report.callers import expiry_of
from crossrole.report.warnings import SOON
from crossrole.report.words import Words, counted, duration, moment
from crossrole.templates.grant import Grant


@dataclass(frozen=True)
class State:
    """Whether someone can use the grant, as one word and in a sentence."""

    label: str
    text: str
    usable: bool = True


def state_of(grant: Grant, now: datetime) -> State:
    """Return the state of the grant at a moment; a reason that ends it now comes before one that will."""
    expires = expiry_of(grant)
    before = revoked_before(grant)
    revoked = f"; sessions that began before {moment(before)} are revoked" if before else ""
    if is_shut(grant.trust.document):
        sessions = (
            ", and its sessions can do nothing" if grant.sessions_shut else "; sessions that began before still work"
        )
        return State("disabled", f"nobody can assume the role{sessions}{revoked}", usable=False)
    if expires and expires <= now:
        return State("expired", f"since {moment(expires)} nobody can use it{revoked}", usable=False)
    if before and before > now:
        return State("revoked", f"until {moment(before)} even new sessions can do nothing", usable=False)
    if expires:
        days = (expires - now).days
        left = f"in {counted(days, 'day')}" if days else "within a day"
        soon = "expires soon" if expires - now <= SOON else "active"
        return State(soon, f"expires {left}, at {moment(expires)}{revoked}")
    return State("active", f"has no expiry{revoked}")


def session_of(grant: Grant) -> Words:
    """Return how long a session of the grant may last."""
    longest = grant.max_session
    words = f"at most {duration(longest)}"
    if longest < LEAST_MAX_SESSION:
        words += f" by agreement; IAM itself enforces no less than {duration(LEAST_MAX_SESSION)}"
    if longest > ROLE_CHAINING_LIMIT and any(map(is_role, grant.principals)):
        words += f"; {duration(ROLE_CHAINING_LIMIT)} for a role, whose credentials chain"
    return (words,)
