"""One PutObject."""

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from s3_writer.connection import Connection
from s3_writer.errors import PutFailed
from s3_writer.request import PutRequest

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A receipt: `etag` without its quotes, `version_id` None in an unversioned bucket, `size` in bytes."""

    bucket: str
    key: str
    etag: str
    version_id: str | None
    size: int


def put(connection: Connection, request: PutRequest) -> Written:
    """Write one object. Raises `PutFailed`, or `AssumeRoleFailed` if the credentials had to be renewed."""
    settings = connection.settings
    arguments: PutObjectRequestTypeDef = {
        "Bucket": settings.bucket,
        "Key": request.key,
        "Body": request.body,
        # Bucket names are global: one that was deleted and taken by another account must not get the data.
        "ExpectedBucketOwner": settings.bucket_owner,
        # S3 compares it before it stores the object, and keeps it for whoever reads the object. Left to botocore, it
        # would follow the body, which then goes out in chunks.
        "ChecksumSHA256": base64.b64encode(hashlib.sha256(request.body).digest()).decode(),
        "Metadata": request.metadata,
    }
    if request.content_type is not None:
        arguments["ContentType"] = request.content_type
    try:
        answer = connection.s3.put_object(**arguments)
    except (ClientError, BotoCoreError) as cause:
        # From None: the cause holds S3's whole answer, which may name the access key.
        raise PutFailed(f"s3://{settings.bucket}/{request.key}", cause) from None
    return Written(
        bucket=settings.bucket,
        key=request.key,
        etag=answer["ETag"].strip('"'),
        version_id=answer.get("VersionId"),
        size=len(request.body),
    )
