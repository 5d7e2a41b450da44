"""Timers: set with the change that asks for them, looked at again when they fire, never early, and taken back in one step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from adapter.agenda import timers_of
from adapter.changing import attention_to
from adapter.ports import OutcomeKind
from adapter.store import tasks
from adapter.store.advancing import Change, advance, advance_and_acknowledge
from adapter.store.task_listing import find
from adapter.store.task_rows import TaskQuery
from adapter.work.job import Job
from simulators.http_server import Transport
from simulators.scenario import Behaviour
from simulators.soap_server import Simulator
from tests.work_kit import FOLLOWED, Clock, Desk, Node, document, lab_home, message, node, run

TIMERS = """
timers:
  - {name: slow-start, when: acknowledged, after: 7200, attention: "nothing has happened for two hours"}
  - {name: no-data, when: pending, after: 604800, state: cancelled}
"""
Start = Callable[..., Any]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lab_home(tmp_path_factory.mktemp("home") / "h", FOLLOWED + TIMERS)


@pytest.fixture
def start(home: Path, tmp_path: Path) -> Start:
    def begin(scenario: Callable[[Node], Awaitable[Any]], home: Path = home) -> Any:
        return run(home, tmp_path / "data", scenario)

    return begin


async def timers(n: Node) -> dict[str, float]:
    """Seconds until each timer is due, by name."""
    found = await n.store.tx(find, TaskQuery(kind="timer"))
    return {task.payload["timer"]: ((task.due_at or 0) - n.clock()) / 1000 for task in found}


async def reported(n: Node, state: str, after: float = 30) -> None:
    n.desk.states["LAB-000001"] = state
    n.clock.later(after)
    await n.round("poll")


def test_a_timer_begins_with_its_state_and_ends_with_it(start):
    async def scenario(n: Node) -> None:
        await n.place()
        assert await timers(n) == {"slow-start": 7_200}
        await reported(n, "WAITING")
        assert await timers(n) == {"no-data": 604_800}
        await reported(n, "WORKING", 900)
        assert await timers(n) == {}

    start(scenario)


def test_a_timer_calls_for_a_person_and_the_order_is_followed_all_the_same(start):
    async def scenario(n: Node) -> None:
        await n.place()
        await reported(n, "BOOKED", 7_199.999)
        await n.round("timer")
        assert (await n.order()).attention == ""  # not before it is due
        n.clock.later(0.001)
        await n.round("timer")
        order = await n.order()
        assert (order.attention, order.state) == ("timer slow-start: nothing has happened for two hours", "acknowledged")
        assert await timers(n) == {}
        await reported(n, "BOOKED", 900)
        assert (await n.order()).attention == order.attention  # an answer without news does not take it back
        await reported(n, "WORKING", 900)
        assert ((await n.order()).attention, (await n.order()).state) == ("", "inProgress")

    start(scenario)


def test_a_timer_keeps_the_reason_why_nobody_follows_the_order(start):
    async def scenario(n: Node) -> None:
        await n.place()
        finding = "unknown status 'SIGNED-OFF': the code table orderState has no row for it"
        assert await n.store.tx(advance, attention_to(await n.order(), finding, n.clock()))
        n.clock.later(7_200)
        await n.round("timer")
        order = await n.order()
        assert order.attention == f"{finding}; timer slow-start: nothing has happened for two hours"
        await reported(n, "BOOKED", 0)
        assert (await n.order()).attention == ""  # it is followed again

    start(scenario)


HELD = """
timers:
  - {name: in-doubt, when: held, after: 600, attention: "nobody knows what became of it"}
  - {name: in-doubt-for-good, when: held, after: 86400, state: failed}
