"""Templates that somebody has tampered with put no line of theirs into a config file, a shell or a folder."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import main
from tests.synthesis import Assembly

GRANT = "DevAccountAccessS3Role"
LINE = "x\ncredential_process = touch /tmp/owned"
Role = dict[str, Any]


def external_id(role: Role) -> None:
    """Ask for an external ID that is a line of a config file."""
    role["AssumeRolePolicyDocument"]["Statement"][0].setdefault("Condition", {})["StringEquals"] = {
        "sts:ExternalId": LINE
    }


def path(role: Role) -> None:
    """Put the role under a path that is a line of a config file."""
    role["Path"] = f"/{LINE}/"


def principal(role: Role) -> None:
    """Trust somebody whose name is a line of a shell."""
    role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = {"AWS": "arn:aws:iam::111111111111:user/x\ntouch y"}


def policy_name(role: Role) -> None:
    """Name a policy so that its file lies elsewhere."""
    role["Policies"][0]["PolicyName"] = "x/../../escaped"


def escape(role: Role) -> None:
    """Colour the terminal by a Sid."""
    role["Policies"][0]["PolicyDocument"]["Statement"][0]["Sid"] = "\x1b[31m"


CHANGES = (external_id, path, principal, policy_name, escape)
# A policy's name is in no profile.
CASES = [
    (command, each)
    for command in ("profile", "policies")
    for each in CHANGES
    if (command, each) != ("profile", policy_name)
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1].__name__}")
def test_it_is_invalid_in_one_line(
    default: Assembly,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, Callable[[Role], None]],
) -> None:
    """Nothing is printed that could be pasted or appended, and nothing is written."""
    command, change = case
    (tmp_path / "config").write_text("[profile dev]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    folder = tmp_path / "templates"
    shutil.copytree(default.directory, folder)
    template = folder / "ProdAccessStack.template.json"
    body = json.loads(template.read_text())
    for resource in body["Resources"].values():
        if resource["Type"] == "AWS::IAM::Role":
            change(resource["Properties"])
    template.write_text(json.dumps(body))
    words = {
        "profile": ["profile", GRANT, "--source-profile", "dev"],
        "policies": ["policies", GRANT, "--out", str(tmp_path / "out")],
    }
    assert 2 == main([*words[command], "--template-dir", str(folder)])
    out, err = capsys.readouterr()
    assert "" == out
    assert 1 == err.count("\n")
    assert err.strip().isprintable()
    assert not (tmp_path / "out").exists()
