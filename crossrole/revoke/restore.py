"""`crossrole restore GRANT`: take out of a role's policies what `revoke` has put there, and nothing else.

The trust policy comes first: what is killed between the two calls leaves the role refusing, and the same line again
finishes it.
"""

from dataclasses import dataclass, field

from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.iam.names import REVOCATION_POLICY
from crossrole.iam.session_denials import Document, denies_everything, is_shut, moment_of, statements_of
from crossrole.live.sessions import live_session, told
from crossrole.revoke.deployed_role import DeployedRole, Iam, NotKnownError, NotWrittenError, pauses, write
from crossrole.revoke.live_check import Proof
from crossrole.revoke.plan import TRUST
from crossrole.revoke.revoke import READ_BACK_WITHIN
from crossrole.revoke.statements import is_ours, restored
from crossrole.templates.grant import Grant


@dataclass
class Restored:
    """What was found and what was taken out."""

    grant: Grant
    dry_run: bool
    found: DeployedRole
    policy: Document | None
    """The inline policy as it is to be; None where the role is to have none of that name."""
    trust: Document
    written: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)

    @property
    def changes(self) -> list[str]:
        """The policies that have to be changed, in the order in which they are."""
        trust = [TRUST] if self.trust is not self.found.trust else []
        return [*trust, *([REVOCATION_POLICY] if self.policy is not self.found.inline.get(REVOCATION_POLICY) else [])]

    @property
    def is_proved(self) -> bool:
        """Whether all was done, and IAM answers so."""
        return not self.wrong and all(proof.holds is not False for proof in self.proofs)

    @property
    def left(self) -> list[str]:
        """What still refuses, and is none of ours."""
        moment = moment_of(self.policy, None)
        others = {**self.found.inline, REVOCATION_POLICY: self.policy}
        return [
            *([f"{REVOCATION_POLICY} refuses sessions begun before {moment:%Y-%m-%dT%H:%M:%SZ}"] if moment else []),
            *(f"{name} refuses everything" for name, each in others.items() if denies_everything(each, name)),
            *(["the trust policy refuses everyone"] if is_shut(self.trust) else []),
        ]


def restore(grant: Grant, *, profile: str, dry_run: bool, environment: Environment) -> Restored:
    """Take our statements out; raises `CommandError` where nothing was changed."""
    with told(profile):
        iam = Iam(live_session(profile, region=grant.region), grant, environment)
        iam.expect_account(profile)
        role = iam.role()
    trust = _trust_without_ours(role.trust, grant)
    plan = Restored(grant, dry_run, role, restored(role.inline.get(REVOCATION_POLICY), REVOCATION_POLICY), trust)
    if not dry_run and plan.changes:
        _write(plan, iam, profile, environment)
        if not plan.wrong:
            _read_back(plan, iam, profile, environment)
    return plan


def _trust_without_ours(found: Document, grant: Grant) -> Document:
    trust = restored(found, "the trust policy")
    if trust is None:
        raise CommandError(
            f"the trust policy of {grant.name} would be empty, which IAM does not take; look at it in IAM"
        )
    return trust


def _write(plan: Restored, iam: Iam, profile: str, environment: Environment) -> None:
    # Each is read anew: somebody may have changed it meanwhile, and IAM has no write that would be refused then.
    def put_trust() -> None:
        plan.trust = _trust_without_ours(iam.trust(), plan.grant)
        iam.put_trust(plan.trust)

    def put_policy() -> None:
        plan.policy = restored(iam.policy(REVOCATION_POLICY), REVOCATION_POLICY)
        iam.put_policy(REVOCATION_POLICY, plan.policy)

    changes = {
        TRUST: (put_trust, lambda: not _holds_ours(iam.trust(), "the trust policy")),
        REVOCATION_POLICY: (put_policy, lambda: not _holds_ours(iam.policy(REVOCATION_POLICY), REVOCATION_POLICY)),
    }
    for name in plan.changes:
        environment.hint(f"write the {name} of {plan.grant.name} without what revoke added")
        change, is_made = changes[name]
        try:
            write(profile, change, is_made=is_made, full="look at the role's policies in IAM")
        except (NotWrittenError, NotKnownError) as error:
            if not plan.written and isinstance(error, NotWrittenError):
                raise
            plan.wrong.append(f"{error}; the {name} still refuses: run the same line again")
            return
        plan.written.append(name)


def _read_back(plan: Restored, iam: Iam, profile: str, environment: Environment) -> None:
    try:
        with told(profile):
            for _ in pauses(READ_BACK_WITHIN, environment):
                policy, trust = iam.policy(REVOCATION_POLICY), iam.trust()
                if not _holds_ours(policy, REVOCATION_POLICY) and not _holds_ours(trust, "the trust policy"):
                    plan.proofs.append(Proof("IAM answers the role back without it", holds=True))
                    return
    except CommandError as error:
        plan.proofs.append(Proof(f"the role could not be read back: {error}", holds=False))
        return
    plan.proofs.append(Proof(f"IAM still answers with it after {READ_BACK_WITHIN:.0f} s", holds=False))


def _holds_ours(document: Document | None, name: str) -> bool:
    return document is not None and any(map(is_ours, statements_of(document, name)))
