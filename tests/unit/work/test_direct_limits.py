"""Direct orders keep the backend's rate and its closed windows as well: callers wait a little, and are told when to come back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from adapter.errors import Overloaded
from adapter.store import OrderQuery, rates
from tests.waiting import until
from tests.work_kit import FOLLOWED, START, Node, lab_home, message, run

RATE = "rate: {perSecond: 10, burst: 3, reserve: 2}\n"
WINDOW = 'windows: [{cron: "14 22 * * *", minutes: 5}]\n'  # the clock begins at 22:13:20

Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    def begin(scenario: Callable[[Node], Awaitable[Any]], declared: str) -> Any:
        return run(lab_home(tmp_path / "home", declared + FOLLOWED), tmp_path / "data", scenario)

    return begin


def test_an_order_takes_a_permit_with_its_acceptance(start):
    async def scenario(n: Node) -> None:
        sent = message(received_at=n.clock())
        assert (await n.pipeline.place(sent)).status == 201
        after = await n.store.tx(rates.state, "lab")
        assert after.tat == START * 1000 + 100_000
        assert (await n.pipeline.place(sent)).status == 201  # a repeat is only read
        assert await n.store.tx(rates.state, "lab") == after

    start(scenario, RATE)


def test_an_order_without_a_permit_waits_for_one(start):
    async def scenario(n: Node) -> None:
        replies = [asyncio.create_task(n.place()) for _ in range(4)]

        async def on_record() -> bool:
            return len(await n.store.orders(OrderQuery())) >= 3

        await until(on_record, "three orders on record")
        assert n.booked() <= 3
        n.clock.later(0.1)
        assert [reply.status for reply in await asyncio.gather(*replies)] == [201] * 4
        assert n.booked() == 4

    start(scenario, RATE)


def test_a_caller_is_not_kept_waiting_for_ever(start, monkeypatch):
    monkeypatch.setattr("adapter.pipeline._PATIENCE", 0.0)

    async def scenario(n: Node) -> None:
        for _ in range(3):
            await n.place()
        with pytest.raises(Overloaded) as refused:
            await n.place()
        assert refused.value.headers == {"Retry-After": "1"}
        assert n.booked() == 3
        assert len(await n.store.orders(OrderQuery())) == 3  # nothing was done, and nothing is left of it

    start(scenario, RATE)


def test_without_a_rate_nothing_is_asked_of_the_row(start):
    async def scenario(n: Node) -> None:
        await n.place()
        assert await n.store.tx(rates.state, "lab") == rates.RateRow("lab")

    start(scenario, "")


def test_f20_a_direct_order_is_not_sent_into_a_closed_window(start):
    async def scenario(n: Node) -> None:
        sent = message(received_at=n.clock())
        assert (await n.pipeline.place(sent)).status == 201
        n.clock.later(37.7)
        assert (await n.place()).status == 201
        n.clock.later(0.1)  # its call could last until 22:13:59.8, and its backend may see a moment later that it is over
        with pytest.raises(Overloaded) as refused:
            await n.place()
        assert refused.value.headers == {"Retry-After": "303"}
        n.clock.later(60)
        assert (await n.pipeline.place(sent)).status == 201  # what was answered is answered again
        with pytest.raises(Overloaded):
            await n.place()
        assert n.calls() == ["CreateOrder", "CreateOrder"]
        n.clock.later(242.2)
        assert (await n.place()).status == 201

    start(scenario, WINDOW)


def test_f20_a_deferred_order_is_accepted_in_a_closed_window_and_goes_when_it_is_over(start):
    async def scenario(n: Node) -> None:
        n.clock.later(60)
        assert (await n.place()).status == 201
        await n.round("submit")
        assert n.calls() == []
        n.clock.later(280)
        await n.round("submit")
        assert n.calls() == ["CreateOrder"]

    start(scenario, "delivery: deferred\n" + WINDOW)
