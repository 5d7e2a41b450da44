"""Timers: what happens to an order that stays in a state for too long. Looked at again when they fire."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from adapter.backend import Backend
from adapter.changing import TIMER, attention_to, moved, stood_still
from adapter.recorded import come_to
from adapter.resource import Unexpected
from adapter.schedule import Timer
from adapter.store import OrderRow, Store
from adapter.work.job import Finish, Job

log = structlog.get_logger("adapter.work")


class Timers:
    """The handler of lane "timer". Change and end of the timer are one transaction: where the order left the state in the meantime,
    or the timer was cancelled, neither happens."""

    def __init__(self, store: Store, backends: Mapping[str, Backend]) -> None:
        self._store = store
        self._backends = backends

    async def __call__(self, job: Job) -> Finish:
        """Fires one timer, if it still has a reason to."""
        due = job.task.due_at or 0
        order = await job.order(self._store)
        backend = self._backends.get(order.market) if order is not None else None
        if order is None or backend is None or order.done_at is not None:
            return job.done()
        name = job.task.payload.get("timer")
        timer = next((timer for timer in backend.market.timers if timer.name == name), None)
        if timer is None or order.state != timer.when:
            return job.done()
        log.warning("timer.fired", timer=timer.name, state=order.state, late=job.now - due)
        if not timer.state:
            return self._tell(job, order, timer, timer.attention)
        if order.answer is None:
            return self._tell(job, order, timer, f"not taken to '{timer.state}' while nobody knows what became of it; settle it by hand")
        return self._to_state(job, order, timer)

    def _tell(self, job: Job, order: OrderRow, timer: Timer, text: str) -> Finish:
        """Behind the reason why nobody follows the order, where there is one."""
        told = f"{TIMER}{timer.name}: {text}"
        return job.done(attention_to(order, f"{order.attention}; {told}" if stood_still(order) else told, job.now))

    def _to_state(self, job: Job, order: OrderRow, timer: Timer) -> Finish:
        market = self._backends[order.market].market
        taken = come_to(market, order, timer.state, job.now)
        if isinstance(taken, Unexpected):
            text = f"{TIMER}{timer.name} cannot take the order to '{timer.state}': {taken.text}"
            return job.park(text, attention_to(order, text, job.now))
        return job.done(moved(market, order, taken, job.now))
