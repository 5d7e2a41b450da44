"""A JSON Schema becomes a Shape, or a refusal that names the place."""

import re
from typing import Any

import pytest

from adapter.contract.json_schema import to_shape
from adapter.contract.path import parse_path
from adapter.contract.shape import Kind, Member, Shape, UnknownStep, resolve
from adapter.errors import ConfigError


def shape(**schema: Any) -> Shape:
    return to_shape({"type": "object", **schema})


def member(schema: Any, **defs: Any) -> Member:
    return shape(properties={"m": schema}, **{"$defs": defs}).members["m"]


def refusal(schema: Any, **defs: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        to_shape({"type": "object", "properties": {"m": schema}, "$defs": defs}, source="order.json")
    assert str(caught.value).startswith("order.json#")
    return str(caught.value)


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, Kind.TEXT),
        ({"type": "integer"}, Kind.INTEGER),
        ({"type": "number"}, Kind.DECIMAL),
        ({"type": "boolean"}, Kind.BOOLEAN),
        ({"type": "object"}, Kind.OBJECT),
        ({"properties": {}}, Kind.OBJECT),
        ({"const": "x"}, Kind.TEXT),
        ({"const": True}, Kind.BOOLEAN),
        ({"enum": [1, 2]}, Kind.INTEGER),
        ({"enum": [1.5, 2]}, Kind.DECIMAL),
        ({"enum": [{"a": 1}]}, Kind.OBJECT),
        ({"type": ["string", "integer"]}, Kind.ANY),
        ({"type": ["number", "integer"]}, Kind.DECIMAL),
        ({"anyOf": [{"type": "string"}, {"type": "boolean"}]}, Kind.ANY),
        ({"oneOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}, Kind.TEXT),
        (True, Kind.ANY),
        ({}, Kind.ANY),
        ({"type": "null"}, Kind.ANY),
    ],
)
def test_the_kind_of_a_member(schema: Any, kind: Kind) -> None:
    assert member(schema).shape.kind is kind


def test_facets_of_text() -> None:
    text = member(
        {"type": "string", "format": "uri", "minLength": 2, "maxLength": 9, "pattern": "^[0-9]+$", "description": "a number"}
    ).shape
    assert (text.format, text.min_length, text.max_length, text.pattern, text.documentation) == ("uri", 2, 9, "[0-9]+", "a number")
    assert member({"enum": ["a", "b", None]}).shape.enum == ("a", "b")
    assert member({"enum": ["a", "b", None]}).nullable


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        ("^[0-9]+$", "123", "a123"),
        ("b", "abc", "acc"),
        ("^a|b$", "xxb", "xxa"),
        ("^a", "a\nz", "ba"),
        (r"\$$", "5$", "5"),
    ],
)
def test_a_pattern_that_is_searched_becomes_one_that_fits_the_whole_text(pattern: str, fits: str, fits_not: str) -> None:
    whole = member({"type": "string", "pattern": pattern}).shape.pattern
    assert whole is not None
    assert re.fullmatch(whole, fits)
    assert not re.fullmatch(whole, fits_not)


def test_a_pattern_that_python_cannot_read_is_left_to_validation() -> None:
    assert member({"type": "string", "pattern": r"^\p{Lu}+$"}).shape.pattern is None


@pytest.mark.parametrize(
    ("schema", "limits"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 5}, (1, 5)),
        ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 5}, (2, 4)),
        ({"type": "integer", "minimum": 1.5, "maximum": 4.5}, (2, 4)),
        ({"type": "integer", "exclusiveMinimum": 1.5, "exclusiveMaximum": 4.5}, (2, 4)),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": 3}, (4, None)),
        ({"type": "number", "minimum": 1, "maximum": 4.5}, (1, None)),
        ({"type": "number", "exclusiveMinimum": 1}, (None, None)),
    ],
)
def test_limits_of_numbers(schema: Any, limits: tuple[int | None, int | None]) -> None:
    number = member(schema).shape
    assert (number.minimum, number.maximum) == limits


