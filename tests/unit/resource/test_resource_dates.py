"""The dates and the history that a server keeps, and events beyond those of one state."""

from __future__ import annotations

from typing import Any

from adapter.resource import Advance, Event, Resource

AT = "2026-02-01T10:00:00.000Z"
EARLIER = "2026-01-31T08:00:00.000Z"
TICKETS, ORDERS, TASKS = (Resource.load(name) for name in ("troubleTicket", "productOrder", "respondProviderChange"))


def advanced(life: Resource, current: dict[str, Any], reported: dict[str, Any], at: str = AT) -> Advance:
    found = life.advance(current, reported, at)
    assert isinstance(found, Advance), found
    return found


def test_resolving_a_ticket_is_two_events_and_keeps_date_and_history():  # R158
    first = {"status": "inProgress", "changeDate": EARLIER}
    current = {"id": "7", "status": "inProgress", "lastUpdate": EARLIER, "statusChangeDate": EARLIER, "statusChange": [first]}
    found = advanced(TICKETS, current, {"status": "resolved", "statusChangeReason": "ONT replaced"})
    assert found.events == (
        Event("TroubleTicketAttributeValueChangeEvent", "statusChangeReason"),
        Event("TroubleTicketStatusChangeEvent"),
        Event("TroubleTicketResolvedEvent"),
    )
    assert not found.done  # it is closed later, or taken up again
    assert found.document == {
        "id": "7",
        "status": "resolved",
        "statusChangeReason": "ONT replaced",
        "lastUpdate": AT,
        "statusChangeDate": AT,
        "resolutionDate": AT,
        "statusChange": [first, {"status": "resolved", "changeDate": AT, "changeReason": "ONT replaced"}],
    }


def test_a_reason_of_an_earlier_change_is_not_given_to_a_later_one():
    current = {"status": "resolved", "statusChangeReason": "ONT replaced"}
    found = advanced(TICKETS, current, {"status": "inProgress"})
    assert found.document["statusChange"] == [{"status": "inProgress", "changeDate": AT}]


def test_another_member_changes_the_date_of_the_last_update_only():
    found = advanced(TICKETS, {"status": "inProgress", "severity": "low"}, {"severity": "high"})
    assert found.document == {"status": "inProgress", "severity": "high", "lastUpdate": AT}
    assert found.events == (Event("TroubleTicketAttributeValueChangeEvent", "severity"),)


def test_what_the_backend_tells_goes_before_what_is_kept():
    told = {"status": "closed", "statusChangeDate": EARLIER, "statusChange": [{"status": "closed"}]}
    found = advanced(TICKETS, {"status": "resolved"}, told)
    assert (found.document["statusChangeDate"], found.document["statusChange"]) == (EARLIER, [{"status": "closed"}])


def test_nothing_new_and_no_time_keep_nothing():
    current = {"status": "pending"}
    assert advanced(TICKETS, current, {"status": "pending"}).document is current
    assert advanced(TICKETS, current, {"status": "inProgress"}, at="").document == {"status": "inProgress"}


def test_a_pending_ticket_asks_for_information():  # R155
    found = advanced(TICKETS, {"status": "inProgress"}, {"status": "pending"})
    assert found.events == (Event("TroubleTicketStatusChangeEvent"), Event("TroubleTicketInformationRequiredEvent", "note"))


def test_a_completed_order_has_its_date():
    assert advanced(ORDERS, {"state": "inProgress"}, {"state": "completed"}).document == {"state": "completed", "completionDate": AT}
    told = advanced(ORDERS, {"state": "inProgress"}, {"state": "completed", "completionDate": EARLIER})
    assert told.document["completionDate"] == EARLIER


def test_a_task_keeps_its_history():
    found = advanced(TASKS, {"state": "acknowledged"}, {"state": "inProgress"})
    assert found.document["stateChangeHistory"] == [{"state": "inProgress", "stateChangeDate": AT}]


def test_where_the_standard_has_no_event_of_the_state_it_is_an_attribute():
    life = Resource.load("serviceTestSpecification")
    name = "ServiceTestSpecificationAttributeValueChangeEvent"
    both = advanced(life, {"lifecycleStatus": "active"}, {"lifecycleStatus": "retired", "description": "old"})
    assert both.events == (Event(name, "description,lifecycleStatus"),)
    assert advanced(life, {"lifecycleStatus": "active"}, {"lifecycleStatus": "launched"}).events == (Event(name, "lifecycleStatus"),)


def test_the_state_of_a_document_is_in_the_member_of_its_resource():
    assert TICKETS.state_of({"status": "held", "state": "inProgress"}) == "held"
    assert TICKETS.state_of({"state": "inProgress"}) == "acknowledged"
    assert TICKETS.state_of({"status": None}) == "acknowledged"
