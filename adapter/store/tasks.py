"""Work that is due at a time. The due time is also the end of a lease: who claims a task moves it into the future.

A claim that is never acknowledged runs out by itself, and the task is due again. Each claim raises the task's fence, and whatever
is said of a claim later counts only while that fence stands: a worker that was away too long changes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, Text, bindparam, case, delete, literal_column, null, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from adapter.store.connection import Connection, Statement
from adapter.store.listed import ListStatement
from adapter.store.schema import task
from adapter.store.task_listing import counts, find, oldest_due
from adapter.store.task_rows import Ack, Done, Later, NewTask, Park, Task, TaskQuery, pack_payload, task_row

__all__ = [
    "Ack",
    "Done",
    "Later",
    "NewTask",
    "Park",
    "Task",
    "TaskQuery",
    "acknowledge",
    "cancel",
    "claim",
    "counts",
    "extend",
    "find",
    "hold",
    "oldest_due",
    "put",
    "redrive",
    "withdraw",
]

_fence = random.Random().getrandbits  # noqa: S311 - no secret, and the operating system is not asked each time

_TASK = task.c
_ONE: ColumnElement[int] = literal_column("1")
_ZERO: ColumnElement[int] = literal_column("0")
_NONE: ColumnElement[str] = literal_column("''")


_NEW = upsert(task)
_PUT = Statement(
    _NEW.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "due_at": case(
                (_TASK.owner != _NONE, _TASK.due_at), (_NEW.excluded.due_at < _TASK.due_at, _NEW.excluded.due_at), else_=_TASK.due_at
            ),
            "asked_at": case(
                (_TASK.owner == _NONE, _TASK.asked_at),
                (_TASK.asked_at < _NEW.excluded.due_at, _TASK.asked_at),
                else_=_NEW.excluded.due_at,
            ),
        },
    ),
    ("id", "lane", "due_at", "fence", "order_id", "payload", "created_at"),
)
# A CTE with a locking clause runs once on PostgreSQL; a bare sub-select might run again and claim too much. SQLite leaves the
# clause out: it has one writer.
_PICK = (
    select(_TASK.id)
    .where(_TASK.lane == bindparam("lane_"), _TASK.due_at <= bindparam("now", type_=BigInteger()))
    .order_by(_TASK.due_at, _TASK.id)
    .limit(bindparam("count"))
    .offset(bindparam("past", type_=Integer()))
    .with_for_update(skip_locked=True)
    .cte("pick")
)
_CLAIM = Statement(
    update(task)
    .where(_TASK.id.in_(select(_PICK.c.id)))
    .values(
        was_due_at=_TASK.due_at,
        due_at=bindparam("until", type_=BigInteger()),
        asked_at=null(),
        owner=bindparam("node"),
        fence=_TASK.fence + _ONE,
        attempts=_TASK.attempts + _ONE,
    )
    .returning(
        _TASK.id,
        _TASK.lane,
        _TASK.was_due_at,
        _TASK.fence,
        _TASK.owner,
        _TASK.attempts,
        _TASK.order_id,
        _TASK.payload,
        _TASK.last_error,
        _TASK.created_at,
    )
)
# By id, and behind the rows of their orders, so that two nodes never wait for each other.
_HELD = ListStatement(
    lambda keys: select(_TASK.id, _TASK.fence, _TASK.asked_at).where(_TASK.id.in_(keys)).order_by(_TASK.id).with_for_update()
)
_THIS = _TASK.id == bindparam("task")
_FINISH = Statement(delete(task).where(_THIS))
_WITHDRAW = Statement(delete(task).where(_THIS, _TASK.owner == _NONE))
# Whatever is said of a claim ends it: with the fence raised, nothing can be said of it twice.
_ENDED: dict[str, Any] = {"owner": _NONE, "fence": _TASK.fence + _ONE, "asked_at": null()}
_POSTPONE = Statement(
    update(task)
    .where(_THIS)
    .values(
        due_at=bindparam("due", type_=BigInteger()),
        attempts=case((bindparam("keep", type_=Integer()) == _ONE, _TASK.attempts), else_=_ZERO),
        last_error=bindparam("error", type_=Text()),
        **_ENDED,
    )
)
_PARK = Statement(update(task).where(_THIS).values(due_at=null(), last_error=bindparam("error", type_=Text()), **_ENDED))
_EXTEND = Statement(update(task).where(_THIS, _TASK.fence == bindparam("held")).values(due_at=bindparam("until", type_=BigInteger())))
_REDRIVE = Statement(
    update(task)
    .where(_THIS, or_(_TASK.owner == _NONE, _TASK.due_at <= bindparam("now", type_=BigInteger())))
    .values(due_at=bindparam("due", type_=BigInteger()), attempts=_ZERO, **_ENDED)
)


def put(c: Connection, tasks: Sequence[NewTask], at: int | None = None) -> None:
    """Asks for work, at ``at`` (None: when it is due).

    Of a task that is there the earlier due time wins. A parked one stays parked. One that is being worked on keeps its lease, and
    is due at the time asked for once it is acknowledged, be it as done.
    """
    rows = [
        {
            "id": new.id,
            "lane": new.lane,
            "due_at": new.due_at,
            # A task that is made anew under its old id must not meet the late acknowledgement of the one before.
            "fence": _fence(30),
            "order_id": new.order_id,
            "payload": pack_payload(new.payload),
            "created_at": new.due_at if at is None else at,
        }
        for new in sorted(tasks, key=lambda new: new.id)  # so that two nodes never wait for each other
    ]
    if rows:
        c.change_many(_PUT, rows)


def claim(c: Connection, lane: str, count: int, now: int, lease: int, node: str, past: int = 0) -> list[Task]:
    """Takes up to ``count`` due tasks of a lane for ``lease`` milliseconds, the longest due first; ``past`` so many, if more are due."""
    if count <= 0:
        return []
    values = {"lane_": lane, "now": now, "until": now + lease, "node": node, "count": count, "past": past}
    rows = c.rows(_CLAIM, values)
    if past and not rows:
        rows = c.rows(_CLAIM, {**values, "past": 0})
    return sorted((task_row(row) for row in rows), key=lambda claimed: (claimed.due_at, claimed.id))


def hold(c: Connection, ids: Iterable[str]) -> None:
    """Locks tasks of which this transaction is going to change one after the other."""
    for statement, values in _HELD.over(sorted(set(ids))):
        c.hold(statement, values)


def acknowledge(c: Connection, acks: Sequence[Ack]) -> list[bool]:
    """What became of claimed tasks. False where the lease was lost: somebody else has the task, or it is gone; nothing was changed."""
    held = {row[0]: row[1:] for statement, values in _HELD.over(sorted({ack.id for ack in acks})) for row in c.rows(statement, values)}
    finished: list[dict[str, Any]] = []
    postponed: list[dict[str, Any]] = []
    parked: list[dict[str, Any]] = []
    told: list[bool] = []
    for ack in acks:
        fence, asked_at = held.get(ack.id, (None, None))
        told.append(fence == ack.fence)
        if fence != ack.fence:
            continue
        del held[ack.id]
        match ack:
            case Park():
                parked.append({"task": ack.id, "error": ack.reason})
            case Later():
                due = ack.due_at if asked_at is None else min(ack.due_at, asked_at)
                postponed.append({"task": ack.id, "due": due, "keep": int(ack.keep_attempts), "error": ack.error})
            case Done() if asked_at is not None:
                postponed.append({"task": ack.id, "due": asked_at, "keep": 0, "error": ""})
            case Done():
                finished.append({"task": ack.id})
    for statement, rows in ((_FINISH, finished), (_POSTPONE, postponed), (_PARK, parked)):
        if rows:
            c.change_many(statement, rows)
    return told


def extend(c: Connection, task_id: str, fence: int, until: int) -> bool:
    """Moves the end of a lease. False where the lease was lost."""
    return c.change(_EXTEND, {"task": task_id, "held": fence, "until": until}) == 1


def redrive(c: Connection, task_id: str, now: int) -> bool:
    """Makes a parked or waiting task due, as if it had never been tried. False where it is not there or being worked on."""
    return c.change(_REDRIVE, {"task": task_id, "now": now, "due": now}) == 1


def cancel(c: Connection, task_id: str) -> bool:
    """Takes a task away, even from who works on it. False where it is not there."""
    return c.change(_FINISH, {"task": task_id}) == 1


def withdraw(c: Connection, task_id: str) -> bool:
    """Takes a task away, parked or waiting, unless somebody works on it."""
    return c.change(_WITHDRAW, {"task": task_id}) == 1
