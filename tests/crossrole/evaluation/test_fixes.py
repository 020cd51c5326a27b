"""The fix for a caller who asks without a grant: to go through one, evaluated in one batch for all callers."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crossrole.evaluation.can import ask_all
from crossrole.evaluation.question import question_of
from crossrole.templates.inventory import Inventory
from tests.command_line import crossrole
from tests.crossrole.evaluation.table import OTHER, role, user
from tests.crossrole.remembering import Remembering
from tests.synthesis import Assembly
from tests.templates import role as role_of, write_assembly

EXPORTER, STRANGER = role("service-role/Exporter"), user("stranger")
PUT, KINDS = "s3:PutObject", "arn:aws:s3:::kinds-222222222222"
WITHOUT_A_GRANT = {
    (EXPORTER, PUT, f"{KINDS}/service/x"): (
        "assume ServiceRole or SeedExample or FullBucket first: ask for Exporter via ServiceRole",
    ),
    (STRANGER, PUT, f"{KINDS}/service/x"): ("assume SeedExample first: ask for stranger via SeedExample",),
    (user("stranger", OTHER), PUT, f"{KINDS}/service/x"): ("make a grant for it in access.toml, and assume that",),
    ("WriterRole", "sqs:ListQueues", "*"): (
        "nothing in access.toml gives sqs:ListQueues: a grant is for a bucket and its objects",
    ),
}
OTHERS = [("ServiceRole", PUT, f"{KINDS}/service/x"), ("ServiceRole", "s3:GetObject", f"{KINDS}/service/x")]


@pytest.mark.parametrize(
    ("asked", "batches"), [(OTHERS, 1), ([*WITHOUT_A_GRANT, *OTHERS], 2)], ids=["none wants a grant", "some do"]
)
def test_the_ways_through_grants_are_evaluated_in_one_batch(
    asked: list[tuple[str, str, str]], batches: int, kinds_inventory: Inventory
) -> None:
    """The simulator is asked a second time only where a caller acts without a grant, and then once for all."""
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    questions = [
        question_of(kinds_inventory, caller=caller, via=None, action=action, resource=resource, given={}, now=now)
        for caller, action, resource in asked
    ]

    with Remembering() as simulator:
        answers = ask_all(kinds_inventory, simulator, questions)

    assert batches == len(simulator.batches)
    for words, answer in zip(asked, answers, strict=True):
        if words in WITHOUT_A_GRANT:
            assert WITHOUT_A_GRANT[words] == tuple(fix.text for fix in answer.fixes)


HALF_FITTING = {
    "NotResource": {"Effect": "Allow", "Action": PUT, "NotResource": f"{KINDS}/*"},
    "NotAction": {"Effect": "Allow", "NotAction": PUT, "Resource": f"{KINDS}/*"},
    "another bucket": {"Effect": "Allow", "Action": PUT, "Resource": ["arn:aws:s3:::other/*"]},
}


@pytest.mark.parametrize("statement", HALF_FITTING.values(), ids=HALF_FITTING)
def test_a_denial_has_its_fix_however_the_statement_is_written(statement: dict[str, Any], tmp_path: Path) -> None:
    """A statement that access.toml would never make is no reason to stop."""
    trusted = {"AWS": EXPORTER}
    folder = write_assembly(tmp_path, {"Prod": {"R": role_of("Keeper", statement, trusts=trusted)}})

    done = crossrole("can", "Keeper", PUT, f"{KINDS}/x", "--template-dir", str(folder))

    assert 1 == done.returncode, done.stderr
    assert f"let arn:aws:iam::222222222222:role/Keeper do {PUT} on {KINDS}/x" in done.stdout


@pytest.mark.parametrize(
    ("action", "key", "wanted"),
    [
        ("s3:GetObject", "incoming/x", 'prefix = "incoming/" and access = ["read"]'),
        ("s3:PutObjectTagging", "settings/x", 'prefix = "settings/" and actions = ["s3:PutObjectTagging"]'),
    ],
)
def test_a_grant_of_several_places_gets_one_more(action: str, key: str, wanted: str, kinds: Assembly) -> None:
    """A prefix of the grant itself would be invalid beside its places, and one of these would lose its own."""
    resource = f"arn:aws:s3:::kinds-222222222222/{key}"
    done = crossrole("can", "Places", action, resource, "--template-dir", str(kinds.directory))

    assert 1 == done.returncode
    assert f'let one of its [[grants.places]] have bucket = "kinds-222222222222", {wanted}' in done.stdout
