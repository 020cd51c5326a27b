"""One process that stands for an execution environment: `python bench/invoke.py MODULE INVOCATIONS`.

It imports the handler and invokes it, and tells on stderr how many seconds of the clock and of the processor all
invocations but the first took. What the handler prints goes to stdout.
"""

import importlib
import json
import sys
import time


class Context:
    """What the handlers need of Lambda's context object."""

    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda would end the invocation."""
        return 60_000


def main() -> None:
    """Invoke."""
    handler = importlib.import_module(sys.argv[1]).handler
    handler({"key": "dev/first", "body": "x"}, Context())
    invocations = int(sys.argv[2]) - 1
    if invocations == 0:
        return
    clock, processor = time.perf_counter(), time.process_time()
    for number in range(invocations):
        handler({"key": f"dev/{number}", "body": "x" * 1000}, Context())
    taken = {"clock": time.perf_counter() - clock, "processor": time.process_time() - processor}
    sys.stderr.write(json.dumps({name: value / invocations for name, value in taken.items()}))


if __name__ == "__main__":
    main()
