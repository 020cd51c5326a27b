"""The caller's part of the chain: this machine's clock, the profile's identity, and what its own policies allow."""

from dataclasses import dataclass, replace
from datetime import datetime

from botocore.exceptions import ClientError

from crossrole.doctor.case import Case
from crossrole.doctor.check import Line, failed, ok, unknown
from crossrole.doctor.expected import Verdict, evaluated_own_policies, evaluated_trust, meets
from crossrole.errors import CommandError
from crossrole.escaping import command
from crossrole.evaluation.question import question_of
from crossrole.iam.actions import ASSUME
from crossrole.iam.arn import account_of, is_role, name_of, partition_of
from crossrole.iam.names import caller_policy
from crossrole.iam.policy import texts
from crossrole.live.caller import caller_of
from crossrole.live.identity import Unreadable, live_identity
from crossrole.live.sessions import DENIED, as_command_error, client, code_of, date_of, message_of
from crossrole.templates.inventory import Identity, Inventory

CLOCK_LIMIT = 300
"""Seconds between the time that a request is signed with and AWS's own; S3 alone allows 900.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-signing.html
"""


@dataclass(frozen=True)
class Caller:
    """Who the profile is: `arn` as STS says; `principal` the user or role that policies know, None for neither."""

    arn: str
    principal: str | None
    looks_at: tuple[str, ...] = ()
    """The grant's principals that are checked in place of a caller that is not one of them."""


def clock_line(date: datetime | None, now: datetime) -> Line:
    """Return whether this machine's clock is near enough to AWS's, by the Date of an answer."""
    if date is None:
        return unknown("clock", "AWS's answer has no Date")
    seconds = (now - date).total_seconds()
    if abs(seconds) <= CLOCK_LIMIT:
        return ok("clock", f"within {CLOCK_LIMIT} s of AWS's")
    way = "ahead of" if seconds > 0 else "behind"
    return failed(
        "clock",
        f"{abs(seconds):.0f} s {way} AWS's; a request may be {CLOCK_LIMIT} s off at most",
        fix="set this machine's clock, best by NTP: `timedatectl set-ntp true`, or sync the host of a VM",
    )


def who_calls(case: Case) -> tuple[list[Line], Caller | None]:
    """Return the lines about the clock and the caller; raises `CommandError` where AWS can't be asked at all."""
    case.tell(f"asking STS who {case.profile} is")
    with as_command_error(case.profile):
        try:
            answer = client(case.session, "sts").get_caller_identity()
        except ClientError as error:
            clock = clock_line(date_of(error.response), case.environment.now())
            if clock.fix is None:
                raise
            why = f"AWS rejects requests that are signed with this clock: {message_of(error)}"
            return [clock, unknown("caller", why)], None
    clock = clock_line(date_of(answer), case.environment.now())
    line, caller = identified(case, answer["Arn"])
    return [clock, line], caller


def identified(case: Case, arn: str) -> tuple[Line, Caller]:
    """Return the caller, and whether it is one that can assume a role at all."""
    try:
        kind = caller_of(arn)
    except CommandError as error:
        what = str(error).rpartition("; ")[0]
        fix = "use a profile of an IAM user or role, one that the grant trusts"
        return failed("caller", what, fix=fix), Caller(arn, None)
    if not kind.is_role:
        return ok("caller", arn), Caller(arn, arn)
    role, details = _role_of(case, arn)
    return ok("caller", arn, *details), Caller(arn, role)


def _role_of(case: Case, session: str) -> tuple[str, list[str]]:
    """Return the ARN of a session's role, whose path the session's own ARN leaves out."""
    name = session.split("/")[1]
    with as_command_error(case.profile):
        try:
            role = str(client(case.session, "iam").get_role(RoleName=name)["Role"]["Arn"])
        except ClientError:
            role = question_of(
                case.inventory,
                caller=session,
                via=None,
                action=ASSUME,
                resource=case.grant.arn,
                given={},
                now=case.now,
            ).caller
            return role, [f"a session of {role}; its path as the templates name it, since iam:GetRole is not allowed"]
    return role, [f"a session of {role}"]


def principal_line(case: Case, caller: Caller | None) -> Line:
    """Return whether the templates' trust policy lets the caller in, and under which conditions."""
    if caller is None or caller.principal is None:
        return unknown("principal", "only a user or a role can be one of the grant's principals")
    try:
        verdict = evaluated_trust(case, caller.principal)
    except CommandError as error:
        return unknown("principal", str(error))
    grant, principal = case.grant, caller.principal
    if verdict.allowed:
        return ok(
            "principal",
            f"in the templates the trust policy of {grant.name} trusts {name_of(principal)}",
            *(meets(each) for each in verdict.conditions),
        )
    return failed(
        "principal",
        f"the trust policy of {grant.name} does not trust {principal}",
        *verdict.reasons,
        fix=_let_in(case, principal, verdict),
    )


