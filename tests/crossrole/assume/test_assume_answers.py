"""`crossrole assume` at an STS that answers what the local accounts never do: slow, broken, strict or not at all."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.environment import clean_environment
from tests.command_line import Done, crossrole, quick_time
from tests.fakes.server import Answer
from tests.fakes.sts import SECRETS, SESSION, error, identity, session, sts
from tests.synthesis import Assembly
from tests.terminal import at_terminal

SET_DENIED = error(
    403,
    "AccessDenied",
    f"User: {SESSION} is not authorized to perform: sts:SetSourceIdentity on resource: "
    "arn:aws:iam::222222222222:role/SourceIdentity",
)
ALICE = "arn:aws:iam::111111111111:user/alice"
FROM_BOB = ["SourceIdentity", "--profile", "bob"]


def home_at(home: Path, url: str) -> dict[str, str]:
    """Return the environment of a home folder with a profile that has keys of its own, at an STS."""
    folder = home / ".aws"
    folder.mkdir(exist_ok=True)
    if not (folder / "config").exists():
        (folder / "config").write_text(
            f"[profile bob]\nregion = eu-west-1\nendpoint_url = {url}\n"
            "aws_access_key_id = AKIABOB\naws_secret_access_key = bobs-own-secret\n"
        )
    own = clean_environment(os.environ) | {"HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
    # A worker of the tests has its own width, which would go before the terminal's.
    own.pop("COLUMNS", None)
    return own


def command(kinds: Assembly, *words: str) -> list[str]:
    """Return the whole command line."""
    return [sys.executable, "-m", "crossrole", "assume", "--template-dir", str(kinds.directory), *words]


def run(kinds: Assembly, home: Path, url: str, *words: str, **environment: str) -> Done:
    """Run the command at an STS, for a profile with keys of its own."""
    words = ("assume", "--template-dir", str(kinds.directory), *words)
    return crossrole(*words, variables=home_at(home, url) | environment, **quick_time())


def one_line(done: Done, *, status: int = 2) -> str:
    """Assert that nothing was answered and one line says why; return it."""
    assert (status, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))
    assert done.stderr.startswith("crossrole: ")
    assert not any(secret in done.stderr for secret in [*SECRETS.values(), "bobs-own-secret"])
    return done.stderr.removeprefix("crossrole: ").rstrip("\n")


def test_what_is_asked_of_aws(kinds: Assembly, tmp_path: Path) -> None:
    """The role, who calls, the external ID, the longest session, and the source identity where the grant takes one."""
    with sts({"GetCallerIdentity": [identity()], "AssumeRole": [session()]}) as server:
        done = run(kinds, tmp_path, server.url, *FROM_BOB, "--format", "json")

    assert (0, "") == (done.returncode, done.stderr)
    assert [
        {
            "Action": "AssumeRole",
            "Version": "2011-06-15",
            "RoleArn": "arn:aws:iam::222222222222:role/SourceIdentity",
            "RoleSessionName": "bob",
            "SourceIdentity": "bob",
            "ExternalId": "who-is-it",
            "DurationSeconds": "3600",
        }
    ] == server.assumed
    assert ["GetCallerIdentity", "AssumeRole"] == [each["Action"] for each in server.asked]
    assert {**SECRETS, "Expiration": "2099-01-02T03:04:05Z"} == json.loads(done.stdout)["Credentials"]


@pytest.mark.parametrize(("arn", "expected"), [(ALICE, "43200"), (SESSION, "3600")], ids=["a user", "a role"])
def test_the_longest_session_is_asked_for(arn: str, expected: str, kinds: Assembly, tmp_path: Path) -> None:
    """A user gets what the grant gives, and a role's session an hour; nothing is sent that the grant does not take."""
    with sts({"GetCallerIdentity": [identity(arn)], "AssumeRole": [session()]}) as server:
        run(kinds, tmp_path, server.url, "OneUser", "--profile", "bob")

    (asked,) = server.assumed
    assert expected == asked["DurationSeconds"]
    assert not {"SourceIdentity", "ExternalId", "Policy", "SerialNumber", "TokenCode"} & set(asked)


