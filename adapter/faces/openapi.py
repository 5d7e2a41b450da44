"""OpenAPI 3.1 of a face, written from its declaration and the JSON Schemas of its documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from adapter.contract.tmf import EventSubscription, EventSubscriptionInput, model_schema
from adapter.faces.declaration import HUB_KINDS, Face, Header, Kind, Parameter, Route
from adapter.faces.openapi_events import callbacks, event_schemas
from adapter.faces.openapi_forms import answer_schema, content, own_parameters, shown_path
from adapter.faces.port import Form, Schemas

Json = dict[str, Any]

_REFUSALS = {
    Kind.CREATE: (400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 422, 429, 500, 501, 503),
    Kind.RETRIEVE: (400, 401, 403, 404, 405, 406, 429, 500, 501, 503),
    Kind.LIST: (400, 401, 403, 404, 405, 406, 429, 500, 501, 503),
    Kind.UPDATE: (400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 422, 429, 500, 501, 503),
    Kind.DELETE: (400, 401, 403, 404, 405, 406, 409, 422, 429, 500, 501, 503),
    Kind.SUBSCRIBE: (400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 429, 500, 501, 503),
    **dict.fromkeys((Kind.SUBSCRIPTION, Kind.SUBSCRIPTIONS, Kind.UNSUBSCRIBE), (400, 401, 403, 404, 405, 406, 429, 500, 501, 503)),
}
_LISTS = (Kind.LIST, Kind.SUBSCRIPTIONS)
_WITHOUT_BODY = (Kind.DELETE, Kind.UNSUBSCRIBE)
_ENDINGS: Mapping[Form, str] = {"full": "", "create": "_Create", "update": "_Update"}
_JSON_PATCH: Json = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
            "path": {"type": "string"},
            "from": {"type": "string"},
            "value": {},
        },
        "required": ["op", "path"],
    },
}
_JSON_TYPES = {"status": "integer"}


def openapi(face: Face, schemas: Schemas) -> Json:
    """The document for one face. Everything it refers to is inside it."""
    components: Json = {"Error": error_schema(face)}
    paths: dict[str, Json] = {}
    for route in face.offered:
        request, answer = _bodies(components, face, schemas, route)
        paths.setdefault(shown_path(face, route), {})[route.method.lower()] = _operation(face, route, request, answer)
    _tell_of_events(paths, components, face, schemas)
    for route in face.routes:
        if route.kind is Kind.NOT_OFFERED:
            paths.setdefault(shown_path(face, route), {})[route.method.lower()] = {
                "operationId": route.operation.replace(".", "_"),
                "summary": route.summary or f"{route.operation} is not offered",
                "parameters": [_path_parameter(face, name) for name in route.parameters],
                "responses": {str(status): _refusal(face, status) for status in (401, 429, 501)},
            }
    identity, secret = face.credentials.id[0], face.credentials.secret[0]
    return {
        "openapi": "3.1.0",
        "info": {"title": face.title, "version": face.version, "description": f"Source: {face.source}"},
        "servers": [{"url": face.base}],
        "security": [{"clientId": [], "clientSecret": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "clientId": {"type": "apiKey", "in": "header", "name": identity},
                "clientSecret": {"type": "apiKey", "in": "header", "name": secret},
            },
            "schemas": components,
        },
    }


def _bodies(components: Json, face: Face, schemas: Schemas, route: Route) -> tuple[Json | None, Json]:
    """References to what a route takes (None: nothing) and what it answers."""
    if route.kind in HUB_KINDS:
        wish = _place(components, model_schema(EventSubscriptionInput), "eventSubscriptionInput", "full")
        answer = _place(components, model_schema(EventSubscription), "eventSubscription", "full")
        return (wish if route.kind is Kind.SUBSCRIBE else None), answer
    if route.answer is not None:
        answer = answer_schema(route)
    else:
        answer = _place(components, schemas(face.view, route.resource, "full"), route.resource, "full")
    forms: Mapping[Kind, Form] = {Kind.CREATE: "create", Kind.UPDATE: "update"}
    form = None if route.method == "GET" else forms.get(route.kind)
    return (None if form is None else _place(components, schemas(face.view, route.resource, form), route.resource, form)), answer


def _tell_of_events(paths: Json, components: Json, face: Face, schemas: Schemas) -> None:
    """Writes what a listener is called with beside the route on which it registers."""
    if face.events is None:
        return
    resources = {one.resource for one in face.events.types.values()}
    documents = {name: _place(components, schemas(face.view, name, "full"), name, "full") for name in sorted(resources)}
    components.update(event_schemas(face.events, documents))
    for route in face.offered:
        if route.kind is Kind.SUBSCRIBE:
            paths[shown_path(face, route)][route.method.lower()]["callbacks"] = callbacks(face.events)


def error_schema(face: Face) -> Json:
    """The shape of the face's error body, read off its template."""
    return _template_schema(face.errors.body, face.errors.entry)


