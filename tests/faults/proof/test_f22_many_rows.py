"""F22 to F24 in small: what a look at a lane costs does not grow with what waits in it. In full by ``make faults``."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import pytest

from adapter.store import Store, measuring, tasks
from adapter.store.postgres_connection import numbered
from adapter.store.tasks import Later, NewTask, TaskQuery, acknowledge, claim, find, put
from tests import postgres_kit
from tests.record_kit import Database, Memory, on_store
from tests.record_kit import record as bare

ROWS = 20_000
NOW = 1_760_000_000_000
LEASE = 60_000


@pytest.fixture
def run(record: str) -> Callable[[Callable[[Store], Awaitable[Any]]], Any]:
    return partial(on_store, record)


def rows(due: int, step: int) -> Iterator[list[NewTask]]:
    for first in range(0, ROWS, 1000):
        yield [NewTask(f"poll:{number:06}", f"poll:m{number % 4}", due + number * step) for number in range(first, first + 1000)]


class Looks:
    """What a look at a lane makes the engine do, in its own count: instructions of SQLite, or pages that PostgreSQL touches to find rows
    that are due. Both depend on what is in the record and not on the machine."""

    def __init__(self, c: Memory) -> None:
        self._c = c

    def cost(self, lane: str = "poll:m2", count: int = 50) -> int:
        return self._pages(lane, count) if isinstance(self._c, Database) else self._instructions(lane, count)

    def _instructions(self, lane: str, count: int) -> int:
        done: list[None] = []
        self._c.driver.set_progress_handler(lambda: done.append(None), 1)
        try:
            claim(self._c, lane, count, NOW, LEASE, "n")
        finally:
            self._c.driver.set_progress_handler(None, 1)
        return len(done)

    def _pages(self, lane: str, count: int) -> int:
        """Of the scan below the rows' locks; the claim itself is taken back. Asked twice: the first fills what the server remembers."""
        text, names, constants = numbered(tasks._CLAIM)
        values = {**constants, "lane_": lane, "now": NOW, "until": NOW + LEASE, "node": "n", "count": count, "past": 0}
        found = []
        for _ in range(2):
            self._c.look("BEGIN")
            [(told,)] = self._c.ask(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text}", *(values[name] for name in names))
            self._c.look("ROLLBACK")
            [scan] = [node["Plans"][0] for node in _nodes(json.loads(told)[0]["Plan"]) if node["Node Type"] == "LockRows"]
            found.append(scan["Shared Hit Blocks"] + scan["Shared Read Blocks"])
        return int(found[1])


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def test_f22_a_look_that_finds_nothing_due_costs_next_to_nothing(engine):
    with bare(engine) as c:
        looks = Looks(c)
        empty = looks.cost()
        for batch in rows(NOW + LEASE, 1):
            put(c, batch, NOW)
        assert claim(c, "poll:m2", 50, NOW, LEASE, "n") == []
        assert looks.cost() <= 2 * empty + 4  # 41 instructions for 37; two pages, where an empty table has none or two
        [(due,)] = c.look(f"SELECT count(*) FROM task WHERE due_at <= {NOW + LEASE + ROWS}")
        assert due == ROWS


def test_f23_what_is_overdue_comes_oldest_first_in_batches_and_takes_no_memory(run, engine):
    async def scenario(store: Store) -> None:
        for batch in rows(NOW - ROWS, 1):
            await store.tx(put, batch, NOW)
        tracemalloc.start()
        seen: list[int] = []
        for _ in range(20):
            claimed = await store.tx(claim, "poll:m0", 100, NOW, LEASE, "n")
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


def test_f24_a_transaction_that_is_held_open_slows_nobody_to_a_halt_and_is_seen(engine):
    """How many polls a second it is then, ``make faults`` tells."""
    if engine == "sqlite":
        pytest.skip("a file has one connection: there is no other transaction")

    def rounds(c: Database) -> None:
        for _ in range(20):
            claimed = claim(c, "poll:m2", 50, NOW, LEASE, "n")
            assert all(acknowledge(c, [Later(task.id, task.fence, NOW) for task in claimed]))

    with postgres_kit.database() as url, contextlib.closing(Database(url)) as c, contextlib.closing(Database(url)) as other:
        for batch in rows(NOW - ROWS, 1):
            put(c, batch, NOW)
        c.look("VACUUM ANALYZE task")
        looks = Looks(c)
        rounds(c)
        free = looks.cost()
        other.look("BEGIN ISOLATION LEVEL REPEATABLE READ")
        assert other.count("task") == [ROWS]
        rounds(c)
        # 2000 versions of rows that nobody may clear away, and a look passes them page by page: a hundred are no more than five pages
        assert looks.cost() <= free + 5 * 20
        assert measuring.server(c).oldest_transaction > 0  # what the alert goes by
        other.look("ROLLBACK")
        c.look("VACUUM task")
        assert looks.cost() <= free
        rounds(c)
        assert looks.cost() <= free + 5 * 20
