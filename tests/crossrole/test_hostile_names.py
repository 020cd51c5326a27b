"""Whatever a template names something, it stays a name: in no output does it become a line, a command or markup."""

import json
import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from crossrole.assume.tools import tools
from tests.command_line import Done, crossrole
from tests.crossrole.assemblies import DEV, PROD, allow, bucket, bucket_policy, document, role, trusting, written
from tests.examples import examples

BEGINS, ENDS, FORGED = "zqx", "qxz", "forged"
TRICKS = (
    "\x1b[2K\x1b]0;owned\x07",
    "\r",
    f"\n{FORGED}: allowed\n\nno change of access\n",
    f"\u2028{FORGED}",
    "\u202egnihton\u202c",
    "\x9b31m\x7f",
    "\U000e0041",
    "`rm -rf x`",
    "``x` ```",
    "$(touch x)",
    '"; touch x; "',
    "'; touch x; '",
    "\\",
    " && touch x #",
    "<script>alert(1)</script>",
    "</code><img src=x onerror=alert(1)>",
    "<!-- x -->",
    "&lt;b&gt;",
    "[x](https://example.com)",
    "![x](https://example.com/x.png)",
    "https://example.com",
    "@someone #1",
    "|x|\\|",
    "**x** __x__ ~~x~~",
    "{{ 7*7 }} {% x %}",
    "%s {x}",
)
AT_THE_START = ("", "-", "--all", "~", "=", "#", "file://", " ", "- ", "> ", "```")
HOSTILE = st.builds(
    lambda start, tricks: f"{start}{BEGINS}{''.join(tricks)}{ENDS}",
    st.sampled_from(AT_THE_START),
    st.lists(st.sampled_from(TRICKS), min_size=1, max_size=3),
)
PLAIN = {
    "stack": "Prod",
    "logical id": "Archive",
    "type": "Custom::Thing",
    "role": "Archive",
    "path": "/x/",
    "description": "Reads",
    "policy": "Permissions",
    "sid": "Read",
    "action": "s3:GetObject",
    "bucket": "vault",
    "prefix": "dev/",
    "caller": "Caller",
    "session": "nightly",
    "provider": "token.actions.githubusercontent.com",
    "subject": "repo:acme/site",
    "service": "lambda.amazonaws.com",
    "organization": "o-a1b2c3d4e5",
    "external id": "abc",
    "condition key": "aws:PrincipalTag/team",
    "condition value": "red",
    "operator": "StringEquals",
    "managed policy": "Read",
    "boundary": "Boundary",
    "tag": "team",
    "tag value": "red",
    "export": "Name",
    "parameter": "Stage",
    "account name": "prod",
    "key": "Key",
}
"""What stands in each field of a template where nothing is hostile."""


