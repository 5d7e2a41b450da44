"""Poland: the activation sequence of the sources, every alternative of it, front-end to Nexera to callback to listener (R123-R146)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulators.nexera import Response
from tests.listener_kit import resource_of, told
from tests.pl_kit import ITEM, SLOT, Operator, credentials, operating

ADDRESS = {"streetType": "ul.", "streetName": "Polna", "streetNr": "7", "city": "Łódź", "postcode": "91-001", "country": "PL"}
CREATED, CHANGED = "ProductOrderCreateEvent", "ProductOrderAttributeValueChangeEvent"
STATE, ASKED = "ProductOrderStateChangeEvent", "ProductOrderInformationRequiredEvent"


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with operating(tmp_path_factory.mktemp("pl")) as running:
        yield running


@pytest.mark.parametrize(
    ("street", "state", "result"),
    [("Polna", "done", "success"), ("Nieznana", "done", "fails"), ("Awaria", "terminatedWithError", None)],
)
def test_r125_r126_an_address_is_checked(operator: Operator, street: str, state: str, result: str | None) -> None:
    address = {**ADDRESS, "streetName": street}
    asked = operator.post("geographicAddressValidation", provideAlternative=True, submittedGeographicAddress=address)
    assert asked["state"] == "inProgress"
    [event] = operator.becomes(asked["id"], state)
    assert event["eventType"] == "GeographicAddressValidationStateChangeEvent"
    assert resource_of(event).get("validationResult") == result
    known = operator.get("geographicAddressValidation", asked["id"])
    assert known["state"] == state
    if result == "fails":
        assert known["alternateGeographicAddress"][0]["city"] == "Łódź"
    if result == "success":
        assert known["validGeographicAddress"] == address


def test_r125_a_refused_address_is_not_kept(operator: Operator) -> None:
    refused = operator.post(
        "geographicAddressValidation", 400, provideAlternative=True, submittedGeographicAddress={**ADDRESS, "streetName": "Błędna"}
    )
    assert "The address cannot be read" in refused["message"]


@pytest.mark.parametrize("street", ["Podwójna", "Odmienna"])
def test_r145_i38_the_same_result_twice_or_spelled_otherwise_counts_once(operator: Operator, street: str) -> None:
    asked = operator.post(
        "geographicAddressValidation", provideAlternative=False, submittedGeographicAddress={**ADDRESS, "streetName": street}
    )
    operator.becomes(asked["id"], "done")
    done = operator.post("geographicAddressValidation", provideAlternative=False, submittedGeographicAddress=ADDRESS)
    operator.becomes(done["id"], "done")  # by now the doubled one has been answered, too
    assert len(operator.heard.about(asked["id"])) == 1
    assert {one["status"] for one in operator.twin.callbacks() if one["id"] == asked["id"]} == {200}


def test_r127_r128_r129_i41_contacts(operator: Operator) -> None:
    phone = [{"mediumType": "phone", "characteristic": {"phoneNumber": "+48 600 100 200"}}]
    contact = operator.post("individual", givenName="Jan", familyName="Żak", contactMedium=phone)
    assert contact["status"] == "initialized"
    changed = operator.patch("individual", contact["id"], familyName="Żuk", title="Pan")
    assert (changed["familyName"], changed["title"], changed["contactMedium"]) == ("Żuk", "Pan", phone)
    read = operator.get("individual", contact["id"])
    assert {name: read[name] for name in ("givenName", "familyName", "title")} == {"givenName": "Jan", "familyName": "Żuk", "title": "Pan"}
    assert [one["id"] for one in operator.get("individual", familyName="Żuk")] == [contact["id"]]
    targets = [one["target"] for one in operator.twin.requests() if one["operation"] in ("createIndividual", "updateIndividual")]
    assert targets[-2:] == ["/nexera/party/individual/", f"/nexera/party/individual/{contact['id']}"]  # as printed, with and without


def test_r130_r134_a_good_draft_waits_for_the_patch_that_completes_it(operator: Operator) -> None:
    order = operator.draft("ordinary")
    draft = operator.get("productOrder", order)
    assert (draft["state"], draft["originalState"]) == ("acknowledged", "Draft")
    assert operator.twin.members("productOrder", order)["state"] == "Draft"
    assert operator.hears(order, CREATED) == [(CREATED, "acknowledged")]  # and nothing of a verification


@pytest.mark.parametrize("act", ["verify", "begin", "complete"])
def test_r134_what_is_verified_before_the_patch_that_completes_it_stays_a_draft(operator: Operator, act: str) -> None:
    order = operator.draft("HOLD")
    if act == "begin":  # Nexera tells of it with the next callback only
        operator.play("productOrder", order, "begin")
        assert operator.play("productOrder", order, "reminded") == [200]
    else:
        assert operator.play("productOrder", order, act) == [200]  # taken, for a person to look at
    kept = operator.get("productOrder", order)
    assert (kept["state"], kept["originalState"]) == ("acknowledged", "Draft")
    assert operator.hears(order, CREATED) == [(CREATED, "acknowledged")]


def test_r134_a_draft_that_was_verified_too_early_goes_on_with_its_patch(operator: Operator) -> None:
    order = operator.draft("HOLD")
    operator.play("productOrder", order, "verify")
    changed = operator.patch("productOrder", order, requestedCompletionDate="2026-12-01T08:00:00.000Z")
    assert (changed["state"], changed["originalState"]) == ("accepted", "Verified")


def test_r130_a_bad_draft_is_refused_and_nothing_stored(operator: Operator) -> None:
    before = len(operator.get("productOrder"))
    party = [{"id": operator.customer(), "role": "customer", "@referredType": "Individual"}]
    refused = operator.post("productOrder", 400, description="BAD", relatedParty=party, productOrderItem=[ITEM])
    assert "The offering is not sold at this address" in refused["message"]
    stranger = [{"id": "IND-000000", "@referredType": "Individual"}]
    assert "IND-000000" in operator.post("productOrder", 400, relatedParty=stranger, productOrderItem=[ITEM])["message"]
    assert len(operator.get("productOrder")) == before


@pytest.mark.parametrize(
    ("place", "status", "slots"),
    [("ADR-1", "done", 2), ("FULL-1", "done", 0), ("FAR-1", "rejected", None)],
)
def test_r131_slots_are_searched(operator: Operator, place: str, status: str, slots: int | None) -> None:
    search = operator.post("searchTimeSlot", relatedPlace={"id": place, "role": "installation"}, requestedTimeSlot=[{"validFor": SLOT}])
    assert search["status"] == "inProgress"
    found = resource_of(operator.becomes(search["id"], status)[-1])
    assert (len(found["availableTimeSlot"]) if "availableTimeSlot" in found else None) == slots
    assert operator.get("searchTimeSlot", search["id"])["status"] == status


@pytest.mark.parametrize(("description", "status"), [("first visit", "confirmed"), ("TAKEN already", "failed")])
def test_r132_a_slot_is_booked(operator: Operator, description: str, status: str) -> None:
    visit = operator.post("appointment", validFor=SLOT, description=description)
    assert visit["status"] == "initialized"
    assert told(operator.becomes(visit["id"], status)[-1]) == ("AppointmentStateChangeEvent", status)
    assert operator.get("appointment", visit["id"])["status"] == status


def test_r123_r124_r133_r135_r143_i39_the_whole_way_to_a_completed_activation(operator: Operator) -> None:
    checked = operator.post("geographicAddressValidation", provideAlternative=False, submittedGeographicAddress=ADDRESS)
    operator.becomes(checked["id"], "done")
    order = operator.draft("ordinary")
    search = operator.post("searchTimeSlot", relatedPlace={"id": "ADR-1", "role": "installation"})
    slot = resource_of(operator.becomes(search["id"], "done")[-1])["availableTimeSlot"][0]
    related = [{"id": order, "role": "productOrder", "@referredType": "ProductOrder"}]
    visit = operator.post("appointment", validFor=slot["validFor"], relatedEntity=related)
    operator.becomes(visit["id"], "confirmed")
    items = [{**ITEM, "appointment": {"id": visit["id"]}}]
    accepted = operator.patch("productOrder", order, productOrderItem=items, note=[{"text": "third floor"}])
    assert accepted["productOrderItem"] == items
    events = operator.becomes(order, "completed")
    assert [told(event) for event in events if event["eventType"] != CHANGED] == [
        (CREATED, "acknowledged"),
        (STATE, "accepted"),
        (STATE, "completed"),
    ]
    assert [resource_of(event)["originalState"] for event in events if event["eventType"] == STATE] == ["Verified", "Completed"]  # I40
    done = operator.get("productOrder", order)
    assert (done["state"], done["productOrderItem"]) == ("completed", items)
    assert done["completionDate"] == resource_of(events[-1])["completionDate"]
    assert [one["id"] for one in operator.get("productOrder", id=order)] == [order]  # R123, R124


def test_r124_the_list_of_nobodys_activations_is_empty(operator: Operator) -> None:
    answer = operator.http.get(
        "/tmf-api/productOrderingManagement/v4/productOrder", headers={"client-id": "other-operator", "client-secret": "demo-secret"}
    )
    assert (answer.status_code, answer.json()) == (200, [])


def test_r136_r146_a_rejected_order_takes_no_further_step(operator: Operator) -> None:
    order = operator.draft("REJECT")
    operator.patch("productOrder", order, requestedCompletionDate=SLOT["startDateTime"])
    rejected = resource_of(operator.becomes(order, "rejected")[-1])
    assert (rejected["originalState"], rejected["note"][-1]["text"]) == ("Rejected", "No free port at the address")
    for change in ({"description": "late"}, {"state": "cancelled"}):
        assert "rejected" in operator.patch("productOrder", order, 409, **change)["message"]


def test_r137_r146_an_order_is_cancelled(operator: Operator) -> None:
    order = operator.order()
    gone = operator.patch("productOrder", order, state="cancelled", cancellationReason="moved away")
    assert (gone["state"], gone["originalState"], gone["cancellationReason"]) == ("cancelled", "Cancelled", "moved away")
    assert told(operator.becomes(order, "cancelled")[-1]) == (STATE, "cancelled")
    assert operator.twin.members("productOrder", order)["state"] == "Cancelled"
    assert operator.patch("productOrder", order, state="cancelled") == gone  # said twice is said once
    operator.patch("productOrder", order, 409, description="after all")


def test_r137_an_order_is_cancelled_by_a_request_of_its_own(operator: Operator) -> None:
    order = operator.order()
    request = operator.post("cancelProductOrder", productOrder={"id": order}, cancellationReason="moved away")
    assert request["state"] == "done"
    events = operator.becomes(order, "cancelled")
    assert resource_of(events[-1])["cancellationReason"] == "moved away"
    assert operator.twin.members("productOrder", order)["state"] == "Cancelled"
    operator.post("cancelProductOrder", 409, productOrder={"id": order})
    operator.post("cancelProductOrder", 404, productOrder={"id": "ORD-000000"})


def test_r138_products_parameters_comment_and_slot_change_in_realisation(operator: Operator) -> None:
    order = operator.order()
    operator.play("productOrder", order, "begin")
    told_of = {"id": order, "state": "InProgress"}
    assert operator.call_back("ProductOrderStateChangeEvent", "productOrder", told_of, f"E-begun-{order}").status_code == 200
    operator.becomes(order, "inProgress")
    items: list[dict[str, Any]] = [
        {
            "id": "1",
            "action": "add",
            "productOffering": {"id": "FTTH-2000"},
            "product": {"productCharacteristic": [{"name": "ip", "value": "static"}]},
            "appointment": {"id": "APP-7"},
        }
    ]
    changed = operator.patch("productOrder", order, productOrderItem=items, description="ring twice")
    assert (changed["productOrderItem"], changed["description"]) == (items, "ring twice")
    assert operator.twin.members("productOrder", order)["productOrderItem"] == items
    assert changed["state"] == "inProgress"
    refused = operator.patch("productOrder", order, 400, relatedParty=[{"id": "IND-000000", "@referredType": "Individual"}])
    assert "IND-000000" in refused["message"]
    assert operator.twin.members("productOrder", order)["description"] == "ring twice"


@pytest.mark.parametrize("mended_by", ["comment", "contact"])
def test_r139_r140_the_customer_cannot_be_reached(operator: Operator, mended_by: str) -> None:
    order = operator.order()
    assert operator.play("productOrder", order, "noContact") == [200]
    events = operator.heard.until(order, lambda found: found[-1]["eventType"] == ASKED)
    assert [told(event) for event in events[-3:]] == [(CHANGED, "pending"), (STATE, "pending"), (ASKED, "pending")]
    assert "could not be reached" in resource_of(events[-1])["note"][-1]["text"]
    if mended_by == "comment":
        changed = operator.patch("productOrder", order, description="ring at noon")
        assert changed["state"] == "inProgress"
        operator.becomes(order, "inProgress")
    else:
        contact = operator.get("productOrder", order)["relatedParty"][0]["id"]
        assert operator.patch("individual", contact, title="Pani")["title"] == "Pani"
        assert operator.get("productOrder", order)["originalState"] == "InProgress"
    operator.play("productOrder", order, "complete")
    operator.becomes(order, "completed")


@pytest.mark.parametrize("named", [True, False], ids=["for the operator it names", "for whose order it is"])
def test_r141_the_technician_comes_at_another_time(operator: Operator, named: bool) -> None:
    owner = [{"id": "demo-operator", "role": "operator", "@referredType": "Organization"}] if named else []
    customer = {"id": operator.customer(), "role": "customer", "@referredType": "Individual"}
    order = operator.order(relatedParty=[customer, *owner])
    assert operator.play("productOrder", order, "otherDate") == [200]
    visit = operator.twin.callbacks()[-1]["id"]
    [event] = operator.becomes(visit, "confirmed")
    assert event["eventType"] == "AppointmentCreateEvent"
    assert resource_of(event)["relatedEntity"] == [{"id": order, "role": "productOrder", "@referredType": "ProductOrder"}]
    assert operator.get("appointment", visit)["validFor"] == operator.twin.members("appointment", visit)["validFor"]
    other = {"client-id": "other-operator", "client-secret": "demo-secret"}
    assert operator.http.get(f"/tmf-api/appointment/v4/appointment/{visit}", headers=other).status_code == 404  # it is not theirs


def test_r142_a_reminder_is_answered(operator: Operator) -> None:
    order = operator.order()
    operator.patch("productOrder", order, note=[{"@type": "Monit", "text": "When does it go on?"}])
    events = operator.heard.until(order, lambda found: resource_of(found[-1]).get("note", [{}])[-1].get("author") == "Nexera")
    assert told(events[-1])[0] == CHANGED
    assert [note["text"] for note in resource_of(events[-1])["note"]] == ["When does it go on?", "The order is being worked on"]


@pytest.mark.parametrize(
    "acts",
    [
        ("begin", "complete"),
        ("noContact", "otherDate", "noContact", "complete"),
        ("otherDate", "otherDate", "begin", "noContact", "completeTwice"),
        ("complete",),
    ],
)
def test_r144_alternatives_can_be_skipped_and_repeat_in_any_order(operator: Operator, acts: tuple[str, ...]) -> None:
    order = operator.order()
    for act in acts:
        assert set(operator.play("productOrder", order, act)) <= {200}
        if act == "noContact":
            operator.becomes(order, "pending")
            operator.patch("productOrder", order, description=f"update after {len(operator.heard.about(order))} events")
            operator.becomes(order, "inProgress")
    events = operator.becomes(order, "completed")
    assert [told(event) for event in events].count((STATE, "completed")) == 1
    assert [told(event) for event in events].count((STATE, "pending")) == acts.count("noContact")


def test_r145_a_callback_about_nothing_that_is_known_is_refused_and_nothing_stored(operator: Operator) -> None:
    answer = operator.call_back("ProductOrderStateChangeEvent", "productOrder", {"id": "ORD-000000", "state": "Verified"}, "E-unknown")
    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown"
    assert operator.get("productOrder", "ORD-000000", 404)["status"] == "404"


def test_r145_a_repeated_callback_is_answered_200_and_counts_once(operator: Operator) -> None:
    order = operator.order()
    before = len(operator.heard.about(order))
    for _ in range(3):
        told_of = {"id": order, "state": "Completed", "completionDate": "2026-12-01T09:00:00.000Z"}
        answer = operator.call_back("ProductOrderStateChangeEvent", "productOrder", told_of, f"E-{order}")
        assert (answer.status_code, answer.content) == (200, b"")  # R145, I42
    assert len(operator.becomes(order, "completed")) == before + 1


def test_r146_a_callback_about_an_order_at_its_end_is_refused_with_409(operator: Operator) -> None:
    order = operator.order()
    operator.play("productOrder", order, "complete")
    operator.becomes(order, "completed")
    answer = operator.call_back("ProductOrderStateChangeEvent", "productOrder", {"id": order, "state": "Verified"}, f"E-late-{order}")
    assert answer.status_code == 409
    assert operator.get("productOrder", order)["state"] == "completed"


@pytest.mark.parametrize(
    "name",
    ["productorderstatechangeevent", "PRODUCTORDERSTATECHANGENOTIFICATION", "ProductOrderStateChangeNotification"],
)
def test_i38_any_case_and_either_suffix_of_a_callback(operator: Operator, name: str) -> None:
    order = operator.order()
    assert operator.call_back(name, "productOrder", {"id": order, "state": "InProgress"}, f"E-{name}").status_code == 200
    operator.becomes(order, "inProgress")


def test_a_state_that_nobody_has_heard_of_is_not_guessed(operator: Operator) -> None:
    order = operator.order()
    odd = {"id": order, "state": "Suspended"}
    answer = operator.call_back("ProductOrderStateChangeEvent", "productOrder", odd, f"E-odd-{order}")
    assert answer.status_code == 200  # it is on record, and a person has to look at it: sending it again would not help
    [known] = operator.get("productOrder", id=order)
    assert (known["state"], known["originalState"]) == ("accepted", "Verified")


def test_only_nexera_may_call(operator: Operator) -> None:
    told_of = {"id": "ORD-000001", "state": "Verified"}
    for headers in (credentials(password="another-password"), {"authorization": "Bearer x"}):
        assert operator.call_back("ProductOrderStateChangeEvent", "productOrder", told_of, **headers).status_code == 401
    nameless = operator.http.post("/inbound/pl/NoSuchEvent", json={}, headers=credentials())
    assert nameless.status_code == 404
    assert operator.http.post("/inbound/pl/ProductOrderStateChangeEvent", content=b"{", headers=credentials()).status_code == 400


def test_orders_belong_to_the_operator_who_placed_them(operator: Operator) -> None:
    order = operator.draft()
    other = {"client-id": "other-operator", "client-secret": "demo-secret"}
    path = f"/tmf-api/productOrderingManagement/v4/productOrder/{order}"
    assert operator.http.get(path, headers=other).status_code == 404
    assert operator.http.patch(path, json={"state": "cancelled"}, headers=other).status_code == 404
    assert operator.get("productOrder", order)["state"] == "acknowledged"


@pytest.mark.parametrize("kept", [False, True])
def test_a_draft_whose_fate_is_unknown_is_looked_for_by_its_request(operator: Operator, kept: bool) -> None:
    party = [{"id": operator.customer(), "role": "customer", "@referredType": "Individual"}]
    operator.twin.once("createProductOrder", Response(keep=kept, transport="close"))
    body = {"description": f"HOLD, kept: {kept}", "relatedParty": party, "productOrderItem": [ITEM]}
    key = {"Idempotency-Key": f"doubt-{kept}"}
    operator.post("productOrder", 504, headers=key, **body)
    answer = operator.repeated("productOrder", key, body)  # a probe is believed a second after the call is over
    assert (answer.status_code, answer.json()["state"]) == (201, "acknowledged")
    found = [one for one in operator.twin.bookings()["bookings"].values() if one["lastRequest"] == {**one["lastRequest"], **body}]
    assert [one["count"] for one in found] == [1]


def test_a_change_whose_fate_is_unknown_is_looked_for_too(operator: Operator) -> None:
    for kept in (False, True):
        order = operator.order()
        operator.twin.once("updateProductOrder", Response(keep=kept, transport="close"))
        operator.patch("productOrder", order, 504, description="ring twice")
        changed = operator.changed("productOrder", order, description="third floor")  # goes as soon as the other one is settled
        assert changed["description"] == "third floor"
        assert operator.twin.members("productOrder", order)["description"] == "third floor"
        texts = [
            resource_of(event).get("description") for event in operator.heard.until(order, lambda found: told_of(found, "third floor"))
        ]
        assert ("ring twice" in texts) is kept


def told_of(events: list[dict[str, Any]], description: str) -> bool:
    return resource_of(events[-1]).get("description") == description


def test_a_question_that_was_not_answered_may_be_asked_again(operator: Operator) -> None:
    for kind, body in (
        ("geographicAddressValidation", {"provideAlternative": False, "submittedGeographicAddress": ADDRESS}),
        ("searchTimeSlot", {"relatedPlace": {"id": "ADR-1", "role": "installation"}}),
    ):
        operator.twin.once(f"create{kind[0].upper()}{kind[1:]}", Response(keep=False, transport="close"))
        assert "may be repeated" in operator.post(kind, 504, **body)["message"]
        operator.becomes(operator.post(kind, **body)["id"], "done")


def test_a_result_that_overtakes_the_answer_waits_for_it(operator: Operator) -> None:
    operator.twin.once("createAppointment", Response(after=0.5))  # the window is confirmed long before
    visit = operator.post("appointment", validFor=SLOT, description="overtaken")
    assert visit["status"] == "initialized"
    events = operator.becomes(visit["id"], "confirmed")
    assert [told(event)[0] for event in events] == ["AppointmentCreateEvent", "AppointmentStateChangeEvent"]
