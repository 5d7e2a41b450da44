"""Events and who is to hear of them: one cursor per listener and order, so that an order's events leave in their order.

An event is written in the transaction of the change it tells of. The same transaction moves the cursor of every listener of that
market, so no wake-up can be lost. Whoever delivers claims the cursor, not the event: one event of an order is on its way to a listener
at most, and a crash repeats the same event under the same id. Every result carries the fence of its claim; a late one changes nothing.

Times are integer milliseconds, UTC, and come from the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from adapter.frozen import frozen
from adapter.store.connection import Connection, Statement
from adapter.store.packing import Packer, readable
from adapter.store.schema import delivery, event, listener, resource_order


@frozen
class NewEvent:
    """An event to be told. ``document`` is the canonical JSON of the whole resource after the change; ``field_path`` names what an
    event is about where its type wants that."""

    id: str
    type: str
    document: bytes
    field_path: str = ""


@frozen
class EventRow:
    """One event of an order. ``seq`` counts from 1 without a gap, in the order of the changes; ``correlation_id`` and ``created_at``
    are those of the order. ``damage`` says why there is no document to be read."""

    order_id: str
    seq: int
    id: str
    type: str
    market: str
    field_path: str
    at: int
    document: bytes
    correlation_id: str = ""
    created_at: int = 0
    damage: str = ""


@frozen
class ListenerRow:
    """One subscription. ``market`` names one market, or several with blanks between them. ``failures`` counts the streams that failed
    in a row; nothing is sent before ``paused_until``."""

    id: str
    face: str
    client: str
    market: str
    callback: str
    query: str
    created_at: int
    paused_until: int | None = None
    failures: int = 0
    deleted_at: int | None = None


@frozen
class DeliveryRow:
    """The stream of one order's events to one listener: sent up to ``sent_seq``, of ``last_seq`` there are.

    ``due_at`` None: nothing to send, or parked. ``attempts`` counts the claims since the last success.
    """

    listener: str
    order_id: str
    sent_seq: int
    last_seq: int
    due_at: int | None
    fence: int
    owner: str
    attempts: int
    parked_at: int | None
    last_error: str


@frozen
class Claimed:
    """A stream that is ours until its lease ends, with the first of the events that are still to be sent, in order.

    ``correlation_id`` is that of the request the order came by.
    """

    delivery: DeliveryRow
    events: tuple[EventRow, ...]
    correlation_id: str = ""


AHEAD = 16
"""So many events are read with a claim: a listener whose query leaves most of them out moves on in one step."""

_EVENT, _LISTENER, _CURSOR, _ORDER = event.c, listener.c, delivery.c, resource_order.c
_ZERO: ColumnElement[int] = literal_column("0")
_ONE: ColumnElement[int] = literal_column("1")
_NOTHING: ColumnElement[str] = literal_column("''")
_BLANK: ColumnElement[str] = literal_column("' '")

_NO_CLIENT = " "  # no client is called so

# publishing

_INSERT_EVENT = Statement(insert(event), tuple(_EVENT.keys()))
_new = upsert(delivery).from_select(
    ["listener", "order_id", "sent_seq", "last_seq", "due_at"],
    select(
        _LISTENER.id,
        bindparam("order", type_=Text),
        bindparam("before", type_=Integer),
        bindparam("last", type_=Integer),
        bindparam("at", type_=BigInteger),
    ).where(
        # Put together in here: for a bare parameter behind LIKE, SQLite compiles the statement anew each time, at four times its cost.
        (_BLANK + _LISTENER.market + _BLANK).like(literal_column("'% '") + bindparam("named", type_=Text) + literal_column("' %'")),
        _LISTENER.deleted_at.is_(None),
        or_(bindparam("audience", type_=Text) == _NOTHING, _LISTENER.client.in_([bindparam("audience", type_=Text), _NOTHING])),
    ),
    include_defaults=False,
)
_MOVE_CURSORS = Statement(
    _new.on_conflict_do_update(
        index_elements=["listener", "order_id"],
        set_={
            "last_seq": _new.excluded.last_seq,
            "due_at": case((_CURSOR.parked_at.is_(None), func.coalesce(_CURSOR.due_at, _new.excluded.due_at)), else_=null()),
        },
    )
)
_EVENTS = Statement(
    select(event, _ORDER.correlation_id, _ORDER.created_at)
    .outerjoin(resource_order, _ORDER.id == _EVENT.order_id)
    .where(_EVENT.order_id == bindparam("order"), _EVENT.seq > bindparam("after"))
    .order_by(_EVENT.seq)
    .limit(bindparam("count"))
)


def audience_of(client: str, *, private: bool) -> str:
    """For ``publish``: whose listeners hear of what belongs to ``client`` ("": to nobody)."""
    return (client or _NO_CLIENT) if private else ""


def publish(
    c: Connection,
    order_id: str,
    market: str,
    first_seq: int,
    events: Sequence[NewEvent],
    at: int,
    packer: Packer | None = None,
    audience: str = "",
) -> int:
    """Writes the events ``first_seq``, ``first_seq + 1``, … of an order, and makes them due at every listener of its market.

    Belongs into the transaction that changes the order and counts its events, under the order's row lock. A listener that has heard
    nothing of the order begins with the first of these: the past is not sent. ``packer``: one that knows the documents already.
    ``audience`` is the one client whose listeners hear of it, beside those that are nobody's ("": all do). Returns how many listeners
    there are; whether a listener's query takes an event is seen when it is sent.
    """
    if not events:
        return 0
    packer = packer or Packer()
    c.change_many(
        _INSERT_EVENT,
        [
            {
                "order_id": order_id,
                "seq": first_seq + index,
                "id": new.id,
                "type": new.type,
                "market": market,
                "field_path": new.field_path,
                "at": at,
                "document": packer.pack(new.document),
            }
            for index, new in enumerate(events)
        ],
    )
    last = first_seq + len(events) - 1
    moved = {"order": order_id, "before": first_seq - 1, "last": last, "at": at, "named": market, "audience": audience}
    return c.change(_MOVE_CURSORS, moved)


def events_of(c: Connection, order_id: str, after: int = 0, limit: int = 1000) -> list[EventRow]:
    """The events of an order behind ``after``, in order, damaged ones without their documents."""
    return [_event(row) for row in c.rows(_EVENTS, {"order": order_id, "after": after, "count": limit})]


def _event(row: tuple[Any, ...]) -> EventRow:
    order_id, seq, identity, kind, market, field_path, at, document, correlation_id, created_at = row
    body, damage = readable(document, f"event {seq} of order {order_id}")
    return EventRow(order_id, seq, identity, kind, market, field_path, at, body, correlation_id or "", created_at or 0, damage)


# claiming

_LIVE = _LISTENER.deleted_at.is_(None)
_OPEN = and_(_LIVE, or_(_LISTENER.paused_until.is_(None), _LISTENER.paused_until <= bindparam("now")))
_DUE = Statement(
    select(listener)
    .where(_OPEN)
    .where(select(_ONE).where(_CURSOR.listener == _LISTENER.id, _CURSOR.due_at <= bindparam("now")).exists())
    .order_by(_LISTENER.created_at, _LISTENER.id)
)
# Locked against 'unsubscribe', which so waits for the claim and then sees it.
_HOLD = Statement(select(_ONE).where(_LISTENER.id == bindparam("hearer"), _OPEN).with_for_update(read=True))
_pick = (
    select(_CURSOR.order_id)
    .where(_CURSOR.listener == bindparam("hearer"), _CURSOR.due_at <= bindparam("now"))
    .order_by(_CURSOR.due_at, _CURSOR.order_id)
    .limit(bindparam("count"))
    .with_for_update(skip_locked=True)
    .cte("pick")
)
_CLAIM = Statement(
    update(delivery)
    .where(_CURSOR.listener == bindparam("hearer"), _CURSOR.order_id.in_(select(_pick.c.order_id)))
    .values(due_at=bindparam("until"), owner=bindparam("node"), fence=_CURSOR.fence + _ONE, attempts=_CURSOR.attempts + _ONE)
    .returning(delivery)
)
_CORRELATION = Statement(select(resource_order.c.correlation_id).where(resource_order.c.id == bindparam("order")))


def due_listeners(c: Connection, now: int) -> list[ListenerRow]:
    """The listeners that something is due for and that are not paused."""
    return [ListenerRow(*row) for row in c.rows(_DUE, {"now": now})]


def claim_cursors(c: Connection, listener_id: str, count: int, now: int, lease: int, node: str) -> list[Claimed]:
    """Takes up to ``count`` due streams of a listener for ``lease`` milliseconds, the longest due first; none where the listener is
    paused or deleted. ``events`` holds what is to be sent next, at most ``AHEAD`` of them."""
    values = {"hearer": listener_id, "now": now, "count": count, "until": now + lease, "node": node}
    if c.row(_HOLD, values) is None:
        return []
    taken = [DeliveryRow(*row) for row in c.rows(_CLAIM, values)]
    return [_claimed(c, one) for one in taken]


def _claimed(c: Connection, stream: DeliveryRow) -> Claimed:
    row = c.row(_CORRELATION, {"order": stream.order_id})
    # Up to one that is damaged, by which no other stream is to be held up.
    events = takewhile(lambda event: not event.damage, events_of(c, stream.order_id, stream.sent_seq, AHEAD))
    return Claimed(stream, tuple(events), row[0] if row is not None else "")


# what became of a claim

_OURS = and_(_CURSOR.listener == bindparam("hearer"), _CURSOR.order_id == bindparam("order"), _CURSOR.fence == bindparam("token"))
# Whatever is said of a claim ends it: with the fence raised, nothing can be said of it twice.
_ENDED: dict[str, Any] = {"owner": _NOTHING, "fence": _CURSOR.fence + _ONE}
_SENT = Statement(
    update(delivery)
    .where(_OURS, _CURSOR.sent_seq < bindparam("seq"))
    .values(
        sent_seq=bindparam("seq"),
        due_at=case((_CURSOR.last_seq > bindparam("seq"), bindparam("now", type_=BigInteger)), else_=null()),
        attempts=_ZERO,
        parked_at=null(),
        last_error=_NOTHING,
        **_ENDED,
    )
)
_FAILED = Statement(
    update(delivery).where(_OURS, _CURSOR.parked_at.is_(None)).values(due_at=bindparam("next"), last_error=bindparam("error"), **_ENDED)
)
_RELEASED = Statement(
    update(delivery).where(_OURS, _CURSOR.parked_at.is_(None)).values(due_at=bindparam("next"), attempts=_CURSOR.attempts - _ONE, **_ENDED)
)
_PARKED = Statement(
    update(delivery)
    .where(_OURS, _CURSOR.parked_at.is_(None))
    .values(due_at=null(), parked_at=bindparam("now"), last_error=bindparam("error"), **_ENDED)
)
_LISTENER_FAILED = Statement(
    update(listener)
    .where(_LISTENER.id == bindparam("hearer"), or_(_LISTENER.failures >= bindparam("most"), bindparam("fresh", type_=Integer) == _ONE))
    .values(
        failures=_LISTENER.failures + _ONE,
        paused_until=case(
            (_LISTENER.failures + _ONE >= bindparam("most"), bindparam("pause", type_=BigInteger)), else_=_LISTENER.paused_until
        ),
    )
)
_LISTENER_WELL = Statement(
    update(listener).where(_LISTENER.id == bindparam("hearer"), _LISTENER.failures > _ZERO).values(failures=_ZERO, paused_until=null())
)


def delivered(c: Connection, claimed: DeliveryRow, seq: int, now: int, *, called: bool = True) -> bool:
    """The stream is sent up to ``seq``; what is left is due at once. ``called`` False: nothing was sent, the listener's query leaves
    these events out. False: the claim is not ours any more, nothing was changed."""
    if not c.change(_SENT, {**_ours(claimed), "seq": seq, "now": now}):
        return False
    if called:
        c.change(_LISTENER_WELL, {"hearer": claimed.listener})
    return True


def failed(c: Connection, claimed: DeliveryRow, due_at: int, error: str, most: int, pause: int) -> bool:
    """The call failed; the stream is due again at ``due_at``. Where ``most`` streams have failed in a row, with no success between
    them, the listener is paused until ``pause``. False: the claim is not ours any more."""
    if not c.change(_FAILED, {**_ours(claimed), "next": due_at, "error": error}):
        return False
    c.change(_LISTENER_FAILED, _strike(claimed, most, pause))
    return True


def park(c: Connection, claimed: DeliveryRow, now: int, reason: str, most: int, pause: int) -> bool:
    """The stream stays where it is until somebody has it go on; else like ``failed``."""
    if not c.change(_PARKED, {**_ours(claimed), "now": now, "error": reason}):
        return False
    c.change(_LISTENER_FAILED, _strike(claimed, most, pause))
    return True


def release(c: Connection, claimed: DeliveryRow, due_at: int) -> bool:
    """Nothing was tried: the claim does not count."""
    return c.change(_RELEASED, {**_ours(claimed), "next": due_at}) == 1


def _ours(claimed: DeliveryRow) -> dict[str, Any]:
    return {"hearer": claimed.listener, "order": claimed.order_id, "token": claimed.fence}


def _strike(claimed: DeliveryRow, most: int, until: int) -> dict[str, Any]:
    """A stream counts once, however often it is tried; what tries whether a paused listener is back counts each time."""
    return {"hearer": claimed.listener, "most": most, "pause": until, "fresh": int(claimed.attempts == 1)}
