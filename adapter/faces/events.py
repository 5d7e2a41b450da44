"""Events in a face's own words: the envelope that the face declares around the resource as the face shows it, and what a listener's
query lets through.

A query is a list filter over the whole event, ``eventType=ProductOrderStateChangeEvent&event.productOrder.state=completed``; with
``fields`` it also says which members are sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from adapter import clock
from adapter.contract.json_bytes import write_json
from adapter.contract.json_text import parse_json
from adapter.errors import ConfigError, InvalidMessage, Problem
from adapter.faces.attributes import Attributes
from adapter.faces.declaration import Face, Kind
from adapter.faces.filters import Filter, parse_filter, split_query
from adapter.faces.port import Schemas
from adapter.faces.rendering import Renderer
from adapter.faces.template import TemplateGap, Write, compile_template
from adapter.faces.wording import EVENT_VALUES, EventType
from adapter.ports import Document, Outcome, OutcomeKind, Result
from adapter.store.outbox import EventRow

MOST_QUERY = 2048
"""Characters of a listener's query."""

_DEPTH = 128  # of a document that is on record: it was within its caller's own limit once
_PAYLOAD, _TYPE = "event", "eventType"
_ALWAYS = ("eventId", "eventTime", _TYPE)  # what a receiver tells repeats by is never left out
_ALWAYS_INSIDE = ("id", "href")


@dataclass(frozen=True, slots=True)
class EventQuery:
    """What one listener wants to hear. Without ``members`` and ``inside`` it gets events whole; ``inside`` names members of the
    resource."""

    filter: Filter
    members: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()

    def cut(self, event: Document) -> Document:
        """The event with no more than was asked for."""
        if not self.members and not self.inside:
            return event
        kept = {name: value for name, value in event.items() if name in self.members or name in _ALWAYS}
        payload = event.get(_PAYLOAD)
        if self.inside and _PAYLOAD not in self.members and isinstance(payload, dict):
            wanted = self.inside.union(_ALWAYS_INSIDE)
            kept[_PAYLOAD] = {name: _members(resource, wanted) for name, resource in payload.items()}
        return kept


@dataclass(frozen=True, slots=True)
class _Type:
    operation: str
    members: tuple[tuple[str, Write], ...]


