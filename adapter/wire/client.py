"""The HTTP client of one backend: bounds callers, keeps connections, separates "not sent" from "may have been sent"."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable

import aiohappyeyeballs

from adapter.channel import Tls
from adapter.errors import MaybeSent, NotSent, WireError
from adapter.ports import WireReply, WireRequest
from adapter.wire.connection import Connection
from adapter.wire.failure import connect_words
from adapter.wire.flight import Flight
from adapter.wire.limit import Alarm
from adapter.wire.observer import Unobserved, WireObserver
from adapter.wire.pool import Pool
from adapter.wire.settings import WireSettings
from adapter.wire.target import Target, head_of, target_of, wrong_header
from adapter.wire.tls import tls_context

_NEXT_ADDRESS_SECONDS = 0.25  # a host with several addresses is tried at the next one after this time


class Wire:
    """The way to one backend. Follows no redirect, keeps no cookie, asks no environment proxy, never sends twice.

    Belongs to the event loop of its first `send`. ``probe`` is called with the name of each fault point on the way
    (before-send, after-send, after-reply) and must not raise. Raises ConfigError where a declared TLS file cannot be used.
    """

    def __init__(
        self,
        settings: WireSettings,
        *,
        observer: WireObserver | None = None,
        probe: Callable[[str], None] = lambda _point: None,
    ) -> None:
        self._settings = settings
        self._observer = observer or Unobserved()
        self._probe = probe
        # Without a declaration the system's authorities count; reading them takes a while, so not before they are needed.
        self._tls = tls_context(settings.tls) if settings.tls != Tls() else None
        self._slots = asyncio.Semaphore(settings.slots)
        self._pool = Pool(settings.keepalive_seconds)
        self._alarm = Alarm()
        self._closed = False

    async def send(self, request: WireRequest, *, deadline: float | None = None) -> WireReply:
        """Sends one request and reads the whole reply, whatever its status.

        ``deadline`` is a time of the running loop, which is that of ``time.monotonic()``.
        Raises NotSent where certainly no byte of the request left, MaybeSent where the backend may have acted.
        A cancelled call closes its connection; what it means is the caller's to judge.
        """
        flight = Flight("", self._settings, deadline, self._probe, self._alarm)
        started, outcome = flight.since, "cancelled"
        taken = False
        try:
            target = self._target(request, flight)
            with flight.clock:
                await self._slots.acquire()
                taken = True
                try:
                    self._observer.slot_taken(time.monotonic() - started)
                    reply = await self._exchange(request, target, flight)
                finally:
                    self._slots.release()
            outcome = "replied"
            return reply
        except TimeoutError as error:
            # Only the clock gets here: other time-outs are errors of the connection and already have their meaning.
            failure = flight.late()
            outcome = _outcome(failure)
            raise failure from error
        except WireError as error:
            outcome = _outcome(error)
            raise
        finally:
            took = time.monotonic() - started
            if taken:
                self._observer.ended(outcome, took)
            else:
                self._observer.slot_refused(took)

    async def close(self) -> None:
        """Closes all connections; exchanges in flight end in MaybeSent, later ones in NotSent. May be called twice."""
        self._closed = True
        await self._pool.close()

    def _target(self, request: WireRequest, flight: Flight) -> Target:
        try:
            target = target_of(request.url)
        except ValueError as error:
            raise NotSent(f"the address of the request {error}; nothing was sent") from error
        flight.place = target.place
        if self._closed:
            raise flight.error("this client is closed")
        wrong = wrong_header(request)
        if wrong is not None:
            raise flight.error(f"the header {wrong!r} holds control characters")
        if flight.end <= flight.since:
            raise flight.error("the caller's deadline was over before the call")
        return target

    async def _exchange(self, request: WireRequest, target: Target, flight: Flight) -> WireReply:
        if self._closed:
            raise flight.error("this client was closed while the call waited for a slot")
        try:
            head = head_of(request, target, self._settings)
        except ValueError as error:
            raise flight.error(f"the exchange cannot be carried on ({error})") from error
        connection = self._pool.take(target.origin) or await self._connect(target, flight)
        try:
            reply = await connection.ask(head, request.body, flight, bodiless=request.method == "HEAD")
        except BaseException as error:
            connection.abort()
            # A call was sent and not answered: kept connections may lead to the same dead peer. A caller that was cancelled
            # proves nothing, the peer had no part in it.
            if (isinstance(error, WireError) or flight.clock.expired) and self._pool.suspect(connection):
                self._observer.pool_replaced()
            raise
        flight.over()
        self._pool.give_back(target.origin, connection)
        return reply

    async def _connect(self, target: Target, flight: Flight) -> Connection:
        """A new connection that the peer has not closed. Raises NotSent."""
        flight.connect()
        try:
            connection = await self._open(target)
        except OSError as error:
            raise flight.error(connect_words(error)) from error
        if self._closed or not connection.usable:
            connection.abort()
            closed = "this client was closed while it connected"
            raise flight.error(closed if self._closed else "the backend closed the connection before the request was written")
        self._pool.add(connection)
        return connection

    async def _open(self, target: Target) -> Connection:
        loop = asyncio.get_running_loop()
        addresses = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        opened = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS, interleave=1)
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _, connection = await loop.create_connection(
                lambda: Connection(self._settings, self._pool.remove),
                sock=opened,
                ssl=self._context() if target.tls else None,
                server_hostname=(self._settings.tls.server_name or target.host) if target.tls else None,
            )
        except BaseException:
            opened.close()
            raise
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = tls_context(self._settings.tls)
        return self._tls


def _outcome(error: WireError) -> str:
    return "maybe_sent" if isinstance(error, MaybeSent) else "not_sent"
