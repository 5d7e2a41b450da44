"""The time limits of exchanges, each of which moves from phase to phase."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Alarm:
    """One timer of the loop for all limits of one wire. Which limit is the next is looked up when it rings, not whenever one begins, moves
    or ends: nearly all of them end long before. Belongs to the event loop of its first limit."""

    __slots__ = ("_limits", "_rings_at", "_timer", "loop")

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self._limits: set[MovingLimit] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0

    def add(self, limit: MovingLimit) -> None:
        """A limit that holds from now on."""
        self._limits.add(limit)
        self.ring_by(limit.at)

    def remove(self, limit: MovingLimit) -> None:
        """A limit that holds no more; the timer is left where it is."""
        self._limits.discard(limit)

    def ring_by(self, at: float) -> None:
        """Rings at this time of the loop at the latest."""
        if self._timer is not None:
            if at >= self._rings_at:
                return
            self._timer.cancel()
        self.loop = self.loop or asyncio.get_running_loop()
        self._rings_at, self._timer = at, self.loop.call_at(at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        for limit in [one for one in self._limits if one.at <= self._rings_at]:
            self._limits.discard(limit)
            limit.expire()
        if self._limits:
            self.ring_by(min(limit.at for limit in self._limits))


class MovingLimit:
    """Ends its task with TimeoutError at a time that may be moved while it runs.

    Does what ``asyncio.timeout`` does, but it needs no timer of its own, and moving it later costs nothing. On the way of every message
    that is worth a fifth of the whole exchange's processor time.
    """

    __slots__ = ("_alarm", "_before", "_task", "at", "expired")

    def __init__(self, at: float, alarm: Alarm) -> None:
        self.at = at
        self.expired = False
        self._alarm = alarm
        self._task: asyncio.Task[object] | None = None

    def move(self, at: float) -> None:
        """Sets the limit to a time of the running loop; without effect once it has expired."""
        earlier, self.at = at < self.at, at
        if earlier and self._task is not None:
            self._alarm.ring_by(at)

    def expire(self) -> None:
        """The time is over."""
        assert self._task is not None
        self.expired = True
        self._task.cancel()

    def __enter__(self) -> Self:
        task = asyncio.current_task(self._alarm.loop)
        assert task is not None
        self._task, self._before = task, task.cancelling()
        self._alarm.add(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        task, self._task = self._task, None
        self._alarm.remove(self)
        # A caller that was cancelled from outside as well stays cancelled.
        if self.expired and task is not None and task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise TimeoutError from error
