"""The straight line where it bends: rules that changed, records that fail, code that breaks after the call."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import delete

from adapter import clock
from adapter.errors import Conflict, KeyReused, NotFound, NotOffered, StoreUnavailable
from adapter.faces.admin.orders import way_of_order
from adapter.ports import Message, OutcomeKind
from adapter.store import Direction, InFlight, Response, Settlement
from adapter.store.connection import Statement
from adapter.store.schema import resource_order
from simulators.http_server import Transport
from simulators.scenario import Behaviour
from tests import opened_kit
from tests.opened_kit import Opened, message, opened
from tests.service_kit import home_with, pr_order
from tests.waiting import until

FORGET = Statement(delete(resource_order))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> str:
    return home_with(tmp_path_factory.mktemp("home") / "h", {"config/markets/pr.yaml": ("  total: 8", "  total: 2")})


@pytest.fixture
def run(tmp_path: Path, home: str) -> Callable[..., Any]:
    """Runs ``scenario(opened)`` on a service of its own."""
    return partial(opened_kit.run, tmp_path / "data", home)


def asked_for(identity: str) -> Message:
    return message({}, operation="productOrder.retrieve", path={"id": identity})


def booked(service: Opened, body: dict[str, Any]) -> int:
    return service.slbos.bookings()["bookings"].get(body["externalId"], {"count": 0})["count"]


def test_what_no_market_has_is_told(run):
    async def scenario(service: Opened) -> None:
        pipeline = service.pipeline
        with pytest.raises(NotFound, match="no market 'xx'"):
            await pipeline.place(message(market="xx"))
        with pytest.raises(NotFound, match="no market 'xx'"):
            await pipeline.retrieve(message({}, market="xx"))
        with pytest.raises(NotOffered, match=r"does not offer productOrder\.delete"):
            pipeline.validator("tmf", "pr", "productOrder.delete")
        with pytest.raises(NotOffered, match="takes no body"):
            pipeline.validator("tmf", "pr", "productOrder.retrieve")
        assert pipeline.validator("hybris", "pr", "productOrder.create").problems(pr_order()) == []
        assert await pipeline.market_of(asked_for("nothing"), ("lab", "pr")) is None

    run(scenario)


def test_the_market_of_an_order_is_where_it_is_on_record(run):
    async def scenario(service: Opened) -> None:
        reply = await service.pipeline.place(message())
        assert await service.pipeline.market_of(asked_for(orjson.loads(reply.body)["id"]), ("lab", "pr")) == "pr"

    run(scenario)


def test_what_is_sent_is_not_older_than_the_attempt_that_sends_it(run):
    """Both go by one reading of the clock, however long it takes to write the request between two."""

    async def scenario(service: Opened) -> None:
        ticks = itertools.count(clock.now())
        service.pipeline.now = service.store.clock = lambda: next(ticks)  # type: ignore[method-assign]
        await service.pipeline.place(message())
        order, [attempt] = await service.only_order()
        [sent] = [each for each in await service.store.messages(order.id) if each.direction is Direction.BACKEND_REQUEST]
        assert (order.created_at, attempt.started_at) == (sent.at, sent.at)
        way = await way_of_order(service.store, order.id)
        texts = [step["text"] for step in way["timeline"]]
        begins, leaves = (next(n for n, text in enumerate(texts) if words in text) for words in ("begins on node", "sent to the backend"))
        assert begins < leaves

    run(scenario)


def test_an_answer_outlives_the_rules_that_made_it(run):
    """A repeat of an answered request gets its answer, also where today's rules would refuse it; a new request does not."""

    async def scenario(service: Opened) -> None:
        sent = message()
        first = await service.pipeline.place(sent)
        backends = dict(service.pipeline.backends)
        service.pipeline.backends = {**backends, "pr": replace(backends["pr"], translators={})}
        assert await service.pipeline.place(sent) == first
        with pytest.raises(NotOffered):
            await service.pipeline.place(message())

    run(scenario)


def test_an_order_on_record_knows_the_name_of_a_key_that_was_used_twice(run):
    async def scenario(service: Opened) -> None:
        sent = message()
        await service.pipeline.place(sent)
        with pytest.raises(KeyReused) as refused:
            await service.pipeline.place(replace(sent, body={**sent.body, "category": "BUS"}))
        assert refused.value.problems[0].path == "correlationId"

    run(scenario)


