"""Listeners as operators see them: who hears of what, and how it goes."""

from __future__ import annotations

from typing import Any

from adapter import clock
from adapter.errors import NotFound
from adapter.faces.admin.by_hand import Hand
from adapter.store import Store, auditing, listening, measuring
from adapter.store.connection import Connection
from adapter.store.outbox import ListenerRow


async def list_listeners(store: Store) -> list[dict[str, Any]]:
    """Every live listener with what waits for it."""
    now = await store.now()
    rows = await store.tx(listening.listeners)
    waiting = {row.listener: row for row in await store.tx(measuring.streams)}
    return [_row(row, waiting.get(row.id), now) for row in rows]


def _row(row: ListenerRow, waiting: measuring.Streams | None, now: int) -> dict[str, Any]:
    paused = row.paused_until is not None and row.paused_until > now
    return {
        "id": row.id,
        "market": row.market,
        "client": row.client,
        "face": row.face,
        "callback": row.callback,
        "query": row.query,
        "createdAt": clock.iso(row.created_at),
        "state": f"paused until {clock.iso(row.paused_until or 0)}" if paused else "failing" if row.failures else "well",
        "failures": row.failures,
        "waiting": waiting.waiting if waiting else 0,
        "parked": waiting.parked if waiting else 0,
        "oldestSeconds": (now - waiting.oldest) // 1000 if waiting and waiting.oldest is not None else 0,
    }


async def resume(store: Store, identifier: str, hand: Hand) -> dict[str, Any]:
    """Ends a listener's pause. Raises NotFound."""
    if not await store.tx(_resume, identifier, await store.now(), hand):
        raise NotFound(f"there is no listener '{identifier}'; 'adapter listeners' lists them")
    return {"resumed": identifier}


def _resume(c: Connection, identifier: str, now: int, hand: Hand) -> bool:
    if not listening.resume(c, identifier):
        return False
    auditing.write(c, hand.row(now, "listener.resume", detail=f"listener {identifier}"))
    return True
