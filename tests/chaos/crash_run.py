"""The random crash run: nodes are killed, stopped and restarted, the database too, while clients repeat and both neighbours misbehave.

What each client saw is recorded; it is checked against the backend, the listener and the record only after everything has healed.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from adapter.ports import OutcomeKind
from adapter.store import OrderQuery, OrderRow, Store
from adapter.store.outbox import EventRow, events_of
from adapter.store.task_listing import find
from adapter.store.task_rows import TaskQuery
from tests import postgres_kit
from tests.chaos.world import Client, LyingDesk, Refusing, of_order, subscribe
from tests.delivery_kit import Listener
from tests.faults.cluster import DELIVERIES, Cluster, Figures, home_of
from tests.faults.forking import ROOT, Forks, Served

TOTAL, SETTLE = 0.6, 2.0  # a late effect comes after the longest call, and within the settle time of the shortest
MINUTE = 5.0
"""A minute of a closed window lasts so many seconds; there is one at the beginning of every minute."""

FIGURES = Figures(total=TOTAL, settle=SETTLE, every=0.4, callback=0.5, more='windows: [{cron: "* * * * *", minutes: 1}]\n')
POINTS = ("before-call", "after-call", "after-recorded", "in-delivery")
PAUSE = 4.0


@dataclass(frozen=True)
class Plan:
    """What is done, to whom, for how long. Seconds."""

    name: str
    engine: str
    nodes: int
    orders: int
    seconds: float
    kills: bool = True
    pauses: int = 0
    restarts: int = 0
    healed: float = 90


PLANS = (
    Plan("SQLite, 1 node", "sqlite", 1, 150, 50),
    Plan("PostgreSQL, 3 nodes", "postgresql", 3, 150, 50),
    Plan("PostgreSQL, 3 nodes, pauses", "postgresql", 3, 100, 40, pauses=5),
    Plan("PostgreSQL, 3 nodes, database restarts", "postgresql", 3, 100, 40, restarts=3),
)


@dataclass
class Result:
    """The figures of one run. ``wrong`` names everything that is not as it has to be; the run is good where it is empty."""

    name: str
    seed: int
    kills: int = 0
    pauses: int = 0
    restarts: int = 0
    orders: int = 0
    requests: int = 0
    unknown: int = 0
    lies: int = 0
    events: int = 0
    repeats: int = 0
    doubled: int = 0
    lost: int = 0
    out_of_order: int = 0
    answers: int = 0
    in_window: int = 0
    seconds: float = 0
    wrong: list[str] = field(default_factory=list)


@dataclass
class Run:
    """One run on its way."""

    plan: Plan
    seed: int
    cluster: Cluster
    desks: Mapping[str, LyingDesk]
    listener: Listener
    refusing: Refusing
    server: postgres_kit.Server | None
    result: Result
    chance: random.Random
    clients: list[Client] = field(default_factory=list)
    down: set[int] = field(default_factory=set)

    async def chaos(self, http: httpx.AsyncClient) -> None:
        """Everything at once, until the time is over."""
        until = time.monotonic() + self.plan.seconds
        self.refusing.bad = True
        for desk in self.desks.values():
            desk.lying = True
        urls = [node.url for node in self.cluster.nodes]
        tasks = [asyncio.create_task(work) for work in (self._kill(until), self._pause(until), self._restart(until))]
        pauses = sorted(self.chance.uniform(0, self.plan.seconds * 0.9) for _ in range(self.plan.orders))
        began = time.monotonic()
        for number, at in enumerate(pauses):
            await asyncio.sleep(max(0.0, began + at - time.monotonic()))
            client = Client(list(DELIVERIES)[number % 2])
            self.clients.append(client)
            tasks.append(asyncio.create_task(client.insist(http, urls, random.Random(self.seed * 1000 + number), 3, until)))
        await asyncio.gather(*tasks)

    async def _kill(self, until: float) -> None:
        """Now at any moment, now at one of the delicate ones."""
        while self.plan.kills and time.monotonic() < until:
            number = self.chance.randrange(len(self.cluster.nodes))
            node = self.cluster.nodes[number]
            await asyncio.sleep(self.chance.uniform(0.5, 2.5))
            if number not in self.down:
                await self._killed(number, node)

    async def _killed(self, number: int, node: Served) -> None:
        self.down.add(number)
        with contextlib.suppress(ProcessLookupError):
            node.signal(signal.SIGKILL)
        await asyncio.to_thread(node.died)
        self.result.kills += 1
        more = {"DIE_AT": self.chance.choice(POINTS)} if self.chance.random() < 0.4 else {}
        await self._begin(node, **more)
        self.down.discard(number)

    async def _begin(self, node: Served, **more: str) -> None:
        """It may meet a point at which it dies before it has said that it listens, or a database that is away."""
        for _ in range(20):
            node.begin(**more)
            with contextlib.suppress(AssertionError):
                await asyncio.to_thread(node.listens)
                return
            await asyncio.to_thread(node.died)
            self.result.kills += bool(more)
            more = {}
            await asyncio.sleep(0.2)
        raise AssertionError(f"a node did not come back:\n{node.said()[-3000:]}")

    async def _pause(self, until: float) -> None:
        """Longer than a lease."""
        for _ in range(self.plan.pauses):
            await asyncio.sleep(self.chance.uniform(1, 4))
            number = self.chance.randrange(len(self.cluster.nodes))
            if number in self.down or time.monotonic() > until:
                continue
            self.down.add(number)
            with contextlib.suppress(ProcessLookupError):
                self.cluster.nodes[number].signal(signal.SIGSTOP)
                await asyncio.sleep(PAUSE)
                self.cluster.nodes[number].signal(signal.SIGCONT)
                self.result.pauses += 1
            self.down.discard(number)

    async def _restart(self, until: float) -> None:
        for _ in range(self.plan.restarts):
            await asyncio.sleep(self.chance.uniform(4, 10))
            if self.server is not None and time.monotonic() < until:
                await asyncio.to_thread(self.server.restart)
                self.result.restarts += 1

    async def heal(self, http: httpx.AsyncClient) -> None:
        """Everybody behaves again, and what had died at a point is started; then all come to their end, or do not."""
        self.refusing.bad = False
        for desk in self.desks.values():
            desk.lying = False
        for node in self.cluster.nodes:
            if self.cluster.forks.ended(node.pid) is not None:
                self.result.kills += 1
                await asyncio.to_thread(node.died)
                await self._begin(node)
            elif "DIE_AT" in node.more:  # it has not come there yet
                node.signal(signal.SIGKILL)
                await asyncio.to_thread(node.died)
                await self._begin(node)
        urls, until = [node.url for node in self.cluster.nodes], time.monotonic() + self.plan.healed
        await asyncio.gather(
            *(client.insist(http, urls, random.Random(self.seed), len(client.history) + 1, until) for client in self.clients)
        )
        await self._quiet(until)

    async def _quiet(self, until: float) -> None:
        """Until every listener has heard of every order's end."""
        numbers = {client.number for client in self.clients}
        while time.monotonic() < until:
            ended = {
                of_order(event) for event in list(self.listener.arrivals) if event["event"]["productOrder"].get("state") == "completed"
            }
            if numbers <= ended:
                await asyncio.sleep(1.0)  # what is told twice is told now
                return
            await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def _made(plan: Plan, seed: int, folder: Path, forks: Forks, server: postgres_kit.Server | None) -> AsyncIterator[Run]:
    refusing = Refusing(seed)
    async with contextlib.AsyncExitStack() as stack:
        desks = {name: await stack.enter_async_context(LyingDesk(seed + at, TOTAL, SETTLE, 40)) for at, name in enumerate(DELIVERIES)}
        listener = await stack.enter_async_context(Listener(refusing))
        url = server.url("postgres") if server is not None else f"sqlite:///{folder / 'record.db'}"
        home = home_of(folder / "home", FIGURES)
        environment = {f"ADAPTER_{name.upper()}_ENDPOINT": one.url for name, one in desks.items()} | {"MINUTE": str(MINUTE)}
        cluster = Cluster(plan.engine, home, folder, url, "", forks, plan.nodes, environment)
        stack.callback(cluster.close)
        await asyncio.to_thread(cluster.start)
        yield Run(plan, seed, cluster, desks, listener, refusing, server, Result(plan.name, seed), random.Random(seed))


