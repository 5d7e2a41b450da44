"""What stands still until a person looks at it: parked tasks, and parked streams of events to a listener."""

from __future__ import annotations

from typing import Any

from adapter import clock
from adapter.errors import Conflict, InvalidMessage, NotFound
from adapter.faces.admin.by_hand import Hand
from adapter.faces.admin.tasks import ALIKE, redrive_task
from adapter.faces.admin.timeline import progress
from adapter.finding import nearest
from adapter.store import Store, auditing, dead_letters, listening, outbox
from adapter.store.connection import Connection
from adapter.store.outbox import DeliveryRow
from adapter.store.task_listing import find
from adapter.store.task_rows import Task, TaskQuery

_LOOKED_AT = 1000  # parked streams among which a near name is sought


async def list_dead_letters(store: Store, limit: int) -> list[dict[str, Any]]:
    """Parked tasks and parked streams. ``id`` is what ``redrive`` takes: a task's id, or ``LISTENER/ORDER``."""
    parked = await store.tx(find, TaskQuery(parked=True, limit=limit))
    streams = await store.tx(dead_letters.dead_letters, limit)
    return [_task(task) for task in parked] + [_stream(row) for row in streams]


def _task(task: Task) -> dict[str, Any]:
    return {
        "kind": "task",
        "id": task.id,
        "order": task.order_id,
        "since": clock.iso(task.created_at),
        "attempts": task.attempts,
        "reason": task.last_error,
        "waiting": "",
    }


def _stream(row: DeliveryRow) -> dict[str, Any]:
    return {
        "kind": "stream",
        "id": f"{row.listener}/{row.order_id}",
        "order": row.order_id,
        "since": clock.iso(row.parked_at) if row.parked_at is not None else "",
        "attempts": row.attempts,
        "reason": row.last_error,
        "waiting": f"event {row.sent_seq + 1} of {row.last_seq}",
    }


async def redrive(store: Store, identifier: str, hand: Hand) -> dict[str, Any]:
    """A parked task or stream goes on. Raises NotFound, Conflict where the stream has nothing to send or is being sent."""
    if "/" not in identifier:
        return await redrive_task(store, identifier, hand)
    listener, order = _stream_of(identifier)
    row = await _existing(store, listener, order)
    if not await store.tx(_redrive_stream, row, await store.now(), hand):
        raise Conflict(f"{identifier}: there is nothing to redrive; {await _standing(store, row)}")
    return {"redriven": [identifier]}


async def redrive_listener(store: Store, listener: str, hand: Hand) -> dict[str, Any]:
    """Every parked stream of one listener goes on, and its pause ends. Raises NotFound where nobody of that name listens."""
    moved = await store.tx(_redrive_listener, listener, await store.now(), hand)
    if not moved:
        await _refuse_unknown(store, listener)
    return {"redriven": moved}


async def skip(store: Store, identifier: str, reason: str, hand: Hand) -> dict[str, Any]:
    """The event a parked stream stands at is left out, and the gap is on record; the later ones follow. Raises NotFound, Conflict."""
    listener, order = _stream_of(identifier)
    row = await _existing(store, listener, order)
    if row.parked_at is None:
        raise Conflict(f"{identifier} is not parked, and only what stands still is skipped; {await _standing(store, row)}")
    if not await store.tx(dead_letters.skip, row, await store.now(), hand.actor, reason):
        raise Conflict(f"{identifier} has moved since; look again with 'adapter dead-letters'")
    return {"skipped": row.sent_seq + 1, "left": row.last_seq - row.sent_seq - 1}


def _redrive_stream(c: Connection, row: DeliveryRow, now: int, hand: Hand) -> bool:
    if not dead_letters.redrive(c, row.listener, row.order_id, now):
        return False
    auditing.write(c, hand.row(now, "delivery.redrive", row.order_id, _told(row)))
    return True


def _redrive_listener(c: Connection, listener: str, now: int, hand: Hand) -> list[str]:
    moved: list[str] = []
    after = ("", "")
    while page := dead_letters.dead_letters(c, 1000, after):
        after = (page[-1].listener, page[-1].order_id)
        for row in page:
            if row.listener == listener and _redrive_stream(c, row, now, hand):
                moved.append(f"{row.listener}/{row.order_id}")
    return moved


def _told(row: DeliveryRow) -> str:
    return f"listener {row.listener}, event {row.sent_seq + 1}, after {row.attempts} tries: {row.last_error}"


async def _standing(store: Store, row: DeliveryRow) -> str:
    state = "parked" if row.parked_at is not None else "nothing waits" if row.due_at is None else f"the next try is {clock.iso(row.due_at)}"
    return f"{progress(row, await store.tx(auditing.find, row.order_id))}, {state}"


def _stream_of(identifier: str) -> tuple[str, str]:
    listener, sign, order = identifier.partition("/")
    if not (listener and sign and order):
        raise InvalidMessage(f"'{identifier}' names no stream; write LISTENER/ORDER as 'adapter dead-letters' shows it")
    return listener, order


async def _refuse_unknown(store: Store, listener: str) -> None:
    known = [row.id for row in await store.tx(listening.listeners)]
    if listener not in known:
        near = nearest(listener, known)
        hint = f"did you mean '{near}'? " if near else ""
        raise NotFound(f"there is no listener '{listener}'; {hint}'adapter listeners' lists them")


async def _existing(store: Store, listener: str, order: str) -> outbox.DeliveryRow:
    row = await store.tx(dead_letters.find_delivery, listener, order)
    if row is None:
        await _refuse_unknown(store, listener)
        there = [each.order_id for each in await store.tx(dead_letters.dead_letters, _LOOKED_AT) if each.listener == listener]
        near = nearest(order, there, ALIKE)
        if near:
            raise NotFound(f"listener {listener} has no stream of order {order}; did you mean '{listener}/{near}'?")
        raise NotFound(f"listener {listener} has no stream of order {order}; 'adapter dead-letters' lists the parked ones")
    return row
