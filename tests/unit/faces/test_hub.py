"""Listeners at the TMF face, over the real subscriptions and a real record; only names are not looked up for real."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from prometheus_client import CollectorRegistry

from adapter.contract.tmf import resource
from adapter.errors import ConfigError, InvalidMessage
from adapter.faces.app import create_app
from adapter.faces.authentication import hash_secret
from adapter.faces.clients import Clients
from adapter.faces.declaration import Face, load_face
from adapter.faces.events import EventWriter
from adapter.faces.rendering import Renderer
from adapter.settings import Callbacks
from adapter.store import Store, listening
from adapter.store.outbox import EventRow
from adapter.wire.address import AddressPolicy
from adapter.work.subscriptions import Subscriptions

ROOT = Path(__file__).parents[3]
BASE = "/tmf-api/productOrderingManagement/v4"
HUB = f"{BASE}/hub"
START = 1_673_441_112_028
WISH = {"callback": "https://hooks.example.com/orders", "query": "eventType=ProductOrderStateChangeEvent"}
SECRET = hash_secret("shop-secret")
NAMES = {"hooks.example.com": "93.184.216.34", "inside.example.com": "10.1.2.3", "10.1.2.3": "10.1.2.3"}
SETTINGS = Callbacks(hosts=("*.example.com", "10.1.2.3"), listeners=3)


async def lookup(host: str, port: int) -> Sequence[Any]:
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (NAMES[host], port))]


def schemas(view: str, name: str, form: str) -> Any:
    found = resource(name)
    return found.create_schema if form == "create" else found.full_schema


def tmf() -> Face:
    return load_face(ROOT / "config" / "faces" / "tmf.yaml")


def client(identity: str, **more: Any) -> dict[str, Any]:
    return {"secret": SECRET, "markets": ["lab", "pr"], "market": "lab", "operations": ["hub.*"], **more}


@dataclass
class Talk:
    http: httpx.AsyncClient
    store: Store
    hub: Subscriptions

    async def post(self, body: Any = None, who: str = "shop", **headers: str) -> httpx.Response:
        signed = {"client-id": who, "client-secret": "shop-secret", **headers}
        return await self.http.post(HUB, json=WISH if body is None else body, headers=signed)

    async def ask(self, method: str, path: str, who: str = "shop") -> httpx.Response:
        return await self.http.request(method, path, headers={"client-id": who, "client-secret": "shop-secret"})


@pytest.fixture
def talk(tmp_path: Path) -> Callable[..., Any]:
    """Runs a conversation with the face."""

    def run(scenario: Callable[[Talk], Awaitable[Any]], *, settings: Callbacks = SETTINGS, served: bool = True, base_url: str = "") -> Any:
        async def main() -> Any:
            store = await Store.open(f"sqlite:///{tmp_path}/record.db", clock=lambda: START)
            names = {"shop": client("shop"), "rival": client("rival"), "guest": client("guest", operations=["productOrder.*"])}
            keys = {"shop": (b"0123456789abcdef",), "rival": (b"0123456789abcdef",)}
            policy = AddressPolicy(settings.hosts, settings.networks, http=settings.http, lookup=lookup)
            hub = Subscriptions(store, policy, keys, settings)
            clients = Clients.model_validate({"clients": {**names, "demo-open": {**client("demo-open"), "secret": ""}}})
            app = create_app(
                {"tmf": Renderer(tmf(), base_url)},
                clients,
                None,  # type: ignore[arg-type] # listeners are none of the order service's business
                schemas,
                None,  # type: ignore[arg-type]
                loopback=True,
                registry=CollectorRegistry(),
                hub=hub if served else None,
                now=lambda: START,
            )
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
                try:
                    return await scenario(Talk(http, store, hub))
                finally:
                    await store.close()

        return asyncio.run(main())

    return run


def is_error(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert body["@type"] == "Error"
    assert body["status"] == str(status)
    return body


def test_a_listener_registers_is_seen_and_leaves(talk: Any):
    async def scenario(t: Talk) -> None:
        created = await t.post()
        assert created.status_code == 201
        body = created.json()
        assert body == {"id": body["id"], **WISH}
        assert created.headers["location"] == f"https://orders.example{HUB}/{body['id']}"
        row = await t.store.tx(listening.find_listener, body["id"])
        assert (row.face, row.client, row.market, row.created_at) == ("tmf", "shop", "lab", START)
        one = await t.ask("GET", f"{HUB}/{body['id']}")
        assert (one.status_code, one.json()) == (200, body)
        every = await t.ask("GET", HUB)
        assert (every.json(), every.headers["x-total-count"], every.headers["x-result-count"]) == ([body], "1", "1")
        gone = await t.ask("DELETE", f"{HUB}/{body['id']}")
        assert (gone.status_code, gone.content) == (204, b"")
        for method in ("DELETE", "GET"):
            is_error(await t.ask(method, f"{HUB}/{body['id']}"), 404)
        assert (await t.ask("GET", HUB)).json() == []

    talk(scenario, base_url="https://orders.example")


def test_the_same_callback_and_query_conflict_until_one_of_them_differs(talk: Any):
    async def scenario(t: Talk) -> None:
        first = (await t.post()).json()["id"]
        refused = is_error(await t.post(), 409)
        assert first in refused["message"]
        assert (await t.post({"callback": WISH["callback"]})).status_code == 201
        assert (await t.post(who="rival")).status_code == 201
        other = await t.post(**{"X-Market": "pr"})
        assert (await t.store.tx(listening.find_listener, other.json()["id"])).market == "pr"
        full = is_error(await t.post({"callback": "https://hooks.example.com/more"}), 409)
        assert "3 listeners" in full["message"]
        await t.ask("DELETE", f"{HUB}/{first}")
        assert (await t.post()).status_code == 201

    talk(scenario)


def test_what_belongs_to_another_client_is_not_there(talk: Any):
    async def scenario(t: Talk) -> None:
        mine = (await t.post()).json()["id"]
        for method in ("GET", "DELETE"):
            is_error(await t.ask(method, f"{HUB}/{mine}", who="rival"), 404)
        assert (await t.ask("GET", HUB, who="rival")).json() == []
        assert (await t.ask("GET", f"{HUB}/{mine}")).status_code == 200
        is_error(await t.post(who="guest"), 403)
        is_error(await t.ask("DELETE", f"{HUB}/{mine}", who="guest"), 403)
        assert (await t.http.post(HUB, json=WISH, headers={"client-id": "shop", "client-secret": "wrong"})).status_code == 401

    talk(scenario)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({}, "callback: is missing"),
        ({"callback": 1}, "callback"),
        ({"callback": "hooks.example.com/x"}, "callback: is not a valid http or https URL"),
        ({"callback": "http://hooks.example.com/x"}, "callback: has to begin with https://"),
        ({"callback": "https://user:pass@hooks.example.com/x"}, "callback: holds credentials"),
        ({"callback": "https://hooks.example.com/x#y"}, "callback: holds a backslash or a fragment"),
        ({"callback": "https://hooks.example.com/x y"}, "callback: holds blanks"),
        ({"callback": "https://hooks.example.org/x"}, "callback: is at a host that may not be called"),
        ({"callback": "https://example.com/x"}, "callback: is at a host that may not be called"),
        ({"callback": "https://nosuch.example.com/x"}, "callback: is at a host whose name cannot be resolved"),
        ({"callback": "https://inside.example.com/x"}, "callback: is at a host that may not be called: none of its addresses is public"),
        ({"callback": "https://10.1.2.3/x"}, "callback: is at an address that may not be called"),
        ({**WISH, "query": "eventType=OrderChanged"}, "query.eventType: 'OrderChanged' is not sent here"),
        ({**WISH, "query": "colour=red"}, "query.colour: is not an attribute"),
        ({**WISH, "query": "event.productOrder.colour=red"}, "query.event.productOrder.colour: is not an attribute"),
        ({**WISH, "query": "event.cancelOrder.id=1"}, "query.event.cancelOrder.id: is not an attribute"),
        ({**WISH, "query": "eventType.name=1"}, "query.eventType.name: is not an attribute"),
        ({**WISH, "query": "event.productOrder.id.regex=(("}, "query.event.productOrder.id: is not a regular expression"),
        ({**WISH, "query": "eventId=%ff"}, "query: The query string is not UTF-8"),
        ({**WISH, "query": "fields=eventId,colour"}, "query.fields: 'colour' is a member neither"),
        ({**WISH, "query": "x" * 2049}, "query: is longer than 2048"),
        ([WISH], "The body has to be a JSON object"),
    ],
)
def test_what_cannot_be_listened_to_is_refused_in_words(talk: Any, wish: Any, said: str):
    async def scenario(t: Talk) -> None:
        assert said in is_error(await t.post(wish), 400)["message"]
        assert await t.store.tx(listening.listeners) == []

    talk(scenario)


def test_a_declared_network_may_be_called(talk: Any):
    async def scenario(t: Talk) -> None:
        assert (await t.post({"callback": "http://inside.example.com/x"})).status_code == 201

    talk(scenario, settings=SETTINGS.model_copy(update={"networks": (ipaddress.IPv4Network("10.0.0.0/8"),), "http": True}))


def test_a_client_without_a_key_listens_only_where_signing_is_optional(talk: Any):
    async def scenario(t: Talk) -> httpx.Response:
        return await t.http.post(HUB, json=WISH)  # the open client of loopback

    assert "callbackKey" in is_error(talk(scenario), 403)["message"]
    assert talk(scenario, settings=SETTINGS.model_copy(update={"signing": "optional"})).status_code == 201


def test_without_a_deliverer_the_hub_is_not_offered(talk: Any):
    async def scenario(t: Talk) -> None:
        is_error(await t.post(), 501)
        is_error(await t.ask("DELETE", f"{HUB}/1"), 501)

    talk(scenario, served=False)


def test_the_hub_and_its_calls_are_described(talk: Any):
    async def scenario(t: Talk) -> None:
        document = (await t.http.get("/openapi/tmf.json")).json()
        schemas = document["components"]["schemas"]
        post = document["paths"]["/hub"]["post"]
        assert post["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/EventSubscriptionInput"}
        assert "Location" in post["responses"]["201"]["headers"]
        assert set(schemas["EventSubscription"]["required"]) == {"id", "callback"}
        called = post["callbacks"]["event"]["{$request.body#/callback}"]["post"]
        kinds = [one["$ref"].rsplit("/", 1)[1] for one in called["requestBody"]["content"]["application/json"]["schema"]["oneOf"]]
        assert kinds == list(tmf().events.types)
        assert {header["name"]: header["required"] for header in called["parameters"]} == {
            "webhook-id": True,
            "webhook-timestamp": True,
            "webhook-signature": False,
        }
        state = schemas["ProductOrderStateChangeEvent"]
        assert state["properties"]["event"]["properties"] == {"productOrder": {"$ref": "#/components/schemas/ProductOrder"}}
        assert state["properties"]["eventTime"] == {"type": "string", "format": "date-time"}
        assert "fieldPath" not in state["properties"]
        assert "correlationId" not in state["required"]
        assert document["paths"]["/hub"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["type"] == "array"
        assert "content" not in document["paths"]["/hub/{id}"]["delete"]["responses"]["204"]
        written = writer().write(EVENT, "")
        validator = jsonschema_rs.Draft202012Validator({"$ref": "#/components/schemas/ProductOrderStateChangeEvent", **document})
        assert [error.message for error in validator.iter_errors(json.loads(written))] == []

    talk(scenario)


# events in the words of the face

ORDER = {"id": "OM-7", "state": "completed", "externalId": "E-1", "productOrderItem": [{"id": "1", "action": "add", "state": "completed"}]}
EVENT = EventRow("01ORDER", 3, "ev-3", "ProductOrderStateChangeEvent", "lab", "", START + 500, json.dumps(ORDER).encode(), "corr-1", START)


def writer(face: Face | None = None) -> EventWriter:
    return EventWriter(Renderer(face or tmf(), "https://orders.example"), schemas)


def written(event: EventRow, query: str = "") -> Any:
    text = writer().write(event, query)
    return None if text is None else json.loads(text)


def test_an_event_is_the_envelope_around_the_order_as_the_face_shows_it():
    href = f"https://orders.example{BASE}/productOrder/OM-7"
    assert written(EVENT) == {
        "eventId": "ev-3",
        "eventTime": "2023-01-11T12:45:12.528Z",
        "eventType": "ProductOrderStateChangeEvent",
        "correlationId": "corr-1",
        "domain": "productOrdering",
        "timeOcurred": "2023-01-11T12:45:12.528Z",
        "id": "OM-7",
        "href": href,
        "title": "State of a product order or of an item changed",
        "event": {
            "productOrder": {
                **ORDER,
                "href": href,
                "orderDate": "2023-01-11T12:45:12.028Z",
                "relatedParty": [{"id": "notKnown", "role": "Customer", "@referredType": "Customer"}],
                "@type": "ProductOrder",
            }
        },
    }


def test_field_path_stands_where_the_type_has_one_and_gaps_are_left_out():
    changed = written(replace(EVENT, type="ProductOrderAttributeValueChangeEvent", field_path="note", correlation_id=""))
    assert changed["fieldPath"] == "note"
    assert {"id", "href", "correlationId"}.isdisjoint(changed)
    asked = written(replace(EVENT, type="ProductOrderInformationRequiredEvent", field_path="productOrderItem"))
    assert asked["fieldPath"] == "productOrderItem"


def test_an_event_about_a_cancellation_holds_the_task():
    task = {"id": "C-1", "state": "done", "productOrder": {"id": "OM-7"}}
    told = written(replace(EVENT, type="CancelProductOrderStateChangeEvent", document=json.dumps(task).encode()))
    assert told["event"] == {
        "cancelProductOrder": {**task, "href": f"https://orders.example{BASE}/cancelProductOrder/C-1", "@type": "CancelProductOrder"}
    }
    assert (told["id"], told["href"]) == ("C-1", told["event"]["cancelProductOrder"]["href"])


@pytest.mark.parametrize(
    ("query", "heard"),
    [
        ("", True),
        ("?eventType=ProductOrderStateChangeEvent", True),
        ("eventType=ProductOrderStateChangeEvent&event.productOrder.state=completed", True),
        ("eventType=ProductOrderStateChangeEvent&event.productOrder.state=held", False),
        ("eventType=ProductOrderCreateEvent,ProductOrderStateChangeEvent", True),
        ("eventType=ProductOrderCreateEvent", False),
        ("eventType.ne=ProductOrderCreateEvent", True),
        ("event.productOrder.productOrderItem.state=completed", True),
        ("eventTime.gte=2023-01-11&correlationId=corr-1", True),
        ("eventTime.gt=2023-01-12", False),
        ("event.productOrder.externalId.regex=^E-", True),
    ],
)
def test_a_query_lets_through_what_fits(query: str, heard: bool):
    assert (written(EVENT, query) is not None) is heard


@pytest.mark.parametrize(
    ("fields", "members", "inside"),
    [
        ("title", {"eventId", "eventTime", "eventType", "title"}, None),
        ("state", {"eventId", "eventTime", "eventType", "event"}, {"id", "href", "state"}),
        ("productOrder.state", {"eventId", "eventTime", "eventType", "event"}, {"id", "href", "state"}),
        ("event.productOrder.state,externalId", {"eventId", "eventTime", "eventType", "event"}, {"id", "href", "state", "externalId"}),
        ("event.state", {"eventId", "eventTime", "eventType", "event"}, {"id", "href", "state"}),
        (
            "event,domain",
            {"eventId", "eventTime", "eventType", "event", "domain"},
            {"id", "href", "state", "externalId", "productOrderItem", "orderDate", "relatedParty", "@type"},
        ),
    ],
)
def test_fields_shrink_an_event(fields: str, members: set[str], inside: set[str] | None):
    told = written(EVENT, f"fields={fields}")
    assert set(told) == members
    if inside is not None:
        assert set(told["event"]["productOrder"]) == inside


def test_an_event_of_another_face_is_not_told():
    assert written(replace(EVENT, type="TroubleTicketCreateEvent")) is None


def test_a_query_that_fits_no_more_is_an_error_and_not_a_silence():
    with pytest.raises(InvalidMessage, match=r"query\.colour"):
        writer().write(EVENT, "colour=red")


def test_a_path_that_names_the_market_is_written_into_href(face_with: Callable[..., Face]):
    def edit(data: dict[str, Any]) -> None:
        data["market"] = {"path": "businessId", "table": {"PR": "pr", "LB": "lab"}}
        for route in data["routes"]:
            route["path"] = "/{businessId}" + route["path"]

    told = json.loads(writer(face_with("tmf", edit)).write(EVENT, "") or b"")
    assert told["href"] == f"https://orders.example{BASE}/LB/productOrder/OM-7"


def test_a_face_without_events_has_no_hub(face_with: Callable[..., Face]):
    with pytest.raises(ValueError, match="has to declare its events"):
        face_with("tmf", lambda data: data.pop("events"))

    def strange(data: dict[str, Any]) -> None:
        data["events"]["types"]["ProductOrderCreateEvent"]["resource"] = "ticket"

    with pytest.raises(ValueError, match="no route of this face is about the resource 'ticket'"):
        face_with("tmf", strange)
    hybris = load_face(ROOT / "config" / "faces" / "hybris.yaml")
    with pytest.raises(ConfigError, match="nothing to tell listeners"):
        writer(hybris)
    with pytest.raises(ValueError, match="is not a value that can stand here"):
        face_with("tmf", lambda data: data["events"]["members"].update(priority="$priority"))
