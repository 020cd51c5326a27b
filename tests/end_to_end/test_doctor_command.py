"""`crossrole doctor` in the two local accounts: each of its lines both ways, and that it changes nothing."""

import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from sandbox.configuration import CHECKOUT
from tests.fakes.proxy import Proxy

BUCKET = "kinds-222222222222"
EXPORTER = "arn:aws:iam::111111111111:role/service-role/Exporter"
BYSTANDER = "arn:aws:iam::111111111111:role/Bystander"
READ_IAM = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["iam:Get*", "iam:List*"], "Resource": "*"}],
}
Lines = list[dict[str, Any]]


def examined(shell: Any, *words: str, status: int) -> Lines:
    """Return the lines that the command answers, which must end with that status."""
    done = shell.crossrole("doctor", *words, "--json")

    assert (status, "") == (done.returncode, _complaints(done.stderr))
    lines: Lines = json.loads(done.stdout)["checks"]
    return lines


def _complaints(stderr: str) -> str:
    return "\n".join(each for each in stderr.splitlines() if not each.startswith("doctor: "))


def failures(lines: Lines) -> list[str]:
    """Return the checks that failed, each once."""
    return list(dict.fromkeys(each["check"] for each in lines if each["status"] == "failed"))


def line(lines: Lines, check: str, *, says: str = "") -> dict[str, Any]:
    """Return the one line of a check, or the first whose text holds the words."""
    return next(each for each in lines if each["check"] == check and says in each["text"])


def statement(effect: str, action: str | list[str], resource: str, **more: Any) -> dict[str, Any]:
    """Return a policy document of one statement."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": effect, "Action": action, "Resource": resource, **more}],
    }


@contextmanager
def role_policy(session: boto3.Session, role: str, name: str, document: Any) -> Iterator[None]:
    """Give a role an inline policy for a while; one that it has of that name comes back."""
    iam = session.client("iam")
    had = name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    before = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] if had else None
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
    try:
        yield
    finally:
        if before:
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(before))
        else:
            iam.delete_role_policy(RoleName=role, PolicyName=name)


@contextmanager
def user_policy(session: boto3.Session, user: str, name: str, document: Any) -> Iterator[None]:
    """Give a user an inline policy for a while."""
    iam = session.client("iam")
    iam.put_user_policy(UserName=user, PolicyName=name, PolicyDocument=json.dumps(document))
    try:
        yield
    finally:
        iam.delete_user_policy(UserName=user, PolicyName=name)


@contextmanager
def trusting(session: boto3.Session, role: str, *statements: Any) -> Iterator[None]:
    """Let a role's trust policy be these statements for a while."""
    iam = session.client("iam")
    before = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))
    try:
        yield
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(before))


def through_root(arn: str) -> dict[str, Any]:
    """Return a trust statement for a principal, as the templates write one."""
    return {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": arn}},
    }


def contents(world: Any) -> list[Any]:
    """Return every version, delete marker and upload of production's buckets."""
    s3 = world.accounts.session("prod").client("s3")
    found: list[Any] = []
    for bucket in (each["Name"] for each in s3.list_buckets()["Buckets"]):
        answer = s3.list_object_versions(Bucket=bucket)
        found += [
            (bucket, kind, each["Key"], each["VersionId"])
            for kind in ("Versions", "DeleteMarkers")
            for each in answer.get(kind, [])
        ]
        found += [(bucket, each["Key"]) for each in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])]
    return found


# --- what is healthy


@pytest.mark.parametrize(
    ("grant", "caller"),
    [
        ("WholeAccount", "stranger"),
        ("OneUser", "alice"),
        ("ServiceRole", "exporter"),
        ("PermissionSet", "permission-set"),
        ("Organization", "bystander"),
        ("Pinned", "exporter"),
        ("ExternalIdByHand", "exporter"),
        ("OfOrganization", "exporter"),
        ("Expiring", "exporter"),
        ("FromHere", "exporter"),
        ("Revoked", "exporter"),
        ("ExactActions", "exporter"),
        ("EveryBucket", "exporter"),
        ("SeedExample", "bystander"),
        ("FullBucket", "exporter"),
    ],
)
def test_a_healthy_grant_is_ok_from_end_to_end(world: Any, shell: Any, grant: str, caller: str) -> None:
    """Nothing fails: the role is the templates', it is assumed, and the session is tried; no secret is printed."""
    done = shell.crossrole("doctor", grant, "--profile", caller, "--prod-profile", "prod", "--json")
    lines: Lines = json.loads(done.stdout)["checks"]
    keys = world.callers[caller.replace("-", " ")].get_credentials()

    assert (0, []) == (done.returncode, failures(lines))
    assert ["ok"] * 6 == [
        line(lines, check)["status"] for check in ("clock", "caller", "principal", "role", "drift", "assume")
    ]
    assert any(each["check"] == "session" and each["status"] == "ok" for each in lines)
    assert not [secret for secret in (keys.secret_key, keys.token) if secret and secret in done.stdout + done.stderr]


def test_a_healthy_grant_reads_well(shell: Any) -> None:
    """A line a check, what it found beside it, all but ARNs within 80 columns, and the sum of it at the end."""
    done = shell.crossrole("doctor", "ServiceRole", "--profile", "exporter", "--prod-profile", "prod")
    lines = done.stdout.splitlines()

    assert "ok            clock      within 300 s of AWS's" == lines[0]
    assert "ok            session    s3:PutObject on kinds-222222222222/service/*: allowed" in lines
    assert "ok            session    s3:PutObject elsewhere in kinds-222222222222: denied" in lines
    assert "nothing failed, 1 not checkable" == lines[-1]
    assert not [each for each in lines if len(each) > 80 and "arn:" not in each]


