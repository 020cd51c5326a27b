"""Each fault that AWS or the network can have, over real sockets: retried by botocore, or reported as it is."""

import json
import logging
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from s3_writer.errors import AssumeRoleFailed, BatchFailed, PutFailed, WriterError
from tests.fakes.aws import ErrorAnswer, FakeAws, Fault
from tests.fakes.server import Answer, Server, Wire

pytestmark = pytest.mark.usefixtures("impatient")
Write = Callable[..., dict[str, Any]]
Logged = Callable[[], list[dict[str, Any]]]

SECRETS = re.compile("function-(secret|token)|assumed-(secret|token)")
SKEWED = "Signature expired: 20261124T120000Z is now earlier than 20261124T121500Z (20261124T123000Z - 15 min.)"
KMS = "User: arn:aws:sts::222222222222:assumed-role/R/s is not authorized to perform: kms:GenerateDataKey on resource"
REDIRECT = "Please re-send this request to the specified temporary endpoint."
CREDENTIALS = (
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId>"
    "<SecretAccessKey>assumed-secret-0</SecretAccessKey><SessionToken>assumed-token-0</SessionToken>"
)
BUSY = "nothing if it is rare"
NETWORK = "the network"
NOT_AWS = "for a proxy or endpoint that answers"
SIGNATURE = "for a proxy or endpoint that changes signed requests"


class Case(NamedTuple):
    """A fault, the codes that it may be reported with, how its `check` begins, and whether botocore tries again."""

    fault: Fault
    codes: set[str]
    check: str
    again: bool


# What the client notices of a reset depends on what it was about to do.
RESET = {"ConnectionClosedError", "SSLError", "EndpointConnectionError", "HTTPClientError"}

