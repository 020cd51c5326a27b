"""The deployed accounts: boto3 sessions of a profile, and what goes wrong with them reported in one line.

Only what talks to AWS imports this; the commands that read templates alone start without boto3.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore import exceptions
from botocore.config import Config
from botocore.parsers import ResponseParserError

from crossrole.errors import CommandError, nearest
from crossrole.escaping import command, visible

DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
"""The codes of an error that says that the caller lacks a permission."""

# Throttling and a network that stumbles are retried, with jitter and growing pauses.
# https://docs.aws.amazon.com/boto3/latest/guide/retries.html
CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=5,
    read_timeout=30,
    user_agent_extra="crossrole",
)


def live_session(profile: str | None, *, region: str | None = None) -> boto3.Session:
    """Return a session of a profile, or of the environment where none is named; `region` is used where it has none.

    Raises `CommandError` where there is no such profile, or the config file can't be read.
    """
    with as_command_error(profile):
        core = botocore.session.Session(profile=profile)
        # The global endpoint's tokens are not valid in every region.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_region-endpoints.html
        core.set_config_variable("sts_regional_endpoints", "regional")
        return boto3.Session(botocore_session=core, region_name=core.get_config_variable("region") or region)


def assumed_session(profile: str | None, credentials: Mapping[str, Any], *, region: str) -> boto3.Session:
    """Return a session with credentials that STS gave; endpoint and certificates are the profile's."""
    with as_command_error(profile):
        return boto3.Session(
            botocore_session=botocore.session.Session(profile=profile),
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            region_name=region,
        )


def client(session: boto3.Session, service: Any, **options: Any) -> Any:
    """Return a client that retries, and that gives up in time; any `Config` among the options is joined."""
    config = CONFIG.merge(options.pop("config")) if "config" in options else CONFIG
    return session.client(service, config=config, **options)


def profiles() -> dict[str, dict[str, Any]]:
    """Return the keys of every profile of the config and credentials files; raises `CommandError` for a broken one."""
    with as_command_error(None):
        return dict(botocore.session.Session().full_config["profiles"])


@dataclass(frozen=True)
class Reach:
    """How a profile reaches AWS, which no credentials hand on."""

    variables: dict[str, str]
    """The environment variables that say the same."""
    mfa_serial: str | None


def reach_of(profile: str | None) -> Reach:
    """Return how a profile reaches AWS; of the environment, where none is named."""
    named = profile or botocore.session.Session().get_config_variable("profile") or "default"
    keys = profiles().get(named, {})
    names = {"ca_bundle": "AWS_CA_BUNDLE", "endpoint_url": "AWS_ENDPOINT_URL"}
    return Reach({names[key]: keys[key] for key in names if key in keys}, keys.get("mfa_serial"))


@contextmanager
def as_command_error(profile: str | None) -> Iterator[None]:
    """Turn what botocore raises inside the block into a `CommandError` of one line that says how to fix it.

    An AccessDenied is for the block itself to understand: here it becomes AWS's own words.
    """
    try:
        yield
    except exceptions.ClientError as error:
        raise CommandError(_answered(error, profile)) from None
    except exceptions.BotoCoreError as error:
        raise CommandError(_failed(error, profile)) from None
    except EOFError:
        raise CommandError(
            f"the credentials {_of(profile)} need an MFA code, and there is no terminal to ask for it"
        ) from None
    except _UNREADABLE as error:
        # None of its words: botocore quotes the whole answer, and that of AssumeRole holds the credentials.
        raise CommandError(
            f"the answer of AWS, or of a proxy in between, can't be read ({type(error).__name__}); "
            "look at the network, the proxy and endpoint_url, and call again"
        ) from None


def date_of(answer: Mapping[str, Any]) -> datetime | None:
    """Return AWS's own time at its answer: an operator's clock may be wrong. None where the answer has no Date."""
    date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date).astimezone(UTC) if date else None


# What botocore lets through where an answer is cut short, garbled or another's, or a config file names no address.
_UNREADABLE = (
    ResponseParserError,
    AttributeError,
    LookupError,
    OverflowError,
    SyntaxError,  # so XML's parser says that a page of a proxy is not an answer to GetBucketLocation
    TypeError,
    ValueError,
)


def code_of(error: exceptions.ClientError) -> str:
    """Return AWS's code of an error, such as `AccessDenied`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: exceptions.ClientError) -> str:
    """Return AWS's own words, on one line, without what a terminal would obey."""
    return _on_one_line(str(error.response.get("Error", {}).get("Message", "")))


