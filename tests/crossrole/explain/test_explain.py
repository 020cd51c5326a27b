"""`crossrole explain` as it is typed: the certain answer, the causes, the exit status, and never a fall."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from crossrole import cli
from crossrole.environment import Environment
from tests.command_line import crossrole, main
from tests.synthesis import ROOT, Assembly

SESSION = "arn:aws:sts::222222222222:assumed-role/DevAccountAccessS3Role/writer"
FUNCTION = "arn:aws:sts::111111111111:assumed-role/DevLambdaRole/writer"
ROLE = "arn:aws:iam::222222222222:role/DevAccountAccessS3Role"
BUCKET = "arn:aws:s3:::reports-222222222222"
UNKNOWN = "Error: something of ours went wrong"

Capture = pytest.CaptureFixture[str]


def no_put(key: str = "other/x", *, caller: str = SESSION, reason: str = "") -> str:
    """Return S3's denial of a put."""
    return (
        f"An error occurred (AccessDenied) when calling the PutObject operation: User: {caller} is not authorized to "
        f'perform: s3:PutObject on resource: "{BUCKET}/{key}" {reason}'
    )


def no_assume(caller: str = FUNCTION, role: str = ROLE) -> str:
    """Return STS's denial of a session."""
    return (
        f"An error occurred (AccessDenied) when calling the AssumeRole operation: User: {caller} is not authorized to "
        f"perform: sts:AssumeRole on resource: {role}"
    )


def explain(text: str, assembly: Assembly, capsys: Capture, *options: str) -> str:
    """Return what is answered, of a text that is recognised."""
    assert 0 == main(["explain", text, "--template-dir", str(assembly.directory), *options])
    return capsys.readouterr().out


def in_order(out: str, *texts: str) -> list[str]:
    """Return the texts by where the causes first say them; those that they do not say are left out."""
    causes = " ".join(out.partition("possible cause")[2].split())
    return sorted((each for each in texts if each in causes), key=causes.index)


# --- the certain answer


def test_a_denial_of_the_templates_is_certain(default: Assembly, capsys: Capture) -> None:
    """It is printed with its reason and its fix on the first screen, and no list of causes follows."""
    out = explain(no_put(), default, capsys)
    screen = "\n".join(out.splitlines()[:20])

    assert "certain: the templates deny this." in screen
    assert "fix     access.toml, [[grants]] DevAccountAccessS3Role: use a key under dev/" in screen
    assert f"python -m crossrole can {ROLE} s3:PutObject {BUCKET}/other/x" in screen
    assert "possible cause" not in out


def test_what_the_templates_allow_is_denied_elsewhere(default: Assembly, capsys: Capture) -> None:
    """Then it is not deployed as in cdk.out, or no template holds it; that is what the causes say."""
    out = explain(no_put("dev/x"), default, capsys)

    assert "certain: the templates allow this." in out
    assert "python -m crossrole doctor DevAccountAccessS3Role --profile DEV_ADMIN --prod-profile prod" in out
    assert "possible causes, likeliest first:" in out
    assert "the role's own policy does not allow" not in out
    assert "the caller is not the grant's role" not in " ".join(out.split())
    assert ["differ from cdk.out:", "was revoked", "bucket policy", "bucket's key", "SCP", "VPC endpoint"] == in_order(
        out, "differ from cdk.out:", "was revoked", "bucket policy", "bucket's key", "SCP", "VPC endpoint"
    )


def test_a_policy_that_aws_names_is_reported_beside_the_templates(default: Assembly, capsys: Capture) -> None:
    """Where an SCP and the templates both deny it, one fix alone would not help."""
    out = explain(no_put(reason="with an explicit deny in a service control policy"), default, capsys)

    assert "certain: the templates deny this." in out
    assert "AWS organization: the SCP on the caller's account" in out


def test_the_callers_own_policy_is_decided_too(default: Assembly, capsys: Capture) -> None:
    """The function's role may assume the grant's, a bystander may not."""
    assert "certain: the templates allow this." in explain(no_assume(), default, capsys)
    out = explain(no_assume(FUNCTION.replace("DevLambdaRole", "Bystander")), default, capsys)
    assert "certain: the templates deny this." in out
    assert 'add "arn:aws:iam::111111111111:role/Bystander" to principals' in " ".join(out.split())


def test_one_caller_that_forgot_to_assume_the_role_gets_that_fix(default: Assembly, capsys: Capture) -> None:
    """The function's own role can't put; through the grant it can."""
    out = explain(no_put("dev/x", caller=FUNCTION), default, capsys)

    assert "fix     assume DevAccountAccessS3Role first" in out


