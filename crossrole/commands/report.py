"""`crossrole report [--out access.html] [--markdown]`."""

import argparse
from pathlib import Path

from crossrole.commands.common import add_guardrails, add_templates, guardrails_of, templates_of
from crossrole.commands.files import write
from crossrole.environment import Environment
from crossrole.report.drawing import Pen, figures_of
from crossrole.report.history import NOTHING, history_of
from crossrole.report.markdown import markdown_of
from crossrole.report.model import Report, report_of
from crossrole.report.page import page_of
from crossrole.templates.assembly import CHECKOUT

PAGE = Path("access.html")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.description = (
        "Writes a report of every grant in the templates: one HTML file without network access or scripts, or "
        "Markdown. Exit status: 0, or 2 where it can't be written."
    )
    command.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help=f"the file to write; {PAGE} if left out, or standard output for Markdown",
    )
    command.add_argument("--markdown", action="store_true", help="write Markdown, as for a pull request")
    add_guardrails(command)
    add_templates(command)


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0."""
    report = _report(arguments, environment)
    if arguments.markdown:
        text, out = markdown_of(report), arguments.out
    else:
        with Pen() as pen:
            text, out = page_of(report, pen.drawings(figures_of(report))), arguments.out or PAGE
    if out is None:
        environment.put(text.removesuffix("\n").split("\n"))
    else:
        environment.put([f"wrote {write(out, text)}"])
    return 0


def _report(arguments: argparse.Namespace, environment: Environment) -> Report:
    templates, folder = templates_of(arguments), arguments.template_dir
    # The source of another folder is not known, so neither is its history.
    history = history_of(CHECKOUT / "access.toml") if folder is None else NOTHING
    return report_of(templates, history, environment.now(), guardrails_of(arguments, folder))
