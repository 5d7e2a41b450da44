"""F28, F29: a timer fires once in effect, never before it is due, and cancelling it races with nothing."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from adapter.store import Store
from adapter.store.advancing import Change, advance, advance_and_acknowledge
from adapter.store.outbox import NewEvent, events_of
from adapter.store.tasks import Done, NewTask, TaskQuery, claim, find, put
from simulators.soap_server import Simulator
from tests.faults.cluster import Figures, home_of, order, place, ways, with_record
from tests.record_kit import AS_PLACED
from tests.record_kit import place as placed
from tests.waiting import eventually
from tests.work_kit import FOLLOWED, START, Clock, Desk, Node, lab_home, node

TIMER = """
timers:
  - {name: too-long, when: acknowledged, after: AFTER, attention: "nobody has begun"}
"""
HOUR = 3_600


def test_f28_due_while_the_process_is_down_and_killed_while_it_fires_it_fires_once(make, backend, engine, tmp_path):
    home = home_of(tmp_path / "home", Figures(more=TIMER.replace("AFTER", "0.8")))
    cluster, body = make(home=home), order()
    first = cluster.node(0).start()
    assert place(first, body, "k1").status_code == 201
    eventually(lambda: ways(first)[0]["outcome"] == "accepted", "the order is accepted")
    first.kill()
    dies = cluster.node(0)
    dies.begin(DIE_AT="in-timer")  # it is due by now, or soon
    assert dies.died() == -9
    node = cluster.node(0 if engine == "sqlite" else 1).start()
    [known] = eventually(lambda: [way for way in ways(node) if way["attention"]], "the timer has fired")
    assert known["attention"].endswith("nobody has begun")
    assert [task["id"] for task in node.ask("/admin/tasks") if task["id"].startswith("timer:")] == []
    assert node.said().count('"timer.fired"') == 1


@pytest.fixture
def timed(tmp_path: Path, record: str) -> Path:
    return with_record(lab_home(tmp_path / "timed", FOLLOWED + TIMER.replace("AFTER", str(HOUR))), record)


def test_f28_a_clock_that_is_set_back_or_forth_fires_no_timer_early(timed, engine, tmp_path):
    async def scenario() -> None:
        clock = Clock(START)
        async with Simulator(Desk()) as simulator, contextlib.AsyncExitStack() as stack:
            nodes: list[Node] = [await stack.enter_async_context(node(timed, tmp_path / "d", clock, simulator))]
            if engine == "postgresql":
                nodes.append(await stack.enter_async_context(node(timed, tmp_path / "d2", clock, simulator, name="second")))
            assert (await nodes[0].place()).status == 201
            due = (await nodes[0].tasks())["timer"].due_at
            assert due == START + HOUR * 1000
            for moved in (HOUR * 1000 - 1, -HOUR * 1000, 0):  # almost there; set back; where it began
                clock.at = START + moved
                for each in nodes:
                    await each.round("timer")
                assert (await nodes[0].order()).attention == ""
            clock.at = due
            await asyncio.gather(*(each.round("timer") for each in nodes))
            assert (await nodes[0].order()).attention == "timer too-long: nobody has begun"
            assert "timer" not in await nodes[0].tasks()

    asyncio.run(scenario())


def test_f29_of_firing_and_leaving_at_once_one_wins_each_time(record, engine):
    """In groups, so that all kinds of meetings are met."""
    now, rounds, group = 1_760_000_000_000, 10, 10

    async def one(nodes: list[Store], number: int) -> bool:
        name = f"A{number}"
        await nodes[0].tx(put, [NewTask(f"timer:held:{name}", f"timer:{name}", now, name)])
        [task] = await nodes[0].tx(claim, f"timer:{name}", 1, now, 60_000, "n0")
        fire = Change(name, AS_PLACED, "failed", now, events=(NewEvent(f"{name} fired", "t", b"{}"),))
        leave = Change(name, AS_PLACED, "inProgress", now, events=(NewEvent(f"{name} left", "t", b"{}"),), cancels=(task.id,))
        firing = nodes[number % len(nodes)].tx(advance_and_acknowledge, fire, Done(task.id, task.fence))
        leaving = nodes[(number + 1) % len(nodes)].tx(advance, leave)
        first, second = (firing, leaving) if number % 2 else (leaving, firing)
        told = await asyncio.gather(first, second)
        fired, left = told if number % 2 else reversed(told)
        assert fired != left
        assert [event.id for event in await nodes[0].tx(events_of, name)] == [f"{name} {'fired' if fired else 'left'}"]
        return bool(fired)

    async def scenario() -> None:
        async with contextlib.AsyncExitStack() as stack:
            nodes = [await Store.open(record, node=f"n{number}") for number in range(1 if engine == "sqlite" else 3)]
            for each in nodes:
                stack.push_async_callback(each.close)
            won = []
            for start in range(0, rounds * group, group):
                for number in range(start, start + group):
                    await nodes[0].tx(placed, f"A{number}", now)
                won += await asyncio.gather(*(one(nodes, number) for number in range(start, start + group)))
            assert {True, False} == set(won), "both ends were met"
            assert await nodes[0].tx(find, TaskQuery()) == []

    asyncio.run(scenario())
