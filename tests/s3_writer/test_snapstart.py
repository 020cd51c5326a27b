"""SnapStart: environments restored from one snapshot share nothing that should be one's own."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.aws import FakeAws
from tests.fakes.server import Answer, Call, Fake, serving

AUTHORIZATION = "authorization-token"
# What AWS does not set under SnapStart.
# https://docs.aws.amazon.com/lambda/latest/dg/snapstart-monitoring.html
UNSET = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_LOG_STREAM_NAME")


@dataclass
class ContainerCredentials(Fake):
    """Lambda's endpoint of the function's own credentials: each time it is asked it gives others."""

    asked: list[str] = field(default_factory=list)

    def answer(self, call: Call) -> Answer:
        """Return the credentials as AWS documents their form."""
        self.asked.append(call.headers["authorization"])
        number = len(self.asked)
        ends = datetime.now(UTC) + timedelta(hours=1)
        given = {
            "AccessKeyId": f"ASIACONTAINER{number}",
            "SecretAccessKey": f"container-secret-{number}",
            "Token": f"container-token-{number}",
            "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return Answer(200, json.dumps(given))


@pytest.fixture
def container() -> Iterator[ContainerCredentials]:
    """Serve them over HTTP."""
    with serving(ContainerCredentials()) as credentials:
        yield credentials


def snapshot(container: ContainerCredentials, environments: int) -> list[dict[str, Any]]:
    """Make a snapshot, restore environments from it, and return the JSON lines that they wrote."""
    deployed = {name: value for name, value in os.environ.items() if name not in UNSET}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("snapshot.py")), str(environments)],
        env=deployed
        | {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{container.url}/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": AUTHORIZATION,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_given_a_snapshot_when_it_is_made_then_nobody_is_asked(aws: FakeAws, container: ContainerCredentials) -> None:
    """Before the snapshot there are no credentials and no connection that could be in it."""
    assert [] == snapshot(container, 0)
    assert ([], {}) == (container.asked, aws.counts)


def test_given_two_environments_when_restored_then_each_has_credentials_of_its_own(
    aws: FakeAws, container: ContainerCredentials
) -> None:
    """The function's own come from Lambda's endpoint after the restore; each assumes the role once and signs by it."""
    snapshot(container, 2)

    assert [AUTHORIZATION, AUTHORIZATION] == container.asked
    assert ["ASIACONTAINER1", "ASIACONTAINER2"] == [call.access_key for call in aws.assume_roles]
    assert ["container-token-1", "container-token-2"] == [
        call.headers["x-amz-security-token"] for call in aws.assume_roles
    ]
    assert [1, 1, 2, 2] == [int(call.access_key.removeprefix("ASIAASSUMED")) for call in aws.puts]
    assert 4 == len(aws.objects)


def test_given_two_environments_when_restored_then_no_connection_is_shared(
    aws: FakeAws, container: ContainerCredentials
) -> None:
    """Each has one to STS and one to S3, which it keeps."""
    snapshot(container, 2)

    assert [1, 3] == [call.connection for call in aws.assume_roles]
    assert [2, 2, 4, 4] == [call.connection for call in aws.puts]


def test_given_two_environments_when_restored_then_each_has_a_session_name_of_its_own(
    aws: FakeAws, container: ContainerCredentials
) -> None:
    """Lambda names no log stream under SnapStart, so the name's id is made after the restore, and logged."""
    lines = snapshot(container, 2)

    names = [call.parameters["RoleSessionName"] for call in aws.assume_roles]
    assert 2 == len(set(names))
    assert all(re.fullmatch("writer@[0-9a-f]{32}", name) for name in names)
    assert names == [line["roleSessionName"] for line in lines if "roleSessionName" in line]


def test_given_two_environments_when_restored_then_their_random_numbers_differ(container: ContainerCredentials) -> None:
    """The pauses between attempts would otherwise be the same, so that all come back to a busy S3 at once."""
    first, second = (line["random"] for line in snapshot(container, 2) if "random" in line)

    assert first != second
