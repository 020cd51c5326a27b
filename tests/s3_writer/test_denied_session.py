"""A session that is denied: by STS when it is due, or by S3 when it was revoked."""

from collections.abc import Callable
from typing import Any

import pytest

from s3_writer.connection import ConnectionCache
from s3_writer.errors import AssumeRoleFailed, PutFailed
from s3_writer.settings import Settings
from tests.fakes.aws import ErrorAnswer, FakeAws

Write = Callable[..., dict[str, Any]]


def test_given_sts_fails_when_credentials_still_have_a_while_then_they_go_on_writing(
    aws: FakeAws, write: Write
) -> None:
    """In the first window (225 to 112 s before the end of 900) a failing STS stops nothing."""
    aws.lifetime = 200
    write({"body": "x"})
    aws.errors["AssumeRole"] = ErrorAnswer(403, "AccessDenied")

    write({"body": "y"})

    assert aws.objects == {"/reports-222222222222/dev/request-1": b"y"}


def test_given_sts_fails_when_credentials_are_about_to_end_then_it_is_raised(aws: FakeAws, write: Write) -> None:
    """In the last window (112 s) a put might outlive its credentials, so the failure is raised before it."""
    aws.lifetime = 100
    write({"body": "x"})
    aws.errors["AssumeRole"] = ErrorAnswer(403, "AccessDenied")

    with pytest.raises(AssumeRoleFailed):
        write({"body": "y"})

    assert len(aws.puts) == 1


@pytest.mark.parametrize(
    ("code", "check"),
    [
        ("AccessDenied", "that the grant's trust policy in prod names this function's role"),
        ("ValidationError", "DURATION_SECONDS"),
        ("RegionDisabledException", "that STS is active"),
        ("ExpiredToken", "nothing: the function's own credentials ran out"),
        ("NeverSeenBefore", "NeverSeenBefore among the errors of AssumeRole"),
    ],
)
def test_given_sts_denies_when_written_then_nothing_is_put_and_the_error_says_what_to_check(
    aws: FakeAws, write: Write, code: str, check: str
) -> None:
    """A role that can't be assumed is raised as AssumeRoleFailed with AWS's own code and request id."""
    aws.errors["AssumeRole"] = ErrorAnswer(403, code)

    with pytest.raises(AssumeRoleFailed) as caught:
        write({"body": "x"})

    assert (code, "sts-1") == (caught.value.code, caught.value.request_id)
    assert caught.value.check.startswith(check)
    assert aws.puts == []


def test_given_a_denied_role_when_it_is_fixed_then_the_same_instance_writes(aws: FakeAws, write: Write) -> None:
    """A failed AssumeRole leaves nothing behind: the next invocation asks again."""
    aws.errors["AssumeRole"] = ErrorAnswer(403, "AccessDenied")
    with pytest.raises(AssumeRoleFailed):
        write({"body": "x"})

    aws.errors.clear()
    write({"body": "x"})

    assert (2, 1) == (len(aws.assume_roles), len(aws.puts))


def test_given_no_credentials_of_its_own_when_written_then_it_says_so(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function without its execution role's credentials fails as AssumeRoleFailed, not as a bug."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)

    with pytest.raises(AssumeRoleFailed) as caught:
        write({"body": "x"})

    assert caught.value.code == "NoCredentialsError"


def test_given_no_connection_to_sts_when_written_then_the_network_is_named(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What never reaches STS is an AssumeRoleFailed too, with botocore's own name for it as the code."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "https://127.0.0.1:9")  # the discard port: nothing listens

    with pytest.raises(AssumeRoleFailed) as caught:
        write({"body": "x"})

    assert caught.value.code == "EndpointConnectionError"
    assert caught.value.check.startswith("the network: a function in a VPC needs")


@pytest.mark.parametrize("code", ["AccessDenied", "ExpiredToken", "InvalidToken", "InvalidAccessKeyId"])
def test_given_a_revoked_session_when_the_event_is_retried_then_the_role_is_assumed_afresh(
    aws: FakeAws, write: Write, code: str
) -> None:
    """A warm instance doesn't hold on to a session that S3 denies; the denial itself is still raised."""
    write({"body": "x"})
    aws.errors["PutObject"] = ErrorAnswer(403, code)
    with pytest.raises(PutFailed):
        write({"body": "x"})

    aws.errors.clear()
    write({"body": "x"})

    assert len(aws.assume_roles) == 2
    assert ["ASIAASSUMED1", "ASIAASSUMED1", "ASIAASSUMED2"] == [put.access_key for put in aws.puts]


def test_given_an_error_of_another_kind_when_written_again_then_the_session_is_kept(aws: FakeAws, write: Write) -> None:
    """A missing bucket says nothing about the session: no extra call to STS."""
    aws.errors["PutObject"] = ErrorAnswer(404, "NoSuchBucket")
    with pytest.raises(PutFailed):
        write({"body": "x"})

    aws.errors.clear()
    write({"body": "x"})

    assert len(aws.assume_roles) == 1


def test_given_a_session_was_replaced_when_the_old_one_is_dropped_then_the_new_one_stays(
    aws: FakeAws, connections: ConnectionCache, settings: Settings
) -> None:
    """Threads that fail on one revoked session lead to one new session, not to one each."""
    old = connections.get(settings)
    connections.drop(old)
    new = connections.get(settings)

    connections.drop(old)

    assert new is connections.get(settings)
    assert len(aws.assume_roles) == 2
