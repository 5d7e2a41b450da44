"""What a backend is asked under load: never above its rate, orders before questions, nothing in a closed window, next to nothing while it
does not answer. Several nodes share one record; time is moved by hand, a step at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_left
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapter.schedule import Breaker, Rate
from adapter.store import Store, rates, tasks
from adapter.store.tasks import NewTask
from adapter.work.job import Finish, Job
from adapter.work.lane import Lane
from adapter.work.plan import GRACE, Plan
from adapter.work.windows import Windows
from tests.work_kit import START, Clock, Heard

STEP = 20  # milliseconds
PLAN = Plan("lab", call=1_000, slots=50, breaker=Breaker(failures=5, pause=5))
RATE = Rate.model_validate({"perSecond": 50, "burst": 10, "reserve": 5})


class Asked:
    """A backend that keeps the time of each call. While ``well`` says no, it does not answer."""

    def __init__(self, clock: Clock, well: Callable[[], bool] = lambda: True) -> None:
        self.clock, self.well = clock, well
        self.times: list[int] = []
        self.ids: list[str] = []

    async def __call__(self, job: Job) -> Finish:
        job.begin()
        self.times.append(self.clock())
        self.ids.append(job.task.id)
        if not self.well():
            return job.back("HTTP 503", answered=False)
        return job.done(answered=True)


class Nodes:
    """So many nodes, each with the same lanes."""

    def __init__(self, store: Store, clock: Clock, count: int, lanes: Mapping[str, tuple[Any, Plan]]) -> None:
        self.store, self.clock, self.heard = store, clock, Heard()
        self.lanes = [
            Lane(name, handler, lambda plan=plan: plan, store, self.heard, random=lambda: 0.5, monotonic=clock.monotonic)
            for _ in range(count)
            for name, (handler, plan) in lanes.items()
        ]

    async def put(self, lane: str, count: int, name: str = "") -> None:
        kind, at = lane.partition(":")[0], self.clock()
        await self.store.tx(tasks.put, [NewTask(f"{kind}:{name}{number:05}", lane, at) for number in range(count)], at)

    async def step(self, milliseconds: int = STEP) -> None:
        await asyncio.gather(*(lane.round() for lane in self.lanes))
        self.clock.later(milliseconds / 1000)


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Store, Clock]]:
    clock = Clock()
    store = await Store.open(f"sqlite:///{folder}/record.db", clock=clock)
    try:
        yield store, clock
    finally:
        await store.close()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results are recorded in the round they belong to; there is nobody to wait for."""
    monkeypatch.setattr("adapter.work.acknowledging.LINGER", 0)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Any]:
    def start(scenario: Callable[[Store, Clock], Awaitable[Any]]) -> Any:
        async def inside() -> Any:
            async with opened(tmp_path) as (store, clock):
                return await scenario(store, clock)

        return asyncio.run(inside())

    return start


def most_above(times: Sequence[int], rate: float, burst: int, grace: float) -> float:
    """By how much the busiest window of all is above what is allowed."""
    worst = float("-inf")
    for last, end in enumerate(times):
        for length in (100, 500, 1_000, 5_000):
            first = bisect_left(times, end - length)
            worst = max(worst, last - first + 1 - (rate * (length / 1000 + grace) + burst))
    return worst


