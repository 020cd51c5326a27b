"""Who is calling, as the name of a session says it."""

import re

import pytest

from crossrole.errors import CommandError
from crossrole.live.caller import caller_of
from crossrole.live.mfa import device_named_after

DEV = "111111111111"
NAMES = {
    f"arn:aws:iam::{DEV}:user/alice": "alice",
    f"arn:aws:iam::{DEV}:user/team/deep/bob": "bob",
    f"arn:aws:iam::{DEV}:user/dan-1.x@y,z=+_": "dan-1.x@y,z=+_",
    f"arn:aws:iam::{DEV}:user/x": "user-x",
    f"arn:aws:sts::{DEV}:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/alice@example.com": "alice@example.com",
    f"arn:aws:sts::{DEV}:assumed-role/Deployer/GitHubActions": "Deployer@GitHubActions",
    f"arn:aws:sts::{DEV}:assumed-role/Exporter/Exporter": "Exporter",
    f"arn:aws:sts::{DEV}:assumed-role/Exporter/botocore-session-1700000000": "Exporter",
    f"arn:aws:sts::{DEV}:assumed-role/Exporter/1700000000.5": "Exporter",
    f"arn:aws:sts::{DEV}:assumed-role/Exporter/i-0123456789abcdef0": "Exporter@i-0123456789abcdef0",
    f"arn:aws:sts::{DEV}:assumed-role/{'R' * 64}/{'s' * 32}": f"{'R' * 31}@{'s' * 32}",
    f"arn:aws:sts::{DEV}:assumed-role/Role/{'s' * 64}": "s" * 64,
    f"arn:aws-cn:iam::{DEV}:user/{'u' * 64}": "u" * 64,
}


@pytest.mark.parametrize(("arn", "expected"), NAMES.items(), ids=NAMES.values())
def test_who_it_is(arn: str, expected: str) -> None:
    """A session's name leads back to the person or the role, in characters and a length that STS takes."""
    name = caller_of(arn).name

    assert expected == name
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", name, re.ASCII)


def test_only_a_role_chains() -> None:
    """A caller with a role's credentials is held to an hour."""
    assert not caller_of(f"arn:aws:iam::{DEV}:user/team/bob").is_role
    assert caller_of(f"arn:aws:sts::{DEV}:assumed-role/Exporter/x1").is_role


def test_the_device_of_a_user() -> None:
    """It is taken to be named after the user, whose path it does not have."""
    assert f"arn:aws:iam::{DEV}:mfa/bob" == device_named_after(f"arn:aws:iam::{DEV}:user/team/bob")


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (f"arn:aws:iam::{DEV}:root", "the root user of an account, which can't assume a role"),
        (f"arn:aws:sts::{DEV}:federated-user/carol", "can't assume a role"),
    ],
)
def test_who_can_assume_no_role(arn: str, expected: str) -> None:
    """AWS denies these whatever a policy says, so they are reported before it is asked."""
    with pytest.raises(CommandError, match=expected):
        caller_of(arn)
