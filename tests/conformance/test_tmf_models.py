"""Our models against the published definitions (``ADAPTER_TMF_DEFINITIONS`` names their folder)."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from adapter.contract import tmf
from adapter.contract.tmf import (
    Error,
    EventSubscription,
    EventSubscriptionInput,
    appointment,
    cancel_product_order,
    geographic_address,
    individual,
    model_schema,
    organization,
    product_order,
    resource,
    service_test,
    service_test_specification,
    trouble_ticket,
)

Models = dict[str, type[BaseModel]]


def forms(module: Any, *names: str) -> Models:
    """The forms of each resource by their names in the definitions; a definition without one of them lacks it here, too."""
    found = {}
    for name in names:
        for form in ("", "Create", "Update"):
            model = getattr(module, f"{name}{form}", None)
            if model is not None:
                found[f"{name}_{form}" if form else name] = model
    return found


SHARED: Models = {"Error": Error, "EventSubscription": EventSubscription, "EventSubscriptionInput": EventSubscriptionInput}
MODELS: dict[str, Models] = {
    "TMF621": forms(trouble_ticket, "TroubleTicket"),
    "TMF622": forms(product_order, "ProductOrder") | forms(cancel_product_order, "CancelProductOrder"),
    "TMF632": forms(individual, "Individual") | forms(organization, "Organization"),
    "TMF646": forms(appointment, "Appointment", "SearchTimeSlot"),
    "TMF653": forms(service_test, "ServiceTest") | forms(service_test_specification, "ServiceTestSpecification"),
    "TMF673": forms(geographic_address, "GeographicAddress", "GeographicSubAddress", "GeographicAddressValidation"),
}
# Resources beside the published definitions.
OURS_ONLY = {"RespondProviderChange", "RescheduleProductOrder"}
# Where we leave the definition on purpose: (type, "required" | "enum") → what we say beyond or instead, and why.
DEVIATIONS: dict[tuple[str, str], tuple[set[str], str]] = {
    ("ProductOrder_Update", "required"): (set(), "v4 demands the items in every patch; v5 took it back"),
    ("Appointment_Update", "required"): (set(), "v4 demands the time in every patch, by the same slip"),
    ("ProductStatusType", "enum"): ({"aborted"}, "the definition prints 'aborted ' with a blank; the plain spelling is taken as well"),
}
# The one definition that writes addresses as uri, and content as base64, where its siblings write plain text: one type serves all.
PLAIN_TEXT = {"TMF653": {("string", "uri"), ("string", "base64")}}
# Types that nothing we serve refers to.
UNUSED = {
    "TMF621": {"Attachment", "AttachmentRef", "EntityRef"},
    "TMF622": {"CancelOrder", "EntityRef", "Place", "PlaceRef", "Product", "ProductRef"},
    "TMF632": {"Attachment", "AttachmentRef", "EntityRef", "Party"},
    "TMF646": {"Attachment", "AttachmentRef", "EntityRef", "Place", "PlaceRef"},
    "TMF653": {
        *("Addressable", "Attachment", "AttachmentRef", "CharacteristicSpecificationBase", "Entity", "EntityRef", "EntitySpecification"),
        "Extensible",
    },
    "TMF673": {
        *("Addressable", "EntityRef", "Extensible", "GeographicLocation", "GeographicLocationRef", "Place"),
        *("GeoJsonLineString", "GeoJsonMultiLineString", "GeoJsonMultiPoint", "GeoJsonPoint", "GeoJsonPolygon"),
        *("LineString", "MultiLineString", "MultiPoint", "Point", "Polygon"),
        *("lineString", "linearRing", "polygon", "position", "positionArray"),
    },
}


@pytest.fixture(scope="module", params=sorted(MODELS))
def api(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def definitions(api: str) -> dict[str, Any]:
    return published(api)


def published(api: str) -> dict[str, Any]:
    folder = os.environ.get("ADAPTER_TMF_DEFINITIONS")
    assert folder, "set ADAPTER_TMF_DEFINITIONS to the folder of the TM Forum definitions (make conformance does)"
    (file,) = Path(folder).glob(f"{api}[-_]*.json")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["definitions"]
    return found


def ours(api: str) -> dict[str, Any]:
    """All our types by their names in the definitions."""
    types: dict[str, Any] = {}
    for name, model in (MODELS[api] | SHARED).items():
        schema = model_schema(model)
        types |= schema.get("$defs", {})
        types[name] = schema
    return types


def reached(definitions: dict[str, Any], name: str, seen: set[str]) -> set[str]:
    """A type of the definitions and all it refers to."""
    if name not in seen:
        seen.add(name)
        for found in [part.split('"')[0] for part in json.dumps(definitions[name]).split('"#/definitions/')[1:]]:
            reached(definitions, found, seen)
    return seen


def describe(schema: dict[str, Any], api: str, member: str) -> Any:
    """What of a member's schema can be compared: its type, format, reference, elements."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return "any" if name == "Any" else name
    if schema.get("type") == "array":
        return ["list", describe(schema["items"], api, member), schema.get("minItems", 0)]
    if "type" not in schema:
        return "any"
    kind = schema["type"], schema.get("format", "").replace("float", "")  # a size in memory, not a form on the wire
    return ("string", "") if not member.startswith("@") and kind in PLAIN_TEXT.get(api, ()) else kind