def test_without_prod_profile_the_role_is_not_checkable(shell: Any) -> None:
    """What only the grant's account may see says so, and does not fail."""
    lines = examined(shell, "ServiceRole", "--profile", "exporter", status=0)

    unseen = {each["check"] for each in lines if each["status"] == "not checkable"}
    assert {"own policy", "role", "drift", "bucket", "policy", "public", "key"} == unseen
    assert "only principals of 222222222222 may read the role: name --prod-profile" == line(lines, "role")["text"]


def test_a_bounded_role_has_its_boundary(world: Any, shell: Any) -> None:
    """Without its boundary the role has gained access; the emulator's CloudFormation drops every boundary."""
    iam = world.accounts.session("prod").client("iam")
    words = ("Bounded", "--profile", "exporter", "--prod-profile", "prod")
    arn = iam.create_policy(PolicyName="Boundary", PolicyDocument=json.dumps(statement("Allow", "s3:*", "*")))
    without = examined(shell, *words, status=1)
    iam.put_role_permissions_boundary(RoleName="Bounded", PermissionsBoundary=arn["Policy"]["Arn"])
    try:
        bounded = examined(shell, *words, status=0)
    finally:
        iam.delete_role_permissions_boundary(RoleName="Bounded")
        iam.delete_policy(PolicyArn=arn["Policy"]["Arn"])

    assert ["drift"] == failures(without)
    assert (
        "gained: role crossrole/dev/Bounded in 222222222222 is no longer within the permissions boundary "
        "arn:aws:iam::222222222222:policy/Boundary"
    ) in line(without, "drift")["details"]
    assert "ok" == line(bounded, "drift")["status"]


# --- the second factor


def test_mfa_is_asked_for_on_the_terminal(shell: Any) -> None:
    """With a code the role is assumed and tried; the code is not shown."""
    status, screen = _on_a_terminal(shell, "RecentMfa", "--profile", "alice", answer="123456")

    assert 0 == status
    assert "Enter MFA code for arn:aws:iam::111111111111:mfa/alice: " in screen
    assert "ok            assume     a session of 3600 s" in screen
    assert "123456" not in screen


def test_an_invalid_mfa_code_is_reported(shell: Any) -> None:
    """An invalid code does not stop the rest; a code of another's device is none of one's own."""
    config = shell.home / ".aws" / "config"
    others = "[profile alice]\nmfa_serial = arn:aws:iam::111111111111:mfa/bob\n"
    config.write_text(config.read_text().replace("[profile alice]\n", others))
    status, screen = _on_a_terminal(shell, "RecentMfa", "--profile", "alice", answer="123456")

    assert 1 == status
    assert re.search(r"failed +assume +the MFA code is invalid", screen)
    assert re.search(r"ok +region", screen)


def test_what_is_no_code_is_not_sent(shell: Any) -> None:
    """Other than six digits are no code; nothing is known then of whether the role can be assumed."""
    status, screen = _on_a_terminal(shell, "RecentMfa", "--profile", "alice", answer="wrong1")

    assert 0 == status
    assert re.search(r"not checkable +assume +an MFA code is six digits", screen)


def test_without_a_terminal_mfa_is_not_checkable(shell: Any) -> None:
    """Nobody can be asked, so whether the role can be assumed stays open."""
    lines = examined(shell, "RecentMfa", "--profile", "alice", status=0)
    done = shell.crossrole("doctor", "RecentMfa", "--profile", "alice")
    healthy = json.loads(shell.crossrole("doctor", "RecentMfa", "--profile", "alice", "--json").stdout)["healthy"]

    assert "not checkable" == line(lines, "assume")["status"]
    assert "there is no terminal to ask for it" in line(lines, "assume")["text"]
    assert "no session was tried: " in " ".join(done.stdout.rpartition("\n\n")[2].split())
    assert healthy is None


def _on_a_terminal(shell: Any, *words: str, answer: str) -> tuple[int, str]:
    """Run the command on a terminal of its own, answer its one question, and return its status and the screen."""
    command = [sys.executable, "-m", "crossrole", "doctor", "--template-dir", str(shell.world.templates), *words]
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(CHECKOUT)
        environment = shell.environment | {"NO_COLOR": "1"}
        os.execve(command[0], command, environment)  # noqa: S606 our own command, on a terminal
    screen, asked = b"", False
    while True:
        try:
            select.select([terminal], [], [], 60)
            read = os.read(terminal, 65536)
        except OSError:  # Linux says so when the other end is closed
            read = b""
        if not read:
            break
        screen += read
        if b"Enter MFA code for" in screen and not asked:
            os.write(terminal, f"{answer}\n".encode())
            asked = True
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), screen.decode().replace("\r\n", "\n")


# --- who may not


