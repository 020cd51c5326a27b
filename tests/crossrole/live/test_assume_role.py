"""One AssumeRole with its MFA device and source identity, as `assume`, `doctor` and `revoke` ask for it alike."""

from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from crossrole.assume.assume import Asked, Denial, assume
from crossrole.doctor.assume import assume_line
from crossrole.doctor.caller import Caller as Examined
from crossrole.doctor.case import Case
from crossrole.doctor.check import Line, Status
from crossrole.engines.simulator import Simulator
from crossrole.environment import Environment
from crossrole.iam.session_denials import Cut
from crossrole.live.assume_role import assume_role, denied_action
from crossrole.live.caller import caller_of
from crossrole.live.sessions import live_session
from crossrole.revoke.live_check import LiveCheck, live_check
from crossrole.templates.grant import Grant, grant_of
from crossrole.templates.inventory import Inventory
from tests.fakes.server import Answer
from tests.fakes.sts import SECRETS, SESSION, USER, devices, error, identity, session, sts, users_session

ALICE = "arn:aws:iam::111111111111:user/alice"
MFA = "arn:aws:iam::111111111111:mfa"
KEY = "arn:aws:iam::111111111111:u2f/user/alice/key-ABC"
WITH_MFA, WITH_IDENTITY = "AllConditions", "SourceIdentity"
SET_DENIED = error(
    403,
    "AccessDenied",
    f"User: {USER} is not authorized to perform: sts:SetSourceIdentity on resource: "
    "arn:aws:iam::222222222222:role/SourceIdentity",
)
ASSUME_DENIED = error(403, "AccessDenied", f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: x")


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the config file of an environment that holds nothing else of AWS."""
    file = tmp_path / "config"
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    return file


class Person:
    """The person at the terminal: types 123456, and remembers the prompts and what was said beside the answer."""

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.said = StringIO()
        self.environment = Environment(read_hidden=self._type, stderr=self.said, sleep=lambda _: None)

    def _type(self, prompt: str) -> str:
        self.prompts.append(prompt)
        return "123456"

    @property
    def devices(self) -> list[str]:
        """The devices that a code was asked of."""
        return [each.removeprefix("Enter MFA code for ").removesuffix(": ") for each in self.prompts]


def by_assume(inventory: Inventory, grant: Grant, arn: str, person: Person) -> object:
    """Have `assume` ask for credentials."""
    del inventory, arn
    return assume(Asked(grant, None, None, None), live_session("dev"), person.environment, profile="dev")


def by_doctor(inventory: Inventory, grant: Grant, arn: str, person: Person) -> Line:
    """Have `doctor` try to assume the role."""
    case = Case(
        inventory=inventory,
        grant=grant,
        profile="dev",
        session=live_session("dev"),
        prod_profile=None,
        prod=None,
        simulator=Simulator(),
        now=person.environment.now(),
        environment=person.environment,
    )
    return assume_line(case, Examined(arn, arn), [])[0]


def by_revoke(inventory: Inventory, grant: Grant, arn: str, person: Person) -> LiveCheck:
    """Have `revoke` begin a session that it will ask; the server is no S3, so what it asks it answers with HTML."""
    del inventory
    dev = live_session("dev")
    return live_check(dev, arn, grant, dev, person.environment, profile="dev", name=None)


Command = Callable[[Inventory, Grant, str, Person], object]
of_each_command = pytest.mark.parametrize(
    "command", [by_assume, by_doctor, by_revoke], ids=["assume", "doctor", "revoke"]
)


def profile(file: Path, url: str, **keys: str) -> None:
    """Write a profile with keys of its own, at a server."""
    keys |= {"aws_access_key_id": "AKIADEV", "aws_secret_access_key": "not-a-secret"}
    lines = "".join(f"{name} = {value}\n" for name, value in keys.items())
    file.write_text(f"[profile dev]\nregion = eu-west-1\nendpoint_url = {url}\n{lines}")


# --- the device

DEVICES = {
    "the one that IAM lists": ([devices(f"{MFA}/phone")], f"{MFA}/phone"),
    "not a security key": ([devices(KEY, f"{MFA}/phone")], f"{MFA}/phone"),
    "a security key alone": ([devices(KEY)], f"{MFA}/alice"),
    "none is listed": ([devices()], f"{MFA}/alice"),
    "IAM may not be asked": ([error(403, "AccessDenied")], f"{MFA}/alice"),
    "IAM is broken": ([error(500, "ServiceFailure")], f"{MFA}/alice"),
    "an answer that can't be read": ([Answer(200, "<html>")], f"{MFA}/alice"),
}
OF_ALICE = {
    "GetCallerIdentity": [identity(ALICE)],
    "GetSessionToken": [users_session()],
    "AssumeRole": [session()],
}


@of_each_command
@pytest.mark.parametrize(("listed", "expected"), DEVICES.values(), ids=DEVICES)
def test_the_code_is_asked_of_the_device_that_iam_lists(
    listed: list[Answer], expected: str, command: Command, config: Path, kinds_inventory: Inventory
) -> None:
    """IAM is asked once about the user; what does not help leaves the device that is named after the user."""
    person = Person()
    with sts({**OF_ALICE, "ListMFADevices": listed}) as server:
        profile(config, server.url)
        command(kinds_inventory, grant_of(kinds_inventory, WITH_MFA), ALICE, person)

    assert [expected] == person.devices
    assert ["alice"] == [each["UserName"] for each in server.of("ListMFADevices")]
    (sent,) = [each for each in server.asked if "TokenCode" in each]
    assert (expected, "123456") == (sent["SerialNumber"], sent["TokenCode"])


@of_each_command
def test_the_device_of_the_profile_goes_before_those_of_iam(
    command: Command, config: Path, kinds_inventory: Inventory
) -> None:
    """With `mfa_serial` in the profile IAM is not asked."""
    person = Person()
    with sts({**OF_ALICE, "ListMFADevices": [devices(f"{MFA}/phone")]}) as server:
        profile(config, server.url, mfa_serial=f"{MFA}/mine")
        command(kinds_inventory, grant_of(kinds_inventory, WITH_MFA), ALICE, person)

    assert [f"{MFA}/mine"] == person.devices
    assert [] == server.of("ListMFADevices")


@of_each_command
def test_an_iam_that_cannot_be_reached_costs_no_time(
    command: Command, config: Path, kinds_inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried once, and the device named after the user is asked."""
    person = Person()
    with sts(OF_ALICE) as server:
        profile(config, server.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:9")
        command(kinds_inventory, grant_of(kinds_inventory, WITH_MFA), ALICE, person)

    assert [f"{MFA}/alice"] == person.devices


def test_one_code_is_enough_for_every_session_of_revoke(config: Path, kinds_inventory: Inventory) -> None:
    """A code is good once: it buys a session of the user's own, and no AssumeRole carries one."""
    person = Person()
    with sts({**OF_ALICE, "ListMFADevices": [devices()], "AssumeRole": [session(), ASSUME_DENIED]}) as server:
        profile(config, server.url)
        check = by_revoke(kinds_inventory, grant_of(kinds_inventory, WITH_MFA), ALICE, person)
        list(check.given(Cut(person.environment.now()), future=False, was_shut=True, left_open=False))

    assert 1 == len(person.prompts)
    assert 1 < len(server.assumed)
    assert not any("TokenCode" in each for each in server.assumed)


# --- the source identity


@of_each_command
def test_the_source_identity_is_the_users_name(command: Command, config: Path, kinds_inventory: Inventory) -> None:
    """It is sent where the grant takes one, with the external ID, whatever the session is called."""
    with sts({"GetCallerIdentity": [identity()], "AssumeRole": [session()]}) as server:
        profile(config, server.url)
        command(kinds_inventory, grant_of(kinds_inventory, WITH_IDENTITY), USER, Person())
        command(kinds_inventory, grant_of(kinds_inventory, "ServiceRole"), USER, Person())

    assert [("bob", "who-is-it"), (None, None)] == [
        (each.get("SourceIdentity"), each.get("ExternalId")) for each in server.assumed
    ]


@of_each_command
def test_a_roles_session_that_may_set_none_is_let_in_without(
    command: Command, config: Path, kinds_inventory: Inventory
) -> None:
    """A session keeps the source identity that it has: the role is assumed without, and one line says so."""
    person = Person()
    with sts({"GetCallerIdentity": [identity(SESSION)], "AssumeRole": [SET_DENIED, session()]}) as server:
        profile(config, server.url)
        answer = command(kinds_inventory, grant_of(kinds_inventory, WITH_IDENTITY), SESSION, person)

    said = f'the source identity was not set to "WriterRole@nightly": AWS did not let {SESSION} do so'
    assert ["WriterRole@nightly", None] == [each.get("SourceIdentity") for each in server.assumed]
    assert 1 == (answer.details.count(said) if isinstance(answer, Line) else person.said.getvalue().count(said))


@of_each_command
def test_a_user_who_may_not_set_it_is_not_let_in_without(
    command: Command, config: Path, kinds_inventory: Inventory
) -> None:
    """Otherwise a user without the permission would leave no name in CloudTrail."""
    with sts({"GetCallerIdentity": [identity()], "AssumeRole": [SET_DENIED, session()]}) as server:
        profile(config, server.url)
        with suppress(Denial):  # so `assume` says it
            command(kinds_inventory, grant_of(kinds_inventory, WITH_IDENTITY), USER, Person())

    assert ["bob"] == [each.get("SourceIdentity") for each in server.assumed]


@pytest.mark.parametrize(
    ("answer", "holds", "text"),
    [
        (ASSUME_DENIED, True, "AssumeRole is denied, asked with the profile dev"),
        (SET_DENIED, False, "the live check gave no answer: AssumeRole failed: AccessDenied: "),
    ],
    ids=["sts:AssumeRole", "sts:SetSourceIdentity"],
)
def test_only_a_denied_assume_role_shows_that_the_role_is_shut(
    answer: Answer, holds: bool, text: str, config: Path, kinds_inventory: Inventory
) -> None:
    """A caller that may set no source identity may still get a session without one, so that denial verifies nothing."""
    person = Person()
    with sts({"GetCallerIdentity": [identity()], "AssumeRole": [answer]}) as server:
        profile(config, server.url)
        check = by_revoke(kinds_inventory, grant_of(kinds_inventory, WITH_IDENTITY), USER, person)
        *_, verified = check.given(Cut(person.environment.now()), future=False, was_shut=True, left_open=False)

    assert holds is verified.holds
    assert verified.text.startswith(text)


@pytest.mark.parametrize(
    ("reason", "fix"),
    [
        ("because no identity-based policy allows the sts:SetSourceIdentity action", "cdk deploy DevCallersStack"),
        ("with an explicit deny in an identity-based policy", "take out the statement that denies it"),
        ("because no role trust policy allows the sts:SetSourceIdentity action", "have the role's trust policy allow"),
        ("with an explicit deny in a service control policy", "an organization's control policy denies it"),
        ("", "If your own policies allow it already, have the role's trust policy allow sts:SetSourceIdentity"),
    ],
)
def test_doctor_names_a_denied_source_identity(reason: str, fix: str, config: Path, kinds_inventory: Inventory) -> None:
    """It is another permission than sts:AssumeRole, and has a fix of its own on the side that AWS names."""
    denied = error(403, "AccessDenied", f"User: {USER} is not authorized to perform: sts:SetSourceIdentity {reason}")
    with sts({"GetCallerIdentity": [identity()], "AssumeRole": [denied]}) as server:
        profile(config, server.url)
        line = by_doctor(kinds_inventory, grant_of(kinds_inventory, WITH_IDENTITY), USER, Person())

    assert ("assume", Status.FAILED) == (line.check, line.status)
    assert line.text.startswith("sts:SetSourceIdentity is denied: ")
    assert fix in str(line.fix)


# --- secrets


def test_credentials_show_no_secret(config: Path, kinds_inventory: Inventory) -> None:
    """What a log or a traceback would print of them names the session alone."""
    with sts({"AssumeRole": [session()]}) as server:
        profile(config, server.url)
        grant = grant_of(kinds_inventory, WITH_IDENTITY)
        given = assume_role(live_session("dev"), caller_of(USER), grant, name="bob", seconds=900)

    assert "Credentials(arn:aws:sts::222222222222:assumed-role/Role/name)" == repr(given)
    assert SECRETS["SecretAccessKey"] == given.part("SecretAccessKey")


def test_a_wrong_code_is_no_denial() -> None:
    """STS gives it the error code of a denial, and it says nothing of who may assume the role."""
    wrong = {"Error": {"Code": "AccessDenied", "Message": "MultiFactorAuthentication failed with invalid MFA code."}}

    assert denied_action(ClientError(wrong, "AssumeRole")) is None  # type: ignore[arg-type]
