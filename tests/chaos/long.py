"""What takes too long, or too many rows, for every run of the tests: the same failures in full, once for ``make faults``.

Each case returns its figures and raises AssertionError where something is not as it has to be.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
import statistics
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from adapter.store import Acceptance, Store, measuring
from adapter.store.tasks import Later, acknowledge, claim
from adapter.work import acknowledging
from adapter.work.job import Finish, Job
from adapter.work.lane import Lane
from adapter.work.plan import Plan
from simulators.http_server import Transport
from simulators.scenario import Behaviour
from tests import postgres_kit
from tests.faults.cluster import ORDERS, Backend, Cluster, Figures, forks, home_of, order, place, ways
from tests.faults.test_work_limits import PLAN, RATE, Asked, Nodes, most_above
from tests.waiting import eventually
from tests.work_kit import Clock, Heard

ROWS = 1_000_000
NOW = 1_760_000_000_000
LEASE = 60_000
LANES = 20


@dataclass(frozen=True)
class Case:
    """``numbers`` are those of the failure list."""

    name: str
    numbers: str
    engine: str
    work: Callable[[Path], Mapping[str, Any]]


# processes


@contextlib.contextmanager
def cluster(folder: Path, nodes: int, figures: Figures) -> Iterator[tuple[Cluster, Backend]]:
    """Running nodes on a database of their own, with a backend."""
    backend = Backend()
    try:
        with postgres_kit.own_server() as server, forks() as parent:
            made = Cluster("postgresql", home_of(folder / "home", figures), folder, server.url("postgres"), backend.url, parent, nodes)
            try:
                yield made.start(), backend
            finally:
                made.close()
    finally:
        backend.close()


def query_down(folder: Path, seconds: float = 60) -> Mapping[str, Any]:
    """F9: the backend cannot be asked what became of an order."""
    with cluster(folder, 3, Figures()) as (nodes, backend):
        body = order()
        backend.simulator.once("CreateOrder", Behaviour(transport=Transport.NEVER))
        backend.simulator.once("FindOrder", Behaviour(book=False, transport=Transport.CLOSE), 100_000)
        assert place(nodes.nodes[0], body, "k1", "desk").status_code == 201
        node, end, ages = nodes.nodes[1], time.monotonic() + seconds, []
        eventually(lambda: node.metric("adapter_unknown_outcomes") == 1, "the gauge shows it")
        while time.monotonic() < end:
            assert node.metric("adapter_unknown_outcomes") == 1
            ages.append(node.metric("adapter_unknown_outcome_oldest_seconds"))
            assert place(nodes.nodes[2], body, "k1", "desk").status_code == 201
            time.sleep(2)
        assert ages == sorted(ages)
        assert ages[-1] > seconds * 0.9
        assert backend.calls("CreateOrder") == 1
        asked = sum(call["operation"] == "FindOrder" for call in backend.simulator.requests())
        backend.simulator.forget_plans()
        began = time.monotonic()
        eventually(lambda: ways(node)[0]["outcome"] == "accepted", "it settles", 90)
        assert backend.booked(body) == backend.calls("CreateOrder") == 1
        return {"query down (s)": round(seconds), "probes": asked, "submits": 0, "settled after (s)": round(time.monotonic() - began, 1)}


def hung_and_restarted(folder: Path) -> Mapping[str, Any]:
    """F37: more callers than slots, a backend that hangs, dies and comes back."""
    with cluster(folder, 1, Figures(total=1.5)) as (nodes, backend):
        url, port = nodes.nodes[0].url, int(backend.url.rpartition(":")[2].partition("/")[0])
        good: list[float] = []
        stop = asyncio.Event()

        async def caller(http: httpx.AsyncClient) -> None:
            while not stop.is_set():
                with contextlib.suppress(httpx.HTTPError):
                    reply = await http.post(url + ORDERS, json=order(), headers={"X-Market": "lab"})
                    if reply.status_code == 201:
                        good.append(time.monotonic())

        async def run() -> dict[str, Any]:
            async with httpx.AsyncClient(timeout=20, trust_env=False, limits=httpx.Limits(max_connections=100)) as http:
                callers = [asyncio.create_task(caller(http)) for _ in range(90)]
                await asyncio.sleep(6)
                before = sum(at > time.monotonic() - 4 for at in good) / 4
                backend.simulator.once("CreateOrder", Behaviour(book=False, transport=Transport.NEVER), 90)
                await asyncio.sleep(1)
                await asyncio.to_thread(backend.run, backend.simulator.stop())
                await asyncio.sleep(2)
                backend.simulator.forget_plans()
                await asyncio.to_thread(backend.run, backend.simulator.start(port))
                back = time.monotonic()
                await asyncio.sleep(9)
                stop.set()
                await asyncio.gather(*callers)
                after = sum(back + 5 <= at < back + 9 for at in good) / 4
                return {"callers": 90, "slots": 64, "before (/s)": round(before), "from 5 s after (/s)": round(after)}

        figures = asyncio.run(run())
        assert figures["from 5 s after (/s)"] >= 0.9 * figures["before (/s)"], figures
        return figures


# the hand-moved clock


def polls_at_the_limit(folder: Path) -> Mapping[str, Any]:
    """F18, F19: ten thousand due polls, three nodes with connections of their own, 50 a second, an order every second."""

    async def scenario(url: str) -> Mapping[str, Any]:
        clock = Clock()
        polls, orders = Asked(clock), Asked(clock)
        plan = replace(PLAN, rate=RATE)
        async with contextlib.AsyncExitStack() as stack:
            stores = [await Store.open(url, clock=clock, node=f"n{number}") for number in range(3)]
            for store in stores:
                stack.push_async_callback(store.close)
            lanes = {"poll:lab": (polls, replace(plan, left=5)), "submit:lab": (orders, plan)}
            nodes = [Nodes(store, clock, 1, lanes) for store in stores]
            await nodes[0].put("poll:lab", 10_000)
            placed: list[int] = []
            step, seconds = 40, 210
            for number in range(seconds * 1000 // step):
                if number % (1000 // step) == 0:
                    placed.append(clock())
                    await nodes[0].put("submit:lab", 1, f"{len(placed):04}-")
                await asyncio.gather(*(lane.round() for one in nodes for lane in one.lanes))
                clock.later(step / 1000)
        times = sorted(polls.times + orders.times)
        above = most_above(times, 50, 10, 0)
        waited = max(sent - at for at, sent in zip(placed, orders.times, strict=True))
        rate = len(times) / ((times[-1] - times[0]) / 1000)
        assert above <= 0, f"{above} calls too many in some window"
        assert rate >= 0.95 * 50
        assert waited <= 1000
        assert len(polls.times) == len(set(polls.ids))
        return {
            "polls": len(polls.times),
            "rate (/s)": round(rate, 1),
            "limit (/s)": 50,
            "above the limit": 0,
            "orders waited at most (ms)": waited,
        }

    acknowledging.LINGER = 0.0
    try:
        with postgres_kit.own_server() as server:
            return asyncio.run(scenario(server.url("postgres")))
    finally:
        acknowledging.LINGER = 0.004


# a million rows


_FILL = """INSERT INTO task (id, lane, due_at, created_at) SELECT 'poll:' || n, 'poll:m' || (n % {lanes}), {due} + n % 3600000, 0
FROM {numbers}"""
_COUNTED = "(WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < {rows} - 1) SELECT n FROM c)"


async def fill(url: str, due: int) -> None:
    """A million tasks, due from then on in the order of an hour."""
    if url.startswith("sqlite"):
        store = await Store.open(url)
        await store.close()
        driver = sqlite3.connect(url.removeprefix("sqlite:///"))
        driver.execute(_FILL.format(lanes=LANES, due=due, numbers=_COUNTED.format(rows=ROWS)))
        driver.commit()
        driver.close()
    else:
        connection = await asyncpg.connect(url)
        await connection.execute(_FILL.format(lanes=LANES, due=due, numbers=f"generate_series(0, {ROWS - 1}) AS s(n)"))
        await connection.execute("VACUUM ANALYZE task")
        await connection.close()


async def _claims(store: Store, count: int, now: int) -> tuple[list[float], list[int]]:
    """So many batches of 100: how long each claim took, and when what it got was due."""
    took, due = [], []
    for number in range(count):
        began = time.perf_counter()
        found = await store.tx(claim, f"poll:m{number % LANES}", 100, now, LEASE, "n")
        took.append(time.perf_counter() - began)
        due.append([task.due_at for task in found])
        if found:
            await store.tx(acknowledge, [Later(task.id, task.fence, now + 2 * LEASE + 3_600_000) for task in found])
    assert all(one == sorted(one) for one in due)
    return took, [at for one in due for at in one if at is not None]


def _p99(took: list[float]) -> float:
    return round(statistics.quantiles(took, n=100)[98] * 1000, 2)


async def _nothing(job: Job) -> Finish:
    return job.done()


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    store = await Store.open(url)
    try:
        yield store
    finally:
        await store.close()


async def _future(url: str) -> Mapping[str, Any]:
    now = NOW
    await fill(url, now + 10 * 3_600_000)
    async with opened(url) as store:
        await _claims(store, 50, now)
        took, found = await _claims(store, 1000, now)
        assert found == []
    clock = Clock(now)
    store = await Store.open(url, clock=clock)
    try:
        plan = Plan("", call=1000, slots=50)
        lanes = [Lane(f"poll:m{number}", _nothing, lambda: plan, store, Heard()) for number in range(LANES)]
        for lane in lanes:
            lane.start()
        await asyncio.sleep(1)
        began, wall = time.process_time(), time.monotonic()
        await asyncio.sleep(10)
        share = (time.process_time() - began) / (time.monotonic() - wall)
        for lane in lanes:
            await lane.stop()
    finally:
        await store.close()
    figures = {"rows": ROWS, "idle claim p99 (ms)": _p99(took), "of one core, 20 idle lanes (%)": round(share * 100, 1)}
    assert figures["idle claim p99 (ms)"] < 5, figures
    assert share < 0.05, figures
    return figures


async def _overdue(url: str) -> Mapping[str, Any]:
    now = NOW
    await fill(url, now - 10 * 3_600_000)
    async with opened(url) as store:
        await _claims(store, 20, now)
        tracemalloc.start()
        began = time.perf_counter()
        took, due = await _claims(store, 1000, now)
        seconds = time.perf_counter() - began
        grown = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
    figures = {"rows": ROWS, "claim p99 (ms)": _p99(took), "claim+ack (/s)": round(len(due) / seconds), "memory (MB)": round(grown, 1)}
    assert len(due) == 100_000
    assert figures["claim p99 (ms)"] < 50, figures
    assert grown < 100, figures
    return figures


def _on(engine: str, scenario: Callable[[str], Awaitable[Mapping[str, Any]]]) -> Callable[[Path], Mapping[str, Any]]:
    def work(folder: Path) -> Mapping[str, Any]:
        async def main(url: str) -> Mapping[str, Any]:
            return await scenario(url)

        if engine == "sqlite":
            return asyncio.run(main(f"sqlite:///{folder / 'record.db'}"))
        with postgres_kit.own_server() as server:
            return asyncio.run(main(server.url("postgres")))

    return work


async def _held_open(url: str, seconds: float = 60, polls: int = 1000) -> Mapping[str, Any]:
    """F24: somebody forgets a transaction while so many polls a second come due, each of them again after 50 seconds."""
    connection = await asyncpg.connect(url)
    await connection.execute(_FILL.format(lanes=LANES, due=NOW, numbers=f"generate_series(0, {50 * polls - 1}) AS s(n)"))
    await connection.execute(f"UPDATE task SET due_at = {NOW} + (due_at - {NOW}) * 1000 / {polls}")
    await connection.execute("VACUUM ANALYZE task")
    began, lane = time.monotonic(), itertools.count()

    async def offered(store: Store, for_seconds: float) -> tuple[float, float]:
        """The polls of that time: how many a second, and the milliseconds that the slowest percent of the claims took."""
        start, done, took = time.monotonic(), 0, []
        while time.monotonic() - start < for_seconds:
            now, asked = NOW + round((time.monotonic() - began) * 1000), time.perf_counter()
            found = await store.tx(claim, f"poll:m{next(lane) % LANES}", 100, now, LEASE, "n")
            took.append(time.perf_counter() - asked)
            done += len(found)
            await store.tx(acknowledge, [Later(task.id, task.fence, now + 50_000) for task in found])
            await asyncio.sleep(0.005)
        return done / (time.monotonic() - start), _p99(took)

    async with opened(url) as store:
        await offered(store, 3)
        before, quick = await offered(store, 8)
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        await connection.fetchval("SELECT count(*) FROM task")
        held, slow = await offered(store, seconds)
        looked = await store.tx(measuring.server)
        dead = looked.dead_rows.get("task", 0)
        await connection.execute("ROLLBACK")
        await connection.execute("VACUUM task")
        after, again = await offered(store, 8)
    await connection.close()
    figures = {
        "held open (s)": round(looked.oldest_transaction),
        "polls (/s) before, held, after one vacuum": f"{before:.0f}, {held:.0f}, {after:.0f}",
        "claim p99 (ms) before, held, after": f"{quick}, {slow}, {again}",
        "dead rows": dead,
    }
    assert looked.oldest_transaction > seconds, figures
    assert held >= 0.5 * before, figures
    assert after >= 0.9 * before, figures
    return figures


async def _copied(url: str) -> Mapping[str, Any]:
    """F16: the file and its log are copied right after each promise; every copy has every order promised so far."""
    file = Path(url.removeprefix("sqlite:///"))
    async with opened(url) as store:
        for number in range(1000):
            fresh = Acceptance("s", f"k{number}", "f", "lab", "op", "c", "tmf", "x", b"{}", 2**60, f"E{number}", resource="productOrder")
            await store.accept(fresh)
            if number % 10 == 9 or number > 990:  # each has all that are before it
                copies = [file.with_name("copy.db"), file.with_name("copy.db-wal")]
                for copy, source in zip(copies, (file, file.with_name(f"{file.name}-wal")), strict=True):
                    copy.write_bytes(source.read_bytes())
                driver = sqlite3.connect(copies[0])
                found = {row[0] for row in driver.execute("SELECT key FROM idempotency")}
                driver.close()
                assert found == {f"k{before}" for before in range(number + 1)}
                for copy in file.parent.glob("copy.db*"):
                    copy.unlink()
    return {"orders": 1000, "in the copies": 1000}


def raced(folder: Path) -> Mapping[str, Any]:
    """F29: a thousand times, on three nodes."""
    from tests.faults.proof import test_f28_timers as timers  # noqa: PLC0415

    test = timers.test_f29_of_firing_and_leaving_at_once_one_wins_each_time
    for number in range(5):
        test(f"sqlite:///{folder / f'{number}.db'}", "sqlite")
    for _ in range(5):
        with postgres_kit.database() as url:
            test(url, "postgresql")
    return {"races": 1000, "with two winners or none": 0}


CASES = (
    Case("the query is down for a minute", "F9", "PostgreSQL, 3 nodes", query_down),
    Case("ten thousand polls at the limit, an order each second", "F18, F19", "PostgreSQL, 3 nodes", polls_at_the_limit),
    Case("a million in the future", "F22", "SQLite", _on("sqlite", _future)),
    Case("a million in the future", "F22", "PostgreSQL", _on("postgresql", _future)),
    Case("a million overdue", "F23", "SQLite", _on("sqlite", _overdue)),
    Case("a million overdue", "F23", "PostgreSQL", _on("postgresql", _overdue)),
    Case("a transaction is held open", "F24", "PostgreSQL", _on("postgresql", _held_open)),
    Case("a copy right after each promise", "F16", "SQLite", _on("sqlite", _copied)),
    Case("firing against leaving", "F29", "both", raced),
    Case("a backend hangs, dies and comes back", "F37", "PostgreSQL, 1 node", hung_and_restarted),
)
