"""A JSON Schema (2020-12, the part of it that describes documents) becomes a Shape.

A member that is not declared is outside the contract unless the schema says ``additionalProperties: true`` (or a schema for
them): JSON Schema lets anything in where it is silent, but a path that nobody declared is far more often a misspelling.
Keywords that only narrow what is legal (``not``, ``if``, ``contains``, ``uniqueItems``, …) are left to validation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapter.contract.merge import ContradictionError, least, merge
from adapter.contract.shape import Kind, Member, Shape
from adapter.errors import ConfigError

Schema = dict[str, Any]

_KINDS = {
    "object": Kind.OBJECT,
    "string": Kind.TEXT,
    "integer": Kind.INTEGER,
    "number": Kind.DECIMAL,
    "boolean": Kind.BOOLEAN,
}
_UNREADABLE = {
    "prefixItems": "describe each element alike with 'items'",
    "$dynamicRef": "use '$ref'",
    "$recursiveRef": "use '$ref'",
    "nullable": "this is OpenAPI 3.0; write type: [<type>, 'null']",
    "patternProperties": "write 'additionalProperties' for members whose names are not known",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """What one subschema says: a shape, and how often it stands there."""

    shape: Shape
    many: bool = False
    nullable: bool = False
    min_items: int = 0
    max_items: int | None = None
    null_elements: bool = False


def to_shape(schema: Mapping[str, Any], *, source: str = "") -> Shape:
    """The shape of the documents that ``schema`` describes. Raises ConfigError naming ``source`` and the JSON pointer."""
    place = _Reader(schema, source).read(schema, "#")
    if place.many:
        raise ConfigError(f"{source}#: the document itself is a list, which a shape cannot say; describe one element")
    return place.shape


class _Reader:
    """Reads one schema document. Shapes of ``$ref`` targets are shared, so that types may hold themselves."""

    def __init__(self, root: Mapping[str, Any], source: str) -> None:
        self._root = root
        self._source = source
        self._known: dict[str, _Place] = {}
        self._open: list[str] = []
        self._filling: set[int] = set()

    def read(self, schema: Any, pointer: str) -> _Place:
        if schema is True or schema == {}:
            return _Place(Shape(Kind.ANY), nullable=True)
        if not isinstance(schema, Mapping):
            raise self._refuse(pointer, f"a schema is an object or true, this is {schema!r}", "")
        for keyword, remedy in _UNREADABLE.items():
            if keyword in schema:
                raise self._refuse(f"{pointer}/{keyword}", f"'{keyword}' cannot be expressed", remedy)
        if "$ref" in schema:
            return self._reference(schema, pointer)
        if "allOf" in schema:
            return self._all_of(schema, pointer)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                return self._one_of(schema, keyword, pointer)
        return self._plain(schema, pointer)

    def _refuse(self, pointer: str, text: str, remedy: str) -> ConfigError:
        return ConfigError(f"{self._source}{pointer}: {text}" + (f"; {remedy}" if remedy else ""))

    # -- references and combinations

    def _reference(self, schema: Mapping[str, Any], pointer: str) -> _Place:
        target = schema["$ref"]
        siblings = {key: value for key, value in schema.items() if key not in {"$ref", "description", "title", "$defs", "$schema", "$id"}}
        if siblings:
            return self._all_of({"allOf": [{"$ref": target}], **siblings}, pointer)
        if not isinstance(target, str) or not target.startswith("#"):
            raise self._refuse(
                f"{pointer}/$ref", f"{target!r} lies in another document", "copy the type under $defs and refer to it with #/$defs/…"
            )
        if target not in self._known:
            self._known[target] = self._target(target, pointer)
        return self._known[target]

    def _target(self, target: str, pointer: str) -> _Place:
        found: Any = self._root
        for step in target.lstrip("#").strip("/").split("/") if target != "#" else ():
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or name not in found:
                raise self._refuse(f"{pointer}/$ref", f"there is no {target}", "")
            found = found[name]
        if target in self._open:
            raise self._refuse(f"{pointer}/$ref", f"{target} refers to itself without an object between", "")
        if isinstance(found, Mapping) and self._is_object(found):
            shape = Shape(Kind.OBJECT)
            self._known[target] = _Place(shape, nullable=self._types(found)[1])  # before its members: they may lead back here
            self._filling.add(id(shape))
            self._fill(shape, found, target)
            self._filling.discard(id(shape))
            shape.name = shape.name or target.rsplit("/", 1)[-1].strip("#")
            return self._known[target]
        self._open.append(target)
        try:
            return self.read(found, target)
        finally:
            self._open.pop()

    def _is_object(self, schema: Mapping[str, Any]) -> bool:
        combined = schema.keys() & {"$ref", "allOf", "anyOf", "oneOf"}
        kinds, _ = self._types(schema)
        return not combined and (kinds == ["object"] or (not kinds and "properties" in schema))

    def _all_of(self, schema: Mapping[str, Any], pointer: str) -> _Place:
        own = {key: value for key, value in schema.items() if key != "allOf"}
        places = [self.read(part, f"{pointer}/allOf/{index}") for index, part in enumerate(schema["allOf"])]
        if own.keys() - {"description", "title", "$defs", "$schema", "$id", "default", "examples", "deprecated", "readOnly", "writeOnly"}:
            places.append(self.read(own, pointer))
        if not places:
            raise self._refuse(f"{pointer}/allOf", "is empty", "")
        joined = places[0]
        for place in places[1:]:
            joined = self._join(joined, place, pointer)
        if own.get("title"):
            joined = replace(joined, shape=replace(joined.shape, name=str(own["title"])))
        return joined

    def _join(self, one: _Place, two: _Place, pointer: str) -> _Place:
        """Both hold. A side that says nothing of the kind gives way."""
        if {id(one.shape), id(two.shape)} & self._filling:
            raise self._refuse(pointer, "narrows a type inside itself", "write the narrowed type out under $defs")
        a, b = (two, one) if one.shape.kind is Kind.ANY and not one.many else (one, two)
        nullable = a.nullable and b.nullable
        if b.shape.kind is Kind.ANY and not b.many:
            return replace(a, nullable=nullable)
        if a.many != b.many:
            raise self._refuse(pointer, f"asks for {_spell(a)} and for {_spell(b)} at once", "")
        try:
            shape = merge(a.shape, b.shape)
        except ContradictionError as error:
            raise self._refuse(pointer, str(error), "") from error
        nulls = a.null_elements and b.null_elements
        return _Place(shape, a.many, nullable, max(a.min_items, b.min_items), least(a.max_items, b.max_items), nulls)

    def _one_of(self, schema: Mapping[str, Any], keyword: str, pointer: str) -> _Place:
        outer = {key: value for key, value in schema.items() if key != keyword}
        branches = [(index, part) for index, part in enumerate(schema[keyword]) if not _is_null(part)]
        nullable = len(branches) < len(schema[keyword])
        if not branches:
            raise self._refuse(f"{pointer}/{keyword}", "leaves nothing but null", "")
        places = [self.read(part, f"{pointer}/{keyword}/{index}") for index, part in branches]
        nullable = nullable or any(place.nullable for place in places)
        if len(places) == 1:
            place = replace(places[0], nullable=nullable)
        elif any(place.many or place.shape.kind is Kind.OBJECT for place in places):
            text = f"'{keyword}' offers " + " or ".join(_spell(place) for place in places)
            raise self._refuse(f"{pointer}/{keyword}", text, "describe one object with optional members, or one list")
        else:
            kinds = {place.shape.kind for place in places}
            place = _Place(Shape(_common(kinds)), nullable=nullable)
        if outer.keys() & {"type", "properties", "required", "enum", "format", "pattern", "minLength", "maxLength", "minimum", "maximum"}:
            return self._join(place, self.read(outer, pointer), pointer)
        return place

    # -- one type

    def _types(self, schema: Mapping[str, Any]) -> tuple[list[str], bool]:
        """The types but null, and whether null is one of them. Told from the values where ``type`` is missing."""
        declared = schema.get("type")
        if declared is None:
            values = schema["enum"] if "enum" in schema else [schema["const"]] if "const" in schema else None
            if values is None:
                return (["array"], False) if "items" in schema else ([], False)
            kinds = sorted({_type_of(value) for value in values})
        else:
            kinds = [declared] if isinstance(declared, str) else list(declared)
        return [kind for kind in kinds if kind != "null"], "null" in kinds

    def _plain(self, schema: Mapping[str, Any], pointer: str) -> _Place:
        kinds, nullable = self._types(schema)
        unknown = [kind for kind in kinds if kind not in _KINDS and kind != "array"]
        if unknown:
            raise self._refuse(f"{pointer}/type", f"{unknown[0]!r} is no type of JSON Schema", "")
        if not kinds and "properties" not in schema and "required" not in schema:
            return _Place(Shape(Kind.ANY), nullable=nullable or "type" not in schema)
        if not kinds:
            kinds = ["object"]
        if len(kinds) > 1:
            if {"object", "array"} & set(kinds):
                raise self._refuse(
                    f"{pointer}/type", f"is {' or '.join(kinds)}", "a shape is an object, a list or a value, not one of these by turns"
                )
            return _Place(Shape(_common({_KINDS[kind] for kind in kinds})), nullable=nullable)
        if kinds == ["array"]:
            return self._list(schema, pointer, nullable)
        shape = Shape(_KINDS[kinds[0]])
        self._fill(shape, schema, pointer)
        return _Place(shape, nullable=nullable)

    def _list(self, schema: Mapping[str, Any], pointer: str, nullable: bool) -> _Place:
        element = self.read(schema.get("items", True), f"{pointer}/items")
        if element.many:
            raise self._refuse(f"{pointer}/items", "a list of lists cannot be expressed", "wrap the inner list in an object")
        return _Place(element.shape, True, nullable, schema.get("minItems", 0), schema.get("maxItems"), element.nullable)

    def _fill(self, shape: Shape, schema: Mapping[str, Any], pointer: str) -> None:
        shape.name = str(schema.get("title", ""))
        shape.documentation = str(schema.get("description", ""))
        if shape.kind is Kind.OBJECT:
            self._members(shape, schema, pointer)
            return
        values = schema["enum"] if "enum" in schema else [schema["const"]] if "const" in schema else []
        shape.enum = tuple(value for value in values if isinstance(value, str))
        shape.format = str(schema.get("format", ""))
        shape.pattern = _whole_text(schema.get("pattern"))
        shape.min_length = schema.get("minLength")
        shape.max_length = schema.get("maxLength")
        whole = shape.kind is Kind.INTEGER
        shape.minimum = _bound(schema, "minimum", "exclusiveMinimum", whole, 1)
        shape.maximum = _bound(schema, "maximum", "exclusiveMaximum", whole, -1)

    def _members(self, shape: Shape, schema: Mapping[str, Any], pointer: str) -> None:
        required = set(schema.get("required", ()))
        rest = schema.get("additionalProperties", schema.get("unevaluatedProperties"))
        shape.open = rest is True or isinstance(rest, Mapping)
        properties = schema.get("properties", {})
        for name, member in properties.items():
            if member is False:  # the member is forbidden
                continue
            place = self.read(member, f"{pointer}/properties/{_escape(name)}")
            documentation = str(member.get("description", "")) if isinstance(member, Mapping) else ""
            shape.members[name] = Member(
                name=name,
                shape=place.shape,
                required=name in required,
                many=place.many,
                nullable=place.nullable,
                min_items=place.min_items,
                max_items=place.max_items,
                null_elements=place.null_elements,
                documentation=documentation,
            )
        for name in sorted(required - properties.keys()):
            shape.members[name] = Member(name, Shape(Kind.ANY), required=True, nullable=True)


def _is_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and (schema.get("type") == "null" or ("const" in schema and schema["const"] is None))


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    for python, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, python):
            return name
    return "object"


def _spell(place: _Place) -> str:
    return f"a list of {place.shape.kind}" if place.many else str(place.shape.kind)


def _common(kinds: set[Kind]) -> Kind:
    """The kind that takes each of ``kinds``."""
    if len(kinds) == 1:
        return next(iter(kinds))
    return Kind.DECIMAL if kinds == {Kind.INTEGER, Kind.DECIMAL} else Kind.ANY


def _whole_text(pattern: str | None) -> str | None:
    """A shape's pattern fits the whole text, JSON Schema's is found somewhere in it. What Python cannot read is left to validation."""
    if pattern is None:
        return None
    whole = (
        pattern[1:-1] if pattern.startswith("^") and pattern.endswith("$") and not pattern.endswith("\\$") and "|" not in pattern else ""
    )
    try:
        return re.compile(whole or rf"[\s\S]*?(?:{pattern})[\s\S]*").pattern
    except re.error:
        return None


def _bound(schema: Mapping[str, Any], keyword: str, exclusive: str, whole: bool, step: int) -> int | None:
    """A limit as a whole number. A limit between whole numbers can only be said of integers; others are left to validation."""
    round_in = math.ceil if step > 0 else math.floor
    limits: list[int] = []
    if keyword in schema and (whole or schema[keyword] == int(schema[keyword])):
        limits.append(round_in(schema[keyword]))
    if exclusive in schema and whole:
        limit = schema[exclusive]
        limits.append(limit + step if limit == int(limit) else round_in(limit))
    return (max(limits) if step > 0 else min(limits)) if limits else None
