"""The writer in an environment like Lambda's."""

import functools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.loaders
import pytest
import urllib3
from botocore.config import Config

from s3_writer import handler as handler_module
from s3_writer.client_options import CLIENT_CONFIG
from s3_writer.connection import ConnectionCache
from s3_writer.session_name import role_session_name
from s3_writer.settings import Settings
from tests.fakes.aws import FakeAws
from tests.fakes.function import FUNCTION_ENVIRONMENT, Context
from tests.fakes.server import Server

ENVIRONMENT = FUNCTION_ENVIRONMENT | {"BUCKET_REGION": "eu-central-1", "NO_PROXY": "127.0.0.1"}


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Serve on a free port of this machine for the whole run."""
    one = Server(FakeAws())
    with one.running():
        yield one


@pytest.fixture(scope="session")
def authority(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep the certificate of the authority that the server's own is by."""
    file = tmp_path_factory.mktemp("authority") / "authority.pem"
    file.write_bytes(server.authority)
    return file


@pytest.fixture(scope="session", autouse=True)
def _of_the_package() -> None:
    """Where these tests are run on a package (test_package.py), hold that it is what they run on."""
    package = os.environ.get("PACKAGE", "/")
    assert all(Path(module.__file__ or "").is_relative_to(package) for module in (botocore, urllib3, handler_module))


@pytest.fixture(scope="session", autouse=True)
def _one_loader() -> Iterator[None]:
    """Let all sessions of the run share one copy of AWS's service models: each copy takes 0.2 s to read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", functools.cache(botocore.loaders.create_loader))
        yield


@pytest.fixture(autouse=True)
def aws(server: Server, authority: Path, monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """Give each test an AWS that was asked nothing yet, and the environment of a deployed function."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.upper().endswith("_PROXY")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("EXTERNAL_ID", raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority))
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)  # the pauses between attempts
    server.fake = one = FakeAws()
    return one


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for an answer for a moment only; `test_session.py` holds how long it is."""
    shorter = CLIENT_CONFIG.merge(Config(read_timeout=0.3))
    monkeypatch.setattr("s3_writer.connection.CLIENT_CONFIG", shorter)


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch) -> ConnectionCache:
    """Give each test a cold execution environment."""
    role_session_name.cache_clear()
    cold = ConnectionCache()
    monkeypatch.setattr(handler_module, "_connections", cold)
    return cold


@pytest.fixture
def settings() -> Settings:
    """Read the settings that each test starts with."""
    return Settings.from_environment(ENVIRONMENT)


@pytest.fixture
def write() -> Callable[..., dict[str, Any]]:
    """Invoke the function as Lambda does: the event and the answer pass through JSON."""

    def invoke(event: object, request_id: str = "request-1", remaining: int = 60_000) -> dict[str, Any]:
        answer = handler_module.handler(json.loads(json.dumps(event)), Context(request_id, remaining))
        through_json: dict[str, Any] = json.loads(json.dumps(answer))
        return through_json

    return invoke


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """Read the log since the last look: every line on stdout must be JSON."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
