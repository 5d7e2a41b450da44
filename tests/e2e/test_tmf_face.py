"""TMF622 v4 as front-ends use it, against both backends: create, read, list, and an Error for everything else."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from tests.service_kit import Running, closed_port, pr_order, running

BASE = "/tmf-api/productOrderingManagement/v4"
TMF = BASE + "/productOrder"
MANDATORY = ("id", "href", "orderDate", "state", "productOrderItem", "relatedParty")
STATES = {
    "acknowledged",
    "rejected",
    "pending",
    "held",
    "inProgress",
    "cancelled",
    "completed",
    "failed",
    "partial",
    "assessingCancellation",
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A service of its own, because lists show everything there is."""
    with running(tmp_path_factory.mktemp("adapter")) as started:
        yield started


@pytest.fixture(scope="module")
def schemas(service: Running) -> dict[str, Any]:
    """Checks of what the face promises in its OpenAPI document."""
    document = service.http.get("/openapi/tmf.json").json()
    answers = document["paths"]["/productOrder"]["post"]["responses"]

    def check(status: str) -> Any:
        reference = next(iter(answers[status]["content"].values()))["schema"]
        return jsonschema_rs.Draft202012Validator({**reference, "components": document["components"]})

    return {"order": check("201"), "error": check("400")}


def lab_order(**changed: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "externalId": f"E-{uuid.uuid4()}",
        "description": "two of one, one of another",
        "priority": "2",
        "requestedCompletionDate": "2031-05-04T10:00:00+02:00",
        "note": [{"text": "ring twice", "author": "desk"}],
        "productOrderItem": [
            {"id": "1", "action": "add", "quantity": 2, "productOffering": {"id": "FIBRE-100"}},
            {"id": "2", "action": "modify", "quantity": 1, "productOffering": {"id": "TV"}, "product": {"id": "P-9", "isBundle": True}},
        ],
    }
    return body | changed


def conforms(schemas: dict[str, Any], document: dict[str, Any]) -> None:
    for member in MANDATORY:
        assert document.get(member), f"{member} is missing"
    assert document["state"] in STATES
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", document["orderDate"])
    assert all(party["id"] and party["@referredType"] for party in document["relatedParty"])
    assert all(item["id"] and item["action"] for item in document["productOrderItem"])
    assert document["@type"] == "ProductOrder"
    schemas["order"].validate(document)


def is_error(schemas: dict[str, Any], reply: httpx.Response, status: int) -> str:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/json;charset=utf-8"
    body = reply.json()
    schemas["error"].validate(body)
    assert body["status"] == str(status)
    assert body["code"]
    assert body["reason"]
    return body["code"]


@pytest.mark.parametrize("market", ["lab", "pr"])
def test_an_order_is_created_and_can_be_read_under_its_location(service, schemas, market):
    order = lab_order() if market == "lab" else pr_order(orderTotalPrice=None)
    headers = {"X-Market": market, "X-Conversation-Id": "QAHA017633E52B68CF0000"}
    created = service.http.post(TMF, json=order, headers=headers)
    assert created.status_code == 201, created.text
    document = created.json()
    conforms(schemas, document)
    assert created.headers["location"] == document["href"]
    assert document["href"] == f"{service.url}{TMF}/{document['id']}"
    assert document["externalId"] == order["externalId"]
    for headers in ({"X-Market": market}, {}):  # whoever follows the address need not know the market
        read = service.http.get(document["href"], headers=headers)
        assert read.status_code == 200, read.text
        conforms(schemas, read.json())
        assert read.json()["id"] == document["id"]
        assert read.json()["orderDate"] == document["orderDate"]


def test_a_lab_order_comes_back_as_it_was_sent(service):
    order = lab_order()
    document = service.http.post(TMF, json=order).json()
    for member in ("externalId", "description", "priority", "note", "productOrderItem"):
        assert document[member] == order[member]
    assert document["requestedCompletionDate"] == "2031-05-04T08:00:00.000Z"


