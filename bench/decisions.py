"""How fast access is decided: `python bench/decisions.py`, after `make synth`.

Prints the time of one `crossrole can` from cold beside that of a bare Python, and of a thousand decisions in one
process beside that one.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.append(str(CHECKOUT))

from crossrole.engines.simulator import Simulator
from crossrole.evaluation.can import ask_all
from crossrole.evaluation.question import question_of
from crossrole.templates.assembly import read_assembly
from crossrole.templates.reader import read_inventory

GRANT = "DevAccountAccessS3Role"
BUCKET = "arn:aws:s3:::reports-222222222222"
DECISIONS = 1000
RUNS = 7


def main() -> None:
    """Measure and print."""
    python = measured(lambda: run("-c", ""))
    cold = measured(lambda: run("-m", "crossrole", "can", GRANT, "s3:PutObject", f"{BUCKET}/dev/x"))
    many = measured(decide_many, runs=3)
    report = [
        f"bare Python                    {python:7.3f} s   1",
        f"crossrole can, from cold       {cold:7.3f} s   {cold / python:.1f} (goal: below 1 s)",
        f"{DECISIONS} decisions, one process {many:7.3f} s   {many / cold:.1f} of one from cold (goal: below 10 s)",
    ]
    sys.stdout.write("\n".join(report) + "\n")


def measured(work: Callable[[], object], runs: int = RUNS) -> float:
    """Return the median time of some runs, in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


def run(*arguments: str) -> None:
    """Run this Python from cold."""
    subprocess.run([sys.executable, *arguments], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def decide_many() -> None:
    """Read the templates and decide on a thousand requests, half of them denied."""
    inventory = read_inventory(read_assembly())
    questions = [
        question_of(
            inventory,
            caller=GRANT,
            via=None,
            action="s3:PutObject",
            resource=f"{BUCKET}/{'dev' if number % 2 else 'prod'}/{number}",
            given={},
            now=datetime.now(UTC),
        )
        for number in range(DECISIONS)
    ]
    with Simulator() as simulator:
        ask_all(inventory, simulator, questions)


if __name__ == "__main__":
    main()
