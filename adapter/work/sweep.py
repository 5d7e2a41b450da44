"""Finds orders in doubt that a crash left without a task, and gives them one."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from adapter.agenda import RECONCILE, lane_of, task_of
from adapter.store import Store, tasks
from adapter.store.connection import Connection
from adapter.store.sweeping import Orphan, orphans

log = structlog.get_logger("adapter.work")

_PAGE = 500


class Sweep:
    """``wake`` is told the lanes that have something to do."""

    def __init__(self, store: Store, wake: Callable[[str], None]) -> None:
        self._store = store
        self._wake = wake

    async def __call__(self) -> int:
        """How many orders were found. Raises StoreUnavailable."""
        found: list[Orphan] = []
        while True:
            page = await self._store.tx(_adopt, await self._store.now(), self._store.node, not self._store.several_nodes)
            found += page
            if len(page) < _PAGE:
                break
        for market in {orphan.market for orphan in found}:
            self._wake(lane_of(RECONCILE, market))
        if found:
            log.warning("doubt.found", orders=len(found), first=[orphan.order_id for orphan in found[:5]])
        return len(found)


def _adopt(c: Connection, now: int, node: str, alone: bool) -> list[Orphan]:
    """They are probed at once: what is there can be adopted before it is safe to say that nothing is."""
    found = orphans(c, RECONCILE, now, node, alone, _PAGE)
    tasks.put(c, [task_of(RECONCILE, orphan.market, orphan.order_id, now) for orphan in found], now)
    return found
