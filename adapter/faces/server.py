"""The HTTP protocol of uvicorn with a limit on how long a request may take to arrive, and refusals in JSON.

uvicorn itself waits for ever for the rest of a request's head, and for a body whose answer is already out. Callers that
send a byte now and then could so hold all connections.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from collections import deque
from typing import Any, cast
from urllib.parse import unquote

import httptools
import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from adapter.contract.json_bytes import write_json
from adapter.faces.cycle import CYCLE, Cycle
from adapter.faces.failure import plain_error
from adapter.frozen import maker

log = structlog.get_logger("adapter.server")

ARRIVAL_SECONDS = 30.0
_MOST_HEAD = 65_536
_MOST_SWALLOWED, _SWALLOW_SECONDS = 1_048_576, 2.0
_REQUEST_LINE = re.compile(rb"[A-Za-z]+ \S+ HTTP/1\.[01]\r\n")
_REASONS = {400: b"Bad Request", 431: b"Request Header Fields Too Large", 501: b"Not Implemented"}
_cycle = maker(Cycle)


class _Structured(logging.Handler):
    """What uvicorn says of a connection becomes an event like all others."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one event."""
        log.log(record.levelno, "server.said", text=record.getMessage(), exc_info=record.exc_info)


_said = logging.Logger("adapter.server", logging.WARNING)
_said.addHandler(_Structured())


class _HeadTooLargeError(Exception):
    """Stops the parser."""


class BoundedProtocol(HttpToolsProtocol):
    """Give it to ``uvicorn.Config(http=...)``. Closes a connection whose request is not whole ``arrival_seconds`` after its
    first byte; a new connection has as long for its first byte. A head larger than 64 KB is answered 431, a method that
    HTTP does not have 501, what is no HTTP 400. What this service declares nowhere, it does not look for: WebSockets, a root path, a limit
    of connections."""

    arrival_seconds = ARRIVAL_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._arrival: asyncio.TimerHandle | None = None
        self._piece = b""
        self._head_size, self._in_head = 0, False
        self._begun = False  # a request that began in this piece, and has not ended in it
        self._fields_size, self._swallowed = 0, -1  # -1: not refused
        self._running: RequestResponseCycle | None = None  # the cycle that is answered, the ones behind it wait
        self.logger = _said

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller has connected."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A piece of a request. A head that does not end is not collected for ever."""
        if self._swallowed >= 0:
            self._swallowed += len(data)
            if self._swallowed > _MOST_SWALLOWED:
                self._give_up()
            return
        if self._in_head:
            self._head_size += len(data)
            if self._head_size > _MOST_HEAD:
                self.logger.warning("The head of a request is too large.")
                self._refuse(431)
                return
        self._piece = data
        super().data_received(data)
        if self._begun and self._swallowed < 0:
            self._begun = False
            self._expect()

    def on_message_begin(self) -> None:
        """The first byte of a request is here."""
        super().on_message_begin()
        self._head_size, self._fields_size, self._in_head, self._begun = 0, 0, True, True

    def on_headers_complete(self) -> None:
        """The head of a request is whole: it goes to the application, or waits until the one before it is answered. One that came whole in
        one piece is measured here."""
        self._in_head = False
        self._fields_size = len(self.url) + sum([len(name) + len(value) + 4 for name, value in self.headers])
        if self._fields_size > _MOST_HEAD:
            raise _HeadTooLargeError
        self.headers = cast("Any", deque(maxlen=0))  # what follows behind a body is no part of the head, and nobody reads it
        version, url = self.parser.get_http_version(), httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        self.scope |= {
            "method": self.parser.get_method().decode("ascii"),
            "http_version": version,
            "path": unquote(path) if "%" in path else path,
            "raw_path": url.path,
            "query_string": url.query or b"",
        }
        before = self.cycle
        self.cycle = cycle = _cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        self.scope["extensions"] = cast("Any", {CYCLE: cycle})
        if before is None or before.response_complete:
            self._running = cycle
            self._start_asgi_task(cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def on_response_complete(self) -> None:
        """An answer is out; the next request that waits is begun."""
        if self._running is not None:
            self._running.scope["extensions"] = {}  # each would keep the other until the next search for such circles
        self._running = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._begun = False
        self._arrived()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the words are ours
        """The parser has given up. It refuses a method that it does not know before it has read the address, so no face can be asked."""
        unknown = isinstance(sys.exception(), httptools.HttpParserInvalidMethodError) and _REQUEST_LINE.match(self._piece)
        self._refuse(501 if unknown else 431 if self._fields_size > _MOST_HEAD else 400)

    def _refuse(self, status: int) -> None:
        """Answers in place of the application and drops what still comes, for a while: closing at once would reset the
        connection, and the reset takes the answer with it."""
        if self.transport.is_closing():
            return
        self.pipeline.clear()
        running = self._running
        if running is not None and not (running.response_complete or running.more_body):
            running.keep_alive = False  # it is whole, may have been done, and gets its own answer; what came behind it gets none
            self._swallowed = 0
            self._arrived()
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # its request is broken, and nothing may be written behind this answer
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.transport.close()
                return
        body = write_json(plain_error(status))
        lines = [
            b"HTTP/1.1 %d %s" % (status, _REASONS[status]),
            b"content-type: application/json",
            b"content-length: %d" % len(body),
            b"connection: close",
        ]
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        self._swallowed = 0
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._expect(_SWALLOW_SECONDS)

    def _expect(self, seconds: float = 0.0) -> None:
        self._arrived()
        self._arrival = self.loop.call_later(seconds or self.arrival_seconds, self._give_up)

    def _arrived(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None

    def _give_up(self) -> None:
        self._arrival = None
        if not self.transport.is_closing():
            self.transport.close()
