"""Everything about orders that needs a person: what is not understood, what stands still, and taking note of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from adapter.changing import attention_to
from adapter.errors import Conflict
from adapter.faces.admin.by_hand import Hand
from adapter.faces.admin.named import order_of
from adapter.faces.admin.orders import order_row
from adapter.store import OrderQuery, OrderRow, Store, auditing, dead_letters
from adapter.store.advancing import advance
from adapter.store.connection import Connection
from adapter.store.outbox import DeliveryRow
from adapter.store.reading import find_order, find_orders
from adapter.store.reading import order_row as row_of
from adapter.store.task_listing import find
from adapter.store.task_rows import Task, TaskQuery


async def list_attention(store: Store, limit: int, markets: Collection[str] = ()) -> list[dict[str, Any]]:
    """Orders that a person has to look at, the newest first: those with a call for attention, with a parked task, with a parked stream of
    events. ``stands`` is the id of what stands still ("": the order goes on), ``reason`` says why; an order may have several rows."""
    found: list[dict[str, Any]] = await store.tx(_list, limit, frozenset(markets) or None)
    return found


def _list(c: Connection, limit: int, markets: frozenset[str] | None) -> list[dict[str, Any]]:
    orders = {row.id: row for row in map(row_of, find_orders(c, OrderQuery(attention=True, markets=markets, limit=limit)))}
    tasks = [task for task in find(c, TaskQuery(parked=True, limit=limit)) if task.order_id]
    streams = dead_letters.dead_letters(c, limit)
    for identifier in (*(task.order_id for task in tasks), *(stream.order_id for stream in streams)):
        if identifier not in orders and (row := find_order(c, None, identifier)) is not None:
            orders[identifier] = row_of(row)
    rows = [
        {**order_row(order), "stands": stands, "reason": reason}
        for order in sorted(orders.values(), key=lambda order: order.id, reverse=True)
        if markets is None or order.market in markets
        for stands, reason in _calls(order, tasks, streams)
    ]
    return rows[:limit]


def _calls(order: OrderRow, tasks: list[Task], streams: list[DeliveryRow]) -> Iterator[tuple[str, str]]:
    """What stands still and why. A task that was parked with the very words of the order's call says the same once."""
    parked = [(task.id, task.last_error) for task in tasks if task.order_id == order.id]
    if order.attention and order.attention not in (reason for _, reason in parked):
        yield "", order.attention
    yield from parked
    for stream in streams:
        if stream.order_id == order.id:
            yield f"{stream.listener}/{stream.order_id}", f"event {stream.sent_seq + 1}: {stream.last_error}"


async def dismiss(store: Store, identifier: str, why: str, hand: Hand) -> dict[str, Any]:
    """A person has seen to it: the order's call for attention goes, and is in the audit. The order itself stays as it is.

    Raises NotFound; Conflict where nothing calls for attention, or where a parked task does, which has to be redriven or settled.
    """
    order = await order_of(store, identifier)
    parked = await store.tx(find, TaskQuery(order_id=order.id, parked=True))
    if parked:
        doubt = parked[0].kind == "reconcile"
        how = f"settle it with 'adapter orders settle {order.id}'" if doubt else f"redrive it with 'adapter tasks redrive {parked[0].id}'"
        raise Conflict(f"task {parked[0].id} of order {order.id} stands still: {parked[0].last_error or 'without a reason'}; {how}")
    if not order.attention:
        raise Conflict(f"order {order.id} calls for nobody's attention; 'adapter orders --attention' lists those that do")
    if not await store.tx(_dismiss, order, await store.now(), why, hand):
        raise Conflict(f"order {order.id} has moved in this moment; look at 'adapter orders {order.id}' again")
    return {"order": order.id, "reason": order.attention}


def _dismiss(c: Connection, order: OrderRow, now: int, why: str, hand: Hand) -> bool:
    if not advance(c, attention_to(order, "", now)):
        return False
    auditing.write(c, hand.row(now, "order.dismiss", order.id, f"{order.attention}: {why}"))
    return True
