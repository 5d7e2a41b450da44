"""The published definitions as they are tested against: what is mended in them and why, and where this service leaves them on purpose.

``ADAPTER_TMF_DEFINITIONS`` names the folder of the files. Nothing of them is kept here.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

Document = dict[str, Any]

APIS = {"tmf": "TMF622", "tmf621": "TMF621", "tmf632": "TMF632", "tmf646": "TMF646", "tmf653": "TMF653", "tmf673": "TMF673"}
"""The definition of each face."""

LEVELS = 2
"""How deep below the members of a generated body further optional members are made up: members of members of members. The definitions
nest products in items in items; made up to the full, one order takes a second and has 60 kB."""


@dataclass(frozen=True)
class Mended:
    """A mistake of a definition that would have every right answer called wrong."""

    api: str
    reason: str
    mend: Callable[[Document], None]


@dataclass(frozen=True)
class Extended:
    """A value beyond an enumeration, which a market's sources have and the standard has no other for."""

    api: str
    name: str
    value: str
    reason: str


@dataclass(frozen=True)
class Deviation:
    """A status that the definitions do not declare and the service answers on purpose, by which methods, with what body."""

    status: int
    methods: frozenset[str]
    reason: str
    body: str = "Error"


def _not_required(name: str, member: str) -> Callable[[Document], None]:
    def mend(definition: Document) -> None:
        found = definition["definitions"][name]
        found["required"].remove(member)
        if not found["required"]:  # a list of none is not allowed
            del found["required"]

    return mend


MENDED = (
    Mended(
        "TMF622",
        "ProductOrder_Update demands the items in every patch; v5 took it back",
        _not_required("ProductOrder_Update", "productOrderItem"),
    ),
    Mended(
        "TMF646", "Appointment_Update demands the time in every patch, by the same slip", _not_required("Appointment_Update", "validFor")
    ),
)

EXTENDED = (
    Extended(
        "TMF622",
        "ProductOrderStateType",
        "accepted",
        "the commercial check was passed (QEB in Germany, Verified in Poland): their interfaces have it, and v4 has no state for it",
    ),
)

_READ, _WRITE = frozenset({"GET"}), frozenset({"POST", "PATCH", "DELETE"})
_BODIES, _ALL = frozenset({"POST", "PATCH"}), _READ | _WRITE
DEVIATIONS = (
    Deviation(206, _READ, "a list whose body holds a part of what matches, as TMF630 has it; the v4 definitions leave it out", body="same"),
    Deviation(404, frozenset({"POST"}), "a task about an order that does not exist; v5 declares it"),
    Deviation(413, _BODIES, "a body beyond the caller's limit"),
    Deviation(415, _BODIES, "a media type that is none of the operation's"),
    Deviation(
        422,
        _BODIES,
        "a part of a change would not get to the backend, or the backend refuses a well-formed request on its content, as TMF630 has it "
        "for PATCH and tasks",
    ),
    Deviation(429, _ALL, "the caller's share, or the market's limit of tests, is used up"),
    Deviation(501, _ALL, "the market has no counterpart for the operation; v5 declares it"),
    Deviation(503, _ALL, "the backend cannot be reached, and nothing was done; v5 declares it"),
    Deviation(504, _WRITE, "the backend did not answer; the same request again learns what became of it"),
)


def published(api: str) -> Document:
    """A definition as it is published."""
    folder = os.environ.get("ADAPTER_TMF_DEFINITIONS")
    assert folder, "set ADAPTER_TMF_DEFINITIONS to the folder of the TM Forum definitions (make conformance does)"
    (file,) = Path(folder).glob(f"{api}[-_]*.json")
    found: Document = json.loads(file.read_text(encoding="utf-8"))
    return found


@cache
def tested(api: str) -> Document:
    """The same with what is mended and the deviations, without the paths of listeners, and with bodies to make up of a bounded depth."""
    found = published(api)
    for one in MENDED:
        if one.api == api:
            one.mend(found)
    for each in EXTENDED:
        if each.api == api:
            found["definitions"][each.name]["enum"].append(each.value)
    found["paths"] = {path: methods for path, methods in found["paths"].items() if not path.startswith("/listener/")}
    for _, method, operation in operations(found):
        _deviate(method, operation["responses"])
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "body":
                parameter["schema"] = _bounded(found["definitions"], parameter["schema"], LEVELS)
    return found


def operations(definition: Document) -> Iterator[tuple[str, str, Document]]:
    """Path, method and declaration of each operation."""
    for path, methods in definition["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def declared(api: str, path: str, method: str) -> frozenset[int]:
    """The statuses that the published definition has for an operation."""
    return frozenset(int(status) for status in published_once(api)["paths"][path][method.lower()]["responses"])


def resource_members(api: str, path: str) -> tuple[str, ...]:
    """The members of the resource that an operation reads."""
    definition = published_once(api)
    schema = definition["paths"][path]["get"]["responses"]["200"]["schema"]
    return tuple(definition["definitions"][(schema.get("items") or schema)["$ref"].rpartition("/")[2]]["properties"])


published_once = cache(published)


def _deviate(method: str, responses: Document) -> None:
    for one in DEVIATIONS:
        if method not in one.methods or str(one.status) in responses or (one.body == "same" and _shape(responses).get("type") != "array"):
            continue
        wanted = responses["200"] if one.body == "same" else {"schema": {"$ref": f"#/definitions/{one.body}"}}
        responses[str(one.status)] = {**copy.deepcopy(wanted), "description": one.reason}


def _shape(responses: Document) -> Document:
    shape: Document = responses.get("200", {}).get("schema", {})
    return shape


def _bounded(definitions: Document, schema: Document, levels: int) -> Document:
    """The schema without references, and beyond so many levels without members that may be left out."""
    if "$ref" in schema:
        return _bounded(definitions, definitions[schema["$ref"].rpartition("/")[2]], levels)
    found = {name: part for name, part in schema.items() if name not in ("properties", "items", "discriminator", "description", "title")}
    if "items" in schema:
        found["items"] = _bounded(definitions, schema["items"], levels)
    if "properties" in schema:
        kept = {name: part for name, part in schema["properties"].items() if levels > 0 or name in schema.get("required", ())}
        found["properties"] = {name: _bounded(definitions, part, levels - 1) for name, part in kept.items()}
    return found
