"""Orders that are answered before their backend is asked: each is submitted once, whatever breaks, and its caller's answer stays."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from lxml import etree

from adapter.errors import InvalidMessage, KeyReused
from adapter.ports import OutcomeKind
from adapter.store import OrderQuery
from adapter.store.task_listing import find
from adapter.store.task_rows import TaskQuery
from simulators.http_server import HttpReply, HttpRequest, Transport
from simulators.scenario import Behaviour, Fault
from simulators.soap_server import Simulator
from tests.service_kit import closed_port
from tests.waiting import until
from tests.work_kit import FOLLOWED, Clock, Desk, Node, document, lab_home, message, node, run

NEVER = Behaviour(transport=Transport.NEVER)
CUT = Behaviour(transport=Transport.CLOSE)  # booked, and not a word: the connection ends
LOST = Behaviour(book=False, transport=Transport.CLOSE)
REFUSED = Behaviour(refuse=("L401 OFFER NOT KNOWN",))
BUSY = Behaviour(fault=Fault(text="The order desk is busy", code="L901", detail="LATER"))

Start = Callable[..., Any]
DEFERRED = "delivery: deferred\nbreaker: {failures: 3, pause: 5}\n" + FOLLOWED


class Overloaded(Simulator):
    """A desk behind a proxy that answers 503 for it while it is ``down``, and notes the order of the calls that get through."""

    down = True

    def _called(self, request: HttpRequest) -> HttpReply:
        return HttpReply(503, "text/plain", b"overloaded\n") if self.down else super()._called(request)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lab_home(tmp_path_factory.mktemp("home") / "h", DEFERRED)


@pytest.fixture
def start(home: Path, tmp_path: Path) -> Start:
    def begin(scenario: Callable[[Node], Awaitable[Any]], home: Path = home) -> Any:
        return run(home, tmp_path / "data", scenario)

    return begin


async def outcomes(n: Node) -> list[OutcomeKind | None]:
    return [attempt.outcome for attempt in await n.attempts()]


def test_an_order_is_answered_at_once_and_submitted_by_a_worker(start):
    async def scenario(n: Node) -> None:
        reply = await n.place({"externalId": "T-1"})
        answer, order = orjson.loads(reply.body), await n.order()
        assert (reply.status, answer["state"], answer["id"]) == (201, "acknowledged", order.id)
        assert reply.headers["Location"].endswith(f"/productOrder/{order.id}")
        assert n.calls() == []
        assert (await outcomes(n), order.outcome, await n.kinds()) == ([], None, ["CreateEvent"])
        await n.round("submit")
        order = await n.order()
        assert (order.outcome, order.backend_ref, order.state) == (OutcomeKind.ACCEPTED, "LAB-000001", "acknowledged")
        assert list(await n.tasks()) == ["poll"]
        n.desk.states["LAB-000001"] = "WORKING"
        n.clock.later(30)
        await n.round("poll")
        [created, moved] = await n.events()
        assert [created.type, moved.type] == ["ProductOrderCreateEvent", "ProductOrderStateChangeEvent"]
        assert (document(created)["id"], document(moved)["id"], document(moved)["state"]) == (order.id, order.id, "inProgress")

    start(scenario)


def test_a_repeat_gets_the_first_answer_whatever_has_become_of_the_order(start):
    async def scenario(n: Node) -> None:
        sent = message(received_at=n.clock())
        first = await n.pipeline.place(sent)
        replies = await asyncio.gather(*(n.pipeline.place(sent) for _ in range(5)))
        await n.round("submit")
        assert [*replies, await n.pipeline.place(sent)] == [first] * 6
        with pytest.raises(KeyReused):
            await n.pipeline.place(replace(sent, body={**sent.body, "description": "another"}))
        assert n.booked() == 1

    start(scenario)


def test_the_same_order_under_another_key_is_the_same_order_and_other_content_is_refused_while_it_waits(start):
    async def scenario(n: Node) -> None:
        sent = message({"externalId": "T-1"}, received_at=n.clock())
        first = await n.pipeline.place(sent)
        again = await n.pipeline.place(replace(sent, key="Idempotency-Key:other"))
        assert again.body == first.body
        with pytest.raises(KeyReused):
            await n.pipeline.place(replace(sent, key="Idempotency-Key:third", body={**sent.body, "description": "another"}))
        await n.round("submit")
        assert n.booked() == 1

    start(scenario)


def test_what_the_rules_refuse_is_not_accepted_for_later(start):
    async def scenario(n: Node) -> None:
        sent = message({"externalId": "T-1"})
        without = {name: value for name, value in sent.body.items() if name != "externalId"}
        with pytest.raises(InvalidMessage, match="externalId"):
            await n.pipeline.place(replace(sent, body=without))
        assert await n.store.orders(OrderQuery()) == []

    start(scenario)


def test_an_order_that_waits_can_be_read_and_listed(start):
    async def scenario(n: Node) -> None:
        await n.place({"externalId": "T-1"})
        order = await n.order()
        asked = message({}, operation="productOrder.retrieve", path={"id": order.id})
        waiting = await n.pipeline.retrieve(asked)
        assert (waiting.document["id"], waiting.document["state"], n.calls()) == (order.id, "acknowledged", [])
        await n.round("submit")
        n.desk.states["LAB-000001"] = "WORKING"
        live = await n.pipeline.retrieve(asked)
        assert (live.document["id"], live.document["state"]) == (order.id, "inProgress")
        assert n.calls() == ["CreateOrder", "ReadOrder"]

    start(scenario)


def test_a_refusal_is_final_and_told(start):
    async def scenario(n: Node) -> None:
        first = await n.place()
        n.simulator.once("CreateOrder", REFUSED)
        await n.round("submit")
        order = await n.order()
        assert (order.state, order.outcome, order.done_at) == ("rejected", OutcomeKind.REJECTED, n.clock())
        assert await n.kinds() == ["CreateEvent", "StateChangeEvent"]
        assert document((await n.events())[-1])["state"] == "rejected"
        assert await n.tasks() == {}
        assert first.status == 201
        [attempt] = await n.attempts()
        assert [issue.code for issue in attempt.issues] == ["L401"]

    start(scenario)


def test_f4_a_worker_that_dies_after_its_intent_leaves_an_order_that_is_probed_and_then_submitted_once_more(start):
    async def scenario(n: Node) -> None:
        await n.place()
        lane, real, begun = n.lane("submit"), n.store.tx, asyncio.Event()

        async def halts(function: Any, *arguments: Any) -> Any:
            found = await real(function, *arguments)
            if function.__name__ == "begin":
                begun.set()
                await asyncio.Event().wait()
            return found

        n.store.tx = halts  # type: ignore[method-assign]
        await lane.tick()
        await begun.wait()
        await die(lane)
        n.store.tx = real  # type: ignore[method-assign]
        assert (await outcomes(n), n.calls()) == ([None], [])
        n.clock.later(60)  # the lease is over
        await n.round("submit")
        order = await n.order()
        assert (order.state, await outcomes(n)) == ("held", [None])  # never submitted again here
        assert list(await n.tasks()) == ["reconcile"]
        await n.round("reconcile")
        assert (await n.order()).state == "acknowledged"
        assert await outcomes(n) == [OutcomeKind.ABSENT]
        await n.round("submit")
        assert await outcomes(n) == [OutcomeKind.ABSENT, OutcomeKind.ACCEPTED]
        assert n.booked() == 1
        assert await n.kinds() == ["CreateEvent", "StateChangeEvent", "StateChangeEvent"]
        assert len(references(n)) == 1  # the same in every attempt

    start(scenario)


def test_f5_a_worker_that_dies_after_the_call_leaves_an_order_that_is_found(start):
    async def scenario(n: Node) -> None:
        await n.place()
        lane = n.lane("submit")
        n.simulator.once("CreateOrder", NEVER)
        await lane.tick()
        await until(lambda: n.calls("CreateOrder"), "the call")
        await die(lane)
        n.clock.later(60)
        await n.round("submit")
        await n.round("reconcile")
        order = await n.order()
        assert (order.outcome, order.backend_ref, order.state) == (OutcomeKind.ACCEPTED, "LAB-000001", "acknowledged")
        assert await outcomes(n) == [OutcomeKind.ACCEPTED]
        assert (n.booked(), n.calls("CreateOrder")) == (1, ["CreateOrder"])
        assert list(await n.tasks()) == ["poll"]

    start(scenario)


@pytest.mark.parametrize(("behaviour", "attempts"), [(CUT, 1), (LOST, 2)], ids=["booked", "not booked"])
def test_f6_f7_an_answer_that_does_not_come_is_settled_before_anything_is_sent_again(start, behaviour, attempts):
    async def scenario(n: Node) -> None:
        await n.place()
        n.simulator.once("CreateOrder", behaviour)
        await n.round("submit")
        assert ((await n.order()).state, await outcomes(n)) == ("held", [OutcomeKind.IN_DOUBT])
        task = (await n.tasks())["reconcile"]
        assert task.due_at == n.clock() + 2_000  # the settle time
        await n.round("reconcile")
        assert n.calls("FindOrder") == []
        n.clock.later(2)
        for kind in ("reconcile", "submit", "submit"):
            await n.round(kind)
        assert ((await n.order()).outcome, n.booked(), len(await n.attempts())) == (OutcomeKind.ACCEPTED, 1, attempts)
        assert len(references(n)) == 1

    start(scenario)


def test_f8_orders_wait_for_a_backend_that_cannot_be_reached_and_go_in_the_order_they_came(home, tmp_path):
    home = lab_home(tmp_path / "home", DEFERRED)

    async def scenario() -> None:
        clock, port = Clock(), closed_port()
        simulator = Simulator(Desk(), port=port)
        simulator.root = f"http://127.0.0.1:{port}"
        async with node(home, tmp_path / "data", clock, simulator) as n:
            for number in range(4):
                assert (await n.place({"externalId": f"T-{number}"})).status == 201
                n.clock.later(0.001)
            calls = 0
            for _ in range(200):
                await n.round("submit")
                n.clock.later(0.25)
            orders = await n.store.orders(OrderQuery())
            tried = {order.external_id: await n.store.attempts(order.id) for order in orders}
            calls = sum(len(attempts) for attempts in tried.values())
            assert {order.state for order in orders} == {"acknowledged"}
            assert {attempt.outcome for attempts in tried.values() for attempt in attempts} == {OutcomeKind.UNAVAILABLE}
            assert tried.keys() >= {"T-0"}
            assert 10 <= calls <= 14  # three, and then one for each pause of five seconds
            await simulator.start()
            try:
                for _ in range(60):
                    await n.round("submit")
                    n.clock.later(0.25)
                assert n.booked() == 4
                assert booked_references(simulator) == ["T-0", "T-1", "T-2", "T-3"]
                assert list(await n.tasks(kind="submit")) == []
            finally:
                await simulator.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize("seconds", [3, 8, 40])
def test_f8_orders_wait_for_a_backend_that_answers_503_and_go_in_the_order_they_came(home, tmp_path, seconds):
    async def scenario() -> None:
        async with Overloaded(Desk()) as simulator, node(home, tmp_path / "data", Clock(), simulator) as n:
            for number in range(30):
                assert (await n.place({"externalId": f"T-{number:02}"})).status == 201
                n.clock.later(0.001)
            for _ in range(seconds * 4):
                await n.round("submit")
                n.clock.later(0.25)
            waiting = await n.store.tx(find, TaskQuery(kind="submit"))
            orders = {order.id: order.created_at for order in await n.store.orders(OrderQuery())}
            assert {task.order_id: task.due_at for task in waiting} == orders  # each has the place that it came with
            simulator.down = False
            for _ in range(100):
                await n.round("submit")
                n.clock.later(0.25)
            assert booked_references(simulator) == [f"T-{number:02}" for number in range(30)]
            assert await n.tasks(kind="submit") == {}

    asyncio.run(scenario())


@pytest.mark.parametrize("poisonous", [1, 3])
def test_an_order_with_a_trouble_of_its_own_does_not_stop_the_others(start, tmp_path, poisonous):
    """The backend answers everybody but these; nobody can tell that from an outage until another one has tried."""
    home = lab_home(tmp_path / "home", DEFERRED, {"Receiver: unavailable": "LabFault: unavailable"})

    async def scenario(n: Node) -> None:
        bad = set()
        for number in range(poisonous):
            await n.place({"externalId": f"FAULT-{number}"})  # the scenario of that name: a fault
            n.clock.later(0.001)
            bad = {order.id for order in await n.store.orders(OrderQuery())}
        for number in range(5):
            await n.place({"externalId": f"T-{number}"})
            n.clock.later(0.001)
        begun, passed = n.clock(), None
        while n.booked() < 5:
            await n.round("submit")
            if n.booked() and passed is None:
                passed = n.clock()
            n.clock.later(0.25)
        assert passed is not None
        assert passed - begun <= {1: 26_000, 3: 86_000}[poisonous]  # pauses of five seconds: the fifth, or the seventeenth
        assert n.clock() - begun <= {1: 40_000, 3: 180_000}[poisonous]
        for _ in range(100):
            await n.round("submit")
            n.clock.later(1)
        left = await n.store.tx(find, TaskQuery(kind="submit"))
        assert {task.order_id for task in left} == bad
        first, *others = booked_references(n.simulator)
        assert others == [f"T-{number}" for number in range(5) if f"T-{number}" != first]

    start(scenario, home)


def test_rules_that_no_longer_write_an_accepted_order_are_a_case_for_a_person(start):
    async def scenario(n: Node) -> None:
        await n.place()
        backend = n.backends["lab"]
        n.backends["lab"] = replace(backend, translators={})
        await n.round("submit")
        assert (await n.tasks())["submit"].due_at is None
        assert "cannot be written by today's rules" in (await n.order()).attention
        n.backends["lab"] = backend

    start(scenario)


def test_f12_a_process_that_was_paused_before_the_call_sends_nothing(start):
    async def scenario(n: Node) -> None:
        await n.place()
        real = n.store.tx

        async def stalls(function: Any, *arguments: Any) -> Any:
            found = await real(function, *arguments)
            if function.__name__ == "begin":
                n.clock.later(3)  # SIGSTOP … SIGCONT, after the intent and before the call
            return found

        n.store.tx = stalls  # type: ignore[method-assign]
        await n.round("submit")
        n.store.tx = real  # type: ignore[method-assign]
        assert (n.calls(), await outcomes(n)) == ([], [OutcomeKind.UNAVAILABLE])
        await n.round("submit")
        assert (await outcomes(n), n.booked()) == ([OutcomeKind.UNAVAILABLE, OutcomeKind.ACCEPTED], 1)

    start(scenario)


def test_f13_a_second_worker_cannot_begin_an_attempt_with_a_lost_lease(start):
    async def scenario(n: Node) -> None:
        await n.place()
        real, lost = n.store.tx, []

        async def loses(function: Any, *arguments: Any) -> Any:
            if function.__name__ == "begin" and not lost:
                intent = arguments[0]
                lost.append(intent)
                return await real(function, replace(intent, fence=intent.fence - 1))
            return await real(function, *arguments)

        n.store.tx = loses  # type: ignore[method-assign]
        await n.round("submit")
        assert (n.calls(), await n.attempts()) == ([], [])
        await n.round("submit")
        assert n.booked() == 1

    start(scenario)


async def die(lane: Any) -> None:
    """What a kill does to the handlers of a process: nothing of them is heard again."""
    running = list(lane._running)
    for each in running:
        each.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def references(n: Node) -> set[str]:
    """The client references that the backend has seen."""
    found = set()
    for call in n.simulator.requests():
        if call["operation"] == "CreateOrder":
            order = etree.fromstring(call["envelope"].encode()).find(".//{*}order")
            found.add(order.get("clientReference"))
    return found


def booked_references(simulator: Simulator) -> list[str]:
    """The externalIds in the order in which they were booked."""
    bookings = simulator.bookings()["bookings"]
    return sorted(bookings, key=lambda reference: bookings[reference]["orderNumbers"][0])


TOO_LATE = """
lives: {productOrder: {edges: {acknowledged: [cancelled]}}}
timers:
  - {name: too-late, when: acknowledged, after: 60, state: cancelled}
  - {name: lost, when: held, after: 60, state: failed}
