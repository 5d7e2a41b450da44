"""Poland: what of a PATCH would not get to Nexera is refused by name, and nothing is sent, kept or told of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.listener_kit import resource_of
from tests.pl_kit import ITEM, Operator, operating

UPDATES = {"individual": "updateIndividual", "productOrder": "updateProductOrder", "troubleTicket": "updateTroubleTicket"}


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with operating(tmp_path_factory.mktemp("pl")) as running:
        yield running


def resource(operator: Operator, kind: str) -> str:
    notes = [{"text": "ring twice"}]
    match kind:
        case "individual":
            return operator.customer()
        case "productOrder":
            return operator.draft(priority="2", note=notes)
    return operator.ticket(note=notes)


def asked(operator: Operator) -> int:
    return sum(one["operation"] in UPDATES.values() for one in operator.twin.requests())


@pytest.mark.parametrize(
    ("kind", "body", "named"),
    [
        ("individual", {"birthDate": "1990-01-01T00:00:00Z"}, ["birthDate"]),
        ("individual", {"title": "Pan", "gender": "m"}, ["gender"]),
        (
            "individual",
            {"contactMedium": [{"mediumType": "fax", "characteristic": {"faxNumber": "1"}}]},
            ["contactMedium[0].characteristic.faxNumber"],
        ),
        ("productOrder", {"priority": "1"}, ["priority"]),  # which completed the draft, though it told Nexera nothing
        ("productOrder", {"category": "B2C", "notificationContact": "x@y"}, ["category", "notificationContact"]),
        ("productOrder", {"description": "once more", "externalId": "X-1"}, ["externalId"]),
        ("productOrder", {"note": None}, ["note"]),
        ("troubleTicket", {"externalId": "X-1"}, ["externalId"]),
        ("troubleTicket", {"name": "n"}, ["name"]),
        ("troubleTicket", {"ticketType": "another"}, ["ticketType"]),
        ("troubleTicket", {"note": None}, ["note"]),
    ],
)
def test_what_nexera_would_not_hear_of_is_refused_by_name(operator: Operator, kind: str, body: dict[str, Any], named: list[str]) -> None:
    identity, sent = resource(operator, kind), asked(operator)
    before = operator.get(kind, identity)
    [listed] = operator.get(kind, id=identity)
    refused = operator.patch(kind, identity, 422, **body)
    assert (refused["code"], refused["status"]) == ("not-carried", "422")
    assert all(name in refused["message"] for name in named)
    assert "A change can hold:" in refused["reason"] + refused["message"]
    assert asked(operator) == sent
    assert operator.get(kind, identity) == before
    assert operator.get(kind, id=identity) == [listed]
    told = operator.heard.until(identity, bool)
    assert len(told) == 1, "its own beginning, and nothing since"


def test_the_action_of_an_item_that_was_ordered_is_nothing_to_change(operator: Operator) -> None:
    order, sent = operator.draft(), asked(operator)
    refused = operator.patch("productOrder", order, 400, productOrderItem=[{**ITEM, "action": "delete"}])
    assert "productOrderItem[0].action" in refused["message"]
    assert asked(operator) == sent


def test_answer_event_and_both_reads_agree_on_what_was_changed(operator: Operator) -> None:
    contact = operator.customer()
    phone = [{"mediumType": "phone", "characteristic": {"phoneNumber": "+48 600 100 200"}}]
    answer = operator.patch("individual", contact, title="Pan", contactMedium=phone)
    event = operator.hears(contact, "IndividualCreateEvent", "IndividualAttributeValueChangeEvent") and operator.heard.about(contact)[-1]
    [listed] = operator.get("individual", id=contact)
    for shown in (answer, resource_of(event), listed, operator.get("individual", contact)):
        assert (shown["title"], shown["contactMedium"]) == ("Pan", phone)
    assert "title" not in operator.patch("individual", contact, title=None)
    [listed] = operator.get("individual", id=contact)
    assert not {"title"} & (operator.get("individual", contact).keys() | listed.keys())
