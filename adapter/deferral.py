"""Orders whose callers were answered before the backend was asked. What becomes of them goes to the record and to listeners, not to the
caller, whose answer stays as it was.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from adapter.agenda import RECONCILE, SUBMIT, chance, first_question, task_of, timers_of, watched
from adapter.backend import Backend
from adapter.changing import attention_to, moved, told
from adapter.conclusion import Renderer, taken_on
from adapter.contract.json_bytes import write_json
from adapter.exchange import Judged, Prepared
from adapter.intake import Intake, received_rows
from adapter.ports import Document, Message, Outcome, OutcomeKind, Result
from adapter.recorded import advanced, come_to, kind_of, put_on_hold, refused
from adapter.resource import Unexpected
from adapter.store import Acceptance, Direction, MessageRow, OrderRow, Response, Settlement, Store
from adapter.store.advancing import Change, Overtaken
from adapter.store.settling import pack_settlement
from adapter.store.submitting import settle_and_advance
from adapter.store.tasks import NewTask

log = structlog.get_logger("adapter.deferral")

_TRIES = 5


def was_answered(order: OrderRow) -> bool:
    """Whether the caller of an order that its backend has not taken on yet has its answer."""
    return order.answer is not None


def reconciling(order_id: str) -> tuple[str, ...]:
    """The task that has no reason any more once the order is not in doubt; who works on it finds that out."""
    return (f"{RECONCILE}:{order_id}",)


def answered(backend: Backend, message: Message, intake: Intake, prepared: Prepared, render: Renderer, now: int) -> Acceptance:
    """What is recorded of a request that is answered before its backend is asked: the order as the request has it, under our own id.

    Raises MappingFailed where the face's view cannot show that.
    """
    resource = backend.market.life(message.operation)
    name = resource.name[0].upper() + resource.name[1:]
    canonical = {"id": intake.order_id, "@type": name, **message.body, resource.member: resource.initial}
    view = prepared.translator.view(message.face, prepared.scope, canonical)
    result = Result(Outcome(OutcomeKind.ACCEPTED), view, order_id=intake.order_id, created_at=now)
    reply, document = render(message, result), write_json(canonical)
    market, intent = backend.market, intake.acceptance(backend, prepared, now)
    body = backend.redaction.body(reply.body)
    return replace(
        intent,
        state=resource.initial,
        permit=None,  # the worker asks for one
        response=Response(reply.status, reply.body, reply.headers),
        answer=document,
        events=(told(resource.events.create, document),) if resource.events.create else (),
        tasks=(
            task_of(SUBMIT, market.market, intake.order_id, now),
            *timers_of(market, intake.order_id, resource.initial, now),
        ),
        messages=(intent.messages[0], MessageRow(Direction.CLIENT_REPLY, message.operation, body, now, "application/json", reply.status)),
    )


class Deferral:
    """Records the ends of attempts at such orders."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def conclude(
        self,
        backend: Backend,
        order: OrderRow,
        attempt: int,
        prepared: Prepared,
        judged: Judged,
        now: int,
        withdraws: tuple[str, ...] = (),
    ) -> tuple[OutcomeKind, str]:
        """Records what a call said; the outcome, and why. Raises StoreUnavailable: then the attempt stays open, and a probe will tell.
        ``withdraws`` are tasks that have no reason any more."""
        answer = taken_on(prepared, judged, order.face)
        outcome, canonical = answer.outcome, answer.canonical
        messages = received_rows(backend, prepared, judged, now)
        settlement = Settlement(
            outcome=outcome.kind,
            at=now,
            evidence=outcome.evidence,
            issues=outcome.issues,
            messages=messages,
            answered=True,
            withdraws=withdraws,
        )
        await self._record(backend, order, attempt, settlement, canonical or {})
        return outcome.kind, outcome.evidence

    async def undone(
        self, backend: Backend, order: OrderRow, attempt: int, evidence: str, now: int, messages: tuple[MessageRow, ...]
    ) -> None:
        """A probe has proved that an attempt did nothing: there will be another one, under the same client reference."""
        settlement = Settlement(
            OutcomeKind.ABSENT, now, evidence=evidence, messages=messages, answered=True, withdraws=reconciling(order.id)
        )
        await self._record(backend, order, attempt, settlement, {})

    async def given_up(self, backend: Backend, order: OrderRow, attempt: int, evidence: str, now: int) -> None:
        """An attempt has ended before its call left."""
        await self._record(backend, order, attempt, Settlement(OutcomeKind.UNAVAILABLE, now, evidence=evidence, answered=True), {})

    async def _record(self, backend: Backend, order: OrderRow, attempt: int, settlement: Settlement, canonical: Document) -> None:
        for _ in range(_TRIES):
            change = _change(backend, order, settlement, canonical)
            values, messages = pack_settlement(order.id, attempt, settlement)
            try:
                if not await self._store.tx(settle_and_advance, values, messages, change):
                    log.warning("attempt.settled-by-another", order=order.id, attempt=attempt, outcome=settlement.outcome)
                return
            except Overtaken:
                order = await self._store.order(order.id) or order
        raise Overtaken(f"order {order.id} was changed {_TRIES} times while the end of attempt {attempt} was to be recorded")


def _change(backend: Backend, order: OrderRow, settlement: Settlement, canonical: Document) -> Change | None:
    """What the end of an attempt makes of its order."""
    market, now = backend.market, settlement.at
    name = market.market
    if settlement.outcome is OutcomeKind.ACCEPTED:
        return _taken_on(backend, order, canonical, now)
    tasks: tuple[NewTask, ...] = ()
    match settlement.outcome:
        case OutcomeKind.REJECTED:
            taken = refused(market, order, now)
        case OutcomeKind.IN_DOUBT:
            taken = put_on_hold(market, order, now)
            tasks = (task_of(RECONCILE, name, order.id, now + round(market.operations[order.operation].settle * 1000)),)
        case OutcomeKind.ABSENT:
            taken = come_to(market, order, market.life(kind_of(order)).initial, now)
            tasks = (task_of(SUBMIT, name, order.id, order.created_at),)  # it takes the place in the queue that it had
        case _:
            return None
    if isinstance(taken, Unexpected):
        if settlement.outcome is OutcomeKind.ABSENT and order.done_at is not None:
            return None  # at its end here, and not at the backend: nothing is left to be done
        text = f"the attempt ended as {settlement.outcome}, but {taken.text}"
        return attention_to(order, text, now, tasks=tasks if settlement.outcome is OutcomeKind.IN_DOUBT else ())
    return moved(market, order, taken, now, tasks=tasks)


def _taken_on(backend: Backend, order: OrderRow, canonical: Document, now: int) -> Change:
    market, reference = backend.market, str(canonical.get("id", ""))
    taken = advanced(market, order, canonical, now, reference)
    if isinstance(taken, Unexpected) and order.done_at is not None:  # a timer took it to its end while the call was under way
        text = f"the backend has the order as {reference}, but here it is {order.state}: cancel it there, or place it anew"
        return attention_to(order, text, now, backend_ref=reference)
    if isinstance(taken, Unexpected):  # it is there all the same; what it has come to is asked again
        log.error("order.answer-unexpected", order=order.id, why=taken.text)
        taken = come_to(market, order, market.life(kind_of(order)).initial, now)
        assert not isinstance(taken, Unexpected), "an order that is not at its end can be where it began"
    questions = () if taken.done else first_question(market, order.operation, order.id, taken.state, now, chance)
    change = moved(market, order, taken, now, backend_ref=reference, tasks=questions)
    return change if watched(market, order.operation, taken.state) else replace(change, done_at=now)
