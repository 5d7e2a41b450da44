"""R62-R65, R70-R73, R76, R81: self-install and technician visits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.service_kit import Running, home_with, pr_item, pr_order, running

UNSCHEDULED = "4444-12-31T00:00:00.000Z"
NO_DATES = "JOB_UNSCHED_ALRT,JBE74A-ENTER OVERRIDE TO UNSCHEDULE JOB,ADP10E-NO DATES AVAILABLE FOR THIS JOB"


@pytest.fixture(scope="module")
def passing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service that sends the caller's date of a self-install order."""
    folder = tmp_path_factory.mktemp("passing")
    changes = {"config/markets/pr.yaml": ("selfInstallDate: force ", "selfInstallDate: pass ")}
    with running(folder / "data", {"ADAPTER_HOME": home_with(folder / "home", changes)}) as started:
        yield started


def placed(service: Running, order: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    with service.listening() as calls:
        reply = service.place(order)
    assert reply.status_code == 201, reply.text
    (call,) = [call for call in calls if call.operation == "UpdateOrderDetail"]  # a probe for another order may come between
    return reply.json(), call.order


def noted(answer: dict[str, Any], kind: str) -> str:
    (text,) = [note["text"] for note in answer["note"] if note["@type"] == kind]
    return str(text)


def test_r62_a_self_install_order_makes_an_unscheduled_job(service: Running) -> None:
    answer, booked = placed(service, pr_order("selfinstall"))
    assert (booked["requestedDate"], answer["requestedCompletionDate"]) == (UNSCHEDULED, UNSCHEDULED)


@pytest.mark.parametrize("date", ["2023-01-11T12:45:12.028Z", "2023-01-11T08:00:00-04:00", "4444-12-31T00:00:00Z"])
def test_r62_r63_another_date_of_a_self_install_order_is_replaced(service: Running, date: str) -> None:
    answer, booked = placed(service, pr_order("selfinstall", requestedCompletionDate=date))
    assert (booked["requestedDate"], answer["requestedCompletionDate"]) == (UNSCHEDULED, UNSCHEDULED)


def test_r63_where_the_market_says_pass_the_date_of_the_caller_goes_out(passing: Running) -> None:
    answer, booked = placed(passing, pr_order("selfinstall", requestedCompletionDate="2023-01-11T12:45:12.028Z"))
    assert (booked["requestedDate"], answer["requestedCompletionDate"]) == ("2023-01-11T12:45:12.028Z",) * 2


@pytest.mark.parametrize("name", ["SelfInstall", "TechnicianVisit"])
def test_r64_r70_the_installation_type_selects_the_job(service: Running, name: str) -> None:
    answer, booked = placed(service, pr_order(notes={"InstallationType": name}))
    assert booked["job"]["installation"] == name
    assert noted(answer, "InstallationType") == name


@pytest.mark.parametrize("charge", ["0MSIN", "0MRIS", "0MRIN"])
@pytest.mark.parametrize("job", ["SC", "CS", "SS", "SF", "US", "SU", "FN"])
def test_r65_self_install_values_pass_the_expected_and_others(service: Running, job: str, charge: str) -> None:
    items = [pr_item("RJ43X", "HS", "Package", "R6430"), pr_item(charge, "NU")]
    _, booked = placed(service, pr_order("selfinstall", notes={"JobType": job}, productOrderItem=items))
    assert (booked["campaignCode"], booked["reasonCode"], booked["job"]["type"]) == ("SIN", "SF", job)
    assert booked["line"][1]["offerCode"] == charge


@pytest.mark.parametrize("job", ["FN", "FS", "FC", "HC", "HN", "HR", "UH", "NC", "RC", "RS", "DN", "UP", "ZZ"])
def test_r76_technician_values_pass_the_expected_and_others(service: Running, job: str) -> None:
    answer, booked = placed(service, pr_order(notes={"JobType": job}))
    assert (booked["campaignCode"], booked["reasonCode"], booked["job"]["type"]) == ("ECO", "E1", job)
    assert noted(answer, "JobType") == job


@pytest.mark.parametrize(
    "slot", ["2023-01-11T12:45:12.028Z", "2023-01-11T08:45:12.028-04:00", "2023-01-11T23:59:59+05:30", "2023-01-11T08:00:00Z"]
)
def test_r71_the_slot_is_forwarded_with_its_time_and_zone(service: Running, slot: str) -> None:
    answer, booked = placed(service, pr_order(requestedCompletionDate=slot))
    assert (booked["requestedDate"], answer["requestedCompletionDate"]) == (slot, slot)


def test_r73_a_visit_without_slots_makes_an_unscheduled_job_and_tells_the_warnings(service: Running) -> None:
    answer, booked = placed(service, pr_order("unscheduled", house="00918424400903"))
    assert booked["requestedDate"] == UNSCHEDULED
    assert booked["job"]["installation"] == "TechnicianVisit"
    assert (answer["state"], answer["description"]) == ("Acknowledged", NO_DATES)
    assert noted(answer, "JobId") == answer["id"] + "0001"


@pytest.mark.parametrize("spelling", ["installationType", "InstallationType", "INSTALLATIONTYPE"])
def test_r81_the_installation_type_is_read_without_case_and_answered_as_documented(service: Running, spelling: str) -> None:
    order = pr_order(notes={"InstallationType": None})
    order["note"].append({"text": "TechnicianVisit", "@type": spelling})
    answer, booked = placed(service, order)
    assert booked["job"]["installation"] == "TechnicianVisit"
    assert "remark" not in booked
    assert noted(answer, "InstallationType") == "TechnicianVisit"
