"""One order from its request to its last event, as its log tells it: every line says which order, which attempt, whose request."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx
import pytest

from tests.listener_kit import Event, Heard, listener, resource_of
from tests.loop_kit import LoopThread
from tests.process_kit import serving
from tests.service_kit import ROOT

TMF = "/tmf-api/productOrderingManagement/v4"
ORDER = {"externalId": "web-1", "productOrderItem": [{"id": "1", "action": "add", "quantity": 1, "productOffering": {"id": "FIBRE-100"}}]}
AT_ITS_END = {"completed", "failed", "partial", "cancelled"}


QUICK = {  # its simulated orders pass quickly, and it tells listeners on this machine
    "ADAPTER_LAB_POLL": "0.2",
    "ADAPTER_SIMULATOR_SPEED": "200",
    "ADAPTER_CALLBACK_HOSTS": "127.0.0.1",
    "ADAPTER_CALLBACK_NETWORKS": "127.0.0.0/8",
    "ADAPTER_CALLBACK_HTTP": "true",
    "ADAPTER_CALLBACK_SIGNING": "optional",
}


def tells_of_an_end(events: list[Event]) -> bool:
    return any(resource_of(event).get("state") in AT_ITS_END for event in events)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the log says of one order that was placed, followed to its end, and told of."""
    folder = tmp_path_factory.mktemp("seen")
    log, correlation = folder / "log.json", str(uuid.uuid4())
    heard = Heard()
    with (
        LoopThread() as thread,
        thread.holding(listener(heard.hear)) as listening,
        serving(ROOT, folder / "data", log, **QUICK) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=30) as http,
    ):
        assert http.post(f"{TMF}/hub", json={"callback": f"{listening}/events"}).status_code == 201
        placed = http.post(f"{TMF}/productOrder", json=ORDER, headers={"X-Correlation-ID": correlation})
        assert placed.status_code == 201, placed.text
        heard.wait(tells_of_an_end, 60)
    told = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    [answered] = [line for line in told if line["event"] == "request.answered" and line["correlation_id"] == correlation]
    assert answered["order"], "the line of the request names the order that it became"
    return [line for line in told if line.get("order") == answered["order"] or line.get("correlation_id") == correlation]


def test_every_line_of_an_order_says_which_order_which_attempt_and_whose_request(lines):
    [correlation] = {line.get("correlation_id") for line in lines}
    [order] = {line.get("order") for line in lines}
    assert correlation
    assert order
    # Of the order's call; of a delivery or a task, how often it has been taken.
    assert [line for line in lines if not isinstance(line.get("attempt", line.get("taken")), int)] == []


def test_lines_of_tasks_and_deliveries_carry_their_fence(lines):
    worked = [line for line in lines if "task" in line or "listener" in line]
    assert [line for line in worked if not isinstance(line.get("fence"), int)] == []
    events = {line["event"] for line in lines}
    assert {"request.answered", "event.delivered"} <= events
    assert [line for line in lines if "task" not in line and "listener" not in line and line.get("face") != "tmf"] == []
