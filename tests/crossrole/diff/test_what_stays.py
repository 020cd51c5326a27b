"""What a template no longer attaches, tags or has, and what of it stays: no Deny that is gone is silent."""

from pathlib import Path
from typing import Any

import pytest

from crossrole.diff.changes import changes
from crossrole.diff.sentences import changes_text
from crossrole.engines.prover import Prover
from crossrole.templates.assembly import read_assembly
from crossrole.templates.reader import read_inventory
from tests.templates import DEV, PROD, allow, bucket, bucket_policy, deny, document, role, write_assembly

Stack = dict[str, Any]
VAULT = "arn:aws:s3:::vault/*"
RETAIN = {"DeletionPolicy": "Retain"}
BOTH = {**RETAIN, "UpdateReplacePolicy": "Retain"}
DENIES = document(deny("s3:*"))
READER = role("Reader", allow("s3:*"))
OF_DEV = {"AWS": f"arn:aws:iam::{DEV}:role/Caller"}


def of(kind: str, *, stays: dict[str, str] | None = None, **properties: Any) -> dict[str, Any]:
    """Return a resource, with the attributes that say whether it stays."""
    return {"Type": f"AWS::{kind}", "Properties": properties, **(stays or {})}


def inline(stays: dict[str, str] | None = None, name: str = "P", **holders: Any) -> dict[str, Any]:
    """Return an inline policy that denies, for those who have it."""
    return of("IAM::Policy", stays=stays, PolicyName=name, PolicyDocument=DENIES, **holders)


def managed(**holders: Any) -> dict[str, Any]:
    """Return a managed policy that denies, for those who have it."""
    return of("IAM::ManagedPolicy", ManagedPolicyName="Denies", PolicyDocument=DENIES, **holders)


