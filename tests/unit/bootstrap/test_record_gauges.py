"""Metrics about work and record: what the lanes tell, what a look at the record shows, and how often it is looked at."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from adapter.bootstrap.gauges import FRESH_SECONDS, RecordGauges
from adapter.bootstrap.work_metrics import WorkMetrics
from adapter.changing import attention_to
from adapter.errors import StoreUnavailable
from adapter.store import Acceptance, Direction, MessageRow, Store
from adapter.store.advancing import advance
from adapter.store.task_rows import NewTask
from adapter.store.tasks import put
from tests import postgres_kit
from tests.admin_kit import listening, parked_task
from tests.record_kit import on_store, place
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
    with postgres_kit.record(request.param, tmp_path) as url:
        yield lambda scenario: on_store(url, lambda store: scenario(store, url))


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


def test_orders_that_call_for_a_person_are_counted_by_market(run):
    async def scenario(store: Store, url: str) -> None:
        def placed(c: Any) -> None:
            for number, (market, attention) in enumerate([("a", "look"), ("a", ""), ("b", "look"), ("a", "look, too")]):
                order = place(c, f"O-{number}", external_id=f"E-{number}", key=f"K-{number}", market=market)
                assert advance(c, attention_to(order, attention, 1))

        await store.tx(placed)
        registry = CollectorRegistry()
        gauges = RecordGauges(registry, store, url)
        await gauges.refresh()
        shown = samples(registry)
        assert {name[1:]: value for name, value in shown.items() if name[0] == "adapter_orders_attention"} == {("a",): 2, ("b",): 1}

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


async def fill(store: Store) -> None:
    for index in range(200):
        body = secrets.token_bytes(2_000)  # which cannot be compressed
        said = MessageRow(Direction.CLIENT_REQUEST, "productOrder.create", body, 1)
        names = ("shop", f"k{index}", "f", "north", "productOrder.create", "shop", "tmf", "c-1")
        await store.accept(Acceptance(*names, body, 2**60, messages=(said,)))


def test_a_full_disk_can_be_read_and_shows_as_not_writable_until_there_is_room(tmp_path):
    async def main() -> None:
        url = f"sqlite:///{tmp_path}/record.db?max_page_count=80"
        store, registry, clock = await Store.open(url), CollectorRegistry(), Monotonic()
        gauges = RecordGauges(registry, store, url, clock)
        assert samples(registry)["adapter_record_writable",] == 0, "nobody has looked yet"
        await gauges.refresh()
        assert samples(registry)["adapter_record_writable",] == 1
        with pytest.raises(StoreUnavailable):
            await fill(store)
        clock.now += FRESH_SECONDS
        await gauges.refresh()
        shown = samples(registry)
        assert (shown["adapter_record_readable",], shown["adapter_record_writable",]) == (1, 0)
        await store._runner.alone(lambda driver: driver.execute("PRAGMA max_page_count=100000").fetchone())
        clock.now += FRESH_SECONDS
        await gauges.refresh()
        assert samples(registry)["adapter_record_writable",] == 1
        await store.close()

    asyncio.run(main())


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
