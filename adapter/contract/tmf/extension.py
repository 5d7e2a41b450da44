"""A market's additions to a canonical resource, from a file written as JSON Schema in YAML (or JSON).

    types:                         # members added to types of the standard; nothing that is there may be redefined
      ProductOrder:
        properties:
          serviceAddress: {$ref: "#/$defs/ServiceAddress"}
    requests:                      # what clients of this market may leave out or send otherwise; answers stay as the standard has them
      RelatedParty: {optional: [id, "@referredType"]}
      ProductOrder: {properties: {priority: {type: [string, integer]}}}
    $defs:                         # types of the market's own
      ServiceAddress: {type: object, properties: {addrNo: {type: string}}}
    answers:                       # by face: members that this face shows otherwise, in answers only
      storefront:
        ProductOrder:
          properties: {state: {type: string}}
          order: [id, state]       # how this face's answers begin; all other members follow in the contract's order

The resource's own name stands for all its forms. In a merge patch the added members may be null, and none is required.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from adapter.contract.json_schema import Schema
from adapter.contract.tmf.resource import Resource, from_schemas
from adapter.contract.tmf.schema import with_nullable_members
from adapter.errors import CheckFailed, ConfigError
from adapter.yaml_text import json_value, numbered, read_document

_KEYS = {"source", "types", "requests", "$defs", "answers"}
_TYPE_KEYS = {"properties", "required", "description", "source"}
_ANSWER_KEYS = _TYPE_KEYS | {"order"}
_REQUEST_KEYS = {"properties", "optional", "description", "source"}
_Types = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Extension:
    """A read extension: type → {properties, required}. ``file`` is named in messages."""

    file: str
    types: _Types
    requests: _Types = field(default_factory=dict)
    defs: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, _Types] = field(default_factory=dict)


def load_extension(path: Path) -> Extension:
    """Reads the file. Raises CheckFailed (it cannot be read, file:line:column), ConfigError (what stands there is no extension)."""
    document = read_document(path, str(path), numbered("C"))
    if document.findings:
        raise CheckFailed(document.findings)
    return read_extension(json_value(document.root) if document.root is not None else {}, file=str(path))


def read_extension(data: Any, *, file: str) -> Extension:
    """Takes an extension from data. Raises ConfigError naming ``file`` and the place."""
    _only(data, _KEYS, file, "the file")
    types = _types(data.get("types", {}), file, "types")
    faces = _block(data.get("answers", {}), file, "answers")
    answers = {face: _types(given, file, f"answers.{face}", _ANSWER_KEYS) for face, given in faces.items()}
    requests = _block(data.get("requests", {}), file, "requests")
    for name, change in requests.items():
        _only(change, _REQUEST_KEYS, file, f"requests.{name}")
    return Extension(file, types, requests, _block(data.get("$defs", {}), file, "$defs"), answers)


def extend(resource: Resource, extension: Extension) -> Resource:
    """The resource with the extension's members.

    Raises ConfigError: a type or face that nothing shows, a member that is there already, a schema that cannot be a Shape.
    """
    full = _add(resource.full_schema, resource.name, extension, required=True)
    create = _taken(_add(resource.create_schema, resource.name, extension, required=True), resource.name, extension)
    update = resource.update_schema
    if update is not None:
        update = _taken(_add(update, resource.name, extension, required=False), resource.name, extension)
    answers = {face: _add(contract.schema, resource.name, extension, required=True) for face, contract in resource.answers.items()}
    for face, types in extension.answers.items():
        answers[face] = _replace(answers.get(face, full), resource.name, types, f"{extension.file}: answers.{face}")
    return from_schemas(resource.name, create, full, update, answers)


def extend_all(resources: Mapping[str, Resource], extension: Extension) -> dict[str, Resource]:
    """Each of the resources with what the extension says of its types. Raises ConfigError as ``extend`` does, and for a type that none
    of them holds."""
    named = {*extension.types, *extension.requests}
    held = {kind: {name for name in named if _holds(one, name)} for kind, one in resources.items()}
    if resources and (strange := sorted(named - set().union(*held.values()))):
        known = sorted({one.name for one in resources.values()})
        raise ConfigError(f"{extension.file}: {', '.join(known)} hold no type called '{strange[0]}'{_near(strange[0], known)}")
    return {kind: extend(one, _of(extension, held[kind], one)) for kind, one in resources.items()}


def _holds(one: Resource, name: str) -> bool:
    return name == one.name or name in one.full_schema.get("$defs", {}) or name in one.create_schema.get("$defs", {})


def _of(extension: Extension, held: set[str], one: Resource) -> Extension:
    """What an extension of several resources says of one of them."""
    shown = {one.name, *one.full_schema.get("$defs", {}), *extension.defs}
    return replace(
        extension,
        types={name: addition for name, addition in extension.types.items() if name in held},
        requests={name: change for name, change in extension.requests.items() if name in held},
        answers={face: {name: change for name, change in types.items() if name in shown} for face, types in extension.answers.items()},
    )


def _add(schema: Schema, root: str, extension: Extension, *, required: bool) -> Schema:
    extended = deepcopy(schema)
    defs = extended.setdefault("$defs", {})
    for name, definition in extension.defs.items():
        if name in defs:
            raise ConfigError(f"{extension.file}: $defs.{name}: the standard has a type of this name; choose another")
        defs[name] = deepcopy(definition)
    for name, addition in extension.types.items():
        where = f"{extension.file}: types.{name}"
        added: dict[str, Any] = deepcopy(dict(addition.get("properties", {})))
        if name == root and not required:
            added = with_nullable_members({"properties": added})["properties"]
        for place in _places(extended, root, name, where):
            if clash := added.keys() & place["properties"].keys():
                text = "the standard has this member; an extension only adds. What one face shows otherwise goes under answers"
                raise ConfigError(f"{where}.properties.{min(clash)}: {text}")
            _insert(place, added)
            if required or name != root:
                place["required"] = [*place.get("required", []), *addition.get("required", [])]
    return extended


def _taken(schema: Schema, root: str, extension: Extension) -> Schema:
    """A form that clients send, with what they may leave out or send otherwise."""
    for name, change in extension.requests.items():
        where = f"{extension.file}: requests.{name}"
        optional = change.get("optional", [])
        for place in _places(schema, root, name, where):
            for member in (*change.get("properties", {}), *optional):
                if member not in place["properties"]:
                    raise ConfigError(
                        f"{where}: there is no member '{member}'{_near(member, place['properties'])}; add it under types first"
                    )
            place["properties"] |= deepcopy(dict(change.get("properties", {})))
            place["required"] = [member for member in place.get("required", []) if member not in optional]
    return schema


def _replace(schema: Schema, root: str, types: _Types, where: str) -> Schema:
    replaced = deepcopy(schema)
    for name, change in types.items():
        for place in _places(replaced, root, name, f"{where}.{name}"):
            for member, shown in change.get("properties", {}).items():
                if member not in place["properties"]:
                    text = f"there is no such member{_near(member, place['properties'])}; add it under types first"
                    raise ConfigError(f"{where}.{name}.properties.{member}: {text}")
                place["properties"][member] = deepcopy(shown)
            if name == root and place is replaced:
                place["properties"] = _ordered(place["properties"], change.get("order", []), f"{where}.{name}.order")
            elif "order" in change and name != root:
                raise ConfigError(f"{where}.{name}.order: only the members of {root} itself are put in an order")
    return replaced


def _ordered(members: Schema, names: Any, where: str) -> Schema:
    """The members with those that are named first."""
    if not isinstance(names, list) or len(set(map(str, names))) < len(names):
        raise ConfigError(f"{where}: a list of member names is expected here, each of them once")
    for name in names:
        if name not in members:
            raise ConfigError(f"{where}: there is no member '{name}'{_near(str(name), members)}")
    return {**{name: members[name] for name in names}, **members}


def _places(schema: Schema, root: str, name: str, where: str) -> list[Schema]:
    """Where the members of a type stand: at the top for the resource itself, and among the types."""
    defs = schema.get("$defs", {})
    found = [defs[name]] if name in defs else []
    if name == root:
        found.append(schema)
    if not found:
        raise ConfigError(f"{where}: {root} holds no type of this name{_near(name, [root, *defs])}")
    if any("properties" not in place for place in found):
        raise ConfigError(f"{where}: this type is no object with members")
    return found


def _insert(place: Schema, added: Mapping[str, Any]) -> None:
    """Before the ``@`` members, which are read last."""
    own = place["properties"]
    marked = {name: own.pop(name) for name in [name for name in own if name.startswith("@")]}
    own.update(added)
    own.update(marked)


def _types(data: Any, file: str, where: str, keys: set[str] = _TYPE_KEYS) -> _Types:
    types = _block(data, file, where)
    for name, addition in types.items():
        _only(addition, keys, file, f"{where}.{name}")
        properties = _block(addition.get("properties", {}), file, f"{where}.{name}.properties")
        required = addition.get("required", [])
        if not isinstance(required, list) or not set(map(str, required)) <= properties.keys():
            raise ConfigError(
                f"{file}: {where}.{name}.required: lists members of 'properties' beside it; nothing else can be made required"
            )
    return types


def _only(data: Any, known: set[str], file: str, where: str) -> None:
    for key in _block(data, file, where):
        if key not in known:
            raise ConfigError(f"{file}: {where}: '{key}' means nothing here{_near(key, known)}; known are {', '.join(sorted(known))}")


def _block(data: Any, file: str, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ConfigError(f"{file}: {where}: 'key: value' lines are expected here")
    return data


def _near(name: str, known: Any) -> str:
    close = get_close_matches(name, list(known), 1)
    return f" (did you mean '{close[0]}'?)" if close else ""