def test_what_the_call_must_carry_is_reported(kinds: Assembly, capsys: Capture) -> None:
    """A text does not show whether the external ID was sent; the answer says that it must have been."""
    caller = "arn:aws:sts::111111111111:assumed-role/Exporter/job"
    out = explain(no_assume(caller, f"{ROLE.rpartition('/')[0]}/ExternalIdByHand"), kinds, capsys)

    assert "the templates allow this only where the call carries" in " ".join(out.split())
    assert "  sts:ExternalId=by-hand" in out


@pytest.mark.parametrize(
    ("grant", "allowed"), [("Disabled", False), ("Expired", False), ("FromElsewhere", True), ("RecentMfa", True)]
)
def test_each_kind_of_grant_is_decided(grant: str, allowed: bool, kinds: Assembly, capsys: Capture) -> None:
    """A disabled and an expired grant are denied whatever is sent; an address or a code may have been right."""
    person, job = "arn:aws:iam::111111111111:user/alice", "arn:aws:sts::111111111111:assumed-role/Exporter/job"
    text = no_assume(person if grant == "RecentMfa" else job, f"{ROLE.rpartition('/')[0]}/{grant}")
    out = explain(text, kinds, capsys, "--json")
    (decision,) = json.loads(out)["troubles"][0]["decisions"]

    assert (allowed, True) == (decision["allowed"], decision["caller_is_named"])


def test_who_could_have_called_is_asked_where_nobody_is_named(default: Assembly, capsys: Capture) -> None:
    """S3's bare AccessDenied names no caller: then the answer is for the grant that reaches the bucket."""
    out = explain(
        f"upload failed: ./x to s3://{BUCKET.rpartition(':')[2]}/other/x An error occurred (AccessDenied) when "
        "calling the PutObject operation: Access Denied",
        default,
        capsys,
    )

    assert "if it was DevAccountAccessS3Role: the templates deny this." in out
    assert "possible causes, likeliest first:" in out


def test_what_the_templates_do_not_know_is_not_decided(default: Assembly, capsys: Capture) -> None:
    """A caller and a bucket of somebody else's are explained, and it is said that nothing was decided."""
    text = no_put(caller="arn:aws:iam::999999999999:user/x").replace("reports-222222222222", "elsewhere")

    assert "no decision was run on the templates: the templates know neither" in explain(text, default, capsys)


LIKELIEST_FIRST = (
    "the caller's own policy is missing: DevLambdaStack",
    "the role's trust policy differs from cdk.out",
    "disabled with revoke --and-disable",
    "the role does not exist: not deployed yet, deleted by hand",
    "a control policy of either account's organization",
)


def test_a_session_that_the_templates_allow_has_every_other_cause(default: Assembly, capsys: Capture) -> None:
    """Each side may be not deployed, changed or revoked: none of these is answered by the templates."""
    assert list(LIKELIEST_FIRST) == in_order(explain(no_assume(), default, capsys), *LIKELIEST_FIRST)


def test_a_function_is_looked_at_through_an_administrator(default: Assembly, capsys: Capture) -> None:
    """Nobody has a profile of a function's role, so doctor is given another one, and it is said whose."""
    out = explain(no_assume(), default, capsys)

    assert "--profile DEV_ADMIN --prod-profile prod" in out
    assert "DEV_ADMIN stands for an administrator's profile of the caller's account" in " ".join(out.split())
    assert "doctor DevAccountAccessS3Role --profile dev " not in out


def test_a_person_is_looked_at_by_their_own_profile(kinds: Assembly, capsys: Capture) -> None:
    """The profile is the one that was typed, else it is taken to be named like the user."""
    text = no_assume("arn:aws:iam::111111111111:user/alice", f"{ROLE.rpartition('/')[0]}/OneUser")

    for profile, typed in (("alice", text), ("me", f"$ aws sts assume-role --profile me\n{text}")):
        out = explain(typed, kinds, capsys)
        assert f"doctor OneUser --profile {profile} --prod-profile prod" in out
        assert "cdk deploy DevCallersStack --profile dev" in out
        assert "DEV_ADMIN" not in out


def test_an_assumed_condition_is_a_condition(kinds: Assembly, capsys: Capture) -> None:
    """That the call carried MFA is not known: the first cause is that it did not, and nothing follows from it."""
    text = no_assume("arn:aws:iam::111111111111:user/alice", f"{ROLE.rpartition('/')[0]}/RecentMfa")
    out = " ".join(explain(text, kinds, capsys).split())

    assert "Check that first: an error text does not show it. If it holds, the deployed policies differ" in out
    assert "So it is not deployed" not in out
    assert "1. the call itself: it came without aws:MultiFactorAuth" in out
    assert "python -m crossrole assume RecentMfa --profile alice sends what is required" in out


