"""An order moves on: state, answer, events and the work that follows, in one transaction, and only if nobody else moved it first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, LargeBinary, Text, bindparam, case, func, literal_column, select, update

from adapter.store.accepting import insert_messages
from adapter.store.connection import Connection, Statement
from adapter.store.listed import ListStatement
from adapter.store.outbox import NewEvent, publish
from adapter.store.packing import Packer
from adapter.store.rows import MessageRow
from adapter.store.schema import resource_order
from adapter.store.tasks import Ack, NewTask, acknowledge, cancel, hold, put

_ORDER = resource_order.c
_NONE: ColumnElement[str] = literal_column("''")

_HOLD = Statement(
    select(_ORDER.event_seq, _ORDER.market, _ORDER.attempt).where(_ORDER.id == bindparam("order", type_=Text())).with_for_update()
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
    )
)


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of an order. ``seq`` is its ``event_seq`` when this was worked out; an order that has moved since is left alone.

    ``answer`` None and ``backend_ref`` "" leave what is there; ``state``, ``legacy_state`` and ``attention`` are written as they
    are. ``done_at`` is when the order came to its end; the first one stands. ``cancels`` are ids of tasks.
    """

    order_id: str
    seq: int
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


def advance(c: Connection, change: Change) -> bool:
    """Writes a change with its events, messages and tasks. False where somebody else changed the order first: nothing is written."""
    held = _hold(c, change)
    if held is None:
        return False
    if change.cancels and change.tasks:
        hold(c, _tasks_of(change))
    _write(c, change, *held)
    return True


def hold_all(c: Connection, changes: Sequence[Change], acks: Sequence[Ack]) -> None:
    """Locks what a batch of changes and acknowledgements is going to write: the orders by id, then the tasks by id.

    Everywhere locks are taken in this order, so that two nodes never wait for each other.
    """
    for statement, values in _HOLD_ALL.over(sorted({change.order_id for change in changes})):
        c.hold(statement, values)
    hold(c, [ack.id for ack in acks] + [task for change in changes for task in _tasks_of(change)])


def advance_and_acknowledge(c: Connection, change: Change | None, ack: Ack) -> bool:
    """A change and the end of the task that brought it, both or neither.

    False where the order was changed first or the lease was lost: nothing is written. The tasks of the change come after the
    acknowledgement, so that a task that is done may be asked for anew.
    """
    held = _hold(c, change) if change is not None else None
    if change is not None and held is None:
        return False
    if change is not None and (change.cancels or change.tasks):
        hold(c, [ack.id, *_tasks_of(change)])
    if acknowledge(c, [ack]) != [True]:
        return False
    if change is not None and held is not None:
        _write(c, change, *held)
    return True


def _hold(c: Connection, change: Change) -> tuple[str, int] | None:
    """Locks the order. Its market and latest attempt; None where it is not as it was when the change was worked out."""
    row = c.row(_HOLD, {"order": change.order_id})
    if row is None or row[0] != change.seq:
        return None
    _, market, attempt = row
    return market, attempt


def _tasks_of(change: Change) -> list[str]:
    return [*change.cancels, *(new.id for new in change.tasks)]


def _write(c: Connection, change: Change, market: str, attempt: int) -> None:
    packer = Packer()
    values: dict[str, Any] = {
        "order": change.order_id,
        "become": change.state,
        "document": packer.pack(change.answer) if change.answer is not None else None,
        "word": change.legacy_state,
        "look": change.attention,
        "done": change.done_at,
        "ref": change.backend_ref,
        "now": change.at,
        "last": change.seq + len(change.events),
    }
    c.change(_ADVANCE, values)
    publish(c, change.order_id, market, change.seq + 1, change.events, change.at)
    insert_messages(c, packer.messages(change.order_id, attempt, change.messages))
    for task_id in sorted(change.cancels):
        cancel(c, task_id)
    put(c, change.tasks, change.at)
