"""Reads a page's command blocks and runs them as a reader would: in one shell, one after the other.

In a `console` block a line that begins with `$ ` is a command, to which lines belong until bash waits for no more, and
the lines below it are what it prints: all of it. `…` is anything within a line, and any lines where it stands alone.
A `sh` block holds commands only. Each must end with status 0, unless the page shows that it is denied. Below a block
that is not run stands why, in a line that begins with "Not run by the tests:".
"""

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import textwrap
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

COMMANDS = frozenset({"sh", "bash", "shell", "console"})
NOT_RUN = "Not run by the tests: "
TIMEOUT = 180.0  # seconds for one command

_FENCE = re.compile(r"^( *)```(\S*)[^\n]*\n(.*?)^ *```\n", re.MULTILINE | re.DOTALL)
# The AWS CLI's own words, and those of crossrole's commands.
_DENIED = re.compile(r"^(An error occurred \(|upload failed: |denied: )", re.MULTILINE)
_MFA_PROMPT = re.compile(rb"Enter MFA code for \S+: $")
_ANY_SIX_DIGITS = b"123456\n"


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    kind: str
    text: str
    line: int
    excused: bool
    """Whether the page says below it why it is not run."""

    @property
    def runs(self) -> bool:
        """Whether its commands are to be run."""
        return self.kind in COMMANDS and not self.excused


@dataclass(frozen=True)
class Command:
    """A command with what the page says it prints; None where the page says nothing of that."""

    text: str
    shown: str | None

    @property
    def denied(self) -> bool:
        """Whether the page shows that it fails."""
        return bool(self.shown and _DENIED.search(self.shown))


def blocks_of(page: str) -> list[Block]:
    """Return a page's fenced blocks, in order."""
    return [
        Block(
            kind=match[2],
            text=textwrap.dedent(match[3]),
            line=page.count("\n", 0, match.start()) + 1,
            excused=page[match.end() :].lstrip().startswith(NOT_RUN),
        )
        for match in _FENCE.finditer(page)
    ]


def commands_of(block: Block) -> list[Command]:
    """Return a block's commands, in order."""
    commands: list[tuple[str, list[str]]] = []
    whole = True
    for line in block.text.splitlines():
        if not whole:
            commands[-1] = (f"{commands[-1][0]}\n{line}", [])
        elif block.kind != "console" or line.startswith("$ "):
            commands.append((line.removeprefix("$ "), []))
        else:
            assert commands, f"line {block.line}: a console block begins with a command"
            commands[-1][1].append(line)
            continue
        whole = _is_whole(commands[-1][0])
    return [Command(text, "\n".join(shown) if block.kind == "console" else None) for text, shown in commands]


def _is_whole(command: str) -> bool:
    """Return whether bash would not wait for another line."""
    read = subprocess.run(["bash", "-n", "-c", command], capture_output=True, check=False)
    return read.returncode == 0 and not command.endswith("\\")


def prints_what_is_shown(shown: str, printed: str) -> bool:
    """Return whether an output is the one that a page shows; blank lines around it don't count."""
    pattern = "".join(
        r"(?:[^\n]*\n)*" if line.strip() == "…" else re.escape(line.rstrip()).replace("…", r"[^\n]*") + r"\n"
        for line in shown.strip("\n").splitlines()
    )
    lines = [line.rstrip() for line in printed.strip().splitlines()]
    return bool(re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)))


class Shell:
    """A bash of one's own, on a terminal that knows the answer where an MFA code is asked for."""

    def __init__(self, *, folder: Path, environment: Mapping[str, str], scratch: Path) -> None:
        self._folder, self._environment, self._scratch = folder, environment, scratch
        self._asked = b""
        self._number = 0

    def __enter__(self) -> Self:
        self._terminal, other_end = pty.openpty()
        self._statuses, telling = os.pipe()
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=self._folder,
            env=dict(self._environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            pass_fds=(telling, other_end),
            start_new_session=True,
            # The controlling terminal: what asks for a code asks there, wherever its output goes.
            preexec_fn=lambda: fcntl.ioctl(other_end, termios.TIOCSCTTY, 0),  # noqa: PLW1509 it takes no lock
        )
        os.close(other_end)
        os.close(telling)
        self._telling = telling
        threading.Thread(target=self._answer, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bash.kill()
        self._bash.communicate()
        os.close(self._statuses)

    def run(self, command: str) -> tuple[int, str]:
        """Run a command and return its status and what it printed, on the terminal first."""
        assert self._bash.stdin
        self._number += 1
        file = self._scratch / str(self._number)
        output = file.with_suffix(".out")
        file.write_text(f"{command}\n")
        before = len(self._asked)
        self._bash.stdin.write(
            f". '{file}' </dev/null >'{output}' 2>&1; printf '%s\\n' $? >&{self._telling}\n".encode()
        )
        self._bash.stdin.flush()
        assert select.select([self._statuses], [], [], TIMEOUT)[0], f"no end in {TIMEOUT} s: {command}"
        told = os.read(self._statuses, 16).decode()
        printed = self._asked[before:].decode() + output.read_text()
        assert told, f"it ended the shell: {command}\n{printed}"
        return int(told), printed.replace("\r\n", "\n")

    def _answer(self) -> None:
        while True:
            try:
                read = os.read(self._terminal, 1024)
            except OSError:  # the last process on it has ended
                os.close(self._terminal)
                return
            self._asked += read
            if _MFA_PROMPT.search(self._asked):
                os.write(self._terminal, _ANY_SIX_DIGITS)


def run_as_shown(shell: Shell, block: Block) -> None:
    """Run a block's commands; raises an AssertionError at the first that does not do what the page says."""
    for command in commands_of(block):
        status, printed = shell.run(command.text)
        where = f"the block of line {block.line}:\n$ {command.text}"
        assert command.denied == bool(status), f"status {status} in {where}\n{printed}"
        if command.shown is not None:
            assert prints_what_is_shown(command.shown, printed), f"shown in {where}\n{command.shown}\nbut:\n{printed}"
