"""A state folder that one command holds at a time."""

import fcntl
import os
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
    with (state / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read() or "another command"
            raise SandboxError(f"{holder} is using {state}; wait for it or stop it") from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        logs, previous, run = state / LOGS, state / "logs.previous", state / RUN
        # What a run that was killed left behind; its keys are worth nothing, but need not lie about.
        shutil.rmtree(run, ignore_errors=True)
        (state / "config").unlink(missing_ok=True)
        if logs.exists():
            shutil.rmtree(previous, ignore_errors=True)
            logs.rename(previous)
        for folder in (logs, run):
            folder.mkdir(mode=0o700)
        try:
            yield
        finally:
            shutil.rmtree(run, ignore_errors=True)
