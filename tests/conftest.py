"""What every layer of tests shares: each access.toml is synthesized once in a process."""

import signal
from typing import Any

import pytest

from tests.synthesis import ROOT, Assembly, synthesize

# What a shell starts in its background ignores SIGINT, and so does all that it starts: tests send it to commands.
signal.signal(signal.SIGINT, signal.default_int_handler)

TOGETHER = ("sandbox", "report")
"""Folders whose tests share what takes long to start, or lock the folder of their state."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share much in one process where several run them; others go to whichever is free.

    Each process that tries the local accounts starts accounts of its own, once. What takes longest begins first, so
    that no process is left alone with it at the end.
    """
    items.sort(key=lambda item: item.path.parent.name not in {"local_accounts", "documents"})
    for item in items:
        folder = item.path.parent.name
        if folder in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(folder))
        elif folder == "local_accounts":
            item.add_marker(pytest.mark.xdist_group(item.path.name))


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
