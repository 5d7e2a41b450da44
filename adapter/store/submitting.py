"""A worker's attempt at an order that was accepted before: intent before the call, and what became of it with all that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, insert, literal_column, null, select, update

from adapter.store.advancing import Change, Overtaken, hold_unchanged, write
from adapter.store.connection import Connection, Statement
from adapter.store.messages import insert_messages
from adapter.store.packing import Packer
from adapter.store.rows import MessageRow
from adapter.store.schema import attempt, message, resource_order
from adapter.store.settling import settle
from adapter.store.tasks import extend

_HOLD = Statement(select(resource_order.c.id).where(resource_order.c.id == bindparam("order")).with_for_update())
_NEXT = Statement(
    update(resource_order)
    .where(resource_order.c.id == bindparam("order"), resource_order.c.attempt == bindparam("last"), resource_order.c.done_at.is_(None))
    .values(attempt=bindparam("n"), outcome=null(), updated_at=bindparam("now"))
)
_HOLD_ATTEMPT = Statement(
    select(literal_column("1")).where(attempt.c.order_id == bindparam("order"), attempt.c.number == bindparam("n")).with_for_update()
)
_INSERT = Statement(
    insert(attempt).values(evidence=literal_column("''")),
    ("order_id", "number", "node", "started_at", "deadline", "rule_version"),
)
_FIRST: BindParameter[int] = bindparam("first")
_LAST: BindParameter[int] = bindparam("last")
_FORGET_ATTEMPTS = Statement(delete(attempt).where(attempt.c.order_id == bindparam("order"), attempt.c.number.between(_FIRST, _LAST)))
_FORGET_MESSAGES = Statement(delete(message).where(message.c.order_id == bindparam("order"), message.c.attempt.between(_FIRST, _LAST)))

KEPT = 20
"""So many attempts at an order are kept, beside the first: an outage of days would fill the record with what says the same each time."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Attempt ``number`` at an order, about to be made by who holds the task with this fence. Times in milliseconds, UTC."""

    task_id: str
    fence: int
    lease_until: int
    order_id: str
    number: int
    node: str
    now: int
    deadline: int
    rule_version: str
    messages: tuple[MessageRow, ...]


def begin(c: Connection, intent: Intent) -> bool:
    """Records the intent. False, and nothing written, where the lease is lost, or the order has another attempt by now, or its end."""
    c.hold(_HOLD, {"order": intent.order_id})  # before the task's row, as everywhere
    if not extend(c, intent.task_id, intent.fence, intent.lease_until):
        return False
    if not c.change(_NEXT, {"order": intent.order_id, "last": intent.number - 1, "n": intent.number, "now": intent.now}):
        return False
    row: dict[str, Any] = {"order_id": intent.order_id, "number": intent.number, "node": intent.node, "started_at": intent.now}
    c.change(_INSERT, row | {"deadline": intent.deadline, "rule_version": intent.rule_version})
    insert_messages(c, Packer().messages(intent.order_id, intent.number, intent.messages))
    _forget(c, intent)
    return True


def _forget(c: Connection, intent: Intent) -> None:
    """The attempts between the first and the last ones, with what was said. They certainly did nothing: else this one was not begun."""
    first, last = 2, intent.number - KEPT
    if last >= first:
        gone = {"order": intent.order_id, "first": first, "last": last}
        c.change(_FORGET_ATTEMPTS, gone)
        c.change(_FORGET_MESSAGES, gone)


def settle_and_advance(c: Connection, values: dict[str, Any], messages: list[dict[str, Any]], change: Change | None) -> bool:
    """The end of an attempt and what it makes of the order, both or neither. False where the attempt was settled before: then only the
    messages are kept. Raises Overtaken, and nothing is to be kept, where the order is not as it was when its change was worked out."""
    held = None
    if change is not None:
        c.hold(_HOLD_ATTEMPT, values)  # before its order, as where only the attempt is settled
        held = hold_unchanged(c, change)  # before the settlement changes the order, too
    if not settle(c, values, messages):
        return False
    if change is not None:
        if held is None:
            raise Overtaken
        write(c, change, held)
    return True
