"""`crossrole report [--out access.html] [--markdown]`."""

import argparse
from pathlib import Path

from crossrole.commands.common import add_template_dir
from crossrole.commands.files import write
from crossrole.environment import Environment
from crossrole.report.drawing import Pen, figures_of
from crossrole.report.history import NOTHING, history_of
from crossrole.report.markdown import markdown_of
from crossrole.report.model import Report, report_of
from crossrole.report.page import page_of
from crossrole.templates.assembly import CHECKOUT, read_assembly

PAGE = Path("access.html")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.description = (
        "Writes what the templates say of every grant as one HTML file, which needs no network and no script, or as "
        "Markdown. Exit status: 0, or 2 where it can't be written."
    )
    command.add_argument(
        "--out", type=Path, metavar="FILE", help=f"where to write it; {PAGE} if left out, Markdown to standard output"
    )
    command.add_argument("--markdown", action="store_true", help="write Markdown, as for a pull request")
    add_template_dir(command)


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0."""
    report = _report(arguments.template_dir, environment)
    if arguments.markdown:
        text, out = markdown_of(report), arguments.out
    else:
        with Pen() as pen:
            text, out = page_of(report, pen.drawings(figures_of(report))), arguments.out or PAGE
    if out is None:
        environment.put(text.removesuffix("\n"))
    else:
        environment.put(f"wrote {write(out, text)}")
    return 0


def _report(folder: Path | None, environment: Environment) -> Report:
    templates = read_assembly(folder)
    # What another folder was made from is not known, so its history is not either.
    history = history_of(CHECKOUT / "access.toml") if folder is None else NOTHING
    with environment.simulator() as simulator:
        return report_of(templates, simulator, history, environment.now())
