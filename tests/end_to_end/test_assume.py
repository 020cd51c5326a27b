"""Who may assume each kind of grant's role, by the service's own answer, both ways."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

PRINCIPALS = [
    ("WholeAccount", "stranger", True),  # 333333333333 is the account that the grant lists
    ("WholeAccount", "exporter", False),
    ("OneUser", "alice", True),
    ("OneUser", "bob", False),
    ("OneUser", "exporter", False),
    ("ServiceRole", "exporter", True),
    ("ServiceRole", "bystander", False),
    ("ServiceRole", "stranger", False),  # the same path and name, in another account
    ("PermissionSet", "permission set", True),
    ("PermissionSet", "longer permission set", False),  # AWSReservedSSO_Dev_* would let it in
    ("Organization", "bystander", True),
    ("Organization", "stranger", False),
    ("OrganizationalUnit", "bystander", True),
    ("OrganizationalUnit", "stranger", False),
    ("Pinned", "exporter", True),
    ("Pinned", "bystander", False),
    ("OfOrganization", "exporter", True),
    ("OfOrganization", "stranger", False),  # listed, but of no organization, or of another
    ("Expiring", "exporter", True),
    ("Expired", "exporter", False),
    ("FromHere", "exporter", True),
    ("FromElsewhere", "exporter", False),
    ("Bounded", "exporter", True),
    ("Revoked", "exporter", True),
    ("Disabled", "exporter", False),
    ("SeedExample", "bystander", True),
    ("SeedExample", "stranger", False),
]


@pytest.mark.parametrize(("grant", "caller", "allowed"), PRINCIPALS)
def test_who_may_assume(world: Any, grant: str, caller: str, allowed: bool) -> None:
    """A grant lets in its own principals and nobody like them."""
    request = {"DurationSeconds": 900}
    if allowed:
        assert world.assume(grant, caller, **request).client("sts").get_caller_identity()["Account"] == "222222222222"
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            world.assume(grant, caller, **request)


@pytest.mark.parametrize("sent", [{}, {"ExternalId": "by-hand2"}, {"ExternalId": "BY-HAND"}])
def test_an_external_id_must_be_the_grants(world: Any, sent: dict[str, str]) -> None:
    """None, an extended one and one in other case are denied; the grant's own is not."""
    with pytest.raises(ClientError, match="AccessDenied"):
        world.assume("ExternalIdByHand", "exporter", **sent)
    assert world.assume("ExternalIdByHand", "exporter", ExternalId="by-hand")


def test_mfa_is_asked_for_on_both_sides(world: Any) -> None:
    """Without a code the user is denied; with one, the user's policy and the trust policy let them in."""
    serial = "arn:aws:iam::111111111111:mfa/alice"

    with pytest.raises(ClientError, match="AccessDenied"):
        world.assume("RecentMfa", "alice")
    assert world.assume("RecentMfa", "alice", SerialNumber=serial, TokenCode="123456")


@pytest.mark.parametrize(
    ("grant", "caller", "seconds", "allowed"),
    [
        ("OneUser", "alice", 43200, True),
        ("ServiceRole", "exporter", 3600, True),
        ("ServiceRole", "exporter", 3601, False),
    ],
)
def test_how_long_a_session_lasts(world: Any, grant: str, caller: str, seconds: int, allowed: bool) -> None:
    """A person gets what the grant gives; a role gets an hour at most."""
    if allowed:
        assert world.assume(grant, caller, DurationSeconds=seconds)
    else:
        with pytest.raises(ClientError, match="ValidationError"):
            world.assume(grant, caller, DurationSeconds=seconds)


def test_a_user_needs_the_dev_half_too(world: Any) -> None:
    """The people's half is what DevCallersStack attaches: without it the trust policy alone lets nobody in."""
    iam = world.accounts.session("dev").client("iam")
    arn = "arn:aws:iam::111111111111:policy/Assume-OneUser"
    iam.detach_user_policy(UserName="alice", PolicyArn=arn)
    try:
        with pytest.raises(ClientError, match="AccessDenied"):
            world.assume("OneUser", "alice")
    finally:
        iam.attach_user_policy(UserName="alice", PolicyArn=arn)
    assert world.assume("OneUser", "alice")
