"""What was left behind: attempts of which nobody knows what became, by a crash; leases, by a clock that was set back; orders that nobody
asks for, by an earlier release."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Text, and_, bindparam, exists, func, literal_column, not_, or_, select, update

from adapter.store.connection import Connection, Statement
from adapter.store.reading import LATEST, UNSETTLED
from adapter.store.schema import attempt, resource_order, task

_ATTEMPT, _ORDER = attempt.c, resource_order.c
_ID = bindparam("prefix", type_=Text()).concat(_ORDER.id)
_ORPHANS = Statement(
    select(_ORDER.id, _ORDER.market, _ORDER.operation, func.coalesce(_ATTEMPT.settled_at, _ATTEMPT.deadline))
    .where(UNSETTLED, LATEST)
    .where(
        or_(
            _ATTEMPT.outcome.is_not(None),
            _ATTEMPT.deadline <= bindparam("now", type_=BigInteger()),
            and_(bindparam("alone", type_=BigInteger()) == literal_column("1"), _ATTEMPT.node != bindparam("node", type_=Text())),
        )
    )
    .where(not_(select(literal_column("1")).where(task.c.id == _ID).exists()))
    .order_by(_ATTEMPT.started_at, _ORDER.id)
    .limit(bindparam("count"))
)


@dataclass(frozen=True, slots=True)
class Orphan:
    """An order in doubt without a task; ``ended`` is when our side of its call ended at the latest."""

    order_id: str
    market: str
    operation: str
    ended: int


def orphans(c: Connection, kind: str, now: int, node: str, alone: bool, count: int) -> list[Orphan]:
    """Orders in doubt without a task of this kind, oldest first. ``alone``: there is no other node, so an attempt of another one has lost
    its process, whatever its deadline."""
    values = {"prefix": f"{kind}:", "now": now, "node": node, "alone": int(alone), "count": count}
    return [Orphan(*row) for row in c.rows(_ORPHANS, values)]


# By the primary key: few of many tasks are claimed, and no index knows which.
_NEXT_TASKS = select(task.c.id).where(task.c.id > bindparam("after")).order_by(task.c.id).limit(bindparam("count")).subquery()
_TASKS_END = Statement(select(func.max(_NEXT_TASKS.c.id)))
_OVERLONG = (
    select(task.c.id)
    .where(task.c.id > bindparam("after"), task.c.id <= bindparam("end"), task.c.owner != literal_column("''"))
    .where(task.c.due_at > bindparam("longest", type_=BigInteger()))
    .order_by(task.c.id)
    .with_for_update(skip_locked=True)
    .cte("overlong")
)
_END_LEASES = Statement(
    update(task).where(task.c.id.in_(select(_OVERLONG.c.id))).values(due_at=bindparam("now", type_=BigInteger())).returning(task.c.id)
)


def end_leases(c: Connection, longest: int, now: int, after: str, count: int) -> tuple[list[str], str]:
    """Makes those of the next ``count`` tasks behind the id ``after`` due whose lease ends later than ``longest``, to which no lease can
    go; their ids, and the last id that was looked at, "" where there is none any more."""
    row = c.row(_TASKS_END, {"after": after, "count": count})
    last = row[0] if row is not None else None
    if last is None:
        return [], ""
    found = c.rows(_END_LEASES, {"after": after, "end": last, "longest": longest, "now": now})
    return sorted(task_id for (task_id,) in found), last


# By the primary key, so that no order pays for an index that only those of an earlier release need.
_NEXT_IDS = select(_ORDER.id).where(_ORDER.id > bindparam("after")).order_by(_ORDER.id).limit(bindparam("count")).subquery()
_PAGE_END = Statement(select(func.max(_NEXT_IDS.c.id)))
_OPEN = and_(
    _ORDER.outcome == literal_column("'accepted'"),
    _ORDER.done_at.is_(None),
    _ORDER.attention == literal_column("''"),
    _ORDER.subject == literal_column("''"),  # a task goes on with its subject
)
_UNASKED = Statement(
    select(
        _ORDER.id,
        _ORDER.market,
        _ORDER.operation,
        _ORDER.state,
        _ORDER.backend_ref,
        _ORDER.created_at,
        exists(select(literal_column("1")).where(task.c.order_id == _ORDER.id)),
    )
    .where(_ORDER.id > bindparam("after"), _ORDER.id <= bindparam("end"), _OPEN)
    .where(not_(select(literal_column("1")).where(task.c.id == _ID).exists()))
    .order_by(_ORDER.id)
)
_END = Statement(update(resource_order).where(_ORDER.id == bindparam("order"), _OPEN).values(done_at=bindparam("now")))


@dataclass(frozen=True, slots=True)
class Unasked:
    """An order that its backend has taken on, that is not at its end, and that nobody asks for. ``busy``: another task is about it."""

    order_id: str
    market: str
    operation: str
    state: str
    backend_ref: str
    created_at: int
    busy: bool


def unasked(c: Connection, kind: str, after: str, count: int) -> tuple[list[Unasked], str]:
    """Of the next ``count`` orders behind the id ``after``, those without a task of this kind; and the last id that was looked at, "" where
    there is none any more."""
    row = c.row(_PAGE_END, {"after": after, "count": count})
    end = row[0] if row is not None else None
    if end is None:
        return [], ""
    found = c.rows(_UNASKED, {"after": after, "end": end, "prefix": f"{kind}:"})
    return [Unasked(*row) for row in found], end


def end(c: Connection, order_id: str, now: int) -> bool:
    """Nothing more is going to happen to such an order. Its age for retention stays what it is."""
    return c.change(_END, {"order": order_id, "now": now}) == 1
