"""Many invocations while a tenth of all requests go wrong, no answer is untrue."""

import json
from typing import Any

import pytest

from s3_writer.errors import PutFailed
from s3_writer.handler import handler
from tests.fakes.function import Context
from tests.fakes.server import Server
from tests.fakes.storm import weather

pytestmark = pytest.mark.usefixtures("impatient")


# Seeds whose second AssumeRole goes wrong: how many there are depends on how fast the machine is.
@pytest.mark.parametrize("seed", [5, 15])
def test_given_a_storm_when_written_then_every_answer_is_true(server: Server, seed: int) -> None:
    """What was answered "written" is there, whole and once; what failed has a typed error, and succeeds in calm."""
    outcome = weather(server, handler, 150, seed)

    assert [] == outcome.untrue
    assert {"AssumeRole", "PutObject"} == set(outcome.aws.injected)
    assert outcome.answers["objects at first: answered with an error"] > 0


def _lies(event: Any, context: Context) -> dict[str, object]:
    """Answer "written" whatever happens."""
    try:
        return handler(event, context)
    except PutFailed:
        return {"key": "dev/a", "existing": False}


def _unconditional(event: Any, context: Context) -> dict[str, object]:
    """Forget what is to be written only if it is absent."""
    event = json.loads(json.dumps(event).replace('"if_absent": true', '"if_absent": false'))
    return handler(event, context)


def _shortened(event: Any, context: Context) -> dict[str, object]:
    """Lose the end of each body."""
    return handler({**event, "body": event["body"][:-1]} if "body" in event else event, context)


def _talkative(event: Any, context: Context) -> dict[str, object]:
    """Show what must not be in the log."""
    print(event)  # noqa: T201 - that is what must be found
    return handler(event, context)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [(_lies, "and not there"), (_unconditional, "doubled"), (_shortened, "not whole"), (_talkative, "in the log")],
)
def test_given_a_handler_that_is_wrong_when_compared_then_it_is_found(server: Server, wrong: Any, told: str) -> None:
    """The storm's own comparison can fail."""
    assert any(told in fault for fault in weather(server, wrong, 100).untrue)