def _let_in(case: Case, principal: str, verdict: Verdict) -> str:
    fix = verdict.fix or "ask for a grant of your own in access.toml"
    if f'add "{principal}"' not in fix:
        return fix
    # A caller that the grant does not name was most likely not meant.
    return (
        f"call as one that it trusts, {' or '.join(case.grant.principals)}; if it should trust {principal} too: {fix}"
    )


def own_policies_line(case: Case, caller: Caller | None, *, whose: str | None = None) -> Line:
    """Return whether the caller's deployed policies let it assume the role; `whose` names another principal."""
    check = "own policy"
    if caller is None or caller.principal is None:
        return unknown(check, "only a user or a role has policies of its own")
    arn = caller.principal
    case.tell(f"reading the policies of {name_of(arn)}")
    with as_command_error(case.profile):
        try:
            own = live_identity(client(case.session, "iam"), arn)
        except Unreadable as unreadable:
            return unknown(
                check,
                f"your policies can't be read: you need {', '.join(unreadable.permissions)}",
                _as_templated(case, arn),
            )
        except ClientError as error:
            if code_of(error) == "NoSuchEntity":
                return failed(
                    check,
                    f"{arn} no longer exists; its credentials still do",
                    fix="make it again, or use a profile of another principal",
                )
            raise
        except CommandError as error:
            return unknown(check, str(error))
    return _evaluated(case, check, own, whose)


def _evaluated(case: Case, check: str, own: Identity, whose: str | None) -> Line:
    try:
        verdict = evaluated_own_policies(case, own.arn, with_identity(case.inventory, own))
    except CommandError as error:
        return unknown(check, str(error))
    if verdict.allowed:
        of = f" of {whose}" if whose else ""
        text = f"{len(own.policies)} deployed policies{of}, which allow {ASSUME} on the role"
        return ok(check, text, *(f"if {each}" for each in verdict.conditions))
    return failed(
        check,
        f"{f'the deployed policies of {whose}' if whose else 'your deployed policies'} do not allow {ASSUME} on "
        f"{case.grant.arn}",
        *verdict.reasons,
        fix=own_fix(case, own.arn, denied=verdict.denied, profile=case.profile if whose else None),
    )


def own_fix(case: Case, arn: str, *, denied: bool, profile: str | None = None, action: str = ASSUME) -> str:
    """Return the fix that allows a user or role an action on the role; `profile` is an administrator's, if known."""
    account, name, by = account_of(arn), name_of(arn), profile or "DEV"
    who = "" if profile else f"; DEV is the profile of an administrator of {account}"
    if denied:
        return f"have {account}'s administrator take out the statement that denies it"
    templated = None if is_role(arn) else case.inventory.identity(arn)
    given = [
        policy.template
        for policy in (templated.policies if templated else ())
        if any(case.grant.arn in texts(statement.get("Resource")) for statement in policy.statements)
    ]
    if given:
        policy = f"arn:{partition_of(arn)}:iam::{account}:policy/{caller_policy(case.grant.name)}"
        attach = command("aws iam attach-user-policy", user_name=name, policy_arn=policy, profile=by)
        deploy = command("cdk deploy", given[0], profile=by)
        return f"`{deploy}`, or, where that is deployed already, `{attach}`{who}"
    lines = f"`{case.policies(profile=by)}`"
    return f"allow {name} {action} on {case.grant.arn}: the lines for {account} that {lines} prints{who}"


def _as_templated(case: Case, arn: str) -> str:
    if case.inventory.identity(arn) is None:
        return f"the templates hold no policy of {name_of(arn)}"
    try:
        verdict = evaluated_own_policies(case, arn, case.inventory)
    except CommandError as error:
        return str(error)
    return f"the policies that the templates give {name_of(arn)} {'allow' if verdict.allowed else 'do not allow'} it"


def with_identity(inventory: Inventory, identity: Identity) -> Inventory:
    """Return the inventory with a role or user as it is now."""
    if is_role(identity.arn):
        policies = inventory.resource_policies
        trusts = {**policies, identity.arn: identity.trust} if identity.trust else policies
        return replace(inventory, roles={**inventory.roles, identity.arn: identity}, resource_policies=trusts)
    key = account_of(identity.arn), name_of(identity.arn)
    return replace(inventory, users={**inventory.users, key: identity})


def is_denied(error: ClientError) -> bool:
    """Return whether AWS denies the request because a permission is missing."""
    return code_of(error) in DENIED
