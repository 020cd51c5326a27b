"""A session of a grant's role that is asked harmlessly whether AWS still lets it through.

Nothing is written and nothing is read but one name at most: an upload that does not exist is asked for, which S3
answers with NoSuchUpload once it has let the request through, and with AccessDenied where it has not.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from typing import Any

import boto3
from botocore.exceptions import ClientError

from crossrole.grant import Grant, Reach
from crossrole.live import CONFIG, client, code_of
from crossrole.revoke.live_role import pauses

NAME = "crossrole-witness"
IN_A_ROW = 3
"""Answers of the same kind that are wanted one after another.

IAM is eventually consistent, so one refusal may be followed by an answer from where the change has not arrived.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""
_REFUSED = {"AccessDenied", "AccessDeniedException", "403"}
_LET_THROUGH = {"NoSuchUpload", "NoSuchKey", "404"}
# It fits the form of an upload id and is none that S3 has given.
_NO_UPLOAD = "crossrole.asks.whether.this.session.may.and.there.is.no.such.upload"


@dataclass(frozen=True)
class Probe:
    """One harmless request that a grant allows."""

    label: str
    call: Callable[[Any], Any]


@dataclass(frozen=True)
class Witness:
    """A live session of the role, and when it was begun by AWS's clock."""

    name: str
    begun: datetime
    s3: Any
    probe: Probe

    def is_let_through(self) -> bool:
        """Return whether S3 lets the session's request through; raises what else AWS answers."""
        try:
            self.probe.call(self.s3)
        except ClientError as error:
            if code_of(error) in _REFUSED:
                return False
            if code_of(error) not in _LET_THROUGH:
                raise
        return True


def begin(caller: boto3.Session, grant: Grant, probe: Probe, *, name: str = NAME) -> Witness:
    """Begin a session of the grant's role; raises what STS answers."""
    asked = {"ExternalId": grant.external_id} if grant.external_id else {}
    sts = client(caller, "sts")
    answer = sts.assume_role(RoleArn=grant.arn, RoleSessionName=name, DurationSeconds=900, **asked)
    told = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    given = answer["Credentials"]
    # A client of the caller's session, so that it goes the caller's way: the same endpoint, proxy and certificates.
    s3 = caller.client(
        "s3",
        region_name=grant.region,
        config=CONFIG,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    return Witness(name, parsedate_to_datetime(told).astimezone(UTC) if told else datetime.now(UTC), s3, probe)


def settled(ask: Callable[[], bool], *, expected: bool, seconds: float) -> float | None:
    """Ask in growing pauses until the answer is as expected several times in a row.

    Returns the seconds that passed until the first of them; None where they did not come within `seconds`.
    """
    row, since = 0, 0.0
    for passed in pauses(seconds):
        row, since = (row + 1, since if row else passed) if ask() is expected else (0, 0.0)
        if row == IN_A_ROW:
            return since
    return None


def probe_of(grant: Grant, key_under: Callable[[str, str], str | None]) -> Probe | None:
    """Return the most harmless request that the grant's statements allow; None where each would change something.

    `key_under` returns a key of the bucket under the prefix, or None; it is asked only where nothing else is left.
    """
    for action, on_objects, make in _PROBES:
        for reach in _reaches(grant, action, on_objects=on_objects):
            return make(reach)
    # Without s3:ListBucket, S3 answers 403 for a key that does not exist to those whom it lets through too.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    for reach in _reaches(grant, "s3:GetObject", on_objects=True):
        if key := key_under(reach.bucket, reach.prefix):
            return _head_object(reach.bucket, key)
    return None


def _reaches(grant: Grant, action: str, *, on_objects: bool | None) -> Iterator[Reach]:
    for reach in grant.reaches:
        allowed = any(fnmatchcase(action.lower(), each.lower()) for each in reach.actions)
        if allowed and (on_objects is None or ("*" not in reach.bucket and reach.on_objects is on_objects)):
            yield reach


def _head_object(bucket: str, key: str) -> Probe:
    return Probe(f"HeadObject of {bucket}/{key}", lambda s3: s3.head_object(Bucket=bucket, Key=key))


def _list_objects(reach: Reach) -> Probe:
    asked = {"Bucket": reach.bucket, "Prefix": reach.prefix, "MaxKeys": 1}
    return Probe(
        f"ListObjectsV2 of one key under {reach.bucket}/{reach.prefix}", lambda s3: s3.list_objects_v2(**asked)
    )


def _list_parts(reach: Reach) -> Probe:
    asked = _upload(reach)
    return Probe(f"ListParts of an upload that does not exist, {_place(asked)}", lambda s3: s3.list_parts(**asked))


def _abort_upload(reach: Reach) -> Probe:
    asked = _upload(reach)
    label = f"AbortMultipartUpload of an upload that does not exist, {_place(asked)}"
    return Probe(label, lambda s3: s3.abort_multipart_upload(**asked))


def _upload_part(reach: Reach) -> Probe:
    asked = {**_upload(reach), "PartNumber": 1, "Body": b""}
    return Probe(f"UploadPart to an upload that does not exist, {_place(asked)}", lambda s3: s3.upload_part(**asked))


def _bucket_location(reach: Reach) -> Probe:
    return Probe(f"GetBucketLocation of {reach.bucket}", lambda s3: s3.get_bucket_location(Bucket=reach.bucket))


def _list_buckets(_: Reach) -> Probe:
    return Probe("ListBuckets", lambda s3: s3.list_buckets())


def _upload(reach: Reach) -> dict[str, Any]:
    return {"Bucket": reach.bucket, "Key": f"{reach.prefix}crossrole-witness", "UploadId": _NO_UPLOAD}


def _place(asked: dict[str, Any]) -> str:
    return f"{asked['Bucket']}/{asked['Key']}"


_PROBES: tuple[tuple[str, bool | None, Callable[[Reach], Probe]], ...] = (
    ("s3:ListMultipartUploadParts", True, _list_parts),
    ("s3:GetBucketLocation", False, _bucket_location),
    ("s3:ListBucket", False, _list_objects),
    ("s3:AbortMultipartUpload", True, _abort_upload),
    ("s3:PutObject", True, _upload_part),
    ("s3:ListAllMyBuckets", None, _list_buckets),
)
