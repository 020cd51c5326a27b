"""`revoke` and `restore` as typed, against deployed roles: sessions are really cut off, and really come back."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.configuration import CHECKOUT
from tests.fakes.proxy import ANSWER_LOST, CUT, Proxy
from tests.terminal import at_terminal

BUCKET = "kinds-222222222222"
POLICY = "AWSRevokeOlderSessions"
OURS = "CrossroleRevoked"
ARN = "arn:aws:iam::222222222222:role/ServiceRole"
LIMIT = "Cannot exceed quota for ACLSizePerRole: 2048"

State = dict[str, Any]


@dataclass(frozen=True)
class Role:
    """A grant's deployed role, as its account's administrator sees and changes it."""

    world: Any
    name: str

    @property
    def iam(self) -> Any:
        """The administrator's IAM."""
        return self.world.accounts.session("prod").client("iam")

    def state(self) -> State:
        """Return every policy of the role."""
        names = self.iam.list_role_policies(RoleName=self.name)["PolicyNames"]
        inline = {each: self.iam.get_role_policy(RoleName=self.name, PolicyName=each) for each in names}
        return {
            "trust": self.iam.get_role(RoleName=self.name)["Role"]["AssumeRolePolicyDocument"],
            "inline": {name: answer["PolicyDocument"] for name, answer in inline.items()},
        }

    def put(self, name: str, *statements: dict[str, Any]) -> dict[str, Any]:
        """Write an inline policy, as somebody else would, and return it."""
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        self.iam.put_role_policy(RoleName=self.name, PolicyName=name, PolicyDocument=json.dumps(document))
        return document

    def trust(self, *statements: dict[str, Any]) -> None:
        """Write the trust policy, as somebody else would."""
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self.iam.update_assume_role_policy(RoleName=self.name, PolicyDocument=document)

    def reset(self, state: State) -> None:
        """Put every policy back."""
        self.trust(*state["trust"]["Statement"])
        for name in self.state()["inline"].keys() - state["inline"].keys():
            self.iam.delete_role_policy(RoleName=self.name, PolicyName=name)
        for name, document in state["inline"].items():
            text = json.dumps(document)
            self.iam.put_role_policy(RoleName=self.name, PolicyName=name, PolicyDocument=text)

    def session(self, name: str = "somebody", caller: str = "exporter") -> boto3.Session:
        """Begin a session of that name, not within the second that a revocation hits last."""
        time.sleep(1 - time.time() % 1)
        sts = self.world.callers[caller].client("sts")
        arn = self.iam.get_role(RoleName=self.name)["Role"]["Arn"]
        given = sts.assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]
        keys = given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
        session: boto3.Session = self.world.accounts.session_with(*keys, region="eu-west-1")
        return session


@pytest.fixture
def deployed(world: Any) -> Iterator[Callable[[str], Role]]:
    """Return a function that returns a grant's role; afterwards its policies are as they were."""
    before: list[tuple[Role, State]] = []

    def role(name: str) -> Role:
        one = Role(world, name)
        before.append((one, one.state()))
        return one

    yield role
    for one, state in before:
        one.reset(state)


@pytest.fixture
def service(deployed: Callable[[str], Role]) -> Role:
    """Return the role of a grant that one role of dev writes through."""
    return deployed("ServiceRole")


def may(session: boto3.Session, prefix: str = "service/") -> bool:
    """Return whether a session may write."""
    try:
        session.client("s3").put_object(Bucket=BUCKET, Key=f"{prefix}revoke", Body=b"a")
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


def sids(role: Role, policy: str = POLICY) -> list[str | None]:
    """Return the Sids of an inline policy."""
    return [each.get("Sid") for each in role.state()["inline"].get(policy, {"Statement": []})["Statement"]]


def ours(state: State) -> bool:
    """Return whether anything of a revocation is in a role's policies."""
    return OURS in json.dumps(state)


def answered(done: "subprocess.CompletedProcess[str]", status: int = 0) -> dict[str, Any]:
    """Return the JSON that a command answered, having ended with that status."""
    assert status == done.returncode, done.stderr + done.stdout
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def one_line(done: "subprocess.CompletedProcess[str]") -> str:
    """Return the one line that a command said, having ended with status 2."""
    assert (2, "") == (done.returncode, done.stdout), done.stderr
    assert 1 == done.stderr.count("\n"), done.stderr
    return done.stderr.removeprefix("crossrole: ").strip()


def deny(action: str) -> dict[str, Any]:
    """Return somebody else's statement."""
    return {"Effect": "Deny", "Action": action, "Resource": "*"}


PROD = ("--profile", "prod")
AS_EXPORTER = ("--caller-profile", "exporter")


# --- every session


