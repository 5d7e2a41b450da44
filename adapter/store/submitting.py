"""A worker's attempt at an order that was accepted before: intent before the call, and what became of it with all that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, literal_column, null, select, update

from adapter.store.accepting import insert_messages
from adapter.store.advancing import Change, Overtaken, advance
from adapter.store.connection import Connection, Statement
from adapter.store.packing import Packer
from adapter.store.rows import MessageRow
from adapter.store.schema import attempt, resource_order
from adapter.store.settling import settle
from adapter.store.tasks import extend

_HOLD = Statement(select(resource_order.c.id).where(resource_order.c.id == bindparam("order")).with_for_update())
_NEXT = Statement(
    update(resource_order)
    .where(resource_order.c.id == bindparam("order"), resource_order.c.attempt == bindparam("last"), resource_order.c.done_at.is_(None))
    .values(attempt=bindparam("n"), outcome=null(), updated_at=bindparam("now"))
)
_INSERT = Statement(
    insert(attempt).values(evidence=literal_column("''")),
    ("order_id", "number", "node", "started_at", "deadline", "rule_version"),
)


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
    return True


def settle_and_advance(c: Connection, values: dict[str, Any], messages: list[dict[str, Any]], change: Change | None) -> bool:
    """The end of an attempt and what it makes of the order, both or neither. False where the attempt was settled before: then only the
    messages are kept. Raises Overtaken."""
    if not settle(c, values, messages):
        return False
    if change is not None and not advance(c, change):
        raise Overtaken
    return True
