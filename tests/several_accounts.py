"""Accounts that call beside dev, and one from which they are deployed, for the tests that need several."""

import json
from typing import Any

from sandbox.accounts import Accounts
from sandbox.configuration import Account

MORE = {
    name: Account(id=digit * 12, region="eu-west-1")
    for name, digit in zip(("payments", "search", "shipping"), "456", strict=True)
}
"""Accounts beside dev, by their names."""
TOOLING = "333333333333"


def add_importer(accounts: Accounts, name: str) -> str:
    """Make the role jobs/Importer in an account, without a policy of its own, and return its ARN."""
    root = {"AWS": f"arn:aws:iam::{accounts.by_profile[name].id}:root"}
    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": root}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    iam = accounts.session(name).client("iam")
    return str(iam.create_role(RoleName="Importer", Path="/jobs/", AssumeRolePolicyDocument=trust)["Role"]["Arn"])


def add_tooling(accounts: Accounts) -> None:
    """Make the profile `tooling`: a user of another account, whose one permission is to assume the CDK's roles."""
    assert TOOLING == accounts.by_profile["other"].id
    iam = accounts.session("other").client("iam")
    iam.create_user(UserName="deployer")
    cdk: dict[str, Any] = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": "arn:aws:iam::*:role/cdk-hnb659fds-*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [cdk]})
    iam.put_user_policy(UserName="deployer", PolicyName="Deploy", PolicyDocument=policy)
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    accounts.add_profile("tooling", access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"])
