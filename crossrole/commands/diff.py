"""`crossrole diff BASE [HEAD]`."""

import argparse
from pathlib import Path

from crossrole.commands.common import add_given, add_guardrails, add_json, given, guardrails_of
from crossrole.diff.changes import changes
from crossrole.diff.sentences import MARKS, changes_text
from crossrole.environment import Environment
from crossrole.escaping import all_visible
from crossrole.templates.assembly import check_parameters, read_one_state
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
    add_guardrails(command)
    add_given(command)
    add_json(command)


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0, or 1 where access was gained and --fail-on-widening is given."""
    # What a person says of the templates, and the guardrails, hold for both states.
    said = given(arguments)
    with templates_of(arguments.base) as folder:
        before = read_one_state(folder, given=said)
    if arguments.head is None:
        now = read_one_state(given=said)
    else:
        with templates_of(arguments.head) as folder:
            now = read_one_state(folder, given=said)
    check_parameters(said, [*before, *now])
    guardrails = guardrails_of(arguments, _another_app(arguments.head))
    with environment.prover() as prover:
        found = changes(read_inventory(before, guardrails), read_inventory(now, guardrails), prover)
    if arguments.json:
        environment.put({"changes": [each.as_json() for each in found]})
    else:
        environment.show(changes_text(all_visible(found)).split("\n"), MARKS)
    widened = any(each.gained for each in found)
    return 1 if widened and arguments.fail_on_widening else 0


def _another_app(head: str | None) -> Path | None:
    """Return the folder of templates that HEAD names; None where the templates are of this checkout."""
    return Path(head) if head and Path(head).is_dir() else None
