"""One resource of the standard as the rest of the adapter sees it, and how to make one from its models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from adapter.contract.json_schema import Schema, to_shape
from adapter.contract.shape import Shape
from adapter.contract.tmf.schema import model_schema, with_nullable_members


@dataclass(frozen=True, slots=True)
class Contract:
    """What a document has to be: its JSON Schema (2020-12, types under ``$defs``) and the same as a Shape."""

    schema: Schema
    shape: Shape


@dataclass(frozen=True, slots=True)
class Resource:
    """The canonical contracts of one resource.

    ``create`` is what a client may POST, ``full`` what it is shown, ``update`` what a merge patch may hold (None where the
    resource cannot be patched). ``server_owned`` are members of ``full`` that a client cannot set by POST. ``answers`` holds,
    by face, what is shown where that differs from ``full``; read it with ``answer``.
    """

    name: str
    create_schema: Schema
    create: Shape
    full_schema: Schema
    full: Shape
    update_schema: Schema | None
    update: Shape | None
    server_owned: frozenset[str]
    answers: Mapping[str, Contract] = field(default_factory=dict)

    def answer(self, face: str) -> Contract:
        """What the answers of ``face`` have to be."""
        return self.answers.get(face) or Contract(self.full_schema, self.full)


def from_schemas(name: str, create: Schema, full: Schema, update: Schema | None, answers: Mapping[str, Schema] | None = None) -> Resource:
    """A resource of these schemas. Raises ConfigError where one cannot be a Shape."""
    return Resource(
        name=name,
        create_schema=create,
        create=to_shape(create, source=f"{name} (create)"),
        full_schema=full,
        full=to_shape(full, source=name),
        update_schema=update,
        update=to_shape(update, source=f"{name} (update)") if update else None,
        server_owned=frozenset(full["properties"].keys() - create["properties"].keys()),
        answers={face: Contract(schema, to_shape(schema, source=f"{name} ({face})")) for face, schema in (answers or {}).items()},
    )


def from_models(create: type[BaseModel], full: type[BaseModel], update: type[BaseModel] | None) -> Resource:
    """A resource of the models of its three forms. What it cannot be created without, no patch takes away."""
    created = model_schema(create)
    patch = with_nullable_members(model_schema(update), created.get("required", ())) if update else None
    return from_schemas(full.__name__, created, model_schema(full), patch)
