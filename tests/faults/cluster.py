"""One service under proof: one node on a SQLite file, or three equal nodes on a real PostgreSQL, each a process, and one backend that
does not deduplicate. Market ``lab`` answers when its backend has answered (direct), market ``desk`` before (deferred).
"""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from simulators.lab.backend import HERE, Lab, LabScenarios
from simulators.scenario import read_yaml
from simulators.soap_server import Simulator
from tests.faults.forking import Forks, Served
from tests.loop_kit import LoopThread
from tests.service_kit import home_with, warm

ORDERS = "/tmf-api/productOrderingManagement/v4/productOrder"
HUB = "/tmf-api/productOrderingManagement/v4/hub"
DELIVERIES = {"lab": "direct", "desk": "deferred"}

_SERVICE = """
data: var
store: ${ADAPTER_STORE:-}
faces: [tmf]
markets: [lab, desk]
clients: config/clients.yaml
callbacks:
  hosts: 127.0.0.1
  networks: 127.0.0.0/8
  http: true
  signing: optional
  seconds: CALLBACK
  connectSeconds: 0.5
  retries: {first: 0.05, most: 0.2, attempts: ATTEMPTS}
  pause: {streams: 1000, first: 0.1, most: 1}
"""
_CLIENTS = """
clients:
  demo-open:
    description: Whoever calls on loopback.
    faces: [tmf]
    markets: [lab, desk]
    operations: ["productOrder.*", "hub.*"]
    market: lab
    limits: {bodyBytes: 262144, depth: 32, perSecond: 5000, burst: 10000}
"""
_MARKET = """
market: NAME
title: An order desk
connector: soap
endpoint: ${ADAPTER_UPPER_ENDPOINT}
contract: mappings/lab/schema/lab.wsdl
delivery: DELIVERY
limits: {slots: 64, total: TOTAL}
outcomes: {fault: {Sender: rejected, Receiver: unavailable}, status: {503: unavailable}}
operations:
  productOrder.create: {probe: productOrder.probe, settle: SETTLE, authoritative: true}
  productOrder.probe: {idempotent: true}
  productOrder.retrieve: {idempotent: true}
  productOrder.status: {idempotent: true}
breaker: {failures: 3, pause: 0.3}
follow:
  productOrder.create:
    by: productOrder.status
    cadence: [{every: EVERY}]
    jitter: 0
    atMost: 86400
"""


@dataclass(frozen=True)
class Figures:
    """Seconds: the longest call, how long it may take effect after its end, the pause between two questions, the longest callback.
    ``more`` is added to every market's file."""

    total: float = 0.6
    settle: float = 0.2
    every: float = 600
    callback: float = 1
    attempts: int = 1000
    more: str = ""


def home_of(folder: Path, figures: Figures = Figures()) -> Path:
    """A home with the two markets."""
    home = Path(home_with(folder, {}))
    changed = {"CALLBACK": figures.callback, "ATTEMPTS": figures.attempts}
    (home / "config" / "adapter.yaml").write_text(_filled(_SERVICE, changed), encoding="utf-8")
    (home / "config" / "clients.yaml").write_text(_CLIENTS, encoding="utf-8")
    shutil.copytree(home / "mappings" / "lab", home / "mappings" / "desk")
    for file in (home / "mappings" / "desk").glob("*.yaml"):
        file.write_text(file.read_text(encoding="utf-8").replace("like: lab/", "like: desk/"), encoding="utf-8")
    for name, delivery in DELIVERIES.items():
        seconds = {"TOTAL": figures.total, "SETTLE": figures.settle, "EVERY": figures.every}
        text = _filled(_MARKET, {"NAME": name, "UPPER": name.upper(), "DELIVERY": delivery, **seconds}) + figures.more
        (home / "config" / "markets" / f"{name}.yaml").write_text(text, encoding="utf-8")
        for mapping in (home / "mappings" / name).glob("*.*.yaml"):
            if f"  {mapping.stem}:" not in text:  # what the market does not declare is none of its rules
                mapping.unlink()
    return home


