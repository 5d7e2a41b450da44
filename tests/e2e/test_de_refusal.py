"""Germany: the refusal of the source, event for event, at the right listeners."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.de_kit import AB, VA_ID, brief, subject, world
from tests.listener_kit import resource_of

REASON = {"code": "0041", "description": "Der abgebende Provider hat die Kündigung seines Bestandes abgelehnt."}
KVE = {"code": "KVE", "text": "Vorabstimmungs-ID fehlerhaft"}


@pytest.fixture(scope="module")
def de(tmp_path_factory):
    with world(tmp_path_factory.mktemp("de")) as running:
        yield running


@pytest.fixture(scope="module")
def refused(de):
    """The answers of the two calls, and all events of both buyers."""
    placed = de.place()
    old = placed["id"].replace("PV", "KUE")
    de.asked(old)
    answered = de.answer(old, False, responseReason=[KVE])
    de.until(de.auf, placed["id"], "StateChange(rejected)")
    de.until(de.ab, old, "StateChange(rejected)")
    return placed, old, answered


def sent(de, operation):
    return [one["envelope"] for one in de.supplier.requests() if one["operation"] == operation][-1]


def test_r96_the_order_is_acknowledged_and_goes_out_as_pv(de, refused):
    placed, _, _ = refused
    assert placed["state"] == "acknowledged"
    assert placed["category"] == "providerChange"
    envelope = sent(de, "anlegeAuftrag")
    for text in (":geschaeftsfall>PV<", f":vorabstimmungsId>{VA_ID}<", ":aktion>NEU<", ":homeId>HOME-1<"):
        assert text in envelope
    assert de.supplier.bookings()["bookings"][placed["externalId"]]["count"] == 1


def test_r97_r109_the_new_lines_buyer_hears_of_its_order_in_this_order(de, refused):
    assert de.auf.of(refused[0]["id"]) == [
        "Create(acknowledged)",
        "StateChange(accepted)",
        "AttributeValueChange(providerChangeInfo,relatedParty)",
        "StateChange(rejected)",
    ]


def test_r98_r100_r101_r102_r103_r104_r105_r106_r107_r108_the_old_lines_buyer_hears_of_the_other_order_in_this_order(de, refused):
    assert de.ab.of(refused[1]) == [
        "Create(acknowledged)",
        "StateChange(accepted)",
        "AttributeValueChange(providerChangeInfo,requestedCompletionDate)",
        "StateChange(pending)",
        "InformationRequired(providerChangeInfo.approval)",
        "RespondProviderChangeCreate(acknowledged)",
        "RespondProviderChangeStateChange(inProgress)",
        "AttributeValueChange(providerChangeInfo)",
        "RespondProviderChangeStateChange(done)",
        "StateChange(rejected)",
    ]


def test_each_buyer_hears_of_its_own_order_alone(de, refused):
    placed, old, _ = refused
    assert {subject(event) for event in de.auf.events} == {placed["id"]}
    assert {subject(event) for event in de.ab.events} == {old}
    assert de.send("GET", f"/productOrder/{old}").status_code == 404
    assert de.send("GET", f"/productOrder/{placed['id']}", who=AB).status_code == 404
    assert [one["id"] for one in de.send("GET", "/productOrder", who=AB).json()] == [old]


def test_r98_the_other_order_ends_the_old_line(de, refused):
    created = resource_of(de.ab.events[0])
    assert (created["category"], created["state"]) == ("terminationProviderChange", "acknowledged")
    assert [(item["action"], item["accessLineId"]) for item in created["productOrderItem"]] == [("delete", "DEU.DTAG.FTYLIQ7PTF")]
    assert created["agreement"][0]["businessId"] == VA_ID


def test_r97_r100_the_commercial_check_has_its_reason(de, refused):
    for heard in (de.auf, de.ab):
        accepted = next(resource_of(event) for event in heard.events if brief(event) == "StateChange(accepted)")
        assert accepted["stateChangeReason"] == [{"code": "0000", "description": "Keine Änderung zum Auftrag"}]


def test_r101_the_date_and_who_takes_over_are_told_before_the_question(de, refused):
    told = next(resource_of(event) for event in de.ab.events if brief(event).startswith("AttributeValueChange"))
    assert told["requestedCompletionDate"] == "2031-05-20T00:00:00.000+01:00"
    assert told["providerChangeInfo"]["takingOverProvider"] == "Vodafone GmbH"


def test_r104_the_answer_is_acknowledged_and_goes_out_as_ruem_pv(de, refused):
    _, old, answered = refused
    assert answered.status_code == 201
    body = answered.json()
    assert (body["state"], body["approval"], body["productOrder"]["id"]) == ("acknowledged", False, old)
    envelope = sent(de, "rueckmeldeProviderwechsel")
    for text in (f":auftragsnummer>{old}<", ":zustimmung>N<", ":antwortcode>KVE<", ":antworttext>Vorabstimmungs-ID fehlerhaft<"):
        assert text in envelope
    task = de.send("GET", f"/respondProviderChange/{body['id']}", who=AB).json()
    assert (task["state"], task["responseReason"]) == ("done", [KVE])


def test_r106_the_other_order_shows_the_answer_before_the_task_is_done(de, refused):
    changed = [resource_of(event) for event in de.ab.events if brief(event) == "AttributeValueChange(providerChangeInfo)"]
    assert [one["providerChangeInfo"]["approval"] for one in changed] == [False]
    assert changed[0]["state"] == "pending"


def test_r108_both_orders_are_rejected_with_0041(de, refused):
    for heard, number in ((de.auf, refused[0]["id"]), (de.ab, refused[1])):
        last = [resource_of(event) for event in heard.events if subject(event) == number][-1]
        assert (last["state"], last["stateChangeReason"]) == ("rejected", [REASON])


def test_r109_each_buyer_hears_of_its_refusal_in_the_order_in_which_the_events_arrive(de, refused):
    """Which of the two buyers hears first, nobody promises (decision 72): the supplier sends ABBM only after ABBM-PV was acknowledged."""
    placed, old, _ = refused
    assert [brief(event) for event in de.auf.events if subject(event) == placed["id"]][-2:] == [
        "AttributeValueChange(providerChangeInfo,relatedParty)",
        "StateChange(rejected)",
    ]
    assert [brief(event) for event in de.ab.events][-4:] == [
        "RespondProviderChangeStateChange(inProgress)",
        "AttributeValueChange(providerChangeInfo)",
        "RespondProviderChangeStateChange(done)",
        "StateChange(rejected)",
    ]
    for heard in (de.auf, de.ab):  # what arrives is in the order of what happened
        times = [moment(event["eventTime"]) for event in heard.events]
        assert times == sorted(times)
    told = [(one["type"], one["status"]) for one in de.supplier.callbacks() if one["type"].startswith("ABBM")]
    assert told == [("ABBM-PV", "ANGENOMMEN"), ("ABBM", "ANGENOMMEN")]
    assert subject(de.ab.events[-1]) == old


def test_r110_the_new_lines_buyer_is_told_who_refused_why_and_whom_to_ask(de, refused):
    changed = next(resource_of(event) for event in de.auf.events if brief(event).startswith("AttributeValueChange"))
    assert changed["providerChangeInfo"]["approval"] is False
    assert changed["providerChangeInfo"]["responseReason"] == [{"code": "KVE", "description": "Vorabstimmungs-ID fehlerhaft"}]
    parties = {party["role"]: party for party in changed["relatedParty"]}
    assert parties["handingOverProvider"]["name"] == "1&1 Internet AG"
    supplier = parties["orderManagementSupplierContact"]
    assert (supplier["salutation"], supplier["givenName"], supplier["familyName"]) == ("Frau", "Lisa", "Bach")
    assert supplier["contactMedium"] == [
        {"mediumType": "PhoneContactMedium", "characteristic": {"contactType": "fixed", "phoneNumber": "0221/789456"}},
        {"mediumType": "PhoneContactMedium", "characteristic": {"contactType": "mobile", "phoneNumber": "0178/78787878"}},
        {"mediumType": "EmailContactMedium", "characteristic": {"contactType": "email", "emailAddress": "l.bach@example.net"}},
    ]
    assert parties["orderManagementBuyerContact"]["familyName"] == "Muster"


def test_r112_no_event_is_older_than_the_change_that_it_tells(de, refused):
    for event in (*de.auf.events, *de.ab.events):
        changed = resource_of(event).get("stateChangeDate")
        assert moment(event["eventTime"]).tzinfo is not None
        assert changed is None or moment(changed) <= moment(event["eventTime"])


def test_r119_a_second_answer_is_refused_and_changes_nothing(de, refused):
    _, old, _ = refused
    before, heard = de.shown(old, AB), len(de.ab.events)
    again = de.answer(old, True)
    assert again.status_code == 409
    assert "rejected" in again.text
    assert (de.shown(old, AB), len(de.ab.events)) == (before, heard)
    assert de.supplier.bookings()["bookings"][f"RUEM-PV {old}"]["count"] == 1


def test_r120_an_answer_for_an_order_that_is_not_there(de):
    unknown = de.answer("KUE99999999", True)
    assert unknown.status_code == 404
    assert unknown.json()["@type"] == "Error"


def moment(text):
    return datetime.fromisoformat(text)
