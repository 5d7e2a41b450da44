"""Germany: what else becomes of a provider change. Approval, abort, cancellation, another date, silence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from simulators.scenario import Behaviour
from tests.de_kit import AB, AUF, brief, subject, world
from tests.listener_kit import resource_of

PREPARED = ["Create(acknowledged)", "StateChange(accepted)"]
ASKED = [
    *PREPARED,
    "AttributeValueChange(providerChangeInfo,requestedCompletionDate)",
    "StateChange(pending)",
    "InformationRequired(providerChangeInfo.approval)",
]
APPROVED = [
    *ASKED,
    "RespondProviderChangeCreate(acknowledged)",
    "RespondProviderChangeStateChange(inProgress)",
    "AttributeValueChange(providerChangeInfo)",
    "RespondProviderChangeStateChange(done)",
]
BINDING = "AttributeValueChange(expectedCompletionDate,expectedCompletionTimePeriod)"
CONFIRMED = "AttributeValueChange(expectedCompletionDate,expectedCompletionTimePeriod,providerChangeInfo,relatedParty)"


@pytest.fixture(scope="module")
def de(tmp_path_factory):
    with world(tmp_path_factory.mktemp("de")) as running:
        yield running


def asked(de, word="A", **members):
    """A provider change whose old line's buyer is asked: the numbers of both orders."""
    new = de.place(word, **members)["id"]
    old = new.replace("PV", "KUE")
    de.asked(old)
    return new, old


def approved(de, word="A", **members):
    new, old = asked(de, word, **members)
    assert de.answer(old, True).status_code == 201
    return new, old


def last(heard, number):
    return [resource_of(event) for event in heard.events if subject(event) == number][-1]


def cancel(de, number, **more):
    return de.send("POST", "/cancelProductOrder", {"productOrder": {"id": number}, "cancellationReason": "Kunde zieht nicht um", **more})


def reschedule(de, number, date):
    return de.send("POST", "/rescheduleProductOrder", {"productOrder": {"id": number}, "requestedCompletionDate": date})


def test_r116_approval_goes_on_to_the_end_of_both_orders(de):
    new, old = approved(de)
    heard = de.until(de.auf, new, "StateChange(closed)")
    assert heard == [*PREPARED, CONFIRMED, *(f"StateChange({state})" for state in ("inProgress", "completed", "closed"))]
    heard = de.until(de.ab, old, "StateChange(closed)")
    assert heard == [*APPROVED, BINDING, *(f"StateChange({state})" for state in ("inProgress", "completed", "closed"))]
    confirmed = [one["type"] for one in de.supplier.callbacks() if one["order"] in (new, old) and one["type"].startswith("ABM")]
    assert confirmed == ["ABM", "ABM-PV"]
    shown = de.shown(new)
    assert shown["providerChangeInfo"] == {"approval": True, "providerName": "1&1 Internet AG"}
    assert shown["completionDate"]
    assert shown["stateChangeReason"] == []


def test_r117_an_abort_in_realisation_fails_on_both_sides(de):
    new, old = approved(de, "ABORT")
    de.until(de.auf, new, "StateChange(failed)")
    de.until(de.ab, old, "StateChange(failed)")
    for heard, number in ((de.auf, new), (de.ab, old)):
        assert last(heard, number)["stateChangeReason"][0]["code"] == "1199"


@pytest.mark.parametrize(("word", "code"), [("HOLIDAY", "1033"), ("SHIFTED", "1153"), ("STRANGE", "4711")])
def test_r113_refusals_of_the_supplier_are_a_state_with_a_code_and_no_error_of_the_call(de, word, code):
    new = de.place(word)["id"]
    de.until(de.auf, new, "StateChange(rejected)")
    reason = last(de.auf, new)["stateChangeReason"][0]
    assert (reason["code"], reason["description"]) == (code, de.supplier_text(code))


