"""Trust policies: who gets in besides those who are meant, and who never does."""

from typing import Any

import pytest

from tests.crossrole.lint.policies import ACCOUNT, CALLER, document, found, role, rules, trust

GITHUB = "token.actions.githubusercontent.com"
GITLAB = "gitlab.com"
EKS = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/Okta"
ROOT = "arn:aws:iam::111111111111:root"


def provider(host: str) -> str:
    """Return the ARN of an OpenID Connect provider."""
    return f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"


def web(condition: dict[str, Any] | None, *, host: str = GITHUB, **changes: Any) -> dict[str, Any]:
    """Return a role that trusts an identity provider under a condition."""
    allow = {"Principal": {"Federated": provider(host)}, "Action": "sts:AssumeRoleWithWebIdentity"}
    return role(trust(**(allow | {"Condition": condition} | changes)))


def subject(value: Any, *, operator: str = "StringLike", host: str = GITHUB, **more: Any) -> dict[str, Any]:
    """Return a role that tests the subject of a provider's tokens."""
    return web({operator: {f"{host}:sub": value}, **more}, host=host)


PROVIDERS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no condition": (web(None), ["oidc-without-subject"]),
    "an audience alone": (web({"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}), ["oidc-without-subject"]),
    "an audience alone, of another provider": (
        web({"StringEquals": {f"{GITLAB}:aud": "https://gitlab.com"}}, host=GITLAB),
        ["oidc-without-subject"],
    ),
    "an audience alone, of a cluster": (
        web({"StringEquals": {f"{EKS}:aud": "sts.amazonaws.com"}}, host=EKS),
        ["oidc-without-subject"],
    ),
    "every subject but one": (
        web({"StringNotLike": {f"{GITHUB}:sub": "repo:evil/*"}}),
        ["oidc-without-subject"],
    ),
    "that there is a subject": (web({"Null": {f"{GITHUB}:sub": "false"}}), ["oidc-without-subject"]),
    "any subject": (subject("*"), ["oidc-wide-subject"]),
    "any repository": (subject("repo:*"), ["oidc-wide-subject"]),
    "any organization": (subject("repo:*/*"), ["oidc-wide-subject"]),
    "a repository of that name, of anyone": (subject("repo:*/infra:ref:refs/heads/main"), ["oidc-wide-subject"]),
    "an organization whose name begins so": (subject("repo:acme*"), ["oidc-wide-subject"]),
    "an own one or any": (subject(["repo:acme/app:*", "repo:*"]), ["oidc-wide-subject"]),
    "any, with the key in another case": (
        web({"StringLike": {f"{GITHUB.upper()}:SUB": "repo:*"}}),
        ["oidc-wide-subject"],
    ),
    "any project of another provider": (subject("project_path:*", host=GITLAB), ["oidc-wide-subject"]),
    "any service account": (subject("system:serviceaccount:*", host=EKS), ["oidc-wide-subject"]),
    "any organization of another provider": (
        subject("organization:*:project:a:workspace:b:run_phase:*", host="app.terraform.io"),
        ["oidc-wide-subject"],
    ),
    "a wildcard under an operator for whole values": (
        subject("repo:acme/app:*", operator="StringEquals"),
        ["wildcard-without-like"],
    ),
    "a wildcard among others under such an operator": (
        subject(["repo:acme/app:environment:prod", "repo:acme/*"], operator="StringEquals"),
        ["wildcard-without-like"],
    ),
    "a set operator that holds without the key": (
        subject("repo:acme/app:*", operator="ForAllValues:StringLike"),
        ["oidc-without-subject", "for-all-values"],
    ),
    "a subject of another provider": (
        web({"StringEquals": {f"{GITHUB}:sub": "repo:acme/app:ref:refs/heads/main"}}, host=GITLAB),
        ["oidc-without-subject", "claim-of-another-provider"],
    ),
    "a subject of one's own organization": (subject("repo:acme/*"), []),
    "a subject of one repository": (subject("repo:acme/app:*"), []),
    "one whole subject": (subject("repo:acme/app:ref:refs/heads/main", operator="StringEquals"), []),
    "a subject in any case": (subject("repo:ACME/app:environment:prod", operator="StringEqualsIgnoreCase"), []),
    "a wide subject beside a narrow one": (
        web(
            {"StringLike": {f"{GITHUB}:sub": "repo:*"}, "StringEquals": {f"{GITHUB}:sub": "repo:acme/app:pull_request"}}
        ),
        [],
    ),
    "a claim that names the repository": (
        web({"StringEquals": {f"{GITHUB}:repository": "acme/app", f"{GITHUB}:aud": "sts.amazonaws.com"}}),
        [],
    ),
    "a project of one's own": (subject("project_path:acme/app:*", host=GITLAB), []),
    "a service account": (subject("system:serviceaccount:jobs:*", host=EKS), []),
    "an audience that names the customer": (
        web({"StringEquals": {"api.pulumi.com/oidc:aud": "aws:acme"}}, host="api.pulumi.com/oidc"),
        [],
    ),
    "an identity pool": (
        web(
            {"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:pool"}},
            Principal={"Federated": "cognito-identity.amazonaws.com"},
        ),
        [],
    ),
    "every identity pool of everyone": (
        web(
            {"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}},
            Principal={"Federated": "cognito-identity.amazonaws.com"},
        ),
        ["oidc-without-subject"],
    ),
    "every user of a directory": (
        web(None, Principal={"Federated": SAML}, Action="sts:AssumeRoleWithSAML"),
        ["every-user-of-provider"],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), PROVIDERS.values(), ids=PROVIDERS)
def test_whose_tokens_let_in_whom(resource: dict[str, Any], expected: list[str]) -> None:
    """A provider signs for all its customers: a subject or the like must say which of them are meant."""
    assert expected == rules(resource)


def named(principal: Any, condition: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return a role that trusts an AWS principal under a condition."""
    return role(trust(Principal={"AWS": principal}, Condition=condition, **changes))


ACCOUNTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "the root": (named(ROOT), ["whole-account"]),
    "the number": (named("111111111111"), ["whole-account"]),
    "one among others": (named([CALLER, ROOT]), ["whole-account"]),
    "everyone in it": (
        named("*", {"StringEquals": {"aws:PrincipalAccount": ["111111111111"]}}),
        ["whole-account"],
    ),
    "one of everyone in it": (
        named("*", {"StringEquals": {"aws:PrincipalAccount": "111111111111", "aws:PrincipalTag/team": "a"}}),
        [],
    ),
    "any external ID": (named(ROOT, {"StringLike": {"sts:ExternalId": "*"}}), ["whole-account"]),
    "two": (named([ROOT, "333333333333"]), ["whole-account", "whole-account"]),
    "its own": (named(f"arn:aws:iam::{ACCOUNT}:root"), ["whole-account"]),
    "by a wildcard of actions": (named(ROOT, Action="sts:Assume*"), ["whole-account"]),
    "the account once more": (
        named(ROOT, {"StringEquals": {"aws:PrincipalAccount": "111111111111"}}),
        ["whole-account"],
    ),
    "its organization": (named(ROOT, {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}), ["whole-account"]),
    "until a day": (named(ROOT, {"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}}), ["whole-account"]),
    "any of its principals": (named(ROOT, {"ArnLike": {"aws:PrincipalArn": "*"}}), ["whole-account"]),
    "any of its roles": (
        named(ROOT, {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/*"}}),
        ["whole-account"],
    ),
    "a role or any": (named(ROOT, {"ArnLike": {"aws:PrincipalArn": [CALLER, "*"]}}), ["whole-account"]),
    "everyone but one": (named(ROOT, {"ArnNotEquals": {"aws:PrincipalArn": CALLER}}), ["whole-account"]),
    "an external ID if there is one": (
        named(ROOT, {"StringEqualsIfExists": {"sts:ExternalId": "x"}}),
        ["whole-account", "met-without-key"],
    ),
    "one role": (named(ROOT, {"ArnEquals": {"aws:PrincipalArn": CALLER}}), []),
    "roles of a name": (
        named(ROOT, {"StringLike": {"aws:principalarn": "arn:aws:iam::111111111111:role/app-*"}}),
        [],
    ),
    "an external ID": (named(ROOT, {"StringEquals": {"sts:ExternalId": "x"}}), []),
    "a code": (named(ROOT, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}), []),
    "a tag": (named(ROOT, {"StringEquals": {"aws:PrincipalTag/team": "platform"}}), []),
    "a network": (named(ROOT, {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), []),
    "only setting a source identity": (named(ROOT, Action="sts:SetSourceIdentity"), []),
    "denied": (named(ROOT, Effect="Deny"), []),
    "narrowed by a denial": (
        role(
            trust(Principal={"AWS": ROOT}),
            trust(Effect="Deny", Principal="*", Condition={"ArnNotEquals": {"aws:PrincipalArn": CALLER}}),
        ),
        [],
    ),
    "narrowed by a denial of another action": (
        role(
            trust(Principal={"AWS": ROOT}),
            trust(
                Effect="Deny",
                Principal="*",
                Action="sts:TagSession",
                Condition={"ArnNotEquals": {"aws:PrincipalArn": CALLER}},
            ),
        ),
        ["whole-account"],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), ACCOUNTS.values(), ids=ACCOUNTS)
def test_a_whole_account_is_found(resource: dict[str, Any], expected: list[str]) -> None:
    """What all of its principals have in common does not narrow it."""
    assert expected == rules(resource)


USER = "arn:aws:iam::111111111111:user/alice"
SOURCE = {"ArnEquals": {"aws:SourceArn": "arn:aws:codebuild:eu-west-1:111111111111:project/site"}}
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
NEVER: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a service's source of a role": (named(CALLER, SOURCE), ["key-never-sent"]),
    "a service's account of a user": (
        named(USER, {"StringEquals": {"AWS:SOURCEACCOUNT": "111111111111"}}),
        ["key-never-sent"],
    ),
    "a service's source of an account's role": (
        named(ROOT, SOURCE | {"ArnLike": {"aws:PrincipalArn": CALLER}}),
        ["key-never-sent"],
    ),
    "a service's source of an identity provider": (
        web(SOURCE | {"StringEquals": {f"{GITHUB}:sub": "repo:acme/app:pull_request"}}),
        ["key-never-sent"],
    ),
    "a code of a role": (named(CALLER, MFA), ["key-never-sent"]),
    "a code's age of a role": (
        named(CALLER, {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}),
        ["key-never-sent"],
    ),
    "that a role gave a code": (named(CALLER, {"Null": {"aws:MultiFactorAuthAge": "false"}}), ["key-never-sent"]),
    "a code of a session": (named("arn:aws:sts::111111111111:assumed-role/Job/a", MFA), ["key-never-sent"]),
    "a code of an account's role": (
        named(ROOT, MFA | {"ArnEquals": {"aws:PrincipalArn": [CALLER]}}),
        ["key-never-sent"],
    ),
    "a code of a user or a role": (named([USER, CALLER], MFA), ["key-never-sent"]),
    "a code of a service": (
        role(trust(Principal={"Service": "ec2.amazonaws.com"}, Condition=MFA)),
        ["key-never-sent"],
    ),
    "a service's source of a service": (
        role(trust(Principal={"Service": "codebuild.amazonaws.com"}, Condition=SOURCE)),
        [],
    ),
    "a source if there is one": (named(CALLER, {"ArnEqualsIfExists": SOURCE["ArnEquals"]}), []),
    "a code of a user": (named(USER, MFA), []),
    "a code of an account's user": (named(ROOT, MFA | {"ArnEquals": {"aws:PrincipalArn": USER}}), []),
    "a denial without a code": (
        role(
            trust(Principal={"AWS": USER}),
            trust(Effect="Deny", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
        ),
        [],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), NEVER.values(), ids=NEVER)
def test_a_key_that_the_caller_never_sends_is_found(resource: dict[str, Any], expected: list[str]) -> None:
    """Only services send a source, and only users give a code."""
    assert expected == rules(resource)


WAYS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a provider with a role's way": (subject("repo:acme/app:*"), []),
    "a provider's token without its action": (
        web({"StringLike": {f"{GITHUB}:sub": "repo:acme/app:*"}}, Action="sts:AssumeRole"),
        ["assume-action"],
    ),
    "a directory with a token's action": (
        web({"StringEquals": {"saml:aud": "x"}}, Principal={"Federated": SAML}),
        ["assume-action"],
    ),
    "a role with a token's action": (named(CALLER, Action=["sts:AssumeRoleWithWebIdentity"]), ["assume-action"]),
    "a service with a directory's action": (
        role(trust(Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRoleWithSAML")),
        ["assume-action"],
    ),
    "every way": (web({"StringLike": {f"{GITHUB}:sub": "repo:acme/app:*"}}, Action="sts:AssumeRole*"), []),
    "only a tag": (named(CALLER, Action="sts:TagSession"), []),
    "something else than assuming": (named(CALLER, Action=["sts:AssumeRole", "s3:GetObject"]), ["action-of-trust"]),
    "something else of the same service": (named(CALLER, Action="sts:GetFederationToken"), ["action-of-trust"]),
}


@pytest.mark.parametrize(("resource", "expected"), WAYS.values(), ids=WAYS)
def test_each_principal_assumes_in_its_own_way(resource: dict[str, Any], expected: list[str]) -> None:
    """AssumeRole is for principals of AWS, and an identity provider's tokens and assertions have their own."""
    assert expected == rules(resource)


def test_a_service_beside_accounts_is_found() -> None:
    """It is easily overlooked, and both have the same permissions."""
    service = trust(Sid="Machines", Principal={"Service": "ec2.amazonaws.com"})

    assert [
        ("mixed-trust", "the service ec2.amazonaws.com can assume it beside accounts; give it a role of its own")
    ] == found(role(trust(), service))
    assert [] == found(role(service))


def test_a_provider_beside_accounts_is_found() -> None:
    """It is as easily overlooked as a service, in one statement as well."""
    google = trust(
        Principal={"Federated": "accounts.google.com"},
        Action="sts:AssumeRoleWithWebIdentity",
        Condition={"StringEquals": {"accounts.google.com:aud": "x"}},
    )

    assert ["mixed-trust"] == rules(role(trust(), google))


def test_a_provider_without_a_condition_is_found() -> None:
    """It signs for every user."""
    google = trust(Principal={"Federated": "accounts.google.com"}, Action="sts:AssumeRoleWithWebIdentity")

    assert [
        (
            "every-user-of-provider",
            "every user of the identity provider accounts.google.com can assume it; add a condition",
        )
    ] == found(role(google))


def test_the_way_in_is_looked_for_in_every_statement() -> None:
    """One statement that is right does not make another so."""
    right, wide = trust(), trust(Sid="Wide", Principal={"AWS": "111111111111"})
    body = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document(right, wide)}}

    assert ["whole-account"] == rules(body)