"""


@pytest.mark.parametrize("booked", [True, False])
def test_an_order_that_ends_in_doubt_is_timed_from_that_moment_and_until_it_is_settled(tmp_path, booked):
    home = lab_home(tmp_path / "h", FOLLOWED + HELD)

    async def scenario(n: Node) -> None:
        n.simulator.once("CreateOrder", Behaviour(book=booked, transport=Transport.CLOSE))
        reply = await n.place()
        assert (reply.status, (await n.order()).state) == (504, "held")
        assert await timers(n) == {"in-doubt": 600, "in-doubt-for-good": 86_400}
        n.clock.later(600)
        await n.round("timer")
        assert (await n.order()).attention == "timer in-doubt: nobody knows what became of it"
        await n.work.sweep()
        await n.round("reconcile")
        order = await n.order()
        assert (order.outcome, order.state) == (OutcomeKind.ACCEPTED if booked else OutcomeKind.ABSENT, "acknowledged")
        assert await timers(n) == {}
        assert order.attention == ""

    run(home, tmp_path / "data", scenario)


def test_a_timer_does_not_end_an_order_that_may_be_at_its_backend(tmp_path):
    """Its caller has no answer, so that there is no resource yet that could move; the order stays in doubt, and is settled as ever."""
    home = lab_home(tmp_path / "h", FOLLOWED + HELD)

    async def scenario(n: Node) -> None:
        n.simulator.once("CreateOrder", Behaviour(transport=Transport.CLOSE))
        asked = message()
        await n.pipeline.place(asked)
        for seconds in (600, 85_800):
            n.clock.later(seconds)
            await n.round("timer")
        order = await n.order()
        told = "timer in-doubt-for-good: not taken to 'failed' while nobody knows what became of it; settle it by hand"
        assert (order.state, order.attention, order.done_at, order.answer) == ("held", told, None, None)
        assert await n.kinds() == []
        assert (await n.pipeline.place(asked)).status == 201
        assert (await n.order()).attention == ""
        assert n.booked() == 1

    run(home, tmp_path / "data", scenario)


def test_a_timer_moves_an_order_on_with_its_event(start):
    async def scenario(n: Node) -> None:
        await n.place()
        await reported(n, "WAITING")
        n.clock.later(604_800)
        await n.round("timer")
        order = await n.order()
        assert (order.state, order.done_at) == ("cancelled", n.clock())
        assert document((await n.events())[-1])["state"] == "cancelled"
        await n.round("poll")
        assert await n.tasks() == {}

    start(scenario)


def test_a_timer_whose_state_the_order_has_left_changes_nothing(start):
    async def scenario(n: Node) -> None:
        await n.place()
        await reported(n, "WORKING")
        order = await n.order()
        market = n.backends["lab"].market
        await n.store.tx(tasks.put, timers_of(market, order.id, "pending", n.clock() - 604_800_000))
        await n.round("timer")
        assert await n.order() == order
        assert await timers(n) == {}

    start(scenario)


def test_timers_of_unknown_orders_and_of_names_that_are_gone_end_quietly(start):
    async def scenario(n: Node) -> None:
        await n.place()
        order = await n.order()
        lane = "timer:lab"
        gone = tasks.NewTask(f"timer:gone:{order.id}", lane, n.clock(), order.id, {"timer": "gone"})
        unknown = tasks.NewTask("timer:x:nobody", lane, n.clock(), "nobody", {"timer": "slow-start"})
        await n.store.tx(tasks.put, [gone, unknown])
        await n.round("timer")
        assert await timers(n) == {"slow-start": 7_200}
        assert await n.order() == order

    start(scenario)


def test_f28_a_timer_that_came_due_while_the_process_was_down_fires_once_at_the_next_start(home, tmp_path):
    async def scenario() -> None:
        clock = Clock()
        async with Simulator(Desk()) as simulator:
            async with node(home, tmp_path / "d", clock, simulator) as first:
                await first.place()
            clock.later(86_400)
            async with node(home, tmp_path / "d", clock, simulator) as second:
                await second.round("timer")
                order = await second.order()
                assert order.attention.startswith("timer slow-start")
                assert (await timers(second), order.updated_at) == ({}, clock())
                clock.later(60)
                await second.round("timer")
                assert (await second.order()).updated_at == clock() - 60_000

    asyncio.run(scenario())


@pytest.mark.parametrize("hours", [-1, 1])
def test_f28_a_clock_that_is_moved_fires_no_timer_early(start, hours):
    async def scenario(n: Node) -> None:
        await n.place()
        n.clock.later(3600)
        n.clock.at += hours * 3_600_000
        await n.round("timer")
        fired = (await n.order()).attention != ""
        assert fired is (n.clock() - (await n.order()).created_at >= 7_200_000)

    start(scenario)


def test_f28_killed_while_firing_it_fires_once_in_effect(start):
    async def scenario(n: Node) -> None:
        await n.place()
        await reported(n, "WAITING")
        n.clock.later(604_800)
        lane, real, reached = n.lane("timer"), n.store.tx, asyncio.Event()

        async def halts(function: Any, *arguments: Any) -> Any:
            if function.__name__ == "record":
                reached.set()
                await asyncio.Event().wait()
            return await real(function, *arguments)

        n.store.tx = halts  # type: ignore[method-assign]
        await lane.tick()
        await reached.wait()
        lane._acknowledgements._flush.cancel()
        n.store.tx = real  # type: ignore[method-assign]
        assert (await n.order()).state == "pending"
        n.clock.later(60)  # the lease is over
        n.work.lanes["timer:lab"] = type(lane)(
            lane.name, lane._handler, lane._plan, n.store, n.heard, random=lambda: 0.5, monotonic=n.clock.monotonic
        )
        for _ in range(2):
            await n.round("timer")
        assert (await n.order()).state == "cancelled"
        assert [document(event)["state"] for event in await n.events()].count("cancelled") == 1

    start(scenario)


def test_f29_of_a_timer_and_what_cancels_it_exactly_one_wins(start):
    """1,000 times, in both orders and side by side: the change that leaves the state against the timer that fires."""

    async def scenario(n: Node) -> None:
        await n.place()
        await reported(n, "WAITING")
        market, wins = n.backends["lab"].market, {"fired": 0, "cancelled": 0}
        for turn in range(1_000):
            order = await n.order()
            await n.store.tx(tasks.put, timers_of(market, order.id, "pending", n.clock() - 604_800_000))
            [claimed] = await n.store.tx(tasks.claim, "timer:lab", 1, n.clock(), 60_000, "n")
            job = Job(claimed, n.clock(), 0)
            attention = Change(order.id, order.version, "pending", n.clock(), attention=f"timer {turn}")
            leaves = Change(order.id, order.version, "pending", n.clock(), attention=f"left {turn}", cancels=(claimed.id,))
            pair = [
                n.store.tx(advance_and_acknowledge, attention, job.done().ack),
                n.store.tx(advance, leaves),
            ]
            fired, left = (await asyncio.gather(*pair)) if turn % 2 else reversed(await asyncio.gather(*reversed(pair)))
            wins["fired"] += fired
            wins["cancelled"] += not fired
            assert fired != left
            assert await timers(n) == {}
            assert (await n.order()).attention == (f"timer {turn}" if fired else f"left {turn}")
        assert wins == {"fired": 500, "cancelled": 500}

    start(scenario)