def test_live_sessions_are_cut_off(shell: Any, service: Role) -> None:
    """A session from before is denied from then on, one that is begun right after the command works."""
    before = service.state()
    old = service.session()
    assert may(old)

    done = answered(shell.crossrole("revoke", "ServiceRole", *PROD, *AS_EXPORTER, "--json"))

    assert not may(old)
    assert may(service.session())
    assert [True] * 4 == [each["holds"] for each in done["checks"]]
    assert {**before["inline"], POLICY: done["documents"][POLICY]} == service.state()["inline"]
    assert before["trust"] == service.state()["trust"]


def test_restore_gives_back_exactly_what_was(shell: Any, service: Role) -> None:
    """Every policy is as it was before revoke, and the session that was cut off works again."""
    before = service.state()
    old = service.session()
    shell.crossrole("revoke", "ServiceRole", *PROD)
    assert not may(old)

    done = answered(shell.crossrole("restore", "ServiceRole", *PROD, "--json"))

    assert before == service.state()
    assert may(old)
    assert [POLICY] == done["written"]


def test_the_text_about_one_session_is_in_the_right_tense(shell: Any, service: Role) -> None:
    """What is to come is not written as past, and what was not there is not said to be kept."""
    del service
    text = shell.crossrole("revoke", "ServiceRole", *PROD, "--session", "alice").stdout

    assert "not needed: such a session ends by itself at 2" in text
    assert f"inline policy {POLICY}: {OURS}Session1\n" in text


def test_what_is_answered_to_a_person(shell: Any, service: Role) -> None:
    """The text names the moment, the sessions, who can begin new ones, how to stop those, and the permanent line."""
    del service
    done = shell.crossrole("revoke", "ServiceRole", *PROD)
    text = done.stdout

    assert 0 == done.returncode
    (moment,) = {line.split("= ")[1] for line in text.splitlines() if "revoked_before = " in line}
    assert text.startswith(f"revoked: sessions of ServiceRole begun before {moment}\n")
    assert f"every session of {ARN} begun before {moment}: denied everything" in text
    assert "who can begin one: arn:aws:iam::111111111111:role/service-role/Exporter" in text
    assert "python -m crossrole revoke ServiceRole --profile prod --and-disable" in text
    assert 'access.toml, below [[grants]] name = "ServiceRole":\n' in text
    assert "no live check" in text
    assert "presigned URLs" in text
    assert "write the inline policy" in done.stderr


def test_a_presigned_url_stops_working_too(shell: Any, deployed: Callable[[str], Role]) -> None:
    """What the text says of presigned URLs is so: the session that made one is who asks."""
    role = deployed("WholeAccount")
    put = role.world.accounts.session("prod").client("s3").put_object(Bucket=BUCKET, Key="account/signed", Body=b"a")
    s3 = role.session(caller="stranger").client("s3")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "account/signed"})
    bundle = role.world.accounts.config_file.read_text().partition("ca_bundle = ")[2].splitlines()[0]
    fetch = ["curl", "--silent", "--cacert", bundle, "--output", "/dev/null", "--write-out", "%{http_code}", url]

    before = subprocess.run(fetch, capture_output=True, text=True, check=True).stdout
    shell.crossrole("revoke", "WholeAccount", *PROD)
    after = subprocess.run(fetch, capture_output=True, text=True, check=True).stdout
    role.world.accounts.session("prod").client("s3").delete_object(
        Bucket=BUCKET, Key="account/signed", VersionId=put["VersionId"]
    )

    assert ["200", "403"] == [before, after]


@pytest.mark.parametrize(
    ("grant", "caller"),
    [("ServiceRole", "exporter"), ("OneUser", "alice"), ("WholeAccount", "stranger"), ("EveryBucket", "exporter")],
)
def test_each_kind_of_access_has_a_live_check(
    shell: Any, deployed: Callable[[str], Role], grant: str, caller: str
) -> None:
    """The live check sends what the grant allows; where nothing harmless can be sent, it is not verified."""
    deployed(grant)
    answer = shell.crossrole("revoke", grant, *PROD, "--caller-profile", caller, "--json")
    done = answered(answer, 1 if grant == "EveryBucket" else 0)

    asked = " ".join(each["text"] for each in done["checks"])
    if grant == "EveryBucket":
        assert "each request that the grant allows would change something" in asked
        assert done["changes"] == done["written"] == [POLICY]
    else:
        assert "an earlier session was allowed before the change and is denied" in asked
        assert "a new session is allowed" in asked


@pytest.fixture
def recent(deployed: Callable[[str], Role]) -> Role:
    """Return the role of a grant that asks for MFA, with an object that its sessions may look at."""
    role = deployed("RecentMfa")
    role.world.accounts.session("prod").client("s3").put_object(Bucket=BUCKET, Key="mfa/live-check", Body=b"a")
    return role


AS_ALICE = ("--caller-profile", "alice")


