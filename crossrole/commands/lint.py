"""`crossrole lint`."""

import argparse

import crossrole
from crossrole.commands.common import add_json, add_templates, templates_of
from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.lint.findings import MARKS, findings_of
from crossrole.lint.sarif import sarif_of
from crossrole.templates.assembly import CDK_OUT


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.description = (
        "Looks through every policy of the templates for what AWS rejects, what never matches, and what is too open. "
        "docs/lint.md lists the rules, and how a template allows a finding. Exit status: 0, or 1 where something was "
        "found that is not allowed, 2 where a template can't be read."
    )
    add_templates(command)
    add_json(command)
    command.add_argument("--sarif", action="store_true", help="answer as SARIF, as GitHub's code scanning takes it")


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0 where nothing was found that is not allowed, 1 otherwise."""
    if arguments.json and arguments.sarif:
        raise CommandError("--json and --sarif are two forms of the answer; choose one")
    findings = findings_of(templates_of(arguments))
    if arguments.sarif:
        environment.put(sarif_of(findings, arguments.template_dir or CDK_OUT, version=crossrole.VERSION))
    elif arguments.json:
        environment.put(findings.as_json())
    else:
        environment.show(findings.text().split("\n"), MARKS)
    return 1 if findings.open else 0
