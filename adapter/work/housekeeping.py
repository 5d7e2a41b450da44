"""The clock inside of the process: small jobs that come round. It holds no business state; all of that is in the record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from adapter.errors import StoreUnavailable

log = structlog.get_logger("adapter.work")


@dataclass(frozen=True, slots=True)
class Chore:
    """``work`` is done every so many ``seconds``, at the start as well if ``at_once``; never twice at the same time."""

    name: str
    seconds: float
    work: Callable[[], Awaitable[Any]]
    at_once: bool = False


class Housekeeping:
    """Does its chores until it is stopped. One that fails is told in the log, and comes round again."""

    def __init__(self, chores: tuple[Chore, ...]) -> None:
        self._chores = chores
        self._under_way: set[asyncio.Task[None]] = set()
        self._scheduler = AsyncIOScheduler(jobstores={"default": MemoryJobStore()}, timezone="UTC")

    def start(self) -> None:
        """Begins; belongs to the running loop."""
        for chore in self._chores:
            trigger = IntervalTrigger(seconds=chore.seconds, timezone="UTC")
            self._scheduler.add_job(
                self._begin, trigger, args=(chore,), id=chore.name, coalesce=True, max_instances=1, misfire_grace_time=None
            )
            if chore.at_once:
                self._begin_now(chore)
        self._scheduler.start()

    async def stop(self) -> None:
        """Ends, and gives up what is under way: a chore may be left half done at any time."""
        self._scheduler.shutdown(wait=False)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _begin(self, chore: Chore) -> None:
        self._begin_now(chore)

    def _begin_now(self, chore: Chore) -> None:
        if any(task.get_name() == chore.name for task in self._under_way):
            return
        task = asyncio.create_task(_do(chore), name=chore.name)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


async def _do(chore: Chore) -> None:
    try:
        await chore.work()
    except StoreUnavailable as error:
        log.error("chore.record-unavailable", chore=chore.name, reason=str(error))
    except Exception:
        log.exception("chore.crashed", chore=chore.name)