def test_whether_elements_of_a_list_may_be_null() -> None:
    nulls = {"type": "array", "items": {"type": ["string", "null"]}}
    assert member(nulls).null_elements
    assert not member(nulls).nullable
    assert not member({"allOf": [nulls, {"type": "array", "items": {"type": "string"}}]}).null_elements


def test_required_many_and_nullable() -> None:
    members = shape(
        required=["a"],
        properties={
            "a": {"type": "string"},
            "b": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3},
            "c": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]},
            "d": {"type": ["string", "null"]},
            "e": {"items": {"type": "string"}},
            "gone": False,
        },
    ).members
    assert members["a"].required
    assert not members["b"].required
    assert (members["b"].many, members["b"].min_items, members["b"].max_items, members["b"].shape.kind) == (True, 1, 3, Kind.INTEGER)
    assert members["c"].nullable
    assert members["c"].shape.max_length == 3
    assert members["d"].nullable
    assert not members["a"].nullable
    assert members["e"].many
    assert "gone" not in members


def test_a_required_member_that_is_not_described_may_be_anything() -> None:
    (found,) = shape(required=["a"]).members.values()
    assert (found.name, found.required, found.shape.kind) == ("a", True, Kind.ANY)


def test_an_object_is_open_only_where_the_schema_says_so() -> None:
    assert not shape(properties={}).open
    assert not shape(additionalProperties=False).open
    assert shape(additionalProperties=True).open
    assert shape(additionalProperties={"type": "string"}).open
    assert shape(unevaluatedProperties=True).open
    with pytest.raises(UnknownStep):
        resolve(shape(properties={"state": {"type": "string"}}), parse_path("stat"))


def test_types_that_hold_themselves() -> None:
    item = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "sub": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
            "first": {"allOf": [{"$ref": "#/$defs/Item"}]},
        },
    }
    root = to_shape({"$ref": "#/$defs/Item", "$defs": {"Item": item}})
    assert root.name == "Item"
    assert root.members["sub"].shape is root
    assert root.members["first"].shape is root
    assert resolve(root, parse_path("sub[].sub[id=1].first.id")).shape.kind is Kind.TEXT


def test_the_whole_document_may_hold_itself() -> None:
    root = to_shape({"type": "object", "title": "Node", "properties": {"next": {"$ref": "#"}}})
    assert root.members["next"].shape.members["next"].shape is root.members["next"].shape
    assert root.name == "Node"


def test_references_escape_names_and_reach_any_place() -> None:
    assert member({"$ref": "#/$defs/a~1b"}, **{"a/b": {"type": "integer"}}).shape.kind is Kind.INTEGER
    assert shape(properties={"a/b": {"type": "string"}, "c": {"$ref": "#/properties/a~1b"}}).members["c"].shape.kind is Kind.TEXT


def test_all_of_takes_the_tighter_side() -> None:
    text = member(
        {
            "allOf": [
                {"type": "string", "maxLength": 9, "enum": ["a", "b", "c"]},
                {"type": "string", "minLength": 1, "maxLength": 20, "enum": ["b", "c", "d"], "pattern": "^.$"},
            ],
            "title": "Letter",
        }
    ).shape
    assert (text.max_length, text.min_length, text.enum, text.pattern, text.name) == (9, 1, ("b", "c"), ".", "Letter")
    assert member({"allOf": [{"type": "number", "minimum": 1}, {"type": "integer", "maximum": 4}]}).shape.kind is Kind.INTEGER
    assert member({"allOf": [{}, {"type": "string"}]}).shape.kind is Kind.TEXT
    assert member({"type": ["string", "null"], "allOf": [{"type": "string"}]}).nullable is False


def test_all_of_joins_objects() -> None:
    base = {"type": "object", "properties": {"id": {"type": "string"}, "n": {"type": "integer"}}, "required": ["id"]}
    joined = member(
        {
            "allOf": [{"$ref": "#/$defs/Base"}],
            "properties": {"more": {"type": "array", "items": {"type": "string"}, "minItems": 1}, "id": {"type": "string", "maxLength": 5}},
            "required": ["n"],
        },
        Base=base,
    ).shape
    assert list(joined.members) == ["id", "n", "more"]
    assert joined.members["id"].required
    assert joined.members["id"].shape.max_length == 5
    assert joined.members["n"].required
    assert joined.members["n"].shape.kind is Kind.INTEGER
    assert member({"$ref": "#/$defs/Base", "required": ["n"]}, Base=base).shape.members["n"].required


