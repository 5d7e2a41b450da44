"""Orders of a market that is not followed have nothing more to come; those of an earlier release are asked for again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from adapter.ports import OutcomeKind
from adapter.store.connection import Connection, Statement
from adapter.store.purging import DAY, Retention, purge
from tests.work_kit import START, Clock, Node, lab_home, node, run

FORGET = Statement(text("DELETE FROM task"))
REOPEN = Statement(text("UPDATE resource_order SET done_at = NULL"))
ATTENTION = Statement(text("UPDATE resource_order SET attention = 'look'"))
NO_REFERENCE = Statement(text("UPDATE resource_order SET backend_ref = ''"))
COMPLETED = Statement(text("UPDATE resource_order SET state = 'completed'"))
TIMER = "\ntimers: [{name: slow, when: acknowledged, after: 60, attention: look}]\n"


def without_follow(folder: Path, declared: str = "") -> Path:
    """A home whose market lab asks for no states."""
    home = lab_home(folder, declared, {"  productOrder.status: {idempotent: true}\n": ""})
    (home / "mappings" / "lab" / "productOrder.status.yaml").unlink()
    return home


def as_before(c: Connection, *more: Statement) -> None:
    """As an earlier release has left it: accepted, and nothing else."""
    for statement in (FORGET, REOPEN, *more):
        c.change(statement, {})


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lab_home(tmp_path_factory.mktemp("followed") / "h")


@pytest.fixture(scope="module")
def unfollowed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return without_follow(tmp_path_factory.mktemp("unfollowed") / "h")


@pytest.mark.parametrize("delivery", ["direct", "deferred"])
def test_an_order_that_nobody_is_going_to_ask_for_has_its_end_and_is_purged_by_age(tmp_path, delivery):
    async def scenario(n: Node) -> None:
        assert (await n.place()).status == 201
        if delivery == "deferred":
            await n.round("submit")
        order = await n.order()
        assert (order.state, order.outcome, order.done_at) == ("acknowledged", OutcomeKind.ACCEPTED, n.clock())
        assert await n.tasks() == {}
        retention = Retention(orders=30 * DAY)
        assert await n.store.tx(purge, retention, n.clock() + 29 * DAY, 10) == {}
        assert (await n.store.tx(purge, retention, n.clock() + 31 * DAY, 10))["resource_order"] == 1

    run(without_follow(tmp_path / "h", f"delivery: {delivery}\n"), tmp_path / "data", scenario)


def test_an_order_with_a_timer_is_open_as_long_as_it_runs(tmp_path):
    async def scenario(n: Node) -> None:
        await n.place()
        assert ((await n.order()).done_at, (await n.tasks()).keys()) == (None, {"timer"})
        assert await n.work.catching_up() == 0

    run(without_follow(tmp_path / "h", TIMER), tmp_path / "data", scenario)


def test_an_order_of_an_earlier_release_is_asked_for_as_often_as_its_age_says(followed, tmp_path):
    async def scenario(n: Node) -> None:
        await n.place()
        await n.store.tx(as_before)
        n.clock.later(7200)
        assert await n.work.catching_up() == 1
        task = (await n.tasks())["poll"]
        assert (task.lane, task.due_at) == ("poll:lab", n.clock() + 900_000)
        n.desk.states["LAB-000001"] = "DONE"
        n.clock.later(900)
        await n.round("poll")
        assert ((await n.order()).state, (await n.order()).done_at) == ("completed", n.clock())
        assert await n.work.catching_up() == 0

    run(followed, tmp_path / "data", scenario)


@pytest.mark.parametrize(("change", "found", "done"), [(ATTENTION, 0, None), (COMPLETED, 1, START), (NO_REFERENCE, 1, START)])
def test_what_waits_for_a_person_or_cannot_be_asked_for_is_not_asked_for(followed, tmp_path, change, found, done):
    async def scenario(n: Node) -> None:
        await n.place()
        await n.store.tx(as_before, change)
        assert await n.work.catching_up() == found
        assert ((await n.order()).done_at, await n.tasks()) == (done, {})

    run(followed, tmp_path / "data", scenario)


def test_an_order_of_an_earlier_release_that_nobody_follows_has_its_end_and_keeps_its_age(unfollowed, tmp_path):
    async def scenario(n: Node) -> None:
        await n.place()
        await n.store.tx(as_before)
        n.clock.later(60)
        assert await n.work.catching_up() == 1
        order = await n.order()
        assert (order.done_at, order.updated_at, order.state) == (n.clock(), START, "acknowledged")

    run(unfollowed, tmp_path / "data", scenario)


def test_orders_of_a_market_that_is_not_declared_here_are_left_alone(unfollowed, tmp_path):
    async def scenario(n: Node) -> None:
        await n.place()
        await n.store.tx(as_before)
        n.work.catching_up._backends = {}
        assert await n.work.catching_up() == 0
        assert (await n.order()).done_at is None

    run(unfollowed, tmp_path / "data", scenario)


def test_the_record_is_walked_page_by_page_once_after_each_start(followed, tmp_path, monkeypatch):
    monkeypatch.setattr("adapter.work.catching_up.PAGE", 2)

    async def scenario(n: Node) -> None:
        for _ in range(5):
            assert (await n.place()).status == 201
        await n.store.tx(as_before)
        assert [await n.work.catching_up() for _ in range(4)] == [2, 2, 1, 0]
        await n.store.tx(as_before)
        assert await n.work.catching_up() == 0
        async with asyncio.timeout(10):
            assert (await n.place()).status == 201
        assert await n.work.catching_up() == 0, "what this release accepts has its task"

    async def again(n: Node) -> None:
        assert [await n.work.catching_up() for _ in range(4)] == [2, 2, 1, 0]

    run(followed, tmp_path / "data", scenario)
    run(followed, tmp_path / "data", again, Clock(START))


def test_a_node_has_it_among_its_chores(followed, tmp_path):
    async def scenario() -> None:
        async with node(followed, tmp_path / "data", Clock()) as one:
            assert "catching-up" in [chore.name for chore in one.work._housekeeping._chores]

    asyncio.run(scenario())
