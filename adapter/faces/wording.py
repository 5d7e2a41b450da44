"""What a face writes by templates: its error body, the members it adds, its answers of another shape, its events; and over which values."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from adapter.declared import Declared
from adapter.faces.template import compile_template

ERROR_VALUES = frozenset({"status", "statusText", "code", "message", "text", "path", "advice", "correlationId"})
ADDITION_VALUES = frozenset({"id", "href", "createdAt", "document"})
ANSWER_VALUES = frozenset({"document", "query"})
LIST_VALUES = frozenset({"entries", "query"})
EVENT_VALUES = frozenset({"eventId", "eventTime", "eventType", "correlationId", "fieldPath", "id", "href", "document", "market"})


class Errors(Declared):
    """The error body. ``entry`` is written once per issue or problem and stands in ``body`` as ``$entries``."""

    body: Any
    entry: Any = None

    @model_validator(mode="after")
    def _templates_compile(self) -> Self:
        if self.entry is not None:
            compile_template(self.entry, ERROR_VALUES)
        compile_template(self.body, ERROR_VALUES | ({"entries"} if self.entry is not None else set()))
        return self


class Addition(Declared):
    """A member that the face adds where the document has none. The first one whose values are all there is taken.

    ``resources`` says which documents it belongs to; without any, all.
    """

    member: str
    value: Any
    always: bool = False
    resources: tuple[str, ...] = ()

    @field_validator("value")
    @classmethod
    def _value_compiles(cls, value: Any) -> Any:
        compile_template(value, ADDITION_VALUES)
        return value


class EventType(Declared):
    """One type of event that listeners of the face hear of: which resource it is about, and its members beside those of all events.
    ``aliases`` are other names for it, by which listeners may ask for it; it is sent under its own."""

    resource: str = Field(pattern=r"^[A-Za-z]\w*$")
    members: dict[str, Any] = Field(default_factory=dict)
    aliases: tuple[str, ...] = ()


class Events(Declared):
    """What the face tells its listeners. ``members`` are those of every event, each a template; one whose value an event does not have
    is left out. ``types`` are the events by type; others are not sent."""

    members: dict[str, Any]
    types: dict[str, EventType] = Field(min_length=1)

    @model_validator(mode="after")
    def _templates_compile(self) -> Self:
        for part in (self.members, *(one.members for one in self.types.values())):
            compile_template(part, EVENT_VALUES)
        return self