def _template_schema(node: Any, entry: Any) -> Json:
    if isinstance(node, dict):
        members = {key: _template_schema(item, entry) for key, item in node.items()}
        return {"type": "object", "properties": members, "required": list(members)}
    if isinstance(node, list):
        return {"type": "array", "prefixItems": [_template_schema(item, entry) for item in node]}
    if node == "$entries":
        return {"type": "array", "minItems": 1, "items": _template_schema(entry, None)}
    if isinstance(node, str) and node.startswith("$") and not node.startswith("$$"):
        return {"type": _JSON_TYPES.get(node[1:], "string")}
    return {"const": node[1:] if isinstance(node, str) and node.startswith("$$") else node}


def _place(components: Json, schema: Mapping[str, Any] | None, resource: str, which: Form) -> Json:
    """Puts a schema and its types among the components; returns a reference to it."""
    if schema is None:
        return {"type": "object"}
    name = resource[:1].upper() + resource[1:] + _ENDINGS[which]
    if name not in components:
        types = dict(schema.get("$defs", {}))
        top = {key: value for key, value in schema.items() if key not in ("$defs", "$schema", "$id")}
        components[name] = {}
        names = {own: _free_name(components, own, which) for own in types}
        for own, body in types.items():
            components[names[own]] = _rewritten(body, names, name)
        components[name] = _rewritten(top, names, name)
    return {"$ref": f"#/components/schemas/{name}"}


def _free_name(components: Json, own: str, which: Form) -> str:
    """The forms of a resource have types of the same name that differ, so each form keeps its own."""
    name = own + _ENDINGS[which]
    while name in components:
        name += "_"
    return name


def _rewritten(node: Any, names: Mapping[str, str], top: str) -> Any:
    if isinstance(node, Mapping):
        return {
            key: _reference(item, names, top) if key == "$ref" and isinstance(item, str) else _rewritten(item, names, top)
            for key, item in node.items()
        }
    return [_rewritten(item, names, top) for item in node] if isinstance(node, list) else node


def _reference(reference: str, names: Mapping[str, str], top: str) -> str:
    own = reference.removeprefix("#/$defs/")
    return f"#/components/schemas/{names.get(own, top)}"


def _operation(face: Face, route: Route, request: Json | None, answer: Json) -> Json:
    statuses = sorted({*_REFUSALS[route.kind], *_outcome_statuses(face, route)})
    operation: Json = {
        "operationId": route.operation.replace(".", "_"),
        "summary": route.summary or route.operation,
        "parameters": _parameters(face, route),
        "responses": {
            **_successes(face, route, answer),
            **{str(status): _refusal(face, status) for status in statuses},
        },
    }
    if request is not None:
        operation["requestBody"] = {"required": True, "content": _content(face, route, request)}
    return operation


def _content(face: Face, route: Route, request: Json) -> Json:
    media = face.media
    if route.kind is not Kind.UPDATE:
        return {name: {"schema": request} for name in media.consumes}
    return {name: {"schema": request} for name in media.merges} | {name: {"schema": _JSON_PATCH} for name in media.patches}


def _outcome_statuses(face: Face, route: Route) -> tuple[int, ...]:
    outcomes = face.outcomes
    return () if route.kind is Kind.LIST or route.kind in HUB_KINDS else (outcomes.rejected, outcomes.unavailable, outcomes.in_doubt)


