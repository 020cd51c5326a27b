"""`crossrole revoke GRANT`: cut off a role's live sessions, and prove it.

The permissions policy is written first, so that the harm stops with the first call; what is killed after it leaves
the role more shut than it was, and the same line again finishes it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import boto3

from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.iam.names import REVOCATION_POLICY
from crossrole.iam.session_denials import Document, is_shut
from crossrole.live.sessions import client, live_session, told
from crossrole.revoke.deployed_role import Iam, NotKnownError, NotWrittenError, pauses, write
from crossrole.revoke.live_check import LiveCheck, Proof, live_check
from crossrole.revoke.plan import TRUST, Asked, Revoked, plan_of
from crossrole.revoke.simulated_check import decided
from crossrole.revoke.statements import revoked, shut
from crossrole.templates.grant import Grant

READ_BACK_WITHIN = 30.0
"""Seconds that IAM is given to answer with what was written to it."""


def revoke(grant: Grant, asked: Asked, environment: Environment) -> Revoked:
    """Cut off the sessions; raises `CommandError` where nothing was changed."""
    with told(asked.profile):
        administrator = live_session(asked.profile, region=grant.region)
        iam = Iam(administrator, grant, environment)
        iam.expect_account(asked.profile)
        iam.facts()
    live = _live_check(grant, asked, administrator, environment)
    with told(asked.profile):
        role = iam.role()
    begun = environment.monotonic()
    plan = plan_of(grant, asked, role, iam.now)
    if asked.dry_run:
        planned = replace(role, inline={**role.inline, REVOCATION_POLICY: plan.policy}, trust=plan.trust)
        plan.proofs.append(decided(plan, planned, environment, done=False))
        return plan
    with _interruption_told(plan, environment):
        _write(plan, iam, environment)
        if not plan.in_the_future:
            # The moment is the second after AWS's answer; a session that is begun before it has passed is hit too.
            environment.sleep(max(0.0, 1.0 - (environment.monotonic() - begun)))
        answers = list(
            live.given(plan.cut, future=plan.in_the_future, was_shut=is_shut(role.trust), left_open=bool(plan.wrong))
        )
        # Last of all, so that what somebody else has written over it meanwhile shows.
        _prove(plan, iam, environment)
        plan.proofs += answers
    return plan


def _live_check(grant: Grant, asked: Asked, administrator: boto3.Session, environment: Environment) -> LiveCheck:
    profile = asked.caller_profile
    if profile is None or asked.dry_run:
        return LiveCheck(environment)
    with told(profile):
        caller = live_session(profile, region=grant.region)
        arn = client(caller, "sts").get_caller_identity()["Arn"]
    environment.hint("begin a session as a witness")
    return live_check(caller, arn, grant, administrator, environment, profile=profile, name=asked.session)


def _write(plan: Revoked, iam: Iam, environment: Environment) -> None:
    """Write what has to be changed; raises `CommandError` where the first change was not made.

    Each policy is read anew: somebody may have changed it meanwhile, and IAM has no write that would be refused then.
    """
    profile, name = plan.asked.profile, plan.grant.name

    def put_policy() -> None:
        plan.policy = revoked(iam.policy(REVOCATION_POLICY), plan.cut)
        iam.put_policy(REVOCATION_POLICY, plan.policy)

    def put_trust() -> None:
        plan.trust = shut(iam.trust())
        iam.put_trust(plan.trust)

    if REVOCATION_POLICY in plan.changes:
        environment.hint(f"write the inline policy {REVOCATION_POLICY} of {name}")
        try:
            write(
                profile,
                put_policy,
                is_made=lambda: _holds(plan, iam.policy(REVOCATION_POLICY)),
                full="a role's inline policies may hold 10,240 characters in all: take away what is not needed there",
            )
        except NotKnownError as error:
            plan.wrong.append(f"{error}; run the same line again")
            return
        plan.written.append(REVOCATION_POLICY)
    if TRUST in plan.changes:
        environment.hint(f"write the trust policy of {name}")
        try:
            write(
                profile,
                put_trust,
                is_made=lambda: is_shut(iam.trust()),
                full="name fewer principals, or have the quota of the role trust policy length raised (to 4,096)",
            )
        except (NotWrittenError, NotKnownError) as error:
            if not plan.written and isinstance(error, NotWrittenError):
                raise
            plan.wrong.append(f"{error}. New sessions can be made, but {REVOCATION_POLICY} lets them do nothing")
            return
        plan.written.append(TRUST)


def _holds(plan: Revoked, policy: Document | None) -> bool:
    return policy is not None and revoked(policy, plan.cut) is policy


def _prove(plan: Revoked, iam: Iam, environment: Environment) -> None:
    """Read back what IAM holds, and decide from it."""
    environment.hint("read the role back and decide")
    role = None
    try:
        with told(plan.asked.profile):
            for _ in pauses(READ_BACK_WITHIN, environment):
                role = iam.role()
                shut_as_asked = is_shut(role.trust) or not plan.asked.and_disable or bool(plan.wrong)
                if _holds(plan, role.inline.get(REVOCATION_POLICY)) and shut_as_asked:
                    plan.proofs.append(Proof("IAM answers the role back with it", holds=True))
                    plan.proofs.append(decided(plan, role, environment, done=True))
                    return
    except CommandError as error:
        plan.proofs.append(Proof(f"the role could not be read back: {error}", holds=False))
        return
    plan.proofs.append(Proof(f"IAM does not answer the role back with it within {READ_BACK_WITHIN:.0f} s", holds=False))


@contextmanager
def _interruption_told(plan: Revoked, environment: Environment) -> Iterator[None]:
    """Say what stands in IAM where the command is interrupted."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        written = " and the ".join(plan.written)
        stands = (
            f"the {written} of {plan.grant.name} stands as changed" if written else "nothing is known to be changed"
        )
        environment.hint(f"interrupted: {stands}; the same line again finishes, `restore {plan.grant.name}` undoes it")
        raise
