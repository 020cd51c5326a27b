"""Policies with values that no template says: a surely narrower one is no widening, and every other may be one."""

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest

from crossrole.diff.changes import changes
from crossrole.diff.sentences import Change, changes_text
from crossrole.engines.prover import Prover
from crossrole.iam.globs import covers, covers_arn
from crossrole.templates.assembly import Given, read_assembly
from crossrole.templates.reader import read_inventory
from crossrole.unknown import Unknown, token
from tests.templates import PROD, allow, bucket, bucket_policy, deny, document, key, role, trust, write_assembly

PARTNER, VAULT = "333333333333", "arn:aws:s3:::vault"
UNKNOWN: dict[str, Any] = {
    "Place": {"Fn::Sub": "arn:aws:s3:::${Place}/*"},
    "Who": {"Ref": "Who"},
    "Word": {"Ref": "Word"},
    "Action": {"Ref": "Action"},
}
PARAMETERS = {name: {"Type": "String"} for name in UNKNOWN}
PART = {"Fn::Select": ["0", {"Fn::Split": ["/", {"Ref": "Place"}]}]}
OTHER_PART = {"Fn::Select": ["1", {"Fn::Split": ["/", {"Ref": "Place"}]}]}
IF = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": UNKNOWN["Word"]}}}
TLS = {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}
BOTH = {"Condition": {**IF["Condition"], **TLS["Condition"]}}


def told(prover: Prover, folder: Path, before: Mapping[str, Any], now: Mapping[str, Any], **given: str) -> list[Change]:
    """Return the changes between two templates' resources; `given` are the values of parameters."""
    said = Given(parameters={("Prod", name): value for name, value in given.items()})
    states = [
        read_inventory(
            read_assembly(
                write_assembly(folder / name, {"Prod": {"Parameters": PARAMETERS, "Resources": each}}), given=said
            )
        )
        for name, each in (("base", before), ("head", now))
    ]
    return changes(states[0], states[1], prover)


