"""What falls due is seen for all lanes at once, and nobody else looks while nothing is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from adapter.errors import StoreUnavailable
from adapter.store import Store, tasks
from adapter.store.tasks import NewTask
from adapter.work.lookout import Lookout
from tests.work_kit import Clock

LANES = ("poll:a", "poll:b", "poll:c")


def test_only_lanes_with_something_due_are_woken(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        clock, woken = Clock(), []  # type: ignore[var-annotated]
        store = await Store.open(f"sqlite:///{tmp_path}/record.db", clock=clock)
        try:
            rows = [NewTask("now", "poll:a", clock()), NewTask("later", "poll:b", clock() + 60_000)]
            await store.tx(tasks.put, rows, clock())
            lookout = Lookout(store, LANES, woken.append)
            await lookout.look()
            clock.later(60)
            await lookout.look()
        finally:
            await store.close()
        return woken

    assert asyncio.run(scenario()) == ["poll:a", "poll:a", "poll:b"]


class Failing:
    """A record that cannot be used, then has a fault of ours, and then is there."""

    def __init__(self) -> None:
        self.answers: list[Any] = [StoreUnavailable("away"), StoreUnavailable("away"), RuntimeError("ours"), ["poll:c"]]

    async def now(self) -> int:
        return 1

    async def tx(self, *_: Any) -> list[str]:
        answer = self.answers.pop(0) if self.answers else []
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_record_that_is_away_is_told_once_and_looked_at_again() -> None:
    async def scenario() -> list[str]:
        there: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        lookout = Lookout(Failing(), LANES, there.set_result)  # type: ignore[arg-type]
        lookout.start()
        async with asyncio.timeout(30):
            woken = await there
        await lookout.stop()
        return [woken]

    with capture_logs() as said:
        assert asyncio.run(scenario()) == ["poll:c"]
    assert [line["event"] for line in said] == ["lookout.record-unavailable", "lookout.crashed"]
