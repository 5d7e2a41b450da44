"""The parts that carry orders to their end, with a clock that is set by hand, the record on disk, and a real backend on loopback.

Nothing works by itself here: a test lets a lane make its rounds, and moves the clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree
from prometheus_client import CollectorRegistry
from sqlalchemy import bindparam, select

from adapter.bootstrap.backends import Backends
from adapter.bootstrap.observers import MarketMetrics
from adapter.bootstrap.work import Work, closed_until
from adapter.contract.json_bytes import write_json
from adapter.contract.json_text import parse_json
from adapter.faces.declaration import load_face
from adapter.faces.rendering import Renderer
from adapter.following import Follower
from adapter.pipeline import Pipeline
from adapter.ports import Message, Reply
from adapter.settings import Home, load_settings
from adapter.store import AttemptRow, OrderQuery, OrderRow, Store
from adapter.store.connection import Connection, Statement
from adapter.store.outbox import EventRow
from adapter.store.packing import unpack
from adapter.store.schema import event
from adapter.store.task_listing import find
from adapter.store.task_rows import Task, TaskQuery
from adapter.work.lane import Lane
from simulators.lab.backend import HERE, Lab, LabScenarios
from simulators.scenario import Behaviour, read_yaml
from simulators.soap_server import Simulator, SoapCall
from tests.service_kit import home_with, warm

START = 1_700_000_000_000  # Tue 14 Nov 2023 22:13:20 UTC
ITEM = {"id": "1", "action": "add", "quantity": 1, "productOffering": {"id": "FIBRE-500"}}


class Clock:
    """Milliseconds since the epoch, and the seconds of a stopwatch; both stand still until they are moved."""

    def __init__(self, now: int = START) -> None:
        self.at = now

    def __call__(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000

    def later(self, seconds: float) -> None:
        self.at += round(seconds * 1000)


class Desk(Lab):
    """The lab's order desk, whose orders move when the test says so. ``states`` is by order number, in the desk's words."""

    def __init__(self) -> None:
        declared = LabScenarios.model_validate(read_yaml(HERE / "scenarios.yaml"))
        super().__init__(LabScenarios(scenarios=declared.scenarios))
        self.states: dict[str, str] = {}
        self.doubled: set[str] = set()

    def handle(self, call: SoapCall, behaviour: Behaviour) -> etree._Element:
        answer = super().handle(call, behaviour)
        number = answer.get("orderNo")
        if number in self.states:
            answer.set("state", self.states[number])
        return answer


@dataclass
class Heard:
    """What the lanes told their observer."""

    claims: list[tuple[str, int]] = field(default_factory=list)
    acks: int = 0
    lost: list[str] = field(default_factory=list)
    parkings: list[tuple[str, str]] = field(default_factory=list)
    waits: list[tuple[str, str]] = field(default_factory=list)

    def claimed(self, lane: str, count: int) -> None:
        self.claims.append((lane, count))

    def acknowledged(self, lane: str, count: int) -> None:
        self.acks += count

    def lease_lost(self, lane: str, task: str) -> None:
        self.lost.append(task)

    def parked(self, lane: str, task: str, reason: str) -> None:
        self.parkings.append((task, reason))

    def waited(self, lane: str, why: str) -> None:
        self.waits.append((lane, why))


@dataclass
class Node:
    """One node: its record, its lanes, its way for requests."""

    store: Store
    backends: Backends
    pipeline: Pipeline
    follower: Follower
    work: Work
    heard: Heard
    clock: Clock
    desk: Desk
    simulator: Simulator

    def lane(self, kind: str) -> Lane:
        return self.work.lanes[f"{kind}:lab"]

    async def round(self, kind: str) -> None:
        await self.lane(kind).round()

    async def place(self, body: Mapping[str, Any] | None = None, **changed: Any) -> Reply:
        return await self.pipeline.place(message(body, received_at=self.clock(), **changed))

    async def order(self) -> OrderRow:
        """The one order on record."""
        [order] = await self.store.orders(OrderQuery())
        return order

    async def attempts(self) -> list[AttemptRow]:
        return await self.store.attempts((await self.order()).id)

    async def tasks(self, **query: Any) -> dict[str, Task]:
        """By kind of task (the part before the first colon); each order has one of a kind at most."""
        return {task.id.split(":")[0]: task for task in await self.store.tx(find, TaskQuery(**query))}

    async def events(self) -> list[EventRow]:
        """All events of the one order, in the order of its changes."""
        return await self.store.tx(_events, (await self.order()).id)

    async def kinds(self) -> list[str]:
        return [event.type.removeprefix("ProductOrder") for event in await self.events()]

    def calls(self, *operations: str) -> list[str]:
        """What the backend was asked, oldest first; only these operations if any are named."""
        asked = [call["operation"] for call in self.simulator.requests()]
        return [operation for operation in asked if operation in operations] if operations else asked

    def booked(self) -> int:
        return int(self.simulator.bookings()["total"])


def message(body: Mapping[str, Any] | None = None, **changed: Any) -> Message:
    """An order as the tmf face hands it over."""
    document = {"externalId": f"T-{uuid.uuid4().hex[:12]}", "productOrderItem": [ITEM]} | dict(body or {})
    values: dict[str, Any] = {
        "face": "tmf",
        "client": "demo-client",
        "market": "lab",
        "operation": "productOrder.create",
        "correlation_id": str(uuid.uuid4()),
        "body": document,
        "raw": write_json(document),
        "header": {},
        "query": {},
        "path": {},
        "received_at": START,
        "key": f"Idempotency-Key:{uuid.uuid4()}",
    }
    return Message(**(values | changed))


MARKET = """
market: lab
title: Lab
connector: soap
endpoint: ${ADAPTER_LAB_ENDPOINT}
contract: mappings/lab/schema/lab.wsdl
limits: {slots: 64, total: 2}
outcomes: {fault: {Sender: rejected, Receiver: unavailable}, status: {503: unavailable}}
operations:
  productOrder.create: {probe: productOrder.probe, settle: 2, authoritative: true}
  productOrder.probe: {idempotent: true}
  productOrder.retrieve: {idempotent: true}
  productOrder.status: {idempotent: true}