def members(schema: dict[str, Any], api: str) -> dict[str, Any]:
    return {member: (describe(part, api, member), part.get("enum")) for member, part in schema.get("properties", {}).items()}


def test_every_resource_is_compared() -> None:
    assert {name for models in MODELS.values() for name in models if "_" not in name} == set(tmf.resource_names()) - OURS_ONLY


def test_a_definition_has_the_forms_that_the_resource_has(definitions: dict[str, Any], api: str) -> None:
    for name in (name for name in MODELS[api] if "_" not in name):
        assert (f"{name}_Update" in definitions) is (resource(name).update is not None), name
        assert (f"{name}_Create" in definitions) is (resource(name).create_schema != resource(name).full_schema), name


def test_the_same_types(definitions: dict[str, Any], api: str) -> None:
    seen: set[str] = set()
    for name in MODELS[api] | SHARED:
        reached(definitions, name, seen)
    assert ours(api).keys() == seen - {"Any"}
    rest = {name for name in definitions if not name.endswith(("Event", "EventPayload"))} - seen
    assert rest - {"Any"} == UNUSED[api]


def test_the_same_members_types_and_formats(definitions: dict[str, Any], api: str) -> None:
    for name, schema in ours(api).items():
        assert members(schema, api) == members(definitions[name], api), name


def test_the_same_required_members(definitions: dict[str, Any], api: str) -> None:
    for name, schema in ours(api).items():
        expected = DEVIATIONS.get((name, "required"), (set(definitions[name].get("required", ())), ""))[0]
        assert set(schema.get("required", ())) == expected, name


def test_the_same_enumerations(definitions: dict[str, Any], api: str) -> None:
    for name, schema in ours(api).items():
        extra = DEVIATIONS.get((name, "enum"), (set(), ""))[0]
        assert set(schema.get("enum", ())) - extra == set(definitions[name].get("enum", ())), name


def test_each_deviation_is_still_one() -> None:
    orders, appointments, tests = published("TMF622"), published("TMF646"), published("TMF653")
    assert orders["ProductOrder_Update"]["required"] == ["productOrderItem"]
    assert appointments["Appointment_Update"]["required"] == ["validFor"]
    assert "aborted " in orders["ProductStatusType"]["enum"]
    assert "aborted" not in orders["ProductStatusType"]["enum"]
    assert tests["ServiceRef"]["properties"]["href"]["format"] == "uri"
    assert tests["AttachmentRefOrValue"]["properties"]["content"]["format"] == "base64"
    assert "format" not in orders["ServiceRef"]["properties"]["href"]
