"""Orders that an earlier release accepted: they are asked for from now on, or known to have nothing more to come.

The whole record is walked once after each start, a page at a time, by id. What this release accepts has its task, or its end, from the
beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from adapter.agenda import POLL, Random, lane_of, pause, task_of, watched
from adapter.backend import Backend
from adapter.store import Store, tasks
from adapter.store.connection import Connection
from adapter.store.sweeping import Unasked, end, unasked

log = structlog.get_logger("adapter.work")

PAGE = 1_000


class CatchingUp:
    """``wake`` is told the lanes that have something to do. Orders of markets that this node does not declare are left alone."""

    def __init__(self, store: Store, backends: Mapping[str, Backend], wake: Callable[[str], None], random: Random) -> None:
        self._store = store
        self._backends = backends
        self._wake = wake
        self._random = random
        self._after = ""

    async def __call__(self) -> int:
        """Looks at one page; how many orders it took care of. Raises StoreUnavailable."""
        found, last = await self._store.tx(self._page, self._after, await self._store.now())
        self._after = last or self._after
        for market in {order.market for order in found}:
            self._wake(lane_of(POLL, market))
        if found:
            log.info("orders.taken-up", orders=len(found), first=[order.order_id for order in found[:5]])
        return len(found)

    def _page(self, c: Connection, after: str, now: int) -> tuple[list[Unasked], str]:
        found, last = unasked(c, POLL, after, PAGE)
        known = [order for order in found if order.market in self._backends]
        asked = [order for order in known if self._is_followed(order)]
        tasks.put(c, [task_of(POLL, order.market, order.order_id, self._due(order, now)) for order in asked], now)
        over = [order for order in known if self._is_over(order) and end(c, order.order_id, now)]
        return [*asked, *over], last

    def _is_followed(self, order: Unasked) -> bool:
        followed = order.operation in self._backends[order.market].market.follow
        return followed and bool(order.backend_ref) and not self._ended(order)

    def _is_over(self, order: Unasked) -> bool:
        if order.busy or self._is_followed(order):
            return False
        market = self._backends[order.market].market
        return self._ended(order) or not order.backend_ref or not watched(market, order.operation, order.state)

    def _due(self, order: Unasked, now: int) -> int:
        follow = self._backends[order.market].market.follow[order.operation]
        return now + round(pause(follow, order.state, (now - order.created_at) / 1000, self._random) * 1000)

    def _ended(self, order: Unasked) -> bool:
        return self._backends[order.market].market.life(order.operation).ended(order.state)
