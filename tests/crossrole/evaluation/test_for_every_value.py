"""Certain answers hold for every value of what is not known: tried on assemblies that are made at random."""

import copy
from pathlib import Path
from random import Random
from typing import Any

import pytest

from crossrole.engines.prover import Prover
from crossrole.engines.simulator import Simulator
from crossrole.evaluation.can import Answer, ask
from crossrole.evaluation.question import question_of
from crossrole.evaluation.who import who_can
from crossrole.templates.assembly import Given, read_assembly
from crossrole.templates.reader import read_inventory
from tests.crossrole.evaluation.generated import CALLERS, OBJECTS, PARAMETERS, resources, sampled, statement, write
from tests.crossrole.evaluation.test_table import NOW
from tests.examples import examples

SEEDS = range(examples(60, ci=600))
UNKNOWN = 2


def answer_of(
    folder: Path, simulator: Simulator, caller: str, asked: tuple[str, str], *, given: Any = None, **more: Any
) -> Answer:
    """Return the answer for a caller, an action and a resource."""
    inventory = read_inventory(read_assembly(folder, given=given or Given()))
    action, resource = asked
    question = question_of(
        inventory, caller=caller, via=None, action=action, resource=resource, given=more.get("context", {}), now=NOW
    )
    return ask(inventory, simulator, question, more.get("prover"))


def asked_by(random: Random) -> tuple[str, tuple[str, str]]:
    """Return a caller, and an action on a resource."""
    return random.choice(CALLERS), (random.choice(["s3:GetObject", "s3:PutObject"]), random.choice(OBJECTS))


def settled(random: Random, caller: str, made: dict[str, Any]) -> tuple[str, Given, dict[str, str]]:
    """Return a session to ask about, values of the parameters, and a context."""
    name = random.choice(["alice", "bob"])
    session = f"arn:aws:sts::222222222222:assumed-role/Writer/{name}" if caller == "Writer" else caller
    parameters = {("Prod", name): random.choice(values) for name, values in PARAMETERS.items()}
    acting = made["Nameless" if caller == "Nameless" else "Writer"]
    context = sampled(random, acting["Properties"]["AssumeRolePolicyDocument"])
    if ":assumed-role/" in session:
        context["aws:userid"] = f"{random.choice(['AROAX', 'AROAEXAMPLEID1234567'])}:{session.rpartition('/')[2]}"
    return session, Given(parameters=parameters), context


@pytest.mark.parametrize("seed", SEEDS)
def test_a_certain_answer_holds_for_sampled_values(
    seed: int, tmp_path: Path, simulator: Simulator, prover: Prover
) -> None:
    """Whatever parameters, context and session a request turns out to have, it is decided as was said."""
    random = Random(seed)
    made = resources(random)
    folder = write(tmp_path, made)
    caller, asked = asked_by(random)
    answer = answer_of(folder, simulator, caller, asked, prover=prover if seed % 4 == 0 else None)

    for _ in range(4 if answer.exit_status != UNKNOWN else 0):
        session, given, context = settled(random, caller, made)
        again = answer_of(folder, simulator, session, asked, given=given, context=context)

        assert again.exit_status in {answer.exit_status, UNKNOWN}, (session, given, context)


def renamed(made: dict[str, Any], random: Random) -> dict[str, Any]:
    """Give each statement a Sid, and turn the statements and their lists round."""
    for number, each in enumerate(_statements(made)):
        each["Sid"] = f"Statement{number}{random.choice('ab')}"
        for name in ("Action", "NotAction", "Resource", "NotResource"):
            if isinstance(each.get(name), list):
                each[name].reverse()
    return made


def split(made: dict[str, Any], _: Random) -> dict[str, Any]:
    """Make of each statement with several resources one for each."""
    for document_ in _documents(made):
        document_["Statement"] = [
            {**each, "Resource": resource}
            for each in document_["Statement"]
            for resource in (each["Resource"] if isinstance(each.get("Resource"), list) else [each.get("Resource")])
            if resource is not None
        ] + [each for each in document_["Statement"] if "Resource" not in each]
    return made


