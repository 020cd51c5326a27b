"""`python -m crossrole COMMAND`: exit status 0 for a yes, 1 for a no, 2 for what can't be answered."""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crossrole.assembly import read_assembly
from crossrole.can import answer_json, answer_text, ask, question_of
from crossrole.change import changes_text
from crossrole.compare import changes
from crossrole.context import parse_context
from crossrole.engine import Simulator
from crossrole.landscape import Landscape
from crossrole.policy_lint import findings_of
from crossrole.prover import Prover
from crossrole.reader import read_landscape
from crossrole.revisions import templates_of
from crossrole.unusable import Unusable
from crossrole.who import ways_text, who_can


def main(words: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    # A worktree is taken away and the engines are ended also when this is.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    arguments = _parser().parse_args(words)
    command: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return command(arguments)
    except Unusable as error:
        sys.stderr.write(f"crossrole: {error}\n")
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    except KeyboardInterrupt:
        return 130


def _can(arguments: argparse.Namespace) -> int:
    landscape = _landscape(arguments)
    caller, via, action, resource = _words(arguments.words)
    question = question_of(
        landscape,
        caller=caller,
        via=via,
        action=action,
        resource=resource,
        given=parse_context(arguments.context),
        now=datetime.now(UTC),
    )
    with Simulator() as simulator:
        answer = ask(landscape, simulator, question)
    _print(answer_json(answer) if arguments.json else answer_text(answer))
    return 0 if answer.allowed else 1


def _who(arguments: argparse.Namespace) -> int:
    landscape = _landscape(arguments)
    with Simulator() as simulator:
        ways = who_can(landscape, simulator, arguments.action, arguments.resource, now=datetime.now(UTC))
    text = ways_text(ways, arguments.action, arguments.resource)
    _print({"ways": [way.as_json() for way in ways]} if arguments.json else text)
    return 0 if ways else 1


def _diff(arguments: argparse.Namespace) -> int:
    with templates_of(arguments.base) as folder:
        base = read_landscape(read_assembly(folder))
    if arguments.head is None:
        head = read_landscape(read_assembly())
    else:
        with templates_of(arguments.head) as folder:
            head = read_landscape(read_assembly(folder))
    with Simulator() as simulator, Prover() as prover:
        found = changes(base, head, simulator, prover)
    _print({"changes": [each.as_json() for each in found]} if arguments.json else changes_text(found))
    widened = any(each.gained for each in found)
    return 1 if widened and arguments.fail_on_widening else 0


def _lint(arguments: argparse.Namespace) -> int:
    findings = findings_of(read_assembly(arguments.template_dir))
    text = "\n".join(map(str, findings)) or "every policy document is in order"
    _print({"findings": [each.as_json() for each in findings]} if arguments.json else text)
    return 1 if findings else 0


def _landscape(arguments: argparse.Namespace) -> Landscape:
    return read_landscape(read_assembly(arguments.template_dir))


def _print(output: str | dict[str, Any]) -> None:
    text = output if isinstance(output, str) else json.dumps(output, indent=2)
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="crossrole", description="Who can do what, read from the synthesized templates."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    can = commands.add_parser(
        "can",
        help="may this caller do this? and why",
        usage="crossrole can CALLER [via GRANT] ACTION RESOURCE [--context KEY=VALUE]… [--template-dir DIR] [--json]",
        description="CALLER is the ARN of a role, user or session, or the name of one in the templates; a grant's name "
        "stands for a session of its role. With via GRANT the caller assumes that grant's role first. Exit status: "
        "0 allowed, 1 refused, 2 can't be answered.",
    )
    can.add_argument("words", nargs="+", metavar="CALLER [via GRANT] ACTION RESOURCE")
    can.add_argument(
        "--context",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="what the request carries, such as aws:SourceIp=203.0.113.7 or sts:ExternalId=…; may be repeated",
    )
    _add_common_options(can)
    can.set_defaults(run=_can)
    who = commands.add_parser(
        "who",
        help="who can do this, through which grant, under which conditions?",
        description="Lists every caller that the templates name. Exit status: 0 someone, 1 nobody, 2 unusable.",
    )
    who.add_argument("action", metavar="ACTION")
    who.add_argument("resource", metavar="RESOURCE")
    _add_common_options(who)
    who.set_defaults(run=_who)
    lint = commands.add_parser(
        "lint",
        help="is every policy document in order?",
        description="Looks through every policy of the templates for names that AWS does not know and for statements "
        "that are too open. Exit status: 0, or 1 where something was found, 2 unusable.",
    )
    _add_common_options(lint)
    lint.set_defaults(run=_lint)
    diff = commands.add_parser(
        "diff",
        help="what access would a change open or take away?",
        description="BASE and HEAD are git revisions, which are synthesized, or folders that cdk synth wrote; HEAD "
        "left out is cdk.out. Exit status: 0, or 1 with --fail-on-widening where access was gained, 2 unusable.",
    )
    diff.add_argument("base", metavar="BASE")
    diff.add_argument("head", metavar="HEAD", nargs="?")
    diff.add_argument("--fail-on-widening", action="store_true", help="exit with 1 where access was gained")
    diff.add_argument("--json", action="store_true", help="answer as JSON")
    diff.set_defaults(run=_diff)
    return parser


def _add_common_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--template-dir", type=Path, metavar="DIR", help="another folder that cdk synth wrote; cdk.out if left out"
    )
    command.add_argument("--json", action="store_true", help="answer as JSON")


def _words(words: Sequence[str]) -> tuple[str, str | None, str, str]:
    """Return caller, grant, action and resource; `CALLER via GRANT` may be three words or one in quotes."""
    caller, _, via = " ".join(words[:-2]).partition(" via ")
    if len(words) < len(("CALLER", "ACTION", "RESOURCE")) or not caller or " " in caller + via:
        raise Unusable(
            "expected CALLER [via GRANT] ACTION RESOURCE, such as: DevLambdaRole via DevAccountAccessS3Role "
            "s3:PutObject arn:aws:s3:::BUCKET/KEY"
        )
    return caller, via or None, words[-2], words[-1]
