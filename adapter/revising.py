"""The end of a request about something on record: what it makes of its subject, of itself, and what its caller is told.

Everything is worked out from the subject as it is at that moment, and written with it in one transaction; where the subject has moved
meanwhile, it is worked out anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from adapter import clock
from adapter.agenda import POLL, chance, first_question, timers_left, timers_of
from adapter.aims import Aim, aim_of
from adapter.backend import Rules
from adapter.changing import attention_to, left_alone, moved, task_at, told
from adapter.conclusion import Conclusion, Exchange, conclude
from adapter.contract.json_bytes import write_json
from adapter.errors import MappingFailed
from adapter.exchange import Prepared, technical
from adapter.mapping.scope import Scope
from adapter.patching import revised
from adapter.ports import Document, Message, Outcome, OutcomeKind
from adapter.recorded import advanced, as_ours, document_of, kind_of, view_as, view_of
from adapter.resource import SUBJECT, Resource, Unexpected
from adapter.store import Fresh, OrderRow, Settlement, Store
from adapter.store.advancing import Change, Overtaken
from adapter.store.outbox import NewEvent
from adapter.store.task_rows import NewTask
from adapter.tracing import station

log = structlog.get_logger("adapter.revising")

_TRIES = 20


class Untaken(Exception):
    """An accepted answer says of the subject what cannot be."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What an accepted request does: to its ``subject``, and to its own row. ``shown`` is what the caller gets to see, None for nothing,
    of the resource ``order_id``; ``done``: nothing more happens to the row itself."""

    subject: Change
    shown: Document | None
    order_id: str
    created_at: int
    state: str = ""
    backend_ref: str = ""
    answer: bytes | None = None
    done: bool = True
    tasks: tuple[NewTask, ...] = ()


@dataclass(frozen=True, slots=True)
class Reported:
    """What an answer tells: ``own`` of the resource that it answers about (of a task, the task), ``subject`` of a task's subject."""

    own: Document
    subject: Document | None = None


async def record(
    store: Store, order_id: str, attempt: int, subject: OrderRow | None, concluding: Callable[[OrderRow | None], Conclusion]
) -> tuple[Conclusion, bool]:
    """Records what ``concluding`` makes of the end of an attempt; that, and whether nobody was faster.

    Raises Overtaken where the subject moves again and again; StoreUnavailable. Then the attempt stays open, and a probe will tell.
    """
    for _ in range(_TRIES):
        conclusion = concluding(subject)
        try:
            with station("record"):
                return conclusion, await store.settle(order_id, attempt, conclusion.settlement)
        except Overtaken:
            subject = await store.order(subject.id) if subject is not None else None
    raise Overtaken(f"the subject of {order_id} was changed {_TRIES} times while the end of attempt {attempt} was to be recorded")


def ended(exchange: Exchange, subject: OrderRow | None) -> Conclusion:
    """The end of whatever request, about ``subject`` or (None) about something new."""
    if subject is None:
        return conclude(exchange)
    backend, prepared, judged, message = exchange.backend, exchange.prepared, exchange.judged, exchange.message
    outcome, effect = judged.outcome, None
    if outcome.kind is OutcomeKind.ACCEPTED and judged.reply is not None:
        scope = prepared.scope.answered(judged.reply, tuple(issue.text for issue in outcome.issues))
        scope = replace(scope, known=document_of(subject))
        try:
            with station("map reply", "", prepared.operation):
                effect = effect_of(backend, message, exchange.fresh, subject, _reported(prepared, scope), exchange.now)
        except (MappingFailed, Untaken) as error:
            log.error("change.answer-unfit", subject=subject.id, why=str(error))
            outcome = technical(backend, prepared.operation, OutcomeKind.IN_DOUBT, f"the reply could not be taken over: {error}")
    elif outcome.kind is OutcomeKind.ACCEPTED:
        outcome = technical(backend, prepared.operation, OutcomeKind.IN_DOUBT, "accepted without a readable reply")
    return _concluded(exchange, outcome, effect)


def _concluded(exchange: Exchange, outcome: Outcome, effect: Effect | None) -> Conclusion:
    result = exchange.result(outcome)
    if effect is not None:
        result = replace(result, document=effect.shown, order_id=effect.order_id, created_at=effect.created_at)
    rejected, operation = outcome.kind is OutcomeKind.REJECTED, exchange.message.operation
    conclusion = exchange.conclusion(
        result,
        state=exchange.backend.market.life(operation).refused if rejected and aim_of(operation).makes else "",
        done_at=exchange.now if rejected else None,
    )
    return conclusion if effect is None else replace(conclusion, settlement=with_effect(conclusion.settlement, effect))


def with_effect(settlement: Settlement, effect: Effect) -> Settlement:
    """The settlement of an accepted request, with what it does."""
    return replace(
        settlement,
        state=effect.state,
        backend_ref=effect.backend_ref,
        answer=effect.answer,
        done_at=settlement.at if effect.done else None,
        tasks=effect.tasks,
        subject=effect.subject,
    )


