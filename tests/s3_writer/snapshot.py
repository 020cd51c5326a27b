"""Stands for SnapStart: this process is the snapshot, and each of its forks an environment restored from it.

Run as `snapshot.py ENVIRONMENTS`. What a fork has in common with a restored environment is all of the memory, with what
was made before. Each writes two objects, and says which random number comes next.
"""

import json
import os
import random
import sys
from dataclasses import dataclass

from s3_writer import handler as handler_module


@dataclass(frozen=True)
class Context:
    """What the writer needs of Lambda's context object."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda would end the invocation."""
        return 60_000


def restored(number: int, frozen: tuple[object, ...]) -> None:
    """Go on in one environment."""
    # Python seeds a fork anew, by itself; nothing does so for a restored environment.
    random.setstate(frozen)
    for put in range(2):
        handler_module.handler({"body": "x"}, Context(f"{number}-{put}"))
    sys.stdout.write(json.dumps({"random": random.random()}) + "\n")


def main() -> None:
    """Restore environments one after the other, and end with the first that failed."""
    frozen = random.getstate()
    for number in range(int(sys.argv[1])):
        process = os.fork()
        if not process:
            restored(number, frozen)
            return
        if status := os.waitpid(process, 0)[1]:
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
