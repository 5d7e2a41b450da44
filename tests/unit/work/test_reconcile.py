"""Orders in doubt, as tasks: found by the sweep, probed until it is known what became of them, else given to a person."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapter.agenda import task_of
from adapter.ports import OutcomeKind
from adapter.store import OrderQuery, tasks
from simulators.http_server import Transport
from simulators.lab.backend import Lab
from simulators.scenario import Behaviour
from simulators.soap_server import Simulator, SoapCall
from tests.waiting import until
from tests.work_kit import Clock, Desk, Node, lab_home, message, node, run

NEVER = Behaviour(transport=Transport.NEVER)
CUT = Behaviour(transport=Transport.CLOSE)  # booked, and not a word: the connection ends
LOST = Behaviour(book=False, transport=Transport.CLOSE)

Start = Callable[..., Any]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lab_home(tmp_path_factory.mktemp("home") / "h")


@pytest.fixture
def start(home: Path, tmp_path: Path) -> Start:
    def begin(scenario: Callable[[Node], Awaitable[Any]], home: Path = home) -> Any:
        return run(home, tmp_path / "data", scenario)

    return begin


async def in_doubt(n: Node, behaviour: Behaviour) -> None:
    """An order whose call got no answer, with its task."""
    n.simulator.once("CreateOrder", behaviour)
    assert (await n.place()).status == 504
    assert await n.work.sweep() == 1


async def until_probed(n: Node) -> None:
    """The record's clock stands still: the settle time begins where the attempt ended."""
    n.clock.later(2)
    await n.round("reconcile")


def test_f6_an_order_that_was_booked_without_an_answer_is_adopted(start):
    async def scenario(n: Node) -> None:
        await in_doubt(n, CUT)
        assert (await n.order()).state == "held"
        await n.round("reconcile")
        order, [attempt] = await n.order(), await n.attempts()
        assert (order.state, order.outcome, order.backend_ref) == ("acknowledged", OutcomeKind.ACCEPTED, "LAB-000001")
        assert attempt.outcome is OutcomeKind.ACCEPTED
        assert "reconcile" not in await n.tasks()
        assert n.booked() == 1
        assert await n.work.sweep() == 0

    start(scenario)


def test_f7_a_call_without_effect_is_proved_after_the_settle_time_and_frees_the_callers_repeat(start):
    async def scenario(n: Node) -> None:
        n.simulator.once("CreateOrder", LOST)
        sent = message(received_at=n.clock())
        assert (await n.pipeline.place(sent)).status == 504
        await n.work.sweep()
        await n.round("reconcile")  # nothing there, but it may still come
        task = (await n.tasks())["reconcile"]
        assert task.due_at == n.clock() + 2_000
        assert (await n.attempts())[0].outcome is OutcomeKind.IN_DOUBT
        n.clock.later(2)
        await n.round("reconcile")
        assert [attempt.outcome for attempt in await n.attempts()] == [OutcomeKind.ABSENT]
        assert (await n.order()).state == "acknowledged"
        assert await n.tasks() == {}
        assert n.calls("CreateOrder") == ["CreateOrder"]  # nothing is sent again by itself
        assert (await n.pipeline.place(sent)).status == 201
        references = [attempt.number for attempt in await n.attempts()]
        assert (references, n.booked()) == ([1, 2], 1)

    start(scenario)


def test_f9_while_the_search_is_down_nothing_is_sent_and_when_it_is_back_the_order_is_found(start):
    async def scenario(n: Node) -> None:
        await in_doubt(n, CUT)
        n.simulator.once("FindOrder", LOST, 4)
        pauses = []
        for _ in range(4):
            await n.round("reconcile")
            task = (await n.tasks())["reconcile"]
            assert task.due_at is not None
            pauses.append(task.due_at - n.clock())
            assert (await n.attempts())[0].outcome is OutcomeKind.IN_DOUBT
            n.clock.later((task.due_at - n.clock()) / 1000)
        assert pauses == [1_000, 2_000, 4_000, 8_000]
        assert n.calls("CreateOrder") == ["CreateOrder"]
        await n.round("reconcile")
        assert (await n.order()).outcome is OutcomeKind.ACCEPTED
        assert n.booked() == 1

    start(scenario)


def test_f10_two_bookings_are_for_a_person(start, monkeypatch):
    async def scenario(n: Node) -> None:
        await in_doubt(n, CUT)

        def twice(self: Lab, call: SoapCall, behaviour: Behaviour) -> etree._Element:
            answer = real(self, call, behaviour)
            if call.operation == "FindOrder":
                answer.set("matches", "2")
                for name in ("orderNo", "state"):
                    answer.attrib.pop(name)
                answer.remove(answer.find("order"))
            return answer

        real = Lab.handle
        monkeypatch.setattr(Lab, "handle", twice)
        await n.round("reconcile")
        order, task = await n.order(), (await n.tasks())["reconcile"]
        assert task.due_at is None
        assert order.attention.startswith("in doubt: the probe found what is not clearly this order alone")
        assert order.client_reference in order.attention
        assert (order.state, order.outcome, order.backend_ref) == ("held", OutcomeKind.IN_DOUBT, "")
        assert n.calls("CreateOrder") == ["CreateOrder"]
        assert await n.work.sweep() == 0  # it has its task
        n.clock.later(3600)
        await n.round("reconcile")
        assert n.calls("FindOrder") == ["FindOrder"]

    start(scenario)


