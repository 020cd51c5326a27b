"""The connection to the bucket: one S3 client per execution environment, signed by the grant's role."""

import os
import random
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from botocore.client import BaseClient
from botocore.credentials import CredentialProvider, CredentialResolver, RefreshableCredentials
from botocore.exceptions import BotoCoreError
from botocore.handlers import add_expect_header
from botocore.loaders import Loader
from botocore.session import Session

from s3_writer.client_options import CLIENT_CONFIG, certificates
from s3_writer.credentials import role_credentials
from s3_writer.deadline import stop_late
from s3_writer.errors import Misconfigured
from s3_writer.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient


@dataclass(frozen=True, slots=True)
class Connection:
    """An S3 client and the credentials it signs with, for one role and one bucket."""

    settings: Settings
    s3: "S3Client"
    credentials: RefreshableCredentials = field(repr=False)


class _Given(CredentialProvider):
    """Hands a session the credentials it is to use, and no others: the environment is never looked at."""

    METHOD = "assume-role"

    def __init__(self, credentials: RefreshableCredentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> RefreshableCredentials:
        return self._credentials


def connect(settings: Settings, models: Loader | None = None) -> Connection:
    """Make the clients. AWS is not asked anything yet: the role is assumed when the credentials are first used.

    `models` has what was read of AWS's models before.
    """
    _seed()
    own, assumed = Session(), Session()
    if models is not None:
        own.register_component("data_loader", models)
    # The endpoint in the function's region, whatever AWS_STS_REGIONAL_ENDPOINTS or an older botocore says.
    own.set_config_variable("sts_regional_endpoints", "regional")
    sts = cast("STSClient", _client(own, "sts", settings.region))
    credentials = role_credentials(sts, settings)
    assumed.register_component("credential_provider", CredentialResolver([_Given(credentials)]))
    # One loader: what it has read of AWS's models and endpoints it doesn't read again.
    assumed.register_component("data_loader", own.get_component("data_loader"))
    s3 = cast("S3Client", _client(assumed, "s3", settings.bucket_region))
    # "Expect: 100-continue" costs each put a round trip, to save the body of a rejected put, which is small here.
    # botocore has no setting for it.
    s3.meta.events.unregister("before-call.s3", add_expect_header)
    return Connection(settings, s3, credentials)


def read_models(settings: Settings) -> Loader:
    """Read of AWS's models all that making the clients takes: five sixths of its time. No credentials are looked for.

    What is kept is the same for everyone, so that a snapshot may hold it.
    """
    session = Session()
    session.register_component("credential_provider", CredentialResolver([]))
    for service, region in (("sts", settings.region), ("s3", settings.bucket_region)):
        _client(session, service, region)
    models = session.get_component("data_loader")
    assert isinstance(models, Loader)  # noqa: S101 - botocore has no types
    return models


def _seed() -> None:
    """Begin new random numbers: environments that were restored from one snapshot would all go on with the same.

    botocore's pauses between attempts are random so that not all come back at once, and TLS needs numbers that nobody
    else has. https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
    """
    random.seed()
    fresh = os.urandom(32)
    ssl.RAND_add(fresh, len(fresh))


def _client(session: Session, service: str, region: str) -> BaseClient:
    client = session.create_client(
        service, region_name=region, config=CLIENT_CONFIG, verify=certificates(session, region)
    )
    client.meta.events.register("before-send", stop_late)
    return client


class ConnectionCache:
    """Keeps the one connection of an execution environment; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._models: Loader | None = None

    def prepare(self, environ: Mapping[str, str]) -> None:
        """Make the clients before the first event, while Lambda still lends the function a whole processor.

        Nothing is sent, and no fault is raised: the first event meets it. Under SnapStart AWS's models are only read,
        as clients that were made now would be in each copy of the snapshot, the function's own credentials too.
        https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
        """
        try:
            settings = Settings.from_environment(environ)
            if environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
                self._models = read_models(settings)
            else:
                self._connection = connect(settings)
        except (BotoCoreError, Misconfigured):
            return

    def ready(self) -> Connection | None:
        """Return the connection where it can be used without more ado: made, its credentials far from their end."""
        connection = self._connection
        return None if connection is None or connection.credentials.refresh_needed() else connection

    def get(self, settings: Settings) -> Connection:
        """Return the connection, made at first use, with credentials that are good now.

        Raises `AssumeRoleFailed`: here, once, rather than in each of an invocation's puts.
        """
        with self._lock:
            if self._connection is None:
                self._connection = connect(settings, self._models)
            connection = self._connection
        # botocore's own lock: threads that start cold together share one AssumeRole.
        connection.credentials.get_frozen_credentials()
        return connection

    def drop(self, connection: Connection) -> None:
        """Forget `connection`, unless another thread has replaced it already."""
        with self._lock:
            if self._connection is connection:
                self._connection = None
