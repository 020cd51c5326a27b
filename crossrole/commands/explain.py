"""`crossrole explain [TEXT|-]`."""

import argparse
from collections.abc import Sequence
from typing import TextIO

from crossrole.commands.common import add_json, add_template_dir, inventory_of
from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.explain.error_text import MOST_BYTES, read_error_text
from crossrole.explain.explanation import explained, explanations_json
from crossrole.explain.facts import facts_of
from crossrole.explain.match import recognised
from crossrole.explain.text import MARKS, explanations_text, unrecognised_text
from crossrole.templates.inventory import Inventory


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.usage = "crossrole explain [TEXT|-] [--template-dir DIR] [--json]"
    command.description = (
        "Any error text: a line of a log, a stack trace, what the AWS CLI or cdk printed, an event of CloudTrail, "
        "Lambda's answer. With - or without TEXT it is read from standard input, where other users of the machine "
        "can't see it. Whatever looks like a secret in it is hidden. Exit status: 0 recognised, 1 not, 2 no text."
    )
    command.add_argument("text", nargs="*", metavar="TEXT")
    add_template_dir(command)
    add_json(command)


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0 where something was recognised, 1 where nothing was."""
    text = read_error_text(_given(arguments.text, environment.stdin))
    found = recognised(text)
    # Only what is recognised is worth reading the templates for.
    explanations = explained(found, _templates(arguments), environment) if found else []
    facts = facts_of(text.whole[:MOST_WHOLE])
    if arguments.json:
        environment.put(dict(explanations_json(explanations, facts, skipped=text.skipped)))
    elif explanations:
        environment.show(explanations_text(explanations, skipped=text.skipped, width=environment.width), MARKS)
    else:
        environment.show(unrecognised_text(facts, skipped=text.skipped), MARKS)
    return 0 if explanations else 1


MOST_WHOLE = 16 * 1024
"""How many characters the facts are read from where nothing was recognised."""


def _given(words: Sequence[str], stdin: TextIO) -> bytes | str:
    if words and list(words) != ["-"]:
        text: bytes | str = " ".join(words)
    elif not words and stdin.isatty():
        raise CommandError(
            "there is no text; give it as one argument in quotes, or pipe it: … 2>&1 | crossrole explain -"
        )
    else:
        text = stdin.buffer.read(MOST_BYTES)
    if not text.strip():
        raise CommandError("the text is empty; was the error printed to standard error? … 2>&1 | crossrole explain -")
    return text


def _templates(arguments: argparse.Namespace) -> Inventory | CommandError:
    try:
        return inventory_of(arguments)
    except CommandError as error:
        return error
