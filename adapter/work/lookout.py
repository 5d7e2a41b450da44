"""Sees for all lanes of a node what falls due: one look at the record in place of one by each lane.

A lane looks for itself only where it is waiting for something else than work, or has been told. What another node has put, what falls due,
and what a worker that is gone has left is so found as soon as ever, and an idle service leaves its record alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from adapter.errors import StoreUnavailable
from adapter.store import Store
from adapter.store.connection import Connection
from adapter.store.due import something_due

log = structlog.get_logger("adapter.work")

LOOK_SECONDS = 0.25


class Lookout:
    """``wake`` is told each of ``lanes`` that something is due in. Belongs to one event loop."""

    def __init__(self, store: Store, lanes: Sequence[str], wake: Callable[[str], None]) -> None:
        self._store, self._lanes, self._wake = store, lanes, wake
        self._stopping = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._refused = False

    def start(self) -> None:
        """Looks from now on, until ``stop``."""
        self._loop = asyncio.create_task(self._run(), name="lookout")

    async def stop(self) -> None:
        """Looks no more."""
        self._stopping.set()
        if self._loop is not None:
            await self._loop

    async def look(self) -> None:
        """One look. Raises StoreUnavailable."""
        for lane in await self._store.tx(_due, self._lanes, await self._store.now()):
            self._wake(lane)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.look()
                self._refused = False
            except StoreUnavailable as error:
                if not self._refused:
                    log.error("lookout.record-unavailable", reason=str(error), then="each lane looks for itself")
                self._refused = True
            except Exception:  # a fault of ours; the lanes look for themselves, if seldom
                log.exception("lookout.crashed")
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._stopping.wait()
            except TimeoutError:
                continue


def _due(c: Connection, lanes: Sequence[str], now: int) -> list[str]:
    return [lane for lane in lanes if something_due(c, lane, now)]
