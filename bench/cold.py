"""What a cold start costs, to the first put's answer: `python bench/cold.py`."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

sys.path.append(str(Path(__file__).resolve().parents[1]))

from bench.measuring import BENCH, FakeAwsProcess, Row, Table, Taken, Variant, clean, fake_aws, interleaved, variants
from bench.runtime_api import cold_start

ROUNDS = 9


def measure() -> list[Table]:
    """Start each variant from cold: as a plain process, and by Lambda's runtime client."""
    with variants() as field, fake_aws() as aws:
        known = {each.name: each for each in field}
        for variant in field:  # once uncounted, so that all files are in the page cache
            _process(aws, variant)
        plain = _measured(known, lambda name: _process(aws, known[name]))
        client = _measured(known, lambda name: _client(aws, known[name]))
    return [
        Table(
            "Cold: a plain process",
            "From the start of Python to its end, with one put between.",
            ["peak"],
            plain,
        ),
        Table(
            "Cold: Lambda's runtime client",
            "awslambdaric against a Runtime API of the measurement: from its start to the function's first answer. "
            "Of this, `init` is the time until it asks for the first event: Lambda's init phase, in which the "
            "function has more of a processor than its memory size gives it later.",
            ["peak", "init"],
            client,
        ),
    ]


def _measured(known: Mapping[str, Variant], measure: Callable[[str], tuple[Taken, int, float]]) -> list[Row]:
    rows = {name: Row(name) for name in known}
    beside: dict[str, list[tuple[int, float]]] = {name: [] for name in known}

    def noted(name: str) -> Taken:
        taken, peak, init = measure(name)
        beside[name].append((peak, init))
        return taken

    interleaved(rows, noted, ROUNDS)
    for name, row in rows.items():
        row.notes.append(f"{median(peak for peak, _ in beside[name])} MiB")
        if init := median(init for _, init in beside[name]):
            row.notes.append(f"{init * 1000:.0f} ms")
    return list(rows.values())


def _process(aws: FakeAwsProcess, variant: Variant) -> tuple[Taken, int, float]:
    """Return what a whole process takes, its peak of memory in MiB, and no time of an init phase."""
    start = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - this Python
        [sys.executable, str(BENCH / "invoke.py"), variant.module, "1"],
        env=clean(variant.environment(aws)),
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{variant.name}: exit status {process.returncode}")
    return Taken(time.perf_counter() - start, used.ru_utime + used.ru_stime), used.ru_maxrss // 1024, 0


def _client(aws: FakeAwsProcess, variant: Variant) -> tuple[Taken, int, float]:
    start = cold_start(f"{variant.module}.handler", variant.folder, clean(variant.environment(aws)))
    return Taken(start.answered, start.processor), start.peak, start.initialized


if __name__ == "__main__":
    sys.stdout.write("\n".join(table.markdown() for table in measure()))
