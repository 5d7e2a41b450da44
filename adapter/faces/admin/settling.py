"""Settling an order in doubt by hand, where a person has found out what no probe could tell.

What is written is what a probe would have written: outcome and reference, the answer that repeats get, the event, the next task. The
person, the reason and the time go into the audit in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapter import agenda, clock
from adapter.backend import Rules
from adapter.changing import moved, told
from adapter.contract.json_bytes import write_json
from adapter.deferral import was_answered
from adapter.errors import ConfigError, Conflict, InvalidMessage, MappingFailed
from adapter.faces.admin.by_hand import Hand
from adapter.faces.admin.named import order_of
from adapter.faces.admin.settling_changes import change_by_hand
from adapter.mapping.scope import Scope
from adapter.market import Market
from adapter.ports import Document, Message, Outcome, OutcomeKind, Reply, Result
from adapter.recorded import advanced, kind_of, message_of
from adapter.resource import Unexpected
from adapter.store import AttemptRow, OrderQuery, OrderRow, Response, Settlement, Store, auditing
from adapter.store.advancing import Change, Overtaken
from adapter.store.auditing import AuditRow
from adapter.store.connection import Connection
from adapter.store.outbox import NewEvent
from adapter.store.reading import find_orders, order_row
from adapter.store.settling import pack_settlement
from adapter.store.submitting import settle_and_advance
from adapter.store.task_rows import NewTask

_NAMED = 3  # orders that have a reference already and are told by name


@dataclass(frozen=True, slots=True)
class Judge:
    """What settling needs beside the record. ``rules`` raises KeyError for a market that is not declared."""

    rules: Callable[[str], Rules]
    renderers: Mapping[str, Callable[[Message, Result], Reply]]


async def settle_by_hand(
    store: Store, judge: Judge, identifier: str, verdict: str, reference: str, why: str, hand: Hand, *, shared: bool = False
) -> dict[str, Any]:
    """Adopts ``reference`` (accepted), or frees the order for another attempt (absent). ``shared``: another order may have it too.

    Raises NotFound, InvalidMessage; Conflict where the attempt is settled, its call is under way or another order has the reference;
    ConfigError where market, mapping or face of the order are not declared any more.
    """
    if verdict not in ("accepted", "absent"):
        raise InvalidMessage(f"'{verdict}' is no verdict; say accepted or absent")
    if verdict == "absent" and reference:
        raise InvalidMessage("an order that the backend has not got has no --reference there")
    order = await order_of(store, identifier)
    if verdict == "accepted" and not reference and not order.subject:
        raise InvalidMessage("an order that the backend has needs the backend's number of it: --reference")
    attempts, now = await store.attempts(order.id), await store.now()
    if not attempts:
        raise Conflict(
            f"order {order.id} has not been sent yet, so nothing is in doubt; 'adapter tasks --order {order.id}' shows when it will be"
        )
    attempt = attempts[-1]
    _refuse_certain(order, attempt, now)
    try:
        rules = judge.rules(order.market)
    except KeyError:
        raise ConfigError(f"market {order.market} of order {order.id} is not declared; declare it until its orders are settled") from None
    evidence = f"settled by hand by {hand.actor}" + (f": {why}" if why else "")
    if order.subject:
        subject = await store.order(order.subject)
        settlement, change = change_by_hand(judge.renderers, rules, order, subject, verdict, reference, evidence, now), None
    elif verdict == "accepted":
        settlement, change = _adoption(judge, rules, order, reference, evidence, now)
    else:
        settlement, change = _release(rules, order, evidence, now)
    known = f" as {reference}" if reference else ""
    audit = hand.row(now, "order.settle", order.id, f"attempt {attempt.number}: {verdict}{known}{f': {why}' if why else ''}")
    packed = pack_settlement(order.id, attempt.number, settlement)
    try:
        done = await store.tx(_settle, packed, change, audit, order, "" if shared else reference)
    except Overtaken:
        raise Conflict(f"order {order.id} is being changed by a worker in this moment; nothing was done, settle it again") from None
    if not done:
        raise Conflict(f"order {order.id} has been settled by somebody else in this moment; look at 'adapter orders {order.id}'")
    return {"order": order.id, "attempt": attempt.number, "verdict": verdict, "text": _told(rules.market, order, verdict, reference)}


def _settle(
    c: Connection,
    packed: tuple[dict[str, Any], list[dict[str, Any]]],
    change: Change | None,
    audit: AuditRow,
    order: OrderRow,
    alone: str,
) -> bool:
    """``alone`` is the reference that no other order may have ("": any may)."""
    _refuse_taken(c, order, alone)
    if not settle_and_advance(c, packed[0], packed[1], change):
        return False
    auditing.write(c, audit)
    return True


def _refuse_certain(order: OrderRow, attempt: AttemptRow, now: int) -> None:
    name = f"order {order.id}: attempt {attempt.number}"
    if attempt.outcome not in (None, OutcomeKind.IN_DOUBT):
        at = clock.iso(attempt.settled_at) if attempt.settled_at else "an unknown time"
        known = f" as {order.backend_ref}" if order.backend_ref else ""
        raise Conflict(f"{name} is settled already: {attempt.outcome}{known} since {at}; nothing was changed")
    if attempt.outcome is None and attempt.deadline > now:
        raise Conflict(f"{name} is under way on node {attempt.node} until {clock.iso(attempt.deadline)}; wait for its end")


def _refuse_taken(c: Connection, order: OrderRow, reference: str) -> None:
    """Raises Conflict where another of its kind, in its market, has the backend's number already: one of the two is then mistaken."""
    if not reference:
        return
    c.lock(f"reference {reference} of {order.market}")  # two people at once, on two nodes, must not both find that nobody has it
    query = OrderQuery(markets=frozenset({order.market}), backend_ref=reference)
    others = [other for other in map(order_row, find_orders(c, query)) if other.id != order.id and kind_of(other) == kind_of(order)]
    if not others:
        return
    named = ", ".join(f"{each.id} ({each.state or each.operation})" for each in others[:_NAMED])
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    raise Conflict(
        f"order {order.id}: {reference} is the backend's number of {named}{more} in market {order.market} already; nothing was changed. "
        f"Look at it with 'adapter orders {others[0].id}', and ask the backend for the right number; if both are one order there, "
        "settle again with --shared"
    )


