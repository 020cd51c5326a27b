"""What the measurements of the writer share: the fake AWS, the variants, and the tables of their figures."""

import compileall
import json
import os
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from py_compile import PycInvalidationMode
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import botocore

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.append(str(CHECKOUT / "constructs"))

from cross_account import writer_contents
from tests.fakes.function import FUNCTION_ENVIRONMENT

BENCH = CHECKOUT / "bench"
FUNCTION = FUNCTION_ENVIRONMENT | {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/writer",
}


@dataclass(frozen=True)
class FakeAwsProcess:
    """The fake AWS in a process of its own, so that its work is in nobody's figures."""

    url: str
    folder: Path

    def counts(self) -> dict[str, int]:
        """Return what was counted since it started."""
        context = ssl.create_default_context(cafile=str(self.folder / "authority.pem"))
        with urllib.request.urlopen(f"{self.url}/counts", context=context) as answer:  # noqa: S310 - its own https
            counts: dict[str, int] = json.load(answer)
        return counts

    def environment(self, roots: Path) -> dict[str, str]:
        """Return a deployed function's environment, whose AWS is this one; `roots` are trusted beside its own.

        Reading the authorities is much of a cold start, so each variant reads as many as it would on Lambda.
        """
        bundle = self.folder / f"with_{roots.stem}.pem"
        bundle.write_text(roots.read_text() + (self.folder / "authority.pem").read_text())
        return {**FUNCTION, "AWS_ENDPOINT_URL": self.url, "AWS_CA_BUNDLE": str(bundle)}


@contextmanager
def fake_aws(delay: float = 0) -> Iterator[FakeAwsProcess]:
    """Run the fake AWS, which answers after `delay` seconds."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, str(BENCH / "serve.py"), folder, str(delay)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - this Python
            try:
                assert process.stdout is not None  # noqa: S101 - it is a pipe
                yield FakeAwsProcess(process.stdout.readline().strip(), Path(folder))
            finally:
                process.terminate()


@dataclass(frozen=True)
class Variant:
    """One way to write through a role: `module` has its handler, `folder` is what Lambda would have in /var/task."""

    name: str
    module: str
    folder: Path
    roots: Path

    def environment(self, aws: FakeAwsProcess) -> dict[str, str]:
        """Return the environment that it runs in."""
        return {**aws.environment(self.roots), "PYTHONPATH": str(self.folder)}


_ALL_ROOTS = Path(botocore.__file__).with_name("cacert.pem")
_AMAZON_ROOTS = writer_contents.SOURCE / "s3_writer" / "amazon_roots.pem"
_HANDLER = "s3_writer.handler"


@contextmanager
def variants() -> Iterator[list[Variant]]:
    """Yield the field, the original first; the package is compiled for this Python, to run on it."""
    with ExitStack() as stack:
        package, uncompiled = (Path(stack.enter_context(TemporaryDirectory())) for _ in range(2))
        for folder in (package, uncompiled):
            writer_contents.lay_out(folder)
        compileall.compile_dir(package, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        handlers = BENCH / "handlers"
        yield [
            Variant("the original example", "original", handlers, _ALL_ROOTS),
            Variant("aws-assume-role-lib", "with_aws_assume_role_lib", handlers, _ALL_ROOTS),
            Variant("boto3-assume", "with_boto3_assume", handlers, _ALL_ROOTS),
            Variant("the writer, its sources alone", _HANDLER, writer_contents.SOURCE, _AMAZON_ROOTS),
            Variant("the writer, packaged", _HANDLER, package, _AMAZON_ROOTS),
            Variant("the writer, packaged but not compiled", _HANDLER, uncompiled, _AMAZON_ROOTS),
        ]


class Taken(NamedTuple):
    """What something took, in seconds of the clock and of the processor."""

    clock: float
    processor: float


def run(script: str, *arguments: str, environment: Mapping[str, str]) -> Taken:
    """Run one of this folder's scripts with this Python, and return the figures that it tells on stderr."""
    done = subprocess.run(  # noqa: S603 - this Python
        [sys.executable, str(BENCH / script), *arguments],
        env=clean(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{script} {' '.join(arguments)}: {done.stderr}")
    return Taken(**json.loads(done.stderr))


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a measured process gets: nothing of this one's settings, and no leave to compile, as on Lambda."""
    return {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **environment}


@dataclass
class Row:
    """One variant's figures, one of each round."""

    name: str
    taken: list[Taken] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def clocks(self) -> list[float]:
        """The seconds of the clock."""
        return [each.clock for each in self.taken]


@dataclass(frozen=True)
class Table:
    """A measurement; the first row is 1."""

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Row]

    def ratio(self, row: Row) -> Taken:
        """Return the medians of the row's ratios to the first row, taken round by round."""
        rounds = list(zip(row.taken, self.rows[0].taken, strict=True))
        return Taken(
            median(mine.clock / first.clock for mine, first in rounds),
            median(mine.processor / first.processor for mine, first in rounds),
        )

    def markdown(self) -> str:
        """Write it as a section of a page."""
        heads = ["variant", "ratio", "ratio of the processor's time", "median", "least to most", *self.columns]
        lines = [f"## {self.title}", "", self.note, "", _line(heads), "|---" * len(heads) + "|"]
        for row in self.rows:
            ratio = self.ratio(row)
            figures = [
                _ratio(ratio.clock),
                _ratio(ratio.processor),
                _time(median(row.clocks)),
                f"{_time(min(row.clocks))} to {_time(max(row.clocks))}",
            ]
            lines.append(_line([row.name, *figures, *row.notes]))
        return "\n".join([*lines, ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ratio(value: float) -> str:
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"  # noqa: PLR2004 - two figures that say something


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def interleaved(rows: Mapping[str, Row], measure: Callable[[str], Taken], rounds: int) -> None:
    """Measure each row once a round, so that a slow moment of the machine falls on all of them."""
    for _ in range(rounds):
        for name, row in rows.items():
            row.taken.append(measure(name))
