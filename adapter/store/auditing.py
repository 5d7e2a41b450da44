"""What people did to orders, tasks and listeners by hand: who, when, what."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.sqlite import insert as upsert

from adapter.store.connection import Connection, Statement
from adapter.store.schema import audit

_COLUMNS = ("id", "at", "actor", "action", "order_id", "detail")
_WRITE = Statement(upsert(audit).on_conflict_do_nothing(index_elements=["id"]), _COLUMNS)
_FIND = Statement(select(audit).where(audit.c.order_id == bindparam("order")).order_by(audit.c.at, audit.c.id))


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One deed: ``actor`` did ``action`` at ``at`` (milliseconds UTC); ``detail`` is for people. ``order_id`` "": not about one order."""

    id: str
    at: int
    actor: str
    action: str
    order_id: str = ""
    detail: str = ""


def write(c: Connection, row: AuditRow) -> None:
    """Keeps a deed, in the transaction that does it. Of the same id the first one stays."""
    c.change(_WRITE, asdict(row))


def find(c: Connection, order_id: str) -> list[AuditRow]:
    """What was done to an order, the first deed first."""
    return [AuditRow(*row) for row in c.rows(_FIND, {"order": order_id})]
