"""The function's environment, and the session name made from it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from s3_writer.errors import Misconfigured
from s3_writer.session_name import role_session_name
from tests.fakes.aws import FakeAws

Write = Callable[..., dict[str, Any]]
Logged = Callable[[], list[dict[str, Any]]]
INSTANCE = "0123456789abcdef0123456789abcdef"


def test_given_variables_are_missing_when_written_then_all_are_named_at_once(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error names every missing variable, so that one look fixes them all."""
    for name in ("ROLE_ARN", "BUCKET", "PREFIX"):
        monkeypatch.delenv(name)

    with pytest.raises(Misconfigured) as caught:
        write({"body": "x"})

    assert str(caught.value) == "environment variables: got no ROLE_ARN, BUCKET, PREFIX, expected it set"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROLE_ARN", "arn:aws:iam::222222222222:user/ana"),
        ("ROLE_ARN", "DevAccountAccessS3Role"),
        ("DURATION_SECONDS", "899"),
        ("DURATION_SECONDS", "3601"),
        ("DURATION_SECONDS", "1h"),
        ("DURATION_SECONDS", "٩٠٠"),
        ("BUCKET", "Reports"),
        ("BUCKET", "arn:aws:s3:::reports"),
        ("BUCKET_OWNER", "22222222222"),
        ("BUCKET_REGION", "frankfurt"),
        ("PREFIX", "dev"),
        ("PREFIX", "/"),
        ("PREFIX", "dev/../"),
        ("AWS_REGION", ""),
        ("AWS_LAMBDA_FUNCTION_NAME", ""),
    ],
)
def test_given_a_garbled_variable_when_written_then_it_is_named_with_what_was_expected(
    aws: FakeAws, write: Write, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A value that can't be right is invalid before AWS is asked."""
    monkeypatch.setenv(name, value)

    with pytest.raises(Misconfigured) as caught:
        write({"body": "x"})

    assert str(caught.value).startswith(f"environment variables: {name}: got {value!r}, expected ")
    assert aws.assume_roles == []


def test_given_a_garbled_external_id_when_written_then_its_value_is_not_shown(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An external ID that STS would not accept is reported by its length."""
    monkeypatch.setenv("EXTERNAL_ID", "#")

    with pytest.raises(Misconfigured, match=r"EXTERNAL_ID: got 1 characters, expected 2 to 1224") as caught:
        write({"body": "x"})

    assert "#" not in str(caught.value)


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1", "eusc-de-east-1", "us-isob-east-1"])
def test_given_another_partition_when_written_then_its_regions_and_roles_are_taken(
    write: Write, monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    """Nothing in the settings is tied to the commercial partition."""
    monkeypatch.setenv("AWS_REGION", region)
    monkeypatch.setenv("BUCKET_REGION", region)
    monkeypatch.setenv("ROLE_ARN", "arn:aws-us-gov:iam::222222222222:role/team/Writer")

    assert write({"body": "x"})["key"] == "dev/request-1"


def test_given_an_empty_environment_when_imported_then_nothing_is_raised() -> None:
    """The module imports anywhere: the environment is read when the first event comes."""
    done = subprocess.run(
        [sys.executable, "-c", "import s3_writer.handler"],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
    )

    assert (0, b"") == (done.returncode, done.stderr)


@pytest.mark.parametrize("function_name", ["w", "writer", "a-long_name-" * 5 + "1234"])
@pytest.mark.parametrize(
    "stream",
    [f"2026/11/23/[$LATEST]{INSTANCE}", f"2026/11/23/writer[7]{INSTANCE}", f"2026/11/23/writer[$LATEST][{INSTANCE}]"],
)
def test_given_a_log_stream_when_the_session_is_named_then_it_leads_back_to_the_instance(
    function_name: str, stream: str
) -> None:
    """CloudTrail shows the function's name, cut to fit, and the id that ends the name of its log stream."""
    name = role_session_name(function_name, stream)

    assert f"{function_name[:31]}@{INSTANCE}" == name
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", name, re.ASCII)


@pytest.mark.parametrize(
    "stream",
    ["", "2026/11/23/[$LATEST]", "5f9b1c1e-6f0a-4c0e-9d6b-1c2d3e4f5a6b", f"[$LATEST]{INSTANCE}{INSTANCE}"],
)
def test_given_no_instance_in_the_log_stream_when_the_session_is_named_then_one_is_made_and_logged_once(
    logged: Logged, stream: str
) -> None:
    """A made-up id stays the same for the life of the instance, and the log says which it is."""
    name = role_session_name("writer", stream)

    assert re.fullmatch(r"writer@[0-9a-f]{32}", name)
    assert name == role_session_name("writer", stream)
    assert [name] == [line["roleSessionName"] for line in logged()]
