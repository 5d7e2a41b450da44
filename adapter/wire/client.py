"""The HTTP client of one backend: keeps connections, bounds callers, separates "not sent" from "may have been sent"."""

from __future__ import annotations

import asyncio
import io
import re
import ssl
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from weakref import WeakSet

import aiohttp
from yarl import URL

from adapter.errors import MaybeSent, NotSent, WireError
from adapter.loopback import is_loopback
from adapter.ports import WireReply, WireRequest
from adapter.wire.failure import BROKEN, describe
from adapter.wire.flight import Flight, FlightRequest
from adapter.wire.observer import Unobserved, WireObserver
from adapter.wire.settings import TlsSettings, WireSettings
from adapter.wire.tls import tls_context

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ONE_PIECE = 2**20
_UNPACKED = ("content-encoding", "content-length")


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
        # aiohttp's own verifying context is there already; reading the system's authorities again would take a while.
        self._tls = tls_context(settings.tls) if settings.tls != TlsSettings() else True
        self._slots = asyncio.Semaphore(settings.slots)
        self._pool: _Pool | None = None
        self._pools: set[_Pool] = set()  # with those that still serve the last of their exchanges
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    async def send(self, request: WireRequest, *, deadline: float | None = None) -> WireReply:
        """Sends one request and reads the whole reply, whatever its status.

        ``deadline`` is a time of the running loop, which is that of ``time.monotonic()``.
        Raises NotSent where certainly no byte of the request left, MaybeSent where the backend may have acted.
        A cancelled call closes its connection; what it means is the caller's to judge.
        """
        flight = Flight("", self._settings, deadline, self._probe)
        started, outcome = flight.since, "cancelled"
        taken = False
        try:
            url = self._address(request, flight)
            async with flight.clock, self._slots:
                taken = True
                self._observer.slot_taken(time.monotonic() - started)
                reply = await self._exchange(request, url, flight)
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
        await asyncio.gather(*self._closing, *(pool.session.close() for pool in self._pools))
        self._pools.clear()

    def _address(self, request: WireRequest, flight: Flight) -> URL:
        try:
            url, flight.place, loopback = _parse(request.url)
        except ValueError as error:
            raise NotSent(f"the address of the request {error}; nothing was sent") from error
        if self._closed:
            raise flight.error("this client is closed")
        if url.scheme == "https" and not self._settings.tls.verify and not loopback:
            raise flight.error("tls.verify is off, which is allowed for loopback addresses only")
        for name, value in request.headers.items():
            if _CONTROL.search(name) or _CONTROL.search(value):
                raise flight.error(f"the header {name!r} holds control characters")
        if flight.end <= flight.since:
            raise flight.error("the caller's deadline was over before the call")
        return url

    async def _exchange(self, request: WireRequest, url: URL, flight: Flight) -> WireReply:
        if self._closed:
            raise flight.error("this client was closed while the call waited for a slot")
        pool = self._pool
        if pool is None:
            pool = self._pool = _Pool(self._settings, self._tls)
            self._pools.add(pool)
        flight.connect(pool.used)
        pool.flights += 1
        try:
            return await self._ask(request, url, flight, pool)
        except BaseException as error:
            flight.abort()
            if not flight.unsent and (isinstance(error, WireError) or flight.clock.expired):
                self._replace(pool)  # not for a caller that was cancelled: the peer had no part in it
            raise
        finally:
            pool.flights -= 1
            self._retire(pool)

    async def _ask(self, request: WireRequest, url: URL, flight: Flight, pool: _Pool) -> WireReply:
        try:
            response = await pool.session.request(
                request.method,
                url,
                data=_data(request.body),
                headers=request.headers,
                allow_redirects=False,
                server_hostname=self._settings.tls.server_name,
                middlewares=(flight,),
            )
        except BROKEN as error:  # before the middleware: the request cannot be made
            raise flight.error(describe(error)) from error
        flight.answered()
        try:
            body = await self._read(response, flight)
        except BaseException:
            response.close()
            raise
        flight.over()
        return WireReply(response.status, _headers(response.headers), body)

    async def _read(self, response: aiohttp.ClientResponse, flight: Flight) -> bytes:
        most = self._settings.max_reply_bytes
        blocks, size = [], response.content_length or 0
        if size > most:
            raise flight.error(f"the answer is announced with {size} bytes, more than max_reply_bytes ({most})")
        size = 0
        try:
            while block := await response.content.readany():
                size += len(block)
                if size > most:
                    raise flight.error(f"the answer is larger than max_reply_bytes ({most})")
                blocks.append(block)
        except BROKEN as error:
            raise flight.error(f"{describe(error)}, after {size} bytes of its body") from error
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)

    def _replace(self, pool: _Pool) -> None:
        """A call was sent and not answered: kept connections may lead to the same dead peer, so none is used again."""
        if pool is self._pool:
            self._pool = None
            self._observer.pool_replaced()

    def _retire(self, pool: _Pool) -> None:
        if pool is not self._pool and pool.flights == 0 and pool in self._pools:
            self._pools.discard(pool)
            task = asyncio.get_running_loop().create_task(pool.session.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


class _Pool:
    """One aiohttp session. Its own bound on connections is off: the slots bound the callers, and cannot leak."""

    __slots__ = ("flights", "session", "used")

    def __init__(self, settings: WireSettings, tls: ssl.SSLContext | bool) -> None:
        self.flights = 0
        self.used: WeakSet[Any] = WeakSet()
        keep = settings.keepalive_seconds
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=tls, keepalive_timeout=keep or None, force_close=not keep),
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=FlightRequest,
            # Every limit is kept by the flight's own clock, which knows what its end means.
            timeout=aiohttp.ClientTimeout(),
            trust_env=False,
            headers={"User-Agent": settings.user_agent, "Accept-Encoding": "gzip, deflate"},
            max_line_size=settings.max_header_bytes,
            max_field_size=settings.max_header_bytes,
        )


def _data(body: bytes) -> bytes | io.BytesIO | None:
    # aiohttp hands bytes to the transport in one piece, and warns of it from this size on; a file goes piece by piece.
    return io.BytesIO(body) if len(body) > _ONE_PIECE else body or None


@lru_cache(maxsize=256)
def _parse(text: str) -> tuple[URL, str, bool]:
    """The URL as it was written, its host:port, and whether that is loopback. Raises ValueError."""
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("holds blanks, control characters or characters that are not ASCII")
    try:
        url = URL(text, encoded=True)
        host, port = url.host, url.port
    except ValueError as error:
        raise ValueError("is not a valid URL") from error
    if url.scheme not in ("http", "https") or not host or not port:
        raise ValueError("is not a valid http or https URL")
    if url.raw_user is not None:
        raise ValueError("holds credentials, which belong into the settings of basic authentication")
    return url, f"{url.host_subcomponent}:{port}", is_loopback(host)


def _headers(raw: Mapping[str, str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw.items():
        key = name.lower()
        # Bytes that are no UTF-8 arrive as lone surrogates, which nothing behind this can write.
        text = value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    if "content-encoding" in headers:
        for key in _UNPACKED:
            headers.pop(key, None)  # they describe the packed body
    return headers


def _outcome(error: WireError) -> str:
    return "maybe_sent" if isinstance(error, MaybeSent) else "not_sent"
