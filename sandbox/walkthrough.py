"""`make try`: the whole path once, from two empty accounts to a revoked session."""

import json
import os
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from crossrole.printing import console_on
from sandbox.accounts import Accounts
from sandbox.checks import Check, print_checks
from sandbox.configuration import CHECKOUT, Access, SandboxError, WriterGrant, read_access
from sandbox.console import print_prose, print_whole
from sandbox.progress import Progress
from sandbox.walk import Walk


def walk_through(*, file: Path, as_json: bool) -> int:
    """Walk the path and answer the exit status: 0 if all went as it should, else 1."""
    access = read_access(file)
    grant = _walkable(access, file)
    progress = Progress(sys.stderr if as_json else sys.stdout)
    began = time.monotonic()
    accounts = Accounts(state=CHECKOUT / ".sandbox" / "try", dev=access.dev, prod=access.prod)
    by_profile = accounts.by_profile
    with ExitStack() as running:
        with progress.step(
            f"start three empty accounts: prod {by_profile['prod'].id}, dev {by_profile['dev'].id}"
            f" and a stranger's {by_profile['other'].id}"
        ):
            running.enter_context(accounts)
        walk = Walk(accounts=accounts, grant=grant, progress=progress)
        walk.all(context=() if file.samefile(CHECKOUT / "access.toml") else ("-c", f"access={file.absolute()}"))
    seconds = time.monotonic() - began
    right = all(check.right for check in walk.checks)
    if as_json:
        sys.stdout.write(_as_json(seconds, progress, walk.checks))
    else:
        console = console_on(sys.stdout, os.environ)
        console.print()
        print_checks(console, walk.checks)
        logs = f"the logs of this run are in {accounts.logs}."
        if right:
            print_prose(console, f"\nAll as it should be, in {seconds:.0f} s. Both accounts are gone again; {logs}\n")
            print_whole(console, _next_steps(access))
        else:
            print_prose(console, f"\nNot everything went as it should; {logs}")
    return 0 if right else 1


def _walkable(access: Access, file: Path) -> WriterGrant:
    if access.writer is None:
        raise SandboxError(f"{file} has no [writer], so there is no function to try; `make accounts` runs without one")
    if access.writer.obstacles:
        raise SandboxError(
            f"the walk-through can't show all its denials with the grant {access.writer.name}: "
            f"{'; '.join(access.writer.obstacles)}. Name another file with --access, or use `make accounts`"
        )
    return access.writer


def _as_json(seconds: float, progress: Progress, checks: list[Check]) -> str:
    text = json.dumps(
        {
            "ok": all(check.right for check in checks),
            "seconds": round(seconds, 1),
            "steps": [asdict(step) for step in progress.steps],
            "checks": [asdict(check) | {"ok": check.right} for check in checks],
        },
        indent=2,
    )
    return f"{text}\n"


def _next_steps(access: Access) -> str:
    return f"""\
Next, on real accounts (these lines as they are, with .venv/bin on PATH):
  1. put your account ids, regions and bucket into access.toml,
     and profiles `prod` and `dev` into ~/.aws/config
  2. each account once:
     cdk bootstrap aws://{access.prod.id}/{access.prod.region} --profile prod
     cdk bootstrap aws://{access.dev.id}/{access.dev.region} --profile dev
  3. cdk deploy ProdAccessStack --profile prod
     cdk deploy DevLambdaStack --profile dev
Or type against the local accounts first: make accounts"""
