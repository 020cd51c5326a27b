"""The trust policy of each kind of principal and condition, exactly as it is synthesized."""

from pathlib import Path
from typing import Any

import pytest

from tests.synthesis import Assembly, synthesize

DEV_ROOT = "arn:aws:iam::111111111111:root"
EXPORTER = "arn:aws:iam::111111111111:role/service-role/Exporter"


def statement(sid: str, principal: str | list[str], condition: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the statement that a trust policy should hold."""
    allow = {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return allow | ({"Condition": condition} if condition else {})


def exporter(**conditions: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the trust of the role Exporter through its account, under further conditions."""
    only = {"ArnEquals": {"aws:PrincipalArn": EXPORTER}}
    return [statement("TrustNamedPrincipals", DEV_ROOT, only | conditions)]


PRINCIPALS = {
    "WholeAccount": [statement("TrustWholeAccounts", "arn:aws:iam::333333333333:root")],
    "OneUser": [
        statement(
            "TrustNamedPrincipals",
            DEV_ROOT,
            {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:user/alice"}},
        )
    ],
    "ServiceRole": exporter(),
    "PermissionSet": [
        statement(
            "TrustPermissionSets",
            DEV_ROOT,
            {
                "ArnLike": {
                    "aws:PrincipalArn": "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/eu-west-1/"
                    "AWSReservedSSO_Dev_????????????????"
                }
            },
        )
    ],
    # Not production's own principals: in the same account "*" lets everyone in without a policy of their own.
    "Organization": [
        statement(
            "TrustOrganizations",
            "*",
            {
                "StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
                "StringNotEquals": {"aws:PrincipalAccount": "222222222222"},
            },
        )
    ],
    "OrganizationalUnit": [
        statement(
            "TrustOrganizationalUnits",
            "*",
            {
                "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"},
                "StringNotEquals": {"aws:PrincipalAccount": "222222222222"},
            },
        )
    ],
    "Several": [
        statement("TrustWholeAccounts", "arn:aws:iam::555555555555:root"),
        statement(
            "TrustNamedPrincipals",
            [DEV_ROOT, "arn:aws:iam::444444444444:root"],
            {
                "ArnEquals": {
                    "aws:PrincipalArn": [
                        "arn:aws:iam::111111111111:role/First",
                        "arn:aws:iam::444444444444:role/Second",
                        "arn:aws:iam::444444444444:user/team/bob",
                    ]
                }
            },
        ),
    ],
    "Pinned": [statement("TrustPinnedPrincipals", EXPORTER)],
}

CONDITIONS = {
    "ExternalId": [
        statement(
            "TrustNamedPrincipals",
            DEV_ROOT,
            {
                "ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/WriterRole"},
                "StringEquals": {"sts:ExternalId": "export:2026/nightly"},
            },
        )
    ],
    "RecentMfa": [
        statement(
            "TrustNamedPrincipals",
            DEV_ROOT,
            {
                "ArnEquals": {
                    "aws:PrincipalArn": [
                        "arn:aws:iam::111111111111:user/alice",
                        "arn:aws:iam::111111111111:user/team/bob",
                    ]
                },
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
                "NumericLessThanEquals": {"aws:MultiFactorAuthAge": "3600"},
            },
        )
    ],
    # Without the external ID: a request's belongs to its sts:AssumeRole alone.
    "SourceIdentity": [
        statement(
            "TrustNamedPrincipals",
            DEV_ROOT,
            {
                "ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:user/team/bob"},
                "StringEquals": {"sts:ExternalId": "who-is-it"},
            },
        ),
        statement(
            "SourceIdentityOfNamedPrincipals",
            DEV_ROOT,
            {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:user/team/bob"}},
        )
        | {"Action": "sts:SetSourceIdentity"},
    ],
    "AllConditions": [
        statement(
            "TrustNamedPrincipals",
            DEV_ROOT,
            {
                "ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:user/alice"},
                "StringEquals": {"sts:ExternalId": "all-of-them", "aws:PrincipalOrgID": "o-a1b2c3d4e5"},
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
                "NumericLessThanEquals": {"aws:MultiFactorAuthAge": "900"},
                "DateLessThan": {"aws:CurrentTime": "2099-12-31T00:00:00Z"},
                "IpAddress": {"aws:SourceIp": "127.0.0.0/8"},
            },
        )
    ],
    "Shut": [
        statement("TrustPinnedPrincipals", EXPORTER),
        {"Sid": "DenyWhileDisabled", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
    ],
    "OfOrganization": [
        statement(
            "TrustNamedPrincipals",
            [DEV_ROOT, "arn:aws:iam::333333333333:root"],
            {
                "ArnEquals": {"aws:PrincipalArn": [EXPORTER, EXPORTER.replace("111111111111", "333333333333")]},
                "StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
            },
        )
    ],
    # An hour ahead of UTC in the file.
    "Expiring": exporter(DateLessThan={"aws:CurrentTime": "2099-12-31T22:59:59Z"}),
    "FromHere": exporter(IpAddress={"aws:SourceIp": ["127.0.0.0/8", "2001:db8::/32"]}),
    "Bounded": exporter(),
    "Revoked": exporter(),
    "Disabled": [
        *exporter(),
        {"Sid": "DenyWhileDisabled", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
    ],
}


@pytest.mark.parametrize("grant", [*PRINCIPALS, *CONDITIONS])
def test_trust_policy(kinds: Assembly, grant: str) -> None:
    """A grant's trust policy lets in exactly its principals, under exactly its conditions."""
    assert (PRINCIPALS | CONDITIONS)[grant] == kinds.trust(grant)


def test_conditions_under_one_operator_all_stand(access: dict[str, Any], tmp_path: Path) -> None:
    """An organization and an external ID are both compared by StringEquals, and neither takes the other's place."""
    access["grants"][0] |= {"principals": ["o-a1b2c3d4e5"], "external_id": "xyz"}
    (trusted,) = synthesize(access, tmp_path).trust("Grant")

    assert {"aws:PrincipalOrgID": "o-a1b2c3d4e5", "sts:ExternalId": "xyz"} == trusted["Condition"]["StringEquals"]


def test_every_trust_policy_is_of_the_current_version(kinds: Assembly) -> None:
    """An older version, or none, would change what policy variables mean."""
    roles = kinds.resources("ProdAccessStack", "AWS::IAM::Role").values()

    assert {"2012-10-17"} == {r["Properties"]["AssumeRolePolicyDocument"]["Version"] for r in roles}


def test_no_bare_account_is_trusted_unless_it_is_listed(kinds: Assembly) -> None:
    """An account root without a condition stands only in grants that list the account id itself."""
    roles = kinds.resources("ProdAccessStack", "AWS::IAM::Role").values()
    bare = {
        role["Properties"]["RoleName"]
        for role in roles
        for each in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        if each["Effect"] == "Allow" and "Condition" not in each and ":root" in str(each["Principal"])
    }

    assert {"WholeAccount", "Several", "SeedExample"} == bare


def test_session_length_path_and_boundary(kinds: Assembly) -> None:
    """The role carries what the grant says, and IAM's least session length where the grant asks for less."""
    bounded = kinds.role("Bounded")

    assert bounded["MaxSessionDuration"] == 3600
    assert bounded["Path"] == "/crossrole/dev/"
    assert bounded["PermissionsBoundary"] == "arn:aws:iam::222222222222:policy/Boundary"
    assert "every condition at once" == kinds.role("AllConditions")["Description"]
    assert kinds.role("OneUser")["MaxSessionDuration"] == 43200


GITHUB = {"name": "github", "url": "https://token.actions.githubusercontent.com", "create": True}


def test_tokens_are_trusted_by_audience_and_subject(access: dict[str, Any], tmp_path: Path) -> None:
    """Exact subjects and those like a pattern each have a statement; the provider is made before the role."""
    access["identity_providers"] = [GITHUB]
    access["grants"][0] |= {
        "principals": ["github:repo:acme/orders:ref:refs/heads/main", "github:repo:acme/site:*"],
        "source_ips": ["203.0.113.0/24"],
        "session_tags": ["team"],
    }
    assembly = synthesize(access, tmp_path)
    exact, like = assembly.trust("Grant")
    (provider,) = assembly.resources("ProdAccessStack", "AWS::IAM::OIDCProvider").values()
    (role,) = assembly.resources("ProdAccessStack", "AWS::IAM::Role").values()
    issuer = "token.actions.githubusercontent.com"

    assert {"Url": f"https://{issuer}", "ClientIdList": ["sts.amazonaws.com"]} == {
        key: provider["Properties"][key] for key in ("Url", "ClientIdList")
    }
    assert role["DependsOn"]
    for statement, operator, subject in (
        (exact, "StringEquals", "repo:acme/orders:ref:refs/heads/main"),
        (like, "StringLike", "repo:acme/site:*"),
    ):
        assert f"arn:aws:iam::222222222222:oidc-provider/{issuer}" == statement["Principal"]["Federated"]
        assert ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"] == statement["Action"]
        assert "sts.amazonaws.com" == statement["Condition"]["StringEquals"][f"{issuer}:aud"]
        assert subject == statement["Condition"][operator][f"{issuer}:sub"]
        assert {"aws:TagKeys": "team"} == statement["Condition"]["ForAllValues:StringEquals"]
        assert {"aws:SourceIp": "203.0.113.0/24"} == statement["Condition"]["IpAddress"]


def test_a_disabled_grant_denies_tokens_too(access: dict[str, Any], tmp_path: Path) -> None:
    """Each way to assume the role is denied to everyone, as a revocation does it."""
    access["identity_providers"] = [GITHUB]
    access["grants"][0] |= {"principals": ["github:repo:acme/orders:ref:refs/heads/main"], "disabled": True}
    denied = synthesize(access, tmp_path).trust("Grant")[-1]

    assert ("Deny", "*", ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"]) == (
        denied["Effect"],
        denied["Principal"],
        denied["Action"],
    )


def test_a_saml_provider_is_trusted_for_its_audience(access: dict[str, Any], tmp_path: Path) -> None:
    """As a whole: who may sign in to the role, the provider decides."""
    arn = "arn:aws:iam::222222222222:saml-provider/Okta"
    access["identity_providers"] = [{"name": "okta", "saml": arn}]
    access["grants"][0]["principals"] = ["okta:*"]
    (statement,) = synthesize(access, tmp_path).trust("Grant")

    assert ("sts:AssumeRoleWithSAML", {"Federated": arn}) == (statement["Action"], statement["Principal"])
    assert {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}} == statement["Condition"]
