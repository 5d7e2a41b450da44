"""OpenAPI, health, metrics, and paths that belong to no face."""

from __future__ import annotations

import jsonschema_rs
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from adapter.faces.app import create_app
from adapter.faces.clients import Clients
from adapter.faces.openapi import openapi
from adapter.faces.rendering import Renderer

HYBRIS, TMF = "/ecom-ux/v1", "/tmf-api/productOrderingManagement/v4"


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


@pytest.mark.parametrize("face", ["hybris", "tmf"])
def test_every_reference_of_an_openapi_document_leads_somewhere(world, face):
    document = world.send("GET", f"/openapi/{face}.json").json()
    assert document["openapi"] == "3.1.0"
    components = document["components"]["schemas"]
    found = set(references(document))
    assert found == {f"#/components/schemas/{name}" for name in components}
    for schema in components.values():
        assert jsonschema_rs.meta.is_valid({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


@pytest.mark.parametrize(("face", "path"), [("hybris", "/{businessId}/productOrder"), ("tmf", "/productOrder")])
def test_openapi_schemas_judge_documents_as_the_face_does(world, order, headers, face, path):
    document = world.send("GET", f"/openapi/{face}.json").json()

    def check(reference):
        return jsonschema_rs.Draft202012Validator({"$ref": reference["$ref"], "components": document["components"]})

    create = document["paths"][path]["post"]
    sent = check(create["requestBody"]["content"]["application/json"]["schema"])
    assert sent.is_valid(order)
    assert not sent.is_valid({})
    target = f"{HYBRIS}/PR/productOrder" if face == "hybris" else f"{TMF}/productOrder"
    refused = world.send("POST", target, json={}, headers=headers).json()
    error = check(create["responses"]["400"]["content"]["application/json"]["schema"])
    assert error.is_valid(refused)
    assert not error.is_valid({"detail": []})


def test_openapi_says_what_a_caller_has_to_send(world):
    document = world.send("GET", "/openapi/hybris.json").json()
    create = document["paths"]["/{businessId}/productOrder"]["post"]
    parameters = {parameter["name"]: parameter for parameter in create["parameters"]}
    assert parameters["businessId"]["schema"]["enum"] == ["PR", "JM", "PA"]
    assert parameters["lob"]["required"]
    assert parameters["lob"]["schema"]["enum"] == ["FIXED"]
    assert parameters["channelId"]["schema"]["default"] == "ECOM"
    assert not parameters["X-Conversation-Id"]["required"]
    assert "Required for market pr." in parameters["X-Conversation-Id"]["description"]
    assert "X-Correlation-ID" in parameters["correlationId"]["description"]
    assert set(create["responses"]) >= {"201", "400", "401", "403", "413", "422", "502", "504"}
    read = document["paths"]["/{businessId}/productOrder/{id}"]["get"]
    names = {parameter["name"]: parameter for parameter in read["parameters"]}
    assert not names["lob"]["required"]
    assert names["accountId"]["in"] == "query"
    assert document["components"]["securitySchemes"]["clientId"]["name"] == "client-id"


def test_openapi_describes_lists(world):
    operation = world.send("GET", "/openapi/tmf.json").json()["paths"]["/productOrder"]["get"]
    assert {"fields", "offset", "limit", "sort", "filter"} <= {parameter["name"] for parameter in operation["parameters"]}
    assert set(operation["responses"]["206"]["headers"]) >= {"X-Total-Count", "X-Result-Count", "Link"}
    assert operation["responses"]["200"]["content"]["application/json"]["schema"]["type"] == "array"


def test_openapi_without_schemas_and_sorting(face_with):
    face = face_with("tmf", lambda data: data["routes"][1]["listing"].update(sort=False))
    document = openapi(face, lambda view, name, which: None)
    assert document["paths"]["/productOrder"]["post"]["requestBody"]["content"]["application/json"]["schema"] == {"type": "object"}
    assert "sort" not in {parameter["name"] for parameter in document["paths"]["/productOrder"]["get"]["parameters"]}


def test_types_of_the_same_name_are_kept_apart(face_with):
    schema = {"properties": {"a": {"$ref": "#/$defs/ProductOrder"}, "me": {"$ref": "#"}}, "$defs": {"ProductOrder": {"type": "string"}}}
    components = openapi(face_with("tmf", lambda data: None), lambda view, name, which: schema)["components"]["schemas"]
    assert components["ProductOrder"]["properties"] == {
        "a": {"$ref": "#/components/schemas/ProductOrder_"},
        "me": {"$ref": "#/components/schemas/ProductOrder"},
    }
    assert components["ProductOrder_Create"]["properties"]["a"] == {"$ref": "#/components/schemas/ProductOrder_Create_"}


def test_error_schema_of_literals_and_lists(make, face_with):
    def edit(data):
        data["errors"]["body"] = {"a": "$$x", "b": ["$status", 1], "c": None}

    schema = make(faces=[face_with("tmf", edit)]).send("GET", "/openapi/tmf.json").json()["components"]["schemas"]["Error"]
    assert schema["properties"] == {
        "a": {"const": "$x"},
        "b": {"type": "array", "prefixItems": [{"type": "integer"}, {"const": 1}]},
        "c": {"const": None},
    }


def test_health(world):
    assert world.send("GET", "/health/live").json() == {"status": "live"}
    assert world.send("GET", "/health/ready").json() == {"status": "ready", "reasons": []}
    world.reasons.append("The record cannot be written")
    answer = world.send("GET", "/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "reasons": ["The record cannot be written"]}


def test_paths_of_no_face_are_plain_json(world):
    for path in ("/", "/nothing", "/openapi/none.json", f"{HYBRIS}x/productOrder", "/health"):
        answer = world.send("GET", path)
        assert answer.status_code == 404
        error = answer.json()
        assert set(error) == {"code", "reason", "message", "status"}
        assert (error["code"], error["reason"], error["status"]) == ("not-found", "Not Found", "404")
    refused = world.send("POST", "/health/live")
    assert (refused.status_code, refused.json()["status"]) == (405, "405")
    assert "GET" in refused.headers["allow"]


def test_metrics_count_by_face_operation_and_status(world, order, headers):
    world.send("POST", f"{HYBRIS}/PR/productOrder", json=order, headers=headers)
    for client in ("made-up-1", "made-up-2"):
        world.send("POST", f"{HYBRIS}/PR/productOrder", json=order, headers={**headers, "client-id": client})
        world.send("GET", f"{TMF}/{client}")
    text = world.send("GET", "/metrics").text
    samples = {
        (sample.labels["face"], sample.labels["operation"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "adapter_requests_total"
    }
    assert samples == {
        ("hybris", "productOrder.create", "201"): 1,
        ("hybris", "productOrder.create", "401"): 2,
        ("tmf", "none", "404"): 2,
    }
    assert 'adapter_request_seconds_count{face="hybris",operation="productOrder.create"} 3.0' in text
    assert 'adapter_requests_in_flight{face="hybris"} 0.0' in text
    assert "made-up" not in text


def test_further_routes_stand_beside_the_faces(world, face_with):
    async def hello(_):
        return PlainTextResponse("hello")

    face = face_with("hybris", lambda data: None)
    clients = Clients.model_validate({"clients": {"a": {"markets": ["pr"], "operations": ["*"]}}})
    app = create_app(
        {"hybris": Renderer(face)},
        clients,
        world.orders,
        lambda view, name, which: None,
        _always_ready,
        loopback=True,
        registry=world.registry.__class__(),
        extra=[Route("/extra", hello)],
    )
    world.app = app
    assert world.send("GET", "/extra").text == "hello"


async def _always_ready():
    return []
