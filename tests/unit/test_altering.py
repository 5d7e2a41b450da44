"""Changes of orders on record, tasks about them, and deletions: carried out once, one at a time, with their subject in one step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.changing import TIMER, attention_to
from adapter.errors import ConfigError, Conflict, InvalidMessage, KeyReused, NotFound, NotOffered, Refused, TooLarge
from adapter.faces.admin.by_hand import Hand
from adapter.faces.admin.settling import Judge, settle_by_hand
from adapter.patching import applied, changes_of
from adapter.ports import Document, Message, OutcomeKind, Reply, Result
from adapter.recorded import document_of, message_of
from adapter.resource.merging import patch
from adapter.store import OrderQuery, OrderRow
from adapter.store.advancing import advance
from adapter.store.outbox import events_of
from simulators.scenario import Behaviour
from tests.work_kit import CHANGED, FOLLOWED, START, Clock, Node, lab_home, message, node, run

CANCEL = "cancelProductOrder.create"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lab_home(tmp_path_factory.mktemp("changes") / "h", CHANGED + FOLLOWED)


@pytest.fixture
def play(home: Path, tmp_path: Path) -> Callable[..., Any]:
    """Runs ``scenario(node)`` on a node of its own."""
    return lambda scenario, **more: run(home, tmp_path, scenario, **more)


def change(identity: str, body: Any, verb: str = "update", **changed: Any) -> Message:
    """A PATCH as the tmf face hands it over; a list is a JSON patch."""
    form: dict[str, Any] = {"body": body} if isinstance(body, dict) else {"body": {}, "patch": tuple(body)}
    values = {"operation": f"productOrder.{verb}", "path": {"id": identity}, "raw": orjson.dumps(body), "key": ""} | form | changed
    return replace(message(), **values)


def cancel(identity: str, reason: str = "moved house", **changed: Any) -> Message:
    body = {"productOrder": {"id": identity}, "cancellationReason": reason}
    return replace(message(operation=CANCEL, **changed), body=body, raw=orjson.dumps(body))


def read(identity: str, kind: str = "productOrder", **changed: Any) -> Message:
    return replace(message(operation=f"{kind}.retrieve", path={"id": identity}, **changed), body={})


async def placed(one: Node, **body: Any) -> str:
    reply = await one.place(body)
    assert reply.status == 201, reply.body
    return str(orjson.loads(reply.body)["id"])


def told(reply: Reply) -> Any:
    return orjson.loads(reply.body)


async def stored(one: Node, identity: str) -> OrderRow:
    found = await one.store.order(identity, ("lab",), "productOrder")
    assert found is not None
    return found


async def kinds(one: Node, identity: str) -> list[str]:
    order = await stored(one, identity)
    return [event.type for event in await one.store.tx(events_of, order.id)]


async def requests(one: Node, subject: str) -> list[OrderRow]:
    return await one.store.orders(OrderQuery(subject=subject))


def test_a_patch_is_answered_with_the_whole_resource_and_told_of(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one, description="first")
        reply = await one.pipeline.place(change(identity, {"description": "second", "priority": "3"}))
        assert reply.status == 200
        assert (told(reply)["id"], told(reply)["description"], told(reply)["priority"]) == (identity, "second", "3")
        assert told(reply)["productOrderItem"]
        order = await stored(one, identity)
        assert document_of(order)["description"] == "second"
        assert await kinds(one, identity) == ["ProductOrderCreateEvent", "ProductOrderAttributeValueChangeEvent"]
        [request] = await requests(one, order.id)
        assert (request.resource, request.outcome, request.done_at) == ("", OutcomeKind.ACCEPTED, START)
        assert [attempt.outcome for attempt in await one.store.attempts(request.id)] == [OutcomeKind.ACCEPTED]
        assert one.calls() == ["CreateOrder", "ChangeOrder"]

    play(scenario)


def test_a_change_is_kept_as_what_it_changes_and_not_as_what_was_sent(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one, description="first")
        sent = {"description": "first", "priority": "3"}
        reply = await one.pipeline.place(change(identity, sent, text=orjson.dumps(sent)))
        assert reply.status == 200
        [request] = await requests(one, (await stored(one, identity)).id)
        assert message_of(request).body == {"priority": "3"}

    play(scenario)


def test_an_order_is_kept_as_it_was_written_whoever_has_written_it(play):
    async def scenario(one: Node) -> None:
        orders = [message(path={"id": "a"}, header={"lob": "FIXED"}) for _ in range(2)]
        for order, text in zip(orders, (b"", orjson.dumps(orders[1].body)), strict=True):
            assert (await one.pipeline.place(replace(order, text=text))).status == 201
        kept = {row.key: row.request for row in await one.store.orders(OrderQuery())}
        for order in orders:
            context = {"request": order.body, "header": {"lob": "FIXED"}, "query": {}, "path": {"id": "a"}}
            assert kept[order.key] == orjson.dumps(context)

    play(scenario)


def test_a_member_that_is_null_goes_and_one_that_is_left_out_stays(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one, description="first", priority="1")
        document = told(await one.pipeline.place(change(identity, {"description": None})))
        assert "description" not in document
        assert document["priority"] == "1"
        assert "description" not in document_of(await stored(one, identity))

    play(scenario)


@pytest.mark.parametrize("body", [{}, {"description": "first"}, {"description": "first", "priority": None}, []])
def test_what_changes_nothing_is_answered_and_neither_sent_nor_told(play, body):
    async def scenario(one: Node) -> None:
        identity = await placed(one, description="first")
        reply = await one.pipeline.place(change(identity, body))
        assert (reply.status, told(reply)["description"]) == (200, "first")
        assert one.calls("ChangeOrder") == []
        assert await kinds(one, identity) == ["ProductOrderCreateEvent"]
        assert await requests(one, (await stored(one, identity)).id) == []

    play(scenario)


def test_a_repeat_with_the_same_key_gets_the_same_bytes_whatever_has_happened_since(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one, description="first")
        once = change(identity, {"description": "second"}, key="Idempotency-Key:A")
        nothing = change(identity, {}, key="Idempotency-Key:B")
        answers = [await one.pipeline.place(once), await one.pipeline.place(nothing)]
        await one.pipeline.place(change(identity, {"description": "third"}))
        assert [await one.pipeline.place(once), await one.pipeline.place(nothing)] == answers
        assert document_of(await stored(one, identity))["description"] == "third"
        assert len(one.calls("ChangeOrder")) == 2
        for key in "AB":
            with pytest.raises(KeyReused):
                await one.pipeline.place(change(identity, {"description": "other"}, key=f"Idempotency-Key:{key}"))

    play(scenario)


def test_a_json_patch_changes_single_elements_and_is_refused_where_the_order_is_another_one(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one, note=[{"text": "one"}])
        added = [{"op": "test", "path": "/note/0/text", "value": "one"}, {"op": "add", "path": "/note/-", "value": {"text": "two"}}]
        assert [note["text"] for note in told(await one.pipeline.place(change(identity, added)))["note"]] == ["one", "two"]
        for wrong in (
            [{"op": "test", "path": "/note/0/text", "value": "another"}],
            [{"op": "remove", "path": "/note/7"}],
            [{"op": "replace", "path": "/description/a", "value": 1}],
        ):
            with pytest.raises(Conflict):
                await one.pipeline.place(change(identity, wrong))
        for wrong in (
            [{"op": "no"}],
            [{"path": "/a"}],
            [{"op": "add", "path": "", "value": []}],
            [{"op": "add", "path": 7, "value": 1}],
            [{"op": "add", "path": "note", "value": 1}],
            [{"op": "add", "path": "/~9", "value": 1}],
            [{"op": "copy", "from": "note", "path": "/description"}],
        ):
            with pytest.raises(InvalidMessage):
                await one.pipeline.place(change(identity, wrong))
        with pytest.raises(InvalidMessage, match="at most"):
            await one.pipeline.place(change(identity, [{"op": "remove", "path": "/note/0"}] * 1001))
        assert len(one.calls("ChangeOrder")) == 1

    play(scenario)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"id": "other"}, "id"),
        ({"href": "http://x/"}, "href"),
        ({"href": None}, "href"),  # of the face's making, and not on record
        ({"orderDate": "2020-01-01T00:00:00Z"}, "orderDate"),
        ({"state": "completed"}, "state"),
        ({"completionDate": "2020-01-01T00:00:00Z"}, "completionDate"),
        ({"note": "text"}, "note"),
        ({"priority": 4}, "priority"),
        ([{"op": "replace", "path": "/id", "value": "other"}], "id"),
    ],
)
def test_what_is_not_the_clients_is_refused_by_name(play, body, place):
    async def scenario(one: Node) -> None:
        identity = await placed(one)
        with pytest.raises(InvalidMessage) as caught:
            await one.pipeline.place(change(identity, body))
        assert [problem.path for problem in caught.value.problems] == [place]
        assert one.calls("ChangeOrder") == []

    play(scenario)


def test_what_the_state_does_not_allow_names_the_state_and_what_it_allows(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one)
        number = (await stored(one, identity)).backend_ref
        one.desk.states[number] = "WORKING"
        one.clock.later(60)
        await one.round("poll")
        with pytest.raises(Conflict, match="is inProgress; in this state these members can be changed: note"):
            await one.pipeline.place(change(identity, {"priority": "1"}))
        assert (await one.pipeline.place(change(identity, {"note": [{"text": "ring twice"}]}))).status == 200
        one.desk.states[number] = "DONE"
        one.clock.later(900)
        await one.round("poll")
        for late in (change(identity, {"note": []}), cancel(identity)):
            with pytest.raises(Conflict, match="is completed"):
                await one.pipeline.place(late)
        assert len(one.calls("ChangeOrder", "CancelOrder")) == 1

    play(scenario)


def test_a_client_may_ask_for_a_state_that_the_market_lets_it_ask_for(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one)
        document = told(await one.pipeline.place(change(identity, {"state": "cancelled", "description": "no more"})))
        assert (document["state"], document["description"]) == ("cancelled", "no more")
        assert await kinds(one, identity) == [
            "ProductOrderCreateEvent",
            "ProductOrderAttributeValueChangeEvent",
            "ProductOrderStateChangeEvent",
        ]
        assert (await stored(one, identity)).done_at == START

    play(scenario)


def test_the_backend_may_refuse_a_change_and_a_repeat_is_refused_in_the_same_words(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one, description="first")
        refused = change(identity, {"description": "REFUSE-this"}, key="Idempotency-Key:A")
        answers = [await one.pipeline.place(refused) for _ in range(2)]
        assert answers[0] == answers[1]
        assert answers[0].status == 422
        assert document_of(await stored(one, identity))["description"] == "first"
        assert len(one.calls("ChangeOrder")) == 1

    play(scenario)


def test_what_nobody_has_is_not_found_and_what_the_market_does_not_do_is_not_offered(play):
    async def scenario(one: Node) -> None:
        with pytest.raises(NotFound, match="no productOrder 'nothing'"):
            await one.pipeline.place(change("nothing", {"description": "x"}))
        with pytest.raises(NotFound, match="no productOrder 'nothing'"):
            await one.pipeline.place(cancel("nothing"))
        identity = await placed(one)
        with pytest.raises(NotOffered):
            await one.pipeline.place(change(identity, {}, "activate"))
        assert await one.pipeline.market_of(change(identity, {}), ("pr", "lab")) == "lab"
        assert await one.pipeline.market_of(cancel("nothing"), ("lab",)) is None

    play(scenario)


# in doubt


def test_a_change_whose_fate_is_not_known_is_settled_by_a_probe_and_never_made_twice(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one, description="first")
        one.desk._scenarios.scenarios["GONE"] = Behaviour(transport="close")
        lost = change(identity, {"description": "GONE-but done"}, key="Idempotency-Key:A")
        reply = await one.pipeline.place(lost)
        assert (reply.status, reply.headers["Retry-After"]) == (504, "2")
        assert document_of(await stored(one, identity))["description"] == "first"
        again = await one.pipeline.place(lost)
        assert (again.status, told(again)["description"]) == (200, "GONE-but done")
        assert await one.pipeline.place(lost) == again
        assert len(one.calls("ChangeOrder")) == 1
        assert await kinds(one, identity) == ["ProductOrderCreateEvent", "ProductOrderAttributeValueChangeEvent"]

    play(scenario)


def test_a_change_that_was_never_made_is_made_by_the_repeat_once_that_is_certain(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one, description="first")
        one.desk._scenarios.scenarios["GONE"] = Behaviour(book=False, transport="close")
        lost = change(identity, {"description": "GONE-before"}, key="Idempotency-Key:A")
        assert (await one.pipeline.place(lost)).status == 504
        one.clock.later(60)  # by now it can no longer take effect
        del one.desk._scenarios.scenarios["GONE"]
        reply = await one.pipeline.place(lost)
        assert (reply.status, told(reply)["description"]) == (200, "GONE-before")
        [request] = await requests(one, (await stored(one, identity)).id)
        assert [attempt.outcome for attempt in await one.store.attempts(request.id)] == [OutcomeKind.ABSENT, OutcomeKind.ACCEPTED]

    play(scenario)


def test_a_worker_finds_out_what_nobody_asks_for(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one)
        one.desk._scenarios.scenarios["GONE"] = Behaviour(transport="close")
        assert (await one.pipeline.place(cancel(identity, "GONE-reason"))).status == 504
        await one.work.sweep()
        await one.round("reconcile")
        order = await stored(one, identity)
        assert order.state == "cancelled"
        [task] = await requests(one, order.id)
        assert (task.resource, task.state, task.outcome) == ("cancelProductOrder", "done", OutcomeKind.ACCEPTED)

    play(scenario)


def test_while_one_change_is_in_doubt_no_other_one_is_made(tmp_path):
    home = lab_home(tmp_path / "h", CHANGED.replace("settle: 2", "settle: 30") + FOLLOWED)  # longer than anybody is kept waiting

    async def scenario(one: Node) -> None:
        identity = await placed(one)
        one.desk._scenarios.scenarios["GONE"] = Behaviour(book=False, transport="close")
        assert (await one.pipeline.place(change(identity, {"description": "GONE-it is"}))).status == 504
        with pytest.raises(Conflict, match="not known yet") as caught:  # the lost one may still take effect
            await one.pipeline.place(change(identity, {"description": "x"}))
        assert caught.value.headers == {"Retry-After": "5"}
        one.clock.later(60)
        assert (await one.pipeline.place(change(identity, {"description": "x"}))).status == 200

    run(home, tmp_path, scenario)


def test_a_crash_between_the_call_and_its_end_leaves_a_change_in_doubt_and_never_doubles_it(home, tmp_path):
    async def scenario() -> None:
        clock = Clock()
        async with node(home, tmp_path, clock, name="first") as first:
            identity = await placed(first, description="first")

            async def dies(*_: object) -> bool:
                raise asyncio.CancelledError

            first.store.settle = dies  # type: ignore[method-assign]
            with pytest.raises(asyncio.CancelledError):
                await first.pipeline._alter(first.backends["lab"], change(identity, {"description": "second"}))
            await first.store.close()
            async with node(home, tmp_path, clock, first.simulator, name="second") as second:
                assert document_of(await stored(second, identity))["description"] == "first"
                await second.work.sweep()
                await second.round("reconcile")
                assert document_of(await stored(second, identity))["description"] == "second"
                assert second.calls("ChangeOrder") == ["ChangeOrder"]
                assert (await second.pipeline.place(change(identity, {"description": "second"}))).status == 200
                assert second.calls("ChangeOrder") == ["ChangeOrder"]

    asyncio.run(scenario())


def test_small_changes_do_not_make_a_resource_larger_than_its_caller_may_send_one(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one, note=[{"text": "0"}])
        more = [{"op": "add", "path": "/note/-", "value": {"text": "x" * 200}}]
        shown = await one.pipeline.place(change(identity, more))
        most = len(shown.body) + 300  # room for one more
        assert (await one.pipeline.place(change(identity, more, most_bytes=most))).status == 200
        for patch_of_one in (more, {"description": "x" * 200}):
            with pytest.raises(TooLarge, match=f"{most} bytes at most"):
                await one.pipeline.place(change(identity, patch_of_one, most_bytes=most))
        assert len(one.calls("ChangeOrder")) == 2, "nothing more was sent"

    play(scenario)


def test_a_resource_that_is_too_large_already_may_still_be_made_smaller(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one, note=[{"text": "x" * 500}, {"text": "y" * 500}])
        removed, replaced = {"op": "remove", "path": "/note/1"}, {"op": "replace", "path": "/note/0/text", "value": "z" * 500}
        for operation in (removed, replaced):
            assert (await one.pipeline.place(change(identity, [operation], most_bytes=300))).status == 200
        with pytest.raises(TooLarge):
            await one.pipeline.place(change(identity, {"description": "one more"}, most_bytes=300))

    play(scenario)


# one at a time


def test_changes_of_one_order_are_made_one_after_the_other(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one, note=[{"text": "0"}])
        adding = [[{"op": "add", "path": "/note/-", "value": {"text": str(number)}}] for number in range(1, 6)]
        replies = await asyncio.gather(*(one.pipeline.place(change(identity, patch)) for patch in adding))
        assert [reply.status for reply in replies] == [200] * 5
        texts = {note["text"] for note in document_of(await stored(one, identity))["note"]}
        assert texts == set("012345")

    play(scenario)


def test_an_order_that_moves_while_it_is_changed_keeps_both(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one, description="first")
        number = (await stored(one, identity)).backend_ref
        settle, moved = one.store.settle, []

        async def later(*arguments: Any) -> bool:
            if not moved:
                moved.append(True)
                one.desk.states[number] = "WORKING"
                one.clock.later(60)
                await one.round("poll")
            return await settle(*arguments)

        one.store.settle = later  # type: ignore[method-assign]
        document = told(await one.pipeline.place(change(identity, {"description": "second"})))
        assert document["description"] == "second"
        order = await stored(one, identity)
        assert document_of(order)["description"] == "second"
        assert "ProductOrderStateChangeEvent" in await kinds(one, identity)
        assert order.event_seq == len(await kinds(one, identity))

    play(scenario)


def test_a_change_without_an_event_that_comes_in_between_is_seen_and_not_overwritten(play):
    """Once after the patch was worked out, and once while the backend is asked for it."""

    async def scenario(one: Node) -> None:
        identity = await placed(one, note=[{"text": "first"}])
        accept, settle, done = one.store.accept, one.store.settle, []

        async def quietly(**changed: Any) -> None:
            order = await stored(one, identity)
            assert await one.store.tx(advance, replace(attention_to(order, order.attention, one.clock()), **changed))

        async def accepted_later(*arguments: Any) -> Any:
            if "note" not in done:
                done.append("note")
                document = document_of(await stored(one, identity))
                await quietly(answer=orjson.dumps(document | {"note": [*document["note"], {"text": "second"}]}))
            return await accept(*arguments)

        async def settled_later(*arguments: Any) -> bool:
            if "attention" not in done:
                done.append("attention")
                await quietly(attention=f"{TIMER}slow: ask")
            return await settle(*arguments)

        one.store.accept, one.store.settle = accepted_later, settled_later  # type: ignore[method-assign]
        events = await kinds(one, identity)
        reply = await one.pipeline.place(change(identity, [{"op": "add", "path": "/note/-", "value": {"text": "third"}}]))
        assert done == ["note", "attention"]
        assert [note["text"] for note in told(reply)["note"]] == ["first", "second", "third"]
        order = await stored(one, identity)
        assert (order.attention, one.calls("ChangeOrder")) == (f"{TIMER}slow: ask", ["ChangeOrder"])
        assert await kinds(one, identity) == [*events, "ProductOrderAttributeValueChangeEvent"]

    play(scenario)


# tasks


def test_a_task_and_what_it_does_are_told_in_one_order(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one)
        reply = await one.pipeline.place(cancel(identity))
        assert (reply.status, told(reply)["state"]) == (201, "done")
        assert await kinds(one, identity) == [
            "ProductOrderCreateEvent",
            "CancelProductOrderCreateEvent",
            "CancelProductOrderStateChangeEvent",
            "ProductOrderStateChangeEvent",
            "CancelProductOrderStateChangeEvent",
        ]
        found = await one.pipeline.retrieve(read(told(reply)["id"], "cancelProductOrder"))
        assert found.document is not None
        assert (found.document["state"], found.document["productOrder"]) == ("done", {"id": identity})
        assert (await one.pipeline.retrieve(read(identity))).document["state"] == "cancelled"  # type: ignore[index]
        with pytest.raises(NotFound):  # an id is of one kind of resource
            await one.pipeline.retrieve(read(identity, "cancelProductOrder"))
        other = await one.pipeline.retrieve(read(told(reply)["id"]))
        assert other.outcome.kind is OutcomeKind.REJECTED

    play(scenario)


def test_an_open_task_ends_with_its_subject(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one)
        number = (await stored(one, identity)).backend_ref
        one.desk.states[number] = "STOPPING"
        reply = await one.pipeline.place(cancel(identity))
        assert told(reply)["state"] == "inProgress"
        assert (await stored(one, identity)).state == "pendingCancellation"
        with pytest.raises(Refused) as caught:
            await one.pipeline.place(cancel(identity))
        assert (caught.value.status, caught.value.code) == (409, "cancellation-under-way")
        one.desk.states[number] = "STOPPED"
        one.clock.later(900)
        await one.round("poll")
        order = await stored(one, identity)
        assert order.state == "cancelled"
        [task] = await requests(one, order.id)
        assert (task.state, document_of(task)["state"], task.done_at) == ("done", "done", one.clock())
        assert (await kinds(one, identity))[-2:] == ["ProductOrderStateChangeEvent", "CancelProductOrderStateChangeEvent"]
        assert order.event_seq == len(await kinds(one, identity))

    play(scenario)


def test_a_deleted_order_is_not_found_any_more(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one)
        order = await stored(one, identity)
        refused = await one.pipeline.place(change(identity, {}, "delete"))
        assert refused.status == 409
        await one.pipeline.place(cancel(identity))
        gone = await one.pipeline.place(change(identity, {}, "delete", key="Idempotency-Key:D"))
        assert (gone.status, gone.body) == (204, b"")
        assert await one.store.order(identity, ("lab",), "productOrder") is None
        assert await one.pipeline.place(change(identity, {}, "delete", key="Idempotency-Key:D")) == gone
        with pytest.raises(NotFound):
            await one.pipeline.place(change(identity, {}, "delete"))
        assert (await one.store.tx(events_of, order.id))[-1].type == "ProductOrderDeleteEvent"
        assert await one.tasks(order_id=order.id) == {}

    play(scenario)


@pytest.mark.parametrize("delivery", ["direct", "deferred"])
def test_a_repeat_of_what_made_a_deleted_order_is_told_so_and_makes_no_other_one(tmp_path, delivery):
    """By its key, by its number alone, and by its number under another key; a correction goes its way."""
    home = lab_home(tmp_path / "h", CHANGED + FOLLOWED, {"endpoint:": f"delivery: {delivery}\nendpoint:"})

    async def scenario(one: Node) -> None:
        with_key, with_number = message(), message(key="")
        for asked in (with_key, with_number):
            reply = await one.pipeline.place(asked)
            if delivery == "deferred":
                await one.round("submit")
            identity = told(reply)["id"]
            assert await one.pipeline.place(asked) == reply
            await one.pipeline.place(cancel(identity))
            assert (await one.pipeline.place(change(identity, {}, "delete"))).status == 204
        made = one.calls("CreateOrder")
        assert len(made) == 2
        by_number = [replace(with_key, key="Idempotency-Key:other"), with_number, replace(with_number, key="Idempotency-Key:more")]
        for again, name in ((with_key, "Idempotency-Key"), *((each, "externalId") for each in by_number)):
            with pytest.raises(Conflict, match="another key and another externalId") as refused:
                await one.pipeline.place(again)
            assert [problem.path for problem in refused.value.problems] == [name]
        if delivery == "deferred":
            await one.round("submit")
        assert one.calls("CreateOrder") == made
        corrected = with_key.body | {"description": "corrected"}
        reply = await one.pipeline.place(replace(with_key, key="Idempotency-Key:new", body=corrected, raw=orjson.dumps(corrected)))
        assert reply.status == 201

    run(home, tmp_path / "data", scenario)


# by hand


def judge(one: Node) -> Judge:
    return Judge(one.backends.__getitem__, one.pipeline.renderers)


def test_a_person_says_that_a_change_was_done_and_repeats_get_that_answer(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one, description="first")
        one.desk._scenarios.scenarios["GONE"] = Behaviour(transport="close")
        lost = change(identity, {"description": "GONE-but done", "state": "cancelled"}, key="Idempotency-Key:A")
        assert (await one.pipeline.place(lost)).status == 504
        [request] = await requests(one, (await stored(one, identity)).id)
        hand = Hand("night-shift")
        with pytest.raises(InvalidMessage, match="no number"):
            await settle_by_hand(one.store, judge(one), request.id, "accepted", "4711", "asked", hand)
        said = await settle_by_hand(one.store, judge(one), request.id, "accepted", "", "asked", hand)
        assert "was carried out" in said["text"]
        order = await stored(one, identity)
        assert (document_of(order)["description"], order.state) == ("GONE-but done", "acknowledged")  # the state is the backend's to tell
        assert told(await one.pipeline.place(lost))["description"] == "GONE-but done"
        assert len(one.calls("ChangeOrder")) == 1
        assert (await kinds(one, identity))[-1] == "ProductOrderAttributeValueChangeEvent"

    play(scenario)


def test_a_person_says_that_a_task_was_not_taken_and_a_repeat_is_a_further_attempt(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one)
        one.desk._scenarios.scenarios["GONE"] = Behaviour(book=False, transport="close")
        lost = cancel(identity, "GONE-reason", key="Idempotency-Key:A")
        assert (await one.pipeline.place(lost)).status == 504
        [request] = await requests(one, (await stored(one, identity)).id)
        said = await settle_by_hand(one.store, judge(one), request.id, "absent", "", "", Hand("night-shift"))
        assert "had no effect" in said["text"]
        del one.desk._scenarios.scenarios["GONE"]
        assert (await one.pipeline.place(lost)).status == 201
        assert [attempt.number for attempt in await one.store.attempts(request.id)] == [1, 2]

    play(scenario)


def test_a_person_says_that_a_task_was_taken(play):
    async def scenario(one: Node) -> None:
        identity = await placed(one)
        one.desk._scenarios.scenarios["GONE"] = Behaviour(book=False, transport="close")
        assert (await one.pipeline.place(cancel(identity, "GONE-reason"))).status == 504
        order = await stored(one, identity)
        [request] = await requests(one, order.id)
        nobody = Judge(one.backends.__getitem__, {})
        with pytest.raises(ConfigError, match="face tmf"):
            await settle_by_hand(one.store, nobody, request.id, "accepted", "", "", Hand("night-shift"))
        await settle_by_hand(one.store, judge(one), request.id, "accepted", "C-7", "", Hand("night-shift"))
        [task] = await requests(one, order.id)
        assert (task.state, task.backend_ref, task.outcome) == ("acknowledged", "C-7", OutcomeKind.ACCEPTED)
        assert (await kinds(one, identity))[-1] == "CancelProductOrderCreateEvent"
        one.desk.states[order.backend_ref] = "STOPPED"
        one.clock.later(900)
        await one.round("poll")
        [task] = await requests(one, order.id)
        assert task.state == "done"

    play(scenario)


# who may see what, and what has not arrived yet


def test_where_resources_are_their_clients_own_nobody_else_knows_of_them(tmp_path):
    home = lab_home(tmp_path / "h", CHANGED + FOLLOWED + "visibility: client\n")

    async def scenario(one: Node) -> None:
        identity = told(await one.place({}, client="demo-client"))["id"]
        other = {"client": "other"}
        for sent in (change(identity, {"description": "x"}, **other), cancel(identity, **other), change(identity, {}, "delete", **other)):
            with pytest.raises(NotFound):
                await one.pipeline.place(sent)
        with pytest.raises(NotFound):
            await one.pipeline.retrieve(read(identity, **other))
        with pytest.raises(NotFound):  # of what is not on record nobody knows whose it is
            await one.pipeline.retrieve(read("LAB-000077"))
        assert (await one.pipeline.retrieve(read(identity))).document is not None
        assert await one.pipeline.market_of(read(identity, **other), ["lab"]) is None
        for client, ids in (("demo-client", [identity]), ("other", [])):
            for wanted in ({}, {"id": (await stored(one, identity)).id}):
                assert await one.pipeline.list(["lab"], Ids(client, wanted)) == ids

    run(home, tmp_path, scenario)


class Ids:
    """A list of one client's orders, as ids."""

    operation = "productOrder.list"

    def __init__(self, client: str, wanted: dict[str, str]) -> None:
        self.client, self.wanted, self.found = client, wanted, list[str]()

    def equal(self, attribute: str) -> str | None:
        return self.wanted.get(attribute)

    def collector(self) -> Ids:
        return self

    def add(self, result: Result) -> None:
        assert result.document is not None
        self.found.append(result.document["id"])

    def page(self) -> list[str]:
        return self.found


