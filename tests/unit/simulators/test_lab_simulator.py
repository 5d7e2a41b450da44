"""The lab's order desk, driven through the WSDL it serves (SOAP 1.2)."""

from __future__ import annotations

import pytest
import requests
import zeep

from simulators.lab import lab
from simulators.lab.backend import UNKNOWN_ORDER


@pytest.fixture
def twin(serve):
    return serve(lab(override={"SLOW": {"after": 0.05}}))


@pytest.fixture
def client(soap, twin):
    return soap(twin)


def order(reference="A-1", **changes):
    line = {"position": "1", "action": "NEW", "offer": "INTERNET", "features": {"feature": [{"name": "speed", "value": "1000"}]}}
    return {"reference": reference, "clientReference": f"ref-{reference}", "lines": {"line": [line]}, **changes}


def texts(answer):
    return [message.text for message in answer.receipt.message]


def test_an_order_is_booked_and_answered_as_booked(client):
    answer = client.service.CreateOrder(order=order(summary="two\nlines", urgency=1))
    assert (answer.receipt.status, answer.orderNo, answer.state) == ("OK", "LAB-000001", "BOOKED")
    booked = answer.order
    assert (booked.summary, booked.urgency, booked.lines.line[0].features.feature[0].value) == ("two\nlines", 1, "1000")


def test_a_warning_is_booked_and_a_refusal_is_not(client, twin):
    warned = client.service.CreateOrder(order=order("WARN-1"))
    assert (warned.receipt.status, warned.orderNo) == ("OK", "LAB-000001")
    assert [message.code for message in warned.receipt.message] == ["L201", "L202"]
    refused = client.service.CreateOrder(order=order("REFUSE-1"))
    assert (refused.receipt.status, refused.orderNo) == ("NO", None)
    assert texts(refused) == ["L401 OFFER NOT KNOWN", "L402 WANTED DAY IS IN THE PAST"]
    assert list(twin.bookings()["bookings"]) == ["WARN-1"]


def test_a_fault_carries_its_detail(client):
    with pytest.raises(zeep.exceptions.Fault) as caught:
        client.service.CreateOrder(order=order("FAULT-1"))
    assert caught.value.message == "The order desk is closed"
    assert [element.text for element in caught.value.detail[0]] == ["L901", "CLOSED FOR STOCK-TAKING"]


@pytest.mark.parametrize(("reference", "found"), [("DOUBT-1", 1), ("LOST-1", 0)])
def test_an_order_in_doubt_is_settled_by_its_client_reference(client, twin, reference, found):
    client.transport.operation_timeout = 1
    with pytest.raises(requests.ReadTimeout):
        client.service.CreateOrder(order=order(reference))
    client.transport.operation_timeout = 5
    assert client.service.FindOrder(clientReference=f"ref-{reference}").matches == found


def test_find_order_by_reference_by_client_reference_by_both_and_by_none(client):
    for reference in ("A-1", "A-2"):
        client.service.CreateOrder(order=order(reference))

    asked = [{"reference": "A-1"}, {"clientReference": "ref-A-2"}, {"reference": "A-1", "clientReference": "ref-A-2"}, {}]
    found = [client.service.FindOrder(**one) for one in asked]
    assert [(answer.matches, answer.orderNo) for answer in found] == [(1, "LAB-000001"), (1, "LAB-000002"), (0, None), (0, None)]


def test_doubles_are_counted_and_not_shown(client):
    for _ in range(2):
        client.service.CreateOrder(order=order())
    double = client.service.FindOrder(clientReference="ref-A-1")
    assert (double.matches, double.orderNo, double.order) == (2, None, None)


def test_an_order_is_read_by_its_number(client):
    client.service.CreateOrder(order=order())
    known = client.service.ReadOrder(orderNo="LAB-000001")
    assert (known.receipt.status, known.order.reference) == ("OK", "A-1")
    unknown = client.service.ReadOrder(orderNo="LAB-000009")
    assert (unknown.receipt.status, texts(unknown), unknown.order) == ("NO", [UNKNOWN_ORDER], None)


def test_slow_and_odd_answers_are_answers(client, twin):
    assert client.service.CreateOrder(order=order("SLOW-1")).receipt.status == "OK"
    with client.settings(raw_response=True):
        assert b"auditTrail" in client.service.CreateOrder(order=order("ODD-1")).content
    assert twin.bookings()["total"] == 2
