"""Events, the cursors of their listeners, and the fence of every claim. Each scenario runs in transactions of the real record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from adapter.store import Store, auditing, dead_letters, listening, outbox
from adapter.store.connection import Statement
from adapter.store.outbox import ListenerRow, NewEvent

START = 1_760_000_000_000
LEASE = 60_000
PAUSE = START + 500_000
SHOP = ListenerRow("L1", "tmf", "shop", "north", "https://shop.example/hear", "", START)
OTHER = replace(SHOP, id="L2", callback="https://other.example/hear")
GATE = "SELECT pg_advisory_lock(27)"
HOLD = Statement(text("SELECT 1 FROM pg_advisory_xact_lock(27)"))
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
With = Callable[[Callable[[Store], Awaitable[Any]]], Any]


def new(order: str, seq: int, **more: Any) -> NewEvent:
    return NewEvent(f"{order}-{seq}", "ProductOrderStateChangeEvent", b'{"id":"%s","step":%d}' % (order.encode(), seq), **more)


async def subscribed(store: Store, *rows: ListenerRow) -> None:
    for row in rows or (SHOP,):
        assert await store.tx(listening.subscribe, row) is None


async def publish(store: Store, order: str, first: int, count: int = 1, at: int = START, market: str = "north") -> None:
    await store.tx(outbox.publish, order, market, first, [new(order, first + index) for index in range(count)], at)


async def claim(store: Store, at: int = START, count: int = 10, listener: str = "L1", node: str = "n1") -> list[outbox.Claimed]:
    return await store.tx(outbox.claim_cursors, listener, count, at, LEASE, node)


async def one(store: Store, at: int = START, listener: str = "L1") -> outbox.Claimed:
    (claimed,) = await claim(store, at, listener=listener)
    return claimed


def test_an_order_is_heard_of_from_the_first_event_after_the_subscription_on(with_store: With):
    async def scenario(store: Store) -> None:
        await publish(store, "A", 1)
        await subscribed(store)
        assert await claim(store) == []
        await publish(store, "A", 2, 2, START + 5)
        claimed = await one(store, START + 5)
        assert [(event.seq, event.id, event.document) for event in claimed.events] == [
            (2, "A-2", b'{"id":"A","step":2}'),
            (3, "A-3", b'{"id":"A","step":3}'),
        ]
        stream = claimed.delivery
        assert (stream.sent_seq, stream.last_seq, stream.fence, stream.attempts, stream.owner) == (1, 3, 1, 1, "n1")
        assert stream.due_at == START + 5 + LEASE
        assert [event.seq for event in await store.tx(outbox.events_of, "A")] == [1, 2, 3]

    with_store(scenario)


def test_the_order_of_a_stream_is_kept_and_every_event_comes_once(with_store: With):
    async def scenario(store: Store) -> None:
        await subscribed(store)
        await publish(store, "A", 1, 3)
        seen = []
        for _ in range(3):
            claimed = await one(store)
            assert await claim(store) == [], "one event of an order is in flight at a time"
            seen.append(claimed.events[0].seq)
            assert await store.tx(outbox.delivered, claimed.delivery, claimed.events[0].seq, START)
        assert seen == [1, 2, 3]
        assert await claim(store, START + 10 * LEASE) == []
        idle = await store.tx(dead_letters.find_delivery, "L1", "A")
        assert idle is not None
        assert (idle.due_at, idle.sent_seq, idle.owner, idle.attempts) == (None, 3, "", 0)

    with_store(scenario)


def test_an_event_that_comes_while_another_is_in_flight_is_not_forgotten(with_store: With):
    async def scenario(store: Store) -> None:
        await subscribed(store)
        await publish(store, "A", 1)
        first = await one(store)
        await publish(store, "A", 2, at=START + 1)
        assert await claim(store, START + 1) == [], "the new event does not shorten the lease"
        assert await store.tx(outbox.delivered, first.delivery, 1, START + 2)
        assert (await one(store, START + 2)).events[0].seq == 2

    with_store(scenario)


def test_a_late_result_changes_nothing(with_store: With):
    """F13: two claims, the late one answers first and last."""

    async def scenario(store: Store) -> None:
        await subscribed(store)
        await publish(store, "A", 1, 2)
        (late,) = await claim(store, START, node="paused")
        (fresh,) = await claim(store, START + LEASE, node="other")
        assert (late.delivery.fence, fresh.delivery.fence, fresh.delivery.attempts) == (1, 2, 2)
        before = await store.tx(dead_letters.find_delivery, "L1", "A")
        now = START + LEASE
        assert not await store.tx(outbox.delivered, late.delivery, 1, now)
        assert not await store.tx(outbox.failed, late.delivery, now + 1, "refused", 1, PAUSE)
        assert not await store.tx(outbox.park, late.delivery, now, "refused", 1, PAUSE)
        assert not await store.tx(outbox.release, late.delivery, now)
        assert not await store.tx(dead_letters.skip, late.delivery, now, "somebody", "why not")
        assert await store.tx(dead_letters.find_delivery, "L1", "A") == before
        assert (await store.tx(listening.find_listener, "L1")).failures == 0
        assert await store.tx(outbox.delivered, fresh.delivery, 1, now)
        assert not await store.tx(outbox.delivered, late.delivery, 1, now)
        assert (await one(store, now)).events[0].seq == 2

    with_store(scenario)


@pytest.mark.parametrize("first", ["delivered", "failed", "release", "park"])
def test_a_claim_is_told_of_once(with_store: With, first: str):
    """The worker's commit was unclear, and it tells again: with nothing left to send, nothing becomes due."""

    async def scenario(store: Store) -> None:
        await subscribed(store)
        await publish(store, "A", 1)
        claimed = (await one(store)).delivery
        results: dict[str, tuple[Any, ...]] = {
            "delivered": (outbox.delivered, claimed, 1, START),
            "failed": (outbox.failed, claimed, START, "refused", 1, PAUSE),
            "release": (outbox.release, claimed, START),
            "park": (outbox.park, claimed, START, "refused", 1, PAUSE),
        }
        assert await store.tx(*results[first])
        before = await store.tx(dead_letters.find_delivery, "L1", "A")
        assert [await store.tx(*again) for again in results.values()] == [False] * 4
        assert await store.tx(dead_letters.find_delivery, "L1", "A") == before

    with_store(scenario)


