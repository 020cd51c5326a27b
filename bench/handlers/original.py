"""The example that this project began with, written afresh: nothing is kept from one invocation to the next.

It prints the credentials that it is given; the measurements throw that output away.
"""

import os
from typing import Any

import boto3


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Assume the role, put its credentials into the environment, make a client, and put the object."""
    sts = boto3.client("sts")
    given = sts.assume_role(RoleArn=os.environ["ROLE_ARN"], RoleSessionName="session")["Credentials"]
    print(given)  # noqa: T201
    os.environ["AWS_ACCESS_KEY_ID"] = given["AccessKeyId"]
    os.environ["AWS_SECRET_ACCESS_KEY"] = given["SecretAccessKey"]
    os.environ["AWS_SESSION_TOKEN"] = given["SessionToken"]
    s3 = boto3.client("s3", region_name=os.environ["BUCKET_REGION"])
    answer = s3.put_object(Bucket=os.environ["BUCKET"], Key=event["key"], Body=event["body"])
    return {"etag": answer["ETag"]}
