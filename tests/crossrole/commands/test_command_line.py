"""The commands as they are typed: exit status, text, JSON, and one line on stderr for what can't be answered."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crossrole.errors import CommandError
from crossrole.templates import assembly, revisions
from crossrole.templates.revisions import templates_of
from tests.command_line import main
from tests.synthesis import ROOT, Assembly, smallest, synthesize

DEV, PROD = "111111111111", "222222222222"
REPORT = f"arn:aws:s3:::reports-{PROD}/dev/x"
KINDS = f"arn:aws:s3:::kinds-{PROD}"
VIA = ["DevLambdaRole", "via", "DevAccountAccessS3Role"]
MAY = ["can", *VIA, "s3:PutObject", REPORT]
MAY_NOT = ["can", *VIA, "s3:DeleteObject", REPORT]
OTHERS = "others may be able to by policies outside the templates, such as the accounts' administrators"

Capture = pytest.CaptureFixture[str]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "crossrole", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


def assert_one_line(capsys: Capture) -> str:
    """Assert that nothing was answered and one line says why; return that line."""
    out, err = capsys.readouterr()

    assert "" == out
    assert err.startswith("crossrole: ")
    assert 1 == err.count("\n")
    assert err.endswith("\n")
    return err.removeprefix("crossrole: ").removesuffix("\n")


# --- exit status


STATUSES: list[tuple[list[str], int]] = [
    (MAY, 0),
    (["can", " ".join(VIA), "s3:PutObject", REPORT], 0),
    (MAY_NOT, 1),
    (["can", "DevLambdaRole", "s3:PutObject", REPORT], 1),
    (["can", "DevAccountAccessS3Role", "s3:PutObject", REPORT], 0),
    (["who", "s3:PutObject", REPORT], 0),
    (["who", "s3:GetObject", REPORT], 1),
    (["can", *VIA, "s3:Nothing", REPORT], 2),
    (["who", "s3:Nothing", REPORT], 2),
]


@pytest.mark.parametrize(("words", "expected"), STATUSES, ids=str)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_status(words: list[str], expected: int, as_json: bool, default: Assembly, capsys: Capture) -> None:
    """The exit status is 0 for a yes, 1 for a no, 2 for what can't be answered, as text and as JSON."""
    status = main([*words, "--template-dir", str(default.directory), *(["--json"] if as_json else [])])
    out, err = capsys.readouterr()

    assert expected == status
    assert (status == 2) == bool(err)
    assert (status != 2 or as_json) == bool(out)
    if as_json and out:
        assert isinstance(json.loads(out), dict)


