"""Old rows go, in small transactions beside the live load. What somebody still needs stays, however old it is.

An order is over when it came to its end, or when its backend certainly did not take it. It is removed with everything of it, its keys
included, once nothing of it is left to be done: no attempt unsettled, no task waiting or parked, no event undelivered. Times and ages are
integer milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    literal_column,
    or_,
    select,
    text,
    tuple_,
)

from adapter.store.codes import remember
from adapter.store.connection import Connection, Statement
from adapter.store.listed import ListStatement
from adapter.store.reading import UNSETTLED, recall
from adapter.store.schema import OVER, attempt, audit, code_seen, delivery, event, idempotency, listener, message, resource_order, task

DAY = 86_400_000
"""So long after its end a listener's cursors stay, for calls that are on their way."""

_PLACE = "purged.messages"


@dataclass(frozen=True, slots=True)
class Retention:
    """The age from which rows of a kind may go; None keeps them for good.

    ``messages``: since their order was over; ``orders``: with attempts, keys and all else, likewise. ``events``: since they were made,
    once every listener has them. ``audit``: since the deed. ``codes``: since a code was seen last.
    """

    messages: int | None = None
    events: int | None = None
    orders: int | None = None
    audit: int | None = None
    codes: int | None = None


_ORDER, _EVENT, _CURSOR = resource_order.c, event.c, delivery.c
_ONE: ColumnElement[int] = literal_column("1")
_BEFORE = bindparam("before", type_=BigInteger())
_COUNT: BindParameter[int] = bindparam("count")


def _any(table: Table) -> Select[Any]:
    return select(_ONE).select_from(table)


# Said with IN, so that SQLite goes from the few listeners to the one cursor, and not over all cursors.
_HEARD = _CURSOR.listener.in_(select(listener.c.id).where(listener.c.deleted_at.is_(None)))
_UNDONE = or_(
    _any(attempt).where(attempt.c.order_id == _ORDER.id, UNSETTLED).exists(),
    _any(task).where(task.c.order_id == _ORDER.id).exists(),
    _any(delivery).where(_HEARD, _CURSOR.order_id == _ORDER.id, _CURSOR.sent_seq < _CURSOR.last_seq).exists(),
)
_IS_OVER = and_(text(f"({OVER})"), _ORDER.updated_at < _BEFORE)  # worded like the partial index, which serves it
_OPEN = and_(_ORDER.done_at.is_(None), or_(_ORDER.outcome.is_(None), text(f"NOT ({OVER})")))  # no outcome: neither over nor not, to SQL
_BY_AGE = (_ORDER.updated_at, _ORDER.id)

