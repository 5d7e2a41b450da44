"""The events of the TMF faces against the published definitions (``ADAPTER_TMF_DEFINITIONS`` names their folder)."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from adapter.contract.tmf import resource
from adapter.faces.declaration import Face, load_face
from adapter.faces.events import EventWriter
from adapter.faces.rendering import Renderer
from adapter.store.outbox import EventRow

FOLDER = Path(__file__).parents[2] / "config" / "faces"
APIS = {"tmf": "TMF622", "tmf621": "TMF621", "tmf632": "TMF632", "tmf646": "TMF646", "tmf653": "TMF653", "tmf673": "TMF673"}
# Events that the tmf face has beside the definition: those of the tasks that FIT adds, and two that v5 has and v4 has not.
BESIDE = {f"{task}{kind}Event" for task in ("RespondProviderChange", "RescheduleProductOrder") for kind in ("Create", "StateChange")}
BESIDE |= {"ProductOrderMilestoneEvent", "ProductOrderJeopardyAlertEvent"}
PERIOD = {"startDateTime": "2023-01-12T08:00:00.000Z", "endDateTime": "2023-01-12T12:00:00.000Z"}
DOCUMENTS: dict[str, Any] = {
    "productOrder": {
        "id": "OM-7",
        "state": "pending",
        "externalId": "E-1",
        "requestedStartDate": "2023-01-12T00:00:00.000Z",
        "note": [{"text": "ring twice"}],
        "productOrderItem": [{"id": "1", "action": "add", "state": "pending", "product": {"id": "P-1"}}],
    },
    "cancelProductOrder": {"id": "C-1", "state": "done", "productOrder": {"id": "OM-7"}},
    "troubleTicket": {"id": "T-1", "status": "resolved", "description": "no light", "severity": "high", "ticketType": "fault"},
    "individual": {"id": "P-1", "status": "validated", "givenName": "Ada", "familyName": "Nowak"},
    "organization": {"id": "P-2", "status": "initialized", "tradingName": "Nowak and daughters"},
    "appointment": {"id": "A-1", "status": "confirmed", "validFor": PERIOD},
    "searchTimeSlot": {"id": "S-1", "status": "done", "availableTimeSlot": [{"id": "1", "validFor": PERIOD}]},
    "serviceTest": {"id": "ST-1", "state": "completed", "name": "ONT", "relatedService": {"id": "1"}, "testSpecification": {"id": "2"}},
    "serviceTestSpecification": {"id": "2", "name": "ONT", "relatedServiceSpecification": [{"id": "3"}]},
    "geographicAddressValidation": {
        "id": "V-1",
        "state": "done",
        "provideAlternative": False,
        "submittedGeographicAddress": {"city": "Łódź"},
    },
}
EVENT = EventRow("01ORDER", 3, "ev-3", "", "lab", "note", 1_673_441_112_528, b"", "corr-1", 1_673_441_112_028)


@pytest.fixture(scope="module", params=APIS)
def face(request: pytest.FixtureRequest) -> Face:
    return load_face(FOLDER / f"{request.param}.yaml", {})


@pytest.fixture(scope="module")
def definitions(face: Face) -> dict[str, Any]:
    folder = os.environ.get("ADAPTER_TMF_DEFINITIONS")
    assert folder, "set ADAPTER_TMF_DEFINITIONS to the folder of the TM Forum definitions (make conformance does)"
    (file,) = Path(folder).glob(f"{APIS[face.face]}[-_]*.json")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["definitions"]
    return found


def types(face: Face) -> set[str]:
    assert face.events is not None
    return set(face.events.types) - BESIDE


def written(face: Face, name: str) -> dict[str, Any]:
    writer = EventWriter(Renderer(face, "https://orders.example"), lambda _view, kind, _form: resource(kind).full_schema)
    assert face.events is not None
    text = json.dumps(DOCUMENTS[face.events.types[name].resource]).encode()
    event: dict[str, Any] = json.loads(writer.write(replace(EVENT, type=name, document=text), "") or b"")
    return event


def test_every_event_of_the_definition_is_declared_and_no_other(face: Face, definitions: dict[str, Any]) -> None:
    assert types(face) == {name for name in definitions if name.endswith("Event")}


def test_every_event_is_as_the_definition_says(face: Face, definitions: dict[str, Any]) -> None:
    for name in types(face):
        event = written(face, name)
        schema = {"$schema": "http://json-schema.org/draft-04/schema#", "$ref": f"#/definitions/{name}", "definitions": definitions}
        problems = [f"{error.instance_path}: {error.message}" for error in jsonschema_rs.validator_for(schema).iter_errors(event)]
        assert problems == [], name


def test_no_member_is_of_our_own_making_and_those_of_one_type_only_stand_there(face: Face, definitions: dict[str, Any]) -> None:
    for name in types(face):
        event, members = written(face, name), definitions[name]["properties"]
        assert set(event) <= set(members), name
        # priority and description say nothing that the type and the title do not
        assert set(members) - set(event) == {"priority", "description"}, name
        payload = definitions[f"{name}Payload"]["properties"]
        assert set(event["event"]) == set(payload), name


def test_the_subscription_is_as_the_definition_says(definitions: dict[str, Any]) -> None:
    assert definitions["EventSubscription"]["required"] == ["id", "callback"]
    assert set(definitions["EventSubscriptionInput"]["properties"]) == {"callback", "query"}
