"""Orders go on by themselves: by a clock that the test moves, and as the scenario files declare it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from simulators import registry
from simulators.lab import lab
from simulators.lab.backend import HERE as LAB
from simulators.lab.backend import LabScenarios
from simulators.life import SPEED, Passing, Step, asked_speed, speed, speed_from
from simulators.scenario import read_yaml
from simulators.slbos import SlbosScenarios, slbos
from simulators.slbos.backend import HERE, UNKNOWN_ORDER

START = datetime(2026, 1, 31, 10, tzinfo=UTC).timestamp()
LIVES = SlbosScenarios.model_validate(read_yaml(HERE / "scenarios.yaml")).lives


class Clock:
    """Seconds since the epoch, as the test says."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def client(serve, soap, clock):
    return soap(serve(slbos(speed=10, clock=clock)))


def walked(client, clock, number):
    """The status after each of its steps, with those of its lines; at ten times the speed."""
    seen = []
    for after in range(0, 300, 10):
        clock.at = START + after / 10
        answer = client.service.GetOrderStatus(orderNumber=number)
        now = (answer.status, *(line.status for line in answer.order.line))
        if not seen or seen[-1] != now:
            seen.append(now)
    return seen


@pytest.mark.parametrize(
    ("house", "statuses"),
    [
        ("00918424400656", ["ACKNOWLEDGED", "IN_PROGRESS", "COMPLETED"]),
        ("00918424400931", ["ACKNOWLEDGED", "IN_PROGRESS", "HELD", "IN_PROGRESS", "COMPLETED"]),
        ("00918424400932", ["ACKNOWLEDGED", "IN_PROGRESS", "FAILED"]),
        ("00918424400934", ["ACKNOWLEDGED", "SIGNED_OFF"]),
        ("00918424400936", ["ACKNOWLEDGED", "CANCELLED"]),
        ("00918424400937", ["ACKNOWLEDGED", "HELD"]),
    ],
)
def test_an_order_goes_on_as_its_house_says(client, clock, order, house, statuses):
    number = client.service.UpdateOrderDetail(order=order(houseId=house)).orderNumber
    assert walked(client, clock, number) == [(status, None, None) for status in statuses]


def test_where_only_lines_have_a_status_the_order_has_none(client, clock, order):
    number = client.service.UpdateOrderDetail(order=order(houseId="00918424400933")).orderNumber
    assert walked(client, clock, number) == [
        (None, "ACKNOWLEDGED", "ACKNOWLEDGED"),
        (None, "IN_PROGRESS", "ACKNOWLEDGED"),
        (None, "COMPLETED", "IN_PROGRESS"),
        (None, "COMPLETED", "FAILED"),
    ]


def test_an_order_that_waits_for_information_says_which_line(client, clock, order):
    number = client.service.UpdateOrderDetail(order=order(houseId="00918424400935")).orderNumber
    assert walked(client, clock, number)[2:4] == [("PENDING", "IN_PROGRESS", "PENDING"), ("IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS")]


def test_the_completion_date_is_when_it_was_completed(client, clock, order):
    number = client.service.UpdateOrderDetail(order=order()).orderNumber
    clock.at = START + 11.9
    assert client.service.GetOrderStatus(orderNumber=number).completionDate is None
    clock.at = START + 3600
    assert client.service.GetOrderStatus(orderNumber=number).completionDate == datetime(2026, 1, 31, 10, 0, 12, tzinfo=UTC)


def test_many_orders_are_asked_for_at_once(client, clock, order):
    numbers = [
        client.service.UpdateOrderDetail(order=order(temporaryOrderId=str(n), houseId=house)).orderNumber
        for n, house in enumerate(["00918424400656", "00918424400933"])
    ]
    clock.at = START + 60
    answer = client.service.GetOrderStatusList(orderNumber=[*numbers, "999", numbers[0]])
    assert answer.result.returnCode == "0000"
    done, lines = answer.orderStatus
    assert (done.orderNumber, done.status, done.line) == (numbers[0], "COMPLETED", [])
    assert done.completionDate == datetime(2026, 1, 31, 10, 0, 12, tzinfo=UTC)
    assert (lines.orderNumber, lines.status, [line.status for line in lines.line]) == (numbers[1], None, ["COMPLETED", "FAILED"])
    assert client.service.GetOrderStatusList(orderNumber=["999"]).orderStatus == []


def test_what_was_booked_is_shown_without_a_status(client, clock, order):
    made = order(houseId="00918424400933")
    client.service.UpdateOrderDetail(order=made)
    clock.at = START + 60
    found = client.service.FindOrder(clientReference=made["clientReference"], temporaryOrderId=made["temporaryOrderId"])
    assert (found.matches, [line.status for line in found.order.line]) == (1, [None, None])
    assert client.service.GetOrderStatus(orderNumber="1").result.message == [UNKNOWN_ORDER]


def test_the_lab_goes_on_too(serve, soap, clock):
    client = soap(serve(lab(clock=clock)))
    line = {"position": "1", "action": "NEW", "offer": "PHONE"}
    numbers = [
        client.service.CreateOrder(order={"reference": reference, "lines": {"line": [line]}}).orderNo for reference in ("A-1", "STOP-1")
    ]
    states = []
    for after in (0, 10, 40):
        clock.at = START + after
        states.append([client.service.ReadOrder(orderNo=number).state for number in numbers])
    assert states == [["BOOKED", "BOOKED"], ["WORKING", "BOOKED"], ["DONE", "STOPPED"]]


@pytest.mark.parametrize("lives", [LIVES, LabScenarios.model_validate(read_yaml(LAB / "scenarios.yaml")).lives])
def test_every_declared_life_has_its_steps(lives):
    for life in lives.values():
        passing = Passing(now=lambda: START)
        assert [passing.step(life, START - step.after) for step in life] == list(life)
        assert passing.step(life, START + 5) == life[0]  # a booking of the future: the clock was set back


@pytest.mark.parametrize(
    ("lives", "words"),
    [
        ({"00918424400656": [{"status": "ACKNOWLEDGED"}]}, "write one called 'default'"),
        ({"default": []}, "begins with a step after 0 seconds"),
        ({"default": [{"after": 1}]}, "begins with a step after 0 seconds"),
        ({"default": [{}, {"after": 5}, {"after": 5}]}, "each step comes later"),
        ({"default": [{"state": "DONE"}]}, "state"),
    ],
)
def test_a_life_that_cannot_be_lived_is_refused(lives, words):
    with pytest.raises(ValidationError, match=words):
        SlbosScenarios.model_validate({"scenarios": {}, "lives": lives})


def test_a_line_beyond_the_declared_ones_is_like_the_last():
    assert [Step(lines=("A", "B")).line(index) for index in range(4)] == ["A", "B", "B", "B"]
    assert Step().line(0) == ""


def test_the_speed_is_a_number_above_nothing():
    assert (asked_speed({}), speed_from({}), speed_from({SPEED: "30"}), speed("0.5")) == ("1", 1, 30, 0.5)
    for text in ("0", "-1", "fast", "nan"):
        with pytest.raises(ValueError, match="ADAPTER_SIMULATOR_SPEED is '"):
            speed_from({SPEED: text})


def test_those_whose_orders_go_on_are_named():
    assert registry.SIMULATORS.keys() >= registry.LIVING
    for name in registry.LIVING:
        registry.SIMULATORS[name](speed=2.0)