def test_each_listener_has_its_own_cursor(with_store: With):
    async def scenario(store: Store) -> None:
        await subscribed(store, SHOP, OTHER, replace(SHOP, id="L3", market="south"))
        await publish(store, "A", 1)
        assert [row.id for row in await store.tx(outbox.due_listeners, START)] == ["L1", "L2"]
        mine = await one(store)
        assert await store.tx(outbox.delivered, mine.delivery, 1, START)
        assert [row.id for row in await store.tx(outbox.due_listeners, START)] == ["L2"]
        assert [row.listener for row in await store.tx(dead_letters.deliveries_of, "A")] == ["L1", "L2"]

    with_store(scenario)


def test_the_longest_due_come_first_and_no_more_than_asked_for(with_store: With):
    async def scenario(store: Store) -> None:
        await subscribed(store)
        for index, order in enumerate(("C", "A", "B")):
            await publish(store, order, 1, at=START + index)
        assert {one.delivery.order_id for one in await claim(store, START + 9, count=2)} == {"C", "A"}
        assert [one.delivery.order_id for one in await claim(store, START + 9)] == ["B"]

    with_store(scenario)


def test_what_a_query_leaves_out_is_passed_over_in_one_step(with_store: With):
    async def scenario(store: Store) -> None:
        await subscribed(store)
        await publish(store, "A", 1, outbox.AHEAD + 1)
        claimed = await one(store)
        assert len(claimed.events) == outbox.AHEAD
        await store.tx(outbox.failed, (claimed := await retry(store, claimed)).delivery, START, "refused", 1, START)
        assert (await store.tx(listening.find_listener, "L1")).failures == 1
        claimed = await one(store)
        assert await store.tx(_left_out, claimed.delivery, outbox.AHEAD, START)
        assert (await store.tx(listening.find_listener, "L1")).failures == 1, "nothing was sent, so nothing is known of the listener"
        assert [event.seq for event in (await one(store)).events] == [outbox.AHEAD + 1]

    async def retry(store: Store, claimed: outbox.Claimed) -> outbox.Claimed:
        assert await store.tx(outbox.release, claimed.delivery, START)
        return await one(store)

    def _left_out(c: Any, stream: outbox.DeliveryRow, seq: int, now: int) -> bool:
        return outbox.delivered(c, stream, seq, now, called=False)

    with_store(scenario)


