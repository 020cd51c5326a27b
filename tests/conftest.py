"""What every layer of tests shares: each access.toml is synthesized once in a process."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.synthesis import ROOT, Assembly, synthesize


class Scheduler(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Sends a test to whichever process is free, and the tests of some folders all to one.

    These share accounts that take long to start, and lock the folder of their state.
    """

    def _split_scope(self, nodeid: str) -> str:
        folder = nodeid.rpartition("::")[0].rpartition("/")[0]
        return folder if folder in {"tests/local_accounts", "tests/sandbox"} else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduler:
    """Share the tests out over processes, where there are several."""
    return Scheduler(config, log)


@pytest.fixture(scope="session")
def default(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Return what the committed access.toml makes."""
    return synthesize(ROOT / "access.toml", tmp_path_factory.mktemp("default"))


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Return what `kinds.toml`, with one grant of each kind, makes."""
    return synthesize(ROOT / "tests" / "kinds.toml", tmp_path_factory.mktemp("kinds"))


@pytest.fixture
def access() -> dict[str, Any]:
    """Return the smallest access.toml, as parsed TOML, for a test to change."""
    return {
        "prod": {"account": "222222222222", "region": "eu-west-1"},
        "dev": {"account": "111111111111", "region": "eu-west-1"},
        "grants": [
            {
                "name": "Grant",
                "principals": ["arn:aws:iam::111111111111:role/App"],
                "bucket": "reports",
                "access": ["write"],
            }
        ],
    }