@pytest.mark.parametrize(
    ("code", "text"), [("KVE", "keine Vorabstimmung"), ("TAV", "Termin weicht ab"), ("VNV", "unvollständig"), ("ZZZ", "ganz anders")]
)
def test_r114_answer_codes_travel_both_ways_with_their_text(de, code, text):
    new, old = asked(de)
    handover = "2031-06-01T00:00:00+02:00"
    said = {"responseReason": [{"code": code, "text": text}], "handoverDate": handover, "providerName": "1und1 (alt)"}
    assert de.answer(old, False, **said).status_code == 201
    de.until(de.auf, new, "StateChange(rejected)")
    info = last(de.auf, new)["providerChangeInfo"]
    assert info == {
        "approval": False,
        "responseReason": [{"code": code, "description": text}],
        "handoverDate": handover,
        "providerName": "1und1 (alt)",
    }
    assert de.shown(old, AB)["providerChangeInfo"]["handoverDate"] == handover


def test_r118_a_cancellation_that_succeeds_ends_both_orders(de):
    new, old = asked(de)
    task = cancel(de, new)
    assert task.status_code == 201, task.text
    heard = de.until(de.auf, new, "CancelProductOrderStateChange(done)")
    assert heard == [
        *PREPARED,
        "CancelProductOrderCreate(acknowledged)",
        "CancelProductOrderStateChange(inProgress)",
        "StateChange(assessingCancellation)",
        "AttributeValueChange(cancellationCharge)",
        "StateChange(cancelled)",
        "CancelProductOrderStateChange(done)",
    ]
    assert de.shown(new)["cancellationCharge"] is False
    assert de.until(de.ab, old, "StateChange(rejected)") == [*ASKED, "StateChange(rejected)"]
    told = [one["type"] for one in de.supplier.callbacks() if one["order"] in (new, old)][-2:]
    assert told == ["ABBM", "ABBM-PV"]
    assert cancel(de, new).status_code == 409


def test_r118_a_cancellation_that_is_refused_lets_the_order_go_on(de):
    new, old = asked(de, "NOCANCEL")
    before = de.shown(new)
    task = cancel(de, new)
    assert task.status_code == 201
    heard = de.until(de.auf, new, "CancelProductOrderStateChange(rejected)")
    assert heard[-3:] == ["StateChange(assessingCancellation)", "StateChange(accepted)", "CancelProductOrderStateChange(rejected)"]
    why = de.shown(new)["stateChangeReason"]
    assert why[0]["code"] == "1087"
    # The event of a state tells since when and why of that state, not of the one before it.
    [assessed] = [
        resource_of(event) for event in de.auf.events if brief(event) == "StateChange(assessingCancellation)" and subject(event) == new
    ]
    assert assessed["stateChangeDate"] != before["stateChangeDate"]
    assert "stateChangeReason" not in assessed
    # The task is over, and says since when and why: in its event, and to who asks for it.
    told = last(de.auf, new)
    read = de.send("GET", f"/cancelProductOrder/{task.json()['id']}").json()
    for shown in (told, read):
        assert (shown["state"], shown["stateChangeReason"]) == ("rejected", why)
        assert shown["stateChangeHistory"] == [
            {"state": "inProgress", "stateChangeDate": task.json()["stateChangeDate"]},
            {"state": "rejected", "stateChangeDate": shown["stateChangeDate"], "stateChangeReason": why},
        ]
    assert de.answer(old, True).status_code == 201
    de.until(de.auf, new, "StateChange(closed)")


def test_r118_no_cancellation_of_an_order_that_is_merely_acknowledged(tmp_path):
    with world(tmp_path, speed=0.1) as slow:
        new = slow.place()["id"]
        refused = cancel(slow, new)
        assert (refused.status_code, "acknowledged" in refused.text) == (409, True)
        assert len(slow.supplier.requests()) == 1


def test_r118_no_cancellation_beyond_the_point_of_no_return(de):
    new, _ = approved(de, "NORETURN")
    de.until(de.auf, new, "Milestone")
    milestone = {one["name"]: one for one in last(de.auf, new)["productOrderMilestone"]}["pointOfNoReturn"]
    assert (milestone["id"], milestone["message"]) == ("1087", "Eine Stornierung ist nicht möglich.")
    before = len(de.supplier.requests())
    refused = cancel(de, new)
    assert (refused.status_code, refused.json()["code"]) == (409, "1087")
    assert len(de.supplier.requests()) == before
    assert de.shown(new)["state"] == "inProgress"


@pytest.mark.parametrize(("word", "state"), [("ABORT", "failed"), ("EXPIRED", "cancelled"), ("A", "closed")])
def test_r118_no_cancellation_in_an_end_state(de, word, state):
    new, _ = approved(de, word)
    de.until(de.auf, new, f"StateChange({state})")
    refused = cancel(de, new)
    assert (refused.status_code, state in refused.text) == (409, True)


