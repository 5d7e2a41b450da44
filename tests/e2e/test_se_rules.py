"""Single rules and oddities of the city network, by number."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.se_kit import Guide, guide_order, read_xml
from tests.service_kit import running

STOCKHOLM = ZoneInfo("Europe/Stockholm")


@pytest.fixture
def guide(service):
    return Guide(service)


@pytest.fixture(scope="module")
def by_service_deliverable(tmp_path_factory):
    """A service that asks with service_deliverable, as version 1.1 of the interface has it."""
    environment = {"ADAPTER_SE_AVAILABILITY": "service_deliverable", "ADAPTER_SE_TOTAL": "0.7"}
    with running(tmp_path_factory.mktemp("deliverable"), environment) as started:
        yield Guide(started)


def day(days):
    return (datetime.now(STOCKHOLM) + timedelta(days=days)).date().isoformat()


def test_r166_the_base_form_is_needed(guide):
    answer = guide.place(guide_order(None, customer={"firstname": "Åsa"}))
    assert (answer.status_code, "surname" in answer.json()["message"]) == (400, True)
    without = guide.place(guide_order(None, customer=None, relatedParty=None))
    assert without.status_code == 400
    assert "customer" in without.json()["message"]


def test_r166_a_form_takes_its_own_fields_only(guide):
    answer = guide.place(guide_order(None, internet={"colour": "white"}))
    assert (answer.status_code, "colour" in answer.json()["message"]) == (400, True)


@pytest.mark.parametrize(
    ("changed", "status", "text"),
    [
        ({"requestedCompletionDate": "2011-02-28T10:00:00Z"}, 422, "requestedCompletionDate is in the past"),
        ({"requestedCompletionDate": "2031-02-30T10:00:00Z"}, 400, "requestedCompletionDate"),
        ({"productOrderItem": [{"id": "1", "action": "delete", "productOffering": {"id": "TV1"}}]}, 422, "Only new services"),
        ({"productOrderItem": [{"id": "1", "action": "add"}]}, 400, "names the service"),
        ({"productOrderItem": [{"id": n, "action": "add", "productOffering": {"id": "TV1"}} for n in "12"]}, 422, "One order is about one"),
        ({"accessPoint": {"socket": ""}}, 400, "socket"),
    ],
)
def test_r175_i48_what_cannot_be_is_refused_before_anybody_is_called(guide, changed, status, text):
    before = len(guide.calls())
    answer = guide.place(guide_order("301-000-AAA", **changed))
    assert (answer.status_code, text in answer.json()["message"]) == (status, True)
    assert len(guide.calls()) == before


def test_i48_an_impossible_day_of_an_activation_is_refused_before_the_call(guide):
    order = guide.place(guide_order("302-000-BOX")).json()
    before = len(guide.calls())
    impossible = guide.database("activate", id=order["id"], date="2031-02-30")
    assert impossible.status_code == 400
    assert "date" in read_xml(impossible).findtext("response/message")
    over = guide.database("activate", id=order["id"], date=day(-1))
    assert over.status_code == 422
    assert len(guide.calls()) == before


def test_i48_the_network_knows_the_origin_by_both_names(guide):
    url = f"{guide.service.backends['citynetwork'].url}/api"
    given = {"method": "service_order", "date": day(1), "service_uid": "TV1", "socket": "303-000-AAA"}
    for name in ("initiator", "origin"):
        assert b"<status>success</status>" in httpx.get(url, params={**given, name: "customer"}, trust_env=False).content
    assert (
        b"<status>failed</status>" in httpx.get(url, params={**given, "origin": "customer", "date": "2011-02-30"}, trust_env=False).content
    )


def test_r175_the_day_is_that_of_sweden(guide):
    wanted = f"{day(10)}T23:30:00Z"  # in Sweden it is the next day
    order = guide.place(guide_order("304-000-AAA", requestedCompletionDate=wanted)).json()
    assert order["activation"] == {"status": "planned", "date": day(11)}


def test_i46_the_answer_and_the_day_tell_whether_a_service_is_active(guide):
    planned = guide.place(guide_order("305-000-AAA", requestedCompletionDate=f"{day(2)}T10:00:00Z")).json()
    refused = guide.place(guide_order("305-000-AVT", requestedCompletionDate=f"{day(2)}T10:00:00Z")).json()
    assert [one["activation"]["status"] for one in (planned, refused)] == ["planned", "cannotBeActivatedNow"]


def test_i47_the_other_question_gives_the_same_scenarios(by_service_deliverable):
    guide = by_service_deliverable
    order = guide.place(guide_order("306-000-AAA")).json()
    assert order["activation"]["status"] == "active"
    asked, ordered = guide.calls_of("306-000-AAA")
    assert (asked.method, asked.given) == (
        "service_deliverable",
        {"origin": "customer", "service_uid": "BB100100", "socket": "306-000-AAA"},
    )
    assert ordered.method == "service_order"
    # port_status of version 1.1 says nothing of services; service_deliverable does
    assert guide.place(guide_order("306-000-TYS")).json()["activation"]["status"] == "active"


@pytest.mark.parametrize(
    ("scenario", "code", "message"),
    [
        ("NEJ", "socket-unknown", "404 Uttaget är okänt för nätet"),
        ("UPG", "connection-too-slow", "426 Anslutningen måste uppgraderas"),
        ("CPE", "hardware-insufficient", "428 Er utrustning räcker inte för tjänsten"),
        ("EGN", "backend-refused", "513 Porten är spärrad för nya tjänster, ring kundtjänst på 0123-45 67 89"),
    ],
)
def test_r174_the_numbers_of_service_deliverable_mean_not_deliverable(by_service_deliverable, scenario, code, message):
    answer = by_service_deliverable.place(guide_order(f"307-000-{scenario}"))
    assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (422, code, message)
    assert [call.method for call in by_service_deliverable.calls_of(f"307-000-{scenario}")] == ["service_deliverable"]


@pytest.mark.parametrize("scenario", ["SIL", "CLS", "FEL", "BRK", "BMB", "XXE"])
def test_r173_silence_and_noise_are_no_refusal(by_service_deliverable, scenario):
    answer = by_service_deliverable.place(guide_order(f"308-000-{scenario}"))
    assert (answer.status_code, answer.json()["activation"]) == (201, {"status": "manual"})
    assert [call.method for call in by_service_deliverable.calls_of(f"308-000-{scenario}")] == ["service_deliverable"]


def test_r177_letters_are_kept_in_whichever_encoding_they_come(guide):
    order = guide.place(guide_order("309-000-LAT")).json()
    assert order["activation"] == {"status": "cannotBeActivatedNow", "code": "603", "reason": "Hårdvaran är för gammal"}
    assert guide.info(order["id"])["activation"]["reason"] == "Hårdvaran är för gammal"


def test_r177_an_answer_that_is_not_quite_as_described_is_read(guide):
    assert guide.place(guide_order("309-000-ODD")).json()["activation"]["status"] == "active"


def test_r177_entities_are_never_expanded(by_service_deliverable):
    secret = Path("/etc/hostname").read_text(encoding="utf-8").strip()
    answer = by_service_deliverable.place(guide_order("310-000-XXE"))
    assert secret not in answer.text


def test_a_repeated_order_is_answered_again_and_not_sent_again(guide):
    order = guide_order("311-000-AAA")
    first, second = guide.place(order), guide.place(order)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert len(guide.calls_of("311-000-AAA", method="service_order")) == 1


def test_the_customers_number_at_the_provider_goes_along(guide):
    parties = [*guide_order()["relatedParty"], {"id": "2938", "role": "Customer", "@referredType": "Individual"}]
    guide.place(guide_order("312-000-AAA", relatedParty=parties))
    assert guide.calls_of("312-000-AAA", method="service_order")[0].given["xspcid"] == "2938"
