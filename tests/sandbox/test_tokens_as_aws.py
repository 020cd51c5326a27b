"""AssumeRoleWithWebIdentity answers as AWS does before and at the trust policy.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.sandbox.cast import PROD, Cast, make_role
from tests.sandbox.tokens import token

ISSUER = "https://issuer.example/cluster/A"
SUBJECT = "system:serviceaccount:shop:orders"
ARN = f"arn:aws:iam::{PROD}:oidc-provider/issuer.example/cluster/A"


@pytest.fixture(scope="module")
def role(cast: Cast) -> Iterator[str]:
    """Return a role that trusts one subject of a provider that the account has."""
    iam = cast.accounts.session("prod").client("iam")
    iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=["sts.amazonaws.com", "another"])
    keys = {"issuer.example/cluster/A:aud": "sts.amazonaws.com", "issuer.example/cluster/A:sub": SUBJECT}
    trusted = {
        "Effect": "Allow",
        "Principal": {"Federated": ARN},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": keys},
    }
    trust = {"Version": "2012-10-17", "Statement": [trusted]}
    yield make_role(cast.accounts, "prod", "OfTokens", trust=trust, policy=None)
    iam.delete_role(RoleName="OfTokens")
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=ARN)


def answer(cast: Cast, role: str, brought: str, **asked: Any) -> str:
    """Return what STS answers to a token that nobody's keys are sent with."""
    sts = cast.accounts.session("prod").client("sts", config=Config(signature_version=UNSIGNED))
    try:
        sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="test", WebIdentityToken=brought, **asked)
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    return "allowed"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, "allowed"),
        ({"audience": "elsewhere"}, "InvalidIdentityToken: Incorrect token audience"),
        ({"audience": "another"}, "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"),
        ({"subject": SUBJECT.upper()}, "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"),
        ({"subject": f"{SUBJECT}-x"}, "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"),
        (
            {"issuer": "https://issuer.example/cluster/B"},
            "InvalidIdentityToken: No OpenIDConnect provider found in your account for https://issuer.example/cluster/B",
        ),
        ({"exp": 1}, "ExpiredTokenException: Token expired: it was valid until 1970-01-01 00:00:01+00:00"),
    ],
)
def test_what_a_token_must_say(cast: Cast, role: str, claims: dict[str, Any], expected: str) -> None:
    """The provider, the audience, the end and the subject are each looked at."""
    assert expected == answer(cast, role, token(**{"issuer": ISSUER, "subject": SUBJECT} | claims))


def test_google_needs_no_provider_in_the_account(cast: Cast) -> None:
    """AWS knows it: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html."""
    iam = cast.accounts.session("prod").client("iam")
    trusted = {
        "Effect": "Allow",
        "Principal": {"Federated": "accounts.google.com"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"accounts.google.com:aud": "app"}},
    }
    trust = {"Version": "2012-10-17", "Statement": [trusted]}
    of_google = make_role(cast.accounts, "prod", "OfGoogle", trust=trust, policy=None)
    try:
        said = [
            answer(cast, of_google, token(issuer="https://accounts.google.com", subject="1", audience=audience))
            for audience in ("app", "another")
        ]
    finally:
        iam.delete_role(RoleName="OfGoogle")

    assert ["allowed", "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"] == said


def test_what_is_not_a_token(cast: Cast, role: str) -> None:
    """Anything else is invalid."""
    assert "InvalidIdentityToken: The ID Token provided is not a valid JWT." == answer(cast, role, "not a token")


def test_a_session_ends_when_the_role_says(cast: Cast, role: str) -> None:
    """No longer than the role's maximum."""
    brought = token(issuer=ISSUER, subject=SUBJECT)

    assert answer(cast, role, brought, DurationSeconds=7200).startswith("ValidationError: ")


def test_a_provider_of_another_account_does_not_count(cast: Cast, role: str) -> None:
    """It must be in the role's own account."""
    other = role.replace(PROD, "333333333333")

    assert answer(cast, other, token(issuer=ISSUER, subject=SUBJECT)).startswith("InvalidIdentityToken: No OpenID")