def test_a_failed_call_is_due_again_later_and_counted(with_store: With):
    async def scenario(store: Store) -> None:
        await subscribed(store)
        await publish(store, "A", 1)
        claimed = await one(store)
        assert await store.tx(outbox.failed, claimed.delivery, START + 1000, "answered 500", 5, PAUSE)
        assert await claim(store, START + 999) == []
        again = await one(store, START + 1000)
        assert (again.delivery.attempts, again.delivery.last_error, again.events[0].id) == (2, "answered 500", "A-1")
        assert await store.tx(outbox.release, again.delivery, START + 2000)
        assert (await one(store, START + 2000)).delivery.attempts == 2, "a claim without a call does not count"

    with_store(scenario)


def test_a_listener_is_paused_when_many_streams_fail_in_a_row(with_store: With):
    async def scenario(store: Store) -> None:
        await subscribed(store, SHOP, OTHER)
        for order in ("A", "B", "C"):
            await publish(store, order, 1)
        for _ in range(2):  # one stream alone counts once, however often it fails
            (claimed,) = await claim(store, START, count=1)
            assert await store.tx(outbox.failed, claimed.delivery, START, "refused", 2, PAUSE)
        row = await store.tx(listening.find_listener, "L1")
        assert (row.failures, row.paused_until) == (1, None)
        claimed = next(one for one in await claim(store, START) if one.delivery.attempts == 1)
        assert await store.tx(outbox.failed, claimed.delivery, START, "refused", 2, PAUSE)
        row = await store.tx(listening.find_listener, "L1")
        assert (row.failures, row.paused_until) == (2, PAUSE)
        assert [row.id for row in await store.tx(outbox.due_listeners, START + LEASE)] == ["L2"]
        assert await claim(store, PAUSE - 1) == []
        (probe,) = await claim(store, PAUSE, count=1)
        assert await store.tx(outbox.failed, probe.delivery, PAUSE, "refused", 2, PAUSE + 9)
        row = await store.tx(listening.find_listener, "L1")
        assert (row.failures, row.paused_until) == (3, PAUSE + 9), "what tries whether it is back counts each time"
        (probe,) = await claim(store, PAUSE + 9, count=1)
        assert await store.tx(outbox.delivered, probe.delivery, 1, PAUSE + 9)
        row = await store.tx(listening.find_listener, "L1")
        assert (row.failures, row.paused_until) == (0, None)
        assert await store.tx(listening.pause, "L1", PAUSE + 99)
        assert await claim(store, PAUSE + 98) == []
        assert await store.tx(listening.resume, "L1")
        assert len(await claim(store, PAUSE + 98)) == 2
        assert not await store.tx(listening.resume, "nobody")

    with_store(scenario)


