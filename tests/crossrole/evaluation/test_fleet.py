"""What `can` and `who` answer for the accounts of a fleet's units: which accounts these are, no template says."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crossrole.engines.prover import Prover
from crossrole.engines.simulator import Simulator
from crossrole.errors import CommandError
from crossrole.evaluation.by_proof import decided
from crossrole.evaluation.can import Answer, ask
from crossrole.evaluation.question import question_of
from crossrole.evaluation.requests import links_of
from crossrole.evaluation.who import who_can
from crossrole.templates.assembly import read_assembly
from crossrole.templates.guardrails import read_guardrails
from crossrole.templates.inventory import Inventory
from crossrole.templates.reader import read_inventory
from tests.command_line import warm_prover, warm_simulator
from tests.synthesis import ROOT, Assembly, synthesize
from tests.templates import allow, deny, document, role

NOW = datetime(2026, 11, 28, tzinfo=UTC)
BUCKET = "arn:aws:s3:::reports-222222222222"
UNIT = "ou-ab12-11111111"
PATH = f"o-a1b2c3d4e5/r-ab12/{UNIT}"
OUTSIDE = "arn:aws:iam::333333333333:role/Analyst"
Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Return what the example with a fleet makes."""
    return synthesize(ROOT / "tests" / "fleet.toml", tmp_path_factory.mktemp("fleet"))


@pytest.fixture(scope="module")
def inventory(assembly: Assembly) -> Inventory:
    """Return what its templates say."""
    return read_inventory(read_assembly(assembly.directory))


@pytest.fixture
def can(inventory: Inventory, simulator: Simulator, prover: Prover) -> Ask:
    """Return what asks `can`."""

    def asked(
        caller: str, via: str | None, action: str, resource: str, *, of: Inventory = inventory, **given: Any
    ) -> Answer:
        question = question_of(of, caller=caller, via=via, action=action, resource=resource, given=given, now=NOW)
        return ask(of, simulator, question, prover)

    return asked


@pytest.mark.parametrize("caller", [UNIT, PATH])
def test_a_caller_of_the_unit_that_has_the_policy(can: Ask, caller: str) -> None:
    """It is allowed, on the conditions that no template can say: where it is, and that it has the policy."""
    answer = can(caller, "DataTeam", "s3:PutObject", f"{BUCKET}/team/x")
    needed = [each.text for each in answer.assumptions if each.needed]

    assert 0 == answer.exit_status
    assert (
        f"the caller is in an account of {UNIT}, which is {PATH}, and has Assume-DataTeam attached, which "
        "FleetStack/CallersStackSetA635CBB7 made there"
    ) in needed


ANSWERS: list[tuple[str, str | None, str, str, int]] = [
    (UNIT, "DataTeam", "s3:GetObject", f"{BUCKET}/team/x", 0),
    (UNIT, "Audit", "s3:ListBucket", BUCKET, 0),
    # Denied by the grant, whoever the caller is.
    (UNIT, "DataTeam", "s3:DeleteObject", f"{BUCKET}/team/x", 1),
    (UNIT, "DataTeam", "s3:PutObject", f"{BUCKET}/dev/x", 1),
    # The fleet gives no policy for it, and trust is for one role of one account: the caller may be that role.
    (UNIT, "Writer", "s3:PutObject", f"{BUCKET}/dev/x", 2),
    # Without a grant the bucket's own policy would have to allow it, since its account is another one: it is not known.
    (UNIT, None, "s3:PutObject", f"{BUCKET}/team/x", 2),
    (OUTSIDE, None, "s3:PutObject", f"{BUCKET}/team/x", 2),
    # Whether its account is in the unit is not known.
    (OUTSIDE, "DataTeam", "s3:PutObject", f"{BUCKET}/team/x", 2),
    (OUTSIDE, "DataTeam", "s3:DeleteObject", f"{BUCKET}/team/x", 1),
    ("arn:aws:iam::222222222222:role/Own", "DataTeam", "s3:PutObject", f"{BUCKET}/team/x", 1),
]


@pytest.mark.parametrize("row", ANSWERS)
def test_what_is_not_known_is_no_certain_answer(can: Ask, row: tuple[str, str | None, str, str, int]) -> None:
    """0 and 1 only where they hold for every account of the unit."""
    *asked, status = row

    assert status == can(*asked).exit_status


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{PATH}/", 0),
        (f"{PATH}/ou-ab12-33333333/", 0),
        ("o-a1b2c3d4e5/r-ab12/", 1),
        ("o-a1b2c3d4e5/r-ab12/ou-ab12-22222222/", 1),
        ("o-zzzzzzzzzz/r-ab12/ou-ab12-11111111/", 1),
    ],
)
def test_a_caller_whose_place_is_given(can: Ask, path: str, status: int) -> None:
    """It is in the unit or it is not; the answer says which policy the unit's accounts have."""
    answer = can(OUTSIDE, "DataTeam", "s3:PutObject", f"{BUCKET}/team/x", **{"aws:PrincipalOrgPaths": path})

    assert status == answer.exit_status
    assert any(f"; in an account of {UNIT}, Assume-DataTeam does" in each.text for each in answer.assumptions)


