"""What `profile --for` prints for each tool and grant, also with hostile values, and where it is an error."""

import ast
import configparser
import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crossrole.assume.tools import Block, block_of, tools
from crossrole.errors import CommandError
from crossrole.templates.assembly import read_assembly
from crossrole.templates.grant import Grant, grant_of
from crossrole.templates.inventory import Inventory
from crossrole.templates.reader import read_inventory
from tests.command_line import crossrole
from tests.crossrole.assemblies import DEV, PROD, allow, role, trusting, written
from tests.synthesis import Assembly

KEYS = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "very-secret"}
PROFILES = {"alice": KEYS, "sso": {"sso_session": "company"}}
EXPORTER = f"arn:aws:iam::{DEV}:role/service-role/Exporter"


def granted(folder: Path, *own: dict[str, Any], path: str = "/", external_id: str | None = None) -> Grant:
    """Return the grant Export of a template, with these statements and this external ID."""
    conditions = {"StringEquals": {"sts:ExternalId": external_id}} if external_id else {}
    trust = trusting(EXPORTER, Condition=conditions)
    written(folder, {"Export": role("Export", [trust], list(own), Path=path)})
    return grant_of(read_inventory(read_assembly(folder)), "Export")


def objects(bucket: str, prefix: str, *actions: str) -> dict[str, Any]:
    """Return a statement that allows actions on a bucket's objects."""
    return allow(Action=list(actions), Resource=f"arn:aws:s3:::{bucket}/{prefix}*")


# --- what stands in each


def _json_texts(text: str) -> Iterator[str]:
    yield from (json.loads(each) for each in re.findall(r'"(?:[^"\\]|\\.)*"', text))


def _go_texts(text: str) -> Iterator[str]:
    yield from (tomllib.loads(f"x = {each}")["x"] for each in re.findall(r'"(?:[^"\\]|\\.)*"', text))


