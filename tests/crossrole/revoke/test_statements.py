"""What a revocation adds to a policy document and what a restoration takes out, without any account."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

from crossrole.errors import CommandError
from crossrole.iam.session_denials import Cut, Document, covers, denies_everything, is_shut, moment_of, other_kinds
from crossrole.revoke.statements import OURS, restored, revoked, session_name, shut, whole_second

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
BOB = "AROAEXAMPLE:bob"
TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Trust", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def deny(action: Any = "*", resource: Any = "*", **condition: Any) -> dict[str, Any]:
    """Return a Deny statement."""
    base = {"Effect": "Deny", "Action": action, "Resource": resource}
    return base | ({"Condition": condition} if condition else {})


def denying(sts: Any) -> dict[str, Any]:
    """Return a Deny statement of a trust policy."""
    return {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": sts}


def older(moment: str, **more: Any) -> dict[str, Any]:
    """Return what the console and access.toml write."""
    return deny(DateLessThan={"aws:TokenIssueTime": moment}, **more)


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


STATEMENTS = st.lists(
    st.sampled_from(
        [
            deny("s3:DeleteBucket"),
            deny(["*"], ["*"]),
            older("2026-11-24T11:00:00Z"),
            older("2026-11-24T13:00:00.000Z"),
            older("2026-11-24T13:00:00Z", StringEquals={"aws:userid": [BOB, "AROAEXAMPLE:ann"]}),
            {"Sid": "Mine", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"},
        ]
    ),
    max_size=4,
)
CUTS = st.lists(
    st.builds(
        Cut,
        moment=st.datetimes(datetime(2026, 11, 1), datetime(2026, 12, 1), timezones=st.just(UTC)).map(whole_second),  # noqa: DTZ001 hypothesis adds the zone
        session=st.sampled_from([None, BOB, "AROAEXAMPLE:ann"]),
        everything=st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@given(STATEMENTS, CUTS)
def test_revocations_only_add_and_restoring_takes_only_them(found: list[dict[str, Any]], cuts: list[Cut]) -> None:
    """Whatever is in the policy stays, in order; no moment moves back; restoring gives exactly what was found."""
    before: Document | None = document(*found) if found else None
    policy = before
    moments: dict[str | None, list[datetime]] = {}
    for cut in cuts:
        policy = revoked(policy, cut)
        assert found == [each for each in policy["Statement"] if not str(each.get("Sid")).startswith(OURS)]
        assert covers(policy["Statement"], cut)
        assert not cut.everything or denies_everything(policy, "policy")
        assert policy is revoked(policy, cut)
        moments.setdefault(cut.session, []).append(cut.moment)
        for session, wanted in moments.items():
            stands = moment_of(policy, session)
            assert stands
            assert stands >= max(wanted)
        added = [each["Sid"] for each in policy["Statement"] if str(each.get("Sid")).startswith(OURS)]
        assert len(added) == len(set(added))
        assert json.loads(json.dumps(policy)) == policy

    assert before == restored(policy, "policy")


@pytest.mark.parametrize(
    ("statement", "of_all", "of_bob"),
    [
        (older("2026-11-24T12:00:00Z"), True, True),
        (older("2026-11-24T12:00:00.000Z"), True, True),
        (older("2026-11-24T13:00:00+01:00"), True, True),
        (older("2026-11-24T11:59:59Z"), False, False),
        (older("2026-11-24T12:00:00Z", StringEquals={"aws:userid": BOB}), False, True),
        (older("2026-11-24T12:00:00Z", StringEquals={"aws:userid": [BOB, "x"]}), False, False),
        (older("2026-11-24T12:00:00Z", StringEquals={"aws:userid": "AROAEXAMPLE:ann"}), False, False),
        (older("2026-11-24T12:00:00Z", IpAddress={"aws:SourceIp": "10.0.0.0/8"}), False, False),
        (older("soon"), False, False),
        (older("2026-11-24T12:00:00Z") | {"Action": "s3:*"}, False, False),
        (older("2026-11-24T12:00:00Z") | {"Resource": "arn:aws:s3:::a"}, False, False),
        (older("2026-11-24T12:00:00Z") | {"Effect": "Allow"}, False, False),
        (deny(DateLessThan={"aws:CurrentTime": "2026-11-24T12:00:00Z"}), False, False),
        (deny(DateGreaterThan={"aws:TokenIssueTime": "2026-11-24T12:00:00Z"}), False, False),
        (deny(), False, False),
    ],
    ids=str,
)
def test_what_covers_a_cut(statement: dict[str, Any], of_all: bool, of_bob: bool) -> None:
    """Only what denies everything to every session from before, or to the one, saves writing another statement."""
    assert of_all is covers([statement], Cut(NOON))
    assert of_bob is covers([statement], Cut(NOON, BOB))


def test_a_moment_is_rounded_up() -> None:
    """A session that was begun within the second is older than the moment."""
    assert NOON == whole_second(NOON)
    assert NOON + timedelta(seconds=1) == whole_second(NOON + timedelta(microseconds=1))
    assert NOON == whole_second(datetime(2026, 11, 24, 13, tzinfo=timezone(timedelta(hours=1))))


def test_the_trust_policy() -> None:
    """Everyone is denied by one statement after all that was there; a trust that denies everyone is left alone."""
    closed = shut(TRUST)

    assert [*TRUST["Statement"], {**closed["Statement"][-1], "Effect": "Deny"}] == closed["Statement"]
    assert is_shut(closed)
    assert not is_shut(TRUST)
    assert closed is shut(closed)
    assert TRUST == restored(closed, "trust policy")
    assert TRUST is restored(TRUST, "trust policy")


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"},
        {"Principal": {"AWS": "*"}, "Action": "sts:TagSession"},
        {
            "Principal": {"AWS": "*"},
            "Action": "sts:AssumeRole",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {"NotPrincipal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
    ],
    ids=str,
)
def test_a_trust_policy_that_is_open(statement: dict[str, Any]) -> None:
    """A Deny that does not deny everyone is no reason to leave the trust policy as it is."""
    assert not is_shut(document(statement | {"Effect": "Deny"}))


WEB = {"Effect": "Allow", "Principal": {"Federated": "accounts.google.com"}, "Action": "sts:AssumeRoleWithWebIdentity"}


@pytest.mark.parametrize("actions", ["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWith*", "sts:*"])
def test_a_trust_policy_with_another_way_in(actions: str) -> None:
    """A deny of AssumeRole alone leaves a web identity in, so a statement that denies every way is added."""
    half = document(*TRUST["Statement"], WEB | {"Action": actions}, denying(sts="sts:AssumeRole"))

    assert not is_shut(half)
    assert is_shut(document(*TRUST["Statement"], denying(sts="sts:AssumeRole")))
    assert not is_shut(document(*TRUST["Statement"], WEB, denying(sts="sts:AssumeRole*")))
    assert is_shut(document(*TRUST["Statement"], WEB, denying(sts="sts:AssumeRole*") | {"Principal": "*"}))
    assert is_shut(shut(half))
    assert half == restored(shut(half), "trust policy")


def test_who_is_no_aws_principal() -> None:
    """Services and federated identities that are let in are named, those that are denied are not."""
    service = {"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com"], "AWS": "*"}, "Action": "*"}

    assert ["accounts.google.com", "ec2.amazonaws.com"] == other_kinds(document(WEB, service, WEB | {"Effect": "Deny"}))
    assert [] == other_kinds(TRUST)


@pytest.mark.parametrize(
    "theirs",
    [
        deny("s3:DeleteBucket") | {"Sid": f"{OURS}Everything"},
        deny("*") | {"Sid": f"{OURS}ByLegal"},
        older("2026-11-24T12:00:00Z", IpAddress={"aws:SourceIp": "10.0.0.0/8"}) | {"Sid": f"{OURS}OlderSessions"},
        {"Sid": f"{OURS}Session1", "Effect": "Allow", "Action": "*", "Resource": "*"},
    ],
    ids=str,
)
def test_what_is_only_named_like_ours_stays(theirs: dict[str, Any]) -> None:
    """A statement that no revocation writes is somebody else's, whatever its Sid."""
    assert document(theirs) == restored(document(theirs), "policy")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0001-01-01T00:00:00+14:00", None), ("9999-12-31T23:59:59Z", datetime(9998, 12, 31, tzinfo=UTC))],
)
def test_a_moment_at_the_end_of_time(text: str, expected: datetime | None) -> None:
    """One before all years is none; to the last one that is taken a session's length can be added."""
    assert expected == moment_of(document(older(text)), None)