@pytest.mark.parametrize(
    ("grant", "caller", "fix"),
    [
        ("Expired", "exporter", "access.toml, [[grants]] Expired: set a later expires, or take it out"),
        ("Disabled", "exporter", "access.toml, [[grants]] Disabled: take out disabled = true"),
        (
            "ServiceRole",
            "bystander",
            (
                f"call as one that it trusts, {EXPORTER}; if it should trust {BYSTANDER} too: "
                f'access.toml, [[grants]] ServiceRole: add "{BYSTANDER}" to principals'
            ),
        ),
    ],
)
def test_a_caller_that_the_trust_policy_does_not_name_is_denied(shell: Any, grant: str, caller: str, fix: str) -> None:
    """It is said before AWS is asked, why, with the fix; AWS's denial is put down to it; the rest is looked at."""
    lines = examined(shell, grant, "--profile", caller, "--prod-profile", "prod", status=1)

    assert ["principal", "assume"] == failures(lines)
    assert fix == line(lines, "principal")["fix"]
    assert "denied, because the trust policy does not let you in" == line(lines, "assume")["text"]
    assert ["ok", "ok", "ok"] == [line(lines, check)["status"] for check in ("drift", "bucket", "key")]


def test_a_condition_that_only_aws_can_evaluate(shell: Any) -> None:
    """An address is AWS's to see: the condition is named before, and after the denial it is what is left."""
    lines = examined(shell, "FromElsewhere", "--profile", "exporter", "--prod-profile", "prod", status=1)

    condition = "if aws:SourceIp is in 203.0.113.0/24"
    assert [f"{condition}: assuming the role shows it"] == line(lines, "principal")["details"]
    assert ["assume"] == failures(lines)
    assert f"you are let in only {condition}" in line(lines, "assume")["text"]


def test_an_accounts_root_can_assume_nothing(shell: Any) -> None:
    """The root user of an account gets that as the reason, with the fix, and AWS agrees."""
    lines = examined(shell, "ServiceRole", "--profile", "other", status=1)

    assert ["caller", "assume"] == failures(lines)
    assert "use a profile of an IAM user or role, one that the grant trusts" == line(lines, "caller")["fix"]


# --- the caller's own policies


def test_the_callers_deployed_policies_are_read_and_decided_on(world: Any, shell: Any) -> None:
    """Allowed, detached and denied are told apart, and the denial of AWS is put down to it."""
    dev = world.accounts.session("dev")
    words = ("OneUser", "--profile", "alice", "--prod-profile", "prod")
    arn = "arn:aws:iam::111111111111:policy/Assume-OneUser"
    with user_policy(dev, "alice", "ReadIam", READ_IAM):
        allowed = examined(shell, *words, status=0)
        dev.client("iam").detach_user_policy(UserName="alice", PolicyArn=arn)
        try:
            detached = examined(shell, *words, status=1)
        finally:
            dev.client("iam").attach_user_policy(UserName="alice", PolicyArn=arn)
        with user_policy(dev, "alice", "NoRoles", statement("Deny", "sts:AssumeRole", "*", Sid="NoRoles")):
            denied = examined(shell, *words, status=1)

    assert "ok" == line(allowed, "own policy")["status"]
    assert ["own policy", "assume"] == failures(detached) == failures(denied)
    assert "cdk deploy DevCallersStack" in line(detached, "own policy")["fix"]
    assert "denied, because your own policies do not allow it" == line(detached, "assume")["text"]
    assert ["own policies: NoRoles of NoRoles denies it"] == line(denied, "own policy")["details"]
    assert "take out the statement that denies it" in line(denied, "own policy")["fix"]


def test_awss_words_name_the_side_that_denies(world: Any, shell: Any) -> None:
    """A caller that may not read IAM still learns from AWS's reason whose policy is missing, and how to fix it."""
    dev = world.accounts.session("dev")
    arn = "arn:aws:iam::111111111111:policy/Assume-OneUser"
    dev.client("iam").detach_user_policy(UserName="alice", PolicyArn=arn)
    try:
        lines = examined(shell, "OneUser", "--profile", "alice", "--prod-profile", "prod", status=1)
        attach = re.search(r"`aws (iam attach-user-policy [^`]+) --profile DEV`", line(lines, "assume")["fix"])
        assert attach
        world.accounts.run("aws", *attach[1].split(), "--profile", "dev", log="attach")
        fixed = examined(shell, "OneUser", "--profile", "alice", "--prod-profile", "prod", status=0)
    finally:
        dev.client("iam").attach_user_policy(UserName="alice", PolicyArn=arn)

    assert ["assume"] == failures(lines)
    assert "denied, because your own policies do not allow it, as AWS says" == line(lines, "assume")["text"]
    assert "`cdk deploy DevCallersStack --profile DEV`" in line(lines, "assume")["fix"]
    assert "ok" == line(fixed, "assume")["status"]


# --- who looks at the principal in its place


def test_an_administrator_looks_at_the_functions_role(shell: Any) -> None:
    """Nobody has a profile of a function's role: one of its account looks at the role, and says how to invoke it."""
    lines = examined(shell, "ExternalId", "--profile", "dev", "--prod-profile", "prod", status=0)

    role = "arn:aws:iam::111111111111:role/WriterRole"
    assert [f"not one of the grant's principals, but of their account: checks {role} instead"] == line(lines, "caller")[
        "details"
    ]
    assert ["ok"] * 4 == [line(lines, check)["status"] for check in ("caller", "principal", "own policy", "drift")]
    assert ["not checkable"] * 2 == [line(lines, check)["status"] for check in ("assume", "session")]
    assert f"only {role} itself can; invoke the function" == line(lines, "assume")["text"]
    (command,) = line(lines, "assume")["details"]
    assert re.fullmatch(
        r"aws lambda invoke --function-name DevLambdaStack-Writer\S+ --region eu-central-1 --profile dev answer\.json",
        command,
    )


