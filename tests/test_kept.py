"""What is kept of an earlier run is used only where it would come out the same."""

import re
import shutil
from pathlib import Path

import pytest

from tests.kept import MUTANTS, PACKAGE, Kept, fingerprint
from tests.synthesis import ROOT

INPUTS = tuple(dict.fromkeys([*MUTANTS, *PACKAGE]))
FOUND = {"the table": 3}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with a small file for each input."""
    for name in INPUTS:
        place = tmp_path / "root" / name
        place = place if (ROOT / name).is_file() else place / "inner" / "file.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(name)
    return tmp_path / "root"


@pytest.fixture
def kept(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """Return one that has kept what `a test` found."""
    monkeypatch.delenv("CI", raising=False)
    one = Kept(INPUTS, fingerprint(INPUTS, root), tmp_path / "kept", root)
    one.keep("a test", FOUND)
    return one


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("change", ["a byte", "no file", "another file"])
def test_each_changed_input_brings_another_hash(root: Path, name: str, change: str) -> None:
    """Not one byte of what the results depend on can change unnoticed."""
    before = fingerprint(INPUTS, root)
    (file,) = [root / name] if (root / name).is_file() else (root / name).rglob("*.py")
    if change == "a byte":
        file.write_text(f"{name[:-1]}?")
    elif change == "no file":
        file.unlink()
    else:
        shutil.move(file, file.parent / "other.py")

    assert before != fingerprint(INPUTS, root)


@pytest.mark.parametrize("name", INPUTS)
def test_each_input_is_there(name: str) -> None:
    """A name that is moved away would be left out of the hash in silence."""
    assert (ROOT / name).exists()


def test_compiled_files_are_no_input(root: Path) -> None:
    """They come and go with the tests themselves."""
    before = fingerprint(INPUTS, root)
    (root / "access" / "__pycache__").mkdir()
    (root / "access" / "__pycache__" / "file.pyc").touch()

    assert before == fingerprint(INPUTS, root)


def test_what_was_found_is_recalled(kept: Kept) -> None:
    """For the same test with the same inputs, and for no other."""
    assert FOUND == kept.recall("a test")
    assert kept.recall("another test") is None
    assert Kept(INPUTS, "other inputs", kept.folder).recall("a test") is None


def test_under_ci_everything_runs(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of an earlier run counts there, and nothing is kept."""
    monkeypatch.setenv("CI", "true")
    kept.keep("another test", FOUND)
    assert kept.recall("a test") is None
    monkeypatch.delenv("CI")
    assert kept.recall("another test") is None


def test_an_input_that_changes_meanwhile(kept: Kept, root: Path) -> None:
    """What a test found while a file was edited is about neither state of it."""
    (root / "access.toml").write_text("edited")
    kept.keep("another test", FOUND)

    assert kept.recall("another test") is None


@pytest.mark.parametrize("spoilt", ["", "{}", "\n", "half", "longer", "another's"])
def test_a_spoilt_file_counts_as_none(kept: Kept, spoilt: str) -> None:
    """One that is truncated, foreign or about another test is as good as missing."""
    (file,) = kept.folder.iterdir()
    whole = file.read_text()
    if spoilt == "another's":
        kept.keep("another test", {"the table": 4})
        (other,) = set(kept.folder.iterdir()) - {file}
        shutil.copy(other, file)
    else:
        file.write_text({"half": whole[: len(whole) // 2], "longer": whole + " "}.get(spoilt, spoilt))

    assert kept.recall("a test") is None


def test_a_file_of_bytes_counts_as_none(kept: Kept) -> None:
    """It need not even be text."""
    (file,) = kept.folder.iterdir()
    file.write_bytes(b"\xff\xfe")

    assert kept.recall("a test") is None


def test_the_mutants_test_imports_only_its_inputs() -> None:
    """What it asks of crossrole stands in the rooms that are inputs."""
    files = sorted((ROOT / "tests" / "crossrole" / "evaluation").glob("*.py"))
    users = [each for each in files if "KEPT" in each.read_text()]
    imported = {
        name for each in users for name in re.findall(r"^from crossrole\.(\w+)", each.read_text(), re.MULTILINE)
    }

    assert ["test_mutation.py"] == [each.name for each in users]
    assert imported <= {name.removeprefix("crossrole/").removesuffix(".py") for name in MUTANTS}
