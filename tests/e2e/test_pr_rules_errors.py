"""R51-R54, R57, R58: what the caller is told when the BSS refuses, cannot be reached, or does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.scenario import Behaviour
from tests.service_kit import Running, closed_port, home_with, pr_order, running

MESSAGE = "Error Occurred during order provisioning UPDATEORDERDETAIL:ERROROCCURED"
EXPIRED = "2099 | DRO30E - REF CDA NOT FOUND| "
NO_SLOT = "2099 | SCHED_TM-JBE10E-INVALID SCHEDULED TIME OF DAY| "


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service with short limits, for backends that never answer."""
    folder = tmp_path_factory.mktemp("hasty")
    changes = {"config/markets/pr.yaml": ("  total: 8\n", "  total: 2\n")}
    with running(folder / "data", {"ADAPTER_HOME": home_with(folder / "home", changes)}) as started:
        yield started


def refused(service: Running, house: str) -> bytes:
    with service.listening() as calls:
        reply = service.place(pr_order(house=house))
    assert [call.operation for call in calls] == ["UpdateOrderDetail"]
    assert reply.status_code == 400
    return reply.content


def envelope(text: str) -> bytes:
    return f'{{"errors":[{{"code":400,"message":"{MESSAGE}","description":"{text}"}}]}}'.encode()


def test_r51_an_expired_conversation(service: Running) -> None:
    assert refused(service, "00918424400911") == envelope(EXPIRED)


def test_r52_an_order_that_was_signed_off(service: Running) -> None:
    assert refused(service, "00918424400912") == envelope("2099 | SERV_CD-MAP15E - FIELD PROTECTED, CANNOT UPDATE| ")


def test_r53_the_same_day_without_slots(service: Running) -> None:
    assert refused(service, "00918424400913") == envelope(NO_SLOT)


def test_r54_a_slot_that_was_taken(service: Running) -> None:
    assert refused(service, "00918424400914") == envelope("2099 | JOB_TYP_TIME_ALRT-J4U22A-ENTERED DT/TM UNAVAIL")


def test_r57_each_error_of_the_bss_is_an_entry_in_its_order(service: Running) -> None:
    texts = (NO_SLOT, "2099 | WHO KNOWS", EXPIRED, NO_SLOT)
    service.slbos.once("UpdateOrderDetail", Behaviour(refuse=texts))
    reply = service.place(pr_order())
    assert reply.status_code == 400
    assert reply.json()["errors"] == [{"code": 400, "message": MESSAGE, "description": text} for text in texts]


def test_r58_a_backend_that_is_not_there_is_502_and_nothing_was_done(tmp_path: Path) -> None:
    with running(tmp_path, {"ADAPTER_PR_ENDPOINT": f"http://127.0.0.1:{closed_port()}/slbos"}) as alone:
        order = pr_order()
        replies = [alone.place(order, correlation="nobody-there") for _ in range(2)]
        assert alone.bookings()["total"] == 0
    for reply in replies:
        assert reply.status_code == 502
        (error,) = reply.json()["errors"]
        assert (error["code"], error["message"]) == (502, MESSAGE)
        assert "nothing was done" in error["description"]
        assert int(reply.headers["Retry-After"]) > 0


@pytest.mark.parametrize(("house", "booked"), [("00918424400922", 1), ("00918424400923", 0)])
def test_r58_a_backend_that_never_answers_is_504_and_the_order_is_not_repeated(hasty: Running, house: str, booked: int) -> None:
    order = pr_order(house=house)
    with hasty.listening() as calls:
        reply = hasty.place(order, correlation=f"never-{house}")
    assert reply.status_code == 504
    (error,) = reply.json()["errors"]
    assert (error["code"], error["message"]) == (504, MESSAGE)
    assert [call.operation for call in calls] == ["UpdateOrderDetail"]
    assert hasty.bookings()["bookings"].get(order["externalId"], {"count": 0})["count"] == booked


def test_r58_the_repeat_of_an_order_in_doubt_answers_what_the_probe_found(hasty: Running) -> None:
    order = pr_order(house="00918424400922")
    first = hasty.place(order, correlation="in-doubt-and-booked")
    with hasty.listening() as calls:
        again = hasty.place(order, correlation="in-doubt-and-booked")
    assert (first.status_code, again.status_code) == (504, 201)
    assert [call.operation for call in calls] == ["FindOrder"]
    booking = hasty.bookings()["bookings"][order["externalId"]]
    assert (booking["count"], booking["orderNumbers"]) == (1, [again.json()["id"]])


@pytest.mark.parametrize("house", ["00918424400926", "00918424400927"])
def test_r58_an_answer_that_cannot_be_read_leaves_the_order_in_doubt(service: Running, house: str) -> None:
    """Both scenarios book. An error that invites a new order would double it, so the answer is the one of an order in doubt."""
    order = pr_order(house=house)
    replies = [service.place(order, correlation=f"unreadable-{house}") for _ in range(2)]
    assert [reply.status_code for reply in replies] == [504, 201]
    assert replies[0].json()["errors"][0]["message"] == MESSAGE
    assert service.bookings()["bookings"][order["externalId"]]["count"] == 1


def test_r58_a_backend_that_hangs_up_without_booking(service: Running) -> None:
    order = pr_order(house="00918424400921")
    reply = service.place(order)
    assert reply.status_code == 504
    assert order["externalId"] not in service.bookings()["bookings"]


def test_a_declared_fault_refuses_the_order_with_its_text(service: Running) -> None:
    reply = service.place(pr_order(house="00918424400924"))
    assert reply.status_code == 400
    assert reply.json() == {"errors": [{"code": 400, "message": MESSAGE, "description": "UPDATEORDERDETAIL:ERROROCCURED"}]}


def test_an_answer_with_strange_prefixes_order_and_elements_is_read(service: Running) -> None:
    reply = service.place(pr_order(house="00918424400925"))
    assert reply.status_code == 201
    kinds = [note["@type"] for note in reply.json()["note"]]
    assert "JobId" in kinds
    assert "Technician" not in kinds  # this answer leaves it out
