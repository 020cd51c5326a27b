"""The lines between the folders: which package may import which, and the folder trap that breaks everything."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


SOURCE_ROOTS = {"access": ROOT, "stacks": ROOT, "crossrole": ROOT, "sandbox": ROOT}
SOURCE_ROOTS |= {"cross_account": ROOT / "constructs", "s3_writer": ROOT / "lambda"}
"""The folder that each of our packages lies in."""
MODULES = {
    ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
    for package, root in SOURCE_ROOTS.items()
    for path in sorted((root / package).rglob("*.py"))
}

BELOW = {"templates", "engines", "iam"}
SHARED = BELOW | {"live", "evaluation", "lint", "policies"}
ASKED = {"assume", "revoke", "explain", "report", "diff"}
ROOMS = {
    "iam": set(),
    "engines": {"iam"},
    "templates": {"iam"},
    "live": {"templates", "iam"},
    **dict.fromkeys(["evaluation", "lint", "policies"], BELOW),
    "environment": {"engines"},
    **dict.fromkeys(sorted(ASKED), SHARED | {"environment"}),
    "doctor": SHARED | ASKED | {"environment"},
    "commands": SHARED | ASKED | {"environment", "doctor"},
}
"""Which rooms of crossrole/ a room may import beside itself: docs/layout.md shows it."""
EVERYBODYS = {"errors", "credentials", "escaping", "printing", "unknown"}
"""The modules of crossrole/ that every room may import."""
PACKAGES = {
    "access": {"crossrole"},
    "cross_account": {"access", "crossrole"},
    "stacks": {"access", "cross_account", "crossrole"},
    "s3_writer": set(),
    "sandbox": {"crossrole"},
    "crossrole": set(),
}
"""Which of our packages a package may import."""


def sources(folder: str) -> list[Path]:
    """Return the Python files of a folder."""
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of everything that a file imports, at its top or later."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} has a relative import, which hides the room that it reaches into"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports(path: Path) -> Iterator[str]:
    """Yield the top-level package of everything that a file imports."""
    yield from (name.partition(".")[0] for name in imported(path))


def modules_of(name: str) -> Iterator[str]:
    """Yield the modules of ours that importing a name needs."""
    for module in (name, name.rpartition(".")[0]):
        if module in MODULES:
            yield module
            return


def room_of(module: str) -> str:
    """Return the room of crossrole/ that a module stands in."""
    return module.split(".")[1] if "." in module else ""


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    """Flow goes one way: the function and the local accounts know nothing of CDK's side, nor it of them."""
    of_package = [path for module, path in MODULES.items() if module.split(".")[0] == package]
    found = {name for path in of_package for name in imports(path)} & SOURCE_ROOTS.keys()

    assert of_package
    assert found <= PACKAGES[package] | {package}


APP = EVERYBODYS | {"iam"}
SEEN = {"access": APP, "cross_account": APP, "stacks": APP, "sandbox": {"printing"}}
"""What of crossrole the other packages see."""


@pytest.mark.parametrize("package", SEEN)
def test_a_package_sees_little_of_crossrole(package: str) -> None:
    """What access.toml becomes depends on what AWS documents, not on what reads the templates."""
    of_package = [path for module, path in MODULES.items() if module.split(".")[0] == package]
    names = {name for path in of_package for name in imported(path) if name.startswith("crossrole.")}

    assert {room_of(name) for name in names} <= SEEN[package]


def test_every_room_of_crossrole_is_in_the_table() -> None:
    """A new folder gets its place in the table first."""
    folders = {room_of(module) for module in MODULES if module.startswith("crossrole.")}

    assert folders - {"cli", "__main__"} == ROOMS.keys() | EVERYBODYS


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_the_table_allows(room: str) -> None:
    """No import goes upwards, and no command's package looks into another's."""
    of_room = {
        module: path for module, path in MODULES.items() if room_of(module) == room and module.startswith("crossrole.")
    }
    names = {name for path in of_room.values() for name in imported(path) if name.startswith("crossrole.")}

    assert of_room
    assert {room_of(name) for name in names} - {room} <= ROOMS[room] | EVERYBODYS


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Each module can be read after those that it imports."""
    needs = {
        module: {needed for name in imported(path) for needed in modules_of(name)} - {module}
        for module, path in MODULES.items()
    }

    assert len(MODULES) == len(list(TopologicalSorter(needs).static_order()))


@pytest.mark.parametrize("folder", ["lambda", "sandbox", "crossrole"])
def test_a_folder_knows_no_cdk(folder: str) -> None:
    """These start fast because no jsii starts with them."""
    found = {name for path in sources(folder) for name in imports(path)}

    assert not {"aws_cdk", "constructs", "cdk_nag", "jsii"} & found


def test_policies_are_written_without_cdk() -> None:
    """Reading access.toml and writing its policies loads no CDK, so that it can be tested in no time."""
    code = "import sys, access.file; print('aws_cdk' in sys.modules or 'jsii' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'constructs'}"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "False\n" == done.stdout


@pytest.mark.parametrize("folder", ["constructs", "lambda", "tests", "tests/constructs"])
def test_no_folder_shadows_a_package(folder: str) -> None:
    """`constructs/__init__.py` would shadow the PyPI package `constructs`; `lambda` can't be imported at all."""
    assert not (ROOT / folder / "__init__.py").exists()


def test_each_source_root_holds_one_package() -> None:
    """A second package in a source root would be one more name on everybody's path."""
    for root, package in (("constructs", "cross_account"), ("lambda", "s3_writer")):
        packages = {path.name for path in (ROOT / root).iterdir() if path.is_dir() and path.name != "__pycache__"}
        assert {package} == packages


COMMANDS = sorted(path.stem for path in (ROOT / "crossrole" / "commands").glob("[a-z]*.py") if path.stem != "common")
ASK_AWS = {"assume", "doctor", "profile", "restore", "revoke"}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_loads_no_more_than_it_needs(command: str) -> None:
    """So each starts fast: none loads CDK, nor yet what a terminal needs; only those that ask AWS load boto3.

    Those are the ones that read its config file, too.
    """
    code = f"import sys, crossrole.cli, crossrole.commands.{command}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}

    assert not {"aws_cdk", "jsii", "constructs", "pydantic", "rich", "shtab"} & loaded
    assert (command in ASK_AWS) == ("botocore" in loaded)
