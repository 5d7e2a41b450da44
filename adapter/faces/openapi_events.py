"""The part of a face's OpenAPI document that tells its listeners what they are called with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.faces.wording import Events

Json = dict[str, Any]

_FORMATS = {"eventTime": {"type": "string", "format": "date-time"}}
_NOT_ALWAYS = frozenset({"correlationId", "fieldPath"})
_HEADERS = {
    "webhook-id": "The id of the event: the same whenever it is repeated.",
    "webhook-timestamp": "When the call was made, in seconds since the epoch.",
    "webhook-signature": "Joined by blanks, for each key of the client: 'v1,' and the base64 of HMAC-SHA256 over 'id.timestamp.body'.",
}


def event_schemas(events: Events, documents: Mapping[str, Json]) -> Json:
    """JSON Schemas of the events by their types; ``documents`` are references to the resources' schemas by their names."""
    return {name: _object({**events.members, **one.members}, documents[one.resource]) for name, one in events.types.items()}


def callbacks(events: Events) -> Json:
    """What a listener is called with: one POST per event to the URL that it registered, unchanged."""
    kinds = [{"$ref": f"#/components/schemas/{name}"} for name in events.types]
    headers = [
        {"name": name, "in": "header", "required": name != "webhook-signature", "description": text, "schema": {"type": "string"}}
        for name, text in _HEADERS.items()
    ]
    operation = {
        "summary": "An event. Those of one order come in their order, each at least once.",
        "parameters": headers,
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"oneOf": kinds}}}},
        "responses": {
            "2XX": {"description": "The event is taken; the body of the answer is not looked at."},
            "default": {"description": "The event is sent again later; Retry-After is respected."},
        },
    }
    return {"event": {"{$request.body#/callback}": {"post": operation}}}


def _object(members: Mapping[str, Any], document: Json) -> Json:
    always = [name for name, template in members.items() if not (isinstance(template, str) and template.removeprefix("$") in _NOT_ALWAYS)]
    return {"type": "object", "properties": {name: _schema(template, document) for name, template in members.items()}, "required": always}


def _schema(template: Any, document: Json) -> Json:
    if isinstance(template, dict):
        return _object(template, document)
    if isinstance(template, list):
        return {"type": "array", "prefixItems": [_schema(item, document) for item in template]}
    if template == "$document":
        return document
    if isinstance(template, str) and template.startswith("$") and not template.startswith("$$"):
        return _FORMATS.get(template[1:], {"type": "string"})
    return {"const": template[1:] if isinstance(template, str) and template.startswith("$$") else template}
