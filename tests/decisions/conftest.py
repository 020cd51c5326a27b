"""What the tests of decisions share: what the templates say, and one process of each engine."""

from collections.abc import Iterator

import pytest

from crossrole.assembly import read_assembly
from crossrole.engine import Simulator
from crossrole.landscape import Landscape
from crossrole.prover import Prover
from crossrole.reader import read_landscape
from tests.synthesis import Assembly


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
