"""What goes over the wire, counted: calls to STS, puts, connections, and who signed what."""

import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import botocore
import botocore.loaders
import botocore.session
import pytest

from s3_writer import client_options
from s3_writer.client_options import certificates
from s3_writer.connection import ConnectionCache
from s3_writer.settings import Settings
from tests.fakes.aws import ErrorAnswer, FakeAws

Write = Callable[..., dict[str, Any]]
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----")


def test_given_two_hundred_invocations_when_counted_then_there_is_one_session_and_a_put_each(
    aws: FakeAws, write: Write
) -> None:
    """One AssumeRole, one request a put by the role it gave, and the same two connections from first to last."""
    for number in range(200):
        write({"body": "x"}, request_id=str(number))

    assert {
        "AssumeRole": 1,
        "AssumeRole signed by ASIAFUNCTION": 1,
        "PutObject": 200,
        "PutObject signed by ASIAASSUMED1": 200,
        "connections": 2,
        "Expect": 0,
    } == aws.counts
    assert 200 == len(aws.objects)


def test_given_a_large_batch_when_written_then_its_connections_are_bounded(aws: FakeAws, write: Write) -> None:
    """Each object is put once, by one session, over no more connections than there are puts at once."""
    aws.delay = 0.005  # so that the puts overlap

    answer = write({"objects": [{"body": str(number)} for number in range(200)]}, request_id="id")

    assert [f"dev/id-{number}" for number in range(200)] == [each["key"] for each in answer["objects"]]
    assert {f"/reports-222222222222/dev/id-{number}": b"%d" % number for number in range(200)} == aws.objects
    assert (1, 200) == (aws.counts["AssumeRole"], aws.counts["PutObject"])
    assert 2 < aws.counts["connections"] <= 1 + 32  # one of them is to STS


def test_given_a_put_when_signed_then_its_checksum_and_owner_are_in_the_signature(aws: FakeAws, write: Write) -> None:
    """Nobody on the way can take out what makes S3 reject a damaged body or a wrong bucket; the body is whole."""
    write({"body": "text", "metadata": {"job": "nightly"}})

    (put,) = aws.puts
    assert set() == put.unsigned
    assert "content-encoding" not in put.headers
    assert b"text" == put.body


def test_given_credentials_that_end_under_load_when_written_then_no_put_fails(
    aws: FakeAws, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight threads write while the session is renewed again and again; S3 denies what an ended one signed."""
    monkeypatch.setattr("s3_writer.credentials.refresh_windows", lambda _duration: (2, 1))
    aws.lifetime = 2.2
    aws.delay = 0.01
    numbers = count()

    def write_on(_thread: int) -> int:
        written = 0
        while len(aws.assume_roles) < 5:
            write({"body": "x"}, request_id=str(next(numbers)))
            written += 1
        return written

    with ThreadPoolExecutor(8) as threads:
        written = sum(threads.map(write_on, range(8)))

    assert written == len(aws.objects) == aws.counts["PutObject"]
    assert 5 == len(aws.assume_roles)


def test_given_an_ended_session_when_it_signs_then_the_fake_s3_rejects_it(aws: FakeAws, write: Write) -> None:
    """The server of these tests knows an ended session, so that the test above can fail."""
    aws.lifetime = 200
    write({"body": "x"})
    aws.errors["AssumeRole"] = ErrorAnswer(503, "ServiceUnavailable")
    aws.end_sessions()

    with pytest.raises(Exception, match="ExpiredToken"):
        write({"body": "x"})


def test_given_a_damaged_body_when_it_arrives_then_the_fake_s3_rejects_it(
    aws: FakeAws, connections: ConnectionCache, settings: Settings
) -> None:
    """The server of these tests compares the checksum, in a header or after a body in chunks."""
    s3 = connections.get(settings).s3

    with pytest.raises(s3.exceptions.ClientError, match="BadDigest"):
        s3.put_object(Bucket=settings.bucket, Key="dev/a", Body=b"text", ChecksumSHA256="0" * 43 + "=")
    assert {} == aws.objects
    s3.put_object(Bucket=settings.bucket, Key="dev/a", Body=b"text", ChecksumAlgorithm="SHA256")
    assert {"/reports-222222222222/dev/a": b"text"} == aws.objects


def test_given_a_sound_environment_when_prepared_then_nothing_is_asked(
    aws: FakeAws, connections: ConnectionCache, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first event the clients are made, and no connection; the first event uses them."""
    connections.prepare(os.environ)

    assert {} == aws.counts
    monkeypatch.setattr("s3_writer.connection.connect", None)
    write({"body": "x"})
    assert 1 == aws.counts["AssumeRole"]


def test_given_no_environment_when_prepared_then_nothing_is_made(
    connections: ConnectionCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault waits for the first event."""
    monkeypatch.setattr("s3_writer.connection.connect", lambda _settings: pytest.fail("made"))

    connections.prepare({})


def test_given_a_snapshot_when_prepared_then_models_are_read_and_no_client_is_kept(
    aws: FakeAws, connections: ConnectionCache, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a snapshot may hold is read before it, so that a restored environment reads nothing of it again."""
    monkeypatch.setattr("botocore.session.create_loader", botocore.loaders.create_loader)
    connections.prepare({**os.environ, "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"})
    assert {} == aws.counts

    monkeypatch.setattr("botocore.loaders.JSONFileLoader.load_file", lambda *_: pytest.fail("read again"))
    write({"body": "x"})
    assert 1 == aws.counts["PutObject"]


def test_the_roots_are_authorities_that_botocore_trusts() -> None:
    """Amazon's five are still among those that botocore ships."""
    ours = CERTIFICATE.findall(Path(client_options.__file__).with_name("amazon_roots.pem").read_text())
    botocores = CERTIFICATE.findall(Path(botocore.__file__).with_name("cacert.pem").read_text())

    assert 5 == len(set(ours))
    assert set(ours) <= set(botocores)


@pytest.mark.parametrize(
    ("region", "bundle", "expected"),
    [
        ("eu-west-1", None, "amazon_roots.pem"),
        ("eu-west-1", "/etc/own.pem", None),
        ("cn-north-1", None, None),
        ("us-gov-west-1", None, None),
        ("nowhere-1", None, None),
    ],
)
def test_amazons_roots_are_trusted_alone_only_where_they_are_known_to_do(
    monkeypatch: pytest.MonkeyPatch, region: str, bundle: str | None, expected: str | None
) -> None:
    """Another partition, a region that nobody knows, or a bundle that the environment names is botocore's matter."""
    monkeypatch.delenv("AWS_CA_BUNDLE")
    if bundle is not None:
        monkeypatch.setenv("AWS_CA_BUNDLE", bundle)

    chosen = certificates(botocore.session.Session(), region)

    assert expected == (chosen and Path(chosen).name)
