"""A small HTTP/1.1 server that can also misbehave below HTTP: close, stay silent, send half an answer.

Requests of one connection are answered one after the other, connections are kept until the client leaves. ``stop`` ends
every connection at once, whatever it is waiting for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Protocol
from urllib.parse import unquote, urlsplit

import httptools

_READ = 65536


class Transport(StrEnum):
    """What becomes of an answer: it is sent, the connection is closed or left silent instead, or only half of it is sent."""

    ANSWER = "answer"
    CLOSE = "close"
    NEVER = "never"
    HALF = "half"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. Header names are lower case; ``path`` is decoded, ``query`` is as sent."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Manner(Protocol):
    """How a reply is sent: ``after`` so many seconds, whole or not."""

    @property
    def after(self) -> float:
        """Seconds before anything is sent."""

    @property
    def transport(self) -> Transport:
        """What becomes of it."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """One reply. ``after`` is a delay in seconds before anything is sent."""

    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0
    transport: Transport = Transport.ANSWER

    def sent(self, manner: Manner) -> HttpReply:
        """The same reply, sent in this manner."""
        return replace(self, after=manner.after, transport=manner.transport)


BROKEN_SERVER = HttpReply(500, body=b"Internal Server Error\n")
"""What a server says whose program has failed: not in the words of its own interface."""


def cut_short(text: bytes) -> bytes:
    """Text that ends in its middle, though its length says that it is whole."""
    return text[: len(text) * 2 // 3]


Handler = Callable[[HttpRequest], HttpReply]


class HttpServer:
    """Serves ``handler``, which answers at once; delays and misbehaviour are told by its reply."""

    def __init__(self, handler: Handler, body_limit: int = 16 * 1024 * 1024) -> None:
        self._handler = handler
        self._body_limit = body_limit
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> int:
        """Listens, and returns the port (a free one for port 0). Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._connected, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stops listening and ends all connections, also those that are left silent."""
        if self._server is None:
            return
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming = _Incoming(self._body_limit)
        try:
            while data := await reader.read(_READ):
                refusal = incoming.feed(data)
                if incoming.continue_wanted():
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                for request, keep in incoming.take():
                    if not await _send(self._handler(request), keep, reader, writer):
                        return
                if refusal is not None:
                    await _send(refusal, False, reader, writer)
                    return
        except ConnectionError:
            pass  # the client left in the middle; that is its right
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        finally:
            writer.close()


async def _send(reply: HttpReply, keep: bool, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Sends the reply, or misbehaves as it says; tells whether the connection goes on."""
    if reply.after:
        await asyncio.sleep(reply.after)
    if reply.transport is Transport.CLOSE:
        writer.transport.abort()
        return False
    if reply.transport is Transport.NEVER:
        while await reader.read(_READ):
            pass
        return False
    half = reply.transport is Transport.HALF
    fields = {"content-type": reply.content_type, "content-length": str(len(reply.body)), **reply.headers}
    if not keep:
        fields["connection"] = "close"
    head = f"HTTP/1.1 {reply.status} {_phrase(reply.status)}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items())
    writer.write(head.encode("latin-1") + b"\r\n" + (reply.body[: len(reply.body) // 2] if half else reply.body))
    await writer.drain()
    return keep and not half


def _phrase(status: int) -> str:
    """A backend may have statuses of its own."""
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Its Own"


class _Incoming:
    """Puts requests together from the bytes of one connection."""

    def __init__(self, body_limit: int) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._limit = body_limit
        self._ready: list[tuple[HttpRequest, bool]] = []
        self._expects = False
        self.on_message_begin()

    def feed(self, data: bytes) -> HttpReply | None:
        """Takes bytes; returns a refusal when they are no HTTP, or too many."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._ready.clear()
            return HttpReply(status=400, body=b"upgrades are not supported: send plain HTTP/1.1 without Upgrade\n")
        except httptools.HttpParserError as error:
            return HttpReply(status=400, body=f"not HTTP: {error}\n".encode())
        if self._size > self._limit:
            return HttpReply(status=413, body=f"the body is larger than {self._limit} bytes\n".encode())
        return None

    def take(self) -> list[tuple[HttpRequest, bool]]:
        """The complete requests since the last call, each with whether its connection may be kept."""
        ready, self._ready = self._ready, []
        return ready

    def continue_wanted(self) -> bool:
        """Whether the client waits for 100 Continue before it sends its body."""
        expects, self._expects = self._expects, False
        return expects

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._expects = self._headers.get("expect", "").lower() == "100-continue"

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size <= self._limit:
            self._body.append(body)

    def on_message_complete(self) -> None:
        self._expects = False
        target = urlsplit(self._url.decode("latin-1"))
        method = self._parser.get_method().decode("latin-1")
        request = HttpRequest(method, unquote(target.path), target.query, self._headers, b"".join(self._body))
        if self._size <= self._limit:
            self._ready.append((request, self._parser.should_keep_alive()))
