"""Old rows go, a few at a time, so that nobody waits for them."""

from __future__ import annotations

import asyncio

import structlog

from adapter.store import Store, listening
from adapter.store.purging import Retention, purge

log = structlog.get_logger("adapter.work")

_ROWS = 200
_LEFT = 86_400_000  # milliseconds that the streams of a listener that left can still be looked at
_PAUSE = 0.05  # seconds between two transactions


class Purge:
    """Removes what is past its age."""

    def __init__(self, store: Store, retention: Retention) -> None:
        self._store = store
        self._retention = retention

    async def __call__(self) -> dict[str, int]:
        """How many rows went, by table. Raises StoreUnavailable."""
        gone: dict[str, int] = {}
        while step := await self._store.tx(purge, self._retention, await self._store.now(), _ROWS):
            for table, rows in step.items():
                gone[table] = gone.get(table, 0) + rows
            await asyncio.sleep(_PAUSE)
        while streams := await self._store.tx(listening.forget, await self._store.now() - _LEFT, _ROWS):
            gone["delivery"] = gone.get("delivery", 0) + streams
            await asyncio.sleep(_PAUSE)
        if gone:
            log.info("record.purged", rows=gone)
        return gone