def test_a_chain_that_would_last_too_long(kinds: Assembly, tmp_path: Path) -> None:
    """The grant gives twelve hours; it is the caller's being a role that is named as the limit."""
    with sts({"GetCallerIdentity": [identity(SESSION)]}) as server:
        line = one_line(run(kinds, tmp_path, server.url, "OneUser", "--profile", "bob", "--duration", "7200"))

    assert [] == server.assumed
    assert f"--duration 7200 is too long: {SESSION} is a role's session, and AWS ends what it assumes after" in line


def test_exact_text_of_each_format(kinds: Assembly, tmp_path: Path) -> None:
    """A secret with a quote in it is the same in every shell."""
    with sts({"GetCallerIdentity": [identity()], "AssumeRole": [session()]}) as server:
        texts = {
            form: run(kinds, tmp_path, server.url, *FROM_BOB, "--format", form).stdout.splitlines()
            for form in ("env", "fish", "powershell", "credential-process")
        }

    assert "export AWS_SECRET_ACCESS_KEY='given/secret'\"'\"'key'" == texts["env"][1]
    assert "export AWS_CREDENTIAL_EXPIRATION=2099-01-02T03:04:05Z" == texts["env"][3]
    assert f"export AWS_ENDPOINT_URL={server.url}" == texts["env"][6]
    assert "set -gx AWS_SECRET_ACCESS_KEY 'given/secret\\'key'" == texts["fish"][1]
    assert "$Env:AWS_SECRET_ACCESS_KEY = 'given/secret''key'" == texts["powershell"][1]
    assert {"Version": 1, **SECRETS, "Expiration": "2099-01-02T03:04:05Z"} == json.loads(
        "".join(texts["credential-process"])
    )


def test_a_session_keeps_the_source_identity_that_it_has(kinds: Assembly, tmp_path: Path) -> None:
    """AWS lets a session set no other; the role is assumed without, and one line says so."""
    with sts({"GetCallerIdentity": [identity(SESSION)], "AssumeRole": [SET_DENIED, session()]}) as server:
        done = run(kinds, tmp_path, server.url, *FROM_BOB, "--format", "json")

    assert 0 == done.returncode
    assert ["WriterRole@nightly", None] == [each.get("SourceIdentity") for each in server.assumed]
    assert (
        'crossrole: the source identity was not set to "WriterRole@nightly": AWS did not let '
        f"{SESSION} do so\n" == done.stderr
    )


def test_a_user_who_may_not_say_who_it_is(kinds: Assembly, tmp_path: Path) -> None:
    """A user has none yet, so it is a denial, with what the templates say of sts:SetSourceIdentity."""
    with sts({"GetCallerIdentity": [identity()], "AssumeRole": [SET_DENIED]}) as server:
        line = one_line(run(kinds, tmp_path, server.url, *FROM_BOB), status=1)

    assert "user/team/bob is denied sts:SetSourceIdentity on arn:aws:iam::222222222222:role/SourceIdentity" in line
    assert "the templates allow it: check that they are deployed" in line


def test_a_denial_of_a_caller_outside_the_templates(kinds: Assembly, tmp_path: Path) -> None:
    """The line says what else must allow it: the caller's own policies."""
    exporter = "arn:aws:sts::111111111111:assumed-role/Exporter/x1"
    denied = error(403, "AccessDenied", "User: x is not authorized to perform: sts:AssumeRole on resource: y")
    with sts({"GetCallerIdentity": [identity(exporter)], "AssumeRole": [denied]}) as server:
        line = one_line(run(kinds, tmp_path, server.url, "ServiceRole", "--profile", "bob"), status=1)

    assert "the templates allow it, if arn:aws:iam::111111111111:role/service-role/Exporter is outside" in line
    assert "its own policies allow sts:AssumeRole on arn:aws:iam::222222222222:role/ServiceRole" in line


