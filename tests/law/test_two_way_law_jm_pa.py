"""The law of two-way rules for the backends of Jamaica and Panama: what goes there comes back equal."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.bootstrap import read_rules
from adapter.faces.declaration import load_face
from adapter.mapping.scope import Scope
from adapter.market import load_market
from adapter.settings import Home
from simulators.registry import VARIABLES
from tests.law.round_trip import Law
from tests.service_kit import ROOT

pytestmark = pytest.mark.no_cover  # what generated documents run is measured where examples show it; measuring doubles the time

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
LIBERATE = {"result": {"code": "0"}, "serviceOrderNo": "DJ0001H"}
CERILLION = {"reply": {"success": True}, "workOrderId": 4730301, "state": "Acknowledged"}
KEPT = frozenset({"billingAccount.id", "productOrderItem[]", "id", "action", "name", "@referredType", "text"})


@cache
def law(market: str) -> Law:
    home, environment = Home(ROOT), dict.fromkeys(VARIABLES.values(), "http://h/")
    faces = [load_face(home.face_file(name), environment) for name in ("hybris", "tmf")]
    rules = read_rules(home, load_market(home.market_file(market), environment), faces)
    made = rules.translators()["productOrder.create"]
    canonical = rules.around.of("productOrder.create")
    assert canonical is not None

    def scope(**changed: Any) -> Scope:
        fixed = {"correlation_id": "c", "client_reference": "r", "now": "2026-01-01T00:00:00.000Z", "setting": rules.market.settings}
        return Scope(header={"channelId": "ECOM", "lob": "FIXED"}, **{**fixed, **changed})

    answer = CERILLION if market.endswith("cerillion") else LIBERATE
    return Law(made, rules.around.contracts(canonical, rules.legacy[made.legacy]), rules.tables, kept=KEPT, answer=answer, scope=scope)


@pytest.mark.parametrize("market", ["jm-liberate", "jm-cerillion", "pa"])
def test_two_way_rules_come_back_equal(market: str) -> None:
    lawful = law(market)

    @given(lawful.documents().filter(lambda order: order["productOrderItem"]))
    @FEW
    def check(document: dict[str, Any]) -> None:
        lawful.holds(document)

    check()


@given(st.dictionaries(st.text("abc_XYZ", min_size=1, max_size=9), st.text(max_size=9), min_size=1, max_size=20))
@FEW
def test_any_characteristics_come_back_in_their_order(characteristics: dict[str, str]) -> None:
    lawful = law("pa")
    order = {
        "billingAccount": {"id": "324063130000"},
        "productOrderItem": [{"id": "A", "action": "add"}],
        "orderCharacteristics": characteristics,
    }
    sent = lawful.translator.request(lawful.scope(request=order)).document
    back = lawful.translator.reply(lawful.scope(request=order, reply={**sent, **LIBERATE})).document
    assert list(back["orderCharacteristics"].items()) == list(characteristics.items())
