"""A function that the walk-through puts beside the writer, under the writer's own role.

Only that role may have a session of the grant's role, so this is how three of the denials can be shown. It keeps one
session in its module, as the writer does, tries what the event says and answers what the service said. It never
answers credentials. It is deployed in the sandbox only, and reads the same settings as the writer.
"""

import os
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

_held: dict[str, Any] = {}


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Answer what S3, or STS before it, said: AWS's error code and message, both empty when it was let through."""
    code = message = ""
    try:
        if event["fresh"] or not _held:
            _held.update(session=_assume(), issued=datetime.now(UTC).isoformat(timespec="milliseconds"))
        s3 = _held["session"].client("s3", region_name=os.environ["BUCKET_REGION"])
        if event["do"] == "put":
            s3.put_object(Bucket=event["bucket"], Key=event["key"], Body=b"from the walk-through")
        else:
            s3.delete_object(Bucket=event["bucket"], Key=event["key"])
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    return {"code": code, "message": message, "issued": _held.get("issued", "")}


def _assume() -> boto3.Session:
    asked: dict[str, Any] = {"RoleArn": os.environ["ROLE_ARN"], "RoleSessionName": "walk-through"}
    if "EXTERNAL_ID" in os.environ:
        asked["ExternalId"] = os.environ["EXTERNAL_ID"]
    given = boto3.client("sts").assume_role(**asked)["Credentials"]
    return boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
