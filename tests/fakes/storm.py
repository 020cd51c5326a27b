"""An STS and S3 where a tenth of all requests go wrong, and whether all that the writer answers there is true."""

import io
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field

from tests.fakes.aws import ErrorAnswer, FakeAws, Fault
from tests.fakes.function import Context
from tests.fakes.server import Answer, Server, Wire

SEED = 20261124
SHARE = 0.1  # of the requests
_SHORT, _USUAL = 600, 60_000  # milliseconds that an invocation has; one in twenty has little time
_SECRETS = ("function-secret", "function-token", "assumed-secret", "assumed-token", "body of ")

_ON_THE_WIRE = (*(fault for fault in Wire if fault is not Wire.DAMAGE), Answer(502, "<html>Bad Gateway"))
FAULTS: Mapping[str, tuple[Fault, ...]] = {
    "AssumeRole": (
        *_ON_THE_WIRE,
        ErrorAnswer(400, "Throttling", "Rate exceeded"),
        ErrorAnswer(500, "InternalFailure"),
        ErrorAnswer(403, "AccessDenied"),
        ErrorAnswer(403, "SignatureDoesNotMatch", "Signature expired"),
        Answer(200, "<AssumeRoleResponse><AssumeRoleResult><Credentials><SecretAccessKey>assumed-secret-0"),
    ),
    "PutObject": (
        *_ON_THE_WIRE,
        Wire.DAMAGE,
        ErrorAnswer(500, "InternalError"),
        ErrorAnswer(503, "SlowDown"),
        ErrorAnswer(307, "TemporaryRedirect", headers={"x-amz-bucket-region": "eu-west-1"}),
        ErrorAnswer(403, "AccessDenied"),
        ErrorAnswer(400, "ExpiredToken"),
        ErrorAnswer(400, "KMS.DisabledException"),
        ErrorAnswer(409, "ConditionalRequestConflict"),
        Answer(200, ""),
    ),
}


@dataclass
class Storm(FakeAws):
    """An AWS where each request goes wrong by chance: by that of its path and number, whatever the order."""

    seed: int = 0
    raging: bool = True
    injected: Counter[str] = field(default_factory=Counter)

    def at_head(self, method: str, path: str) -> Fault | None:
        """Draw what is to go wrong with a request; sessions live too shortly now and then."""
        operation = {"POST": "AssumeRole", "PUT": "PutObject"}.get(method, "")
        self.attempts[operation] += 1
        self.attempts[path] += 1
        chance = random.Random(f"{self.seed} {path} {self.attempts[path]}")
        if operation == "AssumeRole":
            self.lifetime = chance.choice((100, 200, 900))
        if not (self.raging and operation and chance.random() < SHARE):
            return None
        fault = chance.choice(FAULTS[operation])
        self.injected[operation] += 1
        return fault


Handler = Callable[[object, Context], dict[str, object]]


@dataclass
class Outcome:
    """What was answered, and what of it was not so."""

    aws: Storm
    answers: Counter[str] = field(default_factory=Counter)
    late: int = 0
    untrue: list[str] = field(default_factory=list)


def weather(server: Server, handler: Handler, invocations: int, seed: int = SEED) -> Outcome:
    """Invoke `handler` in the storm, then once more in calm what failed, as Lambda would, and compare."""
    aws = Storm(seed=seed)
    server.fake = aws
    outcome = Outcome(aws)
    events = [_event(number, random.Random(f"{seed} {number}")) for number in range(invocations)]
    failed = [number for number, event in enumerate(events) if not _delivered(number, event, handler, outcome)]
    aws.raging = False
    for number in failed:
        if not _delivered(number, events[number], handler, outcome, again=True):
            outcome.untrue.append(f"invocation {number} failed in calm")
    expected = {_path(each) for event in events for each in _objects(event)}
    if expected != set(aws.objects):
        outcome.untrue.append(f"other objects than expected: {expected ^ set(aws.objects)}")
    return outcome


def _event(number: int, chance: random.Random) -> dict[str, object]:
    def an_object(index: int) -> dict[str, object]:
        body = f"body of {number}-{index} " * chance.choice((1, 50, 5000))
        return {"key": f"dev/{number}-{index}", "body": body, "if_absent": chance.random() < 0.5}

    if chance.random() < 0.8:
        return an_object(0)
    return {"objects": [an_object(index) for index in range(chance.randint(2, 10))]}


def _objects(event: dict[str, object]) -> list[dict[str, object]]:
    many = event.get("objects", [event])
    assert isinstance(many, list)
    return many


def _path(each: dict[str, object]) -> str:
    return f"/reports-222222222222/{each['key']}"


def _delivered(
    number: int, event: dict[str, object], handler: Handler, outcome: Outcome, *, again: bool = False
) -> bool:
    """Invoke once, and hold each object's answer against what is there; return whether all was answered well."""
    from s3_writer.errors import AssumeRoleFailed, BatchFailed, WriterError  # noqa: PLC0415 - once it can be found

    objects = _objects(event)
    remaining = _USUAL if again or number % 20 else _SHORT
    shown, began = io.StringIO(), time.monotonic()
    lines = len(objects)
    with redirect_stdout(shown):
        try:
            answer = handler(event, Context(f"request-{number}", remaining))
        except BatchFailed as failure:
            answers = json.loads(str(failure))["objects"]
        except WriterError as failure:
            answers = [{"error": failure.answer()}] * len(objects)
            lines = 1 if isinstance(failure, AssumeRoleFailed) else lines
        else:
            answers = answer.get("objects", [answer])
    outcome.late += time.monotonic() - began > remaining / 1000
    outcome.untrue += [f"{number}: {secret} in the log" for secret in _SECRETS if secret in shown.getvalue()]
    if lines != len(shown.getvalue().splitlines()):
        outcome.untrue.append(f"{number}: not a line for each object")
    for each, answered in zip(objects, answers, strict=True):
        outcome.answers[_what(answered, again=again)] += 1
        outcome.untrue += _faults_of(each, answered, outcome.aws)
    return all("error" not in answered for answered in answers)


def _what(answered: dict[str, object], *, again: bool) -> str:
    when = "delivered again" if again else "at first"
    if "error" in answered:
        return f"objects {when}: answered with an error"
    return f'objects {when}: answered "{"existing" if answered["existing"] else "written"}"'


def _faults_of(each: dict[str, object], answered: dict[str, object], aws: Storm) -> list[str]:
    path = _path(each)
    stored = aws.objects.get(path)
    error = answered.get("error")
    faults = []
    if stored is None and error is None:
        faults.append(f"{path}: answered {answered}, and not there")
    if stored is not None and stored != str(each["body"]).encode():
        faults.append(f"{path}: not whole")
    if each["if_absent"] and aws.versions[path] > 1:
        faults.append(f"{path}: doubled")
    if isinstance(error, dict) and not error.get("code"):
        faults.append(f"{path}: an error without a code: {error}")
    return faults