def test_a_live_check_with_mfa_asks_for_one_code(shell: Any, recent: Role) -> None:
    """A user is asked for one code, which is enough for the session from before and for the new one."""
    del recent
    words = ["revoke", "RecentMfa", *PROD, *AS_ALICE, "--template-dir", str(shell.world.templates)]
    typed = {"Enter MFA code for arn:aws:iam::111111111111:mfa/alice: ": "123456"}
    seen = at_terminal([sys.executable, "-m", "crossrole", *words], shell.environment, typed=typed)

    assert 0 == seen.status, seen.terminal
    assert 1 == seen.terminal.count("Enter MFA code for")
    assert "an earlier session was allowed before the change and is denied" in seen.out
    assert "a new session is allowed" in seen.out


def test_a_live_check_with_mfa_needs_a_terminal(shell: Any, recent: Role) -> None:
    """The sessions are cut off all the same, and that no code could be asked for is reported as the reason."""
    del recent
    done = answered(shell.crossrole("revoke", "RecentMfa", *PROD, *AS_ALICE, "--json"), 1)

    assert [POLICY] == done["written"]
    assert (
        "no live check was possible: the grant asks for an MFA code, and there is no terminal to ask for it"
    ) == done["checks"][-1]["text"]


def test_a_live_check_writes_nothing(shell: Any, service: Role) -> None:
    """Asking leaves no object and no upload behind."""
    s3 = service.world.accounts.session("prod").client("s3")
    before = s3.list_objects_v2(Bucket=BUCKET, Prefix="service/").get("Contents", [])

    shell.crossrole("revoke", "ServiceRole", *PROD, *AS_EXPORTER)

    assert before == s3.list_objects_v2(Bucket=BUCKET, Prefix="service/").get("Contents", [])
    assert [] == s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])


# --- the moment


def test_a_moment_that_is_given(shell: Any, service: Role, proxy: Proxy) -> None:
    """`--before` affects what was begun before it and nothing else; a second run writes nothing and says so."""
    session = service.session()
    words = ("revoke", "ServiceRole", *PROD, "--before", "2026-01-01T01:00:00+01:00", "--json")

    first = answered(shell.crossrole(*words, **proxy.environment))
    second = answered(shell.crossrole(*words, **proxy.environment))
    text = shell.crossrole(*words[:-1]).stdout

    assert may(session)
    assert "2026-01-01T00:00:00Z" == first["before"]
    assert ["PutRolePolicy"] == proxy.writes
    assert [[POLICY], []] == [first["written"], second["written"]]
    assert text.startswith("revoked already, nothing written: ")


def test_a_moment_never_moves_backwards(shell: Any, service: Role) -> None:
    """Who asks for an earlier moment than stands changes nothing; a later one moves the same statement on."""
    for moment in ("2026-02-01", "2026-01-01"):
        answered(shell.crossrole("revoke", "ServiceRole", *PROD, "--before", f"{moment}T00:00:00Z", "--json"))
    standing = service.state()["inline"][POLICY]["Statement"]
    later = answered(shell.crossrole("revoke", "ServiceRole", *PROD, "--before", "2026-03-01T00:00:00Z", "--json"))[
        "documents"
    ][POLICY]["Statement"]

    assert [{"DateLessThan": {"aws:TokenIssueTime": "2026-02-01T00:00:00Z"}}] == [
        each["Condition"] for each in standing
    ]
    assert [{"DateLessThan": {"aws:TokenIssueTime": "2026-03-01T00:00:00Z"}}] == [each["Condition"] for each in later]


def test_a_moment_in_the_future(shell: Any, service: Role) -> None:
    """A warning says that sessions begun until then are affected too, and they are."""
    done = shell.crossrole("revoke", "ServiceRole", *PROD, *AS_EXPORTER, "--before", "2099-01-01T00:00:00Z")

    assert 0 == done.returncode
    assert "begun from now until 2099-01-01T00:00:00Z too: the moment is in the future" in done.stdout
    assert not may(service.session())


def test_the_moment_is_by_the_clock_of_aws(shell: Any, service: Role, proxy: Proxy) -> None:
    """An operator's clock may be wrong, and issue times are AWS's: now is when IAM answers, rounded up."""
    del service
    proxy.date = "Tue, 24 Nov 2026 10:00:00 GMT"

    done = answered(shell.crossrole("revoke", "ServiceRole", *PROD, "--json", **proxy.environment))

    assert "2026-11-24T10:00:01Z" == done["before"]


def test_a_moment_of_before_is_not_kept(shell: Any, service: Role) -> None:
    """Without `--before` it is now, also where everything is denied: what was begun since would work again later."""
    old = service.session()
    words = ("--before", "2020-01-01T00:00:00Z", "--and-disable", "--json")
    answered(shell.crossrole("revoke", "ServiceRole", *PROD, *words))

    done = answered(shell.crossrole("revoke", "ServiceRole", *PROD, "--json"))
    statements = service.state()["inline"][POLICY]["Statement"]
    service.put(POLICY, *(each for each in statements if each["Sid"] != f"{OURS}Everything"))

    assert not may(old)
    assert [f"revoked_before = {done['before']}"] == done["access_toml"]
    assert done["before"] > "2026"


