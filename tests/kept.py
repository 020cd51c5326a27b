"""Results of long tests, kept as long as nothing that they depend on changes; under CI nothing is kept or recalled."""

import hashlib
import importlib.metadata
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.synthesis import ROOT

EVERYWHERE = ("tests/conftest.py", "tests/kept.py", "constraints.txt", "package-lock.json", "pyproject.toml")
"""What every test depends on, beside Python and what is installed for it."""
MUTANTS = (
    "access",
    "constructs",
    "stacks",
    *(f"crossrole/{room}" for room in ("engines", "evaluation", "iam", "templates", "credentials.py", "errors.py")),
    "lambda",
    "tests/crossrole/evaluation",
    "tests/crossrole/conftest.py",
    "tests/command_line.py",
    "tests/kept_answers.py",
    "tests/synthesis.py",
    "tests/kinds.toml",
    "access.toml",
    "app.py",
    "cdk.json",
    "node_modules/.package-lock.json",
    *EVERYWHERE,
)
"""All that it depends on whether a mutant is noticed; tests/test_layout.py holds what these rooms may import."""
PACKAGE = ("constructs", "lambda", "tests/fakes", "tests/s3_writer", "node_modules/.package-lock.json", *EVERYWHERE)
"""All that the writer's tests depend on, run on its package."""


@cache
def installed() -> list[str]:
    """Return every package that is installed here, with its version."""
    return sorted(f"{each.name}=={each.version}" for each in importlib.metadata.distributions())


def fingerprint(names: Sequence[str], root: Path = ROOT) -> str:
    """Return a hash of every byte of these files and folders, and of what is installed."""
    digest = hashlib.sha256()
    digest.update(json.dumps([sys.version, sys.platform, installed()]).encode())
    for path in _files(names, root):
        content = path.read_bytes()
        digest.update(json.dumps([path.relative_to(root).as_posix(), len(content)]).encode())
        digest.update(content)
    return digest.hexdigest()


def _files(names: Sequence[str], root: Path) -> Iterator[Path]:
    for name in names:
        place = root / name
        found = [place] if place.is_file() else sorted(place.rglob("*"))
        yield from (each for each in found if each.is_file() and "__pycache__" not in each.parts)


@dataclass(frozen=True)
class Kept:
    """What was found by the tests that passed, one file a test.

    `names` are the files and folders that it depends on, `inputs` their fingerprint, of when the tests are collected:
    before any of them reads a file.
    """

    names: tuple[str, ...]
    inputs: str
    folder: Path = ROOT / ".sandbox" / "kept"
    root: Path = ROOT

    def recall(self, test: str) -> dict[str, int] | None:
        """Return what a test found with the same inputs; None where it has to be run."""
        if os.environ.get("CI"):
            return None
        try:
            text = self._file(test).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None
        seal, _, rest = text.partition("\n")
        if seal != _seal(rest):  # truncated, or not by us
            return None
        kept = json.loads(rest)
        found: dict[str, int] = kept["found"]
        return found if (test, self.inputs) == (kept["test"], kept["inputs"]) else None

    def keep(self, test: str, found: dict[str, int]) -> None:
        """Keep what a test found that has passed, unless an input was changed while it ran."""
        if os.environ.get("CI") or self.inputs != fingerprint(self.names, self.root):
            return
        rest = json.dumps({"test": test, "inputs": self.inputs, "found": found})
        self.folder.mkdir(parents=True, exist_ok=True)
        whole = self._file(test)
        part = whole.with_suffix(f".{os.getpid()}")
        part.write_text(f"{_seal(rest)}\n{rest}", encoding="utf-8")
        part.replace(whole)

    def _file(self, test: str) -> Path:
        return self.folder / f"{hashlib.sha256(test.encode()).hexdigest()}.json"


def _seal(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


KEPT = Kept(MUTANTS, fingerprint(MUTANTS))
KEPT_OF_PACKAGE = Kept(PACKAGE, fingerprint(PACKAGE))