def _adoption(judge: Judge, rules: Rules, order: OrderRow, reference: str, evidence: str, now: int) -> tuple[Settlement, Change]:
    life = rules.market.life(order.operation)
    tasks = agenda.first_question(rules.market, order.operation, order.id, life.initial, now, lambda: 0.5)
    known = {"id": reference, life.member: life.initial}
    if was_answered(order):
        settlement = Settlement(OutcomeKind.ACCEPTED, now, evidence=evidence, answered=True)
        return settlement, _ended(rules.market, order, _moved(rules.market, order, known, now, tasks, reference))
    message = message_of(order)
    document = {**message.body, **known}
    reply = _answer(judge, rules, order, message, document)
    settlement = Settlement(
        outcome=OutcomeKind.ACCEPTED,
        at=now,
        state=life.initial,
        backend_ref=reference,
        evidence=evidence,
        response=Response(reply.status, reply.body, reply.headers),
        answer=write_json(document),
    )
    events = (told(life.events.create, write_json(document)),) if life.events.create else ()
    return settlement, _ended(rules.market, order, _first(rules.market, order, now, reference, events, tasks))


def _release(rules: Rules, order: OrderRow, evidence: str, now: int) -> tuple[Settlement, Change]:
    market, life = rules.market, rules.market.life(order.operation)
    if was_answered(order):
        tasks = (agenda.task_of(agenda.SUBMIT, market.market, order.id, order.created_at),)  # its old place in the queue
        settlement = Settlement(OutcomeKind.ABSENT, now, evidence=evidence, answered=True)
        return settlement, _moved(market, order, {life.member: life.initial}, now, tasks)
    return Settlement(OutcomeKind.ABSENT, now, life.initial, evidence=evidence), _first(market, order, now)


