"""Our TMF622 models against the published definitions (``ADAPTER_TMF_DEFINITIONS`` names their folder)."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from adapter.contract.tmf import CancelProductOrder, Error, EventSubscription, EventSubscriptionInput, ProductOrder, model_schema
from adapter.contract.tmf.cancel_product_order import CancelProductOrderCreate
from adapter.contract.tmf.product_order import ProductOrderCreate, ProductOrderUpdate

MODELS: dict[str, type[BaseModel]] = {
    "ProductOrder": ProductOrder,
    "ProductOrder_Create": ProductOrderCreate,
    "ProductOrder_Update": ProductOrderUpdate,
    "CancelProductOrder": CancelProductOrder,
    "CancelProductOrder_Create": CancelProductOrderCreate,
    "Error": Error,
    "EventSubscription": EventSubscription,
    "EventSubscriptionInput": EventSubscriptionInput,
}
# Where we leave the definition on purpose: (type, member) or (type, "required") → what we say instead, and why.
DEVIATIONS = {
    ("ProductOrder_Update", "required"): (frozenset(), "v4 demands the items in every patch; v5 took it back"),
    ("ProductStatusType", "enum"): ({"aborted"}, "the definition prints 'aborted ' with a blank; the plain spelling is taken as well"),
}
# Types that nothing we serve refers to.
UNUSED = {"Any", "CancelOrder", "EntityRef", "Place", "PlaceRef", "Product", "ProductRef"}


@pytest.fixture(scope="module")
def definitions() -> dict[str, Any]:
    folder = os.environ.get("ADAPTER_TMF_DEFINITIONS")
    assert folder, "set ADAPTER_TMF_DEFINITIONS to the folder of the TM Forum definitions (make conformance does)"
    (file,) = Path(folder).glob("TMF622-*.json")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["definitions"]
    return found


def ours() -> dict[str, Any]:
    """All our types by their names in the definitions."""
    types: dict[str, Any] = {}
    for name, model in MODELS.items():
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


def describe(schema: dict[str, Any]) -> Any:
    """What of a member's schema can be compared: its type, format, reference, elements."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return "any" if name == "Any" else name
    if schema.get("type") == "array":
        return ["list", describe(schema["items"]), schema.get("minItems", 0)]
    if "type" not in schema:
        return "any"
    wire = {"float": ""}.get(schema.get("format", ""), schema.get("format", ""))  # a size in memory, not a form on the wire
    return schema["type"], wire


def test_the_same_types(definitions: dict[str, Any]) -> None:
    seen: set[str] = set()
    for name in MODELS:
        reached(definitions, name, seen)
    assert ours().keys() == seen - {"Any"}
    rest = {name for name in definitions if not name.endswith(("Event", "EventPayload"))} - seen
    assert rest == UNUSED - {"Any"}


def test_the_same_members_types_and_formats(definitions: dict[str, Any]) -> None:
    for name, schema in ours().items():
        mine = {member: describe(part) for member, part in schema.get("properties", {}).items()}
        theirs = {member: describe(part) for member, part in definitions[name].get("properties", {}).items()}
        assert mine == theirs, name


def test_the_same_required_members(definitions: dict[str, Any]) -> None:
    for name, schema in ours().items():
        expected = DEVIATIONS.get((name, "required"), (set(definitions[name].get("required", ())), ""))[0]
        assert set(schema.get("required", ())) == expected, name


def test_the_same_enumerations(definitions: dict[str, Any]) -> None:
    for name, schema in ours().items():
        extra = DEVIATIONS.get((name, "enum"), (set(), ""))[0]
        assert set(schema.get("enum", ())) - set(extra) == set(definitions[name].get("enum", ())), name


def test_each_deviation_is_still_one(definitions: dict[str, Any]) -> None:
    assert definitions["ProductOrder_Update"]["required"] == ["productOrderItem"]
    assert "aborted " in definitions["ProductStatusType"]["enum"]
    assert "aborted" not in definitions["ProductStatusType"]["enum"]