def test_an_order_that_waits_for_its_backend_cannot_be_changed_yet(tmp_path):
    home = lab_home(tmp_path / "h", CHANGED + FOLLOWED + "delivery: deferred\n")

    async def scenario(one: Node) -> None:
        identity = told(await one.place())["id"]
        for early in (change(identity, {"description": "x"}), cancel(identity)):
            with pytest.raises(Conflict, match="has not reached its backend yet") as caught:
                await one.pipeline.place(early)
            assert caught.value.headers == {"Retry-After": "5"}
        await one.round("submit")
        document = told(await one.pipeline.place(change(identity, {"description": "x"})))
        assert (document["id"], document["description"]) == (identity, "x")  # under the id that its caller knows
        assert told(await one.pipeline.place(cancel(identity)))["state"] == "done"

    run(home, tmp_path, scenario)


def test_what_is_in_doubt_itself_cannot_be_changed(play):
    async def scenario(one: Node) -> None:
        one.desk._scenarios.scenarios["GONE"] = Behaviour(book=False, transport="close")
        assert (await one.place({"externalId": "GONE-1"})).status == 504
        order = await one.order()
        with pytest.raises(Conflict, match="not known yet what became of"):
            await one.pipeline.place(change(order.id, {"description": "x"}))

    play(scenario)


