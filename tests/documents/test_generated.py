"""What is generated from the models is as the models have it."""

import importlib.util
import json
import tomllib
from types import ModuleType

import pytest

from crossrole.assume.tools import tools
from tests.synthesis import ROOT, Assembly


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """Return docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_json_schema_is_current(generate: ModuleType) -> None:
    """An editor checks access.toml with the same rules as the synth; `make docs` fixes a failure."""
    assert generate.schema() == generate.SCHEMA.read_text()


def test_the_page_of_kinds_is_current(generate: ModuleType) -> None:
    """Every kind of grant stands in the docs with the policies that it becomes; `make docs` fixes a failure."""
    assert generate.kinds() == generate.KINDS.read_text()


def test_the_table_of_keys_is_current(generate: ModuleType) -> None:
    """docs/configuration.md has every key; `make docs` fixes a failure."""
    text = generate.CONFIGURATION.read_text()

    assert generate.BEGIN in text
    assert generate.configuration(text) == text


def test_the_table_of_rules_is_current(generate: ModuleType) -> None:
    """docs/lint.md has every rule; `make docs` fixes a failure."""
    text = generate.LINT.read_text()

    assert generate.BEGIN_RULES in text
    assert generate.lint(text) == text


def test_the_settings_for_programs_are_current(generate: ModuleType, default: Assembly) -> None:
    """docs/your-own-function.md has what `profile --for` prints, for every tool; `make docs` fixes a failure."""
    text = generate.OWN_FUNCTION.read_text()

    assert [] == [tool for tool in tools() if generate.BEGIN_SETTINGS.format(tool) not in text]
    assert generate.own_function(text, default.directory) == text


def test_the_picture_of_make_try_is_current(generate: ModuleType) -> None:
    """It is what is printed of docs/try.json, which test_try.py compares with a run; `make docs` fixes a failure."""
    assert generate.tried() == generate.TRY.read_text()


def test_the_picture_of_the_report_is_current(generate: ModuleType, default: Assembly) -> None:
    """It was taken of the page as it is now, and is small; `make docs` fixes a failure."""
    assert generate.shown_by(generate.report_page(default.directory)) == generate.REPORT_OF.read_text()
    assert generate.REPORT.stat().st_size < 200_000


def test_access_toml_names_its_schema() -> None:
    """Editors find the schema by the first line."""
    first, *_ = (ROOT / "access.toml").read_text().splitlines()
    path = first.removeprefix("#:schema ")

    assert json.loads((ROOT / path).read_text())["title"] == "access.toml"
    assert tomllib.loads((ROOT / "access.toml").read_text())["prod"]["account"] == "222222222222"