STS = {
    "throttled": Case(ErrorAnswer(400, "Throttling", "Rate exceeded"), {"Throttling"}, BUSY, again=True),
    "500": Case(ErrorAnswer(500, "InternalFailure"), {"InternalFailure"}, BUSY, again=True),
    "503": Case(ErrorAnswer(503, "ServiceUnavailable"), {"ServiceUnavailable"}, BUSY, again=True),
    "502 of a proxy": Case(Answer(502, "<html>Bad Gateway"), {"502"}, BUSY, again=True),
    "hang": Case(Wire.HANG, {"ReadTimeoutError"}, NETWORK, again=True),
    "reset": Case(Wire.RESET_BEFORE_BODY, RESET, NETWORK, again=True),
    "denied": Case(ErrorAnswer(403, "AccessDenied"), {"AccessDenied"}, "that the grant's trust policy", again=False),
    "clock skew": Case(
        ErrorAnswer(403, "SignatureDoesNotMatch", SKEWED), {"SignatureDoesNotMatch"}, SIGNATURE, again=False
    ),
    "expired": Case(
        Answer(
            200,
            f"{CREDENTIALS}<Expiration>2026-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
            "</AssumeRoleResponse>",
        ),
        {"UnusableAnswer"},
        NOT_AWS,
        again=False,
    ),
    "no date": Case(
        Answer(
            200, f"{CREDENTIALS}<Expiration>soon</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        ),
        {"UnusableAnswer"},
        NOT_AWS,
        again=False,
    ),
    "cut off": Case(Answer(200, CREDENTIALS), {"UnusableAnswer"}, NOT_AWS, again=False),
    "without credentials": Case(Answer(200, "<AssumeRoleResponse/>"), {"UnusableAnswer"}, NOT_AWS, again=False),
    "empty": Case(Answer(200, ""), {"UnusableAnswer"}, NOT_AWS, again=False),
    "an error that is not XML": Case(Answer(403, "assumed-token-0"), {"UnusableAnswer"}, NOT_AWS, again=False),
    "not HTTP": Case(Wire.NOISE, {"ConnectionClosedError"}, NETWORK, again=True),
}

S3 = {
    "500": Case(ErrorAnswer(500, "InternalError"), {"InternalError"}, BUSY, again=True),
    "503": Case(ErrorAnswer(503, "SlowDown", "Please reduce your request rate."), {"SlowDown"}, BUSY, again=True),
    "503 without a body": Case(Answer(503, ""), {"503"}, BUSY, again=True),
    "reset before the body": Case(Wire.RESET_BEFORE_BODY, RESET, NETWORK, again=True),
    "reset after the body": Case(Wire.RESET_AFTER_BODY, RESET, NETWORK, again=True),
    "hang": Case(Wire.HANG, {"ReadTimeoutError"}, NETWORK, again=True),
    "hang though stored": Case(Wire.HANG_AFTER, {"ReadTimeoutError"}, NETWORK, again=True),
    "not HTTP": Case(Wire.NOISE, {"ConnectionClosedError"}, NETWORK, again=True),
    "redirect to a region": Case(
        ErrorAnswer(307, "TemporaryRedirect", REDIRECT, headers={"x-amz-bucket-region": "eu-central-1"}),
        {"TemporaryRedirect"},
        "whether the bucket is a new one",
        again=True,
    ),
    "redirect to nowhere": Case(
        ErrorAnswer(307, "TemporaryRedirect", REDIRECT),
        {"TemporaryRedirect"},
        "whether the bucket is a new one",
        again=False,
    ),
    "denied": Case(ErrorAnswer(403, "AccessDenied"), {"AccessDenied"}, "the role's permissions policy", again=False),
    "KMS denied": Case(ErrorAnswer(403, "AccessDenied", KMS), {"AccessDenied"}, "the role's permissions", again=False),
    "KMS disabled": Case(
        ErrorAnswer(400, "KMS.DisabledException"), {"KMS.DisabledException"}, "the bucket's KMS key", again=False
    ),
    "clock skew": Case(ErrorAnswer(403, "RequestTimeTooSkewed"), {"RequestTimeTooSkewed"}, SIGNATURE, again=False),
    "conflict": Case(
        ErrorAnswer(409, "ConditionalRequestConflict"),
        {"ConditionalRequestConflict"},
        "nothing: another request changed the key",
        again=False,
    ),
    "damaged on its way": Case(Wire.DAMAGE, {"BadDigest"}, "nothing if it is rare: the body", again=False),
    "an answer of nothing": Case(Answer(200, ""), {"UnusableAnswer"}, NOT_AWS, again=False),
    "a size in no digits": Case(
        Answer(200, "", {"ETag": '"etag-1"', "x-amz-object-size": "much"}), {"UnusableAnswer"}, NOT_AWS, again=False
    ),
}

ALL = [(operation, name) for operation, cases in (("AssumeRole", STS), ("PutObject", S3)) for name in cases]


def case_of(operation: str, name: str) -> Case:
    """Look a fault up."""
    return {"AssumeRole": STS, "PutObject": S3}[operation][name]


@pytest.mark.parametrize(("operation", "name"), ALL)
def test_given_a_lasting_fault_when_written_then_it_is_reported_and_forgotten(
    *, aws: FakeAws, write: Write, logged: Logged, caplog: pytest.LogCaptureFixture, operation: str, name: str
) -> None:
    """It is raised with AWS's code and what to check, no secret in sight; once it is over, the same instance writes."""
    caplog.set_level(logging.INFO)
    case = case_of(operation, name)
    aws.errors[operation] = case.fault

    with pytest.raises(WriterError) as caught:
        write({"body": "x"})

    error = caught.value
    assert {"AssumeRole": AssumeRoleFailed, "PutObject": PutFailed}[operation] is type(error)
    assert error.code in case.codes
    assert error.check.startswith(case.check)
    limit = 2 if name == "redirect to a region" else 3
    assert (limit if case.again else 1) == aws.attempts[operation]
    (line,) = logged()
    assert ("ERROR", error.code, operation) == (line["level"], line["code"], line["operation"])
    assert SECRETS.search(f"{error} {line} {caplog.text}") is None
    aws.errors.clear()
    write({"body": "y"})
    assert {"/reports-222222222222/dev/request-1": b"y"} == aws.objects


@pytest.mark.parametrize(("operation", "name"), [each for each in ALL if case_of(*each).again])
def test_given_a_passing_fault_when_written_then_botocore_tries_again(
    aws: FakeAws, write: Write, operation: str, name: str
) -> None:
    """What may be over at once is tried again within the invocation, which then knows nothing of it."""
    aws.faults[operation] = [case_of(operation, name).fault]

    write({"body": "x"})

    assert 2 == aws.attempts[operation]
    assert {"/reports-222222222222/dev/request-1": b"x"} == aws.objects


@pytest.mark.parametrize("name", S3)
def test_given_a_fault_in_a_batch_when_written_then_the_others_are_whole(aws: FakeAws, write: Write, name: str) -> None:
    """A batch reports each object: one that met a fault by its error, every other by its receipt."""
    case = S3[name]
    aws.faults["PutObject"] = [case.fault]
    objects = [{"key": f"dev/{number}", "body": str(number)} for number in range(5)]

    try:
        answers = write({"objects": objects})["objects"]
    except BatchFailed as failed:
        answers = json.loads(str(failed))["objects"]

    errors = [answer["error"] for answer in answers if "error" in answer]
    assert [] == errors if case.again else {error["code"] for error in errors} <= case.codes
    assert (0 if case.again else 1) == len(errors)
    confirmed = {f"/reports-222222222222/{answer['key']}" for answer in answers if "error" not in answer}
    assert confirmed <= set(aws.objects)
    assert all(body.decode() == path[-1] for path, body in aws.objects.items())


@pytest.mark.parametrize(
    ("variable", "value", "code", "check"),
    [
        ("BUCKET", "reports-333333333333", "NoSuchBucket", "that the bucket in BUCKET exists"),
        ("BUCKET_OWNER", "333333333333", "AccessDenied", "the role's permissions policy and the key against its"),
    ],
)
def test_given_another_bucket_or_owner_when_written_then_s3_denies_it(
    *, aws: FakeAws, write: Write, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, code: str, check: str
) -> None:
    """A bucket that is gone, or in another account's hands by now, gets nothing."""
    monkeypatch.setenv(variable, value)

    with pytest.raises(PutFailed) as caught:
        write({"body": "x"})

    assert code == caught.value.code
    assert caught.value.check.startswith(check)
    assert {} == aws.objects


def test_given_idle_connections_were_dropped_when_written_then_nobody_notices(
    aws: FakeAws, server: Server, write: Write
) -> None:
    """A connection that ended between two invocations, as in a frozen environment, is made anew."""
    write({"key": "dev/a", "body": "x"})
    server.drop_idle()

    write({"key": "dev/b", "body": "x"})

    assert 2 == len(aws.objects)
    assert (1, 3) == (aws.counts["AssumeRole"], aws.counts["connections"])
