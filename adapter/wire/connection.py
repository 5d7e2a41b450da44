"""One connection to a backend: writes a request, reads its reply, one exchange at a time. Repeats nothing.

Nobody else writes to the socket, so that the moment from which a request may have left is known: it is the call of `ask`
that finds the connection open. httptools (llhttp) takes the reply apart; what it refuses is no HTTP.
"""

from __future__ import annotations

import asyncio
import select
import zlib
from collections.abc import Callable
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from adapter.ports import WireReply
from adapter.wire.failure import lost_words
from adapter.wire.flight import Flight
from adapter.wire.settings import WireSettings

_CLOSED = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)
_HEAD_LINES = 16  # lines of the greatest length that a whole head may have
_BROKEN_OFF = "the answer broke off before its end, or cannot be unpacked"
_UNPACKED = ("content-encoding", "content-length")  # they describe the packed body


class Connection(asyncio.Protocol):
    """``lost`` is called once, when the connection is gone. ``since`` is for who keeps it: from when on it is idle."""

    def __init__(self, settings: WireSettings, lost: Callable[[Connection], None]) -> None:
        self.since = 0.0
        self._settings, self._lost = settings, lost
        self._open = self._used = False
        self._flight: Flight | None = None  # while a reply is awaited
        self._reply: asyncio.Future[WireReply]
        self._paused = self._spoilt = False
        self._poll = select.poll()
        self._parser = HttpResponseParser(self)
        # What deployed backends get wrong and every client reads: folded lines, bare line feeds.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )

    @property
    def keeps(self) -> bool:
        """Whether another exchange may follow, as far as this side knows."""
        return self._open and not self._spoilt and not self._transport.is_closing()

    @property
    def usable(self) -> bool:
        """Whether the peer still listens. On one that was used, bytes that nobody asked for count as its end."""
        if not self.keeps:
            return False
        return not self._poll.poll(0)

    async def ask(self, head: bytes, body: bytes, flight: Flight, *, bodiless: bool = False) -> WireReply:
        """Sends a request and waits for the whole reply. ``bodiless``: the reply will have no body, whatever its headers say.

        Raises the flight's errors. After any exception the connection is of no use any more.
        """
        self._reply = self._loop.create_future()
        if not self._used:
            self._used = True
            self._poll.register(self._transport.get_extra_info("socket"), _CLOSED | select.POLLIN)
        self._flight, self._bodiless = flight, bodiless
        self._begin()
        flight.begin()
        if body:
            self._transport.writelines((head, body))
        else:
            self._transport.write(head)
        if self._paused:
            flight.pending()
        else:
            flight.written()
        return await self._reply

    def abort(self, what: str = "") -> None:
        """Drops the connection at once, so that a half-written request is never completed later. An exchange that is still
        waited for fails with ``what``."""
        self._fail(what)
        if self._used and self._reply.done() and not self._reply.cancelled():
            self._reply.exception()  # it came in the same turn as the caller's end, and nobody will ask for it
        self._transport.abort()

    def close(self) -> None:
        """Ends an idle connection."""
        self._transport.close()

    # the transport speaks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there, its TLS handshake done."""
        self._transport, self._loop = cast("asyncio.Transport", transport), asyncio.get_running_loop()
        self._poll.register(transport.get_extra_info("socket"), _CLOSED)
        self._open = True

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, by whatever side."""
        self._open = False
        if self._flight is not None:
            if exc is None and self._in_body and self._until_close:
                self._complete()
            elif self._in_body:
                self._fail(f"{_BROKEN_OFF}, after {self._size} bytes of its body")
            else:
                self._fail(lost_words(exc))
        self._lost(self)

    def pause_writing(self) -> None:
        """The request is larger than the buffers."""
        self._paused = True

    def resume_writing(self) -> None:
        """The rest of the request fits into the buffers."""
        self._paused = False
        if self._flight is not None:
            self._flight.written()

    def data_received(self, data: bytes) -> None:
        """A piece of the reply."""
        if self._flight is None:  # an answer to nothing
            self._spoilt = True
            self._transport.abort()
            return
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._spoilt = True
            self._fail(f"the answer is not valid HTTP ({_reason(error)})")
        if not self._in_body:
            self._head_size += len(data)
            if self._head_size > _HEAD_LINES * self._settings.max_header_bytes:
                self._fail("the answer is not valid HTTP (its headers do not end)")

    # the parser speaks

    def on_message_begin(self) -> None:
        """A reply, or, behind a whole one, something nobody asked for."""
        self._spoilt = self._spoilt or self._flight is None

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, or the trailer of a chunked body."""
        if self._flight is None or self._in_body:
            return
        if len(name) + len(value) > self._settings.max_header_bytes:
            self._fail(f"the answer is not valid HTTP (a header is longer than max_header_bytes ({self._settings.max_header_bytes}))")
            return
        # Bytes that are no UTF-8 would be something that nothing behind this can write.
        key, text = name.decode("ascii", "replace").lower(), value.decode("utf-8", "replace")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """The headers are whole."""
        self._status = self._parser.get_status_code()
        if self._flight is None or self._status < 200:
            return
        self._flight.answered()
        self._in_body = True
        length = self._headers.get("content-length")
        self._until_close = length is None and "chunked" not in self._headers.get("transfer-encoding", "").lower()
        if self._bodiless:
            self._spoilt = True  # the parser waits for a body
            self._complete()
        elif length is not None and int(length) > self._settings.max_reply_bytes:
            most = self._settings.max_reply_bytes
            self._fail(f"the answer is announced with {length} bytes, more than max_reply_bytes ({most})")

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self._size += len(data)
        if self._size > self._settings.max_reply_bytes:
            self._fail(f"the answer is larger than max_reply_bytes ({self._settings.max_reply_bytes})")
        elif self._flight is not None:
            self._blocks.append(data)

    def on_message_complete(self) -> None:
        """The reply is whole, unless it was an informational one, which goes before the reply."""
        if self._status < 200:
            self._begin()
        elif self._flight is not None:
            self._spoilt = self._spoilt or self._paused or not self._parser.should_keep_alive()
            self._complete()

    def _begin(self) -> None:
        self._headers: dict[str, str] = {}
        self._blocks: list[bytes] = []
        self._size = self._head_size = self._status = 0
        self._in_body = self._until_close = False

    def _complete(self) -> None:
        body = self._blocks[0] if len(self._blocks) == 1 else b"".join(self._blocks)
        packing = self._headers.get("content-encoding", "identity").strip().lower()
        if packing != "identity" and body:
            try:
                body = _unpacked(body, packing, self._settings.max_reply_bytes + 1)
            except (zlib.error, ValueError):
                self._fail(f"{_BROKEN_OFF}, after {self._size} bytes of its body")
                return
            if len(body) > self._settings.max_reply_bytes:
                self._fail(f"the answer is larger than max_reply_bytes ({self._settings.max_reply_bytes})")
                return
            for name in _UNPACKED:
                self._headers.pop(name, None)
        self._flight = None
        if not self._reply.done():
            self._reply.set_result(WireReply(self._status, self._headers, body))

    def _fail(self, what: str) -> None:
        flight, self._flight = self._flight, None
        if flight is not None and not self._reply.done():
            self._reply.set_exception(flight.error(what))


def _reason(error: Exception) -> str:
    return "it asks for another protocol" if isinstance(error, HttpParserUpgrade) else str(error)


def _unpacked(body: bytes, packing: str, most: int) -> bytes:
    """At most ``most`` bytes. Raises zlib.error, ValueError."""
    if packing not in ("gzip", "x-gzip", "deflate"):
        raise ValueError(f"{packing} was not asked for")
    raw = packing == "deflate" and body[0] & 0x0F != zlib.DEFLATED  # without zlib's frame, as some servers have it
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS if raw else zlib.MAX_WBITS | 32)
    plain = unpacker.decompress(body, most)
    if not unpacker.eof and len(plain) < most:
        raise ValueError("it breaks off")
    return plain