def test_a_caller_without_a_template_is_not_certain(kinds: Assembly, capsys: Capture) -> None:
    """Its own policies are outside the templates, so they are a condition, and their cause stays what it was."""
    caller = "arn:aws:sts::111111111111:assumed-role/Exporter/job"
    out = " ".join(explain(no_assume(caller, f"{ROLE.rpartition('/')[0]}/ServiceRole"), kinds, capsys).split())

    assert "not certain: the templates allow this only if" in out
    assert "1. dev account: the caller's own policy does not allow sts:AssumeRole on exactly this role" in out
    assert "DevLambdaStack is not deployed" not in out


def test_a_deleted_role_is_made_again_by_hand(default: Assembly, capsys: Capture) -> None:
    """A deploy of an unchanged template makes nothing, so the lines of `policies` are the fix."""
    no_role = explain(no_assume(), default, capsys).partition("the role does not exist")[2].partition("  5. ")[0]

    assert "fix   python -m crossrole policies DevAccountAccessS3Role --out DIR" in no_role


def test_a_stranger_is_not_let_in_first(default: Assembly, capsys: Capture) -> None:
    """The denial of a stranger may be right; allowing the caller is the second fix."""
    out = " ".join(explain(no_assume("arn:aws:iam::111111111111:user/bob"), default, capsys).split())
    right, _, let_in = out.partition("fix if it should have access: access.toml")

    assert "fix none, if arn:aws:iam::111111111111:user/bob should not have access" in right
    assert "to principals" in let_in
    assert "to principals" not in right


def denied(action: str, resource: str, caller: str = SESSION) -> str:
    """Return AWS's denial by the caller's own policies."""
    return (
        f"An error occurred (AccessDenied) when calling the PutObject operation: User: {caller} is not authorized to "
        f"perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
    )


def test_the_keys_fix_is_kms_key(default: Assembly, capsys: Capture) -> None:
    """access.toml gives the use of a bucket's key, by its ARN."""
    key = "arn:aws:kms:eu-west-1:222222222222:key/11111111-2222-3333-4444-555555555555"
    out = " ".join(explain(denied("kms:GenerateDataKey", key), default, capsys).split())

    assert "fix access.toml: kms_key = the key's ARN, in the [[buckets]] entry of the bucket" in out
    assert "nothing in access.toml gives" not in out


def test_what_s3_asks_of_a_key_is_asked_through_s3(kinds: Assembly, capsys: Capture) -> None:
    """A put never lacks kms:ViaService: where the grant has the key, the role is another than cdk.out's."""
    key = "arn:aws:kms:eu-west-1:222222222222:key/66666666-7777-8888-9999-000000000000"
    text = denied("kms:Decrypt", key, SESSION.replace("DevAccountAccessS3Role", "ExistingKey"))
    out = " ".join(explain(text, kinds, capsys).split())

    assert "1. prod account: the role's own policy differs from cdk.out" in out
    assert "it came without" not in out


@pytest.mark.parametrize("caller", ["arn:aws:iam::111111111111:user/alice", FUNCTION])
def test_what_no_grant_gives_has_no_fix_in_a_grant(caller: str, default: Assembly, capsys: Capture) -> None:
    """Grants are for S3: no grant would let anybody pass a role."""
    text = denied("iam:PassRole", "arn:aws:iam::111111111111:role/DevLambdaRole", caller)
    out = " ".join(explain(text, default, capsys).split())

    assert out.startswith("no-grants-action: ")
    assert "nothing in access.toml gives" in out
    assert "make a grant" not in out
    assert "certain: the templates allow" not in out


def test_a_listing_that_the_grant_has_is_not_to_be_set(kinds: Assembly, capsys: Capture) -> None:
    """Where list_buckets is set, the role is another than cdk.out's, or its session outlived it."""
    text = no_put(caller=SESSION.replace("DevAccountAccessS3Role", "OneUser"))
    text = f"{text.partition(' to perform')[0]} to perform: s3:ListAllMyBuckets".replace("PutObject", "ListBuckets")
    out = " ".join(explain(text, kinds, capsys).split())

    assert "certain: the templates allow this." in out
    assert "or someone deleted the role, whose sessions still exist for a while" in out
    assert "list_buckets = true" not in out


