"""Two local accounts of a test module's own, and the stacks of its own access.toml."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from sandbox.accounts import Accounts
from sandbox.configuration import CHECKOUT, Account
from tests.synthesis import synthesize

BOTH_ACCOUNTS = """
[prod]
account = "222222222222"
region = "eu-west-1"

[dev]
account = "111111111111"
region = "eu-west-1"
"""


@dataclass(frozen=True)
class Deployment:
    """The accounts, with nothing deployed in them at first, and the file's templates."""

    accounts: Accounts
    templates: Path

    def deploy(self, stack: str, profile: str) -> None:
        """Deploy a stack with the real CDK CLI; raises what it says where that fails."""
        words = ("cdk", "deploy", stack, "--profile", profile, "--app", str(self.templates))
        self.accounts.run(*words, log=f"deploy-{stack}")

    def session_of(self, answer: Any) -> boto3.Session:
        """Return a session with the credentials of an answer of STS."""
        keys = answer["Credentials"]
        secret = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        return self.accounts.session_with(*secret, region="eu-west-1")


@contextmanager
def deployment(name: str, grants: str, folder: Path) -> Iterator[Deployment]:
    """Have accounts for a file with these grants; `name` is the module's."""
    (folder / "access.toml").write_text(BOTH_ACCOUNTS + grants)
    synthesize(folder / "access.toml", folder / "cdk.out")
    dev, prod = (Account(id=number * 12, region="eu-west-1") for number in "12")
    state = CHECKOUT / ".sandbox" / f"test-{name}-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    with Accounts(state=state, dev=dev, prod=prod) as accounts:
        yield Deployment(accounts, folder / "cdk.out")
