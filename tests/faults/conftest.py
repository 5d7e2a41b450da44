"""Services with limits of their own, as threads of this process or as processes that can be killed."""

from __future__ import annotations

import json
import os
import re
import shutil
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

from tests.service_kit import ROOT, closed_port, home_with, pr_order

COMMAND = Path(sys.executable).parent / "adapter"
HYBRIS, TMF = "/ecom-ux/v1/PR/productOrder", "/tmf-api/productOrderingManagement/v4/productOrder"
HEADERS = {
    "client-id": "demo-channel",
    "client-secret": "demo-secret",
    "lob": "FIXED",
    "channelId": "ECOM",
    "X-Conversation-Id": "QAHA017633E52B68CF0000",
}
INSIDE = re.compile(r"Traceback|File \"|\.py\b|/work/|/home/|/tmp/|site-packages|\badapter\.|connectors\.|demo-secret|sqlite|lxml|scrypt")


def impatient(folder: Path, *, total: float = 0.6, settle: float = 0.2, changes: Mapping[str, tuple[str, str]] | None = None) -> str:
    """A home whose markets wait for a fraction of the usual time."""
    home = home_with(folder, dict(changes or {}))
    for market in ("pr", "lab"):
        file = folder / "config" / "markets" / f"{market}.yaml"
        text = file.read_text(encoding="utf-8")
        for old, new in (("  total: 8\n", f"  total: {total}\n"), ("    settle: 1\n", f"    settle: {settle}\n")):
            assert text.count(old) == 1, f"{file} holds {old!r} {text.count(old)} times"
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
    if (ROOT / "var" / "contracts").is_dir():  # a start from nothing is another test's subject
        shutil.copytree(ROOT / "var" / "contracts", folder / "var" / "contracts")
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
        variables = {**os.environ, "ADAPTER_HOME": self.home, "ADAPTER_DATA": str(self.data), **self.environment}
        self.child = subprocess.Popen(
            [COMMAND, "serve", "--port", "0"], env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._listening, self.url = threading.Event(), ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._listening.wait(60)
        assert self.url, "".join(self.lines)
        return self

    def _read(self) -> None:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            self.lines.append(line)
            if line.startswith("adapter listens on "):
                self.url = line.split()[-1]
                self._listening.set()
        self._listening.set()

    def end(self, number: int) -> int:
        """Sends the signal and returns the exit code."""
        self.child.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        code = self.child.wait(60)
        self._reader.join(10)
        return code

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The log lines of one event, so far."""
        found = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [line for line in found if line.get("event") == event]

    def order(self, identifier: str) -> dict[str, Any]:
        """One order's way, as ``adapter orders`` asks for it."""
        announced = json.loads((self.data / "service.json").read_bytes())
        reply = httpx.get(
            f"{self.url}/admin/orders/{identifier}", headers={"Authorization": f"Bearer {announced['token']}"}, trust_env=False
        )
        assert reply.status_code == 200, reply.text
        return reply.json()

    def orders(self) -> list[dict[str, Any]]:
        announced = json.loads((self.data / "service.json").read_bytes())
        headers = {"Authorization": f"Bearer {announced['token']}"}
        rows = httpx.get(f"{self.url}/admin/orders", headers=headers, trust_env=False).json()
        return [self.order(row["id"]) for row in rows]


Launch = Callable[..., Process]


@pytest.fixture
def launch(home: str, tmp_path: Path) -> Iterator[Launch]:
    """Starts ``adapter serve`` on this test's data folder with the given environment; whatever runs at the end is killed."""
    started: list[Process] = []

    def start(environment: Mapping[str, str], home: str = home) -> Process:
        variables = {"ADAPTER_PR_ENDPOINT": f"http://127.0.0.1:{closed_port()}/", **environment}
        variables.setdefault("ADAPTER_LAB_ENDPOINT", variables["ADAPTER_PR_ENDPOINT"])
        process = Process(home, tmp_path / "data", variables)
        started.append(process)
        return process.start()

    yield start
    for process in started:
        if process.child.poll() is None:
            process.end(signal.SIGKILL)
        process.child.stdout.close()


@pytest.fixture
def order() -> dict[str, Any]:
    """A documented order with a number of its own."""
    return pr_order()
