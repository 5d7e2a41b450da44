"""What a client may change of a resource by PATCH, and in which state."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.errors import CallerError, Conflict, InvalidMessage
from adapter.resource import LifeExtension, Resource

ORDERS, TICKETS = Resource.load("productOrder"), Resource.load("troubleTicket")
ORDER = {"id": "4711", "href": "/o/4711", "state": "acknowledged", "description": "fibre", "productOrderItem": [{"id": "1"}]}


def refused(
    patch: dict[str, Any], state: str = "acknowledged", allowed: tuple[str, ...] = (), life: Resource = ORDERS
) -> CallerError | None:
    return life.patch_rules.refused({**ORDER, life.member: state}, patch, allowed)


@pytest.mark.parametrize(
    ("patch", "state"),
    [
        ({}, "acknowledged"),
        ({}, "completed"),
        ({"description": "copper", "note": [{"text": "ring twice"}]}, "acknowledged"),
        ({"description": None}, "pending"),
        ({"productOrderItem": [{"id": "1"}, {"id": "2"}]}, "held"),
        ({"id": "4711", "state": "acknowledged", "href": "/o/4711"}, "acknowledged"),
        ({"note": [{"text": "x"}], "requestedCompletionDate": "2026-01-01T00:00:00.000Z"}, "inProgress"),
        ({"description": "fibre"}, "completed"),
    ],
)
def test_what_may_be_changed(patch, state):
    assert refused(patch, state) is None


@pytest.mark.parametrize("member", ["id", "href", "orderDate", "@type", "state", "completionDate", "expectedCompletionDate"])
def test_what_no_client_changes_is_400_and_named(member):
    found = refused({member: "other", "description": "copper"})
    assert isinstance(found, InvalidMessage)
    assert [problem.path for problem in found.problems] == [member]


def test_several_members_are_named_at_once():
    found = refused({"id": "1", "state": "held", "completionDate": None, "orderDate": "2026-01-01T00:00:00.000Z"})
    assert isinstance(found, InvalidMessage)
    assert [problem.path for problem in found.problems] == ["id", "state", "orderDate"]  # there is no completionDate to remove


@pytest.mark.parametrize("state", ["completed", "failed", "partial", "cancelled", "rejected"])
def test_at_an_end_nothing_can_be_changed(state):
    found = refused({"note": [{"text": "x"}]}, state)
    assert isinstance(found, Conflict)
    assert f"productOrder is {state}" in found.text
    assert "acknowledged, inProgress" in found.text


def test_in_progress_only_what_the_rules_name_and_they_are_told():
    found = refused({"note": [{"text": "x"}], "productOrderItem": []}, "inProgress")
    assert isinstance(found, Conflict)
    assert found.text == (
        "productOrder is inProgress; in this state these members can be changed: "
        "note, notificationContact, relatedParty, requestedCompletionDate, requestedStartDate"
    )
    assert [problem.path for problem in found.problems] == ["productOrderItem"]


def test_a_state_that_the_market_lets_clients_ask_for():
    assert refused({"state": "cancelled"}, "pending", ("cancelled",)) is None
    assert isinstance(refused({"state": "held"}, "pending", ("cancelled",)), InvalidMessage)
    assert isinstance(refused({"state": None}, "pending", ("cancelled",)), InvalidMessage)


def test_a_state_that_cannot_be_reached_from_here_is_a_conflict():
    found = refused({"state": "cancelled"}, "inProgress", ("cancelled",))
    assert isinstance(found, Conflict)
    assert found.text == "productOrder is inProgress, and from there it cannot become cancelled"
    more = LifeExtension.model_validate({"edges": {"inProgress": ["cancelled"]}})
    assert refused({"state": "cancelled"}, "inProgress", ("cancelled",), ORDERS.extended(more)) is None


def test_a_market_widens_what_a_state_allows():
    more = LifeExtension.model_validate({"patch": {"states": {"inProgress": "any", "held": ["note"]}}})
    life = ORDERS.extended(more)
    assert refused({"productOrderItem": []}, "inProgress", life=life) is None
    assert isinstance(refused({"description": "x"}, "held", life=life), Conflict)
    assert isinstance(refused({"id": "2"}, "inProgress", life=life), InvalidMessage)


def test_a_resolved_ticket_is_reopened_or_confirmed_and_a_closed_one_is_not():  # R159, R161
    states = ("inProgress", "closed", "cancelled")
    assert refused({"status": "inProgress", "statusChangeReason": "no light again"}, "resolved", states, TICKETS) is None
    assert refused({"status": "closed"}, "resolved", states, TICKETS) is None
    assert isinstance(refused({"status": "inProgress"}, "closed", states, TICKETS), Conflict)
    assert isinstance(refused({"status": "cancelled"}, "resolved", states, TICKETS), Conflict)
    assert isinstance(refused({"severity": "low"}, "resolved", states, TICKETS), Conflict)


def test_a_document_without_a_state_is_at_its_beginning():
    assert ORDERS.patch_rules.refused({"id": "1"}, {"state": "cancelled"}, ("cancelled",)) is not None
    assert ORDERS.patch_rules.refused({"id": "1"}, {"state": "pending"}, ("pending",)) is None


def test_where_nothing_follows_that_is_told():
    tests = Resource.load("serviceTest")
    found = tests.patch_rules.refused({"state": "inProgress"}, {"state": "rejected"}, ("rejected",))
    assert isinstance(found, Conflict)
    assert [problem.text for problem in found.problems] == ["inProgress is followed by pending, completed, cancelled, failed"]
