"""Germany: what the service says before the supplier hears of it, and what it shows of what was sent."""

from __future__ import annotations

import uuid

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from tests.de_kit import AB, AUF, order, world
from tests.service_kit import ROOT


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return tmp_path_factory.mktemp("de")


@pytest.fixture(scope="module")
def de(record):
    with world(record) as running:
        yield running


def test_two_items_of_one_id_are_refused(de):
    [item] = order()["productOrderItem"]
    before = len(de.supplier.requests())
    for items in ([item, item], [item, {**item, "action": "delete"}]):
        refused = de.send("POST", "/productOrder", order(productOrderItem=items))
        assert refused.status_code == 400
        assert refused.json()["message"] == "productOrderItem: two elements have the same id '1'; each needs one of its own"
    assert len(de.supplier.requests()) == before
    assert len(de.place(productOrderItem=[item, {**item, "id": "2"}])["productOrderItem"]) == 2


def test_a_characteristic_comes_back_as_what_it_was_sent(de):
    [item] = order()["productOrderItem"]
    values = {"speed": 1000, "upload": "500", "static": True, "ratio": 1.5}
    sent = [{"name": name, "value": value} for name, value in values.items()]
    product = {**item["product"], "productCharacteristic": sent}
    placed = de.place(productOrderItem=[{**item, "product": product}])
    for shown in (placed, de.shown(placed["id"])):
        assert shown["productOrderItem"][0]["product"]["productCharacteristic"] == sent


def test_a_reason_without_its_code_is_refused_in_every_spelling(de):
    old = de.place()["id"].replace("PV", "KUE")
    de.asked(old)
    reasons = [{"text": "Vorabstimmungs-ID fehlerhaft"}]
    for spelled in (
        {"responseReason": reasons},
        {"providerChangeInfo": {"responseReason": reasons}},
        {"result": {"responseReason": reasons}},
    ):
        refused = de.answer(old, False, **spelled)
        assert (refused.status_code, "a reason is without its code" in refused.text) == (400, True)
    assert de.answer(old, False, responseReason=[{"code": "KVE", **reasons[0]}]).status_code == 201


def test_behind_the_end_only_states_are_named_in_which_the_task_is_possible(de):
    new = de.place()["id"]
    old = new.replace("PV", "KUE")
    de.asked(old)
    assert de.answer(old, False).status_code == 201
    de.until(de.ab, old, "StateChange(rejected)")
    de.until(de.auf, new, "StateChange(rejected)")
    late = de.answer(old, True)
    assert late.status_code == 409
    assert "rejected, and nothing can be done about it any more" in late.json()["message"] + late.json()["reason"]
    assert "is possible while" not in late.text  # it has its answer, whatever its state is
    gone = de.send("POST", "/cancelProductOrder", {"productOrder": {"id": new}})
    assert gone.status_code == 409
    assert "cancelProductOrder is possible while it is accepted, held, inProgress, pending, pendingCancellation" in gone.text
    assert de.send("POST", "/cancelProductOrder", {"productOrder": {"id": new}}, AB).status_code == 404


def test_an_operator_is_shown_which_two_orders_belong_together_and_no_buyer_is(de, record):
    agreement = [{"agreementType": "preAgreement", "businessId": f"DEU.VFD.V{uuid.uuid4().hex[:9].upper()}"}]
    new = de.place(agreement=agreement)["id"]
    old = new.replace("PV", "KUE")
    de.asked(old)
    de.place()  # another line's
    for one, other in ((new, old), (old, new)):
        told = CliRunner().invoke(app, ["orders", "show", one, "--brief"], env={"ADAPTER_DATA": str(record), "ADAPTER_HOME": str(ROOT)})
        assert told.exit_code == 0, told.output
        [related] = [line for line in told.output.splitlines() if line.startswith("related ")]
        assert f"the backend's {other}: " in related
    for number, who, stranger in ((new, AUF, AB), (old, AB, AUF)):
        assert de.send("GET", f"/productOrder/{number}", who=stranger).status_code == 404
        assert (old if number == new else new) not in de.send("GET", f"/productOrder/{number}", who=who).text
