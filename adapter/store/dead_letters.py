"""Streams that stopped, and what people do about them: look, have them go on, leave an event out."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, bindparam, literal_column, null, or_, select, update

from adapter.store.auditing import AuditRow, write
from adapter.store.connection import Connection, Statement
from adapter.store.outbox import DeliveryRow, delivered
from adapter.store.schema import delivery, listener

_LISTENER, _CURSOR = listener.c, delivery.c
_ZERO: ColumnElement[int] = literal_column("0")
_NOTHING: ColumnElement[str] = literal_column("''")
_SKIP = "delivery.skip"

_REDRIVE = Statement(
    update(delivery)
    .where(_CURSOR.listener == bindparam("hearer"), _CURSOR.order_id == bindparam("order"))
    .where(_CURSOR.last_seq > _CURSOR.sent_seq, _CURSOR.owner == _NOTHING)
    .values(due_at=bindparam("now"), parked_at=null(), attempts=_ZERO)
)
_FIND = Statement(select(delivery).where(_CURSOR.listener == bindparam("hearer"), _CURSOR.order_id == bindparam("order")))
# By way of the listeners, of which there are few: the table is ordered by them.
_OF_ORDER = Statement(
    select(delivery).where(_CURSOR.listener.in_(select(_LISTENER.id)), _CURSOR.order_id == bindparam("order")).order_by(_CURSOR.listener)
)
_DEAD = Statement(
    select(delivery)
    .join(listener, _LISTENER.id == _CURSOR.listener)
    .where(_CURSOR.parked_at.is_not(None), _LISTENER.deleted_at.is_(None))
    .where(or_(_CURSOR.listener > bindparam("after"), and_(_CURSOR.listener == bindparam("after"), _CURSOR.order_id > bindparam("behind"))))
    .order_by(_CURSOR.listener, _CURSOR.order_id)
    .limit(bindparam("count"))
)


def find_delivery(c: Connection, listener_id: str, order_id: str) -> DeliveryRow | None:
    """One stream."""
    row = c.row(_FIND, {"hearer": listener_id, "order": order_id})
    return DeliveryRow(*row) if row is not None else None


def deliveries_of(c: Connection, order_id: str) -> list[DeliveryRow]:
    """The streams of one order, to whichever listener."""
    return [DeliveryRow(*row) for row in c.rows(_OF_ORDER, {"order": order_id})]


def dead_letters(c: Connection, limit: int = 100, after: tuple[str, str] = ("", "")) -> list[DeliveryRow]:
    """Parked streams by listener and order; ``after`` names the last one of the page before."""
    return [DeliveryRow(*row) for row in c.rows(_DEAD, {"count": limit, "after": after[0], "behind": after[1]})]


def redrive(c: Connection, listener_id: str, order_id: str, now: int) -> bool:
    """A parked stream, or one that waits for its next try, goes on at once with the event it stands at. False where it has nothing to
    send or is being sent just now."""
    return c.change(_REDRIVE, {"hearer": listener_id, "order": order_id, "now": now}) == 1


def skip(c: Connection, seen: DeliveryRow, now: int, actor: str, reason: str) -> bool:
    """Leaves out the event the stream stands at, and puts the gap on record. False: the stream is not as ``seen`` any more."""
    seq = seen.sent_seq + 1
    if seq > seen.last_seq or not delivered(c, seen, seq, now, called=False):
        return False
    name, detail = f"{_gaps(seen)}{seq}", f"event {seq} is not sent to listener {seen.listener}: {reason}"
    write(c, AuditRow(name, now, actor, _SKIP, seen.order_id, detail))
    return True


def is_gap(row: AuditRow, stream: DeliveryRow) -> bool:
    """Whether this deed left out an event that the stream, as it was read, has behind it: by a person, or the listener's ``then: skip``."""
    prefix = _gaps(stream)
    return row.action == _SKIP and row.id.startswith(prefix) and int(row.id.removeprefix(prefix)) <= stream.sent_seq


def _gaps(stream: DeliveryRow) -> str:
    return f"gap:{stream.listener}:{stream.order_id}:"
