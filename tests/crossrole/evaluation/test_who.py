"""`who` compares callers as sets: of an account some, all or none, and whoever is neither a role nor a user."""

from pathlib import Path
from typing import Any

import pytest

from crossrole.engines.simulator import Simulator
from crossrole.evaluation.who import Callers, who_can
from crossrole.iam.globs import common
from crossrole.templates.assembly import read_assembly
from crossrole.templates.reader import read_inventory
from tests.crossrole.evaluation.test_table import NOW
from tests.templates import allow, bucket, bucket_policy, deny, document, role, trust, write_assembly

GET, OBJECT, OBJECTS = "s3:GetObject", "arn:aws:s3:::data/x", "arn:aws:s3:::data/*"
OTHER = "arn:aws:iam::333333333333"
ANYONE, EVERYONE = "anyone on the internet, without credentials", "everyone in AWS"
ALL, SOME = "everyone in 333333333333", "some in 333333333333"
OPS = f"{OTHER}:role/ops-*"


def callers(folder: Path, simulator: Simulator, made: dict[str, Any], action: str = GET, of: str = OBJECT) -> Callers:
    """Return who can do it."""
    inventory = read_inventory(read_assembly(write_assembly(folder, {"Prod": made})))
    return who_can(inventory, simulator, action, of, now=NOW)


def lets_in(principal: Any, **condition: Any) -> dict[str, Any]:
    """Return the Allow of a bucket's policy."""
    return allow(GET, OBJECTS, Principal=principal, **({"Condition": condition} if condition else {}))


def keeps_out(**condition: Any) -> dict[str, Any]:
    """Return the Deny of a bucket's policy, for everyone on a condition."""
    return deny("s3:*", OBJECTS, Principal="*", Condition=condition)