def test_an_administrator_sees_that_the_principals_own_policies_are_gone(world: Any, shell: Any) -> None:
    """It is the principal's policies that count, and not the administrator's; nobody is to become a principal."""
    nothing = statement("Allow", "s3:GetObject", "*")
    with role_policy(world.accounts.session("dev"), "Exporter", "Assume", nothing):
        lines = examined(shell, "ServiceRole", "--profile", "dev", "--prod-profile", "prod", status=1)

    assert ["own policy"] == failures(lines)
    assert "the deployed policies of Exporter do not allow sts:AssumeRole on" in line(lines, "own policy")["text"]
    assert (
        "`python -m crossrole policies ServiceRole --out DIR --profile dev --prod-profile prod`"
        in line(lines, "own policy")["fix"]
    )
    assert not [each for each in lines if "to principals" in str(each["fix"])]


def test_the_policies_of_a_users_groups_count(world: Any, shell: Any) -> None:
    """A Deny in a group is found there."""
    dev = world.accounts.session("dev")
    iam = dev.client("iam")
    iam.create_group(GroupName="kept-out")
    denied = statement("Deny", "sts:*", "*", Sid="KeptOut")
    iam.put_group_policy(GroupName="kept-out", PolicyName="Deny", PolicyDocument=json.dumps(denied))
    iam.add_user_to_group(GroupName="kept-out", UserName="alice")
    try:
        with user_policy(dev, "alice", "ReadIam", READ_IAM):
            lines = examined(shell, "OneUser", "--profile", "alice", status=1)
    finally:
        iam.remove_user_from_group(GroupName="kept-out", UserName="alice")
        iam.delete_group_policy(GroupName="kept-out", PolicyName="Deny")
        iam.delete_group(GroupName="kept-out")

    assert ["own policies: KeptOut of Deny denies it"] == line(lines, "own policy")["details"]


def test_a_role_reads_its_own_path_and_policies(world: Any, shell: Any) -> None:
    """Where IAM lets a role look, its path and policies are IAM's own and no guess."""
    with role_policy(world.accounts.session("dev"), "Exporter", "ReadIam", READ_IAM):
        lines = examined(shell, "ServiceRole", "--profile", "exporter", status=0)

    assert [f"a session of {EXPORTER}"] == line(lines, "caller")["details"]
    assert "ok" == line(lines, "own policy")["status"]


# --- the deployed role


def test_a_trust_policy_that_was_changed_by_hand_is_reported_as_access(world: Any, shell: Any) -> None:
    """Who came in is gained, who fell out is lost."""
    with trusting(world.accounts.session("prod"), "ServiceRole", through_root(BYSTANDER)):
        lines = examined(shell, "ServiceRole", "--profile", "exporter", "--prod-profile", "prod", status=1)

    assert ["drift", "assume"] == failures(lines)
    details = line(lines, "drift")["details"]
    assert "gained: role Bystander in 111111111111 can now assume role ServiceRole in 222222222222" in details
    assert (
        "lost: role service-role/Exporter in 111111111111 can no longer assume role ServiceRole in 222222222222"
    ) in details
    assert "denied, because the role is not the templates' any more" == line(lines, "assume")["text"]


def test_a_trust_that_is_written_otherwise_is_no_drift(world: Any, shell: Any) -> None:
    """What gives the same access is no failure, however it is written."""
    twice = (through_root(EXPORTER), through_root(EXPORTER) | {"Sid": "Again"})
    with trusting(world.accounts.session("prod"), "ServiceRole", *twice):
        lines = examined(shell, "ServiceRole", "--profile", "exporter", "--prod-profile", "prod", status=0)

    assert "ok" == line(lines, "drift")["status"]


def test_a_role_that_is_gone(world: Any, shell: Any) -> None:
    """It is named, with the lines that make it again: a deploy of a stack that is there would not."""
    iam = world.accounts.session("prod").client("iam")
    role = iam.get_role(RoleName="Organization")["Role"]
    names = iam.list_role_policies(RoleName="Organization")["PolicyNames"]
    policies = {n: iam.get_role_policy(RoleName="Organization", PolicyName=n)["PolicyDocument"] for n in names}
    for name in names:
        iam.delete_role_policy(RoleName="Organization", PolicyName=name)
    iam.delete_role(RoleName="Organization")
    try:
        lines = examined(shell, "Organization", "--profile", "bystander", "--prod-profile", "prod", status=1)
    finally:
        trust = json.dumps(role["AssumeRolePolicyDocument"])
        iam.create_role(RoleName="Organization", AssumeRolePolicyDocument=trust, Tags=role["Tags"])
        for name, document in policies.items():
            iam.put_role_policy(RoleName="Organization", PolicyName=name, PolicyDocument=json.dumps(document))

    assert ["role", "assume"] == failures(lines)
    fix = line(lines, "role")["fix"]
    assert "`python -m crossrole policies Organization --out DIR --prod-profile prod`" in fix
    assert "delete the stack ProdAccessStack and deploy it anew" in fix
    assert "denied, because there is no such role" == line(lines, "assume")["text"]


