"""What S3 and Lambda answer."""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc, s3

# ruff: noqa: SLF001 - the emulator has no public way to change what it decides


def apply() -> None:
    """Put the patches in place."""
    _patch_expected_bucket_owner()
    _patch_function_errors()
    _patch_function_names()


def _patch_expected_bucket_owner() -> None:
    scope = s3._apply_bucket_scope

    def scope_as_aws(method: str, bucket: str, key: str, headers: Mapping[str, str], *rest: Any, **more: Any) -> Any:
        # A put ignored it: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
        expected = headers.get("x-amz-expected-bucket-owner")
        owner = s3._bucket_owner_account(bucket) if bucket else None
        if expected and owner and expected != owner:
            return s3._error("AccessDenied", "Access Denied", 403, f"/{bucket}/{key}" if key else f"/{bucket}")
        return scope(method, bucket, key, headers, *rest, **more)

    s3._apply_bucket_scope = scope_as_aws


def _patch_function_errors() -> None:
    execute = lambda_svc._execute_function_warm

    def execute_as_aws(*arguments: Any) -> Any:
        # AWS answers the exception's class as errorType; the emulator answers one word for all of them.
        result = execute(*arguments)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorType") == "Runtime.HandlerError":
            first_line = re.escape((body["errorMessage"].splitlines() or [""])[0])
            found = re.findall(rf"^([\w.]+)(?:: {first_line}|)$", result.get("log", ""), re.MULTILINE)
            if found:
                body["errorType"] = found[-1].rsplit(".", 1)[-1]
        return result

    lambda_svc._execute_function_warm = execute_as_aws


def _patch_function_names() -> None:
    credentials = lambda_runtime.execution_credentials

    def credentials_and_names(config: Mapping[str, Any]) -> dict[str, str]:
        # The emulator gives a bare UUID and the default group, though it files the lines under the right one.
        # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
        own_group = (config.get("LoggingConfig") or {}).get("LogGroup")
        name = config["FunctionName"]
        stream = f"{datetime.now(UTC):%Y/%m/%d}/{name if own_group else ''}[$LATEST]{uuid.uuid4().hex}"
        return {
            **credentials(config),
            "AWS_LAMBDA_LOG_GROUP_NAME": own_group or f"/aws/lambda/{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        }

    lambda_runtime.execution_credentials = credentials_and_names
