"""Events reach listeners whatever these do: F25 refuses, hangs, swallows; F26 dead for good; F27 leaves; F13 the fence of a claim.

The record, the deliverers, the face's words and the listeners are real. Several deliverers over one record stand for several nodes; on
PostgreSQL each has a connection of its own.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapter.errors import NotFound
from adapter.settings import Pause, Retries
from adapter.store import auditing, dead_letters, listening, outbox
from adapter.wire.address import AddressPolicy
from adapter.wire.callback import Callbacks, Called
from adapter.work.delivery import Deliverer, start_seconds
from tests import postgres_kit
from tests.delivery_kit import HOUR, KEY, LOOPBACK, SETTINGS, START, Listener, World, answers, run_world, step_of, takes
from tests.unit.wire.raw_backend import Peer, reply
from tests.waiting import until


@pytest.fixture(params=["sqlite", "postgresql"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[Callable[[World], Awaitable[Any]]], Any]]:
    with postgres_kit.record(request.param, tmp_path) as url:
        yield partial(run_world, url)


# what arrives


def test_events_arrive_in_order_signed_and_in_the_words_of_the_face(run):
    async def main(w: World) -> None:
        async with Listener(takes) as listener:
            await w.subscribe(listener)
            await w.publish("A", 1, 3)
            deliverer = w.deliverer()
            assert [await deliverer.tick() for _ in range(4)] == [1, 1, 1, 0]
            assert listener.steps("A") == [1, 2, 3]
            assert [event["eventId"] for event in listener.arrivals] == ["A-1", "A-2", "A-3"]
            assert listener.arrivals[0]["event"]["productOrder"]["@type"] == "ProductOrder"
            head, body = listener.heads[0], listener.requests[0].partition(b"\r\n\r\n")[2]
            text = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
            assert head["webhook-id"] == "A-1"
            assert head["webhook-timestamp"] == str(START // 1000)
            assert head["webhook-signature"] == "v1," + base64.b64encode(hmac.new(KEY, text, hashlib.sha256).digest()).decode()
        assert w.seen.outcomes == ["delivered"] * 3

    run(main)


def test_a_query_sends_what_it_asks_for_and_passes_over_the_rest(run):
    async def main(w: World) -> None:
        async with Listener(takes) as listener:
            await w.subscribe(listener, query="eventType=ProductOrderCreateEvent&fields=id,description")
            await w.publish("A", 1, 20)
            await w.publish("A", 21, 1, "ProductOrderCreateEvent")
            deliverer = w.deliverer()
            while await deliverer.tick():
                pass
            assert listener.steps("A") == [21]
            assert set(listener.arrivals[0]) == {"eventId", "eventTime", "eventType", "id", "event"}
        assert w.seen.outcomes == ["left-out", "delivered"]
        assert (await w.stream("A")).sent_seq == 21

    run(main)


# F25


@asynccontextmanager
async def unreliable(seed: int) -> Any:
    """Refuses, hangs, swallows its acknowledgement or takes the event, by chance; each way is used."""
    choice, used = random.Random(seed), set()

    async def answer(peer: Peer, event: dict[str, Any]) -> bytes | None:
        way = choice.choice(("refuse", "hang", "swallow", "take", "take"))
        used.add(way)
        if way == "hang":
            await peer.until_closed()
            return None
        return {"refuse": reply(b"", "503 Busy"), "swallow": None, "take": reply()}[way]

    async with Listener(answer) as listener:
        yield listener
    assert used == {"refuse", "hang", "swallow", "take"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_f25_first_arrivals_are_one_to_n_and_repeats_are_the_same_event(run, seed):
    async def main(w: World) -> None:
        settings = SETTINGS.model_copy(update={"seconds": 0.05, "retries": Retries(attempts=1000)})
        chance = random.Random(seed)
        orders, count = [f"O{number}" for number in range(6)], 4
        async with unreliable(seed) as listener:
            await w.subscribe(listener)
            for order in orders:
                await w.publish(order, 1, count)
            stores = [await w.other_node() for _ in range(3)]
            nodes = [w.deliverer(settings, node=f"n{number}", store=store) for number, store in enumerate(stores)]
            for _ in range(400):
                number = chance.randrange(3)
                if chance.random() < 0.2:  # killed: what it was doing is never recorded
                    await killed(nodes[number])
                    nodes[number] = w.deliverer(settings, node=f"n{number}-", store=stores[number])
                await asyncio.gather(*(node.tick() for node in nodes))
                w.clock.now += HOUR  # beyond every lease and back-off
                if not await w.store.tx(outbox.due_listeners, w.clock.now):
                    break
            for order in orders:
                firsts = list(dict.fromkeys(listener.steps(order)))
                assert firsts == list(range(1, count + 1)), order
                assert listener.steps(order) == sorted(listener.steps(order)), "no event comes behind a later one"
                assert (await w.stream(order)).sent_seq == count
            ids = {(event["eventId"], event["event"]["productOrder"]["id"], step_of(event)) for event in listener.arrivals}
            assert len(ids) == len(orders) * count
            assert listener.most == 1, "two calls were in flight for one listener and order"
        assert {"delivered", "failed"} <= set(w.seen.outcomes)

    run(main)


async def killed(deliverer: Deliverer) -> None:
    """As a process dies: in the middle of its calls, and nothing is written any more."""
    tick = asyncio.create_task(deliverer.tick())
    await until(lambda: tick.done() or deliverer._running, "a call under way")
    deliverer._store.cut = True  # type: ignore[attr-defined]
    tick.cancel()
    calls = list(deliverer._running)
    for call in calls:
        call.cancel()
    await asyncio.gather(tick, *calls, return_exceptions=True)


@pytest.mark.parametrize("status", ["200 OK", "503 Busy"])
def test_f13_a_node_that_was_paused_beyond_its_lease_changes_nothing(run, status):
    async def main(w: World) -> None:
        paused, go = asyncio.Event(), asyncio.Event()

        async def answer(_peer: Peer, _event: dict[str, Any]) -> bytes:
            if not paused.is_set():
                paused.set()
                await go.wait()
                return reply(b"", status)
            return reply()

        async with Listener(answer) as listener:
            await w.subscribe(listener)
            await w.publish("A", 1, 2)
            late = asyncio.create_task(w.deliverer(node="late", store=await w.other_node()).tick())
            await paused.wait()
            w.clock.now += HOUR
            other = w.deliverer(node="other")
            assert await other.tick() == 1
            before = await w.stream("A")
            assert (before.sent_seq, before.owner) == (1, "")
            go.set()
            await late
            assert await w.stream("A") == before
            assert (await w.store.tx(listening.find_listener, "L1")).failures == 0
            assert w.seen.outcomes == ["delivered", "lost"]
            assert await other.tick() == 1
            assert listener.steps("A") == [1, 1, 2]

    run(main)


# F26


def test_f26_a_stream_that_fails_for_good_is_parked_and_goes_on_where_it_stood(run):
    async def main(w: World) -> None:
        mended = asyncio.Event()

        async def poisoned(_peer: Peer, event: dict[str, Any]) -> bytes:
            bad = event["event"]["productOrder"]["id"] == "A" and step_of(event) == 2 and not mended.is_set()
            return reply(b"", "500 Oops") if bad else reply()

        async with Listener(poisoned) as listener, Listener(takes) as other:
            await w.subscribe(listener)
            await w.subscribe(other, "L2")
            for order in ("A", "B"):
                await w.publish(order, 1, 3)
            deliverer = w.deliverer()
            for _ in range(3):  # no time passes: nobody waits for the stream that fails
                await deliverer.tick()
            assert (listener.steps("B"), other.steps("A"), other.steps("B")) == ([1, 2, 3],) * 3
            for _ in range(5):
                w.clock.now += HOUR
                await deliverer.tick()
            assert listener.steps("A") == [1, 2, 2, 2]
            (dead,) = await w.store.tx(dead_letters.dead_letters)
            assert (dead.listener, dead.order_id, dead.sent_seq, dead.last_seq) == ("L1", "A", 1, 3)
            assert dead.last_error == "event 2: answered 500; the last of 3 calls"
            await w.publish("A", 4)
            await deliverer.tick()
            assert listener.steps("A") == [1, 2, 2, 2], "what comes later waits"
            assert other.steps("A") == [1, 2, 3, 4]
            mended.set()
            assert await w.store.tx(dead_letters.redrive, "L1", "A", w.clock.now)
            while await deliverer.tick():
                pass
            assert listener.steps("A") == [1, 2, 2, 2, 2, 3, 4]
            assert await w.store.tx(dead_letters.dead_letters) == []
        assert w.seen.outcomes.count("parked") == 1

    run(main)


def test_f26_a_listener_that_fails_for_many_orders_is_left_alone_as_a_whole(run):
    settings = SETTINGS.model_copy(update={"pause": Pause(streams=3, first=30, most=600), "retries": Retries(attempts=50), "at_once": 4})

    async def main(w: World) -> None:
        async with Listener(takes) as other:
            dead = Listener(answers("503 Busy"))
            async with dead:
                await w.subscribe(dead)
                await w.subscribe(other, "L2")
                for number in range(10):
                    await w.publish(f"O{number}", 1)
                deliverer = w.deliverer(settings)
                await deliverer.tick()
                assert len(dead.arrivals) == 4, "as many calls at one time as are declared"
                row = await w.store.tx(listening.find_listener, "L1")
                assert (row.failures, row.paused_until) == (4, w.clock.now + 30_000)
                for _ in range(4):
                    w.clock.now += 5_000
                    await deliverer.tick()
                assert len(dead.arrivals) == 4, "nothing is sent while it is paused"
                assert len(other.arrivals) == 10
                w.clock.now += 30_000
                await deliverer.tick()
                assert len(dead.arrivals) == 5, "one call finds out whether it is back"
                row = await w.store.tx(listening.find_listener, "L1")
                assert row.paused_until == w.clock.now + 120_000
                dead.answer = takes
                w.clock.now += 120_000
                while await deliverer.tick():
                    pass
                assert (await w.store.tx(listening.find_listener, "L1")).failures == 0
                assert {dead.steps(f"O{number}")[-1] for number in range(10)} == {1}

    run(main)


def test_after_the_limit_an_event_may_be_left_out_and_the_gap_is_on_record(run):
    async def main(w: World) -> None:
        async def poisoned(_peer: Peer, event: dict[str, Any]) -> bytes:
            return reply(b"", "400 Bad Request") if step_of(event) == 1 else reply()

        async with Listener(poisoned) as listener:
            await w.subscribe(listener)
            await w.publish("A", 1, 2)
            deliverer = w.deliverer(SETTINGS.model_copy(update={"retries": Retries(attempts=2, then="skip")}))
            for _ in range(4):
                await deliverer.tick()
                w.clock.now += HOUR
            assert listener.steps("A") == [1, 1, 2]
            (gap,) = await w.store.tx(auditing.find, "A")
            assert (gap.actor, gap.action) == ("delivery", "delivery.skip")
            assert gap.detail == "event 1 is not sent to listener L1: event 1: answered 400; the last of 2 calls"
        assert w.seen.outcomes == ["failed", "skipped", "delivered"]

    run(main)


# F27


def test_f27_no_call_starts_after_a_listener_has_left(run):
    async def main(w: World) -> None:
        hung, go = asyncio.Event(), asyncio.Event()

        async def slow(_peer: Peer, _event: dict[str, Any]) -> bytes:
            hung.set()
            await go.wait()
            return reply()

        async with Listener(slow) as listener:
            await w.subscribe(listener)
            for order in ("A", "B", "C"):
                await w.publish(order, 1, 2)
            single = SETTINGS.model_copy(update={"at_once": 1})
            deliverers = [w.deliverer(single, node=f"n{number}", store=await w.other_node()) for number in range(2)]
            ticks = [asyncio.create_task(deliverer.tick()) for deliverer in deliverers]
            await hung.wait()
            await w.hub().unsubscribe("tmf", "shop", "L1")  # returns although calls are under way
            known = len(listener.requests)
            go.set()
            await asyncio.gather(*ticks)
            await w.publish("A", 3)
            w.clock.now += HOUR
            assert [await deliverer.tick() for deliverer in deliverers] == [0, 0]
            assert len(listener.requests) == known
            with pytest.raises(NotFound):
                await w.hub().unsubscribe("tmf", "shop", "L1")

    run(main)


def test_f27_a_claim_that_has_not_begun_in_time_is_not_called_any_more(run):
    """The worst moment: claimed before the DELETE, and held up between the claim and the first byte until after its answer."""

    async def main(w: World) -> None:
        claimed, held = asyncio.Event(), asyncio.Event()

        class Held(Callbacks):
            async def send(self, *arguments: Any) -> Called:
                claimed.set()
                await held.wait()
                return await super().send(*arguments)

        async with Listener(takes) as listener:
            await w.subscribe(listener)
            await w.publish("A", 1)
            sender = Held(AddressPolicy(SETTINGS.hosts, LOOPBACK, http=True))
            tick = asyncio.create_task(w.deliverer(sender=sender).tick())
            await claimed.wait()
            since = asyncio.get_running_loop().time()
            await w.hub().unsubscribe("tmf", "shop", "L1")
            assert asyncio.get_running_loop().time() - since >= start_seconds(SETTINGS) - 0.01, "a call might still have started"
            held.set()
            await tick
            assert listener.requests == []
        assert w.seen.outcomes == ["late"]

    run(main)


def test_f27_a_listener_that_nothing_is_claimed_for_leaves_at_once(run):
    async def main(w: World) -> None:
        async with Listener(takes) as listener:
            await w.subscribe(listener)
            await w.publish("A", 1)
            since = asyncio.get_running_loop().time()
            await w.hub().unsubscribe("tmf", "shop", "L1")
            assert asyncio.get_running_loop().time() - since < start_seconds(SETTINGS)
            assert await w.deliverer().tick() == 0

    run(main)