def test_a_stale_unique_id_is_found_and_named(world: Any, shell: Any) -> None:
    """A pinned principal that was deleted is an id in AWS: it is named with the principal that it stood for."""
    stale = {"Effect": "Allow", "Principal": {"AWS": "AROAEXAMPLEEXAMPLEAB1"}, "Action": "sts:AssumeRole"}
    with trusting(world.accounts.session("prod"), "Pinned", stale):
        lines = examined(shell, "Pinned", "--profile", "exporter", "--prod-profile", "prod", status=1)

    assert ["trust ids", "drift", "assume"] == failures(lines)
    assert "AROAEXAMPLEEXAMPLEAB1" in line(lines, "trust ids")["text"]
    assert f"(in the templates: {EXPORTER})" in line(lines, "trust ids")["text"]
    assert "denied, because the trust policy names a principal that was deleted" in line(lines, "assume")["text"]


def test_a_revocation_is_called_by_its_name(world: Any, shell: Any) -> None:
    """Sessions that were cut off are no drift, and hinder no new one; a role that is shut for all does."""
    prod = world.accounts.session("prod")
    older = {"Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-01-02T03:04:05Z"}}}
    words = ("ServiceRole", "--profile", "exporter", "--prod-profile", "prod")
    with role_policy(prod, "ServiceRole", "AWSRevokeOlderSessions", statement("Deny", "*", "*", **older)):
        revoked = examined(shell, *words, status=0)
    deny = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    with trusting(prod, "ServiceRole", through_root(EXPORTER), deny):
        shut = examined(shell, *words, status=1)

    assert "new sessions are not affected" in line(revoked, "revocation")["text"]
    assert "ok" == line(revoked, "drift")["status"] == line(shut, "drift")["status"]
    assert ["revocation", "assume"] == failures(shut)
    assert "python -m crossrole restore ServiceRole --profile prod" == line(shut, "revocation")["fix"]


def test_a_session_that_may_last_less(world: Any, shell: Any) -> None:
    """A shorter MaxSessionDuration is drift, and AWS's denial of the granted length is put in words."""
    iam = world.accounts.session("prod").client("iam")
    iam.update_role(RoleName="OneUser", MaxSessionDuration=3600)
    try:
        lines = examined(shell, "OneUser", "--profile", "alice", "--prod-profile", "prod", status=1)
    finally:
        iam.update_role(RoleName="OneUser", MaxSessionDuration=43200)

    assert ["drift", "assume"] == failures(lines)
    assert (
        "lost: sessions of role OneUser in 222222222222 may last 3600 s, before 43200 s"
        in line(lines, "drift")["details"]
    )
    assert "MaxSessionDuration" in line(lines, "assume")["fix"]


def test_a_trust_that_was_broken_is_for_prod_profile_to_see(world: Any, shell: Any) -> None:
    """Without a profile of the grant's account the trust policy is that of the templates only, and so it is said."""
    with trusting(world.accounts.session("prod"), "ServiceRole", through_root(BYSTANDER)):
        lines = examined(shell, "ServiceRole", "--profile", "exporter", status=1)

    assert "in the templates the trust policy of ServiceRole trusts Exporter" == line(lines, "principal")["text"]
    assert (
        "name --prod-profile, one of 222222222222, to see whether the role is still the templates'"
        == line(lines, "assume")["fix"]
    )


def test_a_role_that_was_revoked_twice_is_revoked_once_in_the_reason(world: Any, shell: Any) -> None:
    """Both lines on it fail, and the denial is put down to it once."""
    prod = world.accounts.session("prod")
    deny = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    with (
        role_policy(prod, "ServiceRole", "AWSRevokeOlderSessions", statement("Deny", "*", "*")),
        trusting(prod, "ServiceRole", through_root(EXPORTER), deny),
    ):
        lines = examined(shell, "ServiceRole", "--profile", "exporter", "--prod-profile", "prod", status=1)

    assert "denied, because the role is revoked" == line(lines, "assume")["text"]


def test_what_hides_beside_a_revocation_is_drift(world: Any, shell: Any) -> None:
    """Only the Deny of a revocation is none; what else stands under its name opens what it opens."""
    older = {"Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-01-02T03:04:05Z"}}}
    document = statement("Deny", "*", "*", **older)
    document["Statement"].append({"Effect": "Allow", "Action": ["iam:*", "s3:DeleteObject"], "Resource": "*"})
    with role_policy(world.accounts.session("prod"), "ServiceRole", "AWSRevokeOlderSessions", document):
        lines = examined(shell, "ServiceRole", "--profile", "exporter", "--prod-profile", "prod", status=1)

    assert "ok" == line(lines, "revocation")["status"]
    assert any("gained: " in each and "iam:*" in each for each in line(lines, "drift")["details"])
    named = "--role-name ServiceRole --policy-name AWSRevokeOlderSessions --profile prod"
    again = "python -m crossrole revoke ServiceRole --profile prod"
    assert line(lines, "drift")["fix"].startswith(f"aws iam delete-role-policy {named} && {again}")


@pytest.mark.parametrize(
    ("kind", "name"), [("Service", "ec2.amazonaws.com"), ("Federated", "cognito-identity.amazonaws.com")]
)
def test_who_stands_beside_an_id_that_nobody_has_is_drift(world: Any, shell: Any, kind: str, name: str) -> None:
    """The id of who was deleted opens nothing; a service in the same statement does."""
    stale = {"Effect": "Allow", "Principal": {"AWS": "AROAEXAMPLEEXAMPLEAB1", kind: name}, "Action": "sts:AssumeRole"}
    with trusting(world.accounts.session("prod"), "ServiceRole", through_root(EXPORTER), stale):
        lines = examined(shell, "ServiceRole", "--profile", "exporter", "--prod-profile", "prod", status=1)

    assert any(f"{kind.lower()} {name} can now assume role" in each for each in line(lines, "drift")["details"])