"""


@pytest.fixture(scope="module")
def short_lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A market whose orders end by themselves when they wait for too long."""
    return lab_home(tmp_path_factory.mktemp("home") / "h", DEFERRED + TOO_LATE)


async def fired(n: Node, state: str) -> None:
    n.clock.later(60)
    await n.round("timer")
    order = await n.order()
    assert (order.state, order.done_at) == (state, n.clock())


def test_an_order_that_a_timer_ended_while_it_waited_is_not_submitted_any_more(start, short_lived):
    async def scenario(n: Node) -> None:
        await n.place()
        await fired(n, "cancelled")
        await n.round("submit")
        assert (n.calls(), await n.attempts(), await n.tasks()) == ([], [], {})
        assert await n.kinds() == ["CreateEvent", "StateChangeEvent"]

    start(scenario, short_lived)


def test_an_order_that_a_timer_ended_in_the_moment_of_its_submission_is_not_submitted(start, short_lived):
    async def scenario(n: Node) -> None:
        await n.place()
        real = n.store.tx

        async def late(function: Any, *arguments: Any) -> Any:
            if function.__name__ == "begin":
                n.store.tx = real  # type: ignore[method-assign]
                await fired(n, "cancelled")
                n.clock.later(-60)  # the worker has looked before that
            return await real(function, *arguments)

        n.store.tx = late  # type: ignore[method-assign]
        await n.round("submit")
        assert (n.calls(), await n.attempts()) == ([], [])
        n.clock.later(60)
        await n.round("submit")
        assert (n.calls(), await n.tasks()) == ([], {})

    start(scenario, short_lived)