def test_a_task_that_waits_for_a_person_goes_when_the_callers_repeat_settles_its_order(start, monkeypatch):
    """Else it is listed for good, and the next time the order is in doubt nobody asks."""

    async def scenario(n: Node) -> None:
        unclear = True

        def handle(self: Lab, call: SoapCall, behaviour: Behaviour) -> etree._Element:
            answer = real(self, call, behaviour)
            if call.operation == "FindOrder" and unclear:
                answer.set("matches", "2")
                for name in ("orderNo", "state"):
                    answer.attrib.pop(name)
                answer.remove(answer.find("order"))
            return answer

        real = Desk.handle
        monkeypatch.setattr(Desk, "handle", handle)
        sent = message(received_at=n.clock())
        n.simulator.once("CreateOrder", CUT)
        assert (await n.pipeline.place(sent)).status == 504
        await n.work.sweep()
        await n.round("reconcile")
        assert (await n.tasks(parked=True)).keys() == {"reconcile"}
        unclear = False  # somebody has cancelled the double in the backend
        assert (await n.pipeline.place(sent)).status == 201
        assert "reconcile" not in await n.tasks()
        assert ((await n.order()).attention, n.booked()) == ("", 1)
        assert (n.heard.lost, (await n.order()).outcome) == ([], OutcomeKind.ACCEPTED)

    start(scenario)


def test_a_task_that_is_worked_on_is_left_to_who_works_on_it(start):
    async def scenario(n: Node) -> None:
        await in_doubt(n, LOST)
        await until_probed(n)
        assert await n.tasks() == {}
        assert (n.heard.lost, n.heard.acks) == ([], 1)

    start(scenario)


def test_f11_a_probe_that_is_not_authoritative_proves_nothing_by_finding_none(start, tmp_path):
    home = lab_home(tmp_path / "home", changes={"settle: 2, authoritative: true": "settle: 2"})

    async def scenario(n: Node) -> None:
        await in_doubt(n, LOST)
        await n.round("reconcile")
        assert (await n.tasks())["reconcile"].due_at == n.clock() + 2_000  # it may still come
        await until_probed(n)
        order, task = await n.order(), (await n.tasks())["reconcile"]
        assert (task.due_at, order.outcome, order.state) == (None, OutcomeKind.IN_DOUBT, "held")
        assert "does not call it authoritative" in order.attention
        assert n.calls("CreateOrder") == ["CreateOrder"]

    start(scenario, home)


def test_without_a_probe_a_person_is_asked_at_once(start, tmp_path):
    declared = "productOrder.create: {probe: productOrder.probe, settle: 2, authoritative: true}"
    home = lab_home(tmp_path / "home", changes={declared: "productOrder.create: {}"})

    async def scenario(n: Node) -> None:
        await in_doubt(n, CUT)
        await n.round("reconcile")
        assert (await n.tasks())["reconcile"].due_at is None
        assert "declares no probe" in (await n.order()).attention

    start(scenario, home)


def test_an_attempt_that_somebody_settled_meanwhile_needs_no_probe(start):
    async def scenario(n: Node) -> None:
        sent = message(received_at=n.clock())
        n.simulator.once("CreateOrder", CUT)
        assert (await n.pipeline.place(sent)).status == 504
        await n.work.sweep()
        assert (await n.pipeline.place(sent)).status == 201  # the caller's repeat was faster
        probes = n.calls("FindOrder")
        await n.round("reconcile")
        assert n.calls("FindOrder") == probes
        assert "reconcile" not in await n.tasks()

    start(scenario)


def test_a_call_of_this_process_that_is_under_way_is_waited_for(start):
    async def scenario(n: Node) -> None:
        n.simulator.once("CreateOrder", Behaviour(after=0.1))
        placing = asyncio.create_task(n.place())
        await until(lambda: n.calls("CreateOrder"), "the call")
        order, [attempt] = await n.order(), await n.attempts()
        await n.store.tx(tasks.put, [task_of("reconcile", "lab", order.id, n.clock())])
        await n.round("reconcile")
        assert (await n.tasks())["reconcile"].due_at == attempt.deadline
        assert n.calls("FindOrder") == []
        assert (await placing).status == 201

    start(scenario)


def test_what_a_crash_left_open_is_found_at_once_where_there_is_no_other_node(start, home, tmp_path):
    """The process that made the attempt is gone: on a file, another node's attempt cannot be alive."""

    async def scenario() -> None:
        clock = Clock()
        async with Simulator(Desk()) as simulator:
            async with node(home, tmp_path / "d", clock, simulator, name="first") as first:
                simulator.once("CreateOrder", NEVER)
                placing = asyncio.create_task(first.place())
                await until(lambda: first.calls("CreateOrder"), "the call")
                assert await first.work.sweep() == 0  # it is alive, and working on it
                placing.cancel()  # what a kill does to the tasks of a process
                await asyncio.gather(placing, return_exceptions=True)
            async with node(home, tmp_path / "d", clock, simulator, name="second") as second:
                assert (await second.attempts())[0].outcome is None
                assert await second.work.sweep() == 1
                await second.round("reconcile")
                assert (await second.order()).outcome is OutcomeKind.ACCEPTED
                assert second.booked() == 1

    asyncio.run(scenario())


def test_the_sweep_finds_more_orders_than_one_page(start, monkeypatch):
    monkeypatch.setattr("adapter.work.sweep._PAGE", 2)

    async def scenario(n: Node) -> None:
        n.simulator.once("CreateOrder", CUT, 5)
        await asyncio.gather(*(n.place() for _ in range(5)))
        doubtful = [order.id for order in await n.store.orders(OrderQuery(outcome=OutcomeKind.IN_DOUBT))]
        assert len(doubtful) == 5
        assert await n.work.sweep() == 5
        assert await n.work.sweep() == 0
        await n.round("reconcile")
        assert "reconcile" not in await n.tasks()
        assert n.booked() == 5

    start(scenario)
