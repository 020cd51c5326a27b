"""Who counts as outside, by whichever way they come in; and by which names accounts, keys and places are known."""

from pathlib import Path
from typing import Any

import pytest

from crossrole.report.history import NOTHING
from crossrole.report.markdown import markdown_of
from crossrole.report.model import GrantFacts, Report, report_of
from crossrole.report.words import plain
from crossrole.templates.assembly import read_assembly
from tests.crossrole.assemblies import DEV, PROD, Resource, allow, bucket, bucket_policy, role, trusting, written
from tests.crossrole.report.conftest import NOW, Paged

CALLER, STRANGER = f"arn:aws:iam::{DEV}:role/Caller", "arn:aws:iam::333333333333:root"
PROVIDER = f"arn:aws:iam::{PROD}:oidc-provider/token.actions.githubusercontent.com"
READ = allow(Action="s3:GetObject", Resource="arn:aws:s3:::vault/*")
OBJECTS = {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::vault/*"}
SUB = "token.actions.githubusercontent.com:sub"


def report(folder: Path, resources: dict[str, Resource]) -> Report:
    """Return the report of one stack of production."""
    folder.mkdir(exist_ok=True)
    return report_of(read_assembly(written(folder / "templates", resources)), NOTHING, NOW)


def by_token(**conditions: Any) -> dict[str, Any]:
    """Return a trust policy's statement for tokens of a provider."""
    return allow(Principal={"Federated": PROVIDER}, Action="sts:AssumeRoleWithWebIdentity", **conditions)


def only_grant(folder: Path, trust: list[Any], own: list[Any]) -> GrantFacts:
    """Return what is said of the one grant with these statements."""
    (grant,) = report(folder, {"Archive": role("Archive", trust, own)}).grants
    return grant


def titles(found: Report) -> list[str]:
    """Return the titles of all warnings."""
    return [kind.title for kind, _ in found.warnings]


def test_a_role_for_its_own_account_is_not_a_grant(tmp_path: Path) -> None:
    """It is listed apart, and is neither counted nor said to be open to anyone."""
    own = [trusting(f"arn:aws:iam::{PROD}:role/Jobs"), trusting(f"arn:aws:iam::{PROD}:root")]
    found = report(tmp_path, {"Archive": role("Archive", own, [READ])})

    assert ((), ()) == (found.grants, found.halves)
    assert ["Archive"] == [each.name for each in found.inner]
    assert "0 grants, 0 usable now" in markdown_of(found)


WHO: dict[str, tuple[list[Any], str, list[str]]] = {
    "a subject of a provider": (
        [by_token(Condition={"StringEquals": {SUB: "repo:acme/site:ref:refs/heads/main"}})],
        "tokens of token.actions.githubusercontent.com for repo:acme/site:ref:refs/heads/main",
        [],
    ),
    "all of a provider": (
        [by_token(Condition={"StringEquals": {f"{SUB[:-4]}:aud": "sts.amazonaws.com"}})],
        "every token of token.actions.githubusercontent.com",
        ["Every user of a provider"],
    ),
    "any subject": (
        [by_token(Condition={"StringLike": {SUB: "*"}})],
        "every token of token.actions.githubusercontent.com",
        ["Every user of a provider"],
    ),
    "all but an organization": (
        [trusting("*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})],
        "everyone in AWS",
        ["Everyone in AWS", "No condition"],
    ),
    "an organization, or whoever names none": (
        [trusting("*", Condition={"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})],
        "everyone in AWS",
        ["Everyone in AWS", "No condition"],
    ),
    "an organization": (
        [trusting("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})],
        "every principal in the organization o-a1b2c3d4e5 whose own policies allow it",
        ["No condition", "Whole organization"],
    ),
    "an account by a condition": (
        [trusting("*", Condition={"StringEquals": {"aws:PrincipalAccount": "333333333333"}})],
        "every principal in account 333333333333 whose own policies allow it",
        ["No condition", "Whole account"],
    ),
    "a role of any account": (
        [trusting("*", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Deploy"}})],
        "Deploy of any account",
        [],
    ),
    "a session": (
        [trusting(f"arn:aws:sts::{DEV}:assumed-role/Caller/nightly")],
        f"the session Caller/nightly of {DEV}",
        [],
    ),
    "from anywhere": (
        [trusting(STRANGER, Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})],
        "every principal in account 333333333333 whose own policies allow it",
        ["No condition", "Whole account"],
    ),
    "any external id": (
        [trusting(STRANGER, Condition={"StringLike": {"sts:ExternalId": "*"}})],
        "every principal in account 333333333333 whose own policies allow it",
        ["No condition", "Whole account"],
    ),
}


@pytest.mark.parametrize(("trust", "who", "warned"), WHO.values(), ids=WHO)
def test_a_caller(trust: list[Any], who: str, warned: list[str], tmp_path: Path) -> None:
    """Whom a statement lets in is said as it is, with a warning where that is wide."""
    found = only_grant(tmp_path, trust, [READ])

    assert who == plain(found.who)
    assert warned == [each.title for each in found.tags if each.title not in {"Whole bucket", "Pinned"}]


def test_a_statement_that_sets_a_source_identity_lets_nobody_in(tmp_path: Path) -> None:
    """Only what lets someone begin a session names a caller."""
    beside = allow(Principal={"AWS": STRANGER}, Action="sts:SetSourceIdentity")

    assert [CALLER] == [each.principal for each in only_grant(tmp_path, [trusting(CALLER), beside], [READ]).callers]


def test_what_denies_some_is_among_the_conditions(tmp_path: Path) -> None:
    """A Deny of the trust policy narrows who may come in, and a Deny of the role's own what it may do."""
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    deny = {"Effect": "Deny", "Sid": "Https", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    never = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::vault/secret/*"}
    found = only_grant(tmp_path, [trusting(CALLER), {**deny, "Condition": insecure}], [READ, never])

    said = "is not one of those that the statement Https denies where aws:SecureTransport is false"
    assert said in [plain(each) for each in found.conditions]
    assert ["s3:GetObject on arn:aws:s3:::vault/secret/*"] == [plain(each) for each in found.never]


OPENED: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "everyone": (
        {"Principal": "*", **OBJECTS},
        {},
        "Public",
        "everyone on the internet may read and write every object in the bucket vault",
    ),
    "everyone, blocked": (
        {"Principal": {"AWS": "*"}, **OBJECTS},
        {"PublicAccessBlockConfiguration": {"RestrictPublicBuckets": True}},
        "Open beside the grants",
        (
            "everyone on the internet may read and write every object in the bucket vault; its Block Public Access "
            "keeps out who is not of its account"
        ),
    ),
    "another account": (
        {"Principal": {"AWS": STRANGER}, **OBJECTS},
        {},
        "Open to other accounts",
        (
            "every principal in account 333333333333 whose own policies allow it may read and write every object in "
            "the bucket vault"
        ),
    ),
    "a role, under a condition": (
        {"Principal": {"AWS": CALLER}, **OBJECTS, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
        {},
        "Open to other accounts",
        (
            f"Caller of {DEV} may read and write every object in the bucket vault, only if the caller belongs to the "
            "organization o-1"
        ),
    ),
    "everyone, by an ACL": (
        {"Principal": {"AWS": f"arn:aws:iam::{PROD}:root"}, **OBJECTS},
        {"AccessControl": "PublicRead"},
        "Public",
        "everyone on the internet may list every object in the bucket vault, by its ACL",
    ),
    "its own account": ({"Principal": {"AWS": f"arn:aws:iam::{PROD}:root"}, **OBJECTS}, {}, "", ""),
}


@pytest.mark.parametrize(("statement", "properties", "title", "words"), OPENED.values(), ids=OPENED)
def test_what_a_bucket_opens_by_itself(
    statement: dict[str, Any], properties: dict[str, Any], title: str, words: str, tmp_path: Path
) -> None:
    """A bucket's policy is access without a grant: it is warned of, and stands with the bucket."""
    policy = bucket_policy("vault", allow(**statement))
    found = report(tmp_path, {"Vault": bucket("vault", **properties), "Policy": policy})

    assert ([title] if title else []) == titles(found)
    assert ([words] if words else []) == [plain(each.words) for each in found.buckets[0].openings]
    assert bool(words) == ("that lets in others by itself" in markdown_of(found))
    assert bool(words) == ("None: no grant is unusually wide" not in markdown_of(found))


def test_an_account_of_the_templates_is_no_stranger(tmp_path: Path) -> None:
    """Where the caller's account is one that is deployed to, the warning is less serious."""
    folder = written(tmp_path / "templates", {}, stack="Dev", account=DEV)
    policy = bucket_policy("vault", allow(Principal={"AWS": CALLER}, **OBJECTS))
    written(folder, {"Vault": bucket("vault"), "Policy": policy})

    assert ["Open beside the grants"] == titles(report_of(read_assembly(folder), NOTHING, NOW))


PLACES: dict[str, tuple[dict[str, Any], str]] = {
    "a pattern of buckets": (
        allow(Action="s3:GetObject", Resource="arn:aws:s3:::company-*/*"),
        "read every object in the buckets whose names fit company-*",
    ),
    "a pattern of actions": (
        allow(Action="s3:GetObject*", Resource="arn:aws:s3:::vault/*"),
        "read every object in the bucket vault and do s3:GetObject* with every object in the bucket vault",
    ),
    "one object": (allow(Action="s3:GetObject", Resource="arn:aws:s3:::vault/a"), "read the object vault/a"),
    "a beginning": (
        allow(Action="s3:GetObject", Resource="arn:aws:s3:::vault/dev*"),
        "read objects that begin with vault/dev",
    ),
    "a pattern of keys": (
        allow(Action="s3:GetObject", Resource="arn:aws:s3:::vault/*/logs/*"),
        "read objects that fit vault/*/logs/*",
    ),
    "everything of the objects": (
        allow(Action="s3:*", Resource="arn:aws:s3:::vault/*"),
        "do everything (s3:*) with every object in the bucket vault",
    ),
    "everything of the bucket itself": (
        allow(Action="s3:*", Resource="arn:aws:s3:::vault"),
        "do everything (s3:*) with the bucket vault itself",
    ),
    "an object's action on a bucket": (allow(Action="s3:GetObject", Resource="arn:aws:s3:::vault"), "do nothing"),
    "listing buckets where that works": (
        allow(Action="s3:ListAllMyBuckets", Resource="*"),
        "list the names of all buckets of the account",
    ),
    "listing buckets where that does not": (
        allow(Action="s3:ListAllMyBuckets", Resource="arn:aws:s3:::vault"),
        "do nothing",
    ),
    "all but some": (allow(NotAction="iam:*", Resource="*"), "do everything except iam:* on every resource"),
    "another service": (
        allow(Action="dynamodb:GetItem", Resource="arn:aws:dynamodb:eu-west-1:222222222222:table/x"),
        "do dynamodb:GetItem on arn:aws:dynamodb:eu-west-1:222222222222:table/x",
    ),
}


