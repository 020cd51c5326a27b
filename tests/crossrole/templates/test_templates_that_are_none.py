"""What is no template, or holds more than any, is answered in a line and in little time."""

import json
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.command_line import crossrole
from tests.templates import PROD, allow, bucket, role

READ, OBJECT = "s3:GetObject", f"arn:aws:s3:::{'a' * 60}/x"
COMMANDS = (("lint",), ("who", READ, OBJECT), ("report", "--markdown"))
INVALID, SECONDS = 2, 5


def answered(file: Path, *words: str) -> tuple[int, str]:
    """Return the exit status and the error text of a command, which is to take little time."""
    before = monotonic()
    done = crossrole(*words, "--template-dir", str(file), "--account", PROD, "--region", "eu-west-1")

    assert monotonic() - before < SECONDS
    return done.returncode, done.stderr


def expanding(line: str, number: int) -> str:
    """Return lines of YAML, each of which holds the one before it many times."""
    lines = [f"a0: &a0 [{line}]", *(f"a{each}: &a{each} [{f'*a{each - 1}, ' * 9}]" for each in range(1, number))]
    return "\n".join([*lines, f"Resources: {{R: {{Type: 'AWS::S3::Bucket', Properties: {{Tags: *a{number - 1}}}}}}}"])


NONE: dict[str, tuple[str, str]] = {
    "nothing": ("{}", "it has no Resources"),
    "no resource": ('{"Resources": {}}', "it has no Resources"),
    "resources without names": ('{"Resources": [{}]}', "its Resources are not an object"),
    "a part that holds itself": ("Resources: &a [*a]", "larger or deeper than any template"),
    "a part of parts of parts": (expanding("x", 9), "larger or deeper than any template"),
    "a deep part": (
        json.dumps({"Resources": {"R": {"Properties": json.loads("[" * 200 + "]" * 200)}}}),
        "larger or deeper than any template",
    ),
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each[0])
@pytest.mark.parametrize("fact", NONE)
def test_what_is_no_template_is_invalid(fact: str, command: tuple[str, ...], tmp_path: Path) -> None:
    """It is not the fault of crossrole's own, and no certain answer either."""
    text, expected = NONE[fact]
    file = tmp_path / ("template.json" if text.startswith("{") else "template.yaml")
    file.write_text(text)
    status, error = answered(file, *command)

    assert (INVALID, 1) == (status, error.count("\n"))
    assert expected in error


STARS = allow(READ, f"arn:aws:s3:::{'*a' * 30}b")
CHAINED: dict[str, dict[str, Any]] = {
    "conditions that each name another twice": {
        "Conditions": {
            "C0": {"Fn::Equals": [{"Ref": "AWS::Region"}, "x"]},
            **{f"C{each}": {"Fn::Or": [{"Condition": f"C{each - 1}"}] * 2} for each in range(1, 40)},
        },
        "Resources": {"B": {**bucket("data-b"), "Condition": "C39"}},
    },
    "exports that each hold another twice": {
        "Outputs": {
            f"O{each}": {
                "Value": {"Fn::Sub": ["${a}${a}", {"a": {"Fn::ImportValue": f"e{each - 1}"} if each else "x"}]},
                "Export": {"Name": f"e{each}"},
            }
            for each in range(60)
        },
        "Resources": {"B": bucket("data-b", Tags=[{"Key": "a", "Value": {"Fn::ImportValue": "e59"}}])},
    },
    "a pattern of many stars": {"Resources": {"R": role("R", STARS), "B": bucket("data-b")}},
    "properties without names": {"Resources": {"R": {"Type": "AWS::S3::Bucket", "Properties": []}, "Null": None}},
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each[0])
@pytest.mark.parametrize("fact", CHAINED)
def test_what_names_the_same_many_times_takes_little_time(fact: str, command: tuple[str, ...], tmp_path: Path) -> None:
    """Each part is found once, and nothing of it is a fault of crossrole's own."""
    file = tmp_path / "template.json"
    file.write_text(json.dumps(CHAINED[fact]))

    assert "fault" not in answered(file, *command)[1]