"""
CHANGED = """  productOrder.update: {states: [cancelled], probe: productOrder.updateProbe, settle: 2, authoritative: true}
  productOrder.updateProbe: {idempotent: true}
  productOrder.delete: {probe: productOrder.deleteProbe, settle: 2, authoritative: true}
  productOrder.deleteProbe: {idempotent: true}
  cancelProductOrder.create: {probe: cancelProductOrder.probe, settle: 2, authoritative: true}
  cancelProductOrder.probe: {idempotent: true}
lives: {productOrder: {edges: {acknowledged: [cancelled, pendingCancellation], inProgress: [cancelled, pendingCancellation]}}}
"""
FOLLOWED = """
follow:
  productOrder.create:
    by: productOrder.status
    cadence: [{state: acknowledged, until: 3600, every: 30}, {every: 900}]
    jitter: 0
    atMost: 86400
"""


def lab_home(folder: Path, declared: str = FOLLOWED, changes: Mapping[str, str] | None = None) -> Path:
    """A home with a market lab of its own, which declares this in addition; ``changes`` are of its text (old to new)."""
    home = home_with(folder, {})
    text = known = MARKET + declared
    for old, new in (changes or {}).items():
        assert text.count(old) == 1, f"the market's file holds {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    (folder / "config" / "markets" / "lab.yaml").write_text(text, encoding="utf-8")
    for mapping in (folder / "mappings" / "lab").glob("*.*.yaml"):
        if f"  {mapping.stem}:" not in known:  # what the market does not declare is none of its rules
            mapping.unlink()
    return Path(home)


@contextlib.asynccontextmanager
async def node(
    home: Path, data: Path, clock: Clock, simulator: Simulator | None = None, *, name: str = "", endpoint: str = ""
) -> AsyncIterator[Node]:
    """A node on the record in ``data``. Without ``simulator`` it has a backend of its own."""
    async with contextlib.AsyncExitStack() as stack:
        if simulator is None:
            simulator = await stack.enter_async_context(Simulator(Desk()))
        desk = simulator._backend
        assert isinstance(desk, Desk)
        environment = {"ADAPTER_DATA": str(data), "ADAPTER_LAB_ENDPOINT": endpoint or simulator.url}
        declared = Home(home)
        settings = load_settings(declared, environment).model_copy(update={"markets": ("lab",)})
        settings.data.mkdir(parents=True, exist_ok=True)
        warm(settings.contract_cache)
        faces = [load_face(declared.face_file("tmf"), environment)]
        store = await Store.open(settings.store, clock=clock, node=name)
        stack.push_async_callback(store.close)
        metrics = MarketMetrics(CollectorRegistry(), store)
        backends = Backends(declared, settings, faces, environment, metrics)
        stack.push_async_callback(backends.close)
        renderers = {face.face: Renderer(face) for face in faces}
        pipeline = Pipeline(backends, store, renderers, metrics, clock)
        stack.push_async_callback(pipeline.drain)
        follower = Follower(backends, metrics, clock)
        heard = Heard()
        work = Work(store, backends, follower, pipeline.doubt, heard, chance=lambda: 0.5)
        for lane in work.lanes.values():
            lane._monotonic = clock.monotonic
        pipeline.wake, pipeline.closed_until = work.wake, closed_until(clock)
        yield Node(store, backends, pipeline, follower, work, heard, clock, desk, simulator)


def run(home: Path, data: Path, scenario: Callable[[Node], Awaitable[Any]], clock: Clock | None = None) -> Any:
    """Runs ``scenario(node)`` on a node of its own."""

    async def inside() -> Any:
        async with node(home, data, clock or Clock()) as one:
            return await scenario(one)

    return asyncio.run(inside())


_EVENTS = Statement(select(event).where(event.c.order_id == bindparam("order")).order_by(event.c.seq))


def _events(c: Connection, order_id: str) -> list[EventRow]:
    return [EventRow(*row[:-1], unpack(row[-1], "an event")) for row in c.rows(_EVENTS, {"order": order_id})]


def document(told: EventRow) -> Any:
    return parse_json(told.document)
