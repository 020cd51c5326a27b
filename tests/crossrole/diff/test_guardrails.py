"""What the control policies of both states deny is no access gained; what they may not deny is told."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from crossrole.diff.changes import changes
from crossrole.diff.sentences import changes_text
from crossrole.engines.prover import Prover
from crossrole.engines.simulator import Simulator
from crossrole.evaluation.can import ask_all
from crossrole.evaluation.question import question_of
from crossrole.templates.assembly import read_assembly
from crossrole.templates.guardrails import NO_GUARDRAILS, Guardrails, read_guardrails
from crossrole.templates.inventory import Inventory
from crossrole.templates.reader import read_inventory
from tests.command_line import main
from tests.templates import (
    DEV,
    PROD,
    allow,
    bucket,
    bucket_policy,
    deny,
    document,
    role,
    trust,
    write_assembly,
)

VAULT, PARTNER = "arn:aws:s3:::vault", "333333333333"
CALLER, TWO = (f"arn:aws:iam::{DEV}:role/{name}" for name in ("Caller", "Two"))
NOW = datetime(2026, 11, 28, tzinfo=UTC)
Stacks = dict[str, dict[str, Any]]


def stacks(
    *own: Mapping[str, Any],
    trusts: Any = CALLER,
    of_bucket: tuple[Mapping[str, Any], ...] = (),
    name: str | None = "Grant",
    tags: Mapping[str, str] | None = None,
    **more: Any,
) -> Stacks:
    """Return the stacks of a caller in dev, and of a role and a bucket in production."""
    trusting = [trust({"AWS": each}) for each in ([trusts] if isinstance(trusts, str) else trusts)]
    listed = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
    return {
        "Dev": {"Caller": role("Caller", allow("sts:AssumeRole"))},
        "Prod": {
            "Grant": role(name, *own, trusts=trusting, **({"Tags": listed} if listed else {})),
            "Vault": bucket("vault"),
            **({"VaultPolicy": bucket_policy("vault", *of_bucket)} if of_bucket else {}),
            **more,
        },
    }


def folder_of(folder: Path, files: Mapping[str, Any]) -> Path:
    """Write guardrails, a list of statements by the place of each file."""
    for place, statements in files.items():
        path = folder / f"{place}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document(*statements)))
    return folder


def read(folder: Path, state: Stacks, guardrails: Guardrails = NO_GUARDRAILS) -> Inventory:
    """Return what the templates of a state say."""
    return read_inventory(read_assembly(write_assembly(folder, state)), guardrails)


@dataclass(frozen=True)
class Row:
    """Two states, the guardrails of both, and what is told of what was gained."""

    says: str
    before: Stacks
    now: Stacks
    guardrails: Mapping[str, Any]
    told: str


READS, DELETES = allow("s3:GetObject", f"{VAULT}/*"), allow("s3:DeleteObject", f"{VAULT}/*")
ALL = allow("*")
NOTHING = "no change of access"
UNLESS_ADMIN = {"Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Admin*"}}}
CAN, GRANT_CAN = "role Caller in 111111111111 can now", "role Grant in 222222222222 can now"
DELETE = f"{CAN} s3:DeleteObject on vault/*, through Grant"
PUBLIC = allow("s3:GetObject", f"{VAULT}/*", Principal="*")
FOR_PARTNER = allow("s3:GetObject", f"{VAULT}/*", Principal={"AWS": PARTNER})
FOR_DEV = allow("s3:GetObject", f"{VAULT}/*", Principal={"AWS": DEV})
NO_READING = deny("s3:GetObject", Principal="*")
TEAM = {"Condition": {"StringNotEquals": {"aws:PrincipalTag/team": "a"}}}
NOT_PROVED = "not proved: a control policy may deny it"

ROWS = [
    Row("no guardrails", stacks(READS), stacks(READS, DELETES), {}, DELETE),
    Row("denied to all", stacks(READS), stacks(READS, DELETES), {"scp/a": [ALL, deny("s3:Delete*")]}, NOTHING),
    Row("a Deny alone", stacks(READS), stacks(READS, DELETES), {"scp/a": [deny("s3:Delete*")]}, NOTHING),
    Row("not allowed", stacks(READS), stacks(READS, DELETES), {"scp/a": [allow("s3:Get*")]}, NOTHING),
    Row("allowed by one of a level", stacks(READS), stacks(READS, DELETES),
        {"scp/a": [allow("s3:Get*")], "scp/b": [allow("s3:Del*")]}, f"{GRANT_CAN} s3:DeleteObject"),
    Row("not allowed by one level", stacks(READS), stacks(READS, DELETES),
        {"scp/a": [allow("s3:Get*")], f"scp/{PROD}/b": [allow("s3:*")]}, NOTHING),
    Row("denied to another account", stacks(READS), stacks(READS, DELETES), {f"scp/{DEV}/a": [deny("s3:*")]}, DELETE),
    Row("denied elsewhere", stacks(READS), stacks(READS, DELETES),
        {"scp/a": [deny("s3:*", "arn:aws:s3:::b/*")]}, DELETE),
    Row("denied but there", stacks(READS), stacks(READS, DELETES),
        {"scp/a": [{"Effect": "Deny", "Action": "s3:*", "NotResource": f"{VAULT}/*"}]}, DELETE),
    Row("denied within", stacks(READS), stacks(READS, DELETES), {"scp/a": [deny("s3:*", f"{VAULT}/x/*")]}, DELETE),
    Row("denied under a condition", stacks(READS), stacks(READS, DELETES),
        {"scp/a": [deny("*", Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}})]}, DELETE),
    Row("denied but to another role", stacks(READS), stacks(READS, DELETES),
        {"scp/a": [deny("*", **UNLESS_ADMIN)]}, NOTHING),
    Row("denied but to the role", stacks(READS, name="Admin"), stacks(READS, DELETES, name="Admin"),
        {"scp/a": [deny("*", **UNLESS_ADMIN)]}, "role Admin in 222222222222 can now s3:DeleteObject"),
    Row("denied to a role whose name is not known", stacks(READS, name=None), stacks(READS, DELETES, name=None),
        {"scp/a": [deny("*", **UNLESS_ADMIN)]}, NOT_PROVED),
    Row("denied to all, whatever the name", stacks(READS, name=None), stacks(READS, DELETES, name=None),
        {"scp/a": [deny("s3:Delete*")]}, NOTHING),
    Row("denied but on some, of a name not known", stacks(READS),
        stacks(READS, allow("s3:DeleteObject", {"Fn::Sub": "${B.Arn}/*"}), B=bucket(None)),
        {"scp/a": [{"Effect": "Deny", "Action": "s3:Delete*", "NotResource": "arn:aws:s3:::prod-*"}]}, NOT_PROVED),
    Row("denied by the tag it has", stacks(READS, tags={"team": "b"}), stacks(READS, DELETES, tags={"team": "b"}),
        {"scp/a": [deny("*", **TEAM)]}, NOTHING),
    Row("not denied by the tag it has", stacks(READS, tags={"team": "a"}), stacks(READS, DELETES, tags={"team": "a"}),
        {"scp/a": [deny("*", **TEAM)]}, DELETE),
    Row("not denied by the tag any more", stacks(READS, tags={"team": "b"}), stacks(READS, tags={"team": "a"}),
        {"scp/a": [deny("*", **TEAM)]}, "the tags of"),
    Row("assuming, denied to the caller", stacks(READS), stacks(READS, trusts=[CALLER, TWO]),
        {f"scp/{DEV}/a": [deny("sts:*")]}, NOTHING),
    Row("assuming, denied for another account", stacks(READS), stacks(READS, trusts=[CALLER, TWO]),
        {f"scp/{PROD}/a": [deny("sts:*")]}, "role Two in 111111111111 can now assume"),
    Row("assuming, denied to all of ours", stacks(READS), stacks(READS, trusts=[CALLER, PARTNER]),
        {"scp/a": [deny("sts:*")]}, f"everyone in {PARTNER} can now assume"),
    Row("assuming, denied by the role's account", stacks(READS), stacks(READS, trusts=[CALLER, PARTNER]),
        {f"rcp/{PROD}/a": [deny("sts:*", Principal="*")]}, NOTHING),
    Row("a bucket for another account", stacks(READS), stacks(READS, of_bucket=(FOR_DEV,)),
        {f"scp/{DEV}/a": [deny("s3:*")]}, NOTHING),
    Row("a bucket for another account, denied but to some of it", stacks(READS), stacks(READS, of_bucket=(FOR_DEV,)),
        {f"scp/{DEV}/a": [deny("s3:*", **UNLESS_ADMIN)]}, f"everyone in {DEV} can now s3:GetObject"),
    Row("a bucket for a partner", stacks(READS), stacks(READS, of_bucket=(FOR_PARTNER,)),
        {"scp/a": [deny("s3:*")]}, f"everyone in {PARTNER} can now s3:GetObject"),
    Row("a bucket for everyone, not by SCP", stacks(READS), stacks(READS, of_bucket=(PUBLIC,)),
        {"scp/a": [deny("s3:*")]}, "anyone on the internet can now"),
    Row("a bucket for everyone, denied", stacks(READS), stacks(READS, of_bucket=(PUBLIC,)),
        {"rcp/a": [NO_READING]}, NOTHING),
    Row("a bucket for everyone, of another account", stacks(READS), stacks(READS, of_bucket=(PUBLIC,)),
        {f"rcp/{DEV}/a": [NO_READING]}, "anyone on the internet can now"),
    Row("a bucket for everyone, but of an organization", stacks(READS), stacks(READS, of_bucket=(PUBLIC,)),
        {"rcp/a": [{**NO_READING, "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}]},
        "anyone on the internet can now"),
    Row("an RCP for no service of its own", stacks(READS), stacks(READS, allow("ec2:*")),
        {"rcp/a": [deny("*", Principal="*")]}, f"{GRANT_CAN} ec2:* on *"),
    Row("the endpoint's policy", stacks(READS), stacks(READS, DELETES),
        {"vpc-endpoint/a": [deny("*", Principal="*")]}, DELETE),
    Row("a managed policy for whoever has it", stacks(READS),
        stacks(READS, M={"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document(DELETES)}}),
        {"scp/a": [deny("s3:*")]}, NOTHING),
    Row("denied under a condition on a key of another action", stacks(READS), stacks(READS, DELETES),
        {"scp/a": [deny("s3:Delete*", Condition={"NumericLessThan": {"s3:max-keys": "10"}})]}, DELETE),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.says)
def test_what_guardrails_deny_is_not_gained(row: Row, prover: Prover, tmp_path: Path) -> None:
    """What is told is what may be allowed now; what it depends on and is not known is not proved."""
    guardrails = (
        read_guardrails(folder_of(tmp_path / "guardrails", row.guardrails)) if row.guardrails else NO_GUARDRAILS
    )
    base, head = (read(tmp_path / name, each, guardrails) for name, each in (("0", row.before), ("1", row.now)))
    text = changes_text([each for each in changes(base, head, prover) if each.gained])

    assert text == NOTHING if row.told == NOTHING else row.told in text, text


def test_the_templates_own_control_policies_bound_too(prover: Prover, tmp_path: Path) -> None:
    """A control policy that both states hold denies in both."""
    scp = {
        "Type": "AWS::Organizations::Policy",
        "Properties": {
            "Type": "SERVICE_CONTROL_POLICY",
            "TargetIds": [PROD],
            "Content": document(ALL, deny("s3:Delete*")),
        },
    }

    def told(scp: dict[str, Any]) -> str:
        base, head = (
            read(tmp_path / name, stacks(*own, Scp=scp))
            for name, own in (("base", [READS]), ("head", [READS, DELETES]))
        )
        return changes_text(changes(base, head, prover))

    assert told(scp) == NOTHING
    assert NOT_PROVED in told({**scp, "Condition": "Nobody knows"})


# --- beside `can`

GIVEN = [
    {},
    {"scp/a": [ALL, deny("s3:Delete*")]},
    {"scp/a": [allow(["s3:Get*", "sts:*"])], f"scp/{PROD}/b": [deny("s3:*", f"{VAULT}/x/*")]},
    {f"scp/{DEV}/a": [deny("s3:*")], "rcp/a": [deny("s3:PutObject", Principal="*")]},
    {"scp/a": [deny("*", **UNLESS_ADMIN)]},
    {f"scp/{PROD}/a": [{"Effect": "Deny", "NotAction": "s3:Get*", "Resource": "*"}], f"rcp/{DEV}/a": [NO_READING]},
    {"scp/a": [{"Effect": "Deny", "Action": "s3:*", "NotResource": f"{VAULT}/x/*"}]},
]
STATES = [
    stacks(),
    stacks(READS),
    stacks(READS, DELETES, allow("s3:PutObject", f"{VAULT}/x/*")),
    stacks(allow("s3:*")),
    stacks(of_bucket=(FOR_DEV, allow("s3:PutObject", f"{VAULT}/*", Principal={"AWS": CALLER}))),
]
CALLERS = [CALLER, f"arn:aws:iam::{PROD}:role/Grant"]
ASKED = [(action, f"{VAULT}/{key}") for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject") for key in "xy"]
ASKED = [(action, f"{resource}/k") for action, resource in ASKED]


@pytest.mark.parametrize("given", range(len(GIVEN)))
def test_what_was_denied_and_is_allowed_is_told(
    given: int, prover: Prover, simulator: Simulator, tmp_path: Path
) -> None:
    """Whoever gained an answer of `can`, under the same guardrails, is among those who are told of."""
    guardrails = read_guardrails(folder_of(tmp_path / "guardrails", GIVEN[given])) if GIVEN[given] else NO_GUARDRAILS
    inventories = [read(tmp_path / str(number), each, guardrails) for number, each in enumerate(STATES)]
    statuses = []
    for inventory in inventories:
        questions = [
            question_of(inventory, caller=c, via=None, action=a, resource=r, given={}, now=NOW)
            for c in CALLERS
            for a, r in ASKED
        ]
        statuses.append([(each.question.caller, each.exit_status) for each in ask_all(inventory, simulator, questions)])
    for (before, base), (now, head) in product(enumerate(inventories), repeat=2):
        pairs = list(zip(statuses[before], statuses[now], strict=True))
        gainers = {caller for (caller, was), (_, is_) in pairs if was == 1 and is_ == 0}
        told = changes_text([each for each in changes(base, head, prover) if each.gained])

        # What a grant's session gains is told of those who act through it.
        named = {CALLER: f"role Caller in {DEV}", CALLERS[1]: "Grant"}
        assert not [each for each in gainers if named[each] not in told], (before, now, told)


# --- the command


def test_the_command_takes_guardrails_and_what_templates_do_not_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--guardrails`, `--account`, `--region` and `--parameter` hold for both states."""
    resource = {"Fn::Sub": "arn:aws:s3:::${Name}/*"}
    parameters = {"Name": {"Type": "String"}}
    for name, action in (("base", "s3:GetObject"), ("head", ["s3:GetObject", "s3:DeleteObject"])):
        own = role("Own", allow(action, resource), trusts=[trust({"AWS": PARTNER})])
        (tmp_path / f"{name}.json").write_text(json.dumps({"Parameters": parameters, "Resources": {"R": own}}))
        folder = write_assembly(tmp_path / name, {"Prod": json.loads((tmp_path / f"{name}.json").read_text())})
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["artifacts"]["Prod"]["environment"] = "aws://unknown-account/unknown-region"
        (folder / "manifest.json").write_text(json.dumps(manifest))
    words = ["diff", str(tmp_path / "base"), str(tmp_path / "head"), "--fail-on-widening"]
    place = ["--account", PROD, "--region", "eu-west-1"]
    guardrails = folder_of(tmp_path / "guardrails", {"scp/a": [deny("s3:Delete*")]})

    assert 2 == main(words)
    assert "--account" in capsys.readouterr().err
    assert 1 == main([*words, *place, "--parameter", "Prod.Name=vault"])
    assert "can now s3:DeleteObject on vault/*" in capsys.readouterr().out
    assert 0 == main([*words, *place, "--parameter", "Prod.Name=vault", "--guardrails", str(guardrails)])
    assert "no change of access\n" == capsys.readouterr().out
    assert 2 == main([*words, *place, "--parameter", "Prod.Nme=vault"])
    assert "no stack has it" in capsys.readouterr().err


def test_a_parameter_of_one_state_may_be_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A parameter that is new, or gone, is given a value as well."""
    new = {"Parameters": {"Name": {"Type": "String"}}, "Resources": {}}
    states: list[dict[str, Any]] = [{"Resources": {}}, new]
    folders = [write_assembly(tmp_path / str(n), {"Prod": each}) for n, each in enumerate(states)]

    assert 0 == main(["diff", *map(str, folders), "--parameter", "Prod.Name=vault"])
    assert "no change of access\n" == capsys.readouterr().out
