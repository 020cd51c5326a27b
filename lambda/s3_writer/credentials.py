"""Credentials of the grant's role, renewed by botocore while the execution environment lives."""

import functools
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from s3_writer.errors import AssumeRoleFailed
from s3_writer.session_name import role_session_name
from s3_writer.settings import Settings

# boto3's own limits (60 s to connect, 60 s to read) outlast most function timeouts, and a function that
# Lambda cuts off raises nothing typed. These end a call within 25 s (three attempts of 2 + 5 s and the pauses
# between); later only where a name has several addresses and all of them stay silent.
CLIENT_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
)

# botocore's own: renew in the last 15 minutes if STS answers, insist on it in the last 10.
_ADVISORY, _MANDATORY = 900, 600


def refresh_windows(duration: int) -> tuple[int, int]:
    """Return how many seconds before credentials end to try, and to insist on, renewing them.

    `duration` is their whole life in seconds. botocore's windows are constants: credentials that live 900 s
    would be inside the first from the start, and every single put would call STS. A quarter and an eighth of
    the life, at most botocore's own, keep its intent.
    """
    return min(_ADVISORY, duration // 4), min(_MANDATORY, duration // 8)


def assume_role(settings: Settings) -> RefreshableCredentials:
    """Assume the grant's role and return credentials that renew themselves.

    Raises `AssumeRoleFailed`, now or at a later use that has to renew them.
    """
    source = botocore.session.Session()
    # The endpoint in the function's region, whatever AWS_STS_REGIONAL_ENDPOINTS or an older botocore says.
    source.set_config_variable("sts_regional_endpoints", "regional")
    fetch = functools.partial(_fetch, source, settings)
    advisory, mandatory = refresh_windows(settings.duration)
    return RefreshableCredentials.create_from_metadata(
        metadata=fetch(),
        refresh_using=fetch,
        method="assume-role",
        advisory_timeout=advisory,
        mandatory_timeout=mandatory,
    )


def _fetch(source: botocore.session.Session, settings: Settings) -> dict[str, Any]:
    """Call AssumeRole with the function's own credentials."""
    asked = {
        "DurationSeconds": settings.duration,
        "RoleSessionName": role_session_name(settings.function_name, settings.log_stream),
    }
    if settings.external_id is not None:
        asked["ExternalId"] = settings.external_id
    try:
        own = source.get_credentials()
        if own is None:
            raise NoCredentialsError
        # A fetcher for each fetch: it has a cache with an expiry window of its own, which must not answer.
        return AssumeRoleCredentialFetcher(
            client_creator=functools.partial(source.create_client, region_name=settings.region, config=CLIENT_CONFIG),
            source_credentials=own,
            role_arn=settings.role_arn,
            extra_args=asked,
        ).fetch_credentials()
    except (ClientError, BotoCoreError) as cause:
        # From None: the cause holds AWS's whole answer, which may quote the signed request.
        raise AssumeRoleFailed(settings.role_arn, cause) from None
