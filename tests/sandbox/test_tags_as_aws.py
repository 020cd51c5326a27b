"""Session tags, and those that a chain of roles hands on, as AWS decides them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
"""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.sandbox.cast import DEV, PROD, Cast, given, make_role, session_of

BOTH = ["sts:AssumeRole", "sts:TagSession"]
TEAM, STAGE = {"Key": "team", "Value": "orders"}, {"Key": "stage", "Value": "live"}
HANDED_ON = {"Tags": [TEAM], "TransitiveTagKeys": ["team"]}


def policy(*actions: str, **statement: Any) -> dict[str, Any]:
    """Return a policy that allows these actions."""
    one = {"Effect": "Allow", "Action": list(actions), "Resource": "*"} | statement
    return {"Version": "2012-10-17", "Statement": [one]}


def trust(*actions: str, account: str = DEV, **condition: Any) -> dict[str, Any]:
    """Return a trust policy that lets an account do these."""
    one = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": list(actions)}
    return {"Version": "2012-10-17", "Statement": [one | ({"Condition": condition} if condition else {})]}


@pytest.fixture
def role(cast: Cast) -> Iterator[Callable[..., str]]:
    """Return a function that makes a role in prod; they are gone after the test."""
    iam = cast.accounts.session("prod").client("iam")
    made: list[str] = []

    def make(name: str, trusted: dict[str, Any], own: dict[str, Any] | None = None) -> str:
        made.append(name)
        return make_role(cast.accounts, "prod", name, trust=trusted, policy=own)

    yield make
    for name in made:
        for each in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=each)
        iam.delete_role(RoleName=name)


@pytest.fixture(scope="module")
def tagger(cast: Cast) -> boto3.Session:
    """Return a session of a role that may tag the sessions that it begins."""
    return session_of(cast.accounts, "dev", "Tagger", policy=policy(*BOTH))


@pytest.fixture(scope="module")
def plain(cast: Cast) -> boto3.Session:
    """Return a session of a role that may begin sessions, and not tag them."""
    return session_of(cast.accounts, "dev", "Plain", policy=policy("sts:AssumeRole"))


def assume(cast: Cast, caller: boto3.Session, arn: str, **asked: Any) -> boto3.Session:
    """Return the session that a caller begins."""
    return given(
        cast.accounts, caller.client("sts").assume_role(RoleArn=arn, RoleSessionName="test", **asked)["Credentials"]
    )


def test_both_sides_must_allow_a_tag(
    cast: Cast, role: Callable[..., str], tagger: boto3.Session, plain: boto3.Session
) -> None:
    """The trust policy's sts:TagSession alone is not enough, nor is the caller's."""
    tagging, untagging = role("Tagging", trust(*BOTH)), role("Untagging", trust("sts:AssumeRole"))

    assert assume(cast, tagger, tagging, Tags=[TEAM])
    for caller, arn in ((plain, tagging), (tagger, untagging)):
        assert assume(cast, caller, arn)
        with pytest.raises(ClientError, match="not authorized to perform: sts:TagSession on resource"):
            assume(cast, caller, arn, Tags=[TEAM])


def test_who_may_not_assume_is_told_of_that(cast: Cast, role: Callable[..., str], tagger: boto3.Session) -> None:
    """Where both are denied, the answer names sts:AssumeRole."""
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        assume(cast, tagger, role("Others", trust(*BOTH, account="333333333333")), Tags=[TEAM])


def test_keys_are_compared_on_both_sides(cast: Cast, role: Callable[..., str], tagger: boto3.Session) -> None:
    """aws:TagKeys has the keys of the call, and aws:RequestTag their values."""
    only_team: dict[str, Any] = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    by_key, by_value = role("ByKey", trust(*BOTH, **only_team)), role("ByValue", trust(*BOTH))
    reader = session_of(
        cast.accounts,
        "dev",
        "Orders",
        policy=policy(*BOTH, Condition={"StringEqualsIfExists": {"aws:RequestTag/team": "orders"}}),
    )

    assert assume(cast, tagger, by_key, Tags=[TEAM])
    assert assume(cast, reader, by_value, Tags=[TEAM])
    for caller, arn, tags in ((tagger, by_key, [TEAM, STAGE]), (reader, by_value, [TEAM | {"Value": "billing"}])):
        with pytest.raises(ClientError, match="AccessDenied"):
            assume(cast, caller, arn, Tags=tags)


def test_a_second_role_must_let_transitive_tags_in(cast: Cast, role: Callable[..., str], tagger: boto3.Session) -> None:
    """A session that bears them is denied by a trust policy without sts:TagSession, although it passes none."""
    first = role("First", trust(*BOTH), policy(*BOTH))
    closed, opened = (
        role(name, trust(*actions, account=PROD))
        for name, actions in (
            ("Closed", ["sts:AssumeRole"]),
            ("Opened", BOTH),
        )
    )
    handing_on, not_handing_on = (assume(cast, tagger, first, **asked) for asked in (HANDED_ON, {"Tags": [TEAM]}))

    assert assume(cast, handing_on, opened)
    assert assume(cast, not_handing_on, closed)
    with pytest.raises(ClientError, match="not authorized to perform: sts:TagSession"):
        assume(cast, handing_on, closed)


def test_the_first_role_must_be_allowed_to_hand_on(cast: Cast, role: Callable[..., str], tagger: boto3.Session) -> None:
    """The first role's own policy needs sts:TagSession for the second role."""
    first = role("First", trust(*BOTH), policy("sts:AssumeRole"))
    opened = role("Opened", trust(*BOTH, account=PROD))

    with pytest.raises(ClientError, match="not authorized to perform: sts:TagSession"):
        assume(cast, assume(cast, tagger, first, **HANDED_ON), opened)


def test_what_is_handed_on_counts_as_the_sessions_own(
    cast: Cast, role: Callable[..., str], tagger: boto3.Session
) -> None:
    """Two hops on, aws:PrincipalTag has it still; a key that is not transitive ends with the first session."""
    first = role("First", trust(*BOTH), policy(*BOTH))
    second = role("Second", trust(*BOTH, account=PROD), policy(*BOTH))
    of_team, of_stage = (
        role(name, trust(*BOTH, account=PROD, StringEquals={f"aws:PrincipalTag/{key}": value}))
        for name, key, value in (("OfTeam", "team", "orders"), ("OfStage", "stage", "live"))
    )
    session = assume(cast, tagger, first, Tags=[TEAM, STAGE], TransitiveTagKeys=["team"])

    assert assume(cast, session, of_stage)
    chained = assume(cast, session, second)
    assert assume(cast, chained, of_team)
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(cast, chained, of_stage)


@pytest.mark.parametrize("tag", [TEAM | {"Value": "billing"}, TEAM | {"Key": "Team"}])
def test_a_transitive_tag_stays_as_it_is(
    cast: Cast, role: Callable[..., str], tagger: boto3.Session, tag: dict[str, str]
) -> None:
    """Nobody on the way sets it to something else."""
    session = assume(cast, tagger, role("First", trust(*BOTH), policy(*BOTH)), **HANDED_ON)

    with pytest.raises(ClientError, match=r"InvalidParameterValue.* conflicts with a transitive tag key"):
        assume(cast, session, role("Opened", trust(*BOTH, account=PROD)), Tags=[tag])


def test_only_a_tag_of_the_call_becomes_transitive(cast: Cast, role: Callable[..., str], tagger: boto3.Session) -> None:
    """A key without its tag is invalid."""
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        assume(cast, tagger, role("First", trust(*BOTH)), Tags=[TEAM], TransitiveTagKeys=["stage"])
