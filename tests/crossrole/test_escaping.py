"""What a foreign text becomes where it goes: one visible line, one word of a shell, one text of TOML or JSON."""

import json
import shlex
import shutil
import subprocess
import tomllib

import pytest
from hypothesis import given, settings, strategies as st

from crossrole.escaping import all_visible, command, json_text, quoted, toml_text, visible
from crossrole.unknown import Unknown, token
from tests.examples import examples

TEXTS = st.text(
    st.one_of(
        st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
        st.sampled_from("\x1b\n\r\t\x7f\x9b\u202e\u2028 '\"`$\\~-=!*#&|;<>()"),
    ),
    max_size=20,
)
many = settings(max_examples=examples(100, ci=1000), deadline=None, derandomize=True, database=None)


@many
@given(TEXTS)
def test_a_text_is_one_line_that_prints(text: str) -> None:
    """Nothing in it steers a terminal, and what prints already stays as it is."""
    assert visible(text).isprintable()
    assert (visible(text) == text) == text.isprintable()


ESCAPES = {
    "a\x1b]0;owned\x07": r"a\x1b]0;owned\x07",
    "a\r\nallowed": r"a\r\nallowed",
    "a\u202eb": r"a\u202eb",
    "a\U000e0041": r"a\U000e0041",
    "a\u2028b\u00a0c": r"a\u2028b\xa0c",
    "\udc80": r"\udc80",
    f"key/{token(Unknown('the id of a key'))}": "key/<the id of a key>",
    "Übergröße, 日本": "Übergröße, 日本",
}


@pytest.mark.parametrize(("text", "expected"), ESCAPES.items(), ids=ESCAPES.values())
def test_what_was_escaped_can_be_told(text: str, expected: str) -> None:
    """Each character that does not print is written as programmers write it."""
    assert expected == visible(text)


@many
@given(TEXTS)
def test_a_quoted_word_is_one_word(word: str) -> None:
    """It is one line that prints, and parsed as a shell does it is one word: itself where it prints."""
    (parsed,) = shlex.split(quoted(word))

    assert quoted(word).isprintable()
    assert parsed == word or not word.isprintable()


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@settings(parent=many, max_examples=examples(10, ci=50))
@given(st.lists(TEXTS, min_size=5, max_size=20))
def test_a_shell_hands_on_each_word_as_it_is(words: list[str]) -> None:
    """Line breaks, escape codes and quotes reach the program as they were."""
    line = " ".join(["printf '%s\\0'", *map(quoted, words)])
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"})

    assert words == done.stdout.decode().split("\0")[:-1]


COMMANDS = {
    "plain": (
        command("aws iam get-role", role_name="R", profile="prod"),
        "aws iam get-role --role-name R --profile prod",
    ),
    "a flag": (command("crossrole revoke", "R", profile="p", dry_run=None), "crossrole revoke R --profile p --dry-run"),
    "a space": (command("cdk deploy", "a b", profile="p"), "cdk deploy 'a b' --profile p"),
    "a value like an option": (
        command("aws iam get-role", role_name="--query", profile="p"),
        "aws iam get-role --role-name=--query --profile p",
    ),
    "a name like an option": (command("cdk deploy", "--all", profile="p"), "cdk deploy --profile p -- --all"),
    "a home folder": (command("aws s3 ls", "~root"), "aws s3 ls '~root'"),
    "zsh's program": (command("aws s3 ls", "=ls"), "aws s3 ls '=ls'"),
    "a file that the AWS CLI would read": (
        command("aws iam create-role", role_name="R", permissions_boundary="file:///etc/passwd"),
        """aws iam create-role --cli-input-json '{"PermissionsBoundary": "file:///etc/passwd"}' --role-name R""",
    ),
    "an escape code in a value like an option": (
        command("aws iam get-role", role_name="-a\x1b"),
        r"aws iam get-role --role-name=$'-a\033'",
    ),
    "an escape code": (command("aws s3 ls", "a\x1b[2K\n'b\\"), r"aws s3 ls $'a\033[2K\n\047b\\'"),
}


@pytest.mark.parametrize(("line", "expected"), COMMANDS.values(), ids=COMMANDS)
def test_a_command(line: str, expected: str) -> None:
    """A name in it stays a name, whatever it looks like."""
    assert expected == line


@many
@given(TEXTS)
def test_toml_and_json_give_the_text_back(text: str) -> None:
    """Both print, and a reader of either finds the text as it was."""
    assert toml_text(text).isprintable()
    assert json_text([text], indent=None).isprintable()
    assert text == tomllib.loads(f"x = {toml_text(text)}")["x"]
    assert [text] == json.loads(json_text([text]))


def test_every_text_of_data_is_visible() -> None:
    """Keys, items and fields; numbers and the rest stay."""
    assert {"a\\n": ["b\\x1b", ("c\\r", 1, None)]} == all_visible({"a\n": ["b\x1b", ("c\r", 1, None)]})
