"""A provider change as both buyers see it: the service with the supplier's simulator, and one listener for each buyer."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from adapter.cli.hosting import hosted, to_this_machine
from adapter.settings import Home, load_settings
from simulators.registry import CALLING
from simulators.scenario import read_yaml
from simulators.spri import spri
from simulators.spri.server import HERE, SpriSimulator
from tests.listener_kit import Event, Heard, listener, resource_of
from tests.loop_kit import LoopThread
from tests.service_kit import ROOT, warm

BASE = "/tmf-api/productOrderingManagement/v4"
AUF, AB = "demo-agauf", "demo-agab"
CATEGORY = "event.productOrder.category=terminationProviderChange"
VA_ID = "DEU.VFD.V012345678"


def subject(event: Event) -> str:
    """The order that an event is about, a task's too."""
    shown = resource_of(event)
    return str(shown.get("productOrder", shown)["id"])


def brief(event: Event) -> str:
    """``StateChange(rejected)``, ``AttributeValueChange(providerChangeInfo)`` with the members in alphabetic order; of tasks with
    their name before it."""
    name, shown = event["eventType"].removesuffix("Event").removeprefix("ProductOrder"), resource_of(event)
    if name.endswith(("StateChange", "Create")):
        return f"{name}({shown.get('state')})"
    return f"{name}({','.join(sorted(event.get('fieldPath', '').split(',')))})"


class Buyer(Heard):
    """What one of the two buyers heard."""

    def of(self, order: str) -> list[str]:
        """The events about an order and its tasks, each in brief."""
        return [brief(event) for event in list(self.events) if subject(event) == order]


@dataclass
class World:
    """A running service, its supplier, and the two buyers. ``auf`` buys the new line, ``ab`` the old one."""

    http: httpx.Client
    supplier: SpriSimulator
    listeners: dict[str, Buyer]
    root: str
    thread: LoopThread

    @property
    def auf(self) -> Buyer:
        return self.listeners[AUF]

    @property
    def ab(self) -> Buyer:
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

        def question(events: list[Event]) -> Any:
            shown = [resource_of(event) for event in events if event["eventType"] == "ProductOrderInformationRequiredEvent"]
            return next((one for one in shown if one["id"] == number), None)

        return self.ab.wait(question)

    def answer(self, number: str, approval: Any, **members: Any) -> httpx.Response:
        body = {"productOrder": {"id": number}, "approval": approval, **members}
        return self.send("POST", "/respondProviderChange", {name: value for name, value in body.items() if value is not None}, AB)

    def until(self, heard: Buyer, order_id: str, last: str, times: int = 1) -> list[str]:
        """All that was heard of an order up to ``last`` (in brief, or the beginning of it)."""

        def there(_: list[Event]) -> Any:
            told = heard.of(order_id)
            return told if sum(one.startswith(last) for one in told) >= times else None

        return heard.wait(there)

    def told(self, kind: str, number: str = "") -> dict[str, Any]:
        """The supplier's message of this type about an order, when it was acknowledged or refused."""
        return self.thread.run(self.supplier.told(kind, number))

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
    with contextlib.ExitStack() as stack:
        thread = stack.enter_context(LoopThread())
        served = stack.enter_context(thread.holding(_served(data, speed, home, environment or {})))
        http = stack.enter_context(httpx.Client(base_url=served.url, timeout=30, trust_env=False))
        running = World(http, served.supplier, served.listeners, served.root, thread)
        for who in (AUF, AB) if listen else ():
            assert running.listen(who).status_code == 201
        yield running


@dataclass
class _Served:
    url: str
    supplier: SpriSimulator
    listeners: dict[str, Buyer]
    root: str


@contextlib.asynccontextmanager
async def _served(data: Path, speed: float, home_folder: Path, more: Mapping[str, str]) -> AsyncIterator[_Served]:
    listeners = {AUF: Buyer(), AB: Buyer()}
    async with spri(speed=speed) as supplier, listener(lambda request: listeners[request.path.strip("/")].hear(request)) as root:
        environment = {
            "ADAPTER_HOME": str(home_folder),
            "ADAPTER_DATA": str(data),
            "ADAPTER_DE_ENDPOINT": supplier.url,
            "ADAPTER_DE_INBOUND_PASSWORD": "supplier-secret",
            "ADAPTER_LAB_ENDPOINT": "http://127.0.0.1:9/",  # the face names this market, where a client has none of its own
            **more,
        }
        home = Home.find(environment)
        declared = load_settings(home, environment)
        callbacks = to_this_machine(declared.callbacks).model_copy(update={"signing": "optional"})
        alone = {"markets": ("de", "lab"), "faces": ("tmf",), "clients": _clients(data, home.path(declared.clients))}
        settings = declared.model_copy(update={**alone, "callbacks": callbacks})
        warm(settings.contract_cache)
        async with hosted(home, settings, environment=environment) as host:
            calling = CALLING["spri"]
            supplier.tells(f"{host.url}{calling.path}", calling.headers(environment))
            yield _Served(host.url, supplier, listeners, root)


def _clients(data: Path, declared: Path) -> Path:
    """The two buyers, as they are declared, in a file of their own: the others' markets are not served here."""
    everybody = yaml.safe_load(declared.read_text(encoding="utf-8"))["clients"]
    data.mkdir(parents=True, exist_ok=True)
    own = data / "clients.yaml"
    nobody = everybody["demo-open"] | {"faces": ["tmf"], "markets": ["de"], "market": "de", "operations": []}  # the face names it
    kept = {who: everybody[who] for who in (AUF, AB)} | {"demo-open": nobody}
    own.write_text(yaml.safe_dump({"clients": kept}), encoding="utf-8")
    return own
