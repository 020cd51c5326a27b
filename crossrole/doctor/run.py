"""The whole examination, in the order of the chain; a failed check does not stop the checks that are still possible."""

from dataclasses import replace

import boto3

from crossrole.doctor.as_administrator import as_administrator
from crossrole.doctor.assume import assume_line
from crossrole.doctor.bucket import bucket_lines
from crossrole.doctor.caller import own_policies_line, principal_line, who_calls
from crossrole.doctor.case import Case
from crossrole.doctor.check import Line
from crossrole.doctor.key_ids import as_deployed
from crossrole.doctor.role import role_lines
from crossrole.doctor.session import planned, probe_lines
from crossrole.doctor.write_probe import left_lines, write_lines
from crossrole.errors import CommandError
from crossrole.live.sessions import as_command_error, client


def expect_account(profile: str, session: boto3.Session, account: str) -> None:
    """Raise `CommandError` where a profile is not of the grant's account: it could not read the role."""
    with as_command_error(profile):
        own = client(session, "sts").get_caller_identity()["Account"]
    if own != account:
        raise CommandError(
            f"the profile {profile} is of {own}, but the grant's role is in {account}; name a profile of {account}"
        )


def examine(case: Case, *, write_probe: bool) -> tuple[list[Line], list[str]]:
    """Return the lines, and the probes as they were listed before they were sent.

    Raises `CommandError` where AWS can't be reached, or does not accept the profile's credentials.
    """
    lines, caller = who_calls(case)
    if case.prod_profile and case.prod and caller:
        expect_account(case.prod_profile, case.prod, case.grant.account)
    if caller is None:
        return lines, []
    if found := as_administrator(case, caller):
        (clock, _), (of_principals, caller) = lines, found
        lines = [clock, *of_principals]
    else:
        lines += [principal_line(case, caller), own_policies_line(case, caller)]
    case, unresolved = as_deployed(case)
    of_role = role_lines(case, unresolved)
    case = replace(case, drift_fix=next((each.fix for each in of_role if each.check == "drift"), None))
    lines += of_role
    line, session = assume_line(case, caller, lines)
    lines.append(line)
    probes = planned(case) if session else []
    listed = [f"{each.action}: {each.words}" for each in probes]
    if session:
        case.tell("these requests follow, and none of them changes anything:")
        for each in listed:
            case.tell(f"  {each}")
    lines += probe_lines(case, session, probes)
    lines += left_lines(case)
    if write_probe:
        lines += write_lines(case, session)
    return [*lines, *bucket_lines(case, session, unresolved)], listed
