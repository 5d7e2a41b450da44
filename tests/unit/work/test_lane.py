"""One lane: what it takes, what becomes of handlers that crash, stall or never come back, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapter.errors import StoreUnavailable
from adapter.store import Store, tasks
from adapter.store.task_listing import find
from adapter.store.task_rows import Task, TaskQuery
from adapter.store.tasks import Done, NewTask
from adapter.work.job import Finish, Job
from adapter.work.lane import Lane
from adapter.work.plan import Plan
from tests.waiting import until
from tests.work_kit import Clock, Heard

PLAN = Plan("", call=1_000, slots=4)
LEASE = PLAN.lease


@dataclass
class World:
    """A record, a clock, and lanes on it."""

    store: Store
    clock: Clock
    heard: Heard

    def lane(self, handler: Callable[[Job], Awaitable[Finish]], **changed: Any) -> Lane:
        plan = changed.pop("plan", PLAN)
        return Lane(
            changed.pop("name", "poll:lab"),
            handler,  # type: ignore[arg-type]
            lambda: plan,
            changed.pop("store", self.store),
            self.heard,
            random=lambda: 0.5,
            monotonic=self.clock.monotonic,
            **changed,
        )

    async def put(self, *ids: str, lane: str = "poll:lab", due: int | None = None) -> None:
        at = self.clock() if due is None else due
        await self.store.tx(tasks.put, [NewTask(each, lane, at) for each in ids], at)

    async def tasks(self) -> dict[str, Task]:
        return {task.id: task for task in await self.store.tx(find, TaskQuery())}


@contextlib.asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    clock = Clock()
    store = await Store.open(f"sqlite:///{folder}/record.db", clock=clock)
    try:
        yield World(store, clock, Heard())
    finally:
        await store.close()


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Any]:
    def start(scenario: Callable[[World], Awaitable[Any]]) -> Any:
        async def inside() -> Any:
            async with world(tmp_path) as one:
                return await scenario(one)

        return asyncio.run(inside())

    return start


async def done(job: Job) -> Finish:
    return job.done()


def test_what_is_due_is_done_and_gone(run):
    async def scenario(w: World) -> None:
        await w.put("poll:A", "poll:B")
        await w.put("poll:C", due=w.clock() + 1)
        lane = w.lane(done)
        await lane.round()
        assert list(await w.tasks()) == ["poll:C"]
        assert (w.heard.claims, w.heard.acks) == ([("poll:lab", 2)], 2)
        await lane.round()
        assert w.heard.acks == 2

    run(scenario)


def test_only_so_many_are_in_work_at_a_time_the_longest_due_first(run):
    async def scenario(w: World) -> None:
        for number in range(6):
            await w.put(f"poll:{number}", due=w.clock() - 10 + number)
        gate, seen = asyncio.Event(), []

        async def waits(job: Job) -> Finish:
            seen.append(job.task.id)
            await gate.wait()
            return job.done()

        lane = w.lane(waits)
        assert await lane.tick() == 0  # there may be more
        assert await lane.tick() > 0  # but no room
        await asyncio.sleep(0)
        assert seen == ["poll:0", "poll:1", "poll:2", "poll:3"]
        gate.set()
        await lane.finished()
        await lane.round()
        assert seen[4:] == ["poll:4", "poll:5"]
        assert await w.tasks() == {}

    run(scenario)


def test_f30_a_task_that_kills_its_worker_every_time_is_parked_with_the_reason_and_others_go_on(run):
    async def scenario(w: World) -> None:
        await w.put("poll:KILLER", "poll:GOOD")
        killed = 0

        async def kills(job: Job) -> Finish:
            nonlocal killed
            if job.task.id == "poll:KILLER":
                killed += 1
                await asyncio.Event().wait()  # the worker is gone: it never says anything again
            return job.done()

        for _ in range(3):
            lane = w.lane(kills, park_after=3)
            await lane.tick()
            running = list(lane._running)
            await asyncio.sleep(0)
            for each, job in list(lane._running.items()):
                if job.task.id == "poll:KILLER":
                    each.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await lane._acknowledgements.recorded()
            w.clock.later(LEASE / 1000)
        await w.put("poll:OTHER")
        async with asyncio.timeout(10):  # where it is not parked, its worker is waited for
            await w.lane(kills, park_after=3).round()
        left = await w.tasks()
        assert list(left) == ["poll:KILLER"]
        assert (left["poll:KILLER"].due_at, killed) == (None, 3)
        assert left["poll:KILLER"].last_error == "taken 3 times without an end; no worker came back to say why"
        assert w.heard.parkings == [("poll:KILLER", left["poll:KILLER"].last_error)]

    run(scenario)


def test_f30_a_handler_that_crashes_costs_its_task_a_back_off_and_in_the_end_a_parking(run):
    async def scenario(w: World) -> None:
        await w.put("poll:BAD", "poll:GOOD")

        async def crashes(job: Job) -> Finish:
            if job.task.id == "poll:BAD":
                raise ZeroDivisionError("no such thing")
            return job.done()

        lane, pauses = w.lane(crashes, park_after=4), []
        for _ in range(4):
            await lane.round()
            left = await w.tasks()
            assert list(left) == ["poll:BAD"]
            assert left["poll:BAD"].last_error == "crashed: ZeroDivisionError: no such thing"
            due = left["poll:BAD"].due_at
            assert due is not None
            pauses.append(due - w.clock())
            w.clock.later((due - w.clock()) / 1000)
        assert pauses == [500, 1000, 2000, 4000]
        await lane.round()
        assert (await w.tasks())["poll:BAD"].last_error.startswith("taken 4 times without an end; the last error: crashed: Zero")

    run(scenario)


def test_f31_tasks_of_kinds_that_this_version_does_not_know_are_left_alone(run):
    async def scenario(w: World) -> None:
        await w.put("invoice:A", lane="invoice:lab")
        await w.put("poll:A")
        before = (await w.tasks())["invoice:A"]
        for kind in ("submit", "reconcile", "poll", "timer"):
            await w.lane(done, name=f"{kind}:lab").round()
        assert await w.tasks() == {"invoice:A": before}

    run(scenario)


def test_f12_a_node_that_was_paused_longer_than_its_lease_changes_nothing_and_sends_nothing(run):
    async def scenario(w: World) -> None:
        await w.put("poll:CALLED", "poll:STALLED")
        gate, sent = asyncio.Event(), []

        async def slow(job: Job) -> Finish:
            if job.task.id == "poll:CALLED":
                job.begin()
                sent.append(job.task.id)
                await gate.wait()
            else:
                await gate.wait()
                job.begin()
                sent.append(job.task.id)
            return job.done()

        paused = w.lane(slow)
        await paused.tick()
        await asyncio.sleep(0)
        w.clock.later(LEASE / 1000)  # SIGSTOP … SIGCONT
        other = w.lane(lambda job: later(job, w.clock() + 60_000))
        await other.round()
        after = await w.tasks()
        gate.set()
        await paused.finished()
        assert sent == ["poll:CALLED"]  # the permit of the other one had expired
        assert sorted(w.heard.lost) == ["poll:CALLED", "poll:STALLED"]
        assert await w.tasks() == after
        assert {task.due_at for task in after.values()} == {w.clock() + 60_000}

    run(scenario)


async def later(job: Job, due: int) -> Finish:
    return job.later(due)


def test_f13_of_two_claims_the_late_one_can_neither_finish_nor_move_the_task(run):
    async def scenario(w: World) -> None:
        await w.put("poll:A")
        claim = lambda c: tasks.claim(c, "poll:lab", 1, w.clock(), LEASE, "n")  # noqa: E731
        [late] = await w.store.tx(claim)
        w.clock.later(LEASE / 1000)
        [current] = await w.store.tx(claim)
        before = await w.tasks()
        old = Job(late, w.clock(), 0)
        for finish in (old.done(), old.later(w.clock()), old.park("mine")):
            assert await w.store.tx(tasks.acknowledge, [finish.ack]) == [False]
            assert await w.tasks() == before
        assert await w.store.tx(tasks.acknowledge, [Done(current.id, current.fence)]) == [True]
        assert await w.tasks() == {}

    run(scenario)


def test_an_unsent_task_of_a_paused_process_keeps_its_place_in_the_lane(run):
    async def scenario(w: World) -> None:
        await w.put("poll:A", due=w.clock() - 500)

        async def pauses(job: Job) -> Finish:
            w.clock.later(2.1)
            job.begin()
            return job.done()

        await w.lane(pauses).round()
        [task] = (await w.tasks()).values()
        assert (task.due_at, task.owner, task.attempts) == (w.clock() - 2_100 - 500, "", 0)
        await w.lane(done).round()
        assert await w.tasks() == {}

    run(scenario)


def test_a_graceful_end_hands_back_what_was_not_sent_and_waits_for_the_rest(run):
    async def scenario(w: World) -> None:
        await w.put("poll:SENT", "poll:WAITING", due=w.clock() - 500)
        gate, begun = asyncio.Event(), asyncio.Event()

        async def works(job: Job) -> Finish:
            if job.task.id == "poll:SENT":
                job.begin()
                begun.set()
                await gate.wait()
                return job.done()
            await asyncio.Event().wait()
            raise AssertionError("nobody ends this wait")

        lane = w.lane(works)
        lane.start()
        await begun.wait()
        stopping = asyncio.create_task(lane.stop())

        async def given_back() -> bool:
            return not (await w.tasks())["poll:WAITING"].owner

        await until(given_back, "the task is given back")
        assert not stopping.done()
        gate.set()
        await stopping
        [left] = (await w.tasks()).values()
        assert (left.id, left.due_at, left.owner) == ("poll:WAITING", w.clock() - 500, "")
        assert await lane.tick() > 0
        assert w.heard.claims == [("poll:lab", 2)]  # it takes nothing any more

    run(scenario)


def test_tasks_that_were_taken_while_the_lane_was_told_to_end_go_back_at_once(run):
    async def scenario(w: World) -> None:
        await w.put("poll:A", due=w.clock() - 500)
        lane = w.lane(done)
        ticking = asyncio.create_task(lane.tick())
        await asyncio.sleep(0)
        lane._stopping = True
        await ticking
        await lane.finished()
        assert (await w.tasks())["poll:A"].due_at == w.clock() - 500

    run(scenario)


def test_a_put_in_this_process_wakes_the_lane(run):
    async def scenario(w: World) -> None:
        finished = asyncio.Event()

        async def tells(job: Job) -> Finish:
            finished.set()
            return job.done()

        lane = w.lane(tells)
        lane.start()
        await asyncio.sleep(0)
        await w.put("poll:A")
        lane.wake()
        async with asyncio.timeout(5):
            await finished.wait()
        await lane.stop()
        assert await w.tasks() == {}

    run(scenario)


class Unavailable:
    """A record that cannot be used for a while."""

    def __init__(self, store: Store, failing: str) -> None:
        self.store, self.failing, self.refused = store, failing, 0
        self.node = store.node

    async def now(self) -> int:
        return await self.store.now()

    async def tx(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if function.__name__ == self.failing and self.refused < 3:
            self.refused += 1
            raise StoreUnavailable("the disk is full; make room")
        return await self.store.tx(function, *arguments)


def test_f15_a_record_that_cannot_be_used_makes_the_lane_wait_and_nothing_else(run):
    async def scenario(w: World) -> None:
        await w.put("poll:A")
        store = Unavailable(w.store, "take")
        finished = asyncio.Event()

        async def tells(job: Job) -> Finish:
            finished.set()
            return job.done()

        lane = w.lane(tells, store=store)
        with capture_logs() as logs:
            lane.start()
            async with asyncio.timeout(10):
                await finished.wait()
            await lane.stop()
        assert w.heard.waits == [("poll:lab", "record")] * 3
        assert [line["event"] for line in logs].count("work.record-unavailable") == 1  # not a line per try

    run(scenario)


def test_a_result_is_kept_until_the_record_takes_it(run):
    async def scenario(w: World) -> None:
        await w.put("poll:A")
        store = Unavailable(w.store, "record")
        await w.lane(done, store=store).round()
        assert store.refused == 3
        assert await w.tasks() == {}

    run(scenario)


def test_a_result_that_the_record_never_takes_is_done_again_when_the_lease_is_over(run, monkeypatch):
    monkeypatch.setattr("adapter.work.acknowledging._TRIES", 2)

    async def scenario(w: World) -> None:
        await w.put("poll:A")
        await w.lane(done, store=Unavailable(w.store, "record")).round()
        assert w.heard.lost == ["poll:A"]
        w.clock.later(LEASE / 1000)
        await w.lane(done).round()
        assert await w.tasks() == {}

    run(scenario)


def test_a_handler_that_finds_the_record_unavailable_is_no_crash(run):
    async def scenario(w: World) -> None:
        await w.put("poll:A")

        async def fails(job: Job) -> Finish:
            raise StoreUnavailable("the disk is full; make room")

        await w.lane(fails).round()
        [task] = (await w.tasks()).values()
        assert (task.attempts, task.last_error, task.due_at) == (0, "the disk is full; make room", w.clock() + 500)

    run(scenario)


def test_a_fault_of_the_lane_itself_does_not_end_it(run):
    async def scenario(w: World) -> None:
        await w.put("poll:A")
        plans = iter([ZeroDivisionError()])

        def plan() -> Plan:
            for error in plans:
                raise error
            return PLAN

        lane = w.lane(done)
        lane._plan = plan
        with capture_logs() as logs:
            lane.start()

            async def nothing_left() -> bool:
                return not await w.tasks()

            await until(nothing_left, "all tasks are done")
            await lane.stop()
        assert "work.crashed" in [line["event"] for line in logs]

    run(scenario)


def test_a_lane_of_a_market_that_is_gone_rests(run):
    async def scenario(w: World) -> None:
        await w.put("poll:A")
        lane = w.lane(done, plan=None)
        assert await lane.tick() > 0
        assert list(await w.tasks()) == ["poll:A"]

    run(scenario)


def test_a_result_that_cannot_be_recorded_does_not_take_the_others_along(run):
    async def scenario(w: World) -> None:
        await w.put("poll:ODD", "poll:A", "poll:B")

        async def odd(job: Job) -> Finish:
            return job.later("soon") if job.task.id == "poll:ODD" else job.done()  # type: ignore[arg-type]

        lane = w.lane(odd)

        class Broken(Unavailable):
            async def tx(self, function: Callable[..., Any], *arguments: Any) -> Any:
                if function.__name__ == "record" and any(finish.job.task.id == "poll:ODD" for finish in arguments[0]):
                    raise TypeError("no time")
                return await self.store.tx(function, *arguments)

        lane._acknowledgements._store = Broken(w.store, "")  # type: ignore[assignment]
        with capture_logs() as logs:
            await lane.round()
        assert list(await w.tasks()) == ["poll:ODD"]
        assert w.heard.lost == ["poll:ODD"]
        assert "work.not-recordable" in [line["event"] for line in logs]

    run(scenario)
