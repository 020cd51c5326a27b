"""More roles than one stack holds: which stack each is in, and that no other entry moves it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from access.file import AccessFileError, parse_access
from crossrole.templates.assembly import read_assembly
from crossrole.templates.grant import grants_of
from crossrole.templates.reader import read_inventory
from tests.examples import examples
from tests.synthesis import ROOT, Assembly, synthesize

NAMES = ["One", "Two", "a.b", "Reports", "x-9"]
grants: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "principals": st.just(["arn:aws:iam::111111111111:user/a"]),
        "bucket": st.just("reports"),
        "prefix": st.just("dev/"),
        "access": st.just(["read"]),
    },
    optional={"stack": st.integers(1, 3)},
)


def places(assembly: Assembly) -> dict[str, tuple[str, str]]:
    """Return the stack and the logical id of each role and caller's policy, by its name."""
    return {
        name: (stack, logical_id)
        for stack in assembly.manifest
        for logical_id, resource in assembly.template(stack)["Resources"].items()
        if (name := resource["Properties"].get("RoleName") or resource["Properties"].get("ManagedPolicyName"))
    }


def many(first: dict[str, Any], number: int) -> list[dict[str, Any]]:
    """Return that many grants like the first."""
    return [first | {"name": f"Grant{each}", "prefix": "dev/", "attach": False} for each in range(number)]


