"""The one request that starts a session: a real AssumeRole, as the grant asks for it."""

import re
from collections.abc import Sequence

import boto3
from botocore.exceptions import ClientError

from crossrole.doctor.as_administrator import only_itself
from crossrole.doctor.caller import Caller, own_fix
from crossrole.doctor.case import Case
from crossrole.doctor.check import Line, Status, failed, ok, unknown
from crossrole.doctor.expected import UNSEEN
from crossrole.errors import CommandError
from crossrole.iam.quotas import SHORTEST_SESSION
from crossrole.live.assume_role import SET_SOURCE_IDENTITY, WRONG_CODE, assume_role, denied_action
from crossrole.live.caller import caller_of
from crossrole.live.mfa import mfa_code
from crossrole.live.sessions import as_command_error, code_of, message_of

SESSION_NAME = "crossrole-doctor"


def assume_line(case: Case, caller: Caller | None, before: Sequence[Line]) -> tuple[Line, boto3.Session | None]:
    """Return whether the caller gets a session, and the session; `before` are the checks that may say why not."""
    check, grant = "assume", case.grant
    if caller is None:
        return unknown(check, "nobody calls"), None
    if caller.looks_at:
        return only_itself(case, caller.looks_at), None
    who = caller_of(caller.arn) if caller.principal else None
    seconds = max(SHORTEST_SESSION, grant.longest_session(chained=who is not None and who.is_role))
    try:
        code = mfa_code(case.session, who, grant, case.environment.read_code, profile=case.profile)
    except CommandError as error:
        return unknown(check, str(error)), None
    case.tell(f"assuming {grant.name} for {seconds} s")
    with as_command_error(case.profile):
        try:
            given = assume_role(case.session, who, grant, name=SESSION_NAME, seconds=seconds, code=code)
        except ClientError as error:
            return why_denied(case, caller, error, before), None
    why = " (a role's sessions chain: an hour at most)" if seconds < grant.max_session else ""
    details = [given.hint] if given.hint else []
    return ok(check, f"a session of {seconds} s{why}", *details), given.session(case.profile, region=grant.region)


_CHECK = "assume"


_OWN = {
    "caller": "an account's root user can't assume a role",
    "own policy": "your own policies do not allow it",
}


_ROLES = {
    "principal": "the trust policy does not let you in",
    "role": "there is no such role",
    "trust ids": "the trust policy names a principal that was deleted",
    "revocation": "the role is revoked",
    "drift": "the role is not the templates' any more",
}


_CAUSES = {**_OWN, **_ROLES}


# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_OF_OWN = re.compile(r"no identity-based policy allows|(?P<denied>explicit deny in an identity-based policy)")


_OF_ROLE = re.compile(
    r"no (?:resource-based|role trust) policy allows|explicit deny in (?:a resource-based|the role trust)"
)


_OF_OTHERS = (
    ("control policy", "an organization's control policy", "ask who keeps your organization's control policies"),
    ("permissions boundary", "your permissions boundary", "have it widened by who keeps it in {account}"),
    ("session policy", "the policy that your session was narrowed by", "call with a session that has none"),
    ("VPC endpoint policy", "the policy of the VPC endpoint", "widen it, or call from elsewhere"),
)


def why_denied(case: Case, caller: Caller, error: ClientError, before: Sequence[Line]) -> Line:
    """Return the failure with its cause and the fix; `before` are the checks that may say why."""
    said, words = message_of(error), f"AWS: {message_of(error)}"
    if said.startswith(WRONG_CODE):
        fix = "wait for the next code and call again; another device is named by mfa_serial in the profile"
        return failed(_CHECK, "the MFA code is invalid", words, fix=fix)
    action = denied_action(error)
    if action is None:
        return failed(_CHECK, f"failed with {code_of(error)}", words, fix=_fix_of(case, error))
    if action == SET_SOURCE_IDENTITY:
        text = f"{action} is denied: the grant takes a source identity, and you may not set yours"
        return failed(_CHECK, text, words, fix=_fix_of_identity(case, caller, said))
    if other := _other(caller, said):
        return failed(_CHECK, f"denied by {other[0]}, as AWS says", words, fix=other[1])
    return _denied(case, caller, said, before)


