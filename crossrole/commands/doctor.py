"""`crossrole doctor GRANT --profile PROFILE`."""

import argparse

from crossrole.commands.common import add_json, add_template_dir, inventory_although_stale
from crossrole.doctor.case import Case
from crossrole.doctor.check import MARKS, first_to_fix, lines_json, lines_text
from crossrole.doctor.run import examine
from crossrole.environment import Environment
from crossrole.live.sessions import live_session
from crossrole.templates.grant import grant_of


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    command.description = (
        "Checks the deployed chain, from this machine's clock to the bucket's key. Each check is ok, failed (with its "
        "fix) or not checkable (with the reason). It changes nothing; what it does in the "
        "bucket is listed first, on standard error. Exit status: 0 nothing failed, 1 something did, 2 AWS can't be "
        "asked."
    )
    command.add_argument("grant", metavar="GRANT")
    command.add_argument("--profile", required=True, help="the caller's profile, which assumes the grant's role")
    command.add_argument(
        "--prod-profile", metavar="PROFILE", help="a profile of the grant's account, to read the role, bucket and key"
    )
    command.add_argument(
        "--write-probe", action="store_true", help="put one object under the prefix, and delete it permanently"
    )
    add_template_dir(command)
    add_json(command)


def run(arguments: argparse.Namespace, environment: Environment) -> int:
    """Return 0 where nothing failed, 1 where something did."""
    inventory = inventory_although_stale(arguments, environment)
    grant = grant_of(inventory, arguments.grant)
    prod_profile: str | None = arguments.prod_profile
    with environment.simulator() as simulator:
        case = Case(
            inventory=inventory,
            grant=grant,
            profile=arguments.profile,
            session=live_session(arguments.profile, region=grant.region),
            prod_profile=prod_profile,
            prod=live_session(prod_profile, region=grant.region) if prod_profile else None,
            simulator=simulator,
            now=environment.now(),
            environment=environment,
            named=arguments.grant,
        )
        lines, probes = examine(case, write_probe=arguments.write_probe)
    if arguments.json:
        environment.put(lines_json(grant.name, probes, lines))
    else:
        environment.show(lines_text(lines, environment.width), MARKS)
    return 0 if first_to_fix(lines) is None else 1
