"""Proofs of an earlier run: each depends on its inquiry and on the engine alone. Under CI none is kept or recalled."""

import hashlib
import importlib.metadata
import json
import os
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crossrole.engines.prover import Prover, Verdict
from tests.synthesis import ROOT

PROGRAM = ROOT / "crossrole" / "engines" / "prover_process.py"
FILE = ROOT / ".sandbox" / "kept" / "proofs.sqlite"


def engine_fingerprint(program: Path = PROGRAM) -> str:
    """Return a hash of all that an engine's answer depends on beside its inquiry."""
    installed = sorted(f"{each.name}=={each.version}" for each in importlib.metadata.distributions())
    digest = hashlib.sha256(json.dumps([sys.version, sys.platform, installed]).encode())
    digest.update(program.read_bytes())
    return digest.hexdigest()


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
        if os.environ.get("CI"):
            return super().ask(questions)
        keys = [_key(self._engine, each) for each in questions]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        kept = sqlite3.connect(self._file, timeout=60)
        try:
            kept.execute("CREATE TABLE IF NOT EXISTS proofs (inquiry TEXT PRIMARY KEY, outcome TEXT NOT NULL)")
            outcomes = {key: json.loads(found[0]) for key in keys if (found := _found(kept, key))}
            missing = {key: each for key, each in zip(keys, questions, strict=True) if key not in outcomes}
            self.recalled += len(keys) - len(missing)
            proved = dict(zip(missing, super().ask(list(missing.values())), strict=True))
            # What is unknown may be a matter of time: it is tried again.
            known = [(key, json.dumps(each)) for key, each in proved.items() if each["verdict"] != Verdict.UNKNOWN]
            with kept:
                kept.executemany("INSERT OR IGNORE INTO proofs VALUES (?, ?)", known)
        finally:
            kept.close()
        return [(outcomes | proved)[key] for key in keys]


def _key(engine: str, question: Any) -> str:
    return hashlib.sha256(f"{engine}{json.dumps(question, sort_keys=True)}".encode()).hexdigest()


def _found(kept: sqlite3.Connection, key: str) -> tuple[str] | None:
    found: tuple[str] | None = kept.execute("SELECT outcome FROM proofs WHERE inquiry = ?", (key,)).fetchone()
    return found
