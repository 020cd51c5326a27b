"""One PutObject."""

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from s3_writer.answers import readable
from s3_writer.connection import Connection
from s3_writer.errors import PutFailed
from s3_writer.request import PutRequest
from s3_writer.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A receipt: `etag` without its quotes, `version_id` None in an unversioned bucket, `size` in bytes.

    All three are None where the object is `existing`, which S3 says nothing more about.
    """

    bucket: str
    key: str
    etag: str | None
    version_id: str | None
    size: int | None
    existing: bool


def put(connection: Connection, request: PutRequest) -> Written:
    """Write one object, or find that it is `existing`, where the request is to write it only if it is absent.

    Such an object may be this very put's: one that was delivered before, or that S3 stored in an attempt whose
    answer was lost. So it is a receipt and no failure, which a retry would never get out of.

    Raises `PutFailed`, or `AssumeRoleFailed` if the credentials had to be renewed.
    """
    settings = connection.settings
    arguments: PutObjectRequestTypeDef = {
        "Bucket": settings.bucket,
        "Key": request.key,
        "Body": request.body,
        # Bucket names are global: one that was deleted and taken by another account must not get the data.
        "ExpectedBucketOwner": settings.bucket_owner,
        # S3 compares it before it stores the object, and keeps it for every reader of the object. Left to botocore, it
        # would follow the body, which then goes out in chunks.
        "ChecksumSHA256": base64.b64encode(hashlib.sha256(request.body).digest()).decode(),
        "Metadata": request.metadata,
    }
    if request.content_type is not None:
        arguments["ContentType"] = request.content_type
    if request.if_absent:
        # S3 asks for no more than s3:PutObject for this.
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        arguments["IfNoneMatch"] = "*"
    try:
        with readable():
            answer = connection.s3.put_object(**arguments)
            etag = answer["ETag"].strip('"')
    except (ClientError, BotoCoreError) as cause:
        failed = PutFailed(target(settings, request), cause)
        if request.if_absent and failed.code == "PreconditionFailed":
            return Written(
                bucket=settings.bucket, key=request.key, etag=None, version_id=None, size=None, existing=True
            )
        # From None: the cause holds S3's whole answer, which may name the access key.
        raise failed from None
    return Written(
        bucket=settings.bucket,
        key=request.key,
        etag=etag,
        version_id=answer.get("VersionId"),
        size=len(request.body),
        existing=False,
    )


def target(settings: Settings, request: PutRequest) -> str:
    """Return the URI of the object that `request` is about."""
    return f"s3://{settings.bucket}/{request.key}"
