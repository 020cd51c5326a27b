"""What many small objects cost: `python bench/batch.py`."""

import sys
from pathlib import Path
from statistics import median

sys.path.append(str(Path(__file__).resolve().parents[1]))

from bench.measuring import Row, Table, Taken, Variant, fake_aws, interleaved, run, variants

ROUNDS = 3
OBJECTS = 1000
DELAY = 0.02  # seconds before each answer
WAYS = {
    "one boto3 client in a loop": "loop",
    "one boto3 client, 32 threads, a pool to match": "threads",
    "the writer, its sources alone": "writer",
    "the writer, packaged": "writer",
    "obstore, 128 in flight": "obstore",
}


def measure() -> Table:
    """Put as many objects in each way, all with checksum and expected owner."""
    with variants() as field, fake_aws(DELAY) as aws:
        known = {each.name: each for each in field}
        rows = {name: Row(name) for name in WAYS}
        other = Variant("", "", known["the original example"].folder, known["the original example"].roots)

        def put(name: str) -> Taken:
            environment = known.get(name, other).environment(aws)
            return run("batches.py", WAYS[name], str(OBJECTS), environment=environment)

        interleaved(rows, put, ROUNDS)
    table = Table(
        f"Batch: {OBJECTS} objects of 1 kB",
        f"Each answer takes {DELAY * 1000:.0f} ms. All send a SHA-256 checksum and the expected owner.",
        ["times as fast", "processor per object"],
        list(rows.values()),
    )
    for row in rows.values():
        processor = median(each.processor for each in row.taken) / OBJECTS
        row.notes += [f"{1 / table.ratio(row).clock:.1f}", f"{processor * 1000:.2f} ms"]
    return table


if __name__ == "__main__":
    sys.stdout.write(measure().markdown())