def assembly(folder: Path, given: dict[str, str]) -> Path:
    """Write an assembly with these texts, and return its folder."""
    text = PLAIN | given
    place = f"arn:aws:s3:::{text['bucket']}"
    conditions: dict[str, Any] = {
        "StringEquals": {"sts:ExternalId": text["external id"], "aws:PrincipalOrgID": text["organization"]},
    }
    conditions.setdefault(text["operator"], {})[text["condition key"]] = text["condition value"]
    trust = [
        trusting(
            f"arn:aws:iam::{DEV}:role/{text['caller']}",
            f"arn:aws:sts::{DEV}:assumed-role/Caller/{text['session']}",
            f"arn:aws:iam::{DEV}:root",
            Sid=text["sid"],
            Condition=conditions,
        ),
        allow(
            Principal={"Federated": f"arn:aws:iam::{PROD}:oidc-provider/{text['provider']}"},
            Action="sts:AssumeRoleWithWebIdentity",
            Condition={"StringLike": {f"{text['provider']}:sub": text["subject"]}},
        ),
        allow(Principal={"Service": text["service"]}, Action="sts:AssumeRole"),
    ]
    own = [
        allow(Sid=text["sid"], Action=[text["action"], "s3:PutObject"], Resource=f"{place}/{text['prefix']}*"),
        {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": f"{place}/*"},
    ]
    made = role(
        text["role"],
        trust,
        own,
        Path=text["path"],
        Description=text["description"],
        PermissionsBoundary=f"arn:aws:iam::{PROD}:policy/{text['boundary']}",
        Tags=[{"Key": text["tag"], "Value": text["tag value"]}],
    )
    made["Properties"]["Policies"][0]["PolicyName"] = text["policy"]
    key_policy = document(allow(Principal={"AWS": f"arn:aws:iam::{PROD}:root"}, Action="kms:*", Resource="*"))
    resources = {
        text["logical id"]: made,
        "Beside": role(
            "Beside",
            [trusting(f"arn:aws:iam::{DEV}:role/{text['caller']}")],
            [],
            ManagedPolicyArns=[f"arn:aws:iam::aws:policy/{text['managed policy']}"],
        ),
        f"{text['logical id']}Other": {"Type": text["type"], "Properties": {}},
        text["key"]: {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": key_policy}},
        "Vault": bucket(text["bucket"]),
        "VaultPolicy": bucket_policy(
            text["bucket"], allow(Principal={"AWS": f"arn:aws:iam::{DEV}:role/{text['caller']}"}, **reading(place))
        ),
    }
    written(folder, resources, stack=text["stack"])
    template = json.loads((folder / "0.template.json").read_text())
    template["Metadata"] = {"crossrole:Account": text["account name"]}
    template["Parameters"] = {text["parameter"]: {"Type": "String", "Default": text["parameter"]}}
    template["Outputs"] = {"Out": {"Value": "x", "Export": {"Name": text["export"]}}}
    (folder / "0.template.json").write_text(json.dumps(template))
    return folder


def reading(place: str) -> dict[str, Any]:
    """Return what a statement that allows reading a bucket's objects says of them."""
    return {"Action": "s3:GetObject", "Resource": f"{place}/*"}


def outputs(folder: Path, text: dict[str, str]) -> Iterator[tuple[str, Done]]:
    """Yield what each command that needs no account prints of the templates, by its words."""
    here = ["--template-dir", str(assembly(folder / "templates", text))]
    names = PLAIN | text
    place = f"arn:aws:s3:::{names['bucket']}/{names['prefix']}x"
    arn, caller = (
        f"arn:aws:iam::{PROD}:role{names['path']}{names['role']}",
        f"arn:aws:iam::{DEV}:role/{names['caller']}",
    )
    error = f"AccessDenied: User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    (folder / "config").write_text("[profile dev]\nregion = eu-west-1\n")
    variables = {**os.environ, "AWS_CONFIG_FILE": str(folder / "config")}
    for words in (
        ["can", arn, "s3:GetObject", place],
        ["can", f"{caller} via {arn}", "s3:DeleteObject", place],
        ["can", caller, "sts:AssumeRole", arn],
        ["who", "s3:GetObject", place],
        ["lint"],
        ["policies", arn],
        ["policies", arn, "--out", str(folder / "out"), f"--profile={names['tag']}"],
        ["profile", arn, "--source-profile", "dev"],
        *(["profile", arn, "--for", tool] for tool in tools()),
        ["explain", error],
        ["report", "--markdown"],
        ["report", "--out", str(folder / "page.html")],
    ):
        for form in ([], ["--json"]) if words[0] != "report" else ([],):
            yield f"{words[0]} {' '.join(form)}", crossrole(*words, *form, *here, variables=variables)


class Tags(HTMLParser):
    """The tags of a page and the names of its attributes."""

    def __init__(self, page: str) -> None:
        """Read a page."""
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> Tags:
    """Return the tags of pages on which nothing is hostile, of a template and of one that has all that a page can."""
    folder = tmp_path_factory.mktemp("harmless")
    assert [0] == list({done.returncode for name, done in outputs(folder, {}) if name.startswith("report")})
    return Tags((folder / "page.html").read_text())


COMMAND = re.compile(r"(?:^|`|: )((?:aws|cdk|python -m crossrole) [a-z].*)")


def assert_harmless(command: str, done: Done) -> None:
    """Find no line, no command and no control character in an output that a template put there."""
    for output in (done.stdout, done.stderr):
        for line in output.split("\n"):
            assert line.isprintable(), command
            # What is folded stands further to the right.
            assert not re.match(rf" {{0,4}}[-+#]? *(?:{FORGED}|no change of access\\)", line), command
    if "--json" in command:
        json.loads(done.stdout)
    elif command.startswith("report") and done.stdout.startswith("# "):
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", done.stdout)
        assert not re.search(f"{BEGINS}|{ENDS}|[<>|@\\[\\]{{}}]", outside), outside
    elif command.startswith("policies"):
        for line in done.stdout.split("\n"):
            assert not line or line.startswith(("#", "aws ", " ", "{", "}")), line
            if line.startswith("aws "):
                assert_words(line)


# What the commands of `policies` say of themselves.
OPTIONS = {
    *(
        "--role-name",
        "--assume-role-policy-document",
        "--policy-document",
        "--policy-name",
        "--policy-arn",
        "--profile",
    ),
    *("--path", "--description", "--max-session-duration", "--permissions-boundary", "--tags", "--user-name"),
    "--cli-input-json",
}


def assert_words(line: str) -> None:
    """Find nothing in a command but options of its own, each with one value."""
    aws, iam, verb, *words = shlex.split(line)
    assert ("aws", "iam") == (aws, iam), line
    assert verb in {
        "create-role",
        "update-assume-role-policy",
        "put-role-policy",
        "create-policy",
        "attach-role-policy",
    }
    while words:
        option, *words = words
        name, equals, _ = option.partition("=")
        assert name in OPTIONS, line
        words = words if equals else words[1:]


@settings(max_examples=examples(25, ci=200), deadline=None, derandomize=True, database=None)
@given(st.sampled_from(sorted(PLAIN)), HOSTILE)
def test_a_hostile_name_stays_a_name(harmless: Tags, field: str, text: str) -> None:
    """In every field of a template, and in every output of every command that reads the templates alone."""
    with tempfile.TemporaryDirectory() as folder:
        for command, done in outputs(Path(folder), {field: text}):
            assert_harmless(command, done)
        page = Path(folder) / "page.html"
        if page.exists():
            found = Tags(page.read_text())
            # The drawing library keeps spaces from breaking.
            assert all(line.replace("\u00a0", "").isprintable() for line in page.read_text().split("\n"))
            assert found.tags <= harmless.tags | {"tspan", "ul", "li"}
            assert found.attributes <= harmless.attributes


@pytest.mark.parametrize("field", PLAIN)
def test_a_hostile_name_in_a_change_stays_a_name(field: str, tmp_path: Path) -> None:
    """Of each field that changes; one text, since a proof of each would take long."""
    before = str(assembly(tmp_path / "before", {}))
    after = str(
        assembly(tmp_path / "after", {field: f"{BEGINS}\x1b[2K\n{FORGED}: allowed\nno change of access\n{ENDS}"})
    )

    assert_harmless("diff", crossrole("diff", before, after))
    assert_harmless("diff --json", crossrole("diff", after, before, "--json"))