def _reported(prepared: Prepared, scope: Scope) -> Reported:
    translator = prepared.translator
    of_subject = translator.subject(scope)
    return Reported(translator.reply(scope).document, None if of_subject is None else of_subject.document)


def effect_of(rules: Rules, message: Message, fresh: Fresh, subject: OrderRow, reported: Reported, now: int) -> Effect:
    """What an accepted request does. Raises Untaken, MappingFailed."""
    aim = aim_of(message.operation)
    if aim is Aim.DELETE:
        return _deleted(rules, subject, now)
    if aim is Aim.TASK:
        return _task(rules, message, fresh, subject, reported, now)
    return _updated(rules, message, subject, {**reported.own, **(reported.subject or {})}, now)


def _updated(rules: Rules, message: Message, subject: OrderRow, reported: Document, now: int) -> Effect:
    market, current = rules.market, document_of(subject)
    life = market.life(kind_of(subject))
    taken = revised(life, current, message.body, as_ours(subject, current, reported), clock.iso(now))
    if isinstance(taken, Unexpected):
        raise Untaken(taken.text)
    for note in taken.notes:
        log.info("order.noted", order=subject.id, note=note)
    change = moved(market, subject, taken, now) if taken.document != current else left_alone(market, subject, now)
    return Effect(change, view_of(rules, message.face, subject, taken.document), subject.id, subject.created_at)


def _deleted(rules: Rules, subject: OrderRow, now: int) -> Effect:
    market = rules.market
    kind = market.life(kind_of(subject)).events.delete
    change = replace(
        left_alone(market, subject, now),
        attention="",
        done_at=now,
        gone=True,
        subject=subject.subject,
        events=(told(kind, write_json(document_of(subject))),) if kind else (),
        cancels=(f"{POLL}:{subject.id}", *timers_left(market, subject.id, subject.state, "")),
    )
    return Effect(change, None, subject.id, subject.created_at)


def _task(rules: Rules, message: Message, fresh: Fresh, subject: OrderRow, reported: Reported, now: int) -> Effect:
    """A task's events and its subject's are told in one stream, in the order that the task's life declares."""
    market, life = rules.market, rules.market.life(message.operation)
    state = life.state_of(reported.own)
    canonical = {"id": fresh.order_id, **reported.own, life.member: state}
    change = _of_subject(rules, subject, reported.subject, now)
    begins = life.subject is not None and life.subject.answered == "begins"
    reached, events = _walk(life, canonical, change.events, clock.iso(now))
    over = life.ended(state)
    comes = first_question(market, message.operation, fresh.order_id, state, now, chance)
    return Effect(
        subject=replace(change, events=events),
        shown=view_as(
            rules, message.face, message, fresh.client_reference, {**canonical, life.member: life.initial} if begins else reached
        ),
        order_id=fresh.order_id,
        created_at=fresh.created_at,
        state=state,
        backend_ref=str(reported.own.get("id") or ""),
        answer=write_json(reached),
        done=over,
        tasks=() if over else (*comes, *timers_of(market, fresh.order_id, state, now)),
    )


def _of_subject(rules: Rules, subject: OrderRow, reported: Document | None, now: int) -> Change:
    """A subject that cannot be taken where the answer has it stays where it is, and a person is told."""
    market = rules.market
    if not reported:
        return left_alone(market, subject, now)
    current = document_of(subject)
    taken = advanced(market, subject, reported, now)
    if isinstance(taken, Unexpected):
        log.error("subject.answer-unexpected", subject=subject.id, why=taken.text)
        return replace(
            attention_to(subject, f"the answer to a task about it was not taken over: {taken.text}", now), private=market.private
        )
    return moved(market, subject, taken, now) if taken.document != current else left_alone(market, subject, now)


def _walk(life: Resource, canonical: Document, of_subject: tuple[NewEvent, ...], at: str) -> tuple[Document, tuple[NewEvent, ...]]:
    """The way of a task from its beginning to the state that it was answered with, ``at`` this time, and in between what happens to its
    subject: the task as it is then, with the dates and the history that are kept of it, and what listeners are told."""
    about, state = life.subject, life.state_of(canonical)
    assert about is not None, f"{life.name} is about something"
    task = {**canonical, life.member: life.initial}
    events = [told(life.events.create, write_json(task))] if life.events.create else []
    for step in about.after(state) if state != life.initial else (SUBJECT,):
        if step == SUBJECT:
            events += of_subject
        elif step != life.state_of(task):
            answered = canonical if step == state else {}  # why, is a matter of the last step
            task = task_at(life, {**answered, life.member: step}, at, task)
            kinds = (life.events.state, life.events.states.get(step, ""))
            events += [told(kind, write_json(task)) for kind in kinds if kind]
    return task, tuple(events)
