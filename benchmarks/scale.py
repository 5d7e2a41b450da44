"""``make scale``: the record with a million open orders, each with a poll that waits, in 20 lanes.

    .venv/bin/python -m benchmarks.scale [--orders 1000000] [--url postgresql://…/scratch] [--seconds 10] [--output FILE]

Without ``--url`` on SQLite, in a file on the disk; with it on PostgreSQL as well, in a database made for this: its tables are
emptied first. Every figure comes through the record as the service uses it, each transaction flushed before it counts. A few
minutes for each engine on two processors.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import uvloop
from sqlalchemy import insert

from adapter.store import Acceptance, Direction, MessageRow, Store, tasks
from adapter.store.connection import Connection, Statement
from adapter.store.ids import OrderIds, short_form
from adapter.store.packing import Packer
from adapter.store.schema import resource_order
from adapter.store.tasks import Later, NewTask, Task
from benchmarks.server import disk
from benchmarks.store import document, one
from benchmarks.table import table

LANES = [f"poll:market{number:02}" for number in range(20)]
HOUR = 3_600_000
BATCH = 100
PORTION = 1000

_ORDER = {
    "operation": "productOrder.create",
    "client": "bench",
    "face": "tmf",
    "scope": "bench/productOrder.create",
    "correlation_id": "c",
    "external_id": "",
    "state": "inProgress",
    "outcome": "accepted",
    "attempt": 1,
    "rule_version": "1",
    "request": Packer().pack(b'{"externalId":"E"}'),
}
_INSERT = Statement(insert(resource_order), (*_ORDER, "id", "market", "key", "client_reference", "backend_ref", "created_at", "updated_at"))


@dataclass
class Figures:
    """What was measured on one engine, by the name of the measure."""

    engine: str
    values: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: str) -> None:
        self.values[name] = value
        print(f"  {self.engine}: {name}: {value}", flush=True)


def insert_orders(c: Connection, orders: list[dict[str, Any]], polls: list[NewTask], at: int) -> None:
    c.change_many(_INSERT, orders)
    tasks.put(c, polls, at)


async def fill(store: Store, orders: int, now: int, figures: Figures) -> None:
    clock = itertools.count(now - 2 * orders)
    ids = OrderIds(lambda: next(clock))  # one a millisecond or so, up to now
    jitter = max(1, orders // 10)
    began = time.perf_counter()
    for start in range(0, orders, PORTION):
        rows, polls = [], []
        for number in range(start, min(orders, start + PORTION)):
            order_id, lane = ids(), LANES[number % len(LANES)]
            own = {"id": order_id, "market": lane.partition(":")[2], "key": order_id, "client_reference": short_form(order_id)}
            rows.append({**_ORDER, **own, "backend_ref": f"B{number}", "created_at": now, "updated_at": now})
            polls.append(NewTask(f"poll:{order_id}", lane, now + HOUR + number + (number * 7919) % jitter, order_id))
        await store.tx(insert_orders, rows, polls, now)
    figures.add("orders with their poll inserted per second", f"{orders / (time.perf_counter() - began):,.0f}")


async def idle(store: Store, now: int, figures: Figures) -> None:
    """Nothing is due among all these."""
    times = []
    cpu = time.process_time()
    for lane in itertools.islice(itertools.cycle(LANES), 2000):
        began = time.perf_counter()
        assert await store.tx(tasks.claim, lane, BATCH, now, 60_000, "n1") == []
        times.append(time.perf_counter() - began)
    used = time.process_time() - cpu
    figures.add("idle claim, p50 / p99 ms", f"{percentile(times, 50):.2f} / {percentile(times, 99):.2f}")
    figures.add("20 idle lanes asked 10 times a second, % of a core", f"{used / len(times) * 200 * 100:.1f}")


async def work(store: Store, callers: int, seconds: float, due: int, later: int) -> tuple[int, list[float], float]:
    """Claims and acknowledges in batches. How many, the times of the claims, and how long it took altogether."""
    end = time.perf_counter() + seconds
    times: list[float] = []
    done = 0

    async def caller(lanes: list[str]) -> None:
        nonlocal done
        before: dict[str, tuple[int | None, str]] = {}
        empty = 0
        for lane in itertools.cycle(lanes):
            if time.perf_counter() > end or empty == len(lanes):
                return
            began = time.perf_counter()
            claimed: list[Task] = await store.tx(tasks.claim, lane, BATCH, due, 60_000, store.node)
            times.append(time.perf_counter() - began)
            empty = 0 if claimed else empty + 1
            order = [before.get(lane, (0, "")), *((task.due_at, task.id) for task in claimed)]
            assert order == sorted(order), "the longest due first"
            before[lane] = order[-1]
            acks = [Later(task.id, task.fence, later) for task in claimed]
            assert all(await store.tx(tasks.acknowledge, acks))
            done += len(claimed)

    began = time.perf_counter()
    await asyncio.gather(*(caller(LANES[number::callers]) for number in range(callers)))
    return done, times, time.perf_counter() - began


async def overdue(store: Store, seconds: float, now: int, orders: int, figures: Figures) -> None:
    """As after a closed window: everything is due at once."""
    gc.collect()
    process = psutil.Process()
    await work(store, 1, 0.5, now + 3 * HOUR, now + 9 * HOUR)
    before = process.memory_info().rss
    done, times, took = await work(store, 1, seconds, now + 3 * HOUR, now + 9 * HOUR)
    figures.add("all overdue: claim of 100, p50 / p99 ms", f"{percentile(times, 50):.1f} / {percentile(times, 99):.1f}")
    figures.add("claimed and acknowledged per second, 1 caller", f"{done / took:,.0f}")
    figures.add("catch-up of all, seconds at that pace", f"{orders / (done / took):,.0f}")
    done, _, took = await work(store, 4, seconds, now + 3 * HOUR, now + 9 * HOUR)
    figures.add("claimed and acknowledged per second, 4 callers", f"{done / took:,.0f}")
    gc.collect()
    figures.add("memory grown meanwhile, MB", f"{(process.memory_info().rss - before) / 2**20:+.1f}")


async def look(store: Store, now: int, figures: Figures) -> None:
    began = time.perf_counter()
    await store.tx(tasks.oldest_due, now)
    between = time.perf_counter()
    await store.tx(tasks.counts)
    figures.add(
        "age of the oldest in each lane / rows in each lane, ms",
        f"{(between - began) * 1e3:.1f} / {(time.perf_counter() - between) * 1e3:.0f}",
    )


async def accept_one(store: Store, number: int, body: bytes) -> float:
    began = time.perf_counter()
    now = store.clock()
    message = MessageRow(Direction.CLIENT_REQUEST, "productOrder.create", body, now, "application/json")
    values: dict[str, Any] = {name: _ORDER[name] for name in ("scope", "operation", "client", "face", "correlation_id", "rule_version")}
    values |= {"key": f"key:{number}", "fingerprint": f"{number:064x}", "external_id": f"E{number}"}
    await store.accept(Acceptance(**values, market="market00", request=body, deadline=now + 20_000, messages=(message,)))
    return time.perf_counter() - began


async def accept(store: Store, seconds: float, callers: int, figures: Figures) -> None:
    """New orders with documents of 6 kB beside all these: recorded with their intent, and then with their end as well."""
    bodies = [document(number) for number in range(1000)]
    for name, settled in (("accepted", False), ("accepted and settled", True)):
        end = time.perf_counter() + seconds
        times: list[float] = []
        numbers = itertools.count(10**9 * (1 + settled))

        async def caller(numbers: Iterator[int] = numbers, end: float = end, times: list[float] = times, settled: bool = settled) -> None:
            for number in numbers:
                if time.perf_counter() > end:
                    return
                body = bodies[number % len(bodies)]
                times.append(await (one(store, number, body, 0) if settled else accept_one(store, number, body)))

        began = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(callers)))
        rate = len(times) / (time.perf_counter() - began)
        figures.add(f"orders {name} per second, {callers} callers", f"{rate:,.0f}")
        figures.add(f"an order {name}, p50 / p99 ms", f"{percentile(times, 50):.1f} / {percentile(times, 99):.1f}")


def replicas(url: str, seconds: float, now: int, figures: Figures) -> None:
    """One process against three that share the work, all on the same database."""
    for count in (1, 3):
        command = [sys.executable, "-m", "benchmarks.scale", "--replica", "--url", url, "--seconds", str(seconds), "--now", str(now)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
        told = [json.loads(process.communicate()[0]) for process in running]
        figures.add(f"claimed and acknowledged per second, {count} replica{'s' * (count > 1)}", f"{sum(one['rate'] for one in told):,.0f}")


async def replica(url: str, seconds: float, now: int) -> None:
    store = await Store.open(url)
    try:
        done, _, took = await work(store, 4, seconds, now + 12 * HOUR, now + 24 * HOUR)
        print(json.dumps({"rate": done / took}))
    finally:
        await store.close()


async def measure(engine: str, url: str, orders: int, seconds: float) -> Figures:
    figures = Figures(engine)
    store = await Store.open(url)
    try:
        now = await store.now()
        await fill(store, orders, now, figures)
        if engine != "SQLite":
            await _administer(url, "VACUUM ANALYZE")
        await idle(store, now, figures)
        await overdue(store, seconds, now, orders, figures)
        await look(store, now + 3 * HOUR, figures)
        await accept(store, seconds, 64, figures)
    finally:
        await store.close()
    if engine != "SQLite":
        replicas(url, seconds, now, figures)
    return figures


async def _administer(url: str, command: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(command)
    finally:
        await connection.close()


_TABLES = """SELECT string_agg(quote_ident(tablename), ',') FROM pg_tables
 WHERE schemaname = current_schema() AND tablename <> 'alembic_version'"""


async def _empty(url: str) -> None:
    await _administer(url, f"TRUNCATE {await _administer(url, _TABLES)}")


def percentile(times: list[float], percent: int) -> float:
    """Milliseconds."""
    return sorted(times)[min(len(times) - 1, len(times) * percent // 100)] * 1e3


TARGETS = {
    "idle claim, p50 / p99 ms": "p99 < 5",
    "all overdue: claim of 100, p50 / p99 ms": "p99 < 50",
    "20 idle lanes asked 10 times a second, % of a core": "< 5",
    "claimed and acknowledged per second, 1 caller": "8,000",
    "memory grown meanwhile, MB": "< 100",
    "orders accepted per second, 64 callers": "1,200",
}


def report(measured: list[Figures]) -> str:
    names = list(dict.fromkeys(name for figures in measured for name in figures.values))
    rows = [[name, *(figures.values.get(name, "") for figures in measured), TARGETS.get(name, "")] for name in names]
    return table(["measure", *(figures.engine for figures in measured), "wanted"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    parser.add_argument("--url", help="of a PostgreSQL database with the record's tables; all rows in it are removed")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--replica", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--now", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.replica:
        uvloop.run(replica(given.url, given.seconds, given.now))
        return
    print(f"{given.orders:,} open orders in {len(LANES)} lanes, {psutil.cpu_count()} processors")
    with tempfile.TemporaryDirectory(dir=disk()) as folder:
        measured = [uvloop.run(measure("SQLite", f"sqlite:///{folder}/scale.db", given.orders, given.seconds))]
    if given.url:
        uvloop.run(_empty(given.url))
        measured.append(uvloop.run(measure("PostgreSQL", given.url, given.orders, given.seconds)))
    text = report(measured)
    print(f"\n{text}")
    if given.output:
        given.output.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