def _successes(face: Face, route: Route, answer: Json) -> Json:
    headers = {name: _header_schema(header.description) for name, header in face.headers.items() if header.echo}
    if route.location or route.kind is Kind.SUBSCRIBE:
        headers["Location"] = _header_schema("Where the resource can be read.")
    if route.kind in _WITHOUT_BODY:
        return {str(route.success): {"description": HTTPStatus(route.success).phrase, "headers": headers}}
    if route.kind not in _LISTS:
        return {
            str(route.success): {
                "description": HTTPStatus(route.success).phrase,
                "headers": headers,
                "content": content(face, answer),
            }
        }
    headers["X-Total-Count"] = _header_schema("How many match.")
    headers["X-Result-Count"] = _header_schema("How many are in this body.")
    body = content(face, answer if route.answer is not None else {"type": "array", "items": answer})
    if route.kind is Kind.SUBSCRIPTIONS:
        return {str(route.success): {"description": HTTPStatus(route.success).phrase, "headers": headers, "content": body}}
    headers["Link"] = _header_schema("Other parts of the list.")
    texts = {"200": "All that match", "206": "A part of what matches"}
    return {status: {"description": text, "headers": headers, "content": body} for status, text in texts.items()}


def _header_schema(description: str) -> Json:
    return {"description": description, "schema": {"type": "string"}}


def _refusal(face: Face, status: int) -> Json:
    return {"description": HTTPStatus(status).phrase, "content": content(face, {"$ref": "#/components/schemas/Error"})}


def _parameters(face: Face, route: Route) -> list[Json]:
    found = [_path_parameter(face, name) for name in route.parameters]
    found += [_parameter(name, "header", header, route.kind) for name, header in face.headers.items()]
    found += own_parameters(face, route)
    found += [_parameter(name, "query", query, route.kind) for name, query in route.query.items()]
    if route.fields:
        found.append(_plain("fields", "Names of members to return, joined by commas.", {"type": "string"}))
    if route.kind is Kind.LIST:
        number = {"type": "integer", "minimum": 0}
        found.append(_plain("offset", "Index of the first element, from 0.", number))
        found.append(_plain("limit", f"How many elements at most; {route.listing.maximum} are never exceeded.", number))
        if route.listing.sort:
            found.append(_plain("sort", "Names of attributes, joined by commas; a minus in front: descending.", {"type": "string"}))
        found.append(_filter_parameter())
    return found


def _path_parameter(face: Face, name: str) -> Json:
    schema: Json = {"type": "string"}
    if name == face.market.path:
        schema["enum"] = list(face.market.table)
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _parameter(name: str, place: str, spec: Parameter, kind: Kind) -> Json:
    schema: Json = {"type": "string", "maxLength": spec.max_length}
    if spec.enum:
        schema["enum"] = list(spec.enum)
    if spec.pattern:
        schema["pattern"] = f"^(?:{spec.pattern})$"
    if spec.format:
        schema["format"] = spec.format
    if spec.default is not None:
        schema["default"] = spec.default
    wanted = spec.required and (not spec.kinds or kind in spec.kinds)
    texts = [spec.description]
    if wanted and spec.markets:
        texts.append(f"Required for market {', '.join(spec.markets)}.")
    if isinstance(spec, Header) and spec.aliases:
        texts.append(f"Also accepted as {', '.join(spec.aliases)}.")
    parameter: Json = {"name": name, "in": place, "required": wanted and not spec.markets, "schema": schema}
    description = " ".join(filter(None, texts))
    return {**parameter, "description": description} if description else parameter


def _plain(name: str, description: str, schema: Mapping[str, Any]) -> Json:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": dict(schema)}


def _filter_parameter() -> Json:
    operators: Sequence[str] = ("eq", "ne", "gt", "gte", "lt", "lte", "regex")
    text = f"Any attribute by its dotted path filters the list; operators as suffix: {', '.join('.' + name for name in operators)}."
    schema = {"type": "object", "additionalProperties": {"type": "string"}}
    return {"name": "filter", "in": "query", "required": False, "description": text, "style": "form", "explode": True, "schema": schema}
