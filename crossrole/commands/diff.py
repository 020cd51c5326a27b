"""`crossrole diff BASE [HEAD]`."""

import argparse

from crossrole.commands.common import add_json
from crossrole.diff.changes import changes
from crossrole.diff.sentences import MARKS, changes_text
from crossrole.environment import Environment
from crossrole.escaping import all_visible
from crossrole.templates.assembly import read_assembly
from crossrole.templates.reader import read_inventory
from crossrole.templates.revisions import templates_of


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.description = (
        "BASE and HEAD are git revisions, which are synthesized, or folders that cdk synth wrote; HEAD "
        "left out is cdk.out. Exit status: 0, or 1 with --fail-on-widening where access was gained, 2 not comparable."
    )
    command.add_argument("base", metavar="BASE")
    command.add_argument("head", metavar="HEAD", nargs="?")
    command.add_argument("--fail-on-widening", action="store_true", help="exit with 1 where access was gained")
    add_json(command)


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0, or 1 where access was gained and --fail-on-widening is given."""
    with templates_of(arguments.base) as folder:
        base = read_inventory(read_assembly(folder))
    if arguments.head is None:
        head = read_inventory(read_assembly())
    else:
        with templates_of(arguments.head) as folder:
            head = read_inventory(read_assembly(folder))
    with environment.prover() as prover:
        found = changes(base, head, prover)
    if arguments.json:
        environment.put({"changes": [each.as_json() for each in found]})
    else:
        environment.show(changes_text(all_visible(found)).split("\n"), MARKS)
    widened = any(each.gained for each in found)
    return 1 if widened and arguments.fail_on_widening else 0
