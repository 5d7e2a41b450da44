"""The order database as service providers use it: XML or JSON over GET, each provider its own orders."""

from __future__ import annotations

import re
import threading
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.se_kit import DATABASE, GUIDE, ORDERS, PROVIDER, Guide, guide_order, plain, read_xml
from tests.service_kit import ROOT, home_with, running

STOCKHOLM = ZoneInfo("Europe/Stockholm")
OTHER = {"client-id": "other-provider", "client-secret": "demo-secret"}


@pytest.fixture
def guide(service):
    return Guide(service)


@pytest.fixture(scope="module")
def two_providers(tmp_path_factory):
    """A service whose clients are two providers."""
    folder = tmp_path_factory.mktemp("two")
    text = (ROOT / "config" / "clients.yaml").read_text(encoding="utf-8")
    secret = re.search(r"  demo-provider:.*?secret: (\S+)", text, re.DOTALL)[1]
    entry = f'{{secret: {secret}, faces: [serviceguide], markets: [se], operations: ["productOrder.*"], parties: ["777"], market: se}}'
    home = home_with(folder / "home", {"config/clients.yaml": ("  demo-provider:", f"  other-provider: {entry}\n  demo-provider:")})
    with running(folder / "data", {"ADAPTER_HOME": home}) as started:
        yield Guide(started)


def ids(answer):
    return [each.text for each in read_xml(answer).iter("id")]


def today(days=0):
    return (datetime.now(STOCKHOLM) + timedelta(days=days)).date().isoformat()


def test_r176_orders_since_a_day(guide):
    order = guide.place(guide_order("201-000-AAA")).json()
    answer = guide.database("orders", date=today())
    assert answer.status_code == 200
    root = read_xml(answer)
    assert (root.tag, root.findtext("status")) == ("serviceguide", "success")
    mine = plain(root.find(f"response/order[id='{order['id']}']"))
    assert datetime.strptime(mine.pop("date"), "%Y-%m-%d %H:%M:%S").date().isoformat() == today()  # noqa: DTZ007 - local time
    assert mine == {
        "id": order["id"],
        "type": "order",
        "status": "delivered",
        "service": "BB100100",
        "xsp": "31420",
        "delivery": "asap",
        "customer": order["id"],
        "activation": "active",
    }
    assert order["id"] in ids(guide.database("orders", date=today(-1)))
    tomorrow = guide.database("orders", date=today(1))
    assert plain(read_xml(tomorrow)) == {"response": "", "status": "success"}


@pytest.mark.parametrize("method", ["orders", "customers"])
@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "20260131", "2026-1-31", "2026-W05-6", "yesterday"])
def test_r176_a_day_that_is_none_is_refused_and_nothing_listed(guide, method, day):
    guide.place(guide_order("201-000-AAB"))
    refused = guide.database(method, date=day)
    assert refused.status_code == 400
    assert read_xml(refused).findtext("response/message").endswith("has to be a day of the calendar, as 2026-01-31")
    assert not list(read_xml(refused).iter("order"))


def test_r176_the_last_day_of_february_is_one(guide):
    assert guide.database("orders", date="2024-02-29").status_code == 200
    assert guide.database("orders", date="2026-02-29").status_code == 400


@pytest.mark.parametrize(
    ("given", "place"), [({}, "date"), ({"date": "yesterday"}, "date"), ({"date": "2026-01-31", "state": "x", "nix": "1"}, "nix")]
)
def test_r176_a_list_needs_its_day_and_takes_no_unknown_attribute(guide, given, place):
    answer = guide.database("orders", **given)
    assert answer.status_code == 400
    told = plain(read_xml(answer))
    assert (told["status"], told["response"]["code"]) == ("failed", "invalid-message")
    assert place in told["response"]["message"]


def test_r176_a_provider_keeps_the_status_current_until_it_is_delivered(guide):
    order = guide.place(guide_order(None)).json()
    states = {"received": "acknowledged", "active": "inProgress", "waiting": "pending", "new": "acknowledged", "delivered": "completed"}
    for status, state in states.items():
        answer = guide.database("set_status", id=order["id"], status=status)
        assert read_xml(answer).findtext("response/message") == f"Status changed to {status} for order {order['id']}"
        assert read_xml(answer).findtext("status") == "success"
        assert guide.info(order["id"])["order"]["status"] == status
        assert guide.read(order["id"]).json()["state"] == state
    assert guide.read(order["id"]).json()["completionDate"]
    late = guide.database("set_status", id=order["id"], status="active")
    assert (late.status_code, read_xml(late).findtext("response/code")) == (409, "order-ended")
    assert guide.read(order["id"]).json()["state"] == "completed"