def test_cloudtrails_message_is_what_is_seen(default: Assembly, capsys: Capture) -> None:
    """Of an event the error message is quoted, not its first fields."""
    message = no_put("dev/x").partition("operation: ")[2].strip()
    event = {
        "eventVersion": "1.08",
        "eventSource": "s3.amazonaws.com",
        "eventName": "PutObject",
        "errorCode": "AccessDenied",
        "errorMessage": message,
        "requestID": "Z1234567890ABCDE",
    }
    (trouble,) = json.loads(explain(json.dumps(event), default, capsys, "--json"))["troubles"]

    assert "eventVersion" not in trouble["seen"]
    assert f"PutObject operation: User: {SESSION} is not" in trouble["seen"]


FIXES = [
    (
        (
            'DevCallersStack | CREATE_FAILED | "The user with name alice cannot be found. '
            '(Service: Iam, Status Code: 404)"'
        ),
        ("aws iam create-user --user-name alice --profile dev", "cdk deploy DevCallersStack --profile dev"),
    ),
    (
        "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY",
        ("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN",),
    ),
    (
        (
            "arn:aws:cloudformation:eu-west-1:111111111111:stack/DevCallersStack/1 is in ROLLBACK_COMPLETE state and "
            "can not"
        ),
        ("cdk destroy DevCallersStack --profile dev", "cdk rollback DevCallersStack --profile dev"),
    ),
]


@pytest.mark.parametrize(("text", "fixes"), FIXES, ids=["user", "partial", "stack"])
def test_a_fix_is_for_what_the_text_names(
    text: str, fixes: tuple[str, ...], default: Assembly, capsys: Capture
) -> None:
    """The user, the variables and the stack are the text's own, and the account is theirs."""
    out = explain(text, default, capsys)

    assert list(fixes) == [each for each in fixes if each in out]
    assert "ProdAccessStack" not in out


# --- without templates


def test_missing_templates_do_not_make_it_fail(tmp_path: Path, capsys: Capture) -> None:
    """Without cdk.out the causes are reported, and why nothing was decided."""
    assert 0 == main(["explain", no_put(), "--template-dir", str(tmp_path / "none")])
    out = " ".join(capsys.readouterr().out.split())

    assert "no decision was run on the templates: there is no" in out
    assert "possible causes, likeliest first:" in out


def test_a_denial_without_a_reason_has_each_side_without_templates(tmp_path: Path, capsys: Capture) -> None:
    """The caller's policy, the trust policy, a revocation, the role itself and the organization, likeliest first."""
    sides = ("caller's own policy", "role's trust policy", "revoke --and-disable", "does not exist", "control policy")

    assert 0 == main(["explain", no_assume(), "--template-dir", str(tmp_path / "none")])
    assert list(sides) == in_order(capsys.readouterr().out, *sides)


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"artifacts": {}}', "\x00"])
def test_broken_templates_do_not_make_it_fail(manifest: str, tmp_path: Path, capsys: Capture) -> None:
    """Whatever is in the folder, the text is explained."""
    (tmp_path / "manifest.json").write_text(manifest)

    assert 0 == main(["explain", no_put(), "--template-dir", str(tmp_path)])
    assert "no decision was run" in capsys.readouterr().out


