"""Requests that show what a session may do and change nothing: AWS authorizes each before it finds nothing there.

S3 authorizes a request before it looks for the object or the upload that it names. So a part for an upload that does
not exist is answered `NoSuchUpload` where s3:PutObject is allowed and `AccessDenied` where it is not, and nothing is
written. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

from crossrole.iam.arn import bucket_arn
from crossrole.live.sessions import code_of, message_of
from crossrole.templates.grant import Grant, Reach
from crossrole.templates.inventory import Inventory

NO_UPLOAD = "crossrole-no-such-upload"
FOLDER = ".crossrole-doctor/"
"""Under it lies nothing, and what `--write-probe` puts and removes."""


class Seen(StrEnum):
    """What AWS's answer to a probe shows."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Probe:
    """One harmless request; `action` and `resource` are what policies know it by."""

    action: str
    resource: str
    words: str
    """The request as it is listed before it is sent."""
    operation: str
    request: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, str | list[str]] = field(default_factory=dict)
    place: tuple[str, str] | None = None
    """The bucket and the prefix that it is about."""
    hidden: bool = False
    """Whether S3 says AccessDenied, for want of s3:ListBucket, instead of that there is no such key."""


@dataclass(frozen=True)
class Answer:
    """What a probe showed, in AWS's words where it denied; `key` is one that a listing showed."""

    seen: Seen
    words: str = ""
    key: str | None = None


_LIST_BUCKETS = Probe("s3:ListAllMyBuckets", "*", "ListBuckets", "list_buckets")
# What reads a bucket's settings: by their permission, and S3's call for it.
_OF_BUCKETS = {
    "s3:getaccelerateconfiguration": "get_bucket_accelerate_configuration",
    "s3:getbucketacl": "get_bucket_acl",
    "s3:getbucketcors": "get_bucket_cors",
    "s3:getbucketlocation": "get_bucket_location",
    "s3:getbucketlogging": "get_bucket_logging",
    "s3:getbucketnotification": "get_bucket_notification_configuration",
    "s3:getbucketobjectlockconfiguration": "get_object_lock_configuration",
    "s3:getbucketownershipcontrols": "get_bucket_ownership_controls",
    "s3:getbucketpolicy": "get_bucket_policy",
    "s3:getbucketpolicystatus": "get_bucket_policy_status",
    "s3:getbucketpublicaccessblock": "get_public_access_block",
    "s3:getbucketrequestpayment": "get_bucket_request_payment",
    "s3:getbuckettagging": "get_bucket_tagging",
    "s3:getbucketversioning": "get_bucket_versioning",
    "s3:getbucketwebsite": "get_bucket_website",
    "s3:getencryptionconfiguration": "get_bucket_encryption",
    "s3:getlifecycleconfiguration": "get_bucket_lifecycle_configuration",
    "s3:getreplicationconfiguration": "get_bucket_replication",
}
_LISTINGS = {
    "s3:listbucket": ("list_objects_v2", "MaxKeys"),
    "s3:listbucketversions": ("list_object_versions", "MaxKeys"),
    "s3:listbucketmultipartuploads": ("list_multipart_uploads", "MaxUploads"),
}
_OF_OBJECTS = {
    "s3:getobject": "get_object",
    "s3:getobjectacl": "get_object_acl",
    "s3:getobjecttagging": "get_object_tagging",
    "s3:getobjectretention": "get_object_retention",
    "s3:getobjectlegalhold": "get_object_legal_hold",
}
_OF_UPLOADS = {
    "s3:putobject": "upload_part",
    "s3:listmultipartuploadparts": "list_parts",
    "s3:abortmultipartupload": "abort_multipart_upload",
}
_EVERYWHERE = (
    "s3:ListBucket",
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListMultipartUploadParts",
    "s3:AbortMultipartUpload",
)
_OUTSIDE = ("s3:ListBucket", "s3:GetObject", "s3:PutObject")
_WHY_NOT = {
    "s3:deleteobject": (
        "a delete of a key that does not exist leaves a delete marker in a versioned bucket; --write-probe tries it on "
        "an object of its own"
    ),
}


def probes_of(grant: Grant, inventory: Inventory, name: str) -> list[Probe]:
    """Return the requests for what the grant gives, and for what it would give if it were wider.

    `name` is the end of the keys that they name, which no object may have.
    """
    probes: list[Probe] = []
    for bucket, prefix in places_of(grant, inventory):
        inside, outside = f"{prefix}{FOLDER}{name}", f"{FOLDER}{name}"
        granted = [each for reach in _reaches(grant, bucket, prefix) for each in reach.actions]
        exact = [each for each in granted if each.lower() not in {one.lower() for one in _EVERYWHERE}]
        asked = [
            probe_of(action, bucket, prefix, inside, partition=grant.partition) for action in [*_EVERYWHERE, *exact]
        ]
        if not outside.startswith(prefix):
            asked += [probe_of(action, bucket, "", outside, partition=grant.partition) for action in _OUTSIDE]
        probes += [each for each in asked if each]
    probes.append(_LIST_BUCKETS)
    return list({(each.action, each.resource, each.words): each for each in probes}.values())


