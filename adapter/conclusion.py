"""The end of an exchange: the judged reply becomes the caller's answer and the record's row, in one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from adapter.agenda import chance, first_question, timers_of, watched
from adapter.backend import Backend
from adapter.changing import told
from adapter.contract.json_bytes import write_json
from adapter.errors import MappingFailed
from adapter.exchange import Judged, Prepared, technical
from adapter.frozen import frozen
from adapter.intake import received_rows
from adapter.ports import Document, Message, Outcome, OutcomeKind, Reply, Result
from adapter.store import Direction, Fresh, MessageRow, Response, Settlement
from adapter.store.outbox import NewEvent
from adapter.store.task_rows import NewTask
from adapter.tracing import station

Renderer = Callable[[Message, Result], Reply]


@frozen
class MappedAnswer:
    """``canonical`` is the TMF document, ``view`` the same as the caller's face shows it; None unless accepted. ``failure`` is why an
    accepted reply could not be mapped."""

    outcome: Outcome
    canonical: Document | None = None
    view: Document | None = None
    failure: MappingFailed | None = None


@frozen
class Exchange:
    """A request whose call has come to its end: what was prepared for it, what the backend's answer was judged to be, the row that it has
    on record, and how its caller is answered. ``now`` is in milliseconds since the epoch."""

    backend: Backend
    prepared: Prepared
    judged: Judged
    message: Message
    fresh: Fresh
    render: Renderer
    now: int

    def result(self, outcome: Outcome, document: Document | None = None) -> Result:
        """What its caller is told of this outcome, and gets to see."""
        doubtful = outcome.kind is OutcomeKind.IN_DOUBT
        return Result(
            outcome,
            document,
            order_id=self.fresh.order_id,
            created_at=self.fresh.created_at,
            status=self.judged.status,
            retry_after=retry_after(self.backend, self.prepared.operation) if doubtful else None,
        )

    def conclusion(self, result: Result, **kept: Any) -> Conclusion:
        """The answer in the words of the message's face, and the settlement that records it with what else is ``kept``."""
        outcome, reply = result.outcome, self.render(self.message, result)
        settlement = Settlement(
            outcome=outcome.kind,
            at=self.now,
            evidence=outcome.evidence,
            response=Response(reply.status, reply.body, reply.headers),
            issues=outcome.issues,
            messages=_messages(self, reply),
            private=self.backend.market.private,
            **kept,
        )
        return Conclusion(reply, settlement)


@frozen
class Conclusion:
    """What the caller gets and what the record keeps."""

    reply: Reply
    settlement: Settlement


def answer_of(prepared: Prepared, judged: Judged, face: str) -> MappedAnswer:
    """Maps an accepted reply back. A reply that no rule can map leaves the order in doubt: it was placed, its answer is not known."""
    if judged.outcome.kind is not OutcomeKind.ACCEPTED or judged.reply is None:
        return MappedAnswer(judged.outcome)
    translator = prepared.translator
    warnings = tuple(issue.text for issue in judged.outcome.issues)
    scope = prepared.scope.answered(judged.reply, warnings)
    try:
        with station("map reply", "", prepared.operation):
            canonical = translator.reply(scope).document
            return MappedAnswer(judged.outcome, canonical, translator.view(face, scope, canonical))
    except MappingFailed as error:
        outcome = replace(judged.outcome, kind=OutcomeKind.IN_DOUBT, evidence=f"the reply could not be mapped: {error}")
        return MappedAnswer(outcome, failure=error)


def taken_on(prepared: Prepared, judged: Judged, face: str) -> MappedAnswer:
    """The answer to a request that makes something new. One that says by which id the backend knows it, and says nothing there, leaves
    it in doubt: nobody could ever ask for it."""
    answer = answer_of(prepared, judged, face)
    if answer.canonical is None or str(answer.canonical.get("id", "-") or "").strip():
        return answer
    evidence = f"the backend accepted it, but the id in its reply is blank ({answer.outcome.evidence})"
    return MappedAnswer(replace(answer.outcome, kind=OutcomeKind.IN_DOUBT, evidence=evidence))


def conclude(exchange: Exchange) -> Conclusion:
    """The end of a request that makes something new."""
    backend, prepared, message, fresh, now = exchange.backend, exchange.prepared, exchange.message, exchange.fresh, exchange.now
    answer = taken_on(prepared, exchange.judged, message.face)
    outcome, canonical = answer.outcome, answer.canonical
    if outcome.kind is OutcomeKind.IN_DOUBT and outcome.kind is not exchange.judged.outcome.kind:
        outcome = technical(backend, prepared.operation, outcome.kind, outcome.evidence)
    state = _state(backend, message.operation, outcome.kind, canonical)
    if canonical is not None:
        begun = _begun(backend, message.operation, fresh.order_id, canonical, now)
    else:
        in_doubt_now = outcome.kind is OutcomeKind.IN_DOUBT
        begun = _Begun(tasks=timers_of(backend.market, fresh.order_id, state, now) if in_doubt_now else ())
    return exchange.conclusion(
        exchange.result(outcome, answer.view),
        state=state,
        backend_ref=str(canonical["id"]) if canonical and "id" in canonical else "",
        answer=begun.document,
        done_at=now if begun.done or outcome.kind is OutcomeKind.REJECTED else None,
        events=begun.events,
        tasks=begun.tasks,
    )


@frozen
class _Begun:
    """What begins with an order that its backend has taken on. ``done``: nothing more happens to it, be it at its end or not watched."""

    document: bytes | None = None
    done: bool = False
    events: tuple[NewEvent, ...] = ()
    tasks: tuple[NewTask, ...] = ()


def _begun(backend: Backend, operation: str, order_id: str, canonical: Document, now: int) -> _Begun:
    """The event that tells of the order, the first question for its state, and the timers of the state it begins in."""
    market, life = backend.market, backend.market.life(operation)
    state, document = life.state_of(canonical), write_json(canonical)
    events = (told(life.events.create, document),) if life.events.create else ()
    if life.ended(state):
        return _Begun(document, True, events)
    questions = first_question(market, operation, order_id, state, now, chance)
    timers = timers_of(market, order_id, state, now)
    return _Begun(document, not watched(market, operation, state), events, (*questions, *timers))


def in_doubt(backend: Backend, operation: str, order_id: str, created_at: int) -> Result:
    """The result of an order whose fate is still not known."""
    outcome = technical(backend, operation, OutcomeKind.IN_DOUBT, "a probe has not settled it yet")
    return Result(outcome, None, order_id=order_id, created_at=created_at, retry_after=retry_after(backend, operation))


def retry_after(backend: Backend, operation: str) -> int:
    """Seconds after which it makes sense to ask again what became of a request."""
    return max(1, round(backend.market.operations[operation].settle))


def _state(backend: Backend, operation: str, kind: OutcomeKind, canonical: Document | None) -> str:
    life = backend.market.life(operation)
    if kind is OutcomeKind.REJECTED:
        return life.refused or life.initial
    if kind is OutcomeKind.IN_DOUBT:
        return life.doubtful or life.initial
    return life.state_of(canonical or {})


def _messages(exchange: Exchange, reply: Reply) -> tuple[MessageRow, ...]:
    """What was said from the backend's answer on, as the record keeps it."""
    backend, now = exchange.backend, exchange.now
    received = received_rows(backend, exchange.prepared, exchange.judged, now)
    body = backend.redaction.json(reply.body, reply.document)
    return (*received, MessageRow(Direction.CLIENT_REPLY, exchange.message.operation, body, now, "application/json", reply.status))
