"""What the tests of the report share: reports of some templates, and one process of the engine."""

import json
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crossrole.report.drawing import Pen, figures_of
from crossrole.report.history import NOTHING, History
from crossrole.report.model import GrantFacts, Report, report_of
from crossrole.report.page import page_of
from crossrole.templates.assembly import read_assembly
from tests.synthesis import Assembly

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
Read = Callable[..., Report]
Paged = Callable[[Report], str]


@pytest.fixture(scope="session")
def read() -> Read:
    """Return what reads a folder of templates into a report, at NOW and without git by default."""

    def reading(folder: Path, history: History = NOTHING, now: datetime = NOW) -> Report:
        return report_of(read_assembly(folder), history, now)

    return reading


@pytest.fixture(scope="session")
def paged() -> Iterator[Paged]:
    """Return what makes the page of a report."""
    with Pen() as pen:
        yield lambda report: page_of(report, pen.drawings(figures_of(report)))


@pytest.fixture(scope="session")
def of_kinds(read: Read, kinds: Assembly) -> Report:
    """Return the report of one grant of each kind."""
    return read(kinds.directory)


@pytest.fixture(scope="session")
def of_default(read: Read, default: Assembly) -> Report:
    """Return the report of the committed access.toml."""
    return read(default.directory)


def grant(report: Report, name: str) -> GrantFacts:
    """Return what is said of one grant."""
    return next(each for each in report.grants if each.name == name)


def changed(assembly: Assembly, folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Copy an assembly and change the resources of its ProdAccessStack."""
    shutil.copytree(assembly.directory, folder)
    path = folder / "ProdAccessStack.template.json"
    template = json.loads(path.read_text())
    change(template["Resources"])
    path.write_text(json.dumps(template))
    return folder


def multiplied(count: int) -> Callable[[dict[str, Any]], None]:
    """Return a change that makes of the roles there are as many as asked for, each with a prefix of its own."""

    def change(resources: dict[str, Any]) -> None:
        roles = {name: each for name, each in resources.items() if each["Type"] == "AWS::IAM::Role"}
        originals = list(roles.items())
        for number in range(count - len(originals)):
            logical_id, original = originals[number % len(originals)]
            role = deepcopy(original)
            role["Properties"]["RoleName"] += f"Number{number}"
            resources[f"{logical_id}{number}"] = role

    return change
