"""Who calls in the tests of the local accounts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from sandbox.accounts import Accounts

DEV, PROD, OTHER = "111111111111", "222222222222", "333333333333"
REGION = "eu-west-1"
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:*", "s3:*"], "Resource": "*"}]}


@dataclass(frozen=True, kw_only=True)
class Cast:
    """The accounts, and who calls in them."""

    accounts: Accounts
    callers: Mapping[str, boto3.Session]
    organization: str
    unit: str
    second_factor: str


def assemble(accounts: Accounts) -> Cast:
    """Make the callers in the running accounts."""
    iam = accounts.session("dev").client("iam")
    users = {name: make_user(accounts, name) for name in ("ann", "bob")}
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="ann")["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName="ann", SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    sts = users["ann"].client("sts")
    organizations = accounts.session("dev").client("organizations")
    # The emulator has each account begin as the head of an organization of its own.
    organization = organizations.describe_organization()["Organization"]["Id"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="unit")["OrganizationalUnit"]["Id"]
    organizations.move_account(AccountId=DEV, SourceParentId=root, DestinationParentId=unit)
    return Cast(
        accounts=accounts,
        organization=organization,
        unit=unit,
        second_factor=device,
        callers={
            "role": session_of(accounts, "dev", "Writer"),
            "idle role": session_of(accounts, "dev", "Idle", policy=None),
            "pathed role": session_of(accounts, "dev", "Pathed", path="/service-role/"),
            "stranger": session_of(accounts, "other", "Writer"),
            "user": users["ann"],
            "another user": users["bob"],
            "user with a session": given(accounts, sts.get_session_token()["Credentials"]),
            "user with a second factor": given(
                accounts, sts.get_session_token(SerialNumber=device, TokenCode="123456")["Credentials"]
            ),
        },
    )


def make_role(accounts: Accounts, profile: str, name: str, *, trust: Any, policy: Any = ALL, path: str = "/") -> str:
    """Make a role and return its ARN."""
    iam = accounts.session(profile).client("iam")
    role = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    if policy:
        iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=json.dumps(policy))
    arn: str = role["Arn"]
    return arn


def session_of(accounts: Accounts, profile: str, name: str, *, policy: Any = ALL, path: str = "/") -> boto3.Session:
    """Make a role that its own account may assume, and return a session of it."""
    own = {"AWS": f"arn:aws:iam::{accounts.by_profile[profile].id}:root"}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": own}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    role = make_role(accounts, profile, name, trust=trust, policy=policy, path=path)
    sts = accounts.session(profile).client("sts")
    return given(accounts, sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"])


def make_user(accounts: Accounts, name: str) -> boto3.Session:
    """Make a user in dev and return a session with its access key."""
    iam = accounts.session("dev").client("iam")
    iam.create_user(UserName=name, Path="/team/")
    iam.put_user_policy(UserName=name, PolicyName="policy", PolicyDocument=json.dumps(ALL))
    return given(accounts, iam.create_access_key(UserName=name)["AccessKey"])


def given(accounts: Accounts, keys: Any) -> boto3.Session:
    """Return a session with keys that IAM or STS answered."""
    return accounts.session_with(keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken"), region=REGION)
