"""What no command foresees: a fault of its own, an output that takes nothing, an environment full of credentials."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crossrole import cli
from crossrole.commands import who
from crossrole.credentials import without_credentials
from tests.synthesis import ROOT, Assembly

WHO = ["who", "s3:PutObject", "arn:aws:s3:::reports-222222222222/dev/x"]


def test_a_fault_of_its_own(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One line with the kind and the place, and not a word of what was being worked on; exit status 2."""

    def fails(*_: object) -> int:
        raise ZeroDivisionError("sentinel-secret")

    monkeypatch.setattr(who, "run", fails)

    assert 2 == cli.main(WHO)
    out, err = capsys.readouterr()
    assert "" == out
    assert err.startswith("crossrole: this is a fault of crossrole's own: ZeroDivisionError at cli.py:")
    assert 1 == err.count("\n")
    assert "sentinel-secret" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_an_output_that_is_full(default: Assembly) -> None:
    """It is told in one line, with exit status 2: the answer was a yes, and 1 would be a no."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "crossrole", *WHO, "--template-dir", str(default.directory)],
            cwd=ROOT,
            stdout=full,
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    expected = (
        "crossrole: the answer can't be written to standard output (No space left on device); "
        "the command was carried out\n"
    )
    assert (2, expected) == (done.returncode, done.stderr)


def test_an_output_that_is_closed(default: Assembly) -> None:
    """A closed output means that the exit status alone is wanted."""
    words = [sys.executable, "-m", "crossrole", *WHO, "--template-dir", str(default.directory)]
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *words], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False
    )

    assert (0, "") == (done.returncode, done.stderr)


def test_the_engines_get_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """What evaluates policies, and a synth of another revision, have no business with AWS."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "sentinel-secret")

    assert not [name for name in without_credentials() if name.startswith("AWS_")]
    assert os.environ["PATH"] == without_credentials()["PATH"]


def test_it_is_a_command_in_every_folder(tmp_path: Path) -> None:
    """`crossrole` in an active environment finds its own checkout."""
    command = Path(sys.executable).with_name("crossrole")
    done = subprocess.run([command, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stdout.startswith("usage: crossrole")


def test_a_command_without_its_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    """What stands where the -- is missing is told as that."""
    assert 2 == cli.main(["assume", "DevAccountAccessS3Role", "true"])
    assert "crossrole: write -- before the command to run: assume DevAccountAccessS3Role … -- true\n" == (
        capsys.readouterr().err
    )


def test_an_action_without_its_service(default: Assembly, capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest actions of S3 are offered."""
    assert 2 == cli.main(["who", "PutObject", WHO[2], "--template-dir", str(default.directory)])
    assert '"PutObject" is not an action; expected one action, such as s3:PutObject; did you mean s3:PutObject' in (
        capsys.readouterr().err
    )
