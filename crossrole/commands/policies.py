"""`crossrole policies GRANT`."""

import argparse
from pathlib import Path

from crossrole.commands.common import add_json, add_templates, templates_of
from crossrole.commands.files import write_all
from crossrole.environment import Environment
from crossrole.escaping import json_text
from crossrole.policies.documents import CALLER, policies_of
from crossrole.policies.steps import steps_json, steps_of


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.description = (
        "Prints the policies of a grant, and the AWS CLI commands that create it from them, in their order. AWS is "
        "not called. Exit status: 0, or 2 where they can't be made."
    )
    command.add_argument("grant", metavar="GRANT")
    command.add_argument(
        "--caller",
        action="store_true",
        help="only what is left to do for callers: those whose permission no stack here gives, each with its lines",
    )
    command.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write the policies into this folder; a file there with another text is kept as NAME.~1~",
    )
    command.add_argument(
        "--profile",
        default="dev",
        metavar="NAME",
        help="the dev account's profile in the printed commands; dev if left out",
    )
    command.add_argument(
        "--prod-profile",
        default="prod",
        metavar="NAME",
        help="the production account's profile in them; prod if left out",
    )
    add_templates(command)
    add_json(command)


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0."""
    policies = policies_of(templates_of(arguments), arguments.grant)
    files = {name: document for name, document in policies.files.items() if name == CALLER or not arguments.caller}
    texts = {name: f"{json_text(document)}\n" for name, document in files.items()}
    # The AWS CLI puts a home folder in place of a leading "~".
    folder = "DIR" if arguments.out is None else f"{'./' if str(arguments.out)[0] == '~' else ''}{arguments.out}"
    steps = steps_of(
        policies,
        folder=folder,
        profile=arguments.profile,
        prod_profile=arguments.prod_profile,
        of_callers=arguments.caller,
    )
    if arguments.caller and not steps:
        texts = {}
    kept = [] if arguments.out is None else write_all(arguments.out, texts)
    if arguments.json:
        environment.put(
            {
                "documents": files if texts else {},
                "missing": policies.missing,
                "steps": steps_json(steps),
                "kept": [str(each) for each in kept],
            }
        )
        return 0
    if arguments.out is None:
        lines = [line for name, text in texts.items() for line in (f"# {name}", *text.split("\n"))]
    else:
        lines = [*(f"# {folder}/{name}" for name in texts), *(f"# kept: {each}" for each in kept), ""]
    if arguments.caller and not steps:
        given = policies.grant.principals
        why = f"the stacks give each caller of {policies.grant.name} its own half" if given else "tokens need no policy"
        environment.put([f"nothing is left: {why}"])
        return 0
    missing = {name: unknown for name, unknown in policies.missing.items() if name in texts}
    unfilled = [f"# fill in, in {name}: <{each}>" for name, unknown in missing.items() for each in unknown]
    of_steps = [line for step in steps for line in ("", *step.lines)]
    environment.put([*lines, *(["", *unfilled, ""] if unfilled else []), *of_steps[1:]])
    return 0
