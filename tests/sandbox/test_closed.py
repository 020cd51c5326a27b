"""Another user of this machine, who can reach the port but has not the run's secret, can do nothing."""

import ssl
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.emulator import CA_BUNDLE
from sandbox.folder import RUN
from tests.sandbox.cast import DEV, REGION, Cast


@pytest.mark.parametrize("key", [DEV, "test", "SANDBOXLAUNCHER"])
@pytest.mark.parametrize(
    ("service", "operation"),
    [("iam", "list_users"), ("lambda", "list_functions"), ("s3", "list_buckets"), ("sts", "get_caller_identity")],
)
def test_a_key_without_its_secret(cast: Cast, key: str, service: Any, operation: str) -> None:
    """An account's id is no secret: the signature is checked for the keys of its root, too."""
    stranger = cast.accounts.session_with(key, "not the secret", region=REGION)

    with pytest.raises(ClientError, match=r"SignatureDoesNotMatch|InvalidSignatureException"):
        getattr(stranger.client(service), operation)()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/_ministack/health", HTTPStatus.OK),
        ("/_ministack/sqs/messages", HTTPStatus.NOT_FOUND),
        ("/_ministack/config", HTTPStatus.NOT_FOUND),
        ("/_ministack/reset", HTTPStatus.NOT_FOUND),
        ("/_localstack/health", HTTPStatus.NOT_FOUND),
        ("/2015-03-31/functions", HTTPStatus.FORBIDDEN),
    ],
)
def test_without_any_key(cast: Cast, path: str, expected: HTTPStatus) -> None:
    """The emulator's own pages, which ask for no signature, are closed but for whether it serves."""
    trust = ssl.create_default_context(cafile=str(cast.accounts.state / RUN / CA_BUNDLE))
    try:
        with urllib.request.urlopen(f"{cast.accounts.endpoint_url}{path}", context=trust) as answer:  # noqa: S310 https
            seen = answer.status
    except urllib.error.HTTPError as error:
        seen = error.code

    assert expected == seen