@pytest.mark.parametrize("times", [40, 300])
def test_a_json_patch_that_copies_its_own_copies_is_refused_before_it_fills_the_memory(times: int) -> None:
    doubling = [{"op": "copy", "from": "/note", "path": f"/note/0/n{number}"} for number in range(times)]
    with pytest.raises(InvalidMessage, match="may copy 100000 values and characters"):
        changes_of({"note": [{"text": "a"}]}, change("1", doubling))
    long = [{"op": "copy", "from": "/note/0", "path": "/note/-"} for _ in range(times)]
    with pytest.raises(InvalidMessage, match="may copy 100000"):
        changes_of({"note": [{"text": "a" * 9_000}]}, change("1", long))


def test_a_json_patch_that_nests_without_end_is_refused() -> None:
    step = [
        {"op": "move", "from": "/note", "path": "/n"},
        {"op": "add", "path": "/note", "value": [{}]},
        {"op": "move", "from": "/n", "path": "/note/0/n"},
    ]
    with pytest.raises(InvalidMessage, match="nested deeper than 200 levels"):
        changes_of({"note": []}, change("1", step * 300))
    with pytest.raises(InvalidMessage, match="nested deeper than 200 levels"):
        changes_of({"note": []}, change("1", [*step * 300, {"op": "copy", "from": "/note", "path": "/m"}]))
    assert changes_of({"note": []}, change("1", step * 3)) == {"note": [{"n": [{"n": [{"n": []}]}]}]}


def test_a_json_patch_does_not_touch_what_it_is_about() -> None:
    shown, operation = {"note": [{"text": "a"}]}, {"op": "add", "path": "/note/-", "value": {"text": "b"}}
    renamed = {"op": "replace", "path": "/note/1/text", "value": "c"}
    assert changes_of(shown, change("1", [operation, renamed])) == {"note": [{"text": "a"}, {"text": "c"}]}
    assert shown == {"note": [{"text": "a"}]}
    assert operation["value"] == {"text": "b"}


# laws

TEXTS = st.text("abc é", max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(TEXTS, JSON, max_size=4)


@given(document=DOCUMENTS, body=DOCUMENTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_same_merge_patch_once_more_changes_nothing(document: Document, body: Document) -> None:
    shown = {name: value for name, value in document.items() if value is not None}
    changes = changes_of(shown, change("1", body))
    after = applied(shown, changes)
    assert after == patch(shown, body)
    assert changes_of(after, change("1", body)) == {}
