"""Finds what was left behind: orders in doubt that a crash left without a task get one, and leases that a clock left in the far future end.

A lease goes by the clock. Where that is set back by hours, one whose worker is gone would hold its task for as long. So all tasks are
looked through at the start, and whenever the clock is seen to have been set back.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from adapter.agenda import RECONCILE, lane_of, task_of
from adapter.store import Store, tasks
from adapter.store.connection import Connection
from adapter.store.sweeping import Orphan, end_leases, orphans

log = structlog.get_logger("adapter.work")

_PAGE = 500
_TASKS = 1_000
_SET_BACK = 60_000  # milliseconds; by less, no lease becomes so long that it matters


class Sweep:
    """``wake`` is told the lanes that have something to do; ``lease`` gives the longest that any lane takes, in milliseconds."""

    def __init__(self, store: Store, wake: Callable[[str], None], lease: Callable[[], int]) -> None:
        self._store = store
        self._wake = wake
        self._lease = lease
        self._seen: int | None = None  # the latest that the clock has shown since all leases were looked at

    async def __call__(self) -> int:
        """How many orders were found. Raises StoreUnavailable."""
        await self._look_at_leases()
        return await self._look_at_orders()

    async def _look_at_leases(self) -> None:
        now = await self._store.now()
        if self._seen is not None and now > self._seen - _SET_BACK:
            self._seen = max(now, self._seen)
            return
        if self._seen is not None:
            log.warning("clock.set-back", seconds=(self._seen - now) / 1000, then="leases that lie too far in the future are ended")
        ended, last = await self._store.tx(end_leases, now + self._lease(), now, "", _TASKS)
        while last:
            found, last = await self._store.tx(end_leases, now + self._lease(), now, last, _TASKS)
            ended += found
        self._seen = now
        if ended:
            log.warning("leases.ended", tasks=len(ended), first=ended[:5])

    async def _look_at_orders(self) -> int:
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
