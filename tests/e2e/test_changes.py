"""PATCH, DELETE and cancelProductOrder as front-ends use them, against the lab: bodies, media types, errors, addresses."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx
import jsonschema_rs
import pytest

from tests.service_kit import Running

BASE = "/tmf-api/productOrderingManagement/v4"
MERGE, PATCHES = "application/merge-patch+json", "application/json-patch+json"


def placed(service: Running, **changed: Any) -> str:
    item = {"id": "1", "action": "add", "quantity": 1, "productOffering": {"id": "FIBRE-500"}}
    reply = service.http.post(f"{BASE}/productOrder", json={"externalId": f"E-{uuid.uuid4()}", "productOrderItem": [item]} | changed)
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


def patched(service: Running, identity: str, body: Any, media: str = MERGE, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body)
    return service.http.patch(f"{BASE}/productOrder/{identity}", content=content, headers={"content-type": media, **headers})


def cancelled(service: Running, identity: str, **headers: str) -> httpx.Response:
    return service.http.post(f"{BASE}/cancelProductOrder", json={"productOrder": {"id": identity}}, headers=headers)


@pytest.fixture(scope="module")
def promised(service: Running) -> Any:
    """What the face's OpenAPI document says of PATCH."""
    document = service.http.get("/openapi/tmf.json").json()
    return document["paths"]["/productOrder/{id}"]["patch"], document["components"]


@pytest.mark.parametrize("media", [MERGE, "application/json", f"{MERGE}; charset=utf-8"])
def test_a_merge_patch_is_answered_with_the_whole_order(service: Running, promised: Any, media: str) -> None:
    identity = placed(service, description="first")
    reply = patched(service, identity, {"description": "second"}, media)
    assert reply.status_code == 200, reply.text
    operation, components = promised
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema_rs.Draft202012Validator({**schema, "components": components}).validate(reply.json())
    read = service.http.get(f"{BASE}/productOrder/{identity}").json()
    assert read == reply.json()
    assert (read["id"], read["description"]) == (identity, "second")


def test_the_openapi_document_tells_both_forms_of_a_patch(promised: Any) -> None:
    operation, components = promised
    content = operation["requestBody"]["content"]
    assert set(content) == {MERGE, "application/json", PATCHES}
    update = components["schemas"][content[MERGE]["schema"]["$ref"].rpartition("/")[2]]
    assert "productOrderItem" not in update.get("required", [])
    assert {"type": "null"} in update["properties"]["description"]["anyOf"]
    assert {"200", "404", "409", "415", "422"} <= operation["responses"].keys()


def test_a_json_patch_changes_one_element_of_a_list(service: Running) -> None:
    identity = placed(service, note=[{"text": "one"}, {"text": "two"}])
    reply = patched(service, identity, [{"op": "remove", "path": "/note/0"}], PATCHES)
    assert (reply.status_code, [note["text"] for note in reply.json()["note"]]) == (200, ["two"])


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"{", MERGE, 400),
        ([1], MERGE, 400),
        ({}, PATCHES, 400),
        ([1], PATCHES, 400),
        ({"id": "another"}, MERGE, 400),
        ({"note": 1}, MERGE, 400),
        ([{"op": "test", "path": "/state", "value": "held"}], PATCHES, 409),
        ({}, "text/plain", 415),
        ({}, "application/json-patch-query+json", 415),
        ({"description": "REFUSE-this"}, MERGE, 422),
        ({"description": "FAULT-this"}, MERGE, 504),
    ],
)
def test_what_cannot_be_done_is_an_error_of_the_standard(service: Running, body: Any, media: str, status: int) -> None:
    reply = patched(service, placed(service), body, media)
    assert reply.status_code == status, reply.text
    assert reply.json()["status"] == str(status)
    assert reply.json()["@type"] == "Error"
    assert reply.json()["reason"]


