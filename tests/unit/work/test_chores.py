"""The chores: they come round, one at a time, and one that fails comes round again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapter.errors import StoreUnavailable
from adapter.store.purging import DAY, Retention
from adapter.work.housekeeping import Chore, Housekeeping
from adapter.work.purge import Purge
from tests.work_kit import Node, lab_home, run


def test_a_chore_comes_round_and_is_never_done_twice_at_a_time():
    async def scenario() -> None:
        running, most, done = 0, 0, asyncio.Semaphore(0)

        async def work() -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.05)
            running -= 1
            done.release()

        housekeeping = Housekeeping((Chore("one", 0.02, work, at_once=True),))
        housekeeping.start()
        async with asyncio.timeout(10):
            for _ in range(3):
                await done.acquire()
        await housekeeping.stop()
        assert most == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("error", "told"),
    [(StoreUnavailable("the disk is full"), "chore.record-unavailable"), (ZeroDivisionError("no such thing"), "chore.crashed")],
)
def test_a_chore_that_fails_is_told_and_comes_round_again(error: Exception, told: str):
    async def scenario() -> None:
        again, times = asyncio.Event(), []

        async def work() -> None:
            times.append(1)
            if len(times) > 1:
                again.set()
            raise error

        housekeeping = Housekeeping((Chore("one", 0.02, work),))
        housekeeping.start()
        async with asyncio.timeout(10):
            await again.wait()
        await housekeeping.stop()

    with capture_logs() as logs:
        asyncio.run(scenario())
    assert (told, "one") in [(line["event"], line["chore"]) for line in logs]


def test_what_is_under_way_at_the_end_is_given_up():
    async def scenario() -> None:
        begun = asyncio.Event()

        async def work() -> None:
            begun.set()
            await asyncio.Event().wait()

        housekeeping = Housekeeping((Chore("one", 60, work, at_once=True),))
        housekeeping.start()
        await begun.wait()
        async with asyncio.timeout(5):
            await housekeeping.stop()

    asyncio.run(scenario())


def test_old_orders_go_and_open_ones_stay(tmp_path: Path):
    async def scenario(n: Node) -> None:
        await n.place()
        n.desk.states["LAB-000001"] = "DONE"
        n.clock.later(30)
        await n.round("poll")
        await n.place()
        n.clock.later(2 * DAY / 1000)
        gone = await Purge(n.store, Retention(orders=DAY))()
        assert gone["resource_order"] == 1
        assert (await n.order()).backend_ref == "LAB-000002"
        assert await Purge(n.store, Retention(orders=DAY))() == {}

    run(lab_home(tmp_path / "home"), tmp_path / "data", scenario)
