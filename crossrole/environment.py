"""The parts of its process that a command uses; a test passes its own."""

import getpass
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from crossrole.engines.prover import Prover
from crossrole.engines.simulator import Simulator
from crossrole.errors import CommandError
from crossrole.escaping import json_text, visible
from crossrole.printing import shown, terminal_width


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _typed(prompt: str) -> str:
    """Return what the person types, unseen, at the terminal; raises `OSError` where there is none."""
    with Path("/dev/tty").open("rb"):
        return getpass.getpass(prompt)


@dataclass(frozen=True)
class Environment:
    """The streams, the variables, the clock, the terminal and the two engines; its own process's if left out."""

    variables: Mapping[str, str] = field(default_factory=lambda: os.environ)
    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    now: Callable[[], datetime] = _utc_now
    """The time of day, in UTC."""
    sleep: Callable[[float], None] = time.sleep
    """Waits until AWS's clock is so many seconds later."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds since a fixed moment; `pause` moves it on."""
    pause: Callable[[float], None] = time.sleep
    """Waits so many seconds before something is asked again."""
    simulator: Callable[[], AbstractContextManager[Simulator]] = Simulator
    prover: Callable[[], AbstractContextManager[Prover]] = Prover
    read_hidden: Callable[[str], str] = _typed
    """Shows a prompt on the terminal and returns what the person types there, unseen."""

    @property
    def width(self) -> int | None:
        """How many columns the person who reads standard output has; None in a pipe or a file."""
        return terminal_width(self.stdout, self.variables)

    def show(self, lines: list[str], marks: re.Pattern[str] | None = None) -> None:
        """Write an answer that a person reads, folded and coloured at a terminal; see `STYLES` for the marks.

        Each line stays one line: what breaks it or steers a terminal in it is a template's or AWS's, and is escaped.
        """
        self._write(shown(lines, marks, self.stdout, self.variables))

    def put(self, answer: list[str] | dict[str, Any]) -> None:
        """Write an answer that is copied or read by a program: an object as JSON, or lines, each escaped as by `show`.

        Nothing is folded.
        """
        self._write(json_text(answer) if isinstance(answer, dict) else "\n".join(map(visible, answer)))

    def put_for_a_shell(self, script: str) -> None:
        """Write a text untouched that a shell is to evaluate; every value in it is quoted for that shell."""
        self._write(script)

    def _write(self, text: str) -> None:
        try:
            self.stdout.write(f"{text}\n")
            self.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            why = f"the answer can't be written to standard output ({error.strerror}); the command was carried out"
            raise CommandError(why) from None

    def hint(self, line: str, *, by: str = "crossrole") -> None:
        """Write one line beside the answer, to standard error."""
        text = shown([f"{by}: {line}"], None, self.stderr, self.variables)
        self.stderr.write(f"{text}\n")
        self.stderr.flush()

    def read_code(self, device: str) -> str:
        """Return the six digits that the person types for an MFA device: never an argument, never shown.

        Raises `CommandError` where there is no terminal, or no six digits.
        """
        try:
            # The prompt is the AWS CLI's own.
            code = self.read_hidden(f"Enter MFA code for {visible(device)}: ").strip()
        except (OSError, EOFError):
            raise CommandError("the grant asks for an MFA code, and there is no terminal to ask for it") from None
        if not re.fullmatch(r"[0-9]{6}", code):
            raise CommandError("an MFA code is six digits; call again with the one that the device shows")
        return code
