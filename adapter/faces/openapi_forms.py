"""The parts of a face's OpenAPI document that come from what it declares beside the standard: a selector, forms of answers, templates."""

from __future__ import annotations

from typing import Any

from adapter.faces.declaration import Face, Route

Json = dict[str, Any]


def shown_path(face: Face, route: Route) -> str:
    """The route's path. A step that a query parameter selects stands behind ``#``, which tells the operations of one address apart."""
    if not face.selector:
        return route.path
    path, _, step = route.path.rpartition("/")
    return f"{path}#{face.selector}={step}"


def media_of(face: Face) -> tuple[str, ...]:
    """The media types of answers, without parameters, the usual one first."""
    others = face.media.formats.values.values() if face.media.formats else ()
    return tuple(dict.fromkeys(media.partition(";")[0] for media in (face.media.produces, *others)))


def content(face: Face, schema: Json) -> Json:
    """A body in every form in which the face answers. In XML its one member is the root element."""
    return {media: {"schema": schema} for media in media_of(face)}


def own_parameters(face: Face, route: Route) -> list[Json]:
    """The query parameters that every request to the face may or must have."""
    found = []
    if face.selector:
        found.append(_query(face.selector, {"const": route.path.rpartition("/")[2]}, required=True))
    if (formats := face.media.formats) is not None:
        found.append(_query(formats.parameter, {"enum": list(formats.values)}, required=False))
    return found


def answer_schema(route: Route) -> Json:
    """The shape of a success that has a template. A member may be missing where there is nothing to show."""
    return _template(route.answer, route.entry)


def _template(node: Any, entry: Any) -> Json:
    if isinstance(node, dict):
        return {"type": "object", "properties": {key: _template(item, entry) for key, item in node.items()}}
    if node == "$entries":
        return {"type": "array", "items": _template(entry, None)}
    if isinstance(node, str) and node.startswith("$") and not node.startswith("$$"):
        return {}
    return {"type": "string"} if isinstance(node, str) and "{$" in node else {"const": node}


def _query(name: str, schema: Json, *, required: bool) -> Json:
    return {"name": name, "in": "query", "required": required, "schema": schema}