ACCOUNT = {"AWS": f"{OTHER}:root"}
DENIED_BUT = [
    ("a user", {"StringNotEquals": {"aws:PrincipalArn": f"{OTHER}:user/bob"}}, SOME),
    ("roles of a name", {"ArnNotLike": {"aws:PrincipalArn": [OPS]}}, SOME),
    ("roles of a name, if it is given", {"ArnNotLikeIfExists": {"aws:PrincipalArn": OPS}}, SOME),
    ("all roles", {"StringNotLike": {"aws:PrincipalArn": "*:role/*"}}, SOME),
    ("whoever begins with a and ends with b", {"ArnNotLike": {"aws:PrincipalArn": f"{OTHER}:role/a*"}}, SOME),
    ("users", {"StringNotEquals": {"aws:PrincipalType": "User"}}, SOME),
    ("roles", {"StringEquals": {"aws:PrincipalType": "User"}}, SOME),
    ("a user by name", {"StringNotEquals": {"aws:username": "bob"}}, SOME),
    ("a role of another account", {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::444444444444:role/a"}}, None),
    ("everyone of the account", {"ArnNotLike": {"aws:PrincipalArn": f"{OTHER}:*"}}, ALL),
    ("everyone but one", {"ArnEquals": {"aws:PrincipalArn": f"{OTHER}:role/bad"}}, SOME),
]


@pytest.mark.parametrize(("condition", "expected"), [each[1:] for each in DENIED_BUT], ids=[d[0] for d in DENIED_BUT])
def test_a_deny_that_spares_some_of_an_account_leaves_them(
    condition: dict[str, Any], expected: str | None, tmp_path: Path, simulator: Simulator
) -> None:
    """Those whom it spares are listed, with what tells them apart; where it spares nobody, nobody is."""
    made = {"Data": bucket("data"), "Policy": bucket_policy("data", lets_in(ACCOUNT), keeps_out(**condition))}
    found = callers(tmp_path, simulator, made)

    assert ([expected] if expected else []) == [way.caller for way in found.ways]
    assert () == found.depends
    if expected == SOME:
        assert any("aws:Principal" in each or "aws:username" in each for each in found.ways[0].conditions)


def test_two_conditions_may_leave_whoever_meets_both(tmp_path: Path, simulator: Simulator) -> None:
    """A name that meets both is found; where none does, nobody is listed for certain."""
    first = lets_in(ACCOUNT, StringLike={"aws:PrincipalArn": "*:role/a*"})
    both = {"ArnNotLike": {"aws:PrincipalArn": f"{OTHER}:role/*b"}}
    neither = {"ArnNotLike": {"aws:PrincipalArn": f"{OTHER}:role/b*"}}
    some = callers(
        tmp_path / "a", simulator, {"Data": bucket("data"), "P": bucket_policy("data", first, keeps_out(**both))}
    )
    none = callers(
        tmp_path / "b", simulator, {"Data": bucket("data"), "P": bucket_policy("data", first, keeps_out(**neither))}
    )

    assert [SOME] == [way.caller for way in some.ways]
    assert () == none.ways


TRUSTS = [
    ("users", {"StringEquals": {"aws:PrincipalType": "User"}}, SOME),
    ("a pattern of no account", {"StringLike": {"aws:PrincipalArn": "*:user/*"}}, SOME),
    ("in any case", {"StringEqualsIgnoreCase": {"aws:PrincipalArn": f"{OTHER}:role/X"}}, SOME),
    ("if it is given", {"StringLikeIfExists": {"aws:PrincipalArn": f"{OTHER}:role/x*"}}, SOME),
    ("for any value", {"ForAnyValue:StringLike": {"aws:PrincipalArn": f"{OTHER}:role/x*"}}, SOME),
    ("a pattern", {"ArnLike": {"aws:PrincipalArn": OPS}}, OPS),
    ("another account's role", {"StringLike": {"aws:PrincipalArn": "*::444444444444:role/*"}}, None),
]


@pytest.mark.parametrize(("condition", "expected"), [each[1:] for each in TRUSTS], ids=[each[0] for each in TRUSTS])
def test_a_trust_policy_that_lets_in_some_of_an_account_lists_them(
    condition: dict[str, Any], expected: str | None, tmp_path: Path, simulator: Simulator
) -> None:
    """However the condition is written, those who meet it may assume the role."""
    made = {
        "Data": bucket("data"),
        "R": role("R", allow(GET), trusts=[trust(ACCOUNT, Condition=condition)]),
    }
    found = callers(tmp_path, simulator, made)

    assert ([(expected, "R")] if expected else []) == [(way.caller, way.via) for way in found.ways]


PUBLIC = [
    ("on no condition", {}, [ANYONE]),
    ("a name, if there is one", {"StringLikeIfExists": {"aws:PrincipalArn": OPS}}, [ANYONE]),
    ("for all of no names", {"ForAllValues:StringLike": {"aws:PrincipalArn": OPS}}, [ANYONE]),
    ("without a name", {"Null": {"aws:PrincipalArn": "true"}}, [ANYONE]),
    ("not of this name", {"ArnNotLike": {"aws:PrincipalArn": OPS}}, [ANYONE]),
    ("with a name", {"Null": {"aws:PrincipalArn": "false"}}, [EVERYONE]),
    ("any name", {"StringLike": {"aws:PrincipalArn": "*"}}, [EVERYONE]),
    ("an organization's", {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-x/*"}}, [EVERYONE]),
    ("addresses", {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, [ANYONE]),
    ("an endpoint", {"StringEquals": {"aws:SourceVpce": "vpce-1"}}, [ANYONE]),
    ("an endpoint, if it is given", {"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}, [ANYONE]),
    ("a tag, if there is one", {"StringEqualsIfExists": {"aws:PrincipalTag/a": "b"}}, [ANYONE]),
    ("a tag", {"StringEquals": {"aws:PrincipalTag/a": "b"}}, [EVERYONE]),
    ("a user, if it is one", {"StringEqualsIfExists": {"aws:username": "bob"}}, [ANYONE]),
    ("nobody's type", {"StringEquals": {"aws:PrincipalType": "Anonymous"}}, [ANYONE]),
    (
        "a service's list",
        {"ForAnyValue:StringEquals": {"aws:PrincipalServiceNamesList": "x"}},
        ["a service of AWS, for its customers"],
    ),
    ("a source", {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::other"}}, ["a service of AWS, for its customers"]),
    ("a service for a caller", {"Bool": {"aws:ViaAWSService": "true"}}, [EVERYONE]),
]


@pytest.mark.parametrize(("condition", "expected"), [each[1:] for each in PUBLIC], ids=[each[0] for each in PUBLIC])
def test_who_is_let_in_by_everyone(
    condition: dict[str, Any], expected: list[str], tmp_path: Path, simulator: Simulator
) -> None:
    """A request that nobody has signed lacks all keys of credentials: what then holds is decided by the operator."""
    made = {"Data": bucket("data"), "Policy": bucket_policy("data", lets_in("*", **condition))}
    found = callers(tmp_path, simulator, made)

    assert expected == [way.caller for way in found.ways]


def test_a_deny_keeps_out_whoever_has_no_credentials(tmp_path: Path, simulator: Simulator) -> None:
    """An unsigned request has no organization, so it is not of the one that is spared."""
    made = {
        "Data": bucket("data"),
        "Policy": bucket_policy("data", lets_in("*"), keeps_out(StringNotEquals={"aws:PrincipalOrgID": "o-x"})),
    }

    assert [EVERYONE] == [way.caller for way in callers(tmp_path, simulator, made).ways]


KINDS = [
    ({"Service": "cloudfront.amazonaws.com"}, "the service cloudfront.amazonaws.com"),
    ({"CanonicalUser": "79a5" * 16}, f"the account of the canonical user {'79a5' * 16}"),
    ({"Federated": f"{OTHER}:saml-provider/corp"}, f"who signs in by {OTHER}:saml-provider/corp"),
]


@pytest.mark.parametrize(("principal", "expected"), KINDS, ids=[next(iter(each)) for each, _ in KINDS])
def test_principals_of_other_kinds_are_listed_as_what_they_are(
    principal: dict[str, str], expected: str, tmp_path: Path, simulator: Simulator
) -> None:
    """They are let in by the statement that names them, unless one for everyone keeps them out."""
    lets = {"Data": bucket("data"), "Policy": bucket_policy("data", lets_in(principal))}
    denies = deny("s3:*", OBJECTS, Principal="*")
    keeps = {"Data": bucket("data"), "Policy": bucket_policy("data", lets_in(principal), denies)}
    found, nobody = callers(tmp_path / "a", simulator, lets), callers(tmp_path / "b", simulator, keeps)

    assert [(expected, ())] == [(way.caller, way.conditions) for way in found.ways]
    assert () == nobody.ways


def test_a_service_may_assume_the_role_that_trusts_it(tmp_path: Path, simulator: Simulator) -> None:
    """`who sts:AssumeRole` lists it."""
    found = callers(tmp_path, simulator, {"R": role("R")}, "sts:AssumeRole", "arn:aws:iam::222222222222:role/R")

    assert ["the service lambda.amazonaws.com"] == [way.caller for way in found.ways]


def test_a_public_policy_that_is_restricted_lets_in_the_bucket_s_own_account(
    tmp_path: Path, simulator: Simulator
) -> None:
    """RestrictPublicBuckets keeps out who is of another account, and who has no credentials."""
    data = bucket("data", PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    found = callers(tmp_path, simulator, {"Data": data, "Policy": bucket_policy("data", lets_in("*"))})

    assert ["everyone in 222222222222"] == [way.caller for way in found.ways]


def test_a_chain_of_roles_is_followed_to_its_beginning(tmp_path: Path, simulator: Simulator) -> None:
    """Who assumes a role that assumes the next can, and each role between; a circle ends."""
    arn = "arn:aws:iam::222222222222:role"
    user = {
        "Type": "AWS::IAM::User",
        "Properties": {
            "UserName": "ula",
            "Policies": [{"PolicyName": "Own", "PolicyDocument": document(allow("sts:AssumeRole", f"{arn}/First"))}],
        },
    }
    made = {
        "Data": bucket("data"),
        "U": user,
        "First": role(
            "First",
            allow("sts:AssumeRole", f"{arn}/Second"),
            trusts=[trust({"AWS": ["arn:aws:iam::222222222222:user/ula", f"{arn}/Second"]})],
        ),
        "Second": role(
            "Second",
            allow("sts:AssumeRole", [f"{arn}/Last", f"{arn}/First"]),
            trusts=[trust({"AWS": f"{arn}/First"})],
        ),
        "Last": role("Last", allow(GET), trusts=[trust({"AWS": f"{arn}/Second"})]),
    }
    found = {(way.caller, way.via) for way in callers(tmp_path, simulator, made).ways}

    assert ("arn:aws:iam::222222222222:user/ula", "First, then Second, then Last") in found
    assert {(f"{arn}/Second", "Last"), (f"{arn}/First", "Second, then Last")} <= found


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("a*", "*b"), "ab"),
        (("a*", "b*"), None),
        (("?", "*", "c"), "c"),
        (("*", "??"), "xx"),
        (("ab", "ab", "a?"), "ab"),
        (("", "*"), ""),
    ],
)
def test_a_text_that_patterns_have_in_common_is_found(patterns: tuple[str, ...], expected: str | None) -> None:
    """It matches all of them, and there is none where there can be none."""
    assert expected == common(*patterns)


DEV_ROOT = {"AWS": "arn:aws:iam::111111111111:root"}
APP = "arn:aws:iam::111111111111:role/App"
ACROSS: dict[str, tuple[dict[str, Any], bool]] = {
    "the bucket lets its account in": ({"P": bucket_policy("data", lets_in(DEV_ROOT))}, True),
    "the bucket denies alone": ({"P": bucket_policy("data", keeps_out())}, False),
    "the bucket has no policy": ({}, False),
}


@pytest.mark.parametrize("case", ACROSS)
def test_a_role_of_another_account_needs_the_resources_policy_too(
    case: str, tmp_path: Path, simulator: Simulator
) -> None:
    """What its own policies allow is not enough; where the bucket lets its account in, it is listed by its ARN."""
    more, listed = ACROSS[case]
    stacks = {"Prod": {"Data": bucket("data"), **more}, "Dev": {"App": role("App", allow(GET, OBJECTS))}}
    inventory = read_inventory(read_assembly(write_assembly(tmp_path, stacks)))

    found = {way.caller for way in who_can(inventory, simulator, GET, OBJECT, now=NOW).ways}

    assert listed is (APP in found)


def test_a_role_is_listed_by_the_arn_that_a_trust_policy_names(tmp_path: Path, simulator: Simulator) -> None:
    """A policy is attached by the name alone: the role's path stands in the trust policy."""
    exporter, target = "arn:aws:iam::111111111111:role/jobs/Exporter", "arn:aws:iam::222222222222:role/Target"
    attached = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"Roles": ["Exporter"], "PolicyDocument": document(allow("sts:AssumeRole", target))},
    }
    stacks = {
        "Prod": {"Target": role("Target", allow(GET, OBJECTS), trusts={"AWS": exporter}), "Data": bucket("data")},
        "Dev": {"Attached": attached},
    }
    inventory = read_inventory(read_assembly(write_assembly(tmp_path, stacks)))

    assert {(exporter, "Target")} == {
        (way.caller, way.via) for way in who_can(inventory, simulator, GET, OBJECT, now=NOW).ways
    }
    assert [exporter] == [each.arn for each in inventory.others.values()]
