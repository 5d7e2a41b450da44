"""A transaction on its way through an engine's queue, and who hears of its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

Ended = Callable[[float], None]
"""Hears of the seconds of each transaction, from asking for it to its commit, failed ones included: waiting for the engine is a part of
it. Must return at once and not raise."""

Told = Callable[[Any, BaseException | None, bool], None]
"""Hears the result of a transaction, or else its error, and whether its caller has given up. Must return at once and not raise."""


@dataclass(slots=True, eq=False)
class Job:
    """One transaction, ``brief`` or not, or with ``alone`` one piece of work on the bare connection outside of any."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    future: asyncio.Future[Any]
    brief: bool = False
    told: Told | None = None
    ended: Ended | None = None
    alone: bool = False
    began: float = field(default_factory=perf_counter)
    result: Any = None
    error: BaseException | None = None

    def deliver(self) -> None:
        """Tells of its end; said again, it tells nobody."""
        ended, self.ended = self.ended, None
        if ended is not None:
            ended(perf_counter() - self.began)
        told, self.told = self.told, None
        left = self.future.done()  # its caller has given up
        if told is not None:
            told(self.result, self.error, left)
        if left:
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)
