"""A broker as one more listener: NATS JetStream, a real server. Skipped where ``nats-server`` or the extra ``nats`` is not installed."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapter.settings import Target
from adapter.store.dead_letters import redrive
from adapter.work.target import declare, open_target
from tests.delivery_kit import HOUR, World, run_world

nats = pytest.importorskip("nats", reason="the extra 'nats' is not installed")
SERVER = shutil.which("nats-server") or "/usr/sbin/nats-server"
pytestmark = pytest.mark.skipif(not Path(SERVER).exists(), reason="nats-server is not installed")


class Broker:
    """A server with its data in a folder; it may be stopped and started again at the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"nats://127.0.0.1:{self.port}"

    async def start(self) -> None:
        options = ("-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.folder))
        self.process = await asyncio.create_subprocess_exec(SERVER, *options, stderr=asyncio.subprocess.PIPE)
        assert self.process.stderr is not None
        while b"Server is ready" not in await self.process.stderr.readline():
            assert self.process.returncode is None
        self.drain = asyncio.create_task(self.process.stderr.read())

    async def stop(self) -> None:
        self.process.kill()
        await self.process.wait()
        await self.drain

    async def messages(self, count: int) -> list[Any]:
        client = await nats.connect(self.url)
        subscription = await client.jetstream().subscribe("events.>", ordered_consumer=True)
        found = [await subscription.next_msg(timeout=5) for _ in range(count)]
        rest = (await client.jetstream().stream_info("EVENTS")).state.messages
        await client.close()
        assert rest == count
        return found


@asynccontextmanager
async def broker(folder: Path, *subjects: str) -> AsyncIterator[Broker]:
    running = Broker(folder)
    await running.start()
    try:
        client = await nats.connect(running.url)
        await client.jetstream().add_stream(name="EVENTS", subjects=list(subjects or ("events.>",)))
        await client.close()
        yield running
    finally:
        if running.process.returncode is None:
            await running.stop()


def target_of(running: Broker, **more: Any) -> Target:
    return Target(name="bus", kind="nats", servers=(running.url,), face="tmf", **more)


async def declared(w: World, *targets: Target) -> None:
    await w.store.tx(declare, targets, ("north", "south"), w.clock.now, [f"T{number}" for number in range(2 * len(targets))])


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Callable[[World], Awaitable[Any]]], Any]:
    return partial(run_world, f"sqlite:///{tmp_path}/record.db")


def test_events_reach_the_stream_in_their_order_and_repeats_are_dropped_there(run, tmp_path):
    async def main(w: World) -> None:
        async with broker(tmp_path / "nats") as running:
            settings = target_of(running)
            await declared(w, settings)
            target = open_target(settings, 5.0)
            deliverer = w.deliverer(targets={settings.callback: target})
            for order in ("A", "B"):
                await w.publish(order, 1, 3)
            while await deliverer.tick():
                pass
            event = (await w.stream_events("A"))[0]
            await target.put(event, b"{}")  # a repeat: the stream knows its id
            found = await running.messages(6)
            for order in ("A", "B"):
                mine = [message.headers["Nats-Msg-Id"] for message in found if message.headers["order"] == order]
                assert mine == [f"{order}-{step}" for step in (1, 2, 3)]
            assert {message.subject for message in found} == {"events.north.ProductOrderStateChangeEvent"}
            assert b'"eventType":"ProductOrderStateChangeEvent"' in found[0].data
            await target.close()

    run(main)


def test_a_broker_that_is_away_is_waited_for_and_nothing_is_lost_or_out_of_order(run, tmp_path):
    async def main(w: World) -> None:
        async with broker(tmp_path / "nats") as running:
            settings = target_of(running)
            await declared(w, settings)
            target = open_target(settings, 5.0)
            deliverer = w.deliverer(targets={settings.callback: target})
            await w.publish("A", 1, 3)
            await deliverer.tick()
            await running.stop()
            await deliverer.tick()
            assert "failed" in w.seen.outcomes
            await running.start()
            for _ in range(50):
                w.clock.now += HOUR
                await deliverer.tick()
                if (await w.stream("A", "T0")).sent_seq == 3:
                    break
                await w.store.tx(redrive, "T0", "A", w.clock.now)
                await asyncio.sleep(0.1)  # the client library makes its connection anew in its own time
            assert [message.headers["Nats-Msg-Id"] for message in await running.messages(3)] == ["A-1", "A-2", "A-3"]
            await target.close()

    run(main)


def test_what_is_wrong_at_the_broker_is_said(run, tmp_path):
    async def main(w: World) -> None:
        async with broker(tmp_path / "nats", "other.>") as running:
            settings = target_of(running)
            await declared(w, settings)
            target = open_target(settings, 5.0)
            await w.publish("A", 1)
            await w.deliverer(targets={settings.callback: target}).tick()
            assert (
                "no stream of the broker takes the subject events.north.ProductOrderStateChangeEvent"
                in (await w.stream("A", "T0")).last_error
            )
            await target.close()
            await running.stop()
            away = open_target(settings, 5.0)
            w.clock.now += HOUR
            await w.deliverer(targets={settings.callback: away}).tick()
            assert "the broker did not confirm it" in (await w.stream("A", "T0")).last_error
            await away.close()

    run(main)