def test_fields_reduce_an_order_to_what_is_asked_for(service):
    identity = service.http.post(TMF, json=lab_order()).json()["id"]
    assert set(service.http.get(f"{TMF}/{identity}?fields=state,externalId").json()) == {"id", "href", "state", "externalId"}
    assert set(service.http.get(f"{TMF}/{identity}?fields=nothing").json()) == {"id", "href"}


def test_lists_are_filtered_paged_and_counted(service, schemas):
    note = f"of {uuid.uuid4()}"
    placed = [service.http.post(TMF, json=lab_order(description=note)).json() for _ in range(5)]
    newest = [document["id"] for document in reversed(placed)]

    everything = service.http.get(TMF, params={"description": note})
    assert everything.status_code == 200
    assert (everything.headers["x-total-count"], everything.headers["x-result-count"]) == ("5", "5")
    assert [document["id"] for document in everything.json()] == newest
    for document in everything.json():
        conforms(schemas, document)

    part = service.http.get(TMF, params={"description": note, "offset": "1", "limit": "2"})
    assert part.status_code == 206
    assert (part.headers["x-total-count"], part.headers["x-result-count"]) == ("5", "2")
    assert [document["id"] for document in part.json()] == newest[1:3]
    rels = {rel: address for address, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', part.headers["link"])}
    assert set(rels) == {"self", "first", "prev", "next", "last"}
    assert [document["id"] for document in service.http.get(rels["next"]).json()] == newest[3:5]

    found, none = service.http.get(TMF, params={"id": newest[0]}), service.http.get(TMF, params={"externalId": "nowhere"})
    assert [document["id"] for document in found.json()] == newest[:1]
    assert (none.status_code, none.json(), none.headers["x-total-count"]) == (200, [], "0")
    by_item = service.http.get(TMF, params={"description": note, "productOrderItem.productOffering.id": "TV", "fields": "state"})
    assert [set(document) for document in by_item.json()] == [{"id", "href", "state"}] * 5
    past = service.http.get(TMF, params={"description": note, "offset": "99"})
    assert (past.status_code, past.json(), past.headers["x-total-count"]) == (200, [], "5")
    by_sort = service.http.get(TMF, params={"description": note, "sort": "orderDate"})
    assert [document["id"] for document in by_sort.json()] == newest[::-1]


@pytest.mark.parametrize("market", ["lab", "pr"])
def test_the_date_of_an_order_is_the_same_wherever_it_is_shown(service, market):
    order = lab_order() if market == "lab" else pr_order(orderTotalPrice=None)
    headers = {"X-Market": market, "X-Conversation-Id": "QAHA017633E52B68CF0000"}
    created = service.http.post(TMF, json=order, headers=headers).json()
    assert service.http.get(created["href"]).json()["orderDate"] == created["orderDate"]
    listed = service.http.get(TMF, params={"orderDate": created["orderDate"]}).json()
    assert {document["orderDate"] for document in listed} == {created["orderDate"]}
    assert created["id"] in {document["id"] for document in listed}


def test_a_limit_of_0_asks_for_the_number_only(service):
    note = f"of {uuid.uuid4()}"
    service.http.post(TMF, json=lab_order(description=note))
    counted = service.http.get(TMF, params={"description": note, "limit": "0"})
    assert (counted.status_code, counted.json()) == (206, [])
    assert (counted.headers["x-total-count"], counted.headers["x-result-count"]) == ("1", "0")
    assert "link" not in counted.headers


def test_orders_of_the_other_face_are_in_the_list_and_refused_ones_are_not(service):
    booked = pr_order(orderTotalPrice=None)
    placed = service.place(booked)
    refused = pr_order(house="00918424400911")
    assert service.place(refused).status_code == 400
    for headers in ({}, {"X-Market": "pr"}):
        [listed] = service.http.get(TMF, params={"externalId": booked["externalId"]}, headers=headers).json()
        assert listed["id"] == placed.json()["id"]
        assert listed["state"] == "acknowledged"
        assert listed["href"] == f"{service.url}{TMF}/{listed['id']}"
    assert service.http.get(TMF, params={"externalId": booked["externalId"]}, headers={"X-Market": "lab"}).json() == []
    assert service.http.get(TMF, params={"externalId": refused["externalId"]}).json() == []


def test_warnings_and_refusals_speak_the_language_of_the_standard(service, schemas):
    warned = service.http.post(TMF, json=lab_order(externalId=f"WARN-{uuid.uuid4()}"))
    assert warned.status_code == 201
    assert "L201 NO VISIT BEFORE THE WANTED DAY" in warned.json()["description"]
    refused = service.http.post(TMF, json=lab_order(externalId=f"REFUSE-{uuid.uuid4()}"))
    assert is_error(schemas, refused, 400) == "offer-unknown"
    assert "L401 OFFER NOT KNOWN" in refused.json()["message"]
    expired = service.http.post(
        TMF, json=pr_order(house="00918424400911"), headers={"X-Market": "pr", "X-Conversation-Id": "QAHA017633E52B68CF0000"}
    )
    assert is_error(schemas, expired, 400) == "conversation-expired"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/productOrder/NONE-1", 404),
        ("GET", "/productOrder/1/2/3", 404),
        ("DELETE", "/productOrder/1", 404),
        ("PATCH", "/productOrder/1", 415),
        ("PUT", "/productOrder", 405),
        ("PUT", "/hub", 405),
        ("POST", "/cancelProductOrder", 415),
        ("GET", "/cancelProductOrder/1", 404),
        ("GET", "/productOrder?limit=-1", 400),
        ("GET", "/productOrder?offset=x", 400),
        ("GET", "/productOrder?colour=red", 400),
        ("GET", "/productOrder?sort=colour", 400),
        ("GET", "/productOrder?externalId.regex=((", 400),
    ],
)
def test_every_refusal_is_an_error_of_the_standard(service, schemas, method, path, status):
    is_error(schemas, service.http.request(method, BASE + path), status)


