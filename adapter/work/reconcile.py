"""Orders in doubt, as tasks: probed until it is known what became of them, or until it is clear that only a person can tell."""

from __future__ import annotations

import structlog

from adapter.changing import attention_to
from adapter.doubt import DoubtSettler, Proof
from adapter.ports import OutcomeKind
from adapter.store import OrderRow, Store
from adapter.work.backoff import Backoff, Failures, Random
from adapter.work.job import Finish, Job

log = structlog.get_logger("adapter.work")

_BACKOFF = Backoff(first=2.0, cap=60.0)


class Reconcile:
    """The handler of lane "reconcile"."""

    def __init__(self, store: Store, doubt: DoubtSettler, random: Random, backoff: Backoff = _BACKOFF) -> None:
        self._store = store
        self._doubt = doubt
        self._random = random
        self._backoff = backoff
        self._unanswered = Failures()

    async def __call__(self, job: Job) -> Finish:
        """Probes once."""
        order = await job.order(self._store)
        last = await self._store.last_attempt(job.task.order_id)
        if order is None or last is None or last.outcome not in (None, OutcomeKind.IN_DOUBT):
            return job.done()
        if last.outcome is None and last.node == self._store.node and job.now < last.deadline:  # its call is under way, here
            return job.later(last.deadline)
        job.begin()
        probed = await self._doubt.probe(order, last)
        if probed.proof is Proof.UNANSWERED:
            wait = self._backoff.seconds(self._unanswered.count(job.task.id), self._random)
            return job.later(job.now + round(wait * 1000), probed.why, answered=False)
        self._unanswered.forget(job.task.id)
        if probed.proof is Proof.SETTLED:
            log.info("doubt.settled", order=order.id, attempt=last.number)
            return job.done(answered=True)
        if probed.again > job.now:
            return job.later(probed.again, probed.why, answered=None if probed.proof is Proof.CLOSED else True)
        return self._given_up(job, order, probed.proof, probed.why)

    def _given_up(self, job: Job, order: OrderRow, proof: Proof, why: str) -> Finish:
        log.error("order.in-doubt", order=order.id, market=order.market, proof=proof, why=why)
        text = f"in doubt: {why}. Ask the backend's people for client reference {order.client_reference}, and settle the order by hand"
        answered = None if proof is Proof.IMPOSSIBLE else True
        return job.park(text, attention_to(order, text, job.now), answered=answered)
