"""Tasks as operators see them, and having one that stands still go on."""

from __future__ import annotations

from typing import Any

from adapter import clock
from adapter.errors import Conflict, NotFound
from adapter.faces.admin.by_hand import Hand
from adapter.store import Store, auditing, tasks
from adapter.store.connection import Connection
from adapter.store.task_listing import find, read
from adapter.store.task_rows import Task, TaskQuery

ALL = 10_000
"""So many tasks of a lane are redriven in one transaction; those who ask do so until none is left."""


async def list_tasks(store: Store, limit: int, lane: str = "", parked: bool = False, order: str = "") -> list[dict[str, Any]]:
    """Tasks by id."""
    now = await store.now()
    query = TaskQuery(lane=lane or None, parked=parked or None, order_id=order or None, limit=limit)
    return [task_row(task, now) for task in await store.tx(find, query)]


def task_row(task: Task, now: int) -> dict[str, Any]:
    """A task as operators see it. ``state`` is parked, leased (somebody is at it), due or waiting."""
    state = (
        "parked" if task.due_at is None else "leased" if task.owner and task.due_at > now else "due" if task.due_at <= now else "waiting"
    )
    return {
        "id": task.id,
        "lane": task.lane,
        "state": state,
        "dueAt": clock.iso(task.due_at) if task.due_at is not None else "",
        "attempts": task.attempts,
        "fence": task.fence,
        "owner": task.owner,
        "order": task.order_id,
        "error": task.last_error,
        "createdAt": clock.iso(task.created_at),
    }


async def redrive_task(store: Store, identifier: str, hand: Hand) -> dict[str, Any]:
    """One parked or waiting task is due at once, with its count of claims at 0. Raises NotFound, Conflict while somebody is at it."""
    now = await store.now()
    if not await store.tx(_redrive, [identifier], now, hand):
        task = await store.tx(read, identifier)
        if task is None:
            raise NotFound(f"there is no task '{identifier}'; 'adapter tasks' lists them")
        until = clock.iso(task.due_at) if task.due_at is not None else "it is done"
        raise Conflict(f"{identifier} is being worked on by {task.owner} until {until}; look again then")
    return {"redriven": [identifier]}


async def redrive_lane(store: Store, lane: str, hand: Hand) -> dict[str, Any]:
    """Every parked task of a lane is due at once."""
    now = await store.now()
    parked = await store.tx(find, TaskQuery(lane=lane, parked=True, limit=ALL))
    return {"redriven": await store.tx(_redrive, [task.id for task in parked], now, hand)}


def _redrive(c: Connection, identifiers: list[str], now: int, hand: Hand) -> list[str]:
    moved = []
    for identifier in identifiers:
        task = read(c, identifier)
        if task is not None and tasks.redrive(c, identifier, now):
            why = f": {task.last_error}" if task.last_error else ""
            auditing.write(c, hand.row(now, "task.redrive", task.order_id, f"{identifier} after {task.attempts} claims{why}"))
            moved.append(identifier)
    return moved
