"""Lambda's Runtime API, as much as one invocation needs: the real runtime client runs a handler against it.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_LONGEST = 30  # seconds until an invocation counts as lost
_EVENT = json.dumps({"key": "dev/first", "body": "x"}).encode()


@dataclass
class ColdStart:
    """When the client asked for its first event, and what it answered when; in seconds since it was started."""

    initialized: float = 0
    answered: float = 0
    answer: bytes = b""
    path: str = ""
    processor: float = 0
    peak: int = 0  # MiB
    done: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    started: float = 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    start: ColdStart

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: the client is ended while it waits for a second event."""


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """Hand out the one event; a second is never ready."""
        start = self.server.start
        if start.initialized:
            start.over.wait(_LONGEST)
            return
        start.initialized = time.perf_counter() - start.started
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "request")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + _LONGEST) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:111111111111:function:writer")
        self.send_header("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(_EVENT)))
        self.end_headers()
        self.wfile.write(_EVENT)

    def do_POST(self) -> None:
        """Take the answer, or the error."""
        start = self.server.start
        start.answered = time.perf_counter() - start.started
        start.answer = self.rfile.read(int(self.headers["Content-Length"]))
        start.path = self.path
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        start.done.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""


def cold_start(handler: str, folder: Path, environment: Mapping[str, str]) -> ColdStart:
    """Start the runtime client in `folder`, as Lambda does in /var/task, and let it answer one event."""
    server = _Server(("127.0.0.1", 0), _Requests)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    start = server.start = ColdStart()
    api = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}"}
    start.started = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - this Python
        [sys.executable, "-m", "awslambdaric", handler],
        cwd=folder,
        env={**environment, **api},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if not start.done.wait(_LONGEST) or not start.path.endswith("/response"):
            raise RuntimeError(f"{handler} answered {start.path} {start.answer.decode()}")
    finally:
        process.kill()
        _, process.returncode, used = os.wait4(process.pid, 0)
        start.processor, start.peak = used.ru_utime + used.ru_stime, used.ru_maxrss // 1024
        start.over.set()
        server.shutdown()
        server.server_close()
    return start
