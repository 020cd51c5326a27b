"""The connection to the bucket: one S3 client per execution environment, signed by the grant's role."""

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.credentials import CredentialProvider, CredentialResolver, RefreshableCredentials

from s3_writer.credentials import CLIENT_CONFIG, assume_role
from s3_writer.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


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


def connect(settings: Settings) -> Connection:
    """Assume the role and make the S3 client. Raises `AssumeRoleFailed`."""
    credentials = assume_role(settings)
    session = botocore.session.Session()
    session.register_component("credential_provider", CredentialResolver([_Given(credentials)]))
    s3 = boto3.Session(botocore_session=session).client("s3", region_name=settings.bucket_region, config=CLIENT_CONFIG)
    return Connection(settings, s3, credentials)


class ConnectionCache:
    """Keeps the one connection of an execution environment; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def get(self, settings: Settings) -> Connection:
        """Return the connection, made at first use, with credentials that are good now.

        Raises `AssumeRoleFailed`: here, once, rather than in each of an invocation's puts.
        """
        with self._lock:  # also while STS is asked: threads that start cold together share one AssumeRole
            if self._connection is None:
                self._connection = connect(settings)
            connection = self._connection
        connection.credentials.get_frozen_credentials()
        return connection

    def drop(self, connection: Connection) -> None:
        """Forget `connection`, unless another thread has replaced it already."""
        with self._lock:
            if self._connection is connection:
                self._connection = None
