"""How far behind the work is, on both engines: what is counted, what is not, and at what cost beside many rows."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from adapter.ports import OutcomeKind
from adapter.store import Store, measuring
from adapter.store.advancing import Change, advance
from adapter.store.connection import SqliteConnection
from adapter.store.listening import subscribe, unsubscribe
from adapter.store.measuring import Lane, Streams, Unknown
from adapter.store.migrating import migrate
from adapter.store.outbox import ListenerRow, NewEvent, claim_cursors, delivered, park
from adapter.store.task_rows import NewTask, Park
from adapter.store.tasks import acknowledge, claim, put
from tests.unit.store.conftest import START


def test_lanes_tell_since_when_something_is_due_and_what_is_parked(with_store):
    async def scenario(store: Store) -> None:
        now = START
        assert await store.tx(measuring.lanes, now) == []
        waiting = [NewTask(f"poll:{number}", "poll:a", now + number * 1000) for number in range(-2, 3)]
        await store.tx(put, [*waiting, NewTask("poll:x", "poll:b", now + 9000), NewTask("submit:1", "submit:a", now - 60_000)])
        assert await store.tx(measuring.lanes, now) == [
            Lane("poll:a", now - 2000, 0),
            Lane("poll:b", None, 0),
            Lane("submit:a", now - 60_000, 0),
        ]
        [task] = await store.tx(claim, "submit:a", 1, now, 30_000, "n")
        assert (await store.tx(measuring.lanes, now))[2] == Lane("submit:a", None, 0), "somebody is at it"
        await store.tx(acknowledge, [Park(task.id, task.fence, "no")])
        assert (await store.tx(measuring.lanes, now))[2] == Lane("submit:a", None, 1)

    with_store(scenario)


def test_orders_in_doubt_are_counted_by_market_and_calls_under_way_are_not(with_store, acceptance, settlement, clock):
    async def scenario(store: Store) -> None:
        begun = await store.accept(acceptance("k1", market="north"))
        lost = await store.accept(acceptance("k2", market="north"))
        settled = await store.accept(acceptance("k3", market="south"))
        doubtful = settlement(OutcomeKind.IN_DOUBT, response=None)
        assert await store.settle(lost.order_id, 1, doubtful)
        assert await store.settle(settled.order_id, 1, settlement())
        assert await store.tx(measuring.unknown, START + 1000) == [Unknown("north", 1, START)]
        clock.now = START + 5
        other = await store.accept(acceptance("k4", market="south"))
        assert await store.settle(other.order_id, 1, doubtful)
        late = await store.tx(measuring.unknown, START + 60_000)
        assert late == [Unknown("north", 2, START), Unknown("south", 1, START + 5)], "the call that began first never came to an end"
        assert await store.settle(begun.order_id, 1, settlement())
        assert (await store.tx(measuring.unknown, START + 60_000))[0] == Unknown("north", 1, START)

    with_store(scenario)


def test_listeners_tell_the_age_of_what_they_have_not_heard(with_store, acceptance, settlement):
    async def scenario(store: Store) -> None:
        assert await store.tx(measuring.streams) == []
        for name in ("L1", "L2"):
            row = ListenerRow(name, "tmf", "shop", "north", f"https://x.example/{name}", "", START)
            await store.tx(subscribe, row)
        assert await store.tx(measuring.streams) == [Streams("L1", 0, 0, None), Streams("L2", 0, 0, None)]
        for number in range(3):
            await _event(store, acceptance, settlement, number, START + 1000 + number)
        assert await store.tx(measuring.streams) == [Streams("L1", 3, 0, START + 1000), Streams("L2", 3, 0, START + 1000)]
        first = await store.tx(claim_cursors, "L1", 2, START + 5000, 1000, "n")
        assert await store.tx(delivered, first[0].delivery, 1, START + 5001)
        assert await store.tx(park, first[1].delivery, START + 5001, "no", 99, 0)
        assert (await store.tx(measuring.streams))[0] == Streams("L1", 1, 1, START + 1001)
        await store.tx(unsubscribe, "L2", START)
        assert [row.listener for row in await store.tx(measuring.streams)] == ["L1"]

    with_store(scenario)


async def _event(store: Store, acceptance: Any, settlement: Any, number: int, at: int) -> None:
    fresh = await store.accept(acceptance(f"e{number}"))
    assert await store.settle(fresh.order_id, 1, settlement())
    event = NewEvent(f"event-{number}", "StateChange", b"{}")
    version = (await store.order(fresh.order_id)).version
    assert await store.tx(advance, Change(fresh.order_id, version, "inProgress", at, events=(event,)))


@pytest.mark.parametrize("engine", ["postgresql"])
def test_the_server_tells_dead_rows_and_its_oldest_transaction(with_store):
    async def scenario(store: Store) -> None:
        told = await store.tx(measuring.server)
        assert {"task", "resource_order", "delivery"} <= set(told.dead_rows)
        assert all(rows >= 0 for rows in told.dead_rows.values())
        assert told.oldest_transaction >= 0

    with_store(scenario)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_no_statement_reads_a_whole_table(tmp_path: Path, engine: str):
    driver = sqlite3.connect(tmp_path / "record.db", isolation_level=None)
    migrate(driver, tmp_path / "record.db")
    many = [(f"poll:{number}", f"poll:m{number % 20}", START + number) for number in range(20_000)]
    driver.execute("BEGIN")
    driver.executemany("INSERT INTO task (id, lane, due_at, created_at) VALUES (?, ?, ?, 0)", many)
    streams = [("L1", f"{number:06}") for number in range(20_000)]
    driver.executemany("INSERT INTO delivery (listener, order_id, sent_seq, last_seq) VALUES (?, ?, 1, 1)", streams)
    driver.execute("INSERT INTO listener (id, face, client, market, callback, created_at) VALUES ('L1', '', '', 'm', '', 0)")
    driver.execute("COMMIT")
    connection = SqliteConnection(driver)
    steps = [0]

    def step() -> None:
        steps[0] += 1

    driver.set_progress_handler(step, 100)  # counted in hundreds of SQLite's own steps
    assert len(measuring.lanes(connection, START)) == 20
    assert measuring.streams(connection) == [Streams("L1", 0, 0, None)]
    assert measuring.unknown(connection, START) == []
    assert steps[0] < 100, "so many steps are a few hundred rows, not 20,000"
    driver.close()
