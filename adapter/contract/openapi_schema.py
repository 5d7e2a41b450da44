"""A schema of an OpenAPI document as a JSON Schema that stands alone: what it refers to, in whichever file, comes along under ``$defs``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapter.contract.json_schema import Schema, to_shape
from adapter.contract.openapi_source import Here
from adapter.contract.shape import Shape
from adapter.errors import ConfigError

_ONE = {
    "items",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "propertyNames",
    "contains",
    "not",
    "if",
    "then",
    "else",
}
_SEVERAL = {"allOf", "anyOf", "oneOf", "prefixItems"}
_NAMED = {"properties", "patternProperties", "dependentSchemas"}
# what says nothing of the documents, or is read elsewhere
_LEFT_OUT = {"xml", "discriminator", "externalDocs", "example", "examples", "readOnly", "writeOnly", "deprecated", "default"}
_LEFT_OUT |= {"$defs", "$schema", "$id", "$comment"}


class Bundle:
    """The JSON Schema of one document, put together from several places.

    ``hidden`` is the member flag (``readOnly``, ``writeOnly``, or "") of members that documents of this direction do not have.
    """

    def __init__(self, hidden: str = "") -> None:
        self._hidden = hidden
        self._defs: dict[str, Any] = {}
        self._names: dict[tuple[Path, tuple[str, ...]], str] = {}
        self._origins: dict[str, Here] = {}

    def schema(self, here: Here, pointer: str) -> Any:
        """The copy of the schema at ``here``; ``pointer`` is where the copy will stand. Raises ConfigError."""
        self._origins[pointer] = here
        return self._copy(here)

    def whole(self, schema: Schema) -> Schema:
        """The schema with all that its parts refer to."""
        return {**schema, "$defs": self._defs} if self._defs else dict(schema)

    def shape(self, schema: Schema, place: Here) -> Shape:
        """The Shape of a whole schema. Raises ConfigError with the place in the file that the fault comes from."""
        try:
            return to_shape(schema)
        except ConfigError as wrong:
            pointer, _, text = str(wrong).partition(": ")
            raise self._origin(pointer, place).refuse(text) from None

    def _origin(self, pointer: str, place: Here) -> Here:
        """The place that a pointer into the copy was copied from; ``place`` for what was put around the copies."""
        known = max((one for one in self._origins if f"{pointer}/".startswith(f"{one}/")), key=len, default="")
        steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer[len(known) :].split("/")[1:]]
        return self._origins[known].at(*steps) if known else place

    def _copy(self, here: Here) -> Any:
        if isinstance(here.value, bool):
            return here.value
        here.object("a schema")
        found: dict[str, Any] = {}
        for name, place in here.members():
            if name in _LEFT_OUT or name.startswith("x-"):
                continue
            if name == "$ref":
                found[name] = self._reference(here)
            elif name in _ONE:
                found[name] = self._copy(place)
            elif name in _SEVERAL:
                found[name] = [self._copy(item) for item in place.items(f"'{name}'")]
            elif name in _NAMED:
                place.object(f"'{name}'")
                found[name] = {key: self._copy(member) for key, member in place.members() if not self._is_hidden(member)}
            else:
                found[name] = place.value
        if self._hidden and "required" in found and "properties" in found:
            gone = here.at("properties").value.keys() - found["properties"].keys()
            found["required"] = [name for name in found["required"] if name not in gone]
        return found

    def _is_hidden(self, member: Here) -> bool:
        if not self._hidden or not isinstance(member.value, Mapping):
            return False
        return bool(member.value.get(self._hidden)) or ("$ref" in member.value and bool(member.resolved().value.get(self._hidden)))

    def _reference(self, here: Here) -> str:
        target = here.target()
        key = (target.path, target.steps)
        if key not in self._names:
            name = self._free(target.steps[-1] if target.steps else target.path.stem)
            self._names[key] = name
            self._defs[name] = None  # keeps the name while what it stands for is copied, which may lead back here
            self._origins[f"#/$defs/{name}"] = target
            self._defs[name] = self._copy(target)
        return f"#/$defs/{self._names[key]}"

    def _free(self, wanted: str) -> str:
        wanted = re.sub(r"[^\w.\-]", "_", wanted)
        name, number = wanted, 1
        while name in self._defs:
            number += 1
            name = f"{wanted}{number}"
        return name
