"""The local accounts decide as AWS does: its rules as cases, asked of the running service.

Each expectation is AWS's documented behaviour (IAM User Guide, "Policy evaluation logic", "AWS global condition
context keys", "Using roles"), so a new release of the emulator that breaks one, or fixes it itself, shows here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.cast import DEV, OTHER, Cast, make_role

ROOT = {"AWS": f"arn:aws:iam::{DEV}:root"}
ANYONE = {"AWS": "*"}
ROLE = f"arn:aws:iam::{DEV}:role/Writer"
PATH_ROLE = f"arn:aws:iam::{DEV}:role/service-role/Pathed"
PAST, FUTURE = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


def allow(principal: object = ROOT, /, *actions: str, **conditions: Mapping[str, object]) -> dict[str, Any]:
    """Return a trust statement; a condition operator's name is given with "_" for ":"."""
    named = {operator.replace("_", ":"): keys for operator, keys in conditions.items()}
    return {
        "Effect": "Allow",
        "Principal": principal,
        "Action": ["sts:AssumeRole", *actions],
        **({"Condition": named} if named else {}),
    }


def deny(**conditions: Mapping[str, object]) -> dict[str, Any]:
    """Return a statement that denies everyone."""
    return allow("*", **conditions) | {"Effect": "Deny"}


def calling(*arns: str) -> dict[str, object]:
    """Return the condition keys that the default trust compares."""
    return {"aws:PrincipalArn": list(arns)}


@dataclass(frozen=True)
class Case:
    """A trust policy, a caller, and whether AWS lets that caller assume the role."""

    name: str
    expected: str
    trust: tuple[dict[str, Any], ...]
    caller: str = "role"
    asked: Mapping[str, object] = field(default_factory=dict)


MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}
SET_ALONE = {"Action": "sts:SetSourceIdentity"}
OWN_NAME = (
    allow(),
    allow(ROOT, "sts:SetSourceIdentity", StringEquals={"sts:SourceIdentity": "${aws:username}"}) | SET_ALONE,
)
WITH_CODE = {"SerialNumber": "SECOND-FACTOR", "TokenCode": "123456"}
CASES = [
    Case("root trusts any role that may", "allowed", (allow(),)),
    Case("root trusts no role that may not itself", "denied", (allow(),), "idle role"),
    Case("root trusts no other account", "denied", (allow(),), "stranger"),
    Case("role arn", "allowed", (allow(ArnEquals=calling(ROLE)),)),
    Case("role arn of a list", "allowed", (allow(ArnEquals=calling(PATH_ROLE, ROLE)),)),
    Case("role arn of another role", "denied", (allow(ArnEquals=calling(ROLE)),), "pathed role"),
    Case("role arn with its path", "allowed", (allow(ArnEquals=calling(PATH_ROLE)),), "pathed role"),
    Case("role arn without its path", "denied", (allow(ArnEquals=calling(ROLE[:-6] + "Pathed")),), "pathed role"),
    Case("role arn by pattern", "allowed", (allow(ArnLike=calling(PATH_ROLE[:-2] + "*")),), "pathed role"),
    Case("session arn", "denied", (allow(ArnEquals=calling(f"arn:aws:sts::{DEV}:assumed-role/Writer/test")),)),
    Case("user arn", "allowed", (allow(ArnEquals=calling(f"arn:aws:iam::{DEV}:user/team/ann")),), "user"),
    Case("pinned role", "allowed", (allow({"AWS": ROLE}),)),
    Case("pinned role, same name elsewhere", "denied", (allow({"AWS": ROLE}),), "stranger"),
    Case("second statement", "allowed", (allow({"AWS": OTHER}), allow(ArnEquals=calling(ROLE)))),
    Case("deny wins", "denied", (allow(), deny())),
    Case("deny that is not due", "allowed", (allow(), deny(DateGreaterThan={"aws:CurrentTime": FUTURE}))),
    Case("deny that is due", "denied", (allow(), deny(DateGreaterThan={"aws:CurrentTime": PAST}))),
    Case("until the future", "allowed", (allow(DateLessThan={"aws:CurrentTime": FUTURE}),)),
    Case("until the past", "denied", (allow(DateLessThan={"aws:CurrentTime": PAST}),)),
    Case("organization", "allowed", (allow(ANYONE, StringEquals={"aws:PrincipalOrgID": "ORGANIZATION"}),)),
    Case(
        "another organization",
        "denied",
        (allow(ANYONE, StringEquals={"aws:PrincipalOrgID": "ORGANIZATION"}),),
        "stranger",
    ),
    Case(
        "unit", "allowed", (allow(ANYONE, ForAnyValue_StringLike={"aws:PrincipalOrgPaths": "ORGANIZATION/*/UNIT/*"}),)
    ),
    Case(
        "another unit",
        "denied",
        (allow(ANYONE, ForAnyValue_StringLike={"aws:PrincipalOrgPaths": "ORGANIZATION/*/ou-x/*"}),),
    ),
    Case("external id", "allowed", (allow(StringEquals={"sts:ExternalId": "abc"}),), asked={"ExternalId": "abc"}),
    Case("wrong external id", "denied", (allow(StringEquals={"sts:ExternalId": "abc"}),), asked={"ExternalId": "abd"}),
    Case("no external id", "denied", (allow(StringEquals={"sts:ExternalId": "abc"}),)),
    Case("from here", "allowed", (allow(IpAddress={"aws:SourceIp": "127.0.0.0/8"}),)),
    Case("from elsewhere", "denied", (allow(IpAddress={"aws:SourceIp": "10.0.0.0/8"}),)),
    Case("second factor", "allowed", (allow(**MFA),), "user", WITH_CODE),
    Case("second factor in the session", "allowed", (allow(**MFA),), "user with a second factor"),
    Case("second factor of somebody else", "denied", (allow(**MFA),), "another user", WITH_CODE),
    Case("no second factor", "denied", (allow(**MFA),), "user"),
    Case("no second factor in the session", "denied", (allow(**MFA),), "user with a session"),
    Case("a role has none", "denied", (allow(**MFA),)),
    Case("longer than the role allows", "denied", (allow(),), "user", {"DurationSeconds": 7200}),
    Case("tags without permission", "denied", (allow(),), asked={"Tags": [{"Key": "a", "Value": "b"}]}),
    Case("source identity without permission", "denied", (allow(),), asked={"SourceIdentity": "ann"}),
    Case("source identity", "allowed", (allow(ROOT, "sts:SetSourceIdentity"),), asked={"SourceIdentity": "ann"}),
    Case(
        "source identity of another name",
        "denied",
        (allow(), allow(ROOT, "sts:SetSourceIdentity", StringEquals={"sts:SourceIdentity": "ann"}) | SET_ALONE),
        asked={"SourceIdentity": "bob"},
    ),
    Case("source identity of the user's own name", "allowed", OWN_NAME, "user", {"SourceIdentity": "ann"}),
    Case("source identity of another user's name", "denied", OWN_NAME, "user", {"SourceIdentity": "bob"}),
    Case("source identity of a role, which has no user's name", "denied", OWN_NAME, asked={"SourceIdentity": "ann"}),
    Case(
        "source identity under an external id",
        "denied",
        (allow(ROOT, "sts:SetSourceIdentity", StringEquals={"sts:ExternalId": "abc"}),),
        asked={"SourceIdentity": "ann", "ExternalId": "abc"},
    ),
    Case("tags", "allowed", (allow(ROOT, "sts:TagSession"),), asked={"Tags": [{"Key": "a", "Value": "b"}]}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_trust(cast: Cast, case: Case) -> None:
    """STS lets the caller assume the role, or says AccessDenied, as AWS would."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": case.trust})
    trust = trust.replace("ORGANIZATION", cast.organization).replace("UNIT", cast.unit)
    asked = json.loads(json.dumps(case.asked).replace("SECOND-FACTOR", cast.second_factor))
    role = make_role(cast.accounts, "prod", "Case", trust=json.loads(trust), policy=None)
    try:
        cast.callers[case.caller].client("sts").assume_role(RoleArn=role, RoleSessionName="test", **asked)
        answer = "allowed"
    except ClientError as error:
        answer = error.response["Error"]["Code"]
    finally:
        cast.accounts.session("prod").client("iam").delete_role(RoleName="Case")

    denial = "ValidationError" if "DurationSeconds" in case.asked else "AccessDenied"
    assert answer == {"allowed": "allowed", "denied": denial}[case.expected]
