"""Following an order to its end: how often it is asked for, what an answer makes of it, and when a person is called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapter.agenda import task_of
from adapter.following import Answer, Followed
from adapter.mapping.translator import make_translator
from adapter.ports import OutcomeKind
from adapter.store import Direction, tasks
from adapter.store.advancing import Change, advance
from adapter.work.poll import MOST_ASKED
from simulators.http_server import Transport
from simulators.scenario import Behaviour
from tests.work_kit import Node, document, lab_home, message, run

DOWN = Behaviour(book=False, transport=Transport.CLOSE)
REFUSED = Behaviour(refuse=("L404 ORDER NOT FOUND",))

Start = Callable[..., Any]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lab_home(tmp_path_factory.mktemp("home") / "h")


@pytest.fixture
def start(home: Path, tmp_path: Path) -> Start:
    def begin(scenario: Callable[[Node], Awaitable[Any]], home: Path = home) -> Any:
        return run(home, tmp_path / "data", scenario)

    return begin


async def placed(n: Node) -> None:
    assert (await n.place()).status == 201


async def asked_after(n: Node, seconds: float) -> None:
    n.clock.later(seconds)
    await n.round("poll")


async def due_in(n: Node) -> float | None:
    task = (await n.tasks())["poll"]
    return None if task.due_at is None else (task.due_at - n.clock()) / 1000


def test_a_direct_order_has_its_first_question_and_its_event_with_the_answer(start):
    async def scenario(n: Node) -> None:
        await placed(n)
        assert await due_in(n) == 30
        [created] = await n.events()
        assert (created.type, created.seq, document(created)["id"]) == ("ProductOrderCreateEvent", 1, "LAB-000001")
        assert (await n.order()).event_seq == 1

    start(scenario)


def test_an_order_is_followed_through_its_states_to_its_end(start):
    async def scenario(n: Node) -> None:
        await placed(n)
        pauses = []
        for state in ("BOOKED", "WORKING", "WAITING", "WORKING", "DONE"):
            n.desk.states["LAB-000001"] = state
            await asked_after(n, await due_in(n) or 0)
            pauses.append(await due_in(n) if "poll" in await n.tasks() else None)
        assert pauses == [30, 900, 900, 900, None]  # young and acknowledged: often
        order = await n.order()
        assert (order.state, order.legacy_state, order.done_at) == ("completed", "DONE", n.clock())
        assert [document(event)["state"] for event in await n.events()] == [
            "acknowledged",
            "inProgress",
            "pending",
            "pending",  # and what is needed is asked for
            "inProgress",
            "completed",
        ]
        assert [event.seq for event in await n.events()] == [1, 2, 3, 4, 5, 6]

    start(scenario)


def test_questions_that_change_nothing_leave_nothing_in_the_record(start):
    async def scenario(n: Node) -> None:
        await placed(n)
        before = await n.store.messages((await n.order()).id)
        for _ in range(3):
            await asked_after(n, 30)
        order = await n.order()
        assert (await n.store.messages(order.id), await n.kinds(), order.updated_at) == (before, ["CreateEvent"], order.created_at)
        n.desk.states["LAB-000001"] = "WORKING"
        await asked_after(n, 30)
        [sent, received] = (await n.store.messages(order.id))[len(before) :]
        assert [sent.direction, received.direction] == [Direction.BACKEND_REQUEST, Direction.BACKEND_REPLY]
        assert (sent.operation, b'state="WORKING"' in received.body) == ("ReadOrder", True)

    start(scenario)


def test_an_order_of_old_age_is_asked_for_less_often(start):
    async def scenario(n: Node) -> None:
        await placed(n)
        await asked_after(n, 3601)
        assert await due_in(n) == 900

    start(scenario)


def test_an_order_that_does_not_come_to_its_end_is_a_case_for_a_person(start):
    async def scenario(n: Node) -> None:
        await placed(n)
        await asked_after(n, 86_401)
        order = await n.order()
        assert order.attention == "not at its end after 1.0 days: still 'acknowledged' (legacy ''); ask the backend's people"
        assert (order.state, await due_in(n)) == ("acknowledged", None)
        assert n.heard.parkings[0][1] == order.attention
        n.desk.states["LAB-000001"] = "DONE"
        task = (await n.tasks())["poll"]
        assert await n.store.tx(tasks.redrive, task.id, n.clock())  # a person has it asked once more
        await n.round("poll")
        order = await n.order()
        assert (order.state, order.attention, await n.tasks()) == ("completed", "", {})

    start(scenario)


def test_an_unknown_status_stops_the_order_and_is_never_guessed(start):
    async def scenario(n: Node) -> None:
        await placed(n)
        n.desk.states["LAB-000001"] = "WORKING"
        await asked_after(n, 30)
        n.desk.states["LAB-000001"] = "STOPPED"
        backend = n.backends["lab"]
        without(n, "STOPPED")
        before = await n.kinds()
        await asked_after(n, 900)
        order = await n.order()
        assert order.attention.startswith(
            "unknown status 'STOPPED': the code table orderState has no row for 'STOPPED' (rule mappings/lab/"
        )
        table = n.backends.rules["lab"].tables["orderState"].name.at
        remedy = f"; say what it means at {table}, as a row or as one more code of a row ('state: [CODE, STOPPED]')"
        assert f"{remedy}, and reload the rules of lab. The order keeps" in order.attention
        assert (order.state, order.legacy_state) == ("inProgress", "STOPPED")
        assert (await due_in(n), await n.kinds()) == (None, before)
        await asked_after(n, 90_000)
        assert n.calls("ReadOrder") == ["ReadOrder"] * 2  # it is not asked for any more
        n.backends["lab"] = backend  # the table has the row now
        await n.store.tx(tasks.redrive, (await n.tasks())["poll"].id, n.clock())
        await n.round("poll")
        assert ((await n.order()).state, (await n.order()).attention) == ("cancelled", "")

    start(scenario)


def without(n: Node, code: str) -> None:
    """The rules of the market before somebody added this code to its table of states."""
    rules = n.backends.rules["lab"]
    table = rules.tables["orderState"]
    tables = {**rules.tables, "orderState": replace(table, rows=tuple(row for row in table.rows if row.sent.value != code))}
    made = {name: make_translator(file, tables, rules._contracts(name, file)) for name, file in rules.mappings.items()}
    n.backends["lab"] = replace(n.backends["lab"], translators=made)


def test_what_leaves_an_end_is_unexpected_and_changes_nothing(start):
    async def scenario(n: Node) -> None:
        await placed(n)
        n.desk.states["LAB-000001"] = "WORKING"
        await asked_after(n, 30)
        order = await n.order()
        # The record says completed where the backend says working: somebody has been there by hand.
        document = (order.answer or b"").replace(b'"inProgress"', b'"completed"')
        await n.store.tx(advance, Change(order.id, order.version, "completed", n.clock(), answer=document))
        await asked_after(n, 900)
        order = await n.order()
        assert order.attention.startswith("unknown status 'WORKING': productOrder is completed, which is an end")
        assert (order.state, await due_in(n)) == ("completed", None)

    start(scenario)


def test_a_backend_that_does_not_answer_is_asked_again_later_and_later(start):
    async def scenario(n: Node) -> None:
        await placed(n)
        n.simulator.once("ReadOrder", DOWN, 3)
        n.clock.later(30)
        pauses = []
        for _ in range(4):
            await n.round("poll")
            pauses.append(await due_in(n))
            n.clock.later(pauses[-1] or 0)
        assert pauses == [1, 2, 4, 30]
        assert (await n.order()).attention == ""
        assert (await n.tasks())["poll"].attempts == 0  # an outage parks nothing

    start(scenario)


def test_questions_that_are_refused_again_and_again_are_a_case_for_a_person(start):
    async def scenario(n: Node) -> None:
        await placed(n)
        n.simulator.once("ReadOrder", REFUSED, 20)
        n.clock.later(30)
        for _ in range(8):
            await n.round("poll")
            n.clock.later(await due_in(n) or 0)
        assert n.calls("ReadOrder") == ["ReadOrder"] * 8
        assert await due_in(n) is None
        order = await n.order()
        assert order.attention.startswith("the question for its state was refused 8 times: judged by")
        assert "L404 ORDER NOT FOUND" in order.attention

    start(scenario)


def test_a_question_that_can_no_longer_be_written_is_a_refusal(start):
    async def scenario(n: Node) -> None:
        await placed(n)
        kept = {name: rules for name, rules in n.backends["lab"].translators.items() if name != "productOrder.status"}
        n.backends["lab"] = replace(n.backends["lab"], translators=kept)
        await asked_after(n, 30)
        assert (await n.tasks())["poll"].last_error.startswith("the question cannot be written")

    start(scenario)


def test_an_order_whose_market_follows_no_orders_any_more_waits_for_a_person(start):
    async def scenario(n: Node) -> None:
        await placed(n)
        backend = n.backends["lab"]
        n.backends["lab"] = replace(backend, market=backend.market.model_copy(update={"follow": {}}))
        await asked_after(n, 30)
        assert "does not follow productOrder.create any more" in (await n.tasks())["poll"].last_error
        assert n.calls("ReadOrder") == []

    start(scenario)


def test_a_question_about_an_order_that_is_over_is_not_asked(start):
    async def scenario(n: Node) -> None:
        await placed(n)
        n.desk.states["LAB-000001"] = "DONE"
        order = await n.order()
        await asked_after(n, 30)
        await n.store.tx(tasks.put, [task_of("poll", "lab", order.id, n.clock()), task_of("poll", "lab", "nobody", n.clock())])
        await n.round("poll")
        assert (n.calls("ReadOrder"), await n.tasks()) == (["ReadOrder"], {})

    start(scenario)


def test_somebody_else_who_changes_the_order_first_wins_and_the_question_is_asked_again(start):
    async def scenario(n: Node) -> None:
        await placed(n)
        n.desk.states["LAB-000001"] = "WORKING"
        real, once = n.store.tx, []

        async def overtakes(function: Any, *arguments: Any) -> Any:
            if function.__name__ == "record" and not once:
                once.append(True)
                from adapter.store.outbox import NewEvent  # noqa: PLC0415

                order = await n.order()
                event = NewEvent("E-1", "ProductOrderAttributeValueChangeEvent", order.answer or b"{}")
                await real(advance, Change(order.id, order.version, order.state, n.clock(), events=(event,)))
            return await real(function, *arguments)

        n.store.tx = overtakes  # type: ignore[method-assign]
        await asked_after(n, 30)
        assert (await n.order()).state == "acknowledged"
        assert await due_in(n) == 0
        await n.round("poll")
        assert (await n.order()).state == "inProgress"
        assert await n.kinds() == ["CreateEvent", "AttributeValueChangeEvent", "StateChangeEvent"]
        assert n.heard.lost == []

    start(scenario)


def test_a_list_shows_the_state_as_followed(start):
    async def scenario(n: Node) -> None:
        await placed(n)
        n.desk.states["LAB-000001"] = "WORKING"
        await asked_after(n, 30)
        n.desk.states["LAB-000001"] = "DONE"  # not asked yet

        class Page:
            operation, client = "productOrder.list", "demo-client"

            def __init__(self, **wanted: str) -> None:
                self.wanted = wanted
                self.found: list[Any] = []

            def equal(self, attribute: str) -> str | None:
                return self.wanted.get(attribute)

            def collector(self) -> Page:
                return self

            def add(self, result: Any) -> None:
                self.found.append((result.document["id"], result.document["state"]))

            def page(self) -> list[Any]:
                return self.found

        assert await n.pipeline.list(["lab"], Page()) == [("LAB-000001", "inProgress")]
        assert await n.pipeline.list(["lab"], Page(state="inProgress")) == [("LAB-000001", "inProgress")]
        assert await n.pipeline.list(["lab"], Page(state="acknowledged")) == []
        live = await n.pipeline.retrieve(message({}, operation="productOrder.retrieve", path={"id": "LAB-000001"}))
        assert (live.document or {})["state"] == "completed"

    start(scenario)


def test_an_order_that_ends_with_its_answer_is_not_asked_for(start):
    async def scenario(n: Node) -> None:
        n.desk.states["LAB-000001"] = "DONE"
        await placed(n)
        order = await n.order()
        assert (order.state, order.done_at, order.outcome) == ("completed", n.clock(), OutcomeKind.ACCEPTED)
        assert (await n.tasks(), await n.kinds()) == ({}, ["CreateEvent"])

    start(scenario)


@pytest.mark.parametrize("answer", [Answer.UNAVAILABLE, Answer.REFUSED])
@pytest.mark.parametrize(("asked", "seconds"), [("3600", 3_600), ("Fri, 31 Dec 9999 23:59:59 GMT", MOST_ASKED), ("9999999", MOST_ASKED)])
def test_a_backend_can_put_a_question_off_for_a_while_and_not_for_good(start, answer, asked, seconds):
    async def scenario(n: Node) -> None:
        await placed(n)

        async def closed(*_: Any, **__: Any) -> Followed:
            return Followed(answer, why="HTTP 503", asked_to_wait=asked)

        n.follower.ask = closed  # type: ignore[method-assign]
        await asked_after(n, 30)
        assert await due_in(n) == seconds

    start(scenario)