def test_a_fault_of_ours_after_the_call_is_in_doubt_and_not_lost(run):
    async def scenario(service: Opened) -> None:
        sent = message()
        real = service.pipeline.renderers["hybris"]
        broken: list[str] = []

        def breaks_once(asked: Any, result: Any) -> Any:
            if result.outcome.kind is OutcomeKind.ACCEPTED and not broken:
                broken.append("once")
                raise ZeroDivisionError("no such thing")
            return real(asked, result)

        service.pipeline.renderers = {**service.pipeline.renderers, "hybris": breaks_once}
        first = await service.pipeline.place(sent)
        assert first.status == 504
        assert b"ZeroDivisionError" not in first.body
        order, [attempt] = await service.only_order()
        assert (order.state, attempt.outcome, attempt.evidence) == ("held", OutcomeKind.IN_DOUBT, "internal error: ZeroDivisionError")
        assert (await service.pipeline.place(sent)).status == 201
        assert booked(service, sent.body) == 1

    run(scenario)


def test_a_call_whose_end_cannot_be_recorded_is_neither_promised_nor_denied(run):
    async def scenario(service: Opened) -> None:
        sent, real = message(), service.store.settle

        async def full(*_: Any) -> bool:
            raise StoreUnavailable("the disk is full")

        service.store.settle = full  # type: ignore[method-assign]
        first = await service.pipeline.place(sent)
        service.store.settle = real  # type: ignore[method-assign]
        assert first.status == 504
        order, [attempt] = await service.only_order()
        assert attempt.outcome is None
        again = await service.pipeline.place(sent)  # waits until the call is over for certain, then asks
        assert again.status == 201
        assert orjson.loads(again.body)["id"] == (await service.store.order(order.id)).backend_ref
        assert booked(service, sent.body) == 1

    run(scenario)


def test_whoever_settles_first_decides_what_everybody_gets(run):
    async def scenario(service: Opened) -> None:
        sent = message()
        service.slbos.once("UpdateOrderDetail", Behaviour(after=0.2))
        placing = asyncio.create_task(service.pipeline.place(sent))
        await service.recorded()
        order, _ = await service.only_order()
        by_hand = Response(201, b'{"id":"by hand"}')
        settlement = Settlement(OutcomeKind.ACCEPTED, 1, state="acknowledged", backend_ref="by hand", response=by_hand)
        assert await service.store.settle(order.id, 1, settlement)
        assert (await placing).body == by_hand.body
        assert (await service.pipeline.place(sent)).body == by_hand.body

    run(scenario)


def test_settled_by_another_without_an_answer_the_caller_gets_what_the_backend_said(run):
    async def scenario(service: Opened) -> None:
        sent = message()
        service.slbos.once("UpdateOrderDetail", Behaviour(after=0.2))
        placing = asyncio.create_task(service.pipeline.place(sent))
        await service.recorded()
        order, _ = await service.only_order()
        assert await service.store.settle(order.id, 1, Settlement(OutcomeKind.UNAVAILABLE, 1))
        assert (await placing).status == 201

    run(scenario)


def test_an_order_that_is_always_in_somebody_elses_way_is_told_to_come_back(run):
    async def scenario(service: Opened) -> None:
        sent = message()
        await service.pipeline.place(sent)
        order, _ = await service.only_order()

        async def busy(_: Any) -> InFlight:
            return InFlight(order.id, 1, 0, other=True)

        service.store.accept = busy  # type: ignore[method-assign]
        with pytest.raises(Conflict) as refused:
            await service.pipeline.place(message())
        assert refused.value.headers == {"Retry-After": "1"}

    run(scenario)


def test_a_refused_order_may_be_sent_again_under_another_key(run):
    """Only an order that was placed is shared with a further key; what was refused is asked again."""

    async def scenario(service: Opened) -> None:
        body = pr_order()
        service.slbos.once("UpdateOrderDetail", Behaviour(refuse=("2099 | DRO30E - REF CDA NOT FOUND| ",), after=0.2))
        first = asyncio.create_task(service.pipeline.place(message(body)))
        await service.recorded()
        second = await service.pipeline.place(message(body))
        assert ((await first).status, second.status) == (400, 201)
        assert booked(service, body) == 1

    run(scenario)


def test_other_content_with_the_same_number_waits_for_the_first_and_is_another_order(run):
    async def scenario(service: Opened) -> None:
        body = pr_order()
        service.slbos.once("UpdateOrderDetail", Behaviour(after=0.2))
        first = asyncio.create_task(service.pipeline.place(message(body)))
        await service.recorded()
        second = await service.pipeline.place(message(body | {"category": "BUS"}))
        assert ((await first).status, second.status) == (201, 201)
        assert second.body != (await first).body
        assert booked(service, body) == 2

    run(scenario)


def test_the_end_waits_for_what_is_under_way(tmp_path, home):
    sent = message()

    async def scenario() -> tuple[Any, int]:
        async with opened(tmp_path / "data", home) as service:
            service.slbos.once("UpdateOrderDetail", Behaviour(after=0.2))
            placing = asyncio.create_task(service.pipeline.place(sent))
            await service.called()
            await service.pipeline.drain()
            assert (await placing).status == 201
            return await service.only_order()

    order, [attempt] = asyncio.run(scenario())
    assert (order.outcome, attempt.outcome) == (OutcomeKind.ACCEPTED, OutcomeKind.ACCEPTED)