def test_no_cancellation_and_no_other_date_for_a_termination_by_the_supplier(de):
    _, old = asked(de)
    for path, more in (("/cancelProductOrder", {}), ("/rescheduleProductOrder", {"requestedCompletionDate": "2031-06-01T00:00:00Z"})):
        refused = de.send("POST", path, {"productOrder": {"id": old}, **more}, AB)
        assert (refused.status_code, "termination" in refused.text) == (409, True)


def test_the_cut_over_day_fails_and_the_date_is_moved(tmp_path):
    with world(tmp_path, speed=50.0) as de:
        new, old = approved(de, "CUTOVER")
        heard = de.until(de.auf, new, "InformationRequired")
        assert heard[-2:] == ["StateChange(pending)", "InformationRequired(requestedCompletionDate)"]
        assert last(de.auf, new)["stateChangeReason"] == [{"code": "6001", "description": "Endkunde nicht angetroffen"}]
        de.until(de.ab, old, "Milestone")
        delay = {one["name"]: one for one in last(de.ab, old)["productOrderMilestone"]}["delayMessage"]
        assert delay["message"] == "Endkunde nicht angetroffen"
        moved = reschedule(de, new, "2031-06-03T08:00:00+02:00")
        assert (moved.status_code, moved.json()["state"]) == (201, "acknowledged")
        heard = de.until(de.auf, new, "StateChange(inProgress)", times=2)
        assert heard[-6:] == [
            "RescheduleProductOrderCreate(acknowledged)",
            "RescheduleProductOrderStateChange(inProgress)",
            "AttributeValueChange(requestedCompletionDate)",
            "RescheduleProductOrderStateChange(done)",
            BINDING,
            "StateChange(inProgress)",
        ]
        shown = last(de.auf, new)
        assert shown["stateChangeReason"][0]["code"] == "0000"
        assert shown["expectedCompletionDate"] == "2031-06-03T08:00:00.000+02:00"
        assert "informationRequired" not in shown
        de.until(de.ab, old, "Milestone", times=2)
        update = {one["name"]: one for one in last(de.ab, old)["productOrderMilestone"]}
        assert update.keys() == {"delayMessage", "orderConfirmationUpdate"}
        de.until(de.auf, new, "StateChange(completed)")


def test_a_date_that_nobody_moves_runs_out(de):
    new, old = approved(de, "EXPIRED")
    heard = de.until(de.auf, new, "StateChange(cancelled)")
    assert "JeopardyAlert(productOrderJeopardyAlert)" in heard
    de.until(de.ab, old, "StateChange(rejected)")


def test_a_renewed_confirmation_is_an_attribute_and_then_a_milestone(de):
    new, old = approved(de, "RENEWED")
    heard = de.until(de.auf, new, "StateChange(closed)")
    at = heard.index("StateChange(inProgress)") + 1
    assert heard[at : at + 3] == [BINDING, "Milestone(productOrderMilestone)", "Milestone(productOrderMilestone)"]
    milestones = {one["name"]: one for one in last(de.auf, new)["productOrderMilestone"]}
    assert milestones["orderConfirmationUpdate"]["id"] == "0015"
    assert milestones["delayMessage"]["message"] == "Der Bau ist neu geplant"
    assert last(de.auf, new)["expectedCompletionDate"] == "2031-05-22T00:00:00.000+01:00"
    done = next(resource_of(event) for event in de.auf.events if subject(event) == new and brief(event) == "StateChange(completed)")
    assert [reason["code"] for reason in done["stateChangeReason"]] == ["0010", "0018"]
    de.until(de.ab, old, "StateChange(closed)")


def test_a_date_is_not_moved_within_36_hours_of_it(de):
    new, _ = approved(de, "NORETURN", requestedCompletionDate="2020-01-02T00:00:00Z")
    de.until(de.auf, new, "StateChange(inProgress)")
    refused = reschedule(de, new, "2031-06-03T08:00:00+02:00")
    assert (refused.status_code, refused.json()["code"]) == (409, "1085")


