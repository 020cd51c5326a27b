"""How fast access is decided: `python bench/decisions.py`, after `make setup`.

Each line is the time of a command from cold on a file of many grants beside that on a file of one, or beside another
measure. With `--write` the lines become the section of docs/performance.md; `make bench` does this.
"""

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.append(str(CHECKOUT))

from bench.synth import APP, CLEAN, OFF, many_grants
from crossrole.engines.simulator import Simulator
from crossrole.evaluation.can import ask_all
from crossrole.evaluation.question import question_of
from crossrole.templates.assembly import read_assembly
from crossrole.templates.reader import read_inventory

PAGE = CHECKOUT / "docs" / "performance.md"
_SECTION = re.compile(r"(?<=<!-- decisions: make bench -->\n).*(?=<!-- end of decisions -->)", re.DOTALL)
GRANT = "DevAccountAccessS3Role"
BUCKET = "arn:aws:s3:::reports-222222222222"
GRANTS = 400
DECISIONS = 1000
RUNS = 7


@dataclass(frozen=True)
class Line:
    """What was measured, the seconds of it and of what it is compared with, and the most that their ratio should be."""

    name: str
    seconds: float
    others: float
    goal: float | None

    def cells(self) -> list[str]:
        """Return the line's cells."""
        goal = f"at most {self.goal:g}" if self.goal else ""
        return [self.name, f"{self.others:.2f} s", f"{self.seconds:.2f} s", f"{self.seconds / self.others:.1f}", goal]


HEADINGS = ["what", "of it", "time", "ratio", "goal"]


@dataclass(frozen=True)
class Templates:
    """The templates of a file with some grants, and of the same file where the first grant allows more."""

    base: Path
    head: Path


def main() -> None:
    """Measure, print, and write where that is asked for."""
    with tempfile.TemporaryDirectory() as folder:
        one, many = (templates(count, Path(folder, str(count))) for count in (1, GRANTS))
        lines = list(measure(one, many))
    rows = [HEADINGS, *(line.cells() for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
    if "--write" in sys.argv[1:]:
        text = "\n".join(["", machine(), "", *map(table_row, [HEADINGS, ["---"] * len(HEADINGS), *rows[1:]]), "", ""])
        PAGE.write_text(_SECTION.sub(lambda _: text, PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def measure(one: Templates, many: Templates) -> Iterator[Line]:
    """Yield what was measured of each command, as soon as it is known."""
    python = measured(lambda: run("-c", ""))
    can = measured(lambda: crossrole(one, "can", GRANT, "s3:PutObject", f"{BUCKET}/dev/x"))
    yield Line("`can` from cold, to a bare Python", can, python, None)
    yield Line(
        f"{DECISIONS} decisions in one process, to one from cold", measured(lambda: decide_many(one), 3), can, 10
    )
    for name, goal, work in COMMANDS:
        times = [measured(partial(work, each)) for each in (one, many)]
        yield Line(f"`{name}`, {GRANTS} grants to 1", times[1], times[0], goal)


COMMANDS: list[tuple[str, float | None, Callable[[Templates], None]]] = [
    ("can", None, lambda each: crossrole(each, "can", GRANT, "s3:PutObject", f"{BUCKET}/dev/x")),
    # One grant of head may delete. Where all may, each is one more answer, with its own conditions.
    ("who, where one can", 3, lambda each: crossrole(each, "who", "s3:DeleteObject", f"{BUCKET}/dev/x", of="head")),
    ("who, where all can", None, lambda each: crossrole(each, "who", "s3:PutObject", f"{BUCKET}/dev/x")),
    ("diff", 2, lambda each: run("-m", "crossrole", "diff", str(each.base), str(each.head))),
    ("report", 5, lambda each: crossrole(each, "report", "--markdown")),
]


def templates(count: int, folder: Path) -> Templates:
    """Synthesize a file with so many grants twice, the second time with more access for the first of them."""
    made = Templates(folder / "base", folder / "head")
    text = many_grants(count)
    for out, access in ((made.base, text), (made.head, text.replace('["write"]', '["write", "delete"]', 1))):
        out.mkdir(parents=True)
        (out / "access.toml").write_text(access, encoding="utf-8")
        context = json.dumps({"access": str(out / "access.toml")})
        environment = CLEAN | OFF | {"CDK_OUTDIR": str(out), "CDK_CONTEXT_JSON": context}
        subprocess.run(APP, cwd=CHECKOUT, env=environment, check=True, capture_output=True)  # noqa: S603
    return made


def measured(work: Callable[[], object], runs: int = RUNS) -> float:
    """Return the median time of some runs, in seconds."""
    work()  # what is compiled once is compiled now
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


def crossrole(pair: Templates, *arguments: str, of: str = "base") -> None:
    """Run a command on the templates of one of the two files."""
    run("-m", "crossrole", *arguments, "--template-dir", str(getattr(pair, of)))


def run(*arguments: str) -> None:
    """Run this Python from cold."""
    subprocess.run(  # noqa: S603
        [sys.executable, *arguments], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL
    )


def decide_many(of: Templates) -> None:
    """Read the templates and decide on a thousand requests, half of them denied."""
    inventory = read_inventory(read_assembly(of.base))
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


def machine() -> str:
    """Say when and on what."""
    return (
        f"Measured on {datetime.now(UTC):%d %B %Y} on one machine: {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}; the median of {RUNS} runs each. Look at the ratios, not at the seconds."
    )


def table_row(cells: list[str]) -> str:
    """Return a row of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
