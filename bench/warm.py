"""What a put costs a warm execution environment: `python bench/warm.py`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from bench.measuring import FakeAwsProcess, Row, Table, Taken, Variant, fake_aws, interleaved, run, variants

ROUNDS = 5
INVOCATIONS = {"original": 20}
MANY = 200


def measure() -> Table:
    """Invoke each variant many times in one process."""
    with variants() as field, fake_aws() as aws:
        known = {each.name: each for each in field if "not compiled" not in each.name}  # the same once it is warm
        rows = {name: Row(name) for name in known}
        for name, variant in known.items():
            rows[name].notes += _counted(aws, variant)
        interleaved(rows, lambda name: _per_put(aws, known[name]), ROUNDS)
    return Table(
        "Warm: one put more",
        "The time of one invocation after the first, the network's near 0. The counts are those of the first "
        f"{MANY} invocations of a process (of the original's first {INVOCATIONS['original']}): what is sent, over how "
        "many connections, and who signs the puts: the role, or the function itself, which is wrong.",
        ["AssumeRole", "puts", "connections", "Expect", "puts signed by the role"],
        list(rows.values()),
    )


def _per_put(aws: FakeAwsProcess, variant: Variant) -> Taken:
    invocations = str(INVOCATIONS.get(variant.module, MANY))
    return run("invoke.py", variant.module, invocations, environment=variant.environment(aws))


def _counted(aws: FakeAwsProcess, variant: Variant) -> list[str]:
    before = aws.counts()
    _per_put(aws, variant)
    counts = {name: count - before.get(name, 0) for name, count in aws.counts().items()}
    by_the_role = sum(count for name, count in counts.items() if name.startswith("PutObject signed by ASIAASSUMED"))
    named = [counts[name] for name in ("AssumeRole", "PutObject", "connections", "Expect")]
    return [str(count) for count in [*named, by_the_role]]


if __name__ == "__main__":
    sys.stdout.write(measure().markdown())
