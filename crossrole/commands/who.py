"""`crossrole who ACTION RESOURCE`."""

import argparse

from crossrole.commands.common import add_guardrails, add_json, add_templates, inventory_of
from crossrole.environment import Environment
from crossrole.escaping import all_visible, visible
from crossrole.evaluation.text import WHO_MARKS, ways_text
from crossrole.evaluation.who import who_can


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.description = (
        "Lists every caller that the templates name. Exit status: 0 someone can, 1 nobody can, 2 unknown: the answer "
        "then says on what it depends."
    )
    command.add_argument("action", metavar="ACTION")
    command.add_argument("resource", metavar="RESOURCE")
    add_guardrails(command)
    add_templates(command)
    add_json(command)


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0 where someone can, 1 where nobody can, 2 where that depends on what is not evaluated."""
    inventory = inventory_of(arguments)
    with environment.simulator() as simulator:
        callers = who_can(inventory, simulator, arguments.action, arguments.resource, now=environment.now())
    if arguments.json:
        environment.put({"ways": [way.as_json() for way in callers.ways], "depends": list(callers.depends)})
    else:
        text = ways_text(all_visible(callers), visible(arguments.action), visible(arguments.resource))
        environment.show(text.split("\n"), WHO_MARKS)
    return callers.exit_status