def test_r176_the_same_status_once_more_is_no_error(guide):
    order = guide.place(guide_order(None)).json()
    for _ in range(2):
        assert guide.database("set_status", id=order["id"], status="received").status_code == 200


def test_r176_a_status_that_there_is_not_is_refused(guide):
    order = guide.place(guide_order(None)).json()
    answer = guide.database("set_status", id=order["id"], status="lost")
    assert answer.status_code == 400
    assert "has to be new or received" in read_xml(answer).findtext("response/message")
    assert guide.info(order["id"])["order"]["status"] == "new"


def test_messages_are_kept_with_the_order_in_their_order_even_when_it_is_delivered(guide):
    order = guide.place(guide_order("202-000-AAA")).json()
    for kind, text in (("alert", "Kunden är på semester & nås ej"), ("log", "Åter i måndags")):
        assert guide.database("add_message", id=order["id"], type=kind, text=text).status_code == 200
    messages = guide.info(order["id"])["log"]["message"]
    assert [(one["type"], one["text"]) for one in messages] == [("alert", "Kunden är på semester & nås ej"), ("log", "Åter i måndags")]
    assert guide.read(order["id"]).json()["serviceGuide"]["message"][1]["text"] == "Åter i måndags"
    assert [one.text for one in read_xml(guide.database("order_log", id=order["id"])).iter("text")] == [one["text"] for one in messages]


