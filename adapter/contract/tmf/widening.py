"""One schema for what several markets show: whatever fits the schema of one of them fits the wide one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapter.contract.json_schema import Schema


def widened(schemas: Sequence[Mapping[str, Any]]) -> Schema:
    """The schemas in one. Objects have the members of all and require what all do; of a member that differs any form will do.
    Where ``schemas`` are equal, or there is one, it is that one."""
    wide: Schema = dict(schemas[0])
    for schema in schemas[1:]:
        wide = _both(wide, schema)
    return wide


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> Schema:
    if one == other:
        return dict(one)
    wide = {**other, **one}
    if "properties" in one and "properties" in other:
        wide["properties"] = _members(one["properties"], other["properties"])
        wide["required"] = [name for name in one.get("required", []) if name in other.get("required", [])]
        if not wide["required"]:
            del wide["required"]
        rest = [schema.get("additionalProperties") for schema in (one, other)]
        if rest[0] != rest[1]:  # the one that says nothing takes whatever comes
            wide.pop("additionalProperties")
    if "$defs" in wide:
        wide["$defs"] = {
            name: _both(one["$defs"][name], other["$defs"][name]) if name in one["$defs"] and name in other["$defs"] else schema
            for name, schema in {**other["$defs"], **one["$defs"]}.items()
        }
    return wide


def _members(one: Mapping[str, Any], other: Mapping[str, Any]) -> Schema:
    return {name: _any(one[name], other[name]) if name in one and name in other else schema for name, schema in {**one, **other}.items()}


def _any(one: Any, other: Any) -> Any:
    if one == other:
        return one
    forms = list(one["anyOf"]) if isinstance(one, Mapping) and one.keys() == {"anyOf"} else [one]
    return {"anyOf": forms if other in forms else [*forms, other]}
