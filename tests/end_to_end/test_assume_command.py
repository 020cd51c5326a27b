"""`crossrole assume` and `crossrole profile` beside the two local accounts, each format read by its own shell."""

import configparser
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.configuration import CHECKOUT
from tests.terminal import at_terminal

BUCKET = "kinds-222222222222"
CODE = "123456"
SERIAL = "arn:aws:iam::111111111111:mfa/alice"
SECRET_NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
WHO = "aws sts get-caller-identity --query Arn --output text"


def words(shell: Any, *given: str) -> list[str]:
    """Return the whole command line."""
    command, *rest = given
    return [sys.executable, "-m", "crossrole", command, "--template-dir", str(shell.world.templates), *rest]


def in_shell(shell: Any, program: str, script: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a script in a shell, `crossrole` standing for the command on the deployed templates."""
    run = f'"{sys.executable}" -m crossrole "$command" --template-dir "{shell.world.templates}" "$@"'
    function = f"crossrole() {{ command=$1; shift; {run}; }}"
    return subprocess.run(
        [program, "-c", f"{function}\n{script}"],
        cwd=CHECKOUT,
        env=shell.environment | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def admin(shell: Any) -> Any:
    """Return production's S3, to look with and to prepare."""
    return shell.world.accounts.session("prod").client("s3")


# --- the formats


@pytest.mark.parametrize("program", ["sh", "bash", "zsh"])
def test_a_shell_takes_the_variables_and_goes_back(shell: Any, program: str) -> None:
    """After eval every command there is the session's, in the bucket's region; after --unset the shell is as before."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed here")
    admin(shell).put_object(Bucket=BUCKET, Key="user/listed", Body=b"x")
    script = f"""
        eval "$(crossrole assume OneUser --profile alice)" || exit 1
        {WHO}; echo "$AWS_REGION $AWS_DEFAULT_REGION ${{AWS_PROFILE-none}}"
        echo "$AWS_CREDENTIAL_EXPIRATION" | tr 0-9 d
        aws s3 ls s3://{BUCKET}/user/ >/dev/null && echo listed
        eval "$(crossrole assume --unset)"
        env | grep -E '^(AWS_|CROSSROLE_)' | sort
    """
    found = in_shell(shell, program, script, AWS_PROFILE="bob", AWS_REGION="eu-north-1")

    assert "" == found.stderr.replace(
        "crossrole: AWS_PROFILE would be in the way and is unset; crossrole assume --unset brings it back\n", ""
    )
    assert [
        "arn:aws:sts::222222222222:assumed-role/OneUser/alice",
        "eu-west-1 eu-west-1 none",
        "dddd-dd-ddTdd:dd:ddZ",
        "listed",
        "AWS_EC2_METADATA_DISABLED=true",
        "AWS_PROFILE=bob",
        "AWS_REGION=eu-north-1",
    ] == found.stdout.splitlines()


def test_the_way_back_after_two_in_a_row(shell: Any) -> None:
    """What was before the first comes back, and not what the first one set."""
    script = """
        eval "$(crossrole assume OneUser --profile alice)"; eval "$(crossrole assume ServiceRole --profile exporter)"
        aws sts get-caller-identity --query Arn --output text
        eval "$(crossrole assume --unset)"; echo "$AWS_PROFILE ${AWS_REGION-none} ${AWS_ENDPOINT_URL-none}"
    """
    found = in_shell(shell, "sh", script, AWS_PROFILE="bob")

    assert ["arn:aws:sts::222222222222:assumed-role/ServiceRole/Exporter", "bob none none"] == (
        found.stdout.splitlines()
    )


def test_json_is_as_the_aws_cli_has_it(shell: Any) -> None:
    """What reads `aws sts assume-role` reads this, and what it holds are working credentials."""
    found = shell.crossrole("assume", "OneUser", "--profile", "alice", "--format", "json")
    answer = json.loads(found.stdout)
    keys = answer["Credentials"]
    session = shell.world.accounts.session_with(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region=answer["Region"]
    )

    assert "" == found.stderr
    assert "arn:aws:sts::222222222222:assumed-role/OneUser/alice" == answer["AssumedRoleUser"]["Arn"]
    assert answer["AssumedRoleUser"]["Arn"] == session.client("sts").get_caller_identity()["Arn"]


def test_a_credential_process(shell: Any) -> None:
    """A profile that names the command as its credential_process works in the AWS CLI."""
    config = shell.home / ".aws" / "config"
    reach = dict(read(config)["profile alice"])
    command = " ".join(words(shell, "assume", "OneUser", "--profile", "alice", "--format", "credential-process"))
    with config.open("a") as file:
        file.write(
            f"\n[profile by-process]\ncredential_process = env PYTHONPATH={CHECKOUT} {command}\nregion = eu-west-1\n"
            f"ca_bundle = {reach['ca_bundle']}\nendpoint_url = {reach['endpoint_url']}\n"
        )
    found = in_shell(shell, "sh", f"{WHO} --profile by-process")

    assert "" == found.stderr
    assert "arn:aws:sts::222222222222:assumed-role/OneUser/alice" == found.stdout.strip()


@pytest.mark.parametrize("program", ["fish", "pwsh"])
def test_the_other_shells_where_they_are(shell: Any, program: str) -> None:
    """Fish and PowerShell take their own format, where they are installed; their text is held by a unit test."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed here")
    form = {"fish": "fish", "pwsh": "powershell"}[program]
    command = " ".join(words(shell, "assume", "OneUser", "--profile", "alice", "--format", form))
    takes = {"fish": f"{command} | source", "pwsh": f"{command} | Out-String | Invoke-Expression"}[program]
    found = subprocess.run(
        [program, "-c", f"{takes}; {WHO}"],
        cwd=CHECKOUT,
        env=shell.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "arn:aws:sts::222222222222:assumed-role/OneUser/alice" == found.stdout.strip()


# --- one command


def test_a_command_runs_as_the_session(shell: Any) -> None:
    """It has the credentials in its environment, and words after -- that look like options are its own."""
    found = shell.process(
        "assume", "OneUser", "--profile", "alice", "--", "sh", "-c", f'{WHO}; echo "$1"; exit 7', "--", "--profile"
    )

    assert (7, "") == (found.returncode, found.stderr)
    assert ["arn:aws:sts::222222222222:assumed-role/OneUser/alice", "--profile"] == found.stdout.splitlines()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_reaches_the_command(shell: Any, number: signal.Signals) -> None:
    """The command takes the place of crossrole: a signal to the one stops the other, and sees how it ended."""
    process = subprocess.Popen(
        words(shell, "assume", "OneUser", "--profile", "alice", "--", "sh", "-c", "echo ready; read line"),
        cwd=CHECKOUT,
        env=shell.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert "ready\n" == process.stdout.readline()
    process_folder = Path(f"/proc/{process.pid}")
    held = dict(each.partition("=")[::2] for each in (process_folder / "environ").read_text().split("\0"))
    seen = (process_folder / "cmdline").read_text()
    process.send_signal(number)
    process.communicate(timeout=30)

    assert -number == process.returncode
    assert not any(held[name] in seen for name in SECRET_NAMES)


def test_a_pipe_that_closes_ends_the_command(shell: Any) -> None:
    """SIGPIPE is as a shell leaves it, so `… | head` ends what writes into it."""
    command = "crossrole assume OneUser --profile alice -- yes"
    found = in_shell(shell, "bash", f"{command} | head -1; echo ${{PIPESTATUS[0]}}")

    assert ["y", str(128 + signal.SIGPIPE)] == found.stdout.splitlines()


def test_a_command_that_cannot_run(shell: Any) -> None:
    """127 where there is none of the name, 126 where it can't be executed, with one line each, as in a shell."""
    plain = shell.home / "plain"
    plain.write_text("")
    absent, barred = (
        shell.process("assume", "OneUser", "--profile", "alice", "--", command)
        for command in ("no-such-command", str(plain))
    )

    assert (127, 'crossrole: there is no command "no-such-command"\n') == (absent.returncode, absent.stderr)
    assert (126, f'crossrole: the command "{plain}" can\'t be run: Permission denied\n') == (
        barred.returncode,
        barred.stderr,
    )


# --- narrower sessions


def test_a_session_is_narrowed(shell: Any) -> None:
    """With --only and --prefix the session may do that and nothing else of what the grant gives."""
    for key in ("user/2026/a", "user/2025/a"):
        admin(shell).put_object(Bucket=BUCKET, Key=key, Body=b"x")
    narrow = ("assume", "OneUser", "--profile", "alice", "--only", "s3:GetObject", "--prefix", "user/2026/", "--")
    get = ("aws", "s3api", "get-object", "--bucket", BUCKET, "--key")
    inside = shell.process(*narrow, *get, "user/2026/a", "/dev/null")
    outside = shell.process(*narrow, *get, "user/2025/a", "/dev/null")
    another = shell.process(*narrow, "aws", "s3", "ls", f"s3://{BUCKET}/user/2026/")

    assert (0, "") == (inside.returncode, inside.stderr)
    assert "AccessDenied" in outside.stderr
    assert "AccessDenied" in another.stderr


def test_a_narrowed_listing(shell: Any) -> None:
    """With --prefix alone, what lies under it is listed and what lies beside is not."""
    narrow = ("assume", "OneUser", "--profile", "alice", "--prefix", "user/2026/", "--", "aws", "s3", "ls")
    inside = shell.process(*narrow, f"s3://{BUCKET}/user/2026/a")
    outside = shell.process(*narrow, f"s3://{BUCKET}/user/2025/")

    assert "AccessDenied" not in inside.stderr
    assert "AccessDenied" in outside.stderr


@pytest.mark.parametrize("options", [("--only", "s3:PutObject"), ("--prefix", "service/2026/")])
def test_every_kind_of_grant_can_be_narrowed(shell: Any, options: tuple[str, str]) -> None:
    """STS takes the session policy, and the session still does what is left."""
    put = ("aws", "s3api", "put-object", "--bucket", BUCKET, "--key", "service/2026/x")
    found = shell.process("assume", "ServiceRole", "--profile", "exporter", *options, "--", *put)

    assert (0, "") == (found.returncode, found.stderr)


# --- MFA


def test_the_code_is_asked_for_on_the_terminal(shell: Any) -> None:
    """The grant asks for MFA: the prompt is on the terminal, the code is not echoed, and standard output is clean."""
    command = words(shell, "assume", "RecentMfa", "--profile", "alice")
    seen = at_terminal(command, shell.environment, typed={f"Enter MFA code for {SERIAL}: ": CODE})

    assert 0 == seen.status
    assert CODE not in seen.terminal + seen.out
    assert {f"export {name}" for name in SECRET_NAMES} <= {line.partition("=")[0] for line in seen.out.splitlines()}


@pytest.mark.parametrize(
    ("serial", "expected"), [("--mfa-serial=arn:aws:iam::111111111111:mfa/phone", "phone"), ("", "from-profile")]
)
def test_the_device_that_is_asked_for(shell: Any, serial: str, expected: str) -> None:
    """The option goes before the profile's mfa_serial, and that before the name of the user."""
    config = shell.home / ".aws" / "config"
    config.write_text(
        config.read_text().replace(
            "[profile alice]\n", "[profile alice]\nmfa_serial = arn:aws:iam::111111111111:mfa/from-profile\n"
        )
    )
    command = words(shell, "assume", "RecentMfa", "--profile", "alice", *filter(None, [serial]))
    seen = at_terminal(command, shell.environment, typed={f"mfa/{expected}: ": "12345"})

    assert 2 == seen.status
    assert "an MFA code is six digits" in seen.terminal


def test_without_a_terminal_no_code_can_be_asked_for(shell: Any) -> None:
    """One line says so, and nothing is printed."""
    process = subprocess.run(
        words(shell, "assume", "RecentMfa", "--profile", "alice"),
        cwd=CHECKOUT,
        env=shell.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )

    assert (2, "") == (process.returncode, process.stdout)
    assert "crossrole: the grant asks for an MFA code, and there is no terminal to ask for it\n" == process.stderr


# --- who it is


def test_the_source_identity_is_the_users_name(shell: Any) -> None:
    """The grant takes one: it is set, and kept by what the session assumes."""
    found = shell.crossrole("assume", "SourceIdentity", "--profile", "bob", "--format", "json")
    bob = shell.world.callers["bob"]
    role = "arn:aws:iam::222222222222:role/SourceIdentity"
    request = {"RoleArn": role, "RoleSessionName": "bob", "ExternalId": "who-is-it"}
    with pytest.raises(ClientError, match="sts:SetSourceIdentity"):
        bob.client("sts").assume_role(**request, SourceIdentity="alice")

    assert (0, "") == (found.returncode, found.stderr)
    assert bob.client("sts").assume_role(**request, SourceIdentity="bob")


# --- secrets


def test_no_secret_is_printed_to_a_terminal(shell: Any) -> None:
    """Who forgets the eval gets an error before AWS is asked; with --show the secrets are printed."""
    command = words(shell, "assume", "OneUser", "--profile", "alice")
    hidden = at_terminal(command, shell.environment, typed={}, shows_output=True)
    shown = at_terminal([*command, "--show"], shell.environment, typed={}, shows_output=True)

    assert (2, 0) == (hidden.status, shown.status)
    assert "the output holds secrets" in hidden.terminal
    assert not any(name in hidden.terminal for name in SECRET_NAMES)
    assert all(name in shown.terminal for name in SECRET_NAMES)


# --- denials and faults


def test_a_denial_says_what_the_templates_say(shell: Any) -> None:
    """One line: who was denied what, in AWS's words, that the templates deny it too, and what would fix it."""
    found = shell.crossrole("assume", "ServiceRole", "--profile", "bystander")

    assert (1, "", 1) == (found.returncode, found.stdout, found.stderr.count("\n"))
    assert "assumed-role/Bystander/Bystander is denied sts:AssumeRole on" in found.stderr
    assert "is not authorized to perform: sts:AssumeRole" in found.stderr
    assert "the templates deny it too: trust policy: implicitly denies it" in found.stderr
    assert "add arn:aws:iam::111111111111:role/Bystander to principals" in found.stderr.replace('"', "")


def test_a_denial_that_the_templates_do_not_explain(shell: Any) -> None:
    """Where the templates allow the caller, the line says what they can't know."""
    found = shell.crossrole("assume", "FromElsewhere", "--profile", "exporter")

    assert 1 == found.returncode
    assert "the templates allow it, if it comes from 203.0.113.0/24" in found.stderr


FAULTS = {
    "no such grant": (["OneUsr", "--profile", "alice"], 'there is no grant "OneUsr" in the templates; did you mean'),
    "no such profile": (["OneUser", "--profile", "alise"], 'there is no profile "alise" in'),
    "no profile at all": (["OneUser"], "there are no credentials in the environment"),
    "root": (["OneUser", "--profile", "dev"], "is the root user of an account, which can't assume a role"),
    "disabled": (["Disabled", "--profile", "exporter"], "Disabled is disabled in the templates"),
    "expired": (["Expired", "--profile", "exporter"], "Expired expired at 2026-01-01T00:00:00Z"),
    "too short": (["OneUser", "--profile", "alice", "--duration", "899"], "lasts 900 seconds at least"),
    "longer than the role": (["OneUser", "--profile", "alice", "--duration", "43201"], "lasts 43200 seconds at most"),
    "another action": (["OneUser", "--profile", "alice", "--only", "s3:PutObject"], "OneUser does not give it"),
    "another prefix": (["OneUser", "--profile", "alice", "--prefix", "dev/"], 'is outside of "user/"'),
}


@pytest.mark.parametrize(("given", "expected"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_line(shell: Any, given: list[str], expected: str) -> None:
    """Whatever keeps it from answering is reported in one line, with status 2 and nothing on standard output."""
    found = shell.crossrole("assume", *given)

    assert (2, "", 1) == (found.returncode, found.stdout, found.stderr.count("\n"))
    assert expected in found.stderr


def test_a_wrong_secret_key(shell: Any) -> None:
    """It is reported with AWS's own code, and with what may be wrong."""
    config = shell.home / ".aws" / "config"
    text = config.read_text()
    section = text.partition("[profile alice]")[2].partition("[")[0]
    key = dict(read(config)["profile alice"])["aws_secret_access_key"]
    config.write_text(text.replace(section, section.replace(key, "wrong")))
    found = shell.crossrole("assume", "OneUser", "--profile", "alice")

    assert (2, 1) == (found.returncode, found.stderr.count("\n"))
    assert "SignatureDoesNotMatch" in found.stderr


# --- the profile


def read(config: Path) -> configparser.RawConfigParser:
    """Return a config file as it is written."""
    parser = configparser.RawConfigParser()
    parser.read(config)
    return parser


def add_profile(shell: Any, *given: str) -> "subprocess.CompletedProcess[str]":
    """Append the block to the config file, as the docs say."""
    found: subprocess.CompletedProcess[str] = shell.crossrole("profile", *given)
    with (shell.home / ".aws" / "config").open("a") as file:
        file.write(found.stdout)
    return found


def test_a_profile_just_works(shell: Any) -> None:
    """The AWS CLI and boto3 assume the role by the appended profile, behind the same endpoint and certificate."""
    admin(shell).put_object(Bucket=BUCKET, Key="user/hello", Body=b"x")
    added = add_profile(shell, "OneUser", "--source-profile", "alice", "--name", "reports")
    boto = "import boto3; print(boto3.Session(profile_name='reports').client('sts').get_caller_identity()['Arn'])"
    found = in_shell(
        shell,
        "sh",
        f"""aws s3 ls s3://{BUCKET}/user/hello --profile reports
        aws s3 cp s3://{BUCKET}/user/hello - --profile reports; echo
        "{sys.executable}" -c "{boto}" """,
    )

    assert (0, "", "") == (added.returncode, added.stderr, found.stderr)
    listed, copied, arn = found.stdout.splitlines()
    assert listed.endswith("hello")
    assert ("x", "arn:aws:sts::222222222222:assumed-role/OneUser/alice") == (copied, arn)


def test_a_profile_of_a_role_that_sends_an_external_id(shell: Any) -> None:
    """A role's profile works as the source, for an hour; the external ID is in the block."""
    added = add_profile(shell, "ExternalIdByHand", "--source-profile", "exporter")
    found = in_shell(shell, "sh", f"{WHO} --profile ExternalIdByHand")

    assert 0 == added.returncode
    assert "assumed-role/ExternalIdByHand/" in found.stdout


def test_a_profile_with_mfa_asks_for_the_code(shell: Any) -> None:
    """The AWS CLI asks for the code of the device in the block, and then works."""
    added = add_profile(shell, "RecentMfa", "--source-profile", "alice", "--mfa-serial", SERIAL)
    seen = at_terminal([*WHO.split(), "--profile", "RecentMfa"], shell.environment, typed={SERIAL: CODE})

    assert 0 == added.returncode
    assert "assumed-role/RecentMfa/" in seen.out


def test_a_second_profile_of_the_name_is_an_error(shell: Any) -> None:
    """It would be ambiguous: nothing is printed that could be appended."""
    add_profile(shell, "OneUser", "--source-profile", "alice")
    again = shell.crossrole("profile", "OneUser", "--source-profile", "alice")

    assert (2, "") == (again.returncode, again.stdout)
    assert 'there is a profile "OneUser" already' in again.stderr
