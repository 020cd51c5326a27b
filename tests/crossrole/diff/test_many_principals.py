"""A statement with hundreds of principals: each is told of, few proofs are asked for, and each gets its own answer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from crossrole.diff.changes import changes
from crossrole.diff.sentences import Change, changes_text
from crossrole.engines.prover import Inquiry, Proof, Prover
from crossrole.templates.assembly import read_assembly
from crossrole.templates.reader import read_inventory
from tests.templates import allow, bucket, bucket_policy, deny, role, trust, write_assembly

VAULT, PARTNER = "arn:aws:s3:::vault", "333333333333"
TLS = {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}
Resources = Mapping[str, Any]


def user(number: object, account: str = PARTNER) -> str:
    """Return the ARN of a user."""
    return f"arn:aws:iam::{account}:user/u{number}"


def vault(*statements: Mapping[str, Any]) -> Resources:
    """Return a bucket with the statements of its policy."""
    return {"Vault": bucket("vault"), "Policy": bucket_policy("vault", *statements)}


def for_users(*users: str, action: Any = "s3:GetObject", **more: Any) -> dict[str, Any]:
    """Return the statement that lets users do something with every object."""
    return allow(action, f"{VAULT}/*", Principal={"AWS": list(users)}, **more)


def trusting(*users: str, **more: Any) -> Resources:
    """Return a role that users may assume."""
    own = allow("s3:GetObject", f"{VAULT}/*")
    return {"Role": role("Role", own, trusts=[trust({"AWS": list(users)}, **more)])}


class Counting(Prover):
    """A prover that counts what it is asked."""

    asked = 0

    def prove(self, inquiries: Sequence[Inquiry]) -> list[Proof]:
        """Return the proofs."""
        self.asked += len(inquiries)
        return super().prove(inquiries)


def told(prover: Prover, folder: Path, before: Resources, now: Resources) -> list[Change]:
    """Return the changes between two states."""
    base, head = (
        read_inventory(read_assembly(write_assembly(folder / name, {"Prod": each})))
        for name, each in (("base", before), ("head", now))
    )
    return changes(base, head, prover)


MANY = [user(number) for number in range(200)]
FEW_PROOFS = 12
OF_MANY: dict[str, tuple[Resources, Resources, int]] = {
    "one more": (vault(for_users(*MANY)), vault(for_users(*MANY, user("new"))), 1),
    "a condition": (vault(for_users(*MANY)), vault(for_users(*MANY, **TLS)), 200),
    "an action": (vault(for_users(*MANY)), vault(for_users(*MANY, action=["s3:GetObject", "s3:PutObject"])), 200),
    "a condition of a trust": (trusting(*MANY), trusting(*MANY, **TLS), 200),
    "all of them": (vault(for_users(user("other"))), vault(for_users(user("other"), *MANY)), 200),
}


@pytest.mark.parametrize(("before", "now", "number"), OF_MANY.values(), ids=OF_MANY)
def test_few_proofs_are_about_many(before: Resources, now: Resources, number: int, tmp_path: Path) -> None:
    """Callers of whom the same holds share a proof; each of them is told of."""
    with Counting() as prover:
        found = told(prover, tmp_path, before, now)

    assert number == len(found)
    assert number == len({each.text for each in found})
    assert prover.asked <= FEW_PROOFS


THREE = [user(number) for number in (1, 2, 3)]
NOT_TWO = {"Condition": {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{PARTNER}:user/*2"}}}
ALL_BUT_TWO = {"Condition": {"StringNotEquals": {"aws:PrincipalArn": user(2)}}}
BOTH = ["s3:GetObject", "s3:PutObject"]
FOUR = user(4, "444444444444")
FOR_ITS_ACCOUNT = for_users("444444444444", action="s3:PutObject")
NOT_THREE = {
    "Effect": "Deny",
    "NotPrincipal": {"AWS": user(3)},
    "Action": "s3:PutObject",
    "Resource": f"{VAULT}/*",
}
APART: dict[str, tuple[Resources, Resources, list[int]]] = {
    "one is denied by name": (
        vault(for_users(*THREE), deny("s3:PutObject", f"{VAULT}/*", Principal={"AWS": user(2)})),
        vault(for_users(*THREE, action=BOTH), deny("s3:PutObject", f"{VAULT}/*", Principal={"AWS": user(2)})),
        [1, 3],
    ),
    "one had it by its own statement": (
        vault(for_users(*THREE), for_users(user(2), action="s3:PutObject")),
        vault(for_users(*THREE, action=BOTH), for_users(user(2), action="s3:PutObject")),
        [1, 3],
    ),
    "one is left out by a condition": (
        vault(for_users(*THREE)),
        vault(for_users(*THREE, action=BOTH, **NOT_TWO)),
        [1, 3],
    ),
    "a Deny with a condition on names": (
        vault(for_users(*THREE), {**deny("s3:*", f"{VAULT}/*", Principal="*"), **ALL_BUT_TWO}),
        vault(for_users(*THREE, action=BOTH), {**deny("s3:*", f"{VAULT}/*", Principal="*"), **ALL_BUT_TWO}),
        [2],
    ),
    "one of another account, which had it": (
        vault(for_users(*THREE[:2], FOUR), FOR_ITS_ACCOUNT),
        vault(for_users(*THREE[:2], FOUR, action=BOTH), FOR_ITS_ACCOUNT),
        [1, 2],
    ),
    "a Deny of all but one": (
        vault(for_users(*THREE), NOT_THREE),
        vault(for_users(*THREE, action=BOTH), NOT_THREE),
        [3],
    ),
    "one is the beginning of another": (
        vault(for_users(user(1), user(10)), for_users(user(10), action="s3:PutObject")),
        vault(for_users(user(1), user(10), action=BOTH), for_users(user(10), action="s3:PutObject")),
        [1],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "now", "gainers"), APART.values(), ids=APART)
def test_who_is_not_like_the_others_has_a_proof_of_its_own(
    before: Resources, now: Resources, gainers: list[int], prover: Prover, tmp_path: Path
) -> None:
    """Whoever is denied, or could before, is not told of with the others."""
    found = [each for each in told(prover, tmp_path, before, now) if each.gained]

    assert [f"user u{number} in {PARTNER}" for number in gainers] == [
        each.text.partition(" can now")[0] for each in found
    ], changes_text(found)
