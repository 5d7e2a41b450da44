"""One exchange on its way: which phase it is in, what still holds it, and what its failure means.

An exchange is certainly unsent until `Flight.begin` has let the first byte go, and in doubt from there on. aiohttp does
not tell when that is, so `FlightRequest` marks it at the two places where aiohttp hands bytes to the transport.
"""

from __future__ import annotations

import asyncio
import select
import time
from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import aiohttp

from adapter.errors import MaybeSent, NotSent, WireError
from adapter.wire.failure import BROKEN, describe
from adapter.wire.limit import MovingLimit
from adapter.wire.settings import WireSettings

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.client_middlewares import ClientHandlerType
    from aiohttp.connector import Connection

_CLOSED = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)


class Phase(IntEnum):
    """Where an exchange is. From SEND on a byte of the request may have left."""

    SLOT = 0
    CONNECT = 1
    SEND = 2
    ANSWER = 3
    READ = 4
    OVER = 5


class Flight:
    """The state of one exchange. ``place`` is host:port; ``deadline`` is in seconds of ``time.monotonic()``."""

    __slots__ = (
        "_limit",
        "_probe",
        "_reused",
        "_settings",
        "_used",
        "clock",
        "deadline",
        "end",
        "phase",
        "place",
        "since",
        "stale",
        "transport",
    )

    def __init__(self, place: str, settings: WireSettings, deadline: float | None, probe: Callable[[str], None]) -> None:
        self.place = place
        self.deadline = deadline
        self.since = time.monotonic()
        end = self.since + settings.exchange_seconds
        self.end = end if deadline is None else min(end, deadline)
        self.phase = Phase.SLOT
        self.stale = False
        self.transport: asyncio.WriteTransport | None = None
        self._limit = 0.0
        self._reused = False
        self._settings = settings
        self._probe = probe
        self.clock = MovingLimit(self._next(settings.slot_seconds))
        self._used: WeakSet[Any] = WeakSet()

    @property
    def unsent(self) -> bool:
        """Whether certainly no byte of the request has left."""
        return self.phase < Phase.SEND

    def connect(self, used: WeakSet[Any]) -> None:
        """A slot is taken. ``used`` are the connections that served an exchange before."""
        self._used = used
        self._enter(Phase.CONNECT, self._settings.connect_seconds)

    def usable(self, connection: Connection) -> bool:
        """Whether the peer still listens and the next bytes it sends will be the answer to this request."""
        protocol, transport = connection.protocol, connection.transport
        self._reused = protocol in self._used
        if protocol is None or transport is None or protocol.should_close or not _listens(transport, self._reused):
            self.stale = self._reused
            return False
        self._used.add(protocol)
        return True

    def begin(self, connection: Connection) -> bool:
        """Lets the first byte go, or not: where the connection was lost since `usable`, or time is over, nothing may be written."""
        if self.phase is not Phase.CONNECT:
            return True
        protocol, transport = connection.protocol, connection.transport
        if self.clock.expired or protocol is None or transport is None or transport.is_closing() or protocol.should_close:
            self.stale = self._reused
            return False
        self.transport = transport
        self._probe("before-send")
        self._enter(Phase.SEND, self._settings.send_seconds)
        return True

    def written(self) -> None:
        """The whole request is handed over. May come after the reply, from a backend that answers early."""
        if self.phase is Phase.SEND and not self.clock.expired:
            self._probe("after-send")
            self._enter(Phase.ANSWER, self._settings.answer_seconds)

    def answered(self) -> None:
        """The headers of the reply are here."""
        self._enter(Phase.READ, self._settings.exchange_seconds)

    def over(self) -> None:
        """The whole reply is here."""
        self._probe("after-reply")
        self.phase = Phase.OVER

    def abort(self) -> None:
        """Drops the connection at once, so that a half-written request is never completed later."""
        if self.transport is not None:
            self.transport.abort()

    def error(self, what: str) -> WireError:
        """The failure, judged by the phase it happened in."""
        if self.unsent:
            return NotSent(f"{self.place}: {what}; nothing was sent")
        return MaybeSent(f"{self.place}: {what}; the request may have been carried out")

    def late(self) -> WireError:
        """The failure of an exchange whose clock has run out."""
        settings, seconds, limit = self._settings, self._limit, f"{self.phase.name.lower()}_seconds"
        if self.since + seconds > self.end:
            seconds = max(self.end - self.since, 0)
            limit = "the caller's deadline" if self.end == self.deadline else f"exchange_seconds: {settings.exchange_seconds:g} in all"
        what = {
            Phase.SLOT: f"all {settings.slots} slots were in use for",
            Phase.CONNECT: "no connection within",
            Phase.SEND: "the request could not be written within",
            Phase.ANSWER: "no answer within",
            Phase.READ: "the answer began but was not complete within",
        }
        return self.error(f"{what[self.phase]} {seconds:.3g} s ({limit})")

    async def __call__(self, request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
        """Middleware of the session: no exception that aiohttp would answer with a second sending gets through.

        A kept connection that the peer has closed is replaced by another, which is no repetition: nothing was written.
        """
        assert isinstance(request, FlightRequest)
        request.flight = self
        while True:
            try:
                response = await handler(request)
                if not self.unsent:
                    return response
                response.close()  # it came while the request was about to be written: an answer to nothing
                error: Exception = aiohttp.ServerDisconnectedError()
            except BROKEN as broken:
                error = broken
            if not self.stale:
                early = self.unsent and isinstance(error, aiohttp.ServerDisconnectedError)
                what = "the backend closed the connection before the request was written" if early else describe(error)
                raise self.error(what) from error
            self.stale = False

    def _enter(self, phase: Phase, limit: float) -> None:
        self.phase = phase
        self.since = time.monotonic()
        self.clock.move(self._next(limit))

    def _next(self, limit: float) -> float:
        self._limit = limit
        return min(self.since + limit, self.end)


class FlightRequest(aiohttp.ClientRequest):
    """aiohttp's request, which asks its flight before the first byte and tells it after the last one."""

    flight: Flight

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Writes a request without body here; one with a body goes through `write_bytes` in a task of its own."""
        if not self.flight.usable(conn) or not (self.body or self.flight.begin(conn)):
            raise aiohttp.ServerDisconnectedError
        response = await super().send(conn)
        if not self.body:
            self.flight.written()
        return response

    async def write_bytes(self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None) -> None:
        """Writes headers and body, where the flight lets it."""
        if self.flight.begin(conn):
            await super().write_bytes(writer, conn, content_length)
            self.flight.written()
        elif conn.protocol is not None:
            conn.protocol.set_exception(aiohttp.ServerDisconnectedError())


def _listens(transport: asyncio.WriteTransport, reused: bool) -> bool:
    """Whether the peer still listens. On an idle connection bytes that nobody asked for count as its end."""
    if transport.is_closing():
        return False
    poll = select.poll()
    poll.register(transport.get_extra_info("socket"), _CLOSED | select.POLLIN if reused else _CLOSED)
    return not poll.poll(0)