def _moved(market: Market, order: OrderRow, reported: Document, now: int, tasks: tuple[NewTask, ...], reference: str = "") -> Change:
    """The change of an order whose caller, and whose listeners, know it already."""
    taken = advanced(market, order, reported, now, reference)
    if isinstance(taken, Unexpected):
        raise Conflict(f"order {order.id}: {taken.text}")
    change = moved(market, order, taken, now, backend_ref=reference, tasks=tasks)
    return replace(change, attention="", cancels=(*change.cancels, *_over(order)))


def _first(
    market: Market, order: OrderRow, now: int, reference: str = "", events: tuple[NewEvent, ...] = (), tasks: tuple[NewTask, ...] = ()
) -> Change:
    """The change of an order that nobody has heard of yet: it is where its life begins."""
    initial = market.life(order.operation).initial
    return Change(
        order_id=order.id,
        version=order.version,
        state=initial,
        at=now,
        legacy_state=order.legacy_state,
        backend_ref=reference,
        events=events,
        tasks=(*tasks, *agenda.timers_of(market, order.id, initial, now)),
        cancels=(*agenda.timers_left(market, order.id, order.state, initial), *_over(order)),
    )


def _ended(market: Market, order: OrderRow, change: Change) -> Change:
    """An accepted order that nobody is going to ask for has come to its end as far as the record goes."""
    return change if agenda.watched(market, order.operation, change.state) else replace(change, done_at=change.at)


def _over(order: OrderRow) -> tuple[str, ...]:
    """What was to be done about an attempt of which nobody knew."""
    return f"{agenda.RECONCILE}:{order.id}", f"{agenda.SUBMIT}:{order.id}"


def _answer(judge: Judge, rules: Rules, order: OrderRow, message: Message, document: Document) -> Reply:
    """What repeats of the request get, in the words of the face it came by."""
    renderer, translator = judge.renderers.get(order.face), rules.translators.get(order.operation)
    if renderer is None:
        raise ConfigError(f"face {order.face} of order {order.id} is not declared; declare it until its orders are settled")
    if translator is None:
        raise ConfigError(f"market {order.market} has no mapping {order.operation} any more; bring it back until its orders are settled")
    scope = Scope(
        request=message.body,
        header=message.header,
        query=message.query,
        path=message.path,
        setting=rules.market.settings,
        correlation_id=message.correlation_id,
        client_reference=order.client_reference,
        now=clock.iso(order.created_at),
        uid=order.id,
    )
    try:
        view = translator.view(order.face, scope, document)
    except MappingFailed as error:
        raise ConfigError(f"order {order.id}: face {order.face} cannot show what the adapter knows of it: {error}") from error
    return renderer(message, Result(Outcome(OutcomeKind.ACCEPTED), view, order_id=order.id, created_at=order.created_at))


def _told(market: Market, order: OrderRow, verdict: str, reference: str) -> str:
    if order.subject:
        done = (
            "was carried out, and its subject has moved"
            if verdict == "accepted"
            else "had no effect; a repeat of it makes a further attempt"
        )
        return f"request {order.id} about {order.subject} {done}"
    if verdict == "accepted":
        followed = "it is followed to its end" if order.operation in market.follow else f"{market.market} does not follow its orders"
        return f"order {order.id} is accepted as {reference}; repeats get that answer, and {followed}"
    then = "it is submitted again now" if was_answered(order) else "the next repeat of the request makes a further attempt"
    return f"order {order.id} is free: attempt {order.attempt} had no effect; {then}"
