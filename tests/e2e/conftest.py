"""The whole service with its simulators, as a user runs it, in a thread of this process so that coverage sees it."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.cli.hosting import Hosted, hosted
from adapter.settings import Home, load_settings

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "samples" / "pr"


@dataclass
class Running:
    """A running service and its backends' addresses."""

    url: str
    simulators: dict[str, str]
    data: Path
    hosted: Hosted
    loop: asyncio.AbstractEventLoop
    http: httpx.Client

    def place(self, order: dict[str, Any] | bytes, *, correlation: str | None = None, without: tuple[str, ...] = (), **headers: str) -> httpx.Response:
        """POSTs an order to the hybris face, with the documented headers."""
        sent = self.headers(correlation) | headers
        for name in without:
            sent.pop(name, None)
        body = order if isinstance(order, bytes) else json.dumps(order).encode()
        return self.http.post("/ecom-ux/v1/PR/productOrder", content=body, headers=sent)

    def headers(self, correlation: str | None = None) -> dict[str, str]:
        return {
            "client-id": "demo-channel",
            "client-secret": "demo-secret",
            "correlationId": correlation or str(uuid.uuid4()),
            "lob": "FIXED",
            "channelId": "ECOM",
            "X-Conversation-Id": "QAHA017633E52B68CF0000",
            "content-type": "application/json",
        }

    def bookings(self) -> dict[str, Any]:
        """What the SLBOS simulator has booked, by temporary order id."""
        return httpx.get(self.simulators["slbos"].split("/slbos")[0] + "/bookings", trust_env=False).json()

    def envelopes(self) -> list[str]:
        """The raw requests the SLBOS simulator has seen, oldest first."""
        return httpx.get(self.simulators["slbos"].split("/slbos")[0] + "/requests", trust_env=False).json()


def sample(name: str) -> dict[str, Any]:
    """One of the documented bodies."""
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for all end-to-end tests that need no settings of their own."""
    with running(tmp_path_factory.mktemp("adapter")) as started:
        yield started


class running:  # noqa: N801 - used as a context manager
    """Starts the service on free ports with its record in ``data``."""

    def __init__(self, data: Path, environment: dict[str, str] | None = None) -> None:
        self.data = data
        self.environment = environment or {}
        self.ready = threading.Event()
        self.failed: BaseException | None = None

    def __enter__(self) -> Running:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        assert self.ready.wait(60), "the service did not start within 60 seconds"
        if self.failed:
            raise self.failed
        client = httpx.Client(base_url=self.host.url, timeout=30, trust_env=False)
        self.started = Running(self.host.url, dict(self.host.simulators), self.data, self.host, self.loop, client)
        return self.started

    def __exit__(self, *_: object) -> None:
        self.started.http.close()
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(60)
        assert not self.thread.is_alive(), "the service did not stop within 60 seconds"

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            environment = {"ADAPTER_DATA": str(self.data), **self.environment}
            home = Home(ROOT)
            settings = load_settings(home, environment)
            settings.data.mkdir(parents=True, exist_ok=True)
            async with hosted(home, settings, simulators=True, environment=environment) as self.host:
                self.ready.set()
                await self.stop.wait()
        except BaseException as error:
            self.failed = error
            raise
        finally:
            self.ready.set()
