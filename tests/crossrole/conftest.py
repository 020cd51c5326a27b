"""What the tests of decisions share: what the templates say, and one process of each engine."""

import pytest

from crossrole.engines.prover import Prover
from crossrole.engines.simulator import Simulator
from crossrole.templates.assembly import read_assembly
from crossrole.templates.inventory import Inventory
from crossrole.templates.reader import read_inventory
from tests.command_line import warm_prover, warm_simulator
from tests.synthesis import Assembly


@pytest.fixture(scope="session")
def simulator() -> Simulator:
    """Return the engine that `can` asks."""
    return warm_simulator()


@pytest.fixture(scope="session")
def prover() -> Prover:
    """Return the second engine."""
    return warm_prover()


@pytest.fixture(scope="session")
def default_inventory(default: Assembly) -> Inventory:
    """Return what the committed access.toml's templates say."""
    return read_inventory(read_assembly(default.directory))


@pytest.fixture(scope="session")
def kinds_inventory(kinds: Assembly) -> Inventory:
    """Return what the templates of `kinds.toml`, with one grant of each kind, say."""
    return read_inventory(read_assembly(kinds.directory))