def crash_run(plan: Plan, seed: int, folder: Path, root: Path = ROOT) -> Result:
    """Does it, heals it, checks it."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(postgres_kit.own_server()) if plan.engine == "postgresql" else None
        return asyncio.run(_crash_run(plan, seed, folder, root, server))


async def _crash_run(plan: Plan, seed: int, folder: Path, root: Path, server: postgres_kit.Server | None) -> Result:
    began = time.monotonic()
    forks = await asyncio.to_thread(Forks, root)
    try:
        async with _made(plan, seed, folder, forks, server) as run, httpx.AsyncClient(timeout=15, trust_env=False) as http:
            for market in DELIVERIES:
                await subscribe(http, run.cluster.nodes[0].url, market, run.listener)
            await run.chaos(http)
            await run.heal(http)
            for node in run.cluster.nodes:
                await asyncio.to_thread(node.kill, signal.SIGTERM)
            store = await Store.open(run.cluster.url)
            try:
                await check(run, store)
            finally:
                await store.close()
            run.result.seconds = time.monotonic() - began
            return run.result
    finally:
        await asyncio.to_thread(forks.close)


async def check(run: Run, store: Store) -> None:
    """The history of the clients against the backend, the listener and the record."""
    result, wrong = run.result, run.result.wrong
    orders = {order.external_id: order async for order in store.stream(OrderQuery())}
    booked = Counter({number: count for desk in run.desks.values() for number, count in desk.booked().items()})
    result.orders, result.requests = len(run.clients), sum(len(client.history) for client in run.clients)
    result.unknown = sum(sent.result == "unknown" for client in run.clients for sent in client.history)
    result.lies = sum(desk.told.total() for desk in run.desks.values())
    for client in run.clients:
        _check_client(result, client, orders.get(client.number), booked[client.number])
    result.doubled = sum(count > 1 for count in booked.values())
    await _check_events(run, store, list(orders.values()))
    inside = [(name, call) for name, desk in run.desks.items() for call in desk.calls if _in_window(call.at) or _in_window(call.until)]
    result.in_window = len(inside)
    wrong += [f"{call.operation} of {name} in a closed window, second {call.at % 60:.2f} to {call.until % 60:.2f}" for name, call in inside]
    left = [task for task in await store.tx(find, TaskQuery(limit=1000)) if task.due_at is None]
    wrong += [f"task {task.id} is parked: {task.last_error}" for task in left]


def _check_client(result: Result, client: Client, order: OrderRow | None, booked: int) -> None:
    number, wrong = client.number, result.wrong
    bodies = {sent.body for sent in client.history if sent.result == "ok"}
    result.answers += len(bodies) == 1
    if len(bodies) != 1:
        wrong.append(f"{number} ({client.market}) got {len(bodies)} different answers")
    if order is None or order.outcome is not OutcomeKind.ACCEPTED or not booked:
        result.lost += client.promised
        wrong.append(f"{number} ({client.market}) was promised and is lost: {order.outcome if order else 'not on record'}, booked {booked}")
    if booked > 1:
        wrong.append(f"{number} ({client.market}) is booked {booked} times")
    if order is not None and order.state != "completed":
        wrong.append(f"{number} ({client.market}) did not come to its end: {order.state}")


async def _check_events(run: Run, store: Store, orders: list[OrderRow]) -> None:
    result = run.result
    heard: dict[str, list[str]] = {}
    for event in run.listener.arrivals:
        heard.setdefault(of_order(event), []).append(event["eventId"])
    for order in orders:
        told: list[EventRow] = await store.tx(events_of, order.id)
        ids, arrived = [event.id for event in told], heard.get(order.external_id, [])
        firsts = list(dict.fromkeys(arrived))
        result.events += len(ids)
        result.repeats += len(arrived) - len(firsts)
        if [event.seq for event in told] != list(range(1, len(told) + 1)) or firsts != ids or not ids:
            result.out_of_order += 1
            result.wrong.append(f"{order.external_id}: events {ids} arrived as {arrived}")
    if run.listener.most > 1:
        result.wrong.append(f"{run.listener.most} calls were in flight at one time for one listener and order")


def _in_window(at: float) -> bool:
    return at % 60 < MINUTE


def row(result: Result) -> dict[str, Any]:
    """A line of the report."""
    return {
        "run": result.name,
        "seed": result.seed,
        "kills -9": result.kills,
        "pauses": result.pauses,
        "restarts": result.restarts,
        "orders": result.orders,
        "requests": result.requests,
        "lies": result.lies,
        "doubled": result.doubled,
        "lost": result.lost,
        "events": result.events,
        "told again": result.repeats,
        "out of order": result.out_of_order,
        "answers identical": f"{result.answers} of {result.orders}",
        "calls in window": result.in_window,
        "seconds": round(result.seconds),
    }
