"""Removing what is past its age, at once and by hand; and looking what that would be."""

from __future__ import annotations

from typing import Any

from adapter.faces.admin.by_hand import Hand
from adapter.settings import Retention as Declared
from adapter.store import Store, auditing
from adapter.store.connection import Connection
from adapter.store.purging import DAY, Retention, purge

AT_ONCE = 500
"""Orders of one transaction, so that the live load never waits for long."""

LOOKED_AT = 10_000
"""So many of each kind are counted by a look that removes nothing."""


async def purge_by_hand(store: Store, declared: Declared, dry_run: bool, hand: Hand) -> dict[str, Any]:
    """Removes all that may go, or counts it. ``rows`` by table; ``more``: a look stopped counting, there may be more."""
    rules, now = retention(declared), await store.now()
    if dry_run:
        try:
            await store.tx(_count, rules, now)
        except _Counted as counted:
            rows = counted.rows
        return {"rows": rows, "dryRun": True, "more": any(count >= LOOKED_AT for count in rows.values())}
    rows = {}
    while gone := await store.tx(purge, rules, now, AT_ONCE):
        for table, count in gone.items():
            rows[table] = rows.get(table, 0) + count
    detail = ", ".join(f"{table} {count}" for table, count in rows.items()) or "nothing was past its age"
    await store.tx(auditing.write, hand.row(now, "record.purge", detail=detail))
    return {"rows": rows, "dryRun": False, "more": False}


def retention(declared: Declared) -> Retention:
    """The declared days as the record counts them."""
    days = declared.model_dump()
    return Retention(**{kind: None if age is None else round(age * DAY) for kind, age in days.items()})


class _Counted(Exception):
    def __init__(self, rows: dict[str, int]) -> None:
        self.rows = rows


def _count(c: Connection, rules: Retention, now: int) -> None:
    raise _Counted(purge(c, rules, now, LOOKED_AT))