WRONG_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code."


def test_a_code_that_is_wrong(kinds: Assembly, tmp_path: Path) -> None:
    """AWS's answer in one line, with what to do; it is not a denial of the caller, so the status is 2."""
    with sts(
        {"GetCallerIdentity": [identity(ALICE)], "AssumeRole": [error(403, "AccessDenied", WRONG_CODE)]}
    ) as server:
        words = command(kinds, "RecentMfa", "--profile", "bob")
        seen = at_terminal(words, home_at(tmp_path, server.url), typed={"mfa/alice: ": "123456"}, columns=1000)
    said = [line for line in seen.terminal.splitlines() if line.startswith("crossrole: ")]

    assert (2, "", 1) == (seen.status, seen.out, len(said))
    assert [("arn:aws:iam::111111111111:mfa/alice", "123456")] == [
        (each["SerialNumber"], each["TokenCode"]) for each in server.assumed
    ]
    assert f"the code was not taken: {WRONG_CODE}; wait for the device's next code" in said[0]


THROTTLED = error(400, "Throttling", "Rate exceeded")
BROKEN = error(500, "InternalFailure", "We encountered an internal error")


@pytest.mark.parametrize("stumbles", [THROTTLED, BROKEN], ids=["throttled", "broken"])
def test_a_stumble_is_tried_again(stumbles: Answer, kinds: Assembly, tmp_path: Path) -> None:
    """Who is throttled once or meets a broken server once gets the credentials all the same."""
    with sts({"GetCallerIdentity": [stumbles, identity()], "AssumeRole": [stumbles, session()]}) as server:
        done = run(kinds, tmp_path, server.url, *FROM_BOB)

    assert (0, "") == (done.returncode, done.stderr)
    assert (4, 2) == (len(server.asked), len(server.assumed))


FAULTS: dict[str, tuple[Mapping[str, list[Answer]], str]] = {
    "expired credentials": (
        {"GetCallerIdentity": [error(403, "ExpiredToken", "The security token included in the request is expired")]},
        "the credentials of the profile bob have expired: aws sso login --profile bob",
    ),
    "keys that are gone": (
        {"GetCallerIdentity": [error(403, "InvalidClientTokenId", "The security token is invalid.")]},
        "the access key of the profile bob does not exist",
    ),
    "a clock that is wrong": (
        {"GetCallerIdentity": [error(403, "SignatureDoesNotMatch", "Signature expired: 2026 is now earlier than")]},
        "or this machine's clock is: compare with `date -u`",
    ),
    "a region that is not enabled": (
        {
            "GetCallerIdentity": [identity()],
            "AssumeRole": [error(403, "RegionDisabledException", "STS is not activated in this region")],
        },
        "AssumeRole failed: RegionDisabledException: STS is not activated in this region",
    ),
    "a role that allows less than its template": (
        {
            "GetCallerIdentity": [identity()],
            "AssumeRole": [
                error(
                    400,
                    "ValidationError",
                    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                )
            ],
        },
        "the role allows less than its template: The requested DurationSeconds exceeds the MaxSessionDuration",
    ),
    "a packed policy that is too large": (
        {
            "GetCallerIdentity": [identity()],
            "AssumeRole": [error(400, "PackedPolicyTooLarge", "Packed size is 110%")],
        },
        "PackedPolicyTooLarge: Packed size is 110%",
    ),
}


