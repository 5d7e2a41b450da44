"""The HTTP protocol of uvicorn with a limit on how long a request may take to arrive.

uvicorn itself waits for ever for the rest of a request's head, and for a body whose answer is already out. Callers that
send a byte now and then could so hold all connections.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ARRIVAL_SECONDS = 30.0
_MOST_HEAD = 65_536


class BoundedProtocol(HttpToolsProtocol):
    """Give it to ``uvicorn.Config(http=...)``. Closes a connection whose request is not whole ``arrival_seconds`` after its
    first byte, or whose head is larger than 64 KB; a new connection has as long for its first byte."""

    arrival_seconds = ARRIVAL_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._arrival: asyncio.TimerHandle | None = None
        self._head_size, self._in_head = 0, False

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
        if self._in_head:
            self._head_size += len(data)
            if self._head_size > _MOST_HEAD:
                self._give_up()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """The first byte of a request is here."""
        super().on_message_begin()
        self._head_size, self._in_head = 0, True
        self._expect()

    def on_headers_complete(self) -> None:
        """The head of a request is whole."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._arrived()
        super().on_message_complete()

    def _expect(self) -> None:
        self._arrived()
        self._arrival = self.loop.call_later(self.arrival_seconds, self._give_up)

    def _arrived(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None

    def _give_up(self) -> None:
        self._arrival = None
        if not self.transport.is_closing():
            self.transport.close()
