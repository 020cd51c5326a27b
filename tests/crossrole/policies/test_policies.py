"""`crossrole policies`: the documents that it writes, the commands that it prints, and its errors."""

import json
import os
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import main
from tests.synthesis import Assembly, smallest, synthesize

DEV, PROD = "111111111111", "222222222222"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def policies(kinds: Assembly, capsys: Capture) -> Any:
    """Return a function that runs the command over `kinds.toml` and returns what it printed."""

    def run(*words: str) -> str:
        assert 0 == main(["policies", *words, "--template-dir", str(kinds.directory)])
        return capsys.readouterr().out

    return run


def error_of(capsys: Capture, assembly: Assembly, *words: str) -> str:
    """Return the command's one-line error."""
    assert 2 == main(["policies", *words, "--template-dir", str(assembly.directory)])
    out, err = capsys.readouterr()
    assert "" == out
    assert 1 == err.count("\n")
    return err


def commands(text: str) -> list[list[str]]:
    """Return the words of each line that a shell would run."""
    return [shlex.split(line) for line in text.splitlines() if line.startswith("aws ")]


def grants(assembly: Assembly) -> list[str]:
    """Return the names of all grants."""
    roles = assembly.resources("ProdAccessStack", "AWS::IAM::Role").values()
    return [role["Properties"]["RoleName"] for role in roles]


# --- what is written


def test_what_is_written_is_what_the_template_holds(kinds: Assembly, policies: Any, tmp_path: Path) -> None:
    """Each grant's files hold the template's documents, unchanged: in its order, with its values."""
    for name in [each for each in grants(kinds) if each != "NewKey"]:
        folder = tmp_path / name
        policies(name, "--out", str(folder))
        role = kinds.role(name)
        expected = {"trust-policy.json": role["AssumeRolePolicyDocument"]} | {
            f"permissions-{policy['PolicyName']}.json": policy["PolicyDocument"] for policy in role["Policies"]
        }
        written = {path.name: path.read_text() for path in folder.iterdir()}
        written.pop("assume-role-policy.json")

        assert {file: json.dumps(document, indent=2) + "\n" for file, document in expected.items()} == written


@pytest.mark.parametrize("name", ["OneUser", "RecentMfa", "AllConditions"])
def test_a_users_own_policy_is_that_of_dev_users_stack(name: str, kinds: Assembly, policies: Any) -> None:
    """The caller's policy of a grant to users of dev is the managed policy that CDK would attach, under its name."""
    managed = kinds.resources("DevCallersStack", "AWS::IAM::ManagedPolicy").values()
    expected = next(each["Properties"] for each in managed if each["Properties"]["ManagedPolicyName"].endswith(name))
    answer = json.loads(policies(name, "--json"))
    made = [words for step in answer["steps"] for words in step["commands"] if "create-policy" in words]

    assert expected["PolicyDocument"] == answer["documents"]["assume-role-policy.json"]
    assert expected["ManagedPolicyName"] == made[0][made[0].index("--policy-name") + 1]


def test_a_callers_own_policy_is_for_exactly_this_role(policies: Any) -> None:
    """Of the function's policies it takes the one statement that assumes this role, and makes the same for others."""
    statement = {
        "Sid": "AssumeGrantRole",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": f"arn:aws:iam::{PROD}:role/",
    }
    for name, path in (("ExternalId", ""), ("Bounded", "crossrole/dev/"), ("WholeAccount", "")):
        document = json.loads(policies(name, "--json"))["documents"]["assume-role-policy.json"]

        assert {
            "Version": "2012-10-17",
            "Statement": [{**statement, "Resource": f"{statement['Resource']}{path}{name}"}],
        } == document


