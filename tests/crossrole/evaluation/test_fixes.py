"""The fix for a caller who asks without a grant: to go through one, evaluated in one batch for all callers."""

from datetime import UTC, datetime

import pytest

from crossrole.evaluation.can import ask_all
from crossrole.evaluation.question import question_of
from crossrole.templates.inventory import Inventory
from tests.crossrole.evaluation.table import OTHER, role, user
from tests.crossrole.remembering import Remembering

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
