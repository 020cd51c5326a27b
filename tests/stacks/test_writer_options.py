"""What `[writer]` may say of the function itself: memory, time, how many at once, SnapStart, and a queue."""

from pathlib import Path
from typing import Any

import pytest

from tests.synthesis import Assembly, smallest, synthesize

STACK = "DevLambdaStack"
SOURCE, DEAD = "WriterSourceQueue39146A74", "WriterSourceDeadLetters4BBA17E3"


@pytest.fixture(scope="module")
def snapped(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Return what the smallest file with every option makes."""
    options = {"memory_size": 2048, "timeout": 900, "reserved_concurrency": 5, "snap_start": True, "queue": True}
    file = smallest(prefix="x/") | {"writer": {"grant": "Grant", "role": "App", **options}}
    # With cdk-nag, so that a finding that nobody acknowledged fails every test here.
    return synthesize(file, tmp_path_factory.mktemp("snapped"), nag=True)


def properties(assembly: Assembly, resource_type: str) -> dict[str, dict[str, Any]]:
    """Return the properties of a type's resources by their logical ids."""
    found = assembly.resources(STACK, resource_type)
    return {logical_id: resource["Properties"] for logical_id, resource in found.items()}


def function(assembly: Assembly) -> dict[str, Any]:
    """Return the function's properties."""
    ((_, made),) = properties(assembly, "AWS::Lambda::Function").items()
    return made


def test_memory_time_and_concurrency_are_the_files(default: Assembly, kinds: Assembly, snapped: Assembly) -> None:
    """Each is as it was written; what is left out is the default, and nothing is reserved."""
    names = ("MemorySize", "Timeout", "ReservedConcurrentExecutions")
    seen = [tuple(function(each).get(name) for name in names) for each in (default, kinds, snapped)]

    assert [(512, 60, None), (1024, 30, None), (2048, 900, 5)] == seen


def test_without_the_switches_there_is_nothing_of_them(default: Assembly) -> None:
    """No version, no alias, no mapping, and one queue: the one of failed events."""
    for resource_type in ("AWS::Lambda::Version", "AWS::Lambda::Alias", "AWS::Lambda::EventSourceMapping"):
        assert {} == properties(default, resource_type)
    assert ["WriterFailures1875B586"] == list(properties(default, "AWS::SQS::Queue"))
    assert "SnapStart" not in function(default)
    assert {"FunctionName", "FunctionArn", "FunctionRoleArn", "LogGroupName", "FailureQueueUrl"} == set(
        default.template(STACK)["Outputs"]
    )


# --- SnapStart


def test_a_snapshot_is_of_a_version_and_invoked_by_its_alias(snapped: Assembly) -> None:
    """The outputs name the alias, by which the function is invoked as it is by its name otherwise."""
    assert {"ApplyOn": "PublishedVersions"} == function(snapped)["SnapStart"]
    ((version, _),) = properties(snapped, "AWS::Lambda::Version").items()
    ((alias, made),) = properties(snapped, "AWS::Lambda::Alias").items()
    assert ("live", {"Fn::GetAtt": [version, "Version"]}) == (made["Name"], made["FunctionVersion"])
    outputs = snapped.template(STACK)["Outputs"]
    assert {"Ref": alias} == outputs["FunctionArn"]["Value"]
    assert ":live" == outputs["FunctionName"]["Value"]["Fn::Join"][1][1]


def test_an_old_snapshot_is_not_kept(snapped: Assembly) -> None:
    """Each version's snapshot costs as long as the version exists, so the next one ends it."""
    (version,) = snapped.resources(STACK, "AWS::Lambda::Version").values()

    assert "Retain" != version.get("DeletionPolicy", "Delete")


def test_an_event_that_fails_at_the_alias_is_kept_too(snapped: Assembly) -> None:
    """The function's own destination is for its unpublished code alone."""
    for invoke in properties(snapped, "AWS::Lambda::EventInvokeConfig").values():
        destination = invoke["DestinationConfig"]["OnFailure"]["Destination"]
        assert ({"Fn::GetAtt": ["WriterFailures1875B586", "Arn"]}, 2) == (destination, invoke["MaximumRetryAttempts"])
    assert 2 == len(properties(snapped, "AWS::Lambda::EventInvokeConfig"))


def test_the_synth_reports_what_a_snapshot_costs(default: Assembly, snapped: Assembly) -> None:
    """Only where snap_start is on, and in proportion to the memory."""
    (said,) = snapped.warnings(STACK)

    assert said.startswith("snap_start: AWS charges for keeping the snapshot of 2048 MB (about 7.80 USD for 30 days")
    assert "0.28 USD for a thousand" in said
    assert [] == default.warnings(STACK)


# --- the queue


def test_the_queue_waits_six_timeouts_and_gives_up_after_five_receives(kinds: Assembly, snapped: Assembly) -> None:
    """AWS asks for at least both; what is given up is kept as long as SQS can."""
    for assembly, seconds in ((kinds, 180), (snapped, 5400)):
        queues = properties(assembly, "AWS::SQS::Queue")
        redrive = {"deadLetterTargetArn": {"Fn::GetAtt": [DEAD, "Arn"]}, "maxReceiveCount": 5}
        encrypted = {"SqsManagedSseEnabled": True}

        assert {"VisibilityTimeout": seconds, "RedrivePolicy": redrive, **encrypted} == queues[SOURCE]
        assert {"MessageRetentionPeriod": 1209600, **encrypted} == queues[DEAD]


def test_every_queue_wants_tls(kinds: Assembly) -> None:
    """Messages hold what is to be written: nobody may read them in the clear."""
    denying = {
        policy["Queues"][0]["Ref"]
        for policy in properties(kinds, "AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if ("Deny", "sqs:*", {"Bool": {"aws:SecureTransport": "false"}})
        == tuple(statement[key] for key in ("Effect", "Action", "Condition"))
    }

    assert {"WriterFailures1875B586", SOURCE, DEAD} == denying


def test_only_failed_messages_come_back(kinds: Assembly, snapped: Assembly) -> None:
    """Lambda reads the partial answer, and takes no more at once than the function has reserved."""
    ((_, mapping),) = properties(kinds, "AWS::Lambda::EventSourceMapping").items()
    ((_, limited),) = properties(snapped, "AWS::Lambda::EventSourceMapping").items()

    assert {
        "BatchSize": 10,
        "EventSourceArn": {"Fn::GetAtt": [SOURCE, "Arn"]},
        "FunctionName": {"Ref": "WriterFunction9FC85C31"},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    } == mapping
    assert {"MaximumConcurrency": 5} == limited["ScalingConfig"]
    assert ":live" == limited["FunctionName"]["Fn::Join"][1][1]


def test_a_reservation_beyond_what_a_mapping_allows_is_valid(access: dict[str, Any], tmp_path: Path) -> None:
    """AWS holds a mapping to at most a thousand."""
    access["writer"] = {"grant": "Grant", "role": "App", "reserved_concurrency": 1500, "queue": True}
    ((_, mapping),) = properties(synthesize(access, tmp_path), "AWS::Lambda::EventSourceMapping").items()

    assert {"MaximumConcurrency": 1000} == mapping["ScalingConfig"]


def test_the_functions_role_takes_messages_of_that_queue_alone(kinds: Assembly) -> None:
    """Three actions, on the queue and not on what is given up."""
    ((_, role),) = properties(kinds, "AWS::IAM::Role").items()
    (policy,) = role["Policies"]
    *_, statement = policy["PolicyDocument"]["Statement"]

    assert {
        "Sid": "TakeMessages",
        "Effect": "Allow",
        "Action": ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
        "Resource": {"Fn::GetAtt": [SOURCE, "Arn"]},
    } == statement


def test_a_message_that_waits_or_is_given_up_raises_an_alarm(kinds: Assembly) -> None:
    """The age is more than three attempts take; one message given up is enough; the topic hears of both."""
    keys = ("MetricName", "Threshold", "Period", "Statistic", "AlarmActions")
    topic = ["arn:aws:sns:eu-central-1:111111111111:alarms"]
    seen = {
        alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0]: tuple(alarm[key] for key in keys)
        for alarm in properties(kinds, "AWS::CloudWatch::Alarm").values()
        if alarm["Namespace"] == "AWS/SQS"
    }

    assert {
        SOURCE: ("ApproximateAgeOfOldestMessage", 540, 60, "Maximum", topic),
        DEAD: ("ApproximateNumberOfMessagesVisible", 1, 60, "Maximum", topic),
    } == seen


def test_the_outputs_name_the_queues(kinds: Assembly) -> None:
    """Where to send, and where to look for what was given up."""
    outputs = kinds.template(STACK)["Outputs"]

    assert ({"Ref": SOURCE}, {"Fn::GetAtt": [SOURCE, "Arn"]}, {"Ref": DEAD}) == tuple(
        outputs[name]["Value"] for name in ("QueueUrl", "QueueArn", "DeadLetterQueueUrl")
    )
