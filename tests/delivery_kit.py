"""Listeners on loopback, deliverers over a real record, and a clock that moves when it is told to."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from adapter.contract.tmf import resource
from adapter.errors import StoreUnavailable
from adapter.faces.declaration import load_face
from adapter.faces.events import EventWriter
from adapter.faces.rendering import Renderer
from adapter.settings import Callbacks as Settings
from adapter.settings import Pause, Retries
from adapter.store import Store, dead_letters, listening, outbox
from adapter.store.outbox import EventRow, ListenerRow, NewEvent
from adapter.wire.address import AddressPolicy
from adapter.wire.callback import CallbackLimits, Callbacks
from adapter.work.delivery import Deliverer
from adapter.work.subscriptions import Subscriptions
from tests.unit.wire.raw_backend import Peer, RawBackend, reply

ROOT = Path(__file__).parents[1]
START = 1_760_000_000_000
LOOPBACK = (ip_network("127.0.0.0/8"),)
KEY = b"0123456789abcdef"
SETTINGS = Settings(hosts=("127.0.0.1",), networks=LOOPBACK, http=True).model_copy(
    update={"seconds": 5, "connect_seconds": 0.05, "retries": Retries(attempts=3), "pause": Pause(streams=100)}
)
HOUR = 3_600_000
Answer = Callable[[Peer, dict[str, Any]], Awaitable[bytes | None]]


def schemas(_view: str, name: str, _form: str) -> Any:
    return resource(name).full_schema


WRITER = EventWriter(Renderer(load_face(ROOT / "config" / "faces" / "tmf.yaml"), "https://orders.example"), schemas)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


class Node:
    """One node of several on the same record, by our clock. ``cut`` makes the record unreachable for it."""

    def __init__(self, store: Store, name: str, clock: Clock) -> None:
        self.node, self.store, self.clock, self.cut = name, store, clock, False

    async def tx(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if self.cut:
            raise StoreUnavailable("the record is cut off")
        return await self.store.tx(function, *arguments)

    async def now(self) -> int:
        return self.clock.now


class Listener(RawBackend):
    """Records each arrival, and how many calls about one order are in flight at one time; answers as it is told to."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(self._hear)
        self.answer = answer
        self.arrivals: list[dict[str, Any]] = []
        self.heads: list[dict[str, str]] = []
        self.in_flight: Counter[str] = Counter()
        self.most = 0

    async def _hear(self, peer: Peer) -> None:
        head, _, body = (await peer.request()).partition(b"\r\n\r\n")
        if not head:
            return
        event = json.loads(body)
        order = event["event"]["productOrder"]["id"]
        self.heads.append({key.lower(): value for key, value in (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])})
        self.arrivals.append(event)
        self.in_flight[order] += 1
        self.most = max(self.most, self.in_flight[order])
        try:
            data = await self.answer(peer, event)
            if data is not None:
                await peer.write(data)
        finally:
            self.in_flight[order] -= 1

    def steps(self, order: str) -> list[int]:
        """The arrivals of one order, repeats included."""
        return [step_of(event) for event in self.arrivals if event["event"]["productOrder"]["id"] == order]


def step_of(event: Mapping[str, Any]) -> int:
    return int(event["event"]["productOrder"]["description"])


async def takes(_peer: Peer, _event: dict[str, Any]) -> bytes:
    return reply(b"", "201 Created")


def answers(status: str, *headers: str) -> Answer:
    async def answer(_peer: Peer, _event: dict[str, Any]) -> bytes:
        return reply(b"", status, *headers)

    return answer


@dataclass
class Seen:
    outcomes: list[str] = field(default_factory=list)

    def delivery_ended(self, listener: str, outcome: str, took: float) -> None:
        assert took >= 0
        self.outcomes.append(outcome)


@dataclass
class World:
    url: str
    store: Store
    clock: Clock
    seen: Seen = field(default_factory=Seen)
    others: list[Store] = field(default_factory=list)

    async def other_node(self) -> Store:
        """A further connection to the record, where there can be one."""
        if self.url.startswith("sqlite"):
            return self.store
        self.others.append(await Store.open(self.url, clock=self.clock))
        return self.others[-1]

    def deliverer(self, settings: Settings = SETTINGS, *, node: str = "n1", store: Store | None = None, **more: Any) -> Deliverer:
        policy = AddressPolicy(settings.hosts, settings.networks, http=settings.http, **{k: more.pop(k) for k in ("lookup",) if k in more})
        parts: dict[str, Any] = {
            "store": Node(store or self.store, node, self.clock),
            "sender": Callbacks(policy, CallbackLimits(settings.seconds, max(settings.connect_seconds, 2.0))),
            "writers": {"tmf": WRITER},
            "keys": {"shop": (KEY,)},
            "settings": settings,
        }
        return Deliverer(**{**parts, **more}, observer=self.seen, random=random.Random(1).random)

    async def subscribe(self, listener: RawBackend, identity: str = "L1", query: str = "") -> None:
        row = ListenerRow(identity, "tmf", "shop", "north", listener.url(path=f"/{identity}"), query, START)
        assert await self.store.tx(listening.subscribe, row) is None

    async def publish(self, order: str, first: int, count: int = 1, type_: str = "ProductOrderStateChangeEvent") -> None:
        events = [
            NewEvent(f"{order}-{step}", type_, json.dumps({"id": order, "state": "inProgress", "description": str(step)}).encode())
            for step in range(first, first + count)
        ]
        await self.store.tx(outbox.publish, order, "north", first, events, self.clock.now)

    async def stream(self, order: str, listener: str = "L1") -> outbox.DeliveryRow:
        found = await self.store.tx(dead_letters.find_delivery, listener, order)
        assert found is not None
        return found

    async def stream_events(self, order: str) -> list[EventRow]:
        return await self.store.tx(outbox.events_of, order)

    def hub(self, store: Store | None = None, settings: Settings = SETTINGS) -> Subscriptions:
        policy = AddressPolicy(settings.hosts, settings.networks, http=settings.http)
        return Subscriptions(Node(store or self.store, "hub", self.clock), policy, {"shop": (KEY,)}, settings)


def run_world(url: str, main: Callable[[World], Awaitable[Any]]) -> Any:
    """Opens the record, runs the scenario, closes it; half a minute is the end of patience."""

    async def opened() -> Any:
        clock = Clock()
        async with asyncio.timeout(30):
            world = World(url, await Store.open(url, clock=clock), clock)
            try:
                return await main(world)
            finally:
                for store in (*world.others, world.store):
                    await store.close()

    return asyncio.run(opened())