# --- one session


def test_one_session_by_its_name(shell: Any, service: Role) -> None:
    """The session is denied, its neighbour is not, a new one of the same name works; then another one is affected."""
    first, second = service.session("first"), service.session("second")

    done = answered(shell.crossrole("revoke", "ServiceRole", *PROD, *AS_EXPORTER, "--session", "first", "--json"))
    after = [may(first), may(second), may(service.session("first"))]
    answered(shell.crossrole("revoke", "ServiceRole", *PROD, "--session", "second", "--json"))

    assert [False, True, True] == after
    assert [False, False] == [may(first), may(second)]
    assert "an earlier session of another name is allowed" in " ".join(each["text"] for each in done["checks"])
    assert [f"{OURS}Session1", f"{OURS}Session2"] == sids(service)


def test_one_session_that_is_covered(shell: Any, service: Role) -> None:
    """Where every session from before the moment is cut off already, there is nothing to do for the one."""
    shell.crossrole("revoke", "ServiceRole", *PROD, "--before", "2026-02-01T00:00:00Z")
    before = service.state()

    done = answered(
        shell.crossrole("revoke", "ServiceRole", *PROD, "--before", "2026-01-01T00:00:00Z", "--session", "x1", "--json")
    )

    assert [] == done["written"]
    assert before == service.state()


# --- and disable


def test_and_disable(shell: Any, service: Role) -> None:
    """No session works and none can be begun; a second run moves the moment; restore gives back exactly what was."""
    before = service.state()
    old = service.session()

    first = answered(shell.crossrole("revoke", "ServiceRole", *PROD, *AS_EXPORTER, "--and-disable", "--json"))
    second = answered(shell.crossrole("revoke", "ServiceRole", *PROD, *AS_EXPORTER, "--and-disable", "--json"))
    standing = service.state()
    disabled = not may(old)
    with pytest.raises(ClientError, match="AccessDenied"):
        service.session()
    restored = answered(shell.crossrole("restore", "ServiceRole", *PROD, "--json"))

    assert disabled
    assert [[POLICY, "trust policy"], [POLICY]] == [first["written"], second["written"]]
    assert ["disabled = true", f"revoked_before = {first['before']}"] == first["access_toml"]
    assert before["trust"]["Statement"] == standing["trust"]["Statement"][:-1]
    assert "AssumeRole is denied" in first["checks"][-1]["text"]
    assert ["trust policy", POLICY] == restored["written"]
    assert before == service.state()
    assert may(old)


def test_a_trust_policy_that_is_full(shell: Any, service: Role, proxy: Proxy) -> None:
    """Where the trust policy is full, the command says so and ends with 1, and new sessions can do nothing."""
    before = service.state()
    proxy.fault = lambda action: f"LimitExceeded: {LIMIT}" if action == "UpdateAssumeRolePolicy" else None

    words = ("revoke", "ServiceRole", *PROD, *AS_EXPORTER, "--and-disable", "--json")
    done = answered(shell.crossrole(*words, **proxy.environment), 1)

    (wrong,) = done["wrong"]
    assert LIMIT in wrong
    assert f"New sessions can be made, but {POLICY} lets them do nothing" in wrong
    assert [POLICY] == done["written"]
    assert not may(service.session())
    assert before["trust"] == service.state()["trust"]


WEB = {
    "Sid": "Web",
    "Effect": "Allow",
    "Principal": {"Federated": "accounts.google.com"},
    "Action": "sts:AssumeRoleWithWebIdentity",
}


def test_and_disable_closes_every_way_in(shell: Any, service: Role) -> None:
    """A web identity that the trust policy allows is named, and denied from then on."""
    before = service.state()["trust"]
    service.trust(*before["Statement"], WEB)
    sts = service.world.accounts.session("prod").client("sts")
    web = {"RoleArn": ARN, "RoleSessionName": "web", "WebIdentityToken": "token", "ProviderId": "accounts.google.com"}
    sts.assume_role_with_web_identity(**web)

    done = shell.crossrole("revoke", "ServiceRole", *PROD, "--dry-run")
    answered(shell.crossrole("revoke", "ServiceRole", *PROD, "--and-disable", "--json"))
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role_with_web_identity(**web)
    answered(shell.crossrole("restore", "ServiceRole", *PROD, "--json"))

    assert "who can begin one: arn:aws:iam::111111111111:role/service-role/Exporter, accounts.google.com" in done.stdout
    assert [*before["Statement"], WEB] == service.state()["trust"]["Statement"]


# --- what else is in the role's policies


