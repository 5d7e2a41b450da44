"""Laws over generated documents: what is written is what others read, and what comes by the contract is read without a note."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from adapter.contract.openapi import load_openapi
from adapter.contract.openapi_model import OpenApi, RestOperation
from adapter.contract.shape import Kind, Member, Shape
from adapter.errors import SerialisationFailed
from adapter.ports import Answer, AnswerKind, Call, InboundRequest, Received, WireReply, WireRequest
from connectors.rest import RestConnector, RestReceiver
from tests.strategies import documents

pytestmark = pytest.mark.no_cover  # what generated documents run is measured where examples show it; measuring doubles the time

HERE = Path(__file__).parents[1] / "contract" / "openapi"
ORDERS, TICKETS = load_openapi(HERE / "orders.yaml"), load_openapi(HERE / "tickets.yaml")
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
_BEYOND_SHAPES = ("multiple of", "header cannot carry", "comma would part", "stand in a path", "one empty text", "with its zone")
NOBODY = InboundRequest("", "", "", {}, b"")


def turned(contract: OpenApi) -> OpenApi:
    """The same operations as webhooks, so that the receiver reads what the connector writes."""
    return OpenApi(contract.location, {}, contract.operations)


CONNECTORS = {one.location: RestConnector(one, "http://backend.test") for one in (ORDERS, TICKETS)}
SERVERS = {one.location: RestReceiver(turned(one)) for one in (ORDERS, TICKETS)}


def written(contract: OpenApi, operation: str, document: dict[str, Any]) -> WireRequest:
    """The request, if the document passes what a Shape cannot say (multiples, what headers carry, empty path segments)."""
    try:
        return next(CONNECTORS[contract.location].exchange(Call(operation, document)))
    except SerialisationFailed as refused:
        if not any(words in refused.text for words in _BEYOND_SHAPES):
            raise
        reject()


def plain(value: Any, member: Member | None = None) -> Any:
    """A document without what the wire has no sign for: lists of nothing, objects of nothing."""
    if isinstance(value, dict):
        inner = {key: plain(one) for key, one in value.items()}
        return {key: one for key, one in inner.items() if one not in ([], {})}
    return [plain(one) for one in value] if isinstance(value, list) else value


def all_operations() -> list[Any]:
    return [pytest.param(contract, name, id=name) for contract in (ORDERS, TICKETS) for name in contract.operations]


@pytest.mark.parametrize(("contract", "name"), all_operations())
def test_what_the_connector_writes_the_receiver_reads(contract: OpenApi, name: str) -> None:
    @FEW
    @given(documents(contract.operations[name].contract.input))
    def law(document: dict[str, Any]) -> None:
        request = written(contract, name, document)
        parts = urlsplit(request.url)
        assume("%2F" not in parts.path)  # decoded before it comes to the receiver, it would part a segment
        headers = {key.lower(): value for key, value in request.headers.items()}
        received = SERVERS[contract.location].read(InboundRequest(request.method, unquote(parts.path), parts.query, headers, request.body))
        assert plain(received.document) == plain(document)
        assert received.deviations == () or received.operation != name  # of two operations at one path, the first takes the request

    law()


@pytest.mark.parametrize(("contract", "name"), all_operations())
def test_replies_by_the_contract_are_read_without_a_note(contract: OpenApi, name: str) -> None:
    operation = contract.operations[name]

    @FEW
    @given(st.data())
    def law(data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(operation.replies)))
        status = {"default": 500, "4XX": 404}.get(key) or int(key)
        document = data.draw(documents(operation.replies[key].contents[0].shape))
        try:
            reply = SERVERS[contract.location].answer(NOBODY, Received(name, {}), {"status": status, **document})
        except SerialisationFailed as refused:
            if not any(words in refused.text for words in _BEYOND_SHAPES):
                raise
            reject()
        found = _read(contract, name, reply)
        assert found.kind is AnswerKind.REPLY, found.unreadable
        assert found.deviations == ()
        assert found.document is not None
        got = dict(found.document)
        if isinstance(got.get("body"), list) and not isinstance(document.get("body"), list):
            got["body"] = got["body"][0]
        assert plain(got) == plain({"status": status, **document})

    law()


def _read(contract: OpenApi, name: str, reply: WireReply) -> Answer:
    operation: RestOperation = contract.operations[name]
    exchange = CONNECTORS[contract.location].exchange(Call(name, _SMALLEST[operation.name]))
    next(exchange)
    with pytest.raises(StopIteration) as stop:
        exchange.send(reply)
    found = stop.value.value
    assert isinstance(found, Answer)
    return found


_SMALLEST: dict[str, dict[str, Any]] = {
    "listOrders": {},
    "placeOrder": {"body": {"customer": "c", "lines": [{"code": "a"}]}},
    "changeLines": {"path": {"id": "7", "numbers": [1]}, "header": {"x-reasons": ["r"]}},
    "readStock": {},
    "findByName": {"query": {"method": "byName"}},
    "findByPlace": {"query": {"method": "byPlace"}},
    "openTicket": {"body": {"id": "1", "steps": [], "items": []}},
    "listTickets": {},
}


@FEW
@given(documents(ORDERS.operations["placeOrder"].contract.input))
def test_json_bodies_are_what_an_independent_reader_and_validator_take(document: dict[str, Any]) -> None:
    request = written(ORDERS, "placeOrder", document)
    body = json.loads(request.body, parse_float=Decimal)
    assert body == document["body"]
    schema = dict(ORDERS.operations["placeOrder"].request.contents[0].schema)
    assert jsonschema_rs.Draft202012Validator(schema).is_valid({**document, "body": body})


@FEW
@given(documents(ORDERS.operations["listOrders"].contract.input))
def test_queries_are_what_an_independent_reader_takes(document: dict[str, Any]) -> None:
    query = document.get("query", {})
    request = written(ORDERS, "listOrders", document)
    got = parse_qs(urlsplit(request.url).query, keep_blank_values=True, strict_parsing=True) if "?" in request.url else {}
    assert got.get("state", []) == query.get("state", [])
    assert ",".join(map(str, query.get("near", []))) == "".join(got.get("near", []))
    for name, value in query.get("page", {}).items():
        assert got[name] == [str(value)]
    assert got.get("since", [None]) == [query.get("since")]


@FEW
@given(documents(ORDERS.operations["changeLines"].contract.input))
def test_paths_and_forms_are_what_an_independent_reader_takes(document: dict[str, Any]) -> None:
    request = written(ORDERS, "changeLines", document)
    _, _, identifier, _, numbers = urlsplit(request.url).path.split("/")
    assert unquote(identifier) == document["path"]["id"]
    assert [int(number) for number in numbers.split(",")] == document["path"]["numbers"]
    form = parse_qsl(request.body.decode("ascii"), keep_blank_values=True)
    body = document.get("body", {})
    assert [text for name, text in form if name == "note"] == body.get("note", [])
    assert dict(form).get("quantity") == (str(body["quantity"]) if body else None)


def test_the_union_takes_each_of_its_replies() -> None:
    """Every member that a reply of some status has is a member of the operation's answer."""

    def inside(part: Shape, whole: Shape, depth: int = 0) -> None:
        if whole.kind is Kind.ANY or part.kind is not Kind.OBJECT or depth > 4:
            return
        for name, member in part.members.items():
            assert name in whole.members
            inside(member.shape, whole.members[name].shape, depth + 1)

    for contract in (ORDERS, TICKETS):
        for operation in contract.operations.values():
            for reply in operation.replies.values():
                for content in reply.contents:
                    inside(content.shape, operation.contract.output)
