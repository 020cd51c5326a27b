"""AssumeRole on a grant's role, with what the grant asks of its callers: external ID, MFA code, source identity."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from crossrole.iam.actions import ASSUME
from crossrole.iam.policy import instant
from crossrole.iam.quotas import SHORTEST_SESSION
from crossrole.live.caller import Caller
from crossrole.live.mfa import mfa_code
from crossrole.live.sessions import DENIED, assumed_session, client, code_of, date_of, message_of
from crossrole.templates.grant import Grant

SET_SOURCE_IDENTITY = "sts:SetSourceIdentity"
WRONG_CODE = "MultiFactorAuthentication failed"
"""How STS begins its answer to an MFA code that it does not take; the error code is that of a denial."""


@dataclass(frozen=True)
class Credentials:
    """A session's credentials. They are never logged and never part of an error."""

    answer: dict[str, Any]
    """What AssumeRole answered."""
    hint: str | None = None
    """That the source identity was not set, where AWS did not let the caller set it."""

    def __repr__(self) -> str:
        """Return no secret."""
        return f"Credentials({self.answer['AssumedRoleUser']['Arn']})"

    @property
    def expiration(self) -> str:
        """When they end, in UTC."""
        moment: datetime = self.answer["Credentials"]["Expiration"]
        return instant(moment)

    @property
    def begun(self) -> datetime:
        """When the session was begun, by AWS's clock where its answer shows it."""
        return date_of(self.answer) or datetime.now(UTC)

    def part(self, name: str) -> str:
        """Return AccessKeyId, SecretAccessKey or SessionToken."""
        return str(self.answer["Credentials"][name])

    def session(self, profile: str | None, *, region: str) -> boto3.Session:
        """Return a session with them; endpoint and certificates are the profile's."""
        return assumed_session(profile, self.answer["Credentials"], region=region)


def assume_role(
    session: boto3.Session,
    caller: Caller | None,
    grant: Grant,
    *,
    name: str,
    seconds: int,
    code: dict[str, str] | None = None,
    policy: str | None = None,
) -> Credentials:
    """Return credentials of the grant's role for the session's caller; raises what STS answers.

    `caller` is None for one that can't assume a role, such as an account's root user; AWS says so. `code` is what
    `mfa_code` returns, `policy` a session policy.
    """
    sts = client(session, "sts")
    identity = caller.source_identity if caller and grant.takes_source_identity else None
    optional = {"ExternalId": grant.external_id, "Policy": policy, "SourceIdentity": identity, **(code or {})}
    request: dict[str, Any] = {
        "RoleArn": grant.arn,
        "RoleSessionName": name,
        "DurationSeconds": seconds,
        **{key: value for key, value in optional.items() if value is not None},
    }
    try:
        return Credentials(sts.assume_role(**request))
    except ClientError as error:
        if caller is None or not caller.is_role or denied_action(error) != SET_SOURCE_IDENTITY:
            raise
    # A session that has a source identity keeps it, and may set no other.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    del request["SourceIdentity"]
    hint = f'the source identity was not set to "{identity}": AWS did not let {caller.arn} do so'
    return Credentials(sts.assume_role(**request), hint)


def denied_action(error: ClientError) -> str | None:
    """Return what AWS denies, `sts:AssumeRole` or `sts:SetSourceIdentity`; None where its answer is not a denial."""
    words = message_of(error)
    if code_of(error) not in DENIED or words.startswith(WRONG_CODE):
        return None
    return SET_SOURCE_IDENTITY if SET_SOURCE_IDENTITY in words else ASSUME


def session_with_mfa(
    session: boto3.Session, caller: Caller, grant: Grant, read_code: Callable[[str], str], *, profile: str
) -> boto3.Session:
    """Return the caller's session, with an MFA code where the grant asks for one, to begin several sessions with.

    A code is good once, so it buys a session of the user's own; keys that are temporary already can buy none.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    """
    credentials = session.get_credentials()
    if credentials is None or credentials.token:
        return session
    code = mfa_code(session, caller, grant, read_code, profile=profile)
    if not code:
        return session
    answer = client(session, "sts").get_session_token(**code, DurationSeconds=SHORTEST_SESSION)
    return assumed_session(profile, answer["Credentials"], region=grant.region)
