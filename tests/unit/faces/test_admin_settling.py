"""Settling an order in doubt by hand: what a probe would have written, and who did it; never an order that is settled or under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.errors import ConfigError, Conflict, InvalidMessage, NotFound
from adapter.faces.admin.by_hand import Hand
from adapter.faces.admin.named import order_of
from adapter.faces.admin.orders import list_in_doubt, way_of_order
from adapter.faces.admin.settling import Judge, settle_by_hand
from adapter.ports import OutcomeKind
from adapter.store import auditing
from adapter.store.outbox import events_of
from adapter.store.task_listing import find, read
from adapter.store.task_rows import NewTask, TaskQuery
from adapter.store.tasks import put
from simulators.scenario import Behaviour
from tests import opened_kit
from tests.admin_kit import LOST, listening, patient_home
from tests.opened_kit import Opened, message, opened
from tests.waiting import until


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> str:
    return patient_home(tmp_path_factory.mktemp("home") / "h")


@pytest.fixture
def run(tmp_path: Path, home: str) -> Callable[..., Any]:
    return partial(opened_kit.run, tmp_path / "data", home)


def judge(service: Opened) -> Judge:
    return Judge(service.service.backends.__getitem__, service.pipeline.renderers)


async def doubtful(service: Opened, **more: Any) -> Any:
    """A request that was placed and whose fate nobody knows."""
    service.slbos.once("UpdateOrderDetail", LOST)
    sent = message(**more)
    assert (await service.pipeline.place(sent)).status == 504
    order, _ = await service.only_order()
    assert order.outcome is OutcomeKind.IN_DOUBT
    return sent, order


def test_accepted_adopts_the_reference_and_repeats_get_that_answer(run):
    async def scenario(service: Opened) -> None:
        store, hand = service.store, Hand("night-shift")
        await listening(store)
        sent, order = await doubtful(service)
        await store.tx(put, [NewTask(f"reconcile:{order.id}", "reconcile:nobody", 1, order.id)])
        [row] = await list_in_doubt(store, 10)
        assert (row["id"], row["attempt"], row["task"]["state"]) == (order.id, 1, "due")
        assert row["evidence"]

        done = await settle_by_hand(store, judge(service), order.id, "accepted", "4711", "SLBOS desk, by phone", hand)
        assert f"order {order.id} is accepted as 4711" in done["text"]
        assert await list_in_doubt(store, 10) == []

        settled, [attempt] = await service.only_order()
        assert (settled.outcome, settled.state, settled.backend_ref) == (OutcomeKind.ACCEPTED, "acknowledged", "4711")
        assert (attempt.outcome, attempt.evidence) == (
            OutcomeKind.ACCEPTED,
            f"{row['evidence']}; then: settled by hand by night-shift: SLBOS desk, by phone",
        )
        calls = len(service.slbos.requests())
        again = await service.pipeline.place(sent)
        assert again.status == 201
        assert orjson.loads(again.body)["id"] == "4711"
        assert len(service.slbos.requests()) == calls, "nothing is sent for a repeat"

        [event] = await store.tx(events_of, order.id)
        assert event.type == "ProductOrderCreateEvent"
        assert orjson.loads(event.document)["state"] == "acknowledged"
        assert await store.tx(read, f"reconcile:{order.id}") is None
        assert [task.id for task in await store.tx(find, TaskQuery(order_id=order.id, kind="poll"))] == [f"poll:{order.id}"]
        [audit] = await store.tx(auditing.find, order.id)
        assert (audit.actor, audit.action) == ("night-shift", "order.settle")
        assert audit.detail == "attempt 1: accepted as 4711: SLBOS desk, by phone"
        way = await way_of_order(store, "4711")
        assert any(step["kind"] == "audit" and "night-shift: order.settle" in step["text"] for step in way["timeline"])

    run(scenario)


def test_absent_frees_the_order_for_one_more_attempt_under_the_same_reference(run):
    async def scenario(service: Opened) -> None:
        store = service.store
        sent, order = await doubtful(service)
        done = await settle_by_hand(store, judge(service), order.id, "absent", "", "", Hand("root"))
        assert "the next repeat of the request makes a further attempt" in done["text"]
        freed, [attempt] = await service.only_order()
        assert (freed.outcome, freed.state, attempt.outcome) == (OutcomeKind.ABSENT, "acknowledged", OutcomeKind.ABSENT)
        assert await store.tx(events_of, order.id) == []
        service.slbos.once("UpdateOrderDetail", Behaviour())
        assert (await service.pipeline.place(sent)).status == 201
        order, attempts = await service.only_order()
        assert [one.outcome for one in attempts] == [OutcomeKind.ABSENT, OutcomeKind.ACCEPTED]
        assert service.slbos.bookings()["bookings"][sent.body["externalId"]]["count"] == 1

    run(scenario)


def test_what_is_certain_or_under_way_is_refused_and_nothing_changes(run):
    async def scenario(service: Opened) -> None:
        store, hands = service.store, Hand("root")

        async def refused(kind: type[Exception], text: str, identifier: str, verdict: str, reference: str = "") -> None:
            with pytest.raises(kind, match=text):
                await settle_by_hand(store, judge(service), identifier, verdict, reference, "", hands)

        service.slbos.once("UpdateOrderDetail", LOST.model_copy(update={"after": 1.0}))
        placing = asyncio.create_task(service.pipeline.place(message()))
        await service.recorded()
        order, _ = await service.only_order()
        await refused(Conflict, "attempt 1 is under way on node .* until .*; wait for its end", order.id, "absent")
        assert (await placing).status == 504
        await refused(NotFound, "there is no order 'nothing'", "nothing", "absent")
        await refused(InvalidMessage, "needs the backend's number of it", order.id, "accepted")
        await refused(InvalidMessage, "has no --reference there", order.id, "absent", "4711")
        await refused(InvalidMessage, "is no verdict", order.id, "maybe")
        assert (await service.only_order())[0].outcome is OutcomeKind.IN_DOUBT
        await settle_by_hand(store, judge(service), order.id, "accepted", "4711", "", hands)
        await refused(Conflict, "attempt 1 is settled already: accepted as 4711 since .*; nothing was changed", order.id, "absent")
        assert len(await store.tx(auditing.find, order.id)) == 1

    run(scenario)


def test_what_is_not_declared_any_more_is_named(run):
    async def scenario(service: Opened) -> None:
        _, order = await doubtful(service)
        rules = service.service.backends["pr"]

        async def refused(text: str, changed: Judge) -> None:
            with pytest.raises(ConfigError, match=text):
                await settle_by_hand(service.store, changed, order.id, "accepted", "1", "", Hand("root"))

        await refused("market pr of order .* is not declared", Judge({}.__getitem__, {}))
        await refused("face hybris of order .* is not declared", Judge(lambda _: rules, {}))

        class Without:
            market, translators = rules.market, {}

        await refused(r"market pr has no mapping productOrder\.create any more", Judge(lambda _: Without, service.pipeline.renderers))
        assert (await service.only_order())[0].outcome is OutcomeKind.IN_DOUBT

    run(scenario)


def test_two_people_at_once_settle_it_once(run):
    async def scenario(service: Opened) -> None:
        store, at = service.store, judge(service)
        _, order = await doubtful(service)
        acts = [settle_by_hand(store, at, order.id, "accepted", str(number), "", Hand(f"p{number}")) for number in range(4)]
        ended = await asyncio.gather(*acts, return_exceptions=True)
        done = [one for one in ended if isinstance(one, dict)]
        assert len(done) == 1
        assert all(isinstance(one, Conflict) for one in ended if not isinstance(one, dict))
        assert [row.action for row in await store.tx(auditing.find, order.id)] == ["order.settle"]
        settled = await order_of(store, order.id)
        assert f"accepted as {settled.backend_ref}" in done[0]["text"]

    run(scenario)


@pytest.mark.parametrize("verdict", ["accepted", "absent"])
def test_an_order_whose_caller_was_answered_keeps_that_answer_whatever_is_found_out(tmp_path, verdict):
    home = patient_home(tmp_path / "deferred", deferred=True)

    async def scenario() -> None:
        async with opened(tmp_path / "data", home) as service:
            store = service.store
            await listening(store)
            service.slbos.once("UpdateOrderDetail", LOST)
            sent = message()
            first = await service.pipeline.place(sent)
            assert first.status == 201
            order = await ended(service, OutcomeKind.IN_DOUBT)
            assert order.state == "held"
            reference = "4711" if verdict == "accepted" else ""
            done = await settle_by_hand(store, judge(service), order.id, verdict, reference, "", Hand("root"))
            if verdict == "accepted":
                assert "is accepted as 4711" in done["text"]
            else:
                assert "it is submitted again now" in done["text"]
            order = await ended(service, OutcomeKind.ACCEPTED)
            assert order.answer is not None
            assert orjson.loads(order.answer)["id"] == orjson.loads(first.body)["id"], "the id of the first answer stays"
            assert (await service.pipeline.place(sent)).body == first.body
            kinds = [event.type for event in await store.tx(events_of, order.id)]
            assert kinds[0] == "ProductOrderCreateEvent"
            assert kinds.count("ProductOrderStateChangeEvent") >= 2, "held, and acknowledged again"
            booked = service.slbos.bookings()["bookings"].get(sent.body["externalId"], {"count": 0})["count"]
            assert booked == (1 if verdict == "absent" else 0)

    asyncio.run(scenario())


async def ended(service: Opened, outcome: OutcomeKind) -> Any:
    """The only order, as soon as this has become of it."""

    async def order() -> Any:
        order, _ = await service.only_order()
        return order if order.outcome is outcome else None

    return await until(order, f"the order is {outcome}")