def test_a_callers_own_policy_is_that_of_the_templates(kinds: Assembly, tmp_path: Path, capsys: Capture) -> None:
    """Where a template gives it, it is not made anew: what stands there is what is written, this role's alone."""
    folder = tmp_path / "changed"
    shutil.copytree(kinds.directory, folder)
    template = folder / "DevCallersStack.template.json"
    template.write_text(template.read_text().replace("AssumeGrantRole", "AsAdministratorsWantIt"))
    assert 0 == main(["policies", "OneUser", "--json", "--template-dir", str(folder)])
    (statement,) = json.loads(capsys.readouterr().out)["documents"]["assume-role-policy.json"]["Statement"]

    assert "AsAdministratorsWantIt" == statement["Sid"]
    assert f"arn:aws:iam::{PROD}:role/OneUser" == statement["Resource"]


def test_a_role_that_may_assume_two(tmp_path: Path, capsys: Capture) -> None:
    """The function's role has one statement for all its grants; what is written for one of them names that one."""
    file = smallest(principals=[f"arn:aws:iam::{DEV}:role/App"])
    file["grants"].append({**file["grants"][0], "name": "Second"})
    assembly = synthesize({**file, "writer": {"grant": "Grant", "role": "App"}}, tmp_path / "out")
    assert 0 == main(["policies", "Second", "--json", "--template-dir", str(assembly.directory)])
    (statement,) = json.loads(capsys.readouterr().out)["documents"]["assume-role-policy.json"]["Statement"]

    assert f"arn:aws:iam::{PROD}:role/Second" == statement["Resource"]


def test_mfa_is_asked_for_where_no_template_makes_the_callers_own_policy(tmp_path: Path, capsys: Capture) -> None:
    """A user of an account without a stack gets the condition that a user of dev would get."""
    elsewhere = synthesize(smallest(principals=["arn:aws:iam::444444444444:user/x"], mfa_max_age=60), tmp_path / "a")
    here = synthesize(smallest(principals=[f"arn:aws:iam::{DEV}:user/x"], mfa_max_age=60), tmp_path / "b")
    documents = []
    for assembly in (elsewhere, here):
        assert 0 == main(["policies", "Grant", "--json", "--template-dir", str(assembly.directory)])
        documents.append(json.loads(capsys.readouterr().out)["documents"]["assume-role-policy.json"])

    assert documents[0] == documents[1]
    assert {"aws:MultiFactorAuthAge": "60"} == documents[0]["Statement"][0]["Condition"]["NumericLessThanEquals"]


# --- what is printed


def test_the_lines_in_their_order(policies: Any, tmp_path: Path) -> None:
    """The role, its trust for later, its permissions; then the caller's own policy, each with its account's profile."""
    lines = commands(policies("OneUser", "--out", str(tmp_path / "a b")))

    assert ["create-role", "update-assume-role-policy", "put-role-policy", "create-policy", "attach-user-policy"] == [
        words[2] for words in lines
    ]
    assert ["prod", "prod", "prod", "dev", "dev"] == [words[words.index("--profile") + 1] for words in lines]
    assert f"file://{tmp_path}/a b/trust-policy.json" in lines[0]
    assert [*("--user-name", "alice"), "--policy-arn", f"arn:aws:iam::{DEV}:policy/Assume-OneUser"] == lines[4][3:7]


def test_a_role_has_all_that_the_template_gives_it(policies: Any) -> None:
    """Path, description, session length, boundary and the stack's tags are in create-role."""
    bounded, described = (commands(policies(name))[0] for name in ("Bounded", "AllConditions"))

    assert "/crossrole/dev/" == bounded[bounded.index("--path") + 1]
    assert f"arn:aws:iam::{PROD}:policy/Boundary" == bounded[bounded.index("--permissions-boundary") + 1]
    assert "3600" == bounded[bounded.index("--max-session-duration") + 1]
    assert "--description" not in bounded
    assert "every condition at once" == described[described.index("--description") + 1]
    assert [{"Key": "application", "Value": "crossrole"}, {"Key": "team", "Value": "platform"}] == json.loads(
        described[described.index("--tags") + 1]
    )


