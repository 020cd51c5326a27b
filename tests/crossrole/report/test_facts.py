"""What the report says of each kind of grant, in words and numbers."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from access.policies.document import size
from crossrole.iam.arn import name_of
from crossrole.report.model import Report
from crossrole.report.warnings import SOON
from crossrole.report.words import plain
from tests.crossrole.report.conftest import NOW, Read, changed, grant
from tests.synthesis import Assembly

SENTENCES = {
    "WholeAccount": "Every principal in account 333333333333 whose own policies allow it may read, write, delete and "
    "list objects under kinds-222222222222/account/.",
    "OneUser": "alice of dev 111111111111 may read and list objects under kinds-222222222222/user/ and list the names "
    "of all buckets of the account.",
    "ServiceRole": "service-role/Exporter of dev 111111111111 may write objects under kinds-222222222222/service/.",
    "PermissionSet": "Permission set Dev of dev 111111111111 may write objects under kinds-222222222222/sso/.",
    "OrganizationalUnit": "Every principal in the organizational unit o-a1b2c3d4e5/r-ab12/ou-ab12-11111111 whose own "
    "policies allow it may write objects under kinds-222222222222/unit/.",
    "Several": "Every principal in account 555555555555 whose own policies allow it, First of dev 111111111111, "
    "Second of partner 444444444444 and team/bob of partner 444444444444 may write objects under "
    "kinds-222222222222/several/.",
    "ExactActions": "service-role/Exporter of dev 111111111111 may do s3:PutObjectAcl, s3:PutObjectTagging and "
    "s3:ListBucketVersions under kinds-222222222222/exact/ and do s3:GetBucketLocation with the bucket "
    "kinds-222222222222.",
    "GivenKey": "service-role/Exporter of dev 111111111111 may read and list every object in the bucket "
    "kinds-given-key and use the key arn:aws:kms:eu-west-1:222222222222:key/11111111-2222-3333-4444-555555555555 "
    "through S3.",
    "EveryBucket": "service-role/Exporter of dev 111111111111 may read objects in every bucket of the account.",
    "SeedExample": "Every principal in account dev 111111111111 whose own policies allow it may do everything (s3:*) "
    "with every bucket.",
    "FullBucket": "service-role/Exporter of dev 111111111111 may do everything (s3:*) with the bucket "
    "kinds-222222222222 and its objects.",
}


@pytest.mark.parametrize("name", SENTENCES)
def test_sentence(name: str, of_kinds: Report) -> None:
    """What a grant allows is one sentence: who, what, where."""
    assert SENTENCES[name] == plain(grant(of_kinds, name).sentence)


CONDITIONS = {
    "ServiceRole": [],
    "Organization": [],
    "ExternalId": ["sends the external id export:2026/nightly"],
    "RecentMfa": ["entered an MFA code at most 1 hour before"],
    "OfOrganization": ["belongs to the organization o-a1b2c3d4e5"],
    "Expiring": ["asks before 2099-12-31 22:59:59 UTC"],
    "FromHere": ["comes from 127.0.0.0/8 or 2001:db8::/32"],
    "Pinned": ["is exactly the role or user that existed at the deployment (pinned)"],
    "AllConditions": [
        "sends the external id all-of-them",
        "belongs to the organization o-a1b2c3d4e5",
        "entered an MFA code at most 15 minutes before",
        "asks before 2099-12-31 00:00 UTC",
        "comes from 127.0.0.0/8",
    ],
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions(name: str, of_kinds: Report) -> None:
    """Each condition of the trust policy is said, and what only says who is meant is not said again."""
    assert sorted(CONDITIONS[name]) == sorted(map(plain, grant(of_kinds, name).conditions))


def test_a_condition_of_one_caller_is_said_of_it_alone(kinds: Assembly, read: Read, tmp_path: Path) -> None:
    """Where two statements of a trust policy differ, neither's condition is said of everyone."""

    def change(resources: dict[str, dict[str, dict[str, dict[str, list[dict[str, object]]]]]]) -> None:
        role = next(each for name, each in resources.items() if name.startswith("GrantsSeveral"))
        account = role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
        account["Condition"] = {"StringEquals": {"sts:ExternalId": "theirs"}}

    several = grant(read(changed(kinds, tmp_path / "changed", change)), "Several")

    said = "every principal in account 555555555555 whose own policies allow it sends the external id theirs"
    assert [said] == [plain(each) for each in several.conditions]
    assert ["Whole account"] == [each.title for each in several.tags]


