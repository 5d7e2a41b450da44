"""The paths of one face: which route a request's path and method lead to, and everything about it that is known before a request comes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from adapter.aims import Aim, aim_of
from adapter.errors import NotFound
from adapter.faces.attributes import Attributes
from adapter.faces.declaration import HUB_KINDS, Face, Kind, Route
from adapter.faces.incoming import SLASH
from adapter.faces.parameters import Queries
from adapter.faces.port import Schemas

_PARAMETER = re.compile(r"\\{(\w+)\\}")
WITHOUT_DOCUMENT = frozenset({Kind.NOT_OFFERED, *HUB_KINDS})
"""Routes that are about no resource, or do nothing with it."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A route made ready: what is asked of it for each request is taken out of its declaration. ``offered``: it is one of this
    installation's; ``asked`` is the operation that has to be served for it, "" where none has to be. ``creates``: it makes a resource,
    ``task``: one that is about another one."""

    route: Route
    queries: Queries
    attributes: Attributes
    operation: str
    kind: Kind
    offered: bool
    asked: str
    creates: bool
    task: bool


class Paths:
    """Finds routes. The case of what is spelled out in a path does not matter, and neither does one slash at its end."""

    def __init__(self, face: Face, schemas: Schemas) -> None:
        found: dict[str, dict[str, Bound]] = {}
        for route in face.routes:
            pattern = _PARAMETER.sub(r"(?P<\1>[^/]+)", re.escape(route.path))
            found.setdefault(pattern, {})[route.method] = _bound(face, route, schemas)
        # What is spelled out comes before what a parameter would take as its value.
        spelled_out_first = sorted(found.items(), key=lambda item: item[0].count("(?P<"))
        self._paths = [(re.compile(pattern, re.IGNORECASE), methods) for pattern, methods in spelled_out_first]

    def find(self, path: str) -> tuple[Mapping[str, Bound], dict[str, str]]:
        """The routes of a path (``Incoming.segmented``) by method, and the values of its parameters. Raises NotFound."""
        path = path[:-1] if path.endswith("/") else path
        for pattern, methods in self._paths:
            match = pattern.fullmatch(path)
            if match is not None:
                return methods, {name: value.replace(SLASH, "/") for name, value in match.groupdict().items()}
        raise NotFound("There is nothing at this path")


def _bound(face: Face, route: Route, schemas: Schemas) -> Bound:
    schema = _no_schema if route.kind in WITHOUT_DOCUMENT else partial(schemas, face.view, route.resource, "full")
    creates = route.kind is Kind.CREATE
    # A list or a look may have a name of its own (productOrder.orders): it is offered as any list of the resource is.
    asked = f"{route.resource}.{route.kind}" if route.kind in (Kind.LIST, Kind.RETRIEVE) else route.operation
    return Bound(
        route,
        Queries(route.query),
        Attributes(schema, route.listing.attributes),
        route.operation,
        route.kind,
        offered=route.kind is not Kind.NOT_OFFERED,
        asked="" if route.kind in HUB_KINDS else asked,
        creates=creates,
        task=creates and aim_of(route.operation) is Aim.TASK,
    )


def _no_schema() -> None:
    """A route without a document has none."""
