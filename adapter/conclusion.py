"""The end of an exchange: the judged reply becomes the caller's answer and the record's row, in one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from adapter.agenda import chance, first_question, timers_of, watched
from adapter.backend import Backend
from adapter.changing import told
from adapter.contract.json_bytes import write_json
from adapter.errors import MappingFailed
from adapter.exchange import Judged, Prepared, technical
from adapter.frozen import frozen, maker
from adapter.intake import received_rows
from adapter.ports import Document, Message, Outcome, OutcomeKind, Reply, Result
from adapter.store import Direction, Fresh, MessageRow, Response, Settlement
from adapter.store.outbox import NewEvent
from adapter.store.task_rows import NewTask
from adapter.tracing import station

Renderer = Callable[[Message, Result], Reply]

_ACCEPTED, _IN_DOUBT, _CLIENT_REPLY = OutcomeKind.ACCEPTED, OutcomeKind.IN_DOUBT, Direction.CLIENT_REPLY
"""To look at an enumeration's member takes long."""
_settlement = maker(Settlement)


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
        pause = retry_after(self.backend, self.prepared.operation) if outcome.kind is _IN_DOUBT else None
        return Result(outcome, document, self.fresh.order_id, self.fresh.created_at, self.judged.status, pause)

    def conclusion(
        self,
        result: Result,
        *,
        state: str,
        backend_ref: str = "",
        answer: bytes | None = None,
        done_at: int | None = None,
        events: tuple[NewEvent, ...] = (),
        tasks: tuple[NewTask, ...] = (),
    ) -> Conclusion:
        """The answer in the words of the message's face, and the settlement that records it with all that is given."""
        outcome, reply = result.outcome, self.render(self.message, result)
        settlement = _settlement(
            outcome=outcome.kind,
            at=self.now,
            state=state,
            backend_ref=backend_ref,
            evidence=outcome.evidence,
            response=Response(reply.status, reply.body, reply.headers),
            answer=answer,
            issues=outcome.issues,
            messages=_messages(self, reply),
            done_at=done_at,
            events=events,
            tasks=tasks,
            private=self.backend.market.private,
        )
        return Conclusion(reply, settlement)


@frozen
class Conclusion:
    """What the caller gets and what the record keeps."""

    reply: Reply
    settlement: Settlement


def answer_of(prepared: Prepared, judged: Judged, face: str) -> MappedAnswer:
    """Maps an accepted reply back. A reply that no rule can map leaves the order in doubt: it was placed, its answer is not known."""
    if judged.outcome.kind is not _ACCEPTED or judged.reply is None:
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
    if outcome is not exchange.judged.outcome:  # it was accepted, and what it was answered is not known
        outcome = technical(backend, prepared.operation, outcome.kind, outcome.evidence)
    result = exchange.result(outcome, answer.view)
    if canonical is not None:
        return _begun(exchange, result, canonical)
    life = backend.market.life(message.operation)
    if outcome.kind is OutcomeKind.REJECTED:
        return exchange.conclusion(result, state=life.refused or life.initial, done_at=now)
    if outcome.kind is OutcomeKind.IN_DOUBT:
        state = life.doubtful or life.initial
        return exchange.conclusion(result, state=state, tasks=timers_of(backend.market, fresh.order_id, state, now))
    return exchange.conclusion(result, state=life.initial)


def _begun(exchange: Exchange, result: Result, canonical: Document) -> Conclusion:
    """What the record keeps of an order that its backend has taken on: the event that tells of it, the first question for its state, and
    the timers of the state it begins in. It is done where nothing more happens to it, be it at its end or not watched."""
    market, operation, order_id, now = exchange.backend.market, exchange.message.operation, exchange.fresh.order_id, exchange.now
    life, document = market.life(operation), write_json(canonical)
    state, created = life.state_of(canonical), life.events.create
    ended = life.ended(state)
    return exchange.conclusion(
        result,
        state=state,
        backend_ref=str(canonical.get("id", "")),
        answer=document,
        done_at=now if ended or not watched(market, operation, state) else None,
        events=(told(created, document),) if created else (),
        tasks=() if ended else first_question(market, operation, order_id, state, now, chance) + timers_of(market, order_id, state, now),
    )


def in_doubt(backend: Backend, operation: str, order_id: str, created_at: int) -> Result:
    """The result of an order whose fate is still not known."""
    outcome = technical(backend, operation, OutcomeKind.IN_DOUBT, "a probe has not settled it yet")
    return Result(outcome, None, order_id=order_id, created_at=created_at, retry_after=retry_after(backend, operation))


def retry_after(backend: Backend, operation: str) -> int:
    """Seconds after which it makes sense to ask again what became of a request."""
    return max(1, round(backend.market.operations[operation].settle))


def _messages(exchange: Exchange, reply: Reply) -> tuple[MessageRow, ...]:
    """What was said from the backend's answer on, as the record keeps it."""
    backend, now = exchange.backend, exchange.now
    received = received_rows(backend, exchange.prepared, exchange.judged, now)
    body = backend.redaction.json(reply.body, reply.document)
    return (*received, MessageRow(_CLIENT_REPLY, exchange.message.operation, body, now, "application/json", reply.status))
