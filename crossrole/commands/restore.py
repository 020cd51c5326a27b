"""`crossrole restore GRANT --profile PROD`."""

import argparse

from crossrole.commands.common import add_living_role, landscape_although_stale, put
from crossrole.grant import grant_of
from crossrole.revoke.restore import restore
from crossrole.revoke.restore_text import restored_json, restored_text


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.description = (
        "Takes out of the policies of a grant's role what revoke has put there, and nothing else. "
        "Exit status: 0 restored or nothing to restore, 1 not proved, 2 unusable and nothing changed."
    )
    add_living_role(command)


def run(arguments: argparse.Namespace) -> int:
    """Return 0 where nothing of a revocation is left, 1 where that is not proved."""
    grant = grant_of(landscape_although_stale(arguments), arguments.grant)
    done = restore(grant, profile=arguments.profile, dry_run=arguments.dry_run)
    put(restored_json(done) if arguments.json else restored_text(done))
    return 0 if done.is_proved else 1
