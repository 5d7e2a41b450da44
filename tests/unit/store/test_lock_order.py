"""Workers that are stale and workers that are live meet on the same order: one waits for the other, never each for the other.

The first transaction stops where it holds half of what it needs, until the second one waits for a lock or holds what it wants first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select
from sqlalchemy.util.concurrency import await_only, greenlet_spawn

from adapter.ports import OutcomeKind
from adapter.store import Settlement
from adapter.store.advancing import Change, advance, advance_and_acknowledge
from adapter.store.connection import Statement
from adapter.store.postgres_connection import PostgresConnection
from adapter.store.schema import resource_order
from adapter.store.settling import pack_settlement, settle
from adapter.store.submitting import Intent, begin, settle_and_advance
from adapter.store.tasks import Ack, Done, Later, NewTask, Task, acknowledge, claim, put
from adapter.work.acknowledging import Told, record
from adapter.work.job import Finish, Job
from tests.record_kit import AS_PLACED, place

ENGINES = ("postgresql",)
NOW = 1_760_000_000_000
LEASE = 60_000
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
ATTEMPT = Statement(select(resource_order.c.attempt))

Work = Callable[[PostgresConnection], Any]


class Halting(PostgresConnection):
    """Calls ``halt`` once, after so many statements."""

    def __init__(self, driver: asyncpg.Connection, after: int, halt: Callable[[], Any]) -> None:
        super().__init__(driver)
        self._left, self._halt = after, halt

    def rows(self, *arguments: Any) -> Any:
        found = super().rows(*arguments)
        self._count()
        return found

    def change(self, *arguments: Any) -> Any:
        changed = super().change(*arguments)
        self._count()
        return changed

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            await_only(self._halt())


def at_once(url: str, prepare: Work, first: Work, second: Work, after: int) -> tuple[Any, Any]:
    """What both say: ``first``, which halts after so many statements, and ``second``, which comes then."""

    async def main() -> tuple[Any, Any]:
        one, other, watch = [await asyncpg.connect(url) for _ in range(3)]
        halted, ended = asyncio.Event(), asyncio.Event()

        async def halt() -> None:
            halted.set()
            async with asyncio.timeout(20):
                while not ended.is_set() and not await watch.fetchval(WAITING):
                    pass

        async def run(c: PostgresConnection, driver: asyncpg.Connection, work: Work) -> Any:
            try:
                async with driver.transaction():
                    return await greenlet_spawn(work, c)
            except asyncpg.DeadlockDetectedError:
                return "deadlock"

        try:
            await run(PostgresConnection(watch), watch, prepare)
            going = asyncio.create_task(run(Halting(one, after, halt), one, first))
            await halted.wait()
            late = await run(PostgresConnection(other), other, second)
            ended.set()
            return await going, late
        finally:
            for driver in (one, other, watch):
                driver.terminate()

    return asyncio.run(main())


def claimed(c: PostgresConnection, *tasks: NewTask) -> dict[str, Task]:
    put(c, tasks)
    return {task.id: task for task in claim(c, tasks[0].lane, 9, NOW, LEASE, "n1")}


def test_an_intent_and_the_end_of_the_same_task(url):
    held: dict[str, Task] = {}

    def prepare(c):
        place(c, "A", NOW)
        held.update(claimed(c, NewTask("submit:A", "submit:north", NOW, "A")))

    def intent(c):
        fence = held["submit:A"].fence
        return begin(c, Intent("submit:A", fence, NOW + LEASE, "A", 2, "n1", NOW, NOW + 9, "r", ()))

    def end(c):
        return advance_and_acknowledge(c, Change("A", AS_PLACED, "held", NOW), Done("submit:A", held["submit:A"].fence))

    assert at_once(url, prepare, intent, end, after=1) == (True, True)


@pytest.mark.parametrize("after", [1, 2, 3])
def test_an_attempt_settled_by_a_person_and_by_a_probe(url, after):
    """The one with a change of the order beside it, the other without."""
    settlement = Settlement(OutcomeKind.ABSENT, NOW)

    def by_hand(c):
        return settle_and_advance(c, *pack_settlement("A", 1, settlement), Change("A", AS_PLACED._replace(backend_ref=""), "held", NOW))

    def by_probe(c):
        return settle(c, *pack_settlement("A", 1, settlement))

    assert at_once(url, lambda c: place(c, "A", NOW, OutcomeKind.IN_DOUBT), by_hand, by_probe, after) == (True, False)


def test_an_intent_whose_lease_is_lost_writes_nothing(url):
    def prepare(c):
        place(c, "A", NOW)
        claimed(c, NewTask("submit:A", "submit:north", NOW, "A"))

    def stale(c):
        return begin(c, Intent("submit:A", -1, NOW + LEASE, "A", 2, "n1", NOW, NOW + 9, "r", ()))

    def next_number(c):
        return c.rows(ATTEMPT, {})

    assert at_once(url, prepare, stale, next_number, after=1) == (False, [(1,)])


def test_two_batches_of_results_about_the_same_orders(url):
    held: dict[str, Task] = {}

    def prepare(c):
        place(c, "A", NOW)
        place(c, "B", NOW)
        held.update(claimed(c, NewTask("poll:A", "poll:north", NOW, "A"), NewTask("poll:B", "poll:north", NOW, "B")))

    def batch(c, changed):
        return record(c, [finish(held[f"poll:{order}"], order in changed) for order in "AB"], None, NOW)

    told = at_once(url, prepare, lambda c: batch(c, "B"), lambda c: batch(c, ""), after=2)
    assert sorted(told) == [[Told.LOST, Told.LOST], [Told.RECORDED, Told.RECORDED]]


def test_an_order_that_leaves_a_state_and_the_timers_of_that_state(url):
    held: dict[str, Task] = {}
    names = ("timer:first:A", "timer:second:A")

    def prepare(c):
        place(c, "A", NOW)
        held.update(claimed(c, *(NewTask(name, "timer:north", NOW, "A") for name in names)))

    def fire(c):
        return advance_and_acknowledge(c, Change("A", AS_PLACED, "failed", NOW, cancels=names[:1]), ack(held[names[1]]))

    def stale(c):
        return acknowledge(c, [ack(held[name]) for name in names])

    assert at_once(url, prepare, fire, stale, after=2) == (True, [False, False])


def test_a_change_that_ends_one_timer_and_begins_another(url):
    held: dict[str, Task] = {}
    names = ("timer:first:A", "timer:second:A")

    def prepare(c):
        place(c, "A", NOW)
        held.update(claimed(c, *(NewTask(name, "timer:north", NOW, "A") for name in names)))

    def move(c):
        again = NewTask(names[0], "timer:north", NOW + 9, "A")
        return advance(c, Change("A", AS_PLACED, "held", NOW, cancels=names[1:], tasks=(again,)))

    def stale(c):
        return acknowledge(c, [ack(held[name]) for name in names])

    assert at_once(url, prepare, move, stale, after=3) == (True, [True, False])


def ack(task: Task) -> Ack:
    return Later(task.id, task.fence, NOW + LEASE)


def finish(task: Task, changed: bool) -> Finish:
    change = Change(task.order_id, AS_PLACED, "inProgress", NOW) if changed else None
    return Finish(Job(task, NOW, 0.0), ack(task), change)
