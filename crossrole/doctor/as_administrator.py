"""A caller that may not assume the role, but may read the principals that may: an administrator, or the root user.

Nobody has a profile of a function's role, so a profile of its account reads the role's own policies.
"""

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

from crossrole.doctor.caller import Caller, own_policies_line, principal_line
from crossrole.doctor.case import Case
from crossrole.doctor.check import Line, Status, ok, unknown
from crossrole.escaping import command
from crossrole.iam.arn import account_of, is_role, name_of
from crossrole.live.sessions import as_command_error, client


def as_administrator(case: Case, caller: Caller) -> tuple[list[Line], Caller] | None:
    """Return the lines on the grant's principals that the caller can read, and the caller.

    None where the caller is one of the principals, or can read none of them in its own account.
    """
    principals = case.grant.principals
    if any(_is(caller, each) for each in principals):
        return None
    account = account_of(caller.arn)
    meant = tuple(each for each in principals if _is_one(each) and account_of(each) == account)
    of_each = [(Caller(each, each), own_policies_line(case, Caller(each, each), whose=name_of(each))) for each in meant]
    if not of_each or any(own.status is Status.UNKNOWN for _, own in of_each):
        return None
    who = " and ".join(meant)
    lines = [ok("caller", caller.arn, f"not one of the grant's principals, but of their account: checks {who} instead")]
    for principal, own in of_each:
        lines += [principal_line(case, principal), own]
    return lines, replace(caller, looks_at=meant)


def only_itself(case: Case, looks_at: tuple[str, ...]) -> Line:
    """Return the line on a session that only the principal can begin, with the command that makes it do so."""
    details = [command for each in looks_at if is_role(each) for command in _invocations(case, each)]
    invoked = "; invoke the function" if details else ""
    return unknown("assume", f"only {' or '.join(looks_at)} itself can{invoked}", *details)


def _invocations(case: Case, role: str) -> list[str]:
    """Return a command for each function that runs as the role; none where they may not be listed."""
    made = case.inventory.identity(role)
    region = made.region if made and made.region else case.session.region_name or case.grant.region
    functions: Any = client(case.session, "lambda", region_name=region)
    with as_command_error(case.profile):
        try:
            found = [
                str(each["FunctionName"])
                for page in functions.get_paginator("list_functions").paginate()
                for each in page["Functions"]
                if each["Role"] == role
            ]
        except ClientError:
            return []
    options = {"region": region, "profile": case.profile}
    return [f"{command('aws lambda invoke', function_name=each, **options)} answer.json" for each in found]


def _is_one(named: str) -> bool:
    return (":role/" in named or ":user/" in named) and not {"*", "?"} & set(named)


def _is(caller: Caller, named: str) -> bool:
    if caller.principal is None:
        return False
    if ":role/" in named or ":user/" in named:
        return fnmatchcase(caller.principal, named.replace("[", "[[]"))
    return named == "*" or account_of(caller.principal) in named
