"""Principals that the grant does not trust, each with permission of its own to assume anything."""

import json

import boto3

from sandbox.accounts import Accounts

_BYSTANDER = "SandboxBystander"
_MAY_ASSUME_ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}],
}


def session_of_new_role(accounts: Accounts, profile: str, name: str = _BYSTANDER) -> boto3.Session:
    """Make a role in that account whose own policy allows every AssumeRole, and answer a session of it.

    So when the grant's role is denied to it, the denial is the grant's own.
    """
    account = accounts.by_profile[profile]
    administrator = accounts.session(profile)
    principal = {"AWS": f"arn:aws:iam::{account.id}:root"}
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}],
    }
    iam = administrator.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="AssumeAnything", PolicyDocument=json.dumps(_MAY_ASSUME_ANYTHING))
    given = administrator.client("sts").assume_role(RoleArn=role, RoleSessionName="walk-through")["Credentials"]
    return accounts.session_with(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region=account.region
    )
