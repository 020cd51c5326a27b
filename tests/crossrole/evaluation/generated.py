"""Assemblies made at random, with all that a statement may hold: each seed is another one, always the same."""

import json
from pathlib import Path
from random import Random
from typing import Any

from tests.templates import bucket, bucket_policy, document, role, trust, write_assembly

OBJECTS = ("arn:aws:s3:::data/a/x", "arn:aws:s3:::data/x", "arn:aws:s3:::prod-unnamed-1234/x")
CALLERS = ("Writer", "Nameless", "arn:aws:sts::222222222222:assumed-role/Writer/alice")
PARAMETERS = {"Part": ["a", "b/", "*", "x"], "Other": ["s3:GetObject", "s3:PutObject", "111111111111", "o-x"]}
CONTEXT: dict[str, list[str | None]] = {
    "aws:SourceIp": ["10.1.1.1", "203.0.113.9", "8.8.8.8"],
    "aws:PrincipalOrgID": ["o-x", "x", None],
    "aws:userid": ["AROAX:alice", "x", "a"],
    "aws:UserAgent": ["x", "z"],
    "s3:signatureversion": ["x", "AWS4-HMAC-SHA256"],
    "lambda:SourceFunctionArn": ["x", "*", None],
    "saml:sub": ["x", "alice", None],
    "aws:PrincipalTag/team": ["x", "a", None],
}
"""What may be sampled for each key that a request carries with any value; None where it may lack it."""

_ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:*", "s3:Get*", "*", "s3:GetObject*"]
_RESOURCES: list[Any] = [
    "arn:aws:s3:::data/*",
    "arn:aws:s3:::data",
    "*",
    "arn:aws:s3:::data/a/*",
    "arn:aws:s3:::other/*",
    {"Fn::Sub": "arn:aws:s3:::data/${Part}*"},
    {"Fn::Sub": "arn:aws:s3:::data/${Part}/x"},
    "arn:aws:s3:::data/${aws:userid}/*",
    "arn:aws:s3:::data/${aws:PrincipalTag/team}/*",
    "arn:aws:s3:::data/${saml:sub}/*",
    {"Fn::GetAtt": ["Unnamed", "Arn"]},
    {"Fn::Sub": "${Unnamed.Arn}/*"},
    {"Ref": "Part"},
]
_KEYS = [
    "aws:PrincipalOrgID",
    "aws:userid",
    "aws:UserAgent",
    "aws:PrincipalTag/team",
    "aws:PrincipalTag/team",
    "s3:signatureversion",
    "lambda:SourceFunctionArn",
    "saml:sub",
    "aws:SourceVpce",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:PrincipalAccount",
]
_VALUES: list[Any] = [
    "x",
    "*",
    "o-x",
    "alice",
    {"Ref": "Part"},
    {"Ref": "Other"},
    "222222222222",
    "eu-west-1",
    "AROAX:*",
    "${aws:PrincipalAccount}",
]
_TEXTS = [f"String{name}{end}" for name in ("Equals", "NotEquals", "Like", "NotLike") for end in ("", "IfExists")]
_ROLES: list[Any] = [
    "arn:aws:iam::222222222222:role/Writer",
    "arn:aws:iam::222222222222:role/*",
    {"Fn::GetAtt": ["Writer", "Arn"]},
    {"Fn::GetAtt": ["Nameless", "Arn"]},
]
_PRINCIPALS: list[Any] = [
    "*",
    {"AWS": "*"},
    {"AWS": "222222222222"},
    {"AWS": "arn:aws:iam::111111111111:root"},
    {"AWS": "arn:aws:iam::222222222222:role/Writer"},
    {"AWS": "arn:aws:sts::222222222222:assumed-role/Writer/alice"},
    {"AWS": {"Fn::GetAtt": ["Writer", "Arn"]}},
    {"AWS": {"Fn::GetAtt": ["Nameless", "Arn"]}},
    {"AWS": ["arn:aws:iam::333333333333:role/z", {"Fn::Sub": "arn:aws:iam::${Other}:root"}]},
    {"AWS": "AROAEXAMPLEID1234567"},
]
_SPARED = [
    [
        "arn:aws:iam::222222222222:role/Writer",
        "arn:aws:iam::222222222222:root",
        "arn:aws:sts::222222222222:assumed-role/Writer/alice",
    ],
    ["arn:aws:iam::222222222222:role/Writer"],
    ["arn:aws:iam::333333333333:root"],
]


