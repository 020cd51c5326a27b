"""A boto3 session that reaches one local account, whatever the calling process has in its environment."""

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader, create_loader


@functools.cache
def _service_models() -> Loader:
    """Return one reader of AWS's service models for all sessions: a copy for each costs 0.2 s at its first client."""
    return create_loader()


class LocalSession(boto3.Session):
    """A `boto3.Session` whose clients take endpoint, certificate and proxies from here, not from the environment."""

    def __init__(
        self,
        *,
        access_key: str,
        secret_key: str,
        region: str,
        endpoint_url: str,
        ca_bundle: Path,
        token: str | None = None,
    ) -> None:
        # A profile of the caller's, or a broken config file, must not be looked at.
        nothing: dict[str, Any] = {
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
        core = botocore.session.Session(session_vars=nothing)
        core.register_component("data_loader", _service_models())
        super().__init__(
            botocore_session=core,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            aws_session_token=token,
            region_name=region,
        )
        self._config = Config(proxies={})
        self._reach = {"endpoint_url": endpoint_url, "verify": str(ca_bundle)}

    if not TYPE_CHECKING:  # the stubs know a client's type by its name, and an override would hide that

        def client(self, *names: Any, **options: Any) -> Any:
            """`boto3.Session.client`, with the local reach wherever the caller names no other."""
            given = {name: value for name, value in options.items() if value is not None}
            given["config"] = self._config.merge(given["config"]) if "config" in given else self._config
            return super().client(*names, **self._reach | given)
