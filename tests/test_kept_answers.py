"""A proof of an earlier run is taken only for the same inquiry to the same engine."""

import json
import sqlite3
from pathlib import Path

import pytest

from crossrole.engines.prover import Inquiry, Proof, Prover, Side, Verdict
from crossrole.iam.policy import VERSION, Policy
from tests.kept_answers import KeptProver, engine_fingerprint

ROLE = "arn:aws:iam::111111111111:role/App"


def inquiry(action: str = "s3:GetObject") -> Inquiry:
    """Return the question whether a role that may read objects may do an action."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    policy = Policy("Stack", "App", "Read", {"Version": VERSION, "Statement": [statement]})
    return Inquiry(Side(ROLE, "111111111111", identity=(policy,)), action, "arn:aws:s3:::reports/x")


class Counting(KeptProver):
    """Counts what its engine is asked."""

    asked = 0

    def command(self) -> list[str]:
        """Return the engine's command."""
        self.asked += 1
        return super().command()


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


def proved(file: Path, *inquiries: Inquiry, engine: str = "one") -> tuple[list[Proof], int]:
    """Return the proofs, and how often an engine was started for them."""
    with Counting(file, engine) as prover:
        return prover.prove(inquiries), prover.asked


def test_a_proof_is_recalled(tmp_path: Path) -> None:
    """The second run starts no engine, and has what the engine itself says."""
    file = tmp_path / "kept" / "proofs.sqlite"
    first, started = proved(file, inquiry(), inquiry("s3:PutObject"))
    with Prover() as engine:
        expected = engine.prove([inquiry(), inquiry("s3:PutObject")])

    assert (expected, 1) == (first, started)
    assert [Verdict.ALLOWED, Verdict.DENIED] == [each.verdict for each in expected]
    assert (expected, 0) == proved(file, inquiry(), inquiry("s3:PutObject"))


def test_only_what_is_missing_is_proved(tmp_path: Path) -> None:
    """The answers come in the order of the questions."""
    file = tmp_path / "proofs.sqlite"
    proved(file, inquiry())
    proofs, started = proved(file, inquiry("s3:PutObject"), inquiry(), inquiry("s3:PutObject"))

    assert 1 == started
    assert [Verdict.DENIED, Verdict.ALLOWED, Verdict.DENIED] == [each.verdict for each in proofs]


def test_another_engine_proves_anew(tmp_path: Path) -> None:
    """Another version, or one byte of the program, is another engine."""
    file, program = tmp_path / "proofs.sqlite", tmp_path / "program.py"
    proved(file, inquiry())
    program.write_text("one")
    before = engine_fingerprint(program)
    program.write_text("two")

    assert 1 == proved(file, inquiry(), engine="another")[1]
    assert before != engine_fingerprint(program)


def test_under_ci_everything_is_proved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of an earlier run counts there, and nothing is kept."""
    file = tmp_path / "proofs.sqlite"
    proved(file, inquiry())
    monkeypatch.setenv("CI", "true")
    before = file.read_bytes()

    assert 1 == proved(file, inquiry())[1]
    assert 1 == proved(file, inquiry("s3:PutObject"))[1]
    assert before == file.read_bytes()


def test_what_is_unknown_is_tried_again(tmp_path: Path) -> None:
    """It may have been a matter of time."""
    file = tmp_path / "proofs.sqlite"
    proved(file, inquiry())
    with sqlite3.connect(file) as kept:
        kept.execute("DELETE FROM answers")
    kept.close()

    class Unknowing(Counting):
        def command(self) -> list[str]:
            self.asked += 1
            answer = json.dumps([{"verdict": "unknown", "example": None, "reasons": ["no time"]}])
            return ["sh", "-c", f"while read -r _; do echo '{answer}'; done"]

    with Unknowing(file, "one") as prover:
        assert Verdict.UNKNOWN is prover.prove([inquiry()])[0].verdict
    assert 1 == proved(file, inquiry())[1]
