"""The moving limit behaves as asyncio.timeout does, also where the loop's timer rings too early."""

from __future__ import annotations

import asyncio

import pytest

from adapter.wire.limit import MovingLimit


@pytest.mark.parametrize("moves", [[0.02], [9, 0.02], [0.01, 0.03], [0.01, 9, 0.02]])
def test_the_last_limit_counts(run, moves):
    async def main():
        loop = asyncio.get_running_loop()
        began = loop.time()
        limit = MovingLimit(began + moves[0])

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
        limit = MovingLimit(asyncio.get_running_loop().time() + 9)
        with limit:
            await asyncio.sleep(0)
        limit.move(0)  # over already
        await asyncio.sleep(0)
        return limit.expired

    assert run(main()) is False


def test_errors_pass_and_a_cancelled_task_stays_cancelled(run):
    async def main():
        async def fails():
            with MovingLimit(asyncio.get_running_loop().time() + 9):
                raise KeyError

        with pytest.raises(KeyError):
            await fails()
        entered = asyncio.Event()

        async def waits():
            with MovingLimit(asyncio.get_running_loop().time()):  # expires in the same turn as the cancellation
                entered.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(waits())
        await entered.wait()
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert run(main()) is True
