"""Which memory size the function needs: `python bench/memory.py`.

Lambda gives a function a share of a processor in proportion to its memory, a whole one at 1,769 MB, but not less than
that while it starts. So what is measured is the processor's time and the peak of memory, on this machine; the columns
for each size follow from them, with 20 ms of waiting for each answer. They are ratios to the first size, and say what a
size gains and costs, not how long anything takes on Lambda.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

if __name__ == "__main__":  # in the measured process nothing of this file's is imported
    sys.path.append(str(Path(__file__).resolve().parents[1]))

SIZES = (128, 256, 512, 1024, 1769)
WHOLE = 1769
ROUNDS = 5
WAITING = 0.02
OBJECTS, AT_ONCE = 1000, 32
# What is measured, and how many answers it waits for, one after the other.
PHASES = {"first": 5, "warm": 1, "batch": OBJECTS / AT_ONCE}
HEADS = {"first": "an instance's first put", "warm": "a later put", "batch": f"a batch of {OBJECTS:,}"}


def measured() -> None:
    """Be an execution environment, and tell what each phase takes of the processor, in seconds, and the peak in MiB."""
    from s3_writer.handler import handler  # noqa: PLC0415 - Lambda's init phase

    class Context:
        aws_request_id = "request"

        def get_remaining_time_in_millis(self) -> int:
            return 60_000

    def took(event: object, times: int = 1) -> float:
        start = time.process_time()
        for _ in range(times):
            handler(event, Context())
        return (time.process_time() - start) / times

    one = {"key": "dev/one", "body": "x" * 1000}
    taken = {"first": took(one), "warm": took(one, 100)}
    taken["batch"] = took({"objects": [{"body": "x" * 1000} for _ in range(OBJECTS)]})
    handler({"key": "dev/large", "body": "x" * 5 * 1024 * 1024}, Context())
    taken["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stderr.write(json.dumps(taken))


def measure() -> str:
    """Return the table."""
    from bench.measuring import clean, fake_aws, variants  # noqa: PLC0415 - not in the measured process

    with variants() as field, fake_aws() as aws:
        packaged = next(each for each in field if each.name == "the writer, packaged")
        environment = clean(packaged.environment(aws))
        rounds = [
            json.loads(
                subprocess.run(  # noqa: S603 - this Python
                    [sys.executable, __file__, "measured"],
                    env=environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    check=True,
                ).stderr
            )
            for _ in range(ROUNDS)
        ]
    taken = {phase: median(each[phase] for each in rounds) for phase in rounds[0]}
    lines = [
        f"At most {max(each['peak'] for each in rounds):.0f} MiB are used, by a batch and then a body of 5 MiB.",
        "",
        "| MB | " + " | ".join(f"{HEADS[phase]}: time | cost" for phase in PHASES) + " |",
        "|---" * (1 + 2 * len(PHASES)) + "|",
    ]
    for size in SIZES:
        cells = []
        for phase in PHASES:
            ratio = _seconds(taken[phase], phase, size) / _seconds(taken[phase], phase, SIZES[0])
            cells += [f"{ratio:.2f}", f"{ratio * size / SIZES[0]:.1f}"]
        lines.append(f"| {size} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _seconds(processor: float, phase: str, size: int) -> float:
    """Return how long a phase takes with a share of a processor; in a batch the waiting goes on beside the work."""
    working, waiting = processor * WHOLE / size, PHASES[phase] * WAITING
    return max(working, waiting) if phase == "batch" else working + waiting


if __name__ == "__main__":
    if sys.argv[1:] == ["measured"]:
        measured()
    else:
        sys.stdout.write(measure())
