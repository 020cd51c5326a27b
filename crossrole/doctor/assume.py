"""The one request that starts a session: a real AssumeRole, as the grant asks for it."""

from collections.abc import Sequence
from typing import Any

import boto3
from botocore.exceptions import ClientError

from crossrole.arn import is_role, name_of
from crossrole.doctor.caller import Caller, refused
from crossrole.doctor.case import Case
from crossrole.doctor.judge import UNSEEN
from crossrole.doctor.line import Line, Status, failed, ok, unknown
from crossrole.grant import SHORTEST_SESSION
from crossrole.live import assumed_session, client, code_of, message_of, told
from crossrole.mfa import device_named_after, read_code
from crossrole.unusable import Unusable

SESSION_NAME = "crossrole-doctor"


def assume_line(case: Case, caller: Caller | None, before: Sequence[Line]) -> tuple[Line, boto3.Session | None]:
    """Return whether the caller gets a session, and the session; `before` are the checks that may say why not."""
    check, grant = "assume", case.grant
    if caller is None:
        return unknown(check, "nobody calls"), None
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
            return _why(case, error, before), None
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


def _why(case: Case, error: ClientError, before: Sequence[Line]) -> Line:
    """Return the refusal, with the cause that the checks before it found."""
    check, words = "assume", f"AWS: {message_of(error)}"
    if "MultiFactorAuthentication" in message_of(error):
        mend = "wait for the next code and call again; another device is named by mfa_serial in the profile"
        return failed(check, "the MFA code was refused", words, mend=mend)
    if not refused(error):
        return failed(check, f"refused with {code_of(error)}", words, mend=_mend_of(case, error))
    causes = [each for each in before if each.status is Status.FAILED and each.check in _CAUSES]
    if causes:
        because = " and ".join(_CAUSES[each.check] for each in causes)
        return failed(check, f"refused, because {because}", words, mend=causes[0].mend or "see above")
    conditions = [
        detail.removesuffix(f": {UNSEEN}") for each in before for detail in each.details if detail.endswith(UNSEEN)
    ]
    unseen = list(
        dict.fromkeys(each.check for each in before if each.status is Status.UNKNOWN and each.check in _CAUSES)
    )
    if conditions or unseen:
        left = [
            *(f"you are let in only {each}" for each in conditions),
            *(f"{each} is not checkable" for each in unseen),
        ]
        return failed(
            check,
            f"refused, and what could be checked allows it. What is left: {'; '.join(left)}",
            words,
            mend=f"meet the condition: {conditions[0].removeprefix('if ')}"
            if conditions
            else f"have {unseen[0]} made checkable, as its line says, and call again",
        )
    return failed(
        check,
        "refused, though the caller's own policies and the trust policy allow it: an organization's control policy, "
        "a VPC endpoint's policy, a session policy of yours, or a policy that this profile can't see",
        words,
        mend="ask who keeps your organization's control policies; in CloudTrail of "
        f"{case.grant.account} the event AssumeRole shows whether the request came there at all",
    )


_CAUSES = {
    "caller": "an account's root user can assume no role",
    "principal": "the trust policy does not let you in",
    "own policy": "your own policies do not allow it",
    "role": "there is no such role",
    "trust ids": "the trust policy names a principal that was deleted",
    "revocation": "the role is revoked",
    "drift": "the role is not the templates' any more",
}


def _mend_of(case: Case, error: ClientError) -> str:
    if code_of(error) == "ValidationError" and "DurationSeconds" in message_of(error):
        return f"the living role allows less than the templates: {case.deploy}, or put its MaxSessionDuration back"
    if code_of(error) == "RegionDisabledException":
        return f"enable STS in {case.grant.region}, or name another region in the profile {case.profile}"
    return "see AWS's words"
