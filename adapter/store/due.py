"""Whether a lane has anything to do, and whether somebody is at it, at the cost of one look at an index."""

from __future__ import annotations

from sqlalchemy import BigInteger, bindparam, literal_column, select

from adapter.store.connection import Connection, Statement
from adapter.store.schema import task

_DUE = Statement(
    select(literal_column("1"))
    .where(task.c.lane == bindparam("lane"), task.c.due_at <= bindparam("now", type_=BigInteger()))
    .limit(literal_column("1"))
)

_BUSY = Statement(
    select(literal_column("1"))
    .where(task.c.lane == bindparam("lane"), task.c.due_at > bindparam("now", type_=BigInteger()), task.c.owner != literal_column("''"))
    .limit(literal_column("1"))
)


def something_claimed(c: Connection, lane: str, now: int) -> bool:
    """Whether a task of the lane is claimed by anybody, and the claim still holds."""
    return c.row(_BUSY, {"lane": lane, "now": now}) is not None


def something_due(c: Connection, lane: str, now: int) -> bool:
    """Whether a task of the lane is due."""
    return c.row(_DUE, {"lane": lane, "now": now}) is not None
