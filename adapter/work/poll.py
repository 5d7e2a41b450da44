"""Questions for the states of orders: asked as often as the market declares, to the order's end."""

from __future__ import annotations

import structlog

from adapter.agenda import Random, pause
from adapter.changing import attention_to
from adapter.following import Answer, Followed, Follower
from adapter.schedule import Follow
from adapter.store import OrderRow, Store
from adapter.work.backoff import Backoff, Failures, retry_after
from adapter.work.gathering import Gathering
from adapter.work.job import Finish, Job

log = structlog.get_logger("adapter.work")

REFUSALS = 8
"""So many refused questions in a row, and a person is asked to look."""

MOST_ASKED = 86_400.0
"""Seconds that a backend's ``Retry-After`` can put a question off: a date of the next century must not end the following of an order."""

_SPREAD = 60.0  # seconds
_BACKOFF = Backoff(first=2.0, cap=900.0)


class Poll:
    """The handler of lane "poll"."""

    def __init__(self, store: Store, follower: Follower, random: Random, backoff: Backoff = _BACKOFF) -> None:
        self._store = store
        self._follower = follower
        self._random = random
        self._backoff = backoff
        self._unanswered = Failures()
        self._gathering = Gathering(follower)

    async def __call__(self, job: Job) -> Finish:
        """Asks once."""
        order = await job.order(self._store)
        if order is None or order.done_at is not None or not order.backend_ref:
            return job.done()
        follow = self._follower.follow(order)
        if follow is None:  # the market may take it up again; until then the task is where a person finds it
            return job.park(
                f"the market {order.market} does not follow {order.operation} any more; declare it again, and redrive this task"
            )
        followed = await self._ask(job, order, follow)
        return self._unavailable(job, followed) if followed.answer is Answer.UNAVAILABLE else self._answered(job, order, follow, followed)

    async def _ask(self, job: Job, order: OrderRow, follow: Follow) -> Followed:
        if follow.bulk is None or self._gathering.alone(order):
            return await self._follower.ask(order, before_call=job.begin)
        return await self._gathering.ask(order, job, follow.bulk.most)

    def _answered(self, job: Job, order: OrderRow, follow: Follow, followed: Followed) -> Finish:
        self._unanswered.forget(job.task.id)
        if followed.answer is not Answer.ASK_ALONE:
            self._gathering.let_in(order)
        for note in followed.notes:
            log.info("order.noted", note=note)
        match followed.answer:
            case Answer.REFUSED:
                return self._refused(job, order, followed)
            case Answer.ASK_ALONE:
                return self._alone(job, order, followed)
            case Answer.NOT_UNDERSTOOD:
                log.error("order.status-unknown", market=order.market, why=followed.why)
                return job.park(followed.why, followed.change, answered=True)
            case Answer.ENDED:
                return job.done(followed.change, answered=True)
        return self._again(job, order, follow, followed)

    def _again(self, job: Job, order: OrderRow, follow: Follow, followed: Followed) -> Finish:
        state = order.state if followed.change is None else followed.change.state
        age = (job.now - order.created_at) / 1000
        if age > follow.at_most and followed.change is None:
            text = f"not at its end after {_days(age)}: still '{state}' (legacy '{order.legacy_state}'); ask the backend's people"
            return job.park(text, attention_to(order, text, job.now), answered=True)
        due = job.now + round(pause(follow, state, age, self._random) * 1000)
        return job.later(due, change=followed.change, answered=True)

    def _alone(self, job: Job, order: OrderRow, followed: Followed) -> Finish:
        """Spread over a while: what was one call becomes many."""
        log.warning("poll.bulk-spoiled", why=followed.why)
        self._gathering.set_apart(order)
        wait = round(_SPREAD * self._random() * 1000)
        return job.later(job.now + wait, followed.why, answered=True)

    def _unavailable(self, job: Job, followed: Followed) -> Finish:
        """An outage is the circuit breaker's business; this is about the one order."""
        wait = self._wait(job, followed, self._unanswered.count(job.task.id))
        return job.later(job.now + wait, followed.why, answered=False)

    def _refused(self, job: Job, order: OrderRow, followed: Followed) -> Finish:
        if job.task.attempts >= REFUSALS:
            text = f"the question for its state was refused {job.task.attempts} times: {followed.why}"
            return job.park(text, attention_to(order, text, job.now), answered=True)
        wait = self._wait(job, followed, job.task.attempts)
        return job.later(job.now + wait, followed.why, answered=True, keep_attempts=True)

    def _wait(self, job: Job, followed: Followed, failures: int) -> int:
        """Milliseconds: the back-off, or what the backend asks for, where that is longer and no more than an order can be left alone."""
        asked = retry_after(followed.asked_to_wait, job.now) or 0.0
        return round(max(self._backoff.seconds(failures, self._random), min(asked, MOST_ASKED)) * 1000)


def _days(seconds: float) -> str:
    return f"{seconds / 86_400:.1f} days" if seconds >= 86_400 else f"{seconds:.0f} seconds"
