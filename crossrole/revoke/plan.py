"""What a revocation is to do to the deployed role, and what becomes of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crossrole.iam.names import REVOCATION_POLICY
from crossrole.iam.session_denials import Cut, Document
from crossrole.revoke.deployed_role import DeployedRole
from crossrole.revoke.live_check import Proof
from crossrole.revoke.statements import revoked, shut
from crossrole.templates.grant import Grant

TRUST = "trust policy"


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


@dataclass
class Revoked:
    """What was found, what was written and what is shown."""

    grant: Grant
    asked: Asked
    cut: Cut
    found: DeployedRole
    now: datetime
    """AWS's time when the role was read."""
    policy: Document
    trust: Document
    written: list[str] = field(default_factory=list)
    """The policies that were changed, by name."""
    wrong: list[str] = field(default_factory=list)
    """What was not done or is not known, and what stands in IAM then."""
    proofs: list[Proof] = field(default_factory=list)

    @property
    def changes(self) -> list[str]:
        """The policies that have to be changed, in the order in which they are."""
        policy = [REVOCATION_POLICY] if self.policy is not self.found.inline.get(REVOCATION_POLICY) else []
        return [*policy, *([TRUST] if self.trust is not self.found.trust else [])]

    @property
    def is_proved(self) -> bool:
        """Whether all was done, and nothing that was asked for came out otherwise."""
        return not self.wrong and all(proof.holds is not False for proof in self.proofs)

    @property
    def in_the_future(self) -> bool:
        """Whether sessions that are begun now are hit too."""
        return self.cut.moment > self.now + timedelta(seconds=1)


def plan_of(grant: Grant, asked: Asked, role: DeployedRole, now: datetime) -> Revoked:
    """Return what is to be done to the role; `now` is AWS's time when it was read."""
    session = f"{role.id}:{asked.session}" if asked.session else None
    # Now also where everything is refused already: what was begun meanwhile works once that is taken away.
    moment = asked.before or now.replace(microsecond=0) + timedelta(seconds=1)
    cut = Cut(moment, session, everything=asked.and_disable)
    trust = shut(role.trust) if asked.and_disable else role.trust
    return Revoked(grant, asked, cut, role, now, revoked(role.inline.get(REVOCATION_POLICY), cut), trust)
