"""One lane: the tasks of one kind for one market, claimed in batches, done side by side, acknowledged together.

``tick`` takes what may be taken now and starts it; ``start`` begins the thin shell that calls it again and again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from contextvars import Context

import structlog

from adapter import tracing
from adapter.agenda import chance
from adapter.errors import StoreUnavailable
from adapter.store import Store
from adapter.store.tasks import Later, Park, Task
from adapter.work.acknowledging import Acknowledgements, Told
from adapter.work.backoff import Backoff, Random
from adapter.work.job import Finish, Handler, Job, LaneObserver, Monotonic, Stale
from adapter.work.plan import GRACE, Plan, Planner
from adapter.work.taking import Taken, Wanted, take
from adapter.work.turns import Turns

log = structlog.get_logger("adapter.work")

PARK_AFTER = 10
"""A task that has been claimed so often without a success waits for a person."""

_CRASHED = Backoff(first=1.0, cap=300.0)
_UNAVAILABLE = Backoff(first=0.2, cap=15.0)
_IDLE = 0.25
_UNTOLD = 5.0  # seconds that a lane without work leaves the record to the lookout, which wakes it as soon as something is due
_SOON = 0.005


class Lane:
    """``name`` is "kind:market". ``random`` and ``monotonic`` are given by tests."""

    def __init__(
        self,
        name: str,
        handler: Handler,
        plan: Planner,
        store: Store,
        observer: LaneObserver,
        *,
        random: Random = chance,
        monotonic: Monotonic = time.monotonic,
        park_after: int = PARK_AFTER,
    ) -> None:
        self.name = name
        self._handler = handler
        self._plan = plan
        self._store = store
        self._observer = observer
        self._random = random
        self._monotonic = monotonic
        self._park_after = park_after
        self._acknowledgements = Acknowledgements(store, self._recorded, random)
        self._turns = Turns()
        self._running: dict[asyncio.Task[None], Job] = {}
        self._woken = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._stopping = False
        self._refused = 0

    @property
    def lease(self) -> int:
        """The longest that it takes a task for, in milliseconds, as it is declared now."""
        plan = self._plan()
        return 0 if plan is None else plan.lease

    def wake(self) -> None:
        """Something may be due now."""
        self._woken.set()

    async def tick(self) -> float:
        """Takes what is due and may be done now, and starts it. Returns the seconds after which it makes sense to look again,
        0 where more is due already. Raises StoreUnavailable."""
        plan = self._plan()
        if plan is None or self._stopping:
            return _IDLE
        free = plan.slots - len(self._running)
        if free <= 0:
            return _IDLE  # the end of a job wakes the lane
        now, claimed_at = await self._store.now(), self._monotonic()
        if plan.windows.closes_within(now, plan.lead):
            self._observer.waited(self.name, "window")
            return max(_SOON, min(_IDLE, (plan.windows.next_open(now) - now) / 1000 or _IDLE))
        past = self._turns.passed_over(plan.breaker.failures)
        taken = await self._store.tx(take, Wanted(self.name, free, now, self._store.node, plan, past))
        self._acknowledgements.troubled |= taken.troubled
        if self._stopping:  # while they were taken
            for task in taken.tasks:
                self._acknowledgements.add(Job(task, now, claimed_at, self._monotonic).back(), plan)
            return _IDLE
        for task in taken.tasks:
            self._start(Job(task, now, claimed_at + GRACE / 1000, self._monotonic), plan)
        if taken.tasks:
            self._observer.claimed(self.name, len(taken.tasks))
        return self._next_look(plan, taken, now, free)

    async def round(self) -> None:
        """One tick, and the end of all that is in work: for those who want to see the result."""
        await self.tick()
        await self.finished()

    async def finished(self) -> None:
        """Waits until nothing is in work, and everything is on record."""
        while self._running:
            await asyncio.wait(self._running)
        await self._acknowledgements.recorded()

    def start(self) -> None:
        """Works from now on, until ``stop``."""
        self._loop = asyncio.create_task(self._run(), name=f"lane {self.name}")

    async def stop(self) -> None:
        """Hands back what has not been sent, waits for the rest, and records both."""
        self._stopping = True
        self.wake()
        if self._loop is not None:
            await self._loop
        await asyncio.sleep(0)  # what was started last gets as far as its first wait, where it can be given up in good order
        for running, job in list(self._running.items()):
            if not job.began:
                running.cancel()
        await self.finished()

    async def _run(self) -> None:
        """A record that cannot be used costs time, not the lane."""
        while not self._stopping:
            self._woken.clear()
            pause = await self._looked()
            if pause > 0 and not self._stopping:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._woken.wait()

    async def _looked(self) -> float:
        try:
            pause = await self.tick()
        except StoreUnavailable as error:
            self._refused += 1
            if self._refused == 1:
                log.error("work.record-unavailable", lane=self.name, reason=str(error))
            self._observer.waited(self.name, "record")
            return _UNAVAILABLE.seconds(self._refused, self._random)
        except Exception:
            self._refused += 1
            log.exception("work.crashed", lane=self.name)
            return _UNAVAILABLE.seconds(self._refused, self._random)
        self._refused = 0
        return pause

    def _next_look(self, plan: Plan, taken: Taken, now: int, free: int) -> float:
        if taken.paused_until is not None:
            self._observer.waited(self.name, "breaker")
            return min(_IDLE, max(_SOON, (taken.paused_until - now) / 1000))
        if taken.short and plan.rate is not None:
            self._observer.waited(self.name, "permits")
            return min(_IDLE, max(_SOON, 1 / plan.rate.per_second))
        return 0 if len(taken.tasks) == free else _UNTOLD

    def _start(self, job: Job, plan: Plan) -> None:
        running = asyncio.create_task(self._do(job, plan), context=Context())  # its lines are about nothing else
        self._running[running] = job
        running.add_done_callback(self._ended)

    def _ended(self, running: asyncio.Task[None]) -> None:
        del self._running[running]
        self.wake()

    async def _do(self, job: Job, plan: Plan) -> None:
        with (
            structlog.contextvars.bound_contextvars(**job.bearings),
            tracing.received(f"task {job.task.kind}", {}, "INTERNAL") as station,
        ):
            station.note("order", job.task.order_id)
            station.note("fence", job.task.fence)
            finish = await self._finish(job)
            station.note("finish", type(finish.ack).__name__)
        if finish.answered:
            self._turns.passed()
        elif finish.suspect:
            self._turns.failed()
        self._acknowledgements.add(finish, plan)

    async def _finish(self, job: Job) -> Finish:
        task = job.task
        if task.attempts > self._park_after:
            return job.park(_gave_up(task))
        try:
            return await self._handler(job)
        except Stale as error:
            log.warning("work.stale", why=str(error), then="the task goes back, nothing was sent")
            return job.back()
        except asyncio.CancelledError:
            if not self._stopping or job.began:
                raise
            return job.back()
        except StoreUnavailable as error:
            return job.later(job.now + self._pause(task), str(error))
        except Exception as error:
            log.exception("task.crashed")
            return job.later(job.now + self._pause(task), f"crashed: {type(error).__name__}: {error}", keep_attempts=True)

    def _pause(self, task: Task) -> int:
        return round(_CRASHED.seconds(task.attempts, self._random) * 1000)

    def _recorded(self, finish: Finish, told: Told) -> None:
        task, ack, names = finish.job.task, finish.ack, finish.job.bearings
        if told is Told.LOST:
            log.warning("work.lease-lost", lane=self.name, **names)
            self._observer.lease_lost(self.name, task.id)
            return
        self._observer.acknowledged(self.name, 1)
        if told is Told.OVERTAKEN:
            log.info("work.overtaken", lane=self.name, **names)
            self.wake()
        elif isinstance(ack, Park):
            log.error("task.parked", lane=self.name, reason=ack.reason, **names)
            self._observer.parked(self.name, task.id, ack.reason)
        elif isinstance(ack, Later) and ack.due_at <= finish.job.now:
            self.wake()


def _gave_up(task: Task) -> str:
    last = f"; the last error: {task.last_error}" if task.last_error else "; no worker came back to say why"
    return f"taken {task.attempts - 1} times without an end{last}"
