"""Metrics about work and record: what the lanes tell, what a look at the record shows, and how often it is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from adapter.bootstrap.gauges import FRESH_SECONDS, RecordGauges
from adapter.bootstrap.work_metrics import WorkMetrics
from adapter.errors import StoreUnavailable
from adapter.store import Store
from adapter.store.task_rows import NewTask
from adapter.store.tasks import put
from tests import postgres_kit
from tests.admin_kit import listening, parked_task
from tests.service_kit import running


def samples(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    """By name and label values."""
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


class Monotonic:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["sqlite", "postgresql"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    def start(url: str, scenario: Callable[[Store, str], Awaitable[Any]]) -> None:
        async def inside() -> None:
            store = await Store.open(url)
            try:
                await scenario(store, url)
            finally:
                await store.close()

        asyncio.run(inside())

    if request.param == "sqlite":
        yield lambda scenario: start(f"sqlite:///{tmp_path / 'record.db'}", scenario)
    else:
        with postgres_kit.database() as url:
            yield lambda scenario: start(url, scenario)


def test_a_look_shows_lanes_listeners_and_the_record_itself(run):
    async def scenario(store: Store, url: str) -> None:
        registry = CollectorRegistry()
        metrics, gauges = WorkMetrics(registry), RecordGauges(registry, store, url)
        store.watch(metrics.transaction)
        assert samples(registry)["adapter_record_readable",] == 0, "nobody has looked yet"
        now = await store.now()
        await store.tx(put, [NewTask("poll:1", "poll:a", now - 5000), NewTask("poll:2", "poll:b", now + 60_000)])
        await parked_task(store, "submit:3", "submit:a")
        await listening(store)
        await gauges.refresh()
        shown = samples(registry)
        assert shown["adapter_record_readable",] == 1
        assert 5 <= shown["adapter_lane_oldest_due_seconds", "poll:a"] < 60
        assert shown["adapter_lane_oldest_due_seconds", "poll:b"] == 0
        assert (shown["adapter_lane_parked", "submit:a"], shown["adapter_lane_parked", "poll:a"]) == (1, 0)
        for name in ("oldest_undelivered_seconds", "waiting_streams", "parked_streams"):
            assert shown[f"adapter_listener_{name}", "L1"] == 0
        assert shown["adapter_transaction_seconds_count",] >= 4
        if url.startswith("sqlite"):
            assert shown["adapter_sqlite_wal_bytes",] > 0
            assert [name for name in shown if name[0] == "adapter_sqlite_info"]
        else:
            assert shown["adapter_database_dead_rows", "task"] >= 0
            assert shown["adapter_database_oldest_transaction_seconds",] >= 0
            assert not [name for name in shown if name[0].startswith("adapter_sqlite")]

    run(scenario)


@pytest.mark.parametrize("run", ["sqlite"], indirect=True)
def test_one_look_serves_all_who_ask_within_a_few_seconds(run):
    async def scenario(store: Store, url: str) -> None:
        registry, clock = CollectorRegistry(), Monotonic()
        gauges = RecordGauges(registry, store, url, clock)
        await gauges.refresh()
        await parked_task(store, "submit:3", "submit:a")
        clock.now += FRESH_SECONDS - 0.1
        await asyncio.gather(*(gauges.refresh() for _ in range(10)))
        assert ("adapter_lane_parked", "submit:a") not in samples(registry)
        clock.now += 0.2
        await gauges.refresh()
        assert samples(registry)["adapter_lane_parked", "submit:a"] == 1

    run(scenario)


@pytest.mark.parametrize("run", ["sqlite"], indirect=True)
def test_a_record_that_cannot_be_read_shows_as_such_and_hides_what_is_old(run, monkeypatch):
    async def scenario(store: Store, url: str) -> None:
        registry, clock = CollectorRegistry(), Monotonic()
        gauges = RecordGauges(registry, store, url, clock)
        await parked_task(store, "submit:3", "submit:a")
        await gauges.refresh()

        async def away() -> int:
            raise StoreUnavailable("the database does not answer")

        with monkeypatch.context() as broken:
            broken.setattr(store, "now", away)
            clock.now += FRESH_SECONDS
            await gauges.refresh()
        shown = samples(registry)
        assert shown["adapter_record_readable",] == 0
        assert ("adapter_lane_parked", "submit:a") not in shown
        clock.now += FRESH_SECONDS
        await gauges.refresh()
        assert samples(registry)["adapter_lane_parked", "submit:a"] == 1

    run(scenario)


def test_lanes_and_deliveries_are_counted():
    registry = CollectorRegistry()
    metrics = WorkMetrics(registry)
    metrics.claimed("poll:a", 7)
    metrics.acknowledged("poll:a", 5)
    metrics.lease_lost("poll:a", "poll:1")
    metrics.parked("poll:a", "poll:2", "why")
    metrics.waited("poll:a", "permits")
    metrics.delivery_ended("L1", "failed", 0.2)
    shown = samples(registry)
    assert shown["adapter_tasks_claimed_total", "poll:a"] == 7
    assert shown["adapter_tasks_acknowledged_total", "poll:a"] == 5
    assert shown["adapter_leases_lost_total", "poll:a"] == 1
    assert shown["adapter_tasks_parked_total", "poll:a"] == 1
    assert shown["adapter_lane_waits_total", "poll:a", "permits"] == 1
    assert shown["adapter_deliveries_total", "L1", "failed"] == 1
    assert shown["adapter_delivery_seconds_sum", "failed"] == 0.2


def test_a_running_service_shows_them(tmp_path):
    with running(tmp_path / "data") as service:
        text = service.http.get("/metrics").text
    assert "adapter_record_readable 1.0" in text
    assert "adapter_transaction_seconds_count" in text
    assert 'adapter_sqlite_info{version="' in text
