"""What the tests of decisions share: what the templates say, and one process of each engine."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from crossrole.assembly import read_assembly
from crossrole.engine import Simulator
from crossrole.landscape import Landscape
from crossrole.prover import Prover
from crossrole.reader import read_landscape
from tests.decisions.mutants import KILLED
from tests.synthesis import Assembly


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a process of several noticed to the one that tells of it."""
    if hasattr(session.config, "workeroutput"):
        killed = session.config.stash.setdefault(KILLED, Counter())
        session.config.workeroutput["killed"] = dict(killed)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add up what each process noticed."""
    node.config.stash.setdefault(KILLED, Counter()).update(getattr(node, "workeroutput", {}).get("killed", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many mutants of the policies were noticed."""
    killed = config.stash.get(KILLED, None)
    if killed:
        noticed = ", ".join(f"{number} by {what}" for what, number in sorted(killed.items()) if what != "equivalent")
        terminalreporter.write_line(f"mutants of the policies: {noticed}; {killed['equivalent']} judged alike by AWS")


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """Return the engine that `can` asks."""
    with Simulator() as running:
        yield running


@pytest.fixture(scope="session")
def prover() -> Iterator[Prover]:
    """Return the second engine."""
    with Prover() as running:
        yield running


@pytest.fixture(scope="session")
def default_landscape(default: Assembly) -> Landscape:
    """Return what the committed access.toml's templates say."""
    return read_landscape(read_assembly(default.directory))


@pytest.fixture(scope="session")
def kinds_landscape(kinds: Assembly) -> Landscape:
    """Return what the templates of `kinds.toml`, with one grant of each kind, say."""
    return read_landscape(read_assembly(kinds.directory))
