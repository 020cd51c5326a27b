"""Puts the probe beside the writer's function, and asks it."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from sandbox.configuration import SandboxError

_NAME = "sandbox-probe"


class Probe:
    """The function of probe.py, deployed under the writer's role with the writer's settings."""

    def __init__(self, session: boto3.Session, *, writer_function: str) -> None:
        self._functions = session.client("lambda")
        self._issued = ""
        writer = self._functions.get_function_configuration(FunctionName=writer_function)
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("probe.py", Path(__file__).with_name("probe.py").read_text(encoding="utf-8"))
        self._functions.create_function(
            FunctionName=_NAME,
            Role=writer["Role"],
            Runtime=writer["Runtime"],
            Handler="probe.handler",
            Code={"ZipFile": code.getvalue()},
            Environment={"Variables": writer["Environment"]["Variables"]},
            Timeout=30,
        )

    def put(self, bucket: str, key: str, *, fresh: bool = False) -> str:
        """Put an object with the session that the probe holds, or with a fresh one; raises the service's denial."""
        return self._ask("PutObject", do="put", bucket=bucket, key=key, fresh=fresh)

    def delete(self, bucket: str, key: str) -> str:
        """Delete an object with the session that the probe holds; raises the service's denial."""
        return self._ask("DeleteObject", do="delete", bucket=bucket, key=key, fresh=False)

    def _ask(self, operation: str, **event: Any) -> str:
        answer = self._functions.invoke(FunctionName=_NAME, Payload=json.dumps(event).encode())
        payload = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            raise SandboxError(f"the probe function failed: {payload.get('errorMessage')}")
        if event["fresh"] or not self._issued:
            self._issued = payload["issued"]
        elif self._issued != payload["issued"]:
            raise SandboxError("the probe function lost the session that it held, so its answer shows nothing")
        if payload["code"]:
            raise ClientError({"Error": {"Code": payload["code"], "Message": payload["message"]}}, operation)
        return f"{operation} with the session begun at {payload['issued']}"
