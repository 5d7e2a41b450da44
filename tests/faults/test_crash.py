"""The process is killed, stopped, or started twice: no accepted order is lost, none is doubled."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from simulators.registry import VARIABLES, passwords
from simulators.scenario import NORMAL, Behaviour
from tests.faults.conftest import COMMAND, HEADERS, HYBRIS, Launch, Process, Twin, hybris, impatient

SLOW = Behaviour(after=0.8)


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Calls may take two seconds: long enough to be killed in, short enough to be waited for."""
    return impatient(tmp_path_factory.mktemp("home"), total=2.0, settle=0.1)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


def sent_and_killed(pool: ThreadPoolExecutor, process: Process, twin: Twin, order: dict, correlation: str) -> None:
    """The order is on its way, the backend has the call and does not answer; then the service is no more."""
    request = pool.submit(hybris, process.url, order, correlation)
    twin.asked("UpdateOrderDetail")
    assert process.end(signal.SIGKILL) == -signal.SIGKILL
    with pytest.raises(httpx.TransportError):
        request.result(10)
    assert (process.data / "service.json").exists()  # it could not take it back


def test_f5_killed_after_the_call_the_booking_is_found_at_start_and_the_repeat_gets_it(launch: Launch, twin, order, patient, pool):
    order["serviceAddress"] = {"addrNo": "00918424400922"}  # booked, never answered
    correlation = str(uuid.uuid4())
    sent_and_killed(pool, launch({"ADAPTER_PR_ENDPOINT": twin.url}, patient), twin, order, correlation)
    process = launch({"ADAPTER_PR_ENDPOINT": twin.url}, patient)
    settled = json.loads(process.until("doubt.settled"))
    [found] = process.orders()
    assert (found["id"], found["outcome"], len(found["attempts"])) == (settled["order"], "accepted", 1)
    before = len(twin.simulator.requests())
    reply = hybris(process.url, order, correlation)
    assert reply.status_code == 201
    assert reply.json()["id"] == found["backendReference"]
    assert hybris(process.url, order, correlation).content == reply.content
    assert len(twin.simulator.requests()) == before
    assert twin.booked(order) == 1


def test_killed_after_a_call_that_left_no_trace_it_is_proven_absent_and_the_repeat_places_it(launch: Launch, twin, order, patient, pool):
    order["serviceAddress"] = {"addrNo": "00918424400923"}  # neither booked nor answered
    correlation = str(uuid.uuid4())
    sent_and_killed(pool, launch({"ADAPTER_PR_ENDPOINT": twin.url}, patient), twin, order, correlation)
    process = launch({"ADAPTER_PR_ENDPOINT": twin.url}, patient)
    process.until("doubt.settled")
    [found] = process.orders()
    assert [attempt["outcome"] for attempt in found["attempts"]] == ["absent"]
    twin.simulator.once("UpdateOrderDetail", NORMAL)
    assert hybris(process.url, order, correlation).status_code == 201
    [found] = process.orders()
    assert [attempt["outcome"] for attempt in found["attempts"]] == ["absent", "accepted"]
    assert twin.booked(order) == 1


