"""The assumed-role session: how often STS is asked, by whom, and when the session is given up."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.httpsession
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import NoCredentialsError

from s3_writer.connection import ConnectionCache
from s3_writer.credentials import refresh_windows
from s3_writer.errors import AssumeRoleFailed, PutFailed
from s3_writer.settings import Settings
from tests.writer.fake_aws import FakeAws, Refusal

Write = Callable[..., dict[str, Any]]


def test_given_a_cold_start_when_written_then_the_role_is_assumed_by_the_function(aws: FakeAws, write: Write) -> None:
    """AssumeRole is signed by the function's own credentials in its region, and asks for nothing else."""
    write({"body": "x"})

    (call,) = aws.assume_roles

    assert (call.access_key, call.region) == ("ASIAFUNCTION", "eu-west-1")
    assert {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": "arn:aws:iam::222222222222:role/DevAccountAccessS3Role",
        "RoleSessionName": "writer@0123456789abcdef0123456789abcdef",
        "DurationSeconds": "900",
    } == call.parameters


def test_given_an_external_id_when_the_role_is_assumed_then_it_is_passed(
    aws: FakeAws, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A grant with an external ID is asked with it."""
    monkeypatch.setenv("EXTERNAL_ID", "shared-id-1")

    write({"body": "x"})

    assert [call.parameters["ExternalId"] for call in aws.assume_roles] == ["shared-id-1"]


def test_given_an_assumed_role_when_written_then_the_put_is_signed_by_it(aws: FakeAws, write: Write) -> None:
    """The put carries the assumed role's key and token, and is signed for the bucket's region."""
    write({"body": "x"})

    (put,) = aws.puts

    assert (put.access_key, put.region) == ("ASIAASSUMED1", "eu-central-1")
    assert put.headers["x-amz-security-token"] == "assumed-token-1"


@pytest.mark.parametrize("duration", [900, 1800, 3600])
def test_given_credentials_that_last_when_twenty_are_written_then_sts_is_asked_once(
    aws: FakeAws, write: Write, monkeypatch: pytest.MonkeyPatch, duration: int
) -> None:
    """No call to STS while the credentials last, however short the life they were asked for."""
    monkeypatch.setenv("DURATION_SECONDS", str(duration))

    for number in range(20):
        write({"body": "x"}, request_id=str(number))

    assert len(aws.assume_roles) == 1
    assert ["ASIAASSUMED1"] * 20 == [put.access_key for put in aws.puts]


def test_given_sixteen_cold_threads_when_they_write_then_sts_is_asked_once(aws: FakeAws, write: Write) -> None:
    """Threads that start cold together share one session."""
    together = threading.Barrier(16)

    def cold(number: int) -> str:
        together.wait()
        return str(write({"body": "x"}, request_id=str(number))["key"])

    with ThreadPoolExecutor(16) as threads:
        keys = set(threads.map(cold, range(16)))

    assert len(aws.assume_roles) == 1
    assert (16, {"ASIAASSUMED1"}) == (len(keys), {put.access_key for put in aws.puts})


@pytest.mark.parametrize(("duration", "windows"), [(900, (225, 112)), (1800, (450, 225)), (3600, (900, 450))])
def test_given_a_duration_when_windows_are_asked_then_they_are_a_quarter_and_an_eighth(
    duration: int, windows: tuple[int, int]
) -> None:
    """The windows shrink with the credentials' life, and are never wider than botocore's own."""
    assert windows == refresh_windows(duration)


def test_given_credentials_near_their_end_when_written_then_they_are_renewed(aws: FakeAws, write: Write) -> None:
    """Inside the windows the role is assumed again, and the newest credentials sign."""
    aws.lifetime = 100
    write({"body": "x"})
    aws.lifetime = 900
    write({"body": "x"})
    calls = len(aws.assume_roles)

    write({"body": "x"})

    assert calls == len(aws.assume_roles)
    assert f"ASIAASSUMED{calls}" == aws.puts[-1].access_key


def test_given_sts_fails_when_credentials_still_have_a_while_then_they_go_on_writing(
    aws: FakeAws, write: Write
) -> None:
    """In the first window (225 to 112 s before the end of 900) a failing STS stops nothing."""
    aws.lifetime = 200
    write({"body": "x"})
    aws.refusals["AssumeRole"] = Refusal(403, "AccessDenied")

    write({"body": "y"})

    assert aws.objects == {"/reports-222222222222/dev/request-1": b"y"}


def test_given_sts_fails_when_credentials_are_about_to_end_then_it_is_raised(aws: FakeAws, write: Write) -> None:
    """In the last window (112 s) a put might outlive its credentials, so the failure is raised before it."""
    aws.lifetime = 100
    write({"body": "x"})
    aws.refusals["AssumeRole"] = Refusal(403, "AccessDenied")

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
def test_given_sts_refuses_when_written_then_nothing_is_put_and_the_error_says_what_to_check(
    aws: FakeAws, write: Write, code: str, check: str
) -> None:
    """A role that can't be assumed is raised as AssumeRoleFailed with AWS's own code and request id."""
    aws.refusals["AssumeRole"] = Refusal(403, code)

    with pytest.raises(AssumeRoleFailed) as caught:
        write({"body": "x"})

    assert (code, "sts-1") == (caught.value.code, caught.value.request_id)
    assert caught.value.check.startswith(check)
    assert aws.puts == []


def test_given_a_refused_role_when_it_is_mended_then_the_same_instance_writes(aws: FakeAws, write: Write) -> None:
    """A failed AssumeRole leaves nothing behind: the next invocation asks again."""
    aws.refusals["AssumeRole"] = Refusal(403, "AccessDenied")
    with pytest.raises(AssumeRoleFailed):
        write({"body": "x"})

    aws.refusals.clear()
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
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")  # the discard port: nothing listens

    with pytest.raises(AssumeRoleFailed) as caught:
        write({"body": "x"})

    assert caught.value.code == "EndpointConnectionError"
    assert caught.value.check.startswith("the network: a function in a VPC needs")


@pytest.mark.parametrize("code", ["AccessDenied", "ExpiredToken", "InvalidToken", "InvalidAccessKeyId"])
def test_given_a_revoked_session_when_the_event_is_retried_then_the_role_is_assumed_afresh(
    aws: FakeAws, write: Write, code: str
) -> None:
    """A warm instance doesn't hold on to a session that S3 refuses; the refusal itself is still raised."""
    write({"body": "x"})
    aws.refusals["PutObject"] = Refusal(403, code)
    with pytest.raises(PutFailed):
        write({"body": "x"})

    aws.refusals.clear()
    write({"body": "x"})

    assert len(aws.assume_roles) == 2
    assert ["ASIAASSUMED1", "ASIAASSUMED1", "ASIAASSUMED2"] == [put.access_key for put in aws.puts]


def test_given_a_refusal_of_another_kind_when_written_again_then_the_session_is_kept(
    aws: FakeAws, write: Write
) -> None:
    """A missing bucket says nothing about the session: no extra call to STS."""
    aws.refusals["PutObject"] = Refusal(404, "NoSuchBucket")
    with pytest.raises(PutFailed):
        write({"body": "x"})

    aws.refusals.clear()
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


@pytest.mark.parametrize(
    ("here", "url"),
    [
        ("S3", "https://sts.us-east-1.amazonaws.com/"),
        ("STS", "https://reports-222222222222.s3.eu-central-1.amazonaws.com/dev/request-1"),
    ],
)
def test_given_legacy_settings_when_written_then_the_regional_endpoints_are_asked(
    write: Write, monkeypatch: pytest.MonkeyPatch, here: str, url: str
) -> None:
    """STS is asked in the function's region even where legacy settings point to the global endpoint."""
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{here}", os.environ["AWS_ENDPOINT_URL"])
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    asked: list[str] = []
    send = botocore.httpsession.URLLib3Session.send

    def watch(self: botocore.httpsession.URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        if ".amazonaws.com" not in request.url:
            return send(self, request)
        asked.append(request.url)
        raise NoCredentialsError  # any error that isn't retried: nothing may leave this machine

    monkeypatch.setattr(botocore.httpsession.URLLib3Session, "send", watch)
    with pytest.raises((AssumeRoleFailed, PutFailed)):
        write({"body": "x"})

    assert [url] == asked
