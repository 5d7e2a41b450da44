"""The subscriptions: who listens where, and to what. Times are integer milliseconds, UTC, and come from the caller."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, literal_column, null, select, tuple_, update

from adapter.store.connection import Connection, Statement
from adapter.store.outbox import ListenerRow
from adapter.store.schema import delivery, listener

_LISTENER, _CURSOR = listener.c, delivery.c
_ZERO: ColumnElement[int] = literal_column("0")
_ONE: ColumnElement[int] = literal_column("1")
_NOTHING: ColumnElement[str] = literal_column("''")

_SAME = and_(*(_LISTENER[name] == bindparam(f"same_{name}") for name in ("face", "client", "market", "callback", "query")))
_LIVE = _LISTENER.deleted_at.is_(None)
_TWIN = Statement(select(_LISTENER.id).where(_SAME, _LIVE).limit(_ONE))
_SUBSCRIBE = Statement(insert(listener), ("id", "face", "client", "market", "callback", "query", "created_at"))
_UNSUBSCRIBE = Statement(update(listener).where(_LISTENER.id == bindparam("listener"), _LIVE).values(deleted_at=bindparam("now")))
_FIND_LISTENER = Statement(select(listener).where(_LISTENER.id == bindparam("listener")))
_ALL_LISTENERS = Statement(select(listener).where(_LIVE).order_by(_LISTENER.created_at, _LISTENER.id))
_OF_CLIENT = Statement(
    select(listener)
    .where(_LISTENER.face == bindparam("face"), _LISTENER.client == bindparam("client"), _LIVE)
    .order_by(_LISTENER.created_at, _LISTENER.id)
)
_RESUME = Statement(update(listener).where(_LISTENER.id == bindparam("listener"), _LIVE).values(paused_until=null(), failures=_ZERO))
_PAUSE = Statement(update(listener).where(_LISTENER.id == bindparam("listener"), _LIVE).values(paused_until=bindparam("until")))
_STARTING = Statement(
    select(_ONE).where(_CURSOR.listener == bindparam("listener"), _CURSOR.due_at > bindparam("now"), _CURSOR.owner != _NOTHING).limit(_ONE)
)
_FORGET = Statement(
    delete(delivery).where(
        tuple_(_CURSOR.listener, _CURSOR.order_id).in_(
            select(_CURSOR.listener, _CURSOR.order_id)
            .where(_CURSOR.listener.in_(select(_LISTENER.id).where(_LISTENER.deleted_at < bindparam("before"))))
            .limit(bindparam("count"))
        )
    )
)


FULL = ""
"""Said in place of a listener's id: the client has as many as it may have."""


def subscribe(c: Connection, new: ListenerRow, most: int | None = None) -> str | None:
    """Registers a listener. None where it is registered now; FULL where its client has ``most`` at this face; the id of the live listener
    that is the same but for its id."""
    c.lock(f"subscriptions of {new.client}")  # two requests at once, on two nodes, must not both find that there is none, or room for one
    if most is not None and len(listeners_of(c, new.face, new.client)) >= most:
        return FULL
    row = c.row(_TWIN, {f"same_{name}": getattr(new, name) for name in ("face", "client", "market", "callback", "query")})
    if row is not None:
        return str(row[0])
    values = {name: getattr(new, name) for name in ("id", "face", "client", "market", "callback", "query", "created_at")}
    c.change(_SUBSCRIBE, values)
    return None


def unsubscribe(c: Connection, listener_id: str, now: int) -> bool:
    """Ends a subscription: from here on no stream of it can be claimed. False where there is none."""
    return c.change(_UNSUBSCRIBE, {"listener": listener_id, "now": now}) == 1


def in_flight(c: Connection, listener_id: str, now: int) -> bool:
    """Whether a stream of this listener is claimed, so that a call may be about to start."""
    return c.row(_STARTING, {"listener": listener_id, "now": now}) is not None


def find_listener(c: Connection, listener_id: str) -> ListenerRow | None:
    """The listener with this id, one that is deleted too."""
    row = c.row(_FIND_LISTENER, {"listener": listener_id})
    return ListenerRow(*row) if row is not None else None


def listeners(c: Connection) -> list[ListenerRow]:
    """Every live listener, the oldest first."""
    return [ListenerRow(*row) for row in c.rows(_ALL_LISTENERS, {})]


def listeners_of(c: Connection, face: str, client: str) -> list[ListenerRow]:
    """The live listeners that a client registered at a face, the oldest first."""
    return [ListenerRow(*row) for row in c.rows(_OF_CLIENT, {"face": face, "client": client})]


def resume(c: Connection, listener_id: str) -> bool:
    """Ends the pause of a listener. False where there is no such listener."""
    return c.change(_RESUME, {"listener": listener_id}) == 1


def forget(c: Connection, before: int, limit: int) -> int:
    """Removes up to ``limit`` streams of listeners that left before ``before``; how many."""
    return c.change(_FORGET, {"before": before, "count": limit})


def pause(c: Connection, listener_id: str, until: int) -> bool:
    """Nothing is sent to this listener before ``until``."""
    return c.change(_PAUSE, {"listener": listener_id, "until": until}) == 1
