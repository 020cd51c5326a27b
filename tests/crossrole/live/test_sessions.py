"""Errors between this machine and AWS are reported in one line with the fix, and what may pass is tried again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crossrole.errors import CommandError
from crossrole.live.sessions import as_command_error, client, live_session
from tests.command_line import pausing
from tests.fakes.server import Answer
from tests.fakes.sts import error, identity, sts

ALICE = "arn:aws:iam::111111111111:user/alice"
PROFILE = (
    "[profile dev]\nregion = eu-west-1\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = sentinel-secret\n"
)


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a config file with one profile, in an environment that holds nothing else of AWS."""
    file = tmp_path / "config"
    file.write_text(PROFILE)
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return file


def ask(profile: str | None, url: str = "http://127.0.0.1:9") -> str:
    """Return who AWS says is calling."""
    with as_command_error(profile):
        session = live_session(profile, region="eu-west-1")
        return str(client(session, "sts", endpoint_url=url).get_caller_identity()["Arn"])


def why(profile: str | None, url: str = "http://127.0.0.1:9") -> str:
    """Return the line that says why AWS could not be asked."""
    with pytest.raises(CommandError) as caught:
        ask(profile, url)
    assert "\n" not in str(caught.value)
    assert "sentinel-secret" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with pausing(lambda _: None):
        yield


@pytest.mark.parametrize(
    "answers",
    [[error(400, "Throttling")], [error(503, "ServiceUnavailable")], [error(500, "InternalFailure")] * 4],
    ids=["throttled", "unavailable", "four failures"],
)
def test_what_may_pass_is_tried_again(answers: list[Answer]) -> None:
    """Throttling and AWS's own failures are not the person's business while a retry helps."""
    with sts({"GetCallerIdentity": [*answers, identity(ALICE)]}) as server:
        assert ALICE == ask("dev", server.url)
        assert len(answers) + 1 == len(server.asked)


def test_throttling_that_does_not_end() -> None:
    """After five tries it is reported, with what to do."""
    with sts({"GetCallerIdentity": [error(400, "Throttling", "Rate exceeded")]}) as server:
        assert (
            "GetCallerIdentity failed: Throttling: Rate exceeded; AWS asked for fewer requests, five times; "
            "wait a minute and call again"
        ) == why("dev", server.url)
        assert 5 == len(server.asked)


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        (
            "ExpiredToken",
            (
                "the credentials of the profile dev have expired: aws sso login --profile dev, or put new ones "
                "where they came from"
            ),
        ),
        (
            "InvalidClientTokenId",
            "the access key of the profile dev does not exist, is inactive, or is of another partition",
        ),
        (
            "SignatureDoesNotMatch",
            "the secret key of the profile dev is wrong, or this machine's clock is: compare with `date -u`",
        ),
    ],
)
def test_credentials_that_aws_does_not_accept(code: str, fix: str) -> None:
    """AWS's own words, and the fix for this profile; there is no second try."""
    with sts({"GetCallerIdentity": [error(403, code, "words of AWS")]}) as server:
        assert f"GetCallerIdentity failed: {code}: words of AWS; {fix}" == why("dev", server.url)
        assert 1 == len(server.asked)


def test_any_other_error_is_in_the_words_of_aws() -> None:
    """What has no fix of its own is reported as it came, on one line."""
    with sts({"GetCallerIdentity": [error(400, "ValidationError", "first\n  second")]}) as server:
        assert "GetCallerIdentity failed: ValidationError: first second" == why("dev", server.url)


@pytest.mark.parametrize(
    "body",
    [
        "<AssumeRoleResponse><SecretAccessKey>sentinel-secret</SecretAccessKey><SessionTok",
        "<html><body>sign in to the network: sentinel-secret</body></html>",
        "",
        "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>",
    ],
    ids=["cut short", "a captive portal's page", "empty", "without what was asked for"],
)
def test_an_answer_that_can_not_be_read(body: str) -> None:
    """It is reported, and nothing of it: what is cut short may hold credentials, which botocore would quote."""
    with sts({"GetCallerIdentity": [Answer(200, body)]}) as server:
        assert why("dev", server.url).startswith("the answer of AWS, or of a proxy in between, can't be read (")


def test_a_terminal_is_given_nothing_to_obey() -> None:
    """Escape sequences and marks of direction in an answer are shown, and not obeyed."""
    with sts({"GetCallerIdentity": [error(400, "ValidationError", "a\u009b31mb\u202ec")]}) as server:
        assert r"GetCallerIdentity failed: ValidationError: a\x9b31mb\u202ec" == why("dev", server.url)


def test_a_password_in_an_address() -> None:
    """The address that can't be reached is reported without what stands before its @."""
    assert '"http://127.0.0.1:9/"' in why("dev", "http://someone:sentinel-secret@127.0.0.1:9")


def test_no_network() -> None:
    """An address where nobody listens."""
    assert why("dev").startswith("AWS can't be reached (Could not connect to the endpoint URL")


def test_unknown_profile() -> None:
    """The file, and the nearest name."""
    assert why("dve").endswith("config; did you mean dev?")
    assert why("elsewhere").endswith("config; the profiles are dev")


def test_no_credentials(config: Path) -> None:
    """A profile without any says so; so does an environment without any."""
    config.write_text("[profile empty]\nregion = eu-west-1\n")

    assert why("empty").startswith("there are no credentials of the profile empty; name a profile")
    assert why(None).startswith("there are no credentials in the environment; name a profile")


def test_half_a_key(config: Path) -> None:
    """A profile with a key id alone is told apart from one without."""
    config.write_text("[profile half]\nregion = eu-west-1\naws_access_key_id = AKIAEXAMPLE\n")

    assert why("half").startswith("the credentials of the profile half can't be had: Partial credentials")


@pytest.mark.parametrize(
    ("text", "line"),
    [("[profile dev]\nregion = eu\n[profile sentinel-secret", 3), ("[profile dev\n", 1), ("\0\1", 1)],
)
def test_a_half_written_config_file(config: Path, text: str, line: int) -> None:
    """The file and the line are named, and nothing of what stands there: it may be a secret."""
    config.write_text(text)

    assert (
        f"the AWS config can't be read: in {config} line {line} is neither [profile NAME] nor KEY = VALUE, "
        "or stands there twice"
    ) == why("dev")


def test_a_profile_whose_session_has_ended(config: Path) -> None:
    """An Identity Center profile without a login names the command that logs in."""
    config.write_text(
        "[profile sso]\nregion = eu-west-1\nsso_session = s\nsso_account_id = 111111111111\nsso_role_name = Dev\n"
        "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n"
    )

    assert why("sso").startswith("the Identity Center session of the profile sso has ended: aws sso login")
