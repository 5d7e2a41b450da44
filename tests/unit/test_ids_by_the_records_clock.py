"""Ids sort by the record's clock: where the clock of a node's own machine is wrong, "the newest" is right all the same."""

from __future__ import annotations

import asyncio
from pathlib import Path

from adapter.pipeline import Pipeline
from adapter.store import OrderQuery
from adapter.store.ids import OrderIds
from tests.work_kit import START, Clock, lab_home, message, node


def test_orders_of_nodes_whose_clocks_differ_are_listed_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = Clock()  # the record's; it is years behind the clock of this machine
        async with node(lab_home(tmp_path / "home"), tmp_path / "data", clock) as n:
            other = Pipeline(n.backends, n.store, n.pipeline.renderers, n.pipeline.observer, n.store.clock)
            for number in range(6):
                sent = message({"externalId": f"T-{number}"}, received_at=clock() + 600_000 * (number % 2))
                await (n.pipeline, other)[number % 2].place(sent)
                clock.later(0.001)
            orders = await n.store.orders(OrderQuery())
            await other.drain()
        assert [order.external_id for order in orders] == [f"T-{number}" for number in reversed(range(6))]
        first = OrderIds(lambda: START)()
        assert {order.id[:8] for order in orders} == {first[:8]}

    asyncio.run(scenario())