def _python_texts(text: str) -> Iterator[str]:
    nodes = ast.walk(ast.parse(text))
    yield from (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def _sql_texts(text: str) -> Iterator[str]:
    yield from (each[1:-1].replace("''", "'") for each in re.findall(r"'(?:[^']|'')*'", text))


def _ini_texts(text: str) -> Iterator[str]:
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    yield from (value for section in parser.sections() for value in parser[section].values())


def _shell_texts(text: str) -> Iterator[str]:
    config, _, commands = text.partition("<<'END'\n")[2].partition("\nEND\n")
    yield from _ini_texts(config)
    yield from shlex.split(commands)


def _rclone_texts(text: str) -> Iterator[str]:
    yield from _ini_texts(text)
    for line in text.splitlines():
        if line.startswith("# "):
            yield from (word.rpartition(":")[2].partition("/")[2] for word in shlex.split(line[2:]))


def _properties_texts(text: str) -> Iterator[str]:
    for line in text.splitlines():
        value = line.partition(" ")[2]
        yield json.loads('"' + value.replace('"', '\\"') + '"')


TEXTS: dict[str, Callable[[str], Iterator[str]]] = {
    "python": _python_texts,
    "javascript": _json_texts,
    "aws-cli": _shell_texts,
    "java": _json_texts,
    "go": _go_texts,
    "spark": _properties_texts,
    "airflow": _json_texts,
    "rclone": _rclone_texts,
    "duckdb": _sql_texts,
    "snowflake": _sql_texts,
    "redshift": _sql_texts,
}
"""How a program of each tool reads the texts of its settings."""
NO_PLACE = {"airflow"}
NO_KEY = {"airflow", "spark", "snowflake", "redshift"}


def test_every_tool_has_a_reader_here() -> None:
    """A new tool is read back like the others."""
    assert TEXTS.keys() == tools().keys()


@pytest.mark.parametrize("tool", TEXTS)
def test_the_facts_of_a_grant_are_in_its_settings(tmp_path: Path, tool: str) -> None:
    """The role with its path, the external ID, the region, the session's name, and every place, each whole."""
    given = None if "external_id" in tools()[tool].lacks else "by:hand/2026"
    own = (objects("orders", "in/", "s3:PutObject"), objects("archive", "2026/", "s3:GetObject"))
    block = block_of(granted(tmp_path, *own, path="/app/", external_id=given), tool)
    texts = "\n".join(TEXTS[tool](block.text))

    assert f"arn:aws:iam::{PROD}:role/app/Export" in texts
    assert ("by:hand/2026" in texts) == (given is not None)
    assert ("Exporter" in texts) == (tool not in {"duckdb", "snowflake"} or "redshift" == tool)
    assert ("eu-west-1" in texts) == (tool != "snowflake")
    for place in () if tool in NO_PLACE else ("orders", "in/", "archive", "2026/"):
        assert place in block.text


@pytest.mark.parametrize("tool", TEXTS)
def test_every_kind_of_grant_has_settings_or_a_reason(kinds_inventory: Inventory, tool: str) -> None:
    """None fails in another way, and those that fail ask for what no program has, or allow no objects."""
    reasons = []
    for each in kinds_inventory.grants:
        try:
            block = block_of(grant_of(kinds_inventory, each.name), tool)
        except CommandError as error:
            reasons.append(str(error))
        else:
            assert all(line.isprintable() for line in block.lines)
            list(TEXTS[tool](block.text))
    known = "MFA code|neither to read nor to write|external ID that|needs the role that it has|--name"

    assert [] == [reason for reason in reasons if not re.search(known, reason)]


FIELDS = {"prefix": "dev/", "path": "/app/", "external id": "plain"}
# AWS takes no space and no character beyond ASCII in a path; the reader of the templates takes what prints.
HOSTILE = {"quotes and signs": "a'\"`$(x){{x}}%s#;b", "a backslash": "a\\b", "a space and others": "a 😀b"}


def _made(folder: Path, tool: str, values: dict[str, str]) -> Block:
    external_id = None if "external_id" in tools()[tool].lacks else values["external id"]
    own = objects("orders", values["prefix"], "s3:PutObject")
    return block_of(granted(folder, own, path=values["path"], external_id=external_id), tool)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("tool", TEXTS)
def test_a_hostile_value_is_read_back(tmp_path: Path, tool: str, field: str, text: str) -> None:
    """Every program reads the value that the template has, and no line and no word more."""
    value = FIELDS | ({} if (field, text) == ("path", "a space and others") else {field: f"/{HOSTILE[text]}/"})
    wanted = {
        "prefix": None if tool in NO_KEY else value["prefix"],
        "path": f"role{value['path']}Export",
        "external id": None if "external_id" in tools()[tool].lacks else value["external id"],
    }[field]
    plain = _made(tmp_path / "plain", tool, FIELDS)
    if tools()[tool].quoting == "sql" and "\\" in "".join(value.values()):
        # SQL engines differ in what a backslash means.
        if (tool, field) != ("redshift", "external id"):
            with pytest.raises(CommandError, match="can't be written alike for every SQL engine"):
                _made(tmp_path / "hostile", tool, value)
        return
    block = _made(tmp_path / "hostile", tool, value)
    texts = list(TEXTS[tool](block.text))

    assert len(plain.lines) == len(block.lines)
    assert len(list(TEXTS[tool](plain.text))) == len(texts)
    assert all(line.isprintable() for line in block.lines)
    assert wanted is None or any(wanted in each for each in texts)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("tool", TEXTS)
def test_what_does_not_print_is_an_error(tmp_path: Path, tool: str, field: str) -> None:
    """It is one already where the templates are read; nothing of it comes to a program."""
    for number, text in enumerate(("a\nb", "a\x1bb", "a\u202eb")):
        value = FIELDS | {field: f"/{text}/"}
        own = objects("orders", value["prefix"], "s3:PutObject")
        with pytest.raises(CommandError) as caught:
            block_of(
                granted(tmp_path / str(number), own, path=value["path"], external_id=value["external id"]),
                tool,
            )
        assert "\n" not in str(caught.value)


# --- what is chosen


LONGEST = {
    "a role's own credentials": ("ServiceRole", "python", None, 3600),
    "a user's own credentials": ("OneUser", "python", None, 43200),
    "a user's profile": ("OneUser", "python", "alice", 43200),
    "a profile of Identity Center": ("OneUser", "python", "sso", 3600),
    "shorter by the grant": ("Bounded", "python", None, 900),
    "the longest that s3a takes": ("OneUser", "spark", None, 3600),
}


@pytest.mark.parametrize(("grant", "tool", "source", "seconds"), LONGEST.values(), ids=LONGEST)
def test_how_long_a_session_lasts(
    kinds_inventory: Inventory, grant: str, tool: str, source: str | None, seconds: int
) -> None:
    """A role that assumes a role gets an hour at most, which STS would deny to exceed."""
    block = block_of(grant_of(kinds_inventory, grant), tool, profiles=PROFILES, source=source)
    found = re.search(r'(?:DurationSeconds": |duration )(\d+)', block.text)

    assert found
    assert str(seconds) == found[1]


@pytest.mark.parametrize("tool", [name for name, tool in tools().items() if tool.takes_profile])
def test_a_profile_is_named_where_the_tool_takes_one(kinds_inventory: Inventory, tool: str) -> None:
    """Its name stands in the settings, and nothing of its keys."""
    block = block_of(grant_of(kinds_inventory, "OneUser"), tool, profiles=PROFILES, source="alice", called="mine")

    assert "alice" in TEXTS[tool](block.text)
    assert not any(key in block.text for key in KEYS.values())


ERRORS: dict[str, tuple[str, dict[str, Any], str]] = {
    "an unknown tool": ("OneUser", {"name": "rclon"}, 'there are no settings for "rclon"; did you mean rclone?'),
    "a tool like none": ("OneUser", {"name": "zzz"}, "there are: python, javascript, aws-cli"),
    "MFA": ("RecentMfa", {"name": "rclone"}, "RecentMfa asks for an MFA code, which no program can type"),
    "no external ID": ("ExternalIdByHand", {"name": "redshift"}, "Redshift can't send the external ID"),
    "no role": ("OneUser", {"name": "redshift"}, "OneUser names no role"),
    "no objects": ("ExactActions", {"name": "rclone"}, "ExactActions allows neither to read nor to write objects"),
    "no such profile": ("OneUser", {"name": "rclone", "source": "alic"}, 'no profile "alic"; did you mean alice?'),
    "a profile that it can't use": ("OneUser", {"name": "duckdb", "source": "alice"}, "has no setting for a profile"),
    "a name that it can't have": ("OneUser", {"name": "rclone", "called": "a b"}, "give another with --name"),
}


@pytest.mark.parametrize(("grant", "asked", "expected"), ERRORS.values(), ids=ERRORS)
def test_an_error(kinds_inventory: Inventory, grant: str, asked: dict[str, Any], expected: str) -> None:
    """What can't be is said, with what can be done."""
    with pytest.raises(CommandError) as caught:
        block_of(grant_of(kinds_inventory, grant), profiles=PROFILES, **asked)

    assert expected in str(caught.value)


def test_a_role_for_tokens_alone(tmp_path: Path) -> None:
    """No AWS credentials assume a role that trusts an identity provider alone."""
    federated = {"Federated": f"arn:aws:iam::{PROD}:oidc-provider/token.example.com"}
    trust = allow(Principal=federated, Action="sts:AssumeRoleWithWebIdentity")
    written(tmp_path, {"Export": role("Export", [trust], [objects("orders", "", "s3:PutObject")])})
    made = read_inventory(read_assembly(tmp_path)).roles[f"arn:aws:iam::{PROD}:role/Export"]
    assert made.trust
    grant = Grant(made, made.trust, made.region)

    with pytest.raises(CommandError, match="trusts no AWS account, user or role"):
        block_of(grant, "python")


HINTS = {
    "what the tool asks beside": (
        "ServiceRole",
        "spark",
        "needs s3:GetObject, s3:DeleteObject, s3:ListBucket on s3://",
    ),
    "every bucket": ("EveryBucket", "python", "BUCKET stands for one of them"),
    "disabled": ("Disabled", "python", "Disabled is disabled: nobody can assume it now"),
    "an hour": ("OneUser", "spark", "a session lasts 3600 seconds at most, not the 43200 of OneUser"),
}


@pytest.mark.parametrize(("grant", "tool", "expected"), HINTS.values(), ids=HINTS)
def test_a_hint(kinds_inventory: Inventory, grant: str, tool: str, expected: str) -> None:
    """What does not work as it stands is said beside."""
    assert expected in "\n".join(block_of(grant_of(kinds_inventory, grant), tool).hints)


def test_nothing_to_say_of_a_grant_that_allows_enough(kinds_inventory: Inventory) -> None:
    """A grant that reads and lists has all that reading takes."""
    assert () == block_of(grant_of(kinds_inventory, "OneUser"), "rclone").hints


# --- the command


def test_the_command(kinds: Assembly) -> None:
    """The settings are all of standard output, hints are beside, and --json has them as one text."""
    words = ("profile", "ServiceRole", "--for", "spark", "--template-dir", str(kinds.directory))
    shown, as_json = crossrole(*words), crossrole(*words, "--json")
    answer = json.loads(as_json.stdout)

    assert (0, 1) == (shown.returncode, shown.stderr.count("\n"))
    assert shown.stdout == answer["settings"] + "\n"
    assert ("spark", "ServiceRole") == (answer["tool"], answer["grant"])
    assert answer["docs"].startswith("https://")


USES = {
    "neither": ((), "--source-profile is missing"),
    "a device for a program": (("--for", "rclone", "--mfa-serial", "arn:x"), "--mfa-serial is for a profile alone"),
}


@pytest.mark.parametrize(("options", "expected"), USES.values(), ids=USES)
def test_options_that_do_not_go_together(kinds: Assembly, options: tuple[str, ...], expected: str) -> None:
    """One line says which to leave out or to add."""
    done = crossrole("profile", "OneUser", *options, "--template-dir", str(kinds.directory))

    assert (2, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))
    assert expected in done.stderr
