"""The decision table: who can do what by AWS's documentation, and both engines agree on every request of it."""

from datetime import UTC, datetime

import pytest

from crossrole.engines.prover import Prover, Verdict, inquiry_of
from crossrole.engines.simulator import Simulator
from crossrole.errors import CommandError
from crossrole.evaluation.assumptions import Assumption
from crossrole.evaluation.can import Answer, ask
from crossrole.evaluation.question import Question, question_of
from crossrole.templates.inventory import Inventory
from tests.crossrole.evaluation import rows_committed_access, rows_kinds_assuming, rows_kinds_sessions
from tests.crossrole.evaluation.rows_kinds_assuming import PURPOSES
from tests.crossrole.evaluation.table import DEV, PROD, Row, as_deployed, can, role, user

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KINDS = [*rows_kinds_assuming.ROWS, *rows_kinds_sessions.ROWS]


def question(row: Row, inventory: Inventory) -> Question:
    """Return a row's question."""
    resource = as_deployed(row.resource, inventory)
    return question_of(
        inventory, caller=row.caller, via=row.via, action=row.action, resource=resource, given=row.context, now=NOW
    )


def denied_at(answer: Answer) -> str | None:
    """Return the kind of the first request that is denied."""
    return next((link.link.kind for link in answer.links if not link.allowed), None)


def assert_engines_agree(answer: Answer, prover: Prover) -> None:
    """Let the second engine prove of each request what the first one answers; nothing is left unknown."""
    proofs = prover.prove([inquiry_of(link.link.request) for link in answer.links])
    for link, proof in zip(answer.links, proofs, strict=True):
        expected = Verdict.ALLOWED if link.allowed else Verdict.DENIED

        assert expected == proof.verdict, (
            f"{link.link.step}: the simulator says {expected}, the prover {proof.verdict}: {'; '.join(proof.reasons)}"
        )


@pytest.mark.parametrize("row", rows_committed_access.ROWS, ids=lambda row: row.says)
def test_committed(row: Row, default_inventory: Inventory, simulator: Simulator, prover: Prover) -> None:
    """The committed access.toml lets the function write under `dev/`, and nothing and nobody else."""
    answer = ask(default_inventory, simulator, question(row, default_inventory))

    assert row.allowed == answer.allowed
    assert row.denied_at == denied_at(answer)
    assert_engines_agree(answer, prover)


@pytest.mark.parametrize("row", KINDS, ids=lambda row: row.says)
def test_kinds(row: Row, kinds_inventory: Inventory, simulator: Simulator, prover: Prover) -> None:
    """Each kind of principal, condition and access opens what it says, and what is nearly that stays shut."""
    answer = ask(kinds_inventory, simulator, question(row, kinds_inventory))

    assert row.allowed == answer.allowed
    assert row.denied_at == denied_at(answer)
    assert_engines_agree(answer, prover)


@pytest.mark.parametrize("rows", [rows_committed_access.ROWS, KINDS], ids=["committed", "kinds"])
def test_each_row_has_a_sentence_of_its_own(rows: list[Row]) -> None:
    """No two rows say the same: a failure names the one that it is about."""
    said = [row.says for row in rows]

    assert sorted(set(said)) == sorted(said)


