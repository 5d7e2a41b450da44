"""A broker as one more listener: a real Kafka, which ``KAFKA_SERVERS`` names. Skipped without it, or without the extra ``kafka``."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapter.settings import Target
from adapter.work.target import declare, open_target
from tests.delivery_kit import World, run_world

aiokafka = pytest.importorskip("aiokafka", reason="the extra 'kafka' is not installed")
SERVERS = os.environ.get("KAFKA_SERVERS", "")
needs_server = pytest.mark.skipif(not SERVERS, reason="KAFKA_SERVERS names no server")


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Callable[[World], Awaitable[Any]]], Any]:
    return partial(run_world, f"sqlite:///{tmp_path}/record.db")


def target_at(servers: str) -> Target:
    return Target(name="bus", kind="kafka", servers=(servers,), face="tmf", subject=f"events-{uuid.uuid4().hex}-{{market}}")


async def consumed(topic: str, count: int) -> list[Any]:
    consumer = aiokafka.AIOKafkaConsumer(topic, bootstrap_servers=SERVERS, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        async with asyncio.timeout(15):
            return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()


@needs_server
def test_events_of_an_order_stand_in_one_partition_in_their_order(run):
    async def main(w: World) -> None:
        settings = target_at(SERVERS)
        await w.store.tx(declare, (settings,), ("north",), w.clock.now, ["T0"])
        target = open_target(settings, 10.0)
        deliverer = w.deliverer(targets={settings.callback: target})
        for order in ("A", "B", "C"):
            await w.publish(order, 1, 3)
        while await deliverer.tick():
            pass
        await target.close()
        found = await consumed(settings.subject.replace("{market}", "north"), 9)
        for order in ("A", "B", "C"):
            mine = [message for message in found if message.key == order.encode()]
            assert [dict(message.headers)["id"].decode() for message in mine] == [f"{order}-{step}" for step in (1, 2, 3)]
            assert len({message.partition for message in mine}) == 1
            assert b'"eventType":"ProductOrderStateChangeEvent"' in mine[0].value
        assert set(w.seen.outcomes) == {"delivered"}

    run(main)


def test_a_broker_that_is_away_is_said_and_the_stream_waits(run):
    async def main(w: World) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            settings = target_at(f"127.0.0.1:{taken.getsockname()[1]}")
            await w.store.tx(declare, (settings,), ("north",), w.clock.now, ["T0"])
            target = open_target(settings, 2.0)
            await w.publish("A", 1)
            await w.deliverer(targets={settings.callback: target}).tick()
            await target.close()
        stream = await w.stream("A", "T0")
        assert "the broker did not confirm it" in stream.last_error
        assert (stream.sent_seq, stream.parked_at) == (0, None)

    run(main)