# What stands before the @ of an address, such as a proxy's, is a password.
_PASSWORD = re.compile(r"//[^/@\s]+@")


def _on_one_line(text: str) -> str:
    return visible(" ".join(text.split()))


def _answered(error: exceptions.ClientError, profile: str | None) -> str:
    code = code_of(error)
    fix = _ANSWERS.get(code) or _ANSWERS.get(code.removesuffix("Exception"))
    fixes = f"; {fix.format(of=_of(profile), login=_login(profile))}" if fix else ""
    return f"{error.operation_name} failed: {code}: {message_of(error)}{fixes}"


_THROTTLED = "AWS asked for fewer requests, five times; wait a minute and call again"
_ANSWERS = {
    "ExpiredToken": "the credentials {of} have expired: {login}",
    "RequestExpired": "the credentials {of} have expired, or this machine's clock is wrong: {login}",
    "InvalidClientTokenId": "the access key {of} does not exist, is inactive, or is of another partition",
    "UnrecognizedClient": "the access key {of} does not exist, is inactive, or is of another partition",
    "SignatureDoesNotMatch": "the secret key {of} is wrong, or this machine's clock is: compare with `date -u`",
    "Throttling": _THROTTLED,
    "ThrottlingException": _THROTTLED,
    "TooManyRequests": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
    "SlowDown": _THROTTLED,
}


def _failed(error: exceptions.BotoCoreError, profile: str | None) -> str:
    words = _PASSWORD.sub("//", _on_one_line(str(error)))
    if isinstance(error, exceptions.ProfileNotFound):
        known = botocore.session.Session().available_profiles
        listed = nearest(str(profile), known) or (f"; the profiles are {', '.join(known)}" if known else "")
        return f'there is no profile "{profile}" in {_config_file()}{listed or "; make it with: aws configure sso"}'
    for kinds, text in _FAILURES:
        if isinstance(error, kinds):
            return text.format(
                words=_without_content(error) or words, of=_of(profile), login=_login(profile), file=_config_file()
            )
    return words


_FAILURES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (exceptions.NoCredentialsError,),
        "there are no credentials {of}; name a profile, or make one with: aws configure sso",
    ),
    (
        (exceptions.PartialCredentialsError, exceptions.InvalidConfigError),
        "the credentials {of} can't be had: {words}",
    ),
    # Without its words: they are whatever the credential_process has printed.
    (
        (exceptions.CredentialRetrievalError,),
        "the credentials {of} can't be had: their credential_process failed; run it by hand to see why",
    ),
    (
        (
            exceptions.SSOError,
            exceptions.TokenRetrievalError,
            exceptions.UnauthorizedSSOTokenError,
            exceptions.SSOTokenLoadError,
        ),
        "the Identity Center session {of} has ended: {login}",
    ),
    (
        (exceptions.ConfigParseError, exceptions.ConfigNotFound),
        "the AWS config can't be read: {words}",
    ),
    ((exceptions.NoRegionError,), "there is no region {of}; add region = … to it"),
    (
        (exceptions.SSLError,),
        "the certificate of the other end is not trusted ({words}); behind a proxy that opens TLS, set ca_bundle",
    ),
    (
        (exceptions.HTTPClientError, exceptions.ConnectionError),
        "AWS can't be reached ({words}); look at the network, the proxy and endpoint_url",
    ),
)


def _without_content(error: Exception) -> str | None:
    """Return where a config file is broken, without what stands there: it may be a secret."""
    if not isinstance(error, exceptions.ConfigParseError):
        return None
    cause = error.kwargs.get("error")
    lines = [number for number, _ in getattr(cause, "errors", [])] or [getattr(cause, "lineno", None)]
    where = f"line {lines[0]} is" if lines[0] else "a line is"
    return f"in {error.kwargs.get('path')} {where} neither [profile NAME] nor KEY = VALUE, or stands there twice"


def _of(profile: str | None) -> str:
    return f"of the profile {profile}" if profile else "in the environment"


def _login(profile: str | None) -> str:
    line = command("aws sso login", **({"profile": profile} if profile else {}))
    return f"{line}, or put new ones where they came from"


def _config_file() -> Path:
    return Path(botocore.session.Session().get_config_variable("config_file")).expanduser()
