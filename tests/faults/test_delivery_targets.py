"""A broker as one more listener, whichever it is: here one in memory that does as it is told. Real ones have tests of their own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapter.errors import ConfigError
from adapter.settings import Target
from adapter.store import listening
from adapter.store.outbox import EventRow
from adapter.work import delivery
from adapter.work.target import TargetFailed, declare, open_target, subject_of
from tests.delivery_kit import HOUR, SETTINGS, World, run_world

BUS = Target(name="bus", kind="nats", servers=("nats://127.0.0.1:1",), face="tmf")


class Bus:
    """Keeps what it confirmed. ``fails`` is what it does instead, once for each."""

    def __init__(self, *fails: str) -> None:
        self.kept: list[tuple[str, str]] = []
        self.fails, self.closed = list(fails), False

    async def put(self, event: EventRow, body: bytes) -> None:
        fails = self.fails.pop(0) if self.fails else ""
        if fails == "hang":
            await asyncio.Event().wait()
        if fails:
            raise TargetFailed(fails)
        assert event.id.encode() in body
        self.kept.append((event.order_id, event.id))

    async def close(self) -> None:
        self.closed = True


async def declared(w: World, *targets: Target, prefix: str = "T") -> None:
    await w.store.tx(declare, targets, ("north", "south"), w.clock.now, [f"{prefix}{number}" for number in range(2 * len(targets))])


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Callable[[World], Awaitable[Any]]], Any]:
    return partial(run_world, f"sqlite:///{tmp_path}/record.db")


def test_events_of_an_order_are_put_in_their_order_whatever_fails(run):
    async def main(w: World) -> None:
        bus = Bus("the broker says no", "hang")
        await declared(w, BUS)
        await w.publish("A", 1, 3)
        deliverer = w.deliverer(SETTINGS.model_copy(update={"seconds": 0.05}), targets={BUS.callback: bus})
        await deliverer.tick()
        assert (await w.stream("A", "T0")).last_error == "event 1: the broker says no"
        w.clock.now += HOUR
        await deliverer.tick()
        assert (await w.stream("A", "T0")).last_error == "event 1: the broker did not confirm it within 0.05 s"
        w.clock.now += HOUR
        while await deliverer.tick():
            pass
        assert bus.kept == [("A", "A-1"), ("A", "A-2"), ("A", "A-3")]
        await deliverer.close()
        assert bus.closed

    run(main)


def test_a_claim_that_is_too_old_is_not_put(run, monkeypatch):
    async def main(w: World) -> None:
        bus = Bus()
        await declared(w, BUS)
        await w.publish("A", 1)
        monkeypatch.setattr(delivery, "start_seconds", lambda _settings: -1.0)
        await w.deliverer(targets={BUS.callback: bus}).tick()
        assert (bus.kept, w.seen.outcomes) == ([], ["late"])

    run(main)


def test_subscriptions_follow_the_declaration(run):
    async def main(w: World) -> None:
        await declared(w, BUS)
        await declared(w, BUS, prefix="U")
        rows = await w.store.tx(listening.listeners)
        assert [(row.id, row.market, row.callback, row.client) for row in rows] == [
            ("T0", "north", "target:bus", ""),
            ("T1", "south", "target:bus", ""),
        ]
        await w.publish("A", 1)
        assert await w.deliverer().tick() == 0, "a node without the target leaves it to others"
        await declared(w, BUS.model_copy(update={"markets": ("south",)}), prefix="V")
        assert [row.id for row in await w.store.tx(listening.listeners)] == ["T1"]
        await declared(w)
        assert await w.store.tx(listening.listeners) == []

    run(main)


def test_a_subject_holds_what_it_names():
    event = EventRow("A", 1, "A-1", "ProductOrderCreateEvent", "north", "", 0, b"{}")
    assert subject_of(BUS, event) == "events.north.ProductOrderCreateEvent"


@pytest.mark.parametrize(("kind", "module", "package"), [("nats", "target_nats", "nats.errors"), ("kafka", "target_kafka", "aiokafka")])
def test_a_kind_without_its_package_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch, kind: str, module: str, package: str):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"adapter.work.{module}", raising=False)
    said = rf"targets\.bus needs the package '.+'; install it with: pip install 'tmf-legacy-adapter\[{kind}\]'"
    with pytest.raises(ConfigError, match=said):
        open_target(BUS.model_copy(update={"kind": kind}), 1.0)
