"""How things stand on record, measured when somebody asks for the metrics: how far each lane is behind, what is in doubt, who has not
heard what. One look serves all who ask within a few seconds; it reads ends of indexes, not tables.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import structlog
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from adapter.errors import StoreUnavailable
from adapter.store import Store, measuring
from adapter.store.address import SqliteAddress, parse
from adapter.store.connection import Connection

log = structlog.get_logger("adapter.service")

FRESH_SECONDS = 5.0
"""A look is good for so long."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the record showed, at ``now``."""

    now: int
    lanes: tuple[measuring.Lane, ...]
    unknown: tuple[measuring.Unknown, ...]
    attention: Mapping[str, int]
    streams: tuple[measuring.Streams, ...]
    server: measuring.Server | None


class RecordGauges(Collector):
    """The gauges of a record, which is at ``url``."""

    def __init__(self, registry: CollectorRegistry, store: Store, url: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        address = parse(url)
        self._wal = address.file.with_name(f"{address.file.name}-wal") if isinstance(address, SqliteAddress) else None
        self._store, self._monotonic = store, monotonic
        self._look: Look | None = None
        self._writable = False
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()
        registry.register(self)

    async def refresh(self) -> None:
        """Looks, unless that was done a moment ago. A record that cannot be read shows as such, and raises nothing."""
        async with self._looking:
            if self._monotonic() - self._looked_at < FRESH_SECONDS:
                return
            try:
                now = await self._store.now()
                self._look = await self._store.tx(_look, now, self._wal is None)
            except StoreUnavailable as error:
                self._look = None
                log.warning("metrics.record-unavailable", reason=str(error))
            self._writable = await self._written()
            self._looked_at = self._monotonic()

    async def _written(self) -> bool:
        """Whether the record takes a write, as ``/health/ready`` asks: a full disk can still be read."""
        try:
            await self._store.ready()
        except StoreUnavailable as error:
            log.warning("metrics.record-not-writable", reason=str(error))
            return False
        return True

    def collect(self) -> Iterator[Metric]:
        """The families, from the last look."""
        yield _gauge("adapter_record_readable", "1 where the last look at the record succeeded", int(self._look is not None))
        yield _gauge("adapter_record_writable", "1 where the last look could write to the record, too", int(self._writable))
        if self._wal is not None:
            size = self._wal.stat().st_size if self._wal.is_file() else 0
            yield _gauge("adapter_sqlite_wal_bytes", "Size of the write-ahead log", size)
            version = InfoMetricFamily("adapter_sqlite", "The SQLite that keeps the record")
            version.add_metric([], {"version": sqlite3.sqlite_version})
            yield version
        if self._look is not None:
            yield from _lanes(self._look)
            yield from _unknown(self._look)
            yield from _attention(self._look)
            yield from _listeners(self._look)
            if self._look.server is not None:
                yield from _server(self._look.server)


def _look(c: Connection, now: int, server: bool) -> Look:
    lanes, unknown, streams = measuring.lanes(c, now), measuring.unknown(c, now), measuring.streams(c)
    return Look(now, tuple(lanes), tuple(unknown), measuring.attention(c), tuple(streams), measuring.server(c) if server else None)


def _lanes(look: Look) -> Iterator[Metric]:
    late = GaugeMetricFamily("adapter_lane_oldest_due_seconds", "How long the longest due task waits to be taken", labels=["lane"])
    parked = GaugeMetricFamily("adapter_lane_parked", "Tasks that wait for a person", labels=["lane"])
    for lane in look.lanes:
        late.add_metric([lane.lane], _seconds(look.now, lane.due))
        parked.add_metric([lane.lane], lane.parked)
    yield from (late, parked)


def _unknown(look: Look) -> Iterator[Metric]:
    orders = GaugeMetricFamily("adapter_unknown_outcomes", "Orders that the backend may or may not have", labels=["market"])
    oldest = GaugeMetricFamily("adapter_unknown_outcome_oldest_seconds", "Since the first of these was sent", labels=["market"])
    for one in look.unknown:
        orders.add_metric([one.market], one.orders)
        oldest.add_metric([one.market], _seconds(look.now, one.since))
    yield from (orders, oldest)


def _attention(look: Look) -> Iterator[Metric]:
    orders = GaugeMetricFamily("adapter_orders_attention", "Orders that a person has to look at", labels=["market"])
    for market, count in look.attention.items():
        orders.add_metric([market], count)
    yield orders


def _listeners(look: Look) -> Iterator[Metric]:
    oldest = GaugeMetricFamily("adapter_listener_oldest_undelivered_seconds", "Age of the oldest event not delivered", labels=["listener"])
    waiting = GaugeMetricFamily("adapter_listener_waiting_streams", "Orders with events that are to be sent", labels=["listener"])
    parked = GaugeMetricFamily("adapter_listener_parked_streams", "Orders whose events stand still", labels=["listener"])
    for one in look.streams:
        oldest.add_metric([one.listener], _seconds(look.now, one.oldest))
        waiting.add_metric([one.listener], one.waiting)
        parked.add_metric([one.listener], one.parked)
    yield from (oldest, waiting, parked)


def _server(server: measuring.Server) -> Iterator[Metric]:
    dead = GaugeMetricFamily("adapter_database_dead_rows", "Rows that wait for vacuum", labels=["table"])
    for table, rows in server.dead_rows.items():
        dead.add_metric([table], rows)
    yield dead
    yield _gauge("adapter_database_oldest_transaction_seconds", "Age of the oldest open transaction", server.oldest_transaction)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _seconds(now: int, since: int | None) -> float:
    return 0.0 if since is None else max(0, now - since) / 1000
