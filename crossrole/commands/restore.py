"""`crossrole restore GRANT --profile PROD`."""

import argparse

from crossrole.commands.common import add_deployed_role, inventory_although_stale
from crossrole.environment import Environment
from crossrole.revoke.restore import restore
from crossrole.revoke.text import MARKS, restored_json, restored_text
from crossrole.templates.grant import grant_of


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.description = (
        "Removes what revoke wrote into the policies of a grant's role, and nothing else. "
        "Exit status: 0 restored or nothing to restore, 1 not verified, 2 can't be done and nothing changed."
    )
    add_deployed_role(command)


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0 where nothing of a revocation is left, 1 where that is not verified."""
    grant = grant_of(inventory_although_stale(arguments, environment), arguments.grant)
    done = restore(grant, profile=arguments.profile, dry_run=arguments.dry_run, environment=environment)
    if arguments.json:
        environment.put(restored_json(done))
    else:
        environment.show(restored_text(done), MARKS)
    return 0 if done.is_verified else 1
