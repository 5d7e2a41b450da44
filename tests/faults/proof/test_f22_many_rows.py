"""F22 to F24 in small: what a look at a lane costs does not grow with what waits in it. In full by ``make faults``."""

from __future__ import annotations

import asyncio
import statistics
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from adapter.store import Store, measuring
from adapter.store.tasks import Later, NewTask, TaskQuery, acknowledge, claim, find, put

ROWS = 20_000
NOW = 1_760_000_000_000
LEASE = 60_000


@pytest.fixture
def run(record: str) -> Callable[[Callable[[Store], Awaitable[Any]]], Any]:
    def start(scenario: Callable[[Store], Awaitable[Any]]) -> Any:
        async def inside() -> Any:
            store = await Store.open(record)
            try:
                return await scenario(store)
            finally:
                await store.close()

        return asyncio.run(inside())

    return start


async def filled(store: Store, due: int, step: int) -> None:
    for first in range(0, ROWS, 1000):
        rows = [NewTask(f"poll:{number:06}", f"poll:m{number % 4}", due + number * step) for number in range(first, first + 1000)]
        await store.tx(put, rows, NOW)


async def took(store: Store, lane: str, count: int, now: int) -> tuple[float, list[Any]]:
    began = time.perf_counter()
    claimed = await store.tx(claim, lane, count, now, LEASE, "n")
    return time.perf_counter() - began, claimed


def test_f22_a_look_that_finds_nothing_due_costs_next_to_nothing(run, engine):
    async def scenario(store: Store) -> None:
        before = [(await took(store, "poll:m1", 100, NOW))[0] for _ in range(50)]
        await filled(store, NOW + LEASE, 1)
        looks = [await took(store, "poll:m1", 100, NOW) for _ in range(100)]
        assert all(claimed == [] for _, claimed in looks)
        assert statistics.median(each for each, _ in looks) < statistics.median(before) * 5 + 0.002

    run(scenario)


def test_f23_what_is_overdue_comes_oldest_first_in_batches_and_takes_no_memory(run, engine):
    async def scenario(store: Store) -> None:
        await filled(store, NOW - ROWS, 1)
        tracemalloc.start()
        seen: list[int] = []
        for _ in range(20):
            _, claimed = await took(store, "poll:m0", 100, NOW)
            assert len(claimed) == 100
            seen += [task.due_at for task in claimed]
            told = await store.tx(acknowledge, [Later(task.id, task.fence, NOW + LEASE) for task in claimed])
            assert all(told)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert seen == sorted(seen)
        assert seen[0] == NOW - ROWS
        assert peak < 20_000_000
        assert len(await store.tx(find, TaskQuery(lane="poll:m0", limit=10_000))) == ROWS / 4

    run(scenario)


def test_f24_a_transaction_that_is_held_open_slows_nobody_to_a_halt_and_is_seen(run, engine, record):
    if engine == "sqlite":
        pytest.skip("a file has one connection: there is no other transaction")

    async def round_of(store: Store, count: int) -> float:
        began = time.perf_counter()
        for _ in range(count):
            _, claimed = await took(store, "poll:m2", 50, NOW)
            await store.tx(acknowledge, [Later(task.id, task.fence, NOW) for task in claimed])
        return count / (time.perf_counter() - began)

    async def scenario(store: Store) -> None:
        await filled(store, NOW - ROWS, 1)
        await round_of(store, 5)
        free = await round_of(store, 20)
        other = await asyncpg.connect(record)
        await other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        await other.fetchval("SELECT count(*) FROM task")
        held = await round_of(store, 20)
        assert (await store.tx(measuring.server)).oldest_transaction > 0  # what the alert goes by
        await other.execute("ROLLBACK")
        await other.execute("VACUUM task")
        await other.close()
        assert held >= 0.5 * free
        assert await round_of(store, 20) >= 0.5 * free

    run(scenario)
