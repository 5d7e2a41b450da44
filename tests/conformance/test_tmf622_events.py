"""The events of the TMF face against the published definitions (``ADAPTER_TMF_DEFINITIONS`` names their folder)."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from adapter.contract.tmf import resource
from adapter.faces.declaration import load_face
from adapter.faces.events import EventWriter
from adapter.faces.rendering import Renderer
from adapter.store.outbox import EventRow

FACE = load_face(Path(__file__).parents[2] / "config" / "faces" / "tmf.yaml")
DOCUMENTS = {
    "productOrder": {
        "id": "OM-7",
        "state": "pending",
        "externalId": "E-1",
        "requestedStartDate": "2023-01-12T00:00:00.000Z",
        "note": [{"text": "ring twice"}],
        "productOrderItem": [{"id": "1", "action": "add", "state": "pending", "product": {"id": "P-1"}}],
    },
    "cancelProductOrder": {"id": "C-1", "state": "done", "productOrder": {"id": "OM-7"}},
}
EVENT = EventRow("01ORDER", 3, "ev-3", "", "lab", "productOrderItem", 1_673_441_112_528, b"", "corr-1", 1_673_441_112_028)


@pytest.fixture(scope="module")
def definitions() -> dict[str, Any]:
    folder = os.environ.get("ADAPTER_TMF_DEFINITIONS")
    assert folder, "set ADAPTER_TMF_DEFINITIONS to the folder of the TM Forum definitions (make conformance does)"
    (file,) = Path(folder).glob("TMF622-*.json")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["definitions"]
    return found


def written(name: str) -> dict[str, Any]:
    writer = EventWriter(Renderer(FACE, "https://orders.example"), lambda _view, kind, _form: resource(kind).full_schema)
    assert FACE.events is not None
    text = json.dumps(DOCUMENTS[FACE.events.types[name].resource]).encode()
    event: dict[str, Any] = json.loads(writer.write(replace(EVENT, type=name, document=text), "") or b"")
    return event


def test_every_event_of_the_definition_is_declared_and_no_other(definitions: dict[str, Any]) -> None:
    assert FACE.events is not None
    assert set(FACE.events.types) == {name for name in definitions if name.endswith("Event")}


def test_every_event_is_as_the_definition_says(definitions: dict[str, Any]) -> None:
    assert FACE.events is not None
    for name in FACE.events.types:
        event = written(name)
        schema = {"$schema": "http://json-schema.org/draft-04/schema#", "$ref": f"#/definitions/{name}", "definitions": definitions}
        problems = [f"{error.instance_path}: {error.message}" for error in jsonschema_rs.validator_for(schema).iter_errors(event)]
        assert problems == [], name


def test_no_member_is_of_our_own_making_and_those_of_one_type_only_stand_there(definitions: dict[str, Any]) -> None:
    assert FACE.events is not None
    for name in FACE.events.types:
        event, members = written(name), definitions[name]["properties"]
        assert set(event) <= set(members), name
        # priority and description say nothing that the type and the title do not
        assert set(members) - set(event) == {"priority", "description"}, name
        payload = definitions[f"{name}Payload"]["properties"]
        assert set(event["event"]) == set(payload), name


def test_the_subscription_is_as_the_definition_says(definitions: dict[str, Any]) -> None:
    assert definitions["EventSubscription"]["required"] == ["id", "callback"]
    assert set(definitions["EventSubscriptionInput"]["properties"]) == {"callback", "query"}
