"""Orders of a city network's service guide, and the order database as a service provider reads it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from lxml import etree

from tests.service_kit import Running

ORDERS = "/tmf-api/productOrderingManagement/v4/productOrder"
DATABASE = "/plain/serviceguide_log"
GUIDE = {"X-Market": "se", "client-id": "demo-channel", "client-secret": "demo-secret"}
PROVIDER = {"client-id": "demo-provider", "client-secret": "demo-secret"}
XSP = "31420"


def guide_order(socket: str | None = "123-456-ABC", service: str = "BB100100", **changed: Any) -> dict[str, Any]:
    """An order with the base form; ``socket`` None is that of a customer who was not identified. A member that is None is left out."""
    order = {
        "externalId": str(uuid.uuid4()),
        "accessPoint": {"premise": "1002"} | ({"socket": socket} if socket else {}),
        "customer": {"serial": "197001010101", "firstname": "Åsa", "surname": "Öberg", "phone": "0700000000", "city": "Målilla"},
        "relatedParty": [{"id": XSP, "role": "ServiceProvider", "@referredType": "Organization"}],
        "productOrderItem": [{"id": "1", "action": "add", "productOffering": {"id": service}}],
        **changed,
    }
    return {name: value for name, value in order.items() if value is not None}


@dataclass(frozen=True)
class NetworkCall:
    """One call as the network received it."""

    method: str
    given: dict[str, str]


@dataclass(frozen=True)
class Guide:
    """The service guide and a provider, at one running service."""

    service: Running

    def place(self, order: dict[str, Any], **headers: str) -> httpx.Response:
        """The guide places an order."""
        return self.service.http.post(ORDERS, json=order, headers=GUIDE | headers)

    def read(self, identity: str) -> httpx.Response:
        """The guide reads an order."""
        return self.service.http.get(f"{ORDERS}/{identity}", headers=GUIDE)

    def database(self, method: str, headers: dict[str, str] = PROVIDER, **given: str) -> httpx.Response:
        """The provider calls a method of the order database."""
        return self.service.http.get(DATABASE, params={"method": method, **given}, headers=headers)

    def info(self, identity: str) -> dict[str, Any]:
        """``order_info`` as plain data."""
        answer = self.database("order_info", id=identity)
        assert answer.status_code == 200, answer.text
        return plain(read_xml(answer))["response"]

    def calls(self) -> list[NetworkCall]:
        """The calls that the network received, oldest first; the last 200 of them."""
        return [network_call(call.envelope) for call in self.service.calls("citynetwork")]

    def calls_of(self, socket: str, *, method: str = "") -> list[NetworkCall]:
        """Those about one socket."""
        return [call for call in self.calls() if call.given.get("socket") == socket and method in ("", call.method)]


def network_call(target: str) -> NetworkCall:
    given = {name: values[0] for name, values in parse_qs(urlsplit(target).query, keep_blank_values=True).items()}
    return NetworkCall(given.pop("method"), given)


def read_xml(answer: httpx.Response) -> etree._Element:
    """An answer in XML, parsed safely."""
    assert answer.headers["content-type"] == "application/xml;charset=utf-8"
    return etree.fromstring(answer.content, etree.XMLParser(resolve_entities=False, no_network=True))


def plain(element: etree._Element) -> Any:
    """An element as plain data: text, or members by name; those that stand more than once as lists."""
    if not len(element):
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        value = plain(child)
        if child.tag in found:
            before = found[child.tag]
            found[child.tag] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            found[child.tag] = value
    return found
