"""True errors from the two local accounts, explained; the certain answer is compared with what happened."""

import json
import shlex
import subprocess
import traceback
from typing import Any

import pytest
from botocore.exceptions import ClientError

BUCKET = "kinds-222222222222"


def aws(shell: Any, *words: str, **environment: str) -> str:
    """Return what the real AWS CLI says of a call that fails."""
    command = ["aws", *words]
    done = subprocess.run(command, env=shell.environment | environment, capture_output=True, text=True, check=False)
    assert 0 != done.returncode, done.stdout
    # The emulator's STS leaves out the role in some answers; the command that was typed, copied too, names it.
    return f"$ {shlex.join(command)}\n{done.stderr}"


def explained(shell: Any, text: str) -> dict[str, Any]:
    """Return the first trouble of a text, which goes in as a person pipes it."""
    done = shell.crossrole("explain", "-", "--json", stdin=text)
    assert 0 == done.returncode, done.stderr + done.stdout + text
    return dict(json.loads(done.stdout)["troubles"][0])


def role(world: Any, grant: str) -> str:
    """Return the ARN of a grant's role."""
    return str(world.outputs[f"{grant}RoleArn"])


@pytest.mark.parametrize(
    ("grant", "profile", "allowed"),
    [
        ("ServiceRole", "bystander", False),
        ("ServiceRole", "stranger", False),
        ("Disabled", "exporter", False),
        ("Expired", "exporter", False),
        ("OneUser", "bob", False),
        ("ExternalIdByHand", "exporter", True),
        ("RecentMfa", "alice", True),
    ],
)
def test_a_denied_session_has_its_certain_answer(
    world: Any, shell: Any, grant: str, profile: str, allowed: bool
) -> None:
    """What STS denied the templates deny, or allow only where the call carries what this one did not."""
    request = ("--role-arn", role(world, grant), "--role-session-name", "test", "--profile", profile)
    found = explained(shell, aws(shell, "sts", "assume-role", *request))
    (decision,) = found["decisions"]

    assert found["trouble"].startswith("assume-role-")
    assert (grant, allowed, True) == (found["grant"], decision["allowed"], decision["caller_is_named"])
    assert allowed == bool(decision["if_sent"])


def test_what_must_be_sent_is_what_was_missing(world: Any, shell: Any) -> None:
    """With what the answer says, the same call works."""
    request = ("--role-arn", role(world, "ExternalIdByHand"), "--role-session-name", "test", "--profile", "exporter")
    (decision,) = explained(shell, aws(shell, "sts", "assume-role", *request))["decisions"]
    (sent,) = decision["if_sent"]

    key, _, value = sent.partition("=")
    assert "sts:ExternalId" == key
    assert world.assume("ExternalIdByHand", "exporter", ExternalId=value)


@pytest.mark.parametrize("key", ["other/a", "service"])
def test_a_stack_trace_of_a_denied_put(world: Any, shell: Any, key: str) -> None:
    """Python's whole trace is read, and the put is denied by the templates as it was by S3."""
    s3 = world.assume("ServiceRole", "exporter").client("s3")
    try:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"a")
    except ClientError:
        trace = traceback.format_exc()
    decisions = explained(shell, f"{trace}\nwhile writing s3://{BUCKET}/{key}\n")["decisions"]

    assert {False} == {each["allowed"] for each in decisions if each["caller"] == role(world, "ServiceRole")}


def test_a_put_that_the_templates_allow_is_denied_by_what_they_do_not_hold(world: Any, shell: Any) -> None:
    """A Deny that someone put by hand: the templates allow the put, so the answer says that it is not as in cdk.out."""
    iam = world.accounts.session("prod").client("iam")
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="ExternalId", PolicyName="ByHand", PolicyDocument=json.dumps(deny))
    try:
        event = json.dumps({"key": "external/explained.txt", "body": "hello"}).encode()
        answer = (
            world.accounts.session("dev")
            .client("lambda")
            .invoke(FunctionName=world.outputs["FunctionName"], Payload=event)["Payload"]
            .read()
            .decode()
        )
    finally:
        iam.delete_role_policy(RoleName="ExternalId", PolicyName="ByHand")
    found = explained(shell, answer)

    assert "PutFailed" == json.loads(answer)["errorType"]
    assert found["trouble"] in {"put-denied", "own-policy-denies"}
    assert f"arn:aws:s3:::{BUCKET}/external/explained.txt" == found["facts"]["resource"]
    assert {True} == {each["allowed"] for each in found["decisions"] if each["caller"] == role(world, "ExternalId")}


def test_an_event_of_the_wrong_form(world: Any, shell: Any) -> None:
    """Lambda's answer and the function's own log line are both known."""
    client = world.accounts.session("dev").client("lambda")
    event = json.dumps({"key": "other/a.txt", "body": "hello"}).encode()
    answer = client.invoke(FunctionName=world.outputs["FunctionName"], Payload=event)["Payload"].read().decode()
    logs = world.accounts.session("dev").client("logs")
    lines = [each["message"] for each in logs.filter_log_events(logGroupName=world.outputs["LogGroupName"])["events"]]
    line = next(each for each in reversed(lines) if '"InvalidEvent"' in each)

    assert "writer-invalid-event" == explained(shell, answer)["trouble"]
    assert "writer-invalid-event" == explained(shell, line)["trouble"]


def test_what_the_command_line_says(world: Any, shell: Any, tmp_path: Any) -> None:
    """The CLI's own words for what goes wrong on this machine and in S3, each by its true message."""
    (tmp_path / "a").write_text("a")
    put = ("s3", "cp", str(tmp_path / "a"))
    said = {
        "no-profile": aws(shell, "s3", "ls", "--profile", "nobody"),
        "no-credentials": aws(shell, "s3", "ls"),
        "no-such-bucket": aws(shell, *put, "s3://no-such-bucket-222222222222/a", "--profile", "prod"),
        "no-such-key": aws(shell, "s3", "cp", f"s3://{BUCKET}/none", "-", "--profile", "prod"),
        "own-policy-lacks": aws(shell, *put, f"s3://{BUCKET}/user/a", "--profile", "alice"),
        "list-buckets-denied": aws(shell, "s3", "ls", "--profile", "alice"),
        "no-connection": aws(
            shell, "s3", "ls", "--profile", "prod", "--endpoint-url", "https://127.0.0.1:9", AWS_MAX_ATTEMPTS="1"
        ),
        "tls-not-trusted": aws(shell, "s3", "ls", "--profile", "prod", "--ca-bundle", "/etc/ssl/certs/none.pem"),
        "over-max-session": aws(
            shell, "sts", "assume-role", "--role-arn", role(world, "ServiceRole"), "--role-session-name", "test",
            "--duration-seconds", "43200", "--profile", "exporter",
        ),
    }  # fmt: skip
    found = {name: explained(shell, text)["trouble"] for name, text in said.items()}

    assert {name: name for name in said} == found
