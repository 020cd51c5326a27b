"""`crossrole COMMAND`: exit status 0 for yes, 1 for no, 2 where it can't be answered.

With `--json` an error is an object on standard output too, `{"error": …}`, beside its line on standard error.
"""

import argparse
import importlib
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TextIO, cast

from crossrole import VERSION
from crossrole.environment import Environment
from crossrole.errors import CommandError, nearest
from crossrole.escaping import visible

COMMANDS = {
    "can": "may this caller do this, and why?",
    "who": "who can do this, through which grant, under which conditions?",
    "diff": "what access would a change open or take away?",
    "lint": "is every policy document in order?",
    "profile": "the block for ~/.aws/config, or another program's settings, that assumes a grant's role",
    "assume": "credentials of a grant's role for a shell, or for one command",
    "revoke": "cut off the live sessions of a grant's role, now",
    "restore": "undo what revoke has done, and nothing else",
    "doctor": "which part of the deployed chain does not work, and how is it fixed?",
    "explain": "what does this error mean? which side is it on, and how is it fixed?",
    "policies": "which policies and AWS CLI commands create a grant without CDK?",
    "report": "a page of every grant: what it allows, what it denies, what to look at first",
}
"""Each is a module of `crossrole.commands`; only the one that is called is loaded, so that each starts fast."""
SHELLS = ("bash", "zsh")
"""Those for which there is a completion."""


def main(words: Sequence[str] | None = None, environment: Environment | None = None) -> int:
    """Run a command, in this process's own environment if none is given, and return its exit status."""
    if environment is None:
        environment = _of_this_process()
    given = list(sys.argv[1:] if words is None else words)
    own, command_line = _parted(given)
    arguments = _parser(own, environment).parse_args(own)
    arguments.command_line = command_line
    command: Callable[[argparse.Namespace, Environment], int] = arguments.run
    try:
        return command(arguments, environment)
    except CommandError as error:
        _report(str(error), own, environment)
        _drop_what_is_not_written(environment.stdout)
        return 2
    except BrokenPipeError:
        _drop_what_is_not_written(environment.stdout)
        environment.stderr.close()
        return 141
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 a traceback would quote secrets
        _report(f"this is a fault of crossrole's own: {_place(error)}; please report it", own, environment)
        return 2


def _of_this_process() -> Environment:
    # On these signals too a worktree is removed and the engines are ended.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    if sys.stdout is None:  # closed by the shell: >&-
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 for as long as the process lives
    return Environment()


def _drop_what_is_not_written(stdout: TextIO) -> None:
    """Discard output that could not be written: Python would try again at its end, fail again, and exit with 120."""
    try:
        stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())


def _report(error: str, words: Sequence[str], environment: Environment) -> None:
    """Write an error as one line; where the answer was to be JSON, as an object in its place too."""
    environment.hint(error)
    _report_as_json(error, words, environment)


def _report_as_json(error: str, words: Sequence[str], environment: Environment) -> None:
    if "--json" in words:
        with suppress(OSError, CommandError):  # standard error has it
            environment.put({"error": error})


def _place(error: Exception) -> str:
    """Return what went wrong and where, without any data."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [each for each in frames if Path(each.filename).is_relative_to(Path(__file__).parent)]
    where = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return f"{type(error).__name__}{where}"


def _parted(words: list[str]) -> tuple[list[str], list[str] | None]:
    """Return the words before the first `--`, and those after it where they are a command to run."""
    if words[:1] != ["assume"] or "--" not in words:
        return words, None
    place = words.index("--")
    return words[:place], words[place + 1 :]


class _Parser(argparse.ArgumentParser):
    """A parser that suggests the nearest command or option for a misspelt one."""

    environment: Environment
    words: Sequence[str] = ()
    """All that was typed."""
    options: Sequence[str] = ()
    """The options of the command that was typed."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and what is wrong with the words, and exit with 2."""
        if command := re.match(r"argument COMMAND: invalid choice: '([^']*)'", message):
            given = nearest(command[1], COMMANDS) or f"; the commands are {', '.join(COMMANDS)}"
            message = f'there is no command "{command[1]}"{given}'
        elif option := re.match(r"unrecognized arguments: (-[^\s=]*)", message):
            message += nearest(option[1], self.options)
        _report_as_json(message, self.words, self.environment)
        super().error(visible(message))

    def _print_message(self, message: str, file: object = None) -> None:
        """Print the help to the environment's standard output, and the usage beside an error to its standard error."""
        stream = self.environment.stderr if file is sys.stderr else self.environment.stdout
        stream.write(message)


class _PrintCompletion(argparse.Action):
    """Prints a script for the shell, which knows every command with its options, and exits with 0."""

    def __call__(self, parser: argparse.ArgumentParser, _: object, shell: object, __: str | None = None) -> NoReturn:
        """Load every command and `shtab`, which nothing else needs."""
        import shtab  # noqa: PLC0415 see above

        environment = cast("_Parser", parser).environment
        whole = _parser([], environment, complete=True)
        for path in [each for command in _commands(whole) for each in command._actions if each.type is Path]:  # noqa: SLF001
            path.complete = shtab.FILE  # type: ignore[attr-defined]
        environment.put_for_a_shell(shtab.complete(whole, str(shell)))
        parser.exit()


def _commands(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    return [
        command
        for action in parser._actions  # noqa: SLF001
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
        for command in action.choices.values()
    ]


def _parser(words: Sequence[str], environment: Environment, *, complete: bool = False) -> argparse.ArgumentParser:
    """Return the parser with the arguments of the command that was typed, or `complete` with those of every command."""
    parser = _Parser(
        prog="crossrole",
        description="Who can do what, read from the synthesized templates; how to use, check and revoke it.",
    )
    parser.words, parser.environment = words, environment
    parser.add_argument("--version", action="version", version=f"crossrole {VERSION}")
    parser.add_argument(
        "--print-completion", action=_PrintCompletion, choices=SHELLS, help="print what completes commands and options"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for name, help_line in COMMANDS.items():
        command = commands.add_parser(name, help=help_line)
        command.environment = environment
        if name == next(iter(words), None) or complete:
            module = importlib.import_module(f"crossrole.commands.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
            command.words = words
            if complete:
                command.description = help_line  # zsh shows it beside the name
            parser.options = [text for action in command._actions for text in action.option_strings]  # noqa: SLF001
    return parser