def test_a_parked_stream_waits_for_somebody_and_its_later_events_with_it(with_store: With):
    async def scenario(store: Store) -> None:
        await subscribed(store, SHOP, OTHER)
        await publish(store, "A", 1)
        await publish(store, "B", 1)
        claimed = next(one for one in await claim(store) if one.delivery.order_id == "A")
        assert await store.tx(outbox.park, claimed.delivery, START + 1, "answered 500; the last of 12 calls", 5, PAUSE)
        await publish(store, "A", 2, at=START + 2)
        assert await claim(store, START + 3) == []
        (dead,) = await store.tx(dead_letters.dead_letters)
        assert (dead.order_id, dead.sent_seq, dead.last_seq, dead.parked_at) == ("A", 0, 2, START + 1)
        assert dead.last_error == "answered 500; the last of 12 calls"
        assert await store.tx(dead_letters.redrive, "L1", "A", START + 4)
        again = await one(store, START + 4)
        assert (again.delivery.attempts, [event.seq for event in again.events]) == (1, [1, 2])
        assert not await store.tx(dead_letters.redrive, "L1", "A", START + 5), "it is being sent just now"
        assert not await store.tx(dead_letters.redrive, "L1", "nothing", START + 5)
        assert await store.tx(dead_letters.dead_letters) == []

    with_store(scenario)


def test_dead_letters_come_page_by_page_and_go_on_together(with_store: With):
    async def scenario(store: Store) -> None:
        await subscribed(store, SHOP, OTHER)
        for order in ("A", "B", "C"):
            await publish(store, order, 1)
        for listener in ("L1", "L2"):
            for claimed in await claim(store, listener=listener):
                await store.tx(outbox.park, claimed.delivery, START, "no", 99, PAUSE)
        pages, after = [], ("", "")
        while page := await store.tx(dead_letters.dead_letters, 2, after):
            pages += [(row.listener, row.order_id) for row in page]
            after = pages[-1]
        assert pages == [(listener, order) for listener in ("L1", "L2") for order in ("A", "B", "C")]
        for order in ("A", "B", "C"):
            assert await store.tx(dead_letters.redrive, "L2", order, START)
        assert len(await claim(store, listener="L2")) == 3
        assert await store.tx(listening.unsubscribe, "L1", START)
        assert await store.tx(dead_letters.dead_letters) == [], "nobody waits for those of a listener that has left"

    with_store(scenario)


def test_leaving_an_event_out_is_put_on_record(with_store: With):
    async def scenario(store: Store) -> None:
        await subscribed(store)
        await publish(store, "A", 1, 2)
        claimed = await one(store)
        await store.tx(outbox.park, claimed.delivery, START, "answered 400", 5, PAUSE)
        seen = await store.tx(dead_letters.find_delivery, "L1", "A")
        assert await store.tx(dead_letters.skip, seen, START + 1, "ops", "the event is of no use to them")
        assert not await store.tx(dead_letters.skip, seen, START + 1, "ops", "twice")
        assert (await one(store, START + 1)).events[0].seq == 2
        (row,) = await store.tx(auditing.find, "A")
        assert (row.actor, row.action) == ("ops", "delivery.skip")
        assert row.detail == "event 1 is not sent to listener L1: the event is of no use to them"
        done = await store.tx(dead_letters.find_delivery, "L1", "A")
        assert not await store.tx(dead_letters.skip, replace(done, sent_seq=2), START, "ops", "there is nothing left")

    with_store(scenario)


def test_a_listener_that_left_is_claimed_for_no_more(with_store: With):
    async def scenario(store: Store) -> None:
        await subscribed(store)
        await publish(store, "A", 1)
        await publish(store, "B", 1)
        (claimed,) = await claim(store, count=1)
        assert await store.tx(listening.unsubscribe, "L1", START)
        assert not await store.tx(listening.unsubscribe, "L1", START)
        assert await claim(store) == []
        assert await store.tx(outbox.due_listeners, START) == []
        assert await store.tx(listening.in_flight, "L1", START), "a call may be about to start"
        assert await store.tx(outbox.delivered, claimed.delivery, 1, START)
        assert not await store.tx(listening.in_flight, "L1", START)
        await publish(store, "A", 2)
        assert (await store.tx(dead_letters.find_delivery, "L1", "A")).last_seq == 1
        assert (await store.tx(listening.find_listener, "L1")).deleted_at == START
        assert await store.tx(listening.forget, START, 10) == 0
        assert await store.tx(listening.forget, START + 1, 1) == 1
        assert await store.tx(listening.forget, START + 1, 10) == 1
        assert await store.tx(dead_letters.deliveries_of, "A") == []

    with_store(scenario)


