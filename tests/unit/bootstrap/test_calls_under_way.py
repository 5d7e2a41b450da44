"""How many calls of each backend are under way, as the metrics show it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from prometheus_client import CollectorRegistry

from adapter import clock
from adapter.bootstrap.observers import MarketMetrics
from adapter.store import Store


def test_calls_are_counted_by_market_also_where_its_wire_is_another_one_by_their_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = await Store.open(f"sqlite:///{tmp_path}/record.db", clock=clock.now)
        registry = CollectorRegistry()
        metrics = MarketMetrics(registry, store)
        await store.close()

        def shown(market: str) -> float | None:
            return registry.get_sample_value("adapter_calls_in_flight", {"market": market})

        first, other = metrics.wire("a"), metrics.wire("b")
        assert (shown("a"), shown("b")) == (0, 0)
        first.slot_taken(0.1)
        first.slot_taken(0.1)
        other.slot_taken(0.1)
        second = metrics.wire("a")  # as after the market was read again
        second.slot_taken(0.1)
        assert (shown("a"), shown("b")) == (3, 1)
        first.ended("replied", 0.2)
        second.ended("maybe_sent", 0.2)
        other.ended("cancelled", 0.2)
        assert (shown("a"), shown("b")) == (1, 0)

    asyncio.run(scenario())
