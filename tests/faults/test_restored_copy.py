"""F40: a record that was restored to an older state does not send what was sent since."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.ports import OutcomeKind
from adapter.store import OrderQuery, Store
from adapter.store.moving import export_record, import_record
from adapter.store.restoring import doubt_all_waiting
from adapter.store.task_listing import find
from adapter.store.task_rows import TaskQuery
from simulators.http_server import Transport
from simulators.scenario import Behaviour
from simulators.soap_server import Simulator
from tests import postgres_kit
from tests.faults.cluster import with_record
from tests.waiting import until
from tests.work_kit import FOLLOWED, Clock, Desk, Node, lab_home, node

DEFERRED = "delivery: deferred\n" + FOLLOWED
NEVER = Behaviour(transport=Transport.NEVER)
LATER = 60  # seconds from the copy to the restore

Scene = Callable[[Node], Awaitable[Any]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lab_home(tmp_path_factory.mktemp("home") / "h", DEFERRED)


def restored(home: Path, folder: Path, before: Scene, since: Scene, after: Scene) -> None:
    """What is done before the copy is made, what since, and what with the copy once that is in the place of the record."""

    async def scenario() -> None:
        clock, data, copy = Clock(), folder / "data", folder / "copy.db"
        async with Simulator(Desk()) as backend:
            async with node(home, data, clock, backend) as n:
                await before(n)
                await n.store.backup(copy)
                clock.later(1)
                await since(n)
            clock.later(LATER)
            shutil.copy(copy, data / "adapter.db")
            (data / "adapter.db-wal").unlink(missing_ok=True)
            async with node(home, data, clock, backend) as n:
                await after(n)

    asyncio.run(scenario())


async def three(n: Node) -> None:
    for number in range(3):
        await n.place({"externalId": f"T-{number}"})
        n.clock.later(0.001)


async def send(n: Node) -> None:
    for _ in range(4):
        await n.round("submit")


async def nothing(n: Node) -> None:
    assert n.calls() == []


async def work(n: Node) -> None:
    """Until nothing is left to be sent or to be asked for."""
    for _ in range(20):
        await n.round("submit")
        await n.round("reconcile")
        n.clock.later(1)


async def outcomes(n: Node) -> dict[str, list[OutcomeKind | None]]:
    orders = await n.store.orders(OrderQuery())
    return {order.external_id: [each.outcome for each in await n.store.attempts(order.id)] for order in orders}


async def kinds(n: Node) -> list[str]:
    return sorted(task.kind for task in await n.store.tx(find, TaskQuery()))


def test_f40_what_was_sent_after_the_copy_is_found_and_not_sent_again(home, tmp_path):
    async def after(n: Node) -> None:
        assert n.booked() == 3
        assert await outcomes(n) == {f"T-{number}": [None] for number in range(3)}
        await work(n)
        assert (n.booked(), n.calls("CreateOrder")) == (3, ["CreateOrder"] * 3)
        assert await outcomes(n) == {f"T-{number}": [OutcomeKind.ACCEPTED] for number in range(3)}
        assert {order.backend_ref for order in await n.store.orders(OrderQuery())} == {f"LAB-00000{number}" for number in (1, 2, 3)}
        assert await kinds(n) == ["poll"] * 3

    restored(home, tmp_path, three, send, after)


def test_f40_what_was_not_sent_is_sent_once_that_is_proved_under_the_same_reference(home, tmp_path):
    async def after(n: Node) -> None:
        await n.round("submit")
        await n.round("reconcile")
        assert n.calls("CreateOrder") == []
        await work(n)
        assert n.booked() == 3
        assert await outcomes(n) == {f"T-{number}": [OutcomeKind.ABSENT, OutcomeKind.ACCEPTED] for number in range(3)}

    restored(home, tmp_path, three, nothing, after)


def test_f40_where_no_probe_can_prove_it_a_person_is_asked(tmp_path):
    home = lab_home(tmp_path / "home", DEFERRED, {"settle: 2, authoritative: true": "settle: 2"})

    async def after(n: Node) -> None:
        await work(n)
        tasks = await n.store.tx(find, TaskQuery(parked=True))
        assert [task.kind for task in tasks] == ["reconcile"] * 3
        assert {task.last_error.partition(":")[0] for task in tasks} == {"in doubt"}
        assert (n.calls("CreateOrder"), {order.state for order in await n.store.orders(OrderQuery())}) == ([], {"held"})

    restored(home, tmp_path, three, nothing, after)


def test_f40_an_attempt_that_was_under_way_when_the_copy_was_made_is_not_taken_for_the_last_one(home, tmp_path):
    """It did nothing, and was followed by another one just before the restore, whose call may still take effect."""

    async def before(n: Node) -> None:
        await n.place()
        n.simulator.once("CreateOrder", Behaviour(book=False, transport=Transport.NEVER))
        await n.lane("submit").tick()
        await until(lambda: n.calls("CreateOrder"), "the call")

    async def since(n: Node) -> None:
        for running in list(n.lane("submit")._running):
            running.cancel()
        await asyncio.gather(*n.lane("submit")._running, return_exceptions=True)

    async def after(n: Node) -> None:
        [attempt] = await n.attempts()
        assert (attempt.outcome, attempt.deadline) == (None, n.clock())
        await n.round("submit")
        await n.round("reconcile")
        assert (await n.order()).state == "held"  # the probe found nothing, and that is too early to prove anything
        assert n.calls("FindOrder") == ["FindOrder"]
        await work(n)
        assert n.booked() == 1

    restored(home, tmp_path, before, since, after)


def test_f40_the_mark_is_the_copys_alone_and_counts_once(home, tmp_path):
    async def before(n: Node) -> None:
        await three(n)
        await n.store.backup(tmp_path / "other.db")
        assert await n.store.recall("copied_at") is None

    async def after(n: Node) -> None:
        assert await n.store.recall("copied_at") is None
        await work(n)
        await n.place({"externalId": "T-3"})
        await n.store.close()
        with capture_logs() as told:
            store = await Store.open(f"sqlite:///{tmp_path / 'data' / 'adapter.db'}", clock=n.clock)
        assert [line["event"] for line in told] == []
        order = (await store.orders(OrderQuery(external_id="T-3")))[0]
        assert await store.attempts(order.id) == []
        await store.close()

    restored(home, tmp_path, before, nothing, after)
    with sqlite3.connect(tmp_path / "other.db") as copy:
        assert copy.execute("SELECT count(*) FROM meta WHERE name = 'copied_at'").fetchone() == (1,)
    copy.close()
    assert [file.name for file in tmp_path.glob("other.db*")] == ["other.db"]


def test_f40_the_command_says_how_many_are_in_doubt_now(home, tmp_path, monkeypatch):
    async def scenario() -> None:
        async with node(home, tmp_path, Clock()) as n:
            await three(n)

    asyncio.run(scenario())
    monkeypatch.setenv("ADAPTER_HOME", str(home))
    monkeypatch.setenv("ADAPTER_DATA", str(tmp_path))
    told = [CliRunner().invoke(app, ["restored"]).stdout for _ in range(2)]
    assert told == [
        f"{count} orders that wait are in doubt now: the backend is asked for each before anything is sent\n" for count in (3, 0)
    ]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_f40_a_record_of_which_a_person_says_that_it_was_restored(engine, tmp_path):
    """A restore by the database's own means, or an export of some time ago: nothing in it says that it is old."""

    home, elsewhere = lab_home(tmp_path / "home", DEFERRED), lab_home(tmp_path / "elsewhere", DEFERRED)

    async def scenario(url: str) -> None:
        clock = Clock()
        file = tmp_path / "old.jsonl.zst"
        async with Simulator(Desk()) as backend:
            async with node(home, tmp_path / "data", clock, backend) as n:
                await three(n)
            source = f"sqlite:///{tmp_path / 'data' / 'adapter.db'}"
            await export_record(source, file, lambda _: None)
            async with node(home, tmp_path / "data", clock, backend) as n:
                await send(n)
                assert n.booked() == 3
            await import_record(url, file, lambda _: None)
            clock.later(LATER)
            store = await Store.open(url, clock=clock)
            assert await store.tx(doubt_all_waiting, clock(), store.node) == 3
            assert await store.tx(doubt_all_waiting, clock(), store.node) == 0
            await store.close()
            async with node(with_record(elsewhere, url), tmp_path / "data-2", clock, backend) as n:
                await work(n)
                assert (n.booked(), n.calls("CreateOrder")) == (3, ["CreateOrder"] * 3)
                assert await outcomes(n) == {f"T-{number}": [OutcomeKind.ACCEPTED] for number in range(3)}

    with postgres_kit.record(engine, tmp_path / "other") as url:
        asyncio.run(scenario(url))
