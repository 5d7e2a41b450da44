"""A provider change as both buyers see it: the service with the supplier's simulator, and one listener for each buyer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from adapter.cli.hosting import hosted, to_this_machine
from adapter.settings import Home, load_settings
from simulators.http_server import HttpReply, HttpRequest, HttpServer
from simulators.registry import CALLING
from simulators.scenario import read_yaml
from simulators.spri import spri
from simulators.spri.server import HERE, SpriSimulator
from tests.service_kit import ROOT, warm

BASE = "/tmf-api/productOrderingManagement/v4"
AUF, AB = "demo-agauf", "demo-agab"
CATEGORY = "event.productOrder.category=terminationProviderChange"
VA_ID = "DEU.VFD.V012345678"
SECONDS = 20.0


@dataclass
class Heard:
    """What one listener was told, in the order of arrival. ``wait`` blocks until it holds something."""

    events: list[dict[str, Any]] = field(default_factory=list)
    told: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, holds: Callable[[list[dict[str, Any]]], Any], seconds: float = SECONDS) -> Any:
        """What ``holds`` gives for the events, as soon as that is something. Fails with what was heard."""
        with self.told:
            found = self.told.wait_for(lambda: holds(self.events), seconds)
        assert found, f"not heard within {seconds} s; heard: {json.dumps([brief(event) for event in self.events], indent=1)}"
        return found

    def add(self, event: dict[str, Any]) -> None:
        with self.told:
            self.events.append(event)
            self.told.notify_all()

    def of(self, order: str) -> list[str]:
        """The events about an order and its tasks, each in brief."""
        return [brief(event) for event in list(self.events) if subject(event) == order]


def document(event: Mapping[str, Any]) -> dict[str, Any]:
    """The resource that an event shows."""
    return next(iter(event["event"].values()))


def subject(event: Mapping[str, Any]) -> str:
    """The order that an event is about, a task's too."""
    shown = document(event)
    return str(shown.get("productOrder", shown)["id"])


def brief(event: Mapping[str, Any]) -> str:
    """``StateChange(rejected)``, ``AttributeValueChange(providerChangeInfo)`` with the members in alphabetic order; of tasks with
    their name before it."""
    name, shown = event["eventType"].removesuffix("Event").removeprefix("ProductOrder"), document(event)
    if name.endswith(("StateChange", "Create")):
        return f"{name}({shown.get('state')})"
    return f"{name}({','.join(sorted(event.get('fieldPath', '').split(',')))})"


@dataclass
class World:
    """A running service, its supplier, and the two buyers. ``auf`` buys the new line, ``ab`` the old one."""

    http: httpx.Client
    supplier: SpriSimulator
    listeners: dict[str, Heard]
    root: str
    loop: asyncio.AbstractEventLoop

    @property
    def auf(self) -> Heard:
        return self.listeners[AUF]

    @property
    def ab(self) -> Heard:
        return self.listeners[AB]

    def send(self, method: str, path: str, body: Any = None, who: str = AUF, **headers: str) -> httpx.Response:
        sent = {"client-id": who, "client-secret": "demo-secret", **headers}
        return self.http.request(method, f"{BASE}{path}", json=body, headers=sent)

    def listen(self, who: str, query: str = "") -> httpx.Response:
        body = {"callback": f"{self.root}/{who}", **({"query": query} if query else {})}
        return self.send("POST", "/hub", body, who)

    def place(self, word: str = "A", **members: Any) -> dict[str, Any]:
        """The new line's buyer orders; the answer of the 201."""
        placed = self.send("POST", "/productOrder", order(word, **members))
        assert placed.status_code == 201, placed.text
        return placed.json()

    def asked(self, number: str) -> dict[str, Any]:
        """The old line's order of a provider change, when its buyer is asked for its answer: as the event shows it."""

        def question(events: list[dict[str, Any]]) -> Any:
            shown = [document(event) for event in events if event["eventType"] == "ProductOrderInformationRequiredEvent"]
            return next((one for one in shown if one["id"] == number), None)

        return self.ab.wait(question)

    def answer(self, number: str, approval: Any, **members: Any) -> httpx.Response:
        body = {"productOrder": {"id": number}, "approval": approval, **members}
        return self.send("POST", "/respondProviderChange", {name: value for name, value in body.items() if value is not None}, AB)

    def until(self, heard: Heard, order_id: str, last: str, times: int = 1) -> list[str]:
        """All that was heard of an order up to ``last`` (in brief, or the beginning of it)."""

        def there(events: list[dict[str, Any]]) -> Any:
            told = [brief(event) for event in events if subject(event) == order_id]
            return told if sum(one.startswith(last) for one in told) >= times else None

        return heard.wait(there)

    def told(self, kind: str, number: str = "") -> dict[str, Any]:
        """The supplier's message of this type about an order, when it was acknowledged or refused."""
        return asyncio.run_coroutine_threadsafe(self.supplier.told(kind, number), self.loop).result(SECONDS)

    def supplier_text(self, code: str) -> str:
        """What the supplier says to a code."""
        return str(read_yaml(HERE / "scenarios.yaml")["codes"][code])

    def shown(self, number: str, who: str = AUF) -> dict[str, Any]:
        found = self.send("GET", f"/productOrder/{number}", who=who)
        assert found.status_code == 200, found.text
        return found.json()