def problems_of(access: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return where each problem is, what was expected and the fix."""
    with pytest.raises(AccessFileError) as caught:
        parse_access(access)
    return [(problem.where, problem.expected, problem.fix) for problem in caught.value.problems]


@settings(max_examples=examples(8, ci=25), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(grants, min_size=2, max_size=len(NAMES), unique_by=lambda grant: grant["name"]), st.data())
def test_adding_or_removing_a_grant_moves_no_other(entries: list[dict[str, Any]], data: st.DataObject) -> None:
    """A role that moved would be made by one stack before the other deletes it, and then IAM fails."""
    left_out = data.draw(st.sampled_from(entries))
    environments = {account: {"account": id_, "region": "eu-west-1"} for account, id_ in ACCOUNTS.items()}
    of_all, of_others = (
        _places_of(environments | {"grants": some})
        for some in (entries, [each for each in entries if each is not left_out])
    )

    gone = {left_out["name"], f"Assume-{left_out['name']}"}
    assert of_others == {name: place for name, place in of_all.items() if name not in gone}


ACCOUNTS = {"prod": "222222222222", "dev": "111111111111"}


def _places_of(file: dict[str, Any]) -> dict[str, tuple[str, str]]:
    with TemporaryDirectory() as directory:
        return places(synthesize(file, Path(directory)))


def test_a_file_that_outgrows_its_stack_gets_a_fix(access: dict[str, Any]) -> None:
    """Which of its roles are deployed already, and so must stay, only its author knows."""
    access["grants"] = many(access["grants"][0], 101)

    assert [
        (
            "grants",
            "at most 200, CloudFormation's quota for one stack",
            "add stack = 2 to those that are not deployed yet; what is deployed must stay in its stack",
        )
    ] == problems_of(access)


def test_what_is_deployed_stays_where_it_is(access: dict[str, Any], tmp_path: Path) -> None:
    """The first stack's template is the same byte for byte when the next grant goes into another."""
    access["grants"] = many(access["grants"][0], 100)
    before = synthesize(access, tmp_path / "before")
    access["grants"].insert(50, access["grants"][0] | {"name": "Next", "stack": 2})
    after = synthesize(access, tmp_path / "after")

    first = "ProdAccessStack.template.json"
    assert (before.directory / first).read_bytes() == (after.directory / first).read_bytes()
    assert {"ProdAccessStack", "ProdAccessStack2"} == set(after.manifest)
    assert "ProdAccessStack2" == places(after)["Next"][0]


def test_the_fix_names_the_first_stack_with_room(access: dict[str, Any]) -> None:
    """A stack that is full is not recommended, one that is half full is."""
    first = access["grants"][0]
    rest = [grant | {"name": f"Other{each}", "stack": 2} for each, grant in enumerate(many(first, 100))]
    access["grants"] = [*many(first, 101), *rest, first | {"name": "Third", "stack": 3}]

    assert ["add stack = 3"] == [fix[:13] for _, _, fix in problems_of(access)]


def test_buckets_count_for_their_stack(access: dict[str, Any]) -> None:
    """A bucket and its policy are two resources, a new key is one more."""
    access["buckets"] = [{"name": f"bucket-{each}", "create": True, "kms_key": "new"} for each in range(167)]

    assert [("grants", "at most 500, CloudFormation's quota for one stack")] == [
        each[:2] for each in problems_of(access)
    ]
    access["buckets"][0]["stack"] = 2
    parse_access(access)


def test_a_bucket_serves_grants_of_every_stack(access: dict[str, Any], tmp_path: Path) -> None:
    """It is named, not imported: each stack still deploys alone and in any order."""
    access["buckets"] = [{"name": "reports", "create": True, "stack": 2}]
    access["grants"] = [access["grants"][0], access["grants"][0] | {"name": "Third", "stack": 3}]
    assembly = synthesize(access, tmp_path)

    assert ["ProdAccessStack2"] == [name for name in assembly.manifest if assembly.resources(name, "AWS::S3::Bucket")]
    for name, stack in assembly.manifest.items():
        assert [f"{name}.assets"] == stack["dependencies"]
        assert "ImportValue" not in json.dumps(assembly.template(name))


def test_a_new_key_and_its_grants_share_a_stack(access: dict[str, Any], tmp_path: Path) -> None:
    """The role's policy names the key by its ARN, which no other stack knows; in another stack the grant is invalid."""
    access["buckets"] = [{"name": "reports", "create": True, "kms_key": "new", "stack": 2}]

    assert [
        (
            "[[grants]] Grant: stack",
            "2, where the bucket's key is made: no other stack knows the key's ARN",
            "stack = 2",
        )
    ] == problems_of(access)
    access["grants"][0]["stack"] = 2
    (role,) = synthesize(access, tmp_path).resources("ProdAccessStack2", "AWS::IAM::Role").values()
    (key,) = synthesize(access, tmp_path / "again").resources("ProdAccessStack2", "AWS::KMS::Key")
    assert {"Fn::GetAtt": [key, "Arn"]} in [
        statement["Resource"] for statement in role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    ]


def test_each_warning_is_at_its_own_stack(access: dict[str, Any], tmp_path: Path) -> None:
    """Each stack warns about its own grants; the first also warns about the file as a whole."""
    access["dev"] = access["prod"]
    access["grants"] = [
        access["grants"][0] | {"name": "Second", "stack": 2},
        access["grants"][0] | {"name": "Third", "stack": 3},
    ]
    assembly = synthesize(access, tmp_path)
    whole = "Third has no prefix and reaches every key of the bucket reports"

    assert "[prod] and [dev] are both 222222222222: nothing here crosses accounts" in assembly.warnings(
        "ProdAccessStack2"
    )
    assert [whole] == assembly.warnings("ProdAccessStack3")


def test_the_command_line_reads_every_stack(access: dict[str, Any], tmp_path: Path) -> None:
    """Roles of all of production's stacks are one inventory."""
    access["buckets"] = [{"name": "reports", "create": True}]
    access["grants"] = [access["grants"][0], access["grants"][0] | {"name": "Second", "stack": 2}]
    inventory = read_inventory(read_assembly(synthesize(access, tmp_path).directory))

    assert {"Grant", "Second"} == {grant.name for grant in grants_of(inventory)}
    assert ["arn:aws:s3:::reports"] == list(inventory.buckets)


def test_a_template_over_a_million_bytes_is_invalid(tmp_path: Path) -> None:
    """A hundred roles with long policies are within the other quotas, and too large for CloudFormation all the same."""
    addresses = ", ".join(f'"198.51.100.{last}/32"' for last in range(80))
    head = (ROOT / "access.toml").read_text().partition("[[buckets]]")[0]
    grant = 'principals = ["arn:aws:iam::111111111111:role/App"]\nattach = false\nbucket = "reports"\nprefix = "dev/"\n'
    grant += f'access = ["read", "write", "list", "delete"]\nsource_ips = [{addresses}]\n'
    file = tmp_path / "large.toml"
    file.write_text(head + "".join(f'[[grants]]\nname = "Grant{each}"\n{grant}' for each in range(100)))
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=os.environ | {"CDK_OUTDIR": str(tmp_path / "out"), "CDK_CONTEXT_JSON": json.dumps({"access": str(file)})},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 2 == done.returncode
    assert f"{file} has a problem:" in done.stderr
    assert "bytes for ProdAccessStack\n    expected  at most 1000000, CloudFormation's quota" in done.stderr
