"""The package: the same bytes on every machine, compiled for the Python of Lambda, and it does what the sources do."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cross_account import writer_contents, writer_package
from cross_account.writer_package import CHECKOUT, PackageError, fingerprint, packaged
from tests.kept import KEPT_OF_PACKAGE
from tests.synthesis import ROOT, Assembly, synthesize

# PEP 552: a compiled file begins with 4 bytes of Python's version, CPython 3.14's being 3627 and a line's end, and 4
# of flags: 1 is "by hash, unchecked".
COMPILED = (3627).to_bytes(2, "little") + b"\r\n" + (1).to_bytes(4, "little")

HERE = Path(__file__).parent
NODE = str(Path(sys.executable).with_name("node"))
PYTHONS_3_14 = {"pyodide": (NODE, str(HERE / "on_pyodide.mjs"))}
if sys.version_info[:2] == (3, 14):
    PYTHONS_3_14["this one"] = (sys.executable, "-I", "-S")

# Their modules need libraries that the function does without.
OPTIONAL = re.compile(
    r"botocore\.(crt\.auth|docs\.translator)|dateutil\.(tz\.win|tzwin)"
    r"|urllib3\.(contrib\.(pyopenssl|socks|emscripten(\..*)?)|http2\.connection)"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the package, as Lambda does."""
    made = tmp_path_factory.mktemp("package")
    shutil.unpack_archive(packaged(), made)
    return made


