"""What the functions of ``tasks`` take and give. Times are integer milliseconds since the epoch, UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

import orjson

from adapter.frozen import frozen

EMPTY = "{}"
"""A payload of nothing, as it is kept."""


@frozen
class NewTask:
    """Work to be done: ``id`` is "kind:subject", so that the same work is there once, ``lane`` "kind:market".

    ``due_at`` in milliseconds UTC. ``payload`` is kept as JSON.
    """

    id: str
    lane: str
    due_at: int
    order_id: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)


@frozen
class Task:
    """A task on record. ``due_at`` None: parked. Of a claimed one it is when the task was due, which tells how late it is.

    ``owner`` is the node that works on it, "" none. ``attempts`` counts the claims since its last success, this one included.
    """

    id: str
    lane: str
    due_at: int | None
    fence: int
    owner: str
    attempts: int
    order_id: str
    payload: Mapping[str, Any]
    last_error: str
    created_at: int

    @property
    def kind(self) -> str:
        """What is to be done."""
        return self.lane.partition(":")[0]


@frozen
class Done:
    """The work is done, the task goes."""

    id: str
    fence: int


@frozen
class Later:
    """The task is due again at ``due_at``. ``keep_attempts``: this claim was no success; ``error`` says why."""

    id: str
    fence: int
    due_at: int
    error: str = ""
    keep_attempts: bool = False


@frozen
class Park:
    """The task waits for a person; ``reason`` tells why."""

    id: str
    fence: int
    reason: str


Ack = Done | Later | Park


@frozen
class TaskQuery:
    """Which tasks to list, by id. None means "any"; ``after`` is the id of the last task of the page before (exclusive).

    ``kind`` is what is before the colon of a lane. ``parked`` False: only those that are not.
    """

    lane: str | None = None
    kind: str | None = None
    order_id: str | None = None
    parked: bool | None = None
    after: str | None = None
    limit: int = 100


def pack_payload(payload: Mapping[str, Any]) -> str:
    """As the column keeps it."""
    return orjson.dumps(payload).decode() if payload else EMPTY


def task_row(row: tuple[Any, ...]) -> Task:
    """A row of the columns in the order of ``Task``."""
    task_id, lane, due_at, fence, owner, attempts, order_id, payload, last_error, created_at = row
    content = {} if payload == EMPTY else orjson.loads(payload)
    return Task(task_id, lane, due_at, fence, owner, attempts, order_id, content, last_error, created_at)
