"""`crossrole assume GRANT --profile PROFILE`."""

import argparse
import json
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from typing import NoReturn

from crossrole.assume.assume import Asked, Denial, assume, check_duration, check_open
from crossrole.assume.session_policy import narrowed
from crossrole.assume.variables import SHELLS, remembered, variables_of, way_back
from crossrole.assume.why_denied import why
from crossrole.commands.common import add_template_dir, inventory_of
from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.live.assume_role import Credentials
from crossrole.live.sessions import live_session, reach_of
from crossrole.templates.grant import grant_of

_FORMATS = [*SHELLS, "json", "credential-process"]


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.usage = "crossrole assume GRANT [--profile PROFILE] [OPTION]… [-- COMMAND …] | crossrole assume --unset"
    command.description = (
        "Prints the credentials of a session of the grant's role as variables for a shell, or runs COMMAND with them. "
        "Exit status: 0, 1 where AWS denies it, 2 where it can't be done; with COMMAND the status of COMMAND."
    )
    command.add_argument("grant", metavar="GRANT", nargs="?")
    command.add_argument("strays", nargs="*", help=argparse.SUPPRESS)
    command.add_argument(
        "--profile", help="the profile whose credentials are used; those of the environment if left out"
    )
    command.add_argument("--format", choices=_FORMATS, help="env (for sh, bash, zsh) if left out")
    command.add_argument("--duration", type=int, metavar="SECONDS", help="the longest that is allowed if left out")
    command.add_argument(
        "--only", action="append", default=[], metavar="ACTION", help="limit the session to these actions"
    )
    command.add_argument("--prefix", help="limit the session to the keys under this longer prefix")
    command.add_argument(
        "--mfa-serial", metavar="ARN", help="the MFA device; the profile's mfa_serial, or what IAM lists, if left out"
    )
    command.add_argument("--show", action="store_true", help="print the secrets even to a terminal")
    command.add_argument("--unset", action="store_true", help="print the commands that remove the variables")
    add_template_dir(command)


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0, or 1 where AWS denies it; does not return where it runs a command."""
    _check_words(arguments, terminal=environment.stdout.isatty())
    if arguments.command_line and not _is_there(arguments.command_line[0], environment):
        return _NO_SUCH_COMMAND
    if arguments.unset:
        environment.put_for_a_shell(SHELLS[arguments.format or "env"].lines(way_back(environment.variables)))
        return 0
    inventory = inventory_of(arguments)
    grant = grant_of(inventory, arguments.grant)
    check_open(grant, now=environment.now())
    check_duration(grant, arguments.duration)
    policy = narrowed(grant, only=arguments.only, prefix=arguments.prefix)
    session = live_session(arguments.profile, region=grant.region)
    reach = reach_of(arguments.profile)
    asked = Asked(grant, arguments.duration, policy, arguments.mfa_serial)
    try:
        given = assume(asked, session, environment, profile=arguments.profile)
    except Denial as denial:
        environment.hint(why(inventory, grant, denial, environment))
        return 1
    variables = variables_of(given, region=grant.region, reach=reach.variables, environment=environment.variables)
    if arguments.command_line:
        _become(arguments.command_line, variables, environment)
    environment.put_for_a_shell(_text(arguments.format or "env", given, variables, environment))
    return 0


# What a shell answers.
_NO_SUCH_COMMAND, _NOT_EXECUTABLE = 127, 126


def _is_there(command: str, environment: Environment) -> bool:
    """Raise an error where no such command exists, before AWS is asked and an MFA code is used up."""
    if "/" in command or shutil.which(command, path=environment.variables.get("PATH")):
        return True
    environment.hint(f'there is no command "{command}"')
    return False


def _check_words(arguments: argparse.Namespace, *, terminal: bool) -> None:
    if arguments.strays:
        words = " ".join(arguments.strays)
        raise CommandError(f"write -- before the command to run: assume {arguments.grant} … -- {words}")
    runs = arguments.command_line is not None
    if runs and not arguments.command_line:
        raise CommandError("there is no command after --")
    if runs and (arguments.format or arguments.unset):
        raise CommandError("a command gets the credentials in its own environment; leave out --format and --unset")
    if arguments.unset and arguments.format in {"json", "credential-process"}:
        raise CommandError(f"--format {arguments.format} sets no variables; --unset is for {', '.join(SHELLS)}")
    if not arguments.grant and not arguments.unset:
        raise CommandError(
            "expected the name of a grant, such as: crossrole assume DevAccountAccessS3Role --profile dev"
        )
    if not (runs or arguments.unset or arguments.show) and terminal:
        raise CommandError(
            'the output holds secrets and would stay on the terminal; use eval "$(crossrole assume …)", or run one '
            "command with -- COMMAND, or show it with --show"
        )


def _text(form: str, given: Credentials, variables: Mapping[str, str | None], environment: Environment) -> str:
    parts = {name: given.part(name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
    parts["Expiration"] = given.expiration
    if form == "credential-process":
        # https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
        return json.dumps({"Version": 1, **parts})
    if form == "json":
        about = {name: given.answer[name] for name in ("AssumedRoleUser", "SourceIdentity") if name in given.answer}
        return json.dumps({"Credentials": parts, **about, "Region": variables["AWS_REGION"]}, indent=2)
    gone = [name for name, value in variables.items() if value is None]
    if gone:
        environment.hint(
            f"{' and '.join(gone)} would be in the way and is unset; crossrole assume --unset brings it back"
        )
    return SHELLS[form].lines({**variables, **remembered(variables, environment.variables)})


def _become(words: list[str], variables: Mapping[str, str | None], environment: Environment) -> NoReturn:
    """Become the command, so that signals and its exit status are its own."""
    own = {name: value for name, value in environment.variables.items() if name not in variables}
    own |= {name: value for name, value in variables.items() if value is not None}
    # Python ignores SIGPIPE, and the command would inherit that: `… | head` would not end it.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    environment.stdout.flush()
    try:
        os.execvpe(words[0], words, own)  # noqa: S606 the person typed it
    except FileNotFoundError:
        environment.hint(f'there is no command "{words[0]}"')
        sys.exit(_NO_SUCH_COMMAND)
    except OSError as error:
        environment.hint(f'the command "{words[0]}" can\'t be run: {error.strerror}')
        sys.exit(_NOT_EXECUTABLE)
