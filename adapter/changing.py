"""What happens to an order becomes a change of its record: state, document, events, and the timers that begin and end with it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from adapter import clock
from adapter.agenda import timers_left, timers_of
from adapter.contract.json_bytes import write_json
from adapter.market import Market
from adapter.ports import Document
from adapter.recorded import kind_of
from adapter.resource import Advance, Resource, Unexpected
from adapter.store import MessageRow, OrderIds, OrderRow
from adapter.store.advancing import Change
from adapter.store.concluding import Concluded
from adapter.store.outbox import NewEvent
from adapter.store.tasks import NewTask

TIMER = "timer "
"""How a timer's call for a person begins: such an order is followed all the same."""

_new_id = OrderIds(clock.now)


def told(type_: str, document: bytes, field_path: str = "") -> NewEvent:
    """An event about a whole resource (canonical JSON), under an id of its own."""
    return NewEvent(_new_id(), type_, document, field_path)


def moved(
    market: Market,
    order: OrderRow,
    taken: Advance,
    now: int,
    legacy_state: str = "",
    messages: tuple[MessageRow, ...] = (),
    *,
    backend_ref: str = "",
    tasks: tuple[NewTask, ...] = (),
) -> Change:
    """The change that takes an order to where ``taken`` has it. ``tasks`` come beside the timers of its new state. What a person has to
    look at stays until a state is told: a message that tells of something else has not answered it."""
    document = write_json(taken.document)
    elsewhere = taken.state != order.state
    return Change(
        order_id=order.id,
        version=order.version,
        state=taken.state,
        at=now,
        answer=document,
        legacy_state=legacy_state or order.legacy_state,
        attention="" if elsewhere or (taken.placed and stood_still(order)) else order.attention,
        done_at=now if taken.done else None,
        backend_ref=backend_ref,
        events=tuple(told(event.type, document, event.field_path) for event in taken.events),
        tasks=(*tasks, *timers_of(market, order.id, taken.state, now)) if elsewhere else tasks,
        cancels=timers_left(market, order.id, order.state, taken.state),
        messages=messages,
        subject=order.subject,
        concluded=concluded(market, order, taken.state, taken.document, now) if elsewhere else (),
        private=market.private,
    )


def concluded(market: Market, order: OrderRow, state: str, document: Document, now: int) -> tuple[Concluded, ...]:
    """What it means for the open tasks about an order that it comes to ``state``, and is ``document`` then."""
    kind, found = kind_of(order), []
    for name in sorted(market.resources):
        life = market.life(name)
        if life.subject is None or life.subject.resource != kind:
            continue
        come_to = life.subject.concludes(order.state, state)
        if come_to is not None:
            becomes = partial(task_at, life, {**life.subject.told(document), life.member: come_to}, clock.iso(now))
            found.append(Concluded(name, come_to, becomes, life.ended(come_to), life.events.state))
    return tuple(found)


def task_at(life: Resource, told: Document, at: str, task: Document) -> Document:
    """The document of a task that goes on as it is ``told``, with the dates and the history that are kept of it."""
    taken = life.advance(task, told, at)
    return {**task, **told} if isinstance(taken, Unexpected) else taken.document


def left_alone(market: Market, order: OrderRow, now: int) -> Change:
    """The change that leaves an order as it is: its row is locked, and events may be told in its stream."""
    return replace(_as_it_is(order, now), private=market.private)


def _as_it_is(order: OrderRow, now: int) -> Change:
    return Change(order.id, order.version, order.state, now, legacy_state=order.legacy_state, attention=order.attention)


def attention_to(
    order: OrderRow,
    text: str,
    now: int,
    legacy_state: str = "",
    messages: tuple[MessageRow, ...] = (),
    *,
    backend_ref: str = "",
    tasks: tuple[NewTask, ...] = (),
) -> Change:
    """The change that leaves an order as it is and calls for a person. ``backend_ref``: the number that its backend has for it."""
    return replace(
        _as_it_is(order, now),
        legacy_state=legacy_state or order.legacy_state,
        attention=text,
        backend_ref=backend_ref,
        tasks=tasks,
        messages=messages,
    )


def stood_still(order: OrderRow) -> bool:
    """Whether nobody followed the order any more, until somebody had it go on."""
    return bool(order.attention) and not order.attention.startswith(TIMER)
