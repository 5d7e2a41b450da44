"""Looking at the tasks: lists for people, figures for metrics."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import BigInteger, ColumnElement, Text, bindparam, func, literal_column, select

from adapter.store.connection import Connection, Statement
from adapter.store.schema import task
from adapter.store.task_rows import Task, TaskQuery, task_row

_TASK = task.c
_LISTED = [
    _TASK[name] for name in ("id", "lane", "due_at", "fence", "owner", "attempts", "order_id", "payload", "last_error", "created_at")
]

_FILTERS: dict[str, ColumnElement[bool]] = {
    "lane": _TASK.lane == bindparam("lane"),
    "kind": func.substr(_TASK.lane, literal_column("1"), func.length(bindparam("kind", type_=Text()))) == bindparam("kind", type_=Text()),
    "order_id": _TASK.order_id == bindparam("order_id"),
    "after": _TASK.id > bindparam("after"),
}

# One step of the index for each lane, however many tasks there are.
_first = select(func.min(_TASK.lane).label("lane")).cte("lanes", recursive=True)
_lanes = _first.union_all(
    select(select(func.min(_TASK.lane)).where(_TASK.lane > _first.c.lane).scalar_subquery()).where(_first.c.lane.is_not(None))
)
_OLDEST = Statement(
    select(
        _lanes.c.lane,
        select(_TASK.due_at)
        .where(_TASK.lane == _lanes.c.lane, _TASK.due_at <= bindparam("now", type_=BigInteger()))
        .order_by(_TASK.due_at)
        .limit(literal_column("1"))
        .scalar_subquery()
        .label("oldest"),
    ).where(_lanes.c.lane.is_not(None))
)
_COUNTS = Statement(select(_TASK.lane, func.count(_TASK.due_at), func.count(_TASK.id)).group_by(_TASK.lane))
_ONE_TASK = Statement(select(*_LISTED).where(_TASK.id == bindparam("task")))


@lru_cache(maxsize=64)
def _listing(names: tuple[str, ...], parked: bool | None) -> Statement:
    chosen = select(*_LISTED).where(*(_FILTERS[name] for name in names))
    if parked is not None:
        chosen = chosen.where(_TASK.due_at.is_(None) if parked else _TASK.due_at.is_not(None))
    return Statement(chosen.order_by(_TASK.id).limit(bindparam("count")))


def find(c: Connection, query: TaskQuery) -> list[Task]:
    """One page of tasks, by id. ``due_at`` of one that is being worked on is the end of its lease."""
    values = {name: value for name in _FILTERS if (value := getattr(query, name)) is not None}
    names = tuple(values)
    if query.kind is not None:
        values["kind"] = f"{query.kind}:"
    return [task_row(row) for row in c.rows(_listing(names, query.parked), {**values, "count": query.limit})]


def read(c: Connection, task_id: str) -> Task | None:
    """One task."""
    row = c.row(_ONE_TASK, {"task": task_id})
    return task_row(row) if row is not None else None


def oldest_due(c: Connection, now: int) -> dict[str, int]:
    """Milliseconds that the longest waiting task of each lane is late; 0 for a lane where nothing is due. Cheap."""
    return {lane: now - due_at if due_at is not None else 0 for lane, due_at in c.rows(_OLDEST, {"now": now})}


def counts(c: Connection) -> dict[str, tuple[int, int]]:
    """How many tasks of each lane wait or are being worked on, and how many are parked. Reads the whole index."""
    return {lane: (timed, all_of_it - timed) for lane, timed, all_of_it in c.rows(_COUNTS, {})}
