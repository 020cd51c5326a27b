"""How fast the synth is: `python bench/synth.py`, after `make setup`.

Each line is a ratio of two commands that are run in turn, pair by pair: the median of the pairs and their spread, of
the time on the clock and of the processors' time, which a busy machine changes less.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

CHECKOUT = Path(__file__).resolve().parents[1]
GRANTS = 1000
GRANTS_OF_A_STACK = 100
RUNS = 7


@dataclass(frozen=True)
class Command:
    """A command with what it sets in the environment; a variable of `fresh` names a folder that is new in each run."""

    words: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    fresh: tuple[str, ...] = ()

    def seconds(self) -> tuple[float, float]:
        """Run it and return its time on the clock and the processors' time of it and its children."""
        with tempfile.TemporaryDirectory() as folder:
            new = {name: str(Path(folder, name)) for name in ("CDK_OUTDIR", *self.fresh)}
            environment = CLEAN | self.environment | new
            words = [word.format(out=new["CDK_OUTDIR"]) for word in self.words]
            before, start = getrusage(RUSAGE_CHILDREN), time.perf_counter()
            subprocess.run(words, cwd=CHECKOUT, env=environment, check=True, capture_output=True)  # noqa: S603
            clock, after = time.perf_counter() - start, getrusage(RUSAGE_CHILDREN)
        return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


LEFT_OUT = ("CDK_", "JSII_", "PYTHON", "AWS_")
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith(LEFT_OUT)} | {
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
}
OFF = {"CDK_VALIDATION": "false"}
APP = (sys.executable, "app.py")
CDK = ("cdk", "synth", "--quiet", "--output", "{out}")
NO_PYC = {"PYTHONDONTWRITEBYTECODE": "1"}


def main() -> None:
    """Measure and print."""
    app = Command(APP, OFF)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "many.toml")
        file.write_text(many_grants(GRANTS), encoding="utf-8")
        many = {"CDK_CONTEXT_JSON": json.dumps({"access": str(file)})}
        pairs = [
            ("app.py to an app with its resources and nothing else", app, Command((*PLAIN, "{out}"), OFF), "1.15"),
            (f"app.py, {GRANTS} grants to one", Command(APP, OFF | many), app, "3.2"),
            (f"cdk synth, {GRANTS} grants to one", Command((*CDK, "-c", f"access={file}")), Command(CDK), ""),
            ("cdk synth to app.py, both without validation", Command(CDK, OFF), app, ""),
            ("app.py, with to without validation and cdk-nag", Command(APP), app, ""),
            ("app.py, cold to warm jsii cache", Command(APP, OFF, ("JSII_RUNTIME_PACKAGE_CACHE_ROOT",)), app, ""),
            ("app.py, without to with .pyc files", Command(APP, OFF | NO_PYC, ("PYTHONPYCACHEPREFIX",)), app, ""),
        ]
        write(f"{'median (from … to …)':62}{'clock':24}{'processors':24}goal")
        for name, one, other, goal in pairs:
            write(line(name, one, other, goal))
    packages = ", ".join(f"{name} {version(name)}" for name in ("aws-cdk-lib", "cdk-nag", "pydantic"))
    write(f"Python {sys.version.split()[0]}, {packages}; {RUNS} pairs each; load {os.getloadavg()[0]:.1f}")


PLAIN = (sys.executable, str(Path(__file__).with_name("plain_app.py")))


def line(name: str, one: Command, other: Command, goal: str) -> str:
    """Return what is printed of a pair of commands."""
    for warm_up in (one, other):
        warm_up.seconds()
    pairs = [(one.seconds(), other.seconds()) for _ in range(RUNS)]
    clock, processors = ([mine[at] / theirs[at] for mine, theirs in pairs] for at in (0, 1))
    return f"{name:62}{spread(clock):24}{spread(processors):24}{goal and f'at most {goal}'}".rstrip()


def spread(ratios: list[float]) -> str:
    """Return the median of some ratios, and between what they lie."""
    return f"{median(ratios):.2f} ({min(ratios):.2f} … {max(ratios):.2f})"


def many_grants(count: int) -> str:
    """Return the committed access.toml with so many grants like its own, as many to a stack as it holds."""
    text = (CHECKOUT / "access.toml").read_text(encoding="utf-8")
    head, heading, tail = text.partition("[[grants]]")
    own, writer, rest = tail.partition("[writer]")
    further = [
        # Of names, and for roles, of their own: one role's policy could not list a thousand others.
        f"{heading}{own.rstrip()}\nstack = {number // GRANTS_OF_A_STACK + 1}\n\n".replace(
            "AccessS3Role", f"{number}"
        ).replace("LambdaRole", f"Role{number}")
        for number in range(1, count)
    ]
    return "".join([head, heading, own, *further, writer, rest])


def write(text: str) -> None:
    """Print a line as soon as it is known."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
