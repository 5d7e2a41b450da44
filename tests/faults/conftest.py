"""Services with limits of their own, as threads of this process or as processes that can be killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulators.registry import VARIABLES, passwords
from simulators.slbos.backend import slbos
from tests.loop_kit import LoopThread
from tests.service_kit import closed_port, home_with, pr_order, warm
from tests.waiting import until

COMMAND = Path(sys.executable).parent / "adapter"
PROBE = "    probe: productOrder.probe\n    settle: 1\n"
HYBRIS, TMF = "/ecom-ux/v1/PR/productOrder", "/tmf-api/productOrderingManagement/v4/productOrder"
HEADERS = {
    "client-id": "demo-channel",
    "client-secret": "demo-secret",
    "lob": "FIXED",
    "channelId": "ECOM",
    "X-Conversation-Id": "QAHA017633E52B68CF0000",
}
INSIDE = re.compile(r"Traceback|File \"|\.py\b|/home/|/tmp/|site-packages|\badapter\.|connectors\.|demo-secret|sqlite|lxml|scrypt")


def impatient(folder: Path, *, total: float = 2.0, settle: float = 0.2, changes: Mapping[str, tuple[str, str]] | None = None) -> str:
    """A home whose markets wait for a fraction of the usual time."""
    home = home_with(folder, dict(changes or {}))
    for market in ("pr", "lab"):
        file = folder / "config" / "markets" / f"{market}.yaml"
        text = file.read_text(encoding="utf-8")
        for old, new in (("  total: 8\n", f"  total: {total}\n"), (PROBE, PROBE.replace("1", str(settle)))):
            assert text.count(old) == 1, f"{file} holds {old!r} {text.count(old)} times"
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
    return home


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One impatient home for all tests that change nothing in it."""
    return impatient(tmp_path_factory.mktemp("home"))


def hybris(url: str, order: Any, correlation: str, **headers: str) -> httpx.Response:
    """One POST to the hybris face of a service anywhere."""
    return httpx.post(url + HYBRIS, json=order, headers=HEADERS | {"correlationId": correlation} | headers, timeout=30, trust_env=False)


@dataclass
class Process:
    """``adapter serve`` as a process of its own; ``lines`` are what it has said on either stream."""

    home: str
    data: Path
    environment: Mapping[str, str]
    lines: list[str] = field(default_factory=list)

    def start(self) -> Process:
        """Returns when the service listens."""
        self.data.mkdir(parents=True, exist_ok=True)
        warm(self.data / "contracts")
        variables = {**os.environ, "ADAPTER_HOME": self.home, "ADAPTER_DATA": str(self.data), **self.environment}
        self.child = subprocess.Popen(
            [COMMAND, "serve", "--port", "0"], env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._spoke, self._ended = threading.Condition(), False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self.until("adapter listens on ").split()[-1]
        return self

    def until(self, text: str) -> str:
        """Waits for a line with the text, and returns it."""
        with self._spoke:
            self._spoke.wait_for(lambda: self._ended or any(text in line for line in self.lines), 60)
            found = [line for line in self.lines if text in line]
        assert found, f"never said {text!r}: " + "".join(self.lines)
        return found[0]

    def _read(self) -> None:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            with self._spoke:
                self.lines.append(line)
                self._spoke.notify_all()
        with self._spoke:
            self._ended = True
            self._spoke.notify_all()

    def end(self, number: int) -> int:
        """Sends the signal and returns the exit code."""
        self.child.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        code = self.child.wait(60)
        self._reader.join(10)
        return code

    def orders(self) -> list[dict[str, Any]]:
        """Every recorded order with its way, newest first, as the commands ask for them."""
        announced = json.loads((self.data / "service.json").read_bytes())
        headers = {"Authorization": f"Bearer {announced['token']}"}
        with httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30) as http:
            return [http.get(f"/admin/orders/{row['id']}").json() for row in http.get("/admin/orders").json()]


Launch = Callable[..., Process]


@pytest.fixture
def launch(home: str, tmp_path: Path) -> Iterator[Launch]:
    """Starts ``adapter serve`` on this test's data folder with the given environment; whatever runs at the end is killed."""
    started: list[Process] = []

    def start(environment: Mapping[str, str], home: str = home) -> Process:
        variables = {"ADAPTER_PR_ENDPOINT": f"http://127.0.0.1:{closed_port()}/", **environment}
        variables = {**passwords({}), **dict.fromkeys(VARIABLES.values(), variables["ADAPTER_PR_ENDPOINT"]), **variables}
        process = Process(home, tmp_path / "data", variables)
        started.append(process)
        return process.start()

    yield start
    for process in started:
        if process.child.poll() is None:
            process.end(signal.SIGKILL)
        process.child.stdout.close()


class Twin(LoopThread):
    """The SLBOS simulator on a thread of its own, so that it outlives every service under test."""

    def __init__(self) -> None:
        super().__init__()
        self.simulator = slbos()
        self.url = self.run(self.simulator.start())

    def close(self) -> None:
        self.run(self.simulator.stop())
        super().close()

    def asked(self, operation: str, times: int = 1) -> None:
        """Waits until the operation has been called so often."""
        calls = self.simulator.requests
        self.run(until(lambda: sum(call["operation"] == operation for call in calls()) >= times, f"call {times} of {operation}"))

    def booked(self, order: Mapping[str, Any]) -> int:
        return self.simulator.bookings()["bookings"].get(order["externalId"], {"count": 0})["count"]


@pytest.fixture
def twin() -> Iterator[Twin]:
    with Twin() as started:
        yield started


@pytest.fixture
def order() -> dict[str, Any]:
    """A documented order with a number of its own."""
    return pr_order()
