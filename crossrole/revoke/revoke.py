"""`crossrole revoke GRANT`: cut off a role's live sessions, and verify it.

The permissions policy is written first, so that the harm stops with the first call; what is killed after it leaves
the role more shut than it was, and the same line again finishes it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import boto3

from crossrole.environment import Environment
from crossrole.iam.session_denials import is_shut
from crossrole.live.sessions import as_command_error, client, live_session
from crossrole.revoke.changes import READ_BACK_WITHIN, Outcome, read_back, write, written
from crossrole.revoke.deployed_role import Iam
from crossrole.revoke.live_check import Check, LiveCheck, live_check
from crossrole.revoke.plan import Asked, Revoked, RevokePlan, plan_of
from crossrole.revoke.simulated_check import decided
from crossrole.templates.grant import Grant


def revoke(grant: Grant, asked: Asked, environment: Environment) -> Revoked:
    """Cut off the sessions; raises `CommandError` where nothing was changed."""
    with as_command_error(asked.profile):
        administrator = live_session(asked.profile, region=grant.region)
        iam = Iam(administrator, grant, environment)
        iam.expect_account(asked.profile)
        iam.facts()
    live = _live_check(grant, asked, administrator, environment)
    with as_command_error(asked.profile):
        role = iam.role()
    begun = environment.monotonic()
    plan = plan_of(grant, asked, role, iam.now)
    if asked.dry_run:
        return Revoked(plan, checks=(decided(plan, plan.role, environment, done=False),))
    outcomes: list[Outcome] = []
    with interruption_reported(grant, outcomes, environment):
        for each in write(plan, iam, environment, profile=asked.profile):
            outcomes.append(each)  # noqa: PERF402 each at once, in case the next one is interrupted
        done = Revoked(plan, tuple(outcomes))
        if not plan.in_the_future:
            # The moment is the second after AWS's answer; a session that is begun before it has passed is affected too.
            environment.sleep(max(0.0, 1.0 - (environment.monotonic() - begun)))
        left_open = bool(done.wrong)
        answers = tuple(
            live.given(plan.cut, future=plan.in_the_future, was_shut=is_shut(role.trust), left_open=left_open)
        )
        # Last of all, so that what somebody else has written over it meanwhile shows.
        return replace(done, checks=(*_checks(plan, iam, environment, left_open=left_open), *answers))


def _live_check(grant: Grant, asked: Asked, administrator: boto3.Session, environment: Environment) -> LiveCheck:
    profile = asked.caller_profile
    if profile is None or asked.dry_run:
        return LiveCheck(environment)
    with as_command_error(profile):
        caller = live_session(profile, region=grant.region)
        arn = client(caller, "sts").get_caller_identity()["Arn"]
    environment.hint("begin a session for the live check")
    return live_check(caller, arn, grant, administrator, environment, profile=profile, name=asked.session)


def _checks(plan: RevokePlan, iam: Iam, environment: Environment, *, left_open: bool) -> Iterator[Check]:
    """Read back what IAM holds, and decide from it; `left_open`: the trust policy could not be shut."""
    environment.hint("read the role back and decide")
    check, role = read_back(
        iam,
        environment,
        lambda found: plan.is_written(found) and (is_shut(found.trust) or not plan.asked.and_disable or left_open),
        profile=plan.asked.profile,
        yes="IAM answers the role back with it",
        no=f"IAM does not answer the role back with it within {READ_BACK_WITHIN:.0f} s",
    )
    yield check
    if role:
        yield decided(plan, role, environment, done=True, left_open=left_open)


@contextmanager
def interruption_reported(grant: Grant, outcomes: list[Outcome], environment: Environment) -> Iterator[None]:
    """Report what stands in IAM where the command is interrupted."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        changed = " and the ".join(written(outcomes))
        stands = f"the {changed} of {grant.name} stands as changed" if changed else "nothing is known to be changed"
        environment.hint(f"interrupted: {stands}; the same line again finishes, restore undoes it")
        raise
