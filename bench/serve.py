"""The fake STS and S3 as a process of its own: `python bench/serve.py FOLDER DELAY`.

The first line that it prints is its URL. It writes authority.pem into the folder, waits so many seconds before each
answer, and answers `GET /counts`.
"""

import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from tests.fakes.aws import FakeAws
from tests.fakes.server import Server

if __name__ == "__main__":
    server = Server(FakeAws(delay=float(sys.argv[2]), keep=False))
    Path(sys.argv[1], "authority.pem").write_bytes(server.authority)
    with server.running():
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        threading.Event().wait()