def order(word: str = "A", **members: Any) -> dict[str, Any]:
    """A provider change in the spelling of the source. ``word`` chooses the supplier's course."""
    base = {
        "externalId": f"{word}-{uuid.uuid4().hex[:12]}",
        "category": "providerChange",
        "orderPostedDate": "2031-05-02T09:00:00+01:00",
        "requestedCompletionDate": "2031-05-20T00:00:00+01:00",
        "agreement": [{"agreementType": "preAgreement", "businessId": VA_ID}],
        "relatedParty": [
            {
                "role": "orderManagementBuyerContact",
                "givenName": "Max",
                "familyName": "Muster",
                "contactMedium": [
                    {"mediumType": "PhoneContactMedium", "characteristic": {"contactType": "fixed", "phoneNumber": "030/123456"}}
                ],
            }
        ],
        "productOrderItem": [
            {
                "id": "1",
                "action": "add",
                "accessLineId": "DEU.DTAG.FTYLIQ7PTF",
                "productOffering": {"id": "FTTH-1000"},
                "product": {"realizingResource": [{"id": "H", "@referredType": "homeId", "value": "HOME-1"}]},
            }
        ],
    }
    return {name: value for name, value in (base | members).items() if value is not None}


@contextlib.contextmanager
def world(
    data: Path, speed: float = 500.0, listen: bool = True, home: Path = ROOT, environment: Mapping[str, str] | None = None
) -> Iterator[World]:
    """Starts everything on free ports, and ends it with the block."""
    started = _Started(data, speed, home, environment or {})
    thread = threading.Thread(target=started.run, daemon=True)
    thread.start()
    assert started.ready.wait(60), "the service did not start within 60 seconds"
    if started.failed is not None:
        raise started.failed
    try:
        with httpx.Client(base_url=started.url, timeout=30, trust_env=False) as http:
            running = World(http, started.supplier, started.listeners, started.root, started.loop)
            if listen:
                for who, query in ((AUF, ""), (AB, "")):
                    assert running.listen(who, query).status_code == 201
            yield running
    finally:
        started.loop.call_soon_threadsafe(started.stop.set)
        thread.join(60)
        assert not thread.is_alive(), "the service did not stop within 60 seconds"


class _Started:
    def __init__(self, data: Path, speed: float, home: Path, environment: Mapping[str, str]) -> None:
        self.data, self.speed, self.home, self.environment = data, speed, home, environment
        self.ready = threading.Event()
        self.failed: BaseException | None = None
        self.listeners = {AUF: Heard(), AB: Heard()}

    def run(self) -> None:
        with contextlib.suppress(BaseException):  # it is in self.failed, for the thread that waits
            asyncio.run(self._serve())

    async def _serve(self) -> None:
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with contextlib.AsyncExitStack() as stack:
                self.supplier = await stack.enter_async_context(spri(speed=self.speed))
                environment = {
                    "ADAPTER_HOME": str(self.home),
                    "ADAPTER_DATA": str(self.data),
                    "ADAPTER_DE_ENDPOINT": self.supplier.url,
                    "ADAPTER_DE_INBOUND_PASSWORD": "supplier-secret",
                    **self.environment,
                }
                home = Home.find(environment)
                declared = load_settings(home, environment)
                callbacks = to_this_machine(declared.callbacks).model_copy(update={"signing": "optional"})
                alone = {"markets": ("de",), "faces": ("tmf",), "clients": self._clients(home.path(declared.clients))}
                settings = declared.model_copy(update={**alone, "callbacks": callbacks})
                warm(settings.contract_cache)
                running = await stack.enter_async_context(hosted(home, settings, environment=environment))
                calling = CALLING["spri"]
                self.supplier.tells(f"{running.url}{calling.path}", calling.headers(environment))
                self.url = running.url
                server = HttpServer(self._told)
                self.root = f"http://127.0.0.1:{await server.start('127.0.0.1', 0)}"
                stack.push_async_callback(server.stop)
                self.ready.set()
                await self.stop.wait()
        except BaseException as error:
            self.failed = error
            raise
        finally:
            self.ready.set()

    def _clients(self, declared: Path) -> Path:
        """The two buyers, as they are declared, in a file of their own: the others' markets are not served here."""
        everybody = yaml.safe_load(declared.read_text(encoding="utf-8"))["clients"]
        self.data.mkdir(parents=True, exist_ok=True)
        own = self.data / "clients.yaml"
        nobody = everybody["demo-open"] | {"faces": ["tmf"], "markets": ["de"], "market": "de", "operations": []}  # the face names it
        kept = {who: everybody[who] for who in (AUF, AB)} | {"demo-open": nobody}
        own.write_text(yaml.safe_dump({"clients": kept}), encoding="utf-8")
        return own

    def _told(self, request: HttpRequest) -> HttpReply:
        self.listeners[request.path.strip("/")].add(json.loads(request.body))
        return HttpReply(status=201)
