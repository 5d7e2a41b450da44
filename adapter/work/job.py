"""A claimed task on its way through a handler, and what the handler says became of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from adapter.store import OrderRow, Store
from adapter.store.advancing import Change
from adapter.store.tasks import Ack, Done, Later, Park, Task

Monotonic = Callable[[], float]


class Stale(Exception):
    """Too much time has gone by since the claim: the call must not leave any more. The lane puts the task back."""


@dataclass(slots=True)
class Job:
    """One claimed task. ``now`` is the record's time of the claim (milliseconds); ``send_by`` is in seconds of ``monotonic``:
    permit, window and lease were granted for a call that leaves before it. ``began``: something has been done that cannot be put back."""

    task: Task
    now: int
    send_by: float
    monotonic: Monotonic = time.monotonic
    began: bool = field(default=False, init=False)
    correlation_id: str = field(default="", init=False)

    @property
    def bearings(self) -> dict[str, Any]:
        """What every line of the log about this job carries."""
        task = self.task
        names = {"task": task.id, "order": task.order_id, "taken": task.attempts, "fence": task.fence}
        return names | ({"correlation_id": self.correlation_id} if self.correlation_id else {})

    async def order(self, store: Store) -> OrderRow | None:
        """The order it is about; from here on the log knows what its caller calls it. Raises StoreUnavailable."""
        order = await store.order(self.task.order_id)
        if order is not None:
            self.correlation_id = order.correlation_id
            structlog.contextvars.bind_contextvars(correlation_id=order.correlation_id)
        return order

    def check(self) -> None:
        """Called immediately before anything leaves. Raises Stale where a pause of the process, or of the machine, has used up the time."""
        if self.monotonic() > self.send_by:
            raise Stale(f"{self.task.id} was claimed too long ago")

    def begin(self) -> None:
        """From here on the task cannot be put back as if nothing had happened. Raises Stale."""
        self.check()
        self.began = True

    # what a handler may answer

    def done(self, change: Change | None = None, *, answered: bool | None = None) -> Finish:
        """The task is over."""
        return Finish(self, Done(self.task.id, self.task.fence), change, answered)

    def later(
        self, due_at: int, error: str = "", change: Change | None = None, *, answered: bool | None = None, keep_attempts: bool = False
    ) -> Finish:
        """The task is due again. ``keep_attempts``: this counts as a failure of the task itself, and enough of them park it."""
        return Finish(self, Later(self.task.id, self.task.fence, due_at, error[:LONGEST], keep_attempts), change, answered)

    def back(self, error: str = "", *, answered: bool | None = None, suspect: bool = False) -> Finish:
        """The task keeps its place in the lane. ``suspect``: see ``Finish``."""
        finish = self.later(self.now if self.task.due_at is None else self.task.due_at, error, answered=answered)
        return replace(finish, suspect=suspect)

    def park(self, reason: str, change: Change | None = None, *, answered: bool | None = None) -> Finish:
        """The task waits for a person."""
        return Finish(self, Park(self.task.id, self.task.fence, reason[:LONGEST]), change, answered)


LONGEST = 1_000
"""Characters of a reason that are kept with a task."""


@dataclass(frozen=True, slots=True)
class Finish:
    """What became of a job: its acknowledgement and the change of the order, recorded together or not at all.

    ``answered``: whether the backend answered; None where it was not asked. ``suspect``: it replied that it cannot, and it may be this one
    task alone that it cannot do.
    """

    job: Job
    ack: Ack
    change: Change | None = None
    answered: bool | None = None
    suspect: bool = False


class Handler(Protocol):
    """Does the tasks of one kind. What it raises costs that task a back-off, nothing else."""

    async def __call__(self, job: Job) -> Finish:
        """Does one task."""


class LaneObserver(Protocol):
    """Hears what lanes do; must return at once and not raise."""

    def claimed(self, lane: str, count: int) -> None:
        """So many tasks were taken."""

    def acknowledged(self, lane: str, count: int) -> None:
        """So many results are on record."""

    def lease_lost(self, lane: str, task: str) -> None:
        """A result came too late, or its order had been changed meanwhile; nothing of it was recorded."""

    def parked(self, lane: str, task: str, reason: str) -> None:
        """A task waits for a person."""

    def waited(self, lane: str, why: str) -> None:
        """Nothing was taken for another reason than that nothing is due: closed, paused, permits, record."""
