"""What an order's state asks to be done later: the next question for its state, and the timers of the state it is in.

Pure arithmetic over a market's declaration. Times are milliseconds since the epoch; durations of the declaration are seconds.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from adapter.market import Market
from adapter.schedule import Follow
from adapter.store.tasks import NewTask

Random = Callable[[], float]
"""Gives numbers from 0 (inclusive) to 1 (exclusive)."""

chance: Random = random.Random().random  # noqa: S311 - jitter; a generator of its own, so that nobody's seed is disturbed

POLL, SUBMIT, RECONCILE, TIMER = "poll", "submit", "reconcile", "timer"


def lane_of(kind: str, market: str) -> str:
    """The lane in which the tasks of one kind for one market wait."""
    return f"{kind}:{market}"


def task_of(kind: str, market: str, order_id: str, due_at: int) -> NewTask:
    """The one task of this kind that an order may have."""
    return NewTask(f"{kind}:{order_id}", lane_of(kind, market), due_at, order_id)


def pause(follow: Follow, state: str, age: float, chance: Random) -> float:
    """Seconds until the next question for the state of an order that is ``age`` seconds old, give or take the declared jitter."""
    for row in follow.cadence:  # the last one fits always
        of, until = row.state, row.until
        if (not of or of == state) and (until is None or age < until):
            break
    return row.every * (1 + follow.jitter * (2 * chance() - 1))


def first_question(market: Market, operation: str, order_id: str, state: str, now: int, chance: Random) -> tuple[NewTask, ...]:
    """The task that asks for the state of an order that its backend has just taken on; none where the market does not follow it."""
    follow = market.follow.get(operation)
    if follow is None:
        return ()
    return (task_of(POLL, market.market, order_id, now + round(pause(follow, state, 0, chance) * 1000)),)


def watched(market: Market, operation: str, state: str) -> bool:
    """Whether anything is still going to happen to an order that its backend has taken on in this state, and that is not at its end:
    questions for its state, messages of its backend, or a timer. Else the record has nothing more to do with it."""
    return operation in market.follow or told_of(market, operation) or any(timer.when == state for timer in market.timers)


def told_of(market: Market, operation: str) -> bool:
    """Whether the backend tells of its own accord what becomes of such orders."""
    kind = operation.partition(".")[0]
    return any(name.partition(".")[0] == kind for name in market.messages)


def timers_of(market: Market, order_id: str, state: str, now: int) -> tuple[NewTask, ...]:
    """The timers that begin when an order enters a state."""
    return tuple(
        NewTask(
            timer_id(timer.name, order_id), lane_of(TIMER, market.market), now + round(timer.after * 1000), order_id, {"timer": timer.name}
        )
        for timer in market.timers
        if timer.when == state
    )


def timers_left(market: Market, order_id: str, before: str, after: str) -> tuple[str, ...]:
    """The ids of the timers that end when an order leaves the state ``before``."""
    if before == after:
        return ()
    return tuple(timer_id(timer.name, order_id) for timer in market.timers if timer.when == before)


def timer_id(name: str, order_id: str) -> str:
    """The one timer of this name that an order may have."""
    return f"{TIMER}:{name}:{order_id}"