@pytest.mark.parametrize(("booked", "last"), [(True, OutcomeKind.ACCEPTED), (False, OutcomeKind.ABSENT)], ids=["booked", "not booked"])
def test_an_order_that_ended_here_is_probed_where_its_worker_did_not_come_back_and_never_sent_again(start, short_lived, booked, last):
    async def scenario(n: Node) -> None:
        await n.place()
        n.simulator.once("CreateOrder", Behaviour(book=booked, transport=Transport.NEVER))
        lane = n.lane("submit")
        await lane.tick()
        await until(lambda: n.calls("CreateOrder"), "the call")
        await die(lane)
        await fired(n, "cancelled")
        for kind in ("submit", "reconcile", "submit"):
            await n.round(kind)
            n.clock.later(10)
        order = await n.order()
        assert (await outcomes(n), order.state, await n.tasks()) == ([last], "cancelled", {})
        assert n.booked() == booked

    start(scenario, short_lived)


def test_an_order_that_ended_here_and_is_found_at_its_backend_is_shown_to_a_person(start, short_lived):
    async def scenario(n: Node) -> None:
        n.simulator.once("CreateOrder", CUT)
        await n.place()
        await n.round("submit")
        assert (await n.order()).state == "held"
        await fired(n, "failed")
        await n.round("reconcile")
        order = await n.order()
        assert (order.state, order.outcome, order.backend_ref) == ("failed", OutcomeKind.ACCEPTED, "LAB-000001")
        assert order.attention == "the backend has the order as LAB-000001, but here it is failed: cancel it there, or place it anew"
        assert (await outcomes(n), await n.tasks(), n.booked()) == ([OutcomeKind.ACCEPTED], {}, 1)

    start(scenario, short_lived)
