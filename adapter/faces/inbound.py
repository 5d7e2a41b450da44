"""Where backends send messages: ``/inbound/<market>`` and what is below, in the words of each market's way of speaking.

The checks stand in the order in which they cost: how much is in work, credentials, then the body. Every message is answered, with a
fault where it cannot be taken, and leaves one line in the log.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from adapter import tracing
from adapter.errors import AdapterError, CallerError, NotAuthenticated, Overloaded, UnsupportedMedia
from adapter.faces.incoming import CallerGone, Incoming, drain, read_body
from adapter.inbound import Inbound, InboundSecurity
from adapter.logs import Exchange
from adapter.ports import InboundRequest, Receiver, WireReply
from adapter.receiving import Receiving

log = structlog.get_logger("adapter.inbound")

BASE = "/inbound/"
CORRELATION = "x-correlation-id"
_GONE, _TOO_LARGE, _LONGEST = 499, 413, 128

Finished = Callable[[str, str, str, float], None]
"""Hears of every request: market, operation, what became of it, seconds."""


@dataclass(slots=True)
class _Told:
    """What becomes known of a request on its way, for its log line and its counters."""

    operation: str = "none"
    outcome: str = "fault"


class InboundRoute(BaseRoute):
    """Everything under ``/inbound/<market>`` of a market that takes messages. ``base_url`` is how the service is reached."""

    def __init__(self, receiving: Receiving, base_url: str, finished: Finished) -> None:
        self._receiving, self._base_url, self._finished = receiving, base_url.rstrip("/"), finished
        self._in_flight: dict[str, int] = {}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Full for a market that takes messages, and all below it."""
        path: str = scope.get("path", "")
        inside = scope["type"] == "http" and path.startswith(BASE) and self._inlet(path) is not None
        return (Match.FULL if inside else Match.NONE), {}

    def _inlet(self, path: str) -> tuple[Inbound, Receiver] | None:
        backend = self._receiving.backends.get(path.removeprefix(BASE).partition("/")[0])
        if backend is None or backend.receiver is None or backend.market.inbound is None:
            return None
        return backend.market.inbound, backend.receiver

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request. Nothing is raised but cancellation."""
        started, incoming = time.perf_counter(), Incoming(scope, receive)
        correlation, told = _correlation(incoming), _Told()
        market = incoming.path.removeprefix(BASE).partition("/")[0]
        parent = {name: value for name in ("traceparent", "tracestate") if (value := incoming.first(name.encode())) is not None}
        with (
            structlog.contextvars.bound_contextvars(correlation_id=correlation, market=market),
            Exchange(),
            tracing.received("receive", parent) as station,
        ):
            status, lingering = _GONE, False
            try:
                reply = await self._answer(incoming, market, correlation, told)
                status = reply.status
                lingering = status == _TOO_LARGE and not incoming.whole and incoming.first(b"expect") is None
                await _send(send, reply, incoming, correlation, more=lingering)
            except CallerGone:
                told.outcome = "gone"
            finally:
                seconds = time.perf_counter() - started
                self._finished(market, told.operation, told.outcome, seconds)
                station.note("operation", told.operation)
                station.note("outcome", told.outcome)
                station.note("status", status)
                write = log.info if status < 500 else log.warning
                write("message.answered", operation=told.operation, outcome=told.outcome, status=status, ms=round(seconds * 1000, 1))
            if lingering:
                await drain(incoming)
                await send({"type": "http.response.body", "body": b""})

    async def _answer(self, incoming: Incoming, market: str, correlation: str, told: _Told) -> WireReply:
        found = self._inlet(incoming.path)
        assert found is not None, "the route matched"
        inbound, receiver = found
        request = InboundRequest(
            incoming.method,
            incoming.path.removeprefix(BASE).partition("/")[2].strip("/"),
            incoming.query.decode("latin-1"),
            incoming.firsts(),
            b"",
        )
        self._in_flight[market] = self._in_flight.get(market, 0) + 1
        try:
            if self._in_flight[market] > inbound.limits.in_flight:
                raise Overloaded
            _authenticate(incoming, inbound.security, market)
            described = receiver.described(request, f"{self._base_url}{BASE}{market}")
            if described is not None:
                told.outcome = "described"
                return described
            _check_encoding(incoming)
            request = replace(request, body=await read_body(incoming, inbound.limits.body_bytes, inbound.limits.body_seconds))
            taken = await self._receiving.take(market, request, correlation)
            told.operation, told.outcome = taken.operation, taken.outcome
            return taken.reply
        except CallerGone:
            raise
        except AdapterError as error:
            if isinstance(error, CallerError):
                log.warning("message.not-taken", error=type(error).__name__, reason=str(error))
            else:
                log.error("message.failed", error=type(error).__name__, reason=str(error))
            return receiver.fault(request, error)
        except Exception:  # the last line: whatever went wrong inside, the sender keeps its message, and the log has the reason
            log.exception("message.crashed")
            return receiver.fault(request, AdapterError("internal error"))
        finally:
            self._in_flight[market] -= 1


def _authenticate(incoming: Incoming, security: InboundSecurity, market: str) -> None:
    """Raises NotAuthenticated. All that is declared is compared, each in the time that its length takes, whatever was sent."""
    right = True
    if security.basic is not None:
        wanted = f"{security.basic.username}:{security.basic.password.get_secret_value()}".encode()
        right &= hmac.compare_digest(_basic(incoming.sent(b"authorization")), wanted)
    for name, secret in security.headers.items():
        sent = incoming.sent(name.lower().encode())
        right &= hmac.compare_digest("\0".join(sent).encode("latin-1"), secret.get_secret_value().encode())
    if not right:
        scheme = "Basic" if security.basic is not None else "Header"
        raise NotAuthenticated(headers={"WWW-Authenticate": f'{scheme} realm="inbound {market}"'})


def _basic(sent: list[str]) -> bytes:
    """What an Authorization header says, user and password; nothing where it is none of its kind."""
    scheme, _, text = (sent[0] if len(sent) == 1 else "").partition(" ")
    if scheme.lower() == "basic":
        with suppress(binascii.Error, ValueError):
            return base64.b64decode(text.strip(), validate=True)
    return b""


def _check_encoding(incoming: Incoming) -> None:
    encoding = (incoming.first(b"content-encoding") or "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedMedia("The body is compressed; send it without Content-Encoding", headers={"Accept-Encoding": "identity"})


def _correlation(incoming: Incoming) -> str:
    """The sender's own id of the exchange, where it is one that can be written down; else a new one."""
    sent = incoming.first(CORRELATION.encode()) or ""
    return sent if 0 < len(sent) <= _LONGEST and sent.isascii() and sent.isprintable() else str(uuid.uuid4())


async def _send(send: Send, reply: WireReply, incoming: Incoming, correlation: str, *, more: bool) -> None:
    headers: Mapping[str, str] = {**reply.headers, "content-length": str(len(reply.body)), CORRELATION: correlation}
    raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await incoming.answer(send, reply.status, raw, reply.body, more=more)
