"""A token of an identity provider as the caller: what the trust asks of its claims, and what no token meets."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import crossrole
from tests.synthesis import smallest, synthesize
from tests.templates import allow, role, write_assembly

ISSUER = "token.actions.githubusercontent.com"
OKTA = "arn:aws:iam::222222222222:saml-provider/Okta"
PROVIDERS = [
    {"name": "github", "url": f"https://{ISSUER}", "create": True},
    {"name": "gitlab", "url": "https://gitlab.com"},
    {"name": "cluster", "url": "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC", "audience": "orders"},
    {"name": "okta", "saml": OKTA},
]
MAIN = "github:repo:acme/orders:ref:refs/heads/main"
OBJECT = "arn:aws:s3:::reports/builds/x"
BUCKET = {"name": "reports", "create": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the templates of a file whose grants trust tokens."""
    principals = [MAIN, "github:repo:acme@1/site@2:*", "gitlab:project_path:acme/orders:ref_type:branch:ref:main"]
    first = smallest(principals=principals, prefix="builds/", session_tags=["team"])
    grant = first["grants"][0]
    others = [
        {**grant, "name": "Pods", "principals": ["cluster:system:serviceaccount:orders:export"], "session_tags": []},
        {**grant, "name": "People", "principals": ["okta:*"], "source_ips": ["203.0.113.0/24"]},
        {**grant, "name": "Off", "disabled": True},
    ]
    file = {**first, "grants": [grant, *others], "identity_providers": PROVIDERS, "buckets": [BUCKET]}
    return synthesize(file, tmp_path_factory.mktemp("tokens")).directory


CASES: dict[str, tuple[int, str, str, dict[str, str]]] = {
    "the subject": (0, MAIN, "Grant", {}),
    "another branch": (1, "github:repo:acme/orders:ref:refs/heads/dev", "Grant", {}),
    "a fork": (1, "github:repo:mallory/orders:ref:refs/heads/main", "Grant", {}),
    "another case": (1, "github:repo:Acme/orders:ref:refs/heads/main", "Grant", {}),
    "its beginning": (1, "github:repo:acme/orders", "Grant", {}),
    "more than it": (1, f"{MAIN}x", "Grant", {}),
    "another audience": (1, MAIN, "Grant", {f"{ISSUER}:aud": "elsewhere"}),
    "like the pattern": (0, "github:repo:acme@1/site@2:environment:live", "Grant", {}),
    "not like the pattern": (1, "github:repo:acme@1/site@22:environment:live", "Grant", {}),
    "another provider, its subject": (1, "gitlab:repo:acme/orders:ref:refs/heads/main", "Grant", {}),
    "another provider's own": (0, "gitlab:project_path:acme/orders:ref_type:branch:ref:main", "Grant", {}),
    "a tag that is named": (0, MAIN, "Grant", {"aws:TagKeys": "team"}),
    "a tag that is not": (1, MAIN, "Grant", {"aws:TagKeys": "other"}),
    "a service account": (0, "cluster:system:serviceaccount:orders:export", "Pods", {}),
    "a namespace beside it": (1, "cluster:system:serviceaccount:orders2:export", "Pods", {}),
    "github where a cluster is meant": (1, MAIN, "Pods", {}),
    "SAML, from the range": (0, "okta:*", "People", {"aws:SourceIp": "203.0.113.9"}),
    "SAML, from elsewhere": (1, "okta:*", "People", {"aws:SourceIp": "192.0.2.1"}),
    "SAML, from somewhere": (2, "okta:*", "People", {}),
    "SAML for another audience": (1, "okta:*", "People", {"saml:aud": "https://x", "aws:SourceIp": "203.0.113.9"}),
    "a disabled grant": (1, MAIN, "Off", {}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_token_is_judged_by_its_claims(case: str, folder: Path) -> None:
    """The subject and the audience must be exactly the grant's, or like its pattern."""
    status, token, grant, context = CASES[case]
    given = [word for key, value in context.items() for word in ("--context", f"{key}={value}")]

    done = crossrole("can", token, "via", grant, "s3:PutObject", OBJECT, *given, "--template-dir", str(folder))

    assert status == done.returncode, done.stdout + done.stderr


def test_a_denied_token_has_its_fix(folder: Path) -> None:
    """The line for access.toml names the token as principals do; nothing is said of policies of its own."""
    caller = "github:repo:acme/orders:ref:refs/heads/dev"
    done = crossrole("can", caller, "via", "Grant", "s3:PutObject", OBJECT, "--template-dir", str(folder))

    assert f'[[grants]] Grant: add "{caller}" to principals' in done.stdout
    assert "own policies" not in done.stdout


def test_a_provider_that_no_template_makes_is_assumed(folder: Path) -> None:
    """IAM denies every token of an issuer that is not a provider of the account."""
    caller = "gitlab:project_path:acme/orders:ref_type:branch:ref:main"
    done = crossrole("can", caller, "via", "Grant", "s3:PutObject", OBJECT, "--template-dir", str(folder))

    assert "oidc-provider/gitlab.com exists, with sts.amazonaws.com among its audiences" in done.stdout


def test_a_claim_that_is_not_known_is_not_certain(tmp_path: Path) -> None:
    """Where a trust policy asks of more than subject and audience, the answer says so, and --context settles it."""
    provider = f"arn:aws:iam::222222222222:oidc-provider/{ISSUER}"
    trusted: Any = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": provider},
        "Condition": {"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:actor": "ada"}},
    }
    made = role("Keeper", allow("s3:PutObject", "arn:aws:s3:::reports/*"), trusts=[trusted])
    words = ["can", f"{ISSUER}:repo:a/b:x", "via", "Keeper", "s3:PutObject", OBJECT]
    folder = str(write_assembly(tmp_path, {"Prod": {"R": made}}))
    audience = ["--context", f"{ISSUER}:aud=sts.amazonaws.com"]

    unknown = crossrole(*words, *audience, "--template-dir", folder)
    settled = crossrole(*words, *audience, "--context", f"{ISSUER}:actor=ada", "--template-dir", folder)
    denied = crossrole(*words, *audience, "--context", f"{ISSUER}:actor=eve", "--template-dir", folder)

    assert (2, 0, 1) == (unknown.returncode, settled.returncode, denied.returncode)
    assert f"{ISSUER}:actor" in unknown.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["githbu:x", "via", "Grant"], "did you mean github or gitlab?"),
        ([MAIN], "a token does nothing but sts:AssumeRoleWithWebIdentity"),
    ],
)
def test_a_token_that_means_nothing_here(words: list[str], said: str, folder: Path) -> None:
    """A provider by another name, and a token that is to act by itself."""
    done = crossrole("can", *words, "s3:PutObject", OBJECT, "--template-dir", str(folder))

    assert 2 == done.returncode
    assert said in done.stderr


