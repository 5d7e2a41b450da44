"""The only sockets towards listeners: one POST per event to an address that a client chose.

No redirect is followed, no proxy of the environment asked, no connection kept: each call looks its name up, checks what it stands for
and goes to the very address that was checked. Calls are signed as Standard Webhooks says (``webhook-id``, ``webhook-timestamp``,
``webhook-signature``), so that a receiver finds a ready check in its language. Keys and bodies are in no text of this module.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohappyeyeballs

from adapter import tracing
from adapter.channel import Tls
from adapter.errors import NotSent, WireError
from adapter.ports import WireReply, WireRequest
from adapter.wire.address import AddressPolicy
from adapter.wire.connection import Connection
from adapter.wire.failure import connect_words
from adapter.wire.flight import Flight
from adapter.wire.limit import Alarm
from adapter.wire.settings import WireSettings
from adapter.wire.target import Target, head_of
from adapter.wire.tls import tls_context

MOST_REPLY = 1_048_576
"""Bytes of an answer, which is read so that its sender is not cut off, and dropped; one that is longer counts as none."""

_NEXT_ADDRESS_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class CallbackLimits:
    """Seconds of a whole call, and of its connection: name lookup, TCP and TLS together. ``authorities`` is a PEM file of those that
    may sign listeners' certificates, where they are not the system's own."""

    seconds: float = 10.0
    connect_seconds: float = 3.0
    authorities: Path | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """What became of a call. ``status`` 0: no answer came, ``error`` says why. ``late``: it could not be begun in time, so it was not
    made; that is no fault of the listener's. ``retry_after`` is the header as it came."""

    status: int = 0
    error: str = ""
    retry_after: str | None = None
    late: bool = False

    @property
    def taken(self) -> bool:
        """Whether the listener has the event: any 2xx says so."""
        return 200 <= self.status < 300


class Callbacks:
    """Calls listeners. Raises ConfigError for authorities that cannot be read."""

    def __init__(self, policy: AddressPolicy, limits: CallbackLimits = CallbackLimits()) -> None:
        self._policy, self._alarm = policy, Alarm()
        tls = Tls(authorities=limits.authorities)
        self._context = tls_context(tls) if limits.authorities else None
        self._settings = WireSettings(
            connect_seconds=limits.connect_seconds,
            send_seconds=limits.seconds,
            answer_seconds=limits.seconds,
            exchange_seconds=limits.seconds,
            keepalive_seconds=0,
            max_reply_bytes=MOST_REPLY,
            tls=tls,
        )

    async def send(
        self, url: str, body: bytes, event_id: str, at: int, keys: Sequence[bytes] = (), begin_by: float | None = None
    ) -> Called:
        """POSTs one event, signed with each of ``keys`` at ``at`` (milliseconds, UTC). Raises nothing but cancellation.

        ``begin_by`` is a time of ``time.monotonic()``: after it no byte of the request leaves any more.
        """
        flight = Flight("the listener", self._settings, None, _unprobed, self._alarm)
        headers = {
            "Content-Type": "application/json;charset=utf-8",
            "Accept-Encoding": "identity",
            **signed(event_id, at, body, keys),
            **tracing.carried(),
        }
        try:
            target = self._policy.target(url)
            flight.place = target.place
            with flight.clock:
                flight.connect()
                reply = await self._ask(WireRequest("POST", url, headers, body), target, flight, begin_by)
        except ValueError as error:
            return Called(error=f"the callback {error}")
        except TimeoutError:
            return Called(error=_words(flight.late()))
        except _TooLateError:
            return Called(error="the call could not be begun in time", late=True)
        except WireError as error:
            return Called(error=_words(error))
        return Called(reply.status, "" if 200 <= reply.status < 300 else f"answered {reply.status}", reply.headers.get("retry-after"))

    async def _ask(self, request: WireRequest, target: Target, flight: Flight, begin_by: float | None) -> WireReply:
        head = head_of(request, target, self._settings)
        try:
            connection = await self._open(target)
        except (OSError, UnicodeError) as error:
            raise flight.error(connect_words(error) if isinstance(error, OSError) else "the host name cannot be resolved") from error
        try:
            if not connection.usable:
                raise flight.error("the listener closed the connection before the request was written")
            if begin_by is not None and time.monotonic() > begin_by:
                raise _TooLateError
            return await connection.ask(head, request.body, flight)  # writes before it waits for anything
        finally:
            connection.abort()

    async def _open(self, target: Target) -> Connection:
        addresses = await self._policy.addresses(target.host, target.port)
        opened = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS, interleave=1)
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(self._settings, _forgotten),
                sock=opened,
                ssl=self._tls() if target.tls else None,
                server_hostname=target.host if target.tls else None,
            )
        except BaseException:
            opened.close()
            raise
        return connection

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:  # reading the system's authorities takes a while
            self._context = tls_context(Tls())
        return self._context


def signed(event_id: str, at: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The headers by which a receiver knows repeats and, where there are keys, the sender. ``at`` is milliseconds, UTC."""
    stamp = str(at // 1000)
    headers = {"webhook-id": event_id, "webhook-timestamp": stamp}
    if keys:
        text = b".".join((event_id.encode(), stamp.encode(), body))
        digests = [base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode() for key in keys]
        headers["webhook-signature"] = " ".join(f"v1,{digest}" for digest in digests)
    return headers


class _TooLateError(Exception):
    """The call was not begun in time."""


def _words(error: WireError) -> str:
    """The failure, with the other side called what it is here."""
    text = str(error)
    for there, here in (
        ("the backend", "the listener"),
        ("exchange_seconds", "callbacks.seconds"),
        ("connect_seconds", "callbacks.connectSeconds"),
    ):
        text = text.replace(there, here)
    return (
        text.removesuffix("; nothing was sent")
        if isinstance(error, NotSent)
        else text.removesuffix("; the request may have been carried out")
    )


def _unprobed(_point: str) -> None:
    """No fault points here."""


def _forgotten(_connection: Connection) -> None:
    """Nobody keeps connections here."""
