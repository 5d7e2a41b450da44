"""A loopback backend that does exactly what a test's script says with each connection, and counts what reached it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

from adapter.ports import WireRequest

CERTS = Path(__file__).parent / "certs"


class Peer:
    """One connection, as the script sees it. ``number`` counts from 1."""

    def __init__(self, backend: RawBackend, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.backend, self.reader, self.writer = backend, reader, writer
        self.number = backend.connections

    async def request(self) -> bytes:
        """The next whole request, b"" where the client has closed."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        length = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        request = head + (await self.reader.readexactly(length[0]) if length else b"")
        self.backend.requests.append(request)
        self.backend.asked.release()
        return request

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until_closed(self) -> None:
        """Reads until the client has closed or reset the connection."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass


class RawBackend:
    """Serves ``script(peer)`` once per connection and closes it afterwards."""

    def __init__(self, script: Callable[[Peer], Awaitable[None]], *, tls: ssl.SSLContext | None = None) -> None:
        self.script, self.tls = script, tls
        self.connections = 0
        self.requests: list[bytes] = []
        self.asked = asyncio.Semaphore(0)  # released once per request
        self.gone = asyncio.Semaphore(0)  # released once per connection that is over
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def __aenter__(self) -> RawBackend:
        await self.listen()
        return self

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """As if the process had died: nobody listens, every connection is reset."""
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._serve(Peer(self, reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, peer: Peer) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                await self.script(peer)
            peer.writer.close()
        except asyncio.CancelledError:
            peer.writer.transport.abort()
        self.gone.release()

    def url(self, path: str = "/soap", scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def post(self, body: bytes = b"<order/>", **where: str) -> WireRequest:
        return WireRequest("POST", self.url(**where), {"Content-Type": "text/xml; charset=utf-8"}, body)

    def get(self) -> WireRequest:
        return WireRequest("GET", self.url(), {}, b"")


def reply(body: bytes = b"<ok/>", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def obliging(peer: Peer) -> None:
    """Answers every request of the connection."""
    while await peer.request():
        await peer.write(reply())


def server_tls(certificate: str = "server", *, ask_client: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / f"{certificate}.pem")
    if ask_client:
        context.load_verify_locations(CERTS / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context
