"""What every layer of tests shares: each access.toml is synthesized once in a process."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.synthesis import ROOT, Assembly, synthesize


class Scheduler(LoadScopeScheduling):  # type: ignore[misc] xdist ships no types
    """Sends a test to whichever process is free, and tests that share what takes long to start all to one.

    Each process that tries the local accounts starts accounts of its own, once.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.rpartition("/")[0]
        return {"tests/local_accounts": file, "tests/sandbox": folder, "tests/report": folder}.get(folder, nodeid)


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