class EventWriter:
    """Writes the events of one face, and reads the queries of its listeners. Raises ConfigError for a face without events."""

    def __init__(self, renderer: Renderer, schemas: Schemas) -> None:
        face = renderer.face
        if face.events is None:
            raise ConfigError(f"config/faces/{face.face}.yaml: a face without events has nothing to tell listeners")
        self.face = face
        self._render = renderer
        common = _compiled(face.events.members)
        self._types = {name: _Type(_operation(face, one), (*common, *_compiled(one.members))) for name, one in face.events.types.items()}
        self._aliases = {alias: name for name, one in face.events.types.items() for alias in one.aliases}
        self._names = frozenset(name for one in self._types.values() for name, _ in one.members)
        resources = sorted({one.resource for one in face.events.types.values()})
        self._attributes = {name: Attributes(partial(schemas, face.view, name, "full")) for name in resources}
        self._places = {market: {face.market.path: sent} for sent, market in face.market.table.items()} if face.market.path else {}
        self._parsed = lru_cache(maxsize=1024)(self._parse)

    @property
    def types(self) -> tuple[str, ...]:
        """The types of events that this face tells of."""
        return tuple(self._types)

    def query(self, text: str) -> EventQuery:
        """A listener's query; "" wants everything. Raises InvalidMessage with what is wrong with it."""
        return self._parsed(text)

    def write(self, event: EventRow, query: str) -> bytes | None:
        """The event as one listener gets it, None where the face does not tell of it or the query leaves it out.

        Raises InvalidMessage where the query does not fit the face any more.
        """
        if event.type not in self._types:
            return None
        wanted, document = self._parsed(query), self.document(event)
        return write_json(wanted.cut(document)) if wanted.filter.matches(document) else None

    def document(self, event: EventRow) -> Document:
        """The whole event. Raises KeyError for a type that the face does not declare."""
        kind = self._types[event.type]
        path = self._places.get(event.market, {})
        resource = parse_json(event.document, max_depth=_DEPTH)
        result = Result(Outcome(OutcomeKind.ACCEPTED), resource, order_id=event.order_id, created_at=event.created_at)
        shown = self._render.document(kind.operation, path, result)
        identity = str(shown.get("id") or event.order_id)
        values: Mapping[str, Any] = {
            "eventId": event.id,
            "eventTime": clock.iso(event.at),
            "eventType": event.type,
            "correlationId": event.correlation_id or None,
            "fieldPath": event.field_path or None,
            "market": event.market,
            "id": identity,
            "href": shown.get("href") or self._render.href(kind.operation, path, identity),
            "document": shown,
        }
        document: Document = {}
        for name, write in kind.members:
            try:
                document[name] = write(values)
            except TemplateGap:
                continue  # the event has no value for this member
        return document

    def _parse(self, text: str) -> EventQuery:
        if len(text) > MOST_QUERY:
            raise InvalidMessage(problems=[Problem("query", f"is longer than {MOST_QUERY} characters")])
        try:
            pairs = split_query(text.removeprefix("?").encode("utf-8"))
            found = parse_filter([self._by_name(*pair) for pair in pairs if pair[0] != "fields"], self._known)
        except InvalidMessage as error:
            inner = [Problem(f"query.{problem.path}", problem.text) for problem in error.problems]
            raise InvalidMessage(problems=inner or [Problem("query", error.text)]) from None
        problems = self._unheard(found)
        members, inside = set(), set()
        for name in ",".join(value for key, value in pairs if key == "fields").split(","):
            if name in self._names:
                members.add(name)
            elif (step := self._inside(name)) is not None:
                inside.add(step)
            elif name:
                problems.append(Problem("query.fields", f"'{name}' is a member neither of the events nor of their resources"))
        if problems:
            raise InvalidMessage(problems=problems)
        return EventQuery(found, frozenset(members), frozenset(inside))

    def _by_name(self, name: str, value: str) -> tuple[str, str]:
        """A condition on the type of events, in the names under which they are sent."""
        if name.partition(".")[0] != _TYPE:
            return name, value
        return name, ",".join(self._aliases.get(one, one) for one in value.split(","))

    def _known(self, path: tuple[str, ...]) -> bool:
        """Whether an event may have something there."""
        if path[0] not in self._names:
            return False
        if path[0] != _PAYLOAD:
            return len(path) == 1
        return len(path) < 2 or (path[1] in self._attributes and self._attributes[path[1]].known(path[2:]))

    def _inside(self, name: str) -> str | None:
        """The member of a resource that ``event.productOrder.state``, ``productOrder.state`` or ``state`` stands for."""
        steps = name.removeprefix(f"{_PAYLOAD}.").split(".")
        resources = [self._attributes[steps.pop(0)]] if steps[0] in self._attributes and len(steps) > 1 else [*self._attributes.values()]
        return steps[0] if len(steps) == 1 and steps[0] and any(one.known((steps[0],)) for one in resources) else None

    def _unheard(self, found: Filter) -> list[Problem]:
        """Types of events that nobody will ever send: most likely a slip of the pen."""
        pinned = [condition for group in found.groups for condition in group if condition.path == (_TYPE,) and condition.operator == "eq"]
        names = sorted({value for condition in pinned for value in condition.values if value not in self._types})
        return [Problem("query.eventType", f"'{name}' is not sent here; there are {', '.join(self._types)}") for name in names]


def _operation(face: Face, kind: EventType) -> str:
    """The operation whose route says where the resource of an event is read."""
    routes = [route for route in face.routes if route.resource == kind.resource]
    return next((route for route in routes if route.kind is Kind.RETRIEVE), routes[0]).operation


def _compiled(members: Mapping[str, Any]) -> tuple[tuple[str, Write], ...]:
    return tuple((name, compile_template(template, EVENT_VALUES)) for name, template in members.items())


def _members(resource: Any, wanted: frozenset[str]) -> Any:
    return {name: value for name, value in resource.items() if name in wanted} if isinstance(resource, dict) else resource
