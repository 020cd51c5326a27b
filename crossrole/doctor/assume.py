"""The one request that starts a session: a real AssumeRole, as the grant asks for it."""

from collections.abc import Sequence
from typing import Any

import boto3
from botocore.exceptions import ClientError

from crossrole.arn import is_role, name_of
from crossrole.doctor.caller import Caller
from crossrole.doctor.case import Case
from crossrole.doctor.line import Line, ok, unknown
from crossrole.doctor.refusal import why_refused
from crossrole.doctor.stand_in import only_itself
from crossrole.grant import SHORTEST_SESSION
from crossrole.live import assumed_session, client, told
from crossrole.mfa import device_named_after, read_code
from crossrole.unusable import Unusable

SESSION_NAME = "crossrole-doctor"


def assume_line(case: Case, caller: Caller | None, before: Sequence[Line]) -> tuple[Line, boto3.Session | None]:
    """Return whether the caller gets a session, and the session; `before` are the checks that may say why not."""
    check, grant = "assume", case.grant
    if caller is None:
        return unknown(check, "nobody calls"), None
    if caller.looks_at:
        return only_itself(case, caller.looks_at), None
    chained = caller.principal is not None and is_role(caller.principal)
    seconds = max(SHORTEST_SESSION, grant.longest_session(chained=chained))
    request: dict[str, Any] = {
        "RoleArn": grant.arn,
        "RoleSessionName": SESSION_NAME,
        "DurationSeconds": seconds,
    }
    if grant.external_id:
        request["ExternalId"] = grant.external_id
    if grant.mfa_max_age is not None and caller.principal and not chained:
        device = _device(case, caller.principal)
        try:
            request |= {"SerialNumber": device, "TokenCode": read_code(device)}
        except Unusable as error:
            return unknown(check, str(error)), None
    case.tell(f"assuming {grant.name} for {seconds} s")
    with told(case.profile):
        try:
            answer = client(case.session, "sts").assume_role(**request)
        except ClientError as error:
            return why_refused(case, caller, error, before), None
    session = assumed_session(case.profile, answer["Credentials"], region=grant.region)
    why = " (a role's sessions chain: an hour at most)" if seconds < grant.max_session else ""
    return ok(check, f"a session of {seconds} s{why}"), session


def _device(case: Case, user: str) -> str:
    """Return the ARN of the user's MFA device: the profile's, else the user's first, else as AWS names one."""
    named: str | None = case.session._session.get_scoped_config().get("mfa_serial")  # noqa: SLF001 no public way
    if named:
        return named
    try:
        devices = client(case.session, "iam").list_mfa_devices(UserName=name_of(user))["MFADevices"]
    except ClientError:
        devices = []
    return str(devices[0]["SerialNumber"]) if devices else device_named_after(user)