def with_record(home: Path, url: str) -> Path:
    """The home with its record there."""
    file = home / "config" / "adapter.yaml"
    lines = [f'store: "{url}"' if line.startswith("store:") else line for line in file.read_text(encoding="utf-8").splitlines()]
    file.write_text("\n".join(lines), encoding="utf-8")
    return home


def _filled(text: str, values: Mapping[str, Any]) -> str:
    for name, value in values.items():
        text = text.replace(name, f"{value}")
    return text


class Backend(LoopThread):
    """The lab's order desk on a thread of its own, so that it outlives every service."""

    def __init__(self, desk: Callable[[LabScenarios], Lab] = Lab) -> None:
        super().__init__()
        self.desk = desk(LabScenarios.model_validate(read_yaml(HERE / "scenarios.yaml")))
        self.simulator = Simulator(self.desk)
        self.url = self.run(self.simulator.start())

    def close(self) -> None:
        self.run(self.simulator.stop())
        super().close()

    def booked(self, order: Mapping[str, Any]) -> int:
        found: Mapping[str, Any] = self.simulator.bookings()["bookings"].get(order["externalId"], {})
        return int(found.get("count", 0))

    def calls(self, operation: str, order: Mapping[str, Any] | None = None) -> int:
        """How often it was asked, of the last 200 calls; about ``order`` if one is named."""
        asked = [call for call in self.simulator.requests() if call["operation"] == operation]
        return sum(order is None or order["externalId"] in call["envelope"] for call in asked)


@dataclass
class Cluster:
    """The nodes, as a client and an operator see them."""

    engine: str
    home: Path
    folder: Path
    url: str
    endpoint: str
    forks: Forks
    size: int
    environment: dict[str, str] = field(default_factory=dict)
    nodes: list[Served] = field(default_factory=list)

    def node(self, number: int = 0, **environment: str) -> Served:
        """A node that does not run yet."""
        data = self.folder / f"data{number}"
        if not data.exists():
            data.mkdir(parents=True)
            warm(data / "contracts")
        endpoints = {f"ADAPTER_{name.upper()}_ENDPOINT": self.endpoint for name in DELIVERIES}
        given = {"ADAPTER_HOME": str(self.home), "ADAPTER_STORE": self.url, "HURRY": "1", **endpoints}
        served = Served(self.forks, data, {**given, **self.environment, **environment})
        self.nodes.append(served)
        return served

    def start(self) -> Cluster:
        """All of them."""
        for served in [self.node(number) for number in range(self.size)]:
            served.begin()
        for served in self.nodes:
            served.listens()
        return self

    def close(self) -> None:
        for served in self.nodes:
            if served.pid and self.forks.ended(served.pid) is None:
                served.kill()


def order(**changed: Any) -> dict[str, Any]:
    """An order with a number of its own."""
    item = {"id": "1", "action": "add", "quantity": 1, "productOffering": {"id": "FIBRE-500"}}
    return {"externalId": f"F-{uuid.uuid4().hex[:12]}", "productOrderItem": [item]} | changed


def place(node: Served, body: Mapping[str, Any], key: str, market: str = "lab", timeout: float = 30) -> httpx.Response:
    """One POST."""
    headers = {"Idempotency-Key": key, "X-Market": market}
    return httpx.post(node.url + ORDERS, json=body, headers=headers, timeout=timeout, trust_env=False)


def ways(node: Served) -> list[dict[str, Any]]:
    """Every recorded order with its way."""
    return [node.ask(f"/admin/orders/{row['id']}") for row in node.ask("/admin/orders?limit=1000")]


@contextlib.contextmanager
def forks() -> Iterator[Forks]:
    parent = Forks()
    try:
        yield parent
    finally:
        parent.close()
