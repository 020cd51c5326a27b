"""The package: the same bytes from the same sources, all that runs is compiled, and it does what the sources do."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cross_account import writer_package
from cross_account.writer_package import CHECKOUT, PYTHON, assemble, packaged
from tests.synthesis import ROOT, Assembly, synthesize

# PEP 552: a compiled file begins with 4 bytes of Python's version and 4 of flags; 1 is "by hash, unchecked".
UNCHECKED = (1).to_bytes(4, "little")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay a package out that this Python can run."""
    made = tmp_path_factory.mktemp("package")
    assemble(made, sys.executable)
    return made


def test_it_passes_every_test_of_the_writer(folder: Path) -> None:
    """Each test beside this one passes with the package's botocore and nothing of another."""
    options = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", f"pythonpath=. constructs {folder}")
    done = subprocess.run(
        [sys.executable, *options, "tests/writer", "--ignore=tests/writer/test_package.py"],
        cwd=CHECKOUT,
        env={**os.environ, "PACKAGE": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stdout
    assert re.search(r"^\d+ passed in ", done.stdout, re.MULTILINE)


def test_its_bytes_are_the_same_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made twice, in two places, it is one and the same zip, under one name."""
    zips = []
    for place in ("a", "b"):
        monkeypatch.setattr(writer_package, "PACKAGES", tmp_path / place)
        zips.append(packaged(sys.executable))

    first, second = zips
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_its_name_follows_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed source is a package of another name, so that none can be stale."""
    monkeypatch.setattr(writer_package, "PACKAGES", tmp_path)
    before = packaged(sys.executable)
    changed = tmp_path / "handler.py"
    changed.write_text("")
    monkeypatch.setattr(writer_package, "SOURCE", tmp_path)

    assert before.name != packaged(sys.executable).name


def test_all_in_it_is_compiled_and_never_checked_against_a_date(folder: Path) -> None:
    """The dates in a zip, all 1980, can't make Python compile anew."""
    compiled = {path.name.partition(".")[0]: path.read_bytes()[4:8] for path in folder.rglob("*.pyc")}
    sources = {path.stem for path in folder.rglob("*.py")}

    assert sources == set(compiled)
    assert {UNCHECKED} == set(compiled.values())


def test_nothing_in_it_belongs_to_a_processor(folder: Path) -> None:
    """Pure Python runs on arm64 whatever it was made on; a compiled extension would not."""
    assert {".py", ".pyc", ".pem", ".json"} == {
        path.suffix for path in folder.rglob("*") if path.is_file() and "licences" not in path.parts
    }


def test_its_data_are_of_what_the_function_calls(folder: Path) -> None:
    """Of botocore's hundreds of services two are left, and of these the operations that can be called."""
    data = folder / "botocore" / "data"
    operations = {
        path.parents[1].name: sorted(json.loads(path.read_text())["operations"])
        for path in data.rglob("service-2.json")
    }

    assert {"s3": ["CreateSession", "HeadBucket", "PutObject"], "sts": ["AssumeRole"]} == operations


def test_each_library_in_it_has_its_licence_beside_it(folder: Path) -> None:
    """Whoever passes the zip on passes the licences on."""
    named = {path.name for path in (folder / "licences").iterdir()}

    assert {"botocore", "jmespath", "python-dateutil", "six", "urllib3"} == named


def test_it_is_a_zip_with_one_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda takes it as it is; the handler is where the function looks for it."""
    monkeypatch.setattr(writer_package, "PACKAGES", tmp_path)
    with zipfile.ZipFile(packaged(sys.executable)) as made:
        entries = made.infolist()

    assert {(1980, 1, 1, 0, 0, 0)} == {entry.date_time for entry in entries}
    assert "s3_writer/handler.py" in {entry.filename for entry in entries}


def test_the_deployed_python_is_the_one_it_is_compiled_for(default: Assembly) -> None:
    """A package of another version would be compiled anew at each cold start."""
    (function,) = default.resources("DevLambdaStack", "AWS::Lambda::Function").values()

    assert f"python{PYTHON[0]}.{PYTHON[1]}" == function["Properties"]["Runtime"]


@pytest.mark.parametrize(("python", "told"), [(sys.executable, "the package"), (None, "no Python 3.14")], ids=str)
def test_a_synth_deploys_the_package_or_the_sources_and_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str | None, told: str
) -> None:
    """What is deployed follows from what is there to compile with, never from what an earlier command left."""
    monkeypatch.setattr(writer_package, "PACKAGES", tmp_path / "packages")
    monkeypatch.setattr("cross_account.writer_function.interpreter", lambda: python)

    assembly = synthesize(ROOT / "access.toml", tmp_path / "out")

    (function,) = assembly.resources("DevLambdaStack", "AWS::Lambda::Function").values()
    asset = f"asset.{function['Properties']['Code']['S3Key']}"
    if python is None:
        assert (assembly.directory / asset.removesuffix(".zip") / "s3_writer" / "handler.py").exists()
    else:
        assert (assembly.directory / asset).read_bytes() == packaged(python).read_bytes()
    assert told in (assembly.directory / "DevLambdaStack.metadata.json").read_text()
