"""Poland: telediagnostics and trouble tickets, every alternative of their sequence, front-end to Nexera to callback to listener
(R147-R164)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.listener_kit import resource_of, told
from tests.pl_kit import BASES, Operator, operating

TEST = {"name": "ONT", "testSpecification": {"id": "ontStatus"}}
CREATED, CHANGED = "TroubleTicketCreateEvent", "TroubleTicketAttributeValueChangeEvent"
STATUS, ASKED, RESOLVED = "TroubleTicketStatusChangeEvent", "TroubleTicketInformationRequiredEvent", "TroubleTicketResolvedEvent"


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with operating(tmp_path_factory.mktemp("pl")) as running:
        yield running


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """The same, but that a ticket is closed three seconds after it was resolved, not 24 hours."""
    with operating(tmp_path_factory.mktemp("pl-hurried"), environment={"ADAPTER_PL_CLOSING": "3"}) as running:
        yield running


@pytest.mark.parametrize(
    ("ont", "state", "measured"),
    [("NEXR0001", "completed", "ONLINE"), ("OFFLINE-1", "completed", "OFFLINE"), ("UNKNOWN-1", "failed", "UNKNOWN")],
)
def test_r147_r148_an_ont_is_tested_and_the_result_told(operator: Operator, ont: str, state: str, measured: str) -> None:
    test = operator.post("serviceTest", relatedService={"id": ont}, **TEST)
    assert test["state"] == "acknowledged"
    events = operator.becomes(test["id"], state)
    assert [event["eventType"] for event in events] == [
        "ServiceTestCreateEvent",
        "ServiceTestAttributeValueChangeEvent",
        "ServiceTestStateChangeEvent",
    ]
    result = resource_of(events[-1])["testMeasure"][0]
    assert (result["metricName"], result["value"]["value"]) == ("ontStatus", measured)
    read = operator.get("serviceTest", test["id"])
    assert (read["state"], read["relatedService"]["id"], read["testMeasure"][0]) == (state, ont, result)


def test_r149_the_list_of_earlier_tests(operator: Operator) -> None:
    test = operator.post("serviceTest", relatedService={"id": "NEXR0149"}, **TEST)
    found = operator.get("serviceTest", **{"relatedService.id": "NEXR0149"})
    assert [one["id"] for one in found] == [test["id"]]
    assert test["id"] in [one["id"] for one in operator.get("serviceTest")]


def test_r150_the_usage_of_the_limits_is_no_test_called_limits(operator: Operator) -> None:
    def usage() -> dict[str, int]:
        shown = operator.get("serviceTest", "limits")
        return {one["metricName"]: one["value"]["value"] for one in shown["testMeasure"]}

    before = usage()
    assert before["limit"] == before["used"] + before["remaining"] == 100
    operator.post("serviceTest", relatedService={"id": "NEXR0150"}, **TEST)
    assert usage() == {"limit": 100, "used": before["used"] + 1, "remaining": before["remaining"] - 1}
    called = [one["operation"] for one in operator.twin.requests(3)]
    assert called == ["readServiceTestLimits", "createServiceTest", "readServiceTestLimits"]
    operator.get("serviceTest", "limit", 404)


def test_r151_a_used_up_limit_is_refused_by_nexera_and_passed_through(operator: Operator) -> None:
    refused = operator.post("serviceTest", 429, relatedService={"id": "LIMIT-1"}, **TEST)
    assert "All 100 calls of today are used up" in refused["message"]
    assert operator.get("serviceTest", **{"relatedService.id": "LIMIT-1"}) == []


def test_r152_r153_tickets_are_opened_and_found_by_criteria(operator: Operator) -> None:
    entity = [{"id": "NEXR0152", "role": "device", "@referredType": "Resource"}]
    ticket, other = operator.ticket(relatedEntity=entity), operator.ticket(relatedEntity=entity)
    assert operator.hears(ticket, CREATED) == [(CREATED, "acknowledged")]
    operator.patch("troubleTicket", other, status="cancelled")
    running = operator.get("troubleTicket", status="acknowledged,inProgress,pending", **{"relatedEntity.id": "NEXR0152"})
    assert [one["id"] for one in running] == [ticket]
    assert operator.get("troubleTicket", ticket)["relatedEntity"] == entity


def test_r154_i43_a_ticket_is_cancelled_and_the_history_says_by_whom(operator: Operator) -> None:
    ticket = operator.ticket()
    gone = operator.patch("troubleTicket", ticket, status="cancelled")
    assert (gone["status"], gone["statusChange"][-1]["changeReason"]) == ("cancelled", "Cancelled by the operator")
    operator.becomes(ticket, "cancelled")
    assert operator.twin.members("troubleTicket", ticket)["status"] == "Cancelled"


def test_r162_i43_no_fault_on_nexeras_network(operator: Operator) -> None:
    ticket = operator.ticket("NOFAULT")
    gone = resource_of(operator.becomes(ticket, "cancelled")[-1])
    assert gone["statusChange"][-1]["changeReason"] == "There is no fault on Nexera's network"
    operator.patch("troubleTicket", ticket, 409, status="inProgress")


def test_r155_r156_the_customer_cannot_be_reached_until_the_ticket_is_changed(operator: Operator) -> None:
    ticket = operator.ticket("NOCONTACT")
    events = operator.heard.until(ticket, lambda found: any(event["eventType"] == ASKED for event in found))
    assert [told(event) for event in events[1:]] == [(CHANGED, "pending"), (STATUS, "pending"), (ASKED, "pending")]
    changed = operator.patch("troubleTicket", ticket, requestedResolutionDate="2026-12-02T10:00:00.000Z")
    assert (changed["status"], changed["requestedResolutionDate"]) == ("inProgress", "2026-12-02T10:00:00.000Z")
    operator.becomes(ticket, "resolved")


def test_r157_r158_a_device_is_swapped_and_the_fault_mended(operator: Operator) -> None:
    ticket = operator.ticket("SWAP")
    events = operator.becomes(ticket, "resolved")
    swapped = next(event for event in events if event["eventType"] == CHANGED)
    assert (swapped["fieldPath"], resource_of(swapped)["serialNumber"]) == ("note,serialNumber", "NEXR00A1B2C3")
    events = operator.heard.until(ticket, lambda found: found[-1]["eventType"] == RESOLVED)
    assert [told(event) for event in events[-2:]] == [(STATUS, "resolved"), (RESOLVED, "resolved")]
    assert operator.get("troubleTicket", ticket)["resolutionDate"]


def test_r159_r161_opened_again_resolved_again_closed_and_then_no_more(operator: Operator) -> None:
    ticket = operator.ticket()
    for _ in range(2):
        assert operator.play("troubleTicket", ticket, "resolve") == [200]
        operator.becomes(ticket, "resolved")
        again = operator.patch("troubleTicket", ticket, status="inProgress", statusChangeReason="still no light")
        assert (again["status"], again["statusChange"][-1]["changeReason"]) == ("inProgress", "still no light")
        operator.becomes(ticket, "inProgress")
        assert operator.twin.members("troubleTicket", ticket)["status"] == "InProgress"
    operator.play("troubleTicket", ticket, "resolve")
    operator.becomes(ticket, "resolved")
    operator.play("troubleTicket", ticket, "close")
    events = operator.becomes(ticket, "closed")
    assert [told(event)[1] for event in events if event["eventType"] == STATUS] == [
        *("resolved", "inProgress", "resolved", "inProgress", "resolved", "closed")
    ]
    assert [told(event)[0] for event in events].count(RESOLVED) == 3  # closing is a status change and no fourth one
    refused = operator.patch("troubleTicket", ticket, 409, status="inProgress")
    assert "closed" in refused["message"]


def test_r159_a_ticket_that_is_opened_again_says_why_and_when_and_not_that_it_was_mended(operator: Operator) -> None:
    ticket = operator.ticket()
    operator.play("troubleTicket", ticket, "resolve")
    resolved = resource_of(operator.becomes(ticket, "resolved")[-1])
    again = operator.patch("troubleTicket", ticket, status="inProgress")
    entry = again["statusChange"][-1]
    assert (entry["status"], entry["changeReason"]) == ("inProgress", "The fault is still there")
    assert entry["changeDate"] >= resolved["statusChange"][-1]["changeDate"]
    assert (again["statusChangeReason"], again["lastUpdate"]) == (entry["changeReason"], entry["changeDate"])


def test_r156_a_change_moves_the_date_of_the_last_one_and_no_state_that_it_leaves_alone(operator: Operator) -> None:
    ticket = operator.ticket()
    opened = operator.twin.members("troubleTicket", ticket)
    changed = operator.patch("troubleTicket", ticket, severity="Minor")
    assert changed["lastUpdate"] > opened["lastUpdate"]
    assert (changed["status"], "statusChangeReason" in changed) == ("acknowledged", False)
    waiting = operator.ticket("NOCONTACT")
    operator.heard.until(waiting, lambda found: any(event["eventType"] == ASKED for event in found))
    goes_on = operator.patch("troubleTicket", waiting, requestedResolutionDate="2026-12-02T10:00:00.000Z")
    assert (goes_on["statusChange"][-1]["status"], goes_on["statusChangeReason"]) == ("inProgress", "The operator changed the ticket")


def test_r163_one_callback_tells_resolved_and_closed_and_the_status_in_it_decides(operator: Operator) -> None:
    ticket = operator.ticket()
    for status, state in (("Resolved", "resolved"), ("Closed", "closed")):
        members = {"id": ticket, "status": status, "statusChangeReason": f"{status} by Nexera"}
        assert operator.call_back("troubleTicketResolvedEvent", "troubleTicket", members, f"E-{ticket}-{status}").status_code == 200
        operator.becomes(ticket, state)
    history = operator.get("troubleTicket", ticket)["statusChange"]
    assert [one["status"] for one in history][-2:] == ["resolved", "closed"]


def test_r160_a_ticket_is_closed_a_while_after_it_was_resolved_unless_it_is_opened_again(hurried: Operator) -> None:
    opened_again, other = hurried.ticket(), hurried.ticket()
    hurried.play("troubleTicket", opened_again, "resolve")
    hurried.becomes(opened_again, "resolved")
    hurried.patch("troubleTicket", opened_again, status="inProgress")
    hurried.becomes(opened_again, "inProgress")
    hurried.play("troubleTicket", other, "resolve")
    events = hurried.becomes(other, "closed")  # resolved after the first one: its time is over, too
    assert [told(event) for event in events][-3:] == [(STATUS, "resolved"), (RESOLVED, "resolved"), (STATUS, "closed")]
    assert "closed" not in [told(event)[1] for event in hurried.heard.about(opened_again)]
    # Nexera tells of the closing by itself, which is no news any more; and nothing opens the ticket again.
    answer = hurried.call_back("troubleTicketResolvedEvent", "troubleTicket", {"id": other, "status": "Closed"}, f"E-{other}")
    assert answer.status_code == 200
    hurried.patch("troubleTicket", other, 409, status="inProgress")
    assert hurried.get("troubleTicket", opened_again)["status"] == "inProgress"


def test_r160_the_closing_outlives_the_process(tmp_path: Path) -> None:
    hurry = {"ADAPTER_PL_CLOSING": "5"}
    with operating(tmp_path, environment=hurry) as before:
        ticket = before.ticket()
        before.play("troubleTicket", ticket, "resolve")
        before.becomes(ticket, "resolved")
        assert before.get("troubleTicket", ticket)["status"] == "resolved"
    with operating(tmp_path, environment=hurry) as after:
        after.becomes(ticket, "closed")
        assert after.get("troubleTicket", ticket)["status"] == "closed"


@pytest.mark.parametrize("path", ["troubleticket", "TroubleTicket"])
def test_r164_i44_any_case_of_the_path(operator: Operator, path: str) -> None:
    ticket = operator.ticket()
    answer = operator.http.patch(f"{BASES['troubleTicket']}/{path}/{ticket}", json={"severity": "Minor"})
    assert (answer.status_code, answer.json()["severity"]) == (200, "Minor")
    members = {"id": ticket, "status": "Cancelled", "statusChangeReason": "no fault"}
    assert operator.call_back("TROUBLETICKETSTATUSCHANGEEVENT", "troubleTicket", members, f"E-{ticket}").status_code == 200
    operator.becomes(ticket, "cancelled")


def test_a_ticket_that_is_not_known_or_cannot_be_changed_so(operator: Operator) -> None:
    operator.patch("troubleTicket", "TT-000000", 404, severity="Minor")
    ticket = operator.ticket()
    operator.patch("troubleTicket", ticket, 400, status="resolved")  # Nexera's to say
    operator.patch("troubleTicket", ticket, 400, creationDate="2026-12-02T10:00:00.000Z")
