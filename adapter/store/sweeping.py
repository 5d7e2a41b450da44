"""What a crash left behind: attempts of which nobody knows what became, and that nobody is going to ask for."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Text, and_, bindparam, func, literal_column, not_, or_, select

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
