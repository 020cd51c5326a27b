"""What the commands share: options, the landscape they ask, and how an answer is printed."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from crossrole.assembly import read_assembly, staleness
from crossrole.landscape import Landscape
from crossrole.reader import read_landscape
from crossrole.unusable import Unusable


def add_template_dir(command: argparse.ArgumentParser) -> None:
    """Add the option that names another folder of templates."""
    command.add_argument(
        "--template-dir", type=Path, metavar="DIR", help="another folder that cdk synth wrote; cdk.out if left out"
    )


def add_json(command: argparse.ArgumentParser) -> None:
    """Add the option that answers programs."""
    command.add_argument("--json", action="store_true", help="answer as JSON")


def landscape_of(arguments: argparse.Namespace) -> Landscape:
    """Return what the templates say that the command is to read."""
    return read_landscape(read_assembly(arguments.template_dir))


def landscape_although_stale(arguments: argparse.Namespace) -> Landscape:
    """Return what the templates say, with a warning where they are old: an emergency does not wait for a synth."""
    if stale := staleness(arguments.template_dir):
        hint(f"{stale}; going on with it all the same")
    return read_landscape(read_assembly(arguments.template_dir, may_be_stale=True))


def put(output: str | dict[str, Any]) -> None:
    """Write an answer to standard output, an object as JSON."""
    text = output if isinstance(output, str) else json.dumps(output, indent=2)
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What can't be written would be tried once more, and fail, when the process ends.
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 for as long as the process lives
        reason = error.strerror
        raise Unusable(f"the answer can't be written to standard output ({reason}); what was done stands") from None


def hint(line: str) -> None:
    """Write one line beside the answer, to standard error."""
    sys.stderr.write(f"crossrole: {line}\n")