def test_refusals_of_bodies_and_media_types_are_errors_too(service, schemas):
    is_error(schemas, service.http.post(TMF, content=b"{", headers={"content-type": "application/json"}), 400)
    is_error(schemas, service.http.post(TMF, json={}), 400)
    is_error(schemas, service.http.post(TMF, content=b"<a/>", headers={"content-type": "text/xml"}), 415)
    is_error(schemas, service.http.get(TMF, headers={"accept": "text/html"}), 406)
    is_error(schemas, service.http.get(TMF, headers={"X-Market": "nowhere"}), 403)
    is_error(schemas, service.http.get(TMF, headers={"client-id": "demo-channel", "client-secret": "wrong"}), 401)


def test_state_and_identity_belong_to_the_server(service):
    for owned in ({"id": "mine"}, {"href": "http://x/"}, {"state": "completed"}, {"orderDate": "2020-01-01T00:00:00Z"}):
        reply = service.http.post(TMF, json=lab_order(**owned))
        assert reply.status_code == 201, reply.text  # it is taken, and what it says of itself is not believed
        [(name, wish)] = owned.items()
        assert reply.json()[name] != wish


def test_a_backend_that_is_down_is_503_with_retry_after(service, schemas, tmp_path: Path):
    nobody = f"http://127.0.0.1:{closed_port()}/lab"
    with running(tmp_path, {"ADAPTER_LAB_ENDPOINT": nobody}) as alone:
        reply = alone.http.post(TMF, json=lab_order())
        assert is_error(schemas, reply, 503) == "backend-unavailable"
        assert reply.headers["retry-after"] == "5"
        assert alone.http.get(TMF).json() == []