@pytest.mark.parametrize("moment", ["before it is recorded", "in its call"])
def test_what_is_cut_off_ends_the_wait_and_stays_open_on_record_or_was_certainly_not_done(run, moment):
    async def scenario(service: Opened) -> None:
        service.slbos.once("UpdateOrderDetail", Behaviour(transport=Transport.NEVER))
        placing = asyncio.create_task(service.pipeline.place(message()))
        await asyncio.sleep(0)
        if moment == "in its call":
            await service.called()
        ending = asyncio.create_task(service.pipeline.drain())
        await asyncio.sleep(0)
        placing.cancel()
        async with asyncio.timeout(20):
            await ending
            await service.recorded()
            order, [attempt] = await service.only_order()
            while moment != "in its call" and attempt.outcome is None:
                order, [attempt] = await service.only_order()
        assert placing.cancelled()
        assert attempt.outcome is (None if moment == "in its call" else OutcomeKind.UNAVAILABLE)
        assert len(service.slbos.requests()) == (1 if moment == "in its call" else 0)
        assert order.id

    run(scenario)


def test_what_a_rule_notices_is_no_reason_to_refuse(run):
    """The self-install order of the documents comes with a date; the unscheduled one goes out."""

    async def scenario(service: Opened) -> None:
        body = pr_order("selfinstall", requestedCompletionDate="2023-01-11T12:45:12.028Z")
        assert (await service.pipeline.place(message(body))).status == 201
        assert "4444-12-31" in service.slbos.requests()[0]["envelope"]

    run(scenario)


def test_an_order_that_is_only_known_to_the_backend_can_be_read(run):
    async def scenario(service: Opened) -> None:
        reply = await service.pipeline.place(message())
        number = orjson.loads(reply.body)["id"]
        reading = message({}, operation="productOrder.retrieve", path={"businessId": "PR", "id": number})
        known = await service.pipeline.retrieve(reading)
        assert (known.outcome.kind, known.document["id"], bool(known.created_at)) == (OutcomeKind.ACCEPTED, number, True)
        await service.store.tx(lambda c: c.change(FORGET, {}))
        alone = await service.pipeline.retrieve(reading)
        assert (alone.outcome.kind, alone.document["id"], alone.order_id) == (OutcomeKind.ACCEPTED, number, "")
        missing = await service.pipeline.retrieve(replace(reading, path={"businessId": "PR", "id": "none"}))
        assert (missing.outcome.kind, missing.status) == (OutcomeKind.REJECTED, 404)

    run(scenario)


def test_a_read_that_is_not_answered_is_unavailable_and_never_in_doubt(run):
    async def scenario(service: Opened) -> None:
        service.slbos.once("GetOrderStatus", Behaviour(book=False, transport=Transport.CLOSE))
        result = await service.pipeline.retrieve(message({}, operation="productOrder.retrieve", path={"id": "1"}))
        assert (result.outcome.kind, result.status) == (OutcomeKind.UNAVAILABLE, 504)
        assert "nothing was changed" in result.outcome.issues[0].text
        service.slbos.once("GetOrderStatus", Behaviour(fault={"text": "busy", "code": "E1", "detail": "later"}))
        refused = await service.pipeline.retrieve(message({}, operation="productOrder.retrieve", path={"id": "1"}))
        assert (refused.outcome.kind, refused.outcome.issues[0].text) == (OutcomeKind.REJECTED, "busy")

    run(scenario)


def test_a_call_whose_recorded_time_is_over_is_never_sent(run):
    """The record took so long that others take the attempt to be over: it must not leave any more."""

    async def scenario(service: Opened) -> None:
        pipeline, accept = service.pipeline, service.store.accept

        async def slow(acceptance: Any) -> Any:
            accepted = await accept(acceptance)
            pipeline.now = lambda: clock.now() + 60_000
            return accepted

        service.store.accept = slow  # type: ignore[method-assign]
        body = pr_order()
        reply = await pipeline.place(message(body))
        assert reply.status == 502
        assert booked(service, body) == 0

    run(scenario)


def test_an_attempt_that_this_process_is_at_is_waited_for_whatever_the_clock_says(run):
    async def scenario(service: Opened) -> None:
        body = pr_order()
        sent = message(body)
        service.slbos.once("UpdateOrderDetail", Behaviour(after=0.3))
        first = asyncio.create_task(service.pipeline.place(sent))
        await until(lambda: booked(service, body), "a booking")
        service.pipeline.now = service.store.clock = lambda: clock.now() + 60_000  # type: ignore[method-assign]
        again = await service.pipeline.place(sent)
        assert again.body == (await first).body
        assert booked(service, body) == 1
        assert [asked["operation"] for asked in service.slbos.requests()] == ["UpdateOrderDetail"]  # no probe of a call under way

    run(scenario)
