"""What the prover proves of texts and patterns, beside every short text that there is."""

from fnmatch import fnmatchcase
from itertools import product
from random import Random
from typing import Any

import pytest

from crossrole.engines.prover import Inquiry, Prover, Side, Verdict
from crossrole.iam.policy import VERSION, Policy

ROLE, ACCOUNT = "arn:aws:iam::111111111111:role/Any", "111111111111"
TEAM = "arn:aws:iam::111111111111:role/service-role/team/"
KEY = "aws:Example"


def allowing(*conditions: dict[str, Any], effect: str = "Allow") -> list[dict[str, Any]]:
    """Return a statement about everything for each condition."""
    return [{"Effect": effect, "Action": "sts:AssumeRole", "Resource": "*", "Condition": each} for each in conditions]


def side(*statements: dict[str, Any]) -> Side:
    """Return a role with these statements."""
    return Side(ROLE, ACCOUNT, (Policy("t", "Role", "p", {"Version": VERSION, "Statement": list(statements)}),))


def is_like(text: str, pattern: str) -> bool:
    """Return whether a text matches a pattern of IAM."""
    return fnmatchcase(text, pattern)


SLOW_FOR_Z3_ALONE = [
    ("a star in the middle", {"StringEquals": f"{TEAM}Exporter"}, {"StringLike": f"{TEAM}E*porter"}, True),
    ("two patterns with one beginning", {"StringLike": f"{TEAM}Ex*"}, {"StringLike": f"{TEAM}E*porter"}, True),
    ("a pattern within another", {"StringLike": f"{TEAM}*"}, {"StringLike": f"{TEAM}E*porter"}, False),
    (
        "any account in place of one",
        {"ArnLike": f"{TEAM}E*"},
        {"ArnLike": "arn:aws:iam::*:role/service-role/team/E*"},
        True,
    ),
    ("an account's, of its roles", {"StringLike": "arn:aws:iam::111111111111:*"}, {"StringLike": f"{TEAM}*r*"}, False),
]


@pytest.mark.parametrize(
    ("base", "head", "wider"), [row[1:] for row in SLOW_FOR_Z3_ALONE], ids=[row[0] for row in SLOW_FOR_Z3_ALONE]
)
def test_patterns_are_compared_as_sets(base: dict[str, str], head: dict[str, str], wider: bool, prover: Prover) -> None:
    """Whether one pattern allows a text that another does not is proved, however long their texts are."""
    sides = [side(*allowing({operator: {KEY: value} for operator, value in each.items()})) for each in (base, head)]

    assert (Verdict.ALLOWED if wider else Verdict.DENIED) == prover.more(*sides, action="sts:AssumeRole").verdict


SHORT_TEXTS = ["".join(letters) for length in range(4) for letters in product("ab", repeat=length)]


@pytest.mark.parametrize("seed", range(20))
def test_a_proof_agrees_with_every_short_text(seed: int, prover: Prover) -> None:
    """What is proved of random patterns holds for each short text, and an example is one indeed."""
    random = Random(seed)
    patterns = ["".join(random.choice("aab*?") for _ in range(random.randint(1, 5))) for _ in range(6)]
    like, denied = patterns[: random.randint(1, 3)], patterns[3 : 3 + random.randint(1, 3)]
    statements = [
        *allowing({"StringLike": {KEY: like}}),
        *allowing(*({"StringLike": {KEY: each}} for each in denied), effect="Deny"),
    ]
    (proof,) = prover.prove([Inquiry(side(*statements), "sts:AssumeRole")])

    def is_allowed(text: str) -> bool:
        return any(is_like(text, each) for each in like) and not any(is_like(text, each) for each in denied)

    if proof.example:
        assert is_allowed(proof.example["context"][KEY])
    assert proof.verdict is (Verdict.ALLOWED if proof.example else Verdict.DENIED)
    assert proof.example or not any(map(is_allowed, SHORT_TEXTS))


def test_every_action_is_compared_at_once(prover: Prover) -> None:
    """What is allowed of all actions is proved without asking about each type of resource."""
    but_iam, but_both = (
        side({"Effect": "Allow", "NotAction": names, "Resource": "*"}) for names in (["iam:*"], ["iam:*", "s3:*"])
    )
    found = prover.more(but_both, but_iam)

    assert found.example
    assert found.example["action"].startswith("s3:")
    assert Verdict.DENIED is prover.more(but_iam, but_both).verdict
