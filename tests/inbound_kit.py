"""Messages of the lab's order desk, and what takes them: the record on disk, the rules of the project, no network."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from lxml import etree
from prometheus_client import CollectorRegistry
from sqlalchemy import delete
from starlette.applications import Starlette

from adapter.bootstrap.observers import MarketMetrics
from adapter.faces.inbound import InboundRoute
from adapter.ports import Deviation, InboundRequest, WireReply
from adapter.receiving import Receiving, Taken
from adapter.store import Direction, schema
from adapter.store.connection import Connection, Statement
from simulators.scenario import Behaviour
from simulators.soap_server import SoapCall
from tests.work_kit import FOLLOWED, Node, lab_home

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NOTICES = "urn:lab:notices:1"
INBOUND = """
inbound:
  face: tmf
  contract: mappings/lab/schema/lab-notices.wsdl
  security: {basic: {username: lab-desk, password: desk-secret}}
  limits: {wait: 0.4}
  operations:
    productOrder.message: {}
    productOrder.announce: {creates: true, owner: "relatedParty[role=orderManagementBuyerContact].id"}
"""


def inbound_home(folder: Path, declared: str = INBOUND + FOLLOWED, changes: dict[str, str] | None = None) -> Path:
    """A home whose lab takes messages, and offers no more than this file declares."""
    return lab_home(folder, declared, changes)


class Heard:
    """What the receiving part told its observer."""

    def __init__(self) -> None:
        self.deviations: list[Deviation] = []

    def received(self, market: str, operation: str, deviations: Sequence[Deviation]) -> None:
        self.deviations += deviations


def envelope(name: str, *members: tuple[str, str], header: str = "") -> bytes:
    """A SOAP 1.1 request with these members, in this order."""
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"s": SOAP, "n": NOTICES})
    if header:
        etree.SubElement(root, f"{{{SOAP}}}Header").append(etree.fromstring(header))
    message = etree.SubElement(etree.SubElement(root, f"{{{SOAP}}}Body"), f"{{{NOTICES}}}{name}")
    for member, text in members:
        etree.SubElement(message, f"{{{NOTICES}}}{member}").text = text
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def notice(order_no: str, status: str, number: str = "N-1", **more: str) -> bytes:
    """The desk tells that an order is in this state."""
    return envelope("NotifyOrder", ("noticeNo", number), ("orderNo", order_no), ("status", status), *more.items())


def announcement(order_no: str, number: str = "A-1", status: str = "BOOKED", buyer: str = "BUYER-1", *offers: str) -> bytes:
    """The desk tells of an order of its own."""
    head = (("noticeNo", number), ("orderNo", order_no), ("status", status), ("buyer", buyer))
    return envelope("AnnounceOrder", *head, *(("offer", offer) for offer in offers or ("FIBRE-500",)))


def request(body: bytes, **changed: Any) -> InboundRequest:
    """As it comes in by HTTP."""
    values: dict[str, Any] = {
        "method": "POST",
        "path": "",
        "query": "",
        "headers": {"content-type": "text/xml; charset=utf-8", "soapaction": '""'},
        "body": body,
    }
    return InboundRequest(**(values | changed))


def said(reply: WireReply | bytes) -> dict[str, str]:
    """What a receipt says: its members by name."""
    body = reply.body if isinstance(reply, WireReply) else reply
    receipt = etree.fromstring(body).find("{*}Body")[0]
    return {etree.QName(member).localname: member.text or "" for member in receipt}


def receiving(node: Node, **changed: Any) -> Receiving:
    """What takes the messages of a node; its observer is ``Heard``."""
    return Receiving(node.backends, node.store, Heard(), node.clock, **changed)


async def take(desk: Receiving, body: bytes, correlation: str = "c-in") -> Taken:
    return await desk.take("lab", request(body), correlation)


def called(node: Node) -> asyncio.Event:
    """Is set when the desk has done what it was called for next; its answer may still be to come."""
    done, handle = asyncio.Event(), node.desk.handle

    def handles(call: SoapCall, behaviour: Behaviour) -> Any:
        answer = handle(call, behaviour)
        done.set()
        return answer

    node.desk.handle = handles  # type: ignore[method-assign]
    return done


async def kept(node: Node, order_id: str) -> list[tuple[Direction, bytes]]:
    """The messages that the backend sent about an order, with our answers, in order."""
    wanted = (Direction.BACKEND_MESSAGE, Direction.BACKEND_MESSAGE_REPLY)
    return [(row.direction, row.body) for row in await node.store.messages(order_id) if row.direction in wanted]


def edited(home: Path, verb: str, old: str, new: str) -> None:
    """Changes the rules of a message."""
    rules = home / "mappings" / "lab" / f"productOrder.{verb}.yaml"
    text = rules.read_text(encoding="utf-8")
    assert text.count(old) == 1
    rules.write_text(text.replace(old, new), encoding="utf-8")


def forget(c: Connection) -> None:
    """As if nobody here had placed the order."""
    for table in (schema.resource_order, schema.attempt, schema.task):
        c.change(Statement(delete(table)), {})


XML = {"content-type": "text/xml; charset=utf-8", "soapaction": '""'}
RIGHT = "Basic " + base64.b64encode(b"lab-desk:desk-secret").decode()


class Desk:
    """The backend: sends to ``/inbound/lab`` with the right credentials, unless told otherwise."""

    def __init__(self, node: Node) -> None:
        self.registry = CollectorRegistry()
        metrics = MarketMetrics(self.registry, node.store)
        self.receiving = Receiving(node.backends, node.store, metrics, node.clock)
        self.app = Starlette(routes=[InboundRoute(self.receiving, "https://adapter.example/", metrics.message_answered)])
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://adapter")

    async def send(self, body: bytes, path: str = "/inbound/lab", **headers: str) -> httpx.Response:
        sent = {"authorization": RIGHT, **XML, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await self.http.post(path, content=body, headers={name: value for name, value in sent.items() if value})

    def counted(self, operation: str, outcome: str) -> float:
        labels = {"market": "lab", "operation": operation, "outcome": outcome}
        return self.registry.get_sample_value("adapter_messages_total", labels) or 0.0
