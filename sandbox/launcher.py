"""Start the emulator on a socket that the caller opened: `-m sandbox.launcher FD FOLDER`, in `.venv-sandbox`."""

import asyncio
import logging
import os
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

import trustme
from hypercorn.asyncio import serve  # type: ignore[import-not-found]  # .venv does not have it
from hypercorn.config import Config  # type: ignore[import-not-found]
from ministack.app import app

from sandbox import patches
from sandbox.leash import tie_to_starter


def write_certificates(folder: Path) -> None:
    """Make a certificate authority and a certificate for 127.0.0.1; the authority's key is never written."""
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    part = folder / "ca.part"
    authority.cert_pem.write_to_path(part)
    # The caller takes the file's appearance as the sign that it is whole.
    part.rename(folder / "ca.pem")


# What of the emulator's own pages is needed: whether it serves, and where CloudFormation's resources answer.
OPEN = ("/_ministack/health", "/_ministack/cfn-")


async def guarded(scope: Any, receive: Any, send: Any) -> None:
    """Serve the accounts, and none of the emulator's own pages that tell or change things without a signature."""
    path = str(scope.get("path", ""))
    if path.startswith("/_") and not path.startswith(OPEN):
        await send({"type": "http.response.start", "status": HTTPStatus.NOT_FOUND, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    await app(scope, receive, send)


def main() -> None:
    """Serve until standard input closes."""
    descriptor, folder = int(sys.argv[1]), Path(sys.argv[2])
    os.umask(0o077)
    tie_to_starter()
    write_certificates(folder)
    patches.apply()

    # Not the emulator's own main(): that opens a second listener, on port 443, where it may, and writes a pid file.
    config = Config()
    config.bind = [f"fd://{descriptor}"]
    config.certfile = config.keyfile = str(folder / "server.pem")
    config.loglevel = "WARNING"
    logging.getLogger("hypercorn.access").setLevel(logging.WARNING)
    asyncio.run(serve(guarded, config))


if __name__ == "__main__":
    main()
