"""Processes end with the one that started them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.configuration import CHECKOUT
from sandbox.processes import leashed, tail

# A command with a child of its own; both numbers go to the log.
FAMILY = (
    "import os, subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(os.getpid(), child.pid, flush=True)\n"
    "time.sleep(60)"
)
LEASH = [sys.executable, "-m", "sandbox.leash", sys.executable, "-c", FAMILY]
STARTER = (
    "import os, sys, time\n"
    "from pathlib import Path\n"
    "from sandbox.processes import leashed\n"
    "with Path(sys.argv[1]).open('wb') as log, leashed(sys.argv[2:], output=log, environment=os.environ):\n"
    "    time.sleep(60)"
)


def numbers(log: Path) -> list[int]:
    """Wait until the family has written who it is."""
    for _ in range(200):
        if log.exists() and log.read_text(encoding="utf-8").endswith("\n"):
            return [int(number) for number in log.read_text(encoding="utf-8").split()]
        time.sleep(0.05)
    pytest.fail("the command did not start")


def alive(number: int) -> bool:
    """Return whether that process still runs; one that only waits to be collected does not."""
    command = ["ps", "-o", "stat=", "-p", str(number)]
    # `ps` is on every system's own PATH, and all that it is given is a number.
    state = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return bool(state) and not state.startswith("Z")


def all_gone(family: list[int]) -> bool:
    """Wait for the end of all of them, a few seconds at most."""
    for _ in range(100):
        if not any(alive(number) for number in family):
            return True
        time.sleep(0.05)
    return False


def test_the_whole_family_ends_with_the_block(tmp_path: Path) -> None:
    """Ctrl-C or an error in the middle of a command leaves neither it nor its children."""
    log = tmp_path / "log"
    with log.open("wb") as output, leashed(LEASH, output=output, environment=os.environ):
        family = numbers(log)

    assert len(family) == 2
    assert all_gone(family)


def test_the_whole_family_ends_with_a_killed_starter(tmp_path: Path) -> None:
    """Not even `kill -9`, which runs no cleanup, leaves anything."""
    log = tmp_path / "log"
    command = [sys.executable, "-c", STARTER, str(log), *LEASH]
    with subprocess.Popen(command, cwd=CHECKOUT) as starter:
        family = numbers(log)
        starter.send_signal(signal.SIGKILL)

    assert all_gone(family)


def test_the_status_of_the_command_comes_through(tmp_path: Path) -> None:
    """A failed command is seen as failed."""
    command = [sys.executable, "-m", "sandbox.leash", sys.executable, "-c", "import sys; sys.exit(7)"]
    with (tmp_path / "log").open("wb") as output, leashed(command, output=output, environment=os.environ) as process:
        assert process.wait(30) == 7


def test_a_tail_is_the_end(tmp_path: Path) -> None:
    """An error shows the last lines, indented."""
    log = tmp_path / "log"
    log.write_text("one\ntwo\nthree\n", encoding="utf-8")

    assert tail(log, lines=2) == "    two\n    three"
