"""The end of an exchange: the judged reply becomes the caller's answer and the record's row, in one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from adapter.backend import Backend
from adapter.contract.json_bytes import write_json
from adapter.errors import MappingFailed
from adapter.exchange import Judged, Prepared, technical
from adapter.intake import received_row
from adapter.ports import Document, Message, Outcome, OutcomeKind, Reply, Result
from adapter.store import Direction, Fresh, MessageRow, Response, Settlement

Renderer = Callable[[Message, Result], Reply]


@dataclass(frozen=True, slots=True)
class MappedAnswer:
    """``canonical`` is the TMF document, ``view`` the same as the caller's face shows it; None unless accepted."""

    outcome: Outcome
    canonical: Document | None = None
    view: Document | None = None
    rule_version: str = ""


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
        canonical = translator.reply(scope).document
        return MappedAnswer(judged.outcome, canonical, translator.view(face, scope, canonical), translator.version)
    except MappingFailed as error:
        return MappedAnswer(replace(judged.outcome, kind=OutcomeKind.IN_DOUBT, evidence=f"the reply could not be mapped: {error}"))


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
        retry_after=_retry_after(backend, prepared.operation) if outcome.kind is OutcomeKind.IN_DOUBT else None,
    )
    reply = render(message, result)
    canonical = answer.canonical
    settlement = Settlement(
        outcome=outcome.kind,
        at=now,
        state=_state(outcome.kind, canonical),
        backend_ref=str(canonical["id"]) if canonical and "id" in canonical else "",
        evidence=outcome.evidence,
        response=Response(reply.status, reply.body, reply.headers),
        answer=write_json(canonical) if canonical is not None else None,
        issues=outcome.issues,
        messages=_messages(backend, prepared, judged, message, reply, now),
        rule_version=prepared.translator.version,
    )
    return Conclusion(reply, settlement)


def in_doubt(backend: Backend, operation: str, order_id: str, created_at: int) -> Result:
    """The result of an order whose fate is still not known."""
    outcome = technical(backend, operation, OutcomeKind.IN_DOUBT, "a probe has not settled it yet")
    return Result(outcome, None, order_id=order_id, created_at=created_at, retry_after=_retry_after(backend, operation))


def _retry_after(backend: Backend, operation: str) -> int:
    return max(1, round(backend.market.operations[operation].settle))


def _state(kind: OutcomeKind, canonical: Document | None) -> str:
    if kind is OutcomeKind.REJECTED:
        return "rejected"
    if kind is OutcomeKind.IN_DOUBT:
        return "held"
    state = canonical.get("state") if canonical else None
    return state if isinstance(state, str) else "acknowledged"


def _messages(backend: Backend, prepared: Prepared, judged: Judged, message: Message, reply: Reply, now: int) -> tuple[MessageRow, ...]:
    received = () if judged.raw is None else (received_row(backend, prepared, judged.raw, now),)
    body = backend.redaction.body(reply.body)
    return (*received, MessageRow(Direction.CLIENT_REPLY, message.operation, body, now, "application/json", reply.status))
