"""The messages of an order's way, as they are written."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, func, insert, literal_column, select

from adapter.store.connection import Connection, Statement
from adapter.store.schema import message, resource_order

_HOLD_ORDER = Statement(select(resource_order.c.id).where(resource_order.c.id == bindparam("order")).with_for_update())
_INSERT_MESSAGE = Statement(
    insert(message).values(
        digest=literal_column("''"),
        seq=select(func.coalesce(func.max(message.c.seq) + literal_column("1"), literal_column("0")))
        .where(message.c.order_id == bindparam("order"))
        .scalar_subquery(),
    ),
    ("order_id", "attempt", "direction", "operation", "at", "content_type", "status", "body"),
)
_INSERT_FIRST_MESSAGES = Statement(
    insert(message).values(digest=literal_column("''")),
    ("order_id", "seq", "attempt", "direction", "operation", "at", "content_type", "status", "body"),
)


def insert_first_messages(c: Connection, rows: list[dict[str, Any]]) -> None:
    """Begins the way of an order that is new, with packed messages."""
    c.change_many(_INSERT_FIRST_MESSAGES, rows)


def append_messages(c: Connection, rows: list[dict[str, Any]]) -> None:
    """Appends packed messages to their order's way, which they lock: each gets the next number."""
    if rows:
        c.hold(_HOLD_ORDER, rows[0])
        insert_messages(c, rows)


def insert_messages(c: Connection, rows: list[dict[str, Any]]) -> None:
    """Appends packed messages to the way of an order whose row this transaction has locked."""
    if rows:
        c.change_many(_INSERT_MESSAGE, rows)
