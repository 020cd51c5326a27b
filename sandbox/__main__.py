"""`python -m sandbox try` and `python -m sandbox accounts`."""

import argparse
import os
import select
import shlex
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from crossrole.printing import console_on
from sandbox.accounts import Accounts
from sandbox.configuration import CHECKOUT, SandboxError, read_access
from sandbox.console import print_prose, print_whole
from sandbox.environment import in_the_way
from sandbox.person import make_user
from sandbox.progress import Progress
from sandbox.walkthrough import walk_through

_PERSON = "alice"
_A_WHILE = 500  # milliseconds


def main() -> int:
    """Answer the exit status: 2 for anything that kept the command from doing its work."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    arguments = _arguments()
    try:
        if arguments.command == "try":
            return walk_through(file=arguments.access, as_json=arguments.json)
        return _keep_accounts(arguments.access)
    except (SandboxError, BotoCoreError, ClientError, OSError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; nothing is left running\n")
        return 130


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Two AWS accounts on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    trial = commands.add_parser("try", help="walk the whole path once: deploy, write, read back, be denied")
    trial.add_argument("--json", action="store_true", help="print the result as JSON; the progress goes to stderr")
    keep = commands.add_parser("accounts", help="keep the accounts running until Ctrl-C")
    for command in (trial, keep):
        command.add_argument(
            "--access", type=Path, default=CHECKOUT / "access.toml", metavar="FILE", help="in place of access.toml"
        )
    return parser.parse_args()


def _keep_accounts(file: Path) -> int:
    access = read_access(file)
    progress = Progress(sys.stdout)
    state = CHECKOUT / ".sandbox" / "accounts"
    with Accounts(state=state, dev=access.dev, prod=access.prod, more=access.more) as accounts:
        with progress.step("cdk bootstrap, all accounts side by side"):
            accounts.bootstrap()
        key = make_user(accounts, _PERSON)
        accounts.add_profile(_PERSON, access_key=key.id, secret_key=key.secret)
        _print_how_to_use(accounts)
        _wait_for_the_end()
    return 0


def _wait_for_the_end() -> None:
    """Return when the process that started this is gone, or the terminal is: only make hears of a closed terminal."""
    starter, terminal = os.getppid(), select.poll()
    if sys.stdout.isatty():
        terminal.register(sys.stdout, 0)  # a hang-up is reported unasked
    while os.getppid() == starter and not terminal.poll(_A_WHILE):
        time.sleep(_A_WHILE / 1000)


def _print_how_to_use(accounts: Accounts) -> None:
    of = accounts.by_profile
    lines = [f"export AWS_CONFIG_FILE={shlex.quote(str(accounts.config_file))}"]
    if "AWS_SHARED_CREDENTIALS_FILE" in os.environ or (Path.home() / ".aws" / "credentials").exists():
        # Keys there go before the config file's, under the same profile name.
        lines.append("export AWS_SHARED_CREDENTIALS_FILE=/dev/null")
    if names := in_the_way(os.environ):
        lines.append(f"unset {' '.join(names)}")
    commands = [
        *lines,
        ". .venv/bin/activate\n",
        "cdk deploy ProdAccessStack --profile prod",
        "cdk deploy DevLambdaStack --profile dev",
        "aws cloudformation describe-stacks --stack-name DevLambdaStack --profile dev \\",
        "  --query 'Stacks[0].Outputs[?OutputKey==`FunctionName`].OutputValue' --output text",
        """aws lambda invoke --function-name NAME --payload '{"body": "hello"}' --profile dev answer.json""",
        "aws s3 ls --recursive s3://BUCKET --profile prod\n",
    ]
    notes = [
        "NAME is what the describe-stacks line prints, BUCKET is the grant's in access.toml.",
        f"{_PERSON} is an IAM user in dev: the profile {_PERSON}, and an MFA device that takes any six digits.",
        'Where docs/operate.md appends to ~/.aws/config, append to "$AWS_CONFIG_FILE" here.',
        f"The logs are in {accounts.logs}. Ctrl-C here ends the accounts and all that is in them.",
    ]
    named = ", ".join(f"{name} {account.id}" for name, account in of.items() if name != "other")
    ready = f"\n{named} and a stranger's {of['other'].id} are ready."
    console = console_on(sys.stdout, os.environ)
    print_prose(console, f"{ready}\nIn another shell, in {CHECKOUT}:\n")
    print_whole(console, "\n".join(commands))
    print_prose(console, "\n".join(notes))


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
