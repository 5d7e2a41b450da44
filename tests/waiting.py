"""Waiting for what tells nobody of itself: a record, a simulator, another process. Every wait has an end, and says what never came."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any

SECONDS = 30


def eventually(condition: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
    """Waits until the condition holds, and returns what it gave."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return found


async def until(condition: Callable[[], Any] | Callable[[], Awaitable[Any]], what: str, seconds: float = SECONDS) -> Any:
    """The same in a loop, which goes on meanwhile; a condition may be a coroutine function. It is looked at whenever the loop comes by."""
    end = time.monotonic() + seconds
    while not (found := await said if inspect.isawaitable(said := condition()) else said):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0)
    return found
