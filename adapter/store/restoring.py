"""A record that was taken from a copy: what was sent since the copy was made is not on it.

An order that waits on the copy may have been sent all the same. Each of them gets an attempt without an end, as if the worker who made it
had not come back: from there on it is in doubt, and nothing is sent before a probe or a person has told what became of it.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy import BigInteger, ColumnElement, Integer, bindparam, case, delete, insert, literal_column, null, or_, select, update

from adapter.store.connection import Connection, Statement
from adapter.store.reading import UNSETTLED
from adapter.store.schema import attempt, meta, resource_order, task

_MARK = "copied_at"
_EVIDENCE = "the record was restored from a copy: it is not known whether the order was sent after that was made"

_ORDER, _TASK, _ATTEMPT = resource_order.c, task.c, attempt.c
_ZERO: ColumnElement[int] = literal_column("0")
_NOW = bindparam("now", type_=BigInteger())

_TAKE_MARK = Statement(delete(meta).where(meta.c.name == literal_column(f"'{_MARK}'")))
# Locked, and in the order of their ids, as everywhere.
_WAITING = Statement(
    select(_ORDER.id, _ORDER.attempt, _ORDER.rule_version)
    .where(
        _ORDER.id.in_(select(_TASK.order_id).where(_TASK.lane.like(literal_column("'submit:%'")))),
        _ORDER.done_at.is_(None),
        or_(_ORDER.attempt == _ZERO, _ORDER.outcome == literal_column("'unavailable'"), _ORDER.outcome == literal_column("'absent'")),
    )
    .order_by(_ORDER.id)
    .with_for_update()
)
_NEXT = Statement(
    update(resource_order)
    .where(_ORDER.id == bindparam("order"))
    .values(attempt=bindparam("n", type_=Integer()), outcome=null(), updated_at=_NOW)
)
_INSERT = Statement(insert(attempt), ("order_id", "number", "node", "started_at", "deadline", "rule_version", "evidence"))
# What was open then may have ended since, and have been followed by another attempt: that a probe finds nothing proves something only once
# what was sent just before the restore can no longer take effect.
_AGAIN = Statement(
    update(attempt).where(UNSETTLED).values(deadline=_NOW, settled_at=case((_ATTEMPT.settled_at.is_(None), null()), else_=_NOW))
)


def mark(driver: sqlite3.Connection, now: int) -> None:
    """Has the file that is open here be known as a copy, made at ``now`` (milliseconds since the epoch), at its first start."""
    driver.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (_MARK, str(now)))


def settle_copy(c: Connection, now: int, node: str) -> int | None:
    """What ``doubt_all_waiting`` does, where the record is marked as a copy, and takes the mark off; None where it is not."""
    return doubt_all_waiting(c, now, node) if c.change(_TAKE_MARK, {}) else None


def doubt_all_waiting(c: Connection, now: int, node: str) -> int:
    """From here on every order that waits to be submitted is in doubt; how many there are. What is in doubt already is probed anew."""
    c.change(_AGAIN, {"now": now})
    waiting = c.rows(_WAITING, {})
    c.change_many(_NEXT, [{"order": order, "n": number + 1, "now": now} for order, number, _ in waiting])
    c.change_many(
        _INSERT,
        [
            {
                "order_id": order,
                "number": number + 1,
                "node": node,
                "started_at": now,
                "deadline": now,
                "rule_version": version,
                "evidence": _EVIDENCE,
            }
            for order, number, version in waiting
        ],
    )
    return len(waiting)