def _other(caller: Caller, said: str) -> tuple[str, str] | None:
    """Return who else denies it by AWS's words, and the fix; None where it is the caller's own policies or the role."""
    account = caller.arn.split(":")[4]
    return next(((cause, fix.format(account=account)) for name, cause, fix in _OF_OTHERS if name in said), None)


def _fix_of_identity(case: Case, caller: Caller, said: str) -> str:
    if other := _other(caller, said):
        return f"{other[0]} denies it: {other[1]}"
    own, trust = _OF_OWN.search(said), f"have the role's trust policy allow {SET_SOURCE_IDENTITY}: {case.put_back}"
    if _OF_ROLE.search(said):
        return trust
    fix = own_fix(case, str(caller.principal), denied=bool(own and own["denied"]), action=SET_SOURCE_IDENTITY)
    return fix if own else f"{fix}. If your own policies allow it already, {trust}"


def _denied(case: Case, caller: Caller, said: str, before: Sequence[Line]) -> Line:
    """Return the denial of sts:AssumeRole with what the checks before it say of it."""
    words = f"AWS: {said}"
    causes = [each for each in before if each.status is Status.FAILED and each.check in _CAUSES]
    own = _OF_OWN.search(said)
    if own and caller.principal and not any(each.check in _OWN for each in causes):
        text = "denied, because your own policies " + ("deny it" if own["denied"] else "do not allow it")
        fix = own_fix(case, caller.principal, denied=bool(own["denied"]))
        return failed(_CHECK, f"{text}, as AWS says", words, fix=fix)
    if causes:
        first = next((each for each in causes if own and each.check in _OWN), causes[0])
        because = " and ".join(dict.fromkeys(_CAUSES[each.check] for each in [first, *causes]))
        return failed(_CHECK, f"denied, because {because}", words, fix=first.fix or "see above")
    return _unexplained(case, before, words, of_role=bool(_OF_ROLE.search(said)))


def _unexplained(case: Case, before: Sequence[Line], words: str, *, of_role: bool) -> Line:
    """Return the denial that no check explains, with what is left."""
    conditions = [
        detail.removesuffix(f": {UNSEEN}") for each in before for detail in each.details if detail.endswith(UNSEEN)
    ]
    possible = _ROLES if of_role else _CAUSES
    unseen = list(
        dict.fromkeys(each.check for each in before if each.status is Status.UNKNOWN and each.check in possible)
    )
    left = [
        *(f"you are let in only {each}" for each in conditions),
        *(f"{each} is not checkable" for each in unseen),
    ]
    side = "denied by the trust policy of the role, as AWS says" if of_role else "denied"
    if left:
        return failed(
            _CHECK,
            f"{side}, and what could be checked allows it. What is left: {'; '.join(left)}",
            words,
            fix=_look_further(case, conditions, unseen),
        )
    return failed(
        _CHECK,
        f"{side}, though the caller's own policies and the trust policy allow it: an organization's control policy, "
        "a VPC endpoint's policy, a session policy of yours, or a policy that this profile can't see",
        words,
        fix="ask who keeps your organization's control policies; in CloudTrail of "
        f"{case.grant.account} the event AssumeRole shows whether the request came there at all",
    )


def _look_further(case: Case, conditions: list[str], unseen: list[str]) -> str:
    if conditions:
        return f"meet the condition: {conditions[0].removeprefix('if ')}"
    if case.prod is None:
        return f"name --prod-profile, one of {case.grant.account}, to see whether the role is still the templates'"
    return f"have {unseen[0]} made checkable, as its line says, and call again"


def _fix_of(case: Case, error: ClientError) -> str:
    if code_of(error) == "ValidationError" and "DurationSeconds" in message_of(error):
        return f"the deployed role allows less than the templates: {case.deploy}, or put its MaxSessionDuration back"
    if code_of(error) == "RegionDisabledException":
        return f"enable STS in {case.grant.region}, or name another region in the profile {case.profile}"
    return "see AWS's words"