def test_f4_killed_between_the_intent_and_the_call(launch: Launch, twin, order, patient, pool):
    correlation = str(uuid.uuid4())
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, socket.socket() as first:
        first.connect(deaf.getsockname())  # takes the only place in the queue: whoever comes now, waits to be connected
        process = launch({"ADAPTER_PR_ENDPOINT": f"http://127.0.0.1:{deaf.getsockname()[1]}/slbos"}, patient)
        request = pool.submit(hybris, process.url, order, correlation)
        while not process.orders():
            assert not request.done()
        process.end(signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            request.result(10)
    process = launch({"ADAPTER_PR_ENDPOINT": twin.url}, patient)
    process.until("doubt.settled")
    assert hybris(process.url, order, correlation).status_code == 201
    [found] = process.orders()
    assert [attempt["outcome"] for attempt in found["attempts"]] == ["absent", "accepted"]
    assert twin.booked(order) == 1


def test_f1_killed_after_the_answer_was_recorded_the_repeat_gets_the_same_bytes(launch: Launch, twin, order):
    correlation = str(uuid.uuid4())
    process = launch({"ADAPTER_PR_ENDPOINT": twin.url})
    first = hybris(process.url, order, correlation)
    assert first.status_code == 201
    process.end(signal.SIGKILL)
    process = launch({"ADAPTER_PR_ENDPOINT": twin.url})
    again = hybris(process.url, order, correlation)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert twin.booked(order) == 1


def test_a_backend_that_is_down_at_start_keeps_the_service_neither_from_starting_nor_from_settling_later(
    launch: Launch, twin, order, patient, pool
):
    order["serviceAddress"] = {"addrNo": "00918424400922"}
    correlation = str(uuid.uuid4())
    sent_and_killed(pool, launch({"ADAPTER_PR_ENDPOINT": twin.url}, patient), twin, order, correlation)
    port = int(twin.url.split(":")[2].split("/")[0])
    twin.run(twin.simulator.stop())
    process = launch({"ADAPTER_PR_ENDPOINT": twin.url}, patient)
    assert httpx.get(process.url + "/health/ready", trust_env=False).status_code == 200
    reply = hybris(process.url, order, correlation)
    assert reply.status_code == 504
    twin.run(twin.simulator.start(port))
    assert hybris(process.url, order, correlation).status_code == 201
    assert twin.booked(order) == 1


def test_a_stop_finishes_and_records_what_is_under_way(launch: Launch, twin, order, patient, pool):
    correlation = str(uuid.uuid4())
    process = launch({"ADAPTER_PR_ENDPOINT": twin.url}, patient)
    twin.simulator.once("UpdateOrderDetail", SLOW)
    request = pool.submit(hybris, process.url, order, correlation)
    twin.asked("UpdateOrderDetail")
    assert process.end(signal.SIGTERM) == 0
    first = request.result(10)
    assert first.status_code == 201
    assert not (process.data / "service.json").exists()
    assert any("stopping" in line for line in process.lines)
    assert not any("Traceback" in line for line in process.lines), "".join(process.lines)
    process = launch({"ADAPTER_PR_ENDPOINT": twin.url}, patient)
    assert hybris(process.url, order, correlation).content == first.content
    assert twin.booked(order) == 1


def test_a_stop_records_an_order_whose_caller_has_left(launch: Launch, twin, order, patient):
    correlation = str(uuid.uuid4())
    process = launch({"ADAPTER_PR_ENDPOINT": twin.url}, patient)
    twin.simulator.once("UpdateOrderDetail", SLOW)
    caller = HTTPConnection(process.url.removeprefix("http://"))
    sent = HEADERS | {"correlationId": correlation, "content-type": "application/json"}
    caller.request("POST", HYBRIS, json.dumps(order), sent)
    twin.asked("UpdateOrderDetail")
    caller.close()
    assert process.end(signal.SIGTERM) == 0
    process = launch({"ADAPTER_PR_ENDPOINT": twin.url}, patient)
    [found] = process.orders()
    assert (found["outcome"], len(found["attempts"])) == ("accepted", 1)


def test_a_stop_while_an_order_is_in_doubt_is_clean(launch: Launch, twin, order, patient, pool):
    order["serviceAddress"] = {"addrNo": "00918424400923"}
    process = launch({"ADAPTER_PR_ENDPOINT": twin.url}, patient)
    assert hybris(process.url, order, "c-1").status_code == 504
    assert process.end(signal.SIGTERM) == 0
    assert not any("Traceback" in line or "never retrieved" in line for line in process.lines), "".join(process.lines)


def test_a_stop_right_after_the_start_is_clean(launch: Launch, twin):
    process = launch({"ADAPTER_PR_ENDPOINT": twin.url})
    assert process.end(signal.SIGINT) == 0
    assert not (process.data / "service.json").exists()


def serve(home: str, data: Path, port: int = 0, without: str = "") -> subprocess.CompletedProcess[str]:
    """A service that is expected to end by itself."""
    variables = {"ADAPTER_HOME": home, "ADAPTER_DATA": str(data), **passwords({}), **dict.fromkeys(VARIABLES.values(), "http://h/")}
    variables.pop(without, None)
    command = [COMMAND, "serve", "--port", str(port)]
    return subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, timeout=30, check=False)


def test_f17_a_second_service_on_the_same_data_is_refused_and_the_first_goes_on(launch: Launch, twin, order, home):
    first = launch({"ADAPTER_PR_ENDPOINT": twin.url})
    announced = (first.data / "service.json").read_bytes()
    second = serve(home, first.data)
    assert second.returncode == 2
    assert "another process has the file open" in second.stderr
    assert str(first.data) in second.stderr
    assert "Traceback" not in second.stderr
    assert (first.data / "service.json").read_bytes() == announced
    assert hybris(first.url, order, "c-1").status_code == 201


@pytest.mark.parametrize(
    ("without", "words"),
    [
        ("ADAPTER_PR_ENDPOINT", "the environment variable ADAPTER_PR_ENDPOINT is not set"),
        ("ADAPTER_LAB_ENDPOINT", "config/markets/lab.yaml"),
    ],
)
def test_a_variable_that_is_not_set_refuses_to_start_and_is_named(home, tmp_path, without, words):
    run = serve(home, tmp_path, without=without)
    assert run.returncode == 2
    assert words in run.stderr
    assert "Traceback" not in run.stderr


def test_a_port_that_is_taken_is_named(home, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = serve(home, tmp_path, port)
    assert run.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in run.stderr
    assert "--port" in run.stderr