@pytest.mark.parametrize(
    "change", [{"client": "x"}, {"callback": "https://x/"}, {"query": "eventType=A"}, {"market": "south"}, {"face": "x"}]
)
def test_the_same_subscription_is_taken_once(with_store: With, change: dict[str, str]):
    async def scenario(store: Store) -> None:
        await subscribed(store)
        assert await store.tx(listening.subscribe, replace(SHOP, id="L9")) == "L1"
        assert await store.tx(listening.subscribe, replace(SHOP, id="L9", **change)) is None
        assert [row.id for row in await store.tx(listening.listeners)] == ["L1", "L9"]
        await store.tx(listening.unsubscribe, "L1", START)
        assert await store.tx(listening.subscribe, replace(SHOP, id="L8")) is None
        assert await store.tx(listening.find_listener, "nobody") is None

    with_store(scenario)


def test_no_events_are_no_statement_and_change_no_cursor(with_store: With):
    async def scenario(store: Store) -> None:
        await subscribed(store)
        await store.tx(outbox.publish, "A", "north", 1, [], START)
        assert await store.tx(dead_letters.find_delivery, "L1", "A") is None

    with_store(scenario)


def test_an_event_carries_what_its_order_is_known_by(with_store: With, acceptance: Callable[..., Any]):
    async def scenario(store: Store) -> None:
        fresh = await store.accept(acceptance())
        await store.tx(outbox.publish, fresh.order_id, "north", 7, [new("A", 7, field_path="note")], START + 5)
        event = (await store.tx(outbox.events_of, fresh.order_id, 6))[0]
        assert (event.correlation_id, event.created_at, event.field_path, event.at, event.market) == (
            "c-1",
            START,
            "note",
            START + 5,
            "north",
        )

    with_store(scenario)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_claim_and_an_end_of_the_subscription_are_one_before_the_other_on_two_nodes(url: str, clock: Any):
    """F27: while a claim is not committed, the end of the subscription waits, and then sees it."""

    def claim_slowly(c: Any) -> list[outbox.Claimed]:
        claimed = outbox.claim_cursors(c, "L1", 10, START, LEASE, "slow")
        c.rows(HOLD, {})
        return claimed

    async def main() -> None:
        store, other = await Store.open(url, clock=clock), await Store.open(url, clock=clock)
        gate = await asyncpg.connect(url)

        async def waiting(*all_of: asyncio.Task[Any]) -> None:
            while await gate.fetchval(WAITING) < len(all_of):
                assert not any(each.done() for each in all_of)

        try:
            await subscribed(store)
            await publish(store, "A", 1)
            await gate.execute(GATE)
            claiming = asyncio.create_task(store.tx(claim_slowly))
            await waiting(claiming)
            leaving = asyncio.create_task(other.tx(listening.unsubscribe, "L1", START))
            await waiting(claiming, leaving)
            await gate.close()  # lets the claim go on
            assert await leaving
            assert await other.tx(listening.in_flight, "L1", START), "the subscription ended before a claim that was made before"
            assert len(await claiming) == 1
        finally:
            await gate.close()
            await store.close()
            await other.close()

    asyncio.run(main())


@pytest.mark.parametrize("engine", ["postgresql"])
def test_two_nodes_never_claim_the_same_stream(url: str, clock: Any):
    async def main() -> None:
        stores = [await Store.open(url, clock=clock) for _ in range(3)]
        try:
            await subscribed(stores[0])
            for number in range(60):
                await publish(stores[0], f"O{number}", 1)
            found = [one for each in await asyncio.gather(*(claim(store, count=7) for store in stores * 4)) for one in each]
            assert len(found) == len({one.delivery.order_id for one in found}) > 40
            again = await asyncio.gather(*(store.tx(listening.subscribe, replace(OTHER, id=f"S{n}")) for n, store in enumerate(stores)))
            assert again.count(None) == 1, "the same subscription is taken once, however many ask at one time"
            assert len(set(again)) == 2
        finally:
            for store in stores:
                await store.close()

    asyncio.run(main())