def test_every_kind_of_caller(policies: Any) -> None:
    """A policy in each account once; then users and roles by name; an account that is neither by its number."""
    lines = commands(policies("Several", "--profile", "sandbox", "--prod-profile", "live"))
    callers = [(words[2], words[4], words[-1]) for words in lines if words[-1] != "live"]

    assert [
        ("create-policy", "Assume-Several", "555555555555"),
        ("create-policy", "Assume-Several", "sandbox"),
        ("attach-role-policy", "First", "sandbox"),
        ("put-role-policy", "First", "sandbox"),
        ("create-policy", "Assume-Several", "partner"),
        ("attach-role-policy", "Second", "partner"),
        ("put-role-policy", "Second", "partner"),
        ("attach-user-policy", "bob", "partner"),
    ] == callers
    assert "everyone in 555555555555 is trusted" in policies("Several")


def test_what_is_left_to_the_callers_administrators(policies: Any) -> None:
    """Of a grant's callers only those whom no stack gives their half, each in its account; the role's lines are not."""
    text = policies("Several", "--caller")

    assert [("create-policy", "555555555555")] == [(words[2], words[-1]) for words in commands(text)]
    assert "trust-policy.json" not in text
    assert "everyone in 555555555555 is trusted" in text


def test_where_nothing_is_left_it_says_so(policies: Any) -> None:
    """The stacks give each user of this grant its half."""
    assert "nothing is left: the stacks give each caller of OneUser its own half" in policies("OneUser", "--caller")
    answer = json.loads(policies("OneUser", "--caller", "--json"))
    assert ({}, []) == (answer["documents"], answer["steps"])


def test_what_sessions_are_tagged_with_is_in_the_callers_policy(kinds: Assembly, policies: Any) -> None:
    """Without sts:TagSession of its own, a caller that tags its sessions is denied."""
    managed = kinds.resources("DevCallersStack", "AWS::IAM::ManagedPolicy").values()
    expected = next(
        each["Properties"] for each in managed if each["Properties"]["ManagedPolicyName"].endswith("SessionTags")
    )

    assert (
        expected["PolicyDocument"]
        == json.loads(policies("SessionTags", "--json"))["documents"]["assume-role-policy.json"]
    )


@pytest.mark.parametrize("name", ["PermissionSet", "Organization", "OrganizationalUnit"])
def test_what_iam_cannot_attach_to_is_said(name: str, policies: Any) -> None:
    """For a permission set or an organization there is no line of IAM's, but a comment with who to ask."""
    text = policies(name)

    assert {"prod"} == {words[-1] for words in commands(text)}
    assert text.splitlines()[-1].startswith("# ")
    assert "assume-role-policy.json" in text.splitlines()[-1]


def test_pinned_principals_come_first(policies: Any) -> None:
    """IAM does not save a trust of a principal that does not exist."""
    assert f"these must exist: arn:aws:iam::{DEV}:role/service-role/Exporter" in policies("Pinned")
    assert "must exist" not in policies("ServiceRole")


