"""Conditions that are never met, always met, or met without what they ask for; test_rules.py has names and types."""

from typing import Any

import pytest

from tests.crossrole.lint.policies import ACCOUNT, CALLER, bucket_policy, found, holder, permission, role, rules, trust

REPORTS = "arn:aws:s3:::reports/*"


def when(operator: str, key: str, value: Any, **changes: Any) -> dict[str, Any]:
    """Return a role that may read objects under a condition."""
    return holder(permission(Condition={operator: {key: value}}, **changes))


def unless(operator: str, key: str, value: Any) -> dict[str, Any]:
    """Return a bucket policy that denies deleting under a condition."""
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": REPORTS}
    return bucket_policy({**deny, "Condition": {operator: {key: value}}})


VENDOR = {"Principal": {"AWS": "arn:aws:iam::333333333333:role/Vendor"}}
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a wildcard under StringEquals": (
        role(trust(**VENDOR, Condition={"StringEquals": {"sts:ExternalId": "acme-*"}})),
        "wildcard-without-like",
    ),
    "a wildcard for one character": (when("StringEquals", "aws:PrincipalTag/team", "tea?"), "wildcard-without-like"),
    "a wildcard in any case": (
        when("StringEqualsIgnoreCase", "aws:PrincipalTag/team", ["a", "b*"]),
        "wildcard-without-like",
    ),
    "a wildcard that is excluded": (unless("StringNotEquals", "aws:PrincipalTag/team", "*"), "wildcard-without-like"),
    "a wildcard if the key exists": (
        when("StringEqualsIfExists", "aws:PrincipalTag/team", "b*"),
        "wildcard-without-like",
    ),
    "a wildcard for each value": (
        when("ForAnyValue:StringEquals", "aws:CalledVia", "*.amazonaws.com"),
        "wildcard-without-like",
    ),
    "a code if there is one": (when("BoolIfExists", "aws:MultiFactorAuthPresent", "true"), "met-without-key"),
    "a code if there is one, as JSON": (when("BoolIfExists", "AWS:multifactorauthpresent", [True]), "met-without-key"),
    "a code's age if there is one": (
        when("NumericLessThanIfExists", "aws:MultiFactorAuthAge", "3600"),
        "met-without-key",
    ),
    "an external ID if there is one": (
        role(trust(**VENDOR, Condition={"StringEqualsIfExists": {"sts:ExternalId": "acme"}})),
        "met-without-key",
    ),
    "denying where no code is said to be given": (
        unless("Bool", "aws:MultiFactorAuthPresent", "false"),
        "not-denied-without-mfa",
    ),
    "denying where a code is old": (
        unless("NumericGreaterThan", "aws:MultiFactorAuthAge", "3600"),
        "not-denied-without-mfa",
    ),
    "all of no organizations": (
        when("ForAllValues:StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/*"),
        "for-all-values",
    ),
    "all of a single value": (when("ForAllValues:StringEquals", "aws:PrincipalTag/team", "a"), "for-all-values"),
    "a private network": (when("IpAddress", "aws:SourceIp", "10.0.0.0/8"), "private-address"),
    "a private address": (when("IpAddress", "AWS:sourceip", ["203.0.113.0/24", "192.168.1.7"]), "private-address"),
    "a part of a private network": (when("IpAddress", "aws:SourceIp", "172.20.0.0/16"), "private-address"),
    "a private network of IPv6": (when("IpAddress", "aws:SourceIp", "fd12:3456::/32"), "private-address"),
    "all but a private network": (unless("NotIpAddress", "aws:SourceIp", "10.0.0.0/16"), "private-address"),
    "every address": (when("IpAddress", "aws:SourceIp", "0.0.0.0/0"), "every-address"),
    "every address in halves": (when("IpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/1"]), "every-address"),
    "every address in parts": (
        when("IpAddress", "aws:SourceIp", [f"{each}.0.0.0/8" for each in range(256) if each != 10]),
        "every-address",
    ),
    "every address of IPv6": (when("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "::/0"]), "every-address"),
    "every global address of IPv6": (when("IpAddress", "aws:SourceIp", ["2000::/4", "3000::/4"]), "every-address"),
    "all but every address": (unless("NotIpAddress", "aws:SourceIp", ["0.0.0.0/0"]), "every-address"),
    "an account with hyphens": (when("StringEquals", "aws:ResourceAccount", "2222-2222-2222"), "impossible-value"),
    "an account that lost its zero": (when("StringEquals", "aws:ResourceAccount", 12345678901), "impossible-value"),
    "a role as an account": (unless("StringNotEquals", "aws:PrincipalAccount", CALLER), "impossible-value"),
    "a name as an organization": (unless("StringNotEquals", "aws:PrincipalOrgID", "acme"), "impossible-value"),
    "an endpoint as a network": (unless("StringNotEquals", "aws:SourceVpc", "vpce-1a2b3c4d"), "impossible-value"),
    "a network as an endpoint": (unless("StringNotEquals", "aws:SourceVpce", "vpc-1a2b3c4d"), "impossible-value"),
    "a session as the caller's ARN": (
        unless("ArnNotLike", "aws:PrincipalArn", "arn:aws:sts::111111111111:assumed-role/Job/*"),
        "impossible-value",
    ),
    "a session as the caller's ARN, as text": (
        when("StringLike", "aws:PrincipalArn", ["arn:aws:sts::111111111111:assumed-role/Job/a"]),
        "impossible-value",
    ),
}

RIGHT: dict[str, dict[str, Any]] = {
    "a wildcard under StringLike": when("StringLike", "aws:PrincipalTag/team", "b*"),
    "a wildcard in an ARN": when("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/app-*"),
    "a character that is escaped": when("StringEquals", "aws:PrincipalTag/team", "a${*}b"),
    "a code": when("Bool", "aws:MultiFactorAuthPresent", "true"),
    "denying where no code is given": unless("BoolIfExists", "aws:MultiFactorAuthPresent", "false"),
    "denying where a code is old or absent": unless("NumericGreaterThanIfExists", "aws:MultiFactorAuthAge", "3600"),
    "denying where there is no code's age": unless("Null", "aws:MultiFactorAuthAge", "true"),
    "denying both ways": bucket_policy(
        *[
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:DeleteObject",
                "Resource": REPORTS,
                "Condition": condition,
            }
            for condition in (
                {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
                {"Null": {"aws:MultiFactorAuthPresent": "true"}},
            )
        ]
    ),
    "only without a code": when("BoolIfExists", "aws:MultiFactorAuthPresent", "false"),
    "denying all of no tags": unless("ForAllValues:StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/*"),
    "some of the organizations": when("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/*"),
    "public networks": when("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "2001:db8::/32", "8.8.8.8"]),
    "wide networks": when("IpAddress", "aws:SourceIp", [f"{each}.0.0.0/8" for each in range(1, 9)]),
    "a private network of a VPC": when("IpAddress", "aws:VpcSourceIp", "10.0.0.0/8"),
    "an organization": unless("StringNotEquals", "aws:PrincipalOrgID", ["o-a1b2c3d4e5"]),
    "organizations by a wildcard": unless("StringNotLike", "aws:PrincipalOrgID", "o-*"),
    "an organization by a variable": unless("StringNotEquals", "aws:PrincipalOrgID", "${aws:ResourceOrgID}"),
    "a session by its id": unless("StringNotLike", "aws:userid", "AROAEXAMPLEEXAMPLE:*"),
    "plain HTTP": unless("Bool", "aws:SecureTransport", "false"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_condition_that_does_not_do_what_it_says_is_found(fault: str) -> None:
    """One fault is one finding, of its own rule."""
    resource, rule = FAULTS[fault]

    assert [rule] == rules(resource)


@pytest.mark.parametrize("right", RIGHT)
def test_a_condition_that_does_what_it_says_is_right(right: str) -> None:
    """Look-alikes of the faults."""
    assert [] == rules(RIGHT[right])


PARTS = [f"{each}.0.0.0/8" for each in range(256)]
OPEN: dict[str, tuple[Any, list[str]]] = {
    "addresses that are everyone in parts": (
        {"IpAddress": {"aws:SourceIp": PARTS}},
        ["open-to-everyone", "private-address", "every-address"],
    ),
    "an organization": ({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, []),
    "nothing": (None, ["open-to-everyone"]),
}


@pytest.mark.parametrize(("condition", "expected"), OPEN.values(), ids=OPEN)
def test_what_closes_a_bucket_to_everyone(condition: Any, expected: list[str]) -> None:
    """Each of many small ranges would close it; all of them together do not."""
    allow = permission(Principal="*", Resource=REPORTS, Condition=condition)

    assert expected == rules(bucket_policy(allow))


CLOSING: dict[str, tuple[dict[str, Any], bool]] = {
    "another organization": ({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, True),
    "another network": ({"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}, True),
    "another network than every": ({"NotIpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}, False),
    "no encryption": ({"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}, False),
    "plain HTTP": ({"Bool": {"aws:SecureTransport": "false"}}, False),
    "an organization and no encryption": (
        {
            "StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5", "s3:x-amz-server-side-encryption": "aws:kms"},
        },
        False,
    ),
    "some other organization": ({"ForAnyValue:StringNotEquals": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}, False),
}


@pytest.mark.parametrize(("condition", "closes"), CLOSING.values(), ids=CLOSING)
def test_a_denial_beside_it_closes_a_statement(condition: dict[str, Any], *, closes: bool) -> None:
    """It must deny all that the other allows, to everyone who does not meet one condition."""
    allow = permission(Principal="*", Action="s3:PutObject", Resource=REPORTS)
    deny = {**allow, "Effect": "Deny", "Condition": condition}
    of_less = {**deny, "Resource": "arn:aws:s3:::reports/x/*"}
    of_another = {**deny, "Action": "s3:DeleteObject"}
    of_one = {**deny, "Principal": {"AWS": CALLER}}

    assert closes is ("open-to-everyone" not in rules(bucket_policy(allow, deny)))
    for less in (of_less, of_another, of_one):
        assert "open-to-everyone" in rules(bucket_policy(allow, less))


def test_the_text_names_the_key_and_the_fix() -> None:
    """In the case in which the policy writes them."""
    ((_, text),) = found(when("BoolIfExists", "aws:multifactorauthpresent", "true"))

    assert (
        "BoolIfExists aws:multifactorauthpresent also allows requests without an MFA code, such as those signed with "
        "an access key; write Bool"
    ) == text


SOURCE = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
LOGS = "logging.s3.amazonaws.com"


def delivered(service: str, condition: Any = None, **changes: Any) -> dict[str, Any]:
    """Return a bucket policy that lets a service write."""
    allow = {"Action": "s3:PutObject", "Resource": REPORTS, "Principal": {"Service": service}, "Condition": condition}
    return bucket_policy(permission(**(allow | changes)))


def queue(service: str, condition: Any = None) -> dict[str, Any]:
    """Return a queue policy that lets a service send."""
    allow = permission(Action="sqs:SendMessage", Resource="*", Principal={"Service": service}, Condition=condition)
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {"Queues": ["jobs"], "PolicyDocument": {"Version": "2012-10-17", "Statement": allow}},
    }


SERVICES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "logs of anyone": (delivered(LOGS), ["service-without-source"]),
    "logs of anyone over TLS": (delivered(LOGS, {"Bool": {"aws:SecureTransport": "true"}}), ["service-without-source"]),
    "logs of an account if there is one": (
        delivered(LOGS, {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}),
        ["service-without-source"],
    ),
    "a distribution of anyone": (
        delivered("cloudfront.amazonaws.com", Action="s3:GetObject"),
        ["service-without-source"],
    ),
    "messages of anyone's topic": (queue("sns.amazonaws.com"), ["service-without-source"]),
    "logs of an account": (delivered(LOGS, SOURCE), []),
    "logs of an organization": (delivered(LOGS, {"StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}}), []),
    "logs under the account's path": (
        delivered("delivery.logs.amazonaws.com", Resource=f"arn:aws:s3:::reports/AWSLogs/{ACCOUNT}/*"),
        [],
    ),
    "a look at the bucket's owner": (
        delivered("delivery.logs.amazonaws.com", Action="s3:GetBucketAcl", Resource="arn:aws:s3:::reports"),
        [],
    ),
    "messages of one topic": (
        queue("sns.amazonaws.com", {"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:news"}}),
        [],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), SERVICES.values(), ids=SERVICES)
def test_a_service_acts_for_somebody(resource: dict[str, Any], expected: list[str]) -> None:
    """Without a source, it may be made to act here by any customer of AWS."""
    assert expected == rules(resource)
