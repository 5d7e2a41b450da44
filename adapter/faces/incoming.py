"""One HTTP request as it comes in: its headers, and its body within limits of size and time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from starlette.types import Receive, Scope, Send

from adapter.errors import InvalidMessage, NotAcceptable, Problem, RequestTimeout, TooLarge, UnsupportedMedia
from adapter.faces.cycle import CYCLE, Cycle

_MOST_DRAINED, _DRAIN_SECONDS, _DRAIN_PAUSE = 16 * 1024 * 1024, 5.0, 1.0
SLASH = "\udc2f"
"""Stands for a slash that is part of a value. No text that was decoded holds it."""
_CLOSE = {"Connection": "close"}
_NO_EXTENSIONS: Mapping[str, Any] = {}


class CallerGone(Exception):
    """The caller closed the connection before its request was whole; nobody waits for an answer."""


def spellings(names: Iterable[str]) -> tuple[bytes, ...]:
    """Names of headers as ``Incoming`` knows them."""
    return tuple(name.lower().encode() for name in names)


class Incoming:
    """Method, path and headers of a request. Header names are lower case, values are kept apart when a name comes twice."""

    __slots__ = ("_headers", "_raw_path", "cycle", "method", "path", "peer", "query", "receive", "whole")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.receive = receive
        self.whole = False  # whether the last piece of the body was taken
        self.cycle: Cycle | None = scope.get("extensions", _NO_EXTENSIONS).get(CYCLE)  # another server has none
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self._raw_path: bytes = scope.get("raw_path") or b""
        self.query: bytes = scope["query_string"]
        peer = scope.get("client")
        self.peer: str = peer[0] if peer else ""
        headers: dict[bytes, list[str]] = {}
        self._headers = headers
        for name, value in scope["headers"]:
            text = value.decode("latin-1").strip(" \t")
            if name in headers:
                headers[name].append(text)
            else:
                headers[name] = [text]

    def segmented(self) -> str:
        """The path, decoded, in which a slash separates; one that came encoded is part of a value, and is SLASH here. Everything else is
        as in ``path``, place by place. Raises InvalidMessage where what is encoded is no UTF-8: two values must not become one."""
        if b"%" not in self._raw_path:
            return self.path
        try:
            parts = self._raw_path.decode("ascii").split("/")
            return "/".join(unquote(part, errors="strict").replace("/", SLASH) for part in parts)
        except UnicodeDecodeError:
            raise InvalidMessage("The path is not UTF-8; encode its characters as UTF-8 before they are percent-encoded") from None

    def values(self, spellings: tuple[bytes, ...]) -> list[str]:
        """The different values under any of these names, in order."""
        found: list[str] = []
        for spelling in spellings:
            if sent := self._headers.get(spelling):
                found = found + sent if found else sent
        return found if len(found) < 2 else list(dict.fromkeys(found))

    def sent(self, name: bytes) -> list[str]:
        """Every value of a header, in order."""
        return self._headers.get(name, [])

    def first(self, name: bytes) -> str | None:
        """The first value of a header, None where it was not sent."""
        values = self._headers.get(name)
        return values[0] if values else None

    def firsts(self) -> dict[str, str]:
        """The first value of every header."""
        return {name.decode("latin-1"): values[0] for name, values in self._headers.items()}

    async def answer(self, send: Send, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes, *, more: bool) -> None:
        """Sends the answer to the request. ``more`` leaves it open, and so the connection, though all of it is sent."""
        if more or self.cycle is None or not self.cycle.answer(status, headers, body):
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else body, "more_body": more})


def check_media(incoming: Incoming, consumes: Sequence[str]) -> str:
    """The media type of the body, without parameters. Raises UnsupportedMedia where its type, character set or encoding cannot be read."""
    sent = incoming.first(b"content-type") or ""
    if sent in consumes and incoming.first(b"content-encoding") is None:
        return sent
    essence, *parameters = (part.strip().lower() for part in sent.split(";"))
    if essence not in consumes:
        raise UnsupportedMedia(
            f"The body is '{_short(essence)}'; send {' or '.join(consumes)}" if sent else f"Send the header Content-Type: {consumes[0]}"
        )
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in ("utf-8", "utf8"):
            raise UnsupportedMedia("The body's character set has to be utf-8")
    encoding = (incoming.first(b"content-encoding") or "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedMedia(
            f"The body's encoding '{_short(encoding)}' is not taken; send it without Content-Encoding",
            headers={"Accept-Encoding": "identity"},
        )
    return essence


def check_accept(incoming: Incoming, produces: str) -> None:
    """Raises NotAcceptable where the caller rules out the media type that answers have."""
    accepted = incoming.sent(b"accept")
    if not accepted or accepted == ["*/*"] or not any(accepted):
        return
    essence = produces.partition(";")[0].strip().lower()
    ranges = (essence, essence.partition("/")[0] + "/*", "*/*")
    said: dict[str, bool] = {}
    for part in ",".join(accepted).lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        refused = any(piece.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for piece in parameters)
        said[name] = said.get(name, False) or not refused
    if next((said[name] for name in ranges if name in said), False):  # the nearest range counts: application/json;q=0, */*
        return
    raise NotAcceptable(f"Answers are written as {essence} only")


async def read_body(incoming: Incoming, most: int, seconds: float) -> bytes:
    """The whole body. Raises TooLarge without reading on, RequestTimeout, CallerGone."""
    declared = incoming.first(b"content-length")
    if declared is not None:
        if not (declared.isascii() and declared.isdigit()):
            raise InvalidMessage(problems=[Problem("Content-Length", "is not a number")], headers=_CLOSE)
        if len(declared) > 15 or int(declared) > most:
            raise _too_large(most)
    body = None if incoming.cycle is None else incoming.cycle.whole_body()
    if body is not None:
        incoming.whole = True
        if len(body) > most:
            raise _too_large(most)
        return body
    try:
        async with asyncio.timeout(seconds):
            return await _collect(incoming, most)
    except TimeoutError:
        raise RequestTimeout(f"The request body did not arrive within {seconds:g} seconds", headers=_CLOSE) from None


async def _collect(incoming: Incoming, most: int) -> bytes:
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        event = await incoming.receive()
        if event["type"] == "http.disconnect":
            raise CallerGone
        chunk = event.get("body", b"")
        more = event.get("more_body", False)
        incoming.whole = not more
        size += len(chunk)
        if size > most:
            raise _too_large(most)
        if chunk:
            chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def drain(incoming: Incoming) -> None:
    """Reads and drops the rest of a body whose answer is out: 16 MB or 5 seconds at most, and not beyond a pause of one second.

    A connection that is closed with unread bytes is reset, and the reset takes the answer with it from a caller that sends
    everything before it reads.
    """
    left, more = _MOST_DRAINED, not incoming.whole
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while more and left > 0:
                event = await asyncio.wait_for(incoming.receive(), _DRAIN_PAUSE)
                left -= len(event.get("body", b""))
                more = event.get("more_body", False)


def _too_large(most: int) -> TooLarge:
    # the rest of the body is not read, so the connection cannot carry another request
    return TooLarge(f"The request body is larger than {most} bytes", headers=_CLOSE)


def _short(text: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in text[:60])
