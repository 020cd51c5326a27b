"""`crossrole assume GRANT`: temporary credentials of a grant's role, and why there are none where there are none."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.iam.quotas import ROLE_CHAINING_LIMIT, SHORTEST_SESSION
from crossrole.live.caller import Caller, caller_of
from crossrole.live.mfa import device_named_after
from crossrole.live.sessions import client, code_of, message_of, told
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
    """The ARN of the caller's MFA device; None to take the one that is named after the user."""


@dataclass(frozen=True)
class Credentials:
    """A session's credentials. They are never logged and never part of an error."""

    answer: dict[str, Any]
    """What AssumeRole answered."""

    def __repr__(self) -> str:
        """Return no secret."""
        return f"Credentials({self.answer['AssumedRoleUser']['Arn']})"

    @property
    def expiration(self) -> str:
        """When they end, in UTC."""
        moment: datetime = self.answer["Credentials"]["Expiration"]
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def part(self, name: str) -> str:
        """Return AccessKeyId, SecretAccessKey or SessionToken."""
        return str(self.answer["Credentials"][name])


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 it is AWS's answer
    """AWS does not let the caller assume the role."""

    caller: Caller
    action: str
    """`sts:AssumeRole`, or `sts:SetSourceIdentity` where that is what is not allowed."""
    words: str
    """AWS's own."""
    mfa: bool
    """Whether an MFA code was sent, and was right."""


def check_open(grant: Grant, *, now: datetime) -> None:
    """Raise `CommandError` for a grant that lets nobody in, so that AWS need not be asked."""
    if grant.disabled:
        raise CommandError(
            f"{grant.name} is disabled in the templates: nobody can assume it; see disabled in access.toml"
        )
    if grant.expires and grant.expires <= now:
        raise CommandError(
            f"{grant.name} expired at {grant.expires:%Y-%m-%dT%H:%M:%SZ}: nobody can assume it; "
            "see expires in access.toml"
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
    """Return credentials of the role for whoever the session is.

    Raises `Refusal` where AWS says no, and `CommandError` for anything else that keeps it from answering.
    """
    with told(profile):
        sts = client(session, "sts")
        caller = caller_of(sts.get_caller_identity()["Arn"])
    request = _request(asked, caller)
    if asked.grant.mfa_max_age is not None and not caller.is_role:
        serial = asked.mfa_serial or device_named_after(caller.arn)
        request |= {"SerialNumber": serial, "TokenCode": environment.read_code(serial)}
    try:
        return _answered(sts, request, caller, profile)
    except Refusal as refusal:
        if refusal.action != _SET_IDENTITY or not caller.is_role:
            raise
    # A session that has a source identity keeps it, and may set no other.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    identity = request.pop("SourceIdentity")
    environment.hint(f'the source identity was not set to "{identity}": AWS did not let {caller.arn} do so')
    return _answered(sts, request, caller, profile)


_SET_IDENTITY = "sts:SetSourceIdentity"


def _request(asked: Asked, caller: Caller) -> dict[str, Any]:
    grant = asked.grant
    longest = grant.longest_session(chained=caller.is_role)
    if (asked.duration or 0) > longest:
        raise CommandError(
            f"--duration {asked.duration} is too long: {caller.arn} is a role's session, and AWS ends what it assumes "
            f"after {ROLE_CHAINING_LIMIT} seconds (role chaining); a user's own keys last longer"
        )
    # A user's own policy lets it give no name but its own; one of a single letter is too short for STS.
    identity = caller.name if caller.user_name in {caller.name, None} else None
    optional = {
        "ExternalId": grant.external_id,
        "Policy": asked.policy,
        "SourceIdentity": identity if grant.takes_source_identity else None,
    }
    return {
        "RoleArn": grant.arn,
        "RoleSessionName": caller.name,
        "DurationSeconds": asked.duration or longest,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _answered(sts: Any, request: dict[str, Any], caller: Caller, profile: str | None) -> Credentials:
    with told(profile):
        try:
            return Credentials(sts.assume_role(**request))
        except ClientError as error:
            words = message_of(error)
            if words.startswith("MultiFactorAuthentication failed"):
                raise CommandError(
                    f"the code was not taken: {words}; wait for the device's next code, since each is good once; "
                    f"see that {request.get('SerialNumber', 'none')} is its ARN (--mfa-serial), and its clock right"
                ) from None
            if "DurationSeconds exceeds" in words:
                raise CommandError(
                    f"the role allows less than its template: {words}; deploy ProdAccessStack, or give --duration"
                ) from None
            if code_of(error) != "AccessDenied":
                raise
            action = _SET_IDENTITY if _SET_IDENTITY in words else "sts:AssumeRole"
            raise Refusal(caller, action, words, mfa="TokenCode" in request) from None
