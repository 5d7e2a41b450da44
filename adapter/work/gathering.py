"""Questions that one call can ask together: those of one round of the lane are collected, and every one gets its own answer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextvars import Context
from dataclasses import dataclass, field

from adapter.following import Followed, Follower
from adapter.store import OrderRow
from adapter.work.job import Job

LINGER = 0.01
"""Seconds the first question waits for others."""


@dataclass(slots=True)
class _Group:
    """Questions of one market and operation. ``jobs`` stand beside their orders."""

    most: int
    orders: list[OrderRow] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    answers: asyncio.Future[dict[str, Followed]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    full: asyncio.Event = field(default_factory=asyncio.Event)


class Gathering:
    """Collects questions for ``Follower.ask_many``. An order that spoiled an answer is remembered, and asked for alone."""

    def __init__(self, follower: Follower, most_alone: int = 10_000) -> None:
        self._follower = follower
        self._groups: dict[tuple[str, str], _Group] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._alone: OrderedDict[str, None] = OrderedDict()
        self._most_alone = most_alone

    def alone(self, order: OrderRow) -> bool:
        """Whether the order has to be asked for by itself."""
        return order.id in self._alone

    def set_apart(self, order: OrderRow) -> None:
        """From now on it is asked for by itself."""
        self._alone[order.id] = None
        if len(self._alone) > self._most_alone:
            self._alone.popitem(last=False)

    def let_in(self, order: OrderRow) -> None:
        """It may be asked for with others again."""
        self._alone.pop(order.id, None)

    async def ask(self, order: OrderRow, job: Job, most: int) -> Followed:
        """The answer for one order. Raises Stale where the call must not leave any more."""
        place = (order.market, order.operation)
        group = self._groups.get(place)
        if group is None:
            group = self._groups[place] = _Group(most)
            task = asyncio.create_task(self._send(place, group), context=Context())  # it is about many, not about who came first
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        group.orders.append(order)
        group.jobs.append(job)
        if len(group.orders) >= group.most:
            self._close(place, group)
        return (await asyncio.shield(group.answers))[order.id]

    def _close(self, place: tuple[str, str], group: _Group) -> None:
        """Nobody joins any more."""
        if self._groups.get(place) is group:
            del self._groups[place]
        group.full.set()

    async def _send(self, place: tuple[str, str], group: _Group) -> None:
        try:
            async with asyncio.timeout(LINGER):
                await group.full.wait()
        except TimeoutError:
            self._close(place, group)
        try:
            answers = await self._follower.ask_many(group.orders, before_call=lambda: _begin(group.jobs))
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait for the answer
            if not group.answers.done():
                group.answers.set_exception(error)
                group.answers.exception()  # those who wait get it; where nobody waits any more, nobody has to hear of it
            return
        group.answers.set_result(answers)


def _begin(jobs: list[Job]) -> None:
    """One that was claimed too long ago keeps back all; they come again at once."""
    for job in jobs:
        job.check()
    for job in jobs:
        job.begin()