def test_a_policy_that_no_template_has_is_named_with_the_line_that_takes_it_away(world: Any, shell: Any) -> None:
    """The lines that put a role's policies do not take one away; the fix is printed once, and it works."""
    iam = world.accounts.session("prod").client("iam")
    words = ("ServiceRole", "--profile", "exporter", "--prod-profile", "prod")
    iam.put_role_policy(
        RoleName="ServiceRole", PolicyName="Extra", PolicyDocument=json.dumps(statement("Allow", "s3:*", "*"))
    )
    fix = "aws iam delete-role-policy --role-name ServiceRole --policy-name Extra --profile prod"
    try:
        text = shell.crossrole("doctor", *words).stdout
        lines = examined(shell, *words, status=1)
    finally:
        world.accounts.run(*fix.split(), log="fix")
    fixed = examined(shell, *words, status=0)

    assert ["drift", "session"] == failures(lines)
    assert "the policy Extra is outside the templates" == line(lines, "drift")["details"][0]
    expected = f"{fix}. Or, if the change was intended, write it into access.toml"
    assert {expected} == {each["fix"] for each in lines if each["status"] == "failed"}
    assert 1 == text.count("delete-role-policy")
    assert "ok" == line(fixed, "drift")["status"]


def test_a_managed_policy_that_was_attached_is_detached(world: Any, shell: Any) -> None:
    """A managed policy has a line of its own."""
    iam = world.accounts.session("prod").client("iam")
    document = json.dumps(statement("Allow", "s3:GetObject", "*"))
    arn = iam.create_policy(PolicyName="Wider", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="ServiceRole", PolicyArn=arn)
    try:
        lines = examined(shell, "ServiceRole", "--profile", "exporter", "--prod-profile", "prod", status=1)
    finally:
        iam.detach_role_policy(RoleName="ServiceRole", PolicyArn=arn)
        iam.delete_policy(PolicyArn=arn)

    fix = f"aws iam detach-role-policy --role-name ServiceRole --policy-arn {arn} --profile prod"
    assert line(lines, "drift")["fix"].startswith(fix)


# --- the session


def test_a_permission_that_was_taken_away(world: Any, shell: Any) -> None:
    """The session is denied what the templates allow: the probe says so, and the drift what was lost."""
    only_put = statement("Allow", "s3:PutObject", f"arn:aws:s3:::{BUCKET}/service/*")
    with role_policy(world.accounts.session("prod"), "ServiceRole", "CrossAccountS3Access", only_put):
        lines = examined(shell, "ServiceRole", "--profile", "exporter", "--prod-profile", "prod", status=1)

    assert ["drift", "session"] == failures(lines)
    denied = [each["text"] for each in lines if each["check"] == "session" and each["status"] == "failed"]
    where = f"on {BUCKET}/service/*: denied, but the templates allow it"
    assert [f"s3:ListMultipartUploadParts {where}", f"s3:AbortMultipartUpload {where}"] == denied


def test_a_permission_that_was_added(world: Any, shell: Any) -> None:
    """The session may do more than the templates say: each probe that shows it fails."""
    more = statement("Allow", ["s3:PutObject", "s3:ListBucket", "s3:ListAllMyBuckets"], "*")
    with role_policy(world.accounts.session("prod"), "ServiceRole", "More", more):
        lines = examined(shell, "ServiceRole", "--profile", "exporter", status=1)

    wider = [each["text"] for each in lines if each["status"] == "failed"]
    more_than = "allowed, but not by the templates"
    assert [
        f"s3:ListBucket on {BUCKET}/service/*: {more_than}",
        f"s3:ListBucket on all of {BUCKET}: {more_than}",
        f"s3:PutObject elsewhere in {BUCKET}: {more_than}",
        f"s3:ListAllMyBuckets on *: {more_than}",
    ] == wider


# --- the bucket and its key


def test_a_bucket_that_is_not_there(shell: Any) -> None:
    """A bucket that is named but was never made."""
    lines = examined(shell, "ExistingKey", "--profile", "exporter", "--prod-profile", "prod", status=1)

    assert ["bucket"] == failures(lines)
    assert "there is no bucket kinds-existing" == line(lines, "bucket")["text"]


@pytest.mark.parametrize(
    ("place", "failed", "text"),
    [
        (("other", "eu-west-1"), "bucket", "kinds-existing exists, but 222222222222 does not own it"),
        (
            ("prod", "eu-central-1"),
            "region",
            "kinds-existing is in eu-central-1, but the templates have it in eu-west-1",
        ),
    ],
)
def test_a_bucket_elsewhere(world: Any, shell: Any, place: tuple[Any, str], failed: str, text: str) -> None:
    """A bucket of another account or in another region is told apart from one that denies."""
    owner, region = place
    s3 = world.accounts.session(owner).client("s3", region_name=region)
    s3.create_bucket(Bucket="kinds-existing", CreateBucketConfiguration={"LocationConstraint": region})
    try:
        lines = examined(shell, "ExistingKey", "--profile", "exporter", "--prod-profile", "prod", status=1)
    finally:
        s3.delete_bucket(Bucket="kinds-existing")

    assert failed in failures(lines)
    assert text in line(lines, failed)["text"]


