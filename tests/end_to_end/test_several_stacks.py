"""A file that says `stack = 2`, deployed by the lines of the README into accounts of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.accounts import Accounts
from sandbox.configuration import CHECKOUT, read_access
from sandbox.person import make_user

BUCKET = "reports-222222222222"
SECOND = """
[[grants]]
name       = "Reader"
principals = ["arn:aws:iam::111111111111:user/alice"]
bucket     = "reports-222222222222"
prefix     = "dev/"
access     = ["read", "list"]
stack      = 2
"""
THIRD = SECOND.replace("Reader", "Another").replace("stack      = 2\n", "")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the committed file with one grant more, in the second stack."""
    made = tmp_path / "access.toml"
    made.write_text((CHECKOUT / "access.toml").read_text() + SECOND)
    return made


@pytest.fixture
def accounts(file: Path) -> Iterator[Accounts]:
    """Return bootstrapped accounts with nothing in them."""
    access = read_access(file)
    with Accounts(state=CHECKOUT / ".sandbox" / "test-stacks", dev=access.dev, prod=access.prod) as made:
        made.bootstrap()
        yield made


def test_each_stack_is_deployed_and_stays_as_it_is(accounts: Accounts, file: Path) -> None:
    """A grant of the second stack reaches the bucket of the first; a grant that is added moves nobody."""

    def cdk(*words: str) -> str:
        return accounts.run("cdk", *words, "-c", f"access={file}", log=f"{words[0]}-{words[1].strip('*')}")

    key = make_user(accounts, "alice")
    cdk("deploy", "ProdAccessStack*", "--profile", "prod")
    cdk("deploy", "DevCallersStack*", "--profile", "dev")
    accounts.session("prod").client("s3").put_object(Bucket=BUCKET, Key="dev/a", Body=b"a")
    sts = accounts.session_with(key.id, key.secret, region="eu-west-1").client("sts")
    role = "arn:aws:iam::222222222222:role/Reader"
    given = sts.assume_role(RoleArn=role, RoleSessionName="alice")["Credentials"]
    s3 = accounts.session_with(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region="eu-west-1"
    ).client("s3")

    assert b"a" == s3.get_object(Bucket=BUCKET, Key="dev/a")["Body"].read()
    stacks = accounts.session("prod").client("cloudformation").list_stacks()["StackSummaries"]
    assert {"ProdAccessStack", "ProdAccessStack2"} <= {each["StackName"] for each in stacks}

    file.write_text(file.read_text() + THIRD)
    assert "There were no differences" in cdk("diff", "ProdAccessStack2", "--profile", "prod")
    assert "Another" in cdk("diff", "ProdAccessStack", "--profile", "prod")
