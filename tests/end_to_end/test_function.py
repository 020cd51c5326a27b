"""The deployed function, under its own role's credentials."""

import base64
import hashlib
import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

from cross_account.writer_package import packaged

BUCKET = "kinds-222222222222"


def invoke(world: Any, event: Any) -> tuple[Any, bool]:
    """Return what the function answers, and whether it failed."""
    client = world.accounts.session("dev").client("lambda")
    answer = client.invoke(FunctionName=world.outputs["FunctionName"], Payload=json.dumps(event).encode())
    return json.loads(answer["Payload"].read()), "FunctionError" in answer


def log_lines(world: Any) -> list[dict[str, Any]]:
    """Return the JSON lines of the function's own log group."""
    logs = world.accounts.session("dev").client("logs")
    events = logs.filter_log_events(logGroupName=world.outputs["LogGroupName"])["events"]
    return [json.loads(event["message"]) for event in events if event["message"].lstrip().startswith("{")]


def test_it_writes_with_the_grants_external_id(world: Any) -> None:
    """An object put by the function in dev is there for production to read."""
    answer, failed = invoke(world, {"key": "external/a.txt", "body": "hello", "content_type": "text/plain"})

    assert not failed, answer
    assert {"bucket": BUCKET, "key": "external/a.txt", "size": 5} == {k: answer[k] for k in ("bucket", "key", "size")}
    stored = world.accounts.session("prod").client("s3").get_object(Bucket=BUCKET, Key="external/a.txt")
    assert (b"hello", "text/plain") == (stored["Body"].read(), stored["ContentType"])
    assert answer["version_id"] == stored["VersionId"]


def test_an_object_that_is_there_is_not_doubled(world: Any) -> None:
    """Delivered twice with `if_absent`, an event is answered twice, and its object has one version."""
    event = {"key": "external/once.txt", "body": "hello", "if_absent": True}

    answers = [invoke(world, event)[0] for _ in range(2)]

    assert [False, True] == [answer["existing"] for answer in answers], answers
    versions = world.accounts.session("prod").client("s3").list_object_versions(Bucket=BUCKET, Prefix=event["key"])
    assert [answers[0]["version_id"]] == [version["VersionId"] for version in versions["Versions"]]


def test_a_key_outside_the_prefix_is_denied_by_name(world: Any) -> None:
    """The error is typed and names the field."""
    answer, failed = invoke(world, {"key": "other/a.txt", "body": "hello"})

    assert failed
    assert "InvalidEvent" == answer["errorType"]
    assert "key" in answer["errorMessage"]


def test_many_objects_are_answered_one_by_one(world: Any) -> None:
    """A batch writes what it can, says what it could not, and fails, so that the alarm and a retry see it."""
    answer, failed = invoke(world, {"objects": [{"body": "one"}, {"key": "other/x", "body": "two"}]})

    assert failed
    assert "BatchFailed" == answer["errorType"]
    first, second = json.loads(answer["errorMessage"])["objects"]
    assert first["key"].startswith("external/")
    assert "InvalidEvent" == second["error"]["type"]


def test_a_failed_asynchronous_event_is_not_lost(world: Any) -> None:
    """After its retries the event is in the failure queue, with the error beside it."""
    client = world.accounts.session("dev").client("lambda")
    event = {"key": "other/lost.txt", "body": "keep me"}
    function = world.outputs["FunctionName"]
    client.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode())
    sqs = world.accounts.session("dev").client("sqs")
    deadline = time.monotonic() + 30
    messages: list[Any] = []
    while not messages and time.monotonic() < deadline:
        messages = sqs.receive_message(QueueUrl=world.outputs["FailureQueueUrl"], WaitTimeSeconds=1).get("Messages", [])

    kept = json.loads(messages[0]["Body"])
    assert event == kept["requestPayload"]


def test_its_log_has_json_and_no_secret(world: Any) -> None:
    """A success and a failure leave a JSON line each; no line holds a session token or a body."""
    invoke(world, {"key": "external/log.txt", "body": "sentinel-body"})
    invoke(world, {"key": "other/log.txt", "body": "sentinel-body"})
    lines = log_lines(world)

    assert {"INFO", "ERROR"} <= {line["level"] for line in lines}
    assert "sentinel-body" not in json.dumps(lines)
    assert "SessionToken" not in json.dumps(lines)


PROBE = b"""
import botocore, s3_writer, urllib3

def handler(event, context):
    return [module.__file__ for module in (botocore, s3_writer, urllib3)]
"""


def test_what_is_deployed_is_the_package(world: Any) -> None:
    """The local function has the bytes that AWS's would have, and loads the botocore in them, not one from beside."""
    package = packaged().read_bytes()
    session = world.accounts.session("dev")
    client = session.client("lambda")
    deployed = client.get_function(FunctionName=world.outputs["FunctionName"])["Configuration"]
    probed = io.BytesIO(package)
    with zipfile.ZipFile(probed, "a") as archive:
        archive.writestr("probe.py", PROBE)
    client.create_function(
        FunctionName="Probe",
        Runtime=deployed["Runtime"],
        Role=deployed["Role"],
        Handler="probe.handler",
        Code={"ZipFile": probed.getvalue()},
    )
    answer = json.loads(client.invoke(FunctionName="Probe")["Payload"].read())
    client.delete_function(FunctionName="Probe")

    assert base64.b64encode(hashlib.sha256(package).digest()).decode() == deployed["CodeSha256"]
    botocore, s3_writer, urllib3 = (Path(file) for file in answer)
    assert s3_writer.parents[1] == botocore.parents[1] == urllib3.parents[1]
    assert "site-packages" not in botocore.parts
