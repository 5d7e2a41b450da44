"""What stands still and what people can do about it: tasks, streams of events, listeners, old rows. On a real record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapter.errors import Conflict, InvalidMessage, NotFound
from adapter.faces.admin import dead_letters, listeners, purging, tasks
from adapter.faces.admin.by_hand import Hand
from adapter.ports import OutcomeKind
from adapter.settings import Retention
from adapter.store import Acceptance, OrderQuery, Response, Settlement, Store, auditing
from adapter.store.advancing import Change, advance
from adapter.store.dead_letters import find_delivery
from adapter.store.listening import find_listener, pause
from adapter.store.task_listing import read
from adapter.store.task_rows import NewTask
from adapter.store.tasks import claim, put
from tests.admin_kit import changed, listening, parked_stream, parked_task

HAND = Hand("root")
DAY = 86_400_000


class Clock:
    now = 1_760_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def run(tmp_path: Path, clock: Clock) -> Callable[..., Any]:
    def start(scenario: Callable[[Store], Awaitable[Any]]) -> Any:
        async def inside() -> Any:
            store = await Store.open(f"sqlite:///{tmp_path / 'record.db'}", clock=clock)
            try:
                return await scenario(store)
            finally:
                await store.close()

        return asyncio.run(inside())

    return start


async def accepted(store: Store, number: str) -> Any:
    """An order that its backend took on."""
    now = await store.now()
    request = b'{"request":{"externalId":"%s"},"header":{},"query":{},"path":{}}' % number.encode()
    acceptance = Acceptance("s", number, "f", "pr", "productOrder.create", "shop", "tmf", f"c-{number}", request, now + 5000, number)
    fresh = await store.accept(acceptance)
    settlement = Settlement(OutcomeKind.ACCEPTED, now, "acknowledged", f"B{number}", response=Response(201, b"{}"), answer=b"{}")
    assert await store.settle(fresh.order_id, 1, settlement)
    order = await store.order(fresh.order_id)
    assert order is not None
    return order


def test_tasks_say_whether_they_are_due_wait_are_leased_or_parked(run, clock):
    async def scenario(store: Store) -> None:
        now = clock.now
        await store.tx(put, [NewTask("poll:1", "poll:a", now + 60_000, "1"), NewTask("poll:2", "poll:a", now - 60_000, "2")])
        await store.tx(put, [NewTask("submit:3", "submit:a", now, "3")])
        await store.tx(claim, "submit:a", 1, now, 30_000, "node-1")
        await parked_task(store, "poll:4", reason="no such order")
        rows = {row["id"]: row for row in await tasks.list_tasks(store, 10)}
        assert {name: row["state"] for name, row in rows.items()} == {
            "poll:1": "waiting",
            "poll:2": "due",
            "submit:3": "leased",
            "poll:4": "parked",
        }
        assert (rows["submit:3"]["owner"], rows["submit:3"]["attempts"]) == ("node-1", 1)
        assert (rows["poll:4"]["dueAt"], rows["poll:4"]["error"]) == ("", "no such order")
        assert [row["id"] for row in await tasks.list_tasks(store, 10, lane="poll:a")] == ["poll:1", "poll:2"]
        assert [row["id"] for row in await tasks.list_tasks(store, 10, parked=True)] == ["poll:4"]
        assert [row["id"] for row in await tasks.list_tasks(store, 10, order="3")] == ["submit:3"]

    run(scenario)


def test_a_parked_task_goes_on_as_if_it_had_never_been_tried_and_the_audit_has_it(run, clock):
    async def scenario(store: Store) -> None:
        await parked_task(store, "poll:4", order="4", reason="no such order")
        assert await tasks.redrive_task(store, "poll:4", HAND) == {"redriven": ["poll:4"]}
        task = await store.tx(read, "poll:4")
        assert (task.due_at, task.attempts) == (clock.now, 0)
        [deed] = await store.tx(auditing.find, "4")
        assert (deed.actor, deed.action, deed.at) == ("root", "task.redrive", clock.now)
        assert deed.detail == "poll:4 after 1 claims: no such order"
        await parked_task(store, "poll:0190a2b3", order="0190a2b3")
        for mistyped, near in (
            ("poll:5", "'adapter tasks' lists them"),
            ("poll:0190a2b4", "did you mean 'poll:0190a2b3'[?]"),
            ("0190a2b3", "that order has poll:0190a2b3;"),
        ):
            with pytest.raises(NotFound, match=f"there is no task '{mistyped}'; {near}"):
                await tasks.redrive_task(store, mistyped, HAND)

    run(scenario)


def test_a_task_that_somebody_works_on_is_not_taken_away_from_him(run, clock):
    async def scenario(store: Store) -> None:
        await store.tx(put, [NewTask("submit:3", "submit:a", clock.now, "3")])
        await store.tx(claim, "submit:a", 1, clock.now, 30_000, "node-1")
        with pytest.raises(Conflict, match="submit:3 is being worked on by node-1 until"):
            await tasks.redrive_task(store, "submit:3", HAND)
        assert await store.tx(auditing.find, "3") == []

    run(scenario)


def nothing_declared(_: str) -> bool:
    return False


def test_all_parked_tasks_of_a_lane_go_on_and_no_others(run):
    async def scenario(store: Store) -> None:
        for number in range(3):
            await parked_task(store, f"poll:{number}", "poll:a")
        await parked_task(store, "poll:other", "poll:b")
        assert sorted((await tasks.redrive_lane(store, "poll:a", HAND, nothing_declared))["redriven"]) == ["poll:0", "poll:1", "poll:2"]
        assert [row["id"] for row in await tasks.list_tasks(store, 10, parked=True)] == ["poll:other"]
        assert await tasks.redrive_lane(store, "poll:a", HAND, nothing_declared) == {"redriven": []}, "they are due, and the lane is there"
        for lane in ("pol:a", "poll:", "lane:a"):
            with pytest.raises(NotFound, match=f"there is no lane '{lane}'"):
                await tasks.redrive_lane(store, lane, HAND, {"", "a"}.__contains__)
        assert await tasks.redrive_lane(store, "submit:a", HAND, {"a"}.__contains__) == {"redriven": []}

    run(scenario)


def test_dead_letters_are_parked_tasks_and_parked_streams(run, clock):
    async def scenario(store: Store) -> None:
        await listening(store)
        order = await accepted(store, "1")
        await changed(store, order, "inProgress", b'{"state":"inProgress"}')
        assert await dead_letters.list_dead_letters(store, 10) == []
        await parked_task(store, "poll:4", reason="no such order")
        assert await parked_stream(store, "L1", "HTTP 500 twelve times") == order.id
        task, stream = await dead_letters.list_dead_letters(store, 10)
        assert (task["kind"], task["id"], task["reason"]) == ("task", "poll:4", "no such order")
        assert (stream["kind"], stream["id"], stream["reason"]) == ("stream", f"L1/{order.id}", "HTTP 500 twelve times")
        assert stream["waiting"] == "event 1 of 1"
        assert await dead_letters.redrive(store, "poll:4", HAND) == {"redriven": ["poll:4"]}
        assert await dead_letters.redrive(store, f"L1/{order.id}", HAND) == {"redriven": [f"L1/{order.id}"]}
        assert await dead_letters.list_dead_letters(store, 10) == []
        row = await store.tx(find_delivery, "L1", order.id)
        assert (row.due_at, row.sent_seq, row.attempts) == (clock.now, 0, 0)
        [deed] = await store.tx(auditing.find, order.id)
        assert (deed.action, deed.detail) == ("delivery.redrive", "listener L1, event 1, after 1 tries: HTTP 500 twelve times")

    run(scenario)


def test_what_names_no_stream_or_one_without_need_is_refused(run):
    async def scenario(store: Store) -> None:
        await listening(store)
        order = await accepted(store, "1")
        with pytest.raises(NotFound, match="listener L1 has no stream of order"):
            await dead_letters.redrive(store, f"L1/{order.id}", HAND)
        with pytest.raises(NotFound, match=r"there is no listener 'L11'; did you mean 'L1'\? 'adapter listeners' lists them"):
            await dead_letters.redrive(store, f"L11/{order.id}", HAND)
        with pytest.raises(NotFound, match="there is no listener 'nobody'; 'adapter listeners' lists them"):
            await dead_letters.redrive_listener(store, "nobody", HAND)
        assert await dead_letters.redrive_listener(store, "L1", HAND) == {"redriven": []}
        with pytest.raises(NotFound, match="there is no task 'nothing'"):
            await dead_letters.redrive(store, "nothing", HAND)
        with pytest.raises(InvalidMessage, match="names no stream; write LISTENER/ORDER"):
            await dead_letters.skip(store, "L1/", "why", HAND)
        await changed(store, order, "inProgress", b'{"state":"inProgress"}')
        with pytest.raises(Conflict, match="is not parked, and only what stands still is skipped; 0 of 1 events are sent, the next try is"):
            await dead_letters.skip(store, f"L1/{order.id}", "why", HAND)
        await parked_stream(store, "L1")
        with pytest.raises(NotFound, match=f"did you mean 'L1/{order.id}'"):
            await dead_letters.skip(store, f"L1/{order.id[:-1]}", "why", HAND)
        assert await dead_letters.skip(store, f"L1/{order.id}", "they do not want it", HAND) == {"skipped": 1, "left": 0}
        with pytest.raises(Conflict, match="there is nothing to redrive; 0 of 1 events are sent, 1 left out, nothing waits"):
            await dead_letters.redrive(store, f"L1/{order.id}", HAND)
        [deed] = await store.tx(auditing.find, order.id)
        assert (deed.actor, deed.action) == ("root", "delivery.skip")
        assert "they do not want it" in deed.detail

    run(scenario)


def test_all_streams_of_one_listener_go_on(run):
    async def scenario(store: Store) -> None:
        for name in ("L1", "L2"):
            await listening(store, name)
        orders = [await accepted(store, str(number)) for number in range(3)]
        for order in orders:
            await changed(store, order, "inProgress", b'{"state":"inProgress"}')
        for name in ("L1", "L1", "L1", "L2"):
            await parked_stream(store, name)
        moved = (await dead_letters.redrive_listener(store, "L1", HAND))["redriven"]
        assert moved == sorted(f"L1/{order.id}" for order in orders)
        assert [row["id"].split("/")[0] for row in await dead_letters.list_dead_letters(store, 10)] == ["L2"]

    run(scenario)


def test_listeners_show_what_waits_for_them_and_a_pause_can_be_ended(run, clock):
    async def scenario(store: Store) -> None:
        assert await listeners.list_listeners(store) == []
        await listening(store)
        order = await accepted(store, "1")
        await changed(store, order, "inProgress", b'{"state":"inProgress"}')
        clock.now += 90_000
        [row] = await listeners.list_listeners(store)
        assert (row["id"], row["market"], row["callback"]) == ("L1", "pr", "https://shop.example/L1")
        assert (row["state"], row["waiting"], row["parked"], row["oldestSeconds"]) == ("well", 1, 0, 90)
        await parked_stream(store, "L1")
        await store.tx(pause, "L1", clock.now + 60_000)
        [row] = await listeners.list_listeners(store)
        assert (row["waiting"], row["parked"], row["oldestSeconds"]) == (0, 1, 90)
        assert row["state"].startswith("paused until 20")
        assert await listeners.resume(store, "L1", HAND) == {"resumed": "L1"}
        assert (await store.tx(find_listener, "L1")).paused_until is None
        with pytest.raises(NotFound, match="there is no listener 'L2'"):
            await listeners.resume(store, "L2", HAND)

    run(scenario)


def test_a_purge_can_be_looked_at_first_and_takes_only_what_is_past_its_age(run, clock):
    async def scenario(store: Store) -> None:
        for number in range(3):
            order = await accepted(store, str(number))
            await store.tx(advance, Change(order.id, order.version, "completed", clock.now, done_at=clock.now))
        still_open = await accepted(store, "open")
        young = Retention()
        assert await purging.purge_by_hand(store, young, False, HAND) == {"rows": {}, "dryRun": False, "more": False}
        clock.now += 401 * DAY
        looked = await purging.purge_by_hand(store, young, True, HAND)
        assert looked["dryRun"]
        assert looked["rows"]["resource_order"] == 3
        assert await purging.purge_by_hand(store, young, True, HAND) == looked, "a look removes nothing"
        gone = await purging.purge_by_hand(store, young, False, HAND)
        assert gone["rows"] == looked["rows"]
        assert [row.id async for row in store.stream(OrderQuery())] == [still_open.id]
        deeds = await store.tx(auditing.find, "")
        assert [deed.action for deed in deeds] == ["record.purge", "record.purge"]
        assert "resource_order 3" in deeds[-1].detail

    run(scenario)


def test_kept_for_good_is_kept(run, clock):
    async def scenario(store: Store) -> None:
        order = await accepted(store, "1")
        await store.tx(advance, Change(order.id, order.version, "completed", clock.now, done_at=clock.now))
        clock.now += 40_000 * DAY
        forever = Retention(messages=None, events=None, orders=None, audit=None, codes=None)
        assert (await purging.purge_by_hand(store, forever, False, HAND))["rows"] == {}
        assert purging.retention(Retention(orders=0.5)).orders == DAY // 2

    run(scenario)


def test_one_act_is_one_row_however_often_its_transaction_runs(run):
    async def scenario(store: Store) -> None:
        row = HAND.row(1, "a", "o", "d")
        for again in (row, HAND.row(1, "a", "o", "d")):
            await store.tx(auditing.write, again)
        await store.tx(auditing.write, HAND.row(1, "a", "o", "other"))
        await store.tx(auditing.write, replace(HAND, name="another").row(1, "a", "o", "d"))
        assert len(await store.tx(auditing.find, "o")) == 3

    run(scenario)