def unprobed(grant: Grant) -> dict[str, str]:
    """Return the granted actions that no harmless request shows, each with why."""
    found: dict[str, str] = {}
    for action in (each for reach in grant.reaches for each in reach.actions):
        folded = action.lower()
        known = {*_OF_BUCKETS, *_LISTINGS, *_OF_OBJECTS, *_OF_UPLOADS, "s3:listallmybuckets"}
        if "*" in action or "?" in action:
            found[action] = "only what reads and what names an upload has a harmless request; those are tried here"
        elif folded not in known:
            found[action] = _WHY_NOT.get(folded, "no request for it is known to change nothing")
    return found


def places_of(grant: Grant, inventory: Inventory) -> list[tuple[str, str]]:
    """Return the buckets and prefixes to probe; for every bucket of the account one that the templates make."""
    made = [arn.rpartition(":")[2] for arn, bucket in inventory.buckets.items() if bucket.account == grant.account]
    places = []
    for reach in grant.reaches:
        if reach.bucket == "*" and {each.lower() for each in reach.actions} == {"s3:listallmybuckets"}:
            continue
        if "*" not in reach.bucket:
            places.append((reach.bucket, reach.prefix))
        elif made:
            places.append((made[0], reach.prefix))
    # A statement on the bucket itself names no prefix; where another does, that is the place to look at.
    prefixed = {bucket for bucket, prefix in places if prefix}
    return list(dict.fromkeys(each for each in places if each[1] or each[0] not in prefixed))


def _reaches(grant: Grant, bucket: str, prefix: str) -> Iterator[Reach]:
    for reach in grant.reaches:
        if reach.bucket in {bucket, "*"} and reach.prefix in {prefix, ""}:
            yield reach


def probe_of(action: str, bucket: str, prefix: str, key: str, *, partition: str) -> Probe | None:
    """Return the harmless request that shows an action on a bucket, a prefix of it or a key; None where none does."""
    folded, arn = action.lower(), bucket_arn(partition, bucket)
    asked: dict[str, Any] = {"Bucket": bucket}
    if folded in _LISTINGS:
        operation, limit = _LISTINGS[folded]
        words = f"{_call(operation)} s3://{bucket}/{prefix}, one entry"
        asked |= {limit: 1, **({"Prefix": prefix} if prefix else {})}
        return Probe(action, arn, words, operation, asked, {"s3:prefix": prefix}, place=(bucket, prefix))
    if operation := _OF_BUCKETS.get(folded, ""):
        return Probe(action, arn, f"{_call(operation)} s3://{bucket}", operation, asked)
    asked["Key"] = key
    if operation := _OF_UPLOADS.get(folded, ""):
        asked["UploadId"] = NO_UPLOAD
        if folded == "s3:putobject":
            asked |= {"PartNumber": 1, "Body": b"x"}
        words = f"{_call(operation)} s3://{bucket}/{key}, of an upload that does not exist"
        return Probe(action, f"{arn}/{key}", words, operation, asked, place=(bucket, prefix))
    if operation := _OF_OBJECTS.get(folded, ""):
        words = f"{_call(operation)} s3://{bucket}/{key}, which does not exist"
        if folded == "s3:getobject":
            asked["Range"] = "bytes=0-0"
            words += ", or the first byte of what the listing showed"
        return Probe(action, f"{arn}/{key}", words, operation, asked, place=(bucket, prefix), hidden=True)
    return _LIST_BUCKETS if folded == "s3:listallmybuckets" else None


def _call(operation: str) -> str:
    return "".join(each.capitalize() for each in operation.split("_"))


def send(s3: Any, probe: Probe, known_key: str | None = None) -> Answer:
    """Send a probe, a read for `known_key` where one is known; raises another error, such as throttling."""
    request = dict(probe.request)
    reads_known = probe.operation == "get_object" and known_key is not None
    if reads_known:
        request["Key"] = known_key
    try:
        answer = getattr(s3, probe.operation)(**request)
    except ClientError as error:
        return answered(probe, error, hidden=probe.hidden and not reads_known)
    if probe.operation == "get_object":
        answer["Body"].close()
    contents = answer.get("Contents", []) if probe.operation == "list_objects_v2" else []
    return Answer(Seen.ALLOWED, key=next((str(each["Key"]) for each in contents), None))


_DENIALS = frozenset({"AccessDenied", "403", "Forbidden"})
_NOT_ABOUT_IT = frozenset({"NoSuchBucket", "404"})
_NAMED = re.compile(r"not authorized to perform: ([\w-]+:\w+)")


def answered(probe: Probe, error: ClientError, *, hidden: bool) -> Answer:
    """Return what an error says of the permission; raises it where it says nothing of any request at all.

    `hidden`: the key may not exist, and AccessDenied may be only for want of s3:ListBucket.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    code, words = code_of(error), message_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code in _DENIALS:
        named = _NAMED.search(words)
        if named and named[1].lower() != probe.action.lower():
            # S3 names s3:ListBucket where it only does not tell whether the key exists: the read was allowed.
            seen = Seen.ALLOWED if hidden and named[1] == "s3:ListBucket" else Seen.DENIED
            return Answer(seen, words)
        if hidden and not named:
            return Answer(Seen.UNKNOWN, "S3 does not say whether it denies the read or hides that there is no key")
        return Answer(Seen.DENIED, words)
    if code in _NOT_ABOUT_IT:
        return Answer(Seen.UNKNOWN, f"{code}: {words}")
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE} or code == "InvalidObjectState":
        return Answer(Seen.ALLOWED, f"{code}: {words}")
    if status in {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_IMPLEMENTED,
    }:
        return Answer(Seen.UNKNOWN, f"{code}: {words}")
    raise error
