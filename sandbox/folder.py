"""A state folder that one command holds at a time."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.configuration import SandboxError

LOGS = "logs"
RUN = "run"


@contextmanager
def held(state: Path) -> Iterator[None]:
    """Hold `state` until the block ends: a fresh `logs`, the last run's in `logs.previous`, and a `run` that goes.

    The lock is the kernel's, so it is free again however its holder ends.
    """
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SandboxError(f"another command is using {state}; wait for it or stop it") from None
        logs, previous, run = state / LOGS, state / "logs.previous", state / RUN
        shutil.rmtree(run, ignore_errors=True)
        if logs.exists():
            shutil.rmtree(previous, ignore_errors=True)
            logs.rename(previous)
        for folder in (logs, run):
            folder.mkdir(mode=0o700)
        try:
            yield
        finally:
            shutil.rmtree(run, ignore_errors=True)