@pytest.mark.parametrize(("statement", "words"), PLACES.values(), ids=PLACES)
def test_what_a_statement_allows(statement: dict[str, Any], words: str, tmp_path: Path) -> None:
    """Its resources are said as they are: a pattern is a pattern, and what never matches is not said."""
    assert words == plain(only_grant(tmp_path, [trusting(CALLER)], [statement]).allows)


WIDE: dict[str, tuple[list[Any], list[str]]] = {
    "becoming other roles": ([allow(Action="sts:AssumeRole", Resource="*")], ["Can become other roles", "Outside S3"]),
    "handing on roles": (
        [allow(Action="iam:Pass*", Resource="*")],
        ["Can become other roles", "Outside S3"],
    ),
    "everything under a prefix": (
        [allow(Action="s3:*", Resource="arn:aws:s3:::vault/dev/*")],
        ["Every action on objects"],
    ),
    "everything": (
        [allow(Action="s3:*", Resource=["arn:aws:s3:::vault", "arn:aws:s3:::vault/*"])],
        ["Full access"],
    ),
}


@pytest.mark.parametrize(("own", "warned"), WIDE.values(), ids=WIDE)
def test_what_is_wide_is_a_warning(own: list[Any], warned: list[str], tmp_path: Path) -> None:
    """The widest access on the page is among the warnings."""
    found = only_grant(tmp_path, [trusting(CALLER)], own)

    assert warned == [each.title for each in found.tags if each.title != "Pinned"]


