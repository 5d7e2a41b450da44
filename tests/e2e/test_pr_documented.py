"""The three documented orders of the PR market and their answers, over HTTP, against a backend that knows the documented numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.service_kit import SAMPLES, Running, running, sample


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service whose backend has not given away the documented numbers yet."""
    with running(tmp_path_factory.mktemp("documented")) as started:
        yield started


def texts(answer: dict[str, Any]) -> dict[str, str]:
    return {note["@type"]: note["text"] for note in answer["note"]}


def written(document: dict[str, Any]) -> bytes:
    """The document as an answer writes it, its members in the order in which it has them."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def test_r67_r45_r24_the_self_install_order_gets_the_documented_answer(fresh: Running) -> None:
    reply = fresh.place(sample("selfinstall.request.json"))
    assert reply.status_code == 201
    assert reply.headers["content-type"].startswith("application/json")
    assert reply.content == written(sample("selfinstall.response.json"))


def test_r78_r45_r24_the_technician_visit_gets_the_documented_answer(fresh: Running) -> None:
    reply = fresh.place(sample("technician.request.json"))
    assert reply.status_code == 201
    assert reply.content == written(sample("technician.response.json"))


def test_r79_r73_r48_the_repaired_unscheduled_order_gets_an_answer_of_the_documented_shape(fresh: Running) -> None:
    """The documented answer belongs to another order: only its shape and what the BSS says count."""
    reply = fresh.place(sample("unscheduled.request.json"))
    documented, answer = sample("unscheduled.response.json"), reply.json()
    assert reply.status_code == 201
    optional = {"orderCharacteristics"}  # in one sample only, and in no request
    assert answer.keys() | optional == documented.keys()
    # the notes stand behind the billing account here, and before the items in both other documents
    assert [name for name in answer if name != "note"] == [name for name in documented if name not in ("note", *optional)]
    assert [note["@type"].lower() for note in answer["note"]] == [note["@type"].lower() for note in documented["note"]]
    same = ("id", "description", "state", "category", "requestedCompletionDate", "productOrderItem", "@type")
    assert {name: answer[name] for name in same} == {name: documented[name] for name in same}
    said = ("OrderReasonCode", "CampaignCode", "JobComment", "RequestedFunction", "CreditLimit", "JobId", "Technician", "JobNumber")
    assert {kind: texts(answer)[kind] for kind in said} == {kind: texts(documented)[kind] for kind in said}
    assert texts(answer)["JobNumber"] == "111390"


def test_r59_the_unscheduled_order_as_printed_is_refused_without_a_call(fresh: Running) -> None:
    with fresh.listening() as calls:
        reply = fresh.place((SAMPLES / "unscheduled.request.asprinted.txt").read_bytes())
    assert calls == []
    assert reply.status_code == 400
    (error,) = reply.json()["errors"]
    assert error.keys() == {"code", "message", "description"}
    assert error["code"] == 400
    assert "JSON" in error["description"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"note": [}', b"[]", b'"order"', b'{"a": 1} trailing', json.dumps(sample("technician.request.json"))[:-1].encode()],
)
def test_r59_a_body_that_is_no_json_object_is_refused_without_a_call(fresh: Running, body: bytes) -> None:
    with fresh.listening() as calls:
        reply = fresh.place(body)
    assert calls == []
    assert reply.status_code == 400
    assert [error["code"] for error in reply.json()["errors"]] == [400]


def test_the_documented_orders_are_found_again_by_their_number(fresh: Running) -> None:
    for name in ("selfinstall", "technician"):
        documented = sample(f"{name}.response.json")
        assert fresh.place(sample(f"{name}.request.json")).status_code == 201  # on record already, where another test placed it
        reply = fresh.http.get(f"/ecom-ux/v1/PR/productOrder/{documented['id']}", headers=fresh.headers())
        assert reply.status_code == 200
        found = reply.json()
        assert [item["product"]["id"] for item in found["productOrderItem"]] == [
            item["product"]["id"] for item in documented["productOrderItem"]
        ]
        same = ("id", "state", "category", "externalId", "serviceAddress", "requestedCompletionDate", "note")
        assert {name: found[name] for name in same} == {name: documented[name] for name in same}


def test_a_repeat_gets_the_same_bytes_and_no_second_booking(fresh: Running) -> None:
    first = fresh.place(sample("technician.request.json"), correlation="documented-repeat")
    with fresh.listening() as calls:
        again = fresh.place(sample("technician.request.json"), correlation="documented-repeat")
    assert calls == []
    assert (again.status_code, again.content) == (first.status_code, first.content)
