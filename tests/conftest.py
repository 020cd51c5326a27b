"""What every layer of tests shares: each access.toml is synthesized once in a process."""

import signal
from collections import Counter
from functools import cache
from typing import Any

import botocore.loaders
import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.command_line import warm_prover
from tests.crossrole.evaluation.mutants import KILLED
from tests.synthesis import ROOT, Assembly, smallest, synthesize

# What a shell starts in its background ignores SIGINT, and so does all that it starts: tests send it to commands.
signal.signal(signal.SIGINT, signal.default_int_handler)


_load_file = botocore.loaders.JSONFileLoader.load_file
# Each session of boto3 would read the same descriptions of AWS's services anew, which is most of what a client costs.
_load_once = cache(lambda path: _load_file(botocore.loaders.JSONFileLoader(), path))
botocore.loaders.JSONFileLoader.load_file = lambda _, path: _load_once(path)  # type: ignore[assignment,method-assign]


class Scheduler(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Sends a test to whichever process is free, and tests that share what takes long to start all to one.

    Each process that tries the local accounts starts accounts of its own, once.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.rpartition("/")[0]
        return {"tests/end_to_end": file, "tests/sandbox": folder, "tests/crossrole/report": folder}.get(folder, nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduler:
    """Share the tests out over processes, where there are several."""
    return Scheduler(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a process of several noticed to the one that tells of it."""
    killed = session.config.stash.setdefault(KILLED, Counter())
    killed["kept proofs"] += warm_prover().recalled
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["killed"] = dict(killed)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add up what each process noticed."""
    node.config.stash.setdefault(KILLED, Counter()).update(getattr(node, "workeroutput", {}).get("killed", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many mutants of the policies were noticed, and how much of that an earlier run has found."""
    killed = Counter(config.stash.get(KILLED, {}))
    kept, proofs, equivalent = (killed.pop(each, 0) for each in ("kept", "kept proofs", "equivalent"))
    if killed or equivalent:
        noticed = ", ".join(f"{number} by {what}" for what, number in sorted(killed.items()))
        terminalreporter.write_line(f"mutants of the policies: {noticed}; {equivalent} evaluated alike by AWS")
    if kept or proofs:
        terminalreporter.write_line(
            f"kept from an earlier run: {kept} of these mutants, and {proofs} proofs of the same inquiries; "
            "to run them again: CI=true make test"
        )


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
    """Return the smallest access.toml for a test to change."""
    return smallest()