def test_a_date_that_the_supplier_refuses_at_once_is_a_rejected_task_that_says_since_when_and_why(de):
    new, _ = approved(de, "CUTOVER")
    de.until(de.auf, new, "InformationRequired")
    de.supplier.once("verschiebeTermin", Behaviour(refuse=("1085",)))
    task = reschedule(de, new, "2031-06-03T08:00:00+02:00")
    assert (task.status_code, task.json()["state"], "stateChangeDate" in task.json()) == (201, "acknowledged", False)
    de.until(de.auf, new, "RescheduleProductOrderStateChange(rejected)")
    read = de.send("GET", f"/rescheduleProductOrder/{task.json()['id']}").json()
    for shown in (last(de.auf, new), read):
        assert shown["state"] == "rejected"
        [reason] = shown["stateChangeReason"]
        assert (reason["code"], reason["text"]) == ("1085", de.supplier_text("1085"))
        entry = {"state": "rejected", "stateChangeDate": shown["stateChangeDate"], "stateChangeReason": [reason]}
        assert shown["stateChangeHistory"] == [entry]


def test_a_date_is_not_moved_before_the_order_is_confirmed(de):
    new, _ = asked(de)
    refused = reschedule(de, new, "2031-06-03T08:00:00+02:00")
    assert (refused.status_code, "accepted" in refused.text) == (409, True)


def answers_that_went_out(de):
    return len([one for one in de.supplier.requests() if one["operation"] == "rueckmeldeProviderwechsel"])


def test_r115_an_answer_after_its_time_is_discarded_and_changes_nothing(de):
    _, old = asked(de, "OVERDUE")  # which nothing moves on: the time is over, and nothing else stands against the answer
    before, known, heard = answers_that_went_out(de), de.shown(old, AB), de.ab.of(old)
    assert datetime.fromisoformat(known["providerChangeInfo"]["respondUntil"]) < datetime.now(UTC)
    for approval in (False, True):
        late = de.answer(old, approval)
        assert (late.status_code, late.json()["code"]) == (422, "X410")
    assert answers_that_went_out(de) == before
    assert (de.shown(old, AB), known["state"]) == (known, "pending")
    assert de.ab.of(old) == heard


def test_r115_without_an_answer_in_time_the_order_goes_on_and_then_there_is_nothing_to_answer(de):
    new, old = asked(de, "LATE")
    before, heard = answers_that_went_out(de), de.until(de.auf, new, "StateChange(closed)")
    assert "StateChange(rejected)" not in heard
    de.until(de.ab, old, "StateChange(closed)")
    late = de.answer(old, False)
    assert (late.status_code, late.json()["code"], "closed" in late.text) == (409, "conflict", True)
    assert answers_that_went_out(de) == before
    assert not [event for event in de.ab.of(old) if event.startswith("Respond")]


def test_r121_the_older_supplier_sends_teq_as_a_message_of_its_own(de):
    new = de.place("TEQ")["id"]
    old = new.replace("PV", "KUE")
    de.asked(old)
    assert [one["status"] for one in de.supplier.callbacks() if one["type"] == "TEQ" and one["order"] in (new, old)] == ["ANGENOMMEN"] * 2
    assert de.auf.of(new) == PREPARED
    assert de.ab.of(old) == ASKED


def test_an_order_that_the_supplier_does_not_take_is_an_error_of_the_call(de):
    refused = de.send("POST", "/productOrder", {**ORDER, "externalId": "REFUSE-1"})
    assert (refused.status_code, "Rahmenvertrag" in refused.text) == (400, True)
    closed = de.send("POST", "/productOrder", {**ORDER, "externalId": "FAULT-1"})
    assert closed.status_code == 400
    assert "Der Auftrag kann nicht angenommen werden" in closed.text
    assert not [event for event in de.auf.events if resource_of(event).get("externalId") in ("REFUSE-1", "FAULT-1")]


ORDER = {
    "category": "providerChange",
    "agreement": [{"agreementType": "preAgreement", "businessId": "DEU.VFD.V012345678"}],
    "productOrderItem": [{"id": "1", "action": "add", "productOffering": {"id": "FTTH-1000"}}],
}


def test_only_the_buyer_of_an_order_may_do_something_about_it(de):
    new, old = asked(de)
    assert de.send("POST", "/cancelProductOrder", {"productOrder": {"id": new}}, AB).status_code == 404
    assert de.send("POST", "/respondProviderChange", {"productOrder": {"id": old}, "approval": True}, AUF).status_code == 404
