"""`crossrole can CALLER [via GRANT] ACTION RESOURCE`."""

import argparse
from collections.abc import Sequence

from crossrole.commands.common import add_json, add_template_dir, inventory_of
from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.escaping import all_visible
from crossrole.evaluation.can import ask
from crossrole.evaluation.context import parse_context
from crossrole.evaluation.question import question_of
from crossrole.evaluation.text import CAN_MARKS, answer_json, answer_text


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.usage = (
        "crossrole can CALLER [via GRANT] ACTION RESOURCE [--context KEY=VALUE]… [--template-dir DIR] [--json]"
    )
    command.description = (
        "CALLER is the ARN of a role, user or session, or the name of one in the templates; a grant's name "
        "stands for a session of its role. With via GRANT the caller assumes that grant's role first. Exit status: "
        "0 allowed, 1 denied, 2 unknown, also where a policy outside the templates may allow it."
    )
    command.add_argument("words", nargs="+", metavar="CALLER [via GRANT] ACTION RESOURCE")
    command.add_argument(
        "--context",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a condition key of the request, such as aws:SourceIp=203.0.113.7 or sts:ExternalId=…; may be repeated",
    )
    add_template_dir(command)
    add_json(command)


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0 where it is allowed, 1 where it is denied, 2 where a policy outside the templates decides it."""
    inventory = inventory_of(arguments)
    caller, via, action, resource = _words(arguments.words)
    question = question_of(
        inventory,
        caller=caller,
        via=via,
        action=action,
        resource=resource,
        given=parse_context(arguments.context),
        now=environment.now(),
    )
    with environment.simulator() as simulator:
        answer = ask(inventory, simulator, question)
    if arguments.json:
        environment.put(answer_json(answer))
    else:
        environment.show(answer_text(all_visible(answer)).split("\n"), CAN_MARKS)
    return 2 if answer.unless else 0 if answer.allowed else 1


def _words(words: Sequence[str]) -> tuple[str, str | None, str, str]:
    """Return caller, grant, action and resource; `CALLER via GRANT` may be three words or one in quotes."""
    caller, _, via = " ".join(words[:-2]).partition(" via ")
    if len(words) < len(("CALLER", "ACTION", "RESOURCE")) or not caller or " " in caller + via:
        raise CommandError(
            "expected CALLER [via GRANT] ACTION RESOURCE, such as: DevLambdaRole via DevAccountAccessS3Role "
            "s3:PutObject arn:aws:s3:::BUCKET/KEY"
        )
    return caller, via or None, words[-2], words[-1]
