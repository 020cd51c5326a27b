"""Credentials of the grant's role, renewed by botocore while the execution environment lives."""

import functools
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.credentials import RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError

from s3_writer.answers import UnusableAnswer, readable
from s3_writer.errors import AssumeRoleFailed
from s3_writer.session_name import role_session_name
from s3_writer.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import AssumeRoleRequestTypeDef

# botocore's own: renew in the last 15 minutes if STS answers, insist on it in the last 10.
_ADVISORY, _MANDATORY = 900, 600
_NEVER_ASKED = datetime.fromtimestamp(0, UTC)

# A mandatory renewal that fails is raised, and logged where it is caught; an advisory one stays botocore's warning.
logging.getLogger("botocore.credentials").addFilter(lambda record: record.args != ("mandatory",))


def refresh_windows(duration: int) -> tuple[int, int]:
    """Return how many seconds before credentials end to try, and to insist on, renewing them.

    `duration` is their whole life in seconds. botocore's windows are constants: credentials that live 900 s
    would be inside the first from the start, and every single put would call STS. A quarter and an eighth of
    the life, at most botocore's own, keep its intent.
    """
    return min(_ADVISORY, duration // 4), min(_MANDATORY, duration // 8)


def role_credentials(sts: "STSClient", settings: Settings) -> RefreshableCredentials:
    """Return credentials of the grant's role, which assume it at their first use and renew themselves.

    A use raises `AssumeRoleFailed` where they have to be renewed and can't be.
    """
    advisory, mandatory = refresh_windows(settings.duration)
    return RefreshableCredentials(
        access_key="",
        secret_key="",
        token="",
        expiry_time=_NEVER_ASKED,
        refresh_using=functools.partial(_assume_role, sts, settings),
        method="assume-role",
        advisory_timeout=advisory,
        mandatory_timeout=mandatory,
    )


def _assume_role(sts: "STSClient", settings: Settings) -> dict[str, Any]:
    """Call AssumeRole with the function's own credentials."""
    request: AssumeRoleRequestTypeDef = {
        "RoleArn": settings.role_arn,
        "DurationSeconds": settings.duration,
        "RoleSessionName": role_session_name(settings.function_name, settings.log_stream),
    }
    if settings.external_id is not None:
        request["ExternalId"] = settings.external_id
    try:
        with readable():
            given = sts.assume_role(**request)["Credentials"]
            credentials = {
                "access_key": given["AccessKeyId"],
                "secret_key": given["SecretAccessKey"],
                "token": given["SessionToken"],
                "expiry_time": given["Expiration"].isoformat(),
            }
        if given["Expiration"] <= datetime.now(UTC):
            # botocore would take them for its own fault, a RuntimeError.
            raise UnusableAnswer(fault="credentials that have ended already")
    except (ClientError, BotoCoreError) as cause:
        # From None: the cause holds AWS's whole answer, which may quote the signed request.
        raise AssumeRoleFailed(settings.role_arn, cause) from None
    return credentials
