"""What goes wrong before the accounts are there, and how it is reported."""

import os
import sys
from pathlib import Path

import pytest

from sandbox.accounts import Accounts
from sandbox.configuration import Account, SandboxError
from sandbox.session import LocalSession

DEV = Account(id="111111111111", region="eu-west-1")
PROD = Account(id="222222222222", region="eu-west-1")
MADE_UP = "not-a-key"


def test_a_missing_environment_is_named(tmp_path: Path) -> None:
    """Without .venv-sandbox the message says what makes it, and the folder is free again."""
    accounts = Accounts(state=tmp_path, dev=DEV, prod=PROD, python=tmp_path / "none")

    for _ in range(2):
        with pytest.raises(SandboxError, match="none is missing"), accounts:
            pass


def test_an_emulator_that_does_not_start_shows_its_log(tmp_path: Path) -> None:
    """Here it is a Python that can't even load it: the log's end says so, and nothing waits for a timeout."""
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no such emulator >&2\nexit 1\n", encoding="utf-8")
    broken.chmod(0o700)

    with (
        pytest.raises(SandboxError, match=r"did not start; see .*emulator\.log:\n    no such emulator"),
        Accounts(state=tmp_path / "state", dev=DEV, prod=PROD, python=broken),
    ):
        pass

    assert not (tmp_path / "state" / "config").exists()


def test_an_emulator_that_hangs_is_given_up(tmp_path: Path) -> None:
    """The wait ends, with the log, and the process with it."""
    hanging = tmp_path / "python"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    hanging.chmod(0o700)

    with (
        pytest.raises(SandboxError, match="did not answer in 0 s"),
        Accounts(state=tmp_path / "state", dev=DEV, prod=PROD, python=hanging, timeout=0.2),
    ):
        pass


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    """It says where the command should come from."""
    accounts = Accounts(state=tmp_path, dev=DEV, prod=PROD, python=Path(sys.executable))

    with pytest.raises(SandboxError, match="there is no `no-such-command` on PATH"):
        accounts.run("no-such-command", log="none")


def test_the_stranger_is_nobody_we_know(tmp_path: Path) -> None:
    """The third account is another one even where somebody uses the placeholder's number."""
    accounts = Accounts(state=tmp_path, dev=Account(id="333333333333", region="eu-west-1"), prod=PROD)

    assert accounts.by_profile["other"].id not in {"333333333333", PROD.id}


def test_more_accounts_are_profiles_too(tmp_path: Path) -> None:
    """By their names, and none of them is the stranger."""
    more = {"payments": Account(id="333333333333", region="eu-north-1")}
    accounts = Accounts(state=tmp_path, dev=DEV, prod=PROD, more=more)

    assert more["payments"] == accounts.by_profile["payments"]
    assert "333333333333" != accounts.by_profile["other"].id


def test_a_session_ignores_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller with a profile, an endpoint and certificates of their own still reaches the local accounts."""
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://elsewhere.example")
    monkeypatch.setenv("AWS_CA_BUNDLE", os.devnull)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_PROFILE", "nope")
    session = LocalSession(
        access_key=PROD.id, secret_key=MADE_UP, region=PROD.region, endpoint_url="https://127.0.0.1:1", ca_bundle=bundle
    )

    client = session.client("sts")

    credentials = session.get_credentials()
    assert client.meta.endpoint_url == "https://127.0.0.1:1"
    assert credentials is not None
    assert credentials.access_key == PROD.id
