"""Run a command that can not outlive the process that started it.

The starter holds the other end of this process's standard input. When the starter goes, however it goes (`kill -9`
too), that pipe closes, and the whole process group ends with it. Needs the standard library only, because both
virtual environments run it.
"""

import os
import signal
import subprocess
import sys
import threading


def tie_to_starter() -> None:
    """End this process group as soon as standard input closes. Call it in a process that leads its own group."""

    def wait_for_the_end() -> None:
        while os.read(0, 4096):
            pass
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=wait_for_the_end, name="leash", daemon=True).start()


if __name__ == "__main__":
    tie_to_starter()
    # The command is the one that the starter was asked to run.
    sys.exit(subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, check=False).returncode)  # noqa: S603
