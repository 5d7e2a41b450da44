"""Orders of Puerto Rico from their booking to their end: the simulated BSS, the mapping of its answers, the life of the resource."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from adapter.backend import Backend
from adapter.bootstrap import MarketRules, read_rules
from adapter.bootstrap.connectors import way_of
from adapter.errors import UnknownCode
from adapter.exchange import converse, deadline_of, prepare
from adapter.faces.declaration import load_face
from adapter.mapping.scope import Scope
from adapter.market import load_market
from adapter.ports import Document, OutcomeKind
from adapter.redaction import Redaction
from adapter.resource import Advance, Resource, Unexpected
from adapter.settings import Home
from adapter.wire import Wire, settings_of
from simulators.slbos import slbos
from tests.service_kit import ROOT, pr_order

ORDERS = Resource.load("productOrder")
STATE, ATTRIBUTE, INFORMATION = "StateChange", "AttributeValueChange", "InformationRequired"


HEADER = {"X-Conversation-Id": "QAHA017633E52B68CF0000", "lob": "FIXED", "channelId": "ECOM"}


class Deaf:
    """Hears of judged calls and does nothing."""

    def judged(self, *_: object) -> None:
        """Nothing."""


@dataclass
class Desk:
    """The market at work without a record, and the hands of the backend's clock (seconds since the epoch)."""

    backend: Backend
    at: float

    async def place(self, house: str, temporary: str) -> Document:
        """Books an order and gives its answer."""
        body = pr_order(house=house, externalId=temporary)
        return await self.ask("productOrder.create", request=body, header=HEADER, client_reference=temporary)

    async def ask(self, operation: str, **scope: Any) -> Document:
        """One call, as it is written and answered; what the reply is mapped to."""
        prepared = prepare(self.backend, operation, Scope(setting=self.backend.market.settings, correlation_id="c", **scope))
        judged = await converse(self.backend, prepared, deadline_of(self.backend), Deaf())
        assert judged.outcome.kind is OutcomeKind.ACCEPTED, judged.outcome
        assert judged.deviations == ()
        return prepared.translator.reply(replace(prepared.scope, reply=judged.reply)).document

    async def report(self, order: Document) -> Document:
        """Where an order is by now."""
        return await self.ask("productOrder.status", path={"id": order["id"]}, request={})


@cache
def rules() -> MarketRules:
    home, environment = Home(ROOT), {"ADAPTER_PR_ENDPOINT": "http://127.0.0.1/"}
    faces = [load_face(home.face_file(name), environment) for name in ("hybris", "tmf")]
    return read_rules(home, load_market(home.market_file("pr"), environment), faces)


@contextlib.asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    found = rules()
    async with slbos(clock=lambda: made.at) as simulator:
        market = found.market.model_copy(update={"endpoint": simulator.url})
        wire = Wire(settings_of(market, ROOT.joinpath))
        backend = Backend(
            market=market,
            connector=way_of(market).connect(market, ROOT / market.contract, None),
            wire=wire,
            translators=found.translators(),
            validators=found.validators(),
            catalogue=found.catalogue,
            redaction=Redaction(market.redact),
        )
        made = Desk(backend, time.time())
        yield made
        await wire.close()


def run(scenario: Callable[[Desk], Any]) -> Any:
    async def inside() -> Any:
        async with desk() as made:
            return await scenario(made)

    return asyncio.run(inside())


def followed(house: str) -> Callable[[Desk], Any]:
    """Asks every ten seconds; gives what came of it where something did, and the order at the end."""

    async def scenario(desk: Desk) -> tuple[list[tuple[str, tuple[str, ...]]], Document]:
        order = await desk.place(house, "0000000000005555")
        told = []
        for _ in range(30):
            desk.at += 10
            found = ORDERS.advance(order, await desk.report(order))
            assert isinstance(found, Advance), found
            if found.events:
                told.append((found.state, tuple(event.type.removeprefix("ProductOrder").removesuffix("Event") for event in found.events)))
            order = found.document
            if found.done:
                break
        return told, order

    return scenario


@pytest.mark.parametrize(
    ("house", "way"),
    [
        ("00918424400656", [("inProgress", (STATE,)), ("completed", (ATTRIBUTE, STATE))]),
        (
            "00918424400931",
            [("inProgress", (STATE,)), ("held", (STATE,)), ("inProgress", (STATE,)), ("completed", (ATTRIBUTE, STATE))],
        ),
        ("00918424400932", [("inProgress", (STATE,)), ("failed", (STATE,))]),
        (
            "00918424400935",
            [("inProgress", (STATE,)), ("pending", (STATE, INFORMATION)), ("inProgress", (STATE,)), ("completed", (ATTRIBUTE, STATE))],
        ),
        ("00918424400936", [("cancelled", (STATE,))]),
        ("00918424400937", [("held", (STATE,))]),
    ],
)
def test_an_order_comes_to_its_end_with_one_event_for_each_change(house, way):
    told, order = run(followed(house))
    assert told == way
    assert order["state"] == way[-1][0]
    assert bool(order.get("completionDate")) is (way[-1][0] == "completed")


def test_lines_that_end_differently_make_the_order_partial():
    told, order = run(followed("00918424400933"))
    assert [state for state, _ in told] == ["acknowledged", "inProgress", "inProgress", "partial"]
    states = [item["state"] for item in order["productOrderItem"]]
    assert states[:3] == ["completed", "failed", "completed"]
    assert set(states[3:]) <= {"completed"}


def test_nothing_is_told_of_an_order_that_has_not_moved():
    async def scenario(desk: Desk) -> None:
        order = await desk.place("00918424400656", "0000000000005555")
        found = ORDERS.advance(order, await desk.report(order))
        assert isinstance(found, Advance)
        assert found.document is order, found.events

    run(scenario)


def test_a_status_that_nobody_knows_is_not_guessed():
    async def scenario(desk: Desk) -> None:
        order = await desk.place("00918424400934", "0000000000005555")
        desk.at += 30
        with pytest.raises(UnknownCode) as unknown:
            await desk.report(order)
        assert (unknown.value.value, unknown.value.table, unknown.value.path) == ("SIGNED_OFF", "orderState", "state")
        assert "mappings/pr/productOrder.status.yaml:" in unknown.value.rule

    run(scenario)


def test_many_orders_in_one_question():
    async def scenario(desk: Desk) -> None:
        houses = ["00918424400656", "00918424400933", "00918424400937"]
        orders = [await desk.place(house, f"000000000000700{number}") for number, house in enumerate(houses)]
        desk.at += 130
        asked = [{"id": order["id"], "request": {}, "answer": order} for order in orders]
        document = await desk.ask("productOrder.statusList", asked={"orders": [*asked, {"id": "999", "request": {}}]})
        reports = {report["id"]: report for report in document["orders"]}
        assert set(reports) == {order["id"] for order in orders}
        taken = [ORDERS.advance(order, reports[order["id"]]) for order in orders]
        assert not [one for one in taken if isinstance(one, Unexpected)]
        assert [one.state for one in taken if isinstance(one, Advance)] == ["completed", "partial", "held"]
        singly = [ORDERS.advance(order, await desk.report(order)) for order in orders]
        assert singly == taken

    run(scenario)
