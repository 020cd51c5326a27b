"""What `crossrole profile --for` prints, run by the programs that it is for against the two local accounts."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from sandbox.configuration import CHECKOUT
from sandbox.emulator import CA_BUNDLE
from sandbox.folder import RUN
from tests.fakes.proxy import Proxy
from tests.fakes.server import Answer, Call, Fake, serving

BUCKET = "kinds-222222222222"
CALLERS = CHECKOUT / ".venv-callers" / "bin"
SDK = CHECKOUT / "tests" / "callers" / "node_modules"
WRITING = {"ServiceRole": "service/", "ExternalIdByHand": "external/"}
"""Grants that the role Exporter may write with, the second with an external ID, and their prefixes."""
BODY = "a,b\n1,2\n"


@dataclass
class Machine:
    """Where a program runs: a folder of its own, behind a proxy that counts its calls."""

    shell: Any
    folder: Path
    proxy: Proxy

    def settings(self, grant: str, tool: str, *options: str) -> str:
        """Return what the command prints for a tool."""
        found = self.shell.crossrole("profile", grant, "--for", tool, *options)
        assert 0 == found.returncode, found.stderr
        return str(found.stdout)

    def keys(self, caller: str) -> dict[str, str]:
        """Return a caller's credentials as the variables of a process."""
        found = self.shell.world.callers[caller].get_credentials()
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        return {name: value for name, value in zip(names, found.get_frozen_credentials()[:3], strict=True) if value}

    def run(self, *command: str | Path, **variables: str) -> str:
        """Run a program to its end behind the proxy, and return what it printed."""
        reach = {"AWS_ENDPOINT_URL": self.proxy.url, "AWS_EC2_METADATA_DISABLED": "true"}
        done = subprocess.run(
            [str(each) for each in command],
            cwd=self.folder,
            env=self.shell.environment | reach | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout

    @property
    def assumed(self) -> int:
        """How often STS was asked for a session."""
        return self.proxy.actions.count("AssumeRole")

    @property
    def prod(self) -> Any:
        """Production's S3, to look with and to prepare."""
        return self.shell.world.accounts.session("prod").client("s3")

    def arrived(self, key: str) -> str:
        """Return an object as production has it, and take it away."""
        body = self.prod.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
        self.prod.delete_object(Bucket=BUCKET, Key=key)
        return str(body)


@pytest.fixture
def machine(shell: Any, proxy: Proxy, tmp_path: Path) -> Machine:
    """Return an empty folder beside a report to write."""
    folder = tmp_path / "task"
    folder.mkdir()
    (folder / "report.csv").write_text(BODY)
    return Machine(shell, folder, proxy)


@pytest.fixture
def readable(machine: Machine) -> Iterator[str]:
    """Put the report where alice's grant reads, and return its key."""
    key = "user/report.csv"
    machine.prod.put_object(Bucket=BUCKET, Key=key, Body=BODY.encode())
    yield key
    machine.prod.delete_object(Bucket=BUCKET, Key=key)


# --- Python

TWICE = """
import boto3
from handler import handler
for _ in range(2):
    handler({"body": "written"}, None)
print(boto3.client("sts", region_name="eu-central-1").get_caller_identity()["Arn"])
"""


@pytest.mark.parametrize("grant", WRITING)
def test_python_writes_with_one_session(machine: Machine, grant: str) -> None:
    """Two invocations take one session, and the function's own session stays its own."""
    (machine.folder / "handler.py").write_text(machine.settings(grant, "python"))
    printed = machine.run(sys.executable, "-c", TWICE, **machine.keys("exporter"))

    assert "written" == machine.arrived(f"{WRITING[grant]}report.csv")
    assert 1 == machine.assumed
    assert "assumed-role/Exporter/" in printed


def test_python_renews_its_session(machine: Machine) -> None:
    """A session of 15 minutes is renewed at once, for boto3 renews in the last 15: each put begins one."""
    (machine.folder / "handler.py").write_text(machine.settings("Bounded", "python"))
    machine.run(sys.executable, "-c", TWICE, **machine.keys("exporter"))

    assert "written" == machine.arrived("bounded/report.csv")
    assert machine.assumed > 1


def test_python_reads_by_a_profile(machine: Machine, readable: str) -> None:
    """With --source-profile the profile's credentials assume the role, whatever the environment has."""
    (machine.folder / "handler.py").write_text(machine.settings("OneUser", "python", "--source-profile", "alice"))
    machine.run(sys.executable, "-c", TWICE, **machine.keys("exporter"))

    assert [f"GetObject /{BUCKET}/{readable}"] * 2 == machine.proxy.s3_calls
    assert 1 == machine.assumed


# --- JavaScript

JAVASCRIPT_TWICE = """
import { handler } from "./handler.mjs";
for (const _ of [1, 2]) await handler({ body: "written" });
"""


def _javascript(machine: Machine, settings: str, **variables: str) -> None:
    (machine.folder / "node_modules").symlink_to(SDK)
    (machine.folder / "handler.mjs").write_text(settings)
    (machine.folder / "twice.mjs").write_text(JAVASCRIPT_TWICE)
    machine.run("node", "twice.mjs", **variables)


@pytest.mark.parametrize("grant", WRITING)
def test_javascript_writes_with_one_session(machine: Machine, grant: str) -> None:
    """Two invocations take one session."""
    _javascript(machine, machine.settings(grant, "javascript"), **machine.keys("exporter"))

    assert "written" == machine.arrived(f"{WRITING[grant]}report.csv")
    assert 1 == machine.assumed


def test_javascript_reads_by_a_profile(machine: Machine, readable: str) -> None:
    """With --source-profile the profile's credentials assume the role, whatever the environment has."""
    settings = machine.settings("OneUser", "javascript", "--source-profile", "alice")
    _javascript(machine, settings, **machine.keys("exporter"))

    assert [f"GetObject /{BUCKET}/{readable}"] * 2 == machine.proxy.s3_calls


# --- the AWS CLI in a container


@dataclass
class Task(Fake):
    """What a task of ECS asks for its role's credentials."""

    keys: dict[str, str]
    asked: list[str] = field(default_factory=list)

    def answer(self, call: Call) -> Answer:
        """Hand the credentials out."""
        self.asked.append(call.path)
        of_the_task = {
            "AccessKeyId": self.keys["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": self.keys["AWS_SECRET_ACCESS_KEY"],
            "Token": self.keys["AWS_SESSION_TOKEN"],
            "Expiration": "2099-01-01T00:00:00Z",
        }
        return Answer(200, json.dumps(of_the_task).encode(), {"Content-Type": "application/json"})


@contextmanager
def container(machine: Machine, caller: str) -> Iterator[dict[str, str]]:
    """Yield the one variable by which the programs of a task find its role."""
    with serving(Task(machine.keys(caller))) as task:
        yield {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{task.url}/credentials"}
        assert task.asked


@pytest.mark.parametrize("grant", WRITING)
def test_the_aws_cli_writes_in_a_container(machine: Machine, grant: str) -> None:
    """The task has nothing but its role, and puts the file."""
    with container(machine, "exporter") as variables:
        machine.run("sh", "-ec", machine.settings(grant, "aws-cli"), **variables)

    assert BODY == machine.arrived(f"{WRITING[grant]}report.csv")
    assert 1 == machine.assumed


# --- other programs


def _rclone(machine: Machine, command: str, **variables: str) -> str:
    """Run a command of rclone, which uploads to HTTPS alone and takes the endpoint of S3 from nowhere else."""
    accounts = machine.shell.world.accounts
    bundle = str(accounts.state / RUN / CA_BUNDLE)
    here = {
        "PATH": os.pathsep.join([str(CALLERS), machine.shell.environment["PATH"]]),
        "AWS_ENDPOINT_URL": accounts.endpoint_url,
        "AWS_CA_BUNDLE": bundle,
        "RCLONE_S3_ENDPOINT": accounts.endpoint_url,
        "RCLONE_CA_CERT": bundle,
        "RCLONE_CONFIG": "rclone.conf",
        "RCLONE_RETRIES": "1",
    }
    return machine.run("sh", "-ec", command, **here, **variables)


def _commented(settings: str, begins: str) -> str:
    """Return the command that a comment of the settings holds."""
    (command,) = [line for line in settings.splitlines() if line.startswith(f"# {begins}")]
    return command.removeprefix("# ")


@pytest.mark.parametrize("grant", WRITING)
def test_rclone_writes(machine: Machine, grant: str) -> None:
    """The command of the comment works as it stands, also where the grant allows nothing but writing."""
    settings = machine.settings(grant, "rclone")
    (machine.folder / "rclone.conf").write_text(settings)
    _rclone(machine, _commented(settings, "rclone copyto report.csv"), **machine.keys("exporter"))

    assert BODY == machine.arrived(f"{WRITING[grant]}report.csv")


def test_rclone_reads_by_a_profile(machine: Machine, readable: str) -> None:
    """It reads, and lists, with a profile's credentials."""
    (machine.folder / "report.csv").unlink()
    settings = machine.settings("OneUser", "rclone", "--source-profile", "alice", "--name", "reports")
    (machine.folder / "rclone.conf").write_text(settings)
    _rclone(machine, _commented(settings, "rclone copyto reports:"))
    listed = _rclone(machine, f"rclone lsf reports:{BUCKET}/user/")

    assert BODY == (machine.folder / "report.csv").read_text()
    assert Path(readable).name in listed.split()


DUCKDB = """
import pathlib, sys
import duckdb, duckdb_extension_aws, duckdb_extension_httpfs

first, rest = sys.argv[1].split("\\n", 1)
assert "INSTALL aws; INSTALL httpfs; LOAD aws; LOAD httpfs;" == first
database = duckdb.connect()
for extension in (duckdb_extension_httpfs, duckdb_extension_aws):
    (file,) = pathlib.Path(extension.__file__).parent.rglob("*.duckdb_extension")
    database.install_extension(str(file))
    database.load_extension(file.name.partition(".")[0])
print(database.execute(rest).fetchall())
"""


def _duckdb(machine: Machine, settings: str, **variables: str) -> str:
    """Run the SQL, with the endpoint that DuckDB takes from the secret alone."""
    here = f"ENDPOINT '{urlsplit(machine.proxy.url).netloc}', USE_SSL false, URL_STYLE 'path', REGION"
    return machine.run(CALLERS / "python", "-c", DUCKDB, settings.replace("REGION", here), **variables)


@pytest.mark.parametrize("grant", WRITING)
def test_duckdb_writes(machine: Machine, grant: str) -> None:
    """A query's result arrives."""
    _duckdb(machine, machine.settings(grant, "duckdb"), **machine.keys("exporter"))

    assert "answer\n42\n" == machine.arrived(f"{WRITING[grant]}report.csv")
    assert machine.assumed


def test_duckdb_reads(machine: Machine, readable: str) -> None:
    """A file is read as a table."""
    printed = _duckdb(machine, machine.settings("OneUser", "duckdb"), **machine.keys("alice"))

    assert "[(1, 2)]" == printed.strip()
    assert any(readable in each for each in machine.proxy.s3_calls)


# --- what docs/your-own-function.md warns of


@pytest.mark.parametrize(("options", "who"), [((), "Exporter"), (("--profile", "production"), "ServiceRole")])
def test_keys_in_the_environment_win_over_aws_profile(machine: Machine, options: tuple[str, ...], who: str) -> None:
    """AWS_PROFILE is not looked at where there are keys, as in Lambda; a profile that is named is."""
    config = machine.folder / "config"
    config.write_text(
        "[profile production]\nrole_arn = arn:aws:iam::222222222222:role/ServiceRole\n"
        "credential_source = Environment\nregion = eu-west-1\n"
    )
    words = ("aws", "sts", "get-caller-identity", "--region", "eu-west-1", "--query", "Arn", "--output", "text")
    printed = machine.run(
        *words, *options, AWS_CONFIG_FILE=str(config), AWS_PROFILE="production", **machine.keys("exporter")
    )

    assert f"assumed-role/{who}/" in printed


def test_another_accounts_bucket_of_the_name_gets_nothing(machine: Machine) -> None:
    """ExpectedBucketOwner denies a put into a bucket of that name that is not production's."""
    session = machine.shell.world.assume("ServiceRole", "exporter")
    with pytest.raises(ClientError, match="AccessDenied"):
        session.client("s3").put_object(Bucket=BUCKET, Key="service/x", Body=b"", ExpectedBucketOwner="333333333333")
