"""`[fleet]`: which files are valid, and what the errors of the others say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from access.file import AccessFileError, parse_access, read_access
from access.fleet import Fleet, lies_in
from access.policies.caller import assume_role_statement
from access.policies.fleet import fleet_template
from tests.synthesis import ROOT, smallest

FLEET = ROOT / "tests" / "fleet.toml"
ORGANIZATION = "o-a1b2c3d4e5"
ROOT_UNIT = "r-ab12"
UNIT, OTHER = "ou-ab12-11111111", "ou-ab12-22222222"
ABOVE = f"{ORGANIZATION}/{ROOT_UNIT}/{UNIT}"
BELOW = f"{ABOVE}/{OTHER}"


def file_of(*, principals: list[str], units: list[str], **fleet: Any) -> dict[str, Any]:
    """Return a file with one grant for these principals, and a fleet of these units."""
    table = {"account": "444444444444", "region": "eu-west-1", "units": units, "grants": ["Grant"]}
    return smallest(principals=principals) | {"fleet": table | fleet}


def problems_of(access: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return each problem's place, what it got and expected, and its fix."""
    with pytest.raises(AccessFileError) as caught:
        parse_access(access)
    return [(each.where, f"{each.got} {each.expected}", each.fix) for each in caught.value.problems]


VALID = {
    "the unit itself": ([ABOVE], [ABOVE]),
    "a unit above": ([ABOVE], [BELOW]),
    "the organization": ([ORGANIZATION], [BELOW]),
    "the id alone, of the unit itself": ([ABOVE], [UNIT]),
    "the id alone, of the last unit of a path": ([BELOW], [OTHER]),
    "the id alone, where the organization is trusted": ([ORGANIZATION], [UNIT]),
    "the whole organization": ([ORGANIZATION], [f"{ORGANIZATION}/{ROOT_UNIT}"]),
    "the whole organization by its root": ([ORGANIZATION], [ROOT_UNIT]),
    "several units": ([ABOVE, f"{ORGANIZATION}/{ROOT_UNIT}/{OTHER}"], [UNIT, OTHER]),
    "others beside it": (["333333333333", ABOVE, "arn:aws:iam::333333333333:role/App"], [ABOVE]),
    "a user of another account beside it": (["arn:aws:iam::333333333333:user/eve", ABOVE], [ABOVE]),
}


@pytest.mark.parametrize(("principals", "units"), VALID.values(), ids=VALID)
def test_a_fleet_whose_units_are_trusted(principals: list[str], units: list[str]) -> None:
    """A unit is trusted by itself, by a unit above it, or by the organization."""
    access = parse_access(file_of(principals=principals, units=units))

    assert access.fleet
    assert [each.rpartition("/")[2] for each in units] == access.fleet.unit_ids


NOT_TRUSTED = {
    "an account": (["333333333333"], [ABOVE], f'add "{ABOVE}" to the principals'),
    "another unit": ([f"{ORGANIZATION}/{ROOT_UNIT}/{OTHER}"], [ABOVE], f'add "{ABOVE}" to the principals'),
    "only a unit below": ([BELOW], [ABOVE], f'add "{ABOVE}" to the principals'),
    "only a unit below, by its id": ([BELOW], [UNIT], f'add "o-…/r-…/{UNIT}" to the principals'),
    "another organization": (["o-zzzzzzzzzz"], [ABOVE], f'add "{ABOVE}"'),
    "the same unit's id in another organization": ([f"o-zzzzzzzzzz/{ROOT_UNIT}/{UNIT}"], [ABOVE], f'add "{ABOVE}"'),
    "the same unit in another place": (
        [f"{ORGANIZATION}/{ROOT_UNIT}/{UNIT}"],
        [f"{ORGANIZATION}/{ROOT_UNIT}/{OTHER}/{UNIT}"],
        f'add "{ORGANIZATION}/{ROOT_UNIT}/{OTHER}/{UNIT}"',
    ),
    "an id that may be below": ([ABOVE], [OTHER], f"with its whole path, o-…/r-…/…/{OTHER}"),
    "an id of another root": ([ABOVE], ["ou-zz99-11111111"], 'add "o-…/r-…/ou-zz99-11111111"'),
    "the root": ([ABOVE], [ROOT_UNIT], "add the organization (o-…) to the principals"),
    "the root with its path": ([ABOVE], [f"{ORGANIZATION}/{ROOT_UNIT}"], f"add the organization ({ORGANIZATION})"),
}


