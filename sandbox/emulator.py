"""The emulator as a context manager: its process, its socket, and when it is ready."""

import os
import socket
import ssl
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.configuration import SandboxError
from sandbox.environment import emulator_environment
from sandbox.processes import leashed, tail

if TYPE_CHECKING:
    import subprocess

CA_BUNDLE = "ca.pem"


@contextmanager
def emulator(*, python: Path, folder: Path, log: Path, secret: str, region: str, timeout: float) -> Iterator[str]:
    """Run the emulator with all its files in `folder`, and answer its endpoint once it serves."""
    if not python.exists():
        raise SandboxError(f"{python} is missing; make it from sandbox/requirements.txt, as `make try` does")
    (folder / "tmp").mkdir()
    # The socket is opened here and handed over, so no other program can take the port in between.
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as output:
        port: int = listener.getsockname()[1]
        with leashed(
            [str(python), "-m", "sandbox.launcher", str(listener.fileno()), str(folder)],
            output=output,
            environment=emulator_environment(os.environ, port=port, secret=secret, folder=folder, region=region),
            descriptors=(listener.fileno(),),
        ) as process:
            listener.close()
            endpoint_url = f"https://127.0.0.1:{port}"
            _wait_until_ready(process, endpoint_url, folder / CA_BUNDLE, log, timeout)
            yield endpoint_url


def _wait_until_ready(
    process: "subprocess.Popen[bytes]", endpoint_url: str, ca_bundle: Path, log: Path, timeout: float
) -> None:
    deadline = time.monotonic() + timeout
    while process.poll() is None:
        if time.monotonic() > deadline:
            raise SandboxError(f"the emulator did not answer in {timeout:.0f} s; see {log}:\n{tail(log)}")
        if ca_bundle.exists():
            trust = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(ca_bundle)))
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), trust)
            with suppress(OSError), opener.open(f"{endpoint_url}/_ministack/health", timeout=5):
                return
        time.sleep(0.05)
    raise SandboxError(f"the emulator did not start; see {log}:\n{tail(log)}")
