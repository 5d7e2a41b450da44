"""The city network's API server, called as a service guide calls it."""

from __future__ import annotations

import httpx
import pytest
import yaml
from lxml import etree

from simulators.citynetwork import Behaviour, citynetwork
from simulators.http_server import Transport

ORDER = {"order": "12345", "customer": "123", "origin": "customer", "date": "2030-02-28", "service_uid": "BB100100"}


@pytest.fixture
def twin(serve):
    return serve(citynetwork())


@pytest.fixture
def ask(twin):
    with httpx.Client(timeout=5, trust_env=False) as client:
        yield lambda method, **given: client.get(f"{twin.url}/api", params={"method": method, **given})


def read(reply):
    return etree.fromstring(reply.content, etree.XMLParser(resolve_entities=False, no_network=True))


def service(reply, uid):
    return {each.tag: each.text for each in read(reply).find(f"response/services/service[id='{uid}']")}


def test_a_port_tells_what_is_sold_and_what_is_active(ask, twin):
    before = ask("port_status", socket="123-456-ABC")
    assert before.headers["content-type"] == "application/xml; charset=utf-8"
    assert (read(before).tag, read(before).findtext("status"), read(before).findtext("response/info/media")) == (
        "port_status",
        "success",
        "FTTH",
    )
    assert service(before, "BB100100") == {"id": "BB100100", "name": "100/100 Mbit/s Privat", "deliverable": "YES"}
    assert etree.tostring(read(ask("service_order", socket="123-456-ABC", **ORDER))) == (
        b"<service_order><status>success</status></service_order>"
    )
    after = service(ask("port_status", socket="123-456-ABC"), "BB100100")
    assert (after["date"], after["commitment"], after["release"]) == ("2030-02-28", "2031-02-28", "0")
    assert twin.bookings()["bookings"]["123-456-ABC"] == {
        "count": 1,
        "orderNumbers": ["000001"],
        "clientReferences": ["12345"],
        "lastRequest": "/citynetwork/api?method=service_order&socket=123-456-ABC&order=12345&customer=123&origin=customer"
        "&date=2030-02-28&service_uid=BB100100",
    }


def test_a_service_is_taken_off(ask):
    gone = {"date": "2031-05-01", "service_uid": "BB100100", "socket": "123-456-ABC"}
    assert read(ask("service_deactivate", **gone)).findtext("response/code") == "409"
    ask("service_order", socket="123-456-ABC", **ORDER)
    assert read(ask("service_deactivate", **gone)).findtext("status") == "success"
    assert service(ask("port_status", socket="123-456-ABC"), "BB100100")["release"] == "2031-05-01"
    ask("service_order", socket="123-456-ABC", **ORDER)
    assert service(ask("port_status", socket="123-456-ABC"), "BB100100")["release"] == "0"


@pytest.mark.parametrize(
    ("socket", "status", "code", "hardware"),
    [
        ("100-000-NEJ", 404, "404", None),
        ("100-000-UPG", 426, "426", None),
        ("100-000-CPE", 428, "428", "CPE"),
        ("100-000-EGN", 513, "513", None),
        ("nowhere", 404, "404", None),
    ],
)
def test_what_is_not_deliverable_is_refused_by_both_questions(ask, socket, status, code, hardware):
    answer = ask("service_deliverable", origin="customer", service_uid="BB100100", socket=socket)
    assert (answer.status_code, read(answer).findtext("status"), read(answer).findtext("response/code")) == (status, "failed", code)
    assert read(answer).findtext("response/hardware") == hardware
    port = ask("port_status", socket=socket)
    if socket == "nowhere":
        assert (port.status_code, read(port).findtext("response/message")) == (200, "Uttaget nowhere är okänt")
    else:
        assert service(port, "TV1")["deliverable"] == "NO"
        assert service(port, "TV1")["message"]


def test_a_port_may_say_nothing_about_its_services(ask):
    port = ask("port_status", socket="100-000-TYS")
    assert "deliverable" not in service(port, "BB100100")
    assert read(port).findtext("response/info/message") == "Planerat underhåll på måndag"


def test_deliverable_is_said_with_200(ask):
    answer = ask("service_deliverable", origin="customer", service_uid="BB100100", socket="123-456-ABC")
    assert (answer.status_code, answer.content) == (
        200,
        b'<?xml version="1.0" encoding="utf-8"?><service_deliverable><status>success</status></service_deliverable>',
    )


