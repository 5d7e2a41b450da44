"""The webhooks of a document: what is taken, what it is answered, and what a sender hears of a message that was not taken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from adapter.contract.openapi import load_openapi
from adapter.errors import (
    AdapterError,
    CallerError,
    InvalidMessage,
    MappingFailed,
    MethodNotAllowed,
    NotFound,
    SerialisationFailed,
    StoreUnavailable,
    UnsupportedMedia,
)
from adapter.ports import InboundRequest, Received, Receiver, WireReply
from connectors.rest import RestReceiver
from connectors.xml import XmlLimits

CONTRACT = load_openapi(Path(__file__).parents[1] / "contract" / "openapi" / "orders.yaml")
RECEIVER: Receiver = RestReceiver(CONTRACT, XmlLimits(size=10_000, depth=20))
EVENT = b'{"id": "1", "state": "done"}'
JSON = {"content-type": "application/json"}


def request(path: str, body: bytes = b"", method: str = "POST", query: str = "", **headers: str) -> InboundRequest:
    media = JSON if body else {}
    return InboundRequest(method, path, query, {**media, **{name.replace("_", "-"): value for name, value in headers.items()}}, body)


def noted(found: Received) -> list[tuple[str, str]]:
    return [(one.kind, one.path) for one in found.deviations]


CHANGED = request("events/OrderChanged", EVENT)


@pytest.mark.parametrize("path", ["events/OrderChanged", "events/orderchanged", "EVENTS/ORDER_CHANGED", "/events/order_changed/"])
def test_a_message_is_taken_at_its_path_and_aliases_in_any_case(path: str) -> None:  # R164
    assert RECEIVER.read(request(path, EVENT)) == Received("orderChanged", {"body": {"id": "1", "state": "done"}})


def test_path_query_and_headers_are_part_of_the_message() -> None:
    found = RECEIVER.read(request("ORDERS/Ab 1/parcels/7", b'{"place": "Ume\xc3\xa5"}', "PUT", "at=10%3A30&at=2&via=x", x_sender="s"))
    assert found.document == {
        "path": {"id": "Ab 1", "parcel": 7},
        "query": {"at": "10:30"},
        "header": {"x-sender": "s"},
        "body": {"place": "Umeå"},
    }
    assert noted(found) == [("repeated", "query.at"), ("extra", "query.via")]


def test_what_is_missing_or_wrong_is_noted() -> None:
    found = RECEIVER.read(request("orders/1/parcels/seven", method="PUT"))
    assert found == Received("parcelMoved", {"path": {"id": "1", "parcel": "seven"}, "query": {}, "header": {}}, found.deviations)
    assert noted(found) == [("type", "path.parcel"), ("missing", "query.at"), ("missing", "header.x-sender")]


def test_a_path_that_is_written_out_goes_before_a_parameter() -> None:
    assert RECEIVER.read(request("orders/1/parcels/all", method="PUT")).operation == "parcelsMoved"
    assert RECEIVER.read(request("orders/1/parcels/ALL", method="put")).operation == "parcelsMoved"
    assert RECEIVER.read(request("orders/1/parcels/1", method="DELETE")).operation == "parcelLost"


def test_a_message_may_be_xml() -> None:
    body = '<s:event xmlns:s="urn:shop" id="1"><state>på väg</state><orders><orders><code>a</code></orders></orders></s:event>'
    found = RECEIVER.read(request("events/OrderChanged", body.encode(), content_type="application/xml"))
    assert found == Received("orderChanged", {"body": {"id": "1", "state": "på väg", "order": [{"code": "a"}]}})


FORM = {"content_type": "application/x-www-form-urlencoded"}


def test_a_form_with_lists_and_objects_in_path_query_and_headers() -> None:
    query = "tag=a%2Cb,%C3%A5&any=x,1&limit=5&limit=6"
    found = RECEIVER.read(
        request("forms/from,3,to,7,by,2", b"name=%C3%A5+b&tag=1&tag=2&free=f&count=2", query=query, x_pairs="a=1, b=2", **FORM)
    )
    assert found.document == {
        "path": {"range": {"from": 3, "to": 7}},
        "query": {"tag": ["a,b", "å"], "any": {"x": "1"}, "page": {"limit": 6}},
        "header": {"x-pairs": {"a": 1}},
        "body": {"name": "å b", "tag": ["1", "2"], "free": "f", "count": 2},
    }
    assert noted(found) == [("extra", "path.range.by"), ("extra", "header.x-pairs.b")]


def test_a_form_that_departs_from_its_contract() -> None:
    found = RECEIVER.read(request("forms/to,x", b"count=many&count=2&colour=red", **FORM))
    assert found.document["body"] == {"count": "many"}
    assert found.document["path"] == {"range": {"to": "x"}}
    places = ["body.count", "body.count", "body.colour", "body.name", "path.range.to", "path.range.from"]
    assert noted(found) == list(zip(["type", "repeated", "extra", "missing", "type", "missing"], places, strict=True))
    assert RECEIVER.read(request("forms/from,1", b"a=1&b=2", "PUT", **FORM)).document["body"] == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        (request("events/Order", EVENT), NotFound, "taken at: "),
        (request("events/OrderChanged", EVENT, "PUT"), MethodNotAllowed, "sent here by POST"),
        (request("orders/1/parcels/1"), MethodNotAllowed, "sent here by PUT, DELETE"),
        (request("events/OrderChanged"), InvalidMessage, "body: the body is empty"),
        (request("events/OrderChanged", b"{"), InvalidMessage, "body: the body is not valid JSON: line 1 column 2"),
        (request("events/OrderChanged", b" " * 10_000 + EVENT), InvalidMessage, "more than the 10000 that are read"),
        (request("events/OrderChanged", b"[" * 30 + b"]" * 30), InvalidMessage, "deeper than 20"),
        (request("events/OrderChanged", b"<event", content_type="text/xml"), InvalidMessage, "not well-formed"),
        (request("events/OrderChanged", b"<html/>", content_type="text/xml"), InvalidMessage, "the root element is 'html'"),
        (request("events/OrderChanged", EVENT, content_type="text/plain"), UnsupportedMedia, "application/json or application/xml"),
    ],
)
def test_what_cannot_be_taken(asked: InboundRequest, error: type[CallerError], said: str) -> None:
    with pytest.raises(error) as refused:
        RECEIVER.read(asked)
    assert said in str(refused.value)


def test_a_method_that_is_not_taken_is_told_those_that_are() -> None:
    with pytest.raises(MethodNotAllowed) as refused:
        RECEIVER.read(request("orders/1/parcels/all"))
    assert refused.value.headers == {"Allow": "PUT, DELETE"}


def answered(document: dict[str, Any], asked: InboundRequest = CHANGED) -> WireReply:
    return RECEIVER.answer(asked, RECEIVER.read(asked), document)


MOVED = request("orders/1/parcels/1", method="PUT")


def test_an_answer_is_written_as_documented() -> None:
    assert answered({"status": 200}) == WireReply(200, {}, b"")
    assert answered({"status": 200, "header": {"x-record": "r1"}}) == WireReply(200, {"x-record": "r1"}, b"")
    refused = answered({"status": 400, "body": {"code": "20", "message": "ä"}})
    assert refused == WireReply(400, {"content-type": "application/problem+json"}, '{"code":"20","message":"ä"}'.encode())
    unknown = answered({"status": 404, "body": {"status": 404, "message": "<no>"}})
    assert unknown.headers == {"content-type": "application/xml; charset=utf-8"}
    assert b"<status>404</status><message>&lt;no&gt;</message></error>" in unknown.body


def test_where_one_status_has_a_list_the_others_take_its_only_element() -> None:
    assert answered({"status": 200, "body": [{"taken": "a"}, {"taken": "b"}]}, MOVED).body == b'[{"taken":"a"},{"taken":"b"}]'
    assert answered({"status": 409, "body": [{"why": "late"}]}, MOVED).body == b'{"why":"late"}'
    with pytest.raises(SerialisationFailed, match="body: the reply of this status holds one, not 2"):
        answered({"status": 409, "body": [{}, {}]}, MOVED)


@pytest.mark.parametrize(
    ("document", "path", "said"),
    [
        ({}, "status", "a status of HTTP is needed"),
        ({"status": True}, "status", "a status of HTTP is needed"),
        ({"status": 9}, "status", "a status of HTTP is needed"),
        ({"status": 201}, "status", "201 is no status that orderChanged is answered with; it has: 200, 400, 404"),
        ({"status": 400}, "body", "is missing"),
        ({"status": 400, "body": {"code": "123456", "message": "m"}}, "body.code", "at most 5"),
        ({"status": 200, "body": {}}, "body", "no such member"),
    ],
)
def test_an_answer_that_is_not_documented_is_refused(document: dict[str, Any], path: str, said: str) -> None:
    with pytest.raises(SerialisationFailed) as refused:
        answered(document)
    assert refused.value.path == path
    assert said in refused.value.text


def test_a_fault_is_written_in_the_members_that_the_webhook_documents() -> None:
    told = RECEIVER.fault(CHANGED, InvalidMessage("The message cannot be read"))
    assert (told.status, told.headers) == (400, {"content-type": "application/problem+json"})
    problem = json.loads(told.body)
    assert problem == {"code": "400", "reason": "The request is not valid", "message": "The message cannot be read", "status": 400}
    jsonschema_rs.Draft202012Validator(dict(CONTRACT.webhooks["orderChanged"].replies["400"].contents[0].schema)).validate(
        {"body": problem}
    )
    unknown = RECEIVER.fault(CHANGED, NotFound("No order of this number"))
    assert unknown.headers["content-type"] == "application/xml; charset=utf-8"
    assert b"<status>404</status><message>No order of this number</message>" in unknown.body


@pytest.mark.parametrize(
    ("asked", "error", "status", "headers"),
    [
        (CHANGED, MethodNotAllowed("no", headers={"Allow": "POST"}), 405, {"allow": "POST"}),
        (request("nowhere"), NotFound("no"), 404, {}),
        (CHANGED, StoreUnavailable("disk full at /var/lib"), 503, {"retry-after": "30"}),
        (CHANGED, MappingFailed("rule broken", "file:1:1"), 500, {"retry-after": "30"}),
        (CHANGED, NotFound("a character \x07 that XML cannot carry"), 404, {}),
    ],
)
def test_another_fault_is_plain_json(asked: InboundRequest, error: AdapterError, status: int, headers: dict[str, str]) -> None:
    told = RECEIVER.fault(asked, error)
    assert (told.status, told.headers) == (status, {"content-type": "application/json", **headers})
    body = json.loads(told.body)
    assert list(body) == ["code", "reason", "message", "status"]
    assert body["status"] == str(status)
    assert b"/var/lib" not in told.body
    assert b"file:1:1" not in told.body


def test_a_status_that_documents_members_we_know_nothing_of_gets_plain_json() -> None:
    told = RECEIVER.fault(MOVED, CallerError("Not expected"))
    assert told.headers == {"content-type": "application/json"}


def test_the_document_itself_is_not_served_and_the_contracts_are_the_webhooks() -> None:
    assert RECEIVER.described(request("", method="GET", query="openapi"), "http://here.test/inbound/shop") is None
    assert list(RECEIVER.contracts()) == ["orderChanged", "parcelMoved", "parcelLost", "openFormSent", "formSent", "parcelsMoved"]
