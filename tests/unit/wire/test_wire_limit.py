"""The moving limit behaves as asyncio.timeout does, also where the loop's timer rings too early."""

from __future__ import annotations

import asyncio

import pytest

from adapter.wire.limit import Alarm, MovingLimit


@pytest.mark.parametrize("moves", [[0.02], [9, 0.02], [0.01, 0.03], [0.01, 9, 0.02]])
def test_the_last_limit_counts(run, moves):
    async def main():
        loop = asyncio.get_running_loop()
        began = loop.time()
        limit = MovingLimit(began + moves[0], Alarm())

        async def bounded():
            with limit:
                for move in moves[1:]:
                    limit.move(began + move)
                await asyncio.Event().wait()

        with pytest.raises(TimeoutError):
            await bounded()
        assert limit.expired
        assert asyncio.current_task().cancelling() == 0
        return loop.time() - began >= moves[-1] - 0.002

    assert run(main())


def test_nothing_happens_within_the_limit(run):
    async def main():
        limit = MovingLimit(asyncio.get_running_loop().time() + 9, Alarm())
        with limit:
            await asyncio.sleep(0)
        limit.move(0)  # over already
        await asyncio.sleep(0)
        return limit.expired

    assert run(main()) is False


def test_errors_pass_and_a_cancelled_task_stays_cancelled(run):
    async def main():
        async def fails():
            with MovingLimit(asyncio.get_running_loop().time() + 9, Alarm()):
                raise KeyError

        with pytest.raises(KeyError):
            await fails()
        entered = asyncio.Event()

        async def waits():
            with MovingLimit(asyncio.get_running_loop().time(), Alarm()):  # expires in the same turn as the cancellation
                entered.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(waits())
        await entered.wait()
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert run(main()) is True


def test_limits_of_one_alarm_end_each_in_its_time(run):
    async def main():
        loop, alarm = asyncio.get_running_loop(), Alarm()
        began, ends = loop.time(), {}

        async def bounded(name, at, moved_to=None):
            limit = MovingLimit(began + at, alarm)
            try:
                with limit:
                    if moved_to is not None:
                        limit.move(began + moved_to)
                    await asyncio.Event().wait()
            except TimeoutError:
                ends[name] = loop.time() - began

        patient = asyncio.create_task(bounded("patient", 9))
        await asyncio.gather(bounded("second", 0.04), bounded("first", 0.02), bounded("brought forward", 9, 0.06))
        assert not patient.done()
        patient.cancel()
        await asyncio.wait([patient])
        assert patient.cancelled()
        return ends

    ends = run(main())
    assert list(ends) == ["first", "second", "brought forward"]
    assert all(took >= wanted - 0.002 for took, wanted in zip(ends.values(), (0.02, 0.04, 0.06), strict=True))


def test_an_alarm_that_has_rung_serves_the_next_limit(run):
    async def main():
        alarm = Alarm()

        async def late():
            with MovingLimit(asyncio.get_running_loop().time() + 0.01, alarm):
                await asyncio.Event().wait()

        for _ in range(3):
            with pytest.raises(TimeoutError):
                await late()
        return True

    assert run(main())