def test_patches_do_not_make_an_order_larger_than_a_request_may_be(service: Running) -> None:
    identity, statuses = placed(service), []
    text = "x" * 100_000
    for _ in range(4):
        reply = patched(
            service,
            identity,
            [{"op": "add", "path": "/note/-", "value": {"text": text}}] if statuses else {"note": [{"text": text}]},
            PATCHES if statuses else MERGE,
        )
        statuses.append(reply.status_code)
    assert statuses == [200, 200, 413, 413]
    assert reply.json()["@type"] == "Error"
    assert "262144 bytes at most" in reply.json()["message"]


def test_a_repeat_with_the_same_key_gets_the_same_bytes(service: Running) -> None:
    identity, key = placed(service), str(uuid.uuid4())
    first = patched(service, identity, {"description": "second"}, **{"Idempotency-Key": key})
    patched(service, identity, {"description": "third"})
    assert patched(service, identity, {"description": "second"}, **{"Idempotency-Key": key}).content == first.content
    other = patched(service, identity, {"description": "fourth"}, **{"Idempotency-Key": key})
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")


def test_one_call_chain_may_change_an_order_twice(service: Running) -> None:
    identity, chain = placed(service), {"X-Correlation-ID": str(uuid.uuid4())}
    for text in ("second", "third"):
        assert patched(service, identity, {"description": text}, **chain).json()["description"] == text


def test_r164_the_case_of_an_address_does_not_matter(service: Running) -> None:
    identity = placed(service)
    for path in (f"{BASE}/productorder/{identity}", f"{BASE}/PRODUCTORDER/{identity}/", f"{BASE.upper()}/productOrder/{identity}"):
        assert service.http.get(path).json()["id"] == identity
    assert service.http.get(f"{BASE}/productOrder/{identity.lower()}").status_code == 404  # an id is not part of the address


def test_an_order_is_cancelled_by_a_task_that_can_be_read_and_listed(service: Running) -> None:
    identity = placed(service)
    made = cancelled(service, identity)
    assert (made.status_code, made.json()["state"]) == (201, "done")
    assert made.headers["location"] == made.json()["href"]
    assert service.http.get(made.json()["href"]).json() == made.json()
    listed = service.http.get(f"{BASE}/cancelProductOrder", params={"productOrder.id": identity})
    assert listed.json() == [made.json()]
    assert service.http.get(f"{BASE}/cancelProductOrder?fields=state&id={made.json()['id']}").json()[0].keys() == {"id", "href", "state"}
    assert service.http.get(f"{BASE}/productOrder/{identity}").json()["state"] == "cancelled"
    for refused in (cancelled(service, identity), patched(service, identity, {"note": []})):
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        assert "cancelled" in refused.json()["reason"]
    assert service.http.get(f"{BASE}/productOrder/{made.json()['id']}").status_code == 404
    assert service.http.get(f"{BASE}/cancelProductOrder/{identity}").status_code == 404


def test_a_cancelled_order_can_be_deleted_and_an_open_one_not(service: Running) -> None:
    identity = placed(service)
    assert service.http.delete(f"{BASE}/productOrder/{identity}").status_code == 409
    cancelled(service, identity)
    gone = service.http.delete(f"{BASE}/productOrder/{identity}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert service.http.get(f"{BASE}/productOrder/{identity}").status_code == 404
    assert service.http.delete(f"{BASE}/productOrder/{identity}").status_code == 404
    assert service.http.get(f"{BASE}/productOrder", params={"id": identity}).json() == []


def test_a_task_about_nothing_is_refused(service: Running) -> None:
    assert cancelled(service, "nothing").status_code == 404
    assert service.http.post(f"{BASE}/cancelProductOrder", json={}).status_code == 400


def test_a_market_that_cannot_do_it_says_so(service: Running) -> None:
    pr = {"X-Market": "pr"}
    for reply in (
        patched(service, "1", {}, **pr),
        service.http.delete(f"{BASE}/productOrder/1", headers=pr),
        cancelled(service, "1", **pr),
        service.http.get(f"{BASE}/cancelProductOrder", headers=pr),
        service.http.get(f"{BASE}/cancelProductOrder/1", headers=pr),
        patched(service, "1", {}, **{"X-Market": "jm"}),
        cancelled(service, "1", **{"X-Market": "jm"}),
    ):
        assert (reply.status_code, reply.json()["code"]) == (501, "not-offered"), reply.text
