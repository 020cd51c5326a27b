"""A command that a person types at a terminal: a pseudo-terminal of its own, and what is typed there."""

import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.configuration import CHECKOUT

_PATIENCE = 60  # seconds, after which a command that waits for nothing is given up


@dataclass(frozen=True)
class Seen:
    """What became of a command: its exit status, its standard output, and all that the terminal showed."""

    status: int
    out: str
    terminal: str


def at_terminal(
    words: Sequence[str],
    environment: Mapping[str, str],
    *,
    typed: Mapping[str, str],
    shows_output: bool = False,
    columns: int = 80,
) -> Seen:
    """Run a command on a terminal; `typed` is what to type where a text appears there.

    Its standard output is a pipe, as in `$(…)`, or with `shows_output` the terminal itself.
    """
    own, other = pty.openpty()
    termios.tcsetwinsize(other, (24, columns))
    # A process that leads a session and opens a terminal has it for its own, as /dev/tty.
    into = 'exec "$@" <>"$0" 2>&0' + (" >&0" if shows_output else "")
    process = subprocess.Popen(
        ["sh", "-c", into, os.ttyname(other), *words],
        cwd=CHECKOUT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    shown, waiting = "", dict(typed)
    ends = time.monotonic() + _PATIENCE
    try:
        while (process.poll() is None or select.select([own], [], [], 0)[0]) and time.monotonic() < ends:
            if select.select([own], [], [], 0.1)[0]:
                shown += os.read(own, 4096).decode()
            for text in [each for each in waiting if each in shown]:
                os.write(own, f"{waiting.pop(text)}\n".encode())
        process.kill()
        out, _ = process.communicate()
    finally:
        # Open until now: a terminal that nobody has open ends what is read from it.
        os.close(other)
        os.close(own)
    return Seen(process.returncode, out, shown)