@pytest.fixture(scope="session")
def wider(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return templates of a file that opens more than the one of the fixture `narrower`."""
    return synthesize(smallest(access=["write", "delete"]), tmp_path_factory.mktemp("wider")).directory


@pytest.fixture(scope="session")
def narrower(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return templates of a file with one grant to write."""
    return synthesize(smallest(), tmp_path_factory.mktemp("narrower")).directory


@pytest.mark.parametrize("failing", [False, True], ids=["", "--fail-on-widening"])
@pytest.mark.parametrize("widening", [False, True], ids=["narrower", "wider"])
def test_status_of_diff(failing: bool, widening: bool, wider: Path, narrower: Path, capsys: Capture) -> None:
    """`diff` is 0 whatever changed; with --fail-on-widening it is 1 where access was gained, not where it was lost."""
    pair = (narrower, wider) if widening else (wider, narrower)
    status = main(["diff", *map(str, pair), *(["--fail-on-widening"] if failing else [])])
    sentence = (
        "access gained:\n  + role App in 111111111111 can now s3:DeleteObject on reports/*, through Grant\n"
        if widening
        else "access lost:\n  - role App in 111111111111 can no longer s3:DeleteObject on reports/*, through Grant\n"
    )

    assert (1 if failing and widening else 0) == status
    assert (sentence, "") == capsys.readouterr()


def test_no_change(narrower: Path, capsys: Capture) -> None:
    """The same templates are no change of access, and no widening."""
    status = main(["diff", str(narrower), str(narrower), "--fail-on-widening"])

    assert 0 == status
    assert ("no change of access\n", "") == capsys.readouterr()


def test_diff_as_json(narrower: Path, wider: Path, capsys: Capture) -> None:
    """`diff --json` lists each change with its sentence and notes."""
    main(["diff", str(narrower), str(wider), "--json"])
    text = "role App in 111111111111 can now s3:DeleteObject on reports/*, through Grant"

    assert {"changes": [{"change": "gained", "text": text, "notes": []}]} == json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("words", [[], ["nonsense"], ["who"], ["diff"], ["can"], [*MAY, "--nonsense"]], ids=str)
def test_wrong_words(words: list[str], capsys: Capture) -> None:
    """What is no command, or lacks a word, is answered with the usage and status 2."""
    with pytest.raises(SystemExit) as caught:
        main(words)

    assert 2 == caught.value.code
    assert capsys.readouterr().err.startswith("usage: crossrole")


def test_as_a_process(default: Assembly) -> None:
    """`python -m crossrole` answers as the function does."""
    allowed = run(*MAY, "--template-dir", str(default.directory))
    denied = run(*MAY_NOT, "--template-dir", str(default.directory))
    unusable = run(*MAY, "--template-dir", str(default.directory / "nowhere"))

    assert [0, 1, 2] == [each.returncode for each in (allowed, denied, unusable)]
    assert ["", ""] == [each.stderr for each in (allowed, denied)]
    assert "" == unusable.stdout
    assert 1 == unusable.stderr.count("\n")


def test_nobody_reads(default: Assembly) -> None:
    """Output into a pipe that was closed, as by `| head -1`, ends the command without a traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "crossrole", *MAY, "--template-dir", str(default.directory)],
            cwd=ROOT,
            stdout=writing,
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)

    assert (141, "") == (done.returncode, done.stderr)


# --- JSON of `can`


def test_can_as_json(default: Assembly, capsys: Capture) -> None:
    """`can --json` has the verdict, the question, each request with its policies, the fixes and the assumptions."""
    main([*MAY_NOT, "--template-dir", str(default.directory), "--json"])
    answer = json.loads(capsys.readouterr().out)
    grant = f"arn:aws:iam::{PROD}:role/DevAccountAccessS3Role"
    app = f"arn:aws:iam::{DEV}:role/DevLambdaRole"
    assume, act = answer.pop("links")

    assert {
        "allowed": False,
        "unless": None,
        "depends": [],
        "caller": app,
        "via": grant,
        "action": "s3:DeleteObject",
        "resource": REPORT,
        "fixes": [
            {
                "text": 'access.toml, [[grants]] DevAccountAccessS3Role: add "delete" to access',
                "change": {"grant": "DevAccountAccessS3Role", "key": "access", "do": "add", "value": "delete"},
            }
        ],
        "assumptions": [
            {
                "text": "no organization's control policy and no VPC endpoint's policy denies it",
                "needed": False,
            }
        ],
    } == answer
    assert [(app, "sts:AssumeRole", grant, True), (grant, "s3:DeleteObject", REPORT, False)] == [
        (each["principal"], each["action"], each["resource"], each["allowed"]) for each in (assume, act)
    ]
    for link in (assume, act):
        assert {
            "step",
            "principal",
            "action",
            "resource",
            "allowed",
            "unless",
            "depends",
            "context",
            "policies",
        } == link.keys()
        assert all({"kind", "says", "statements", "missing"} == each.keys() for each in link["policies"])
    assert [("own policies", "allows"), ("trust policy", "allows")] == [
        (each["kind"], each["says"]) for each in assume["policies"]
    ]
    assert [("permissions policies", "implicitly denies"), ("bucket policy", "denies nothing")] == [
        (each["kind"], each["says"]) for each in act["policies"]
    ]
    assert ["no statement allows s3:DeleteObject"] == act["policies"][0]["missing"]
    statement = assume["policies"][0]["statements"][0]
    assert {"template", "logical_id", "policy", "sid", "statement"} == statement.keys()
    assert ("DevLambdaStack", "Writer", "AssumeGrantRole") == (
        statement["template"],
        statement["policy"],
        statement["sid"],
    )


def test_a_deny_statement_denies_explicitly(kinds: Assembly, capsys: Capture) -> None:
    """The reason tells it from what no statement allows, and names the statement."""
    exporter = f"arn:aws:iam::{DEV}:role/service-role/Exporter"
    words = ["can", exporter, "via", "Disabled", "s3:PutObject", f"{KINDS}/disabled/x"]
    status = main([*words, "--template-dir", str(kinds.directory)])
    lines = capsys.readouterr().out.splitlines()

    assert 1 == status
    assert lines[0].startswith(f"denied: {exporter} via Disabled, s3:PutObject on ")
    assert "     trust policy: explicitly denies sts:AssumeRole" in lines
    assert "     permissions policies: explicitly denies s3:PutObject" in lines


# --- what can't be answered


def can(*words: str, action: str = "s3:PutObject", resource: str = REPORT) -> list[str]:
    """Return the words of a question that would be allowed but for what is given."""
    return ["can", *(words or VIA), action, resource]


def given(pair: str) -> list[str]:
    """Return the words of a question with a context key."""
    return [*MAY, "--context", pair]


BAD: list[tuple[list[str], str]] = [
    (
        can("DevLambdaRole", "via", "DevAccountAcessS3Role"),
        'there is no grant "DevAccountAcessS3Role" in the templates; did you mean DevAccountAccessS3Role?',
    ),
    (
        can("DevLambdaRole", "via", "Nothing"),
        'there is no grant "Nothing" in the templates; the grants are DevAccountAccessS3Role',
    ),
    (can(action="s3:PutObjekt"), 'there is no action "s3:PutObjekt"; did you mean s3:PutObject or'),
    (["who", "s3:PutObjekt", REPORT], 'there is no action "s3:PutObjekt"; did you mean s3:PutObject or'),
    (can(action="s3:HeadObject"), '"s3:HeadObject" is a call, not an action; its permission is s3:GetObject'),
    (["who", "s3:HeadObject", REPORT], '"s3:HeadObject" is a call, not an action; its permission is s3:GetObject'),
    (can(action="s3:*"), '"s3:*" stands for many actions; expected one action, such as s3:PutObject'),
    (can(action="PutObject"), '"PutObject" is not an action; expected one action, such as s3:PutObject'),
    (can(action="s4:PutObject"), '"s4:PutObject" is not an action; expected one action, such as s3:PutObject'),
    (
        can(resource="reports/dev/x"),
        '"reports/dev/x" is not an ARN; expected one such as arn:aws:s3:::BUCKET/KEY',
    ),
    (can(resource="s3://reports/x"), '"s3://reports/x" is not an ARN; write arn:aws:s3:::reports/x'),
    (
        can(resource="arn:aws:s3:::reports/*"),
        "arn:aws:s3:::reports/* stands for many resources; name one, such as arn:aws:s3:::reports/example",
    ),
    (can(action="s3:ListAllMyBuckets"), 's3:ListAllMyBuckets works on no single resource; write "*"'),
    (
        can(resource=f"arn:aws:sqs:eu-west-1:{DEV}:queue"),
        f"s3:PutObject does not work on arn:aws:sqs:eu-west-1:{DEV}:queue",
    ),
    (can(action="s3:ListBucket"), f"s3:ListBucket does not work on {REPORT}"),
    (can(resource="arn:aws:s3:::reports"), "s3:PutObject does not work on arn:aws:s3:::reports"),
    (
        can(f"arn:aws:iam::{DEV}:root"),
        f"\"arn:aws:iam::{DEV}:root\" is an account's root user, which can't assume a role; name a user or a role",
    ),
    (
        can(f"arn:aws:iam::{DEV}:group/devs"),
        f'"arn:aws:iam::{DEV}:group/devs" is not a principal; expected the ARN of an IAM user or role, such as',
    ),
    (can("arn:nonsense"), '"arn:nonsense" is not an ARN; expected one such as'),
    (can("DevLamdaRole"), "DevLambdaRole"),
    (["can", "DevLambdaRole", REPORT], "expected CALLER [via GRANT] ACTION RESOURCE, such as:"),
    (["can", "one", "two", "s3:PutObject", REPORT], "expected CALLER [via GRANT] ACTION RESOURCE, such as:"),
    (given("nonsense"), '--context "nonsense" is not key=value, such as aws:SourceIp=203.0.113.7'),
    (given("aws:SourceIp"), '--context "aws:SourceIp" is not key=value, such as aws:SourceIp=203.0.113.7'),
    (given("=x"), '--context "=x" is not key=value, such as aws:SourceIp=203.0.113.7'),
    (given("aws:SourcIp=203.0.113.7"), "did you mean aws:SourceIp"),
    (given("sts:ExternlId=abc"), "did you mean sts:ExternalId"),
    (given("aws:PrincipalArn=x"), "--context aws:PrincipalArn can't be set: it says who CALLER is"),
    (given("aws:SourceIp=203.0.113"), '--context aws:SourceIp: "203.0.113" is not an IP address, such as 203.0.113.7'),
    (given("aws:SourceIp=203.0.113.0/24"), '--context aws:SourceIp: "203.0.113.0/24" is not an IP address'),
    (given("aws:CurrentTime=tomorrow"), '--context aws:CurrentTime: "tomorrow" is not a time, such as'),
    (given("aws:TokenIssueTime=1"), '--context aws:TokenIssueTime: "1" is not a time, such as'),
    (given("aws:SecureTransport=yes"), '--context aws:SecureTransport: "yes" is not true or false'),
    (given("aws:MultiFactorAuthPresent=1"), '--context aws:MultiFactorAuthPresent: "1" is not true or false'),
    (given("aws:MultiFactorAuthAge=old"), '--context aws:MultiFactorAuthAge: "old" is not a number of seconds'),
    (given("aws:MultiFactorAuthAge=nan"), '--context aws:MultiFactorAuthAge: "nan" is not a number of seconds'),
    (given("s3:TlsVersion=new"), '--context s3:TlsVersion: "new" is not a TLS version, such as 1.2'),
]


@pytest.mark.parametrize(("words", "expected"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_bad_question(words: list[str], expected: str, default: Assembly, capsys: Capture) -> None:
    """A question that means nothing here gets one line that names the mistake, and status 2."""
    status = main([*words, "--template-dir", str(default.directory)])

    assert 2 == status
    assert expected in assert_one_line(capsys)


STACK = {"type": "aws:cloudformation:stack", "environment": f"aws://{PROD}/eu-west-1"}
WITH_TEMPLATE = {**STACK, "properties": {"templateFile": "template.json"}}


def manifest(stack: Any) -> str:
    """Return a manifest with one stack."""
    return json.dumps({"artifacts": {"Stack": stack}})


FOLDERS: dict[str, tuple[dict[str, str], str]] = {
    "no manifest": ({}, "there is no DIR/manifest.json; name a folder that cdk synth wrote"),
    "no JSON": ({"manifest.json": "{"}, "DIR/manifest.json can't be read ("),
    "too deep": ({"manifest.json": "[" * 100_000}, "DIR/manifest.json can't be read ("),
    "no object": ({"manifest.json": "[]"}, "DIR/manifest.json is not a JSON object; make it anew: make synth"),
    "no artifacts": (
        {"manifest.json": "{}"},
        "DIR/manifest.json is not the manifest of a cloud assembly: it lists no artifacts",
    ),
    "no stack": ({"manifest.json": '{"artifacts": {}}'}, "DIR holds no stack; run: make synth"),
    "no template": (
        {"manifest.json": manifest(WITH_TEMPLATE)},
        "there is no DIR/template.json; name a folder that cdk synth wrote",
    ),
    "template no JSON": (
        {"manifest.json": manifest(WITH_TEMPLATE), "template.json": "Resources:\n"},
        "DIR/template.json can't be read (",
    ),
    "template no object": (
        {"manifest.json": manifest(WITH_TEMPLATE), "template.json": "[]"},
        "DIR/template.json is not a JSON object; make it anew: make synth",
    ),
    "any account": (
        {
            "manifest.json": manifest({**WITH_TEMPLATE, "environment": "aws://unknown-account/unknown-region"}),
            "template.json": "{}",
        },
        "DIR/template.json: Stack is for any account or region; say for which it is meant: --account and --region",
    ),
    "artifact no object": ({"manifest.json": manifest("text")}, "DIR"),
    "stack without environment": ({"manifest.json": manifest({"type": STACK["type"]})}, "DIR"),
    "stack without template": ({"manifest.json": manifest(STACK)}, "DIR"),
}


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("command", ["can", "who", "diff"])
def test_bad_folder(folder: str, command: str, default: Assembly, tmp_path: Path, capsys: Capture) -> None:
    """A folder that no synth wrote gets one line that says what is wrong with which file, and status 2."""
    files, expected = FOLDERS[folder]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    words = {"can": MAY, "who": ["who", "s3:PutObject", REPORT], "diff": ["diff", str(default.directory)]}[command]
    status = main([*words, *(["--template-dir"] if command != "diff" else []), str(tmp_path)])

    assert 2 == status
    assert expected.replace("DIR", str(tmp_path)) in assert_one_line(capsys)


def test_no_such_folder(tmp_path: Path, capsys: Capture) -> None:
    """A folder that is not there is named."""
    status = main([*MAY, "--template-dir", str(tmp_path / "nowhere")])
    expected = f"there is no {tmp_path / 'nowhere' / 'manifest.json'}; name a folder that cdk synth wrote"

    assert 2 == status
    assert expected == assert_one_line(capsys)


@pytest.mark.parametrize("revision", ["no-such-branch", "HEAD~100000", "--help=x", "HEAD; true"])
def test_unknown_revision(revision: str, default: Assembly, capsys: Capture) -> None:
    """A word that is neither a folder nor a revision is named, and never an option of git's."""
    status = main(["diff", "--", revision, str(default.directory)])

    assert 2 == status
    assert f'"{revision}" is neither a folder of templates nor a git revision' == assert_one_line(capsys)


# --- stale templates


@pytest.fixture
def checkout(default: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout whose templates are newer than its sources."""
    for name in ("access.toml", "app.py", "stacks/deep/x.py", "stacks/notes.md", "lambda/__pycache__/x.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000, 1000))
    shutil.copytree(default.directory, tmp_path / "cdk.out")
    os.utime(tmp_path / "cdk.out" / "manifest.json", (2000, 2000))
    monkeypatch.setattr(assembly, "CHECKOUT", tmp_path)
    monkeypatch.setattr(assembly, "CDK_OUT", tmp_path / "cdk.out")
    return tmp_path


@pytest.mark.parametrize("changed", [None, "stacks/notes.md", "lambda/__pycache__/x.pyc"])
def test_fresh(changed: str | None, checkout: Path, capsys: Capture) -> None:
    """Templates that are newer than all that they are made of are used, whatever else is newer."""
    if changed:
        os.utime(checkout / changed, (3000, 3000))

    assert 0 == main(MAY)
    assert "" == capsys.readouterr().err


@pytest.mark.parametrize("changed", ["access.toml", "app.py", "stacks/deep/x.py"])
@pytest.mark.parametrize("words", [MAY, ["who", "s3:PutObject", REPORT], ["diff", "BASE"]], ids=["can", "who", "diff"])
def test_stale(words: list[str], changed: str, checkout: Path, default: Assembly, capsys: Capture) -> None:
    """Templates that are older than a source are an error: they may not say what would be deployed."""
    os.utime(checkout / changed, (3000, 3000))
    status = main([str(default.directory) if word == "BASE" else word for word in words])
    expected = f"cdk.out is older than {changed}, so it may differ from what would be deployed; run: make synth"

    assert 2 == status
    assert expected == assert_one_line(capsys)


@pytest.mark.parametrize("folder", [False, True], ids=["by default", "by name"])
@pytest.mark.parametrize("command", ["revoke", "restore", "doctor"])
def test_stale_in_an_emergency(command: str, folder: bool, checkout: Path, capsys: Capture) -> None:
    """What asks the deployed accounts reads old templates all the same, and says so: it gets as far as the profile."""
    os.utime(checkout / "access.toml", (3000, 3000))
    named = ["--template-dir", str(checkout / "cdk.out")] if folder else []
    status = main([command, "DevAccountAccessS3Role", "--profile", "nobody-of-this-name", *named])
    warning, error = capsys.readouterr().err.splitlines()

    assert 2 == status
    assert (
        "crossrole: cdk.out is older than access.toml, so it may differ from what would be deployed; it is used anyway"
    ) == warning
    assert 'no profile "nobody-of-this-name"' in error


def test_never_synthesized(checkout: Path, capsys: Capture) -> None:
    """Without templates the line says how to make them."""
    shutil.rmtree(checkout / "cdk.out")

    assert 2 == main(MAY)
    assert f"there is no {checkout / 'cdk.out' / 'manifest.json'}; run: make synth" == assert_one_line(capsys)


def test_another_folder_is_never_stale(checkout: Path, capsys: Capture) -> None:
    """A folder that is named is used as it is, unless it is cdk.out itself."""
    os.utime(checkout / "access.toml", (3000, 3000))
    (checkout / "cdk.out").rename(checkout / "other")

    assert 0 == main([*MAY, "--template-dir", str(checkout / "other")])
    assert "" == capsys.readouterr().err

    (checkout / "other").rename(checkout / "cdk.out")

    assert 2 == main([*MAY, "--template-dir", str(checkout / "cdk.out")])


# --- fixes


APP, OTHER = f"arn:aws:iam::{DEV}:role/App", f"arn:aws:iam::{DEV}:role/Other"


def applied(change: dict[str, Any], access: dict[str, Any]) -> None:
    """Do to the file what a fix says; for a later expiry, which it leaves open, choose one."""
    (grant,) = (each for each in access["grants"] if each["name"] == change["grant"])
    key, value = change["key"], change["value"]
    if change["do"] == "remove":
        del grant[key]
    elif change["do"] == "add":
        grant[key] = [*grant.get(key, []), value]
    elif key == "expires":
        grant[key] = datetime(2099, 1, 1, tzinfo=UTC)
    else:
        grant[key] = True if value == "true" else value


FIXED: dict[str, tuple[dict[str, Any], list[str], tuple[str, str, str | None]]] = {
    "delete": ({}, [APP, "s3:DeleteObject", "arn:aws:s3:::reports/x"], ("access", "add", "delete")),
    "read": ({}, [APP, "s3:GetObject", "arn:aws:s3:::reports/x"], ("access", "add", "read")),
    "list": ({}, [APP, "s3:ListBucket", "arn:aws:s3:::reports"], ("access", "add", "list")),
    "action": ({}, [APP, "s3:GetObjectTagging", "arn:aws:s3:::reports/x"], ("actions", "add", "s3:GetObjectTagging")),
    "first action": (
        {"access": None, "actions": ["s3:GetObjectAcl"]},
        [APP, "s3:GetBucketLocation", "arn:aws:s3:::reports"],
        ("actions", "add", "s3:GetBucketLocation"),
    ),
    "access of exact actions": (
        {"access": None, "actions": ["s3:GetObjectAcl"]},
        [APP, "s3:PutObject", "arn:aws:s3:::reports/x"],
        ("access", "add", "write"),
    ),
    "buckets' names": ({}, [APP, "s3:ListAllMyBuckets", "*"], ("list_buckets", "set", "true")),
    "another folder": (
        {"prefix": "dev/"},
        [APP, "s3:PutObject", "arn:aws:s3:::reports/other/deep/x"],
        ("prefix", "set", "other/deep/"),
    ),
    "no folder": ({"prefix": "dev/"}, [APP, "s3:PutObject", "arn:aws:s3:::reports/x"], ("prefix", "remove", None)),
    "another bucket": ({}, [APP, "s3:PutObject", "arn:aws:s3:::another/x"], ("bucket", "set", "another")),
    "another bucket, under the prefix": (
        {"prefix": "dev/"},
        [APP, "s3:PutObject", "arn:aws:s3:::another/dev/x"],
        ("bucket", "set", "another"),
    ),
    "another bucket, under another prefix": (
        {"prefix": "dev/"},
        [APP, "s3:PutObject", "arn:aws:s3:::another/other/x"],
        ("bucket", "set", "another"),
    ),
    "another role": ({}, [OTHER, "s3:PutObject", "arn:aws:s3:::reports/x"], ("principals", "add", OTHER)),
    "expired": (
        {"expires": datetime(2026, 1, 1, tzinfo=UTC)},
        [APP, "s3:PutObject", "arn:aws:s3:::reports/x"],
        ("expires", "set", None),
    ),
    "disabled": ({"disabled": True}, [APP, "s3:PutObject", "arn:aws:s3:::reports/x"], ("disabled", "remove", None)),
    "from elsewhere": (
        {"source_ips": ["203.0.113.0/24"]},
        [APP, "s3:PutObject", "arn:aws:s3:::reports/x", "--context", "aws:SourceIp=198.51.100.9"],
        ("source_ips", "add", "198.51.100.9/32"),
    ),
    "from elsewhere by IPv6": (
        {"source_ips": ["203.0.113.0/24"]},
        [APP, "s3:PutObject", "arn:aws:s3:::reports/x", "--context", "aws:SourceIp=2001:db8::9"],
        ("source_ips", "add", "2001:db8::9/128"),
    ),
}


@pytest.mark.parametrize(("grant", "question", "expected"), FIXED.values(), ids=FIXED)
def test_fix_is_true(
    grant: dict[str, Any],
    question: list[str],
    expected: tuple[str, str, str | None],
    tmp_path: Path,
    capsys: Capture,
) -> None:
    """The fix of a denial, done to access.toml, turns it into a yes."""
    access = smallest()
    access["grants"][0] = {key: value for key, value in (access["grants"][0] | grant).items() if value is not None}
    before = deepcopy(access)
    synthesize(access, tmp_path / "before")
    words = ["can", question[0], "via", "Grant", *question[1:]]
    denied = main([*words, "--json", "--template-dir", str(tmp_path / "before")])
    found = [each["change"] for each in json.loads(capsys.readouterr().out)["fixes"]]
    for change in found:
        applied(change, access)
    synthesize(access, tmp_path / "after")
    allowed = main([*words, "--json", "--template-dir", str(tmp_path / "after")])
    answer = json.loads(capsys.readouterr().out)

    assert 1 == denied
    assert expected in [(change["key"], change["do"], change["value"]) for change in found]
    assert before != access
    assert 0 == allowed
    assert answer["allowed"]
    assert [] == answer["fixes"]


# --- who


TLS = """\
    if  aws:SecureTransport is true
    if  s3:TlsVersion is at least 1.2"""


def assumes(grant: str) -> str:
    """Return the line for callers whose own policies no template shows."""
    return f"    if  its own policies allow sts:AssumeRole on arn:aws:iam::{PROD}:role/{grant}"


EXPORTER = f"arn:aws:iam::{DEV}:role/service-role/Exporter"
# Two grants of the file reach every key of the bucket.
SEED = f"  everyone in {DEV} through SeedExample\n{TLS}\n{assumes('SeedExample')}"
FULL = f"  {EXPORTER} through FullBucket\n{TLS}\n{assumes('FullBucket')}"
EVERY = f"  {EXPORTER} through EveryBucket\n{TLS}\n{assumes('EveryBucket')}"
UNIT = f"""\
  everyone in AWS through OrganizationalUnit
    if  some aws:PrincipalOrgPaths is like o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*
    if  aws:PrincipalAccount is not {PROD}
{TLS}
{assumes("OrganizationalUnit")}"""
REVOKED = f"""\
  {EXPORTER} through Revoked
    if  aws:TokenIssueTime is not before 2026-01-01T00:00:00Z
{TLS}
{assumes("Revoked")}"""
ACCOUNT = f"  everyone in 333333333333 through WholeAccount\n{TLS}\n{assumes('WholeAccount')}"
ALL = f"""\
  arn:aws:iam::{DEV}:user/alice through AllConditions
    if  sts:ExternalId is all-of-them
    if  aws:PrincipalOrgID is o-a1b2c3d4e5
    if  aws:MultiFactorAuthPresent is true
    if  aws:MultiFactorAuthAge is at most 900
    if  aws:CurrentTime is before 2099-12-31T00:00:00Z
    if  aws:SourceIp is in 127.0.0.0/8
{TLS}"""

WHO: dict[str, tuple[str, str, list[str]]] = {
    "unit": ("s3:PutObject", "unit/x", [UNIT, SEED, FULL]),
    "expired": ("s3:PutObject", "expired/x", [SEED, FULL]),
    "disabled": ("s3:PutObject", "disabled/x", [SEED, FULL]),
    "revoked": ("s3:PutObject", "revoked/x", [REVOKED, SEED, FULL]),
    "whole account": ("s3:PutObject", "account/x", [ACCOUNT, SEED, FULL]),
    "all conditions": ("s3:GetObject", "all/x", [ALL, EVERY, SEED, FULL]),
}


@pytest.mark.parametrize(("action", "key", "expected"), WHO.values(), ids=WHO)
def test_who(action: str, key: str, expected: list[str], kinds: Assembly, capsys: Capture) -> None:
    """`who` lists every caller with the grant that he goes through and what his requests must carry."""
    status = main(["who", action, f"{KINDS}/{key}", "--template-dir", str(kinds.directory)])
    text = "\n\n".join([f"{len(expected)} can do {action} on {KINDS}/{key}:", *expected, f"{OTHERS}\n"])

    assert (0, text) == (status, capsys.readouterr().out)


def test_who_in_the_committed_file(default: Assembly, capsys: Capture) -> None:
    """Of the committed file the function alone can write."""
    status = main(["who", "s3:PutObject", REPORT, "--template-dir", str(default.directory)])
    way = f"  arn:aws:iam::{DEV}:role/DevLambdaRole through DevAccountAccessS3Role\n{TLS}"
    text = f"one can do s3:PutObject on {REPORT}:\n\n{way}\n\n{OTHERS}\n"

    assert (0, text) == (status, capsys.readouterr().out)


def test_nobody(default: Assembly, capsys: Capture) -> None:
    """Nobody is an answer, with status 1."""
    status = main(["who", "s3:DeleteObject", REPORT, "--template-dir", str(default.directory)])
    text = f"no caller in the templates can do s3:DeleteObject on {REPORT}\n"

    assert (1, text) == (status, capsys.readouterr().out)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (
            "s3:PutObject",
            [
                {
                    "caller": f"arn:aws:iam::{DEV}:role/DevLambdaRole",
                    "via": "DevAccountAccessS3Role",
                    "conditions": ["aws:SecureTransport is true", "s3:TlsVersion is at least 1.2"],
                    "assumptions": [],
                }
            ],
        ),
        ("s3:DeleteObject", []),
    ],
)
def test_who_as_json(action: str, expected: list[Any], default: Assembly, capsys: Capture) -> None:
    """`who --json` lists each way with caller, grant, conditions and assumptions; nobody is an empty list."""
    main(["who", action, REPORT, "--json", "--template-dir", str(default.directory)])

    assert {"ways": expected, "depends": []} == json.loads(capsys.readouterr().out)


# --- git revisions


Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Return git in a clone of this repository, which is the checkout for the time of the test."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    for made_once in ("node_modules", ".package"):
        (clone / made_once).symlink_to(ROOT / made_once)
    monkeypatch.setattr(revisions, "CHECKOUT", clone)

    def run_git(*words: str) -> str:
        of_somebody = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *of_somebody, *words], cwd=clone, check=True, capture_output=True, text=True)
        return done.stdout

    return run_git


def test_revision(git: Git) -> None:
    """A revision is synthesized in a worktree of its own, which is gone afterwards with all that it made."""
    with templates_of("HEAD") as folder:
        made = sorted(each.name for each in folder.glob("*.template.json"))
        during = git("worktree", "list").count("\n")

    assert {"DevLambdaStack.template.json", "ProdAccessStack.template.json"} <= set(made)
    assert 2 == during
    assert 1 == git("worktree", "list").count("\n")
    assert "" == git("status", "--porcelain")
    assert not folder.parent.exists()


def test_revision_that_fails(git: Git, tmp_path: Path) -> None:
    """A revision that can't be synthesized is an error of one line, and leaves no worktree."""
    file = tmp_path / "clone" / "access.toml"
    file.write_text(file.read_text().replace("111111111111:role", "222222222222:role"))
    git("commit", "--quiet", "--all", "--message", "Break it")
    with pytest.raises(CommandError) as caught, templates_of("HEAD"):
        pass
    said = str(caught.value)

    assert said.startswith('the git revision "HEAD" can\'t be synthesized: ')
    assert "access.toml" in said
    assert "\n" not in said
    assert 1 == git("worktree", "list").count("\n")