ANOTHERS = {
    "Sid": f"{OURS}Session9",
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {
        "StringEquals": {"aws:userid": "AROAEXAMPLE:another"},
        "DateLessThan": {"aws:TokenIssueTime": "2026-11-24T10:00:00Z"},
    },
}
CLOSED = {"Sid": "Closed", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}


def meanwhile(proxy: Proxy, action: str, change: Callable[[], object]) -> None:
    """Have somebody else make a change at the first request of that kind."""
    left = [change]

    def fault(asked: str) -> None:
        if asked == action and left:
            left.pop()()

    proxy.fault = fault


def test_what_is_revoked_meanwhile_stays(shell: Any, service: Role, proxy: Proxy) -> None:
    """What somebody else has put into the policies since they were first read is not written over."""
    trust = service.state()["trust"]["Statement"]

    def change() -> None:
        service.put(POLICY, ANOTHERS, deny("s3:DeleteBucket"))
        service.trust(*trust, CLOSED)

    meanwhile(proxy, "ListAttachedRolePolicies", change)
    done = shell.crossrole("revoke", "ServiceRole", *PROD, "--session", "alice", **proxy.environment)

    assert 0 == done.returncode, done.stderr
    assert [f"{OURS}Session9", None, f"{OURS}Session1"] == sids(service)
    assert [*trust, CLOSED] == service.state()["trust"]["Statement"]


def test_what_is_closed_meanwhile_stays_closed(shell: Any, service: Role, proxy: Proxy) -> None:
    """Restore takes out what revoke added of the policies as they are when it writes, and reports what still denies."""
    trust = service.state()["trust"]["Statement"]
    answered(shell.crossrole("revoke", "ServiceRole", *PROD, "--and-disable", "--json"))
    standing = service.state()

    def change() -> None:
        service.trust(*standing["trust"]["Statement"], CLOSED)
        service.put(POLICY, *standing["inline"][POLICY]["Statement"], deny("s3:DeleteBucket"))

    meanwhile(proxy, "ListAttachedRolePolicies", change)
    done = answered(shell.crossrole("restore", "ServiceRole", *PROD, "--json", **proxy.environment))

    assert [*trust, CLOSED] == service.state()["trust"]["Statement"]
    assert [deny("s3:DeleteBucket")] == service.state()["inline"][POLICY]["Statement"]
    assert ["the trust policy denies everyone"] == done["left"]


def test_a_revocation_that_is_lost_is_no_success(shell: Any, service: Role, proxy: Proxy) -> None:
    """The role is read back last of all: what somebody else has written over the revocation meanwhile shows."""
    # The first session is the one from before, the second the new one that is asked after the change.
    begun: list[str] = []

    def fault(action: str) -> None:
        begun.extend([action] if action == "AssumeRole" else [])
        if action == "AssumeRole" and len(begun) == 2:
            service.put(POLICY, ANOTHERS)

    proxy.fault = fault
    words = ("revoke", "ServiceRole", *PROD, *AS_EXPORTER, "--json")
    done = answered(shell.crossrole(*words, **proxy.environment, AWS_ENDPOINT_URL_STS=proxy.url), 1)

    assert 2 == len(begun)
    assert "IAM does not answer the role back with it" in " ".join(
        each["text"] for each in done["checks"] if each["holds"] is False
    )


