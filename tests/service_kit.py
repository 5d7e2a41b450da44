"""The whole service with its simulators, as a user runs it, in a thread of this process so that coverage sees it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import shutil
import socket
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from lxml import etree

from adapter.cli.hosting import Hosted, hosted
from adapter.contract.wsdl import load_contract
from adapter.settings import Home, load_settings
from simulators.registry import SIMULATORS, VARIABLES, passwords
from simulators.soap_server import Simulator
from tests.loop_kit import LoopThread

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "tests" / "samples" / "pr"
LISTS = frozenset({"party", "remark", "line", "attribute", "message"})


@dataclass(frozen=True)
class BackendCall:
    """One request as a simulated backend received it."""

    number: int
    operation: str
    headers: dict[str, str]
    envelope: str

    @property
    def document(self) -> dict[str, Any]:
        """What the SOAP body says: members by local name, lists where the backend takes several, text as it stands."""
        body = etree.fromstring(self.envelope.encode()).find("{*}Body")
        return _members(body[0])

    @property
    def order(self) -> dict[str, Any]:
        """The order of an UpdateOrderDetail."""
        return self.document["order"]


@dataclass
class Running:
    """A running service and its backends' addresses."""

    url: str
    simulators: dict[str, str]
    data: Path
    hosted: Hosted
    loop: asyncio.AbstractEventLoop
    http: httpx.Client
    backends: dict[str, Simulator]

    @property
    def slbos(self) -> Simulator:
        """The backend itself, for ``once``."""
        return self.backends["slbos"]

    def place(
        self,
        order: Mapping[str, Any] | bytes,
        *,
        market: str = "PR",
        correlation: str | None = None,
        without: tuple[str, ...] = (),
        **headers: str,
    ) -> httpx.Response:
        """POSTs an order to the hybris face, with the documented headers."""
        sent = self.headers(correlation) | headers
        for name in without:
            sent.pop(name, None)
        body = order if isinstance(order, bytes) else json.dumps(order).encode()
        return self.http.post(f"/ecom-ux/v1/{market}/productOrder", content=body, headers=sent)

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
        return self._ask("slbos", "/bookings")

    def envelopes(self) -> list[str]:
        """The raw requests the SLBOS simulator has seen, oldest first."""
        return [call.envelope for call in self.calls()]

    def calls(self, backend: str = "slbos") -> list[BackendCall]:
        """The requests a simulator has seen, oldest first; the last 200 of them."""
        return [BackendCall(**call) for call in self._ask(backend, "/requests")]

    @contextlib.contextmanager
    def listening(self, backend: str = "slbos") -> Iterator[list[BackendCall]]:
        """Fills the list with the calls that a backend got within the block, when the block is over."""
        before = max((call.number for call in self.calls(backend)), default=0)
        heard: list[BackendCall] = []
        yield heard
        heard += [call for call in self.calls(backend) if call.number > before]

    def _ask(self, backend: str, path: str) -> Any:
        return self.http.get(self.backends[backend].root + path).json()


@contextlib.contextmanager
def running(data: Path, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """The service on free ports with its record in ``data``.

    ``environment`` goes before what the simulators say about their addresses; ``ADAPTER_HOME`` in it names another home.
    """
    with contextlib.ExitStack() as stack:
        thread = stack.enter_context(LoopThread())
        host, backends = stack.enter_context(thread.holding(_served(data, environment or {})))
        client = stack.enter_context(httpx.Client(base_url=host.url, timeout=30, trust_env=False))
        urls = {name: simulator.url for name, simulator in backends.items()}
        yield Running(host.url, urls, data, host, thread.loop, client, backends)


@contextlib.asynccontextmanager
async def _served(data: Path, environment: Mapping[str, str]) -> AsyncIterator[tuple[Hosted, dict[str, Any]]]:
    async with contextlib.AsyncExitStack() as stack:
        backends = {name: await stack.enter_async_context(make()) for name, make in SIMULATORS.items()}
        found = {**passwords({}), **{VARIABLES[name]: simulator.url for name, simulator in backends.items()}}
        seldom = {f"ADAPTER_{market}_POLL": "3600" for market in ("PR", "JM", "PA", "LAB")}  # tests that count calls want no others
        variables = {"ADAPTER_HOME": str(ROOT), "ADAPTER_DATA": str(data), **seldom, **found, **environment}
        home = Home.find(variables)
        settings = load_settings(home, variables)
        settings.data.mkdir(parents=True, exist_ok=True)
        warm(settings.contract_cache)
        yield await stack.enter_async_context(hosted(home, settings, environment=variables)), backends


def warm(cache: Path) -> None:
    """Gives a service the compiled contracts and rules of this checkout, and its own to those after it; a start without them is another
    test's subject."""
    if not cache.exists():
        compiled = _compiled()
        with contextlib.suppress(OSError):  # a cache that cannot be had costs time only
            cache.parent.mkdir(parents=True, exist_ok=True)
            cache.symlink_to(compiled)


@functools.cache
def _compiled() -> Path:
    """The folder with the compiled contracts of this checkout."""
    folder = ROOT / "var" / "contracts"
    for wsdl in ROOT.glob("mappings/*/schema/*.wsdl"):
        load_contract(wsdl, folder)
    return folder


def home_with(folder: Path, changes: Mapping[str, tuple[str, str]]) -> str:
    """A home of its own in ``folder``, for ADAPTER_HOME: by file, a text in it and what stands there instead."""
    for part in ("config", "mappings"):
        shutil.copytree(ROOT / part, folder / part)
    for file, (old, new) in changes.items():
        text = (folder / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file} holds {old!r} {text.count(old)} times"
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return str(folder)


def closed_port() -> int:
    """A port of the loopback on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def sample(name: str) -> dict[str, Any]:
    """One of the documented bodies."""
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def _members(element: etree._Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in element:
        name = etree.QName(child).localname
        value = _members(child) if len(child) else child.text or ""
        if name in LISTS:
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


def pr_order(name: str = "technician", house: str = "", notes: Mapping[str, str | None] | None = None, **changed: Any) -> dict[str, Any]:
    """A documented order as one of its own: another temporary id, and what is named changed. A note or member that is None is left out."""
    order = sample(f"{name}.request.json") | {"externalId": f"{uuid.uuid4().int % 10**16:016d}"}
    if house:
        order["serviceAddress"] = {"addrNo": house}
    for kind, text in (notes or {}).items():
        order["note"] = [note for note in order["note"] if note["@type"] != kind]
        if text is not None:
            order["note"].append({"text": text, "@type": kind})
    order |= changed
    return {name: value for name, value in order.items() if value is not None}


def pr_item(code: str, service: str | None = None, kind: str = "AddOnProduct", package: str = "") -> dict[str, Any]:
    """One item as the documents write them; ``service`` is its ServiceType, ``package`` the package it belongs to."""
    product: dict[str, Any] = {"id": code, "isBundle": kind == "Package", "@type": "Product"}
    if service is not None:
        product["productCharacteristic"] = [{"name": "ServiceType", "valueType": "string", "value": service}]
    return {"id": package or code, "quantity": 1, "action": "add", "product": product, "@type": kind}
