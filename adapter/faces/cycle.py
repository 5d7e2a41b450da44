"""One request and its answer on a connection of uvicorn's: an answer that is whole leaves in one piece, and a body that is here is taken
without waiting.

uvicorn writes an answer's head when it is given, and its body after that: two calls of the system, two packets, and a caller that wakes up
twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import HEADER_RE, STATUS_LINE, RequestResponseCycle

CYCLE = "adapter.cycle"
"""The extension of a request's scope that is its Cycle."""
_CONTROLS = bytes(code for code in (*range(32), 127) if code != 9)
_LAST = b"connection: close\r\n\r\n"
_SPECIAL = b"\0"


class Cycle(RequestResponseCycle):
    """The ways past ASGI's messages, for what is not special. Where one is closed, ``receive`` and ``send`` are as ever."""

    def whole_body(self) -> bytes | None:
        """The request's body, once; None where it is not all here."""
        if self.more_body or self.waiting_for_100_continue or self.disconnected or self.response_complete:
            return None
        self.flow.resume_reading()
        self.message_event.clear()
        body, self.body = bytes(self.body), bytearray()
        return body

    def answer(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bool:
        """Writes an answer as a whole, and says whether it did: not where something is special about it. ``headers`` have its length."""
        if (
            not body
            or self.response_started
            or self.disconnected
            or self.access_log
            or self.flow.write_paused
            or self.scope["method"] == "HEAD"
        ):
            return False
        fields = [*self.default_headers, *headers]
        head = b"".join([part for name, value in fields for part in (_begun(name), value, b"\r\n")])
        if len(head.translate(None, _CONTROLS)) + 2 * len(fields) != len(head):
            return False  # uvicorn has the words for it
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(b"".join((STATUS_LINE[status], head, b"\r\n" if self.keep_alive else _LAST, body)))
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        return True


@lru_cache(maxsize=256)
def _begun(name: bytes) -> bytes:
    """The beginning of a header's line; a control character, which none has, where it is no name or changes how an answer is written."""
    lower = name.lower()
    return _SPECIAL if HEADER_RE.search(name) or lower in (b"connection", b"transfer-encoding") else lower + b": "
