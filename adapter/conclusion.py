"""The end of an exchange: the judged reply becomes the caller's answer and the record's row, in one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from adapter.agenda import chance, first_question, timers_of, watched
from adapter.backend import Backend
from adapter.changing import told
from adapter.contract.json_bytes import write_json
from adapter.errors import MappingFailed
from adapter.exchange import Judged, Prepared, technical
from adapter.intake import received_rows
from adapter.ports import Document, Message, Outcome, OutcomeKind, Reply, Result
from adapter.store import Direction, Fresh, MessageRow, Response, Settlement
from adapter.store.outbox import NewEvent
from adapter.store.task_rows import NewTask
from adapter.tracing import station

Renderer = Callable[[Message, Result], Reply]


@dataclass(frozen=True, slots=True)
class MappedAnswer:
    """``canonical`` is the TMF document, ``view`` the same as the caller's face shows it; None unless accepted. ``failure`` is why an
    accepted reply could not be mapped."""

    outcome: Outcome
    canonical: Document | None = None
    view: Document | None = None
    rule_version: str = ""
    failure: MappingFailed | None = None


@dataclass(frozen=True, slots=True)
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
    scope = replace(prepared.scope, reply=judged.reply, warnings=warnings)
    try:
        with station("map reply", "", prepared.operation):
            canonical = translator.reply(scope).document
            return MappedAnswer(judged.outcome, canonical, translator.view(face, scope, canonical), translator.version)
    except MappingFailed as error:
        outcome = replace(judged.outcome, kind=OutcomeKind.IN_DOUBT, evidence=f"the reply could not be mapped: {error}")
        return MappedAnswer(outcome, failure=error)


def conclude(
    backend: Backend,
    prepared: Prepared,
    judged: Judged,
    message: Message,
    fresh: Fresh,
    render: Renderer,
    now: int,
) -> Conclusion:
    """The answer in the words of the message's face, and the settlement that records it."""
    answer = answer_of(prepared, judged, message.face)
    outcome = answer.outcome
    if outcome.kind is OutcomeKind.IN_DOUBT and outcome.kind is not judged.outcome.kind:
        outcome = technical(backend, prepared.operation, outcome.kind, outcome.evidence)
    result = Result(
        outcome,
        answer.view,
        order_id=fresh.order_id,
        created_at=fresh.created_at,
        status=judged.status,
        retry_after=retry_after(backend, prepared.operation) if outcome.kind is OutcomeKind.IN_DOUBT else None,
    )
    reply = render(message, result)
    canonical = answer.canonical
    begun = _begun(backend, message.operation, fresh.order_id, canonical, now) if canonical is not None else _Begun()
    settlement = Settlement(
        outcome=outcome.kind,
        at=now,
        state=_state(backend, message.operation, outcome.kind, canonical),
        backend_ref=str(canonical["id"]) if canonical and "id" in canonical else "",
        evidence=outcome.evidence,
        response=Response(reply.status, reply.body, reply.headers),
        answer=begun.document,
        done_at=now if begun.done or outcome.kind is OutcomeKind.REJECTED else None,
        events=begun.events,
        tasks=begun.tasks,
        issues=outcome.issues,
        messages=messages_of(backend, prepared, judged, message, reply, now),
        rule_version=prepared.translator.version,
        private=backend.market.private,
    )
    return Conclusion(reply, settlement)


@dataclass(frozen=True, slots=True)
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
    if kind is OutcomeKind.REJECTED:
        return "rejected"
    if kind is OutcomeKind.IN_DOUBT:
        return "held"
    return backend.market.life(operation).state_of(canonical or {})


def messages_of(backend: Backend, prepared: Prepared, judged: Judged, message: Message, reply: Reply, now: int) -> tuple[MessageRow, ...]:
    """What was said from the backend's answer on, as the record keeps it."""
    received = received_rows(backend, prepared, judged, now)
    body = backend.redaction.json(reply.body, reply.document)
    return (*received, MessageRow(Direction.CLIENT_REPLY, message.operation, body, now, "application/json", reply.status))
