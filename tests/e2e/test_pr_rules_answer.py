"""R19, R20, R24, R34-R40, R44-R50, R56: what the caller is told, success and warnings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulators.scenario import Behaviour
from tests.service_kit import Running, home_with, pr_item, pr_order, running

ORV = "ORV59I - EXISTING CUSTOMER AT LOCATION"
OUTAGE = "8211990010051704OTG REASN  - AA                          AUTO OUTAGE DECLARED 13:24 01/02/23"
UNSCHEDULED = "JOB_UNSCHED_ALRT,JBE74A-ENTER OVERRIDE TO UNSCHEDULE JOB,ADP10E-NO DATES AVAILABLE FOR THIS JOB"
UPDATE = "UpdateOrderDetail"
MESSAGE = "Error Occurred during order provisioning UPDATEORDERDETAIL:ERROROCCURED"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service with warnings as errors."""
    folder = tmp_path_factory.mktemp("strict")
    home = home_with(folder / "home", {"config/markets/pr.yaml": ('warningsAreErrors: "no"', 'warningsAreErrors: "yes"')})
    with running(folder / "data", {"ADAPTER_HOME": home}) as started:
        yield started


def test_r19_an_existing_customer_is_told_in_the_description(service: Running) -> None:
    reply = service.place(pr_order(house="00918424400901"))
    assert reply.status_code == 201
    assert (reply.json()["description"], reply.json()["state"]) == (ORV, "Acknowledged")


def test_r19_in_strict_mode_an_existing_customer_is_an_error(strict: Running) -> None:
    reply = strict.place(pr_order(house="00918424400901"))
    assert reply.status_code == 400
    assert reply.json() == {"errors": [{"code": 400, "message": MESSAGE, "description": ORV}]}
    assert strict.place(pr_order()).status_code == 201  # without a warning nothing changes


def test_r20_an_error_of_the_bss_keeps_its_text_under_the_name_of_the_operation(service: Running) -> None:
    text = "2099 | XYZ12E - SOMETHING NOBODY HAS SEEN, <YET>  | "
    service.slbos.once(UPDATE, Behaviour(refuse=(text,)))
    reply = service.place(pr_order())
    assert reply.status_code == 400
    assert reply.json() == {"errors": [{"code": 400, "message": MESSAGE, "description": text}]}


@pytest.mark.parametrize("name", ["selfinstall", "technician", "unscheduled"])
def test_r24_r34_r50_success_is_acknowledged_with_number_and_account_as_text(service: Running, name: str) -> None:
    order = pr_order(name)
    answer = service.place(order).json()
    assert answer["state"] == "Acknowledged"
    assert answer["billingAccount"]["id"] == order["billingAccount"]["id"].removeprefix("#")
    booking = service.bookings()["bookings"][order["externalId"]]
    assert booking["orderNumbers"] == [answer["id"]]
    ids = [answer["id"], answer["externalId"], answer["billingAccount"]["id"], *(party["id"] for party in answer["relatedParty"])]
    assert all(isinstance(identity, str) and identity.isdigit() for identity in ids)
    assert len(answer["id"]) == 16


def test_r35_without_warnings_the_description_is_the_empty_text(service: Running) -> None:
    answer = service.place(pr_order()).json()
    assert answer["description"] == ""
    assert isinstance(answer["description"], str)


def test_r35_a_blank_warning_says_nothing(service: Running) -> None:
    service.slbos.once(UPDATE, Behaviour(warnings=("", "  ")))
    assert service.place(pr_order()).json()["description"] == ""


def test_r36_several_warnings_stand_in_the_order_of_the_bss_with_a_comma_between(service: Running) -> None:
    service.slbos.once(UPDATE, Behaviour(warnings=(OUTAGE, ORV, UNSCHEDULED)))
    assert service.place(pr_order()).json()["description"] == f"{OUTAGE},{ORV},{UNSCHEDULED}"


def test_r37_r39_an_expired_conversation_is_the_bss_to_tell_and_nothing_is_retried(service: Running) -> None:
    order = pr_order(house="00918424400911")
    with service.listening() as calls:
        reply = service.place(order, correlation=f"expired-{order['externalId']}", **{"X-Conversation-Id": "QAHA-of-last-year"})
        again = service.place(order, correlation=f"expired-{order['externalId']}", **{"X-Conversation-Id": "QAHA-of-last-year"})
    assert [call.order["conversationId"] for call in calls] == ["QAHA-of-last-year"]
    assert reply.status_code == 400
    assert reply.json()["errors"][0]["description"] == "2099 | DRO30E - REF CDA NOT FOUND| "
    assert again.content == reply.content
    redone = service.place(order, **{"X-Conversation-Id": "QAHA-of-a-new-quote"})  # the caller's next try is a new order
    assert redone.status_code == 400
    assert order["externalId"] not in service.bookings()["bookings"]


@pytest.mark.parametrize("name", ["X-Quote-Date", "X-Quote-Timestamp"])
def test_r38_the_age_of_a_quote_is_not_guarded_by_default(service: Running, name: str) -> None:
    with service.listening() as calls:
        reply = service.place(pr_order(), **{name: "2020-01-01T00:00:00.000Z"})
    assert (reply.status_code, len(calls)) == (201, 1)


