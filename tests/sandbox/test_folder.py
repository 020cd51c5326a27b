"""The state folder: one holder, logs kept, nothing else left."""

import stat
from pathlib import Path

import pytest

from sandbox.configuration import SandboxError
from sandbox.folder import held


def test_a_second_holder_is_an_error(tmp_path: Path) -> None:
    """The same command twice in one checkout gives one clear error, and the first goes on undisturbed."""
    with held(tmp_path / "try"):
        (tmp_path / "try" / "run" / "mine").touch()
        with pytest.raises(SandboxError, match=r"process \d+ is using"), held(tmp_path / "try"):
            pass

        assert (tmp_path / "try" / "run" / "mine").exists()


def test_two_folders_are_held_side_by_side(tmp_path: Path) -> None:
    """Two checkouts don't meet."""
    with held(tmp_path / "one"), held(tmp_path / "two"):
        assert (tmp_path / "two" / "run").is_dir()


def test_only_its_owner_may_look_in(tmp_path: Path) -> None:
    """The folder holds keys."""
    with held(tmp_path / "try"):
        modes = {stat.S_IMODE((tmp_path / "try" / name).stat().st_mode) for name in (".", "run", "logs")}

    assert modes == {0o700}


def test_the_last_logs_are_kept_and_the_run_is_not(tmp_path: Path) -> None:
    """After the next start too its logs are there; keys and certificates go with the run."""
    state = tmp_path / "try"
    with held(state):
        (state / "logs" / "emulator.log").write_text("what went wrong", encoding="utf-8")

    assert not (state / "run").exists()
    with held(state):
        assert list((state / "logs").iterdir()) == []
        assert (state / "logs.previous" / "emulator.log").read_text(encoding="utf-8") == "what went wrong"


def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    """A `kill -9` can leave a `run` behind; the next start begins with an empty one."""
    left = tmp_path / "try" / "run" / "left"
    left.mkdir(parents=True)

    with held(tmp_path / "try"):
        assert not left.exists()
