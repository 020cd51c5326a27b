"""An STS and an S3 on this machine, over HTTPS: they count what they are asked, refuse what S3 and STS would, and fail.

Tests run it in a thread; the measurements run it as a process of its own (`python bench/canned_aws.py --folder F`), so
that its work is not in their figures, and read `GET /counts`.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import re
import socket
import ssl
import struct
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import trustme

_SIGNED = re.compile(r"Credential=(\w+)/\d+/([\w-]+)/.*SignedHeaders=([\w;-]+)")
_OPERATIONS = {"POST": "AssumeRole", "PUT": "PutObject"}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True)
class Call:
    """One request as it came over the wire: who signed it, for which region, and what it carried."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @cached_property
    def _signature(self) -> tuple[str, str, frozenset[str]]:
        found = _SIGNED.search(self.headers["authorization"])
        if found is None:
            raise ValueError(self.headers["authorization"])
        return found[1], found[2], frozenset(found[3].split(";"))

    @property
    def access_key(self) -> str:
        """The id of the access key that signed."""
        return self._signature[0]

    @property
    def region(self) -> str:
        """The region that it was signed for."""
        return self._signature[1]

    @property
    def unsigned(self) -> set[str]:
        """The `x-amz-` headers that the signature does not cover, which S3 refuses."""
        trailer = {self.headers.get("x-amz-trailer")}
        return {name for name in self.headers if name.startswith("x-amz-")} - self._signature[2] - trailer

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of a call to STS."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


class Refusal(NamedTuple):
    """An error to answer with; `more` goes into the Error element, and `headers` into the answer, as they are."""

    status: int
    code: str
    message: str = "Access Denied"
    more: str = ""
    headers: Mapping[str, str] = MappingProxyType({})


class Wire(Enum):
    """What goes wrong with the bytes of a request or its answer."""

    RESET_BEFORE_BODY = "the connection is reset when the head has come"
    RESET_AFTER_BODY = "the connection is reset when all has come and was carried out"
    HANG = "no answer ever comes, and nothing is carried out"
    HANG_AFTER = "no answer ever comes, though all was carried out"
    CUT = "the connection ends in the middle of the answer"
    NOISE = "the answer is not one by HTTP"
    DAMAGE = "the body arrives with another first byte"


class Garbled(NamedTuple):
    """A body to answer with, whatever was asked; nothing is carried out."""

    status: int
    body: str


Fault = Refusal | Wire | Garbled


