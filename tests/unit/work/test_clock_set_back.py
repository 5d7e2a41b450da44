"""A clock that was wrong and is set back by hours, as after a machine was restored: what lasts for seconds does not last for hours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapter.store import rates, tasks
from adapter.work.sweep import Sweep
from simulators.http_server import Transport
from simulators.scenario import Behaviour
from tests.work_kit import FOLLOWED, START, Clock, Node, lab_home, run

HOURS = 6 * 3_600
DOWN = Behaviour(book=False, transport=Transport.CLOSE)
BREAKER = "breaker: {failures: 1, pause: 20}\n"

Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    home = lab_home(tmp_path / "h", FOLLOWED + BREAKER)

    def begin(scenario: Callable[[Node], Awaitable[Any]]) -> Any:
        return run(home, tmp_path / "data", scenario, Clock(START + HOURS * 1000))

    return begin


def test_a_breaker_that_opened_before_lets_a_call_through_at_once(start):
    async def scenario(n: Node) -> None:
        await n.place()
        n.simulator.once("ReadOrder", DOWN)
        n.clock.later(30)
        await n.round("poll")
        assert (await n.store.tx(rates.state, "lab")).paused_until == n.clock() + 20_000
        await n.store.tx(tasks.redrive, f"poll:{(await n.order()).id}", n.clock())
        await n.round("poll")
        assert n.calls("ReadOrder") == ["ReadOrder"], "it is open"
        n.clock.later(-HOURS)
        await n.store.tx(tasks.redrive, f"poll:{(await n.order()).id}", n.clock())
        await n.round("poll")
        assert n.calls("ReadOrder") == ["ReadOrder"] * 2
        assert (await n.store.tx(rates.state, "lab")).paused_until is None

    start(scenario)


async def claimed(n: Node) -> str:
    """A question that somebody took who did not come back; its lease ends as late as one can, by the clock as it was."""
    await n.place()
    task_id = f"poll:{(await n.order()).id}"
    n.clock.later(30)
    lease = n.lane("poll").lease
    assert [task.id for task in await n.store.tx(tasks.claim, "poll:lab", 9, n.clock(), lease, "gone")] == [task_id]
    return task_id


def test_a_lease_of_somebody_who_is_gone_ends_when_the_clock_is_set_back(start):
    async def scenario(n: Node) -> None:
        await claimed(n)
        await n.work.sweep()
        await n.round("poll")
        assert n.calls("ReadOrder") == [], "it holds"
        n.clock.later(-HOURS)
        with capture_logs() as lines:
            await n.work.sweep()
        assert [line["event"] for line in lines] == ["clock.set-back", "leases.ended"]
        await n.round("poll")
        assert n.calls("ReadOrder") == ["ReadOrder"]
        with capture_logs() as lines:
            await n.work.sweep()
        assert lines == [], "once"

    start(scenario)


def test_what_was_set_back_while_nobody_worked_is_found_at_the_start(start):
    async def scenario(n: Node) -> None:
        task_id = await claimed(n)
        n.clock.later(-HOURS)
        await Sweep(n.store, n.work.wake, lambda: n.lane("poll").lease)()
        assert (await n.tasks())["poll"].due_at == n.clock()
        assert (await n.tasks())["poll"].id == task_id

    start(scenario)


def test_what_is_to_be_done_later_and_leases_that_hold_are_left_alone(start):
    async def scenario(n: Node) -> None:
        await claimed(n)
        waiting = tasks.NewTask("timer:slow:A", "timer:lab", n.clock() + HOURS * 1000)
        await n.store.tx(tasks.put, [waiting, *(tasks.NewTask(f"poll:{number:04}", "poll:south", n.clock()) for number in range(1_100))])
        held = {task.id: task.due_at for task in await n.store.tx(tasks.find, tasks.TaskQuery(limit=2_000))}
        n.clock.later(-30)
        await Sweep(n.store, n.work.wake, lambda: n.lane("poll").lease + 30_000)()
        assert {task.id: task.due_at for task in await n.store.tx(tasks.find, tasks.TaskQuery(limit=2_000))} == held
        assert len(held) == 1_102

    start(scenario)
