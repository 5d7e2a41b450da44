"""One exchange on its way: which phase it is in, and what its failure means there."""

from __future__ import annotations

import time
from collections.abc import Callable

from adapter.errors import MaybeSent, NotSent, WireError
from adapter.wire.limit import Alarm, MovingLimit
from adapter.wire.settings import WireSettings

# Where an exchange is; from SEND on a byte of the request may have left. To look at an enumeration's member takes twenty times as long.
_PHASES = ("slot", "connect", "send", "answer", "read", "over")
SLOT, CONNECT, SEND, ANSWER, READ, OVER = range(6)


class Flight:
    """The state of one exchange. ``place`` is host:port, ``deadline`` in seconds of ``time.monotonic()``, ``alarm`` that of its wire."""

    __slots__ = ("_limit", "_probe", "_settings", "clock", "deadline", "end", "phase", "place", "since")

    def __init__(self, place: str, settings: WireSettings, deadline: float | None, probe: Callable[[str], None], alarm: Alarm) -> None:
        self.place = place
        self.deadline = deadline
        self.since = time.monotonic()
        end = self.since + settings.exchange_seconds
        self.end = end if deadline is None else min(end, deadline)
        self.phase = SLOT
        self._settings = settings
        self._probe = probe
        self._limit = settings.slot_seconds
        self.clock = MovingLimit(min(self.since + self._limit, self.end), alarm)

    @property
    def unsent(self) -> bool:
        """Whether certainly no byte of the request has left."""
        return self.phase < SEND

    def connect(self) -> None:
        """A connection is opened."""
        self._enter(CONNECT, self._settings.connect_seconds)

    def begin(self) -> None:
        """The first byte is about to go; `pending` or `written` follows at once."""
        self._probe("before-send")
        self.phase = SEND

    def pending(self) -> None:
        """A part of the request waits until there is room for it."""
        self._enter(SEND, self._settings.send_seconds)

    def written(self) -> None:
        """The whole request is handed over. May come after the reply, from a backend that answers early."""
        if self.phase == SEND and not self.clock.expired:
            self._probe("after-send")
            self._enter(ANSWER, self._settings.answer_seconds)

    def answered(self) -> None:
        """The headers of the reply are here."""
        self._enter(READ, self._settings.exchange_seconds)

    def over(self) -> None:
        """The whole reply is here."""
        self._probe("after-reply")
        self.phase = OVER

    def error(self, what: str) -> WireError:
        """The failure, judged by the phase it happened in."""
        if self.unsent:
            return NotSent(f"{self.place}: {what}; nothing was sent")
        return MaybeSent(f"{self.place}: {what}; the request may have been carried out")

    def late(self) -> WireError:
        """The failure of an exchange whose clock has run out."""
        settings, seconds, limit = self._settings, self._limit, f"{_PHASES[self.phase]}_seconds"
        if self.since + seconds > self.end:
            seconds = max(self.end - self.since, 0)
            limit = "the caller's deadline" if self.end == self.deadline else f"exchange_seconds: {settings.exchange_seconds:g} in all"
        what = {
            SLOT: f"all {settings.slots} slots were in use for",
            CONNECT: "no connection within",
            SEND: "the request could not be written within",
            ANSWER: "no answer within",
            READ: "the answer began but was not complete within",
        }
        return self.error(f"{what[self.phase]} {seconds:.3g} s ({limit})")

    def _enter(self, phase: int, limit: float) -> None:
        self.phase, self._limit = phase, limit
        self.since = now = time.monotonic()
        at = now + limit
        self.clock.move(at if at < self.end else self.end)
