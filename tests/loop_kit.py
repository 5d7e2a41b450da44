"""An event loop on a thread of its own: what runs there serves clients that block, and coverage sees it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractAsyncContextManager
from typing import Any, Self, TypeVar

T = TypeVar("T")
_PATIENCE = 60.0  # seconds for a start or an end, on a busy machine


class LoopThread:
    """A running loop. ``close`` ends what is left in it; in a ``with`` statement that is done with the block."""

    def __init__(self) -> None:
        self._lives: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), daemon=True)
        self._thread.start()
        self.loop, self._over = self._lives.result(_PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, work: Coroutine[Any, Any, T], seconds: float = 30) -> T:
        """What the coroutine returns or raises."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    @contextlib.contextmanager
    def holding(self, opened: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """Opens it, and closes it with the block; both in one task, and what is raised there is raised here."""
        over = asyncio.Event()
        started: Future[T] = Future()

        async def hold() -> None:
            async with opened as found:
                started.set_result(found)
                await over.wait()

        held = asyncio.run_coroutine_threadsafe(hold(), self.loop)
        first, _ = wait((started, held), _PATIENCE, FIRST_COMPLETED)
        assert first, f"it did not start within {_PATIENCE} seconds"
        if not started.done():
            held.result()
        try:
            yield started.result()
        finally:
            self.loop.call_soon_threadsafe(over.set)
            held.result(_PATIENCE)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self._over.set)
        self._thread.join(_PATIENCE)
        assert not self._thread.is_alive(), f"it did not end within {_PATIENCE} seconds"

    async def _live(self) -> None:
        over = asyncio.Event()
        self._lives.set_result((asyncio.get_running_loop(), over))
        await over.wait()
