"""Measures how long transactions take, from asking for one to its commit: waiting for the engine is a part of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Ended = Callable[[float], None]
"""Hears of the seconds of each transaction, failed ones included; must return at once and not raise."""


class Watched:
    """A runner of which somebody hears how it goes."""

    def __init__(self, runner: Any, ended: Ended) -> None:
        self._runner, self._ended = runner, ended

    def submit(self, function: Callable[..., Any], *arguments: Any, brief: bool = False) -> Any:
        """As the runner's own."""
        began = time.perf_counter()
        future = self._runner.submit(function, *arguments, brief=brief)
        future.add_done_callback(lambda _: self._ended(time.perf_counter() - began))
        return future

    async def tx(self, function: Callable[..., Any], *arguments: Any, brief: bool = False) -> Any:
        """As the runner's own."""
        return await self.submit(function, *arguments, brief=brief)

    async def alone(self, function: Callable[[Any], Any]) -> Any:
        """As the runner's own; it is no transaction."""
        return await self._runner.alone(function)

    async def close(self) -> None:
        """As the runner's own."""
        await self._runner.close()
