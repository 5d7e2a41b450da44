"""Every row of the scenario table, seen by an independent client."""

from __future__ import annotations

import pytest
import requests
import zeep
from lxml import etree

from simulators.scenario import Behaviour, read_yaml
from simulators.slbos import SlbosScenarios, slbos
from simulators.slbos.backend import HERE

HEADERS = {"content-type": "text/xml; charset=utf-8", "soapaction": '"urn:slbos:service:1/UpdateOrderDetail"'}
TEMPORARY = "0000000000005555"


@pytest.fixture
def twin(serve):
    return serve(slbos(override={"00918424400928": {"after": 0.05}}))


@pytest.fixture
def client(soap, twin):
    return soap(twin)


def booked(twin):
    return requests.get(f"{twin.root}/bookings", timeout=5).json()["bookings"].get(TEMPORARY, {"count": 0})["count"]


def test_any_other_house_books_without_a_message(client, twin, order):
    answer = client.service.UpdateOrderDetail(order=order())
    assert (answer.result.returnCode, answer.result.message) == ("0000", [])
    assert booked(twin) == 1


@pytest.mark.parametrize(
    ("house", "text"),
    [
        ("00918424400901", "ORV59I - EXISTING CUSTOMER AT LOCATION"),
        ("00918424400902", "8211990010051704OTG REASN  - AA                          AUTO OUTAGE DECLARED 13:24 01/02/23"),
        ("00918424400903", "JOB_UNSCHED_ALRT,JBE74A-ENTER OVERRIDE TO UNSCHEDULE JOB,ADP10E-NO DATES AVAILABLE FOR THIS JOB"),
    ],
)
def test_a_warning_comes_with_a_booked_order(client, twin, order, house, text):
    answer = client.service.UpdateOrderDetail(order=order(houseId=house))
    assert (answer.result.returnCode, answer.result.message) == ("0000", [text])
    assert answer.orderNumber
    assert booked(twin) == 1


@pytest.mark.parametrize(
    ("house", "text"),
    [
        ("00918424400911", "2099 | DRO30E - REF CDA NOT FOUND| "),
        ("00918424400912", "2099 | SERV_CD-MAP15E - FIELD PROTECTED, CANNOT UPDATE| "),
        ("00918424400913", "2099 | SCHED_TM-JBE10E-INVALID SCHEDULED TIME OF DAY| "),
        ("00918424400914", "2099 | JOB_TYP_TIME_ALRT-J4U22A-ENTERED DT/TM UNAVAIL"),
    ],
)
def test_a_refusal_books_nothing_and_keeps_its_blanks(client, twin, order, house, text):
    answer = client.service.UpdateOrderDetail(order=order(houseId=house))
    assert (answer.result.returnCode, answer.result.message) == ("2099", [text])
    assert (answer.orderNumber, answer.order, answer.bookedJob) == (None, None, None)
    assert booked(twin) == 0


def test_921_closes_without_a_byte_and_books_nothing(client, twin, raw_order):
    with pytest.raises(requests.ConnectionError):
        requests.post(twin.url, data=raw_order(houseId="00918424400921"), headers=HEADERS, timeout=5)
    assert booked(twin) == 0
    assert client.service.FindOrder(temporaryOrderId=TEMPORARY).matches == 0


@pytest.mark.parametrize(("house", "matches"), [("00918424400922", 1), ("00918424400923", 0)])
def test_922_books_and_923_does_not_and_neither_answers(client, twin, raw_order, house, matches):
    with pytest.raises(requests.ReadTimeout):
        requests.post(twin.url, data=raw_order(houseId=house), headers=HEADERS, timeout=(5, 1))
    assert booked(twin) == matches
    found = client.service.FindOrder(temporaryOrderId=TEMPORARY, clientReference="ref-1")
    assert (found.matches, bool(found.orderNumber)) == (matches, bool(matches))


def test_924_is_a_fault_with_the_declared_detail(client, twin, order):
    with pytest.raises(zeep.exceptions.Fault) as caught:
        client.service.UpdateOrderDetail(order=order(houseId="00918424400924"))
    assert caught.value.message == "UPDATEORDERDETAIL:ERROROCCURED"
    detail = client.wsdl.types.deserialize(caught.value.detail[0])
    assert detail.code == "ERROROCCURED"
    assert detail.transaction == "QAHA017633E52B68CF0000"
    assert booked(twin) == 0


def test_925_is_readable_but_not_as_the_wsdl_says(twin, raw_order):
    regular = requests.post(twin.url, data=raw_order(), headers=HEADERS, timeout=5).content
    odd = requests.post(twin.url, data=raw_order(houseId="00918424400925"), headers=HEADERS, timeout=5).content
    one, other = (etree.fromstring(text)[0][0] for text in (regular, odd))
    assert one.tag == other.tag
    assert one.prefix != other.prefix
    assert [etree.QName(child).localname for child in other] == ["auditTrail", "bookedJob", "order", "orderNumber", "result"]
    assert not other.findall(".//{*}technician")
    assert one.findall(".//{*}technician")
    offers = [[code.text for code in answer.iter("{*}offerCode")] for answer in (one, other)]
    assert offers[0] == offers[1] == ["F7B3I", "0MSIN"]
    assert booked(twin) == 2


def test_926_is_broken_xml_and_927_no_soap_and_both_book(twin, raw_order):
    broken = requests.post(twin.url, data=raw_order(houseId="00918424400926"), headers=HEADERS, timeout=5)
    assert broken.status_code == 200
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(broken.content)
    failed = requests.post(twin.url, data=raw_order(houseId="00918424400927"), headers=HEADERS, timeout=5)
    assert (failed.status_code, b"Envelope" in failed.content) == (500, False)
    assert booked(twin) == 2


def test_928_answers_late_by_the_declared_time(client, twin, order):
    assert client.service.UpdateOrderDetail(order=order(houseId="00918424400928")).result.returnCode == "0000"
    assert booked(twin) == 1


def test_928_is_declared_with_three_seconds():
    declared = SlbosScenarios.model_validate(read_yaml(HERE / "scenarios.yaml")).scenarios
    assert declared["00918424400928"] == Behaviour(after=3.0)
    numbers = [901, 902, 903, 911, 912, 913, 914, *range(921, 929)]
    assert sorted(declared) == [f"00918424400{number}" for number in numbers]


def test_several_errors_come_in_their_order(serve, soap, order):
    texts = ["2099 | DRO30E - REF CDA NOT FOUND| ", "2099 | SCHED_TM-JBE10E-INVALID SCHEDULED TIME OF DAY| "]
    client = soap(serve(slbos(override={"00918424400999": {"refuse": texts}})))
    assert client.service.UpdateOrderDetail(order=order(houseId="00918424400999")).result.message == texts
