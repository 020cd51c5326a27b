"""`crossrole profile GRANT --source-profile PROFILE`."""

import argparse
import getpass

from crossrole.assume.profile import role_profile
from crossrole.commands.common import add_json, add_template_dir, inventory_of
from crossrole.environment import Environment
from crossrole.live.sessions import profiles
from crossrole.templates.grant import grant_of


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.description = (
        "Prints a block for ~/.aws/config. With it every SDK and the AWS CLI assume the grant's role by "
        "themselves, and again when a session ends: crossrole profile GRANT --source-profile dev >> ~/.aws/config"
    )
    command.add_argument("grant", metavar="GRANT")
    command.add_argument(
        "--source-profile", required=True, metavar="PROFILE", help="the profile whose credentials assume the role"
    )
    command.add_argument("--name", help="the new profile's name; the grant's name if left out")
    command.add_argument("--mfa-serial", metavar="ARN", help="your MFA device, where the grant asks for MFA")
    add_template_dir(command)
    add_json(command)


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0."""
    made = role_profile(
        grant_of(inventory_of(arguments), arguments.grant),
        profiles(),
        source=arguments.source_profile,
        name=arguments.name,
        mfa_serial=arguments.mfa_serial,
        login=_login(),
    )
    for each in made.hints:
        environment.hint(each)
    environment.put({"profile": made.name, "keys": dict(made.keys)} if arguments.json else made.lines)
    return 0


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "crossrole"