def test_all_of_lists() -> None:
    joined = member(
        {"allOf": [{"type": "array", "items": {"type": "string"}, "minItems": 1}, {"type": "array", "items": True, "maxItems": 4}]}
    )
    assert (joined.many, joined.min_items, joined.max_items, joined.shape.kind) == (True, 1, 4, Kind.TEXT)


def test_any_of_with_outer_facets() -> None:
    found = member({"anyOf": [{"type": "string"}, {"type": "null"}], "maxLength": 7, "type": ["string", "null"]})
    assert found.shape.max_length == 7
    assert found.nullable


def test_null_of_a_referred_type() -> None:
    assert member({"$ref": "#/$defs/T"}, T={"type": ["object", "null"], "properties": {}}).nullable
    assert member({"anyOf": [{"$ref": "#/$defs/T"}, {"const": None}]}, T={"type": "object"}).nullable


@pytest.mark.parametrize(
    ("schema", "place", "words"),
    [
        ({"$ref": "other.json#/T"}, "#/properties/m/$ref", "another document"),
        ({"$ref": "#/$defs/Nope"}, "#/properties/m/$ref", "there is no #/$defs/Nope"),
        ({"$ref": "#/$defs/Loop"}, "#/$defs/Loop/$ref", "refers to itself"),
        ({"$ref": "#/$defs/Knot"}, "#/$defs/Knot/properties/m", "inside itself"),
        ({"anyOf": [{"type": "object"}, {"type": "string"}]}, "#/properties/m/anyOf", "offers object or text"),
        ({"oneOf": [{"type": "array", "items": True}, {"type": "string"}]}, "#/properties/m/oneOf", "offers a list of any or text"),
        ({"anyOf": [{"type": "null"}]}, "#/properties/m/anyOf", "nothing but null"),
        ({"type": ["object", "string"]}, "#/properties/m/type", "object or string"),
        ({"type": "text"}, "#/properties/m/type", "'text' is no type"),
        ({"type": "array", "items": {"type": "array", "items": True}}, "#/properties/m/items", "list of lists"),
        ({"type": "string", "nullable": True}, "#/properties/m/nullable", "OpenAPI 3.0"),
        ({"prefixItems": []}, "#/properties/m/prefixItems", "'items'"),
        ({"patternProperties": {}}, "#/properties/m/patternProperties", "additionalProperties"),
        ({"allOf": []}, "#/properties/m/allOf", "is empty"),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "#/properties/m", "asks for text and for integer at once"),
        (
            {"allOf": [{"type": "string"}, {"type": "array", "items": True}]},
            "#/properties/m",
            "asks for text and for a list of any at once",
        ),
        ({"allOf": [{"enum": ["a"]}, {"enum": ["b"]}]}, "#/properties/m", "none in common"),
        (
            {"allOf": [{"properties": {"x": {"type": "string"}}}, {"properties": {"x": {"type": "integer"}}}]},
            "#/properties/m",
            "'x' asks for text and for integer",
        ),
        (
            {"allOf": [{"properties": {"x": {"type": "array", "items": {"type": "string"}}}}, {"properties": {"x": {"type": "string"}}}]},
            "#/properties/m",
            "a list of them at once",
        ),
        ("string", "#/properties/m", "a schema is an object or true"),
    ],
)
def test_what_cannot_be_expressed_is_refused_by_place(schema: Any, place: str, words: str) -> None:
    text = refusal(
        schema,
        Loop={"$ref": "#/$defs/Loop"},
        Knot={"type": "object", "properties": {"m": {"allOf": [{"$ref": "#/$defs/Knot"}], "required": ["m"]}}},
    )
    assert place in text
    assert words in text


def test_a_document_that_is_a_list_is_refused() -> None:
    with pytest.raises(ConfigError, match="the document itself is a list"):
        to_shape({"type": "array", "items": {"type": "string"}})
