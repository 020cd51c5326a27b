"""Answers of an earlier run that depend on their question alone, such as a proof. Under CI none is kept or recalled."""

import hashlib
import json
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from crossrole.engines.prover import Prover, Verdict
from tests.kept import installed
from tests.synthesis import ROOT

FILE = ROOT / ".sandbox" / "kept" / "answers.sqlite"
PROGRAM = ROOT / "crossrole" / "engines" / "prover_process.py"


def hash_of(*parts: object) -> str:
    """Return a hash of JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def answered(
    keys: Sequence[str],
    ask: Callable[[list[int]], Sequence[Any]],
    *,
    file: Path = FILE,
    lasts: Callable[[Any], bool] = lambda _: True,
) -> tuple[list[Any], int]:
    """Return the answer of each question, and how many of them an earlier run had.

    `keys` hold all that each answer depends on. `ask` gives the answers of the questions with these numbers. `lasts` is
    whether an answer is worth keeping.
    """
    if os.environ.get("CI"):
        return list(ask(list(range(len(keys))))), 0
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file, timeout=60)) as kept:
        kept.execute("CREATE TABLE IF NOT EXISTS answers (question TEXT PRIMARY KEY, answer TEXT NOT NULL)")
        rows = (kept.execute("SELECT question, answer FROM answers WHERE question = ?", (key,)) for key in keys)
        answers = {question: json.loads(answer) for row in rows for question, answer in row}
        missing = [number for number, key in enumerate(keys) if key not in answers]
        new = {keys[number]: answer for number, answer in zip(missing, ask(missing), strict=True)}
        with kept:
            lasting = [(key, json.dumps(answer)) for key, answer in new.items() if lasts(answer)]
            kept.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?)", lasting)
    return [(answers | new)[key] for key in keys], len(keys) - len(missing)


def engine_fingerprint(program: Path = PROGRAM) -> str:
    """Return a hash of all that a proof depends on beside its inquiry."""
    return hash_of(sys.version, sys.platform, installed(), program.read_text(encoding="utf-8"))


class KeptProver(Prover):
    """A prover that asks its engine only what no earlier run has proved with the same engine."""

    def __init__(self, file: Path = FILE, engine: str | None = None) -> None:
        """`file` holds what is kept, `engine` is the fingerprint of the engine that it is good for."""
        super().__init__()
        self._file = file
        self._engine = engine or engine_fingerprint()
        self.recalled = 0
        """The number of proofs that an earlier run had."""

    def ask(self, questions: Sequence[Any]) -> list[Any]:
        """Return the outcome of each inquiry."""
        proved, recalled = answered(
            [hash_of(self._engine, each) for each in questions],
            lambda missing: super(KeptProver, self).ask([questions[number] for number in missing]),
            file=self._file,
            # What is unknown may be a matter of time.
            lasts=lambda outcome: outcome["verdict"] != Verdict.UNKNOWN,
        )
        self.recalled += recalled
        return proved