def test_without_out_nothing_is_written(policies: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documents themselves are shown, and the lines are for a folder DIR."""
    monkeypatch.chdir(tmp_path)
    text = policies("Shut")

    assert [] == list(tmp_path.iterdir())
    for file in ("trust-policy", "permissions-AWSRevokeOlderSessions", "assume-role-policy"):
        _, _, after = text.partition(f"# {file}.json\n")
        assert "Statement" in json.JSONDecoder().raw_decode(after)[0]
        assert f"file://DIR/{file}.json" in text


def test_all_that_is_printed_is_for_a_shell(policies: Any, tmp_path: Path) -> None:
    """With --out each line is a command or a comment, so that it can be kept and run as it is."""
    lines = policies("Several", "--out", str(tmp_path / "d")).splitlines()

    assert {"#", "aws", ""} == {line.partition(" ")[0] for line in lines}


def test_a_folder_named_like_a_home(policies: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The AWS CLI would take `file://~/x` for the home folder's x."""
    monkeypatch.chdir(tmp_path)
    text = policies("OneUser", "--out", "~")

    assert (tmp_path / "~" / "trust-policy.json").exists()
    assert "file://./~/trust-policy.json" in commands(text)[0]


# --- what can go wrong


def test_a_name_that_only_deployment_knows(policies: Any, tmp_path: Path) -> None:
    """The id of a key of the stack is marked where it is to be filled in, and no name is made up."""
    text = policies("NewKey", "--out", str(tmp_path))
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    marked = "<the id of the key ProdAccessStack/BucketskindsnewkeyKeyB4948195, which only the deployment knows>"

    assert ["permissions-CrossAccountS3Access.json"] == [name for name, content in written.items() if "<" in content]
    assert f"key/{marked}" in written["permissions-CrossAccountS3Access.json"]
    assert f"# fill in, in permissions-CrossAccountS3Access.json: {marked}\n" in text


def test_an_unknown_grant(kinds: Assembly, capsys: Capture) -> None:
    """The nearest name is suggested."""
    assert "did you mean OneUser?" in error_of(capsys, kinds, "OneUsr")


def test_the_same_again_changes_nothing(policies: Any, tmp_path: Path) -> None:
    """A second run leaves the files alone, and keeps none."""
    policies("OneUser", "--out", str(tmp_path))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    text = policies("OneUser", "--out", str(tmp_path))

    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert "kept" not in text


def test_another_text_is_kept(policies: Any, tmp_path: Path) -> None:
    """What a file held before is kept under the next free number, reported, and never lost; nothing else is left."""
    trust = tmp_path / "trust-policy.json"
    trust.write_text("first")
    assert f"# kept: {trust}.~1~" in policies("OneUser", "--out", str(tmp_path)).splitlines()
    for text in ("mine", "mine too"):
        trust.write_text(text)
        answer = json.loads(policies("OneUser", "--out", str(tmp_path), "--json"))

    assert [f"{trust}.~3~"] == answer["kept"]
    assert ["first", "mine", "mine too"] == [Path(f"{trust}.~{number}~").read_text() for number in (1, 2, 3)]
    assert json.loads(trust.read_text()) == answer["documents"]["trust-policy.json"]
    assert 6 == len(list(tmp_path.iterdir()))


@pytest.mark.parametrize("obstacle", ["a file", "a folder in the file's place", "no room"])
def test_a_folder_that_takes_nothing(
    obstacle: str, kinds: Assembly, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, and what was there is as it was."""
    folder = tmp_path / "out"
    if obstacle == "a file":
        folder.write_text("mine")
    else:
        folder.mkdir()
        (folder / "trust-policy.json").write_text("mine")
    if obstacle == "a folder in the file's place":
        (folder / "assume-role-policy.json").mkdir()
    if obstacle == "no room":
        monkeypatch.setattr("crossrole.commands.files._kept", _no_room)
    before = sorted(str(each) for each in tmp_path.rglob("*"))
    line = error_of(capsys, kinds, "OneUser", "--out", str(folder))

    assert "--out" in line
    assert before == sorted(str(each) for each in tmp_path.rglob("*"))
    assert "mine" == (folder if folder.is_file() else folder / "trust-policy.json").read_text()


def _no_room(path: Path) -> Path:
    raise OSError(28, os.strerror(28), str(path))


def test_a_place_that_is_not_a_file_is_left_alone(
    default: Assembly, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipe in a file's place is neither read, which would wait for ever, nor replaced."""
    os.mkfifo(tmp_path / "trust-policy.json")

    assert 2 == main(
        ["policies", "DevAccountAccessS3Role", "--out", str(tmp_path), "--template-dir", str(default.directory)]
    )
    assert "is not a file, so nothing is written over it" in capsys.readouterr().err
    assert ["trust-policy.json"] == [each.name for each in tmp_path.iterdir()]
