"""Principals: those that can't be are found, and every form that AWS takes is right."""

from typing import Any

import pytest

from tests.crossrole.lint.policies import ACCOUNT, CALLER, bucket_policy, found, permission, role, rules, trust

OIDC = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
SUBJECT = {"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"}}
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/Okta"


def web(provider: Any, **changes: Any) -> dict[str, Any]:
    """Return a statement that trusts an identity provider, under a condition that is right for GitHub."""
    allow = {"Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": SUBJECT}
    return trust(**(allow | changes))


def named(principal: Any, **changes: Any) -> dict[str, Any]:
    """Return a role that trusts an AWS principal."""
    return role(trust(Principal={"AWS": principal}, **changes))


def not_principal(*names: str) -> dict[str, Any]:
    """Return a bucket policy that denies everyone but these."""
    deny = {"Effect": "Deny", "Principal": None, "NotPrincipal": {"AWS": list(names)}}
    return bucket_policy(permission(**deny, Resource="arn:aws:s3:::reports/*"))


KEEPER = f"arn:aws:iam::{ACCOUNT}:role/ops/Keeper"
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a wildcard for roles": (named("arn:aws:iam::111111111111:role/*"), "impossible-principal"),
    "a wildcard among others": (named([CALLER, "arn:aws:iam::111111111111:user/a?"]), "impossible-principal"),
    "a wildcard for accounts": (named("arn:aws:iam::*:root"), "impossible-principal"),
    "a wildcard in a bucket policy": (
        bucket_policy(
            permission(Principal={"AWS": "arn:aws:iam::111111111111:role/a-*"}, Resource="arn:aws:s3:::reports/*")
        ),
        "impossible-principal",
    ),
    "any session of a role": (named("arn:aws:sts::111111111111:assumed-role/Job/*"), "impossible-principal"),
    "a session without its name": (named("arn:aws:sts::111111111111:assumed-role/Job"), "impossible-principal"),
    "a session of the wrong service": (named("arn:aws:iam::111111111111:assumed-role/Job/a"), "impossible-principal"),
    "a session with the role's path": (
        named("arn:aws:sts::111111111111:assumed-role/ops/Job/a"),
        "impossible-principal",
    ),
    "a group": (named("arn:aws:iam::111111111111:group/Developers"), "impossible-principal"),
    "a missing colon": (named("arn:aws:iam:111111111111:role/Caller"), "impossible-principal"),
    "eleven digits": (named("11111111111"), "impossible-principal"),
    "an account with hyphens": (named("1111-1111-1111"), "impossible-principal"),
    "a bare name": (named("Caller"), "impossible-principal"),
    "a service as an AWS principal": (named("lambda.amazonaws.com"), "impossible-principal"),
    "a provider as an AWS principal": (named(OIDC), "impossible-principal"),
    "a variable": (named("arn:aws:iam::${aws:PrincipalAccount}:root"), "impossible-principal"),
    "another partition": (named("arn:aws-cn:iam::111111111111:role/Caller"), "impossible-principal"),
    "a kind that there is not": (role(trust(Principal={"Aws": CALLER})), "principal-type"),
    "a misspelt service": (role(trust(Principal={"Service": "lamda.amazonaws.com"})), "unknown-service"),
    "a misspelt service among others": (
        role(trust(Principal={"Service": ["ec2.amazonaws.com", "codebuld.amazonaws.com"]})),
        "unknown-service",
    ),
    "a misspelt service in China": (role(trust(Principal={"Service": "lamda.amazonaws.com.cn"})), "unknown-service"),
    "a misspelt service of a region": (
        role(trust(Principal={"Service": "log.eu-west-1.amazonaws.com"})),
        "unknown-service",
    ),
    "a service without its suffix": (role(trust(Principal={"Service": "lambda"})), "unknown-service"),
    "a service with another suffix": (role(trust(Principal={"Service": "lambda.aws.com"})), "unknown-service"),
    "a service by its console's name": (
        role(trust(Principal={"Service": "stepfunctions.amazonaws.com"})),
        "unknown-service",
    ),
    "every service": (role(trust(Principal={"Service": "*"})), "unknown-service"),
    "an account as a service": (role(trust(Principal={"Service": CALLER})), "unknown-service"),
    "a provider by its address": (
        role(web("https://token.actions.githubusercontent.com")),
        "unknown-provider",
    ),
    "a provider by its host": (role(web("token.actions.githubusercontent.com")), "unknown-provider"),
    "a provider with the scheme": (
        role(web(f"arn:aws:iam::{ACCOUNT}:oidc-provider/https://token.actions.githubusercontent.com", Condition=None)),
        "unknown-provider",
    ),
    "denying all but a role": (not_principal(KEEPER), "not-principal"),
    "denying all but a role and its account": (not_principal(KEEPER, ACCOUNT), "not-principal"),
    "denying all but a session": (
        not_principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/Keeper/a", f"arn:aws:iam::{ACCOUNT}:root"),
        "not-principal",
    ),
    "denying all but a user": (not_principal(f"arn:aws:iam::{ACCOUNT}:user/alice"), "not-principal"),
}

RIGHT: dict[str, dict[str, Any]] = {
    "a role with a path": named("arn:aws:iam::111111111111:role/ops/team/Job"),
    "a service's role": named("arn:aws:iam::111111111111:role/aws-service-role/ecs.amazonaws.com/ForECS"),
    "a user with a sign": named("arn:aws:iam::111111111111:user/alice.b+c=d,e@example.com-x_1"),
    "a session": named("arn:aws:sts::111111111111:assumed-role/Job/2026-run@a"),
    "a federated user": named("arn:aws:sts::111111111111:federated-user/alice"),
    "a unique id": named("AROAEXAMPLEEXAMPLEID"),
    "the user of a distribution": bucket_policy(
        permission(
            Principal={"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity EH1HDMB1FH2TC"},
            Resource="arn:aws:s3:::reports/*",
        )
    ),
    "another account's canonical user": bucket_policy(
        permission(Principal={"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"})
    ),
    "a service": role(trust(Principal={"Service": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]})),
    "a service that nothing is near to": role(trust(Principal={"Service": "quuxfrob.amazonaws.com"})),
    "a service that may follow another": role(trust(Principal={"Service": "inspector3.amazonaws.com"})),
    "a service of a region": role(trust(Principal={"Service": "logs.eu-west-1.amazonaws.com"})),
    "a service of a service": role(trust(Principal={"Service": "ops.apigateway.amazonaws.com"})),
    "a provider": role(web(OIDC)),
    "a provider with a path": role(
        web(
            f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC",
            Condition={"StringEquals": {"oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub": "system:serviceaccount:a:b"}},
        )
    ),
    "a directory": role(
        web(
            SAML,
            Action="sts:AssumeRoleWithSAML",
            Condition={"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
        )
    ),
    "denying all but a role, its session and account": not_principal(
        KEEPER, f"arn:aws:sts::{ACCOUNT}:assumed-role/Keeper/a", f"arn:aws:iam::{ACCOUNT}:root"
    ),
    "denying all but a user and its account": not_principal(f"arn:aws:iam::{ACCOUNT}:user/alice", ACCOUNT),
    "denying all but an account": not_principal(ACCOUNT),
    "a principal of a VPC endpoint": {
        "Type": "AWS::EC2::VPCEndpoint",
        "Properties": {
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
            }
        },
    },
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_principal_that_cannot_be_is_found(fault: str) -> None:
    """One fault is one finding, of its own rule."""
    resource, rule = FAULTS[fault]

    assert [rule] == rules(resource)


@pytest.mark.parametrize("right", RIGHT)
def test_a_principal_that_can_be_is_right(right: str) -> None:
    """Each form that AWS documents, and a service that is perhaps new."""
    assert [] == rules(RIGHT[right])


JOB = role(RoleName="Job", Path="/ops/")
ALICE = {"Type": "AWS::IAM::User", "Properties": {"UserName": "alice"}}
MADE: dict[str, tuple[str, list[str]]] = {
    "the role itself": (f"arn:aws:iam::{ACCOUNT}:role/ops/Job", []),
    "a user for a role": (f"arn:aws:iam::{ACCOUNT}:user/Job", ["principal-not-made"]),
    "a role for a user": (f"arn:aws:iam::{ACCOUNT}:role/alice", ["principal-not-made"]),
    "the role without its path": (f"arn:aws:iam::{ACCOUNT}:role/Job", ["principal-not-made"]),
    "one of another account": ("arn:aws:iam::111111111111:user/Job", []),
    "one that is made elsewhere": (f"arn:aws:iam::{ACCOUNT}:role/Other", []),
}


@pytest.mark.parametrize(("principal", "expected"), MADE.values(), ids=MADE)
def test_a_principal_that_the_templates_make_otherwise_is_found(principal: str, expected: list[str]) -> None:
    """In an account, a name stands for one role and one user, whatever their paths."""
    assert expected == rules(named(principal), job=JOB, alice=ALICE)


def test_the_arn_that_is_meant_is_in_the_text() -> None:
    """A person can copy it."""
    ((_, text),) = found(named(f"arn:aws:iam::{ACCOUNT}:user/Job"), job=JOB)

    assert f"the templates make arn:aws:iam::{ACCOUNT}:role/ops/Job" in text
