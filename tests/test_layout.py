"""The lines between the folders: who may import whom, and the folder trap that breaks everything."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def sources(folder: str) -> list[Path]:
    """Return the Python files of a folder."""
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Yield the top-level package of everything that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


PRODUCT = {"stacks", "cross_account", "sandbox", "crossrole", "s3_writer"}
MAY_IMPORT = {
    "constructs": {"cross_account"},
    "stacks": {"stacks", "cross_account"},
    "lambda": {"s3_writer"},
    "sandbox": {"sandbox"},
    "crossrole": {"crossrole"},
}


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_only_what_it_may(folder: str) -> None:
    """Flow goes one way: the function and the local accounts know nothing of CDK's side, nor it of them."""
    found = {name for path in sources(folder) for name in imports(path)} & PRODUCT

    assert found <= MAY_IMPORT[folder]


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
    """None loads CDK, and only those that ask AWS, or read its config file, load boto3: so they start fast."""
    code = f"import sys, crossrole.cli, crossrole.commands.{command}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}

    assert not {"aws_cdk", "jsii", "constructs", "pydantic"} & loaded
    assert (command in ASK_AWS) == ("botocore" in loaded)
