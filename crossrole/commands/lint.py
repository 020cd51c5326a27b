"""`crossrole lint`."""

import argparse

from crossrole.commands.common import add_json, add_template_dir
from crossrole.environment import Environment
from crossrole.lint.rules import MARKS, findings_of
from crossrole.templates.assembly import read_assembly


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.description = (
        "Looks through every policy of the templates for names that AWS does not know and for statements "
        "that are too open. Exit status: 0, or 1 where something was found, 2 where a template can't be read."
    )
    add_template_dir(command)
    add_json(command)


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0 where nothing was found, 1 otherwise."""
    findings = findings_of(read_assembly(arguments.template_dir))
    if arguments.json:
        environment.put({"findings": [each.as_json() for each in findings]})
    else:
        environment.show([*map(str, findings)] or ["every policy document is in order"], MARKS)
    return 1 if findings else 0
