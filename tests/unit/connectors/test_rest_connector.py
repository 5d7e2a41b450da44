"""The connector as a whole: what leaves, and what becomes of everything a backend may say."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.contract.openapi import load_openapi
from adapter.errors import ConfigError, SerialisationFailed
from adapter.ports import Answer, AnswerKind, Call, Connector, WireReply, WireRequest
from connectors.rest import RestConnector
from connectors.xml import XmlLimits

ORDERS = Path(__file__).parents[1] / "contract" / "openapi" / "orders.yaml"
CONTRACT = load_openapi(ORDERS)


def connector(**settings: Any) -> RestConnector:
    return RestConnector(CONTRACT, "http://shop.test/api/", **settings)


def sent(operation: str, document: dict[str, Any], headers: Mapping[str, str] | None = None, one: Connector | None = None) -> WireRequest:
    return next((one or connector()).exchange(Call(operation, document, headers or {})))


ORDER: dict[str, Any] = {"customer": "Åsa", "lines": [{"code": "a"}]}
PLACE = Call("placeOrder", {"body": ORDER})
LIST = Call("listOrders", {})
CHANGE = Call("changeLines", {"path": {"id": "7", "numbers": [1]}, "header": {"x-reasons": ["r"]}})


def answer(call: Call, status: int, body: bytes, media: str = "application/json", one: RestConnector | None = None, **more: str) -> Answer:
    exchange = (one or connector()).exchange(call)
    next(exchange)
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    with pytest.raises(StopIteration) as stop:
        exchange.send(WireReply(status, {**({"content-type": media} if media else {}), **headers}, body))
    found = stop.value.value
    assert isinstance(found, Answer)
    return found


def noted(found: Answer) -> list[tuple[str, str]]:
    return [(one.kind, one.path) for one in found.deviations]


# what leaves


def test_a_json_request() -> None:
    one = connector(basic=("me", "pass"), headers={"X-Channel": "ecom"})
    document = {"header": {"x-trace": "t-1"}, "body": {**ORDER, "total": {"amount": Decimal("100.10")}, "note": None}}
    request = sent("placeOrder", document, {"X-Correlation-ID": "c-1", "x-trace": "other"}, one)
    assert (request.method, request.url) == ("POST", "http://shop.test/api/orders")
    assert request.headers == {
        "X-Channel": "ecom",
        "Authorization": "Basic bWU6cGFzcw==",
        "X-Correlation-ID": "c-1",
        "X-Trace": "t-1",
        "Content-Type": "application/json",
        "Accept": "application/json, application/xml",
    }
    assert request.body == '{"customer":"Åsa","lines":[{"code":"a"}],"total":{"amount":100.10},"note":null}'.encode()


@pytest.mark.parametrize(
    ("query", "written"),
    [
        ({}, ""),
        ({"open": True}, "?open=true"),
        ({"state": ["new", "på väg"]}, "?state=new&state=p%C3%A5%20v%C3%A4g"),
        ({"state": []}, ""),
        ({"near": [1, 22]}, "?near=1,22"),
        ({"near": []}, ""),
        ({"page": {"limit": 5, "offset": 10}}, "?limit=5&offset=10"),
        ({"since": "2024-05-31T09:30:00+02:00"}, "?since=2024-05-31T09:30:00%2B02:00"),
        ({"state": ["a&b=c", "ä/ö?#"]}, "?state=a%26b%3Dc&state=%C3%A4%2F%C3%B6%3F%23"),
    ],
)
def test_queries_are_percent_encoded(query: dict[str, Any], written: str) -> None:
    assert sent("listOrders", {"query": query}).url == "http://shop.test/api/orders" + written


@pytest.mark.parametrize(
    ("identifier", "written"), [("a/b", "a%2Fb"), ("ö ?#%", "%C3%B6%20%3F%23%25"), ("a,b;c", "a%2Cb%3Bc"), ("~-._", "~-._")]
)
def test_path_parameters_stay_one_segment(identifier: str, written: str) -> None:
    request = sent("changeLines", {"path": {"id": identifier, "numbers": [1, 2]}, "header": {"x-reasons": ["r"]}})
    assert request.url == f"http://shop.test/api/orders/{written}/lines/1,2"


@pytest.mark.parametrize("identifier", ["", ".", ".."])
def test_a_path_parameter_that_would_reach_another_resource_is_refused(identifier: str) -> None:
    with pytest.raises(SerialisationFailed, match=r"path\.id: .* cannot stand in a path"):
        sent("changeLines", {"path": {"id": identifier, "numbers": [1]}, "header": {"x-reasons": ["r"]}})


def test_a_urlencoded_form_and_headers_of_several_values() -> None:
    document = {
        "path": {"id": "7", "numbers": [1]},
        "header": {"x-reasons": ["late", "broken"], "x-window": {"from": "mon", "days": 3}},
        "body": {"quantity": 2, "note": ["a b", "ä&ö"], "gift": False},
    }
    request = sent("changeLines", document)
    assert (request.headers["X-Reasons"], request.headers["X-Window"]) == ("late,broken", "from,mon,days,3")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.body == b"quantity=2&note=a+b&note=%C3%A4%26%C3%B6&gift=false"
    assert request.headers["Accept"] == "text/plain"


def test_a_body_that_need_not_be_there() -> None:
    request = sent(CHANGE.operation, CHANGE.document)
    assert request.body == b""
    assert "Content-Type" not in request.headers


def test_several_operations_of_one_path_are_told_apart_by_what_they_send() -> None:
    assert sent("findByPlace", {"query": {"method": "byPlace"}}).url == "http://shop.test/api/search?method=byPlace"


@pytest.mark.parametrize(
    ("operation", "document", "path", "said"),
    [
        ("placeOrder", {}, "body", "is missing"),
        ("placeOrder", {"body": {"lines": [{}]}}, "body.customer", "is missing"),
        ("placeOrder", {"body": {"customer": "c", "lines": [{"code": "a"}, {}]}}, "body.lines[1].code", "is missing"),
        ("placeOrder", {"body": {"customer": "c", "lines": []}}, "body.lines", "at least 1"),
        ("placeOrder", {"body": {**ORDER, "customer": "x" * 13}}, "body.customer", "at most 12"),
        ("placeOrder", {"body": {**ORDER, "customer": 7}}, "body.customer", "must be text, not a number"),
        ("placeOrder", {"body": {**ORDER, "customer": None}}, "body.customer", "must be text, not null"),
        ("placeOrder", {"body": {**ORDER, "kind": "old"}}, "body.kind", "must be one of"),
        ("placeOrder", {"body": {**ORDER, "placed": "yesterday"}}, "body.placed", "a date and time"),
        ("placeOrder", {"body": {**ORDER, "total": {"amount": Decimal("1.005")}}}, "body.total.amount", "multiple of"),
        ("placeOrder", {"body": {**ORDER, "total": {"amount": Decimal("NaN")}}}, "body.total.amount", "no number"),
        ("placeOrder", {"body": {**ORDER, "total": {"amount": 1, "currency": "kr"}}}, "body.total.currency", "must match"),
        ("placeOrder", {"body": {**ORDER, "lines": [{"code": "a", "quantity": Decimal("1.0")}]}}, "body.lines[0].quantity", "whole number"),
        ("placeOrder", {"body": {**ORDER, "id": "1"}}, "body.id", "has no such member here; it has: customer, kind"),
        ("placeOrder", {"body": {**ORDER, "total": {"amount": 1, "tax": 1}}}, "body.total.tax", "no such member"),
        ("placeOrder", {"body": {**ORDER, "note": "\ud800"}}, "body.note", "U+D800 at position 1"),
        ("placeOrder", {"body": {**ORDER, "note": b"x"}}, "body.note", "bytes is no plain data"),
        ("placeOrder", {"query": {}, "body": ORDER}, "query", "no such member"),
        ("placeOrder", {"header": {"x-trace": "a\r\nX-Admin: yes"}, "body": ORDER}, "header.x-trace", "no line break"),
        ("placeOrder", {"header": {"x-trace": "å"}, "body": ORDER}, "header.x-trace", "only ASCII"),
        ("changeLines", {"path": {"id": "7", "numbers": [1]}, "header": {"x-reasons": ["a,b"]}}, "header.x-reasons", "a comma would part"),
        ("changeLines", {"path": {"id": "7"}, "header": {"x-reasons": ["a"]}}, "path.numbers", "is missing"),
        ("cancelOrder", {}, "", "orders.yaml has no operation 'cancelOrder'; it has: listOrders, placeOrder"),
    ],
)
def test_what_breaks_the_contract_is_refused_before_anything_leaves(operation: str, document: dict[str, Any], path: str, said: str) -> None:
    with pytest.raises(SerialisationFailed) as refused:
        sent(operation, document)
    assert refused.value.path == path
    assert said in refused.value.text


def test_a_refusal_names_the_other_places_too() -> None:
    with pytest.raises(SerialisationFailed, match=r"\(and 1 more: body\.lines\[0\]\.code\)"):
        sent("placeOrder", {"body": {"lines": [{}]}})


def test_a_document_nested_without_end() -> None:
    line: dict[str, Any] = {"code": "a"}
    for _ in range(2000):
        line = {"code": "a", "parts": [line]}
    with pytest.raises(SerialisationFailed, match="nested too deep"):
        sent("placeOrder", {"body": {**ORDER, "lines": [line]}})


def test_settings_that_cannot_be_used() -> None:
    with pytest.raises(ConfigError, match=r"http://shop\.test/a cannot have a query"):
        RestConnector(CONTRACT, "http://shop.test/a?key=secret")
    with pytest.raises(ConfigError, match="'Accept' is set by the connector"):
        connector(headers={"Accept": "text/html"})
    with pytest.raises(ConfigError, match="must not contain ':'"):
        connector(basic=("a:b", "c"))
    with pytest.raises(SerialisationFailed, match="'Content-Type' is set by the connector"):
        sent("listOrders", {}, {"Content-Type": "text/html"})


def test_the_contracts_are_those_of_the_paths() -> None:
    assert list(connector().contracts()) == list(CONTRACT.operations)


# what comes back


def test_a_reply_is_status_headers_and_body() -> None:
    body = b'[{"id": "1", "customer": "C", "lines": [{"code": "a"}], "total": {"amount": 10.50}}]'
    found = answer(LIST, 200, body, x_total_count="12", link="<a>; rel=next", x_other="1")
    assert found.kind is AnswerKind.REPLY
    assert found.document == {
        "status": 200,
        "header": {"x-total-count": 12, "link": "<a>; rel=next"},
        "body": [{"id": "1", "customer": "C", "lines": [{"code": "a"}], "total": {"amount": Decimal("10.50")}}],
    }
    assert found.deviations == ()


def test_what_the_contract_leaves_open_is_kept() -> None:
    found = answer(Call("readStock", {}), 200, b'{"any": [1, {"a": null}], "kinds": [null, 1], "shelf": {"a1": 3}, "more": {"x": [1.50]}}')
    body = {"any": [1, {"a": None}], "kinds": [None, 1], "shelf": {"a1": 3}, "more": {"x": [Decimal("1.50")]}}
    assert (found.document, found.deviations) == ({"status": 200, "body": body}, ())


def test_a_refusal_that_is_documented_is_a_reply() -> None:
    found = answer(LIST, 404, b'{"code": "60", "message": "No such shop"}')
    assert found.kind is AnswerKind.REPLY
    assert found.document == {"status": 404, "body": [{"code": "60", "message": "No such shop"}]}
    found = answer(PLACE, 500, b'{"code": "1", "message": "Out of order"}')
    assert found.document == {"status": 500, "body": {"code": "1", "message": "Out of order"}}


def test_a_reply_without_a_body() -> None:
    assert answer(PLACE, 202, b"", "").document == {"status": 202}
    found = answer(PLACE, 202, b"<html/>", "text/html")
    assert (found.document, noted(found)) == ({"status": 202}, [("extra", "body")])
    assert answer(CHANGE, 200, "tack så mycket".encode(), "text/plain").document == {"status": 200, "body": "tack så mycket"}
    assert answer(CHANGE, 200, b"", "").document == {"status": 200, "body": ""}


@pytest.mark.parametrize(
    ("status", "body", "media", "said"),
    [
        (302, b"", "", "the contract has no such status; it has: 200, 4XX (HTTP 302, no media type)"),
        (200, b"<html>", "text/html", "the contract has application/json here (HTTP 200, text/html)"),
        (200, b"", "application/json", "the body is empty (HTTP 200, application/json)"),
        (200, b"[{]", "application/json", "the body is not valid JSON: line 1 column 3"),
        (200, b'[{"id": 1, "id": 2}]', "application/json", "the member is given twice"),
        (200, b"[" * 150 + b"]" * 150, "application/json", "nested deeper than 100"),
        (200, b"\xff\xfe", "application/json", "the body is not UTF-8: byte 1"),
        (404, b"Not found", "text/plain", "(HTTP 404, text/plain)"),
        (200, b'"down for maintenance"', "application/json", "the body is text where the contract has a list"),
        (200, b'["down"]', "application/json", "a list with elements that the contract does not have"),
        (200, b"[[]]", "application/json", "a list with elements that the contract does not have"),
        (200, b"null", "application/json", "the body is null, which the contract does not have here"),
        (404, b'"no route"', "application/json", "the body is text, which the contract does not have here"),
        (200, b'["+2AA-"]', "application/json; charset=utf-7", "a list with elements"),
    ],
)
def test_what_is_not_documented_or_cannot_be_read(status: int, body: bytes, media: str, said: str) -> None:
    found = answer(LIST, status, body, media)
    assert found.kind is AnswerKind.UNREADABLE
    assert (found.status, found.document) == (status, None)
    assert said in found.unreadable


def test_where_a_redirect_leads_is_said() -> None:
    assert "HTTP 302 to https://login.test: " in answer(LIST, 302, b"", "", location="https://login.test").unreadable


def test_a_body_beyond_the_limits() -> None:
    found = answer(LIST, 200, b"[]" + b" " * 100, one=connector(limits=XmlLimits(size=50)))
    assert "102 bytes, more than the 50" in found.unreadable


def test_what_departs_from_the_contract_is_read_and_noted() -> None:
    body = (
        b'{"id": 17, "customer": null, "colour": "red", "kind": true, "total": {"amount": "12.50"}, "note": null,'
        b'"lines": {"code": ["a", "b"], "quantity": 2.0, "parts": [null, 3, {"code": {}}]}, "placed": []}'
    )
    found = answer(PLACE, 201, body)
    assert found.kind is AnswerKind.REPLY
    assert found.document == {
        "status": 201,
        "body": {"id": "17", "kind": "true", "total": {"amount": Decimal("12.50")}, "note": None}
        | {"lines": [{"code": "a", "quantity": 2, "parts": [{}]}]},
    }
    assert noted(found) == [
        ("type", "body.id"),
        ("nil", "body.customer"),
        ("extra", "body.colour"),
        ("type", "body.kind"),
        ("type", "body.total.amount"),
        ("type", "body.lines"),
        ("repeated", "body.lines[0].code"),
        ("type", "body.lines[0].quantity"),
        ("type", "body.lines[0].parts[0]"),
        ("type", "body.lines[0].parts[1]"),
        ("type", "body.lines[0].parts[2].code"),
        ("missing", "body.lines[0].parts[2].code"),
        ("repeated", "body.placed"),
        ("missing", "body.customer"),
    ]


def test_text_that_is_no_number_stays_text() -> None:
    lines = b'[{"code": "a", "quantity": "many"}, {"code": "b", "quantity": true}]'
    found = answer(PLACE, 201, b'{"id": "1", "customer": "c", "lines": ' + lines + b"}")
    assert found.document is not None
    assert found.document["body"]["lines"] == [{"code": "a", "quantity": "many"}, {"code": "b", "quantity": True}]
    assert noted(found) == [("type", "body.lines[0].quantity"), ("type", "body.lines[1].quantity")]


def test_a_body_that_is_of_another_kind_altogether() -> None:
    found = answer(PLACE, 201, b'"done"')
    assert (found.kind, found.document) == (AnswerKind.UNREADABLE, None)


def test_media_types_that_nearly_fit_are_noted() -> None:
    for media in ("application/hal+json", ""):
        found = answer(PLACE, 500, b'{"code": "1", "message": "m"}', media)
        assert (found.kind, noted(found)) == (AnswerKind.REPLY, [("media", "body")])


@pytest.mark.parametrize(
    ("body", "media", "notes"),
    [
        ('{"code": "1", "message": "å"}'.encode(), "application/json; charset=utf-8", []),
        ('{"code": "1", "message": "å"}'.encode("latin-1"), "application/json; charset=iso-8859-1", [("encoding", "body")]),
        ('\ufeff{"code": "1", "message": "å"}'.encode(), "application/json", [("encoding", "body")]),
        ('{"code": "1", "message": "å"}'.encode(), "application/json; charset=ascii", [("encoding", "body")]),
        ('{"code": "1", "message": "å"}'.encode(), "application/json; charset=klingon", [("encoding", "body")]),
        ('{"code": "1", "message": "å"}'.encode(), "application/json; charset=undefined", [("encoding", "body")]),
    ],
)
def test_other_encodings_are_read_and_noted(body: bytes, media: str, notes: list[tuple[str, str]]) -> None:
    found = answer(PLACE, 500, body, media)
    assert found.document is not None
    assert (found.document["body"]["message"], noted(found)) == ("å", notes)


def test_headers_that_are_missing_or_wrong() -> None:
    assert noted(answer(LIST, 200, b"[]")) == [("missing", "header.x-total-count")]
    found = answer(LIST, 200, b"[]", x_total_count="many")
    assert (found.document, noted(found)) == (
        {"status": 200, "header": {"x-total-count": "many"}, "body": []},
        [("type", "header.x-total-count")],
    )
