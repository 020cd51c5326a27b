"""The one server of every fake: it listens on a free port of this machine, answers what its fake says, and fails."""

import asyncio
import re
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import count
from types import MappingProxyType
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qsl

import trustme

_SIGNED = re.compile(r"Credential=(\w+)/\d+/([\w-]+)/(\w+)/.*SignedHeaders=([\w;-]+)")


@dataclass(frozen=True)
class Call:
    """One request as it came over the wire: who signed it, for which region, and what it carried.

    `fault` is what its fake said when the head had come.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int
    fault: object = None

    @cached_property
    def _signature(self) -> tuple[str, str, str, frozenset[str]]:
        found = _SIGNED.search(self.headers["authorization"])
        if found is None:
            raise ValueError(self.headers["authorization"])
        return found[1], found[2], found[3], frozenset(found[4].split(";"))

    @property
    def access_key(self) -> str:
        """The id of the access key that signed."""
        return self._signature[0]

    @property
    def region(self) -> str:
        """The region that it was signed for."""
        return self._signature[1]

    @property
    def service(self) -> str:
        """The service that it was signed for."""
        return self._signature[2]

    @property
    def unsigned(self) -> set[str]:
        """The `x-amz-` headers that the signature does not cover, which S3 rejects."""
        trailer = {self.headers.get("x-amz-trailer")}
        return {name for name in self.headers if name.startswith("x-amz-")} - self._signature[3] - trailer

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of a call to STS or IAM."""
        return dict(parse_qsl(self.body.decode()))


class Answer(NamedTuple):
    """What comes back to a request."""

    status: int
    body: str | bytes = ""
    headers: Mapping[str, str] = MappingProxyType({})

    def over_http(self) -> bytes:
        """Return the bytes of it."""
        body = self.body.encode() if isinstance(self.body, str) else self.body
        lines = [f"HTTP/1.1 {self.status} .", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body


class Wire(Enum):
    """What goes wrong with the bytes of a request or its answer."""

    RESET_BEFORE_BODY = "the connection is reset when the head has come"
    RESET_AFTER_BODY = "the connection is reset when all has come and was carried out"
    HANG = "no answer ever comes, and nothing is carried out"
    HANG_AFTER = "no answer ever comes, though all was carried out"
    CUT = "the connection ends in the middle of the answer"
    NOISE = "the answer is not one by HTTP"
    DAMAGE = "the body arrives with another first byte"


class Fake:
    """What a server answers; `delay` is in seconds, before each answer."""

    url = ""
    delay: float = 0

    def at_head(self, _method: str, _path: str) -> object:
        """Return what is to go wrong with a request, when its head has come: a `Wire`, or what `answer` knows."""
        return None

    def answer(self, call: Call) -> Answer | None:
        """Return the answer to a call; for None, the connection ends without one."""
        raise NotImplementedError


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

    def __init__(self, server: "Server", number: int) -> None:
        self._server = server
        self._buffer = bytearray()
        self._head: tuple[str, str, dict[str, str], object] | None = None
        self._transport: asyncio.Transport
        self._number = number

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
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
            fault = self._server.fake.at_head(method, path)
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
        if fault is Wire.HANG:
            return
        answer = self._server.fake.answer(Call(method, path, headers, body, self._number, fault))
        if delay := self._server.fake.delay:
            asyncio.get_running_loop().call_later(delay, self._send, answer, fault)
        else:
            self._send(answer, fault)

    def _reset(self) -> None:
        """End the connection with a TCP reset: without lingering, closing one sends that."""
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _send(self, answer: Answer | None, fault: object) -> None:
        sent = answer.over_http() if answer else b""
        match fault:
            case Wire.HANG_AFTER:
                return
            case Wire.RESET_AFTER_BODY:
                self._reset()
                return
            case Wire.CUT:
                sent, answer = sent[: len(sent) // 2], None
            case Wire.NOISE:
                sent, answer = b"\x00\xff noise\r\n\r\n", None
        self._transport.write(sent)
        if answer is None:
            self._transport.close()


class Server:
    """Serves `fake`, which may be replaced; `authority` is the PEM of the authority to trust for HTTPS."""

    def __init__(self, fake: Fake, *, https: bool = True) -> None:
        self.fake = fake
        self._connections: set[asyncio.Transport] = set()
        self._numbers = count(1)
        self._context: ssl.SSLContext | None = None
        self.authority = b""
        if https:
            authority = trustme.CA()
            self.authority = authority.cert_pem.bytes()
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1", "localhost").configure_cert(self._context)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.url = ""

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

        assert self._loop is not None
        self._loop.call_soon_threadsafe(end)
        ended.wait()

    async def start(self) -> asyncio.Server:
        """Listen on a free port of this machine."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: _Connection(self, next(self._numbers)), "127.0.0.1", 0, ssl=self._context, backlog=256
        )
        port = server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._context else 'http'}://127.0.0.1:{port}"
        return server

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
            loop.run_until_complete(self._end())
            loop.close()

    async def _end(self) -> None:
        """End every connection, and wait until each has seen it."""
        while self._connections:
            for connection in tuple(self._connections):
                connection.abort()
            await asyncio.sleep(0)


_Served = TypeVar("_Served", bound=Fake)


@contextmanager
def serving(fake: _Served) -> Iterator[_Served]:
    """Serve a fake over plain HTTP as long as the block lasts; its `url` is where."""
    server = Server(fake, https=False)
    with server.running():
        fake.url = server.url
        yield fake
