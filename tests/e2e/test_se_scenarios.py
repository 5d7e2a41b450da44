"""The four scenarios of the source, walked from the service guide's order to the provider's screen."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulators.citynetwork import Behaviour
from simulators.http_server import Transport
from tests.se_kit import Guide, guide_order, plain, read_xml
from tests.service_kit import closed_port, running

STOCKHOLM = ZoneInfo("Europe/Stockholm")


@pytest.fixture
def guide(service):
    return Guide(service)


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    """A service that waits for its backend no longer than it has to, for networks that are silent."""
    with running(tmp_path_factory.mktemp("se"), {"ADAPTER_SE_TOTAL": "0.7"}) as started:
        yield Guide(started)


def today(days=0):
    return (datetime.now(STOCKHOLM) + timedelta(days=days)).date().isoformat()


def test_r165_r175_scenario_1_deliverable_and_active_at_once(guide):
    answer = guide.place(guide_order("101-000-AAA"))
    assert answer.status_code == 201
    order = answer.json()
    assert (order["state"], order["activation"]) == ("completed", {"status": "active", "date": today()})
    asked, ordered = guide.calls_of("101-000-AAA")
    assert (asked.method, asked.given) == ("port_status", {"socket": "101-000-AAA"})
    expected = {"order": order["id"], "customer": order["id"], "origin": "customer", "date": today(), "service_uid": "BB100100"}
    assert (ordered.method, ordered.given) == ("service_order", {**expected, "socket": "101-000-AAA"})
    seen = guide.info(order["id"])
    assert seen["order"]["status"] == "delivered"  # R176: activated directly
    assert seen["activation"] == {"status": "active", "date": today()}


def test_r165_r175_scenario_1_deliverable_and_planned_for_a_later_day(guide):
    order = guide.place(guide_order("101-000-AAB", requestedCompletionDate=f"{today(30)}T12:00:00+02:00")).json()
    assert (order["state"], order["activation"]) == ("acknowledged", {"status": "planned", "date": today(30)})
    assert guide.calls_of("101-000-AAB", method="service_order")[0].given["date"] == today(30)
    seen = guide.info(order["id"])
    assert (seen["order"]["status"], seen["order"]["delivery"]) == ("new", today(30))
    assert guide.service.http.get(f"{guide.service.backends['citynetwork'].root}/bookings").json()["bookings"]["101-000-AAB"]["count"] == 1


def test_r167_r168_scenario_2_refused_stored_and_activated_later_by_the_provider(guide):
    order = guide.place(guide_order("102-000-BOX")).json()
    reason = {"status": "cannotBeActivatedNow", "code": "602", "reason": "Telefonibox är inte konfigurerad för uttaget"}
    assert (order["state"], order["activation"]) == ("acknowledged", reason)
    seen = guide.info(order["id"])
    assert (seen["order"]["status"], seen["activation"]) == ("new", reason)

    activated = guide.database("activate", id=order["id"])
    assert activated.status_code == 200
    assert read_xml(activated).findtext("response/message") == f"Service BB100100 is active from {today()}"
    first, second = guide.calls_of("102-000-BOX", method="service_order")
    assert (first.given["origin"], second.given["origin"]) == ("customer", "provider")
    assert second.given == {**first.given, "origin": "provider"}  # the socket, the service, the order
    seen = guide.info(order["id"])
    assert (seen["order"]["status"], seen["activation"]) == ("delivered", {"status": "active", "date": today()})
    known = guide.read(order["id"]).json()
    assert (known["state"], known["activation"]) == ("completed", {"status": "active", "date": today()})
    again = guide.database("activate", id=order["id"])
    assert (again.status_code, read_xml(again).findtext("response/code")) == (409, "already-activated")
    assert len(guide.calls_of("102-000-BOX", method="service_order")) == 2


def test_r168_an_activation_that_is_refused_again_leaves_the_order_as_it_is(guide):
    order = guide.place(guide_order("102-000-AVT")).json()
    refused = guide.database("activate", id=order["id"], date=today(3))
    assert refused.status_code == 409
    assert plain(read_xml(refused)) == {
        "status": "failed",
        "response": {"code": "no-agreement", "message": "601 Avtal saknas mellan nätet och leverantören"},
    }
    assert guide.info(order["id"])["activation"]["status"] == "cannotBeActivatedNow"


@pytest.mark.parametrize("socket", ["103-000-NEJ", "103-000-UPG", "103-000-CPE", "103-000-EGN"])
def test_r169_scenario_3_not_deliverable_ends_the_order(guide, socket):
    before = guide.database("orders", date="2020-01-01").text
    answer = guide.place(guide_order(socket))
    assert answer.status_code == 422
    error = answer.json()
    assert error["reason"] == "The service cannot be delivered to this socket"
    assert error["message"]  # the network's own words
    assert [call.method for call in guide.calls_of(socket)] == ["port_status"]
    assert guide.database("orders", date="2020-01-01").text == before


def test_r170_scenario_4_a_customer_who_is_not_identified_means_no_call(guide):
    before = len(guide.calls())
    order = guide.place(guide_order(None)).json()
    assert (order["state"], order["activation"]) == ("acknowledged", {"status": "manual"})
    assert len(guide.calls()) == before
    seen = guide.info(order["id"])
    assert (seen["order"]["status"], seen["activation"]) == ("new", {"status": "manual"})
    assert "socket" not in seen["order"]
    refused = guide.database("activate", id=order["id"])
    assert (refused.status_code, read_xml(refused).findtext("response/code")) == (409, "socket-unknown")


def test_r171_in_scenario_4_a_network_that_is_down_does_not_matter(tmp_path):
    with running(tmp_path, {"ADAPTER_CITYNETWORK_ENDPOINT": f"http://127.0.0.1:{closed_port()}/citynetwork"}) as started:
        guide = Guide(started)
        assert guide.place(guide_order(None)).status_code == 201
        # an identified customer's order goes the same way, once the question got no answer: R173
        order = guide.place(guide_order("104-000-AAA"))
        assert (order.status_code, order.json()["activation"]) == (201, {"status": "manual"})


@pytest.mark.parametrize(
    "socket", ["105-000-SIL", "105-000-CLS", "105-000-FEL", "105-000-BRK", "105-000-BMB", "105-000-XXE", "105-000-TYS"]
)
def test_r173_a_question_without_an_answer_makes_it_scenario_4(hasty, socket):
    answer = hasty.place(guide_order(socket))
    assert (answer.status_code, answer.json()["activation"]) == (201, {"status": "manual"})
    assert [call.method for call in hasty.calls_of(socket)] == ["port_status"]
    assert hasty.info(answer.json()["id"])["order"]["socket"] == socket  # so that the provider can activate it


def test_r173_what_the_network_says_of_its_failure_is_kept(hasty):
    answer = hasty.place(guide_order("105-000-NAY"))
    assert answer.json()["activation"] == {"status": "manual", "code": "900", "reason": "Systemet är stängt för underhåll"}


@pytest.mark.parametrize("socket", ["106-000-LST", "106-000-DBT", "106-000-DRP", "106-000-OBR", "106-000-OFH", "106-000-OBM"])
def test_r172_an_order_without_an_answer_is_in_doubt_and_never_sent_again(hasty, socket):
    order = guide_order(socket)
    answer = hasty.place(order)
    assert answer.status_code == 504
    repeated = hasty.place(order)  # what became of it is asked for, and found where the network has booked it
    booked = socket != "106-000-LST"
    assert repeated.status_code == (201 if booked else 504)
    calls = [call.method for call in hasty.calls_of(socket)]
    assert calls.count("service_order") == 1
    assert set(calls) == {"port_status", "service_order"}
    if booked:
        assert hasty.info(repeated.json()["id"])["activation"]["status"] == "active"


def test_the_record_names_each_of_the_networks_operations_in_its_order(guide):
    identity = guide.place(guide_order("108-000-AAA")).json()["id"]

    async def recorded():
        store = guide.service.hosted.service.store
        order = await store.order(identity, ("se",), "productOrder")
        return await store.messages(order.id)

    messages = asyncio.run_coroutine_threadsafe(recorded(), guide.service.loop).result(10)
    told = [(message.direction.value, message.operation) for message in messages if message.direction.value.startswith("backend")]
    asked, ordered = "port_status", "service_order"
    assert told == [("backend-request", asked), ("backend-reply", asked), ("backend-request", ordered), ("backend-reply", ordered)]


def test_r172_an_activation_without_an_answer_is_in_doubt_and_never_sent_again(hasty):
    order = hasty.place(guide_order("107-000-TYS")).json()
    network = hasty.service.backends["citynetwork"]
    network.once("service_order", Behaviour(book=False, transport=Transport.NEVER))
    assert hasty.database("activate", id=order["id"]).status_code == 504
    again = hasty.database("activate", id=order["id"])
    assert again.status_code == 409
    assert len(hasty.calls_of("107-000-TYS", method="service_order")) == 1
    assert hasty.info(order["id"])["activation"]["status"] == "manual"
