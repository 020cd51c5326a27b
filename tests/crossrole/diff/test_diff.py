"""What `diff` says of a change: each gain and loss of access in one sentence, and nothing of a mere rewording."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from crossrole.diff.changes import changes
from crossrole.diff.sentences import Change, changes_text
from crossrole.engines.prover import Prover
from crossrole.templates.assembly import read_assembly
from crossrole.templates.intrinsics import Template
from crossrole.templates.reader import read_inventory
from tests.synthesis import synthesize

DEV, PROD, PARTNER = "111111111111", "222222222222", "333333333333"
BUCKET = f"reports-{PROD}"
APP, GRANT = f"role DevLambdaRole in {DEV}", f"role DevAccountAccessS3Role in {PROD}"
APP_ARN = f"arn:aws:iam::{DEV}:role/DevLambdaRole"
GRANT_ARN = f"arn:aws:iam::{PROD}:role/DevAccountAccessS3Role"
WRITE = "s3:PutObject, s3:AbortMultipartUpload, s3:ListMultipartUploadParts"
WRITE_HERE = f"{WRITE} on {BUCKET}/dev/*"
THROUGH, THROUGH_IT = ", through DevAccountAccessS3Role", f"through it: {WRITE_HERE}"
KEPT_OUT = f"until the bucket's Block Public Access (RestrictPublicBuckets) is off, only principals of {PROD} can"
WHERE_ALLOWED = ", where its own policies allow it"

ACCESS: dict[str, Any] = {
    "prod": {"account": PROD, "region": "eu-west-1"},
    "dev": {"account": DEV, "region": "eu-west-1"},
    "buckets": [{"name": BUCKET, "create": True}],
    "grants": [
        {
            "name": "DevAccountAccessS3Role",
            "principals": [APP_ARN],
            "bucket": BUCKET,
            "prefix": "dev/",
            "access": ["write"],
        }
    ],
    "writer": {"grant": "DevAccountAccessS3Role", "role": "DevLambdaRole"},
}

Resources = dict[str, Any]
Edit = Callable[[Resources, Resources], None]
"""Changes the resources of ProdAccessStack and of DevLambdaStack."""
Read = Callable[..., list[Template]]
Compare = Callable[[list[Template], list[Template]], list[Change]]


def gained(text: str, *notes: str) -> Change:
    """Return access that was gained."""
    return Change(gained=True, text=text, notes=notes)


def lost(text: str, *notes: str) -> Change:
    """Return access that was lost."""
    return Change(gained=False, text=text, notes=notes)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Return what gives the templates of an access.toml whose grant has other keys; None takes a key out."""
    made: dict[str, list[Template]] = {}

    def templates(file: Mapping[str, Any] | None = None, **grant: Any) -> list[Template]:
        access = deepcopy(ACCESS | dict(file or {}))
        keys = {**access["grants"][0], **grant}
        access["grants"][0] = {key: value for key, value in keys.items() if value is not None}
        key = json.dumps(access, default=str, sort_keys=True)
        if key not in made:
            made[key] = read_assembly(synthesize(access, tmp_path_factory.mktemp("diff")).directory)
        return made[key]

    return templates


@pytest.fixture
def compare(prover: Prover) -> Compare:
    """Return what compares two states of the templates."""

    def compared(base: list[Template], head: list[Template]) -> list[Change]:
        return changes(read_inventory(base), read_inventory(head), prover)

    return compared


def edited(templates: list[Template], edit: Edit) -> list[Template]:
    """Return a copy of the templates with their resources changed by hand."""
    bodies = {each.stack: deepcopy(dict(each.body)) for each in templates}
    edit(bodies["ProdAccessStack"]["Resources"], bodies["DevLambdaStack"]["Resources"])
    return [replace(each, body=bodies[each.stack]) for each in templates]


def of_type(resources: Resources, kind: str, **named: str) -> dict[str, Any]:
    """Return the properties of the resource of a type, and with a property of that value."""
    found = [each["Properties"] for each in resources.values() if each["Type"] == kind]
    properties: dict[str, Any]
    (properties,) = [each for each in found if all(each.get(key) == value for key, value in named.items())]
    return properties


