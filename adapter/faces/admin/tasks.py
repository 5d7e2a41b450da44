"""Tasks as operators see them, and having one that stands still go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapter import clock
from adapter.agenda import POLL, RECONCILE, SUBMIT, TIMER
from adapter.errors import Conflict, NotFound
from adapter.faces.admin.by_hand import Hand
from adapter.finding import nearest
from adapter.store import Store, auditing, measuring, tasks
from adapter.store.connection import Connection
from adapter.store.task_listing import find, read
from adapter.store.task_rows import Task, TaskQuery

ALL = 10_000
"""So many tasks of a lane are redriven in one transaction; those who ask do so until none is left."""

_KINDS = (SUBMIT, RECONCILE, POLL, TIMER)
_NAMED, _LOOKED_AT = 3, 1000  # tasks of an order that are told by name; parked tasks among which a near name is sought
ALIKE = 0.85  # ids of one moment begin alike: only a slip of a letter or two is near


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
            near = await _near_task(store, identifier)
            raise NotFound(f"there is no task '{identifier}'; {near}'adapter tasks' lists them")
        until = clock.iso(task.due_at) if task.due_at is not None else "it is done"
        raise Conflict(f"{identifier} is being worked on by {task.owner} until {until}; look again then")
    return {"redriven": [identifier]}


async def redrive_lane(store: Store, lane: str, hand: Hand, declared: Callable[[str], bool]) -> dict[str, Any]:
    """Every parked task of a lane is due at once. A lane without a task is one all the same, if its market is ``declared``. Raises
    NotFound for what is no lane: a mistyped name must not look as if all were well."""
    now = await store.now()
    parked = await store.tx(find, TaskQuery(lane=lane, parked=True, limit=ALL))
    if not parked and not _may_be(lane, declared):
        lanes = [each.lane for each in await store.tx(measuring.lanes, now)]
        if lane not in lanes:
            near = nearest(lane, lanes)
            hint = f"did you mean '{near}'?" if near else f"it is KIND:MARKET, of the kinds {', '.join(_KINDS)}, and a declared market."
            raise NotFound(f"there is no lane '{lane}'; {hint} 'adapter tasks --parked' lists what stands still, with its lane")
    return {"redriven": await store.tx(_redrive, [task.id for task in parked], now, hand)}


def _may_be(lane: str, declared: Callable[[str], bool]) -> bool:
    kind, _, market = lane.partition(":")
    return kind in _KINDS and bool(market) and declared(market)


async def _near_task(store: Store, identifier: str) -> str:
    """What a mistyped task probably is: the tasks of that order, where it is an order's id, else the nearest of the parked ones."""
    if own := await store.tx(find, TaskQuery(order_id=identifier, limit=_NAMED)) if identifier else []:
        return f"that order has {', '.join(task.id for task in own)}; "
    near = nearest(identifier, [task.id for task in await store.tx(find, TaskQuery(parked=True, limit=_LOOKED_AT))], ALIKE)
    return f"did you mean '{near}'? " if near else ""


def _redrive(c: Connection, identifiers: list[str], now: int, hand: Hand) -> list[str]:
    moved = []
    for identifier in identifiers:
        task = read(c, identifier)
        if task is not None and tasks.redrive(c, identifier, now):
            why = f": {task.last_error}" if task.last_error else ""
            auditing.write(c, hand.row(now, "task.redrive", task.order_id, f"{identifier} after {task.attempts} claims{why}"))
            moved.append(identifier)
    return moved