def test_an_organization_narrows_a_whole_account(kinds: Assembly, read: Read, tmp_path: Path) -> None:
    """An account whose callers must belong to an organization is wide, but not without condition."""

    def change(resources: dict[str, dict[str, dict[str, dict[str, list[dict[str, object]]]]]]) -> None:
        role = next(each for name, each in resources.items() if name.startswith("GrantsWholeAccount"))
        account = role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
        account["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}

    narrowed = grant(read(changed(kinds, tmp_path / "changed", change)), "WholeAccount")

    assert ["Whole account"] == [each.title for each in narrowed.tags]


def by_hand(trust: list[dict[str, object]], own: list[dict[str, object]]) -> Callable[[dict[str, Any]], None]:
    """Return a change that adds statements to the first grant's trust policy and permissions policy."""

    def change(resources: dict[str, Any]) -> None:
        role = next(each for each in resources.values() if each["Type"] == "AWS::IAM::Role")["Properties"]
        role["AssumeRolePolicyDocument"]["Statement"] += trust
        role["Policies"][0]["PolicyDocument"]["Statement"] += own

    return change


def _allow(**statement: object) -> dict[str, object]:
    return {"Effect": "Allow", **statement}


BY_HAND: dict[str, tuple[list[dict[str, object]], list[dict[str, object]], tuple[str, str]]] = {
    "a service": (
        [_allow(Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole")],
        [],
        ("An AWS service", "ec2.amazonaws.com"),
    ),
    "a provider": (
        [_allow(Principal={"Federated": "accounts.google.com"}, Action="sts:AssumeRoleWithWebIdentity")],
        [],
        ("Every user of a provider", "every token of accounts.google.com"),
    ),
    "everything of IAM": ([], [_allow(Action="iam:*", Resource="*")], ("Can give access to others", "iam:*")),
    "every action": ([], [_allow(Action="*", Resource="*")], ("Can give access to others", "*")),
    "every action but": ([], [_allow(NotAction="iam:*", Resource="*")], ("Everything but", "iam:*")),
    "every resource but": (
        [],
        [_allow(Action="s3:GetObject", NotResource="arn:aws:s3:::x/*")],
        ("Everything but", "arn:aws:s3:::x/*"),
    ),
}


@pytest.mark.parametrize(("trust", "own", "expected"), BY_HAND.values(), ids=BY_HAND)
def test_what_was_added_by_hand_is_a_serious_warning(  # noqa: PLR0917 they are fixtures
    trust: list[dict[str, object]],
    own: list[dict[str, object]],
    expected: tuple[str, str],
    default: Assembly,
    read: Read,
    tmp_path: Path,
) -> None:
    """The report warns by name about trust and access that access.toml can't give."""
    found = read(changed(default, tmp_path / "changed", by_hand(trust, own))).grants[0]

    assert expected in [(each.kind.title, plain(each.words)) for each in found.warnings]
    assert found.grave


NOBODY: dict[str, tuple[dict[str, object], str]] = {
    "a stranger": (
        {"Sid": "DenyWhileDisabled", "Principal": {"AWS": "arn:aws:iam::333333333333:role/Stranger"}},
        "active",
    ),
    "under a condition": (
        {"Sid": "DenyWhileDisabled", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        "active",
    ),
    "another action": ({"Sid": "DenyWhileDisabled", "Principal": "*", "Action": "sts:TagSession"}, "active"),
    "everyone": ({"Principal": {"AWS": "*"}}, "disabled"),
    "expired": (
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
            "Condition": {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}},
        },
        "active",
    ),
}


@pytest.mark.parametrize(("statement", "expected"), NOBODY.values(), ids=NOBODY)
def test_state_is_what_the_policy_means(
    statement: dict[str, object], expected: str, default: Assembly, read: Read, tmp_path: Path
) -> None:
    """A grant is disabled where everyone is denied, whatever a statement is named, and ends where a date ends it."""

    def change(resources: dict[str, Any]) -> None:
        role = next(each for each in resources.values() if each["Type"] == "AWS::IAM::Role")["Properties"]
        made = {"Effect": "Deny", "Action": "sts:AssumeRole", **statement}
        given = role["AssumeRolePolicyDocument"]["Statement"]
        role["AssumeRolePolicyDocument"]["Statement"] = [made] if made["Effect"] == "Allow" else [*given, made]

    found = read(changed(default, tmp_path / "changed", change)).grants[0]

    assert expected == found.state.label
    if expected == "disabled":
        assert "nobody can assume the role; sessions that began before still work" == found.state.text


def test_a_policy_outside_the_templates_is_a_serious_warning(default: Assembly, read: Read, tmp_path: Path) -> None:
    """Its permissions are not known: it is named first, and nothing that it may allow is reported as denied."""
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"

    def change(resources: dict[str, dict[str, dict[str, object]]]) -> None:
        role = next(each for each in resources.values() if str(each["Type"]) == "AWS::IAM::Role")
        role["Properties"]["ManagedPolicyArns"] = [arn]

    found = read(changed(default, tmp_path / "changed", change)).grants[0]
    before = read(default.directory).grants[0]

    assert ("Policy outside the templates", arn) == (found.warnings[0].kind.title, plain(found.warnings[0].words))
    assert found.grave
    assert plain(found.sentence).endswith(f"and do whatever the managed policy {arn} allows.")
    denied = [plain(each) for each in found.denied]
    assert "deleting the bucket reports-222222222222" in [plain(each) for each in before.denied]
    assert [] == [each for each in denied if not each.startswith("assuming the role")]
    assert "assuming the role from any other account" in denied


STATES = {
    "ServiceRole": ("active", "has no expiry", True),
    "Expired": ("expired", "since 2026-01-01 00:00 UTC nobody can use it", False),
    "Disabled": ("disabled", "nobody can assume the role, and its sessions can do nothing", False),
    "Revoked": ("active", "has no expiry; sessions that began before 2026-01-01 00:00 UTC are revoked", True),
    "Shut": (
        "disabled",
        (
            "nobody can assume the role, and its sessions can do nothing; "
            "sessions that began before 2026-06-01 00:00 UTC are revoked"
        ),
        False,
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_state(name: str, of_kinds: Report) -> None:
    """Whether a grant can be used now is said in one word and one sentence."""
    state = grant(of_kinds, name).state

    assert STATES[name] == (state.label, state.text, state.usable)


@pytest.mark.parametrize(
    ("before", "label", "warned"),
    [
        (SOON + timedelta(seconds=1), "active", False),
        (SOON, "expires soon", True),
        (timedelta(hours=1), "expires soon", True),
        (timedelta(0), "expired", False),
    ],
    ids=["31 days", "30 days", "1 hour", "over"],
)
def test_expiry_comes_near(before: timedelta, label: str, warned: bool, kinds: Assembly, read: Read) -> None:
    """In its last 30 days a grant is warned of, and from its end on it is expired."""
    end = NOW.replace(year=2099, month=12, day=31, hour=22, minute=59, second=59)
    expiring = grant(read(kinds.directory, now=end - before), "Expiring")

    assert label == expiring.state.label
    assert warned == ("Expires within 30 days" in [each.title for each in expiring.tags])
    assert (label == "expired") == ("Expired" in [each.title for each in expiring.tags])


WARNINGS = {
    "ServiceRole": [],
    "WholeAccount": ["No condition", "Whole account"],
    "Organization": ["No condition", "Whole organization"],
    "OrganizationalUnit": ["No condition", "Whole organization"],
    "Several": ["No condition", "Whole account"],
    "Pinned": ["Pinned"],
    "ExternalId": [],
    "OfOrganization": [],
    "Expired": ["Expired"],
    "ExactActions": ["Can give access to others", "Whole bucket"],
    "NewKey": ["Whole bucket"],
    "EveryBucket": ["Every bucket"],
    "SeedExample": ["Full access", "No condition", "Every bucket", "Whole account"],
    "FullBucket": ["Full access"],
}


@pytest.mark.parametrize("name", WARNINGS)
def test_warnings(name: str, of_kinds: Report) -> None:
    """A grant that gives much away is warned of, the gravest first, and one that does not is not."""
    assert WARNINGS[name] == [each.title for each in grant(of_kinds, name).tags]


def test_warnings_come_gravest_first(of_kinds: Report) -> None:
    """The serious kinds stand before all others."""
    serious = [kind.serious for kind, _ in of_kinds.warnings]

    assert sorted(serious, reverse=True) == serious
    assert "Full access" == of_kinds.warnings[0][0].title


DENIED = {
    "ServiceRole": [
        "reading an object under kinds-222222222222/service/",
        "deleting an object under kinds-222222222222/service/",
        "listing kinds-222222222222",
        "writing an object outside service/",
        "writing an object in another bucket",
        "deleting the bucket kinds-222222222222",
        "anything outside S3, such as reading a secret",
        "assuming the role as any other role or user of dev 111111111111",
        "assuming the role from any other account",
    ],
    "SeedExample": ["anything outside S3, such as reading a secret", "assuming the role from any other account"],
    "Organization": [
        "reading an object under kinds-222222222222/organization/",
        "deleting an object under kinds-222222222222/organization/",
        "listing kinds-222222222222",
        "writing an object outside organization/",
        "writing an object in another bucket",
        "deleting the bucket kinds-222222222222",
        "anything outside S3, such as reading a secret",
        "assuming the role from outside the organization",
    ],
}


@pytest.mark.parametrize("name", DENIED)
def test_denied(name: str, of_kinds: Report) -> None:
    """The denied examples are the requests that the policy simulator denies."""
    assert DENIED[name] == [plain(each) for each in grant(of_kinds, name).denied]


def test_each_condition_is_tried(of_kinds: Report) -> None:
    """A caller that fulfils all conditions except one is denied, for each condition."""
    tried = [plain(each) for each in grant(of_kinds, "AllConditions").denied]

    assert [
        "assuming the role with another external id",
        "assuming the role with an MFA code older than 15 minutes",
        "assuming the role from outside the organization",
        "assuming the role from another address, such as 192.0.2.1",
        "assuming the role after 2099-12-31 00:00 UTC",
    ] == tried[-5:]


@pytest.mark.parametrize("name", ["Disabled", "Shut", "Expired"])
def test_a_disabled_or_expired_grant_denies_its_own_callers(name: str, of_kinds: Report) -> None:
    """A grant that nobody can use also denies the access that it was made for."""
    denied = [plain(each) for each in grant(of_kinds, name).denied]

    assert f"writing an object under kinds-222222222222/{name.lower()}/" in denied
    assert "assuming the role as service-role/Exporter of dev 111111111111" in denied


def test_quotas(kinds: Assembly, of_kinds: Report) -> None:
    """The characters of the policies are counted as IAM counts them, and as the synth does."""
    found = {str(each.name): [quota.used for quota in each.quotas] for each in of_kinds.grants}
    expected = {
        name: [
            size(kinds.role(name)["AssumeRolePolicyDocument"]),
            sum(size(policy["PolicyDocument"]) for policy in kinds.role(name)["Policies"]),
        ]
        for name in found
        if name != "NewKey"  # its key's ARN is known at deployment alone
    }

    assert expected == {name: used for name, used in found.items() if name in expected}


SESSIONS = {
    "ServiceRole": "at most 1 hour",
    "OneUser": "at most 12 hours",
    "Bounded": "at most 15 minutes by agreement; IAM itself enforces no less than 1 hour",
}


@pytest.mark.parametrize("name", SESSIONS)
def test_session(name: str, of_kinds: Report) -> None:
    """How long a session lasts is said with what IAM does not enforce."""
    assert SESSIONS[name] == plain(grant(of_kinds, name).session)


def test_boundary(of_kinds: Report) -> None:
    """A permissions boundary is reported."""
    assert "arn:aws:iam::222222222222:policy/Boundary" == grant(of_kinds, "Bounded").boundary
    assert grant(of_kinds, "ServiceRole").boundary is None


def test_revoke_line(of_kinds: Report) -> None:
    """The line that ends live sessions is ready to copy."""
    assert "python -m crossrole revoke ServiceRole --profile prod" == grant(of_kinds, "ServiceRole").revoke


def test_halves(of_kinds: Report) -> None:
    """For each caller it is reported whether a template makes its own policy, or its own account must."""
    halves = {(plain(each.caller), plain(each.account)): each for each in of_kinds.halves}
    alice, exporter = halves["alice", "dev 111111111111"], halves["service-role/Exporter", "333333333333"]

    assert ["OneUser", "RecentMfa", "AllConditions", "SessionTags"] == list(map(name_of, alice.may))
    assert () == alice.elsewhere + alice.missing
    assert ["OfOrganization"] == list(map(name_of, exporter.elsewhere))
    assert ["ExternalId"] == list(map(name_of, halves["WriterRole", "dev 111111111111"].may))


def test_a_missing_own_policy_is_reported(default: Assembly, read: Read, tmp_path: Path) -> None:
    """A caller that a template makes, but whose policies do not let it assume the role, has no own policy."""

    def change(resources: dict[str, dict[str, dict[str, str]]]) -> None:
        role = next(each for each in resources.values() if str(each["Type"]) == "AWS::IAM::Role")
        role["Properties"]["RoleName"] = "Renamed"

    (half,) = read(changed(default, tmp_path / "changed", change)).halves

    assert ((), (), ["Renamed"]) == (half.may, half.elsewhere, list(map(name_of, half.missing)))


def test_buckets(of_kinds: Report) -> None:
    """Each bucket is reported with its encryption and the grants that reach it; also one that no template makes."""
    buckets = {str(each.name): each for each in of_kinds.buckets}

    assert "S3's own keys" == plain(buckets["kinds-222222222222"].encryption)
    assert "a customer key that the templates make" == plain(buckets["kinds-new-key"].encryption)
    assert "prod 222222222222, eu-west-1" == plain(buckets["kinds-new-key"].where)
    assert "exists already: no template makes it" == plain(buckets["kinds-existing"].where)
    assert ["GivenKey", "EveryBucket", "SeedExample", "Places"] == list(map(name_of, buckets["kinds-given-key"].grants))


def test_what_is_not_evaluated_is_said(of_default: Report) -> None:
    """What the templates hold and no command evaluates is listed by its place."""
    (words,) = of_default.unevaluated

    assert words[0].startswith("ProdAccessStack/Buckets")
    assert ", AWS::S3::Bucket, its ACL and Block Public Access" == "".join(words[1:])
