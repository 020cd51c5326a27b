"""Every entry of the catalogue: recognised by AWS's own words, and complete, and pointing only at what there is."""

import argparse
import importlib
import re
import shlex
from collections import Counter
from datetime import UTC, datetime

import pytest

from crossrole.cli import COMMANDS
from crossrole.environment import Environment
from crossrole.errors import CommandError
from crossrole.explain.catalogue import CATALOGUE
from crossrole.explain.catalogue.model import Cause, Trouble
from crossrole.explain.error_text import read_error_text
from crossrole.explain.explanation import explained
from crossrole.explain.match import recognised
from crossrole.explain.placeholders import filled, words_of
from crossrole.explain.text import explanations_text
from tests.crossrole.explain.error_texts import TEXTS

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
BY_NAME = pytest.mark.parametrize("trouble", CATALOGUE, ids=[each.name for each in CATALOGUE])
CAUSES = [(each, cause) for each in CATALOGUE for cause in each.causes]
BY_CAUSE = pytest.mark.parametrize(("trouble", "cause"), CAUSES, ids=[each.name for each, _ in CAUSES])


@pytest.mark.parametrize(("name", "text", "source"), TEXTS, ids=[name for name, _, _ in TEXTS])
def test_awss_own_words_are_recognised(name: str, text: str, source: str) -> None:
    """Each text is that trouble and no other, however it is wrapped, and its wording has a source."""
    assert [name] == [each.trouble.name for each in recognised(read_error_text(text))]
    assert name == recognised(read_error_text(text.encode()))[0].trouble.name
    assert source.startswith(("https://", "lambda/"))


@pytest.mark.parametrize(("name", "text", "source"), TEXTS, ids=[name for name, _, _ in TEXTS])
def test_it_is_found_in_a_long_log(name: str, text: str, source: str) -> None:
    """In half a megabyte of other lines, of which only those that look like errors are read, it is found too."""
    noise = "2026-11-24T02:00:00 INFO the object was written\n" * 11_000

    assert name in [each.trouble.name for each in recognised(read_error_text(f"{noise}{text}\n{noise}"))], source


@BY_NAME
def test_an_entry_has_a_text(trouble: Trouble) -> None:
    """No entry is there of which no text is known."""
    assert trouble.name in {name for name, _, _ in TEXTS}


def test_names_are_unique() -> None:
    """A program can tell the troubles apart by their names."""
    assert [] == [name for name, count in Counter(each.name for each in CATALOGUE).items() if count > 1]


@BY_NAME
def test_an_entry_names_awss_own_source(trouble: Trouble) -> None:
    """Each trouble has a page of AWS, what it means, and at least one cause."""
    assert trouble.source.startswith(("https://docs.aws.amazon.com/", "https://github.com/"))
    assert trouble.means.endswith(".")
    assert trouble.causes


@BY_NAME
def test_the_likeliest_cause_is_first(trouble: Trouble) -> None:
    """As text and as JSON the causes are in the catalogue's order, which is their rank."""
    found = recognised(read_error_text(next(text for name, text, _ in TEXTS if name == trouble.name)))
    explanations = explained(found[:1], CommandError("there are no templates"), Environment(now=lambda: NOON))
    checks = [each["check"] for each in explanations[0].as_json()["causes"]]
    text = "\n".join(explanations_text(explanations, skipped=False))
    heads = re.findall(r"^  \d+\. (.*)", text, re.MULTILINE)

    facts = words_of(found[0].facts, None, None)
    assert [filled(each, facts).check for each in trouble.causes] == checks
    assert len(heads) == len(trouble.causes)
    assert all(head.startswith(each.side) for head, each in zip(heads, trouble.causes, strict=True))


@BY_CAUSE
def test_a_cause_is_complete(trouble: Trouble, cause: Cause) -> None:
    """Each cause has its side, how to tell it, and its fix, and reads well with nothing filled in."""
    empty = filled(cause, {})

    for text in (empty.side, empty.what, empty.check, empty.fix):
        assert text.strip() == text
        assert text
        assert not re.search(r"\{[a-z_]+\}|  ", text), trouble.name
    assert empty.fix.count("`") % 2 == 0
    assert "`" not in empty.check


@BY_CAUSE
def test_what_is_to_be_pasted_is_shell(trouble: Trouble, cause: Cause) -> None:
    """The command that checks a cause is valid in a shell."""
    assert shlex.split(filled(cause, {}).check), trouble.name


@BY_CAUSE
def test_only_commands_that_exist_are_named(trouble: Trouble, cause: Cause) -> None:
    """Every crossrole command in a text exists, with its options, and stands where it can be pasted whole."""
    plain = filled(cause, {})
    commands = [plain.check, *plain.fix.split("`")[1::2]]

    assert (plain.check + plain.fix).count("python -m crossrole") == sum(
        each.count("python -m crossrole") for each in commands
    ), trouble.name
    for command in commands:
        for words in re.findall(r"python -m crossrole ([^;|]+)", command):
            name, *rest = words.split()
            options = {word for word in rest if word.startswith("--")}
            assert options <= options_of(name), f"{trouble.name}: {name}"


def options_of(name: str) -> set[str]:
    """Return the options of a command."""
    assert name in COMMANDS
    parser = argparse.ArgumentParser()
    importlib.import_module(f"crossrole.commands.{name}").add_arguments(parser)
    return set(parser._option_string_actions)  # noqa: SLF001 there is no public way to list them


@BY_CAUSE
def test_every_address_is_awss(trouble: Trouble, cause: Cause) -> None:
    """No text leads anywhere but to AWS's documentation, GitHub and AWS's own endpoints."""
    addresses = re.findall(r"https?://[^\s'\"`]+", f"{cause.what} {cause.check} {cause.fix} {trouble.source}")
    hosts = ("docs.aws.amazon.com", "github.com", "sts.amazonaws.com", "HOST:PORT")

    assert [] == [each for each in addresses if each.split("/")[2] not in hosts]
