"""A template that somebody broke is answered for, or an error that says so: never a fault of crossrole's own."""

import copy
import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from crossrole.engines.simulator import Simulator
from crossrole.errors import CommandError
from crossrole.evaluation.can import ask
from crossrole.evaluation.question import question_of
from crossrole.evaluation.text import answer_text, ways_text
from crossrole.evaluation.who import who_can
from crossrole.lint.findings import findings_of
from crossrole.policies.documents import policies_of
from crossrole.templates.assembly import read_assembly
from crossrole.templates.grant import grants_of
from crossrole.templates.reader import read_inventory
from tests.crossrole.cases.test_cases import ASSEMBLIES
from tests.crossrole.evaluation.test_table import NOW
from tests.examples import examples

MUTATIONS = 12  # in each test
JUNK: list[Any] = [
    None,
    1,
    -1.5,
    10**30,
    True,
    "",
    "x",
    "*",
    "\n\x1b[31m",
    "${x}",
    "${",
    "\ue000",
    "\ud800",
    "a" * 500,
    "arn:aws:s3:::b/*",
    "AROAEXAMPLEID12345678",
    "2012-10-17",
    "{{resolve:ssm:a}}",
    [],
    [[]],
    ["x", 1],
    {},
    {"a": {"b": {"c": []}}},
    {"AWS": []},
    {"AWS": None},
    {"Statement": []},
    {"Ref": "Nowhere"},
    {"Ref": 7},
    {"Ref": "AWS::NoValue"},
    {"Fn::Join": 3},
    {"Fn::Sub": {}},
    {"Fn::GetAtt": []},
    {"Fn::If": ["C", [], {}]},
    {"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "AWS::NoValue"}]}]},
    {"Fn::ImportValue": {"Ref": "X"}},
    {"Fn::FindInMap": ["a"]},
    {"Fn::Transform": {}},
]
KEYS = ["Fn::Sub", "Ref", "Condition", "Statement", "Principal", "NotPrincipal", "Effect", "Type", "Sid", "NotAction"]


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from _places(item, (*path, key))


def mutate(document: Any, random: Random) -> None:
    """Change one place of a document: to junk, to nothing, to another key, or twice."""
    *path, key = random.choice(list(_places(document)) or [("Resources",)])
    for step in path:
        document = document[step]
    match random.randrange(4):
        case 0 | 1:
            document[key] = copy.deepcopy(random.choice(JUNK))
        case 2:
            del document[key]
        case _ if isinstance(document, list):
            document.append(copy.deepcopy(document[key]))
        case _:
            document[random.choice(KEYS)] = document.pop(key)


def answer(folder: Path, random: Random, simulator: Simulator) -> None:
    """Ask everything that reads templates."""
    templates = read_assembly(folder)
    findings_of(templates)
    inventory = read_inventory(templates)
    for grant in grants_of(inventory):
        assert isinstance(grant.reaches, list)
        with suppress(CommandError):
            policies_of(templates, grant.arn)
    resource = f"{random.choice([*inventory.buckets, 'arn:aws:s3:::x'])}/x"
    callers = [each.arn for each in inventory.identities] or ["arn:aws:iam::111111111111:role/ci"]
    via = random.choice([None, *(each.arn for each in inventory.grants)])
    question = question_of(
        inventory, caller=random.choice(callers), via=via, action="s3:GetObject", resource=resource, given={}, now=NOW
    )
    answer_text(ask(inventory, simulator, question))
    ways_text(who_can(inventory, simulator, "s3:GetObject", resource, now=NOW), "s3:GetObject", resource)


@pytest.mark.parametrize("seed", range(examples(40, ci=400)))
def test_a_broken_template_is_no_fault(seed: int, tmp_path: Path, simulator: Simulator) -> None:
    """Nothing but `CommandError` leaves what reads it."""
    random = Random(seed)
    for number in range(MUTATIONS):
        folder = tmp_path / str(number)
        files = copy.deepcopy(dict(ASSEMBLIES[random.choice(list(ASSEMBLIES))]))
        for _ in range(random.choice([1, 1, 2, 3])):
            with suppress(IndexError, KeyError, TypeError):
                mutate(random.choice([each for name, each in files.items() if "template" in name]), random)
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(json.dumps(content))
        with suppress(CommandError):
            answer(folder, random, simulator)
        shutil.rmtree(folder)
