"""The function with SnapStart and a queue, deployed into accounts of its own."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.accounts import Accounts
from sandbox.configuration import CHECKOUT, read_access

BUCKET = "reports-222222222222"
PATIENCE = 60


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accounts]:
    """Return accounts with the committed file deployed, both switches turned on."""
    file = tmp_path_factory.mktemp("snapstart") / "access.toml"
    committed = (CHECKOUT / "access.toml").read_text()
    file.write_text(committed.replace("[writer]\n", "[writer]\nsnap_start = true\nqueue = true\n"))
    access = read_access(file)
    with Accounts(state=CHECKOUT / ".sandbox" / "test-snapstart", dev=access.dev, prod=access.prod) as made:
        made.bootstrap()
        for stack, profile in (("ProdAccessStack", "prod"), ("DevLambdaStack", "dev")):
            made.run("cdk", "deploy", stack, "--profile", profile, "-c", f"access={file}", log=f"deploy-{stack}")
        yield made


@pytest.fixture(scope="module")
def outputs(accounts: Accounts) -> dict[str, str]:
    """Return the outputs of the function's stack."""
    stacks = accounts.session("dev").client("cloudformation").describe_stacks(StackName="DevLambdaStack")["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stacks[0]["Outputs"]}
    # A version that has just been published is pending for a moment.
    accounts.session("dev").client("lambda").get_waiter("function_active_v2").wait(FunctionName=outputs["FunctionArn"])
    return outputs


@pytest.mark.parametrize("output", ["FunctionName", "FunctionArn"])
def test_it_is_invoked_by_either_output(accounts: Accounts, outputs: dict[str, str], output: str) -> None:
    """What runs is the published version that the alias names, and it writes."""
    client = accounts.session("dev").client("lambda")
    event = {"key": f"dev/{output}", "body": "hello"}
    answer: dict[str, Any] = {**client.invoke(FunctionName=outputs[output], Payload=json.dumps(event).encode())}

    assert "FunctionError" not in answer, answer["Payload"].read()
    assert f"dev/{output}" == json.loads(answer["Payload"].read())["key"]
    assert answer["ExecutedVersion"].isdigit()


def test_its_queue_invokes_the_alias(accounts: Accounts, outputs: dict[str, str]) -> None:
    """A message is done by the published version too."""
    session = accounts.session("dev")
    (mapping,) = session.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    session.client("sqs").send_message(QueueUrl=outputs["QueueUrl"], MessageBody='{"key": "dev/queued", "body": "x"}')
    s3 = accounts.session("prod").client("s3")
    deadline = time.monotonic() + PATIENCE
    found: list[Any] = []
    while not found and time.monotonic() < deadline:
        found = s3.list_objects_v2(Bucket=BUCKET, Prefix="dev/queued").get("Contents", [])

    assert found
    assert mapping["FunctionArn"].endswith(":live")
