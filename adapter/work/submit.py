"""Orders that were accepted before their backend was asked: submitted in the order in which they came, each at most once.

The attempt is on record before its call leaves. An attempt without an end is never followed by another one here: only a probe can tell.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import structlog

from adapter.agenda import RECONCILE, task_of
from adapter.backend import Backend
from adapter.changing import attention_to, moved
from adapter.deferral import Deferral
from adapter.errors import AdapterError
from adapter.exchange import Observer, Prepared, converse, prepare
from adapter.intake import RECORDING, scope_of, sent_rows
from adapter.ports import OutcomeKind
from adapter.recorded import message_of, put_on_hold
from adapter.resource import Unexpected
from adapter.store import AttemptRow, OrderRow, Store
from adapter.store.submitting import Intent, begin
from adapter.work.backoff import Backoff, OwnTrouble, Random
from adapter.work.job import Finish, Job, Stale

log = structlog.get_logger("adapter.work")

_BACKOFF = Backoff(first=2.0, cap=300.0)
_FINAL = (OutcomeKind.ACCEPTED, OutcomeKind.REJECTED)
_UNKNOWN = (None, OutcomeKind.IN_DOUBT)


class Submit:
    """The handler of lane "submit"."""

    def __init__(
        self, store: Store, backends: Mapping[str, Backend], observer: Observer, random: Random, backoff: Backoff = _BACKOFF
    ) -> None:
        self._store = store
        self._random = random
        self._backoff = backoff
        self._trouble = OwnTrouble()
        self._backends = backends
        self._observer = observer
        self._deferral = Deferral(store)

    async def __call__(self, job: Job) -> Finish:
        """Makes one attempt, if the order is still to be submitted."""
        order = await job.order(self._store)
        if order is None or order.outcome in _FINAL:
            return job.done()
        last = await self._store.last_attempt(order.id)
        if last is not None and last.outcome in _UNKNOWN:
            return self._in_doubt(job, order, last)
        if order.done_at is not None:  # a timer took it to its end while it waited
            return job.done()
        backend = self._backends[order.market]
        try:
            prepared = prepare(backend, order.operation, scope_of(backend, message_of(order), order.client_reference))
        except AdapterError as error:  # it could be written when it was accepted: the rules have changed since
            text = f"the order cannot be written by today's rules: {error}. Mend them, and redrive the task {job.task.id}"
            return job.park(text, attention_to(order, text, job.now))
        return await self._attempt(job, backend, order, prepared)

    async def _attempt(self, job: Job, backend: Backend, order: OrderRow, prepared: Prepared) -> Finish:
        total, now = backend.market.limits.total, await self._store.now()
        job.begin()
        intent = Intent(
            task_id=job.task.id,
            fence=job.task.fence,
            lease_until=now + 2 * round(total * 1000) + 5_000,
            order_id=order.id,
            number=order.attempt + 1,
            node=self._store.node,
            now=now,
            deadline=now + round(total * 1000) + RECORDING,
            rule_version=prepared.translator.version,
            messages=sent_rows(backend, prepared, now),
        )
        if not await self._store.tx(begin, intent):
            log.warning("submit.overtaken", attempt=intent.number)
            return job.back()
        try:
            job.check()
        except Stale as error:
            await self._deferral.given_up(backend, order, intent.number, f"not sent: {error}", now)
            return job.back()
        with structlog.contextvars.bound_contextvars(attempt=intent.number, correlation_id=order.correlation_id):
            # Counted from the record's own deadline: what others take to be over is never sent, however long recording took.
            left = min(total, (intent.deadline - RECORDING - await self._store.now()) / 1000)
            judged = await converse(backend, prepared, time.monotonic() + left, self._observer)
            kind, why = await self._deferral.conclude(backend, order, intent.number, prepared, judged, await self._store.now())
            log.info("order.submitted", outcome=kind, evidence=why)
        if kind is not OutcomeKind.UNAVAILABLE:
            return self._answered(job, order, kind)
        return self._unavailable(job, order, why, replied=judged.raw is not None)

    def _answered(self, job: Job, order: OrderRow, kind: OutcomeKind) -> Finish:
        if kind in _FINAL:
            self._trouble.passed(order.market, job.task.id)
        return job.done(answered=kind in _FINAL)

    def _unavailable(self, job: Job, order: OrderRow, why: str, *, replied: bool) -> Finish:
        """In an outage the order keeps its place in the queue, and the circuit breaker holds the lane, be the backend silent or be there
        something in front of it that answers 503. Where others have got through since it failed last, the trouble is its own, and it has
        to wait for longer and longer; that others can try is seen to where tasks are taken."""
        own = self._trouble.failed(order.market, job.task.id)
        if not own:
            return job.back(why, answered=False, suspect=replied)
        return job.later(job.now + round(self._backoff.seconds(own, self._random) * 1000), why, answered=False)

    def _in_doubt(self, job: Job, order: OrderRow, last: AttemptRow) -> Finish:
        """Whoever made the attempt did not come back. Its call may still be on its way, so it is probed, and shown as held."""
        log.warning("submit.unknown", attempt=last.number, node=last.node)
        tasks = (task_of(RECONCILE, order.market, order.id, max(job.now, last.settled_at or last.deadline)),)
        market = self._backends[order.market].market
        taken = put_on_hold(market, order, job.now)
        if isinstance(taken, Unexpected):  # it is at its end here; whether the backend has it is to be known all the same
            return job.done(attention_to(order, taken.text, job.now, tasks=tasks))
        return job.done(moved(market, order, taken, job.now, tasks=tasks))
