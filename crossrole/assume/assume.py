"""`crossrole assume GRANT`: temporary credentials of a grant's role, and why there are none where there are none."""

from dataclasses import dataclass
from datetime import datetime

import boto3
from botocore.exceptions import ClientError

from crossrole.assume.profile import check_principals
from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.iam.policy import instant
from crossrole.iam.quotas import ROLE_CHAINING_LIMIT, SHORTEST_SESSION
from crossrole.live.assume_role import WRONG_CODE, Credentials, assume_role, denied_action
from crossrole.live.caller import Caller, caller_of
from crossrole.live.mfa import mfa_code
from crossrole.live.sessions import as_command_error, client, message_of
from crossrole.templates.grant import Grant


@dataclass(frozen=True)
class Asked:
    """What a session is to be like."""

    grant: Grant
    duration: int | None
    """Seconds; None for the longest that is allowed."""
    policy: str | None
    """The session policy that narrows it."""
    mfa_serial: str | None
    """The ARN of the caller's MFA device; None to take the profile's, or to ask IAM."""


@dataclass(eq=False)
class Denial(Exception):  # noqa: N818 it is AWS's answer
    """AWS denies the caller a session of the role."""

    caller: Caller
    action: str
    """`sts:AssumeRole`, or `sts:SetSourceIdentity` where that is what is denied."""
    words: str
    """AWS's own."""
    mfa: bool
    """Whether an MFA code was sent, and was right."""


def check_open(grant: Grant, *, now: datetime) -> None:
    """Raise `CommandError` for a grant that nobody can assume with credentials, so that AWS need not be asked."""
    check_principals(grant)
    if grant.disabled:
        raise CommandError(
            f"{grant.name} is disabled in the templates: nobody can assume it; see disabled in access.toml"
        )
    if grant.expires and grant.expires <= now:
        raise CommandError(
            f"{grant.name} expired at {instant(grant.expires)}: nobody can assume it; see expires in access.toml"
        )


def check_duration(grant: Grant, seconds: int | None) -> None:
    """Raise `CommandError` for a session that would be shorter than AWS's or longer than the role's limit."""
    if seconds is None:
        return
    if seconds < SHORTEST_SESSION:
        raise CommandError(
            f"--duration {seconds} is too short: a session of AWS lasts {SHORTEST_SESSION} seconds at least"
        )
    if seconds > grant.max_session:
        raise CommandError(
            f"--duration {seconds} is too long: a session of {grant.name} lasts {grant.max_session} seconds at most; "
            "see max_session in access.toml"
        )


def assume(asked: Asked, session: boto3.Session, environment: Environment, *, profile: str | None) -> Credentials:
    """Return credentials of the role for the session's caller.

    Raises `Denial` where AWS denies it, and `CommandError` for anything else that keeps it from answering.
    """
    with as_command_error(profile):
        caller = caller_of(client(session, "sts").get_caller_identity()["Arn"])
    seconds = _seconds(asked, caller)
    code = mfa_code(session, caller, asked.grant, environment.read_code, profile=profile, device=asked.mfa_serial)
    with as_command_error(profile):
        try:
            given = assume_role(
                session, caller, asked.grant, name=caller.name, seconds=seconds, code=code, policy=asked.policy
            )
        except ClientError as error:
            if action := denied_action(error):
                raise Denial(caller, action, message_of(error), mfa=bool(code)) from None
            _raise_fault(error, code)
            raise
    if given.hint:
        environment.hint(given.hint)
    return given


def _seconds(asked: Asked, caller: Caller) -> int:
    longest = asked.grant.longest_session(chained=caller.is_role)
    if (asked.duration or 0) > longest:
        raise CommandError(
            f"--duration {asked.duration} is too long: {caller.arn} is a role's session, and AWS ends what it assumes "
            f"after {ROLE_CHAINING_LIMIT} seconds (role chaining); a user's own keys last longer"
        )
    return asked.duration or longest


def _raise_fault(error: ClientError, code: dict[str, str]) -> None:
    """Raise `CommandError` for what is not a denial and can be put right here."""
    words = message_of(error)
    if words.startswith(WRONG_CODE):
        raise CommandError(
            f"the code was not taken: {words}; wait for the device's next code, since each is good once; "
            f"see that {code.get('SerialNumber', 'none')} is its ARN (--mfa-serial), and its clock right"
        ) from None
    if "DurationSeconds exceeds" in words:
        raise CommandError(
            f"the role allows less than its template: {words}; deploy ProdAccessStack, or give --duration"
        ) from None