def test_r38_the_age_of_a_quote_is_guarded_where_the_market_says_so(tmp_path: Path) -> None:
    off = "    # expires: {header: X-Quote-Timestamp, after: 840}"
    home = home_with(tmp_path / "home", {"config/markets/pr.yaml": (off, off.replace("# ", ""))})
    with running(tmp_path / "data", {"ADAPTER_HOME": home}) as service:
        now = datetime.now(UTC)
        young, old = (now - timedelta(minutes=13)).isoformat(), (now - timedelta(minutes=15)).isoformat()
        assert service.place(pr_order()).status_code == 201  # without a timestamp there is nothing to guard
        first = pr_order()
        assert service.place(first, correlation="r38", **{"X-Quote-Timestamp": young}).status_code == 201
        assert service.bookings()["total"] == 2
        refused = service.place(pr_order(), **{"X-Quote-Timestamp": old})
        assert refused.status_code == 400
        assert "15 minutes old" in refused.text
        assert service.place(pr_order(), **{"X-Quote-Timestamp": "yesterday"}).status_code == 400
        # an order that was placed in time keeps its answer, however late it is repeated
        assert service.place(first, correlation="r38", **{"X-Quote-Timestamp": old}).status_code == 201
        assert service.bookings()["total"] == 2


def test_r40_r74_an_outage_is_told_and_the_order_is_placed(service: Running) -> None:
    order = pr_order(house="00918424400902")
    with service.listening() as calls:
        reply = service.place(order)
    assert reply.status_code == 201
    assert (reply.json()["state"], reply.json()["description"]) == ("Acknowledged", OUTAGE)
    assert service.bookings()["bookings"][order["externalId"]]["count"] == 1
    assert len(calls) == 1  # neither mail nor later work is ours


def test_r44_items_are_echoed_one_for_one_with_what_they_have_and_have_not(service: Running) -> None:
    items = [
        pr_item("RJ43X", "HS", "Package", "R6430"),
        {"id": "RZ020", "quantity": 3, "action": "add", "product": {"id": "RZ020", "isBundle": False}, "@type": "AddOnProduct"},
        pr_item("RRRUS", None, "CallTypeProduct"),
        {**pr_item("ZMPBI", "NU"), "action": "noChange"},
        {**pr_item("X1", "HS"), "product": {**pr_item("X1", "HS")["product"], "productCharacteristic": []}},
        {**pr_item("RJ43X", "HS", "Package", "R6430")},
    ]
    assert service.place(pr_order(productOrderItem=items)).json()["productOrderItem"] == items


def test_r45_what_the_order_said_of_itself_is_echoed(service: Running) -> None:
    order = pr_order()
    answer = service.place(order).json()
    same = ("category", "externalId", "serviceAddress", "requestedCompletionDate", "relatedParty", "@type")
    assert {name: answer[name] for name in same} == {name: order[name] for name in same}


TEN = [
    "OrderReasonCode",
    "CampaignCode",
    "RequestedFunction",
    "CreditLimit",
    "JobType",
    "TelephoneNumberId",
    "InstallationType",
    "JobId",
    "Technician",
    "JobNumber",
]


def test_r46_the_notes_stand_in_the_documented_order_however_they_were_sent(service: Running) -> None:
    order = pr_order()
    order["note"].reverse()
    answer = service.place(order).json()
    assert [note["@type"] for note in answer["note"]] == TEN
    assert all(note.keys() == {"text", "@type"} for note in answer["note"])


def test_r47_r68_notes_show_what_the_bss_says(service: Running) -> None:
    """The simulator books a self-install job FN as SF, as the documented answer shows it."""
    notes = {note["@type"]: note["text"] for note in service.place(pr_order("selfinstall", notes={"CreditLimit": "100.00"})).json()["note"]}
    assert notes["JobType"] == "SF"
    assert notes["CreditLimit"] == "100.00"
    assert notes["Technician"] == "0701"


def test_r48_job_id_job_number_and_technician_are_text_with_their_zeros(service: Running) -> None:
    order = pr_order()
    notes: dict[str, Any] = {note["@type"]: note["text"] for note in service.place(order).json()["note"]}
    assert notes["JobId"] == order["externalId"] + "0001"
    assert len(notes["JobId"]) == 20
    assert (notes["Technician"][0], notes["JobNumber"][0]) == ("0", "0")


def test_r56_a_code_that_ends_in_e_stays_a_warning(service: Running) -> None:
    reply = service.place(pr_order(house="00918424400903"))
    assert reply.status_code == 201
    assert (reply.json()["description"], reply.json()["state"]) == (UNSCHEDULED, "Acknowledged")


def test_r75_no_timer_of_ours_stands_between_slot_and_order(service: Running) -> None:
    """A slot of the past is forwarded at once; what became of its hold is for the BSS to say."""
    with service.listening() as calls:
        reply = service.place(pr_order(requestedCompletionDate="2020-02-03T08:00:00.000Z"))
    assert reply.status_code == 201
    assert [call.order["requestedDate"] for call in calls] == ["2020-02-03T08:00:00.000Z"]
    assert reply.elapsed.total_seconds() < 30  # the hold of a slot is 240 seconds