_OLD_ORDERS = Statement(select(_ORDER.id).where(_IS_OVER, ~_UNDONE).order_by(*_BY_AGE).limit(_COUNT).with_for_update(skip_locked=True))
_OLD_CONVERSATIONS = Statement(
    select(_ORDER.id, _ORDER.updated_at)
    .where(_IS_OVER, _ORDER.updated_at >= bindparam("since", type_=BigInteger()))
    .where(or_(_ORDER.updated_at > bindparam("since", type_=BigInteger()), _ORDER.id > bindparam("behind", type_=Text())))
    .where(~_UNDONE, _any(message).where(message.c.order_id == _ORDER.id).exists())
    .order_by(*_BY_AGE)
    .limit(_COUNT)
)
_OLD_EVENTS = Statement(
    delete(event).where(
        tuple_(_EVENT.order_id, _EVENT.seq).in_(
            select(_EVENT.order_id, _EVENT.seq)
            .where(_EVENT.at < _BEFORE)
            .where(~_any(delivery).where(_HEARD, _CURSOR.order_id == _EVENT.order_id, _CURSOR.sent_seq < _EVENT.seq).exists())
            .order_by(_EVENT.at)
            .limit(_COUNT)
        )
    )
)
_OLD_AUDIT = Statement(
    delete(audit).where(
        audit.c.id.in_(
            select(audit.c.id)
            .where(audit.c.at < _BEFORE)
            .where(~_any(resource_order).where(_ORDER.id == audit.c.order_id, _OPEN).exists())
            .order_by(audit.c.at)
            .limit(_COUNT)
        )
    )
)
_OLD_CODES = Statement(delete(code_seen).where(code_seen.c.last_seen < _BEFORE))
_ENDED_CURSORS = Statement(
    delete(delivery).where(
        tuple_(_CURSOR.listener, _CURSOR.order_id).in_(
            select(_CURSOR.listener, _CURSOR.order_id)
            .where(_CURSOR.listener.in_(select(listener.c.id).where(listener.c.deleted_at < _BEFORE)))
            .limit(_COUNT)
        )
    )
)
_ENDED_LISTENERS = Statement(
    delete(listener).where(
        listener.c.deleted_at < _BEFORE, ~_any(delivery).where(_CURSOR.listener == listener.c.id).correlate(listener).exists()
    )
)
_MESSAGES = ListStatement(lambda keys: delete(message).where(message.c.order_id.in_(keys)))
_OF_ORDERS: dict[str, ListStatement] = {
    "message": _MESSAGES,
    "event": ListStatement(lambda keys: delete(event).where(_EVENT.order_id.in_(keys))),
    "delivery": ListStatement(lambda keys: delete(delivery).where(_CURSOR.listener.in_(select(listener.c.id)), _CURSOR.order_id.in_(keys))),
    "attempt": ListStatement(lambda keys: delete(attempt).where(attempt.c.order_id.in_(keys))),
    "idempotency": ListStatement(lambda keys: delete(idempotency).where(idempotency.c.order_id.in_(keys))),
    "resource_order": ListStatement(lambda keys: delete(resource_order).where(_ORDER.id.in_(keys))),
}


def purge(c: Connection, retention: Retention, now: int, limit: int) -> dict[str, int]:
    """Removes what is past its age, of each kind ``limit`` at most: orders (or the messages of so many), events, deeds, cursors.

    How many rows went, by table, tables without any left out. Empty when nothing is left to remove: call it until then.
    """
    gone: dict[str, int] = {}

    def count(table: str, rows: int) -> None:
        if rows:
            gone[table] = gone.get(table, 0) + rows

    def old(age: int) -> dict[str, int]:
        return {"before": now - age, "count": limit}

    if retention.orders is not None:
        ids = [row[0] for row in c.rows(_OLD_ORDERS, old(retention.orders))]
        for table, statement in _OF_ORDERS.items():
            count(table, _change(c, statement, ids))
    if retention.messages is not None:
        count("message", _purge_messages(c, old(retention.messages)))
    if retention.events is not None:
        count("event", c.change(_OLD_EVENTS, old(retention.events)))
    if retention.audit is not None:
        count("audit", c.change(_OLD_AUDIT, old(retention.audit)))
    if retention.codes is not None:
        count("code_seen", c.change(_OLD_CODES, old(retention.codes)))
    count("delivery", c.change(_ENDED_CURSORS, old(DAY)))
    count("listener", c.change(_ENDED_LISTENERS, old(DAY)))
    return gone


def _purge_messages(c: Connection, values: dict[str, int]) -> int:
    """Goes on where it stopped: an order whose messages are gone is not looked at again, but for a change that made it younger."""
    since, _, behind = (recall(c, _PLACE) or "0:").partition(":")
    found = c.rows(_OLD_CONVERSATIONS, {**values, "since": int(since), "behind": behind})
    if not found:
        return 0
    last, last_at = found[-1]
    remember(c, {_PLACE: f"{last_at}:{last}"})
    return _change(c, _MESSAGES, [row[0] for row in found])


def _change(c: Connection, statement: ListStatement, keys: list[str]) -> int:
    return sum(c.change(some, values) for some, values in statement.over(keys))