def test_a_bucket_that_was_opened_by_hand(world: Any, shell: Any) -> None:
    """What its policy says beyond the templates is reported, and the line that puts the policy back works."""
    s3 = world.accounts.session("prod").client("s3")
    words = ("ServiceRole", "--profile", "exporter", "--prod-profile", "prod")
    before = s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
    document = json.loads(before)
    role = {"AWS": "arn:aws:iam::222222222222:role/ServiceRole"}
    more = {"Effect": "Allow", "Principal": role, "Action": "s3:DeleteObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    document["Statement"].append(more)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(document))
    try:
        opened = examined(shell, *words, status=1)
        world.accounts.run(*shlex.split(line(opened, "policy")["fix"]), log="fix")
        fixed = examined(shell, *words, status=0)
    finally:
        s3.put_bucket_policy(Bucket=BUCKET, Policy=before)

    assert ["policy"] == failures(opened)
    assert any("added: " in each and "s3:DeleteObject" in each for each in line(opened, "policy")["details"])
    assert f"the bucket policy of {BUCKET} is that of the templates" == line(fixed, "policy")["text"]


def test_a_bucket_that_was_stripped(world: Any, shell: Any) -> None:
    """Without its policy and Block Public Access a bucket is not healthy; each has the line that puts it back."""
    s3 = world.accounts.session("prod").client("s3")
    words = ("ServiceRole", "--profile", "exporter", "--prod-profile", "prod")
    before = s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
    block = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    s3.delete_bucket_policy(Bucket=BUCKET)
    s3.delete_public_access_block(Bucket=BUCKET)
    try:
        stripped = examined(shell, *words, status=1)
        for check in ("policy", "public"):
            world.accounts.run(*shlex.split(line(stripped, check)["fix"]), log=f"fix-{check}")
        fixed = examined(shell, *words, status=0)
    finally:
        s3.put_bucket_policy(Bucket=BUCKET, Policy=before)
        s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=block)

    assert ["policy", "public"] == failures(stripped)
    assert f"{BUCKET} has lost its bucket policy" in line(stripped, "policy")["text"]
    assert ["ok", "ok"] == [line(fixed, check)["status"] for check in ("policy", "public")]


def test_the_buckets_key(world: Any, shell: Any) -> None:
    """The bucket's key is that of the templates, enabled, and lets the role in; each failure is reported.

    The emulator's CloudFormation drops a bucket's encryption, so it is set here as AWS would have done.
    """
    prod = world.accounts.session("prod")
    s3, kms = prod.client("s3"), prod.client("kms")
    resources = prod.client("cloudformation").list_stack_resources(StackName="ProdAccessStack")
    (key,) = (
        each["PhysicalResourceId"]
        for each in resources["StackResourceSummaries"]
        if each["ResourceType"] == "AWS::KMS::Key"
    )
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    words = ("NewKey", "--profile", "exporter", "--prod-profile", "prod")
    without = examined(shell, *words, status=1)
    s3.put_bucket_encryption(Bucket="kinds-new-key", ServerSideEncryptionConfiguration={"Rules": [rule]})
    policy = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    try:
        healthy = examined(shell, *words, status=0)
        kms.disable_key(KeyId=key)
        disabled = examined(shell, *words, status=1)
        kms.enable_key(KeyId=key)
        nobody = statement("Allow", "kms:*", "*", Principal={"AWS": "arn:aws:iam::222222222222:role/Nobody"})
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(nobody))
        shut = examined(shell, *words, status=1)
    finally:
        kms.enable_key(KeyId=key)
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
        s3.delete_bucket_encryption(Bucket="kinds-new-key")

    assert "is encrypted with S3's own key, but the templates have" in line(without, "key")["text"]
    assert ["ok", "ok"] == [line(healthy, "key")["status"], line(healthy, "key policy")["status"]]
    assert "is Disabled" in line(disabled, "key")["text"]
    assert ["key policy"] == failures(shut)
    assert "the role is not allowed kms:GenerateDataKey through S3" in line(shut, "key policy")["text"]


# --- that it changes nothing


@pytest.mark.parametrize("grant", ["WholeAccount", "ServiceRole", "ExactActions", "SeedExample"])
@pytest.mark.parametrize("write", [(), ("--write-probe",)])
def test_nothing_is_changed(world: Any, shell: Any, grant: str, write: tuple[str, ...]) -> None:
    """Every object, version, delete marker and upload is the same before and after."""
    caller = {"WholeAccount": "stranger", "SeedExample": "bystander"}.get(grant, "exporter")
    before = contents(world)
    examined(shell, grant, "--profile", caller, "--prod-profile", "prod", *write, status=0)

    assert before == contents(world)


def test_what_is_listed_is_what_is_sent(world: Any, shell: Any, proxy: Proxy) -> None:
    """The session's requests are the ones that were listed before, each once, in order, and no other.

    Where the listing shows a key, its first byte is read in place of a key that does not exist.
    """
    s3, name = world.accounts.session("prod").client("s3"), {"Bucket": BUCKET, "Key": "account/-the-first"}
    put = s3.put_object(**name, Body=b"a")
    _through(shell, proxy.url)
    done = shell.crossrole("doctor", "WholeAccount", "--profile", "stranger", "--json")
    s3.delete_object(**name, VersionId=put["VersionId"])
    probes = json.loads(done.stdout)["probes"]

    listed = [each.partition(": ")[2].partition(",")[0].replace("s3://", "/").rstrip("/ ") for each in probes]
    listed = [re.sub(r"^(GetObject /\S+/account/).*", r"\1-the-first", each) for each in listed]
    assert listed == [each.rstrip("/ ") for each in proxy.s3_calls if not each.startswith("HeadBucket")]
    assert all(f"doctor:   {each}" in done.stderr for each in probes)


