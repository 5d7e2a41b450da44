"""One order from its request to its last event, as its log tells it: every line says which order, which attempt, whose request."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service_kit import ROOT

COMMAND = [sys.executable, "-c", "from adapter.cli.main import run; run()", "serve", "--with-simulators", "--port", "0"]
TMF = "/tmf-api/productOrderingManagement/v4"
ORDER = {"externalId": "web-1", "productOrderItem": [{"id": "1", "action": "add", "quantity": 1, "productOffering": {"id": "FIBRE-100"}}]}
AT_ITS_END = {"completed", "failed", "partial", "cancelled"}


@dataclass
class Listener:
    """Takes events and remembers them; ``over`` is set by the event that tells of an order's end."""

    url: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def heard(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        [resource] = event["event"].values()
        if resource.get("state") in AT_ITS_END:
            self.over.set()


@contextmanager
def listening() -> Iterator[Listener]:
    heard = Listener()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.heard(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(201)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        heard.url = f"http://127.0.0.1:{server.server_address[1]}/events"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield heard
        server.shutdown()
        thread.join()


@contextmanager
def service(data: Path, log: Path) -> Iterator[str]:
    """The service as a process whose simulated orders pass quickly; gives its address."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ADAPTER_")},
        "ADAPTER_HOME": str(ROOT),
        "ADAPTER_DATA": str(data),
        "ADAPTER_LAB_POLL": "0.2",
        "ADAPTER_SIMULATOR_SPEED": "200",
        "ADAPTER_CALLBACK_HOSTS": "127.0.0.1",
        "ADAPTER_CALLBACK_NETWORKS": "127.0.0.0/8",
        "ADAPTER_CALLBACK_HTTP": "true",
        "ADAPTER_CALLBACK_SIGNING": "optional",
    }
    with log.open("wb") as errors, subprocess.Popen(COMMAND, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True) as running:
        assert running.stdout is not None
        try:
            yield running.stdout.readline().rsplit(" ", 1)[-1].strip()
        finally:
            running.send_signal(signal.SIGTERM)
            running.stdout.read()
            assert running.wait(60) == 0, log.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the log says of one order that was placed, followed to its end, and told of."""
    folder = tmp_path_factory.mktemp("seen")
    log, correlation = folder / "log.json", str(uuid.uuid4())
    with listening() as listener, service(folder / "data", log) as url, httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
        assert http.post(f"{TMF}/hub", json={"callback": listener.url}).status_code == 201
        placed = http.post(f"{TMF}/productOrder", json=ORDER, headers={"X-Correlation-ID": correlation})
        assert placed.status_code == 201, placed.text
        assert listener.over.wait(60), (listener.events, log.read_text(encoding="utf-8"))
    told = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    [answered] = [line for line in told if line["event"] == "request.answered" and line["correlation_id"] == correlation]
    assert answered["order"], "the line of the request names the order that it became"
    return [line for line in told if line.get("order") == answered["order"] or line.get("correlation_id") == correlation]


def test_every_line_of_an_order_says_which_order_which_attempt_and_whose_request(lines):
    [correlation] = {line.get("correlation_id") for line in lines}
    [order] = {line.get("order") for line in lines}
    assert correlation
    assert order
    assert [line for line in lines if not isinstance(line.get("attempt"), int)] == []


def test_lines_of_tasks_and_deliveries_carry_their_fence(lines):
    worked = [line for line in lines if "task" in line or "listener" in line]
    assert [line for line in worked if not isinstance(line.get("fence"), int)] == []
    events = {line["event"] for line in lines}
    assert {"request.answered", "event.delivered"} <= events
    assert [line for line in lines if "task" not in line and "listener" not in line and line.get("face") != "tmf"] == []
