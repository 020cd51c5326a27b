"""Many objects: each is attempted, each is answered, and any failure is raised."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from s3_writer.errors import AssumeRoleFailed, BatchFailed
from tests.fakes.aws import ErrorAnswer, FakeAws

Write = Callable[..., dict[str, Any]]
Logged = Callable[[], list[dict[str, Any]]]


def test_given_sound_objects_when_written_then_each_is_answered_in_order(aws: FakeAws, write: Write) -> None:
    """A batch answers every object, in the event's order, by one session."""
    answer = write({"objects": [{"key": "dev/b", "body": "1"}, {"key": "dev/a", "body": "22"}]})

    assert ["objects"] == list(answer)
    assert [("dev/b", 1), ("dev/a", 2)] == [(each["key"], each["size"]) for each in answer["objects"]]
    assert {"etag-1", "etag-2"} == {each["etag"] for each in answer["objects"]}
    assert len(aws.assume_roles) == 1


def test_given_objects_without_keys_when_written_then_each_gets_its_own(write: Write) -> None:
    """Fresh keys in a batch come from the request id and the object's place."""
    answer = write({"objects": [{"body": "x"}, {"key": "dev/k", "body": "x"}, {"body": "x"}]}, request_id="id")

    assert ["dev/id-0", "dev/k", "dev/id-2"] == [each["key"] for each in answer["objects"]]


def test_given_invalid_objects_when_written_then_the_others_are_and_it_is_raised(aws: FakeAws, write: Write) -> None:
    """The message of BatchFailed is a JSON document with each object's result, in order."""
    objects = [{"key": "prod/a", "body": "x"}, {"key": "dev/a", "body": "x"}, "x", {"body": 1}]

    with pytest.raises(BatchFailed) as caught:
        write({"objects": objects})

    def invalid(field: str, message: str) -> dict[str, Any]:
        return {"error": {"type": "InvalidEvent", "message": f"{field}: {message}", "field": field}}

    assert {
        "objects": [
            invalid("objects[0].key", "got 'prod/a', expected a key that begins with 'dev/'"),
            {
                "bucket": "reports-222222222222",
                "key": "dev/a",
                "etag": "etag-1",
                "version_id": None,
                "size": 1,
                "existing": False,
            },
            invalid("objects[2]", "got a string, expected an object with a 'body'"),
            invalid("objects[3].body", "got a number, expected a string"),
        ]
    } == json.loads(str(caught.value))
    assert list(aws.objects) == ["/reports-222222222222/dev/a"]


def test_given_s3_denies_when_a_batch_is_written_then_every_object_is_attempted_once(
    aws: FakeAws, write: Write
) -> None:
    """Denied puts are answered one by one, with AWS's code and request id, and cost no extra call to STS."""
    aws.errors["PutObject"] = ErrorAnswer(403, "AccessDenied")

    with pytest.raises(BatchFailed) as caught:
        write({"objects": [{"body": "1"}, {"body": "2"}, {"body": "3"}]})

    errors = [each["error"] for each in json.loads(str(caught.value))["objects"]]
    assert [("PutFailed", "AccessDenied")] * 3 == [(error["type"], error["code"]) for error in errors]
    assert {"s3-1", "s3-2", "s3-3"} == {error["request_id"] for error in errors}
    assert (1, 3) == (len(aws.assume_roles), len(aws.puts))


def test_given_a_revoked_session_when_a_batch_is_retried_then_the_role_is_assumed_afresh(
    aws: FakeAws, write: Write
) -> None:
    """A batch drops a denied session as a single put does."""
    aws.errors["PutObject"] = ErrorAnswer(403, "AccessDenied")
    with pytest.raises(BatchFailed):
        write({"objects": [{"body": "1"}, {"body": "2"}]})

    aws.errors.clear()
    write({"objects": [{"body": "1"}, {"body": "2"}]})

    assert len(aws.assume_roles) == 2
    assert {"ASIAASSUMED2"} == {put.access_key for put in aws.puts[2:]}


def test_given_sts_denies_when_a_batch_is_written_then_it_is_asked_once(aws: FakeAws, write: Write) -> None:
    """A role that can't be assumed is one failure of the invocation, not one for each object."""
    aws.errors["AssumeRole"] = ErrorAnswer(403, "AccessDenied")

    with pytest.raises(AssumeRoleFailed):
        write({"objects": [{"body": "1"}, {"body": "2"}]})

    assert (1, 0) == (len(aws.assume_roles), len(aws.puts))


def test_given_credentials_about_to_end_when_sts_fails_then_a_warm_batch_is_one_failure_too(
    aws: FakeAws, write: Write
) -> None:
    """Credentials that are due are renewed before the first put of an invocation, not in each of its puts."""
    aws.lifetime = 100
    write({"body": "x"})
    aws.errors["AssumeRole"] = ErrorAnswer(403, "AccessDenied")

    with pytest.raises(AssumeRoleFailed):
        write({"objects": [{"body": "1"}, {"body": "2"}]})

    assert len(aws.puts) == 1


def test_given_only_invalid_objects_when_written_then_aws_is_not_asked(aws: FakeAws, write: Write) -> None:
    """A batch with nothing to write costs no call to STS."""
    with pytest.raises(BatchFailed):
        write({"objects": [{"key": "a", "body": "x"}]})

    assert [] == aws.assume_roles


def test_given_a_mixed_batch_when_written_then_each_object_is_one_line_of_the_log(write: Write, logged: Logged) -> None:
    """Each object's outcome is logged once, and the batch itself adds no line."""
    with pytest.raises(BatchFailed):
        write({"objects": [{"key": "dev/a", "body": "x"}, {"key": "b", "body": "x"}, {"body": 1}]})

    assert [("ERROR", "InvalidEvent"), ("ERROR", "InvalidEvent"), ("INFO", None)] == sorted(
        ((line["level"], line.get("error")) for line in logged()), key=str
    )