def grant_role(prod: Resources) -> dict[str, Any]:
    """Return the properties of the grant's role."""
    return of_type(prod, "AWS::IAM::Role", RoleName="DevAccountAccessS3Role")


def trust(prod: Resources) -> list[dict[str, Any]]:
    """Return the statements of the grant's trust policy."""
    statements: list[dict[str, Any]] = grant_role(prod)["AssumeRolePolicyDocument"]["Statement"]
    return statements


def permissions(prod: Resources) -> list[dict[str, Any]]:
    """Return the statements of the grant's permissions."""
    statements: list[dict[str, Any]] = grant_role(prod)["Policies"][0]["PolicyDocument"]["Statement"]
    return statements


def of_app(dev: Resources) -> list[dict[str, Any]]:
    """Return the statements of the function's role."""
    role = of_type(dev, "AWS::IAM::Role", RoleName="DevLambdaRole")
    statements: list[dict[str, Any]] = role["Policies"][0]["PolicyDocument"]["Statement"]
    return statements


def of_bucket(prod: Resources) -> list[dict[str, Any]]:
    """Return the statements of the bucket's policy."""
    statements: list[dict[str, Any]] = of_type(prod, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    return statements


# --- what a change to access.toml opens and takes away


@dataclass(frozen=True)
class Changed:
    """A grant's keys before and after, and what that changes."""

    says: str
    before: dict[str, Any]
    after: dict[str, Any]
    expected: list[Change]


def until(year: int) -> dict[str, Any]:
    """Return the key for an expiry."""
    return {"expires": datetime(year, 1, 1, tzinfo=UTC)}


def expiry(year: int) -> str:
    """Return the condition that an expiry becomes."""
    return f"only if aws:CurrentTime is before {year}-01-01T00:00:00Z"


WIDER_ASSUME, WIDER_USE = (
    f"{APP} can now assume {GRANT} under wider conditions",
    f"{APP} can now {WRITE_HERE} under wider conditions{THROUGH}",
)
NARROWER_ASSUME, NARROWER_USE = (
    f"{APP} can assume {GRANT} only under narrower conditions now",
    f"{APP} can {WRITE_HERE} only under narrower conditions now{THROUGH}",
)
ANOTHER_ID = ("before: only if sts:ExternalId is abc", "now: only if sts:ExternalId is abd")
PINNED = (
    f"{APP} can now assume role DevAccountAccessS3Role in 222222222222 also when it is deleted and made again: "
    "it was pinned"
)
MFA = {"principals": [f"arn:aws:iam::{DEV}:user/alice"]}
ALICE = f"user alice in {DEV}"
WITH_MFA = "aws:MultiFactorAuthAge is at most 900 and aws:MultiFactorAuthPresent is true"

CHANGED = [
    Changed(
        "delete added",
        {},
        {"access": ["write", "delete"]},
        [
            gained(
                "role DevLambdaRole in 111111111111 can now s3:DeleteObject on reports-222222222222/dev/*, "
                "through DevAccountAccessS3Role"
            )
        ],
    ),
    Changed(
        "access taken away",
        {"access": ["write", "delete"]},
        {},
        [lost(f"{APP} can no longer s3:DeleteObject on {BUCKET}/dev/*{THROUGH}")],
    ),
    Changed(
        "list and read added",
        {},
        {"access": ["write", "list", "read"]},
        [
            gained(f"{APP} can now s3:GetObject on {BUCKET}/dev/*{THROUGH}"),
            gained(f"{APP} can now s3:ListBucket on {BUCKET}{THROUGH}", "only if s3:prefix is like dev/*"),
        ],
    ),
    Changed(
        "a role added",
        {},
        {"principals": [APP_ARN, f"arn:aws:iam::{PARTNER}:role/Other"]},
        [gained(f"role Other in {PARTNER} can now assume {GRANT}", THROUGH_IT)],
    ),
    Changed(
        "a user added",
        {},
        {"principals": [APP_ARN, f"arn:aws:iam::{DEV}:user/team/alice"]},
        [gained(f"user team/alice in {DEV} can now assume {GRANT}", THROUGH_IT)],
    ),
    Changed(
        "a whole account added",
        {},
        {"principals": [APP_ARN, PARTNER]},
        [gained(f"everyone in {PARTNER} can now assume {GRANT}", THROUGH_IT)],
    ),
    Changed(
        "a role taken away",
        {"principals": [APP_ARN, f"arn:aws:iam::{PARTNER}:role/Other"]},
        {},
        [lost(f"role Other in {PARTNER} can no longer assume {GRANT}", THROUGH_IT)],
    ),
    Changed(
        "a user taken away",
        {"principals": [APP_ARN, f"arn:aws:iam::{DEV}:user/alice"]},
        {},
        [lost(f"user alice in {DEV} can no longer assume {GRANT}", THROUGH_IT)],
    ),
    Changed(
        "prefix widened",
        {"prefix": "dev/2026/"},
        {},
        [gained(f"{APP} can now {WRITE_HERE}{THROUGH}", f"before: on {BUCKET}/dev/2026/*")],
    ),
    Changed(
        "prefix narrowed",
        {},
        {"prefix": "dev/2026/"},
        [lost(f"{APP} can no longer {WRITE_HERE}{THROUGH}", f"now: on {BUCKET}/dev/2026/*")],
    ),
    Changed(
        "prefix taken out",
        {},
        {"prefix": None},
        [gained(f"{APP} can now {WRITE} on {BUCKET}/*{THROUGH}", f"before: on {BUCKET}/dev/*")],
    ),
    Changed(
        "another prefix beside it",
        {},
        {"prefix": "development/"},
        [
            gained(f"{APP} can now {WRITE} on {BUCKET}/development/*{THROUGH}", f"before: on {BUCKET}/dev/*"),
            lost(f"{APP} can no longer {WRITE_HERE}{THROUGH}", f"now: on {BUCKET}/development/*"),
        ],
    ),
    Changed(
        "expiry moved later",
        until(2027),
        until(2028),
        [
            gained(WIDER_ASSUME, f"before: {expiry(2027)}", f"now: {expiry(2028)}"),
            gained(WIDER_USE, f"before: {expiry(2027)}", f"now: {expiry(2028)}"),
        ],
    ),
    Changed(
        "expiry moved earlier",
        until(2028),
        until(2027),
        [
            lost(NARROWER_ASSUME, f"before: {expiry(2028)}", f"now: {expiry(2027)}"),
            lost(NARROWER_USE, f"before: {expiry(2028)}", f"now: {expiry(2027)}"),
        ],
    ),
    Changed(
        "expiry taken out",
        until(2027),
        {},
        [
            gained(WIDER_ASSUME, f"before: {expiry(2027)}"),
            gained(WIDER_USE, f"before: {expiry(2027)}"),
        ],
    ),
    Changed(
        "external id taken out",
        {"external_id": "abc"},
        {},
        [gained(WIDER_ASSUME, "before: only if sts:ExternalId is abc")],
    ),
    Changed(
        "external id required",
        {},
        {"external_id": "abc"},
        [lost(NARROWER_ASSUME, "now: only if sts:ExternalId is abc")],
    ),
    Changed(
        "external id changed",
        {"external_id": "abc"},
        {"external_id": "abd"},
        [
            gained(WIDER_ASSUME, "before: only if sts:ExternalId is abc", "now: only if sts:ExternalId is abd"),
            lost(NARROWER_ASSUME, "before: only if sts:ExternalId is abc", "now: only if sts:ExternalId is abd"),
        ],
    ),
    Changed(
        "source_ips widened",
        {"source_ips": ["203.0.113.0/24"]},
        {"source_ips": ["203.0.113.0/24", "198.51.100.7"]},
        [
            gained(
                text,
                "before: only if aws:SourceIp is in 203.0.113.0/24",
                "now: only if aws:SourceIp is in 198.51.100.7/32 or 203.0.113.0/24",
            )
            for text in (WIDER_ASSUME, WIDER_USE)
        ],
    ),
    Changed(
        "source_ips narrowed",
        {"source_ips": ["203.0.113.0/24"]},
        {"source_ips": ["203.0.113.0/25"]},
        [
            lost(
                text,
                "before: only if aws:SourceIp is in 203.0.113.0/24",
                "now: only if aws:SourceIp is in 203.0.113.0/25",
            )
            for text in (NARROWER_ASSUME, NARROWER_USE)
        ],
    ),
    Changed(
        "organization required",
        {},
        {"organization": "o-a1b2c3d4e5"},
        [lost(NARROWER_ASSUME, "now: only if aws:PrincipalOrgID is o-a1b2c3d4e5")],
    ),
    Changed(
        "organization no longer required",
        {"organization": "o-a1b2c3d4e5"},
        {},
        [gained(WIDER_ASSUME, "before: only if aws:PrincipalOrgID is o-a1b2c3d4e5")],
    ),
    Changed(
        "disabled",
        {},
        {"disabled": True},
        [lost(f"{APP} can no longer assume {GRANT}", THROUGH_IT)],
    ),
    Changed(
        "no longer disabled",
        {"disabled": True},
        {},
        [gained(f"{APP} can now assume {GRANT}", THROUGH_IT)],
    ),
    Changed(
        "sessions revoked",
        {},
        {"revoked_before": datetime(2026, 1, 1, tzinfo=UTC)},
        [
            lost(
                NARROWER_USE,
                "now: denied if aws:TokenIssueTime is before 2026-01-01T00:00:00Z",
            )
        ],
    ),
    Changed(
        "pin taken out",
        {"pin": True},
        {},
        [gained(PINNED)],
    ),
    Changed(
        "boundary taken out",
        {"permissions_boundary": f"arn:aws:iam::{PROD}:policy/Boundary"},
        {},
        [gained(f"{GRANT} is no longer within the permissions boundary arn:aws:iam::{PROD}:policy/Boundary")],
    ),
    Changed(
        "another boundary",
        {"permissions_boundary": f"arn:aws:iam::{PROD}:policy/Boundary"},
        {"permissions_boundary": f"arn:aws:iam::{PROD}:policy/Other"},
        [
            gained(f"{GRANT} is no longer within the permissions boundary arn:aws:iam::{PROD}:policy/Boundary"),
            lost(f"{GRANT} is now within the permissions boundary arn:aws:iam::{PROD}:policy/Other"),
        ],
    ),
    Changed("described otherwise", {}, {"description": "another text"}, []),
    Changed("nothing", {}, {}, []),
]


@pytest.mark.parametrize("row", CHANGED, ids=lambda row: row.says)
def test_a_changed_grant(row: Changed, read: Read, compare: Compare) -> None:
    """Each key of a grant, changed, is reported as the access that it opens or takes away, once."""
    found = compare(read(**row.before), read(**row.after))

    assert row.expected == found


def test_mfa_may_be_older(read: Read, compare: Compare) -> None:
    """An MFA code that may be older opens the role to more."""
    alone = {"grants": [{**ACCESS["grants"][0], **MFA, "name": "ByHand"}, *ACCESS["grants"]]}
    before, after = (read(alone, mfa_max_age=seconds) for seconds in (900, 3600))
    found = compare(before, after)

    assert [
        gained(
            f"{ALICE} can now assume role ByHand in {PROD} under wider conditions",
            "before: only if aws:MultiFactorAuthAge is at most 900",
            "now: only if aws:MultiFactorAuthAge is at most 3600",
        )
    ] == found


def test_mfa_taken_out(read: Read, compare: Compare) -> None:
    """Without its MFA condition a grant is open to more."""
    alone = {"grants": [{**ACCESS["grants"][0], **MFA, "name": "ByHand"}, *ACCESS["grants"]]}
    found = compare(read(alone, mfa_max_age=900), read(alone))

    assert [
        gained(
            f"{ALICE} can now assume role ByHand in {PROD} under wider conditions",
            f"before: only if {WITH_MFA}",
        )
    ] == found


NEW = {
    "name": "New",
    "principals": [f"arn:aws:iam::{DEV}:user/alice"],
    "bucket": BUCKET,
    "prefix": "x/",
    "access": ["read", "list"],
}
WITH_NEW = {"grants": [*ACCESS["grants"], NEW]}
THROUGH_NEW = (
    f"through it: s3:GetObject on {BUCKET}/x/*",
    f"through it: s3:ListBucket on {BUCKET}, only if s3:prefix is like x/*",
)


def test_a_new_grant(read: Read, compare: Compare) -> None:
    """A new grant is reported once for each principal, with what it may do through it."""
    found = compare(read(), read(WITH_NEW))

    assert [gained(f"{ALICE} can now assume role New in {PROD}", *THROUGH_NEW)] == found


def test_a_grant_gone(read: Read, compare: Compare) -> None:
    """A grant that is gone is reported once for each principal, with what it could do through it."""
    found = compare(read(WITH_NEW), read())

    assert [lost(f"{ALICE} can no longer assume role New in {PROD}", *THROUGH_NEW)] == found


@pytest.mark.parametrize(
    ("principal", "named"),
    [
        ("o-a1b2c3d4e5", "the organization o-a1b2c3d4e5"),
        ("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111", "the organizational unit o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"),
    ],
    ids=["organization", "unit"],
)
def test_an_organization_added(principal: str, named: str, read: Read, compare: Compare) -> None:
    """An organization or a unit of it that is added is named: it isn't everyone in AWS who can."""
    (found,) = compare(read(), read(principals=[APP_ARN, principal]))

    outside = f"only if aws:PrincipalAccount is not {PROD}"
    assert gained(f"everyone in {named} can now assume {GRANT}", outside, THROUGH_IT) == found


# --- what a change to the templates alone opens and takes away


def append(statements: Callable[[Resources], list[dict[str, Any]]], **statement: Any) -> Edit:
    """Return the edit that adds a statement to a policy of ProdAccessStack."""
    return lambda prod, _: statements(prod).append({"Effect": "Allow", **statement})


def _drop_tls(prod: Resources, _: Resources) -> None:
    of_bucket(prod)[:] = [each for each in of_bucket(prod) if "Bool" not in each["Condition"]]


def _drop_bucket_policy(prod: Resources, _: Resources) -> None:
    (name,) = (name for name, each in prod.items() if each["Type"] == "AWS::S3::BucketPolicy")
    del prod[name]


def _assume_anything(_: Resources, dev: Resources) -> None:
    (statement,) = (each for each in of_app(dev) if each["Action"] == "sts:AssumeRole")
    statement["Resource"] = "*"


def _all_but_iam(_: Resources, dev: Resources) -> None:
    of_app(dev).append({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})


def _two_deny(prod: Resources, _: Resources) -> None:
    permissions(prod).append({"Effect": "Deny", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/dev/x/*"})


def _longer(prod: Resources, _: Resources) -> None:
    grant_role(prod)["MaxSessionDuration"] = 7200


def _shorter(prod: Resources, _: Resources) -> None:
    grant_role(prod)["MaxSessionDuration"] = 900


WITHOUT_TLS = "before: denied if aws:SecureTransport is false"
TLS_DROPPED = [
    gained(f"{APP} can now {WRITE_HERE} under wider conditions{THROUGH}", WITHOUT_TLS),
    gained(f"everyone in {PROD} can now s3:* on {BUCKET} under wider conditions{WHERE_ALLOWED}", WITHOUT_TLS),
    gained(f"everyone in {PROD} can now s3:* on {BUCKET}/* under wider conditions{WHERE_ALLOWED}", WITHOUT_TLS),
]

EDITED: list[tuple[str, Edit, list[Change]]] = [
    ("TLS deny dropped", _drop_tls, TLS_DROPPED),
    ("longer sessions", _longer, [gained(f"sessions of {GRANT} may last 7200 s, before 3600 s")]),
    ("shorter sessions", _shorter, [lost(f"sessions of {GRANT} may last 900 s, before 3600 s")]),
    (
        "a service trusted",
        append(trust, Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole"),
        [gained(f"service ec2.amazonaws.com can now assume {GRANT}", THROUGH_IT)],
    ),
    (
        "a federation trusted",
        append(
            trust,
            Principal={"Federated": "cognito-identity.amazonaws.com"},
            Action="sts:AssumeRoleWithWebIdentity",
        ),
        [gained(f"federated cognito-identity.amazonaws.com can now assume {GRANT}", THROUGH_IT)],
    ),
    (
        "everyone trusted",
        append(trust, Principal="*", Action="sts:AssumeRole"),
        [
            gained(f"everyone in AWS can now assume {GRANT}", THROUGH_IT),
        ],
    ),
    (
        "everyone but one trusted",
        append(
            trust,
            NotPrincipal={"AWS": f"arn:aws:iam::{PROD}:root"},
            Action="sts:AssumeRole",
        ),
        [gained(f"everyone in AWS but those in {PROD} can now assume {GRANT}", THROUGH_IT)],
    ),
    (
        "the function may assume anything",
        _assume_anything,
        [gained(f"{APP} can now sts:AssumeRole on *", f"before: on {GRANT_ARN}")],
    ),
    (
        "the function may do all but some",
        _all_but_iam,
        [gained(f"{APP} can now do everything but iam:* on every resource")],
    ),
    (
        "bucket opened to another account",
        append(
            of_bucket,
            Principal={"AWS": f"arn:aws:iam::{PARTNER}:root"},
            Action="s3:GetObject",
            Resource=f"arn:aws:s3:::{BUCKET}/*",
        ),
        [gained(f"everyone in {PARTNER} can now s3:GetObject on {BUCKET}/*{WHERE_ALLOWED}")],
    ),
    (
        "bucket opened to all but its account",
        append(
            of_bucket,
            NotPrincipal={"AWS": f"arn:aws:iam::{PROD}:root"},
            Action="s3:GetObject",
            Resource=f"arn:aws:s3:::{BUCKET}/*",
        ),
        [gained(f"anyone on the internet but those in {PROD} can now s3:GetObject on {BUCKET}/*", KEPT_OUT)],
    ),
    (
        "a deny of part of it",
        _two_deny,
        [lost(f"{APP} can no longer s3:PutObject on {BUCKET}/dev/*{THROUGH}", f"now: denied on {BUCKET}/dev/x/*")],
    ),
]


@pytest.mark.parametrize(("edit", "expected"), [row[1:] for row in EDITED], ids=[row[0] for row in EDITED])
def test_an_edited_template(edit: Edit, expected: list[Change], read: Read, compare: Compare) -> None:
    """A change that no key of access.toml can make is reported too."""
    found = compare(read(), edited(read(), edit))

    assert expected == found


def test_bucket_policy_gone(read: Read, compare: Compare) -> None:
    """Without the bucket's policy its denies are gone for everyone of the account, and not for the grant alone."""
    found = compare(read(), edited(read(), _drop_bucket_policy))

    assert [True] * len(found) == [each.gained for each in found]
    assert any(each.text.startswith(f"{APP} can now {WRITE_HERE} under wider conditions") for each in found)
    assert any(each.text.startswith(f"everyone in {PROD} can now s3:* on {BUCKET}/*") for each in found)


def test_hidden_by_or(read: Read, compare: Compare) -> None:
    """A statement without the condition beside one that keeps it is flagged: only one of them must allow."""
    base = read(external_id="abc")
    beside = append(trust, Sid="Also", Principal={"AWS": APP_ARN}, Action="sts:AssumeRole")
    found = compare(base, edited(base, beside))

    assert [
        gained(
            WIDER_ASSUME,
            "before: only if sts:ExternalId is abc",
            "hidden by OR: TrustNamedPrincipals keeps its conditions, but Also beside it has fewer",
        )
    ] == found


def test_permissions_hidden_by_or(read: Read, compare: Compare) -> None:
    """The flag is raised for a role's permissions too."""
    base = read(**until(2027))
    beside = append(permissions, Sid="Also", Action="s3:PutObject", Resource=f"arn:aws:s3:::{BUCKET}/dev/*")
    (found,) = compare(base, edited(base, beside))

    assert f"{APP} can now s3:PutObject on {BUCKET}/dev/* under wider conditions{THROUGH}" == found.text
    assert "hidden by OR: WriteObjects keeps its conditions, but Also beside it has fewer" in found.notes


def test_key_opened_to_another_account(read: Read, compare: Compare) -> None:
    """A key's policy that lets another account in is reported as what it may do with the key."""
    base = read({"buckets": [{"name": BUCKET, "create": True, "kms_key": "new"}]})

    def opened(prod: Resources, _: Resources) -> None:
        of_type(prod, "AWS::KMS::Key")["KeyPolicy"]["Statement"].append(
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{PARTNER}:root"},
                "Action": "kms:Decrypt",
                "Resource": "*",
            }
        )

    (key,) = (
        template.arn(name)
        for template in base
        for name, each in template.resources.items()
        if each["Type"] == "AWS::KMS::Key"
    )
    found = compare(base, edited(base, opened))

    assert [gained(f"everyone in {PARTNER} can now kms:Decrypt on {key}{WHERE_ALLOWED}")] == found


def test_boundary_of_a_template_loosened(read: Read, compare: Compare) -> None:
    """What a boundary of a template no longer cuts off is gained by every caller that may assume the role."""

    def bounded(*actions: str) -> Edit:
        def edit(prod: Resources, _: Resources) -> None:
            document = {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
            }
            prod["Boundary"] = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
            grant_role(prod)["PermissionsBoundary"] = {"Ref": "Boundary"}

        return edit

    base, head = edited(read(), bounded("s3:PutObject")), edited(read(), bounded("s3:PutObject", "s3:Abort*"))
    found = compare(base, head)

    assert [
        gained(
            f"{APP} can now s3:AbortMultipartUpload on {BUCKET}/dev/*{THROUGH}",
            f"before: on {BUCKET}/dev/*",
        )
    ] == found or [gained(f"{APP} can now s3:AbortMultipartUpload on {BUCKET}/dev/*{THROUGH}")] == found


# --- what changes nothing


def _reorder(prod: Resources, dev: Resources) -> None:
    for statements in (permissions(prod), trust(prod), of_bucket(prod), of_app(dev)):
        statements.reverse()
    for statement in permissions(prod):
        if isinstance(statement["Action"], list):
            statement["Action"].reverse()


def _split(prod: Resources, _: Resources) -> None:
    statements = permissions(prod)
    statements[:] = [
        {**each, "Sid": f"{each['Sid']}{number}", "Action": action}
        for each in statements
        for number, action in enumerate([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    ]


def _other_case(prod: Resources, dev: Resources) -> None:
    for statement in (*permissions(prod), *trust(prod), *of_app(dev)):
        action = statement["Action"]
        statement["Action"] = action.upper() if isinstance(action, str) else [each.lower() for each in action]


def _as_lists(prod: Resources, dev: Resources) -> None:
    for statement in (*permissions(prod), *trust(prod), *of_app(dev)):
        for key in {"Action", "Resource"} & statement.keys():
            statement[key] = statement[key] if isinstance(statement[key], list) else [statement[key]]
        if isinstance(statement.get("Principal"), dict):
            statement["Principal"] = {kind: [name] for kind, name in statement["Principal"].items()}
        for keys in statement.get("Condition", {}).values():
            keys.update({key: [value] for key, value in keys.items()})


def _rename(prod: Resources, dev: Resources) -> None:
    for number, statement in enumerate((*permissions(prod), *trust(prod), *of_app(dev))):
        statement["Sid"] = f"Renamed{number}"


def _string_like(prod: Resources, _: Resources) -> None:
    for statement in permissions(prod):
        statement["Condition"]["StringLike"] = statement["Condition"].pop("StringEquals")


def _account_id(prod: Resources, _: Resources) -> None:
    (statement,) = trust(prod)
    statement["Principal"] = {"AWS": DEV}


def _own_resource(prod: Resources, _: Resources) -> None:
    (name,) = (name for name, each in prod.items() if each["Type"] == "AWS::IAM::Role")
    (policy,) = grant_role(prod).pop("Policies")
    prod["Moved"] = {"Type": "AWS::IAM::Policy", "Properties": {**policy, "Roles": [{"Ref": name}]}}


def _as_managed(prod: Resources, _: Resources) -> None:
    (policy,) = grant_role(prod).pop("Policies")
    prod["Moved"] = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy["PolicyDocument"]}}
    grant_role(prod)["ManagedPolicyArns"] = [{"Ref": "Moved"}]


def _twice(prod: Resources, dev: Resources) -> None:
    for statements in (permissions(prod), trust(prod), of_app(dev)):
        statements.append({**statements[0], "Sid": "Again"})


def _narrower_beside(prod: Resources, _: Resources) -> None:
    permissions(prod).append({**permissions(prod)[0], "Sid": "Part", "Resource": f"arn:aws:s3:::{BUCKET}/dev/x/*"})


SAME = {
    "statements reordered": _reorder,
    "one statement for each action": _split,
    "actions in other case": _other_case,
    "one value as a list": _as_lists,
    "Sids renamed": _rename,
    "StringLike without a wildcard": _string_like,
    "account id for the root's ARN": _account_id,
    "policy in a resource of its own": _own_resource,
    "policy as a managed one": _as_managed,
    "statements twice": _twice,
    "a statement within another": _narrower_beside,
}


@pytest.mark.parametrize("edit", SAME.values(), ids=SAME)
@pytest.mark.parametrize("forth", [True, False], ids=["forth", "back"])
def test_other_words_for_the_same(edit: Edit, forth: bool, read: Read, compare: Compare) -> None:
    """A template that says the same in other words is not a change of access, neither way (back: split is merged)."""
    base = read(access=["write", "delete"])
    pair = (base, edited(base, edit))
    found = compare(*(pair if forth else pair[::-1]))

    assert pair[0] != pair[1]
    assert "no change of access" == changes_text(found)


def test_bucket_policy_in_other_words(read: Read, compare: Compare) -> None:
    """A bucket's policy that only names its statements is not a change of access."""

    def renamed(prod: Resources, _: Resources) -> None:
        for number, statement in enumerate(of_bucket(prod)):
            statement["Sid"] = f"Renamed{number}"

    assert [] == compare(read(), edited(read(), renamed))


# --- as a person reads it


def test_as_text(read: Read, compare: Compare) -> None:
    """What was gained comes first, then what was lost; each with its notes below."""
    found = compare(read(external_id="abc", access=["write", "delete"]), read(principals=[APP_ARN, PARTNER]))
    text = f"""\
access gained:
  + {WIDER_ASSUME}
      before: only if sts:ExternalId is abc
  + everyone in {PARTNER} can now assume {GRANT}
      {THROUGH_IT}

access lost:
  - {APP} can no longer s3:DeleteObject on {BUCKET}/dev/*{THROUGH}"""

    assert text == changes_text(found)


def test_lost_alone_as_text() -> None:
    """There is no heading over nothing."""
    assert "access lost:\n  - one\n      note\n  - two" == changes_text([lost("one", "note"), lost("two")])


def test_as_json() -> None:
    """A change says in JSON whether it was gained or lost, its sentence and its notes."""
    expected = {"change": "lost", "text": "one", "notes": ["note"]}

    assert expected == lost("one", "note").as_json()


def test_order_is_stable(read: Read) -> None:
    """The same two states give the same sentences in the same order, whatever process works them out."""
    base, head = read(), read(WITH_NEW, access=["write", "list"], prefix=None, external_id="abc")
    runs = []
    for _ in range(2):
        with Prover() as prover:
            runs.append(changes_text(changes(read_inventory(base), read_inventory(head), prover)))

    assert runs[0] == runs[1]


def test_each_change_is_reported_once(read: Read, compare: Compare) -> None:
    """No sentence is reported twice, and none is unproved, of two states that differ in much."""
    found = compare(read(), read(WITH_NEW, access=["write", "list"], prefix=None, external_id="abc"))

    assert found
    assert len({(each.gained, each.text) for each in found}) == len(found)
    assert [] == [each for each in found if any("not proved" in note for note in each.notes)]
