"""The access that an access.toml intends, written from the README's words and not from the code that makes policies.

Each principal, access word and condition is spelled out by itself, one statement for each, so that nothing here is
shared with what it is held against.
"""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

Statement = dict[str, Any]
Grant = dict[str, Any]

_WORDS = {
    "read": ["s3:GetObject"],
    "write": ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
    "delete": ["s3:DeleteObject"],
}
_ON_BUCKETS, _LISTINGS = {"s3:GetBucketLocation"}, {"s3:listbucketversions"}


def allow(actions: list[str] | str, resource: list[str] | str, *conditions: tuple[str, str, Any]) -> Statement:
    """Return an Allow under conditions, each an operator, a key and its values."""
    block: dict[str, dict[str, Any]] = {}
    for operator, key, values in conditions:
        block.setdefault(operator, {})[key] = values
    return {"Effect": "Allow", "Action": actions, "Resource": resource, "Condition": block}


def role_arn(grant: Grant, prod: str) -> str:
    """Return the ARN of the role that a grant becomes."""
    return f"arn:aws:iam::{prod}:role{grant.get('path', '/')}{grant['name']}"


def trust(grant: Grant, prod: str) -> list[Statement]:
    """Return who may assume a grant's role: each principal by itself, under all of the grant's conditions."""
    if grant.get("disabled"):
        return []
    asked = list(_of_the_request(grant))
    if "external_id" in grant:
        asked.append(("StringEquals", "sts:ExternalId", grant["external_id"]))
    if "mfa_max_age" in grant:
        asked.append(("Bool", "aws:MultiFactorAuthPresent", "true"))
        asked.append(("NumericLessThanEquals", "aws:MultiFactorAuthAge", str(grant["mfa_max_age"])))
    if "organization" in grant:
        asked.append(("StringLike", "aws:PrincipalOrgID", grant["organization"]))
    asked += [("StringLike", f"aws:PrincipalTag/{key}", value) for key, value in grant.get("caller_tags", {}).items()]
    statements = []
    for principal in grant["principals"]:
        named, meant = _principal(grant, principal, prod)
        statement = allow("sts:AssumeRole", "*", *asked, *meant)
        statements.append({**{k: v for k, v in statement.items() if k != "Resource"}, "Principal": {"AWS": named}})
        if grant.get("source_identity"):
            statement = allow("sts:SetSourceIdentity", "*", *meant)
            statements.append({**{k: v for k, v in statement.items() if k != "Resource"}, "Principal": {"AWS": named}})
        if "session_tags" in grant:
            keys = ("ForAllValues:StringLike", "aws:TagKeys", grant["session_tags"])
            statement = allow("sts:TagSession", "*", *meant, keys)
            statements.append({**{k: v for k, v in statement.items() if k != "Resource"}, "Principal": {"AWS": named}})
    return statements


def _principal(grant: Grant, principal: str, prod: str) -> tuple[str, list[tuple[str, str, Any]]]:
    elsewhere = ("StringNotEquals", "aws:PrincipalAccount", prod)
    if principal.isdigit():
        return f"arn:aws:iam::{principal}:root", []
    if principal.startswith("o-") and "/" in principal:
        return "*", [("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{principal}/*"), elsewhere]
    if principal.startswith("o-"):
        return "*", [("StringEquals", "aws:PrincipalOrgID", principal), elsewhere]
    root = f"arn:aws:iam::{principal.split(':')[4]}:root"
    if principal.endswith("_*"):
        return root, [("ArnLike", "aws:PrincipalArn", principal[:-1] + 16 * "?")]
    if grant.get("pin"):
        return principal, []
    return root, [("ArnEquals", "aws:PrincipalArn", principal)]