def _through(shell: Any, url: str) -> None:
    """Send what the shell's profiles ask through another endpoint."""
    config = shell.home / ".aws" / "config"
    config.write_text(re.sub(r"(?m)^endpoint_url = .*$", f"endpoint_url = {url}", config.read_text()))


def test_a_write_probe_tries_what_the_grant_allows(shell: Any) -> None:
    """Put, read and delete are tried on an object of its own, which is removed with its versions and markers."""
    lines = examined(
        shell, "WholeAccount", "--profile", "stranger", "--prod-profile", "prod", "--write-probe", status=0
    )

    texts = [each["text"] for each in lines if each["check"] == "write"]
    assert ["s3:PutObject under the prefix is allowed", "s3:GetObject on it is allowed"] == texts[:2]
    assert "s3:DeleteObject on it is allowed" == texts[2]
    assert texts[3].startswith(f"s3://{BUCKET}/account/.crossrole-doctor/")
    assert texts[3].endswith("is permanently deleted, by profile prod")


def test_nothing_is_put_where_nobody_could_remove_it(world: Any, shell: Any, proxy: Proxy) -> None:
    """Without a profile of production, a session that may only write is not let leave something behind."""
    before = contents(world)
    _through(shell, proxy.url)
    lines = examined(shell, "ServiceRole", "--profile", "exporter", "--write-probe", status=0)

    assert "not checkable" == line(lines, "write")["status"]
    assert "nothing was put" in line(lines, "write")["text"]
    assert not [each for each in proxy.s3_calls if each.startswith("PutObject")]
    assert before == contents(world)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_write_probe_removes_what_it_put(
    world: Any, shell: Any, proxy: Proxy, number: signal.Signals
) -> None:
    """Stopped when the object is there and the answer is not, it still removes it."""
    before = contents(world)
    running: list[subprocess.Popen[str]] = []

    def stop(call: str) -> None:
        if call.startswith("PutObject"):
            running[0].send_signal(number)

    command = [sys.executable, "-m", "crossrole", "doctor", "--template-dir", str(world.templates), "ServiceRole"]
    words = ["--profile", "exporter", "--prod-profile", "prod", "--write-probe"]
    proxy.after = stop
    _through(shell, proxy.url)
    running.append(
        subprocess.Popen(  # our own command
            [*command, *words],
            cwd=CHECKOUT,
            env=shell.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    running[0].communicate(timeout=60)

    assert 0 != running[0].returncode
    assert [each for each in proxy.s3_calls if each.startswith("PutObject")]
    assert before == contents(world)


def test_what_a_killed_write_probe_left_is_reported(world: Any, shell: Any) -> None:
    """An object where only a write probe puts one is reported with the line that removes it for good."""
    before = contents(world)
    s3 = world.accounts.session("prod").client("s3")
    words = ("ServiceRole", "--profile", "exporter", "--prod-profile", "prod")
    key = "service/.crossrole-doctor/0123456789abcdef"
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"left")
    s3.delete_object(Bucket=BUCKET, Key=key)
    left = examined(shell, *words, status=1)
    for each in line(left, "write")["fix"].split(" && "):
        world.accounts.run(*shlex.split(each), log="fix")
    fixed = examined(shell, *words, status=0)

    assert ["write"] == failures(left)
    assert "2 versions and delete markers are under" in line(left, "write")["text"]
    assert [] == [each for each in fixed if each["check"] == "write"]
    assert before == contents(world)


# --- what can't be asked at all


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--profile", "exporter", "--prod-profile", "other"), "the profile other is of 333333333333, but the grant's"),
        (("--profile", "nobody"), 'there is no profile "nobody" in'),
        (("--profile", "default"), "there are no credentials of the profile default"),
        (("--profile", "wrong"), "the access key of the profile wrong does not exist"),
        (("--profile", "cut"), "AWS can't be reached"),
    ],
)
def test_what_keeps_it_from_asking_is_one_line(shell: Any, words: tuple[str, ...], complaint: str) -> None:
    """Exit status 2, one line that says what and how to fix it, and no answer."""
    config = shell.home / ".aws" / "config"
    text = config.read_text()
    section = text.partition("[profile exporter]")[2].partition("[")[0]
    wrong = re.sub(r"(?m)^aws_access_key_id = .*$", "aws_access_key_id = NOT-AN-ACCESS-KEY", section)
    cut = re.sub(r"(?m)^endpoint_url = .*$", "endpoint_url = http://127.0.0.1:9", section)
    config.write_text(f"{text}\n[profile wrong]{wrong}\n[profile cut]{cut}")
    done = shell.crossrole("doctor", "ServiceRole", *words)

    complaints = _complaints(done.stderr).splitlines()
    assert (2, "", 1) == (done.returncode, done.stdout, len(complaints))
    assert complaints[0].startswith("crossrole: ")
    assert complaint in complaints[0]
