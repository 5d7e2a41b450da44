"""An order moves on: state, answer, events and the work that follows, in one transaction, and only if nobody else moved it first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Integer, LargeBinary, Text, bindparam, case, func, literal_column, select, update

from adapter.store.concluding import Concluded, conclude_tasks
from adapter.store.connection import Connection, Statement
from adapter.store.listed import ListStatement
from adapter.store.messages import insert_messages
from adapter.store.outbox import NewEvent, audience_of, publish
from adapter.store.packing import Packer
from adapter.store.reading import VERSION, version
from adapter.store.rows import MessageRow, Version
from adapter.store.schema import resource_order
from adapter.store.tasks import Ack, NewTask, acknowledge, cancel, hold, put

_ORDER = resource_order.c
_NONE: ColumnElement[str] = literal_column("''")

_THIS = _ORDER.id == bindparam("order", type_=Text())
_HOLD = Statement(select(_ORDER.market, _ORDER.attempt, _ORDER.client, *VERSION).where(_THIS).with_for_update())
_HOLD_STREAM = Statement(select(_ORDER.event_seq).where(_THIS).with_for_update())
_COUNT_EVENTS = Statement(
    update(resource_order)
    .where(_ORDER.id == bindparam("order"))
    .values(event_seq=_ORDER.event_seq + bindparam("told", type_=Integer()), updated_at=bindparam("now"))
)
_HOLD_ALL = ListStatement(lambda keys: select(_ORDER.id).where(_ORDER.id.in_(keys)).order_by(_ORDER.id).with_for_update())
_ADVANCE = Statement(
    update(resource_order)
    .where(_ORDER.id == bindparam("order"))
    .values(
        state=bindparam("become"),
        answer=func.coalesce(bindparam("document", type_=LargeBinary()), _ORDER.answer),
        legacy_state=bindparam("word"),
        attention=bindparam("look"),
        done_at=func.coalesce(_ORDER.done_at, bindparam("done", type_=BigInteger())),
        backend_ref=case((bindparam("ref", type_=Text()) == _NONE, _ORDER.backend_ref), else_=bindparam("ref", type_=Text())),
        updated_at=bindparam("now"),
        event_seq=bindparam("last", type_=Integer()),
        resource=case((bindparam("gone", type_=Integer()) == literal_column("1"), _NONE), else_=_ORDER.resource),
    )
)


class Overtaken(Exception):
    """Somebody else changed the order first; nothing was written."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of an order. ``version`` is how it was when this was worked out; an order that has changed since is left alone.

    ``answer`` None and ``backend_ref`` "" leave what is there; ``state``, ``legacy_state`` and ``attention`` are written as they
    are. ``done_at`` is when the order came to its end; the first one stands. ``cancels`` are ids of tasks.

    ``subject`` is the id of the order that this one is a task of: events are told in that one's stream. ``concluded`` says what becomes of
    the order's own open task resources. ``private``: only listeners of its client hear of it. ``gone``: it is not found any more.
    """

    order_id: str
    version: Version
    state: str
    at: int
    answer: bytes | None = None
    legacy_state: str = ""
    attention: str = ""
    done_at: int | None = None
    backend_ref: str = ""
    events: tuple[NewEvent, ...] = ()
    tasks: tuple[NewTask, ...] = ()
    cancels: tuple[str, ...] = ()
    messages: tuple[MessageRow, ...] = ()
    subject: str = ""
    concluded: tuple[Concluded, ...] = ()
    private: bool = False
    gone: bool = False


class Held(NamedTuple):
    """An order's row as it is, locked."""

    market: str
    attempt: int
    client: str


def hold_order(c: Connection, order_id: str) -> None:
    """Locks an order that is going to be changed after others. Orders are locked by id, and a task is younger than its subject."""
    c.hold(_HOLD_STREAM, {"order": order_id})


def advance(c: Connection, change: Change) -> bool:
    """Writes a change with its events, messages and tasks. False where somebody else changed the order first: nothing is written."""
    held = hold_unchanged(c, change)
    if held is None:
        return False
    write(c, change, held)
    return True


def hold_all(c: Connection, changes: Sequence[Change], acks: Sequence[Ack]) -> None:
    """Locks what a batch of changes and acknowledgements is going to write: the orders by id, then the tasks by id.

    Everywhere locks are taken in this order, so that two nodes never wait for each other.
    """
    orders = {each for change in changes for each in (change.order_id, change.subject) if each}
    for statement, values in _HOLD_ALL.over(sorted(orders)):
        c.hold(statement, values)
    hold(c, [ack.id for ack in acks] + [task for change in changes for task in _tasks_of(change)])


def advance_and_acknowledge(c: Connection, change: Change | None, ack: Ack) -> bool:
    """A change and the end of the task that brought it, both or neither.

    False where the order was changed first or the lease was lost: nothing is written. The tasks of the change come after the
    acknowledgement, so that a task that is done may be asked for anew.
    """
    held = hold_unchanged(c, change) if change is not None else None
    if change is not None and held is None:
        return False
    if change is not None and (change.cancels or change.tasks):
        hold(c, [ack.id, *_tasks_of(change)])
    if acknowledge(c, [ack]) != [True]:
        return False
    if change is not None and held is not None:
        _write(c, change, held)
    return True


def hold_unchanged(c: Connection, change: Change) -> Held | None:
    """Locks the order, behind its subject. None where it is not as it was when the change was worked out."""
    if change.subject:
        hold_order(c, change.subject)
    row = c.row(_HOLD, {"order": change.order_id})
    if row is None or version(row[len(Held._fields) :], change.order_id) != change.version:
        return None
    return Held(*row[: len(Held._fields)])


def write(c: Connection, change: Change, held: Held) -> None:
    """Writes a change of an order that this transaction holds."""
    if change.cancels and change.tasks:
        hold(c, _tasks_of(change))
    _write(c, change, held)


def _tasks_of(change: Change) -> list[str]:
    return [*change.cancels, *(new.id for new in change.tasks)]


def _write(c: Connection, change: Change, held: Held) -> None:
    packer = Packer()
    events = (*change.events, *conclude_tasks(c, change.order_id, change.concluded, change.at))
    values: dict[str, Any] = {
        "order": change.order_id,
        "become": change.state,
        "document": packer.pack(change.answer) if change.answer is not None else None,
        "word": change.legacy_state,
        "look": change.attention,
        "done": change.done_at,
        "ref": change.backend_ref,
        "now": change.at,
        "last": change.version.event_seq + len(events),
        "gone": int(change.gone),
    }
    c.change(_ADVANCE, values)
    stream = c.row(_HOLD_STREAM, {"order": change.subject}) if change.subject and events else None
    if stream is not None:
        c.change(_COUNT_EVENTS, {"order": change.subject, "told": len(events), "now": change.at})
    place, first = (change.order_id, change.version.event_seq + 1) if stream is None else (change.subject, stream[0] + 1)
    publish(c, place, held.market, first, events, change.at, packer, audience_of(held.client, private=change.private))
    insert_messages(c, packer.messages(change.order_id, held.attempt, change.messages))
    for task_id in sorted(change.cancels):
        cancel(c, task_id)
    put(c, change.tasks, change.at)
