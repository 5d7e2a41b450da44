"""What the deliverer makes of answers, of faults of our own, and of its loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, update

from adapter.errors import MappingFailed
from adapter.store import listening, outbox
from adapter.store.connection import Statement
from adapter.store.outbox import ListenerRow, NewEvent
from adapter.store.schema import delivery
from adapter.wire.callback import Called
from tests import postgres_kit
from tests.delivery_kit import HOUR, SETTINGS, START, Listener, World, answers, run_world, step_of, takes
from tests.unit.wire.raw_backend import Peer, reply


@pytest.fixture(params=["sqlite", "postgresql"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[Callable[[World], Awaitable[Any]]], Any]]:
    with postgres_kit.record(request.param, tmp_path) as url:
        yield partial(run_world, url)


# what answers ask for


def test_retry_after_is_respected(run):
    async def main(w: World) -> None:
        async with Listener(answers("503 Busy", "Retry-After: 1800")) as listener:
            await w.subscribe(listener)
            await w.publish("A", 1)
            deliverer = w.deliverer()
            await deliverer.tick()
            assert (await w.stream("A")).due_at == w.clock.now + 1_800_000
            w.clock.now += 1_799_999
            assert await deliverer.tick() == 0
            listener.answer = answers("503 Busy", "Retry-After: 99999999")
            w.clock.now += 1
            await deliverer.tick()
            assert (await w.stream("A")).due_at <= w.clock.now + 3_600_000, "nobody is waited for longer than is declared"

    run(main)


def test_gone_is_no_end_of_a_subscription_but_of_the_calls_for_a_while(run):
    async def main(w: World) -> None:
        async with Listener(answers("410 Gone")) as listener:
            await w.subscribe(listener)
            await w.publish("A", 1)
            await w.publish("B", 1)
            deliverer = w.deliverer(SETTINGS.model_copy(update={"at_once": 1}))
            await deliverer.tick()
            row = await w.store.tx(listening.find_listener, "L1")
            assert (row.deleted_at, row.paused_until) == (None, w.clock.now + 3_600_000)
            w.clock.now += 3_599_999
            assert await deliverer.tick() == 0
            listener.answer = takes
            w.clock.now += 1
            while await deliverer.tick():
                pass
            assert sorted(event["eventId"] for event in listener.arrivals[1:]) == ["A-1", "B-1"]

    run(main)


# what goes wrong on our side


def test_an_event_that_cannot_be_written_or_is_not_there_parks_its_stream(run):
    async def main(w: World) -> None:
        class Broken:
            def write(self, event: Any, query: str) -> bytes:
                raise MappingFailed("no rule fits")

        async with Listener(takes) as listener:
            await w.subscribe(listener)
            await w.publish("A", 1)
            await w.deliverer(writers={"tmf": Broken()}).tick()
            assert "cannot be written for face tmf: no rule fits" in (await w.stream("A")).last_error
            await w.store.tx(listening.subscribe, ListenerRow("L9", "tmf", "shop", "south", listener.url(path="/L9"), "", START))
            await w.store.tx(outbox.publish, "B", "south", 2, [NewEvent("B-2", "ProductOrderStateChangeEvent", b"{}")], START)
            await w.store.tx(_behind, "B")
            await w.deliverer().tick()
            assert (
                await w.stream("B", "L9")
            ).last_error == "event 1 is not on record any more, or damaged there; leave it out to go on behind it"
            assert listener.requests == []

    def _behind(c: Any, order: str) -> None:
        """As after a purge that went too far."""
        c.change(Statement(update(delivery).where(delivery.c.order_id == bindparam("order")).values(sent_seq=0)), {"order": order})

    run(main)


def test_a_stream_that_ends_its_process_each_time_is_parked(run):
    async def main(w: World) -> None:
        class Crashing:
            async def send(self, *_: Any) -> Called:
                raise RuntimeError("a fault of ours")

        async with Listener(takes) as listener:
            await w.subscribe(listener)
            await w.publish("A", 1)
            deliverer = w.deliverer(sender=Crashing())
            for _ in range(4):
                await deliverer.tick()
                w.clock.now += HOUR
            assert w.seen.outcomes == ["crashed", "crashed", "crashed", "parked"]
            assert (await w.stream("A")).last_error == "event 1: claimed 4 times, without a result of the last"

    run(main)


def test_a_result_that_cannot_be_recorded_is_a_repeat_and_no_loss(run):
    async def main(w: World) -> None:
        deliverer = w.deliverer()

        async def cuts(_peer: Peer, _event: dict[str, Any]) -> bytes:
            deliverer._store.cut = True  # type: ignore[attr-defined]
            return reply()

        async with Listener(cuts) as listener:
            await w.subscribe(listener)
            await w.publish("A", 1)
            await deliverer.tick()
            listener.answer = takes
            deliverer._store.cut = False  # type: ignore[attr-defined]
            w.clock.now += HOUR
            await deliverer.tick()
            assert [event["eventId"] for event in listener.arrivals] == ["A-1", "A-1"]
            assert (await w.stream("A")).sent_seq == 1
        assert w.seen.outcomes == ["unrecorded", "delivered"]

    run(main)


def test_a_face_that_this_node_does_not_serve_is_left_to_others(run):
    async def main(w: World) -> None:
        async with Listener(takes) as listener:
            await w.subscribe(listener)
            await w.publish("A", 1)
            assert await w.deliverer(writers={}).tick() == 0
            assert (await w.stream("A")).attempts == 0

    run(main)


# the loop


def test_the_loop_goes_on_by_itself_wakes_up_and_stops(run):
    async def main(w: World) -> None:
        hung, go = asyncio.Event(), asyncio.Event()

        async def slow(_peer: Peer, event: dict[str, Any]) -> bytes:
            if step_of(event) == 9:
                hung.set()
                await go.wait()
            return reply()

        async with Listener(slow) as listener:
            await w.subscribe(listener)
            await w.publish("A", 1, 3)
            deliverer = w.deliverer()
            loop = asyncio.create_task(deliverer.run())
            for _ in range(3):
                await listener.asked.acquire()
            await w.publish("B", 9)
            deliverer.wake()
            await hung.wait()
            stop = asyncio.create_task(deliverer.stop())
            await loop
            await w.publish("C", 1)
            assert not stop.done(), "the call under way is waited for"
            go.set()
            await stop
            assert listener.steps("A") == [1, 2, 3]
            assert (await w.stream("B")).sent_seq == 9
            assert listener.steps("C") == []

    run(main)


def test_the_loop_waits_for_a_record_that_is_cut_off(run):
    async def main(w: World) -> None:
        async with Listener(takes) as listener:
            await w.subscribe(listener)
            await w.publish("A", 1)
            deliverer = w.deliverer()
            deliverer._store.cut = True  # type: ignore[attr-defined]
            loop = asyncio.create_task(deliverer.run())
            await asyncio.sleep(0)
            deliverer._store.cut = False  # type: ignore[attr-defined]
            deliverer.wake()
            await listener.asked.acquire()
            await deliverer.stop()
            await loop
            assert (await w.stream("A")).sent_seq == 1

    run(main)


def test_a_round_that_crashes_does_not_end_the_loop(run):
    async def main(w: World) -> None:
        async with Listener(takes) as listener:
            await w.subscribe(listener)
            await w.publish("A", 1)
            deliverer = w.deliverer()
            crashed = asyncio.Event()
            whole = deliverer._store.now

            async def crash() -> int:
                deliverer._store.now = whole  # type: ignore[method-assign]
                crashed.set()
                raise RuntimeError("a fault of ours")

            deliverer._store.now = crash  # type: ignore[method-assign]
            loop = asyncio.create_task(deliverer.run())
            await crashed.wait()
            deliverer.wake()
            await listener.asked.acquire()
            await deliverer.stop()
            await loop
            assert (await w.stream("A")).sent_seq == 1

    run(main)
