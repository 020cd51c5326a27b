"""The block for `~/.aws/config`: what stands in it for each kind of grant and of source profile."""

import json
from pathlib import Path
from typing import Any

import botocore.configloader
import pytest

from crossrole.assume.profile import RoleProfile, role_profile
from crossrole.errors import CommandError
from crossrole.templates.grant import grant_of
from crossrole.templates.inventory import Inventory
from tests.command_line import main
from tests.synthesis import Assembly

DEV = "111111111111"
KEYS = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "secret"}
PROFILES: dict[str, dict[str, str]] = {
    "alice": KEYS,
    "office": {**KEYS, "mfa_serial": "arn:aws:iam::111111111111:mfa/office", "ca_bundle": "/etc/ca.pem"},
    "local": {**KEYS, "endpoint_url": "https://127.0.0.1:1", "services": "mine"},
    "sso": {"sso_session": "company", "sso_account_id": DEV, "sso_role_name": "Dev"},
    "session": {**KEYS, "aws_session_token": "token"},
}


def made(kinds_inventory: Inventory, grant: str, source: str = "alice", **given: Any) -> RoleProfile:
    """Return the profile of a grant."""
    asked: dict[str, Any] = {"name": None, "mfa_serial": None, "login": "os user", **given}
    return role_profile(grant_of(kinds_inventory, grant), PROFILES, source=source, **asked)


def test_the_whole_block(kinds_inventory: Inventory) -> None:
    """The role, whose keys, who it is, how long, where; it begins with an empty line, to be appended."""
    expected = """
[profile OneUser]
role_arn = arn:aws:iam::222222222222:role/OneUser
source_profile = alice
role_session_name = alice
duration_seconds = 43200
region = eu-west-1
sts_regional_endpoints = regional"""

    assert expected == "\n".join(made(kinds_inventory, "OneUser").lines)
    assert () == made(kinds_inventory, "OneUser").hints


KEYS_OF: dict[str, tuple[str, dict[str, Any], dict[str, str | None]]] = {
    "external ID": ("ExternalIdByHand", {}, {"external_id": "by-hand", "mfa_serial": None}),
    "a name of its own": ("AllConditions", {"name": "all"}, {"role_session_name": "alice"}),
    "MFA of the only user": ("AllConditions", {}, {"mfa_serial": f"arn:aws:iam::{DEV}:mfa/alice"}),
    "MFA of the source": ("RecentMfa", {"source": "office"}, {"mfa_serial": f"arn:aws:iam::{DEV}:mfa/office"}),
    "MFA as given": ("RecentMfa", {"source": "office", "mfa_serial": "arn:given"}, {"mfa_serial": "arn:given"}),
    "no MFA where none is asked": ("OneUser", {"source": "office"}, {"mfa_serial": None}),
    "the login of a role's grant": ("ServiceRole", {}, {"role_session_name": "os-user"}),
    "a user under a path": ("SourceIdentity", {}, {"role_session_name": "bob"}),
    "a shorter session": ("Bounded", {}, {"duration_seconds": "900"}),
    "an hour by Identity Center": ("OneUser", {"source": "sso"}, {"duration_seconds": "3600"}),
    "an hour by a session's keys": ("OneUser", {"source": "session"}, {"duration_seconds": "3600"}),
    "the source's certificates": ("OneUser", {"source": "office"}, {"ca_bundle": "/etc/ca.pem", "endpoint_url": None}),
    "the source's endpoint": ("OneUser", {"source": "local"}, {"endpoint_url": "https://127.0.0.1:1"}),
    "the source's services": ("OneUser", {"source": "local"}, {"services": "mine"}),
}


@pytest.mark.parametrize(("grant", "given", "expected"), KEYS_OF.values(), ids=KEYS_OF)
def test_a_key(
    grant: str, given: dict[str, Any], expected: dict[str, str | None], kinds_inventory: Inventory, tmp_path: Path
) -> None:
    """Each key is what the grant asks and the source has, and botocore reads it from the block."""
    profile = made(kinds_inventory, grant, **given)
    config = tmp_path / "config"
    config.write_text("\n".join(["[profile last]", "region = x", *profile.lines, ""]))
    read = botocore.configloader.load_config(str(config))["profiles"]

    assert dict(profile.keys) == read[profile.name]
    assert expected == {key: profile.keys.get(key) for key in expected}
    assert {"last", profile.name} == set(read)


FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "no such source": ("OneUser", {"source": "alise"}, 'there is no profile "alise"; did you mean alice'),
    "itself for a source": ("OneUser", {"name": "alice"}, "can't be its own source"),
    "a name that is taken": ("OneUser", {"name": "sso"}, 'there is a profile "sso" already'),
    "a name with a bracket": ("OneUser", {"name": "x]y"}, "is not a valid profile name"),
    "a name with a line break": ("OneUser", {"name": "x\ny"}, "is not a valid profile name"),
    "a name like an option": ("OneUser", {"name": "-x"}, "is not a valid profile name"),
    "MFA of several users": ("RecentMfa", {}, "give the ARN of your device with --mfa-serial"),
}


@pytest.mark.parametrize(("grant", "given", "expected"), FAULTS.values(), ids=FAULTS)
def test_a_profile_that_could_not_work(
    grant: str, given: dict[str, Any], expected: str, kinds_inventory: Inventory
) -> None:
    """It is an error that says what to do, so that nothing is appended."""
    with pytest.raises(CommandError, match=expected):
        made(kinds_inventory, grant, **given)


HINTS = {
    "chaining": ("OneUser", "sso", "a session lasts 3600 seconds at most"),
    "a device by its usual name": ("AllConditions", "alice", "if it is another: --mfa-serial"),
    "disabled": ("Disabled", "alice", "Disabled is disabled: nobody can assume it now"),
}


@pytest.mark.parametrize(("grant", "source", "expected"), HINTS.values(), ids=HINTS)
def test_a_hint(grant: str, source: str, expected: str, kinds_inventory: Inventory) -> None:
    """What was decided for the person is said."""
    (hint,) = made(kinds_inventory, grant, source).hints

    assert expected in hint


def test_the_command(
    kinds: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The block is all of standard output, hints are beside; --json has the same keys; no network is needed."""
    config = tmp_path / "config"
    config.write_text("[profile alice]\naws_access_key_id = AKIA\naws_secret_access_key = secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    words = ["profile", "AllConditions", "--source-profile", "alice", "--template-dir", str(kinds.directory)]
    status = main(words)
    out, err = capsys.readouterr()
    main([*words, "--json"])
    answer = json.loads(capsys.readouterr().out)
    config.write_text(config.read_text() + out)

    assert (0, 1) == (status, err.count("\n"))
    assert "AllConditions" == answer["profile"]
    assert answer["keys"] == botocore.configloader.load_config(str(config))["profiles"]["AllConditions"]
    assert 2 == main(words)
    assert 'there is a profile "AllConditions" already' in capsys.readouterr().err