def session(grant: Grant, prod: str, keys: dict[str, str]) -> list[Statement]:
    """Return what a session of a grant's role may do; `keys` are the customer keys of buckets, by bucket."""
    if grant.get("disabled"):
        return []
    statements = [each for place in grant.get("places", [grant]) for each in _in_place(grant, place, prod, keys)]
    if grant.get("list_buckets"):
        statements.append(allow("s3:ListAllMyBuckets", "*", *_of_the_request(grant)))
    if "revoked_before" in grant:
        before = {"DateLessThan": {"aws:TokenIssueTime": _instant(grant["revoked_before"])}}
        statements.append({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": before})
    return statements


def _in_place(grant: Grant, place: Grant, prod: str, keys: dict[str, str]) -> list[Statement]:
    always = list(_of_the_request(grant))
    owned = [*always, ("StringEquals", "aws:ResourceAccount", prod)]
    prefix, access = place.get("prefix", ""), place.get("access", [])
    bucket = f"arn:aws:s3:::{place['bucket']}"
    objects = f"{bucket}/{prefix}*"
    listed = [*owned, *([("StringLike", "s3:prefix", f"{prefix}*")] if prefix else [])]
    statements = [allow(_WORDS[word], objects, *owned) for word in access if word in _WORDS]
    if "full" in access and place["bucket"] == "*":
        statements.append(allow("s3:*", "*", *always))
    elif "full" in access:
        statements.append(allow("s3:*", [bucket, objects], *owned))
    if "list" in access:
        statements.append(allow("s3:ListBucket", bucket, *listed))
    for action in place.get("actions", []):
        if action in _LISTINGS:
            statements.append(allow(action, bucket, *listed))
        else:
            statements.append(allow(action, bucket if action in _ON_BUCKETS else objects, *owned))
    if key := keys.get(place["bucket"]):
        through_s3 = [("StringEquals", "kms:ViaService", "s3.eu-west-1.amazonaws.com"), *_until(grant)]
        uses = [*(["kms:Decrypt"] if {"read", "write", "full"} & set(access) else [])]
        uses += ["kms:GenerateDataKey"] if {"write", "full"} & set(access) else []
        statements += [allow(action, key, *through_s3) for action in uses]
    return statements


def bucket_policy(bucket: str) -> list[Statement]:
    """Return what a bucket's policy is for: it denies plain HTTP and TLS below 1.2, and allows nothing."""
    denied = [{"Bool": {"aws:SecureTransport": "false"}}, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}]
    everything = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [bucket, f"{bucket}/*"]}
    return [{**everything, "Condition": condition} for condition in denied]


def queue_policy(queue: str) -> list[Statement]:
    """Return what each queue's policy is for: it denies plain HTTP, and allows nothing."""
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    return [{"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": queue, "Condition": plain}]


def key_policy(prod: str) -> list[Statement]:
    """Return what a new key's policy is for: production's own policies decide, and nobody else's."""
    return [{**allow("kms:*", "*"), "Principal": {"AWS": f"arn:aws:iam::{prod}:root"}}]


def caller(grants: list[Grant], prod: str) -> list[Statement]:
    """Return what a caller of these grants gets: to assume exactly their roles, with a fresh MFA code where wanted."""
    statements = []
    for grant in grants:
        asked = []
        if "mfa_max_age" in grant:
            asked.append(("Bool", "aws:MultiFactorAuthPresent", "true"))
            asked.append(("NumericLessThanEquals", "aws:MultiFactorAuthAge", str(grant["mfa_max_age"])))
        statements.append(allow("sts:AssumeRole", role_arn(grant, prod), *asked))
    return statements


def user(grants: list[Grant], prod: str) -> list[Statement]:
    """Return what a user of these grants gets: a caller's, and to say who it is where that is wanted, as no other."""
    own_name = ("StringEquals", "sts:SourceIdentity", "${aws:username}")
    saying = [each for each in grants if each.get("source_identity")]
    return [
        *role(grants, prod),
        *(allow("sts:SetSourceIdentity", role_arn(grant, prod), own_name) for grant in saying),
    ]


def role(grants: list[Grant], prod: str) -> list[Statement]:
    """Return what a role of these grants gets: a caller's, and to tag its sessions with the keys that are named."""
    tagging = [each for each in grants if "session_tags" in each]
    keys = [("ForAllValues:StringLike", "aws:TagKeys", each["session_tags"]) for each in tagging]
    return [
        *caller(grants, prod),
        *(allow("sts:TagSession", role_arn(grant, prod), of) for grant, of in zip(tagging, keys, strict=True)),
    ]


def function(grants: list[Grant], prod: str, *, log: str, lost: str, source: str | None) -> list[Statement]:
    """Return what the function's role may do: assume the grants that name it, keep its log, lost events and traces.

    And take messages out of the queue `source`, where it has one.
    """
    taking = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    return [
        *caller(grants, prod),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], log),
        allow("sqs:SendMessage", lost),
        allow(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*"),
        *([allow(taking, source)] if source else []),
    ]


def _of_the_request(grant: Grant) -> Iterator[tuple[str, str, Any]]:
    yield from _until(grant)
    if "source_ips" in grant:
        yield "IpAddress", "aws:SourceIp", grant["source_ips"]


def _until(grant: Grant) -> Iterator[tuple[str, str, Any]]:
    if "expires" in grant:
        yield "DateLessThan", "aws:CurrentTime", _instant(grant["expires"])


def _instant(moment: Any) -> str:
    return str(moment.astimezone(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