def test_without_the_engine_the_causes_are_reported(
    default: Assembly, capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where Node is not installed, it is said and the rest is answered."""
    (tmp_path / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))

    assert 0 == cli.main(["explain", no_put(), "--template-dir", str(default.directory)], Environment())
    out = " ".join(capsys.readouterr().out.split())
    assert "no decision was run on the templates: Node is not installed here" in out


@pytest.mark.parametrize(
    "resource", ["*", f"{BUCKET}/*", f"{BUCKET}/a?b", f"{BUCKET}/$(reboot)", "arn:aws:s3:::;reboot", f"{BUCKET}/é"]
)
def test_an_odd_resource_does_not_make_it_fail(resource: str, default: Assembly, capsys: Capture) -> None:
    """What can't be asked is said, and nothing of the text reaches a shell unquoted."""
    out = explain(no_put().replace(f"{BUCKET}/other/x", resource), default, capsys)

    for line in out.splitlines():
        if "python -m crossrole can" in line and "reboot" in line:
            assert f"'{resource}'" in line


# --- what is printed


def test_commands_are_never_broken(default: Assembly, capsys: Capture) -> None:
    """Prose is 80 columns wide; a command stands on one line and an ARN is whole, however long."""
    key = f"dev/{'x' * 90}"
    out = explain(no_put(key), default, capsys)
    assert f"{BUCKET}/{key}" in explain(no_put(key, caller=FUNCTION), default, capsys).partition("certain:")[2].split()
    long = [line for line in out.splitlines() if len(line) > 80]

    assert [] == [line for line in long if not any(word in line for word in ("aws ", "python -m", "https://", "arn:"))]
    assert (
        "     check aws iam get-role-policy --role-name DevAccountAccessS3Role --policy-name AWSRevokeOlderSessions"
        in out
    )


def test_json_holds_the_same(default: Assembly, capsys: Capture) -> None:
    """A program gets the trouble, the facts, the decision and every cause."""
    answer = json.loads(explain(no_put(), default, capsys, "--json"))
    (trouble,) = answer["troubles"]

    assert (True, "put-denied", "DevAccountAccessS3Role") == (
        answer["recognised"],
        trouble["trouble"],
        trouble["grant"],
    )
    assert (SESSION, "s3:PutObject") == (trouble["facts"]["caller"], trouble["facts"]["action"])
    assert False is trouble["decisions"][0]["allowed"]
    assert {"side", "what", "check", "fix"} == set(trouble["causes"][0])


def test_several_troubles_are_reported_in_order(default: Assembly, capsys: Capture) -> None:
    """The root is first and says so."""
    out = explain(f"{no_assume()}\n\nUnable to locate credentials\n", default, capsys)

    assert out.startswith("1 of 2, the root first. assume-role-denied: ")
    assert "\n2 of 2. no-credentials: " in out


def test_secrets_are_not_echoed(default: Assembly, capsys: Capture) -> None:
    """Neither the text nor JSON has what was beside the error."""
    secret, key_id = "MadeUp1/" * 5, f"ASIA{'MADEUP01' * 2}"
    text = f"AWS_SECRET_ACCESS_KEY={secret} {key_id} {no_put()} X-Amz-Security-Token={secret}"

    for options in ((), ("--json",)):
        out = explain(text, default, capsys, *options)
        assert secret not in out
        assert key_id not in out


# --- exit status and standard input


def test_what_is_not_recognised_is_reported(default: Assembly, capsys: Capture) -> None:
    """Exit status 1, what was understood, and what to do next; as JSON too."""
    text = f"{UNKNOWN}: request id: 822236a2-097b-40fc-ae6e-d4be18af09d3"

    assert 1 == main(["explain", text, "--template-dir", str(default.directory)])
    out = capsys.readouterr().out
    assert out.startswith("explain does not recognise this text.")
    assert "822236a2-097b-40fc-ae6e-d4be18af09d3" in out
    assert "python -m crossrole doctor GRANT --profile CALLER --prod-profile prod" in out
    assert 1 == main(["explain", UNKNOWN, "--json"])
    assert False is json.loads(capsys.readouterr().out)["recognised"]


@pytest.mark.parametrize("words", [["-"], []], ids=["-", "nothing"])
def test_standard_input_is_read(words: list[str]) -> None:
    """With - or nothing the text comes through the pipe; bytes that are not text do no harm."""
    text = b"\xff\xfe\x00\x1b[31m" + no_put().encode() + b"\x00\xc3"
    done = crossrole("explain", *words, "--template-dir", "none", stdin=text)

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith("put-denied: ")
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("words", [["-"], [], ["  \n"]], ids=["-", "nothing", "spaces"])
def test_no_text_is_misuse(words: list[str]) -> None:
    """An empty pipe and an empty argument are exit status 2 and one line."""
    done = crossrole("explain", *words, stdin=" \n")

    assert (2, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))


def test_a_terminal_is_not_waited_for() -> None:
    """Without a text and without a pipe the command says what it wants at once."""
    leader, follower = pty.openpty()
    try:
        command = [sys.executable, "-m", "crossrole", "explain"]
        done = subprocess.run(command, cwd=ROOT, stdin=follower, capture_output=True, check=False)
    finally:
        os.close(leader)
        os.close(follower)

    assert (2, 1) == (done.returncode, done.stderr.count(b"\n"))


def test_it_starts_without_boto3_and_without_cdk() -> None:
    """What makes other commands slow to start is not loaded; nor is AWS's reference data, until a decision needs it."""
    code = (
        "import sys; from crossrole.cli import main; main(['explain', 'Unable to locate credentials']); "
        "print([each for each in ('boto3', 'botocore', 'aws_cdk', 'jsii', 'stacks') if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.splitlines()[-1]


def test_it_works_from_another_folder(tmp_path: Path) -> None:
    """Nothing depends on where it is called, nor on a home folder."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "crossrole", "explain", "Unable to locate credentials"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert 0 == done.returncode
    assert done.stdout.startswith("no-credentials: ")