def test_a_key_is_known_by_its_bucket(of_kinds: Report, paged: Paged) -> None:
    """Its id is known only once it is deployed: neither the page nor Markdown makes one up."""
    grant = next(each for each in of_kinds.grants if each.name == "NewKey")

    assert "and use the key of the bucket kinds-new-key through S3" in plain(grant.allows)
    assert ":key/Buckets" not in paged(of_kinds) + markdown_of(of_kinds)


def test_accounts_have_the_names_that_access_toml_gives_them(of_kinds: Report, paged: Paged) -> None:
    """Beside its number stands what access.toml calls it: in sentences, in tables and in the drawings."""
    assert {PROD: "prod", DEV: "dev", "444444444444": "partner"} == of_kinds.names.accounts
    assert "account dev 111111111111" in paged(of_kinds)
    assert "`alice` of `dev` `111111111111`" in markdown_of(of_kinds)


def test_two_roles_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """The line that revokes names the role's ARN where its name alone is another's too."""
    grant = role("Archive", [trusting(STRANGER)], [READ])
    folder = written(tmp_path / "templates", {"Archive": grant})
    found = report_of(read_assembly(written(folder, {"Archive": grant}, stack="Dev", account=DEV)), NOTHING, NOW)

    assert [
        f"python -m crossrole revoke arn:aws:iam::{account}:role/Archive --profile prod" for account in (PROD, DEV)
    ] == [each.revoke for each in found.grants]


def test_a_revocation_of_one_session_is_not_one_of_all(tmp_path: Path) -> None:
    """Its statement is told as what it denies, and the grant's state says nothing of it."""
    before = {"DateLessThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}}
    every = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": before}
    one = {**every, "Condition": {**before, "StringEquals": {"aws:userid": "AROAEXAMPLE:nightly"}}}
    of_one, of_all = (
        only_grant(tmp_path / name, [trusting(CALLER)], [READ, each]) for name, each in (("1", one), ("2", every))
    )

    assert ("has no expiry", 1) == (of_one.state.text, len(of_one.never))
    assert "has no expiry; sessions that began before 2026-01-01 00:00 UTC are revoked" == of_all.state.text
    assert () == of_all.never
