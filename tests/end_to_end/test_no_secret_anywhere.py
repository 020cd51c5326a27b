"""A whole run of every command, and a search for the secrets that it used in all that it printed and left behind."""

import configparser
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.fakes.proxy import Proxy

GRANT, CALLER = "ServiceRole", "exporter"
_HANDED_OUT = re.compile(r"<(?:SecretAccessKey|SessionToken)>([^<]+)<")
_SECRET_KEYS = ("aws_secret_access_key", "aws_session_token")


def test_no_secret_is_where_none_belongs(world: Any, shell: Any, proxy: Proxy) -> None:
    """Secrets are in ~/.aws, which is the person's alone, and in what `assume` was asked to print: nowhere else."""
    shown = whole_run(shell, proxy.url)
    handed_out = [each for answer in proxy.answers for each in _HANDED_OUT.findall(answer.decode(errors="replace"))]
    secrets = {*held(shell.home / ".aws"), *handed_out}
    places = {**shown, **dict(left(shell.home)), **dict(left(world.accounts.logs)), **dict(left(world.templates))}

    assert 12 < len(handed_out)
    assert all(len(each) > 15 for each in secrets)
    assert {"doctor", "explain", "revoke", str(world.accounts.logs / "emulator.log")} <= places.keys()
    assert [] == [place for place, text in places.items() for each in secrets if each in text]
    assert [] == [
        str(path) for path in (shell.home / ".aws").rglob("*") if path.is_file() and path.stat().st_mode & 0o077
    ]


def whole_run(shell: Any, sts: str) -> dict[str, str]:
    """Run every command, with an address of its own for STS, and return what each printed where no secret belongs."""
    who = ("--profile", CALLER)
    administrator = ("--profile", "prod")
    temporary = shell.home / "tmp"
    temporary.mkdir()
    runs: dict[str, Any] = {}

    def run(name: str, *words: str, expected: int = 0, stdin: str = "") -> str:
        done = shell.process(*words, stdin=stdin, TMPDIR=str(temporary), AWS_ENDPOINT_URL_STS=sts)
        assert expected == done.returncode, f"{name}: {done.stdout}{done.stderr}"
        runs[name] = done
        return str(done.stdout)

    run("policies", "policies", GRANT, "--out", str(shell.home / "policies"))
    block = run("profile", "profile", GRANT, "--source-profile", CALLER, "--name", "service")
    with (shell.home / ".aws" / "config").open("a") as config:
        config.write(block)
    used = subprocess.run(
        ["aws", "s3", "cp", "-", "s3://kinds-222222222222/service/x", "--profile", "service"],
        env=shell.environment | {"AWS_ENDPOINT_URL_STS": sts},
        input="x",
        capture_output=True,
        text=True,
        check=True,
    )
    answer = run("assume", "assume", GRANT, *who, "--format", "json")
    printed = run("assume env", "assume", GRANT, *who)
    run("assume denied", "assume", GRANT, "--profile", "bystander", expected=1)
    run("assume --", "assume", GRANT, *who, "--", "true")
    run("revoke", "revoke", GRANT, *administrator, "--caller-profile", CALLER, "--json")
    run("restore", "restore", GRANT, *administrator)
    run("doctor", "doctor", GRANT, *who, "--prod-profile", "prod", "--write-probe")
    run("doctor denied", "doctor", GRANT, "--profile", "bystander", "--prod-profile", "prod", expected=1)
    dump = f"{printed}\n{answer}\nAn error occurred (ExpiredToken) when calling the PutObject operation: x"
    run("explain", "explain", "-", stdin=dump)
    run("report", "report", "--out", str(shell.home / "access.html"))
    run("markdown", "report", "--markdown")
    # What assume prints is what it was asked for; beside it, on standard error, nothing secret belongs.
    texts = {
        name: done.stderr if name in {"assume", "assume env"} else done.stdout + done.stderr
        for name, done in runs.items()
    }
    return {**texts, "aws": used.stdout + used.stderr}


def held(folder: Path) -> set[str]:
    """Return the secrets in the config file and in what the AWS CLI keeps of sessions."""
    config = configparser.RawConfigParser()
    config.read(folder / "config")
    found = {config[name][key] for name in config.sections() for key in _SECRET_KEYS if key in config[name]}
    for kept in folder.glob("cli/cache/*.json"):
        credentials = json.loads(kept.read_text())["Credentials"]
        found |= {credentials["SecretAccessKey"], credentials["SessionToken"]}
    return found


def left(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each file's path and text, but for those of ~/.aws, where secrets belong."""
    for path in folder.rglob("*"):
        if path.is_file() and ".aws" not in path.parts:
            yield str(path), path.read_text(errors="replace")
