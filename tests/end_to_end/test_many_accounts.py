"""The callers' half of four accounts, deployed at once from a fifth that their bootstrap trusts."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.accounts import Accounts
from sandbox.configuration import CHECKOUT, Account, SandboxError
from tests.several_accounts import MORE, TOOLING, add_importer, add_tooling
from tests.synthesis import synthesize

REGIONS = {"payments": "eu-north-1", "search": "us-east-1", "shipping": "eu-west-1"}
STACKS = {"dev": "DevCallersStack", **{name: f"DevCallersStack-{name}" for name in REGIONS}}
BUCKET = "imports-222222222222"


def access(accounts: Accounts) -> str:
    """Return an access.toml whose one grant names a role of each account."""
    tables = []
    for name in ("prod", *STACKS):
        account = accounts.by_profile[name]
        more = name not in ("prod", "dev")
        head = f'[[accounts]]\nname = "{name}"' if more else f"[{name}]"
        tables.append(f'{head}\naccount = "{account.id}"\nregion = "{account.region}"\n')
    principals = json.dumps([f"arn:aws:iam::{accounts.by_profile[name].id}:role/jobs/Importer" for name in STACKS])
    bucket = f'[[buckets]]\nname = "{BUCKET}"\ncreate = true\n'
    grant = f'[[grants]]\nname = "Imports"\nprincipals = {principals}\nbucket = "{BUCKET}"\naccess = ["write"]\n'
    return "\n".join([*tables, bucket, grant])


def importer(accounts: Accounts, name: str) -> boto3.Session:
    """Return a session of the role that the grant names in an account."""
    sts = accounts.session(name).client("sts")
    arn = add_importer(accounts, name)
    return session_of(accounts, sts.assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"])


def session_of(accounts: Accounts, given: Any) -> boto3.Session:
    """Return a session with what STS gave."""
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    return accounts.session_with(*keys, region="eu-west-1")


@pytest.fixture
def accounts() -> Iterator[Accounts]:
    """Return the production account and four others, each in a region of its own, and a user in the tooling account."""
    dev, prod = Account(id="1" * 12, region="eu-central-1"), Account(id="2" * 12, region="eu-west-1")
    more = {name: replace(MORE[name], region=region) for name, region in REGIONS.items()}
    state = CHECKOUT / ".sandbox" / f"test-many-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    with Accounts(state=state, dev=dev, prod=prod, more=more) as made:
        add_tooling(made)
        yield made


def test_four_accounts_get_their_half_from_a_fifth(accounts: Accounts, tmp_path: Any) -> None:
    """Once their bootstrap trusts the tooling account, one `cdk deploy` of its user reaches them all at once."""
    file = tmp_path / "access.toml"
    file.write_text(access(accounts))
    importers = {name: importer(accounts, name) for name in STACKS}

    def assume(session: boto3.Session) -> boto3.Session:
        role = "arn:aws:iam::222222222222:role/Imports"
        given = session.client("sts").assume_role(RoleArn=role, RoleSessionName="import")["Credentials"]
        return session_of(accounts, given)

    def cdk(*words: str, log: str) -> None:
        accounts.run("cdk", *words, "--app", str(tmp_path / "cdk.out"), log=log)

    synthesize(file, tmp_path / "cdk.out")
    accounts.bootstrap(profiles=("prod", "shipping"))
    cdk("deploy", "ProdAccessStack", "--profile", "prod", log="deploy-prod")

    with pytest.raises(SandboxError, match=r"[Cc]ould not assume role|credentials are for"):
        cdk("deploy", "DevCallersStack-shipping", "--profile", "tooling", log="untrusted")
    for session in importers.values():
        with pytest.raises(ClientError, match="AccessDenied"):
            assume(session)

    trusting = ("--trust", TOOLING, "--cloudformation-execution-policies", "arn:aws:iam::aws:policy/IAMFullAccess")
    accounts.bootstrap(*trusting, profiles=tuple(STACKS))
    cdk("deploy", "DevCallersStack*", "--profile", "tooling", "--concurrency", "10", log="trusted")

    for name, session in importers.items():
        stacks = accounts.session(name).client("cloudformation").describe_stacks(StackName=STACKS[name])["Stacks"]
        assert "CREATE_COMPLETE" == stacks[0]["StackStatus"]
        s3 = assume(session).client("s3")
        assert s3.put_object(Bucket=BUCKET, Key=name, Body=b"a")["ETag"]