@pytest.mark.parametrize(("principals", "units", "fix"), NOT_TRUSTED.values(), ids=NOT_TRUSTED)
def test_a_grant_must_trust_the_units(principals: list[str], units: list[str], fix: str) -> None:
    """Else the accounts would have a policy that lets nobody in; the fix says what to add, and where."""
    ((where, what, said),) = problems_of(file_of(principals=principals, units=units))

    assert "[fleet]: grants" == where
    assert "Grant, which " in what
    assert "a unit above it, or the organization among its principals" in what
    assert fix in said


KEYS: dict[str, tuple[dict[str, Any], str, str]] = {
    "an account in words": ({"account": "prod"}, "[fleet]: account", "12 digits"),
    "no such region": ({"region": "eu-west-9"}, "[fleet]: region", "did you mean"),
    "another partition": ({"region": "cn-north-1"}, "[fleet]: region", "no role is assumed across partitions"),
    "no units": ({"units": []}, "[fleet]: units", "add one"),
    "a unit's name": ({"units": ["Sandbox"]}, "[fleet]: units[0]", "list-organizational-units-for-parent"),
    "an account as a unit": ({"units": ["333333333333"]}, "[fleet]: units[0]", "an organizational unit (ou-…"),
    "an organization as a unit": ({"units": [ORGANIZATION]}, "[fleet]: units[0]", "the organization's root"),
    "a unit with a star": ({"units": [f"{ABOVE}/*"]}, "[fleet]: units[0]", "an organizational unit"),
    "no grants": ({"grants": []}, "[fleet]: grants", "add one"),
    "a grant that is not there": ({"grants": ["Grant", "Grand"]}, "[fleet]: grants", 'did you mean "Grant"?'),
    "a grant twice": ({"grants": ["Grant", "Grant"]}, "[fleet]: grants", "remove one"),
    "a unit twice": ({"units": [ABOVE, UNIT]}, "[fleet]: units", f"remove {UNIT}"),
    "a unit below another": ({"units": [ABOVE, BELOW]}, "[fleet]: units", f"remove {BELOW}"),
    "a unit beside the root": ({"units": [ROOT_UNIT, UNIT]}, "[fleet]: units", f"remove {UNIT}"),
    "two organizations": (
        {"units": [ABOVE, "o-zzzzzzzzzz/r-zz99/ou-zz99-11111111"]},
        "[fleet]: units",
        "keep those of one organization",
    ),
    "a long name": ({"name": "a" * 129}, "[fleet]: name", "1 to 128 letters, digits and -"),
    "a name that begins with a digit": ({"name": "1st"}, "[fleet]: name", "a letter first"),
    "a name with an underscore": ({"name": "cross_role"}, "[fleet]: name", "a letter first"),
    "no account at a time": (
        {"max_concurrent_percentage": 0},
        "[fleet]: max_concurrent_percentage",
        "raise it",
    ),
    "more than all accounts": ({"max_concurrent_percentage": 101}, "[fleet]: max_concurrent_percentage", "lower it"),
    "a tolerance over all": (
        {"failure_tolerance_percentage": 101},
        "[fleet]: failure_tolerance_percentage",
        "lower it",
    ),
    "a misspelt key": ({"unit": [ABOVE]}, "[fleet]: unit", 'did you mean "units"?'),
}


@pytest.mark.parametrize(("keys", "where", "said"), KEYS.values(), ids=KEYS)
def test_an_invalid_key(keys: dict[str, Any], where: str, said: str) -> None:
    """Each has its place and its fix."""
    access = file_of(principals=[ORGANIZATION], **{"units": [ABOVE]} | keys)
    found = problems_of(access)

    assert any(where == place and said in f"{what} {fix}" for place, what, fix in found), found


def test_more_units_than_an_operation_takes() -> None:
    """One operation of a StackSet takes fifty units."""
    units = [f"ou-ab12-{number:08}" for number in range(51)]
    assert parse_access(file_of(principals=[ORGANIZATION], units=units[:50])).fleet

    ((where, what, fix),) = problems_of(file_of(principals=[ORGANIZATION], units=units))

    assert ("[fleet]: units", "51 units at most 50, the quota of one operation of a StackSet") == (where, what)
    assert "name a unit above several of these" == fix


