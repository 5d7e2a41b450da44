"""Orders as operators see them: the newest, those in doubt, and one with everything that is on record about it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from adapter import clock
from adapter.contract.path import parse_path
from adapter.errors import NotFound
from adapter.faces.admin.named import orders_of
from adapter.faces.admin.tasks import task_row
from adapter.faces.admin.timeline import Way, outcome, timeline
from adapter.mapping.runtime import ABSENT, reach
from adapter.recorded import document_of, kind_of
from adapter.store import AttemptRow, MessageRow, OrderQuery, OrderRow, Store, auditing, dead_letters, outbox
from adapter.store.connection import Connection
from adapter.store.reading import find_order, find_orders
from adapter.store.reading import order_row as order_of_row
from adapter.store.task_listing import find, read
from adapter.store.task_rows import Task, TaskQuery

_MOST_CHANGES = 1000  # of one order, the newest
_AROUND = 60 * 86_400_000  # milliseconds: what belongs together is made at most so long before or after each other
_MOST_COMPARED = 20_000  # orders of that time, the newest


async def list_orders(store: Store, limit: int, state: str = "", markets: Collection[str] = ()) -> list[dict[str, Any]]:
    """The newest orders, of these markets where any are named."""
    query = OrderQuery(limit=limit, state=state or None, markets=frozenset(markets) or None)
    return [order_row(row) for row in await store.orders(query)]


async def list_in_doubt(store: Store, limit: int) -> list[dict[str, Any]]:
    """Orders whose backend may or may not have taken them, the longest in doubt first, and what is being done about each."""
    now = await store.now()
    found = [each for each in await store.open_attempts(now, limit) if each.attempt.outcome is not None or each.attempt.deadline <= now]
    helpers = await store.tx(_reconciling, [each.order.id for each in found])
    return [
        {
            **order_row(each.order),
            "attempt": each.attempt.number,
            "since": clock.iso(each.attempt.started_at),
            "seconds": (now - each.attempt.started_at) // 1000,
            "evidence": each.attempt.evidence,
            "task": task_row(helpers[each.order.id], now) if each.order.id in helpers else None,
        }
        for each in found
    ]


def _reconciling(c: Connection, orders: list[str]) -> dict[str, Task]:
    found = {order: read(c, f"reconcile:{order}") for order in orders}
    return {order: task for order, task in found.items() if task is not None}


async def show_order(store: Store, identifier: str) -> dict[str, Any] | None:
    """``way_of_order``, None where there is no such order."""
    try:
        return await way_of_order(store, identifier)
    except NotFound:
        return None


async def way_of_order(store: Store, identifier: str, related: Callable[[str], str] = lambda _: "") -> dict[str, Any]:
    """One order (its id, the backend's or the caller's own number: the newest, where several of one market have it) with its attempts
    and messages, and with all that is on record about it as one list in the order of time: events, deliveries, tasks and what people did
    as well. ``related`` gives by market the path at which resources that belong together have the same value. Raises NotFound; Conflict
    where the number is one of several markets."""
    row, *others = await orders_of(store, identifier)
    attempts, messages = await store.attempts(row.id), await store.messages(row.id)
    way: Way = await store.tx(_way, row, attempts, messages)
    now = await store.now()
    return {
        **order_row(row),
        "namesakes": [_in_brief(each) for each in others],
        "related": [_in_brief(each) for each in await _related(store, row, related(row.market))],
        "attempts": [_attempt(item) for item in attempts],
        "messages": [_message(item) for item in messages],
        "timeline": timeline(way, now),
    }


async def _related(store: Store, row: OrderRow, path: str) -> list[OrderRow]:
    """The newest first. Nothing on record is indexed by what documents hold, so only those of about the same time are looked through."""
    shared = _value_at(row, path) if path else None
    if shared is None:
        return []
    begins, ends = row.created_at - _AROUND, row.created_at + _AROUND
    query = OrderQuery(markets=frozenset({row.market}), resource=kind_of(row), answered=True, created_from=begins, created_until=ends)
    found, looked = [], 0
    async for each in store.stream(query):
        looked += 1
        if each.id != row.id and _value_at(each, path) == shared:
            found.append(each)
        if looked == _MOST_COMPARED:
            break
    return found


def _in_brief(row: OrderRow) -> str:
    number = f", the backend's {row.backend_ref}" if row.backend_ref else ""
    return f"{kind_of(row)} {row.id}{number}: {row.state}"


def _value_at(row: OrderRow, path: str) -> Any:
    found = reach(document_of(row), parse_path(path).steps)
    return None if found is ABSENT else found


def _way(c: Connection, row: OrderRow, attempts: list[AttemptRow], messages: list[MessageRow]) -> Way:
    return Way(
        order=row,
        attempts=tuple(attempts),
        messages=tuple(messages),
        events=tuple(outbox.events_of(c, row.id)),
        deliveries=tuple(dead_letters.deliveries_of(c, row.id)),
        tasks=tuple(find(c, TaskQuery(order_id=row.id))),
        audit=tuple(auditing.find(c, row.id)),
        changes=tuple(order_of_row(each) for each in reversed(find_orders(c, OrderQuery(subject=row.id, limit=_MOST_CHANGES)))),
        subject=order_of_row(subject) if row.subject and (subject := find_order(c, None, row.subject)) is not None else None,
    )


def order_row(row: OrderRow) -> dict[str, Any]:
    """An order as operators see it."""
    return {
        "id": row.id,
        "market": row.market,
        "operation": row.operation,
        "subject": row.subject,
        "face": row.face,
        "client": row.client,
        "externalId": row.external_id,
        "clientReference": row.client_reference,
        "backendReference": row.backend_ref,
        "correlationId": row.correlation_id,
        "state": row.state,
        "legacyState": row.legacy_state,
        "attention": row.attention,
        "outcome": outcome(row.outcome),
        "attempts": row.attempt,
        "createdAt": clock.iso(row.created_at),
        "updatedAt": clock.iso(row.updated_at),
        "doneAt": clock.iso(row.done_at) if row.done_at else "",
        "rules": row.rule_version,
    }


def _attempt(row: AttemptRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "outcome": outcome(row.outcome),
        "startedAt": clock.iso(row.started_at),
        "deadline": clock.iso(row.deadline),
        "settledAt": clock.iso(row.settled_at) if row.settled_at else None,
        "evidence": row.evidence,
        "rules": row.rule_version,
        "issues": [{"text": issue.text, "severity": issue.severity, "code": issue.code, "name": issue.name} for issue in row.issues],
    }


def _message(row: MessageRow) -> dict[str, Any]:
    return {
        "direction": row.direction,
        "operation": row.operation,
        "at": clock.iso(row.at),
        "contentType": row.content_type,
        "status": row.status,
        "attempt": row.attempt,
        "body": row.body.decode("utf-8", "replace"),
        "damage": row.damage,
    }
