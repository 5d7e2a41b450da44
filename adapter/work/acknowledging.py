"""Results are collected for a few milliseconds and recorded together: one transaction for many tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from enum import StrEnum

import structlog

from adapter.errors import StoreUnavailable
from adapter.store import Store, rates, tasks
from adapter.store.advancing import advance_and_acknowledge, hold_all
from adapter.store.connection import Connection
from adapter.store.tasks import Ack, Later
from adapter.work.backoff import Backoff, Random
from adapter.work.job import Finish
from adapter.work.plan import Plan

log = structlog.get_logger("adapter.work")

LINGER = 0.004
"""Seconds the first result waits for others."""

_MOST = 200
_TRIES = 6
_AGAIN = Backoff(first=0.1, cap=2.0)


@dataclass(frozen=True, slots=True)
class Health:
    """What the results say about the backend: ``failed`` calls without an answer, or an answer after trouble."""

    backend: str
    failed: int
    answered: bool
    threshold: int
    pause: int


class Told(StrEnum):
    """What became of a result."""

    RECORDED = "recorded"
    OVERTAKEN = "overtaken"  # somebody else changed the order first: nothing is recorded, and the task is due again
    LOST = "lost"  # the lease was over: nothing is recorded


def record(c: Connection, finishes: Sequence[Finish], health: Health | None, now: int) -> list[Told]:
    """Every acknowledgement with its change, both or neither."""
    told: dict[str, Told] = {}
    plain: list[tuple[Finish, Ack, Told]] = []
    changes = [finish.change for finish in finishes if finish.change is not None]
    if changes and len(finishes) > 1:
        hold_all(c, changes, [finish.ack for finish in finishes])
    for finish in sorted(finishes, key=lambda one: one.job.task.order_id):
        task = finish.job.task
        if finish.change is None:
            plain.append((finish, finish.ack, Told.RECORDED))
        elif advance_and_acknowledge(c, finish.change, finish.ack):
            told[task.id] = Told.RECORDED
        else:
            plain.append((finish, Later(task.id, task.fence, now), Told.OVERTAKEN))
    for (finish, _, kept), held in zip(plain, tasks.acknowledge(c, [ack for _, ack, _ in plain]), strict=True):
        told[finish.job.task.id] = kept if held else Told.LOST
    if health is not None and health.failed:
        for _ in range(min(health.failed, health.threshold)):
            rates.failed(c, health.backend, now, health.threshold, health.pause)
    elif health is not None and health.answered:
        rates.succeeded(c, health.backend)
    return [told[finish.job.task.id] for finish in finishes]


class Acknowledgements:
    """Collects the results of one lane. ``told(finish, recorded)`` hears what became of each."""

    def __init__(self, store: Store, told: Callable[[Finish, Told], None], random: Random) -> None:
        self._store = store
        self._told = told
        self._random = random
        self._waiting: list[Finish] = []
        self._flush: asyncio.Task[None] | None = None
        self.troubled = False  # whether the backend's last call failed, as far as this lane knows

    def add(self, finish: Finish, plan: Plan) -> None:
        """Records a result soon."""
        self._waiting.append(finish)
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._write(plan), context=Context())  # it is about many, not about who came first

    async def recorded(self) -> None:
        """Waits until everything that was added is on record."""
        while self._flush is not None and not self._flush.done():
            await self._flush

    async def _write(self, plan: Plan) -> None:
        await asyncio.sleep(LINGER)
        while self._waiting:
            finishes, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            for finish, recorded in zip(finishes, await self._record(finishes, plan), strict=True):
                self._told(finish, recorded)

    async def _record(self, finishes: Sequence[Finish], plan: Plan) -> list[Told]:
        health = self._health(finishes, plan)
        for failures in range(1, _TRIES + 1):
            try:
                return await self._store.tx(record, finishes, health, await self._store.now())
            except StoreUnavailable as error:
                if failures == _TRIES:
                    log.error(
                        "work.not-recorded", tasks=len(finishes), reason=str(error), then="their leases run out, and they are done again"
                    )
                await asyncio.sleep(_AGAIN.seconds(failures, self._random))
            except Exception:
                if len(finishes) == 1:
                    log.exception("work.not-recordable", **finishes[0].job.bearings)
                    break
                return [(await self._record([finish], plan))[0] for finish in finishes]  # one bad result must not take the others along
        return [Told.LOST] * len(finishes)

    def _health(self, finishes: Sequence[Finish], plan: Plan) -> Health | None:
        failed = sum(finish.answered is False for finish in finishes)
        answered = any(finish.answered for finish in finishes)
        if not plan.backend or not (failed or (answered and self.troubled)):
            return None
        if answered:
            failed = 0  # it answers some: that is no outage
        self.troubled = bool(failed)
        return Health(plan.backend, failed, answered, plan.breaker.failures, round(plan.breaker.pause * 1000))
