"""What a revocation is to do to the deployed role."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from crossrole.iam.names import REVOCATION_POLICY
from crossrole.iam.quotas import INLINE_POLICIES, TRUST_POLICY_AT_MOST
from crossrole.iam.session_denials import Cut, Document, is_shut
from crossrole.revoke.changes import Change, Done, Plan, needed
from crossrole.revoke.deployed_role import TRUST, DeployedRole
from crossrole.revoke.statements import revoked, shut
from crossrole.templates.grant import Grant


@dataclass(frozen=True)
class Asked:
    """What the operator asks for."""

    profile: str
    before: datetime | None = None
    """In whole seconds of UTC."""
    session: str | None = None
    and_disable: bool = False
    caller_profile: str | None = None
    dry_run: bool = False
    named: str | None = None
    """How the operator named the grant; its name if left out."""


@dataclass(frozen=True)
class RevokePlan(Plan):
    """What was found, and what is to be written for a revocation."""

    asked: Asked
    cut: Cut
    now: datetime
    """AWS's time when the role was read."""

    @property
    def in_the_future(self) -> bool:
        """Whether sessions that are begun now are affected too."""
        return self.cut.moment > self.now + timedelta(seconds=1)

    def is_written(self, role: DeployedRole) -> bool:
        """Return whether a role's inline policy cuts the sessions off."""
        return _holds(role.document(REVOCATION_POLICY), self.cut)


def plan_of(grant: Grant, asked: Asked, role: DeployedRole, now: datetime) -> RevokePlan:
    """Return what is to be done to the role; `now` is AWS's time when it was read.

    The permissions policy is first, so that the harm stops with the first call.
    """
    session = f"{role.id}:{asked.session}" if asked.session else None
    # Now also where everything is denied already: what was begun meanwhile works once that is taken away.
    moment = asked.before or now.replace(microsecond=0) + timedelta(seconds=1)
    cut = Cut(moment, session, everything=asked.and_disable)
    policy = Change(
        REVOCATION_POLICY,
        changed=lambda found: revoked(found, cut),
        is_made=lambda found: _holds(found, cut),
        doing=f"write the inline policy {REVOCATION_POLICY} of {grant.name}",
        if_full=f"a role's inline policies may hold {INLINE_POLICIES:,} characters: remove what is not needed there",
        if_not_made="; run the same line again",
    )
    trust = Change(
        TRUST,
        changed=shut,
        is_made=is_shut,
        doing=f"write the trust policy of {grant.name}",
        if_full="name fewer principals, or have the quota of the role trust policy length raised "
        f"(to {TRUST_POLICY_AT_MOST:,})",
        if_not_made=f". New sessions can be made, but {REVOCATION_POLICY} lets them do nothing",
    )
    changes = needed(role, [policy, *([trust] if asked.and_disable else [])])
    return RevokePlan(grant, role, changes, asked, cut, now)


def _holds(policy: Document | None, cut: Cut) -> bool:
    return policy is not None and revoked(policy, cut) is policy


@dataclass(frozen=True)
class Revoked(Done):
    """What became of a revocation."""

    plan: RevokePlan