_SERVICE = trust({"Service": "lambda.amazonaws.com"})
TRUSTS: list[list[Any]] = [
    [_SERVICE],
    [_SERVICE, trust({"Federated": "arn:aws:iam::222222222222:saml-provider/corp"}, Action="sts:AssumeRoleWithSAML")],
    [_SERVICE, trust({"Service": "lambda.amazonaws.com"}, Action="sts:*Session")],
    [trust({"AWS": "arn:aws:iam::111111111111:role/Caller"})],
]
"""How a role's sessions may begin, and so which keys their requests may carry."""
_BEGUN_BY = {"lambda:SourceFunctionArn": "Service", "saml:sub": "saml-provider", "aws:PrincipalTag/team": "*Session"}


def sampled(random: Random, begun_by: Any) -> dict[str, str]:
    """Return values of the keys that the requests of a session may carry which began by such a trust policy."""
    values = {key: random.choice(values) for key, values in CONTEXT.items()}
    beginning = json.dumps(begun_by)
    return {key: value for key, value in values.items() if value is not None and _BEGUN_BY.get(key, "") in beginning}


def _condition(random: Random) -> dict[str, Any]:
    kind = random.random()
    if kind < 0.25:
        ranges = random.choice(["10.0.0.0/8", "203.0.113.0/24", ["10.0.0.0/8", "203.0.113.0/24"]])
        return {random.choice(["IpAddress", "NotIpAddress", "IpAddressIfExists"]): {"aws:SourceIp": ranges}}
    if kind < 0.4:
        operator = random.choice(
            ["ArnLike", "ArnNotLike", "ArnEquals", "StringLikeIfExists", "ForAllValues:StringLike"]
        )
        return {operator: {"aws:PrincipalArn": random.choice(_ROLES)}}
    key = random.choice(_KEYS)
    if kind < 0.5:
        return {"Null": {key: random.choice(["true", "false"])}}
    value = random.choice(_VALUES)
    return {random.choice(_TEXTS): {key: random.choice([value, [value, "y"]])}}


def statement(random: Random, *, of_bucket: bool = False) -> dict[str, Any]:
    """Return a statement of a role's policy, or of a bucket's."""
    effect = random.choice(["Allow", "Allow", "Deny"])
    actions = [random.choice(_ACTIONS), random.choice(_ACTIONS)]
    made: dict[str, Any] = {
        "Effect": effect,
        random.choice(["Action"] * 5 + ["NotAction"]): random.choice([actions, actions[0], {"Ref": "Other"}]),
        random.choice(["Resource"] * 6 + ["NotResource"]): [random.choice(_RESOURCES), random.choice(_RESOURCES)],
    }
    if random.random() < 0.5:
        made["Condition"] = _condition(random)
    if of_bucket and effect == "Deny" and random.random() < 0.2:
        made["NotPrincipal"] = {"AWS": random.choice(_SPARED)}
    elif of_bucket:
        made["Principal"] = random.choice(_PRINCIPALS)
    return made


def resources(random: Random) -> dict[str, Any]:
    """Return two roles, one without a name, and two buckets, one without a name, with policies."""
    writer = role("Writer", *(statement(random) for _ in range(random.randint(1, 3))), trusts=random.choice(TRUSTS))
    if random.random() < 0.3:
        writer["Properties"]["Tags"] = [{"Key": "team", "Value": random.choice(["a", "b"])}]
    made = {
        "Writer": writer,
        "Nameless": role(None, statement(random)),
        "Bucket": bucket("data"),
        "Unnamed": bucket(None),
        "Managed": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": document(statement(random)), "Roles": [{"Ref": "Writer"}]},
        },
    }
    if random.random() < 0.8:
        statements = [statement(random, of_bucket=True) for _ in range(random.randint(1, 3))]
        made["Policy"] = bucket_policy({"Ref": "Bucket"}, *statements)
    return made


def write(folder: Path, made: dict[str, Any]) -> Path:
    """Write the assembly of such resources and return its folder."""
    parameters = {name: {"Type": "String"} for name in PARAMETERS}
    return write_assembly(folder, {"Prod": {"Resources": made, "Parameters": parameters}})