def of_role(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """Return a role with statements, which a partner may assume."""
    return {"Role": role("Role", *statements, trusts=[trust({"AWS": PARTNER})])}


def trusting(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """Return a role that statements let others assume."""
    return {"Role": role("Role", allow("s3:GetObject", f"{VAULT}/*"), trusts=list(statements))}


def of_bucket(*statements: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a bucket with the statements of its policy."""
    return {"Vault": bucket("vault", **more), "Policy": bucket_policy({"Ref": "Vault"}, *statements)}


def of_key(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """Return a key with the statements of its policy."""
    return {"Key": key(allow("kms:*", Principal={"AWS": PROD}), *statements)}


def attached(*statements: Mapping[str, Any], to: Any = None) -> dict[str, Any]:
    """Return a policy of a role of which the name is not known."""
    properties = {"PolicyName": "P", "PolicyDocument": document(*statements), "Roles": [to or UNKNOWN["Who"]]}
    return {"Policy": {"Type": "AWS::IAM::Policy", "Properties": properties}}


READ, WRITE = allow("s3:GetObject", UNKNOWN["Place"]), allow("s3:PutObject", UNKNOWN["Place"])
BLOCKED = {"PublicAccessBlockConfiguration": {"RestrictPublicBuckets": True}}
FOR_PARTNER = allow("s3:GetObject", f"{VAULT}/*", Principal={"AWS": PARTNER})
FOR_ALL = allow("s3:GetObject", f"{VAULT}/*", Principal="*")
FOR_SOMEONE = allow("s3:GetObject", f"{VAULT}/*", Principal={"AWS": UNKNOWN["Who"]})

NARROWER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "an action removed": (
        of_role(allow(["s3:GetObject", "s3:PutObject"], UNKNOWN["Place"])),
        of_role(allow(["s3:GetObject"], UNKNOWN["Place"])),
    ),
    "an action narrowed": (of_role(allow("s3:*", UNKNOWN["Place"])), of_role(allow("s3:Get*", UNKNOWN["Place"]))),
    "a condition added": (of_role(READ), of_role({**READ, **TLS})),
    "a condition added to another": (of_role({**READ, **IF}), of_role({**READ, **BOTH})),
    "a condition added that is not known": (of_role(READ), of_role({**READ, **IF})),
    "a statement removed": (of_role(READ, WRITE), of_role(WRITE)),
    "a known statement removed": (of_role(READ, allow("iam:*")), of_role(READ)),
    "a Deny added": (of_role(READ), of_role(READ, deny("s3:*", UNKNOWN["Place"]))),
    "a Deny widened": (
        of_role(READ, deny("s3:GetObject", UNKNOWN["Place"])),
        of_role(READ, deny("s3:*", UNKNOWN["Place"])),
    ),
    "a Deny whose condition is gone": (
        of_role(READ, {**deny("s3:*", UNKNOWN["Place"]), **TLS}),
        of_role(READ, deny("s3:*", UNKNOWN["Place"])),
    ),
    "a part of a text, the same": (of_role(allow("s3:*", PART)), of_role(allow("s3:GetObject", PART))),
    "a trust's condition": (
        trusting(trust({"AWS": UNKNOWN["Who"]})),
        trusting(trust({"AWS": UNKNOWN["Who"]}, Condition={"StringEquals": {"sts:ExternalId": "x"}})),
    ),
    "a principal of a trust removed": (
        trusting(trust({"AWS": UNKNOWN["Who"]}), trust({"AWS": PARTNER})),
        trusting(trust({"AWS": UNKNOWN["Who"]})),
    ),
    "a bucket's action": (
        of_bucket(FOR_SOMEONE, allow("s3:*", f"{VAULT}/*", Principal={"AWS": PARTNER})),
        of_bucket(FOR_SOMEONE, FOR_PARTNER),
    ),
    "a bucket's Deny": (
        of_bucket(FOR_SOMEONE),
        of_bucket(FOR_SOMEONE, deny("s3:*", [VAULT, f"{VAULT}/*"], Principal="*", Condition=TLS["Condition"])),
    ),
    "a bucket's Deny, beside a role's unknown": (
        {**of_role(READ), **of_bucket(FOR_PARTNER)},
        {**of_role(READ), **of_bucket(FOR_PARTNER, deny("s3:*", f"{VAULT}/*", Principal="*"))},
    ),
    "a key's action": (
        of_key(allow(["kms:Decrypt", "kms:Encrypt"], Principal={"AWS": UNKNOWN["Who"]})),
        of_key(allow("kms:Decrypt", Principal={"AWS": UNKNOWN["Who"]})),
    ),
    "a policy of a role that is not known": (attached(READ, WRITE), attached(READ)),
    "the same, gone": ({**attached(READ), "V": bucket("vault")}, {"V": bucket("vault")}),
    "a statement whose effect is not known stays": (
        of_role({**READ, "Effect": UNKNOWN["Word"]}, WRITE),
        of_role({**READ, "Effect": UNKNOWN["Word"]}),
    ),
}


@pytest.mark.parametrize(("before", "now"), NARROWER.values(), ids=NARROWER)
def test_what_is_narrower_for_every_value_is_no_widening(
    before: dict[str, Any], now: dict[str, Any], prover: Prover, tmp_path: Path
) -> None:
    """Nothing is gained, and nothing is not proved; the way back is told."""
    found = told(prover, tmp_path / "forth", before, now)

    assert not [each for each in found if each.gained], changes_text(found)
    assert [each for each in told(prover, tmp_path / "back", now, before) if each.gained]


def part_of_name(number: str) -> dict[str, Any]:
    """Return a part of the name of a bucket that has none in the template."""
    return {"Fn::Select": [number, {"Fn::Split": ["-", {"Ref": "B"}]}]}


EITHER = [{"Fn::If": ["Open", one, "x"]} for one in ("a", "*")]
NOT_NARROWER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another part of the same text": (of_role(allow("s3:*", PART)), of_role(allow("s3:GetObject", OTHER_PART))),
    "another branch": (of_role(allow("s3:*", EITHER[0])), of_role(allow("s3:GetObject", EITHER[1]))),
    "a function of what is another now": (
        {**of_role(allow("s3:*", {"Fn::If": ["Open", {"Ref": "B"}, "x"]})), "B": bucket("one")},
        {**of_role(allow("s3:GetObject", {"Fn::If": ["Open", {"Ref": "B"}, "x"]})), "B": bucket("two")},
    ),
    "another unknown": (of_role(allow("s3:*", UNKNOWN["Place"])), of_role(allow("s3:GetObject", UNKNOWN["Who"]))),
    "an unknown for a known": (of_role(allow("s3:*", f"{VAULT}/*")), of_role(allow("s3:*", UNKNOWN["Place"]))),
    "a Deny of an unknown gone": (of_role(READ, deny("s3:*", UNKNOWN["Place"])), of_role(READ)),
    "a statement that may be a Deny gone": (of_role(READ, {**WRITE, "Effect": UNKNOWN["Word"]}), of_role(READ)),
    "a statement that may be an Allow changed": (
        of_role(READ, {**WRITE, "Effect": UNKNOWN["Word"]}),
        of_role(READ, {**WRITE, "Effect": UNKNOWN["Word"], "Action": "*"}),
    ),
    "the statements": (of_role(READ, UNKNOWN["Word"]), of_role(READ)),
    "a condition's value": (
        of_role({**READ, **IF}),
        of_role({**READ, "Condition": {"StringEquals": {"aws:PrincipalOrgID": UNKNOWN["Who"]}}}),
    ),
    "another part of a name that the deployment chooses": (
        {**of_role(allow("s3:*", part_of_name("0"))), "B": bucket(None)},
        {**of_role(allow("s3:*", part_of_name("1"))), "B": bucket(None)},
    ),
    "a public statement gone, that kept others out": (
        of_bucket(FOR_SOMEONE, FOR_ALL, **BLOCKED),
        of_bucket(FOR_SOMEONE, **BLOCKED),
    ),
    "the policy of another role that is not known": (
        attached(READ, WRITE),
        attached(READ, to=PART),
    ),
    "the policy with a Deny, gone": ({**attached(READ, deny("iam:*")), "V": bucket("v")}, {"V": bucket("v")}),
}  # fmt: skip


@pytest.mark.parametrize(("before", "now"), NOT_NARROWER.values(), ids=NOT_NARROWER)
def test_what_may_be_wider_is_told(before: dict[str, Any], now: dict[str, Any], prover: Prover, tmp_path: Path) -> None:
    """What is wider for a value of what is not known is gained, or not proved."""
    assert [each for each in told(prover, tmp_path, before, now) if each.gained]


@pytest.mark.parametrize("digit", "0123456789abcdef")
def test_what_is_not_known_is_covered_as_a_whole(digit: str) -> None:
    """A pattern that fits the text which stands for an unknown value need not fit the value."""
    unknown = token(Unknown("something"))

    assert not covers(f"*{digit}*", f"z{unknown}")
    assert not covers(f"z{'?' * len(unknown)}", f"z{unknown}")
    assert covers("z*", f"z{unknown}")
    assert covers(f"*{unknown}*", f"z{unknown}{unknown}c")
    assert not covers_arn("arn:*:s3:::b/*", f"arn:{unknown}:s3:::b/x")
    assert covers_arn(f"arn:{unknown}:s3:::b/*", f"arn:{unknown}:s3:::b/x")


# --- beside the same with the values known

STATEMENTS: list[dict[str, Any]] = [
    READ,
    WRITE,
    {**READ, **IF},
    {**READ, **BOTH},
    allow("s3:GetObject", [f"{VAULT}/*", UNKNOWN["Place"]]),
    allow(UNKNOWN["Action"], f"{VAULT}/*"),
    allow(["s3:GetObject", UNKNOWN["Action"]], UNKNOWN["Place"]),
    allow("s3:*", {"Fn::Sub": "arn:aws:s3:::${Place}/a/*"}),
    allow("s3:Get*", "arn:aws:s3:::*"),
    deny("s3:PutObject", UNKNOWN["Place"]),
    deny("s3:*", f"{VAULT}/a/*"),
    {**deny("s3:*", UNKNOWN["Place"]), **TLS},
    {"Effect": "Deny", "NotAction": UNKNOWN["Action"], "Resource": f"{VAULT}/*"},
    {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": UNKNOWN["Place"]},
    {"Effect": "Deny", "Action": "s3:*", "NotResource": UNKNOWN["Place"]},
    allow("s3:GetObject", {"Fn::Join": ["", [VAULT, "/", {"Ref": "Word"}]]}),
]
VALUES = [
    {"Place": place, "Action": action, "Word": word, "Who": PARTNER}
    for place, action, word in [
        ("vault", "s3:GetObject", "o-a1b2c3d4e5"),
        ("vault", "s3:*", "a/*"),
        ("*", "*", "x"),
    ]
]


@pytest.mark.parametrize("seed", range(30))
def test_no_widening_reads_as_none(seed: int, prover: Prover, tmp_path: Path) -> None:
    """Where nothing is gained while values are not known, nothing is gained for any of the values either."""
    random = Random(seed)
    before = random.sample(STATEMENTS, 4)
    now = changed(before, random)
    if any(each.gained for each in told(prover, tmp_path / "unknown", of_role(*before), of_role(*now))):
        return
    for number, values in enumerate(VALUES):
        found = told(prover, tmp_path / str(number), of_role(*before), of_role(*now), **values)
        assert not [each for each in found if each.gained], (values, changes_text(found), json.dumps([before, now]))


def changed(statements: list[dict[str, Any]], random: Random) -> list[dict[str, Any]]:
    """Return statements with one change, of those that mostly narrow: without it nothing would be left to compare."""
    made = deepcopy(statements)
    one = random.choice(made)
    match random.randrange(6):
        case 0:
            made.remove(one)
        case 1:
            one["Condition"] = {**one.get("Condition", {}), **TLS["Condition"]}
        case 2:
            made.append(deny("s3:PutObject", UNKNOWN["Place"]))
        case 3 if isinstance(one.get("Action"), list):
            one["Action"] = one["Action"][1:]
        case 3 | 4 if isinstance(one.get("Resource"), list):
            one["Resource"] = one["Resource"][:1]
        case 4:
            one["Resource"] = UNKNOWN["Place"]
        case _:
            made.append(random.choice(STATEMENTS))
    return made


def test_enough_of_these_are_no_widening(prover: Prover, tmp_path: Path) -> None:
    """The test before compares something: of the changes that narrow, many are known to."""
    silent = 0
    for seed in range(30):
        random = Random(seed)
        before = random.sample(STATEMENTS, 4)
        found = told(prover, tmp_path / str(seed), of_role(*before), of_role(*changed(before, random)))
        silent += not any(each.gained for each in found)

    assert silent >= 8