def test_f18_three_nodes_together_keep_the_rate_and_use_it(run):
    async def scenario(store: Store, clock: Clock) -> None:
        asked = Asked(clock)
        nodes = Nodes(store, clock, 3, {"poll:lab": (asked, replace(PLAN, rate=RATE, left=5))})
        await nodes.put("poll:lab", 1_000)
        for _ in range(10_000 // STEP):
            await nodes.step()
        # The lanes stand still between steps, so nothing waits with its permit: no grace is needed here.
        assert most_above(asked.times, 50, 10, 0) <= 0
        assert len(asked.times) >= 0.95 * 50 * 10
        assert asked.ids == sorted(asked.ids)  # the longest due first
        assert ("poll:lab", "permits") in nodes.heard.waits

    run(scenario)


def test_f19_the_reserve_lets_orders_through_while_questions_take_all_they_get(run):
    async def scenario(store: Store, clock: Clock) -> None:
        polls, orders = Asked(clock), Asked(clock)
        plan = replace(PLAN, rate=RATE)
        nodes = Nodes(store, clock, 3, {"poll:lab": (polls, replace(plan, left=5)), "submit:lab": (orders, plan)})
        await nodes.put("poll:lab", 1_000)
        placed: list[int] = []
        for step in range(6_000 // STEP):
            if step % (1_000 // STEP) == 0:
                placed.append(clock())
                await nodes.put("submit:lab", 1, f"{len(placed)}-")
            await nodes.step()
        waited = [sent - at for at, sent in zip(placed, orders.times, strict=True)]
        assert max(waited) <= STEP
        assert len(polls.times) > 200  # they did take what they could
        assert most_above(sorted(polls.times + orders.times), 50, 10, 0) <= 0

    run(scenario)


def test_without_a_reserve_orders_wait_behind_questions(run):
    """The planted fault of F19: the test above is worth something."""

    async def scenario(store: Store, clock: Clock) -> int:
        polls, orders = Asked(clock), Asked(clock)
        plan = replace(PLAN, rate=RATE)
        nodes = Nodes(store, clock, 3, {"poll:lab": (polls, plan), "submit:lab": (orders, plan)})
        await nodes.put("poll:lab", 1_000)
        for _ in range(2_000 // STEP):
            await nodes.step()
        placed = clock()
        await nodes.put("submit:lab", 1)
        while not orders.times:
            await nodes.step()
        return orders.times[0] - placed

    assert run(scenario) > STEP


def test_f20_nothing_begins_or_is_under_way_in_a_closed_window_and_work_goes_on_at_its_end(run):
    async def scenario(store: Store, clock: Clock) -> None:
        clock.at = round(datetime(2026, 1, 10, 1, 59, 50, tzinfo=UTC).timestamp() * 1000)
        start, end = clock.at + 10_000, clock.at + 70_000
        asked = Asked(clock)
        plan = replace(PLAN, windows=Windows([("0 2 * * *", 1)]), rate=Rate.model_validate({"perSecond": 20, "burst": 2}))
        nodes = Nodes(store, clock, 2, {"poll:lab": (asked, plan)})
        await nodes.put("poll:lab", 1_000)
        while clock() < end + 1_000:
            await nodes.step(100 if start < clock() < end - 200 else STEP)
        before = [moment for moment in asked.times if moment < start]
        after = [moment for moment in asked.times if moment >= end]
        assert len(before) + len(after) == len(asked.times)  # none began inside
        assert max(before) <= start - PLAN.call  # and none was under way: the longest call is over by then
        assert max(before) >= start - PLAN.call - GRACE - STEP
        assert min(after) <= end + STEP
        assert ("poll:lab", "window") in nodes.heard.waits

    run(scenario)


def test_f21_while_a_backend_does_not_answer_it_is_left_alone_and_then_soon_at_full_rate_again(run):
    async def scenario(store: Store, clock: Clock) -> None:
        well_from = START + 30_000
        asked = Asked(clock, lambda: clock() >= well_from)
        nodes = Nodes(store, clock, 3, {"poll:lab": (asked, replace(PLAN, rate=RATE))})
        await nodes.put("poll:lab", 1_000)
        while clock() < well_from:
            await nodes.step(100)
        while clock() < well_from + 13_000:
            await nodes.step()
        outage = [moment for moment in asked.times if moment < well_from]
        first_second = [moment for moment in outage if moment < START + 1_000]
        assert len(first_second) <= 50 + 10
        assert 5 <= len(outage) - len(first_second) <= 6  # one per pause of five seconds, for all nodes together
        recovered = [moment for moment in asked.times if well_from + 10_000 <= moment]
        assert len(recovered) >= 0.95 * 50 * 3
        row = await store.tx(rates.state, "lab")
        assert (row.paused_until, row.failures) == (None, 0)
        assert ("poll:lab", "breaker") in nodes.heard.waits

    run(scenario)


def test_f21_orders_keep_their_order_through_an_outage(run):
    async def scenario(store: Store, clock: Clock) -> None:
        well_from = START + 12_000
        asked = Asked(clock, lambda: clock() >= well_from)
        nodes = Nodes(store, clock, 1, {"submit:lab": (asked, replace(PLAN, slots=3))})
        for number in range(9):
            await nodes.put("submit:lab", 1, f"{number}-")
            clock.later(0.001)
        while clock() < well_from + 6_000:
            await nodes.step()
        assert [name for name, moment in zip(asked.ids, asked.times, strict=True) if moment >= well_from] == [
            f"submit:{number}-00000" for number in range(9)
        ]

    run(scenario)


def test_the_breaker_writes_nothing_while_nothing_is_due(run):
    async def scenario(store: Store, clock: Clock) -> None:
        for _ in range(5):
            await store.tx(rates.failed, "lab", clock(), 5, 5_000)
        before = await store.tx(rates.state, "lab")
        nodes = Nodes(store, clock, 2, {"poll:lab": (Asked(clock), PLAN)})
        clock.later(6)
        for _ in range(3):
            await nodes.step()
        assert await store.tx(rates.state, "lab") == before
        await nodes.put("poll:lab", 3)
        await nodes.step()  # one goes through, answers, and closes it
        await nodes.step()
        assert await store.tx(rates.state, "lab") == rates.RateRow("lab")

    run(scenario)


def test_permits_that_find_nothing_to_do_are_given_back(run):
    async def scenario(store: Store, clock: Clock) -> None:
        asked = Asked(clock)
        nodes = Nodes(store, clock, 1, {"poll:lab": (asked, replace(PLAN, rate=RATE))})
        await nodes.put("poll:lab", 2)
        await nodes.step()
        await nodes.put("poll:lab", 20, "more-")
        await nodes.step()
        assert len(asked.times) == 2 + 8 + 1  # what was left of the burst, and what a step of 20 ms adds

    run(scenario)
