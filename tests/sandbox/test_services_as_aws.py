"""S3 and Lambda answer as AWS does where the product relies on it."""

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.cast import DEV, PROD, REGION, Cast, make_role, session_of

BUCKET = "reports"
FUNCTION = """
import logging, os
class OutOfReach(Exception): pass
def handler(event, context):
    if event == "fail":
        raise OutOfReach("not there\\nand on another line")
    return [context.log_group_name, context.log_stream_name, "AWS_PROFILE" in os.environ, os.path.expanduser("~")]
"""


def statement(action: str, resource: str, **conditions: Any) -> dict[str, Any]:
    """Return a policy that allows one thing."""
    allowed = {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": conditions}
    return {"Version": "2012-10-17", "Statement": [allowed]}


@pytest.fixture(scope="module")
def bucket(cast: Cast) -> str:
    """Make a bucket in prod."""
    cast.accounts.session("prod").client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return BUCKET


@pytest.mark.parametrize(("owner", "answer"), [(PROD, "allowed"), (DEV, "AccessDenied")])
def test_a_put_says_whose_bucket_it_means(cast: Cast, bucket: str, owner: str, answer: str) -> None:
    """`ExpectedBucketOwner` is compared, so a bucket that changed hands gets nothing."""
    s3 = cast.accounts.session("prod").client("s3")
    try:
        s3.put_object(Bucket=bucket, Key="a", Body=b"a", ExpectedBucketOwner=owner)
        seen = "allowed"
    except ClientError as error:
        seen = error.response["Error"]["Code"]

    assert seen == answer


@pytest.mark.parametrize(("account", "answer"), [(PROD, "allowed"), (DEV, "AccessDenied")])
def test_a_bucket_counts_as_its_owners(cast: Cast, bucket: str, account: str, answer: str) -> None:
    """`aws:ResourceAccount` is the account that the bucket belongs to."""
    policy = statement("s3:PutObject", f"arn:aws:s3:::{bucket}/*", StringEquals={"aws:ResourceAccount": account})
    s3 = session_of(cast.accounts, "prod", f"Putter{account}", policy=policy).client("s3")
    try:
        s3.put_object(Bucket=bucket, Key="a", Body=b"a")
        seen = "allowed"
    except ClientError as error:
        seen = error.response["Error"]["Code"]

    assert seen == answer


@pytest.fixture(scope="module")
def function(cast: Cast) -> str:
    """Put a function with a log group of its own into dev."""
    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    trust = {"Version": "2012-10-17", "Statement": [trusted]}
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", FUNCTION)
    cast.accounts.session("dev").client("lambda").create_function(
        FunctionName="tried",
        Role=make_role(cast.accounts, "dev", "Function", trust=trust),
        Runtime="python3.13",
        Handler="index.handler",
        Code={"ZipFile": code.getvalue()},
        LoggingConfig={"LogGroup": "own-group"},
    )
    return "tried"


def invoke(cast: Cast, function: str, event: str) -> Any:
    """Return what the function answers."""
    functions = cast.accounts.session("dev").client("lambda")
    return json.loads(functions.invoke(FunctionName=function, Payload=json.dumps(event).encode())["Payload"].read())


def test_an_exception_keeps_its_name(cast: Cast, function: str) -> None:
    """The caller, and the queue for failures, see the exception's class."""
    answer = invoke(cast, function, "fail")

    assert answer["errorType"] == "OutOfReach"
    assert answer["errorMessage"] == "not there\nand on another line"


def test_a_function_knows_where_it_logs_and_nothing_of_the_person(cast: Cast, function: str) -> None:
    """The stream's name has AWS's form, and the home is not the person's."""
    group, stream, has_profile, home = invoke(cast, function, "tell")

    assert group == "own-group"
    assert stream.partition("tried[$LATEST]")[2].isalnum()
    assert not has_profile
    assert home.endswith("run/tmp")
    assert REGION == cast.accounts.by_profile["dev"].region