def test_it_passes_every_test_of_the_writer(folder: Path, request: pytest.FixtureRequest) -> None:
    """Each test beside this one passes with the package's botocore and nothing of another."""
    if KEPT_OF_PACKAGE.recall(request.node.nodeid):
        return
    options = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", f"pythonpath=. constructs {folder}")
    done = subprocess.run(
        [sys.executable, *options, "tests/s3_writer", "--ignore=tests/s3_writer/test_package.py"],
        cwd=CHECKOUT,
        env={**os.environ, "PACKAGE": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stdout
    passed = re.search(r"^(\d+) passed in ", done.stdout, re.MULTILINE)
    assert passed
    KEPT_OF_PACKAGE.keep(request.node.nodeid, {"passed": int(passed[1])})


@pytest.mark.parametrize("python", PYTHONS_3_14)
def test_python_3_14_loads_it_from_the_compiled_files_alone(folder: Path, tmp_path: Path, python: str) -> None:
    """All that Lambda's version of Python can import of it, it imports without a look into the sources."""
    shutil.copytree(folder, tmp_path / "task")
    for source in (tmp_path / "task").rglob("*.py"):
        source.write_text("this is no Python")

    done = subprocess.run(
        [*PYTHONS_3_14[python], str(HERE / "import_all.py"), str(tmp_path / "task")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    said = json.loads(done.stdout)
    assert [3, 14] == said["python"]
    assert {} == {name: reason for name, reason in said["reasons"].items() if not OPTIONAL.fullmatch(name)}


def test_its_bytes_are_the_same_wherever_it_is_made(tmp_path: Path) -> None:
    """Made by two processes at once, under other settings than here, it is what this process has."""
    make = "import os, pathlib, sys; from cross_account import writer_package as w; os.umask(int(sys.argv[2]))\n"
    make += "w.PACKAGES = pathlib.Path(sys.argv[1]); print(w.packaged())"
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT / "constructs")}
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", make, str(tmp_path), umask],
            env=kept | {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for umask, seed, zone, locale in (("18", "1", "UTC", "C"), ("63", "2", "Asia/Tokyo", "C.UTF-8"))
    ]
    told = [maker.communicate() for maker in makers]

    expected = packaged()
    line = "packaging the function: a few seconds, once after each change to it\n"
    assert [(f"{tmp_path / expected.name}\n", line)] * 2 == told
    assert [expected.name] == [path.name for path in tmp_path.iterdir()]
    assert expected.read_bytes() == (tmp_path / expected.name).read_bytes()


def test_it_is_not_made_again(capsys: pytest.CaptureFixture[str]) -> None:
    """The second synth does not wait for it, and says nothing."""
    made = packaged()
    before = made.stat().st_mtime_ns
    capsys.readouterr()

    assert before == packaged().stat().st_mtime_ns
    assert ("", "") == capsys.readouterr()


@pytest.mark.parametrize("changed", ["sources", "compiler"])
def test_its_name_follows_all_that_goes_into_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str) -> None:
    """A changed source or another compiler is a package of another name, so that none can be stale."""
    before = fingerprint()
    if changed == "sources":
        shutil.copytree(writer_contents.SOURCE, tmp_path / "lambda")
        with (tmp_path / "lambda" / "s3_writer" / "handler.py").open("a") as handler:
            handler.write("\n")
        monkeypatch.setattr(writer_contents, "SOURCE", tmp_path / "lambda")
    else:
        _install_pyodide(tmp_path, "1.2.3")
        monkeypatch.setattr(writer_package, "CHECKOUT", tmp_path)

    assert before != fingerprint()


def test_all_in_it_is_compiled_and_never_checked_against_a_date() -> None:
    """The dates in a zip, all 1980, can't make Python compile anew; nor does another version's mark."""
    with zipfile.ZipFile(packaged()) as made:
        compiled = {Path(name): made.read(name)[:8] for name in made.namelist() if name.endswith(".pyc")}
        sources = [Path(name) for name in made.namelist() if name.endswith(".py")]

    assert {path.with_name("__pycache__") / f"{path.stem}.cpython-314.pyc" for path in sources} == set(compiled)
    assert {COMPILED} == set(compiled.values())


def test_nothing_in_it_belongs_to_a_processor_or_a_machine(folder: Path) -> None:
    """Pure Python runs on arm64 whatever it was made on; a compiled extension or a script for one Python would not."""
    assert {".py", ".pyc", ".pem", ".json"} == {
        path.suffix for path in folder.rglob("*") if path.is_file() and "licences" not in path.parts
    }
    assert [] == [name for name in writer_contents.contents() if name.startswith((".", "/"))]


def test_its_data_are_of_what_the_function_calls(folder: Path) -> None:
    """Of botocore's hundreds of services two are left, and of these the operations that can be called."""
    data = folder / "botocore" / "data"
    operations = {
        path.parents[1].name: sorted(json.loads(path.read_text())["operations"])
        for path in data.rglob("service-2.json")
    }

    assert {"s3": ["CreateSession", "HeadBucket", "PutObject"], "sts": ["AssumeRole"]} == operations


def test_each_library_in_it_has_its_licence_beside_it(folder: Path) -> None:
    """A copy of the zip has the licences too."""
    named = {path.name for path in (folder / "licences").iterdir()}

    assert {"botocore", "jmespath", "python-dateutil", "six", "urllib3"} == named


def test_it_is_a_zip_with_one_date(folder: Path) -> None:
    """Lambda takes it as it is; the handler is where the function looks for it."""
    with zipfile.ZipFile(packaged()) as made:
        entries = made.infolist()

    assert {(1980, 1, 1, 0, 0, 0)} == {entry.date_time for entry in entries}
    assert {0o100644} == {entry.external_attr >> 16 for entry in entries}
    assert (folder / "s3_writer" / "handler.py").read_bytes() == (ROOT / "lambda/s3_writer/handler.py").read_bytes()


def test_every_synth_deploys_it_under_one_name(
    default: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The asset is the package, and its hash follows from the bytes alone: two checkouts have no difference."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy2(packaged(), elsewhere)
    monkeypatch.setattr(writer_package, "PACKAGES", elsewhere)
    other = synthesize(ROOT / "access.toml", tmp_path / "out")

    assert _code(default) == _code(other)
    assert packaged().read_bytes() == (other.directory / f"asset.{_code(other)}").read_bytes()


def _code(assembly: Assembly) -> str:
    (function,) = assembly.resources("DevLambdaStack", "AWS::Lambda::Function").values()
    assert "python3.14" == function["Properties"]["Runtime"]
    return str(function["Properties"]["Code"]["S3Key"])


def test_without_node_modules_the_synth_says_so(tmp_path: Path) -> None:
    """Who runs app.py before `make setup` reads one line, and no traceback."""
    for name in ("access", "crossrole", "stacks", "constructs", "lambda"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "access.toml"):
        shutil.copy(ROOT / name, tmp_path)
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "CDK_OUTDIR": str(tmp_path / "out")},
        capture_output=True,
        text=True,
        check=False,
    )

    line = "the function can't be packaged: node_modules has no pyodide; run: make setup\n"
    assert (2, "", line) == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "the function can't be packaged: Node is not installed here; run: make setup"),
        (str(Path(NODE).parent), r"the function can't be packaged \(Error.*: .*pyodide.*\); run: make setup"),
    ],
    ids=["no node", "half a pyodide"],
)
def test_what_it_is_made_with_is_not_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, said: str
) -> None:
    """One line says what is missing and how it is fixed; nothing half made is left."""
    _install_pyodide(tmp_path, "314.0.7")
    shutil.copytree(ROOT / "constructs", tmp_path / "constructs")
    changes: dict[str, Any] = {
        "CHECKOUT": tmp_path,
        "PACKAGES": tmp_path / "packages",
        "_PACKER": tmp_path / "constructs" / "cross_account" / "pack.mjs",
    }
    for name, value in changes.items():
        monkeypatch.setattr(writer_package, name, value)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", path)

    with pytest.raises(PackageError) as caught:
        packaged()

    assert re.fullmatch(said, str(caught.value))
    assert [] == list((tmp_path / "packages").iterdir())


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says where."""
    (tmp_path / "packages").touch()
    monkeypatch.setattr(writer_package, "PACKAGES", tmp_path / "packages")

    with pytest.raises(PackageError) as caught:
        packaged()

    assert f"the function can't be packaged in {tmp_path / 'packages'}: File exists" == str(caught.value)


def _install_pyodide(checkout: Path, version: str) -> None:
    """Make a node_modules that has only Pyodide's version."""
    package = checkout / "node_modules" / "pyodide"
    package.mkdir(parents=True)
    (package / "package.json").write_text(json.dumps({"version": version}))
