"""A command of crossrole, run in the tests' own process: nothing starts anew, and the engines stay warm."""

import atexit
import io
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest import mock

from crossrole import cli
from crossrole.engines.simulator import Simulator
from crossrole.environment import Environment
from tests.kept_answers import KeptProver

Done = subprocess.CompletedProcess[str]


@cache
def warm_simulator() -> Simulator:
    """Return the simulator that all tests of this process ask."""
    simulator = Simulator()
    atexit.register(simulator.__exit__, None, None, None)
    return simulator


@cache
def warm_prover() -> KeptProver:
    """Return the prover that all tests of this process ask."""
    prover = KeptProver()
    atexit.register(prover.__exit__, None, None, None)
    return prover


def warm_environment(**fields: Any) -> Environment:
    """Return an environment whose engines are running; `fields` are what is otherwise in it."""
    engines: dict[str, Callable[[], Any]] = {
        "simulator": lambda: nullcontext(warm_simulator()),
        "prover": lambda: nullcontext(warm_prover()),
    }
    return Environment(**engines | fields)


def main(words: Sequence[str]) -> int:
    """Run a command on this process's own streams, which a test captures, and return its exit status."""
    return cli.main(words, warm_environment())


def crossrole(*words: str, variables: Mapping[str, str] | None = None, stdin: str | bytes = "", **fields: Any) -> Done:
    """Run a command and return its exit status and what it wrote, as a process of its own would have.

    `variables` are the environment variables, this process's if left out; `fields` are what else differs in the
    command's `Environment`.
    """
    given = stdin if isinstance(stdin, bytes) else stdin.encode()
    stdout, stderr = io.StringIO(), io.StringIO()
    with _variables(os.environ if variables is None else variables), pausing(fields.get("pause", time.sleep)):
        environment = warm_environment(
            variables=dict(os.environ),
            stdin=io.TextIOWrapper(io.BytesIO(given)),
            stdout=stdout,
            stderr=stderr,
            **{"read_hidden": _no_terminal} | fields,
        )
        try:
            status = cli.main(words, environment)
        except SystemExit as left:
            status = left.code if isinstance(left.code, int) else 1
    return subprocess.CompletedProcess(words, status, stdout.getvalue(), stderr.getvalue())


def _no_terminal(_: str) -> str:
    raise OSError("there is no terminal")


@contextmanager
def _variables(variables: Mapping[str, str]) -> Iterator[None]:
    """Have just these environment variables: boto3 reads them itself."""
    with mock.patch.dict(os.environ, dict(variables), clear=True), mock.patch("os.execvpe", _become):
        yield


@contextmanager
def pausing(pause: Callable[[float], None]) -> Iterator[None]:
    """Have botocore wait so between its attempts."""
    with mock.patch("botocore.endpoint.time", SimpleNamespace(sleep=pause)):
        yield


def _become(*_: object) -> None:
    raise AssertionError("the tests' own process would become the command: run it as a process of its own")


def quick_time() -> dict[str, Any]:
    """Return a `pause` that takes no time, and the clock that moves on by it, for an `Environment`."""
    paused = 0.0

    def pause(seconds: float) -> None:
        nonlocal paused
        paused += seconds

    return {"pause": pause, "monotonic": lambda: time.monotonic() + paused}