def test_a_unit_that_no_stack_set_deploys_to(can: Ask) -> None:
    """What is no unit of the templates is an error that names those there are."""
    with pytest.raises(CommandError, match=rf"the units are {UNIT}"):
        can("ou-ab12-99999999", "DataTeam", "s3:GetObject", f"{BUCKET}/team/x")


def test_a_unit_without_its_place_is_not_known_to_be_trusted(
    can: Ask, assembly: Assembly, tmp_path: Path, simulator: Simulator
) -> None:
    """StackSets takes ids alone: without the metadata nothing says which units are above."""
    copied = copy_of(assembly, tmp_path, lambda template: made_in(template).pop("Metadata"))
    answer = can(UNIT, "DataTeam", "s3:GetObject", f"{BUCKET}/team/x", of=copied)

    assert 2 == answer.exit_status
    assert ("aws:PrincipalOrgPaths",) == answer.depends
    (way,) = [each for each in ways(copied, simulator) if each[0].startswith("whoever")]
    assert any("aws:PrincipalOrgPaths" in each for each in way[2])


def test_another_unit_is_not_let_in(can: Ask, assembly: Assembly, tmp_path: Path, simulator: Simulator) -> None:
    """A StackSet may carry the policy to a unit that the grant does not trust: there it lets nobody in."""

    def elsewhere(template: dict[str, Any]) -> None:
        made = made_in(template)
        made["Metadata"]["crossrole:Units"] = ["o-a1b2c3d4e5/r-ab12/ou-ab12-22222222"]
        targets = made["Properties"]["StackInstancesGroup"][0]["DeploymentTargets"]
        targets["OrganizationalUnitIds"] = ["ou-ab12-22222222"]

    copied = copy_of(assembly, tmp_path, elsewhere)

    assert 1 == can("ou-ab12-22222222", "DataTeam", "s3:GetObject", f"{BUCKET}/team/x", of=copied).exit_status
    assert [] == [each for each in ways(copied, simulator) if each[0].startswith("whoever")]


def test_a_unit_below_or_above_the_trusted_one(can: Ask, assembly: Assembly, tmp_path: Path) -> None:
    """Below, all accounts are trusted; above, some are, and the answer says which unit decides."""

    def at(path: str) -> Inventory:
        def there(template: dict[str, Any]) -> None:
            made = made_in(template)
            made["Metadata"]["crossrole:Units"] = [path]
            targets = made["Properties"]["StackInstancesGroup"][0]["DeploymentTargets"]
            targets["OrganizationalUnitIds"] = [path.rpartition("/")[2]]

        return copy_of(assembly, tmp_path / path.rpartition("/")[2], there)

    below = at(f"{PATH}/ou-ab12-33333333")
    above = at("o-a1b2c3d4e5/r-ab12")

    assert 0 == can("ou-ab12-33333333", "DataTeam", "s3:GetObject", f"{BUCKET}/team/x", of=below).exit_status
    answer = can("r-ab12", "DataTeam", "s3:GetObject", f"{BUCKET}/team/x", of=above)
    assert 2 == answer.exit_status
    assert any("the units below r-ab12 that the account is in" in each for each in answer.depends)


def test_who_can_names_the_units_callers(inventory: Inventory, simulator: Simulator) -> None:
    """Beside everyone that the unit's trust names stands whoever has the policy there."""
    expected = (
        "whoever has Assume-DataTeam in any account of ou-ab12-11111111",
        "DataTeam",
        (),
    )

    assert expected in ways(inventory, simulator)
    assert [] == [each for each in ways(inventory, simulator, f"{BUCKET}/dev/x") if each[0].startswith("whoever")]


def test_who_can_assume(inventory: Inventory, simulator: Simulator) -> None:
    """The question about the role itself has the same callers."""
    found = who_can(inventory, simulator, "sts:AssumeRole", "arn:aws:iam::222222222222:role/Audit", now=NOW)

    assert f"whoever has Assume-Audit in any account of {UNIT}" in [each.caller for each in found.ways]