def test_messages_that_come_at_the_same_time_are_all_kept(guide):
    order = guide.place(guide_order(None)).json()
    texts = {f"meddelande {number}" for number in range(6)}
    answers = []
    threads = [
        threading.Thread(target=lambda text=text: answers.append(guide.database("add_message", id=order["id"], type="log", text=text)))
        for text in texts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert {one["text"] for one in guide.info(order["id"])["log"]["message"]} == texts


def test_r166_customer_info_shows_every_form(guide):
    forms = {
        "internet": {"equipment": "rented", "staticAddress": True},
        "telephony": {"keepNumber": True, "number": "0491123456", "currentProvider": "Telia"},
        "television": {"boxes": 2, "packages": ["BAS", "SPORT"]},
    }
    items = [
        {
            "id": "1",
            "action": "add",
            "productOffering": {"id": "TV1"},
            "product": {"productCharacteristic": [{"name": "dekoderFärg", "value": "blå"}, {"name": "antal", "value": 2}]},
        }
    ]
    order = guide.place(guide_order("203-000-AAA", **forms, productOrderItem=items)).json()
    answer = plain(read_xml(guide.database("customer_info", id=order["id"])))["response"]
    assert answer["customer"] == {
        "id": order["id"],
        "socket": "203-000-AAA",
        "serial": "197001010101",
        "firstname": "Åsa",
        "surname": "Öberg",
        "city": "Målilla",
    }
    assert answer["data"] == {
        "phone": "0700000000",
        "premise": "1002",
        "internet": {"equipment": "rented", "staticAddress": "true"},
        "telephony": {"keepNumber": "true", "number": "0491123456", "currentProvider": "Telia"},
        "television": {"boxes": "2", "packages": ["BAS", "SPORT"]},
        "extra": [{"name": "dekoderFärg", "value": "blå"}, {"name": "antal", "value": "2"}],
    }


def test_r176_customers_since_a_day(guide):
    order = guide.place(guide_order("204-000-AAA")).json()
    mine = plain(read_xml(guide.database("customers", date=today())).find(f"response/customer[id='{order['id']}']"))
    assert mine.pop("date").startswith(today())
    assert mine == {"id": order["id"], "socket": "204-000-AAA", "serial": "197001010101", "firstname": "Åsa", "surname": "Öberg"}
    assert plain(read_xml(guide.database("customers", date=today(1)))) == {"response": "", "status": "success"}


def test_answers_are_json_where_that_is_asked_for(guide):
    order = guide.place(guide_order(None)).json()
    answer = guide.database("set_status", id=order["id"], status="received", output_format="json")
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    message = f"Status changed to received for order {order['id']}"
    assert answer.json() == {"set_status": {"response": {"message": message}, "status": "success"}}
    listed = guide.database("orders", date=today(), output_format="json").json()["serviceguide"]
    assert order["id"] in [one["id"] for one in listed["response"]["order"]]
    failed = guide.database("order_info", id="nix", output_format="json")
    assert (failed.status_code, failed.json()["serviceguide"]["status"]) == (404, "failed")
    strange = guide.database("orders", date=today(), output_format="csv")
    assert strange.status_code == 400
    assert read_xml(strange).findtext("response/message").endswith("has to be xml or json")


def test_errors_are_xml_whatever_goes_wrong(guide):
    missing = guide.database("order_info", id="nix")
    assert (missing.status_code, read_xml(missing).findtext("response/code")) == (404, "not-found")
    assert guide.database("nix").status_code == 404
    assert guide.service.http.get(DATABASE, headers=PROVIDER).status_code == 404
    stranger = guide.database("orders", date=today(), headers={"client-id": "demo-provider", "client-secret": "wrong-secret"})
    assert (stranger.status_code, read_xml(stranger).findtext("status")) == (401, "failed")
    assert guide.database("orders", date=today(), headers={}).status_code == 401
    guides = guide.database("orders", date=today(), headers={name: GUIDE[name] for name in ("client-id", "client-secret")})
    assert guides.status_code == 403
    accepted = guide.database("orders", date=today(), headers={**PROVIDER, "Accept": "application/json"})
    assert (accepted.status_code, read_xml(accepted).findtext("response/code")) == (406, "not-acceptable")


def test_a_look_without_a_body_changes_nothing(guide):
    order = guide.place(guide_order(None)).json()
    given = {"method": "set_status", "id": order["id"], "status": "received"}
    assert guide.service.http.head(DATABASE, params=given, headers=PROVIDER).status_code == 405
    assert guide.service.http.post(DATABASE, params=given, headers=PROVIDER).status_code == 405
    assert guide.info(order["id"])["order"]["status"] == "new"
    assert guide.service.http.head(DATABASE, params={"method": "order_info", "id": order["id"]}, headers=PROVIDER).status_code == 200


def test_a_provider_sees_and_changes_the_orders_of_its_own_services_only(two_providers):
    mine = two_providers.place(guide_order(None)).json()["id"]
    party = [{"id": "777", "role": "ServiceProvider", "@referredType": "Organization"}]
    theirs = two_providers.place(guide_order(None, relatedParty=party)).json()["id"]
    nobodys = two_providers.place(guide_order(None, relatedParty=[{**party[0], "id": "999"}])).json()["id"]
    assert ids(two_providers.database("orders", date=today())) == [mine]
    assert ids(two_providers.database("orders", headers=OTHER, date=today())) == [theirs]
    for identity in (theirs, nobodys):
        for method, given in (("order_info", {}), ("customer_info", {}), ("set_status", {"status": "received"}), ("activate", {})):
            assert two_providers.database(method, id=identity, **given).status_code == 404
    listed = two_providers.service.http.get(ORDERS, headers=GUIDE).json()
    assert {mine, theirs, nobodys} <= {order["id"] for order in listed}  # the guide that placed them sees them all
    other_guide = two_providers.service.http.get(f"{ORDERS}/{mine}", headers={"X-Market": "se"})
    assert other_guide.status_code == 404


def test_the_contract_is_published(guide):
    document = guide.service.http.get("/openapi/serviceguide.json").json()
    methods = ("orders", "order_info", "order_log", "customers", "customer_info", "set_status", "add_message", "activate")
    assert set(document["paths"]) == {f"/serviceguide_log#method={method}" for method in methods}
    changed = document["paths"]["/serviceguide_log#method=set_status"]["get"]
    assert "requestBody" not in changed
    assert set(changed["responses"]["200"]["content"]) == {"application/xml", "application/json"}
    assert [one["name"] for one in changed["parameters"] if one["in"] == "query"] == ["method", "output_format", "id", "status"]
