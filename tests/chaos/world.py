"""What surrounds the nodes in a crash run: a backend that lies and does not deduplicate, a listener that refuses, clients that repeat."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from simulators.http_server import HttpReply, HttpRequest, Transport
from simulators.lab.backend import HERE, Lab, LabScenarios
from simulators.life import Passing
from simulators.scenario import read_yaml
from simulators.soap_server import Simulator
from tests.delivery_kit import Listener
from tests.faults.cluster import HUB, ORDERS, order
from tests.unit.wire.raw_backend import Peer, reply

OPERATIONS = ("CreateOrder", "FindOrder", "ReadOrder")
LIES = ("late answer", "late effect", "500 after success", "502 without", "503", "silence after success", "silence without", "cut off")


@dataclass
class Call:
    """One call as the backend saw it. ``at`` and ``until`` are in seconds since the epoch."""

    operation: str
    at: float
    until: float
    lie: str = ""


class LyingDesk(Simulator):
    """The lab's order desk. While ``lying``, it answers too late, acts after its caller gave up, says 500 after a success, 502 without
    one, or nothing. It books whatever it is asked to, as often as it is asked to."""

    def __init__(self, seed: int, total: float, settle: float, speed: float) -> None:
        declared = LabScenarios.model_validate(read_yaml(HERE / "scenarios.yaml"))
        super().__init__(Lab(declared, passing=Passing(speed, time.time), limit=1_000_000))
        self._chance = random.Random(seed)
        self._total, self._settle = total, settle
        self.lying = False
        self.calls: list[Call] = []
        self.told: Counter[str] = Counter()

    def _answer(self, request: HttpRequest) -> HttpReply:
        if request.method != "POST" or request.path.endswith("/reset"):
            return super()._answer(request)
        now = time.time()
        create = b"CreateOrder" in request.body
        lie = self._lie(create)
        self.told[lie] += bool(lie)
        answer, lasts = self._told(request, lie, create)
        name = next((name for name in OPERATIONS if name.encode() in request.body), "?")
        self.calls.append(Call(name, now, now + lasts, lie))
        return answer

    def _lie(self, create: bool) -> str:
        if not self.lying or self._chance.random() < (0.45 if create else 0.8):
            return ""
        return self._chance.choice(LIES if create else ("503", "silence without", "cut off", "502 without"))

    def _told(self, request: HttpRequest, lie: str, create: bool) -> tuple[HttpReply, float]:
        nothing = HttpReply(transport=Transport.NEVER)
        if lie == "late effect":  # inside of the settle time, which counts from when the caller gave up, be that early
            asyncio.get_running_loop().call_later(self._total + 0.5 * self._settle, super()._answer, request)
            return nothing, self._total
        if lie in ("502 without", "503"):
            return HttpReply(502 if lie == "502 without" else 503, body=b"no\n"), 0
        if lie == "silence without":
            return nothing, self._total
        true = super()._answer(request)
        if lie == "late answer":
            return HttpReply(true.status, true.content_type, true.body, after=self._total * 1.3), self._total
        if lie == "500 after success":
            return HttpReply(500, body=b"Internal Server Error\n"), 0
        if lie == "silence after success":
            return nothing, self._total
        if lie == "cut off":
            return HttpReply(true.status, true.content_type, true.body, transport=self._chance.choice((Transport.CLOSE, Transport.HALF))), 0
        return true, 0

    def booked(self) -> dict[str, int]:
        """By external id, how often."""
        return {reference: found["count"] for reference, found in self.bookings()["bookings"].items()}


class Refusing:
    """How a listener answers: while ``bad`` it refuses, hangs, or takes the event and swallows its acknowledgement."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.bad = False

    async def __call__(self, peer: Peer, _event: dict[str, Any]) -> bytes | None:
        way = self._chance.choice(("refuse", "hang", "swallow", "take", "take", "take")) if self.bad else "take"
        if way == "hang":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await peer.until_closed()
            return None
        return {"refuse": reply(b"", "503 Busy"), "swallow": None, "take": reply(b"", "201 Created")}[way]


@dataclass(frozen=True)
class Sent:
    """One operation of a client: ok (201), failed (certainly nothing new was begun, or a refusal) or unknown."""

    began: float
    ended: float
    result: str
    status: int = 0
    body: bytes = b""


@dataclass
class Client:
    """Sends one order again and again, to any node, under one key."""

    market: str
    body: dict[str, Any] = field(default_factory=order)
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    history: list[Sent] = field(default_factory=list)

    @property
    def number(self) -> str:
        return str(self.body["externalId"])

    @property
    def promised(self) -> bool:
        return any(sent.result == "ok" for sent in self.history)

    async def send(self, http: httpx.AsyncClient, url: str) -> Sent:
        began = time.time()
        headers = {"Idempotency-Key": self.key, "X-Market": self.market}
        try:
            answer = await http.post(url + ORDERS, json=self.body, headers=headers)
        except httpx.ConnectError:
            sent = Sent(began, time.time(), "failed")
        except httpx.HTTPError:
            sent = Sent(began, time.time(), "unknown")
        else:
            kind = {201: "ok", 504: "unknown"}.get(answer.status_code, "failed")
            sent = Sent(began, time.time(), kind, answer.status_code, answer.content)
        self.history.append(sent)
        return sent

    async def insist(self, http: httpx.AsyncClient, urls: Sequence[str], chance: random.Random, least: int, until: float) -> None:
        """At least so many times, and on until it is promised or the time is over."""
        while time.monotonic() < until and (len(self.history) < least or not self.promised):
            await self.send(http, chance.choice(urls))
            await asyncio.sleep(chance.uniform(0, 0.3))


async def subscribe(http: httpx.AsyncClient, url: str, market: str, listener: Listener) -> str:
    """The id of the subscription."""
    answer = await http.post(url + HUB, json={"callback": listener.url(path=f"/{market}")}, headers={"X-Market": market})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def of_order(event: Mapping[str, Any]) -> str:
    """The external id of the order that an event is about."""
    return str(event["event"]["productOrder"]["externalId"])
