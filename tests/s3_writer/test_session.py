"""The assumed-role session: how often STS is asked, with which keys, where, and for how long."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.httpsession
import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.exceptions import NoCredentialsError

from s3_writer.credentials import refresh_windows
from s3_writer.errors import AssumeRoleFailed, PutFailed
from tests.fakes.aws import FakeAws

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
    aws.delay = 0.02  # so that they overlap
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


def test_given_clients_when_made_then_both_give_up_within_a_functions_time(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STS and S3 are called with timeouts and attempts that end before Lambda cuts the function off."""
    limits: dict[str, tuple[float, float, object]] = {}
    create = botocore.session.Session.create_client

    def watch(self: botocore.session.Session, service_name: str, *args: Any, **options: Any) -> BaseClient:
        client = create(self, service_name, *args, **options)
        config: Any = client.meta.config
        limits[service_name] = (config.connect_timeout, config.read_timeout, config.retries)
        return client

    monkeypatch.setattr(botocore.session.Session, "create_client", watch)
    write({"body": "x"})

    expected = (2, 5, {"mode": "standard", "total_max_attempts": 3})
    assert {"sts": expected, "s3": expected} == limits


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
