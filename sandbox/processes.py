"""Processes that end with the one that started them."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sandbox.configuration import CHECKOUT


@contextmanager
def leashed(
    command: Sequence[str],
    *,
    output: IO[bytes],
    environment: Mapping[str, str],
    descriptors: Sequence[int] = (),
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `command` in the checkout until the block ends; it must tie itself to its standard input as leash.py does."""
    process = subprocess.Popen(  # noqa: S603 - only this package chooses commands, and no shell reads them
        command,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        cwd=CHECKOUT,
        # A group of its own: the terminal's Ctrl-C reaches only this process, which then ends the group in order.
        start_new_session=True,
        pass_fds=descriptors,
    )
    try:
        yield process
    finally:
        # A leader that has been waited for may have lost its number to a stranger.
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin:
            process.stdin.close()


def tail(log: Path, lines: int = 25) -> str:
    """Return the end of a log, indented, for an error message."""
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in text[-lines:])
