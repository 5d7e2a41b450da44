"""A change that would not get to its backend is refused before anything is sent: member by member, place by place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.errors import CallerError, InvalidMessage, NotCarried
from adapter.patching import differences
from adapter.ports import Message, Reply
from adapter.recorded import document_of
from adapter.store import OrderRow
from adapter.store.outbox import events_of
from tests.work_kit import CHANGED, FOLLOWED, ITEM, Node, lab_home, message, run

ORDER = {"description": "first", "priority": "1", "note": [{"text": "one", "author": "A"}, {"text": "two"}]}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lab_home(tmp_path_factory.mktemp("carrying") / "h", CHANGED + FOLLOWED)


@pytest.fixture
def play(home: Path, tmp_path: Path) -> Callable[..., Any]:
    """Runs ``scenario(node)`` on a node of its own."""
    return lambda scenario: run(home, tmp_path, scenario)


def change(identity: str, body: Any) -> Message:
    """A PATCH as the tmf face hands it over; a list is a JSON patch."""
    form: dict[str, Any] = {"body": body} if isinstance(body, dict) else {"body": {}, "patch": tuple(body)}
    return replace(message(), operation="productOrder.update", path={"id": identity}, raw=orjson.dumps(body), key="", **form)


async def stored(one: Node, identity: str) -> OrderRow:
    found = await one.store.order(identity, ("lab",), "productOrder")
    assert found is not None
    return found


def told(reply: Reply) -> Any:
    return orjson.loads(reply.body)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"category": "B2C"}, {"category": "cannot be changed"}),
        ({"description": "second", "category": "B2C"}, {"category": "cannot be changed"}),
        ({"notificationContact": "x@y", "category": "B2C"}, dict.fromkeys(["notificationContact", "category"], "cannot be changed")),
        ({"priority": None}, {"priority": "cannot be taken away; send another value"}),
        ({"note": None}, {"note": "cannot be taken away; send another value"}),
        ([{"op": "remove", "path": "/priority"}], {"priority": "cannot be taken away; send another value"}),
        ({"productOrderItem": [{**ITEM, "quantity": 7}]}, {"productOrderItem[0].quantity": "cannot be changed"}),
        ([{"op": "replace", "path": "/productOrderItem/0/quantity", "value": 7}], {"productOrderItem[0].quantity": "cannot be changed"}),
        (
            {"productOrderItem": [ITEM, {**ITEM, "id": "2"}]},
            {f"productOrderItem[1].{name}": "cannot be changed" for name in ("id", "action", "quantity", "productOffering.id")},
        ),
        (
            {"note": [{"text": "one", "author": "A", "date": "2026-01-01T00:00:00Z"}]},
            {"note[0].date": "cannot be changed; of note, these can: text, author"},
        ),
    ],
)
def test_what_has_no_way_to_the_backend_is_named_and_nothing_is_sent(play, body, named):
    async def scenario(one: Node) -> None:
        placed = told(await one.place(ORDER))
        before = document_of(await stored(one, placed["id"]))
        with pytest.raises(NotCarried) as caught:
            await one.pipeline.place(change(placed["id"], body))
        assert caught.value.status == 422
        assert {problem.path: problem.text for problem in caught.value.problems} == named
        assert "A change can hold: priority, requestedCompletionDate, note, description" in str(caught.value)
        assert one.calls("ChangeOrder") == []
        order = await stored(one, placed["id"])
        assert document_of(order) == before
        assert [event.type for event in await one.store.tx(events_of, order.id)] == ["ProductOrderCreateEvent"]

    play(scenario)


@pytest.mark.parametrize(
    ("body", "becomes"),
    [
        ({"note": [{"text": "two"}]}, {"note": [{"text": "two"}]}),  # the list is sent whole, so an element may go
        ({"note": [{"text": "one"}]}, {"note": [{"text": "one"}]}),
        ({"note": []}, {"note": None}),  # the desk has no remarks then
        ({"description": None}, {"description": None}),  # the desk is told so by an empty summary
        ({"priority": "3", "description": "second"}, {"priority": "3", "description": "second"}),
        ([{"op": "remove", "path": "/note/0"}], {"note": [{"text": "two"}]}),
    ],
)
def test_what_gets_to_the_backend_is_the_same_in_the_answer_the_record_and_at_the_backend(play, body, becomes):
    async def scenario(one: Node) -> None:
        placed = told(await one.place(ORDER))
        answer = told(await one.pipeline.place(change(placed["id"], body)))
        read = await one.pipeline.retrieve(replace(message(), operation="productOrder.retrieve", path={"id": placed["id"]}, body={}))
        for shown in (answer, document_of(await stored(one, placed["id"])), read.document):
            assert {name: shown.get(name) or None for name in becomes} == becomes
        assert one.calls("ChangeOrder") == ["ChangeOrder"]
        order = await stored(one, placed["id"])
        [_, event] = await one.store.tx(events_of, order.id)
        assert event.type == "ProductOrderAttributeValueChangeEvent"

    play(scenario)


@pytest.mark.parametrize(
    "body",
    [{"productOrderItem": [{**ITEM, "action": "delete"}]}, [{"op": "replace", "path": "/productOrderItem/0/action", "value": "delete"}]],
)
def test_the_action_of_an_item_that_is_there_is_nothing_to_change(play, body):
    async def scenario(one: Node) -> None:
        placed = told(await one.place(ORDER))
        with pytest.raises(InvalidMessage) as caught:
            await one.pipeline.place(change(placed["id"], body))
        [problem] = caught.value.problems
        assert problem.path == "productOrderItem[0].action"
        assert one.calls("ChangeOrder") == []

    play(scenario)


def test_what_no_client_changes_and_what_the_state_forbids_is_told_before_what_is_not_carried(play):
    async def scenario(one: Node) -> None:
        placed = told(await one.place(ORDER))
        for body, status in (({"href": "x", "category": "B2C"}, 400), ({"completionDate": None, "id": "7", "category": "x"}, 400)):
            with pytest.raises(CallerError) as caught:
                await one.pipeline.place(change(placed["id"], body))
            assert caught.value.status == status

    play(scenario)


@pytest.mark.parametrize(
    ("before", "changes", "places"),
    [
        ({}, {"a": {"b": {"c": 1}}}, ["a.b.c"]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, ["a.c"]),  # an object that was patched has lost a member
        ({"a": {"b": 1}}, {"a": None}, ["a"]),
        ({"a": {"b": 1}}, {"a": {}}, ["a"]),
        ({"a": [1, 2]}, {"a": [2]}, ["a"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a[1]"]),
        ({"a": [{"id": 1, "x": 1}, {"id": 2, "x": 1}]}, {"a": [{"id": 2, "x": 1}, {"id": 1, "x": 2}]}, ["a[1].x"]),
        ({"a": [{"id": 1, "x": 1, "y": 1}]}, {"a": [{"id": 1, "x": 2}]}, ["a[0].x"]),  # what an element does not say is no difference
        ({"a": [{"id": 1, "x": 1}]}, {"a": [{"id": 1}]}, ["a"]),
        ({"a": [{"x": 1}]}, {"a": [{"x": 2}, {"x": 3}]}, ["a[0].x", "a[1].x"]),
        ({"a": "text"}, {"a": [{"x": 3}]}, ["a[0].x"]),
        ({"a": "text"}, {"a": "text"}, []),
    ],
)
def test_differences_are_told_as_deep_down_as_they_are(before, changes, places):
    assert [place.path for place in differences(before, changes)] == places


def test_what_the_rules_cannot_take_is_the_callers_mistake_and_told_as_such(play):
    async def scenario(one: Node) -> None:
        placed = told(await one.place(ORDER))
        with pytest.raises(InvalidMessage, match="priority: "):
            await one.pipeline.place(change(placed["id"], {"priority": "high", "note": None}))
        assert one.calls("ChangeOrder") == []

    play(scenario)


def test_a_change_of_which_the_rules_write_nothing_is_not_sent(tmp_path):
    home = lab_home(tmp_path / "h", CHANGED + FOLLOWED)
    rules = home / "mappings" / "lab" / "productOrder.update.yaml"
    text, old = rules.read_text(encoding="utf-8"), "- otherwise: request.description | default(absent)"
    assert text.count(old) == 1
    only = "- when: request.priority is present\n        value: request.description | default(absent)"
    rules.write_text(text.replace(old, only), encoding="utf-8")

    async def scenario(one: Node) -> None:
        placed = told(await one.place(ORDER))
        with pytest.raises(NotCarried) as caught:
            await one.pipeline.place(change(placed["id"], {"description": "second"}))
        assert [str(problem) for problem in caught.value.problems] == ["description: cannot be changed to this value"]
        assert one.calls("ChangeOrder") == []
        both = told(await one.pipeline.place(change(placed["id"], {"description": "second", "priority": "2"})))
        assert (both["description"], both["priority"]) == ("second", "2")

    run(home, tmp_path / "data", scenario)
