"""Small inputs with the right answer: where AWS's documentation is known to say what a command must answer."""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import crossrole
from tests.synthesis import synthesize

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = tomllib.loads((HERE / "cases.toml").read_text())["case"]
ASSEMBLIES: Mapping[str, Mapping[str, Any]] = json.loads((HERE / "assemblies.json").read_text())
VARIABLES = {"NO_COLOR": "1", "COLUMNS": "100"}


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that writes an assembly, or what an access.toml makes, once, and returns its folder."""

    @cache
    def folder(name: str) -> Path:
        where = tmp_path_factory.mktemp("case") / name.partition(":")[2]
        if name.startswith("synth:"):
            return synthesize(HERE / "access" / f"{name.removeprefix('synth:')}.toml", where).directory
        for path, content in ASSEMBLIES[name].items():
            file = where / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(content))
        return where / name

    return folder


def found(pattern: str, text: str) -> bool:
    """Return whether a pattern is in a text as it is, or as one long line."""
    flags = re.IGNORECASE | re.DOTALL | re.MULTILINE
    return any(re.search(pattern, each, flags) for each in (text, " ".join(text.split())))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']}: {case['id']}")
def test_the_right_answer_is_given(case: dict[str, Any], folder_of: Callable[[str], Path]) -> None:
    """The exit status is a right one, and what is printed says what it must and nothing that is not so."""
    words = [re.sub(r"\{([\w:-]+)\}", lambda match: str(folder_of(match[1])), word) for word in case["args"]]
    done = crossrole(*words, variables=VARIABLES)
    printed = done.stdout + done.stderr

    assert done.returncode in case["exit"], f"{case['right']}\n{printed}"
    assert [] == [each for each in case.get("must", []) if not found(each, printed)], f"{case['right']}\n{printed}"
    assert [] == [each for each in case.get("must_not", []) if found(each, printed)], f"{case['right']}\n{printed}"
