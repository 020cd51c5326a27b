"""`crossrole revoke GRANT --profile PROD`."""

import argparse
from datetime import datetime, timedelta

from crossrole.commands.common import add_deployed_role, inventory_although_stale
from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.iam.session_denials import EARLIEST, LATEST
from crossrole.revoke.plan import Asked
from crossrole.revoke.revoke import revoke
from crossrole.revoke.statements import session_name, whole_second
from crossrole.revoke.text import MARKS, revoked_json, revoked_text
from crossrole.templates.grant import grant_of


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.description = (
        "Cuts off the live sessions of a grant's role. "
        "Exit status: 0 in effect and verified, 1 not verified, 2 can't be done and nothing changed."
    )
    add_deployed_role(command)
    command.add_argument(
        "--before",
        metavar="TIME",
        help="revoke sessions that began before this time, such as 2026-11-23T21:00:00Z; now if left out",
    )
    command.add_argument("--session", metavar="NAME", help="revoke only sessions with this role session name")
    command.add_argument("--and-disable", action="store_true", help="also deny every new session")
    command.add_argument(
        "--caller-profile",
        metavar="DEV",
        help="a profile that may assume the role: verify the revocation with live sessions of it",
    )


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0 where the revocation is in effect and verified, 1 where it is not verified."""
    if arguments.session and arguments.and_disable:
        raise CommandError("--session and --and-disable: disabling affects every session; leave one of them out")
    asked = Asked(
        profile=arguments.profile,
        before=_moment(arguments.before) if arguments.before is not None else None,
        session=session_name(arguments.session) if arguments.session is not None else None,
        and_disable=arguments.and_disable,
        caller_profile=arguments.caller_profile,
        dry_run=arguments.dry_run,
        named=arguments.grant,
    )
    done = revoke(grant_of(inventory_although_stale(arguments, environment), arguments.grant), asked, environment)
    if arguments.json:
        environment.put(revoked_json(done))
    else:
        environment.show(revoked_text(done), MARKS)
    return 0 if done.is_verified else 1


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f'--before "{text}" is not a time; expected one such as 2026-11-23T21:00:00Z') from None
    if not moment.tzinfo:
        raise CommandError(f'--before "{text}" has no time zone; end it in Z for UTC, or in an offset such as +01:00')
    try:
        moment = whole_second(moment)
    except OverflowError:
        moment = LATEST + timedelta(seconds=1)
    if not EARLIEST <= moment <= LATEST:
        raise CommandError(f'--before "{text}" is not a time of a session; expected a year from 1970 to 9998')
    return moment