def member(group: str, stays: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the place of a user outside the templates in a group."""
    return of("IAM::UserToGroupAddition", stays=stays, GroupName=group, Users=["carl"])


GROUP = of("IAM::Group", GroupName="g", Policies=[{"PolicyName": "x", "PolicyDocument": DENIES}])
BUCKET_DENIES = bucket_policy("vault", deny("s3:*", VAULT, Principal="*"))


def all_but(*names: str) -> dict[str, Any]:
    """Return a bucket's policy that denies everyone but some."""
    return bucket_policy("vault", deny("s3:*", VAULT, NotPrincipal={"AWS": list(names)}))


BOB, ANN, ROOT = (f"arn:aws:iam::{PROD}:{name}" for name in ("user/bob", "user/ann", "root"))


def tagged(kind: str, team: str, **properties: Any) -> Stack:
    """Return a tagged resource, and a role whose policy tests the tag."""
    tests = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    return {
        "Tagged": of(kind, Tags=[{"Key": "team", "Value": team}], **properties),
        "Reader": role("Reader", allow("*", Condition=tests)),
    }


def locked(**lock: Any) -> Stack:
    """Return a bucket with an object lock."""
    return {"Vault": bucket("vault", **lock)}


LOCK = {
    "ObjectLockEnabled": "Enabled",
    "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 100}},
}
GAINED: dict[str, tuple[Stack, Stack, str]] = {
    "a policy is detached from a role outside": (
        {"P": managed(Roles=["a", "b"])},
        {"P": managed(Roles=["a"])},
        "role b in 222222222222 can now s3:* on *, where its other policies allow it",
    ),
    "the only policy of a user outside is gone": (
        {"P": inline(Users=["b"])},
        {},
        "user b in 222222222222 can now s3:*",
    ),
    "a policy is detached from a group outside": (
        {"P": managed(Groups=["a", "b"])},
        {"P": managed(Groups=["a"])},
        "whoever is in the group b of 222222222222 can now s3:*",
    ),
    "a role outside, which a trust policy names with its path": (
        {"P": inline(Roles=["b"]), "R": role("R", trusts={"AWS": f"arn:aws:iam::{PROD}:role/team/b"})},
        {"R": role("R")},
        "b in 222222222222 can now s3:*",
    ),
    "a user outside is in another group outside": (
        {"A": member("a")},
        {"A": member("admins")},
        "user carl in 222222222222 now has the policy of the group admins",
    ),
    "a user outside leaves a group outside": (
        {"A": member("a")},
        {},
        "no longer has the policy of the group a of the user, which may give access",
    ),
    "a user outside leaves a group that denies": ({"G": GROUP, "A": member("g")}, {"G": GROUP}, "user carl"),
    "a managed policy outside is detached": (
        {"R": role("R", ManagedPolicyArns=["arn:aws:iam::aws:policy/AWSDenyAll"])},
        {"R": role("R")},
        "AWSDenyAll, which may give access",
    ),
    "NotPrincipal spares one more": (
        {"V": bucket("vault"), "P": all_but(BOB, ROOT)},
        {"V": bucket("vault"), "P": all_but(BOB, ANN, ROOT)},
        "whom NotPrincipal spares",
    ),
    "a Deny of NotPrincipal is gone": (
        {"V": bucket("vault"), "P": all_but(BOB, ROOT)},
        {"V": bucket("vault")},
        "whom NotPrincipal spares",
    ),
    "an inline policy takes the name of another": (
        {"R": role("R", deny("s3:*"), allow("s3:*"))},
        {"R": role("R", deny("s3:*"), allow("s3:*")), "P": inline(name="Own", Roles=["R"])},
        "not proved",
    ),
    "an inline policy is renamed to the name of another": (
        {"R": READER, "P": inline(Roles=["Reader"])},
        {"R": READER, "P": inline(name="Own", Roles=["Reader"])},
        "not proved",
    ),
    "the Deny of a bucket that stays is gone": (
        {"V": {**bucket("vault"), **RETAIN}, "P": BUCKET_DENIES, "R": READER},
        {"R": READER},
        "role Reader in 222222222222 can now s3:* on vault/*",
    ),
    "it is not certain whether a replaced role stays": (
        {"R": {**role("One", allow("s3:*"), trusts=OF_DEV), **BOTH}},
        {"R": role("Two", allow("s3:*"), trusts=OF_DEV)},
        "whether it stays deployed depends on its UpdateReplacePolicy",
    ),
    "the tag of an identity provider": (
        tagged("IAM::OIDCProvider", "blue", Url="https://ci.example.com"),
        tagged("IAM::OIDCProvider", "red", Url="https://ci.example.com"),
        "oidc-provider",
    ),
    "the tag of an access point": (
        tagged("S3::AccessPoint", "blue", Name="point", Bucket="vault"),
        tagged("S3::AccessPoint", "red", Name="point", Bucket="vault"),
        "accesspoint/point",
    ),
    "the tag of a managed policy": (
        tagged("IAM::ManagedPolicy", "blue", ManagedPolicyName="m", PolicyDocument=DENIES),
        tagged("IAM::ManagedPolicy", "red", ManagedPolicyName="m", PolicyDocument=DENIES),
        "policy/m",
    ),
    "the tag of a resource whose ARN is not known": (
        tagged("ECS::Cluster", "blue"),
        tagged("ECS::Cluster", "red"),
        "not proved",
    ),
    "a bucket's default retention": (locked(ObjectLockConfiguration=LOCK), locked(), "ObjectLockConfiguration"),
}


def compared(prover: Prover, folder: Path, *stacks: Stack) -> tuple[str, str]:
    """Return what was gained and what was lost between two stacks."""
    before, now = (
        read_inventory(read_assembly(write_assembly(folder / str(number), {"Prod": {"Resources": stack}})))
        for number, stack in enumerate(stacks)
    )
    found = changes(before, now, prover)
    gained, lost = ([each for each in found if each.gained is wanted] for wanted in (True, False))
    return (changes_text(gained) if gained else "", changes_text(lost) if lost else "")


@pytest.mark.parametrize(("base", "head", "told"), GAINED.values(), ids=GAINED)
def test_a_deny_that_is_gone_is_told(base: Stack, head: Stack, told: str, prover: Prover, tmp_path: Path) -> None:
    """It is among what was gained, or not proved."""
    gained, _ = compared(prover, tmp_path, base, head)

    assert told in gained, gained


STAYS: dict[str, tuple[Stack, Stack]] = {
    "a role": ({"R": {**role("R", allow("s3:*"), trusts=OF_DEV), **RETAIN}}, {}),
    "a role and its policy": (
        {"R": {**role("R", trusts=OF_DEV), **RETAIN}, "P": inline(RETAIN, Roles=["R"])},
        {},
    ),
    "a bucket's policy": ({"V": bucket("vault"), "P": {**BUCKET_DENIES, **RETAIN}}, {"V": bucket("vault")}),
    "a bucket and its policy": ({"V": {**bucket("vault"), **RETAIN}, "P": {**BUCKET_DENIES, **RETAIN}}, {}),
    "an inline policy": ({"R": READER, "P": inline(RETAIN, Roles=["Reader"])}, {"R": READER}),
    "a user's place in a group": ({"G": GROUP, "A": member("g", RETAIN)}, {"G": GROUP}),
    "a policy of a group outside": ({"P": inline(RETAIN, Groups=["a"])}, {}),
    "a bucket's policy that moves on": (
        {"P": {**bucket_policy("one", deny("s3:*", "arn:aws:s3:::one/*", Principal="*")), **BOTH}},
        {"P": {**bucket_policy("two", deny("s3:*", "arn:aws:s3:::two/*", Principal="*")), **BOTH}},
    ),
}


@pytest.mark.parametrize(("base", "head"), STAYS.values(), ids=STAYS)
def test_what_stays_deployed_is_no_gain_and_no_certain_loss(
    base: Stack, head: Stack, prover: Prover, tmp_path: Path
) -> None:
    """Nothing is gained, and each resource that left the templates is said to stay as it is."""
    gained, lost = compared(prover, tmp_path, base, head)
    sentences = [line for line in lost.splitlines() if line.startswith("  - ")]

    assert not gained
    assert "what it allows and denies stays" in lost
    assert [each for each in sentences if "in the templates alone" in each]
    assert "can no longer assume" not in lost
