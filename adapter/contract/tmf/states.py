"""States that a market's lives add to those of the standard: its contracts have to take them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy

from adapter.contract.json_schema import Schema
from adapter.contract.tmf.resource import Resource, from_schemas


def with_states(resource: Resource, path: str, states: Iterable[str]) -> Resource:
    """The resource whose member at ``path`` (``state``, ``productOrderItem.state``) may also be one of ``states``, wherever it is shown or
    changed."""
    added, steps = tuple(states), path.split(".")
    answers = {face: _widened(contract.schema, steps, added) for face, contract in resource.answers.items()}
    update = None if resource.update_schema is None else _widened(resource.update_schema, steps, added)
    create = _widened(resource.create_schema, steps, added)
    return from_schemas(resource.name, create, _widened(resource.full_schema, steps, added), update, answers)


def _widened(schema: Schema, steps: Sequence[str], states: Iterable[str]) -> Schema:
    widened = deepcopy(schema)
    places = [widened]
    for step in steps:
        places = [each for place in places for each in _forms(widened, place.get("properties", {}).get(step, {}))]
    for place in places:
        if "enum" in place:  # a member of free text lists none
            place["enum"] = list(dict.fromkeys((*place["enum"], *states)))
    return widened


def _forms(root: Schema, schema: Schema) -> list[Schema]:
    """What a member, or each element of it, may be: itself, its type, one of its forms."""
    if "$ref" in schema:
        return _forms(root, root["$defs"][schema["$ref"].rpartition("/")[2]])
    inner = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])]
    return [schema, *(each for form in inner for each in _forms(root, form))]
