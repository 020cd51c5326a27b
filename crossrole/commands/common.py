"""Shared by the commands: options, and the reading of the inventory."""

import argparse
from pathlib import Path

from crossrole.environment import Environment
from crossrole.templates.assembly import read_assembly, staleness
from crossrole.templates.inventory import Inventory
from crossrole.templates.reader import read_inventory


def add_template_dir(command: argparse.ArgumentParser) -> None:
    """Add the option that names another folder of templates."""
    command.add_argument(
        "--template-dir", type=Path, metavar="DIR", help="another folder that cdk synth wrote; cdk.out if left out"
    )


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
    return read_inventory(read_assembly(arguments.template_dir))


def inventory_although_stale(arguments: argparse.Namespace, environment: Environment) -> Inventory:
    """Return the inventory, with a warning where the templates are old: an emergency does not wait for a synth."""
    if stale := staleness(arguments.template_dir):
        environment.hint(f"{stale}; it is used anyway")
    return read_inventory(read_assembly(arguments.template_dir, may_be_stale=True))