@dataclass
class CannedAws:
    """What was asked, and what is to be answered; `delay` is in seconds, before each answer."""

    delay: float = 0
    keep: bool = True  # the calls and the objects; the counts are kept in any case
    assume_roles: list[Call] = field(default_factory=list)
    puts: list[Call] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    versions: Counter[str] = field(default_factory=Counter)  # how often each object was stored
    counts: Counter[str] = field(default_factory=Counter)
    attempts: Counter[str] = field(default_factory=Counter)  # by operation: every request whose head came
    refusals: dict[str, Fault] = field(default_factory=dict)  # by operation, until taken out again
    faults: dict[str, list[Fault]] = field(default_factory=dict)  # by operation, the next first, each of them once
    bucket: str = "reports-222222222222"
    owner: str = "222222222222"
    lifetime: float | None = None  # seconds that credentials last, where not as long as they were asked for
    version_id: str | None = None
    _ends: dict[str, datetime] = field(default_factory=dict)

    def fault(self, method: str, path: str) -> Fault | None:
        """Return what is to go wrong with a request, when its head has come."""
        operation = _OPERATIONS.get(method, path)
        self.attempts[operation] += 1
        if waiting := self.faults.get(operation):
            return waiting.pop(0)
        return self.refusals.get(operation)

    def answer(self, call: Call, fault: Fault | None) -> bytes:
        """Count the call and return the whole answer to it."""
        if call.path == "/counts":
            return _response(200, json.dumps(self.counts))
        if call.method == "HEAD":
            return _response(403, "")  # HeadBucket, which botocore asks for the bucket's region after a wrong one
        operation = _OPERATIONS[call.method]
        self.counts[operation] += 1
        self.counts[f"{operation} signed by {call.access_key}"] += 1
        self.counts["Expect"] += "expect" in call.headers
        if self.keep:
            {"AssumeRole": self.assume_roles, "PutObject": self.puts}[operation].append(call)
        number = self.counts[operation]
        if isinstance(fault, Garbled):
            return _response(fault.status, fault.body)
        refusal = fault if isinstance(fault, Refusal) else None
        if operation == "AssumeRole":
            return self._assume_role(call, number, refusal)
        if fault is Wire.DAMAGE:
            call = replace(call, body=b"\0" + call.body[1:])
        return self._put_object(call, number, refusal)

    def end_sessions(self) -> None:
        """End every session that was given, as S3 sees it."""
        self._ends = dict.fromkeys(self._ends, datetime.now(UTC))

    def _assume_role(self, call: Call, number: int, refusal: Refusal | None) -> bytes:
        if refusal:
            error = f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message></Error>"
            request_id = f"<RequestId>sts-{number}</RequestId>"
            return _response(refusal.status, f"<ErrorResponse>{error}{request_id}</ErrorResponse>")
        seconds = self.lifetime or int(call.parameters.get("DurationSeconds", "3600"))
        key = f"ASIAASSUMED{number}"
        self._ends[key] = datetime.now(UTC) + timedelta(seconds=seconds)
        return _response(
            200,
            "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
            f"<AccessKeyId>{key}</AccessKeyId>"
            f"<SecretAccessKey>assumed-secret-{number}</SecretAccessKey>"
            f"<SessionToken>assumed-token-{number}</SessionToken>"
            f"<Expiration>{self._ends[key].isoformat()}</Expiration></Credentials></AssumeRoleResult>"
            "</AssumeRoleResponse>",
        )

    def _put_object(self, call: Call, number: int, refusal: Refusal | None) -> bytes:
        headers = {"x-amz-request-id": f"s3-{number}"}
        path = unquote(urlsplit(call.path).path)
        if refusal := refusal or self._refusal(call, path):
            error = f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>{refusal.more}"
            return _response(refusal.status, f"<Error>{error}</Error>", {**headers, **refusal.headers})
        if self.keep:
            self.objects[path] = call.body
            self.versions[path] += 1
        if self.version_id is not None:
            headers["x-amz-version-id"] = self.version_id
        return _response(200, "", {**headers, "ETag": f'"etag-{number}"'})

    def _refusal(self, call: Call, path: str) -> Refusal | None:
        """Return S3's own refusal of a put that is not as it should be."""
        if call.unsigned:
            return Refusal(403, "AccessDenied", "There were headers present in the request which were not signed")
        ends = self._ends.get(call.access_key)
        if ends is not None and ends < datetime.now(UTC):
            return Refusal(400, "ExpiredToken", "The provided token has expired.")
        claimed = call.headers.get("x-amz-checksum-sha256")
        if claimed is not None and claimed != base64.b64encode(hashlib.sha256(call.body).digest()).decode():
            return Refusal(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
        if not path.startswith(f"/{self.bucket}/"):
            return Refusal(404, "NoSuchBucket", "The specified bucket does not exist")
        if call.headers.get("x-amz-expected-bucket-owner", self.owner) != self.owner:
            return Refusal(403, "AccessDenied")
        if call.headers.get("if-none-match") == "*" and path in self.objects:
            message = "At least one of the pre-conditions you specified did not hold"
            return Refusal(412, "PreconditionFailed", message, "<Condition>If-None-Match</Condition>")
        return None


def _response(status: int, document: str, headers: Mapping[str, str] | None = None) -> bytes:
    body = document.encode()
    lines = [f"HTTP/1.1 {status} .", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


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
