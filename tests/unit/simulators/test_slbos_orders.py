"""What the SLBOS twin remembers, and the numbers it gives."""

from __future__ import annotations

import pytest
import requests

from simulators.bookings import Booking, Bookings
from simulators.slbos import slbos
from simulators.slbos.backend import UNKNOWN_ORDER, Slbos, SlbosScenarios
from simulators.soap_server import Simulator


@pytest.fixture
def twin(serve):
    return serve(slbos())


@pytest.fixture
def client(soap, twin):
    return soap(twin)


def test_i2_i12_i14_the_self_install_sample_gets_its_documented_numbers(client, order):
    sample = order(temporaryOrderId="0000000000002861", job={"type": "FN", "installation": "SelfInstall"})
    answer = client.service.UpdateOrderDetail(order=sample)
    assert answer.orderNumber == "1200047552281013"
    assert (answer.order.job.type, answer.order.creditLimit) == ("SF", "100")
    job = answer.bookedJob
    assert (job.id, job.technician, job.number) == ("00000000000028610001", "0710", "00000")


def test_i12_i13_the_visit_sample_gets_its_documented_numbers(client, order):
    sample = order(
        temporaryOrderId="0000000000000981", requestedDate="2023-01-11T12:45:12.028Z", job={"type": "FN", "installation": "TechnicianVisit"}
    )
    answer = client.service.UpdateOrderDetail(order=sample)
    assert answer.orderNumber == "1200047553421014"
    assert (answer.order.job.type, answer.order.creditLimit) == ("FN", "100.00")
    job = answer.bookedJob
    assert (job.id, job.technician, job.number) == ("00000000000009810001", "0710", "0000")


@pytest.mark.parametrize(("temporary", "house"), [("0000000000007101", "00918424400185"), ("0000000000008031", "00918424400193")])
def test_i15_the_unscheduled_sample_takes_its_job_id_from_the_order_number(client, order, temporary, house):
    visit = {"type": "FS", "installation": "TechnicianVisit"}
    answer = client.service.UpdateOrderDetail(order=order(temporaryOrderId=temporary, houseId=house, job=visit))
    assert answer.orderNumber == "1200048006601012"
    job = answer.bookedJob
    assert (job.id, job.technician, job.number) == ("12000480066010120001", "0701", "111390")
    assert [(remark.kind, remark.text) for remark in answer.order.remark] == [("JobComment", "click to call")]


def test_other_orders_get_numbers_of_a_counter(client, order):
    first, second = (client.service.UpdateOrderDetail(order=order(temporaryOrderId=f"000000000000000{n}")) for n in (1, 2))
    assert (first.orderNumber, second.orderNumber) == ("1200060000000101", "1200060000000201")
    assert (first.bookedJob.id, second.bookedJob.number) == ("00000000000000010001", "000002")


def test_an_order_without_a_temporary_id_takes_its_job_id_from_the_order_number(client, order):
    answer = client.service.UpdateOrderDetail(order=order(temporaryOrderId=None))
    assert answer.bookedJob.id == f"{answer.orderNumber}0001"


def test_i1_the_booked_order_is_the_request_with_the_account_as_the_bss_writes_it(client, order):
    booked = client.service.UpdateOrderDetail(order=order()).order
    assert booked.accountNumber == "190150638551501"
    assert (booked.houseId, booked.telephoneNumber, booked.job.type) == ("00918424400656", "9395455945", "CS")
    assert [line.offerCode for line in booked.line] == ["F7B3I", "0MSIN"]


def test_doubles_are_counted_shown_and_get_numbers_of_their_own(client, twin, order):
    temporary = "0000000000002861"
    for reference in ("ref-1", "ref-2"):
        client.service.UpdateOrderDetail(order=order(temporaryOrderId=temporary, clientReference=reference))
    shown = requests.get(f"{twin.root}/bookings", timeout=5).json()
    entry = shown["bookings"][temporary]
    assert (shown["total"], entry["count"], entry["orderNumbers"]) == (2, 2, ["1200047552281013", "1200060000000201"])
    assert entry["clientReferences"] == ["ref-1", "ref-2"]
    assert "ref-2" in entry["lastRequest"]


def test_find_order_counts_and_filters_by_client_reference(client, order):
    for reference in ("ref-1", "ref-2"):
        client.service.UpdateOrderDetail(order=order(clientReference=reference))
    temporary = order()["temporaryOrderId"]
    both = client.service.FindOrder(temporaryOrderId=temporary)
    one = client.service.FindOrder(temporaryOrderId=temporary, clientReference="ref-2")
    none = client.service.FindOrder(temporaryOrderId=temporary, clientReference="ref-3")
    assert (both.matches, both.orderNumber, both.order) == (2, None, None)
    assert (one.matches, one.orderNumber, one.order.clientReference) == (1, "1200060000000201", "ref-2")
    assert (none.matches, none.result.returnCode) == (0, "0000")


def test_get_order_status_of_a_booked_order(client, order):
    number = client.service.UpdateOrderDetail(order=order()).orderNumber
    for account in (None, "190150638551501", "#190150638551501"):
        status = client.service.GetOrderStatus(orderNumber=number, accountNumber=account)
        assert (status.result.returnCode, status.status, status.orderNumber) == ("0000", "ACKNOWLEDGED", number)
        assert (status.order.temporaryOrderId, status.bookedJob.technician) == ("0000000000005555", "0701")


def test_get_order_status_of_an_unknown_order_or_account_is_refused(client, order):
    number = client.service.UpdateOrderDetail(order=order()).orderNumber
    for asked in ({"orderNumber": "1"}, {"orderNumber": number, "accountNumber": "99999999"}):
        status = client.service.GetOrderStatus(**asked)
        assert (status.result.returnCode, status.result.message) == ("2099", [UNKNOWN_ORDER])
        assert status.orderNumber is None


def test_reset_forgets_bookings_requests_and_the_counter(client, twin, order):
    before = client.service.UpdateOrderDetail(order=order()).orderNumber
    assert requests.post(f"{twin.root}/reset", timeout=5).status_code == 204
    assert requests.get(f"{twin.root}/bookings", timeout=5).json() == {"total": 0, "forgotten": 0, "bookings": {}}
    assert requests.get(f"{twin.root}/requests", timeout=5).json() == []
    assert client.service.UpdateOrderDetail(order=order()).orderNumber == before


def test_the_record_is_bounded_and_says_so(serve, soap, order):
    twin = serve(Simulator(Slbos(SlbosScenarios(scenarios={}), limit=2)))
    client = soap(twin)
    numbers = [client.service.UpdateOrderDetail(order=order(temporaryOrderId=temporary)).orderNumber for temporary in ("1", "2", "2")]
    assert twin.bookings()["total"] == 2
    assert (twin.bookings()["forgotten"], list(twin.bookings()["bookings"])) == (1, ["2"])
    assert client.service.GetOrderStatus(orderNumber=numbers[0]).result.returnCode == "2099"
    client.service.UpdateOrderDetail(order=order(temporaryOrderId="3"))
    assert twin.bookings()["bookings"]["2"]["count"] == 1


def test_a_number_is_never_given_twice():
    bookings = Bookings(limit=5)
    bookings.add(Booking("7", "a", "", "", b"", b""))
    with pytest.raises(ValueError, match="order 7 is booked already"):
        bookings.add(Booking("7", "b", "", "", b"", b""))
