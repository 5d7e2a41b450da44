"""Permits and claim in one transaction: what is claimed may be called, and what may be called is claimed."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.store import rates, tasks
from adapter.store.connection import Connection
from adapter.store.due import something_claimed, something_due
from adapter.store.tasks import Task
from adapter.work.plan import Plan


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a lane asks for at ``now`` (milliseconds since the epoch). ``past``: so many that stand first are passed
    over, where more are due."""

    lane: str
    count: int
    now: int
    node: str
    plan: Plan
    past: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """What it gets. ``paused_until`` is when the circuit breaker lets the next call through, None while it is closed; ``short``: more
    is due than there are permits; ``troubled``: the backend's last call failed."""

    tasks: tuple[Task, ...] = ()
    paused_until: int | None = None
    short: bool = False
    troubled: bool = False


def take(c: Connection, wanted: Wanted) -> Taken:
    """Claims what is due, as far as breaker and permits allow. While the breaker is open one task goes through per pause, and tells."""
    plan, now = wanted.plan, wanted.now
    if not plan.backend:
        return Taken(tuple(tasks.claim(c, wanted.lane, wanted.count, now, plan.lease, wanted.node)))
    if plan.alone and _another_is_at_it(c, wanted):
        return Taken()
    row = rates.state(c, plan.backend)
    if row.paused_until is None:
        found, short = _claimed(c, wanted, wanted.count)
        return Taken(found, None, short, row.failures > 0)
    longest = now + round(plan.breaker.pause * 1000)  # where it is open for longer, the clock was set back, and the pause is over
    if now < row.paused_until <= longest or not something_due(c, wanted.lane, now):
        return Taken(paused_until=min(max(now, row.paused_until), longest), troubled=True)
    if not rates.probe(c, plan.backend, now, longest - now):
        return Taken(paused_until=longest, troubled=True)
    return Taken(_claimed(c, wanted, 1)[0], troubled=True)


def _another_is_at_it(c: Connection, wanted: Wanted) -> bool:
    """Whether a lane that has one task in work at a time has one. Where something is due, the nodes ask one after the other."""
    if something_claimed(c, wanted.lane, wanted.now):
        return True
    if not something_due(c, wanted.lane, wanted.now):
        return False
    rates.lock(c, wanted.plan.backend)
    return something_claimed(c, wanted.lane, wanted.now)


def _claimed(c: Connection, wanted: Wanted, count: int) -> tuple[tuple[Task, ...], bool]:
    plan, now, rate = wanted.plan, wanted.now, wanted.plan.rate
    if rate is None:
        return tuple(tasks.claim(c, wanted.lane, count, now, plan.lease, wanted.node, wanted.past)), False
    if not something_due(c, wanted.lane, now):  # so that permits are not taken, and given back, at every tick of an idle lane
        return (), False
    calls = -(-count // plan.per_call)
    granted = rates.permits(c, plan.backend, now * 1000, rate.per_second, rate.burst, calls, plan.left)
    wanted_now = min(count, granted * plan.per_call)
    found = tuple(tasks.claim(c, wanted.lane, wanted_now, now, plan.lease, wanted.node, wanted.past)) if granted else ()
    rates.give_back(c, plan.backend, rate.per_second, granted - -(-len(found) // plan.per_call))
    return found, granted < calls and len(found) == wanted_now