def test_other_policies_are_not_touched(shell: Any, service: Role) -> None:
    """Another inline policy, and what the console has put into the same one, stay as they are throughout."""
    other = service.put("Another", {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"})
    console = service.put(
        POLICY,
        {
            "Effect": "Deny",
            "Action": ["*"],
            "Resource": ["*"],
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2025-01-01T00:00:00.000Z"}},
        },
    )
    before = service.state()

    answered(shell.crossrole("revoke", "ServiceRole", *PROD, "--and-disable", "--json"))
    standing = service.state()["inline"]
    answered(shell.crossrole("restore", "ServiceRole", *PROD, "--json"))

    assert other == standing["Another"]
    assert console["Statement"] == standing[POLICY]["Statement"][:1]
    assert before == service.state()


def test_what_access_toml_revokes_stays(shell: Any, deployed: Callable[[str], Role]) -> None:
    """The statement of `revoked_before` stays beside ours, and restore leaves it and says where it comes from."""
    role = deployed("Revoked")
    before = role.state()

    answered(shell.crossrole("revoke", "Revoked", *PROD, "--json"))
    both = sids(role)
    restored = shell.crossrole("restore", "Revoked", *PROD)

    assert ["DenyOlderSessions", f"{OURS}OlderSessions"] == both
    assert before == role.state()
    assert "still there, for access.toml put it there\n" in restored.stdout
    assert "denies sessions begun before 2026-01-01T00:00:00Z" in restored.stdout


def test_what_access_toml_disables_stays(shell: Any, deployed: Callable[[str], Role]) -> None:
    """A grant that is disabled in access.toml gets no second statement in its trust, and stays disabled."""
    role = deployed("Disabled")
    before = role.state()

    done = answered(shell.crossrole("revoke", "Disabled", *PROD, *AS_EXPORTER, "--and-disable", "--json"))
    restored = shell.crossrole("restore", "Disabled", *PROD)

    assert [POLICY] == done["written"]
    assert before == role.state()
    assert "the trust policy denies everyone" in restored.stdout
    assert "DenyWhileDisabled denies everything" in restored.stdout


def test_nothing_to_restore(shell: Any, service: Role, proxy: Proxy) -> None:
    """A restore that finds nothing of a revocation writes nothing and says so."""
    del service
    done = shell.crossrole("restore", "ServiceRole", *PROD, **proxy.environment)

    assert (0, "") == (done.returncode, done.stderr)
    assert f"nothing to restore: no statement of revoke is in the policies of {ARN}\n" == done.stdout
    assert [] == proxy.writes


def test_an_old_answer_of_iam(shell: Any, service: Role, proxy: Proxy) -> None:
    """IAM may answer what it held before the write for a while: it is asked again until it answers with it."""
    left = ["NoSuchEntity: The role policy cannot be found."] * 4  # the role has three: once all, and one again
    proxy.fault = lambda action: left.pop() if left and action == "GetRolePolicy" and proxy.writes else None
    service.put("Another", {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"})

    done = answered(shell.crossrole("revoke", "ServiceRole", *PROD, "--json", **proxy.environment))

    assert [] == left
    assert done["verified"]


def test_a_listing_that_is_old(shell: Any, service: Role, proxy: Proxy) -> None:
    """The policy is asked for by its name, so that one which IAM does not list yet is not written over."""
    console = service.put(POLICY, {"Sid": "Console", "Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    proxy.replaced["ListRolePolicies"] = (POLICY, "SomethingElse")

    answered(shell.crossrole("revoke", "ServiceRole", *PROD, "--json", **proxy.environment))

    assert console["Statement"] == service.state()["inline"][POLICY]["Statement"][:1]


# --- dry run


@pytest.mark.parametrize("command", ["revoke", "restore"])
def test_a_dry_run_changes_nothing(shell: Any, service: Role, proxy: Proxy, command: str) -> None:
    """It says what would be written, the whole documents among it, and writes nothing."""
    if command == "restore":
        shell.crossrole("revoke", "ServiceRole", *PROD, "--and-disable")
    before = service.state()
    words = [command, "ServiceRole", *PROD, "--dry-run", *(["--and-disable"] if command == "revoke" else [])]

    text = shell.crossrole(*words, **proxy.environment)
    done = answered(shell.crossrole(*words, "--json", **proxy.environment))

    assert [] == proxy.writes
    assert before == service.state()
    assert {POLICY, "trust policy"} == set(done["documents"]) == set(done["changes"])
    assert [] == done["written"]
    assert 0 == text.returncode
    if command == "revoke":
        assert f'"Sid": "{OURS}Everything"' in text.stdout
        assert "simulated on the policies as they would be" in done["checks"][0]["text"]


# --- faults


@pytest.mark.parametrize("command", ["revoke", "restore"])
def test_misuse_is_one_line(shell: Any, service: Role, command: str) -> None:
    """A wrong account, grant, profile or moment is reported in one line, and nothing is changed."""
    before = service.state()

    of_dev = one_line(shell.crossrole(command, "ServiceRole", "--profile", "dev"))
    unknown = one_line(shell.crossrole(command, "ServicRole", *PROD))
    nobody = one_line(shell.crossrole(command, "ServiceRole", "--profile", "prd"))

    assert "the profile dev is of account 111111111111, and ServiceRole is in 222222222222" in of_dev
    assert 'no grant "ServicRole" in the templates; did you mean ServiceRole' in unknown
    assert 'no profile "prd"' in nobody
    assert "did you mean prod?" in nobody
    assert before == service.state()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--before", "yesterday"), '--before "yesterday" is not a time'),
        (("--before", "2026-01-01T00:00:00"), "has no time zone; end it in Z for UTC"),
        (("--before", "0001-01-01T00:00:00+14:00"), "expected a year from 1970 to 9998"),
        (("--before", "0999-01-01T00:00:00Z"), "expected a year from 1970 to 9998"),
        (("--before", "9999-12-31T23:59:59.5Z"), "expected a year from 1970 to 9998"),
        (("--session", "a b"), "is not a role session name"),
        (("--session", "ab", "--and-disable"), "leave one of them out"),
        (("--caller-profile", "nobody"), 'no profile "nobody"'),
    ],
)
def test_misuse_of_revoke_is_one_line(shell: Any, service: Role, words: tuple[str, ...], expected: str) -> None:
    """What can't be meant is an error before anything is changed."""
    before = service.state()

    assert expected in one_line(shell.crossrole("revoke", "ServiceRole", *PROD, *words))
    assert before == service.state()


def test_no_credentials(shell: Any, service: Role) -> None:
    """A profile without credentials is reported in one line."""
    del service
    with (shell.home / ".aws" / "config").open("a") as config:
        config.write("\n[profile empty]\nregion = eu-west-1\n")

    assert "there are no credentials of the profile empty" in one_line(
        shell.crossrole("revoke", "ServiceRole", "--profile", "empty")
    )


def test_a_role_that_is_not_deployed(shell: Any, service: Role, proxy: Proxy) -> None:
    """NoSuchEntity is reported as what it means."""
    del service
    proxy.fault = lambda _: "NoSuchEntity: The role with name ServiceRole cannot be found."

    assert "ServiceRole is not deployed in 222222222222: there is no such role" in one_line(
        shell.crossrole("revoke", "ServiceRole", *PROD, **proxy.environment)
    )


def test_throttling_is_retried(shell: Any, service: Role, proxy: Proxy) -> None:
    """A write that AWS throttles twice is made all the same."""
    left = ["Throttling: Rate exceeded"] * 2
    proxy.fault = lambda action: left.pop() if action == "PutRolePolicy" and left else None

    done = answered(shell.crossrole("revoke", "ServiceRole", *PROD, "--json", **proxy.environment))

    assert ["PutRolePolicy"] * 3 == proxy.writes
    assert [POLICY] == done["written"]
    assert [f"{OURS}OlderSessions"] == sids(service)


def test_throttling_that_does_not_end(shell: Any, service: Role, proxy: Proxy) -> None:
    """When AWS throttles on, one line says so, and nothing was changed."""
    proxy.fault = lambda action: "Throttling: Rate exceeded" if action == "PutRolePolicy" else None
    before = service.state()

    done = shell.crossrole("revoke", "ServiceRole", *PROD, **proxy.environment)

    assert (2, "") == (done.returncode, done.stdout)
    assert "PutRolePolicy failed: Throttling: Rate exceeded; AWS asked for fewer requests" in done.stderr
    assert before == service.state()


def test_a_full_role(shell: Any, service: Role, proxy: Proxy) -> None:
    """The quota of the inline policies is reported in one line, and nothing was changed."""
    full = "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role ServiceRole"
    proxy.fault = lambda action: full if action == "PutRolePolicy" else None
    before = service.state()

    done = shell.crossrole("revoke", "ServiceRole", *PROD, **proxy.environment)

    assert (2, "") == (done.returncode, done.stdout)
    assert f"PutRolePolicy failed: {full}; a role's inline policies may hold 10,240" in done.stderr
    assert before == service.state()


def test_a_profile_that_may_not(shell: Any, service: Role, proxy: Proxy) -> None:
    """AWS's own words are reported where the operator may not write, and nothing was changed."""
    proxy.fault = lambda action: (
        "AccessDenied: no identity-based policy allows it" if action == "PutRolePolicy" else None
    )
    before = service.state()

    done = shell.crossrole("revoke", "ServiceRole", *PROD, **proxy.environment)

    assert (2, "") == (done.returncode, done.stdout)
    assert "PutRolePolicy failed: AccessDenied: no identity-based policy allows it" in done.stderr
    assert before == service.state()


@pytest.mark.parametrize("denied", ["ListAttachedRolePolicies", "GetPolicy", "GetPolicyVersion"])
def test_managed_policies_that_cannot_be_read(shell: Any, service: Role, proxy: Proxy, denied: str) -> None:
    """The sessions are cut off all the same, and what could not be evaluated is reported."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny("s3:DeleteBucket")]})
    arn = service.iam.create_policy(PolicyName="Managed", PolicyDocument=policy)["Policy"]["Arn"]
    service.iam.attach_role_policy(RoleName=service.name, PolicyArn=arn)
    proxy.fault = lambda action: "AccessDenied: not you" if action == denied else None
    try:
        done = answered(shell.crossrole("revoke", "ServiceRole", *PROD, "--json", **proxy.environment))
    finally:
        service.iam.detach_role_policy(RoleName=service.name, PolicyArn=arn)
        service.iam.delete_policy(PolicyArn=arn)

    assert done["verified"]
    assert "(not evaluated: its managed policies (AccessDenied: not you))" in done["checks"][1]["text"]


def test_a_role_whose_policies_cannot_be_read(shell: Any, service: Role, proxy: Proxy) -> None:
    """What is not known is not written over: AWS's own words are reported, and nothing was changed."""
    before = service.state()
    proxy.fault = lambda action: "AccessDenied: not you" if action == "GetRolePolicy" else None

    assert "GetRolePolicy failed: AccessDenied: not you" == one_line(
        shell.crossrole("revoke", "ServiceRole", *PROD, **proxy.environment)
    )
    assert before == service.state()


# --- interrupted half-way


def test_the_network_ends_between_the_two_writes(shell: Any, service: Role, proxy: Proxy) -> None:
    """The answer says what stands and ends with 1; the same line again finishes it, and restore undoes all of it."""
    before = service.state()
    old = service.session()
    words = ("revoke", "ServiceRole", *PROD, "--and-disable", "--json")
    gone: list[str] = []

    def ends(action: str) -> str | None:
        gone.extend(["gone"] if action == "UpdateAssumeRolePolicy" else [])
        return CUT if gone else None

    proxy.fault = ends
    cut = answered(shell.crossrole(*words, **proxy.environment), 1)
    stopped = not may(old)
    # Within the same second the inline policy would be right already.
    time.sleep(1 - time.time() % 1)
    finished = answered(shell.crossrole(*words))
    standing = service.state()
    answered(shell.crossrole("restore", "ServiceRole", *PROD, "--json"))

    assert "AWS can't be reached" in cut["wrong"][0]
    assert [POLICY] == cut["written"]
    assert stopped
    assert [POLICY, "trust policy"] == finished["written"]
    assert f"{OURS}Everything" == standing["trust"]["Statement"][-1]["Sid"]
    assert before == service.state()


def test_an_answer_that_is_lost(shell: Any, service: Role, proxy: Proxy) -> None:
    """A write that arrived and was not answered is looked for, and found."""
    proxy.fault = lambda action: ANSWER_LOST if action == "PutRolePolicy" else None

    done = answered(shell.crossrole("revoke", "ServiceRole", *PROD, "--json", **proxy.environment))

    assert done["verified"]
    assert [f"{OURS}OlderSessions"] == sids(service)


@pytest.mark.parametrize(
    ("number", "fix"),
    [
        (signal.SIGKILL, "the same line again"),
        (signal.SIGKILL, "restore"),
        (signal.SIGINT, "the same line again"),
        (signal.SIGTERM, "restore"),
    ],
    ids=str,
)
def test_killed_between_the_two_writes(
    shell: Any, service: Role, proxy: Proxy, number: signal.Signals, fix: str
) -> None:
    """What is killed after the first write has stopped the harm; the same line finishes it, or restore undoes it."""
    before = service.state()
    old = service.session()
    words = ["ServiceRole", *PROD, "--template-dir", str(service.world.templates)]
    running: list[subprocess.Popen[str]] = []

    def kill(action: str) -> str | None:
        if action == "UpdateAssumeRolePolicy":
            running[0].send_signal(number)
            running[0].wait()
            return CUT
        return None

    proxy.fault = kill
    with subprocess.Popen(
        [sys.executable, "-m", "crossrole", "revoke", *words, "--and-disable"],
        cwd=CHECKOUT,
        env=shell.environment | proxy.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        running.append(process)
        out, err = process.communicate()
    stopped = not may(old)
    half = service.state()
    again = ("revoke", "ServiceRole", *PROD, "--and-disable") if fix != "restore" else ("restore", "ServiceRole", *PROD)
    done = shell.crossrole(*again, "--json")

    assert stopped
    assert "" == out
    assert {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143}[number] == process.returncode
    assert (number == signal.SIGKILL) != ("interrupted: the AWSRevokeOlderSessions of ServiceRole stands" in err)
    assert before["trust"] == half["trust"]
    written = answered(done)["written"]
    if fix == "restore":
        assert [POLICY] == written
        assert before == service.state()
    else:
        # Within the same second the inline policy is right already.
        assert written in (["trust policy"], [POLICY, "trust policy"])
        assert f"{OURS}Everything" == service.state()["trust"]["Statement"][-1]["Sid"]


def test_restore_killed_between_the_two_writes(shell: Any, service: Role, proxy: Proxy) -> None:
    """What a restore has not come to still denies; the same line again finishes it."""
    before = service.state()
    old = service.session()
    shell.crossrole("revoke", "ServiceRole", *PROD, "--and-disable")
    proxy.fault = lambda action: CUT if action == "DeleteRolePolicy" else None

    cut = answered(shell.crossrole("restore", "ServiceRole", *PROD, "--json", **proxy.environment), 1)
    denied = not may(old)
    answered(shell.crossrole("restore", "ServiceRole", *PROD, "--json"))

    assert denied
    assert ["trust policy"] == cut["written"]
    assert "still denies: run the same line again" in cut["wrong"][0]
    assert before == service.state()


def test_no_secret_is_printed(shell: Any, service: Role) -> None:
    """Neither output holds a key or a token of the callers that it asks as."""
    del service
    done = shell.crossrole("revoke", "ServiceRole", *PROD, *AS_EXPORTER, "--json")
    secrets = [
        line.split(" = ")[1]
        for line in (shell.home / ".aws" / "config").read_text().splitlines()
        if line.startswith(("aws_secret_access_key", "aws_session_token"))
    ]

    assert secrets
    assert not [each for each in secrets if each in done.stdout + done.stderr]
    assert "ASIA" not in done.stdout + done.stderr
