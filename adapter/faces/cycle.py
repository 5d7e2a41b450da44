"""One request and its answer on a connection of uvicorn's: an answer that is whole leaves in one piece.

uvicorn writes an answer's head when it is given, and its body after that: two calls of the system, two packets, and a caller that wakes up
twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HEADER_RE, STATUS_LINE, RequestResponseCycle

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

BODY_AT_HAND = "adapter.body-at-hand"
"""The extension of a request's scope that says whether all of its body is here, so that nothing has to be waited for."""
_CONTROLS = bytes(code for code in (*range(32), 127) if code != 9)


class Cycle(RequestResponseCycle):
    """Keeps the head of an answer until the first piece of its body is given."""

    _start: Any = None

    def body_at_hand(self) -> bool:
        """Whether the request has arrived to its end."""
        return not self.more_body

    async def send(self, message: ASGISendEvent) -> None:
        """Takes one message of the application's. Raises RuntimeError for one that is out of turn or cannot be written."""
        if message["type"] == "http.response.start" and not self.response_started:
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            body = b"" if message.get("more_body") else message.get("body", b"")
            if body and not self.access_log and not self.flow.write_paused and self._sent(start, body):
                return
            await super().send(start)
        await super().send(message)

    def _sent(self, start: Any, body: Any) -> bool:
        """Writes an answer as a whole, unless there is something special about it."""
        fields = [(name.lower(), value) for name, value in (*self.default_headers, *start["headers"])]
        known = dict(fields)
        if known.get(b"content-length") != b"%d" % len(body) or b"connection" in known or b"transfer-encoding" in known:
            return False
        if self.disconnected or self.scope["method"] == "HEAD":
            return False
        if not self.keep_alive:
            fields.append((b"connection", b"close"))
        head = b"".join([b"%b: %b\r\n" % field for field in fields])
        if len(head.translate(None, _CONTROLS)) + 2 * len(fields) != len(head) or HEADER_RE.search(b"".join(known)):
            return False  # uvicorn has the words for it
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(b"".join((STATUS_LINE[start["status"]], head, b"\r\n", body)))
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        return True
