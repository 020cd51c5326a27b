"""Serves the canned AWS over HTTPS, and fails as a test tells it to.

Tests run it in a thread; the measurements run it as a process of its own (`python bench/canned_server.py --folder F`),
so that its work is not in their figures, and read `GET /counts`.
"""

import argparse
import asyncio
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

sys.path.append(str(Path(__file__).resolve().parents[1]))

from bench.canned_aws import Call, CannedAws, Fault, Wire

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def _whole_body(headers: dict[str, str], received: bytearray) -> tuple[bytes, bytearray] | None:
    """Return the body and what was received after it, or None where some of it is still to come.

    A body in S3's own chunks is taken out of them, and its trailers are put among the headers.
    """
    if headers.get("transfer-encoding") != "chunked":
        length = int(headers.get("content-length", 0))
        return None if len(received) < length else (bytes(received[:length]), received[length:])
    if (framed := _chunks(received)) is None:
        return None
    body, _, rest = framed
    if headers.get("content-encoding") == "aws-chunked" and (inner := _chunks(bytearray(body))) is not None:
        body, trailers, _ = inner
        headers.update(trailers)
    return body, rest


def _chunks(received: bytearray) -> tuple[bytes, dict[str, str], bytearray] | None:
    """Take data out of chunks, each after its size in hex; trailers and an empty line follow the one of size 0."""
    data, start = bytearray(), 0
    while (end := received.find(b"\r\n", start)) >= 0:
        size = int(received[start:end], 16)
        start = end + 2
        if size:
            data += received[start : start + size]
            start += size + 2
            continue
        trailers: dict[str, str] = {}
        while (end := received.find(b"\r\n", start)) >= 0:
            line, start = received[start:end].decode(), end + 2
            if not line:
                return bytes(data), trailers, received[start:]
            name, _, value = line.partition(":")
            trailers[name.lower()] = value.strip()
        return None
    return None


class _Connection(asyncio.Protocol):
    """One connection: requests one after the other, as HTTP/1.1 clients send them."""

    def __init__(self, server: "CannedServer") -> None:
        self._server = server
        self._buffer = bytearray()
        self._head: tuple[str, str, dict[str, str], Fault | None] | None = None
        self._transport: asyncio.Transport
        self._number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what create_server hands over
        self._transport = transport
        self._server.opened(transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._server.closed(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._head is None:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self._buffer = rest
            first, *lines = head.decode("latin-1").split("\r\n")
            method, path, _ = first.split(" ", 2)
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            fault = self._server.aws.fault(method, path)
            if fault is Wire.RESET_BEFORE_BODY:
                self._reset()
                return
            self._head = method, path, headers, fault
            if "expect" in headers:
                self._transport.write(_CONTINUE)
        method, path, headers, fault = self._head
        if (whole := _whole_body(headers, self._buffer)) is None:
            return
        body, self._buffer = whole
        self._head = None
        aws = self._server.aws
        if not self._number and path != "/counts":
            aws.counts["connections"] += 1
            self._number = aws.counts["connections"]
        if fault is Wire.HANG:
            return
        self._later(aws.answer(Call(method, path, headers, body, self._number), fault), fault)

    def _later(self, answer: bytes, fault: Fault | None) -> None:
        if delay := self._server.aws.delay:
            asyncio.get_running_loop().call_later(delay, self._send, answer, fault)
        else:
            self._send(answer, fault)

    def _reset(self) -> None:
        """End the connection with a TCP reset: without lingering, closing one sends that."""
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _send(self, answer: bytes, fault: Fault | None) -> None:
        match fault:
            case Wire.HANG_AFTER:
                pass
            case Wire.RESET_AFTER_BODY:
                self._reset()
            case Wire.CUT:
                self._transport.write(answer[: len(answer) // 2])
                self._transport.close()
            case Wire.NOISE:
                self._transport.write(b"\x00\xff noise\r\n\r\n")
                self._transport.close()
            case _:
                self._transport.write(answer)


class CannedServer:
    """Serves `aws`, which may be replaced; `authority` is the PEM of the authority to trust."""

    def __init__(self, aws: CannedAws) -> None:
        self.aws = aws
        self._connections: set[asyncio.Transport] = set()
        authority = trustme.CA()
        self.authority = authority.cert_pem.bytes()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(self._context)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.port = 0

    def opened(self, connection: asyncio.Transport) -> None:
        """Keep a connection, to be ended with the server."""
        self._connections.add(connection)

    def closed(self, connection: asyncio.Transport) -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    def drop_idle(self) -> None:
        """End every connection, as a peer or a middlebox does with one that was idle for long."""
        ended = threading.Event()

        def end() -> None:
            for connection in tuple(self._connections):
                connection.abort()
            ended.set()

        assert self._loop is not None  # noqa: S101 - it is running
        self._loop.call_soon_threadsafe(end)
        ended.wait()

    async def start(self) -> asyncio.Server:
        """Listen on a free port of this machine."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, ssl=self._context, backlog=256)
        self.port = server.sockets[0].getsockname()[1]
        return server

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve from a thread of this process."""
        self._loop = loop = asyncio.new_event_loop()
        listening = loop.run_until_complete(self.start())
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            listening.close()
            for connection in tuple(self._connections):
                connection.abort()
            loop.run_until_complete(asyncio.sleep(0.05))  # for the connections to see it
            loop.close()


async def _serve(folder: Path, delay: float) -> None:
    server = CannedServer(CannedAws(delay=delay, keep=False))
    (folder / "authority.pem").write_bytes(server.authority)
    listening = await server.start()
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    await listening.serve_forever()


def main() -> None:
    """Serve until ended; the first line of the output is the URL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where authority.pem is written")
    parser.add_argument("--delay", type=float, default=0, help="seconds before each answer")
    asked = parser.parse_args()
    asyncio.run(_serve(asked.folder, asked.delay))


if __name__ == "__main__":
    main()
