"""`crossrole profile GRANT --source-profile PROFILE`, and `crossrole profile GRANT --for TOOL`."""

import argparse
import getpass

from crossrole.assume.profile import RoleProfile, check_principals, role_profile, token_profile
from crossrole.assume.tools import block_of, tools
from crossrole.commands.common import add_json, add_template_dir, inventory_of
from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.live.sessions import profiles
from crossrole.templates.grant import Grant, grant_of


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.description = (
        "Prints a block for ~/.aws/config. With it every SDK and the AWS CLI assume the grant's role by "
        "themselves, and again when a session ends: crossrole profile GRANT --source-profile dev >> ~/.aws/config. "
        f"With --for it prints the settings of another program instead, for one of: {', '.join(tools())}"
    )
    command.add_argument("grant", metavar="GRANT")
    command.add_argument(
        "--source-profile",
        metavar="PROFILE",
        help="the profile whose credentials assume the role; with --for the program's own credentials if left out",
    )
    command.add_argument(
        "--web-identity-token-file",
        metavar="FILE",
        help="in place of --source-profile: the file that holds an identity provider's token, as in a pod",
    )
    command.add_argument("--for", dest="tool", metavar="TOOL", help="print the settings of this program")
    command.add_argument("--name", help="the name of the profile, or of the settings; the grant's name if left out")
    command.add_argument("--mfa-serial", metavar="ARN", help="your MFA device, where the grant asks for MFA")
    add_template_dir(command)
    add_json(command)


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0."""
    grant = grant_of(inventory_of(arguments), arguments.grant)
    if arguments.tool is not None:
        return _for_a_tool(grant, arguments, environment)
    made = _profile(grant, arguments)
    for each in made.hints:
        environment.hint(each)
    environment.put({"profile": made.name, "keys": dict(made.keys)} if arguments.json else made.lines)
    return 0


def _profile(grant: Grant, arguments: argparse.Namespace) -> RoleProfile:
    token_file, source = arguments.web_identity_token_file, arguments.source_profile
    if token_file and (source or arguments.mfa_serial):
        raise CommandError(
            "--web-identity-token-file stands in place of --source-profile and --mfa-serial; leave one out"
        )
    if token_file:
        return token_profile(grant, profiles(), token_file=token_file, name=arguments.name, login=_login())
    if source is None:
        check_principals(grant)
        raise CommandError("--source-profile is missing: it names the profile whose credentials assume the role")
    return role_profile(
        grant, profiles(), source=source, name=arguments.name, mfa_serial=arguments.mfa_serial, login=_login()
    )


def _for_a_tool(grant: Grant, arguments: argparse.Namespace, environment: Environment) -> int:
    if arguments.mfa_serial is not None:
        raise CommandError("--mfa-serial is for a profile alone: no program can type the code; leave it or --for out")
    block = block_of(
        grant,
        arguments.tool,
        profiles=profiles() if arguments.source_profile is not None else {},
        source=arguments.source_profile,
        called=arguments.name,
    )
    for each in block.hints:
        environment.hint(each)
    answer = {"tool": arguments.tool, "grant": grant.name, "settings": block.text, "docs": block.tool.docs}
    environment.put(answer if arguments.json else block.lines)
    return 0


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "crossrole"