def test_a_template_that_is_too_large() -> None:
    """The StackSet's template is passed in the request itself, which takes 51,200 bytes."""
    access = file_of(principals=[ORGANIZATION], units=[UNIT])
    access["grants"] = [
        access["grants"][0] | {"name": f"Grant{number:03}", "stack": 1 + number // 90} for number in range(180)
    ]
    access["fleet"]["grants"] = [each["name"] for each in access["grants"]]

    ((where, what, fix),) = problems_of(access)

    assert "[fleet]: grants" == where
    assert what.startswith("180 grants, a template of ")
    assert "at most 51200" in what
    assert "name fewer of them" in fix


@pytest.mark.parametrize("caller", ["user/alice", "role/App"])
def test_a_policy_of_that_name_that_another_stack_makes(caller: str) -> None:
    """An account has each name once, and dev may be in the units."""
    access = file_of(principals=[f"arn:aws:iam::111111111111:{caller}", ABOVE], units=[ABOVE])

    ((where, what, fix),) = problems_of(access)

    assert "[fleet]: grants" == where
    assert "Assume-Grant" in what
    assert "give these a grant of their own" in fix


def test_what_follows_from_another_error_is_not_said() -> None:
    """A principal that is misspelt may be the unit."""
    access = file_of(principals=[ABOVE.upper(), "333333333333"], units=[ABOVE])

    assert ["[[grants]] Grant: principals[0]"] == [where for where, *_ in problems_of(access)]


LIES_IN: list[tuple[str, str, bool | None]] = [
    (UNIT, UNIT, True),
    (ABOVE, UNIT, True),
    (BELOW, UNIT, True),
    (BELOW, ABOVE, True),
    (BELOW, ROOT_UNIT, True),
    (ABOVE, BELOW, False),
    (UNIT, BELOW, False),
    (f"{ORGANIZATION}/{ROOT_UNIT}/{OTHER}", BELOW, False),
    (f"{ORGANIZATION}/{ROOT_UNIT}/{UNIT}1", ABOVE, False),
    (OTHER, UNIT, None),
    (OTHER, ABOVE, None),
    (ROOT_UNIT, UNIT, False),
    ("ou-zz99-11111111", UNIT, False),
]


@pytest.mark.parametrize(("unit", "other", "expected"), LIES_IN)
def test_whether_a_unit_lies_in_another(unit: str, other: str, expected: bool | None) -> None:
    """Only a unit's own path says which units are above it."""
    assert expected is lies_in(unit, other)


@pytest.fixture
def written() -> Callable[[], Fleet]:
    """Return what reads the example."""

    def read() -> Fleet:
        fleet = read_access(FLEET).fleet
        assert fleet
        return fleet

    return read


def test_the_template_of_an_account(written: Callable[[], Fleet]) -> None:
    """A managed policy for each grant that is named, with the statements of any caller's half, attached to nobody."""
    access = read_access(FLEET)
    grants = written().chosen(list(access.grants))
    resources = fleet_template(grants, access.prod)["Resources"]
    properties = [each["Properties"] for each in resources.values()]
    statements = [each["PolicyDocument"]["Statement"] for each in properties]

    assert ["AssumeDataTeam", "AssumeAudit"] == list(resources)
    assert ["Assume-DataTeam", "Assume-Audit"] == [each["ManagedPolicyName"] for each in properties]
    assert [{"ManagedPolicyName", "Description", "PolicyDocument"}] * 2 == [{*each} for each in properties]
    assert [assume_role_statement(access.prod, grant) for grant in grants] == [each[0] for each in statements]
    assert [1, 2] == list(map(len, statements))
    assert {
        "Sid": "SetSourceIdentity",
        "Effect": "Allow",
        "Action": "sts:SetSourceIdentity",
        "Resource": "arn:aws:iam::222222222222:role/Audit",
    } == statements[1][1]


def test_the_example_is_valid_as_a_file(tmp_path: Path) -> None:
    """It is read from disk as any other; without the table there is no fleet."""
    text = FLEET.read_text()
    (tmp_path / "access.toml").write_text(text.partition("[fleet]")[0])

    assert read_access(FLEET).fleet
    assert read_access(tmp_path / "access.toml").fleet is None