@pytest.mark.parametrize(("answers", "expected"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_line(
    answers: Mapping[str, list[Answer]], expected: str, kinds: Assembly, tmp_path: Path
) -> None:
    """AWS's own words, and what to do where that is known."""
    with sts(answers) as server:
        line = one_line(run(kinds, tmp_path, server.url, *FROM_BOB))

    assert expected in line


def test_throttled_to_the_end(kinds: Assembly, tmp_path: Path) -> None:
    """After five times the error says to wait."""
    with sts({"GetCallerIdentity": [THROTTLED]}) as server:
        line = one_line(run(kinds, tmp_path, server.url, *FROM_BOB))

    assert 5 == len(server.asked)
    assert "AWS asked for fewer requests, five times" in line


def test_nobody_answers(kinds: Assembly, tmp_path: Path) -> None:
    """A refused connection is reported with its address."""
    with sts({}) as server:
        gone = server.url
    line = one_line(run(kinds, tmp_path, gone, *FROM_BOB))

    assert "AWS can't be reached" in line
    assert gone in line


def test_a_region_that_there_is_none_of(kinds: Assembly, tmp_path: Path) -> None:
    """What is not a region's name is reported as that, before anything is sent."""
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "config").write_text(
        "[profile bob]\nregion = eu west 1\naws_access_key_id = AKIABOB\naws_secret_access_key = bobs-own-secret\n"
    )
    line = one_line(run(kinds, tmp_path, "", *FROM_BOB))

    assert "eu west 1" in line


HALF_WRITTEN = {
    "a key without a value": "[profile bob]\naws_access_key_id = AKIABOB\nbobs-own-secret\n",
    "no section": "bobs-own-secret = x\n[profile bob]\n",
    "a section that is not closed": "[profile bob\naws_secret_access_key = bobs-own-secret\n",
    "a key twice": "[profile bob]\nregion = x\nregion = bobs-own-secret\n",
}


@pytest.mark.parametrize("text", HALF_WRITTEN.values(), ids=HALF_WRITTEN)
def test_a_half_written_config_file(text: str, kinds: Assembly, tmp_path: Path) -> None:
    """The line says which file and where, and never what stands there."""
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "config").write_text(text)
    line = one_line(run(kinds, tmp_path, "", *FROM_BOB))

    assert f"the AWS config can't be read: in {folder / 'config'} line" in line


MISUSES: dict[str, tuple[list[str], str]] = {
    "no grant": ([], "expected the name of a grant"),
    "nothing to run": ([*FROM_BOB, "--"], "there is no command after --"),
    "a format for a command": ([*FROM_BOB, "--format", "fish", "--", "true"], "leave out --format"),
    "no way back in JSON": (["--unset", "--format", "json"], "--unset is for env, fish, powershell"),
}


@pytest.mark.parametrize(("words", "expected"), MISUSES.values(), ids=MISUSES)
def test_misuse(words: list[str], expected: str, kinds: Assembly, tmp_path: Path) -> None:
    """What makes no sense together is an error before AWS is asked."""
    with sts({}) as server:
        line = one_line(run(kinds, tmp_path, server.url, *words))

    assert [] == server.asked
    assert expected in line


BACK = {
    "nothing remembered": (
        {},
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION"],
    ),
    "what it holds is none": ({"CROSSROLE_BEFORE": "{half"}, ["CROSSROLE_BEFORE"]),
    "what it holds is a list": ({"CROSSROLE_BEFORE": "[1]"}, ["CROSSROLE_BEFORE"]),
    "names that are none": ({"CROSSROLE_BEFORE": '{"AWS_X; rm": "y", "PATH": "z"}'}, ["CROSSROLE_BEFORE"]),
}


@pytest.mark.parametrize(("environment", "gone"), BACK.values(), ids=BACK)
def test_the_way_back(environment: dict[str, Any], gone: list[str], kinds: Assembly, tmp_path: Path) -> None:
    """It needs no grant and no AWS, and takes nothing from a variable that someone else wrote."""
    done = run(kinds, tmp_path, "", "--unset", **environment)

    assert (0, "") == (done.returncode, done.stderr)
    assert {f"unset {name}" for name in gone} <= set(done.stdout.splitlines())
    assert "export" not in done.stdout
    assert "rm" not in done.stdout
