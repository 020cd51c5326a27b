"""`crossrole can CALLER [via GRANT] ACTION RESOURCE`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from crossrole.commands.common import add_guardrails, add_json, add_templates, inventories_of
from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.escaping import all_visible
from crossrole.evaluation.can import ask, whatever_is_met
from crossrole.evaluation.context import parse_context
from crossrole.evaluation.question import Question, question_of
from crossrole.evaluation.text import CAN_MARKS, answer_json, answer_text
from crossrole.iam.policy import Kind
from crossrole.templates.guardrails import read_file
from crossrole.templates.inventory import Inventory


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.usage = (
        "crossrole can CALLER [via GRANT] ACTION RESOURCE [--context KEY=VALUE]… [--template-dir DIR] [--json]"
    )
    command.description = (
        "CALLER is the ARN of a role, user or session, the name of one in the templates, or a token as "
        "PROVIDER:SUBJECT; a grant's name stands for a session of its role. With via GRANT the caller assumes that "
        "grant's role first. Exit status: "
        "0 allowed, 1 denied, 2 unknown: the answer then says on what it depends."
    )
    command.add_argument("words", nargs="+", metavar="CALLER [via GRANT] ACTION RESOURCE")
    command.add_argument(
        "--context",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a condition key of the request, such as aws:SourceIp=203.0.113.7 or sts:ExternalId=…; may be repeated",
    )
    command.add_argument(
        "--session-policy",
        type=Path,
        metavar="FILE",
        help="the policy, in JSON, that the acting session was begun with",
    )
    add_guardrails(command)
    add_templates(command)
    add_json(command)


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0 where it is allowed, 1 where it is denied, 2 where that depends on what is not known."""
    inventories = inventories_of(arguments)
    caller, via, action, resource = _words(arguments.words)
    given, now = parse_context(arguments.context), environment.now()
    policy = read_file(arguments.session_policy, Kind.IDENTITY) if arguments.session_policy else None

    def question(inventory: Inventory) -> Question:
        return question_of(
            inventory,
            caller=caller,
            via=via,
            action=action,
            resource=resource,
            given=given,
            now=now,
            session_policy=policy,
        )

    # The prover starts only where it is asked.
    with environment.simulator() as simulator, environment.prover() as prover:
        every = [(met, ask(each, simulator, question(each), prover)) for met, each in inventories]
    answer = whatever_is_met(every)
    if arguments.json:
        environment.put(answer_json(answer))
    else:
        environment.show(answer_text(all_visible(answer)).split("\n"), CAN_MARKS)
    return answer.exit_status


def _words(words: Sequence[str]) -> tuple[str, str | None, str, str]:
    """Return caller, grant, action and resource; `CALLER via GRANT` may be three words or one in quotes."""
    caller, _, via = " ".join(words[:-2]).partition(" via ")
    if len(words) < len(("CALLER", "ACTION", "RESOURCE")) or not caller or " " in caller + via:
        raise CommandError(
            "expected CALLER [via GRANT] ACTION RESOURCE, such as: DevLambdaRole via DevAccountAccessS3Role "
            "s3:PutObject arn:aws:s3:::BUCKET/KEY"
        )
    return caller, via or None, words[-2], words[-1]