@pytest.mark.parametrize("broken", [{}, {"Statement": "none"}, {"Statement": [{"Action": "*"}]}, {"Statement": [1]}])
def test_what_cannot_be_read_is_not_written_over(broken: dict[str, Any]) -> None:
    """A document whose statements are not understood is left alone."""
    with pytest.raises(CommandError, match="nothing is written over it"):
        revoked(broken | {"Version": "2012-10-17"}, Cut(NOON))
    with pytest.raises(CommandError, match="nothing is written over it"):
        shut(broken)


def test_what_else_a_document_holds_stays() -> None:
    """An Id and an older Version are kept: to change them would change what the other statements mean."""
    found = {"Version": "2008-10-17", "Id": "mine", "Statement": deny("s3:DeleteBucket")}

    policy = revoked(found, Cut(NOON))

    assert {"Version": "2008-10-17", "Id": "mine"} == {key: policy[key] for key in ("Version", "Id")}
    assert found["Statement"] == policy["Statement"][0]


@pytest.mark.parametrize("name", ["", "a", "a b", "a/b", "a*", "ä2", "x" * 65, "a\n"])
def test_no_session_name(name: str) -> None:
    """What STS would take as no role session name is denied, with what it may hold."""
    with pytest.raises(CommandError, match="expected 2 to 64 letters"):
        session_name(name)


@pytest.mark.parametrize("name", ["ab", "alice@example.com", "a_b+c=d,e.f-g", "x" * 64])
def test_a_session_name(name: str) -> None:
    """What STS takes is taken."""
    assert name == session_name(name)
