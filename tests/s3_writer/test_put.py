"""One object: what reaches S3, and what the caller gets back."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from s3_writer.connection import ConnectionCache
from s3_writer.errors import PutFailed
from s3_writer.settings import Settings
from tests.fakes.aws import ErrorAnswer, FakeAws

Write = Callable[..., dict[str, Any]]


def test_given_every_field_when_written_then_s3_gets_exactly_these_parameters(
    connections: ConnectionCache, settings: Settings, write: Write
) -> None:
    """Each put names the bucket's owner and carries a SHA-256 checksum."""
    event = {
        "key": "dev/a/report.csv",
        "body": "a;b\n",
        "content_type": "text/csv",
        "metadata": {"made-by": "nightly export"},
    }
    with Stubber(connections.get(settings).s3) as s3:
        s3.add_response(
            "put_object",
            {"ETag": '"abc"', "VersionId": "v7"},
            {
                "Bucket": "reports-222222222222",
                "Key": "dev/a/report.csv",
                "Body": b"a;b\n",
                "ContentType": "text/csv",
                "Metadata": {"made-by": "nightly export"},
                "ExpectedBucketOwner": "222222222222",
                "ChecksumSHA256": base64.b64encode(hashlib.sha256(b"a;b\n").digest()).decode(),
            },
        )
        answer = write(event)

    assert {
        "bucket": "reports-222222222222",
        "key": "dev/a/report.csv",
        "etag": "abc",
        "version_id": "v7",
        "size": 4,
        "existing": False,
    } == answer


def test_given_an_unversioned_bucket_when_written_then_there_is_no_version_id(write: Write) -> None:
    """The answer of an unversioned bucket has a null version id, and the etag comes without its quotes."""
    answer = write({"key": "dev/a", "body": "é"})

    assert {
        "bucket": "reports-222222222222",
        "key": "dev/a",
        "etag": "etag-1",
        "version_id": None,
        "size": 2,
        "existing": False,
    } == answer


def test_given_a_body_when_written_then_its_checksum_and_owner_are_on_the_wire(aws: FakeAws, write: Write) -> None:
    """S3 is sent what it needs to reject a damaged body, or a bucket in another account's hands."""
    write({"key": "dev/a", "body": "text"})

    (put,) = aws.puts

    expected = base64.b64encode(hashlib.sha256(b"text").digest()).decode()
    assert expected == put.headers["x-amz-checksum-sha256"]
    assert put.headers["x-amz-expected-bucket-owner"] == "222222222222"


def test_given_base64_when_written_then_the_decoded_bytes_are_stored(aws: FakeAws, write: Write) -> None:
    """A body in base64 is stored, and counted, decoded."""
    data = bytes(range(256))

    answer = write({"key": "dev/a", "body": base64.b64encode(data).decode(), "encoding": "base64"})

    assert aws.objects["/reports-222222222222/dev/a"] == data
    assert answer["size"] == 256


def test_given_an_empty_body_when_written_then_an_empty_object_is_stored(aws: FakeAws, write: Write) -> None:
    """An empty string is a body."""
    write({"key": "dev/a", "body": ""})

    assert aws.objects == {"/reports-222222222222/dev/a": b""}


def test_given_a_key_with_unusual_characters_when_written_then_it_is_stored_as_it_is(
    aws: FakeAws, write: Write
) -> None:
    """A sound key is never rewritten, whatever a URL would make of it."""
    key = "dev/ü %2e%2e/a+b=c&d?e#f..g/.h"

    assert key == write({"key": key, "body": "x"})["key"]
    assert list(aws.objects) == [f"/reports-222222222222/{key}"]


def test_given_no_key_when_the_event_is_retried_then_the_same_object_is_overwritten(aws: FakeAws, write: Write) -> None:
    """A fresh key comes from the request id, which Lambda keeps when it retries an asynchronous event."""
    first = write({"body": "x"}, request_id="id-1")
    again = write({"body": "x"}, request_id="id-1")
    other = write({"body": "x"}, request_id="id-2")

    assert [first["key"], again["key"], other["key"]] == ["dev/id-1", "dev/id-1", "dev/id-2"]
    assert len(aws.objects) == 2


def test_given_no_prefix_when_a_key_is_made_then_it_is_the_request_id(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A grant for the whole bucket has the empty prefix."""
    monkeypatch.setenv("PREFIX", "")

    assert write({"body": "x"}, request_id="id-1")["key"] == "id-1"


@pytest.mark.parametrize(
    ("status", "code", "check"),
    [
        (403, "AccessDenied", "the role's permissions policy"),
        (404, "NoSuchBucket", "that the bucket in BUCKET exists"),
        (400, "IllegalLocationConstraintException", "BUCKET_REGION"),
        (400, "KMS.DisabledException", "the bucket's KMS key"),
        (400, "ExpiredToken", "whether the role's sessions were revoked"),
        (503, "SlowDown", "nothing if it is rare"),
        (400, "NeverSeenBefore", "NeverSeenBefore among the errors of PutObject"),
    ],
)
def test_given_s3_denies_when_written_then_the_error_says_what_to_check(
    aws: FakeAws, write: Write, status: int, code: str, check: str
) -> None:
    """A denial is raised as PutFailed with AWS's own code and request id, and names what to look at."""
    aws.errors["PutObject"] = ErrorAnswer(status, code)

    with pytest.raises(PutFailed) as caught:
        write({"key": "dev/a", "body": "x"})

    attempts = len(aws.puts)
    assert (code, f"s3-{attempts}") == (caught.value.code, caught.value.request_id)
    assert caught.value.check.startswith(check)
    assert str(caught.value) == (
        f"PutObject on s3://reports-222222222222/dev/a: got {code} (Access Denied), expected success; "
        f"check {caught.value.check}"
    )


def test_given_s3_is_busy_when_written_then_three_attempts_are_made(aws: FakeAws, write: Write) -> None:
    """A put that S3 is too busy for is tried three times in all, then raised."""
    aws.errors["PutObject"] = ErrorAnswer(503, "SlowDown")

    with pytest.raises(PutFailed):
        write({"body": "x"})

    assert len(aws.puts) == 3


def test_given_no_connection_to_s3_when_written_then_the_network_is_named(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What never reaches S3 is a PutFailed too, with botocore's own name for it as the code."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://127.0.0.1:9")  # the discard port: nothing listens

    with pytest.raises(PutFailed) as caught:
        write({"body": "x"})

    assert (caught.value.code, caught.value.request_id) == ("EndpointConnectionError", None)
    assert caught.value.check.startswith("the network: a function in a VPC needs")