def spelt(made: dict[str, Any], _: Random) -> dict[str, Any]:
    """Spell texts with functions that give the same text."""
    for each in _statements(made):
        for name in ("Action", "Resource"):
            if isinstance(each.get(name), list):
                each[name] = [_spelt(value) if isinstance(value, str) else value for value in each[name]]
    return made


def _spelt(text: str) -> Any:
    half = len(text) // 2
    return {"Fn::Join": ["", [text[:half], {"Fn::Select": [1, ["", text[half:]]]}]]}


def beside(made: dict[str, Any], _: Random) -> dict[str, Any]:
    """Add what has nothing to do with it."""
    made["Table"] = {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "table"}}
    made["Alarm"] = {"Type": "AWS::CloudWatch::Alarm", "Properties": {}}
    return made


def _documents(made: dict[str, Any]) -> list[dict[str, Any]]:
    found = [each["PolicyDocument"] for one in made.values() for each in one["Properties"].get("Policies", [])]
    return found + [
        one["Properties"]["PolicyDocument"] for one in made.values() if "PolicyDocument" in one["Properties"]
    ]


def _statements(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for document_ in _documents(made) for each in document_["Statement"]]


@pytest.mark.parametrize("change", [renamed, split, spelt, beside], ids=lambda each: each.__name__)
@pytest.mark.parametrize("seed", SEEDS[: len(SEEDS) // 3])
def test_another_spelling_is_answered_alike(seed: int, change: Any, tmp_path: Path, simulator: Simulator) -> None:
    """Names, order, splitting, functions and what is unrelated change no answer."""
    random = Random(seed)
    made = resources(random)
    caller, asked = asked_by(random)
    before = answer_of(write(tmp_path / "before", made), simulator, caller, asked)
    after = answer_of(write(tmp_path / "after", change(copy.deepcopy(made), random)), simulator, caller, asked)

    assert before.exit_status == after.exit_status


@pytest.mark.parametrize("seed", SEEDS)
def test_more_that_is_allowed_takes_no_yes_away(seed: int, tmp_path: Path, simulator: Simulator) -> None:
    """With one more Allow, or a Deny less, what was certainly allowed stays so; and the other way round."""
    random = Random(seed)
    made = resources(random)
    caller, asked = asked_by(random)
    wider = copy.deepcopy(made)
    documents = _documents(wider)
    documents[0]["Statement"].append({**statement(random), "Effect": "Allow"})
    for document_ in documents:
        document_["Statement"] = [each for each in document_["Statement"] if each["Effect"] == "Allow"] or [
            {"Effect": "Deny", "Action": "sns:*", "Resource": "*", **_principal(document_)}
        ]
    before = answer_of(write(tmp_path / "before", made), simulator, caller, asked).exit_status
    after = answer_of(write(tmp_path / "after", wider), simulator, caller, asked).exit_status

    assert (before, after) not in {(0, 1), (0, UNKNOWN), (UNKNOWN, 1)}


def _principal(document_: dict[str, Any]) -> dict[str, Any]:
    of_bucket = any({"Principal", "NotPrincipal"} & each.keys() for each in document_["Statement"])
    return {"Principal": "*"} if of_bucket else {}


@pytest.mark.parametrize("seed", SEEDS)
def test_who_lists_whoever_can(seed: int, tmp_path: Path, simulator: Simulator) -> None:
    """Whom `can` certainly allows `who` lists; where `who` lists nobody for certain, `can` allows nobody."""
    random = Random(seed)
    folder = write(tmp_path, resources(random))
    inventory = read_inventory(read_assembly(folder))
    _, asked = asked_by(random)
    callers = who_can(inventory, simulator, *asked, now=NOW)
    # A role that another may assume is listed as the way of those who may.
    listed = {inventory.grant(way.via).arn if way.via else way.caller for way in callers.ways}
    answers = {arn: answer_of(folder, simulator, arn, asked) for arn in inventory.roles}

    assert {arn for arn, answer in answers.items() if answer.exit_status == 0} <= listed
    if not callers.ways and not callers.depends:
        assert not any(answer.exit_status == 0 for answer in answers.values())