def test_a_refused_order_is_not_booked_until_the_provider_wants_it(ask, twin):
    refused = read(ask("service_order", socket="100-000-BOX", **ORDER))
    assert (refused.findtext("status"), refused.findtext("response/code")) == ("failed", "602")
    assert refused.findtext("response/message") == "Telefonibox är inte konfigurerad för uttaget"
    assert twin.bookings()["total"] == 0
    assert read(ask("service_order", socket="100-000-BOX", **ORDER | {"origin": "provider"})).findtext("status") == "success"
    assert twin.bookings()["total"] == 1


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"date": "2011-02-30"}, 400, "Datumet 2011-02-30 finns inte"),
        ({"origin": "neighbour"}, 400, "origin är neighbour, inte customer eller provider"),
        ({"socket": ""}, 400, "Parametern socket saknas"),
        ({"service_uid": "FAX1"}, 200, "Tjänsten FAX1 säljs inte i nätet"),
    ],
)
def test_what_the_network_does_not_take(ask, twin, changed, status, words):
    answer = ask("service_order", **{"socket": "123-456-ABC", **ORDER, **changed})
    assert (answer.status_code, read(answer).findtext("response/message")) == (status, words)
    assert twin.bookings()["total"] == 0


def test_an_unknown_method_is_refused(ask, twin):
    assert ask("service_cancel").status_code == 400
    assert [call["operation"] for call in twin.requests()] == [""]


@pytest.mark.parametrize(("socket", "booked"), [("100-000-DBT", 1), ("100-000-LST", 0)])
def test_an_order_without_an_answer_may_be_booked(twin, socket, booked):
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{twin.url}/api", params={"method": "service_order", "socket": socket, **ORDER}, timeout=0.2, trust_env=False)
    assert twin.bookings()["total"] == booked


def test_silence_and_noise(ask):
    with pytest.raises(httpx.RemoteProtocolError):
        ask("port_status", socket="100-000-CLS")
    assert ask("port_status", socket="100-000-FEL").status_code == 500
    with pytest.raises(etree.XMLSyntaxError):
        read(ask("port_status", socket="100-000-BRK"))
    assert b"<!ENTITY c" in ask("port_status", socket="100-000-BMB").content
    assert b'SYSTEM "file:///etc/hostname"' in ask("port_status", socket="100-000-XXE").content
    assert [each.tag for each in read(ask("port_status", socket="100-000-ODD"))] == ["extra", "status", "response"]
    odd = ask("service_order", socket="100-000-LAT", **ORDER)
    assert (odd.headers["content-type"], read(odd).findtext("response/message")) == (
        "text/xml; charset=iso-8859-1",
        "Hårdvaran är för gammal",
    )


def test_pages_beside_the_api(twin):
    with httpx.Client(timeout=5, trust_env=False) as client:
        contract = yaml.safe_load(client.get(twin.contract_url).content)
        assert {path["get"]["operationId"] for path in contract["paths"].values()} == {
            "port_status",
            "service_deliverable",
            "service_order",
            "service_deactivate",
        }
        client.get(f"{twin.url}/api?method=port_status&socket=123-456-ABC")
        assert [call["envelope"] for call in client.get(f"{twin.root}/requests?last=1").json()] == [
            "/citynetwork/api?method=port_status&socket=123-456-ABC"
        ]
        assert client.get(f"{twin.root}/requests?last=x").status_code == 400
        assert client.get(f"{twin.root}/bookings").json()["total"] == 0
        assert client.get(f"{twin.root}/elsewhere").status_code == 404
        assert client.put(twin.url).status_code == 405
        assert client.post(f"{twin.root}/reset").status_code == 204
        assert client.get(f"{twin.root}/requests").json() == []


def test_one_call_may_behave_otherwise_and_a_scenario_may_be_changed(serve):
    twin = serve(citynetwork(override={"SLW": {"port_status": {"code": "700", "message": "kort paus"}}}))
    twin.once("port_status", Behaviour(code="701", message="en gång"))
    with httpx.Client(timeout=5, trust_env=False) as client:
        said = [read(client.get(f"{twin.url}/api?method=port_status&socket=100-000-SLW")).findtext("response/message") for _ in range(2)]
    assert said == ["en gång", "kort paus"]
    assert twin.requests(last=0) == []


def test_what_is_ignored_needs_a_way_to_be_ignored():
    with pytest.raises(ValueError, match="transport: close or never"):
        Behaviour(book=False)
    assert Behaviour(book=False, transport=Transport.NEVER).ignores
