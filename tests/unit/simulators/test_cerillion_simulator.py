"""Cerillion's work order desk, driven through the WSDL it serves."""

from __future__ import annotations

import pytest
import zeep

from simulators.cerillion import cerillion


@pytest.fixture
def twin(serve):
    return serve(cerillion())


@pytest.fixture
def client(soap, twin):
    return soap(twin)


def order(account="91000526", **changes):
    product = {"code": "RSPBDESS", "action": "A", "quantity": 1, "bundle": True, "discountGroup": "B2BI2"}
    head = {"clientReference": f"ref-{account}", "channel": "ECOM", "lineOfBusiness": "FIXED", "correlation": "c-1", "account": account}
    return {**head, "product": [product], **changes}


def test_orders_are_numbered_from_the_documented_one_on_and_acknowledged(client):
    answers = [client.service.PlaceOrder(workOrder=order()) for _ in range(2)]
    assert [(answer.workOrderId, answer.state) for answer in answers] == [(4730301, "Acknowledged"), (4730302, "Acknowledged")]
    assert answers[0].workOrder.product[0].discountGroup == "B2BI2"


def test_a_warning_is_booked_and_a_refusal_is_not(client, twin):
    warned = client.service.PlaceOrder(workOrder=order("91000901"))
    assert (warned.reply.success, warned.reply.message) == (True, ["CER5001: premises have an open work order"])
    refused = client.service.PlaceOrder(workOrder=order("91000911"))
    assert (refused.reply.success, refused.workOrderId) == (False, None)
    assert twin.bookings()["total"] == 1


def test_a_fault_carries_its_detail(client):
    with pytest.raises(zeep.exceptions.Fault) as caught:
        client.service.PlaceOrder(workOrder=order("91000924"))
    assert [element.text for element in caught.value.detail[0]] == ["CER9001", "CER9001: work order desk closed"]


def test_reading_validates_nothing(client):
    number = client.service.PlaceOrder(workOrder=order()).workOrderId
    assert client.service.GetOrder(workOrderId=number, account="whatever").workOrder.account == "91000526"
    nothing = client.service.GetOrder(workOrderId=1)
    assert (nothing.reply.success, nothing.workOrderId, nothing.workOrder) == (True, None, None)


def test_letters_beyond_ascii_are_no_request(client):
    with pytest.raises(zeep.exceptions.Fault, match="breaks the schema"):
        client.service.PlaceOrder(workOrder=order(premises={"line1": "Calle Santo Tomás"}))


@pytest.mark.parametrize("bookings", [0, 1, 2])
def test_bookings_are_found_by_their_client_reference(client, bookings):
    for _ in range(bookings):
        client.service.PlaceOrder(workOrder=order())
    found = client.service.FindOrder(clientReference="ref-91000526")
    assert (found.matches, found.workOrder is not None) == (bookings, bookings == 1)


@pytest.mark.parametrize(
    ("account", "states"),
    [
        ("91000526", ["Acknowledged", "InProgress", "Completed"]),
        ("91000931", ["Acknowledged", "Held", "InProgress", "Completed"]),
        ("91000932", ["Acknowledged", "Failed"]),
        ("91000936", ["Acknowledged", "Cancelled"]),
    ],
)
def test_an_order_goes_on_by_itself(serve, soap, account, states):
    now = [1_000_000.0]
    client = soap(serve(cerillion(speed=10, clock=lambda: now[0])))
    number = client.service.PlaceOrder(workOrder=order(account)).workOrderId
    seen = []
    for _ in range(15):
        seen.append(client.service.GetOrder(workOrderId=number).state)
        now[0] += 1
    assert list(dict.fromkeys(seen)) == states
