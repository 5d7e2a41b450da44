"""The parts of a running service without its HTTP server, in the loop of the test, with the simulators beside it."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter import clock
from adapter.bootstrap import Service, open_service
from adapter.contract.json_bytes import write_json
from adapter.pipeline import Pipeline
from adapter.ports import Message
from adapter.settings import Home, load_settings
from adapter.store import AttemptRow, OrderQuery, OrderRow, Store
from simulators.registry import SIMULATORS, VARIABLES, passwords
from simulators.soap_server import Simulator
from tests.service_kit import pr_order, warm
from tests.waiting import until


@dataclass
class Opened:
    """A service that takes messages as its faces would hand them over."""

    service: Service
    backends: dict[str, Simulator]

    @property
    def pipeline(self) -> Pipeline:
        return self.service.pipeline

    @property
    def store(self) -> Store:
        return self.service.pipeline.store

    @property
    def slbos(self) -> Simulator:
        return self.backends["slbos"]

    async def only_order(self) -> tuple[OrderRow, list[AttemptRow]]:
        """The one order on record, with its attempts."""
        [order] = await self.store.orders(OrderQuery())
        return order, await self.store.attempts(order.id)

    async def recorded(self) -> None:
        """Waits until the first order is on record."""
        await until(lambda: self.store.orders(OrderQuery()), "an order on record")

    async def called(self, times: int = 1) -> None:
        """Waits until the backend has been called so often."""
        await until(lambda: len(self.slbos.requests()) >= times, f"call {times} of the backend")


def message(body: Mapping[str, Any] | None = None, **changed: Any) -> Message:
    """An order as the hybris face hands it over."""
    document = dict(pr_order() if body is None else body)
    correlation = changed.pop("correlation", str(uuid.uuid4()))
    values: dict[str, Any] = {
        "face": "hybris",
        "client": "demo-channel",
        "market": "pr",
        "operation": "productOrder.create",
        "correlation_id": correlation,
        "body": document,
        "raw": write_json(document),
        "header": {"X-Conversation-Id": "QAHA017633E52B68CF0000", "lob": "FIXED", "channelId": "ECOM", "correlationId": correlation},
        "query": {},
        "path": {"businessId": "PR"},
        "received_at": clock.now(),
        "key": f"correlationId:{correlation}",
    }
    return Message(**(values | changed))


@contextlib.asynccontextmanager
async def opened(data: Path, home: Path | str, backends: dict[str, Simulator] | None = None, **environment: str) -> AsyncIterator[Opened]:
    """Opens the service in ``data``. Given ``backends`` are running and stay so; else all simulators are started and ended with it."""
    async with contextlib.AsyncExitStack() as stack:
        if backends is None:
            backends = {name: await stack.enter_async_context(make()) for name, make in SIMULATORS.items()}
        nowhere = dict.fromkeys(VARIABLES.values(), "http://127.0.0.1:9/")
        found = {VARIABLES[name]: twin.url for name, twin in backends.items()}
        variables = {"ADAPTER_DATA": str(data), **passwords({}), **nowhere, **found, **environment}
        declared = Home(Path(home))
        settings = load_settings(declared, variables)
        settings.data.mkdir(parents=True, exist_ok=True)
        warm(settings.contract_cache)
        service = await stack.enter_async_context(
            open_service(declared, settings, environment=variables, base_url="", loopback=True, admin_token="token")
        )
        yield Opened(service, backends)


def run(data: Path, home: Path | str, scenario: Callable[[Opened], Awaitable[Any]]) -> Any:
    """Runs ``scenario(opened)`` on a service of its own, with all simulators."""

    async def inside() -> Any:
        async with opened(data, home) as service:
            return await scenario(service)

    return asyncio.run(inside())
