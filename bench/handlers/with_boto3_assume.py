"""boto3-assume as its README shows it, with the session and the client made before the first event."""

import os
from typing import Any

import boto3
from boto3_assume import assume_role

ASSUMED = assume_role(
    source_session=boto3.Session(),
    assume_role_kwargs={"RoleArn": os.environ["ROLE_ARN"], "RoleSessionName": "writer"},
)
S3 = ASSUMED.client("s3", region_name=os.environ["BUCKET_REGION"])


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Put the object."""
    answer = S3.put_object(Bucket=os.environ["BUCKET"], Key=event["key"], Body=event["body"])
    return {"etag": answer["ETag"]}
