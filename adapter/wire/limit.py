"""One time limit that moves from phase to phase of an exchange."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class MovingLimit:
    """Ends its task with TimeoutError at a time that may be moved while it runs.

    Does what ``asyncio.timeout`` does, but moving the limit later costs nothing: the timer of the loop is left where it is
    and looks again when it rings. On the way of every message that is worth a fifth of the whole exchange's processor time.
    """

    __slots__ = ("_before", "_loop", "_rings_at", "_task", "_timer", "at", "expired")

    def __init__(self, at: float) -> None:
        self.at = at
        self.expired = False
        self._timer: asyncio.TimerHandle | None = None

    def move(self, at: float) -> None:
        """Sets the limit to a time of the running loop; without effect once it has expired."""
        self.at = at
        if self._timer is not None and at < self._rings_at:
            self._timer.cancel()
            self._arm()

    def _arm(self) -> None:
        self._rings_at = self.at
        self._timer = self._loop.call_at(self.at, self._ring)

    def _ring(self) -> None:
        if self.at > self._rings_at:
            self._arm()
            return
        self._timer = None
        self.expired = True
        self._task.cancel()

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        task = asyncio.current_task(self._loop)
        assert task is not None
        self._task, self._before = task, task.cancelling()
        self._arm()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # A caller that was cancelled from outside as well stays cancelled.
        if self.expired and self._task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise TimeoutError from error