def test_control_policies_of_an_account_that_may_be_the_callers(can: Ask, assembly: Assembly, tmp_path: Path) -> None:
    """Which account the caller is in decides whether they hold for it."""
    folder = tmp_path / "scp" / "333333333333"
    folder.mkdir(parents=True)
    (folder / "no.json").write_text(json.dumps(document(allow("*"), deny("sts:*"))))
    inventory = read_inventory(read_assembly(assembly.directory), read_guardrails(tmp_path))
    answer = can(UNIT, "DataTeam", "s3:GetObject", f"{BUCKET}/team/x", of=inventory)

    assert 2 == answer.exit_status
    assert any("333333333333, which has service control policies of its own" in each for each in answer.depends)


def test_what_is_not_read_of_an_account_that_may_be_the_callers(can: Ask, assembly: Assembly, tmp_path: Path) -> None:
    """A resource of an account may give or take access there, and that account may be in the unit."""
    body = {"Resources": {"Thing": {"Type": "Custom::Thing", "Properties": {}}}}
    inventory = with_stack_of_account(assembly, tmp_path, body)
    answer = can(UNIT, "DataTeam", "s3:GetObject", f"{BUCKET}/team/x", of=inventory)

    assert 2 == answer.exit_status
    assert ("Analysts/Thing (Custom::Thing), which crossrole does not read",) == answer.depends


@pytest.mark.parametrize(
    ("attached", "path", "allowed"),
    [
        (["Assume-DataTeam"], f"{PATH}/", True),
        (["Assume-DataTeam"], f"{PATH}/ou-ab12-33333333/", True),
        (["Assume-DataTeam"], "o-a1b2c3d4e5/r-ab12/ou-ab12-22222222/", False),
        (["Assume-Audit"], f"{PATH}/", False),
        ([], f"{PATH}/", False),
    ],
)
def test_both_engines_agree_on_the_template_by_itself(
    assembly: Assembly,
    tmp_path: Path,
    attached: list[str],
    path: str,
    allowed: bool,
) -> None:
    """Deployed into one account, with a role that takes the policies up by name, it does what is read of it."""
    body = json.loads(made_in(assembly.template("FleetStack"))["Properties"]["TemplateBody"])
    names = {each["Properties"]["ManagedPolicyName"]: logical_id for logical_id, each in body["Resources"].items()}
    arns = [{"Ref": names[name]} for name in attached]
    body["Resources"]["Analyst"] = role("Analyst", ManagedPolicyArns=arns)
    inventory = with_stack_of_account(assembly, tmp_path, body)
    question = question_of(
        inventory,
        caller=OUTSIDE,
        via="DataTeam",
        action="s3:GetObject",
        resource=f"{BUCKET}/team/x",
        given={"aws:PrincipalOrgPaths": [path]},
        now=NOW,
    )
    assume, act = links_of(inventory, question)

    assert [allowed, True] == [each.allowed for each in warm_simulator().decide([assume.request, act.request])]
    assert [allowed, True] == [decided(each.request, warm_prover()) for each in (assume, act)]


def with_stack_of_account(assembly: Assembly, folder: Path, body: dict[str, Any]) -> Inventory:
    """Return what the example's templates say with one more stack, which is in the account 333333333333."""
    for file in assembly.directory.glob("*.json"):
        (folder / file.name).write_text(file.read_text())
    (folder / "Analysts.template.json").write_text(json.dumps(body))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["artifacts"]["Analysts"] = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://333333333333/eu-west-1",
        "properties": {"templateFile": "Analysts.template.json"},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return read_inventory(read_assembly(folder))


def ways(
    inventory: Inventory, simulator: Simulator, resource: str = f"{BUCKET}/team/x"
) -> list[tuple[str, str | None, tuple[str, ...]]]:
    """Return who can write an object: the caller, the grant, the conditions."""
    found = who_can(inventory, simulator, "s3:PutObject", resource, now=NOW)
    return [(each.caller, each.via, each.conditions) for each in found.ways]


def made_in(template: dict[str, Any]) -> dict[str, Any]:
    """Return the StackSet of a template."""
    made: list[dict[str, Any]] = [
        each for each in template["Resources"].values() if each["Type"] == "AWS::CloudFormation::StackSet"
    ]
    return made[0]


def copy_of(assembly: Assembly, folder: Path, edit: Callable[[dict[str, Any]], object]) -> Inventory:
    """Return what the example's templates say once the fleet's was edited."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in assembly.directory.glob("*.json"):
        (folder / file.name).write_text(file.read_text())
    template = assembly.template("FleetStack")
    edit(template)
    (folder / "FleetStack.template.json").write_text(json.dumps(template))
    return read_inventory(read_assembly(folder))
