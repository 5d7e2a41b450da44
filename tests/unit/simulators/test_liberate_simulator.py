"""Liberate's service order desk, driven through the WSDL it serves."""

from __future__ import annotations

import pytest
import zeep

from simulators.liberate import liberate
from simulators.liberate.backend import UNKNOWN_ORDER, UNKNOWN_UNIT

CHANNEL = {"channelId": "ECOM", "lineOfBusiness": "FIXED", "correlationId": "c-1"}


@pytest.fixture
def twin(serve):
    return serve(liberate())


@pytest.fixture
def client(soap, twin):
    return soap(twin)


def order(unit="JM", account="100015870000", **changes):
    package = {"code": "609002_RES", "action": "NEW", "quantity": 1, "bundle": True}
    head = {"businessUnit": unit, "clientReference": f"ref-{unit}-{account}", "channel": CHANNEL, "accountNo": account}
    return {**head, "package": [package], **changes}


def test_each_unit_numbers_its_orders_from_the_documented_one_on(client, twin):
    numbers = [client.service.CreateServiceOrder(order=order(unit)).serviceOrderNo for unit in ("JM", "PA", "JM", "PA")]
    assert numbers == ["DJ0001H", "FL0070H", "DJ0002H", "FL0071H"]
    twin.reset()
    assert client.service.CreateServiceOrder(order=order("PA")).serviceOrderNo == "FL0070H"


def test_after_the_last_number_the_letter_goes_on(client, twin):
    for _ in range(9_998):
        twin.numbers.next("JM")
    assert client.service.CreateServiceOrder(order=order("PA")).serviceOrderNo == "FL0070H"
    assert [client.service.CreateServiceOrder(order=order()).serviceOrderNo for _ in range(2)] == ["DJ9999H", "DJ0000I"]


def test_a_warning_is_booked_and_a_refusal_is_not(client, twin):
    warned = client.service.CreateServiceOrder(order=order(account="100015870901"))
    assert (warned.result.code, warned.result.text) == ("0", ["LIB-0501 SERVICE ALREADY ACTIVE AT SITE"])
    refused = client.service.CreateServiceOrder(order=order(account="100015870911"))
    assert (refused.result.code, refused.serviceOrderNo, refused.result.text) == ("8", None, ["LIB-0201 ACCOUNT NOT FOUND"])
    assert twin.bookings()["total"] == 1


def test_a_fault_carries_its_detail(client):
    with pytest.raises(zeep.exceptions.Fault) as caught:
        client.service.CreateServiceOrder(order=order(account="100015870924"))
    assert [element.text for element in caught.value.detail[0]] == ["LIB-0901", "LIB-0901 SERVICE ORDER DESK CLOSED"]


def test_a_unit_that_is_not_served_gets_nothing(client):
    assert client.service.CreateServiceOrder(order=order("XX")).result.text == [UNKNOWN_UNIT]
    assert client.service.FindServiceOrder(businessUnit="XX", clientReference="r").matches == 0


def test_an_order_is_read_by_its_unit_and_account_only(client):
    number = client.service.CreateServiceOrder(order=order()).serviceOrderNo
    found = client.service.ReadServiceOrder(businessUnit="JM", serviceOrderNo=number, accountNo="100015870000")
    assert (found.result.code, found.serviceOrderNo, found.order.package[0].code) == ("0", number, "609002_RES")
    for unit, account in (("PA", "100015870000"), ("JM", "100015870001"), ("JM", None)):
        missed = client.service.ReadServiceOrder(businessUnit=unit, serviceOrderNo=number, accountNo=account)
        assert (missed.result.code, missed.result.text, missed.order) == ("8", [UNKNOWN_ORDER], None)


def test_doubles_are_found_and_not_shown(client):
    for _ in range(2):
        client.service.CreateServiceOrder(order=order())
    found = client.service.FindServiceOrder(businessUnit="JM", clientReference="ref-JM-100015870000")
    assert (found.matches, found.order) == (2, None)
    assert client.service.FindServiceOrder(businessUnit="PA", clientReference="ref-JM-100015870000").matches == 0


@pytest.mark.parametrize(
    ("account", "statuses"),
    [
        ("100015870000", ["OPEN", "WORKING", "COMPLETE"]),
        ("100015870931", ["OPEN", "ONHOLD", "WORKING", "COMPLETE"]),
        ("100015870936", ["OPEN", "CANCELLED"]),
    ],
)
def test_an_order_goes_on_by_itself(serve, soap, account, statuses):
    now = [1_000_000.0]
    client = soap(serve(liberate(speed=10, clock=lambda: now[0])))
    number = client.service.CreateServiceOrder(order=order(account=account)).serviceOrderNo
    seen = []
    for _ in range(15):
        seen.append(client.service.ReadServiceOrder(businessUnit="JM", serviceOrderNo=number, accountNo=account).status)
        now[0] += 1
    assert list(dict.fromkeys(seen)) == statuses
