"""F20 for questions about orders in doubt, whoever asks them: none begins in a closed window, or reaches into one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.bootstrap.work import closed_until
from adapter.errors import Overloaded
from adapter.ports import OutcomeKind
from simulators.http_server import Transport
from simulators.scenario import Behaviour
from tests.faults.cluster import with_record
from tests.waiting import until
from tests.work_kit import FOLLOWED, Clock, Node, lab_home, message, run

CUT = Behaviour(transport=Transport.CLOSE)  # booked, and not a word
CLOSED = datetime(2026, 1, 10, 2, 0, tzinfo=UTC)
START, END = round(CLOSED.timestamp() * 1000), round(CLOSED.timestamp() * 1000) + 600_000
WINDOW = 'windows: [{cron: "0 2 * * *", minutes: 10}]\n'


@pytest.fixture
def start(record: str, tmp_path: Path) -> Callable[..., Any]:
    def begin(scenario: Callable[[Node, Clock], Awaitable[Any]]) -> Any:
        clock = Clock(START - 60_000)

        async def inside(n: Node) -> None:
            n.pipeline.closed_until = closed_until(clock)
            await scenario(n, clock)

        home = with_record(lab_home(tmp_path / "home", WINDOW + FOLLOWED), record)
        return run(home, tmp_path / "data", inside, clock)

    return begin


def test_f20_a_callers_repeat_asks_nothing_in_a_window_and_is_not_told_that_nothing_was_done(start):
    async def scenario(n: Node, clock: Clock) -> None:
        sent = message(received_at=clock())
        n.simulator.once("CreateOrder", CUT)
        assert (await n.pipeline.place(sent)).status == 504
        for moment in (START - 100, START, END - 1):
            clock.at = moment
            reply = await n.pipeline.place(sent)
            assert (reply.status, orjson.loads(reply.body)["code"]) == (504, "outcome-in-doubt")
            with pytest.raises(Overloaded):
                await n.place()
        assert n.calls("FindOrder") == []
        clock.at = END
        assert (await n.pipeline.place(sent)).status == 201
        assert n.booked() == 1

    start(scenario)


def test_f20_a_probe_that_a_slow_record_has_held_up_until_the_window_is_not_made(start, monkeypatch):
    async def scenario(n: Node, clock: Clock) -> None:
        n.simulator.once("CreateOrder", CUT)
        assert (await n.place()).status == 504
        assert await n.work.sweep() == 1
        keep = n.store.keep

        async def keeps(*arguments: Any) -> None:
            await keep(*arguments)
            clock.at = max(clock.at, START - 1)

        monkeypatch.setattr(n.store, "keep", keeps)
        await n.round("reconcile")
        assert n.calls("FindOrder") == []
        assert (await n.tasks())["reconcile"].due_at == END
        clock.at = END
        await n.round("reconcile")
        assert (await n.order()).outcome is OutcomeKind.ACCEPTED

    start(scenario)


def test_f20_a_request_that_waited_for_another_one_until_the_window_sends_nothing(start):
    """Two keys for one order number: the second waits for the first, whose call comes to nothing just before the window."""

    async def scenario(n: Node, clock: Clock) -> None:
        clock.at = START - 2300
        n.simulator.once("CreateOrder", Behaviour(book=False, transport=Transport.CLOSE, after=0.5))
        both = [asyncio.create_task(n.place({"externalId": "E-1"})) for _ in range(2)]
        await until(lambda: n.calls("CreateOrder") and n.store._waiting._waiting, "one calls, the other waits for its end")
        clock.at = START - 100
        called, waited = sorted(await asyncio.gather(*both, return_exceptions=True), key=lambda told: isinstance(told, Overloaded))
        assert called.status == 504
        assert isinstance(waited, Overloaded)
        assert n.calls() == ["CreateOrder"]

    start(scenario)
