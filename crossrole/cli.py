"""`python -m crossrole COMMAND`: exit status 0 for a yes, 1 for a no, 2 for what can't be answered."""

import argparse
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from crossrole.errors import CommandError

COMMANDS = {
    "can": "may this caller do this? and why",
    "who": "who can do this, through which grant, under which conditions?",
    "diff": "what access would a change open or take away?",
    "lint": "is every policy document in order?",
    "profile": "the block for ~/.aws/config that assumes a grant's role",
    "assume": "credentials of a grant's role for a shell, or for one command",
    "revoke": "cut off the live sessions of a grant's role, now",
    "restore": "take back what revoke has done, and nothing else",
    "doctor": "what of the deployed chain does not work, and how is it fixed?",
    "explain": "what does this error mean? which side is it on, and how is it fixed?",
    "policies": "which policies, and which AWS CLI lines, make a grant without CDK?",
    "report": "the page to look at: every grant, what it allows, what it refuses, what to look at first",
}
"""Each is a module of `crossrole.commands`; only the one that is called is loaded, so that each starts fast."""


def main(words: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    # A worktree is taken away and the engines are ended also when this is.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    if sys.stdout is None:  # closed by the shell: >&-
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 for as long as the process lives
    given = list(sys.argv[1:] if words is None else words)
    own, command_line = _parted(given)
    arguments = _parser(own).parse_args(own)
    arguments.command_line = command_line
    command: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return command(arguments)
    except CommandError as error:
        sys.stderr.write(f"crossrole: {error}\n")
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 a traceback would quote what must not be shown
        sys.stderr.write(f"crossrole: this is a fault of crossrole's own: {_place(error)}; please report it\n")
        return 2


def _place(error: Exception) -> str:
    """Return what went wrong and where, without a word of what was being worked on."""
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


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="crossrole",
        description="Who can do what, read from the synthesized templates; and the hands to work with it.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, help_line in COMMANDS.items():
        command = commands.add_parser(name, help=help_line)
        if name == next(iter(words), None):
            module = importlib.import_module(f"crossrole.commands.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser
