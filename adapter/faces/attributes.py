"""Which attributes a JSON Schema knows, for filters and sort keys that name one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

_MOST_STEPS = 12


class Attributes:
    """The attributes of one resource: those of its schema, and ``further`` ones by their dotted names. ``schema`` is called when the first
    name is asked for: to make the schemas of all routes of all faces would take a good part of a start."""

    def __init__(self, schema: Callable[[], Mapping[str, Any] | None], further: tuple[str, ...] = ()) -> None:
        self._made = schema
        self._further = frozenset(further)

    @cached_property
    def _schema(self) -> Mapping[str, Any] | None:
        return self._made()

    def known(self, path: tuple[str, ...]) -> bool:
        """Whether a document of the resource may have something at this path. Without a schema every path is known."""
        if self._schema is None or ".".join(path) in self._further:
            return True
        return len(path) <= _MOST_STEPS and _reaches(self._schema, self._schema, path)


def _reaches(root: Mapping[str, Any], schema: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    if not path:
        return True
    return any(
        _reaches(root, part["properties"][path[0]], path[1:]) for part in _parts(root, schema) if path[0] in part.get("properties", {})
    )


def _parts(root: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The schema itself and what it is put together from; lists stand for their elements."""
    if depth > _MOST_STEPS:
        return
    yield schema
    inner = [part for key in ("allOf", "anyOf", "oneOf") for part in schema.get(key, ())]
    if isinstance(schema.get("items"), Mapping):
        inner.append(schema["items"])
    if isinstance(schema.get("$ref"), str):
        inner.append(_target(root, schema["$ref"]))
    for part in inner:
        yield from _parts(root, part, depth + 1)


def _target(root: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    node: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        node = node.get(step.replace("~1", "/").replace("~0", "~"), {}) if step and isinstance(node, Mapping) else node
    return node if isinstance(node, Mapping) else {}
