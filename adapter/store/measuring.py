"""How far behind the work is: what a service measures of its record, by statements that stay cheap beside millions of rows.

Each reads the end of an index, or rows that are few as long as all is well. Times are milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, and_, bindparam, func, literal_column, or_, select, text, union_all

from adapter.store.connection import Connection, Statement
from adapter.store.schema import attempt, delivery, event, listener, resource_order, task

LOOKED_AT = 200
"""The age of what waits for a listener is that of the oldest event of so many streams that are due first, and so many parked ones."""


@dataclass(frozen=True, slots=True)
class Lane:
    """``due``: since when the longest due task waits, None where none is due. A task that somebody works on is not due."""

    lane: str
    due: int | None
    parked: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Orders of one market of which nobody knows whether the backend took them; ``since`` is when the first of their calls began."""

    market: str
    orders: int
    since: int


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams of one listener. ``waiting`` have something to send, ``parked`` stand still; ``oldest`` is when the oldest event of
    both was made, None where nothing is left to send."""

    listener: str
    waiting: int
    parked: int
    oldest: int | None


@dataclass(frozen=True, slots=True)
class Server:
    """PostgreSQL's own figures. ``dead_rows`` by table; ``oldest_transaction`` in seconds, of this database's sessions."""

    dead_rows: Mapping[str, int]
    oldest_transaction: float


_TASK, _CURSOR, _ATTEMPT, _ORDER = task.c, delivery.c, attempt.c, resource_order.c
_NOW = bindparam("now", type_=BigInteger)

# From one lane to the next by way of the index: of a million tasks a dozen rows are touched.
_lanes = select(func.min(_TASK.lane).label("lane")).cte("lanes", recursive=True)
_next = select(func.min(_TASK.lane)).where(_TASK.lane > _lanes.c.lane).scalar_subquery()
_lanes = _lanes.union_all(select(_next).where(_lanes.c.lane.is_not(None)))
_LANES = Statement(
    select(
        _lanes.c.lane,
        select(func.min(_TASK.due_at)).where(_TASK.lane == _lanes.c.lane, _TASK.due_at <= _NOW).scalar_subquery(),
        select(func.count()).select_from(task).where(_TASK.lane == _lanes.c.lane, _TASK.due_at.is_(None)).scalar_subquery(),
    )
    .where(_lanes.c.lane.is_not(None))
    .order_by(_lanes.c.lane)
)
_LATEST = and_(_ATTEMPT.order_id == _ORDER.id, _ATTEMPT.number == _ORDER.attempt)
_IN_DOUBT = _ATTEMPT.outcome == literal_column("'inDoubt'")
_UNKNOWN = Statement(
    select(_ORDER.market, func.count(), func.min(_ATTEMPT.started_at))
    .join(resource_order, _LATEST)
    .where(or_(_ATTEMPT.outcome.is_(None), _IN_DOUBT))  # worded like the partial index
    .where(or_(_IN_DOUBT, _ATTEMPT.deadline <= _NOW))  # else the call is under way
    .group_by(_ORDER.market)
    .order_by(_ORDER.market)
)
_OF_MARKET = _ORDER.market.concat(literal_column("''"))  # else the index by market looks as if it served
_ATTENTION = Statement(
    select(_OF_MARKET, func.count()).where(_ORDER.attention != literal_column("''")).group_by(_OF_MARKET).order_by(_OF_MARKET)
)
_MINE = _CURSOR.listener == listener.c.id
_PARKED = _CURSOR.parked_at.is_not(None)
_LISTENERS = Statement(
    select(
        listener.c.id,
        select(func.count()).select_from(delivery).where(_MINE, _CURSOR.due_at.is_not(None)).scalar_subquery(),
        select(func.count()).select_from(delivery).where(_MINE, _PARKED).scalar_subquery(),
    )
    .where(listener.c.deleted_at.is_(None))
    .order_by(listener.c.id)
)
_HEARER = _CURSOR.listener == bindparam("hearer")
_first = (
    select(_CURSOR.order_id, _CURSOR.sent_seq)
    .where(_HEARER, _CURSOR.due_at.is_not(None))
    .order_by(_CURSOR.due_at)
    .limit(bindparam("count"))
)
_stuck = select(_CURSOR.order_id, _CURSOR.sent_seq).where(_HEARER, _PARKED).order_by(_CURSOR.order_id).limit(bindparam("count"))
_streams = union_all(select(_first.subquery("first")), select(_stuck.subquery("stuck"))).subquery("streams")
_OLDEST = Statement(
    select(func.min(event.c.at)).join(
        _streams, and_(event.c.order_id == _streams.c.order_id, event.c.seq == _streams.c.sent_seq + literal_column("1"))
    )
)


def lanes(c: Connection, now: int) -> list[Lane]:
    """Every lane that holds a task."""
    return [Lane(*row) for row in c.rows(_LANES, {"now": now})]


def unknown(c: Connection, now: int) -> list[Unknown]:
    """Every market with an order in doubt; calls that are under way are not meant."""
    return [Unknown(*row) for row in c.rows(_UNKNOWN, {"now": now})]


def attention(c: Connection) -> dict[str, int]:
    """How many orders a person has to look at, of each market that has any."""
    return dict(c.rows(_ATTENTION, {}))


def streams(c: Connection) -> list[Streams]:
    """Every live listener."""
    found = []
    for identifier, waiting, parked in c.rows(_LISTENERS, {}):
        oldest = c.row(_OLDEST, {"hearer": identifier, "count": LOOKED_AT}) if waiting or parked else None
        found.append(Streams(identifier, waiting, parked, oldest[0] if oldest is not None else None))
    return found


_DEAD_ROWS = Statement(text("SELECT relname, n_dead_tup FROM pg_stat_user_tables WHERE schemaname = current_schema() ORDER BY relname"))
_OLDEST_TRANSACTION = Statement(
    text(
        "SELECT CAST(coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) AS float8) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
)


def server(c: Connection) -> Server:
    """What PostgreSQL says of itself; there is no such thing on SQLite."""
    oldest = c.row(_OLDEST_TRANSACTION, {})
    return Server(dict(c.rows(_DEAD_ROWS, {})), oldest[0] if oldest is not None else 0.0)
