"""Resources that the standard does not have: what they hold is written in files, ``adapter/resource/schema/<resource>.yaml``.

    like: orderTask                        # begins from another file of the folder, mappings key by key
    standard: {ProductOrderRef: reference} # types of the standard that are used, and the module of this package that has them
    create:                                # what a client may POST: JSON Schema, as everything below
      description: A wish.
      properties: {productOrder: {$ref: "#/$defs/ProductOrderRef"}}
      required: [productOrder]
    full:                                  # what there is beside that: the server's members
      description: A wish as it is shown.
      properties: {id: {type: string}}
    $defs: {}                              # types of its own

As in the standard, whatever has members may be extended by its sender: the members for that are added. A file without a life beside the
folder is no resource, only what others begin from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from adapter.contract.json_schema import Schema
from adapter.contract.tmf.model import Extensible
from adapter.contract.tmf.resource import Resource, from_schemas
from adapter.contract.tmf.schema import DIALECT, model_schema, reading_order
from adapter.errors import CheckFailed, ConfigError
from adapter.yaml_text import json_value, numbered, read_document

LIVES = Path(__file__).parents[2] / "resource"
_KEYS = {"standard", "create", "full", "$defs"}
_REF = "#/$defs/"


@cache
def described_names(lives: Path = LIVES) -> tuple[str, ...]:
    """The types of the resources that are written so, in the order of the alphabet. No file is read for it."""
    named = sorted(path.stem for path in (lives / "schema").glob("*.yaml") if (lives / path.name).is_file())
    return tuple(name[:1].upper() + name[1:] for name in named)


def described(name: str, lives: Path = LIVES) -> Resource:
    """The resource of this type. Raises CheckFailed (its file cannot be read), ConfigError (what stands there makes no resource)."""
    file = lives / "schema" / f"{name[:1].lower()}{name[1:]}.yaml"
    written = _read(file, ())
    if strange := sorted(written.keys() - _KEYS):
        raise ConfigError(f"{file}: '{strange[0]}' means nothing here; known are like, {', '.join(sorted(_KEYS))}")
    types = {**_own(written.get("$defs", {})), **_standard(written.get("standard", {}), file)}
    try:
        create, more = written["create"], written["full"]
        shown = {**create, **more, "properties": {**more["properties"], **create["properties"]}}
    except KeyError as error:
        raise ConfigError(f"{file}: {error} is missing; a resource has create and full, each with its properties") from None
    return from_schemas(name, _form(f"{name}Create", create, types, file), _form(name, shown, types, file), None)


def _read(file: Path, below: tuple[Path, ...]) -> dict[str, Any]:
    document = read_document(file, str(file), numbered("C"))
    if document.findings or document.root is None:
        raise CheckFailed(document.findings) if document.findings else ConfigError(f"{file}: the file is empty")
    own: dict[str, Any] = json_value(document.root)
    if "like" not in own:
        return own
    other = file.with_name(f"{own.pop('like')}.yaml")
    if other in (file, *below):
        raise ConfigError(f"{file}: like: {other.stem} begins from this file itself")
    return _layered(_read(other, (file, *below)), own)


def _layered(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    both = {key: _layered(base[key], value) for key, value in own.items() if isinstance(base.get(key), dict) and isinstance(value, dict)}
    return {**base, **own, **both}


def _standard(named: Mapping[str, str], file: Path) -> dict[str, Schema]:
    """Types of the standard, and those that they are made of."""
    found: dict[str, Schema] = {}
    for name, module in named.items():
        try:
            schema = model_schema(getattr(import_module(f"{__package__}.{module}"), name))
        except (ImportError, AttributeError):
            raise ConfigError(f"{file}: standard: there is no {name} in {__package__}.{module}") from None
        found |= {**schema.pop("$defs", {}), name: {key: value for key, value in schema.items() if key != "$schema"}}
    return found


def _own(written: Mapping[str, Schema]) -> dict[str, Schema]:
    return {name: _type(name, schema) for name, schema in written.items()}


def _type(name: str, written: Schema) -> Schema:
    schema = {**written, "title": name}
    if "properties" in written:
        members = {**written["properties"], **model_schema(Extensible)["properties"]}
        schema |= {"type": "object", "properties": dict(sorted(members.items(), key=reading_order))}
    return dict(sorted(schema.items()))


def _form(name: str, written: Schema, types: Mapping[str, Schema], file: Path) -> Schema:
    """One form with the types that it needs."""
    schema, needed = _type(name, written), dict[str, Schema]()
    waiting = list(_named(schema))
    while waiting:
        kind = waiting.pop()
        if kind not in types:
            raise ConfigError(f"{file}: there is no type '{kind}'; write it under $defs, or name it under standard")
        if kind not in needed:
            needed[kind] = types[kind]
            waiting += _named(types[kind])
    return {"$schema": DIALECT, "$defs": dict(sorted(needed.items())), **schema}


def _named(schema: Any) -> Iterator[str]:
    """The types that a schema refers to."""
    if isinstance(schema, list):
        for each in schema:
            yield from _named(each)
    elif isinstance(schema, dict):
        if str(schema.get("$ref", "")).startswith(_REF):
            yield schema["$ref"].removeprefix(_REF)
        for each in schema.values():
            yield from _named(each)
