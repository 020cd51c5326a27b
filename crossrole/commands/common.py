"""Shared by the commands: options, and the reading of the inventory."""

import argparse
import re
from collections.abc import Mapping
from pathlib import Path

from crossrole.environment import Environment
from crossrole.templates.assembly import CHECKOUT, NOTHING_GIVEN, Given, read_assembly, staleness, variants
from crossrole.templates.guardrails import NO_GUARDRAILS, Guardrails, read_guardrails
from crossrole.templates.intrinsics import Template
from crossrole.templates.inventory import Inventory
from crossrole.templates.reader import read_inventory


def add_template_dir(command: argparse.ArgumentParser) -> None:
    """Add the option that names another folder of templates."""
    command.add_argument(
        "--template-dir",
        type=Path,
        metavar="DIR",
        help="another folder that cdk synth wrote, or one CloudFormation template; cdk.out if left out",
    )


def add_templates(command: argparse.ArgumentParser) -> None:
    """Add the options that name the templates, and what they do not say themselves."""
    add_template_dir(command)
    add_given(command)


def add_given(command: argparse.ArgumentParser) -> None:
    """Add the options that say what templates do not say themselves."""
    command.add_argument(
        "--account", type=_account, metavar="ID", help="the account of stacks that are for any account"
    )
    command.add_argument("--region", metavar="REGION", help="the region of stacks that are for any region")
    command.add_argument(
        "--parameter",
        action="append",
        type=_parameter,
        default=[],
        metavar="STACK.NAME=VALUE",
        help="the value of a stack's parameter; may be repeated",
    )


def _account(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f'"{text}" is not an account: it has 12 digits')
    return text


def _parameter(text: str) -> tuple[tuple[str, str], str]:
    place, equals, value = text.partition("=")
    stack, dot, name = place.rpartition(".")
    if not equals or not dot:
        raise argparse.ArgumentTypeError(f'"{text}" is not STACK.NAME=VALUE, such as ProdAccessStack.Bucket=reports')
    return (stack, name), value


def given(arguments: argparse.Namespace) -> Given:
    """Return what the command line says of the templates."""
    return Given(arguments.account, arguments.region, dict(arguments.parameter))


def templates_of(arguments: argparse.Namespace) -> list[Template]:
    """Return the templates that the command reads."""
    return read_assembly(arguments.template_dir, given=given(arguments))


def add_guardrails(command: argparse.ArgumentParser) -> None:
    """Add the option that names the folder of control policies and endpoint policies."""
    command.add_argument(
        "--guardrails",
        type=Path,
        metavar="DIR",
        help="a folder with scp/, rcp/ and vpc-endpoint/; guardrails/ beside access.toml if left out and there",
    )


def guardrails_of(arguments: argparse.Namespace, folder: Path | None = None) -> Guardrails:
    """Return the control policies and endpoint policies that the command takes into each decision.

    Those beside access.toml hold for its own templates, and not for those of another `folder`.
    """
    beside = CHECKOUT / "guardrails"
    if arguments.guardrails is None and (folder is not None or not beside.is_dir()):
        return NO_GUARDRAILS
    return read_guardrails(arguments.guardrails or beside)


def add_json(command: argparse.ArgumentParser) -> None:
    """Add the option --json."""
    command.add_argument("--json", action="store_true", help="answer as JSON")


def add_deployed_role(command: argparse.ArgumentParser) -> None:
    """Add what names a role that is to be changed, and the options of such a change."""
    command.add_argument("grant", metavar="GRANT", help="a grant's name, or the ARN of its role")
    command.add_argument(
        "--profile", required=True, metavar="PROD", help="a profile of the account that the role is in"
    )
    command.add_argument("--dry-run", action="store_true", help="print what would be done and change nothing")
    add_template_dir(command)
    add_json(command)


def inventory_of(arguments: argparse.Namespace) -> Inventory:
    """Return the inventory of the templates that the command reads."""
    templates = read_assembly(
        arguments.template_dir, given=given(arguments) if "account" in arguments else NOTHING_GIVEN
    )
    guardrails = guardrails_of(arguments, arguments.template_dir) if "guardrails" in arguments else NO_GUARDRAILS
    return read_inventory(templates, guardrails)


def inventories_of(arguments: argparse.Namespace) -> list[tuple[Mapping[tuple[str, str], bool], Inventory]]:
    """Return the inventory once for each way that the templates' unknown conditions may turn out."""
    guardrails = guardrails_of(arguments, arguments.template_dir)
    every = variants(arguments.template_dir, given=given(arguments))
    return [(conditions, read_inventory(templates, guardrails)) for conditions, templates in every]


def inventory_although_stale(arguments: argparse.Namespace, environment: Environment) -> Inventory:
    """Return the inventory, with a warning where the templates are old: an emergency does not wait for a synth."""
    if stale := staleness(arguments.template_dir):
        environment.hint(f"{stale}; it is used anyway")
    return read_inventory(read_assembly(arguments.template_dir, may_be_stale=True))
