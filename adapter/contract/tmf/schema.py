"""The models of this package as JSON Schemas (2020-12), each with all its types under ``$defs``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from adapter.contract.json_schema import Schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _ContractSchema(GenerateJsonSchema):
    """Optional is not nullable: ``str | None = None`` says that a member may be left out, not that it may be null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002  # named by the base class
        return False


def model_schema(model: type[BaseModel]) -> Schema:
    """The schema of a model by its wire names, members in reading order: identity first, ``@`` members last."""
    schema = model.model_json_schema(by_alias=True, schema_generator=_ContractSchema)
    if "$ref" in schema:  # a model that holds itself is described among the types only
        schema = {**schema["$defs"][model.__name__], "$defs": schema["$defs"]}
    for shape in (schema, *schema.get("$defs", {}).values()):
        if "properties" in shape:
            shape["properties"] = dict(sorted(shape["properties"].items(), key=reading_order))
        if shape.get("additionalProperties") is True:  # legal on the wire, but nothing a mapping may count on
            del shape["additionalProperties"]
    return {"$schema": DIALECT, **schema}


def reading_order(entry: tuple[str, Any]) -> int:
    """Where a member stands among the others, by its name: the key to sort them with."""
    name = entry[0]
    return {"id": 0, "href": 1, "name": 2}.get(name, 4 if name.startswith("@") else 3)


def with_nullable_members(schema: Schema, kept: Collection[str] = ()) -> Schema:
    """The schema of a merge patch: at its top, null is legal for each member and removes it (RFC 7386), but for those that are ``kept``."""
    members = {name: member if name in kept else {"anyOf": [member, {"type": "null"}]} for name, member in schema["properties"].items()}
    return {**schema, "properties": members}
