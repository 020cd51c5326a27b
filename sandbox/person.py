"""A person in the dev account: an IAM user with an access key and an MFA device."""

from typing import NamedTuple

from sandbox.accounts import Accounts


class AccessKey(NamedTuple):
    """What the user signs with."""

    id: str
    secret: str


def make_user(accounts: Accounts, name: str) -> AccessKey:
    """Make the user, with a device of the same name for which any six digits are right, and return the key."""
    iam = accounts.session("dev").client("iam")
    iam.create_user(UserName=name)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    iam.enable_mfa_device(UserName=name, SerialNumber=device, **codes)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return AccessKey(key["AccessKeyId"], key["SecretAccessKey"])
