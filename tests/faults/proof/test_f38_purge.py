"""F38: old rows are removed while orders come and go, on several nodes at once; nothing goes that is still needed."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from functools import partial

import pytest

from adapter.ports import OutcomeKind
from adapter.store import OrderQuery, Store
from adapter.store.advancing import Change, advance
from adapter.store.listening import subscribe
from adapter.store.outbox import ListenerRow, NewEvent, claim_cursors, delivered, events_of
from adapter.store.purging import DAY, Retention, purge
from adapter.store.tasks import NewTask, TaskQuery, find, put
from tests.record_kit import AS_PLACED, place

NOW = 400 * DAY
SHORT = Retention(messages=DAY, events=DAY, orders=DAY, audit=DAY, codes=DAY)
KINDS = ("over", "open", "unsettled", "in doubt", "with a task", "with an event to tell")


async def live(store: Store, kind: str, name: str) -> None:
    """An order of long ago, step by step; it is over at the last step, if at all."""
    market = "told" if kind == "with an event to tell" else "north"
    outcome = {"unsettled": None, "in doubt": OutcomeKind.IN_DOUBT}.get(kind, OutcomeKind.ACCEPTED)
    await store.tx(partial(place, market=market), name, 0, outcome)
    if kind == "with a task":
        await store.tx(put, [NewTask(f"poll:{name}", "poll:north", NOW, name)], 0)
    if kind not in ("unsettled", "in doubt", "open"):
        told = (NewEvent(f"E-{name}", "t", b"{}"),)
        assert await store.tx(advance, Change(name, AS_PLACED, "completed", 0, done_at=0, events=told))


@pytest.fixture
def nodes_of(record: str, engine: str):
    @contextlib.asynccontextmanager
    async def opened():
        async with contextlib.AsyncExitStack() as stack:
            nodes = [await Store.open(record, node=f"n{number}") for number in range(1 if engine == "sqlite" else 3)]
            for node in nodes:
                stack.push_async_callback(node.close)
            yield nodes

    return opened


def test_f38_a_retention_run_beside_live_load_removes_nothing_that_is_needed(nodes_of):
    async def purging(store: Store, over: asyncio.Event) -> int:
        gone = 0
        while not over.is_set():
            gone += (await store.tx(purge, SHORT, NOW, 5)).get("resource_order", 0)
        while removed := await store.tx(purge, SHORT, NOW, 100):
            gone += removed.get("resource_order", 0)
        return gone

    async def scenario() -> None:
        async with nodes_of() as nodes:
            for name, market in (("L1", "told"), ("L2", "north")):
                row = ListenerRow(name, "tmf", "shop", market, f"https://{name}.example/events", "", 0)
                await nodes[0].tx(subscribe, row)
            over, turn = asyncio.Event(), itertools.cycle(nodes)
            purgers = [asyncio.create_task(purging(node, over)) for node in nodes]
            orders = {f"{kind} {number}": kind for number in range(12) for kind in KINDS}
            for first in range(0, len(orders), 6):
                some = list(orders.items())[first : first + 6]
                await asyncio.gather(*(live(next(turn), kind, name) for name, kind in some))
                for claimed in await nodes[0].tx(claim_cursors, "L2", 100, NOW, 1000, "n"):
                    assert await nodes[0].tx(delivered, claimed.delivery, claimed.delivery.last_seq, NOW)
            over.set()
            gone = sum(await asyncio.gather(*purgers))
            left = {order.id async for order in nodes[0].stream(OrderQuery())}
            assert left == {name for name, kind in orders.items() if kind != "over"}
            assert gone == len(orders) - len(left)
            tasks = {task.order_id for task in await nodes[0].tx(find, TaskQuery(limit=1000))}
            assert tasks == {name for name, kind in orders.items() if kind == "with a task"}
            for name in left:
                assert len(await nodes[0].attempts(name)) == 1
                expected = 1 if orders[name] == "with an event to tell" else 0
                assert len(await nodes[0].tx(events_of, name)) >= expected

    asyncio.run(asyncio.wait_for(scenario(), 60))