ALICE, EXPORTER = user("alice"), role("service-role/Exporter")
PUT = "s3:PutObject"
BOUNDARY = f"the permissions boundary arn:aws:iam::{PROD}:policy/Boundary is outside the templates: it allows {PUT}"
OWN_POLICIES = (
    f"{EXPORTER} is outside the templates: its own policies allow sts:AssumeRole on {role('ServiceRole', PROD)}"
)
EXISTING_BUCKET = (
    f"the bucket kinds-existing is outside the templates: it is in {PROD}, its policy denies nothing, and its key, "
    "if it has one, allows the session"
)
NEEDED = [
    (can("a boundary outside the templates", EXPORTER, "Bounded", *PURPOSES["Bounded"]), BOUNDARY),
    (can("a running session's boundary", "Bounded", None, *PURPOSES["Bounded"]), BOUNDARY),
    (can("a caller outside the templates", EXPORTER, "ServiceRole", *PURPOSES["ServiceRole"]), OWN_POLICIES),
    (
        can("a key outside the templates", "GivenKey", None, *PURPOSES["GivenKey"]),
        f"the key {rows_kinds_sessions.GIVEN_KEY} is outside the templates: its policy lets {PROD}'s policies decide",
    ),
    (can("a bucket outside the templates", "ExistingKey", None, *PURPOSES["ExistingKey"]), EXISTING_BUCKET),
]
NOT_DENIED = [
    (
        can("a user's other policies", ALICE, "OneUser", *PURPOSES["OneUser"]),
        f"other policies of the user alice in {DEV} is outside the templates: it does not deny sts:AssumeRole",
    ),
    (
        can("a pinned role, that it still is the same", EXPORTER, "Pinned", *PURPOSES["Pinned"]),
        "Exporter was not deleted and made again since the deployment",
    ),
    (
        can("control policies, which are not known", "ServiceRole", None, *PURPOSES["ServiceRole"]),
        "no organization's control policy and no VPC endpoint's policy denies it",
    ),
]


@pytest.mark.parametrize(("row", "text"), NEEDED, ids=[row.says for row, _ in NEEDED])
def test_a_yes_says_what_must_allow_it_elsewhere(
    row: Row, text: str, kinds_inventory: Inventory, simulator: Simulator
) -> None:
    """What must allow the request, and is outside the templates, is an assumption that is needed."""
    answer = ask(kinds_inventory, simulator, question(row, kinds_inventory))

    assert answer.allowed
    assert Assumption(text, needed=True) in answer.assumptions


@pytest.mark.parametrize(("row", "text"), NOT_DENIED, ids=[row.says for row, _ in NOT_DENIED])
def test_a_yes_says_what_must_not_deny_it_elsewhere(
    row: Row, text: str, kinds_inventory: Inventory, simulator: Simulator
) -> None:
    """What could still deny the request, and is outside the templates, is an assumption that is not needed."""
    answer = ask(kinds_inventory, simulator, question(row, kinds_inventory))

    assert answer.allowed
    assert Assumption(text) in answer.assumptions


def test_the_function_rests_on_nothing_else(default_inventory: Inventory, simulator: Simulator) -> None:
    """Of the committed access.toml the templates show everything that must allow the write."""
    answer = ask(default_inventory, simulator, question(rows_committed_access.ROWS[0], default_inventory))

    assert answer.allowed
    assert not any(each.needed for each in answer.assumptions)


NO_QUESTIONS = {
    "an empty key": (PUT, f"{rows_committed_access.BUCKET}/"),
    "an object's action on a bucket": (PUT, rows_committed_access.BUCKET),
    "a bucket's action on an object": ("s3:ListBucket", rows_committed_access.OBJECT),
    "many keys at once": (PUT, f"{rows_committed_access.BUCKET}/dev/*"),
    "many actions at once": ("s3:Put*", rows_committed_access.OBJECT),
    # The engines disagree about it: does IAM's "*" match a line break?
    "a key with a line break": (PUT, f"{rows_committed_access.BUCKET}/dev/first\nsecond"),
    # "No permissions are required to perform this operation."
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    "an action that needs no permission": ("sts:GetCallerIdentity", "*"),
    "a role that is made by nobody here": ("sts:AssumeRole", role("Nowhere", PROD)),
}


@pytest.mark.parametrize(("action", "resource"), NO_QUESTIONS.values(), ids=NO_QUESTIONS)
def test_what_is_no_question_gets_no_answer(
    action: str, resource: str, default_inventory: Inventory, simulator: Simulator
) -> None:
    """What AWS has no request for, or what the templates say nothing of, is neither allowed nor denied."""
    row = Row("", rows_committed_access.FUNCTION, rows_committed_access.GRANT, action, resource, {})

    with pytest.raises(CommandError):
        ask(default_inventory, simulator, question(row, default_inventory))
