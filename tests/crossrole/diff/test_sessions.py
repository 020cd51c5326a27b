"""A session as a principal is one of a role's sessions, and not the role."""

from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from crossrole.diff.changes import changes
from crossrole.diff.sentences import changes_text
from crossrole.engines.prover import Prover
from crossrole.templates.assembly import read_assembly
from crossrole.templates.reader import read_inventory
from tests.templates import PROD, allow, bucket, bucket_policy, deny, role, trust, write_assembly

OBJECTS = "arn:aws:s3:::vault/*"
READER = f"arn:aws:iam::{PROD}:role/Reader"
BOB, ANN = (f"arn:aws:sts::{PROD}:assumed-role/Reader/{name}" for name in ("bob", "ann"))
PARTNER = "arn:aws:iam::333333333333:role/team/Partner"
OF_PARTNER = "arn:aws:sts::333333333333:assumed-role/Partner/bob"
AWS_MANAGED = {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}


def denied(*names: str) -> dict[str, Any]:
    """Return a bucket's statement that denies principals everything."""
    return deny("s3:*", OBJECTS, Principal={"AWS": list(names)})


def allowed(*names: str) -> dict[str, Any]:
    """Return a bucket's statement that lets principals read."""
    return allow("s3:GetObject", OBJECTS, Principal={"AWS": list(names)})


def compared(prover: Prover, folder: Path, sides: list[dict[str, Any]]) -> tuple[str, str]:
    """Return what was gained and what was lost between two stacks."""
    before, now = (
        read_inventory(read_assembly(write_assembly(folder / str(number), {"Prod": side})))
        for number, side in enumerate(sides)
    )
    found = changes(before, now, prover)
    gained, lost = ([each for each in found if each.gained is wanted] for wanted in (True, False))
    return (changes_text(gained) if gained else "", changes_text(lost) if lost else "")


def with_policies(*policies: list[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    """Return stacks with a bucket, its policy and a role that reads."""
    own = () if more else (allow("s3:GetObject"),)
    reader = role("Reader", *own, **more)
    return [
        {"Vault": bucket("vault"), "Reader": reader, **({"Policy": bucket_policy("vault", *each)} if each else {})}
        for each in policies
    ]


ROWS: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "a Deny of a role becomes one of a session": (
        with_policies([denied(READER)], [denied(BOB)]),
        "role Reader in 222222222222 can now s3:GetObject on vault/*\n      now: denied to the session bob",
        "",
    ),
    "a Deny of a session becomes one of its role": (
        with_policies([denied(BOB)], [denied(READER)]),
        "",
        "role Reader in 222222222222 can no longer s3:GetObject on vault/*",
    ),
    "a Deny of two sessions becomes one of one": (with_policies([denied(ANN, BOB)], [denied(BOB)]), "session ann", ""),
    "a Deny of one session becomes one of two": (with_policies([denied(BOB)], [denied(ANN, BOB)]), "", "session ann"),
    "a Deny of one session becomes one of another": (
        with_policies([denied(BOB)], [denied(ANN)]),
        "session bob",
        "session ann",
    ),
    "an Allow of a session becomes one of its role": (
        with_policies([allowed(BOB)], [allowed(READER)], Path="/"),
        "role Reader in 222222222222 can now s3:GetObject",
        "",
    ),
    "a Deny of another account's role becomes one of a session": (
        with_policies(
            [allowed("333333333333"), denied(PARTNER)],
            [allowed("333333333333"), denied(OF_PARTNER)],
        ),
        "role team/Partner in 333333333333 can now s3:GetObject",
        "",
    ),
    "a Deny of a role whose policies are outside the templates is gone": (
        with_policies([denied(READER)], [], **AWS_MANAGED),
        "role Reader in 222222222222 can now s3:* on vault/*, where its own policies allow it",
        "",
    ),
    "a Deny of a role becomes one of another": (
        with_policies([denied(READER)], [denied(f"arn:aws:iam::{PROD}:role/Other")]),
        "role Reader in 222222222222 can now s3:GetObject on vault/*",
        "role Other in 222222222222 can no longer s3:* on vault/*, where its own policies allow it",
    ),
}


@pytest.mark.parametrize(("sides", "gained", "lost"), ROWS.values(), ids=ROWS)
def test_sessions_are_compared_as_a_set(
    sides: list[dict[str, Any]], gained: str, lost: str, prover: Prover, tmp_path: Path
) -> None:
    """Whoever is denied less is among what was gained, and no one is among what was lost who was denied before."""
    found = compared(prover, tmp_path, sides)

    assert [bool(each) for each in found] == [bool(gained), bool(lost)], found
    assert gained in found[0]
    assert lost in found[1]


def test_a_trust_that_denies_one_session_fewer(prover: Prover, tmp_path: Path) -> None:
    """A role that may not assume another may, as soon as the Deny is about one of its sessions alone."""

    def stack(name: str) -> dict[str, Any]:
        denies = {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"AWS": name}}
        return {
            "Reader": role("Reader", allow("sts:AssumeRole")),
            "Vault": role("Vault", allow("s3:*"), trusts=[trust({"AWS": PROD}), denies]),
        }

    gained, lost = compared(prover, tmp_path, [stack(READER), stack(BOB)])

    assert "role Reader in 222222222222 can now assume role Vault" in gained
    assert not lost


def test_a_session_in_place_of_a_role_takes_seconds(tmp_path: Path) -> None:
    """Every action on a bucket, whose policy delegates to its account: it took three minutes."""
    sides = with_policies([denied(READER)], [denied(BOB)])
    began = monotonic()
    with Prover() as prover:
        compared(prover, tmp_path, sides)

    assert monotonic() - began < 60
