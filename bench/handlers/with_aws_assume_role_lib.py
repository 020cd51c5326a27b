"""aws-assume-role-lib as its README shows it in a Lambda function: the session is made before the first event."""

import os
from typing import Any

import boto3
from aws_assume_role_lib import assume_role, generate_lambda_session_name

ASSUMED = assume_role(boto3.Session(), os.environ["ROLE_ARN"], RoleSessionName=generate_lambda_session_name())
S3 = ASSUMED.client("s3", region_name=os.environ["BUCKET_REGION"])


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Put the object."""
    answer = S3.put_object(Bucket=os.environ["BUCKET"], Key=event["key"], Body=event["body"])
    return {"etag": answer["ETag"]}
