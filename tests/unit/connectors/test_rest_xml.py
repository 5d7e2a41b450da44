"""XML bodies by the xml objects of a schema."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapter.contract.openapi import load_openapi
from adapter.errors import SerialisationFailed
from adapter.ports import Answer, AnswerKind, Call, WireReply
from connectors.rest import RestConnector
from connectors.xml import XmlLimits

TICKETS = load_openapi(Path(__file__).parents[1] / "contract" / "openapi" / "tickets.yaml")
CONNECTOR = RestConnector(TICKETS, "http://tickets.test")
SMALL: dict[str, Any] = {"id": "1", "steps": [], "items": []}
WHOLE: dict[str, Any] = {
    "id": "T&1",
    "source": "web",
    "title": "Åska <över> Örebro",
    "urgent": False,
    "price": Decimal("10.50"),
    "closed": None,
    "steps": ["a", ""],
    "items": [{"name": "n", "parts": [{"name": "p"}, {}]}, {}],
    "owner": {"phone": "08-1", "name": "Öd"},
    "watchers": ["w1", "w2"],
    "level": "1",
    "marks": [1, None],
    "extra": {"known": 3, "colour": "blå", "deep": {"@a": "1", "x": ["1", "2"]}},
    "anything": {"@a": "1", "x": "1", "#text": "ord"},
}
WRITTEN = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<ticket xmlns:o="urn:source" xmlns="urn:tickets" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="T&amp;1" o:src="web">'
    "<Title>Åska &lt;över&gt; Örebro</Title><urgent>false</urgent><price>10.50</price>"
    '<closedOn xsi:nil="true"/><step>a</step><step/>'
    '<itemList><i:item xmlns:i="urn:items"><i:name>n</i:name>'
    "<parts><i:item><i:name>p</i:name></i:item><i:item/></parts></i:item>"
    '<i:item xmlns:i="urn:items"/></itemList>'
    '<keeper phone="08-1"><name>Öd</name></keeper>'
    "<watcher>w1</watcher><watcher>w2</watcher><level>1</level><marks>1</marks>"
    '<marks xsi:nil="true"/>'
    '<extra><known>3</known><colour>blå</colour><deep a="1"><x>1</x><x>2</x></deep></extra>'
    '<anything a="1">ord<x>1</x></anything></ticket>'
)


def sent(body: dict[str, Any]) -> bytes:
    return next(CONNECTOR.exchange(Call("openTicket", {"body": body}))).body


def read(
    body: bytes, operation: str = "openTicket", status: int = 200, media: str = "application/xml", one: RestConnector = CONNECTOR
) -> Answer:
    exchange = one.exchange(Call(operation, {"body": SMALL} if operation == "openTicket" else {}))
    next(exchange)
    with pytest.raises(StopIteration) as stop:
        exchange.send(WireReply(status, {"content-type": media}, body))
    found = stop.value.value
    assert isinstance(found, Answer)
    return found


def noted(found: Answer) -> list[tuple[str, str]]:
    return [(one.kind, one.path) for one in found.deviations]


def ticket(inner: str, attributes: str = ' id="1"') -> bytes:
    return f'<ticket xmlns="urn:tickets"{attributes}><itemList/>{inner}</ticket>'.encode()


def test_a_document_is_written_with_names_attributes_namespaces_and_wrappers() -> None:
    request = next(CONNECTOR.exchange(Call("openTicket", {"body": WHOLE})))
    assert request.body.decode() == WRITTEN
    assert request.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert request.headers["Accept"] == "application/xml, text/xml"


def test_what_was_written_is_read_as_it_was() -> None:
    found = read(WRITTEN.encode())
    assert found.document == {"status": 200, "body": WHOLE}
    assert found.deviations == ()


def test_prefixes_order_and_encoding_are_the_sender_s() -> None:
    text = (
        WRITTEN.replace("<i:", "<q:")
        .replace("</i:", "</q:")
        .replace("xmlns:i", "xmlns:q")
        .replace('encoding="UTF-8"', 'encoding="ISO-8859-1"')
    )
    found = read(text.encode("latin-1"))
    assert found.document == {"status": 200, "body": WHOLE}
    assert found.deviations == ()
    found = read(
        '<ticket xmlns="urn:tickets" id="1"><urgent>1</urgent><Title>å</Title><itemList/></ticket>'.encode("latin-1"),
        media="text/xml; charset=iso-8859-1",
    )
    assert found.document == {"status": 200, "body": {"id": "1", "urgent": True, "title": "å", "items": [], "steps": []}}
    assert noted(found) == [("media", "body")]


def test_a_list_as_the_root() -> None:
    found = read(b'<tickets><ticket xmlns="urn:tickets" id="1"><itemList/></ticket></tickets>', "listTickets")
    assert found.document == {"status": 200, "body": [{"id": "1", "items": [], "steps": []}]}
    assert found.deviations == ()
    nil = b'<tickets xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:nil="true"/>'
    assert read(nil, "listTickets").document == {"status": 200, "body": []}


def test_a_reply_of_another_status_is_another_element() -> None:
    found = read(b"<error><code> 60 </code><text>No</text></error>", status=404, media="text/xml")
    assert (found.kind, found.document) == (AnswerKind.REPLY, {"status": 404, "body": {"code": 60, "text": "No"}})


@pytest.mark.parametrize(
    ("inner", "document", "notes"),
    [
        ("<colour/>", {}, [("extra", "body.colour")]),
        ("<urgent>yes</urgent>", {"urgent": "yes"}, [("type", "body.urgent")]),
        ("<price>NaN</price>", {"price": "NaN"}, [("type", "body.price")]),
        ("<Title>a</Title><Title>b</Title>", {"title": "a"}, [("repeated", "body.title")]),
        ("<Title>a<b>c</b></Title>", {"title": "ac"}, [("type", "body.title")]),
        ("<Title xmlns=''>a</Title>", {"title": "a"}, [("namespace", "body.title")]),
        ("<Title xmlns:x='http://www.w3.org/2001/XMLSchema-instance' x:nil='1'/>", {}, [("nil", "body.title")]),
        (
            "<step xmlns:x='http://www.w3.org/2001/XMLSchema-instance' x:nil='1'/><step>b</step>",
            {"steps": ["b"]},
            [("nil", "body.steps[0]")],
        ),
        ("<closedOn xmlns:x='http://www.w3.org/2001/XMLSchema-instance' x:nil='true'/>", {"closed": None}, []),
        ("<keeper/>", {"owner": {}}, [("missing", "body.owner.name")]),
        ("<keeper mobile='1'><name>n</name></keeper>", {"owner": {"name": "n"}}, [("extra", "body.owner.@mobile")]),
        ("<extra><a>1</a><a>2</a><a>3</a></extra>", {"extra": {"a": ["1", "2", "3"]}}, []),
        ("<extra q='1'><known>1</known></extra>", {"extra": {"known": 1}}, [("extra", "body.extra.@q")]),
        ("<anything xmlns:x='http://www.w3.org/2001/XMLSchema-instance' x:nil='true'/>", {"anything": None}, []),
    ],
)
def test_what_departs_from_the_contract_is_read_and_noted(inner: str, document: dict[str, Any], notes: list[tuple[str, str]]) -> None:
    found = read(ticket(inner))
    assert found.document == {"status": 200, "body": {"id": "1", "items": [], "steps": []} | document}
    assert noted(found) == notes


def test_text_between_elements_is_noted() -> None:
    found = read(b'<ticket xmlns="urn:tickets" id="1">words<itemList><other/><i:item xmlns:i="urn:items"/></itemList></ticket>')
    assert noted(found) == [("extra", "body.items.other"), ("extra", "body.#text")]


@pytest.mark.parametrize(
    ("body", "operation", "said"),
    [
        (
            b"<tickets><tiket id='1'/><tiket id='2'/></tickets>",
            "listTickets",
            "body holds 'tiket' where the contract has a list of 'ticket'",
        ),
        (b'<ticket xmlns="urn:tickets" id="1"><itemList><part/></itemList></ticket>', "openTicket", "body.items holds 'part' where"),
        (
            b'<ticket xmlns="urn:tickets" id="1"><stepp>a</stepp></ticket>',
            "openTicket",
            "body holds 'stepp' where the contract has a list of 'step'",
        ),
    ],
)
def test_a_list_of_something_else_is_not_read_as_one_without_elements(body: bytes, operation: str, said: str) -> None:
    found = read(body, operation)
    assert found.kind is AnswerKind.UNREADABLE
    assert said in found.unreadable


def test_an_unknown_root_or_broken_xml_is_no_reply() -> None:
    cases = [
        (b"<html/>", "the root element is 'html' where 'ticket' was to be (HTTP 200, application/xml)"),
        (b"<ticket>", "the XML is not well-formed"),
        (b'<!DOCTYPE ticket [<!ENTITY x SYSTEM "file:///etc/passwd">]><ticket id="1">&x;</ticket>', "DOCTYPE"),
    ]
    for body, said in cases:
        found = read(body)
        assert found.kind is AnswerKind.UNREADABLE
        assert said in found.unreadable
    narrow = RestConnector(TICKETS, "http://tickets.test", limits=XmlLimits(size=1000, depth=3))
    deep = b"<ticket><a><b><c><d/></c></b></a></ticket>"
    assert "nested deeper than 3" in read(deep, one=narrow).unreadable


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        ({"title": "a\x07"}, "body.title", "U+0007 at position 2"),
        ({"title": 7}, "body.title", "must be text"),
        ({"extra": {"a b": "1"}}, "body.extra.a b", "cannot be the name of an XML element"),
        ({"items": [{"name": 1}]}, "body.items[0].name", "must be text"),
        ({"anything": ["1"]}, "body.anything", "text or a number is needed here, not a list"),
        ({"anything": {"x": {"/": "1"}}}, "body.anything.x./", "cannot be the name of an XML element"),
    ],
)
def test_what_cannot_be_written_is_refused_with_its_place(change: dict[str, Any], path: str, said: str) -> None:
    with pytest.raises(SerialisationFailed) as refused:
        sent({**SMALL, **change})
    assert refused.value.path == path
    assert said in refused.value.text


def test_what_is_written_is_well_formed_for_another_parser() -> None:
    root = etree.fromstring(sent(WHOLE))
    assert root.tag == "{urn:tickets}ticket"
    assert root.get("{urn:source}src") == "web"
    spaces = {"t": "urn:tickets", "i": "urn:items"}
    assert root.findtext("t:itemList/i:item/i:name", namespaces=spaces) == "n"
    assert root.findtext("t:itemList/i:item/t:parts/i:item/i:name", namespaces=spaces) == "p"