COMMANDS: dict[str, tuple[list[str], int, str]] = {
    "a profile needs the token": (["profile", "Pods"], 2, "--web-identity-token-file FILE"),
    "with a source profile": (["profile", "Pods", "--source-profile", "x"], 2, "trusts tokens of"),
    "with a token file": (
        ["profile", "Pods", "--web-identity-token-file", "/var/run/token"],
        0,
        "web_identity_token_file = /var/run/token",
    ),
    "a token file for SAML": (["profile", "People", "--web-identity-token-file", "/t"], 2, "no token of an OpenID"),
    "both": (["profile", "Pods", "--web-identity-token-file", "/t", "--source-profile", "x"], 2, "leave one out"),
    "assume": (["assume", "Pods"], 2, "trusts tokens of"),
    "what is left to callers": (["policies", "Pods", "--caller"], 0, "tokens need no policy"),
}


@pytest.mark.parametrize(("words", "status", "said"), COMMANDS.values(), ids=COMMANDS)
def test_no_credentials_of_aws_take_a_tokens_place(words: list[str], status: int, said: str, folder: Path) -> None:
    """Each command says what to do where a grant trusts tokens alone."""
    done = crossrole(*words, "--template-dir", str(folder))

    assert status == done.returncode
    assert said in done.stdout + done.stderr


def test_who_lists_tokens(folder: Path) -> None:
    """Each provider through each grant, with what its tokens must say."""
    done = crossrole("who", "s3:PutObject", OBJECT, "--template-dir", str(folder), "--json")
    ways = {(each["caller"], each["via"]): " ".join(each["conditions"]) for each in json.loads(done.stdout)["ways"]}

    assert 0 == done.returncode
    assert {
        ("a token of github", "Grant"),
        ("a token of gitlab", "Grant"),
        ("a token of cluster", "Pods"),
        ("a token of okta", "People"),
    } == set(ways)
    assert "system:serviceaccount:orders:export" in ways["a token of cluster", "Pods"]
    assert "repo:acme@1/site@2:*" in ways["a token of github", "Grant"]
